#include "config.h"

#include "cli/bench/export_parts.h"
#include "cli/bench/report.h"

#include <math.h>
#include <string.h>

static const char HELPERS[] =
	"import datetime, hashlib, json, math, os, random, time, uuid as uuids\n"
	"from hmac import new as hmac_new\n"
	"from urllib.parse import quote\n"
	"\n"
	"import gevent\n"
	"from gevent.lock import Semaphore\n"
	"from locust import HttpUser, LoadTestShape, between, constant_throughput, events, task\n"
	"\n"
	"env = os.environ.get\n"
	"number = random.randint\n"
	"choose = random.choice\n"
	"SEQUENCES = {}\n"
	"def sequence(name, least, most):\n"
	"\tSEQUENCES[name] = least if SEQUENCES.get(name, most) == most else SEQUENCES[name] + 1\n"
	"\treturn SEQUENCES[name]\n"
	"def letters(least, most): return ''.join(chr(number(97, 122)) for _ in range(number(least, most)))\n"
	"def digits(count): return ''.join(choose('0123456789abcdef') for _ in range(count))\n"
	"def uuid(version):\n"
	"\tif version == 4: return uuids.uuid4()\n"
	"\thead = format(int(time.time() * 1000), '012x')\n"
	"\treturn f\"{head[:8]}-{head[8:]}-7{digits(3)}-{choose('89ab')}{digits(3)}-{digits(12)}\"\n"
	"def email(domain): return digits(16) + '@' + domain\n"
	"def utc(ago=0): return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=ago)\n"
	"def now(form): return utc().strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3] + 'Z' if form == 'iso' else int(time.time() * (1 if form == 's' else 1000))\n"
	"def day(least, most): return utc(number(least, most)).strftime('%Y-%m-%d')\n"
	"def hmac(key, text): return hmac_new(key.encode(), text.encode(), hashlib.sha256).hexdigest()\n"
	"def url(text): return quote(text, safe='')\n"
	"def quoted(text): return json.dumps(text, ensure_ascii=False)[1:-1]\n"
	"def pause(least, most): gevent.sleep(random.uniform(least, most))\n"
	"def pointer(path):\n"
	"\tdef read(reply):\n"
	"\t\ttry:\n"
	"\t\t\tvalue = reply.json()\n"
	"\t\t\tfor part in path.split('/')[1:]:\n"
	"\t\t\t\tvalue = value[int(part) if isinstance(value, list) else part.replace('~1', '/').replace('~0', '~')]\n"
	"\t\texcept (ValueError, KeyError, IndexError, TypeError): return None\n"
	"\t\treturn None if value is None or isinstance(value, (dict, list)) else value if isinstance(value, str) else json.dumps(value)\n"
	"\treturn read\n"
	"def header(name): return lambda reply: reply.headers.get(name)\n"
	"def around(start, before):\n"
	"\tdef read(reply):\n"
	"\t\tat = reply.text.find(start)\n"
	"\t\tend = reply.text.find(before, at + len(start))\n"
	"\t\treturn None if at < 0 or end < 0 else reply.text[at + len(start):end]\n"
	"\treturn read\n";

static const char SESSION[] =
	"# A session's captured values stay; made ones are drawn anew for each pass.\n"
	"SHARED = {}\n"
	"LOCK = Semaphore()\n"
	"class Session(HttpUser):\n"
	"\tabstract = True\n"
	"\tpaced = constant_throughput(PACE)\n"
	"\tthinking = between(*THINK)\n"
	"\tdef wait_time(self): return self.thinking() if Phases.users else self.paced()\n"
	"\tdef on_start(self):\n"
	"\t\tself.captured, self.drawn = {}, {}\n"
	"\t\twith LOCK:\n"
	"\t\t\tif 'ready' not in SHARED:\n"
	"\t\t\t\tif not self.once(): raise RuntimeError('the steps of once failed')\n"
	"\t\t\t\tSHARED['ready'] = dict(self.captured)\n"
	"\t\tself.captured.update(SHARED['ready'])\n"
	"\t\tif not self.session(): raise RuntimeError('the steps of setup failed')\n"
	"\tdef v(self, name):\n"
	"\t\tif name in self.captured: return self.captured[name]\n"
	"\t\tif name not in self.drawn: self.drawn[name] = str(DATA[name](self.v)) if name in DATA else ''\n"
	"\t\treturn self.drawn[name]\n"
	"\tdef begin(self):\n"
	"\t\tself.drawn = {}\n"
	"\t\treturn self.v\n"
	"\tdef ask(self, method, path, headers, body, expect, name, captures):\n"
	"\t\tif not COOKIES: self.client.cookies.clear()\n"
	"\t\twith self.client.request(method, path, name=name, headers=headers, data=None if body is None else body.encode(), timeout=TIMEOUT,\n"
	"\t\t\t\tallow_redirects=False, catch_response=True) as reply:\n"
	"\t\t\tif not (reply.status_code in expect if expect else 200 <= reply.status_code < 400):\n"
	"\t\t\t\treply.failure(f'status {reply.status_code}')\n"
	"\t\t\t\treturn False\n"
	"\t\t\tfor key, read in captures.items():\n"
	"\t\t\t\tvalue = read(reply)\n"
	"\t\t\t\tif value is None:\n"
	"\t\t\t\t\treply.failure(f'no {key} in the answer')\n"
	"\t\t\t\t\treturn False\n"
	"\t\t\t\tself.captured[key] = value\n"
	"\t\t\treply.success()\n"
	"\t\t\treturn True\n";

static const char PHASES[] =
	"# Locust keeps users, not arrivals: in a phase of requests a second so many users go through PACE journeys a second each.\n"
	"class Phases(LoadTestShape):\n"
	"\tusers = False\n"
	"\tdef tick(self):\n"
	"\t\tat = self.get_run_time()\n"
	"\t\tfor seconds, kind, first, last in PHASES:\n"
	"\t\t\tif at < seconds:\n"
	"\t\t\t\tPhases.users = kind == 'users'\n"
	"\t\t\t\tcount = math.ceil(first + (last - first) * at / seconds)\n"
	"\t\t\t\treturn max(count, 1), max(count, 1)\n"
	"\t\t\tat -= seconds\n"
	"\t\treturn None\n"
	"\n"
	"@events.quitting.add_listener\n"
	"def judge(environment, **_):\n"
	"\tmissed = []\n"
	"\tfor method, name, share, most in TARGETS:\n"
	"\t\tstats = environment.stats.get(name, method) if name else environment.stats.total\n"
	"\t\t# Only where a request can lie beyond it.\n"
	"\t\ttook = stats.get_response_time_percentile(share) if stats.num_requests * (1 - share) >= 0.999 or share == 1 and stats.num_requests else 0\n"
	"\t\tif took > most: missed.append(f'{method} {name} p{100 * share:g} {took:g} ms over {most:g} ms'.strip())\n"
	"\tif ERRORS is not None and environment.stats.total.fail_ratio > ERRORS: missed.append(f'{100 * environment.stats.total.fail_ratio:g} % failed')\n"
	"\tfor line in missed: print(line)\n"
	"\tif missed: environment.process_exit_code = 1\n";

static double rate_most(const struct scenario *scenario)
{
	double most = 0;
	for (int i = 0; i < scenario->phase_count; i++)
		if (!scenario->phases[i].users)
			most = fmax(most, fmax(scenario->phases[i].from, scenario->phases[i].to));
	return most;
}

static void phases_write(const struct export *export)
{
	const struct scenario *scenario = export->scenario;
	double most = rate_most(scenario), users = most > 0 ? scenario->users / most : 0;
	buffer_text(export->out, "# seconds, kind, users at its begin and end\nPHASES = [\n");
	for (int i = 0; i < scenario->phase_count; i++) {
		const struct phase *phase = &scenario->phases[i];
		double times = phase->users ? 1 : users;
		buffer_printf(export->out, "\t(%g, '%s', %g, %g),\n", export_seconds(phase->us), phase->users ? "users" : "rate", phase->from * times, phase->to * times);
	}
	buffer_text(export->out, "]\n");
}

static void target_write(const struct export *export, const char *method, const char *route, double share, double ms)
{
	if (ms <= 0)
		return;
	buffer_text(export->out, "\t(");
	export_text(export->out, method);
	buffer_text(export->out, ", ");
	export_text(export->out, route);
	buffer_printf(export->out, ", %g, %g),\n", share, ms);
}

static void targets_write(const struct export *export)
{
	const struct thresholds *all = &export->scenario->thresholds;
	struct asked *asked;
	int count = all->classes ? export_asked(export, &asked) : 0;
	buffer_text(export->out, "# method, route, share of requests, ms; without a route: all\nTARGETS = [\n");
	target_write(export, "", "", 0.5, (double)all->p50_us / 1000);
	target_write(export, "", "", 0.95, (double)all->p95_us / 1000);
	target_write(export, "", "", 0.99, (double)all->p99_us / 1000);
	target_write(export, "", "", 0.999, (double)all->p999_us / 1000);
	target_write(export, "", "", 1, (double)all->max_us / 1000);
	for (int i = 0; i < count; i++) {
		const struct target *target = report_target(asked[i].class);
		if (!target)
			continue;
		target_write(export, asked[i].method, asked[i].route, 0.5, target->p50_ms);
		target_write(export, asked[i].method, asked[i].route, 0.95, target->p95_ms);
		target_write(export, asked[i].method, asked[i].route, 0.99, target->p99_ms);
	}
	buffer_text(export->out, "]\n");
	if (all->errors >= 0)
		buffer_printf(export->out, "ERRORS = %g\n", all->errors);
	else
		buffer_text(export->out, "ERRORS = None\n");
}

static void steps_write(const struct export *export, const char *function, const struct steps *steps)
{
	struct buffer *out = export->out;
	double least, most;
	buffer_printf(out, "\tdef %s(self):\n\t\tv = self.begin()\n", function);
	for (int i = 0; i < steps->count; i++) {
		if (!steps->items[i].pause) {
			buffer_text(out, "\t\tif not self.ask(");
			export_ask(export, &steps->items[i], "None", false);
			buffer_text(out, "): return False\n");
		}
		if (export_pause(export, steps, i, &least, &most))
			buffer_printf(out, "\t\tpause(%g, %g)\n", least, most);
	}
	buffer_text(out, "\t\treturn True\n");
}

void export_locust(const struct export *export)
{
	struct buffer *out = export->out;
	const struct scenario *scenario = export->scenario;
	double most = rate_most(scenario);
	export_head(export, "#", "Locust is a closed loop: a user waits for its answer, so while the server is slow it asks less. A class's share of requests\n"
		"within its goal is not checked; a session's steps of setup count, and every phase. Run: locust -f FILE.py --headless --host http://127.0.0.1:8080");
	buffer_printf(out, "%s\nTIMEOUT = %g\nCOOKIES = %s\nTHINK = (%g, %g)\nPACE = %g\n", HELPERS, export_seconds(scenario->timeout_us), scenario->cookies ? "True" : "False",
		export_seconds(scenario->think.least), export_seconds(scenario->think.most),
		most > 0 ? most * export_journeys_a_request(scenario) / scenario->users : 1);
	phases_write(export);
	targets_write(export);
	buffer_text(out, "\nDATA = {\n");
	export_data(export, "\t", "lambda v: ");
	buffer_printf(out, "}\n\n%s\n%s\nclass Customer(Session):\n", PHASES, SESSION);
	steps_write(export, "once", &scenario->once);
	steps_write(export, "session", &scenario->setup);
	for (int i = 0; i < scenario->journey_count; i++) {
		/* Locust's weights are whole. */
		buffer_printf(out, "\t@task(%ld)\n", lround(fmax(1, scenario->journeys[i].weight * 100)));
		steps_write(export, arena_printf(&export->ctx->arena, "journey_%s", export_identifier(export->ctx, scenario->journeys[i].name)), &scenario->journeys[i].steps);
	}
}
