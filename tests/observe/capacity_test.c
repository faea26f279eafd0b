/* Capacity: formulas against numbers worked out by hand and the documents' own examples, inputs that are refused, costs from the metrics file,
 * and what is written twice elsewhere: the shipped mod_fcgid numbers, defaults of the configuration, the responders' paths. */
#include "cli/cli.h"
#include "metric/metric.h"
#include "observe/capacity.h"
#include "web/web.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GIB 1073741824.0
#define MIB 1048576.0

static struct ctx ctx;
static struct capacity_plan plan;

static int start(void **state)
{
	(void)state;
	ctx_init(&ctx);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	ctx_free(&ctx);
	return 0;
}

static void near(double got, double wanted)
{
	if (fabs(got - wanted) > 1e-6 * fmax(1, fabs(wanted)))
		fail_msg("%.10g is not %.10g", got, wanted);
}

static void is(enum capacity_id id, double wanted)
{
	if (fabs(capacity_value(&plan, id) - wanted) > 1e-6 * fmax(1, fabs(wanted)))
		fail_msg("%s is %.10g, not %.10g", CAPACITY_KINDS[id].name, capacity_value(&plan, id), wanted);
}

/* Every request is the widget's, on machines of 4 cores and 16 GiB. */
static void plan_of(double users, struct capacity_cost widget)
{
	plan = (struct capacity_plan){0};
	capacity_model_default(&plan.model);
	plan.model.users = users;
	plan.model.cores = 4;
	plan.model.memory = 16 * GIB;
	plan.costs = (struct capacity_costs){.job_took_s = 0.21, .worker_bytes = 5 * MIB, .connection_bytes = 3 * MIB, .cache_bytes = 1e6};
	plan.costs.system[CAPACITY_WIDGET] = widget;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		plan.costs.system[system].process_bytes = 10 * MIB;
		plan.costs.system[system].thread_bytes = MIB;
	}
	capacity_plan_make(&plan);
}

static const struct capacity_cost WIDGET = {.requests = 1, .cpu_s = 500e-6, .front_s = 200e-6, .database_s = 600e-6, .held_s = 0.005, .took_s = 0.010};

/* 001 Concurrency Calculation with its example, Request Throughput, Peak vs Average with its example. */
static void documents_examples(void **state)
{
	static const struct { double users, daily, peak, design, average, peak_rate, design_rate; } ROWS[] = {
		{1000, 300, 60, 75, 50, 200, 250}, {10000, 3000, 600, 750, 500, 2000, 2500}, {50000, 15000, 3000, 3750, 2500, 10000, 12500},
		{100000, 30000, 6000, 7500, 5000, 20000, 25000}, {1, 0, 0, 0, 0.05, 0.2, 0.25}, {17, 5, 1, 1, 0.85, 3.4, 4.25}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		plan_of(ROWS[i].users, WIDGET);
		is(CAPACITY_DAILY, ROWS[i].daily);
		is(CAPACITY_CONCURRENT, ROWS[i].peak);
		is(CAPACITY_DESIGN, ROWS[i].design);
		is(CAPACITY_AVERAGE_RATE, ROWS[i].average);
		is(CAPACITY_PEAK_RATE, ROWS[i].peak_rate);
		is(CAPACITY_DESIGN_RATE, ROWS[i].design_rate);
		is(CAPACITY_PEOPLE_RATE, ROWS[i].design / 2);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(CAPACITY_PHASES[i], (int)ROWS[i].users);
	assert_int_equal(CAPACITY_PHASES[4], 0);
}

static void erlang(void **state)
{
	(void)state;
	near(capacity_wait_probability(1, 0.5), 0.5);
	near(capacity_wait_probability(2, 1), 1.0 / 3);
	near(capacity_wait_probability(3, 2), 4.0 / 9);
	near(capacity_wait_probability(2, 0.5), 0.1);
	near(capacity_wait_probability(4, 4), 1);
	near(capacity_wait_probability(4, 0), 0);
	near(capacity_wait_probability(1000, 1), 0);
	/* One server has 0.5; two, 0.1. */
	assert_int_equal(capacity_servers(0.5, 1, 0.7, 0, 0.5), 1);
	assert_int_equal(capacity_servers(0.5, 1, 0.7, 0, 0.2), 2);
	/* Use alone: 0.5 / 0.2. */
	assert_int_equal(capacity_servers(0.5, 1, 0.2, 0, 1), 3);
	/* A wait of more than half of a service: 0.5 × exp(−0.25) = 0.389. */
	assert_int_equal(capacity_servers(0.5, 0.02, 0.7, 0.01, 0.39), 1);
	assert_int_equal(capacity_servers(0.5, 0.02, 0.7, 0.01, 0.38), 2);
	assert_int_equal(capacity_servers(0, 0, 0.7, 0.01, 0.01), 1);
	/* More than can be: an answer, and soon. */
	assert_int_equal(capacity_servers(5e7, 0.01, 0.5, 0.01, 0.01), 100000000);
	assert_int_equal(capacity_servers(1e12, 0.01, 0.7, 0.01, 0.01), 1000000000);
}

static void knee(void **state)
{
	struct capacity_costs costs = {0};
	(void)state;

	costs.system[CAPACITY_WIDGET] = (struct capacity_cost){.requests = 3, .cpu_s = 100e-6, .front_s = 50e-6, .database_s = 100e-6};
	near(capacity_knee(&costs, 1, 2, 0), 8000);
	near(capacity_knee(&costs, 1, 2, 50e-6), 2 / 300e-6);
	near(capacity_knee(&costs, 3, 2, 0), 2 / 350e-6);
	costs.system[CAPACITY_PAGES] = (struct capacity_cost){.requests = 1, .cpu_s = 1000e-6, .front_s = 0, .database_s = 250e-6};
	/* 3/4 × 250 µs + 1/4 × 1,250 µs = 500 µs */
	near(capacity_knee(&costs, 1, 2, 0), 4000);
	capacity_mix_clear(&costs);
	near(capacity_knee(&costs, 1, 2, 0), 0);
	capacity_mix_add(&costs, "/flows/:id", 10);
	near(capacity_knee(&costs, 1, 2, 0), 1600);
}

/* 4,000 users: 200 requests a second, 1,000 to build for. */
static void one_machine(void **state)
{
	(void)state;
	plan_of(4000, WIDGET);
	is(CAPACITY_DESIGN_RATE, 1000);
	is(CAPACITY_WEB_CORES, 1.0);      /* 1,000 × 700 µs / 0.7 */
	is(CAPACITY_DATABASE_CORES, 1.0); /* 1,000 × 600 µs / 0.6 */
	is(CAPACITY_WEB_MACHINES, 1);
	is(CAPACITY_DATABASE_MACHINES, 0);
	is(CAPACITY_PRIMARY_CORES, 1.0);
	is(CAPACITY_PRIMARY_MACHINE, 4);
	is(CAPACITY_REPLICAS, 0);
	is(CAPACITY_MACHINES, 1);
	is(CAPACITY_NORMAL_USE, 1.3 / 5 / 4);
	near(capacity_system_value(&plan, CAPACITY_SHARE, CAPACITY_WIDGET), 1);
	near(capacity_system_value(&plan, CAPACITY_BUSY, CAPACITY_WIDGET), 1.3);
	near(capacity_system_value(&plan, CAPACITY_IN_FLIGHT, CAPACITY_WIDGET), 10);
	near(capacity_system_value(&plan, CAPACITY_KNEE, CAPACITY_WIDGET), 4 / 1300e-6);
	/* 10 busy threads need 15 for 70 %, 5 busy connections 8; who waits more than 10 ms is far rarer than 1 %. */
	near(capacity_system_value(&plan, CAPACITY_THREADS, CAPACITY_WIDGET), 16);
	near(capacity_system_value(&plan, CAPACITY_POOL, CAPACITY_WIDGET), 8);
	near(capacity_system_value(&plan, CAPACITY_PROCESSES, CAPACITY_WIDGET), 1);
	near(capacity_system_value(&plan, CAPACITY_POOL, CAPACITY_OPS), 4);
	near(capacity_system_value(&plan, CAPACITY_FCGID, CAPACITY_WIDGET), 32);
	/* 400 jobs a minute, × 5 / 60 × 0.21 s = 7 at once */
	is(CAPACITY_WORKER_BUSY, 7);
	is(CAPACITY_WORKER_MIN, 2);
	is(CAPACITY_WORKER_MAX, 4);
	is(CAPACITY_CONNECTIONS, 8 + 5 * 4 + 4 * 6 + 1);
	/* Twice that is 106, but a process each under mod_fcgid are 80, and 25, and some to spare. */
	is(CAPACITY_FCGID_CONNECTIONS, 32 + 12 + 12 + 8 + 4 + 12 + 4 * 6 + 1);
	is(CAPACITY_MAX_CONNECTIONS, 120);
	is(CAPACITY_POOLED, 10); /* 5 busy ones need 8 */
	/* PostgreSQL has half of the machine: 8 GiB. */
	is(CAPACITY_SHARED_BUFFERS, 2 * GIB);
	is(CAPACITY_CACHE_SIZE, 6 * GIB);
	is(CAPACITY_WORK_MEM, 18 * MIB); /* 8 GiB / 4 / 120 = 17.1 */
	is(CAPACITY_MAINTENANCE, 512 * MIB);
	is(CAPACITY_WAL_SIZE, 2 * GIB);
	is(CAPACITY_CACHE_BYTES, 1526 * MIB); /* 1,200 × 1 MB / 0.75 */
	is(CAPACITY_CACHE_NODES, 1);
	is(CAPACITY_CACHE_NODE_BYTES, 1526 * MIB);
	is(CAPACITY_WEB_MEMORY, (6 * 10 + 6 * 16 + 4 * 5 + 2 * 4 * 19) * MIB); /* 4 hashes at once each in auth and pages */
	is(CAPACITY_FRONT_CONNECTIONS, 512);
	is(CAPACITY_FRONT_FILES, 1280);
	is(CAPACITY_APACHE_WORKERS, 128);
	is(CAPACITY_POD_RATE, 1000);      /* 0.7 / 700 µs */
	is(CAPACITY_POD_IN_FLIGHT, 10);
	is(CAPACITY_PODS_MIN, 3);
	is(CAPACITY_PODS_MAX, 20);
	is(CAPACITY_POD_BYTES, 320 * MIB); /* (6 × (10 + 16) + 2 × 19 + 16) / 0.75 = 280 */
}

/* A hundred times as many: 100,000 requests a second. */
static void many_machines(void **state)
{
	(void)state;
	struct capacity_cost mostly_reads = WIDGET;
	mostly_reads.reads = 0.75;
	plan_of(400000, mostly_reads);
	is(CAPACITY_WEB_CORES, 100);
	is(CAPACITY_WEB_MACHINES, 25);
	is(CAPACITY_DATABASE_CORES, 100);
	/* A quarter of 100 cores cannot leave the primary; the rest goes to machines of 4. */
	is(CAPACITY_PRIMARY_CORES, 25);
	is(CAPACITY_PRIMARY_MACHINE, 25);
	is(CAPACITY_REPLICAS, 19);
	is(CAPACITY_DATABASE_MACHINES, 20);
	is(CAPACITY_MACHINES, 45);
	is(CAPACITY_NORMAL_USE, (70 + 60) / 5.0 / ((25 + 19) * 4 + 25));
	near(capacity_system_value(&plan, CAPACITY_IN_FLIGHT, CAPACITY_WIDGET), 40);
	/* 20 busy connections need 29 for 70 %: two processes of 15; 40 busy threads 58: 29 each. */
	near(capacity_system_value(&plan, CAPACITY_PROCESSES, CAPACITY_WIDGET), 2);
	near(capacity_system_value(&plan, CAPACITY_POOL, CAPACITY_WIDGET), 15);
	near(capacity_system_value(&plan, CAPACITY_THREADS, CAPACITY_WIDGET), 29);
	near(capacity_system_value(&plan, CAPACITY_FCGID, CAPACITY_WIDGET), 60);
	is(CAPACITY_SHARED_BUFFERS, 4 * GIB);
	is(CAPACITY_CACHE_NODES, 3);
	is(CAPACITY_CACHE_NODE_BYTES, capacity_value(&plan, CAPACITY_CACHE_BYTES) / 2);
	is(CAPACITY_POOLED, 715); /* 500 / 0.7 */
	is(CAPACITY_PODS_MIN, 20);
	is(CAPACITY_PODS_MAX, 100);
	/* Each process watches the primary, too. */
	is(CAPACITY_CONNECTIONS, 25 * (2 * (15 + 1) + 5 * (4 + 1) + capacity_value(&plan, CAPACITY_WORKER_MAX) * 6 + 1));
	/* 700 jobs at once on 25 machines: 28 / 0.7 / 4 */
	is(CAPACITY_WORKER_MAX, 10);
}

/* Apache takes more than lighttpd; in a pod there is lighttpd. */
static void another_web_server(void **state)
{
	(void)state;
	plan_of(4000, WIDGET);
	plan.model.front = 2;
	capacity_plan_make(&plan);
	is(CAPACITY_WEB_CORES, 0.9 / 0.7); /* 1,000 × (500 + 2 × 200) µs */
	near(capacity_system_value(&plan, CAPACITY_BUSY, CAPACITY_WIDGET), 1.5);
	near(capacity_system_value(&plan, CAPACITY_KNEE, CAPACITY_WIDGET), 4 / 1500e-6);
	is(CAPACITY_POD_RATE, 1000);
}

/* No replica takes a write. */
static void writes_stay(void **state)
{
	(void)state;
	plan_of(400000, WIDGET);
	is(CAPACITY_PRIMARY_CORES, 100);
	is(CAPACITY_PRIMARY_MACHINE, 100);
	is(CAPACITY_REPLICAS, 0);
	is(CAPACITY_DATABASE_MACHINES, 1);
	/* Replicas only where the primary's machine does not suffice for all. */
	struct capacity_cost reads = WIDGET;
	reads.reads = 1;
	plan_of(16000, reads);
	is(CAPACITY_DATABASE_CORES, 4);
	is(CAPACITY_REPLICAS, 0);
	plan_of(16004, reads);
	is(CAPACITY_REPLICAS, 2);
	is(CAPACITY_PRIMARY_CORES, 0);
}

/* Inputs at their bounds: an answer, and settings that Stoa takes. */
static void the_most_that_can_be_asked(void **state)
{
	(void)state;
	plan_of(10000000, WIDGET);
	plan.model.requests = 100;
	plan.model.burst = 20;
	plan.model.headroom = 10;
	plan.model.jobs = 1000;
	plan.model.memory = 512 * MIB;
	capacity_plan_make(&plan);
	assert_true(capacity_value(&plan, CAPACITY_WORKER_MAX) <= 256);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		assert_true(capacity_system_value(&plan, CAPACITY_THREADS, system) <= 1024);
	/* Jobs alone: 4,000 users with 1,000 a minute each, 83,333 at once in 29,762 processes. */
	plan_of(4000, WIDGET);
	plan.model.jobs = 1000;
	plan.costs.job_took_s = 0.25;
	capacity_plan_make(&plan);
	is(CAPACITY_WORKER_BUSY, 4000 * 1000.0 / 60 * 5 * 0.25);
	assert_true(capacity_value(&plan, CAPACITY_WORKER_MAX) <= 256);
	/* Nothing measured, nothing known: no number that is none. */
	plan.costs = (struct capacity_costs){0};
	capacity_plan_make(&plan);
	for (enum capacity_id id = 0; id < CAPACITY_IDS; id++)
		assert_true(isfinite(capacity_value(&plan, id)));
}

/* Two machines where one has the processors but not the memory; and no endless search where no number of machines would help. */
static void memory_decides(void **state)
{
	(void)state;
	plan_of(4000, WIDGET);
	plan.model.memory = 2 * GIB;
	capacity_plan_make(&plan);
	is(CAPACITY_WEB_MACHINES, 2);
	is(CAPACITY_DATABASE_MACHINES, 1);
	plan.costs.system[CAPACITY_PAGES].process_bytes = 16 * GIB;
	capacity_plan_make(&plan);
	assert_true(capacity_value(&plan, CAPACITY_WEB_MACHINES) < 10);
	assert_true(capacity_value(&plan, CAPACITY_WEB_MEMORY) > plan.model.memory);
}

static void set_inputs(void **state)
{
	static const struct { const char *name, *text; double value; } TAKEN[] = {
		{"users", "100000", 100000}, {"active", "0.3", 0.3}, {"memory", "8g", 8 * GIB}, {"memory", "512M", 512 * MIB}, {"memory", "16T", 16384 * GIB},
		{"memory", "8589934592", 8 * GIB}, {"headroom", "1", 1}, {"cores", "1024", 1024}, {"jobs", "0", 0}, {"requests", ".5", 0.5}};
	static const struct { const char *name, *text; } REFUSED[] = {
		{"users", ""}, {"users", "0"}, {"users", "-5"}, {"users", "many"}, {"users", "1.5"}, {"users", "10000001"}, {"users", "8g"}, {"users", "0x10"}, {"users", "1 000"},
		{"active", "1.1"}, {"active", "nan"}, {"active", "inf"}, {"active", "0"}, {"peak", "0.2.1"}, {"headroom", "0.9"}, {"memory", "8x"}, {"memory", "8gb"},
		{"memory", "1m"}, {"memory", "17t"}, {"cores", "0"}, {"cores", "2.5"}, {"burst", "21"}, {"people", "1"}};
	(void)state;

	for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++) {
		struct capacity_model model;
		capacity_model_default(&model);
		assert_int_equal(capacity_model_set(&ctx, &model, TAKEN[i].name, TAKEN[i].text), OK);
		for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++)
			if (!strcmp(input->name, TAKEN[i].name))
				near(*(double *)((char *)&model + input->offset), TAKEN[i].value);
	}
	for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
		struct capacity_model model;
		capacity_model_default(&model);
		if (capacity_model_set(&ctx, &model, REFUSED[i].name, REFUSED[i].text) != ERR_INVALID)
			fail_msg("%s takes \"%s\"", REFUSED[i].name, REFUSED[i].text);
		assert_string_equal(ctx.fault.field, REFUSED[i].name);
		assert_non_null(strstr(ctx.fault.detail, REFUSED[i].name));
		ctx_forgive(&ctx);
	}
}

/* --- costs --- */

static void observe(const char *route, const char *class, int requests, int64_t took_us, int64_t cpu_us, int64_t query_us)
{
	char labels[128];
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"GET\",class=\"%s\"", route, class);
	struct histogram *took = metric_histogram("stoa_http_request_duration_seconds", labels, "t");
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"GET\",part=\"cpu\"", route);
	struct summary *cpu = metric_summary("stoa_http_request_part_seconds", labels, "t");
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"GET\",part=\"query\"", route);
	struct summary *query = metric_summary("stoa_http_request_part_seconds", labels, "t");
	for (int i = 0; i < requests; i++) {
		histogram_observe(took, took_us);
		summary_add(cpu, cpu_us);
		summary_add(query, query_us);
	}
}

static void costs_of_the_metrics_file(void **state)
{
	struct capacity_costs costs, shipped;
	char path[] = "/tmp/capacity_test.XXXXXX", message[256];
	int file = mkstemp(path);
	(void)state;

	assert_true(file >= 0);
	close(file);
	setenv("STOA_METRICS_FILE", path, 1);
	serve_conf();
	assert_true(conf_load(NULL, message));
	assert_true(metric_open(message));
	capacity_costs_shipped(&shipped);
	costs = shipped;
	double others = -shipped.system[CAPACITY_OPS].requests;
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		others += shipped.system[system].requests;
	assert_false(capacity_costs_measured(&costs));
	assert_memory_equal(&costs, &shipped, sizeof costs);

	/* Who only watches does not tell what users ask. */
	observe("/metrics", "ops", 1000, 500, 100, 0);
	assert_true(capacity_costs_measured(&costs));
	assert_true(costs.system[CAPACITY_OPS].measured);
	near(costs.system[CAPACITY_OPS].cpu_s, 100e-6);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		near(costs.system[system].requests, shipped.system[system].requests);

	observe("/api/v1/widget/start", "widget", 300, 2000, 100, 500);
	observe("/api/v1/widget/decision", "widget", 100, 6000, 300, 2500);
	observe("/api/v1/orgs/keys", "list", CAPACITY_SAMPLES - 1, 9000, 900, 900);
	observe("none", "none", 5000, 1, 1, 1);
	assert_true(capacity_costs_measured(&costs));
	const struct capacity_cost *widget = &costs.system[CAPACITY_WIDGET];
	assert_true(widget->measured);
	near(widget->requests, 400);
	near(widget->took_s, 0.003);
	near(widget->cpu_s, 150e-6);
	near(widget->held_s, 1000e-6);
	near(widget->database_s, 1000e-6 * shipped.system[CAPACITY_WIDGET].database_s / shipped.system[CAPACITY_WIDGET].held_s);
	near(widget->front_s, shipped.system[CAPACITY_WIDGET].front_s);
	/* Too few to cost them, enough to count them. */
	assert_false(costs.system[CAPACITY_AUTH].measured);
	near(costs.system[CAPACITY_AUTH].cpu_s, shipped.system[CAPACITY_AUTH].cpu_s);
	near(costs.system[CAPACITY_AUTH].requests, CAPACITY_SAMPLES - 1);
	near(costs.system[CAPACITY_PAGES].requests, 0);
	/* 1 of 100 in the table, 1 of 99 others. */
	near(costs.system[CAPACITY_OPS].requests, (400 + CAPACITY_SAMPLES - 1) * shipped.system[CAPACITY_OPS].requests / others);
	near(widget->reads, 0);
	assert_non_null(strstr(costs.from, "1429 requests"));
	/* 100 × 3 ms of what lags, 100 × 1 ms of what may not: a sign-in is none of it, nor is a write. */
	observe("/api/v1/retention/sessions", "list", 100, 5000, 100, 3000);
	observe("/api/v1/retention/:id", "write", 100, 5000, 100, 1000);
	assert_true(capacity_costs_measured(&costs));
	near(costs.system[CAPACITY_RETENTION].reads, 0.75);
	assert_false(costs.jobs_measured);
	struct histogram *jobs = metric_histogram("stoa_job_duration_seconds", "kind=\"mail.send\"", "t");
	for (int i = 0; i < CAPACITY_ENOUGH; i++)
		histogram_observe(jobs, 50000);
	assert_true(capacity_costs_measured(&costs));
	assert_true(costs.jobs_measured);
	near(costs.job_took_s, 0.05);
	metric_close();
	unlink(path);
}

static void ships_costs(void **state)
{
	struct capacity_costs costs;
	(void)state;

	capacity_costs_shipped(&costs);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		const struct capacity_cost *cost = &costs.system[system];
		assert_true(cost->requests > 0 && cost->cpu_s > 0 && cost->front_s > 0 && cost->database_s > 0 && cost->held_s > 0 && cost->took_s >= cost->held_s && cost->reads >= 0 && cost->reads <= 1);
		assert_false(cost->measured);
	}
	assert_non_null(strstr(costs.from, "20"));
	/* Without cores and memory of a machine a plan would depend on where it is made; with them it does not. */
	plan = (struct capacity_plan){.costs = costs};
	capacity_model_default(&plan.model);
	assert_true(plan.model.cores >= 1 && plan.model.memory > 0);
	for (const int *users = CAPACITY_PHASES; *users; users++) {
		plan.model.users = *users;
		capacity_plan_make(&plan);
		for (enum capacity_id id = 0; id < CAPACITY_IDS; id++)
			for (int system = 0; system < (CAPACITY_KINDS[id].group == GROUP_PER_SYSTEM ? CAPACITY_SYSTEMS : 1); system++) {
				assert_true(isfinite(plan.figures[id][system].value) && plan.figures[id][system].value >= 0);
				assert_true(*plan.figures[id][system].worked);
				assert_true(strlen(plan.figures[id][system].worked) + 1 < sizeof plan.figures[id][system].worked);
			}
		assert_true(capacity_value(&plan, CAPACITY_NORMAL_USE) < 0.6);
	}
}

/* --- what stands elsewhere, too --- */

static void responders_by_their_paths(void **state)
{
	int seen = 0;
	(void)state;

	for (const struct family *const *family = FAMILIES; *family; family++)
		for (const struct route *const *table = (*family)->tables; *table; table++)
			for (const struct route *route = *table; route->path; route++, seen++)
				assert_string_equal(capacity_system_name(capacity_system_of(route->path)), (*family)->name);
	assert_true(seen > 100);
	assert_string_equal(capacity_system_name(capacity_system_of("/api/v1/usersx")), "pages");
	assert_string_equal(capacity_system_name(capacity_system_of("/api/v1/users")), "auth");
}

static void as_the_defaults_say(void **state)
{
	(void)state;
	plan_of(1, WIDGET);
	near(capacity_system_value(&plan, CAPACITY_THREADS, CAPACITY_OPS), (double)conf_int("web.threads"));
	is(CAPACITY_WORKER_THREADS, (double)conf_int("worker.threads"));
	is(CAPACITY_WORKER_MIN, (double)conf_int("worker.min"));
}

static void as_mod_fcgid_is_shipped(void **state)
{
	char path[4096], text[512];
	int lines = 0;
	(void)state;

	plan_of(1, WIDGET);
	snprintf(path, sizeof path, "%s/apache/stoa-fcgid.conf.in", getenv("STOA_ROOT"));
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(text, sizeof text, file)) {
		const char *name = strstr(text, "/stoa-"), *least = strstr(text, "MinProcesses "), *most = strstr(text, "MaxProcesses ");
		if (strncmp(text, "FcgidCmdOptions", 15) != 0 || !name || !least || !most)
			continue;
		for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
			size_t length = strlen(capacity_system_name(system));
			if (strncmp(name + 6, capacity_system_name(system), length) != 0 || name[6 + length] != '"')
				continue;
			near(capacity_system_value(&plan, CAPACITY_FCGID, system), strtod(least + 13, NULL));
			near(capacity_system_value(&plan, CAPACITY_FCGID, system), strtod(most + 13, NULL));
			lines++;
		}
	}
	fclose(file);
	assert_int_equal(lines, CAPACITY_SYSTEMS);
}

/* --- texts and JSON --- */

static void written_for_people(void **state)
{
	static const struct { enum capacity_unit unit; double value; const char *text; } ROWS[] = {
		{AS_COUNT, 0, "0"}, {AS_COUNT, 999, "999"}, {AS_COUNT, 1000, "1,000"}, {AS_COUNT, 1234567, "1,234,567"},
		{AS_RATE, 2500, "2,500/s"}, {AS_RATE, 0.25, "0.250/s"}, {AS_PART, 0.0654, "6.5 %"}, {AS_CORES, 12.345, "12.3"},
		{AS_BYTES, 2 * GIB, "2 GiB"}, {AS_BYTES, 1526 * MIB, "1.49 GiB"}, {AS_BYTES, 424, "424 B"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(capacity_text(&ctx, ROWS[i].unit, ROWS[i].value), ROWS[i].text);
}

static void written_as_json(void **state)
{
	struct json_object *figures, *model, *cost, *systems;
	bool found = false;
	(void)state;

	plan_of(100000, WIDGET);
	struct json_object *reply = json_own(&ctx, capacity_json(&plan)), *values = json_own(&ctx, capacity_values(&plan));
	assert_true(json_object_object_get_ex(reply, "figures", &figures));
	for (size_t i = 0; i < json_object_array_length(figures); i++) {
		struct json_object *row = json_object_array_get_idx(figures, i);
		if (strcmp(json_text(row, "figure", ""), "designUsers") != 0)
			continue;
		assert_int_equal(json_int(row, "value", 0), 7500);
		assert_string_equal(json_text(row, "worked", ""), "⌊6000 × 1.25⌋");
		assert_string_equal(json_text(row, "group", ""), "users");
		assert_non_null(strstr(json_text(row, "source", ""), "001"));
		found = true;
	}
	assert_true(found);
	assert_true(json_object_object_get_ex(reply, "model", &model));
	assert_int_equal(json_int(model, "users", 0), 100000);
	assert_true(json_object_object_get_ex(reply, "cost", &cost) && json_object_object_get_ex(cost, "systems", &systems));
	assert_int_equal(json_object_array_length(systems), CAPACITY_SYSTEMS);
	assert_int_equal(json_int(json_object_array_get_idx(systems, CAPACITY_WIDGET), "processorUs", 0), 500);
	assert_int_equal(json_int(values, "dailyActive", 0), 30000);
	assert_true(json_object_object_get_ex(values, "systems", &systems));
	assert_string_equal(json_text(json_object_array_get_idx(systems, CAPACITY_STRIPE), "name", ""), "stripe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(documents_examples), cmocka_unit_test(erlang), cmocka_unit_test(knee), cmocka_unit_test(one_machine),
		cmocka_unit_test(many_machines), cmocka_unit_test(another_web_server), cmocka_unit_test(writes_stay), cmocka_unit_test(the_most_that_can_be_asked), cmocka_unit_test(memory_decides), cmocka_unit_test(set_inputs), cmocka_unit_test(costs_of_the_metrics_file),
		cmocka_unit_test(ships_costs), cmocka_unit_test(responders_by_their_paths), cmocka_unit_test(as_the_defaults_say),
		cmocka_unit_test(as_mod_fcgid_is_shipped), cmocka_unit_test(written_for_people), cmocka_unit_test(written_as_json)};

	return cmocka_run_group_tests(tests, start, stop);
}
