#include "observe/capacity.h"

#include "metric/metric.h"
#include "web/target.h"

#include <stdio.h>
#include <string.h>

#define MIB 1048576.0

/* Paths as the web servers' configurations tell the responders apart; what none of them takes are pages. */
static const struct { enum capacity_system system; const char *beginning; } BEGINNINGS[] = {
	{CAPACITY_AUTH, "/api/v1/auth"}, {CAPACITY_AUTH, "/api/v1/orgs"}, {CAPACITY_AUTH, "/api/v1/users"}, {CAPACITY_WIDGET, "/api/v1/widget"},
	{CAPACITY_RETENTION, "/api/v1/retention"}, {CAPACITY_STRIPE, "/api/v1/stripe"}, {CAPACITY_OPS, "/health"}, {CAPACITY_OPS, "/metrics"},
	{CAPACITY_OPS, "/api/v1/ops"}, {CAPACITY_OPS, "/api/v1/jobs"}};

static const char *const NAMES[CAPACITY_SYSTEMS] = {
	[CAPACITY_AUTH] = "auth", [CAPACITY_WIDGET] = "widget", [CAPACITY_RETENTION] = "retention", [CAPACITY_STRIPE] = "stripe", [CAPACITY_OPS] = "ops",
	[CAPACITY_PAGES] = "pages"};

const char *capacity_system_name(enum capacity_system system)
{
	return NAMES[system];
}

enum capacity_system capacity_system_of(const char *route)
{
	for (size_t i = 0; i < sizeof BEGINNINGS / sizeof *BEGINNINGS; i++) {
		size_t length = strlen(BEGINNINGS[i].beginning);
		if (!strncmp(route, BEGINNINGS[i].beginning, length) && (!route[length] || route[length] == '/'))
			return BEGINNINGS[i].system;
	}
	return CAPACITY_PAGES;
}

/* bench/capacity.mjs prints these figures; PostgreSQL's are with what the requests left to the worker. The mix is that of the bench's loads: half
 * of the requests come from customers' browsers. Jobs wait for others: what a call over the internet takes is assumed. */
static const struct capacity_costs SHIPPED = {
	.system = {
		/* weight, processor, web server, PostgreSQL, reads of that, connection held, took, process, thread */
		[CAPACITY_AUTH] = {10, 1110e-6, 85e-6, 200e-6, 0.04, 960e-6, 3190e-6, 3.8 * MIB, 0.06 * MIB, false},
		[CAPACITY_WIDGET] = {50, 200e-6, 80e-6, 700e-6, 0, 3550e-6, 3940e-6, 4.8 * MIB, 0.06 * MIB, false},
		[CAPACITY_RETENTION] = {20, 78e-6, 60e-6, 285e-6, 1, 705e-6, 790e-6, 7.8 * MIB, 0.11 * MIB, false},
		[CAPACITY_STRIPE] = {4, 235e-6, 105e-6, 2800e-6, 0, 7235e-6, 7316e-6, 2.8 * MIB, 0.08 * MIB, false},
		[CAPACITY_OPS] = {1, 165e-6, 62e-6, 68e-6, 0, 170e-6, 473e-6, 4.6 * MIB, 0.2 * MIB, false},
		[CAPACITY_PAGES] = {15, 1270e-6, 176e-6, 3200e-6, 1, 8359e-6, 9247e-6, 13 * MIB, 1.2 * MIB, false},
	},
	.job_cpu_s = 370e-6, .job_took_s = 0.2, .worker_bytes = 4 * MIB, .connection_bytes = 3.1 * MIB, .cache_bytes = 463,
	.from = "shipped table: 2026-11-21, AMD EPYC, 2 cores that others used as well, lighttpd (bench/capacity.mjs); jobs take 0.2 s, which is assumed"};

void capacity_costs_shipped(struct capacity_costs *costs_out)
{
	*costs_out = SHIPPED;
}

void capacity_mix_clear(struct capacity_costs *costs)
{
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		costs->system[system].requests = 0;
}

void capacity_mix_add(struct capacity_costs *costs, const char *route, double requests)
{
	costs->system[capacity_system_of(route)].requests += requests;
}

/* --- this installation --- */

struct counted {
	struct { double requests, took_s, parts, cpu_s, query_s, reads_s; } system[CAPACITY_SYSTEMS];
	double jobs, jobs_s;
};

/* By the class that the route's times are labelled with. */
static bool bears_lag(const char *route, const char *labels)
{
	char method[16], key[192];
	struct metric_value found;
	if (!metric_label(labels, "method", method, sizeof method) || strcmp(method, "GET") != 0)
		return false;
	for (int class = 0; class < CLASS_COUNT; class++) {
		snprintf(key, sizeof key, "route=\"%s\",method=\"GET\",class=\"%s\"", route, target_of((enum latency_class)class)->text);
		if (target_bears_lag((enum latency_class)class) && metric_find("stoa_http_request_duration_seconds", key, &found))
			return true;
	}
	return false;
}

static void count_one(void *argument, const struct metric_value *value)
{
	struct counted *counted = argument;
	char route[128], part[16];
	if (!strcmp(value->name, "stoa_job_duration_seconds")) {
		counted->jobs += (double)value->count;
		counted->jobs_s += value->sum_s;
		return;
	}
	/* What no route answered has cost next to nothing. */
	if (!metric_label(value->labels, "route", route, sizeof route) || *route != '/')
		return;
	enum capacity_system system = capacity_system_of(route);
	if (!strcmp(value->name, "stoa_http_request_duration_seconds")) {
		counted->system[system].requests += (double)value->count;
		counted->system[system].took_s += value->sum_s;
	} else if (!strcmp(value->name, "stoa_http_request_part_seconds") && metric_label(value->labels, "part", part, sizeof part)) {
		if (!strcmp(part, "cpu")) {
			counted->system[system].parts += (double)value->count;
			counted->system[system].cpu_s += value->sum_s;
		} else if (!strcmp(part, "query")) {
			counted->system[system].query_s += value->sum_s;
			counted->system[system].reads_s += bears_lag(route, value->labels) ? value->sum_s : 0;
		}
	}
}

/* Of those who come by themselves; what watches keeps the share that it has in the table. True: they are enough. */
static bool mix_measured(struct capacity_costs *costs, const struct counted *counted)
{
	double people = 0, before = 0, ops = costs->system[CAPACITY_OPS].requests;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		people += system == CAPACITY_OPS ? 0 : counted->system[system].requests;
		before += system == CAPACITY_OPS ? 0 : costs->system[system].requests;
	}
	if (people < CAPACITY_ENOUGH)
		return false;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		costs->system[system].requests = system == CAPACITY_OPS ? people * ops / before : counted->system[system].requests;
	return true;
}

bool capacity_costs_measured(struct capacity_costs *costs)
{
	struct counted counted = {0};
	int systems = 0;
	double all = 0;
	metric_each("stoa_http_request_", count_one, &counted);
	metric_each("stoa_job_duration_seconds", count_one, &counted);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		struct capacity_cost *cost = &costs->system[system];
		double requests = counted.system[system].requests, query_s = counted.system[system].query_s;
		all += requests;
		if (!requests || counted.system[system].parts < CAPACITY_SAMPLES)
			continue;
		double held_s = query_s / requests;
		cost->database_s = cost->held_s > 0 ? held_s * cost->database_s / cost->held_s : held_s;
		cost->held_s = held_s;
		cost->reads = query_s > 0 ? counted.system[system].reads_s / query_s : 0;
		cost->cpu_s = counted.system[system].cpu_s / counted.system[system].parts;
		cost->took_s = counted.system[system].took_s / requests;
		cost->measured = true;
		systems++;
	}
	if (!systems)
		return false;
	bool mix = mix_measured(costs, &counted);
	costs->jobs_measured = counted.jobs >= CAPACITY_ENOUGH;
	if (costs->jobs_measured)
		costs->job_took_s = counted.jobs_s / counted.jobs;
	snprintf(costs->from, sizeof costs->from, "%.0f requests counted on this machine, %d of %d systems%s; the rest, memory and web server: shipped table", all, systems,
		CAPACITY_SYSTEMS, mix ? " and their mix" : "");
	return true;
}
