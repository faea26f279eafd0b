#include "config.h"

#include "cli/bench/export_parts.h"
#include "cli/bench/report.h"

#include <math.h>
#include <string.h>

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
	buffer_text(export->out, "# seconds, kind, users at its begin and end, whether it is measured\nPhases.rows = [\n");
	for (int i = 0; i < scenario->phase_count; i++) {
		const struct phase *phase = &scenario->phases[i];
		double times = phase->users ? 1 : users;
		buffer_printf(export->out, "\t(%g, '%s', %g, %g, %s),\n", export_seconds(phase->us), phase->users ? "users" : "rate", phase->from * times,
			phase->to * times, phase->measure ? "True" : "False");
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

static void share_write(struct buffer *out, const char *name, double most)
{
	if (most >= 0)
		buffer_printf(out, "%s=%g, ", name, most);
	else
		buffer_printf(out, "%s=None, ", name);
}

static void targets_write(const struct export *export)
{
	const struct thresholds *all = &export->scenario->thresholds;
	struct asked *asked;
	int count = all->classes ? export_asked(export, &asked) : 0;
	buffer_text(export->out, "judge(");
	share_write(export->out, "errors", all->errors);
	share_write(export->out, "faults", all->faults);
	buffer_text(export->out, "targets=[\n");
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
	buffer_text(export->out, "])\n");
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
	export_head(export, "#", "Each of these was run, in short, with Locust 2.12.1. Locust is a closed loop: a user waits for its answer, so while the server is slow it asks less.\n"
		"It rounds times to two digits. A class's share of requests within its goal is not checked; a session's steps of setup count.\n"
		"Run: NAME=VALUE … locust -f FILE.py --headless --host http://127.0.0.1:8080");
	buffer_printf(out, "from locust import task\n"
		"from %s import Phases, Session, around, choose, day, email, env, header, hmac, judge, letters, now, number, pause, pointer, quoted, sequence, url, uuid\n\n", EXPORT_MODULE);
	phases_write(export);
	targets_write(export);
	buffer_text(out, "\nclass Customer(Session):\n");
	buffer_printf(out, "\ttimeout, cookies, think, pace = %g, %s, (%g, %g), %g\n\tdata = {\n", export_seconds(scenario->timeout_us), scenario->cookies ? "True" : "False",
		export_seconds(scenario->think.least), export_seconds(scenario->think.most),
		most > 0 ? most * export_journeys_a_request(scenario) / scenario->users : 1);
	export_data(export, "\t\t", "lambda v: ");
	buffer_text(out, "\t}\n");
	steps_write(export, "once", &scenario->once);
	steps_write(export, "session", &scenario->setup);
	for (int i = 0; i < scenario->journey_count; i++) {
		buffer_printf(out, "\t@task(%ld)\n", export_weight(&scenario->journeys[i]));
		steps_write(export, export_journey(export, i), &scenario->journeys[i].steps);
	}
}
