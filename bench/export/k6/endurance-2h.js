// endurance-2h: 000, "Load testing targets", for two hours, made from endurance-2h.yaml by stoa bench export: change that, not this.
// Not there to be asked: Projects, specs and Socratic questions (000): not built yet
// Once is once here, not every 1800 s: what it captures has to live as long as the run.
// k6 was not run here: this script is checked as JavaScript and against a stand-in for k6's modules only. A class's share of requests
// within its goal is not checked; a session's steps of setup count; a journey that finds no user free is not begun, and is no error
// (dropped_iterations). Arrivals come in equal distances. Run: k6 run -e URL=http://127.0.0.1:8080 -e NAME=VALUE … FILE.js
// Environment: BENCH_WIDGETKEY, BENCH_SERVERKEY, BENCH_EMAIL, BENCH_PASSWORD, BENCH_STRIPEPATH, BENCH_STRIPESECRET
import { around, ask, begin, choose, day, email, env, header, hmac, letters, now, number, pause, pointer, quoted, sequence, url, uuid, v } from './stoa.js';

const TIMEOUT = '10s';

export const options = {
	scenarios: {
		"1_hold": { startTime: '0s', gracefulStop: TIMEOUT, tags: { measured: 'yes' }, exec: 'pass', executor: 'constant-arrival-rate', rate: 124896, timeUnit: '1000s', duration: '7200s', preAllocatedVUs: 100 },
	},
	thresholds: {
		'errors{measured:yes}': ['rate<=0.001'],
		'http_req_duration{measured:yes}': ['p(95)<=500', 'p(99)<=2000'],
		"http_req_duration{measured:yes,name:POST /api/v1/widget/start}": ['p(95)<=250', 'p(99)<=500'], // widget
		"http_req_duration{measured:yes,name:POST /api/v1/widget/decision}": ['p(95)<=250', 'p(99)<=500'], // widget
		"http_req_duration{measured:yes,name:GET /api/v1/retention/sessions}": ['p(50)<=150', 'p(95)<=400', 'p(99)<=1000'], // list
		"http_req_duration{measured:yes,name:GET /api/v1/retention/sessions/:id}": ['p(50)<=80', 'p(95)<=200', 'p(99)<=500'], // read
		"http_req_duration{measured:yes,name:GET /api/v1/retention/decisions}": ['p(50)<=150', 'p(95)<=400', 'p(99)<=1000'], // list
		"http_req_duration{measured:yes,name:GET /api/v1/retention/flows}": ['p(50)<=150', 'p(95)<=400', 'p(99)<=1000'], // list
		"http_req_duration{measured:yes,name:GET /api/v1/retention/offers}": ['p(95)<=200', 'p(99)<=400'], // admin
		"http_req_duration{measured:yes,name:POST /api/v1/retention/flows}": ['p(50)<=120', 'p(95)<=300', 'p(99)<=500'], // flow-save
		"http_req_duration{measured:yes,name:GET /api/v1/retention/flows/:id}": ['p(95)<=200', 'p(99)<=400'], // admin
		"http_req_duration{measured:yes,name:DELETE /api/v1/retention/flows/:id}": ['p(50)<=120', 'p(95)<=300', 'p(99)<=500'], // flow-save
		"http_req_duration{measured:yes,name:GET /api/v1/retention/analytics/summary}": ['p(95)<=400', 'p(99)<=800'], // analytics
		"http_req_duration{measured:yes,name:GET /api/v1/retention/analytics/reasons}": ['p(95)<=250', 'p(99)<=500'], // reasons
		"http_req_duration{measured:yes,name:GET /api/v1/retention/analytics/offers}": ['p(95)<=200', 'p(99)<=400'], // offer-performance
		"http_req_duration{measured:yes,name:GET /api/v1/auth/me}": ['p(50)<=50', 'p(95)<=120', 'p(99)<=200'], // auth
		"http_req_duration{measured:yes,name:POST /api/v1/auth/login}": ['p(50)<=50', 'p(95)<=120', 'p(99)<=200'], // auth
		"http_req_duration{measured:yes,name:POST /api/v1/auth/logout}": ['p(50)<=50', 'p(95)<=120', 'p(99)<=200'], // auth
		"http_req_duration{measured:yes,name:GET /health}": ['p(95)<=200', 'p(99)<=500'], // ops
		"http_req_duration{measured:yes,name:GET /api/v1/ops/queues}": ['p(50)<=150', 'p(95)<=400', 'p(99)<=1000'], // list
		"http_req_duration{measured:yes,name:GET /}": ['p(95)<=400', 'p(99)<=800'], // analytics
		"http_req_duration{measured:yes,name:GET /flows}": ['p(95)<=2000', 'p(99)<=3000'], // page
		"http_req_duration{measured:yes,name:GET /analytics}": ['p(95)<=400', 'p(99)<=800'], // analytics
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
function journey_2_start() {
	if (!ask("POST", "/api/v1/widget/start", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"userId\":\"c" + quoted(v("customer")) + "\",\"plan\":\"" + quoted(v("plan")) + "\",\"subscriptionValue\":2900,\"currency\":\"usd\",\"language\":\"" + quoted(v("language")) + "\"}", [], "POST /api/v1/widget/start", {})) return false;
	return true;
}
function journey_3_sessions() {
	if (!ask("GET", "/api/v1/retention/sessions?limit=" + url(v("limit")), {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/sessions", {"one": pointer("/data/0/id")})) return false;
	if (!ask("GET", "/api/v1/retention/sessions/" + url(v("one")), {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/sessions/:id", {})) return false;
	return true;
}
function journey_4_decisions() {
	if (!ask("GET", "/api/v1/retention/decisions?limit=" + url(v("limit")), {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/decisions", {})) return false;
	return true;
}
function journey_5_flows() {
	if (!ask("GET", "/api/v1/retention/flows", {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/flows", {})) return false;
	if (!ask("GET", "/api/v1/retention/offers", {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/offers", {})) return false;
	return true;
}
function journey_6_flow_save() {
	if (!ask("POST", "/api/v1/retention/flows", {"X-API-Key": v("serverKey"), "Content-Type": "application/json"}, "{\"name\":\"Bench " + quoted(v("run")) + "\",\"language\":\"en\",\"steps\":[{\"type\":\"survey\",\"title\":\"Why?\",\"message\":\"Tell us.\",\"config\":{\"options\":[{\"code\":\"too_expensive\",\"text\":\"Too expensive\"}]}},{\"type\":\"confirm\",\"title\":\"Cancel\",\"message\":\"Really?\",\"config\":{}}]}", [201], "POST /api/v1/retention/flows", {"made": pointer("/data/id"), "tag": header("ETag")})) return false;
	if (!ask("GET", "/api/v1/retention/flows/" + url(v("made")), {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/flows/:id", {})) return false;
	if (!ask("DELETE", "/api/v1/retention/flows/" + url(v("made")), {"X-API-Key": v("serverKey"), "If-Match": v("tag")}, null, [], "DELETE /api/v1/retention/flows/:id", {})) return false;
	return true;
}
function journey_7_analytics() {
	if (!ask("GET", "/api/v1/retention/analytics/summary?from=" + url(v("from")) + "&to=" + url(v("to")), {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/analytics/summary", {})) return false;
	if (!ask("GET", "/api/v1/retention/analytics/reasons?from=" + url(v("from")) + "&to=" + url(v("to")), {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/analytics/reasons", {})) return false;
	if (!ask("GET", "/api/v1/retention/analytics/offers?from=" + url(v("from")) + "&to=" + url(v("to")), {"X-API-Key": v("serverKey")}, null, [200], "GET /api/v1/retention/analytics/offers", {})) return false;
	return true;
}
function journey_8_me() {
	if (!ask("GET", "/api/v1/auth/me", {"Authorization": "Bearer " + v("token")}, null, [200], "GET /api/v1/auth/me", {})) return false;
	return true;
}
function journey_9_login() {
	if (!ask("POST", "/api/v1/auth/login", {"Content-Type": "application/json"}, "{\"email\":\"" + quoted(v("email")) + "\",\"password\":\"" + quoted(v("password")) + "\"}", [200], "POST /api/v1/auth/login", {"fresh": pointer("/accessToken")})) return false;
	if (!ask("POST", "/api/v1/auth/logout", {"Authorization": "Bearer " + v("fresh")}, null, [], "POST /api/v1/auth/logout", {})) return false;
	return true;
}
function journey_10_stripe() {
	if (!ask("POST", v("stripePath"), {"Content-Type": "application/json", "Stripe-Signature": "t=" + v("time") + ",v1=" + v("mac")}, v("event"), [], "POST :stripePath", {})) return false;
	return true;
}
function journey_11_ops() {
	if (!ask("GET", "/health", {}, null, [200], "GET /health", {})) return false;
	if (!ask("GET", "/api/v1/ops/queues", {"Authorization": "Bearer " + v("token")}, null, [200], "GET /api/v1/ops/queues", {})) return false;
	return true;
}
function journey_12_pages() {
	if (!ask("GET", "/", {"Cookie": "__Host-stoa=" + v("token")}, null, [200], "GET /", {})) return false;
	if (!ask("GET", "/flows", {"Cookie": "__Host-stoa=" + v("token")}, null, [200], "GET /flows", {})) return false;
	if (!ask("GET", "/analytics?from=" + url(v("from")) + "&to=" + url(v("to")), {"Cookie": "__Host-stoa=" + v("token")}, null, [200], "GET /analytics", {})) return false;
	return true;
}

const script = begin({
	options, data: DATA, timeout: TIMEOUT, cookies: false, think: [0, 0], once, session,
	journeys: [
		[4, journey_1_cancel],
		[8, journey_2_start],
		[3, journey_3_sessions],
		[2, journey_4_decisions],
		[2, journey_5_flows],
		[1, journey_6_flow_save],
		[2, journey_7_analytics],
		[4, journey_8_me],
		[0.1, journey_9_login],
		[2, journey_10_stripe],
		[1, journey_11_ops],
		[1, journey_12_pages],
	],
});
export function setup() { return script.setup(); }
export function pass(shared) { script.pass(shared); }
export function user(shared) { script.user(shared); }
