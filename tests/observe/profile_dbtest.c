/* Profile against a real PostgreSQL: a fresh database has nothing to find, and what is dropped, left behind, swollen or slow is named. */
#include "config.h"

#include "tests/observe/findings.h"

#include "base/log.h"
#include "sql.h"
#include "web/web.h"

static struct ctx ctx;
static struct pool *pool;

static int open_house(void **state)
{
	(void)state;
	serve_conf();
	setting("STOA_WEB_LOG_LEVEL", "error");
	log_open("profile_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&ctx);
	pool = pool_open(1);
	schema_make(&ctx, pool);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	ctx_free(&ctx);
	pool_close(pool);
	return 0;
}

/* What is found with these statements on record. */
static struct profile_report report_of(struct profile_statement *statements, int count)
{
	struct profile profile = {.statements = statements, .statement_count = count};
	struct profile *kept = arena_alloc(&ctx.arena, sizeof profile);
	struct profile_report report;
	*kept = profile;
	profile_arrange(&ctx, kept);
	profile_report(&ctx, pool, kept, &(struct profile_wish){.plans = 10}, &report);
	assert_null(report.database_fault);
	return report;
}

static const char *kinds_of(struct profile_statement *statements, int count)
{
	const struct profile_report report = report_of(statements, count);
	return found(&report.findings);
}

static void a_fresh_database_has_nothing(void **state)
{
	(void)state;
	assert_string_equal(kinds_of(NULL, 0), "");
}

static void every_statement_can_be_explained(void **state)
{
	int all = 0, none = 0;
	struct profile_statement *statements = arena_array(&ctx.arena, (size_t)SQL_COUNT, sizeof *statements);
	struct profile profile = {.statements = statements};
	struct profile_report report = {0};
	struct lease lease;
	(void)state;
	for (const struct statement *const *at = SQL_ALL; *at; at++) {
		struct profile_statement *statement = &statements[all++];
		snprintf(statement->name, sizeof statement->name, "%s", (*at)->name);
		statement->count = 1;
	}
	profile.statement_count = all;
	profile_arrange(&ctx, &profile);
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	profile_explain(&lease, &profile, &(struct profile_wish){.plans = all}, &report);
	lease_return(&lease);
	assert_int_equal(report.plan_count, all);
	for (int i = 0; i < all; i++)
		if (!report.plans[i].plan) {
			print_error("%s: %s (%s)\n", report.plans[i].statement.name, report.plans[i].why, report.plans[i].reason);
			none++;
		}
	assert_int_equal(none, 0);
	assert_non_null(strstr(profile_plan_text(&ctx, report.plans[0].plan), "(rows "));
	/* Nothing is left behind: neither a statement, nor a transaction, nor what one would have written. */
	assert_string_equal(ask(&ctx, pool, "select count(*) from pg_prepared_statements where name = 'stoa_profile'"), "0");
	assert_string_equal(ask(&ctx, pool, "select count(*) from pg_stat_activity where state like 'idle in transaction%'"), "0");
}

/* The plan of one statement, under a deadline (0: none). */
static struct profile_plan plan_of(const char *statement, int64_t deadline_us)
{
	struct profile profile = {0};
	struct profile_report report = {0};
	struct lease lease;
	ctx.deadline_us = 0;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	ctx.deadline_us = deadline_us ? clock_mono_us() + deadline_us : 0;
	profile_explain(&lease, &profile, &(struct profile_wish){.statement = statement}, &report);
	ctx.deadline_us = 0;
	assert_int_equal(ctx.fault.err, OK);
	lease_return(&lease);
	assert_int_equal(report.plan_count, 1);
	return report.plans[0];
}

static void a_statement_of_no_name_has_no_plan(void **state)
{
	(void)state;
	assert_null(plan_of("drop_table", 0).plan);
	assert_string_equal(plan_of("drop_table", 0).why, "No statement of this program has that name");
}

/* Whatever moment the deadline comes at, the next one on the connection is explained. */
static void what_came_too_late_leaves_nothing_behind(void **state)
{
	int late = 0;
	(void)state;
	for (int64_t us = 200; us < 20000; us += us / 5) {
		struct profile_plan plan = plan_of("retention_customer_state", us);
		late += !plan.plan;
		if (!plan.plan)
			assert_string_equal(plan.why, "PostgreSQL did not explain it in time");
		assert_null(plan.reason);
		if (!plan_of("retention_customer_state", 0).plan)
			fail_msg("after %d us nothing is explained any more", (int)us);
	}
	assert_true(late > 0);
	assert_string_equal(ask(&ctx, pool, "select count(*) from pg_prepared_statements where name = 'stoa_profile'"), "0");
}

/* What PostgreSQL says is passed on. */
static void a_refusal_has_its_reason(void **state)
{
	(void)state;
	ask(&ctx, pool, "alter table retention_session rename to kept");
	struct profile_plan plan = plan_of("retention_customer_state", 0);
	ask(&ctx, pool, "alter table kept rename to retention_session");
	assert_null(plan.plan);
	assert_string_equal(plan.why, "PostgreSQL did not explain it");
	assert_non_null(strstr(plan.reason, "relation \"retention_session\" does not exist"));
	assert_non_null(plan_of("retention_customer_state", 0).plan);
}

/* Of 30 limits in each other, more levels than json-c takes by itself. */
static void a_deep_plan_is_read(void **state)
{
	struct buffer views = {0};
	(void)state;
	buffer_text(&views, "alter table retention_session rename to deep_0");
	for (int i = 1; i <= 30; i++)
		buffer_printf(&views, "; create view deep_%d as select * from deep_%d limit 1000000", i, i - 1);
	buffer_text(&views, "; create view retention_session as select * from deep_30");
	ask(&ctx, pool, arena_memdup(&ctx.arena, views.data, views.length));
	buffer_free(&views);
	struct profile_plan plan = plan_of("retention_customer_state", 0);
	ask(&ctx, pool, "drop view deep_1 cascade; alter table deep_0 rename to retention_session");
	assert_non_null(plan.plan);
	assert_non_null(strstr(profile_plan_text(&ctx, plan.plan), "on deep_0"));
}

/* With replicas a page's reads go to one of them, and what counts is the primary's. */
static void the_primary_is_asked(void **state)
{
	struct profile profile = {0};
	struct profile_report report;
	(void)state;
	ctx.reads = (struct reads){.since = 1};
	profile_report(&ctx, pool, &profile, &(struct profile_wish){.statement = "retention_customer_state"}, &report);
	assert_non_null(report.plans[0].plan);
	assert_int_equal(ctx.reads.since, 0);
	assert_false(ctx.reads.wrote);
}

/* Those of a route only, with its own figures; what is no file is passed over. */
static void the_dearest_are_explained(void **state)
{
	struct profile_statement statements[] = {{.name = "commit", .method = "POST", .route = "/x", .count = 100, .seconds = 9},
		{.name = "auth_session_list", .method = "GET", .route = "/y", .count = 100, .seconds = 3},
		{.name = "job_depth", .method = "GET", .route = "/x", .count = 100, .seconds = 2}, {.name = "job_depth", .method = "GET", .route = "/y", .count = 100, .seconds = 2}};
	struct profile_route routes[] = {{.method = "GET", .route = "/x", .seconds = 5}, {.method = "GET", .route = "/y", .seconds = 4}};
	struct profile profile = {.routes = routes, .route_count = 2, .statements = statements, .statement_count = 4};
	struct profile_report report;
	(void)state;
	profile_arrange(&ctx, &profile);
	profile_report(&ctx, pool, &profile, &(struct profile_wish){.plans = 1}, &report);
	assert_int_equal(report.plan_count, 1);
	assert_string_equal(report.plans[0].statement.name, "job_depth");
	assert_int_equal(report.plans[0].statement.count, 200);
	assert_non_null(report.plans[0].plan);
	profile_report(&ctx, pool, &profile, &(struct profile_wish){.route = "GET /x", .plans = 5}, &report);
	assert_int_equal(report.plan_count, 1);
	assert_int_equal(report.plans[0].statement.count, 100);
}

/* What this connection has changed is counted before the table is analysed, not after. */
static void analyze(void)
{
	ask(&ctx, pool, "select pg_stat_force_next_flush()");
	ask(&ctx, pool, "analyze retention_session");
}

/* 20,000 sessions of 5,000 customers. */
static void sessions_make(void)
{
	ask(&ctx, pool, "insert into organisation (org_id, name) values ('00000000-0000-7000-8000-000000000001', 'Harbour');"
		"insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, started_at) "
		"select '00000000-0000-7000-8000-000000000001', true, gen_random_uuid(), gen_random_uuid(), 'customer-' || n % 5000, 'en', 'low', true, gen_random_uuid(), 1, '', "
		"now() - n * interval '1 s' from generate_series(1, 20000) n");
	analyze();
}

/* Followed to the letter, the recommendation mends it. */
static void a_dropped_index_is_named_and_mended(void **state)
{
	struct profile_statement slow[] = {{.name = "retention_customer_state", .method = "POST", .route = "/api/v1/widget/start", .count = 100, .seconds = 2}};
	(void)state;
	sessions_make();
	assert_string_equal(kinds_of(slow, 1), "slow-statement");
	ask(&ctx, pool, "drop index retention_session_customer");
	struct profile_report report = report_of(slow, 1);
	const struct finding *missing = find(&report.findings, FINDING_MISSING_INDEX);
	assert_string_equal(missing->statement, "retention_customer_state");
	assert_string_equal(missing->route, "POST /api/v1/widget/start");
	assert_string_equal(missing->table, "retention_session");
	says(&ctx, missing, FINDING_WORDS[FINDING_MISSING_INDEX].change, "sql/schema/0003_retention.sql");
	find(&report.findings, FINDING_LOST_INDEX);
	ask(&ctx, pool, json_text(missing->numbers, "create", ""));
	assert_string_equal(kinds_of(slow, 1), "slow-statement");
}

static void an_unused_index_and_one_that_is_there_twice(void **state)
{
	struct profile_facts facts;
	struct profile profile = {0};
	const struct profile_settings settings = profile_settings();
	struct findings findings = {.ctx = &ctx};
	struct lease lease;
	(void)state;
	ask(&ctx, pool, "create index nobody_reads on retention_session (plan, id)");
	ask(&ctx, pool, "create index again on retention_session (org_id, live, customer_ref, started_at desc)");
	ask(&ctx, pool, "create index other_way on retention_session (org_id, live, customer_ref, started_at)");
	ask(&ctx, pool, "create index a_part on retention_session (org_id, live, customer_ref, started_at desc) where plan is not null");
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(profile_facts_read(&lease, &facts), OK);
	lease_return(&lease);
	facts.server.age = 8 * 86400.;
	/* As if the table were larger; one large index among small ones. */
	for (int i = 0; i < facts.index_count; i++) {
		bool wanted = !strcmp(facts.indexes[i].name, "nobody_reads");
		assert_true(!wanted || facts.indexes[i].bytes > 100000);
		facts.indexes[i].bytes = wanted ? 2 << 20 : 8192;
	}
	profile_find_facts(&facts, &profile, &settings, &findings);
	assert_string_equal(json_text(find(&findings, FINDING_UNUSED_INDEX)->numbers, "index", ""), "nobody_reads");
	/* Of two alike the one with the later name goes. */
	assert_string_equal(json_text(find(&findings, FINDING_DUPLICATE_INDEX)->numbers, "index", ""), "retention_session_customer");
	assert_string_equal(json_text(find(&findings, FINDING_DUPLICATE_INDEX)->numbers, "other", ""), "again");
	assert_string_equal(found(&findings), "unused-index duplicate-index");
	ask(&ctx, pool, "drop index nobody_reads; drop index again; drop index other_way; drop index a_part");
}

/* Rows that were deleted and not vacuumed, and a file that stayed large after it was. */
static void a_bloated_table(void **state)
{
	(void)state;
	ask(&ctx, pool, "alter table retention_session set (autovacuum_enabled = off)");
	ask(&ctx, pool, "update retention_session set plan = repeat('x', 1000)");
	ask(&ctx, pool, "delete from retention_session where right(customer_ref, 1) <> '7'");
	analyze();
	/* Counts arrive when their connection rests. */
	struct profile_report report = {0};
	WAIT_FOR((report = report_of(NULL, 0)).findings.count >= 2);
	const struct finding *dead = find(&report.findings, FINDING_DEAD_ROWS), *bloat = find(&report.findings, FINDING_BLOAT);
	assert_string_equal(dead->table, "retention_session");
	assert_true(json_int(dead->numbers, "rows", 0) > 1000 && json_int(dead->numbers, "rows", 0) < 4000);
	assert_string_equal(bloat->table, "retention_session");
	says(&ctx, bloat, FINDING_WORDS[FINDING_BLOAT].change, "vacuum full retention_session;");
	ask(&ctx, pool, "vacuum full retention_session");
	analyze();
	WAIT_FOR(report_of(NULL, 0).findings.count == 0);
}

static void queues_past_their_targets(void **state)
{
	(void)state;
	ask(&ctx, pool, "insert into job (id, kind, queue, state, attempts) select gen_random_uuid(), 'webhook.fan', 0, 'waiting', 3 from generate_series(1, 60)");
	struct profile_report report = report_of(NULL, 0);
	assert_int_equal(json_int(find(&report.findings, FINDING_QUEUE)->numbers, "due", 0), 60);
	assert_int_equal(find(&report.findings, FINDING_QUEUE)->severity, SEVERITY_ALERT);
	ask(&ctx, pool, "delete from job");
}

static void a_database_that_does_not_answer_is_said(void **state)
{
	struct profile_route route = {.method = "GET", .route = "/x", .target = target_of(CLASS_READ), .requests = 100, .seconds = 9, .parts = {[PART_OUTBOUND] = 9}};
	struct profile profile = {.routes = &route, .route_count = 1};
	struct profile_report report;
	(void)state;
	const char *url = arena_strdup(&ctx.arena, getenv("STOA_DB_URL"));
	setting("STOA_DB_URL", "host=/nowhere");
	struct pool *nowhere = pool_open(1);
	profile_report(&ctx, nowhere, &profile, &(struct profile_wish){.plans = 1}, &report);
	assert_non_null(report.database_fault);
	assert_non_null(strstr(report.database_reason, "/nowhere"));
	assert_int_equal(report.findings.count, 1);
	struct json_object *json = profile_json(&ctx, &report, NULL);
	assert_string_equal(json_text(json, "databaseFault", ""), report.database_fault);
	json_object_put(json);
	pool_close(nowhere);
	setting("STOA_DB_URL", url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_fresh_database_has_nothing), cmocka_unit_test(every_statement_can_be_explained),
		cmocka_unit_test(a_statement_of_no_name_has_no_plan), cmocka_unit_test(what_came_too_late_leaves_nothing_behind),
		cmocka_unit_test(a_refusal_has_its_reason), cmocka_unit_test(a_deep_plan_is_read), cmocka_unit_test(the_primary_is_asked),
		cmocka_unit_test(the_dearest_are_explained), cmocka_unit_test(a_dropped_index_is_named_and_mended),
		cmocka_unit_test(an_unused_index_and_one_that_is_there_twice), cmocka_unit_test(a_bloated_table), cmocka_unit_test(queues_past_their_targets),
		cmocka_unit_test(a_database_that_does_not_answer_is_said)};
	return cmocka_run_group_tests(tests, open_house, close_house);
}
