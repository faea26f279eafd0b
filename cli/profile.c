#include "cli.h"

#include "flame.h"
#include "observe/profile.h"
#include "web/web.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PLANS 10        /* of the dearest statements */
#define FLAME_SECONDS 10
#define SINCE_MOST 3600
#define PIDS_MOST 256
#define PARTS_SHOWN 4
#define STATEMENTS_SHOWN 10

struct options {
	const char *route, *explain, *flame;
	int since;
	bool json;
};

/* --- which processes --- */

/* The family that answers "GET /path"; NULL: none. */
static const char *family_of(const char *route)
{
	for (const struct family *const *family = FAMILIES; *family; family++)
		for (const struct route *const *table = (*family)->tables; *table; table++)
			for (const struct route *row = *table; row->path; row++) {
				const char *method = method_text(row->method);
				size_t length = strlen(method);
				if (!strncmp(route, method, length) && route[length] == ' ' && !strcmp(route + length + 1, row->path))
					return (*family)->name;
			}
	return NULL;
}

static bool is_job(const char *route)
{
	return !strncmp(route, "job:", 4);
}

/* Programs of this machine by their names: a family's responders, "worker", or NULL: all. */
static int programs_find(const char *family, int pids_out[PIDS_MOST])
{
	char path[64], program[64], wanted[64];
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	int count = 0;
	snprintf(wanted, sizeof wanted, "stoa-%s", family ? family : "");
	while (folder && count < PIDS_MOST && (entry = readdir(folder))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%.20s/comm", entry->d_name);
		FILE *file = fopen(path, "re");
		bool read = file && fgets(program, sizeof program, file);
		if (file)
			fclose(file);
		if (!read)
			continue;
		program[strcspn(program, "\n")] = '\0';
		/* The kernel keeps 15 letters of the name. */
		if (family ? !strncmp(program, wanted, 15) : !strncmp(program, wanted, strlen(wanted)))
			pids_out[count++] = (int)strtol(entry->d_name, NULL, 10);
	}
	if (folder)
		closedir(folder);
	return count;
}

static bool flame_make(struct cli *cli, const struct options *options)
{
	int pids[PIDS_MOST], seconds = options->since ? options->since : FLAME_SECONDS;
	int count = programs_find(!options->route ? NULL : is_job(options->route) ? "worker" : family_of(options->route), pids);
	char message[256] = "no program of Stoa runs on this machine";
	bool done = count && flame_record(pids, count, seconds, options->flame, message);
	if (done)
		fprintf(options->json ? stderr : cli->out, "%s: flame graph of %d processes\n", options->flame, count);
	else
		fprintf(stderr, "stoa: no flame graph: %s\n", message);
	return done;
}

/* --- the report --- */

static void parts_print(FILE *out, const struct profile_route *route)
{
	bool shown[PROFILE_PARTS] = {false};
	double whole = 0;
	for (enum profile_part part = 0; part < PROFILE_PARTS; part++)
		whole += route->parts[part];
	for (int i = 0; i < PARTS_SHOWN && whole > 0; i++) {
		enum profile_part most = PROFILE_PARTS;
		for (enum profile_part part = 0; part < PROFILE_PARTS; part++)
			if (!shown[part] && (most == PROFILE_PARTS || route->parts[part] > route->parts[most]))
				most = part;
		shown[most] = true;
		if (route->parts[most] >= 0.01 * whole)
			fprintf(out, "%s%s %.0f %%", i ? ", " : "", profile_part_text(most), 100 * route->parts[most] / whole);
	}
	if (whole > 0 && route->cpu >= 0)
		fprintf(out, "; processor %.0f %%", 100 * route->cpu / whole);
	fputc('\n', out);
}

static void routes_print(FILE *out, const struct profile *profile, const char *only)
{
	fprintf(out, "%-6s %-44s %9s %10s %9s %6s  %s\n", "method", "route", "requests", "seconds", "mean ms", "stmts", "where the time goes");
	for (int i = 0; i < profile->route_count; i++) {
		const struct profile_route *route = &profile->routes[i];
		double requests = route->requests ? (double)route->requests : 1;
		if (only && profile_route_find(profile, only) != route)
			continue;
		fprintf(out, "%-6s %-44s %9llu %10.3f %9.2f %6.1f  ", route->method, route->route, (unsigned long long)route->requests, route->seconds,
			1000 * route->seconds / requests, route->statements / requests);
		parts_print(out, route);
	}
}

static void statement_print(FILE *out, const struct profile_statement *statement)
{
	fprintf(out, "%-6s %-44s %9llu %10.3f %9.2f", "", statement->name, (unsigned long long)statement->count, statement->seconds,
		1000 * statement->seconds / (double)statement->count);
}

/* Of a route all, of the house the dearest. */
static void statements_print(FILE *out, const struct profile *profile, const char *only)
{
	const struct profile_route *route = only ? profile_route_find(profile, only) : NULL;
	for (const struct profile_statement *statement = route ? route->dearest : NULL; statement; statement = statement->next) {
		statement_print(out, statement);
		fputc('\n', out);
	}
	if (only || !profile->sum_count)
		return;
	fprintf(out, "\n%-6s %-44s %9s %10s %9s  %s\n", "", "statement", "runs", "seconds", "mean ms", "most of it for");
	for (int i = 0; i < profile->sum_count && i < STATEMENTS_SHOWN; i++) {
		const struct profile_statement *sum = &profile->sums[i];
		statement_print(out, sum);
		fprintf(out, "  %s%s%s\n", sum->method, *sum->method ? " " : "", sum->route);
	}
}

static void findings_print(struct cli *cli, const struct profile_report *report, const char *only)
{
	FILE *out = cli->out;
	int shown = 0;
	for (int i = 0; i < report->findings.count; i++) {
		const struct finding *finding = &report->findings.rows[i];
		const struct finding_words *words = &FINDING_WORDS[finding->kind];
		if (!finding_concerns(report->profile, finding, only))
			continue;
		fprintf(out, "\n%d. %s (%s, %s)\n   evidence: %s\n   change:   %s\n   gain:     %s\n", ++shown, words->title, severity_text(finding->severity),
			words->code, finding_text(&cli->ctx, finding, words->evidence, NULL, NULL), finding_text(&cli->ctx, finding, words->change, NULL, NULL),
			finding_text(&cli->ctx, finding, words->gain, NULL, NULL));
	}
	fprintf(out, "\n%d findings\n", shown);
}

static void plan_print(struct cli *cli, const struct profile_plan *plan)
{
	fprintf(cli->out, "\n%s\n", plan->statement.name);
	if (plan->plan)
		fprintf(cli->out, "%s", profile_plan_text(&cli->ctx, plan->plan));
	else
		fprintf(cli->out, "%s%s%s\n", plan->why, plan->reason ? ": " : "", plan->reason ? plan->reason : "");
}

static void report_print(struct cli *cli, const struct profile_report *report, const struct options *options)
{
	routes_print(cli->out, report->profile, options->route);
	statements_print(cli->out, report->profile, options->route);
	for (int i = 0; i < report->plan_count; i++)
		if (options->explain && !strcmp(report->plans[i].statement.name, options->explain))
			plan_print(cli, &report->plans[i]);
	if (report->database_fault)
		fprintf(cli->out, "\nPostgreSQL told nothing: %s (%s)\n", report->database_fault, report->database_reason);
	findings_print(cli, report, options->route);
}

static bool options_read(int *argc, char **argv, struct options *options)
{
	const char *since = cli_option(argc, argv, "--since");
	char *end = NULL;
	*options = (struct options){.route = cli_option(argc, argv, "--route"), .explain = cli_option(argc, argv, "--explain"),
		.flame = cli_option(argc, argv, "--flame"), .json = cli_flag(argc, argv, "--json")};
	errno = 0;
	long seconds = since ? strtol(since, &end, 10) : 0;
	options->since = (int)seconds;
	return *argc == 1 && !(since && (errno || end == since || *end || seconds < 1 || seconds > SINCE_MOST));
}

static int profile_run(struct cli *cli, int argc, char **argv)
{
	struct options options;
	struct profile_report report;
	char message[256] = "";
	if (!options_read(&argc, argv, &options))
		return cli_usage(&COMMAND_PROFILE);
	if (options.route && !is_job(options.route) && !family_of(options.route)) {
		fprintf(stderr, "stoa: there is no route \"%s\" (stoa routes lists them)\n", options.route);
		return 1;
	}
	if (!metric_open(message) || !*conf_string("metrics.file")) {
		fprintf(stderr, "stoa: metrics.file cannot be read: %s\n", *message ? message : "none is configured");
		metric_close();
		return 1;
	}
	const struct profile_reading *before = options.since ? profile_read(&cli->ctx) : NULL;
	bool drawn = true;
	if (options.flame)
		drawn = flame_make(cli, &options);
	else
		for (struct timespec left = {.tv_sec = options.since}; options.since && nanosleep(&left, &left) < 0 && errno == EINTR;)
			;
	struct profile *profile = profile_make(&cli->ctx, before, profile_read(&cli->ctx), options.since);
	metric_close();
	if (options.route && !profile_route_find(profile, options.route)) {
		fprintf(stderr, "stoa: %s has answered no request%s\n", options.route, options.since ? " in that time" : "");
		return 1;
	}
	profile_report(&cli->ctx, cli->house.pool, profile, &(struct profile_wish){.route = options.route, .plans = PLANS, .statement = options.explain}, &report);
	if (options.json) {
		struct json_object *value = profile_json(&cli->ctx, &report, options.route);
		fprintf(cli->out, "%s\n", json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(value);
	} else {
		report_print(cli, &report, &options);
	}
	return drawn ? 0 : 1;
}

const struct command COMMAND_PROFILE = {
	.name = "profile",
	.usage = "profile [--route 'GET /path'] [--since SECONDS] [--explain STATEMENT] [--flame FILE.svg] [--json]",
	.doc = "where each route's time goes, what is wrong and what to change; of the next SECONDS, or since the metrics file began",
	.needs = NEED_HOUSE,
	.run = profile_run,
};
