# 001-endurance: 001, "Load testing scenarios", Endurance, made from 001-endurance.yaml by stoa bench export: change that, not this.
# Not there to be asked: Tasks (001): not built yet; its share falls to what there is
# Once is once here, not every 1800 s: what it captures has to live as long as the run.
# Each of these was run, in short, with Locust 2.12.1. Locust is a closed loop: a user waits for its answer, so while the server is slow it asks less.
# It rounds times to two digits. A class's share of requests within its goal is not checked; a session's steps of setup count.
# Run: NAME=VALUE … locust -f FILE.py --headless --host http://127.0.0.1:8080
# Environment: BENCH_WIDGETKEY, BENCH_SERVERKEY, BENCH_EMAIL, BENCH_PASSWORD, BENCH_STRIPEPATH, BENCH_STRIPESECRET
from locust import task
from stoa import Phases, Session, around, choose, day, email, env, header, hmac, judge, letters, now, number, pause, pointer, quoted, sequence, url, uuid

# seconds, kind, users at its begin and end, whether it is measured
Phases.rows = [
	(14400, 'users', 1000, 1000, True),
]
judge(errors=0.001, faults=None, targets=[
	("", "", 0.95, 300),
])

class Customer(Session):
	timeout, cookies, think, pace = 10, False, (1, 3), 1
	data = {
		"widgetKey": lambda v: env("BENCH_WIDGETKEY"),
		"serverKey": lambda v: env("BENCH_SERVERKEY"),
		"email": lambda v: env("BENCH_EMAIL"),
		"password": lambda v: env("BENCH_PASSWORD"),
		"stripePath": lambda v: env("BENCH_STRIPEPATH"),
		"stripeSecret": lambda v: env("BENCH_STRIPESECRET"),
		"customer": lambda v: number(0, 9999),
		"plan": lambda v: choose(["basic", "pro", "team", "scale"]),
		"language": lambda v: choose(["en", "de"]),
		"reason": lambda v: choose(["too_expensive", "unused", "missing_features", "other"]),
		"limit": lambda v: number(1, 50),
		"from": lambda v: day(31, 360),
		"to": lambda v: day(0, 30),
		"time": lambda v: now("s"),
		"number": lambda v: sequence("number", 1, 1000000000),
		"run": lambda v: uuid(7),
		"event": lambda v: "{\"id\":\"evt_" + v("number") + "_" + v("run") + "\",\"object\":\"event\",\"api_version\":\"2025-03-31.basil\",\"created\":" + v("time") + ",\"livemode\":false,\"type\":\"customer.subscription.updated\",\"pending_webhooks\":1,\"request\":null,\"data\":{\"object\":{\"id\":\"sub_" + v("customer") + "\",\"object\":\"subscription\",\"customer\":\"cus_" + v("customer") + "\",\"livemode\":false,\"status\":\"active\"}}}",
		"mac": lambda v: hmac(v("stripeSecret"), v("time") + "." + v("event")),
	}
	def once(self):
		v = self.begin()
		if not self.ask("POST", "/api/v1/auth/login", {"Content-Type": "application/json"}, "{\"email\":\"" + quoted(v("email")) + "\",\"password\":\"" + quoted(v("password")) + "\"}", [200], "/api/v1/auth/login", {"token": pointer("/accessToken")}): return False
		return True
	def session(self):
		v = self.begin()
		return True
	@task(400)
	def journey_1_cancel(self):
		v = self.begin()
		if not self.ask("POST", "/api/v1/widget/start", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"userId\":\"c" + quoted(v("customer")) + "\",\"plan\":\"" + quoted(v("plan")) + "\",\"subscriptionValue\":2900,\"currency\":\"usd\",\"language\":\"" + quoted(v("language")) + "\"}", [], "/api/v1/widget/start", {"session": pointer("/session")}): return False
		pause(1, 3)
		if not self.ask("POST", "/api/v1/widget/decision", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"session\":\"" + quoted(v("session")) + "\",\"outcome\":\"declined\",\"reasonCode\":\"" + quoted(v("reason")) + "\"}", [], "/api/v1/widget/decision", {}): return False
		return True
	@task(800)
	def journey_2_start(self):
		v = self.begin()
		if not self.ask("POST", "/api/v1/widget/start", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"userId\":\"c" + quoted(v("customer")) + "\",\"plan\":\"" + quoted(v("plan")) + "\",\"subscriptionValue\":2900,\"currency\":\"usd\",\"language\":\"" + quoted(v("language")) + "\"}", [], "/api/v1/widget/start", {}): return False
		return True
	@task(300)
	def journey_3_sessions(self):
		v = self.begin()
		if not self.ask("GET", "/api/v1/retention/sessions?limit=" + url(v("limit")), {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/sessions", {"one": pointer("/data/0/id")}): return False
		pause(1, 3)
		if not self.ask("GET", "/api/v1/retention/sessions/" + url(v("one")), {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/sessions/:id", {}): return False
		return True
	@task(200)
	def journey_4_decisions(self):
		v = self.begin()
		if not self.ask("GET", "/api/v1/retention/decisions?limit=" + url(v("limit")), {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/decisions", {}): return False
		return True
	@task(200)
	def journey_5_flows(self):
		v = self.begin()
		if not self.ask("GET", "/api/v1/retention/flows", {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/flows", {}): return False
		pause(1, 3)
		if not self.ask("GET", "/api/v1/retention/offers", {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/offers", {}): return False
		return True
	@task(100)
	def journey_6_flow_save(self):
		v = self.begin()
		if not self.ask("POST", "/api/v1/retention/flows", {"X-API-Key": v("serverKey"), "Content-Type": "application/json"}, "{\"name\":\"Bench " + quoted(v("run")) + "\",\"language\":\"en\",\"steps\":[{\"type\":\"survey\",\"title\":\"Why?\",\"message\":\"Tell us.\",\"config\":{\"options\":[{\"code\":\"too_expensive\",\"text\":\"Too expensive\"}]}},{\"type\":\"confirm\",\"title\":\"Cancel\",\"message\":\"Really?\",\"config\":{}}]}", [201], "/api/v1/retention/flows", {"made": pointer("/data/id"), "tag": header("ETag")}): return False
		pause(1, 3)
		if not self.ask("GET", "/api/v1/retention/flows/" + url(v("made")), {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/flows/:id", {}): return False
		pause(1, 3)
		if not self.ask("DELETE", "/api/v1/retention/flows/" + url(v("made")), {"X-API-Key": v("serverKey"), "If-Match": v("tag")}, None, [], "/api/v1/retention/flows/:id", {}): return False
		return True
	@task(200)
	def journey_7_analytics(self):
		v = self.begin()
		if not self.ask("GET", "/api/v1/retention/analytics/summary?from=" + url(v("from")) + "&to=" + url(v("to")), {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/analytics/summary", {}): return False
		pause(1, 3)
		if not self.ask("GET", "/api/v1/retention/analytics/reasons?from=" + url(v("from")) + "&to=" + url(v("to")), {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/analytics/reasons", {}): return False
		pause(1, 3)
		if not self.ask("GET", "/api/v1/retention/analytics/offers?from=" + url(v("from")) + "&to=" + url(v("to")), {"X-API-Key": v("serverKey")}, None, [200], "/api/v1/retention/analytics/offers", {}): return False
		return True
	@task(400)
	def journey_8_me(self):
		v = self.begin()
		if not self.ask("GET", "/api/v1/auth/me", {"Authorization": "Bearer " + v("token")}, None, [200], "/api/v1/auth/me", {}): return False
		return True
	@task(10)
	def journey_9_login(self):
		v = self.begin()
		if not self.ask("POST", "/api/v1/auth/login", {"Content-Type": "application/json"}, "{\"email\":\"" + quoted(v("email")) + "\",\"password\":\"" + quoted(v("password")) + "\"}", [200], "/api/v1/auth/login", {"fresh": pointer("/accessToken")}): return False
		if not self.ask("POST", "/api/v1/auth/logout", {"Authorization": "Bearer " + v("fresh")}, None, [], "/api/v1/auth/logout", {}): return False
		return True
	@task(200)
	def journey_10_stripe(self):
		v = self.begin()
		if not self.ask("POST", v("stripePath"), {"Content-Type": "application/json", "Stripe-Signature": "t=" + v("time") + ",v1=" + v("mac")}, v("event"), [], ":stripePath", {}): return False
		return True
	@task(100)
	def journey_11_ops(self):
		v = self.begin()
		if not self.ask("GET", "/health", {}, None, [200], "/health", {}): return False
		pause(1, 3)
		if not self.ask("GET", "/api/v1/ops/queues", {"Authorization": "Bearer " + v("token")}, None, [200], "/api/v1/ops/queues", {}): return False
		return True
	@task(100)
	def journey_12_pages(self):
		v = self.begin()
		if not self.ask("GET", "/", {"Cookie": "__Host-stoa=" + v("token")}, None, [200], "/", {}): return False
		pause(1, 3)
		if not self.ask("GET", "/flows", {"Cookie": "__Host-stoa=" + v("token")}, None, [200], "/flows", {}): return False
		pause(1, 3)
		if not self.ask("GET", "/analytics?from=" + url(v("from")) + "&to=" + url(v("to")), {"Cookie": "__Host-stoa=" + v("token")}, None, [200], "/analytics", {}): return False
		return True
