/* Profile: every rule over figures fires where it should and nowhere else; words name their numbers; figures come out of the metrics file. */
#include "config.h"

#include "tests/observe/findings.h"

#include "base/log.h"

#include <unistd.h>

static struct ctx ctx;

static int open_ctx(void **state)
{
	(void)state;
	ctx_init(&ctx);
	return 0;
}

static int close_ctx(void **state)
{
	(void)state;
	ctx_free(&ctx);
	return 0;
}

static const struct profile_settings SETTINGS = {.cache_servers = true, .local_entries = 16384, .local_life_ms = 2000, .pool_size = 8, .threads = 16,
	.worker_max = 16, .worker_threads = 4};

/* --- routes --- */

/* 100 requests; parts in milliseconds a request, in the order of enum profile_part; cpu likewise. */
struct route_case {
	const char *what;
	double parts[PROFILE_PARTS], cpu;
	const char *wanted;
	double gain; /* seconds of the first one, by hand */
};

static const struct route_case ROUTES[] = {
	{"a quick route", {0, .1, 0, .5, .1, 0, .2, .1, .3}, .8, "", 0},
	{"a sleep of 20 ms", {0, .1, 0, .5, .1, 0, .2, .1, 20.3}, .8, "handler-waits", 1.95},
	{"4 ms are no wait", {0, .1, 0, .5, .1, 0, .2, .1, 4.3}, .8, "", 0},
	{"busy, so it does not wait", {0, 0, 0, 0, 0, 0, 0, 0, 20}, 19.5, "processor", .975},
	{"a wait for a connection", {0, 0, 6, 4, 0, 0, 0, 0, 1}, 1, "waits-for-connection", .6},
	{"a wait for a thread", {30, 0, 0, 4, 0, 0, 0, 0, 1}, 1, "waits-for-thread", 3},
	{"somebody else's server", {0, 0, 0, 4, 0, 90, 0, 0, 1}, 1, "waits-for-others", 9},
	{"rendering", {0, 0, 0, 1, 0, 0, 40, 0, 1}, 30, "rendering processor", 2},
	{"sending", {0, 0, 0, 1, 0, 0, 0, 40, 1}, 2, "sending", 4},
	{"statements are named by themselves", {0, 0, 0, 40, 0, 0, 0, 0, 1}, 1, "", 0}};

static void routes_tell_where_time_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
		struct profile_route route = {.method = "GET", .route = "/api/v1/x", .target = target_of(CLASS_READ), .requests = 100};
		struct profile profile = {.routes = &route, .route_count = 1};
		struct findings findings = {.ctx = &ctx};
		for (enum profile_part part = 0; part < PROFILE_PARTS; part++) {
			route.parts[part] = ROUTES[i].parts[part] / 10;
			route.seconds += route.parts[part];
		}
		route.cpu = ROUTES[i].cpu / 10;
		profile_find_routes(&profile, &SETTINGS, &findings);
		if (strcmp(found(&findings), ROUTES[i].wanted) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", ROUTES[i].what, found(&findings), ROUTES[i].wanted);
		if (findings.count && (findings.rows[0].cost < ROUTES[i].gain - 1e-9 || findings.rows[0].cost > ROUTES[i].gain + 1e-9))
			fail_msg("%s: it gains %g s, not %g", ROUTES[i].what, findings.rows[0].cost, ROUTES[i].gain);
		route.requests = 19;
		findings = (struct findings){.ctx = &ctx};
		profile_find_routes(&profile, &SETTINGS, &findings);
		assert_int_equal(findings.count, 0);
	}
}

/* A mail takes as long as its relay; what else a job does is said as of a route. */
static void calls_of_jobs_are_meant(void **state)
{
	static const struct { const char *name; enum profile_part part; const char *wanted; } CASES[] = {
		{"job:mail.send", PART_OUTBOUND, ""}, {"job:mail.send", PART_POOL, "waits-for-connection"}, {"/api/v1/x", PART_OUTBOUND, "waits-for-others"}};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct profile_route route = {.requests = 100, .seconds = 9, .cpu = -1};
		struct profile profile = {.routes = &route, .route_count = 1};
		struct findings findings = {.ctx = &ctx};
		snprintf(route.route, sizeof route.route, "%s", CASES[i].name);
		route.parts[CASES[i].part] = 9;
		profile_find_routes(&profile, &SETTINGS, &findings);
		assert_string_equal(found(&findings), CASES[i].wanted);
	}
}

static void severity_is_the_class_s(void **state)
{
	/* Class read: p50 80 ms, p95 200 ms. 100 requests wait for others. */
	static const struct { double each_ms; enum severity wanted; } CASES[] = {{60, SEVERITY_NOTE}, {100, SEVERITY_WARN}, {300, SEVERITY_ALERT}};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct profile_route route = {.method = "GET", .route = "/api/v1/x", .target = target_of(CLASS_READ), .requests = 100};
		struct profile profile = {.routes = &route, .route_count = 1};
		struct findings findings = {.ctx = &ctx};
		route.seconds = route.parts[PART_OUTBOUND] = CASES[i].each_ms / 10;
		profile_find_routes(&profile, &SETTINGS, &findings);
		assert_int_equal(find(&findings, FINDING_OUTBOUND)->severity, CASES[i].wanted);
	}
}

/* --- statements --- */

static void statements_in_a_loop_and_slow_ones(void **state)
{
	static const struct { const char *what; uint64_t count; double seconds; int others; const char *wanted; double gain; const char *name; } CASES[] = {
		{"once a request", 100, .1, 0, "", 0, "retention_flow_get"},
		{"three times", 300, .3, 0, "", 0, "retention_flow_get"},
		{"200 times a request", 20000, 4, 0, "query-in-a-loop", 4 * (1 - 1 / 200.), "retention_flow_get"},
		{"six different ones", 100, .1, 5, "many-statements", .6 * 2 / 6, "retention_flow_get"},
		{"12 ms each", 100, 1.2, 0, "slow-statement", .2, "retention_flow_get"},
		{"12 ms, too seldom to say", 19, .228, 0, "", 0, "retention_flow_get"},
		/* What is no file of sql/ cannot be changed there. */
		{"20 transactions a request", 2000, 4, 0, "", 0, "commit"},
		{"12 ms until the log is on disk", 100, 1.2, 0, "slow-commit", .2, "commit"},
		{"12 ms of text", 100, 1.2, 0, "", 0, "text"},
		{"what a request does not tell apart", 2000, 40, 0, "", 0, CTX_OTHER}};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct profile_statement statements[6] = {{.method = "GET", .route = "/x", .count = CASES[i].count, .seconds = CASES[i].seconds}};
		struct profile_route route = {.method = "GET", .route = "/x", .target = target_of(CLASS_READ), .requests = 100, .budget = 5,
			.statements = (double)CASES[i].count + 100. * CASES[i].others};
		struct profile profile = {.routes = &route, .statements = statements, .route_count = 1, .statement_count = 1 + CASES[i].others};
		struct findings findings = {.ctx = &ctx};
		snprintf(statements->name, sizeof statements->name, "%s", CASES[i].name);
		for (int j = 1; j <= CASES[i].others; j++) {
			statements[j] = (struct profile_statement){.method = "GET", .route = "/x", .count = 100, .seconds = .1};
			snprintf(statements[j].name, sizeof statements[j].name, "retention_other_%d", j);
		}
		route.seconds = route.parts[PART_QUERY] = CASES[i].seconds + .1 * CASES[i].others;
		profile_arrange(&ctx, &profile);
		profile_find_routes(&profile, &SETTINGS, &findings);
		if (strcmp(found(&findings), CASES[i].wanted) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", CASES[i].what, found(&findings), CASES[i].wanted);
		if (findings.count && (findings.rows[0].cost < CASES[i].gain - 1e-9 || findings.rows[0].cost > CASES[i].gain + 1e-9))
			fail_msg("%s: it gains %g s, not %g", CASES[i].what, findings.rows[0].cost, CASES[i].gain);
	}
}

static void a_loop_names_its_file_and_route(void **state)
{
	struct profile_statement statement = {.name = "widget_flow_get", .method = "GET", .route = "/api/v1/widget/flow/:id", .count = 4000, .seconds = 2};
	struct profile_route route = {.method = "GET", .route = "/api/v1/widget/flow/:id", .target = target_of(CLASS_WIDGET), .requests = 100, .seconds = 2.5,
		.statements = 4000};
	struct profile profile = {.routes = &route, .statements = &statement, .route_count = 1, .statement_count = 1};
	struct findings findings = {.ctx = &ctx};
	(void)state;
	profile_arrange(&ctx, &profile);
	profile_find_routes(&profile, &SETTINGS, &findings);
	const struct finding *loop = find(&findings, FINDING_LOOP);
	const struct finding_words *words = &FINDING_WORDS[FINDING_LOOP];
	assert_string_equal(loop->statement, "widget_flow_get");
	assert_string_equal(loop->route, "GET /api/v1/widget/flow/:id");
	says(&ctx, loop, words->evidence, "widget_flow_get runs 40 times a request of GET /api/v1/widget/flow/:id, 0.50 ms each time.");
	says(&ctx, loop, words->change, "\"= any($n)\" in sql/widget/flow_get.sql");
	says(&ctx, loop, words->change, "grep -rn '\"/api/v1/widget/flow/:id\"' fcgi");
	says(&ctx, loop, words->gain, "1.9 s of the route's 2.5 s");
	statement = (struct profile_statement){.name = "webhook_endpoint_get", .route = "job:webhook.fan", .count = 4000, .seconds = 2};
	route = (struct profile_route){.route = "job:webhook.fan", .requests = 100, .seconds = 2.5, .statements = 4000};
	profile.routes = &route;
	profile_arrange(&ctx, &profile);
	findings = (struct findings){.ctx = &ctx};
	profile_find_routes(&profile, &SETTINGS, &findings);
	says(&ctx, find(&findings, FINDING_LOOP), words->change, "grep -rn '\"webhook.fan\"' lib");
}

static void slow_runs_of_all_routes_are_summed(void **state)
{
	/* 15 ms each, 30 times here and 10 times there: 0.6 s, of which 0.4 s are the target. */
	struct profile_statement statements[] = {{.name = "a_b", .method = "GET", .route = "/y", .count = 10, .seconds = .15},
		{.name = "a_c", .method = "GET", .route = "/y", .count = 500, .seconds = .5},
		{.name = "a_b", .method = "GET", .route = "/x", .count = 30, .seconds = .45}};
	struct profile_route routes[] = {{.method = "GET", .route = "/x", .seconds = 2}, {.method = "GET", .route = "/y", .seconds = 1}};
	struct profile profile = {.routes = routes, .route_count = 2, .statements = statements, .statement_count = 3};
	struct findings findings = {.ctx = &ctx};
	(void)state;
	profile_arrange(&ctx, &profile);
	/* The dearest statement is that of the largest sum, though the largest row is another's. */
	assert_int_equal(profile.sum_count, 2);
	assert_string_equal(profile.sums[0].name, "a_b");
	assert_string_equal(profile.sums[0].route, "/x");
	assert_string_equal(profile.statements[0].name, "a_c");
	const struct profile_route *y = profile_route_find(&profile, "GET /y");
	assert_string_equal(y->dearest->name, "a_c");
	assert_string_equal(y->dearest->next->name, "a_b");
	assert_int_equal(y->dearest->next->count, 10);
	assert_null(y->dearest->next->next);
	profile_find_routes(&profile, &SETTINGS, &findings);
	assert_int_equal(findings.count, 1);
	assert_true(findings.rows[0].cost > .2 - 1e-9 && findings.rows[0].cost < .2 + 1e-9);
	says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_SLOW_STATEMENT].evidence, "a_b takes 15 ms on average, 40 times, most of it for GET /x");
	/* Who looks at /y only sees it, too. */
	assert_true(finding_concerns(&profile, &findings.rows[0], "GET /y"));
	assert_true(finding_concerns(&profile, &findings.rows[0], NULL));
	assert_false(finding_concerns(&profile, &findings.rows[0], "GET /z"));
}

/* --- the cache --- */

static void hit_rates_against_their_targets(void **state)
{
	static const struct { const char *what; struct profile_space space; bool servers; int64_t entries; const char *wanted; } CASES[] = {
		{"sessions at 96 %", {"who", 900, 60, 40}, true, 16384, ""},
		{"sessions at 94 %", {"who", 900, 40, 60}, true, 16384, "hit-rate"},
		{"figures have 80 %", {"figures", 500, 300, 200}, true, 16384, ""},
		{"an unknown space has 85 %", {"new", 500, 340, 160}, true, 16384, "hit-rate"},
		{"too few to say", {"who", 0, 0, 99}, true, 16384, ""},
		{"no hit at all, all switched off", {"figures", 0, 0, 20}, false, 0, "cache-off"},
		{"all switched off, requests at once share a load", {"figures", 300, 0, 300}, false, 0, "cache-off"},
		{"some hits without memcached", {"figures", 300, 0, 300}, false, 16384, "hit-rate"},
		{"switched off, and too few to say", {"figures", 0, 0, 19}, false, 0, ""},
		{"no hit at all, without memcached", {"figures", 0, 0, 1000}, false, 16384, "cache-off"},
		{"no hit at all, though it is on", {"figures", 0, 0, 1000}, true, 16384, "hit-rate"}};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct profile_space space = CASES[i].space;
		struct profile profile = {.spaces = &space, .space_count = 1, .select_seconds = .002};
		struct profile_settings settings = SETTINGS;
		struct findings findings = {.ctx = &ctx};
		settings.cache_servers = CASES[i].servers;
		settings.local_entries = CASES[i].entries;
		profile_find_cache(&profile, &settings, &findings);
		if (strcmp(found(&findings), CASES[i].wanted) != 0)
			fail_msg("%s: \"%s\"", CASES[i].what, found(&findings));
	}
	struct profile_space space = {"figures", 0, 0, 1000};
	struct profile profile = {.spaces = &space, .space_count = 1, .select_seconds = .002};
	struct profile_settings off = {.local_life_ms = 1};
	struct findings findings = {.ctx = &ctx};
	profile_find_cache(&profile, &off, &findings);
	says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_CACHE_OFF].evidence, "0 % of 1000 look-ups in \"figures\" were hits; the target is 80 %");
	says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_CACHE_OFF].evidence, "cache.servers is empty, cache.local_entries is 0");
	says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_CACHE_OFF].gain, "1.6 s: 800 loads fewer"); /* 80 % of 1,000, 2 ms each */
}

static void evictions_against_their_alert(void **state)
{
	/* Below 10 a minute is well, past 100 an alert. */
	static const struct { uint64_t evictions, uptime; int count; enum severity severity; } CASES[] = {
		{0, 3600, 0, 0}, {600, 3600, 0, 0}, {601, 3600, 1, SEVERITY_WARN}, {6001, 3600, 1, SEVERITY_ALERT}, {5, 0, 0, 0}};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct cache_server server = {.name = "10.0.0.5:11211", .evictions = CASES[i].evictions, .uptime_s = CASES[i].uptime, .limit_bytes = 64 << 20};
		struct findings findings = {.ctx = &ctx};
		profile_find_evictions(&server, 1, &findings);
		assert_int_equal(findings.count, CASES[i].count);
		if (!findings.count)
			continue;
		assert_int_equal(findings.rows[0].severity, CASES[i].severity);
		says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_EVICTIONS].change, "memcached -m 128 ");
	}
}

/* --- pools, threads, queues --- */

static void pools_threads_and_queues(void **state)
{
	static const struct { const char *what; struct profile_program program; const char *wanted; double connects; } CASES[] = {
		{"all is well", {.name = "widget", .size = 10, .used = 6, .waits = 1000, .under_target = .96, .under_alert = 1, .in_flight = 20}, ""},
		{"p95 above 10 ms", {.name = "widget", .size = 10, .used = 6, .waits = 1000, .under_target = .94, .under_alert = 1}, "pool-wait"},
		{"those who waited had a connection opened", {.name = "widget", .size = 10, .used = 6, .waits = 24, .under_target = 0, .under_alert = 0}, "", 24},
		{"more than that", {.name = "widget", .size = 10, .used = 6, .waits = 1000, .under_target = .9, .under_alert = .99}, "pool-wait", 24},
		{"too few waits", {.name = "widget", .size = 10, .used = 6, .waits = 19, .under_target = 0, .under_alert = 0}, ""},
		{"7 of 10 in use", {.name = "widget", .size = 10, .used = 7, .under_target = 1, .under_alert = 1}, "pool-use"},
		{"the worker has as many as it needs", {.name = "worker", .size = 2, .used = 2, .under_target = 1, .under_alert = 1}, ""},
		{"a queue before busy threads", {.name = "widget", .in_flight = 16, .queued = 3, .under_target = 1, .under_alert = 1}, "threads"},
		{"a queue that is just being taken", {.name = "widget", .in_flight = 3, .queued = 1, .under_target = 1, .under_alert = 1}, ""},
		{"a queue before one of three busy processes", {.name = "widget", .size = 24, .in_flight = 20, .queued = 3, .under_target = 1, .under_alert = 1}, ""},
		{"switched off", {.name = "widget", .switched_off = 1, .under_target = 1, .under_alert = 1}, "shed"},
		{"sent away", {.name = "widget", .shed = 1, .under_target = 1, .under_alert = 1}, "shed"}};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct profile_program program = CASES[i].program;
		struct profile profile = {.programs = &program, .program_count = 1, .connects = CASES[i].connects};
		struct findings findings = {.ctx = &ctx};
		profile_find_programs(&profile, &SETTINGS, &findings);
		if (strcmp(found(&findings), CASES[i].wanted) != 0)
			fail_msg("%s: \"%s\"", CASES[i].what, found(&findings));
	}
	/* Document 001: high < 10, alert > 50; low < 500. */
	struct operate_queue queues[JOB_QUEUES] = {[JOB_HIGH] = {.due = 51, .oldest_s = 12}, [JOB_DEFAULT] = {.due = 99}, [JOB_LOW] = {.due = 500}};
	struct findings findings = {.ctx = &ctx};
	profile_find_queues(queues, &SETTINGS, &findings);
	assert_int_equal(findings.count, 2);
	assert_int_equal(findings.rows[0].severity, SEVERITY_ALERT);
	says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_QUEUE].evidence, "high: 51 jobs are due; below 10 is well, past 50 is an alert");
	says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_QUEUE].change, "worker.max = 32 (now 16)");
	assert_int_equal(findings.rows[1].severity, SEVERITY_WARN);
}

/* Three processes with 8 connections each: the setting is of one. */
static void pools_are_suggested_by_process(void **state)
{
	struct profile_program program = {.name = "widget", .size = 24, .used = 24, .waits = 1000, .under_target = 0, .under_alert = 0, .shed = 3, .switched_off = 2};
	struct profile profile = {.programs = &program, .program_count = 1};
	struct profile_settings one_thread = SETTINGS;
	struct findings findings = {.ctx = &ctx};
	(void)state;
	profile_find_programs(&profile, &SETTINGS, &findings);
	assert_string_equal(found(&findings), "pool-wait pool-use shed");
	says(&ctx, &findings.rows[0], FINDING_WORDS[FINDING_POOL_WAIT].change, "db.pool_size = 12 (now 8)");
	says(&ctx, &findings.rows[1], FINDING_WORDS[FINDING_POOL_USE].evidence, "uses 24 of 24 connections (100 %)");
	says(&ctx, &findings.rows[1], FINDING_WORDS[FINDING_POOL_USE].change, "db.pool_size = 13 (now 8)"); /* 8 / 70 % = 11.4 */
	says(&ctx, &findings.rows[2], FINDING_WORDS[FINDING_SHED].evidence, "widget answered 5 requests with 503: 3, because it had more than it could do in time; "
		"2, because their part was switched off");
	/* Under mod_fcgid a process has one thread and one connection. */
	one_thread.threads = 1;
	program.shed = program.switched_off = 0;
	findings = (struct findings){.ctx = &ctx};
	profile_find_programs(&profile, &one_thread, &findings);
	assert_int_equal(findings.count, 0);
}

/* --- PostgreSQL --- */

static void indexes_unused_twice_and_lost(void **state)
{
	static const struct profile_index INDEXES[] = {
		{"a", "a_pkey", "", "org_id 1 0, id 1 0", "", true, true, true, 0, 8 << 20},
		{"a", "a_used", "", "org_id 1 0, b 1 0", "", false, false, true, 5, 8 << 20},
		{"a", "a_unused", "", "org_id 1 0, c 1 0", "", false, false, true, 0, 8 << 20},
		{"a", "a_small", "", "org_id 1 0, d 1 0", "", false, false, true, 0, 1000},
		{"a", "a_used_again", "", "org_id 1 0, b 1 0", "", false, false, true, 5, 8192},
		{"a", "a_part", "", "org_id 1 0, b 1 0", "(b > 1)", false, false, true, 5, 8192},
		{"a", "a_head", "", "org_id 1 0", "", false, false, true, 5, 8192},
		{"a", "a_broken", "", "e 1 0", "", false, false, false, 5, 8192}};
	static const struct profile_made_index MADE[] = {{"a_used", "a", "org_id, b", "0001_a", "create index concurrently a_used on a (org_id, b);"},
		{"a_gone", "a", "org_id, z", "0002_z", "create index concurrently a_gone on a (org_id, z);"}, {"b_gone", "b", "x", "0003_b", ""}, {"a_head", "a", "org_id", "0001_a", ""}};
	struct profile_table tables[] = {{.name = "a"}};
	struct profile_facts facts = {.indexes = (struct profile_index *)INDEXES, .index_count = 8, .made = (struct profile_made_index *)MADE, .made_count = 4,
		.tables = tables, .table_count = 1, .server = {.age = 8 * 86400.}};
	struct profile_settings settings = SETTINGS;
	struct findings findings = {.ctx = &ctx};
	(void)state;
	profile_find_indexes(&facts, &settings, &findings);
	assert_string_equal(found(&findings), "unused-index duplicate-index duplicate-index invalid-index lost-index");
	says(&ctx, find(&findings, FINDING_UNUSED_INDEX), FINDING_WORDS[FINDING_UNUSED_INDEX].evidence, "a_unused on a (8MB) was not read once in 8 days");
	says(&ctx, find(&findings, FINDING_UNUSED_INDEX), FINDING_WORDS[FINDING_UNUSED_INDEX].change, "needs it: drop index concurrently a_unused;");
	says(&ctx, &findings.rows[1], FINDING_WORDS[FINDING_DUPLICATE_INDEX].evidence, "a_used_again on a");
	says(&ctx, &findings.rows[2], FINDING_WORDS[FINDING_DUPLICATE_INDEX].evidence, "a_head on a");
	/* Dropped by hand, it would be told as lost. */
	says(&ctx, &findings.rows[2], FINDING_WORDS[FINDING_DUPLICATE_INDEX].change, "in a new file of sql/schema: drop index a_head;");
	says(&ctx, find(&findings, FINDING_LOST_INDEX), FINDING_WORDS[FINDING_LOST_INDEX].evidence, "a_gone on a (org_id, z) is made by sql/schema/0002_z.sql");
	says(&ctx, find(&findings, FINDING_LOST_INDEX), FINDING_WORDS[FINDING_LOST_INDEX].change, "create index concurrently a_gone on a (org_id, z);");
	settings.replicas = true;
	facts.indexes += 2;
	facts.index_count = 1;
	facts.made_count = 0;
	findings = (struct findings){.ctx = &ctx};
	profile_find_indexes(&facts, &settings, &findings);
	says(&ctx, find(&findings, FINDING_UNUSED_INDEX), FINDING_WORDS[FINDING_UNUSED_INDEX].change, "nor a replica");
	facts.server.age = 6 * 86400.;
	findings = (struct findings){.ctx = &ctx};
	profile_find_indexes(&facts, &settings, &findings);
	assert_int_equal(findings.count, 0);
}

static void tables_dead_bloated_and_unknown(void **state)
{
	static const struct { const char *what; struct profile_table table; const char *wanted; } CASES[] = {
		{"well", {"t", 100000, 20000, 1000, 10 << 20, 9 << 20, 100000, .2}, ""},
		{"dead", {"t", 100000, 40001, 1000, 10 << 20, 9 << 20, 100000, .2}, "dead-rows"},
		{"autovacuum is told to come early, so 20,000 are many", {"t", 100000, 20000, 1000, 10 << 20, 9 << 20, 100000, .05}, "dead-rows"},
		{"bloated", {"t", 100000, 0, 0, 30 << 20, 9 << 20, 100000, .2}, "bloat"},
		{"small, whatever its bloat", {"t", 1000, 0, 0, 5 << 20, 1 << 20, 1000, .2}, ""},
		{"of unknown width", {"t", 1000, 0, 0, 50 << 20, 0, 1000, .2}, ""},
		{"never analysed", {"t", 100000, 0, 100000, 10 << 20, 0, -1, .2}, "stale-statistics"},
		{"analysed when it was small", {"t", 100000, 0, 1000, 10 << 20, 9 << 20, 9000, .2}, "stale-statistics"},
		{"few rows", {"t", 900, 0, 900, 100000, 0, -1, .2}, ""}};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct findings findings = {.ctx = &ctx};
		profile_find_tables(&CASES[i].table, 1, &findings);
		if (strcmp(found(&findings), CASES[i].wanted) != 0)
			fail_msg("%s: \"%s\"", CASES[i].what, found(&findings));
	}
}

#define GB (INT64_C(1) << 30)
#define MB (INT64_C(1) << 20)

static void the_server_s_settings(void **state)
{
	static const struct profile_server WELL = {.shared_buffers = 2 * GB, .effective_cache_size = 4 * GB, .work_mem = 4 * MB, .database = 3 * GB,
		.random_page_cost = 1.1, .max_connections = 200, .reserved = 3, .hits = 999000, .reads = 1000, .here = true, .memory = 8 * GB};
	static const struct { const char *what; int64_t buffers, cache, database, reads; double cost; int connections; bool here, spinning; const char *wanted; } CASES[] = {
		{"well", 2 * GB, 4 * GB, 3 * GB, 1000, 1.1, 200, true, false, ""},
		{"small buffers, many reads", 128 * MB, 4 * GB, 3 * GB, 100000, 1.1, 200, true, false, "shared-buffers"},
		{"small buffers that do", 128 * MB, 4 * GB, 3 * GB, 1000, 1.1, 200, true, false, ""},
		{"small cache", 2 * GB, 1 * GB, 3 * GB, 1000, 1.1, 200, true, false, "effective-cache-size"},
		{"a disk that does not turn", 2 * GB, 4 * GB, 3 * GB, 1000, 4, 200, true, false, "random-page-cost"},
		{"a disk that turns", 2 * GB, 4 * GB, 3 * GB, 1000, 4, 200, true, true, ""},
		{"all in memory", 2 * GB, 1 * GB, 1 * GB, 1000, 4, 200, true, false, ""},
		{"somewhere else", 128 * MB, 1 * GB, 3 * GB, 100000, 4, 200, false, false, ""},
		/* 48 of responders and 16 x (4 + 2) of workers are 144. */
		{"144 of 177 connections are past 80 %", 2 * GB, 4 * GB, 3 * GB, 1000, 1.1, 180, true, false, "connections"},
		{"144 of 181 are not", 2 * GB, 4 * GB, 3 * GB, 1000, 1.1, 184, true, false, ""}};
	struct profile_program programs[] = {{.name = "widget", .size = 48}, {.name = "worker", .size = 12}};
	struct profile profile = {.programs = programs, .program_count = 2};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct profile_server server = WELL;
		struct findings findings = {.ctx = &ctx};
		server.shared_buffers = CASES[i].buffers;
		server.effective_cache_size = CASES[i].cache;
		server.database = CASES[i].database;
		server.reads = CASES[i].reads;
		server.random_page_cost = CASES[i].cost;
		server.max_connections = CASES[i].connections;
		server.here = CASES[i].here;
		server.spinning = CASES[i].spinning;
		profile_find_server(&server, &profile, &SETTINGS, &findings);
		if (strcmp(found(&findings), CASES[i].wanted) != 0)
			fail_msg("%s: \"%s\"", CASES[i].what, found(&findings));
	}
}

/* --- plans --- */

static const char *const COLUMNS[] = {"org_id", "id", "live", "customer_ref", "started_at", "note"};

static void plans_tell_of_indexes(void **state)
{
	static const struct profile_made_index MADE[] = {{"s_customer", "s", "org_id, live, customer_ref, started_at desc", "0003_s",
		"create index concurrently s_customer on s (org_id, live, customer_ref, started_at desc);"}};
	static const struct { const char *what, *plan; bool lost; const char *wanted, *change; } CASES[] = {
		{"a table is read for few rows, an index of ours is lost", "{'Node Type': 'Seq Scan', 'Relation Name': 's', 'Plan Rows': 10, 'Filter': "
			"'((live = $2) AND (org_id = $1) AND (customer_ref = $3))'}", true, "missing-index",
			"Make again what sql/schema/0003_s.sql makes and the database has not: create index concurrently s_customer on s (org_id, live, customer_ref"},
		{"the same, deep in it, by another column", "{'Node Type': 'Limit', 'Plans': [{'Node Type': 'Seq Scan', 'Relation Name': 's', 'Plan Rows': 10, 'Filter': "
			"'((started_at > $3) AND (org_id = $1) AND ((note)::text = $2))'}]}", false, "missing-index",
			"In a new file of sql/schema: create index s_note_started_at on s (org_id, note, started_at);"},
		{"most rows are wanted", "{'Node Type': 'Seq Scan', 'Relation Name': 's', 'Plan Rows': 90000, 'Filter': '(org_id = $1)'}", false, "", NULL},
		{"a small table", "{'Node Type': 'Seq Scan', 'Relation Name': 'tiny', 'Plan Rows': 1, 'Filter': '(org_id = $1)'}", false, "", NULL},
		{"by its index", "{'Node Type': 'Index Scan', 'Relation Name': 's', 'Plan Rows': 10, 'Index Cond': '((org_id = $1) AND (customer_ref = $3))'}", false, "",
			NULL},
		{"by the wrong index, since the right one is lost", "{'Node Type': 'Index Scan', 'Relation Name': 's', 'Plan Rows': 10, 'Index Cond': "
			"'(org_id = $1)', 'Filter': '((customer_ref = $3) AND live)'}", true, "missing-index", "sql/schema/0003_s.sql"},
		{"by the primary key, with a filter that an index of ours would not serve", "{'Node Type': 'Index Scan', 'Relation Name': 's', 'Plan Rows': 1, 'Index Cond': "
			"'((org_id = d.org_id) AND (live = d.live) AND (id = d.id))', 'Filter': '((note IS NULL) OR (note = $5))'}", true, "", NULL},
		{"a filter that a parameter switches off", "{'Node Type': 'Seq Scan', 'Relation Name': 's', 'Plan Rows': 1, 'Filter': "
			"'(($5 IS NULL) OR (note = $5))'}", false, "", NULL},
		{"by an index with a filter, and none is lost", "{'Node Type': 'Index Scan', 'Relation Name': 's', 'Plan Rows': 10, 'Index Cond': "
			"'(org_id = $1)', 'Filter': '((customer_ref = $3) AND live)'}", false, "", NULL},
		{"a sort of 12 MB in 4", "{'Node Type': 'Sort', 'Plan Rows': 100000, 'Plan Width': 100}", false, "sort-spills", "set work_mem = '18MB'"},
		{"a sort of 1 MB", "{'Node Type': 'Sort', 'Plan Rows': 10000, 'Plan Width': 80}", false, "", NULL},
		{"a sort of 12 MB, of which a limit keeps some rows", "{'Node Type': 'Limit', 'Plans': [{'Node Type': 'Gather Merge', 'Plans': [{'Node Type': 'Sort', "
			"'Plan Rows': 100000, 'Plan Width': 100}]}]}", false, "", NULL},
		{"a sort below a join below a limit", "{'Node Type': 'Limit', 'Plans': [{'Node Type': 'Merge Join', 'Plans': [{'Node Type': 'Sort', "
			"'Plan Rows': 100000, 'Plan Width': 100}]}]}", false, "sort-spills", NULL},
		{"two sorts, of which the larger one is told", "{'Node Type': 'Merge Join', 'Plans': [{'Node Type': 'Sort', 'Plan Rows': 100000, 'Plan Width': 100}, "
			"{'Node Type': 'Sort', 'Plan Rows': 200000, 'Plan Width': 100}]}", false, "sort-spills", "set work_mem = '36MB'"},
		{"a hash table of 7 MB may take 8", "{'Node Type': 'Hash', 'Plan Rows': 60000, 'Plan Width': 100}", false, "", NULL},
		{"one of 12 MB", "{'Node Type': 'Hash', 'Plan Rows': 100000, 'Plan Width': 100}", false, "sort-spills", "set work_mem = '9MB'"},
		{"a table is read though its index is there", "{'Node Type': 'Seq Scan', 'Relation Name': 's', 'Plan Rows': 10, 'Filter': "
			"'((live = $2) AND (org_id = $1) AND (customer_ref = $3))'}", false, "", NULL},
		{"a scan for each row", "{'Node Type': 'Nested Loop', 'Plans': [{'Node Type': 'CTE Scan', 'Plan Rows': 20000}, {'Node Type': 'Seq Scan', "
			"'Relation Name': 's', 'Plan Rows': 5}]}", false, "nested-loop", "analyze s"}};
	struct profile_columns columns[] = {{"s", 100000, COLUMNS, 6}, {"tiny", 100, COLUMNS, 6}};
	struct profile_index there = {.table = "s", .name = "s_customer", .keys = "org_id 1 0, live 1 0, customer_ref 1 0, started_at 1 3", .predicate = "",
		.valid = true};
	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		char *text = arena_strdup(&ctx.arena, CASES[i].plan);
		for (char *at = text; *at; at++)
			*at = *at == '\'' ? '"' : *at;
		struct profile_plan plan = {.statement = {"a_b", "GET", "/x", 100, 2}, .plan = json_own(&ctx, json_tokener_parse(text))};
		struct profile_facts facts = {.server = {.work_mem = 4 * MB, .hash_mem_multiplier = 2}, .columns = columns, .table_count = 2, .made = (struct profile_made_index *)MADE,
			.made_count = 1, .indexes = &there, .index_count = CASES[i].lost ? 0 : 1};
		struct findings findings = {.ctx = &ctx};
		assert_non_null(plan.plan);
		profile_find_plan(&plan, &facts, &findings);
		if (strcmp(found(&findings), CASES[i].wanted) != 0)
			fail_msg("%s: \"%s\"", CASES[i].what, found(&findings));
		if (CASES[i].change)
			says(&ctx, &findings.rows[0], FINDING_WORDS[findings.rows[0].kind].change, CASES[i].change);
		plan.statement.seconds = .09; /* 0.9 ms each */
		findings = (struct findings){.ctx = &ctx};
		profile_find_plan(&plan, &facts, &findings);
		assert_int_equal(findings.count, 0);
	}
}

/* --- words, order, figures --- */

static void words_name_numbers(void **state)
{
	struct json_object *numbers = json_tokener_parse("{\"meanMs\": 12.345, \"longMs\": 2500, \"gainSeconds\": 0.25, \"routeSeconds\": 12.5, \"share\": 0.125,"
		" \"bytes\": 1610612736, \"count\": 12, \"table\": \"a<b\", \"none\": null}");
	struct findings findings = {.ctx = &ctx};
	struct finding *finding = finding_add(&findings, FINDING_BLOAT, SEVERITY_WARN, 0, numbers);
	(void)state;
	assert_string_equal(finding->table, "a<b");
	assert_string_equal(finding_text(&ctx, finding, "{{{meanMs}}} {{{longMs}}} {{{gainSeconds}}} {{{routeSeconds}}} {{{share}}} {{{bytes}}} {{{count}}} {{{table}}}"
		"{{^none}} none{{/none}}", NULL, NULL), "12.3 ms 2.5 s 250 ms 12.5 s 12.5 % 1536MB 12 a<b none");
	for (enum finding_kind kind = 0; kind < FINDING_KINDS; kind++)
		if (!FINDING_WORDS[kind].code || !FINDING_WORDS[kind].title || !FINDING_WORDS[kind].evidence || !FINDING_WORDS[kind].change || !FINDING_WORDS[kind].gain)
			fail_msg("finding %d has no words", kind);
}

static void the_dearest_comes_first(void **state)
{
	struct findings findings = {.ctx = &ctx};
	(void)state;
	finding_add(&findings, FINDING_BLOAT, SEVERITY_NOTE, 50, json_object_new_object());
	finding_add(&findings, FINDING_STALE, SEVERITY_WARN, 1, json_object_new_object());
	finding_add(&findings, FINDING_LOOP, SEVERITY_WARN, 9, json_object_new_object());
	finding_add(&findings, FINDING_WAITS, SEVERITY_ALERT, 3, json_object_new_object());
	findings_sort(&findings);
	assert_string_equal(found(&findings), "query-in-a-loop handler-waits stale-statistics bloat");
}

#define MANY 200

static void figures_come_from_the_metrics(void **state)
{
	char message[256], path[] = "/tmp/stoa-profile.XXXXXX";
	int file = mkstemp(path);
	(void)state;
	assert_true(file >= 0);
	close(file);
	unlink(path);
	conf_add(METRIC_CONF);
	setting("STOA_METRICS_FILE", path);
	assert_true(metric_open(message));
	struct histogram *duration = metric_histogram("stoa_http_request_duration_seconds", "method=\"GET\",route=\"/x\",class=\"read\"", "h");
	struct summary *query = metric_summary("stoa_http_request_part_seconds", "method=\"GET\",route=\"/x\",part=\"query\"", "h");
	struct summary *cpu = metric_summary("stoa_http_request_part_seconds", "method=\"GET\",route=\"/x\",part=\"cpu\"", "h");
	struct summary *statement = metric_summary("stoa_statement_seconds", "statement=\"a_b\",method=\"GET\",route=\"/x\"", "h");
	struct counter *local = metric_counter("stoa_cache_lookups_total", "space=\"who\",result=\"local\"", "h");
	struct counter *missed = metric_counter("stoa_cache_lookups_total", "space=\"who\",result=\"miss\"", "h");
	struct histogram *wait = metric_histogram("stoa_pool_wait_seconds", "program=\"widget\"", "h");
	struct counter *late = metric_counter("stoa_shed_total", "program=\"widget\",class=\"read\",reason=\"late\"", "h");
	struct counter *off = metric_counter("stoa_shed_total", "program=\"widget\",class=\"analytics\",reason=\"brownout\"", "h");
	struct counter *opened = metric_counter("stoa_db_connects_total", "result=\"connected\"", "h");
	struct counter *refused = metric_counter("stoa_db_connects_total", "result=\"failed\"", "h");
	struct gauge *size = metric_gauge("stoa_pool_connections", "program=\"widget\",state=\"size\"", "h");
	histogram_observe(duration, 4000);
	summary_add(query, 3000);
	summary_add(cpu, 9000);
	gauge_set(size, 8);
	counter_add(opened, 5);
	const struct profile_reading *before = profile_read(&ctx);
	for (int i = 0; i < 4; i++) {
		histogram_observe(duration, 10000);
		summary_add(query, 8000);
		if (i < 2) /* half of them are looked at */
			summary_add(cpu, 1000);
		summary_add_many(statement, 2, 8000);
		histogram_observe(wait, i < 3 ? 1000 : 100000);
	}
	counter_add(local, 3);
	counter_add(missed, 1);
	counter_add(late, 2);
	counter_add(off, 3);
	counter_add(opened, 4);
	counter_add(refused, 1);
	const struct profile *profile = profile_make(&ctx, before, profile_read(&ctx), 10);
	const struct profile_route *route = profile_route_find(profile, "GET /x");
	assert_non_null(route);
	assert_null(profile_route_find(profile, "POST /x"));
	assert_int_equal(route->requests, 4);
	assert_string_equal(route->target->text, "read");
	assert_true(route->seconds > .0399 && route->seconds < .0401);
	assert_true(route->parts[PART_QUERY] > .0319 && route->parts[PART_QUERY] < .0321);
	assert_true(route->cpu > .0039 && route->cpu < .0041);
	assert_true(route->statements > 7.9 && route->statements < 8.1);
	assert_int_equal(profile->statement_count, 1);
	assert_int_equal(profile->statements[0].count, 8);
	assert_int_equal(profile->spaces[0].local, 3);
	assert_int_equal(profile->spaces[0].missed, 1);
	assert_int_equal(profile->programs[0].size, 8);
	assert_int_equal(profile->programs[0].waits, 4);
	assert_int_equal(profile->programs[0].shed, 2);
	assert_int_equal(profile->programs[0].switched_off, 3);
	assert_int_equal((int)profile->connects, 4);
	assert_string_equal(route->dearest->name, "a_b");
	assert_int_equal(profile->sums[0].count, 8);
	assert_true(profile->programs[0].under_alert > .74 && profile->programs[0].under_alert < .76);
	profile = profile_make(&ctx, NULL, profile_read(&ctx), 0);
	assert_int_equal(profile_route_find(profile, "GET /x")->requests, 5);
	/* Many of them stay apart. */
	for (int i = 0; i < MANY; i++) {
		histogram_observe(metric_histogram("stoa_http_request_duration_seconds",
			arena_printf(&ctx.arena, "method=\"GET\",route=\"/many/%d\",class=\"read\"", i), "h"), 1000);
		summary_add_many(metric_summary("stoa_statement_seconds", arena_printf(&ctx.arena, "statement=\"many_%d\",method=\"GET\",route=\"/many/%d\"", i / 2, i),
			"h"), 1, 1000 + i);
	}
	profile = profile_make(&ctx, NULL, profile_read(&ctx), 0);
	assert_int_equal(profile->route_count, MANY + 1);
	assert_int_equal(profile->sum_count, MANY / 2 + 1);
	for (int i = 0; i < MANY; i++) {
		route = profile_route_find(profile, arena_printf(&ctx.arena, "GET /many/%d", i));
		assert_int_equal(route->requests, 1);
		assert_string_equal(route->dearest->name, arena_printf(&ctx.arena, "many_%d", i / 2));
		assert_null(route->dearest->next);
	}
	metric_close();
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(routes_tell_where_time_goes, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(calls_of_jobs_are_meant, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(severity_is_the_class_s, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(statements_in_a_loop_and_slow_ones, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(a_loop_names_its_file_and_route, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(slow_runs_of_all_routes_are_summed, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(hit_rates_against_their_targets, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(evictions_against_their_alert, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(pools_threads_and_queues, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(pools_are_suggested_by_process, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(indexes_unused_twice_and_lost, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(tables_dead_bloated_and_unknown, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(the_server_s_settings, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(plans_tell_of_indexes, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(words_name_numbers, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(the_dearest_comes_first, open_ctx, close_ctx),
		cmocka_unit_test_setup_teardown(figures_come_from_the_metrics, open_ctx, close_ctx)};
	log_open("profile_test", "/dev/null", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
