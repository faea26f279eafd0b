#include "observe/capacity.h"

#include "metric/metric.h"

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
		/* weight, processor, web server, PostgreSQL, connection held, took, process, thread */
		[CAPACITY_AUTH] = {10, 1110e-6, 85e-6, 200e-6, 960e-6, 3190e-6, 3.8 * MIB, 0.06 * MIB, false},
		[CAPACITY_WIDGET] = {50, 200e-6, 80e-6, 700e-6, 3550e-6, 3940e-6, 4.8 * MIB, 0.06 * MIB, false},
		[CAPACITY_RETENTION] = {20, 78e-6, 60e-6, 285e-6, 705e-6, 790e-6, 7.8 * MIB, 0.11 * MIB, false},
		[CAPACITY_STRIPE] = {4, 235e-6, 105e-6, 2800e-6, 7235e-6, 7316e-6, 2.8 * MIB, 0.08 * MIB, false},
		[CAPACITY_OPS] = {1, 165e-6, 62e-6, 68e-6, 170e-6, 473e-6, 4.6 * MIB, 0.2 * MIB, false},
		[CAPACITY_PAGES] = {15, 1270e-6, 176e-6, 3200e-6, 8359e-6, 9247e-6, 13 * MIB, 1.2 * MIB, false},
	},
	.job_cpu_s = 370e-6, .job_took_s = 0.2, .worker_bytes = 4 * MIB, .connection_bytes = 3.1 * MIB, .cache_bytes = 463,
	.from = "shipped table: 2026-11-21, AMD EPYC, 2 cores that others used as well (bench/capacity.mjs); jobs take 0.2 s, which is assumed"};

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
	struct { double requests, took_s, parts, cpu_s, query_s; } system[CAPACITY_SYSTEMS];
	double jobs, jobs_s;
};

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
		}
	}
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
		double requests = counted.system[system].requests;
		if (requests < CAPACITY_ENOUGH || counted.system[system].parts < CAPACITY_ENOUGH)
			continue;
		double held_s = counted.system[system].query_s / requests;
		cost->database_s = cost->held_s > 0 ? held_s * cost->database_s / cost->held_s : held_s;
		cost->held_s = held_s;
		cost->cpu_s = counted.system[system].cpu_s / counted.system[system].parts;
		cost->took_s = counted.system[system].took_s / requests;
		cost->measured = true;
		systems++;
	}
	if (!systems)
		return false;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		costs->system[system].requests = counted.system[system].requests;
		all += counted.system[system].requests;
	}
	costs->jobs_measured = counted.jobs >= CAPACITY_ENOUGH;
	if (costs->jobs_measured)
		costs->job_took_s = counted.jobs_s / counted.jobs;
	snprintf(costs->from, sizeof costs->from, "%.0f requests counted on this machine, %d of %d systems; the rest, memory and web server: shipped table", all, systems,
		CAPACITY_SYSTEMS);
	return true;
}
