// 003-widget: 003 §1, Load Target, made from 003-widget.yaml by stoa bench export: change that, not this.
// Once is once here, not every 1800 s: what it captures has to live as long as the run.
// The functions of the Artillery script of the same name.
// Environment: BENCH_WIDGETKEY, BENCH_SERVERKEY, BENCH_EMAIL, BENCH_PASSWORD, BENCH_STRIPEPATH, BENCH_STRIPESECRET
const { choose, day, email, env, functions, hmac, letters, now, number, pause, quoted, sequence, url, uuid } = require('./stoa.cjs');

const DATA = {
	"widgetKey": (v) => env("BENCH_WIDGETKEY"),
	"serverKey": (v) => env("BENCH_SERVERKEY"),
	"email": (v) => env("BENCH_EMAIL"),
	"password": (v) => env("BENCH_PASSWORD"),
	"stripePath": (v) => env("BENCH_STRIPEPATH"),
	"stripeSecret": (v) => env("BENCH_STRIPESECRET"),
	"customer": (v) => number(0, 9999),
	"plan": (v) => choose(["basic", "pro", "team", "scale"]),
	"language": (v) => choose(["en", "de"]),
	"reason": (v) => choose(["too_expensive", "unused", "missing_features", "other"]),
	"limit": (v) => number(1, 50),
	"from": (v) => day(31, 360),
	"to": (v) => day(0, 30),
	"time": (v) => now("s"),
	"number": (v) => sequence("number", 1, 1000000000),
	"run": (v) => uuid(7),
	"event": (v) => "{\"id\":\"evt_" + v("number") + "_" + v("run") + "\",\"object\":\"event\",\"api_version\":\"2025-03-31.basil\",\"created\":" + v("time") + ",\"livemode\":false,\"type\":\"customer.subscription.updated\",\"pending_webhooks\":1,\"request\":null,\"data\":{\"object\":{\"id\":\"sub_" + v("customer") + "\",\"object\":\"subscription\",\"customer\":\"cus_" + v("customer") + "\",\"livemode\":false,\"status\":\"active\"}}}",
	"mac": (v) => hmac(v("stripeSecret"), v("time") + "." + v("event")),
};
const CAPTURED = ["token", "session", "one", "made", "tag", "fresh"];

module.exports = functions(DATA, CAPTURED, {
	pause_1000_3000: pause(1, 3),
});
