# 003-widget: 003 §1, Load Target, made from 003-widget.yaml by stoa bench export: change that, not this.
# Once is once here, not every 1800 s: what it captures has to live as long as the run.
# Each of these was run, in short, with Locust 2.12.1. Locust is a closed loop: a user waits for its answer, so while the server is slow it asks less.
# It rounds times to two digits. A class's share of requests within its goal is not checked; a session's steps of setup count.
# Run: NAME=VALUE … locust -f FILE.py --headless --host http://127.0.0.1:8080
# Environment: BENCH_WIDGETKEY, BENCH_SERVERKEY, BENCH_EMAIL, BENCH_PASSWORD, BENCH_STRIPEPATH, BENCH_STRIPESECRET
from locust import task
from stoa import Phases, Session, around, choose, day, email, env, header, hmac, judge, letters, now, number, pause, pointer, quoted, sequence, url, uuid

# seconds, kind, users at its begin and end, whether it is measured
Phases.rows = [
	(600, 'rate', 149.775, 149.775, True),
	(120, 'rate', 300, 300, True),
	(180, 'rate', 149.775, 149.775, True),
]
judge(errors=0.005, faults=None, targets=[
	("POST", "/api/v1/widget/start", 0.95, 250),
	("POST", "/api/v1/widget/start", 0.99, 500),
	("POST", "/api/v1/widget/decision", 0.95, 250),
	("POST", "/api/v1/widget/decision", 0.99, 500),
])

class Customer(Session):
	timeout, cookies, think, pace = 10, False, (0, 0), 0.111167
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
	@task(100)
	def journey_1_cancel(self):
		v = self.begin()
		if not self.ask("POST", "/api/v1/widget/start", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"userId\":\"c" + quoted(v("customer")) + "\",\"plan\":\"" + quoted(v("plan")) + "\",\"subscriptionValue\":2900,\"currency\":\"usd\",\"language\":\"" + quoted(v("language")) + "\"}", [], "/api/v1/widget/start", {"session": pointer("/session")}): return False
		pause(1, 3)
		if not self.ask("POST", "/api/v1/widget/decision", {"X-API-Key": v("widgetKey"), "Content-Type": "application/json"}, "{\"session\":\"" + quoted(v("session")) + "\",\"outcome\":\"declined\",\"reasonCode\":\"" + quoted(v("reason")) + "\"}", [], "/api/v1/widget/decision", {}): return False
		return True
