// 002-normal: 002, "Load testing scenarios", normal_load, made from 002-normal.yaml by stoa bench export: change that, not this.
// Not there to be asked: Document upload and search (002): not built yet; its share falls to what there is
// The functions of the Artillery script of the same name.
const { createHmac } = require('node:crypto');

const env = (name, fallback) => process.env[name] ?? fallback;
const hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex');
const counts = {};
const sequence = (name, least, most) => (counts[name] = counts[name] === undefined || counts[name] === most ? least : counts[name] + 1);
const between = (least, most) => least + Math.random() * (most - least);
const number = (least, most) => least + Math.floor(Math.random() * (most - least + 1));
const choose = (list) => list[number(0, list.length - 1)];
const letters = (least, most) => Array.from({ length: number(least, most) }, () => String.fromCharCode(97 + number(0, 25))).join('');
const hex = (count) => Array.from({ length: count }, () => number(0, 15).toString(16)).join('');
const uuid = (version) => {
	const head = version === 7 ? Date.now().toString(16).padStart(12, '0') : hex(12);
	return `${head.slice(0, 8)}-${head.slice(8)}-${version}${hex(3)}-${choose(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
};
const email = (domain) => `${hex(16)}@${domain}`;
const now = (form) => (form === 'iso' ? new Date().toISOString() : Math.floor(Date.now() / (form === 's' ? 1000 : 1)));
const day = (least, most) => new Date(Date.now() - number(least, most) * 86400000).toISOString().slice(0, 10);
const url = encodeURIComponent;
const quoted = (text) => JSON.stringify(text).slice(1, -1);

const DATA = {
	"widgetKey": (v) => env("BENCH_WIDGETKEY", ""),
	"serverKey": (v) => env("BENCH_SERVERKEY", ""),
	"email": (v) => env("BENCH_EMAIL", ""),
	"password": (v) => env("BENCH_PASSWORD", ""),
	"stripePath": (v) => env("BENCH_STRIPEPATH", ""),
	"stripeSecret": (v) => env("BENCH_STRIPESECRET", ""),
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

const id = (name) => name.replace(/^(?=[0-9])/, '_').replace(/[^A-Za-z0-9]/g, '_');
class Missing extends Error {}
// A name, and how it is written in an address and in JSON. What needs an answer first is made when that is there.
function fill({ vars }) {
	const v = (name) => {
		if (vars[id(name)] === undefined) {
			if (!(name in DATA)) throw new Missing(name);
			vars[id(name)] = String(DATA[name](v));
		}
		return vars[id(name)];
	};
	for (const name of [...Object.keys(DATA), ...CAPTURED]) {
		try {
			vars[`${id(name)}_url`] = url(v(name));
			vars[`${id(name)}_json`] = quoted(v(name));
		} catch (error) {
			if (!(error instanceof Missing)) throw error;
		}
	}
}
const pause = (least, most) => (context, events, done) => setTimeout(done, 1000 * between(least, most));

module.exports = {
	draw: (context, events, done) => { fill(context); done(); },
	fill: (request, response, context, events, done) => { fill(context); done(response.statusCode < 400 ? undefined : new Error(`status ${response.statusCode}`)); },
	pause_1_3: pause(1, 3),
};
