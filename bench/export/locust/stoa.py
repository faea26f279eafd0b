# What the Locust scripts beside this file share: made data, what is read from answers, a session, the phases and the verdict.
# `stoa bench export --locust` puts it beside each script that it writes.
import datetime, hashlib, json, math, os, random, time, uuid as uuids
from hmac import new as hmac_new
from urllib.parse import quote

import gevent
from gevent.lock import Semaphore
from locust import HttpUser, LoadTestShape, between, constant_throughput, events

number = random.randint
choose = random.choice

def env(name, fallback=None):
	value = os.environ.get(name, fallback)
	if value is None: raise RuntimeError(f'{name} must be set')
	return value

# Each worker process of Locust counts for itself.
SEQUENCES = {}
def sequence(name, least, most):
	SEQUENCES[name] = least if SEQUENCES.get(name, most) == most else SEQUENCES[name] + 1
	return SEQUENCES[name]

def lower(count): return ''.join(chr(number(97, 122)) for _ in range(count))
def letters(least, most):
	size, words = number(least, most), ''
	while len(words) < size: words += (' ' if words else '') + lower(number(2, 9))
	return words[:size - 1] + lower(1) if size else ''
def digits(count): return ''.join(choose('0123456789abcdef') for _ in range(count))
def uuid(version):
	if version == 4: return uuids.uuid4()
	head = format(int(time.time() * 1000), '012x')
	return f"{head[:8]}-{head[8:]}-7{digits(3)}-{choose('89ab')}{digits(3)}-{digits(12)}"
def email(domain): return digits(16) + '@' + domain
def utc(ago=0): return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=ago)
def now(form): return utc().strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3] + 'Z' if form == 'iso' else int(time.time() * (1 if form == 's' else 1000))
def day(least, most): return utc(number(least, most)).strftime('%Y-%m-%d')
def hmac(key, text): return hmac_new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
def url(text): return quote(text, safe='')
def quoted(text): return json.dumps(text, ensure_ascii=False)[1:-1]
def pause(least, most): gevent.sleep(random.uniform(least, most))

def pointer(path):
	def read(reply):
		try:
			value = reply.json()
			for part in path.split('/')[1:]:
				value = value[int(part) if isinstance(value, list) else part.replace('~1', '/').replace('~0', '~')]
		except (ValueError, KeyError, IndexError, TypeError): return None
		return None if value is None or isinstance(value, (dict, list)) else value if isinstance(value, str) else json.dumps(value)
	return read
def header(name): return lambda reply: reply.headers.get(name)
def around(start, before):
	def read(reply):
		at = reply.text.find(start)
		end = reply.text.find(before, at + len(start))
		return None if at < 0 or end < 0 else reply.text[at + len(start):end]
	return read

# Locust keeps users, not arrivals: in a phase of requests a second so many users go through their pace of journeys a second each.
class Phases(LoadTestShape):
	rows = [] # seconds, kind, users at its begin and end, whether it is measured
	users = False
	forgetting = False
	def tick(self):
		at = self.get_run_time()
		for seconds, kind, first, last, measured in self.rows:
			if at < seconds:
				# What came before the first phase that is measured is forgotten when that begins.
				if measured and self.forgetting: self.runner.stats.reset_all()
				self.forgetting = not measured
				Phases.users = kind == 'users'
				count = max(math.ceil(first + (last - first) * at / seconds), 1)
				return count, count
			at -= seconds
		return None

# A session's captured values stay; made ones are drawn anew for each pass.
SHARED = {}
LOCK = Semaphore()
class Session(HttpUser):
	abstract = True
	def wait_time(self): return (between(*self.think) if Phases.users else constant_throughput(self.pace))(self)
	def on_start(self):
		self.captured, self.drawn = {}, {}
		with LOCK:
			if 'ready' not in SHARED:
				if not self.once(): raise RuntimeError('the steps of once failed')
				SHARED['ready'] = dict(self.captured)
		self.captured.update(SHARED['ready'])
		if not self.session(): raise RuntimeError('the steps of setup failed')
	def v(self, name):
		if name in self.captured: return self.captured[name]
		if name not in self.drawn: self.drawn[name] = str(self.data[name](self.v)) if name in self.data else ''
		return self.drawn[name]
	def begin(self):
		self.drawn = {}
		return self.v
	def ask(self, method, path, headers, body, expect, name, captures):
		if not self.cookies: self.client.cookies.clear()
		with self.client.request(method, path, name=name, headers=headers, data=None if body is None else body.encode(), timeout=self.timeout,
				allow_redirects=False, catch_response=True) as reply:
			if not (reply.status_code in expect if expect else 200 <= reply.status_code < 400):
				reply.failure(f'status {reply.status_code}')
				return False
			for key, read in captures.items():
				value = read(reply)
				if value is None:
					reply.failure(f'no {key} in the answer')
					return False
				self.captured[key] = value
			reply.success()
			return True

REFUSED = ('status 429', 'status 503')
# The exit status is 1 when a target was missed. targets: method, route, share of requests, ms; without a route: all. errors and faults: shares, or None.
def judge(errors, faults, targets):
	@events.quitting.add_listener
	def verdict(environment, **_):
		total, missed = environment.stats.total, []
		for method, name, share, most in targets:
			stats = environment.stats.entries.get((name, method)) if name else total
			if not stats: continue
			# Only where a request can lie beyond it.
			took = stats.get_response_time_percentile(share) if stats.num_requests * (1 - share) >= 0.999 or share == 1 and stats.num_requests else 0
			if took > most: missed.append(f'{method} {name} p{100 * share:g} {took:g} ms over {most:g} ms'.strip())
		refused = sum(error.occurrences for error in environment.stats.errors.values() if any(status in str(error.error) for status in REFUSED))
		for what, count, most in (('errors', total.num_failures, errors), ('faults', total.num_failures - refused, faults)):
			share = count / max(total.num_requests, 1)
			if most is not None and share > most: missed.append(f'{100 * share:g} % {what} over {100 * most:g} %')
		if total.num_failures >= total.num_requests: missed.append('nothing was answered as it should be')
		for line in missed: print(line)
		environment.process_exit_code = 1 if missed else 0
	return verdict
