/* The Jobs page through the dispatcher: what it shows to whom, its filters, and its forms. */
#include "tests/pages/visitors.h"

#define JOB(digit) "00000000-0000-7000-8000-00000000000" digit
#define AT "/jobs/00000000-0000-7000-8000-00000000000"

static int jobs_make(void **state)
{
	const char *a = alpha.org_id;
	(void)state;

	sql("truncate job, job_pause, worker");
	sql("insert into job (id, org_id, kind, queue, state, attempt, attempts, errors, payload, started_at, finished_at, progress, progress_note, result) values "
		"('" JOB("1") "', '%s', 'report.make', 2, 'waiting', 0, 3, '[]', '{\"secret\": 1}', null, null, null, null, null), "
		"('" JOB("2") "', '%s', 'webhook.deliver', 1, 'waiting', 1, 6, '[{\"time\": \"2026-03-04T05:06:07+00:00\", \"attempt\": 1, \"code\": \"upstream\", "
		"\"message\": \"It <answers> 500\"}]', '{}', now(), null, null, null, null), "
		"('" JOB("3") "', '%s', 'report.make', 2, 'running', 1, 3, '[]', '{}', now(), null, 40, 'Half <way>', null), "
		"('" JOB("4") "', '%s', 'report.make', 2, 'done', 1, 3, '[]', '{}', now(), now(), 0, null, '{\"rows\": 7}'), "
		"('" JOB("5") "', '%s', 'webhook.deliver', 1, 'dead', 6, 6, '[{\"message\": \"b\"}]', '{}', now(), now(), null, null, null), "
		"('" JOB("7") "', '%s', 'foreign.kind', 2, 'dead', 3, 3, '[]', '{}', now(), now(), null, null, null), "
		"('" JOB("9") "', null, 'house.own', 2, 'dead', 3, 3, '[]', '{}', now(), now(), null, null, null)", a, a, a, a, a, bravo.org_id);
	return 0;
}

static void shows_whose_they_are(void **state)
{
	(void)state;
	visit(OWNER, "/jobs", 200);
	SHOWS("id=\"run-" JOB("3") "\"", "<progress max=\"100\" value=\"40\"", "Half &lt;way&gt;", "id=\"retry-" JOB("2") "\"", "It &lt;answers&gt; 500",
		"id=\"dead-" JOB("5") "\"", "id=\"job-" JOB("4") "\"", "value=\"0\" aria-label", "id=\"queue-high\"", "target 100", "Dead jobs: 1. Queues past",
		"data-live", "aria-current=\"page\">");
	HIDES("foreign.kind", "house.own", "secret", "Whole house", "Hold back", "Workers", "pill bad\">done", "id=\"retry-" JOB("1") "\"");
	visit(OPERATOR, "/jobs", 200);
	SHOWS("Whole house", "id=\"dead-" JOB("5") "\"");
	HIDES("foreign.kind", "id=\"workers\"");
	sql("insert into worker (name, host, pid, threads) values ('host:7', 'host', 7, 8)");
	visit(OPERATOR, "/jobs?scope=house", 200);
	SHOWS("foreign.kind", "house.own", "id=\"worker-host:7\"", "Hold back", "Dead jobs: 3.");
	visit(OWNER, "/jobs?scope=house", 403);
	visit(READER, "/jobs", 403);
	visit(READER, AT "3", 403);
	visit(READER, "/", 200);
	HIDES("href=\"/jobs\"");
	visit(OWNER, "/", 200);
	SHOWS("href=\"/jobs\"");
}

static void narrows(void **state)
{
	(void)state;
	visit(OWNER, "/jobs?kind=webhook.deliver&state=&queue=", 200);
	SHOWS("id=\"retry-" JOB("2") "\"", "id=\"job-" JOB("5") "\"", "<option selected>webhook.deliver", "Replay all of webhook.deliver");
	HIDES("id=\"run-" JOB("3") "\"", "id=\"job-" JOB("4") "\"");
	visit(OWNER, "/jobs?queue=low&state=done", 200);
	SHOWS("id=\"run-" JOB("3") "\"", "id=\"job-" JOB("4") "\"", "State done, the newest first");
	HIDES("id=\"job-" JOB("3") "\"", "id=\"dead-" JOB("5") "\"");
	visit(OWNER, "/jobs?before=" JOB("3"), 200);
	SHOWS("id=\"job-" JOB("2") "\"", "id=\"job-" JOB("1") "\"");
	HIDES("id=\"job-" JOB("3") "\"");
	visit(OWNER, "/jobs?state=asleep", 422);
	visit(OWNER, "/jobs?queue=middle", 422);
	visit(OWNER, "/jobs?before=x", 422);
	visit(OWNER, "/jobs?notice=other", 422);
	visit(OWNER, "/jobs?unknown=1", 400);
	sql("insert into job (id, org_id, kind, queue, attempts) select ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, '%s', 'a&b', 1, 3 "
		"from generate_series(1, 26) n", alpha.org_id);
	visit(OWNER, "/jobs?kind=a%26b", 200);
	SHOWS("href=\"/jobs?kind=a%26b&amp;before=00000000-0000-7000-9000-000000000002\"");
	visit(OWNER, "/jobs?kind=a%26b&before=00000000-0000-7000-9000-000000000002", 200);
	SHOWS("id=\"job-00000000-0000-7000-9000-000000000001\"");
	HIDES("Older ones");
}

static void shows_one(void **state)
{
	(void)state;
	visit(OWNER, AT "2", 200);
	SHOWS("It &lt;answers&gt; 500", "4 Mar 2026, 05:06", "upstream", "Try now", "1 of 6");
	visit(OWNER, AT "4", 200);
	SHOWS("rows", "pill applied\">done");
	HIDES("Replay", "Cancel");
	visit(OWNER, AT "7", 404);
	visit(OWNER, AT "9?scope=house", 403);
	visit(OPERATOR, AT "9?scope=house", 200);
	SHOWS("Job house.own");
}

static void acts(void **state)
{
	(void)state;
	visit(OWNER, "/jobs", 200);
	request(OWNER, AT "1/cancel", "csrf=wrong");
	assert_status(&caller, 403);
	visit(OWNER, "/jobs", 200);
	submit(OWNER, AT "1/cancel", "kind=report.make", 303);
	assert_string_equal(client_value(&caller, "Location"), "/jobs?kind=report.make&notice=cancelled");
	visit(OWNER, arena_strdup(&setup.arena, client_value(&caller, "Location")), 200);
	SHOWS("The job is cancelled.");
	submit(OWNER, AT "3/cancel", "state=running&queue=low", 303);
	assert_string_equal(client_value(&caller, "Location"), "/jobs?state=running&queue=low&notice=told");
	visit(OWNER, "/jobs", 200);
	SHOWS("stopping");
	submit(OWNER, AT "2/replay", "", 303);
	visit(OWNER, "/jobs", 200);
	submit(OWNER, AT "5/replay", "", 303);
	visit(OWNER, "/jobs", 200);
	submit(OWNER, AT "4/replay", "", 409);
	visit(OWNER, "/jobs", 200);
	submit(OWNER, AT "7/replay", "", 404);
	visit(OWNER, "/jobs", 200);
	submit(OWNER, AT "7/replay", "scope=house", 403);
	assert_string_equal(sql("select string_agg(right(id::text, 1) || state, ' ' order by id) from job"),
		"1cancelled 2waiting 3running 4done 5waiting 7dead 9dead");
	assert_string_equal(sql("select string_agg(action, ' ' order by at) from audit_log where entity = 'job' and agent = 'test/1'"),
		"job.cancel job.cancel job.replay job.replay");
}

static void acts_on_all(void **state)
{
	(void)state;
	visit(OWNER, "/jobs", 200);
	submit(OWNER, "/jobs", "action=replay&target=mail.send", 303);
	assert_string_equal(sql("select state from job where id = '" JOB("5") "'"), "dead");
	visit(OWNER, "/jobs", 200);
	submit(OWNER, "/jobs", "action=replay", 303);
	assert_string_equal(sql("select string_agg(right(id::text, 1), '' order by id) from job where state = 'dead'"), "79");
	visit(OWNER, "/jobs", 200);
	submit(OWNER, "/jobs", "action=pause&target=low", 403);
	visit(OPERATOR, "/jobs?scope=house", 200);
	submit(OPERATOR, "/jobs", "action=replay&scope=house&target=house.own", 303);
	assert_string_equal(client_value(&caller, "Location"), "/jobs?scope=house&notice=replayed-all");
	assert_string_equal(sql("select state from job where id = '" JOB("9") "'"), "waiting");
	visit(OPERATOR, "/jobs?scope=house", 200);
	submit(OPERATOR, "/jobs", "action=pause&scope=house", 422);
	visit(OPERATOR, "/jobs?scope=house", 200);
	submit(OPERATOR, "/jobs", "action=pause&target=low&scope=house", 303);
	visit(OPERATOR, "/jobs?scope=house", 200);
	SHOWS("held back", "Let go on");
	submit(OPERATOR, "/jobs", "action=pause&target=mail.send&scope=house", 303);
	assert_string_equal(sql("select string_agg(name, ',' order by name) from job_pause"), "kind mail.send,queue low");
	visit(OPERATOR, "/jobs?scope=house", 200);
	SHOWS("<code>mail.send</code>");
	submit(OPERATOR, "/jobs", "action=resume&target=mail.send&scope=house", 303);
	assert_string_equal(sql("select string_agg(name, ',') from job_pause"), "queue low");
	assert_string_equal(sql("select count(*) from audit_log where action in ('job.pause', 'job.resume') and agent = 'test/1'"), "3");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(shows_whose_they_are, jobs_make), cmocka_unit_test_setup(narrows, jobs_make),
		cmocka_unit_test_setup(shows_one, jobs_make), cmocka_unit_test_setup(acts, jobs_make), cmocka_unit_test_setup(acts_on_all, jobs_make)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
