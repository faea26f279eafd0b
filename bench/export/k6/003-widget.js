// 003-widget: 003 §1, Load Target, made from 003-widget.yaml by stoa bench export: change that, not this.
// Once is once here, not every 1800 s: what it captures has to live as long as the run.
// k6 was not run here: this script is checked as JavaScript and against a stand-in for k6's modules only. A class's share of requests
// within its goal is not checked; a session's steps of setup count; a journey that finds no user free is not begun, and is no error
// (dropped_iterations). Arrivals come in equal distances. Run: k6 run -e URL=http://127.0.0.1:8080 -e NAME=VALUE … FILE.js
// Environment: BENCH_WIDGETKEY, BENCH_SERVERKEY, BENCH_EMAIL, BENCH_PASSWORD, BENCH_STRIPEPATH, BENCH_STRIPESECRET
import { around, ask, begin, choose, day, email, env, header, hmac, letters, now, number, pause, pointer, quoted, sequence, url, uuid, v } from './stoa.js';

const TIMEOUT = '10s';

export const options = {
	scenarios: {
		"1_hold": { startTime: '0s', gracefulStop: TIMEOUT, tags: { measured: 'yes' }, exec: 'pass', executor: 'constant-arrival-rate', rate: 16650, timeUnit: '1000s', duration: '600s', preAllocatedVUs: 300 },
		"2_spike": { startTime: '600s', gracefulStop: TIMEOUT, tags: { measured: 'yes' }, exec: 'pass', executor: 'constant-arrival-rate', rate: 33350, timeUnit: '1000s', duration: '120s', preAllocatedVUs: 300 },
		"3_after": { startTime: '720s', gracefulStop: TIMEOUT, tags: { measured: 'yes' }, exec: 'pass', executor: 'constant-arrival-rate', rate: 16650, timeUnit: '1000s', duration: '180s', preAllocatedVUs: 300 },
	},
	thresholds: {
		'errors{measured:yes}': ['rate<=0.005'],
		"http_req_duration{measured:yes,name:POST /api/v1/widget/start}": ['p(95)<=250', 'p(99)<=500'], // widget
		"http_req_duration{measured:yes,name:POST /api/v1/widget/decision}": ['p(95)<=250', 'p(99)<=500'], // widget
	},
	noCookiesReset: false,
};

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

function once() {
	if (!ask("POST", "/api/v1/auth/login", {"Content-Type": "application/json"}, "{\"email\":\"" + quoted(v("email")) + "\",\"password\":\"" + quoted(v("password")) + "\"}", [200], "POST /api/v1/auth/login", {"token": pointer("/accessToken")})) return false;
	return true;
}
function session() {
	return true;
}
function journey_1_cancel() {
	if (!ask("POST", "/api/v1/widget/start", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"userId\":\"c" + quoted(v("customer")) + "\",\"plan\":\"" + quoted(v("plan")) + "\",\"subscriptionValue\":2900,\"currency\":\"usd\",\"language\":\"" + quoted(v("language")) + "\"}", [], "POST /api/v1/widget/start", {"session": pointer("/session")})) return false;
	pause(1, 3);
	if (!ask("POST", "/api/v1/widget/decision", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"session\":\"" + quoted(v("session")) + "\",\"outcome\":\"declined\",\"reasonCode\":\"" + quoted(v("reason")) + "\"}", [], "POST /api/v1/widget/decision", {})) return false;
	return true;
}

const script = begin({
	options, data: DATA, timeout: TIMEOUT, cookies: false, think: [0, 0], once, session,
	journeys: [
		[1, journey_1_cancel],
	],
});
export function setup() { return script.setup(); }
export function pass(shared) { script.pass(shared); }
export function user(shared) { script.user(shared); }
