/* The Profile page through the dispatcher: what took the time, plans, commands that can be copied whatever the language is, and who may see it. */
#include "tests/pages/visitors.h"

#include "metric/metric.h"

static void statement_add(const char *name, int64_t us)
{
	summary_add(metric_summary("stoa_statement_seconds", arena_printf(&setup.arena, "statement=\"%s\",route=\"/far\",method=\"GET\"", name), "h"), us);
}

static void level(const char *state, int64_t value)
{
	level_set(metric_level("stoa_pool_connections", arena_printf(&setup.arena, "program=\"widget\",state=\"%s\"", state), "h"), value);
}

/* A program uses 950 of 1,000 connections; the settings to change are not written as people of a country write numbers. First: who somebody is
 * is kept for a moment. */
static void says_commands_as_they_are_typed(void **state)
{
	(void)state;
	setting("STOA_DB_POOL_SIZE", "1000");
	level("size", 1000);
	level("used", 950);
	sql("update account set language = 'de' where id = '%s'", people[ADMIN]);
	visit(ADMIN, "/profile", 200);
	SHOWS("<h2 id=\"findings-title\">Befunde</h2>", "950 von 1.000", "db.pool_size = 1359 (jetzt 1000)");
	visit(OWNER, "/profile", 200);
	SHOWS("uses 950 of 1,000 connections", "db.pool_size = 1359 (now 1000)");
	level("used", 0);
	setting("STOA_DB_POOL_SIZE", NULL);
}

/* COMMIT takes most, and is no file: it has neither a plan nor a place in sql/. */
static void explains_what_is_a_statement(void **state)
{
	(void)state;
	statement_add("commit", 900000000);
	statement_add("job_depth", 800000000);
	statement_add("other", 700000000);
	visit(OWNER, "/profile", 200);
	SHOWS("<th scope=\"row\">commit<br>", "<th scope=\"row\">further statements<br>", "<small>sql/job/depth.sql</small>", "href=\"/profile?explain=job_depth#plan\"");
	HIDES("explain=commit", "sql/commit.sql", "explain=other", "explain=further", "id=\"plan\"");
	visit(OWNER, "/profile?explain=job_depth", 200);
	SHOWS("<pre class=\"plan\" tabindex=\"0\">", "(rows ");
	visit(OWNER, "/profile?explain=commit", 200);
	SHOWS("<p>No statement of this program has that name</p>");
	HIDES("<pre");
}

static void says_why_there_is_no_plan(void **state)
{
	(void)state;
	sql("alter table job rename to job_away");
	visit(OWNER, "/profile?explain=job_depth", 200);
	sql("alter table job_away rename to job");
	SHOWS("PostgreSQL did not explain it: <code>", "relation &quot;job&quot; does not exist");
}

/* The dearest statements are explained without being asked for. */
static void finds_what_their_plans_tell(void **state)
{
	(void)state;
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, started_at) "
		"select '%s', true, gen_random_uuid(), gen_random_uuid(), 'customer-' || n %% 500, 'en', 'low', true, gen_random_uuid(), 1, '', now() "
		"from generate_series(1, 2000) n", alpha.org_id);
	sql("analyze retention_session");
	statement_add("retention_customer_state", 990000000);
	visit(OWNER, "/profile", 200);
	HIDES("data-kind=\"missing-index\"");
	sql("drop index retention_session_customer");
	visit(OWNER, "/profile", 200);
	SHOWS("data-kind=\"missing-index\"");
	HIDES("id=\"plan\"");
}

static void is_for_those_who_may(void **state)
{
	(void)state;
	visit(READER, "/profile", 403);
	visit(OWNER, "/profile?explain=", 422);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(says_commands_as_they_are_typed), cmocka_unit_test(explains_what_is_a_statement),
		cmocka_unit_test(says_why_there_is_no_plan), cmocka_unit_test(finds_what_their_plans_tell),
		cmocka_unit_test(is_for_those_who_may)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
