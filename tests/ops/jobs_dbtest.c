/* The jobs' API through the dispatcher: whose jobs who sees, filters and cursors, waiting, actions and their audit, operators. */
#include "tests/widget/client.h"

#include "base/clock.h"
#include "job/policies.h"
#include "ops/family.h"
#include "web/site.h"

#include <pthread.h>

enum { OWNER, READER, OPERATOR, STRANGER, PEOPLE };
static const enum role ROLES[PEOPLE] = {ROLE_OWNER, ROLE_READONLY, ROLE_READONLY, ROLE_OWNER};

static struct tenant alpha, bravo;
static struct caller caller;
static char tokens[PEOPLE][WHO_TOKEN_TEXT];

static const char *org_of(int who)
{
	return who == STRANGER ? bravo.org_id : alpha.org_id;
}

static void person_add(int who)
{
	char account[ID_TEXT];
	struct session_tokens made;
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_add(&setup, &lease, org_of(who), arena_printf(&setup.arena, "p%d@example.com", who), "P", ROLES[who], account), OK);
	assert_int_equal(session_start(&setup, &lease, org_of(who), account, ROLES[who], &(struct client){0}, &made), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	snprintf(tokens[who], WHO_TOKEN_TEXT, "%s", made.access);
	if (who == OPERATOR)
		sql("update account set operator = true where id = '%s'", account);
}

/* As a person, with a Prefer field or NULL. */
static int say_preferring(int who, const char *method, const char *target, const char *prefer, const char *body)
{
	char bearer[128];
	const char *headers[] = {"User-Agent", "test/1", "Authorization", bearer, prefer ? "Prefer" : NULL, prefer, NULL};

	snprintf(bearer, sizeof bearer, "Bearer %s", tokens[who]);
	return client_send(&caller, method, target, NULL, body, body ? strlen(body) : 0, headers);
}

static int say(int who, const char *method, const char *target, const char *body)
{
	return say_preferring(who, method, target, NULL, body);
}

static const char *on(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *on(const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	return text;
}

static struct json_object *data(void)
{
	struct json_object *found = NULL;

	if (!json_object_object_get_ex(caller.reply, "data", &found))
		fail_msg("no data: %s", caller.rep.body.data);
	return found;
}

/* The ids' last digits of the rows of a list. */
static const char *listed(void)
{
	static char digits[128];
	struct json_object *rows = data();
	size_t count = json_object_array_length(rows);

	for (size_t i = 0; i < count; i++) {
		const char *id = json_text(json_object_array_get_idx(rows, i), "id", "?");

		digits[i] = id[strlen(id) - 1];
	}
	digits[count] = '\0';
	return digits;
}

#define JOB(digit) "00000000-0000-7000-8000-00000000000" digit
#define AT "/api/v1/jobs/00000000-0000-7000-8000-00000000000"

/* Six of alpha's (1 to 6), one of bravo's (7), two of the house (8 and 9, of which 9 is dead). */
static int jobs_make(void **state)
{
	const char *a = alpha.org_id, *b = bravo.org_id;
	(void)state;

	sql("truncate job, job_pause, worker");
	sql("insert into job (id, org_id, kind, queue, state, attempt, attempts, errors, unique_key, payload, started_at, finished_at, progress, progress_note, "
		"result, worker) values "
		"('" JOB("1") "', '%s', 'report.make', 2, 'waiting', 0, 3, '[]', 'secret-key', '{\"secret\": 1}', null, null, null, null, null, null), "
		"('" JOB("2") "', '%s', 'webhook.deliver', 1, 'waiting', 1, 6, '[{\"code\": \"upstream\", \"message\": \"It answers 500\"}]', null, '{}', now(), "
		"null, null, null, null, null), "
		"('" JOB("3") "', '%s', 'report.make', 2, 'running', 1, 3, '[]', null, '{\"secret\": 1}', now(), null, 40, 'Half way', null, 'host-name:1'), "
		"('" JOB("4") "', '%s', 'report.make', 2, 'done', 1, 3, '[]', null, '{}', now(), now(), 100, null, '{\"rows\": 7}', 'host-name:1'), "
		"('" JOB("5") "', '%s', 'webhook.deliver', 1, 'dead', 6, 6, '[{\"code\": \"timeout\", \"message\": \"a\"}, {\"code\": \"upstream\", \"message\": \"b\"}]', "
		"null, '{}', now(), now() - interval '30 minutes', null, null, null, null), "
		"('" JOB("6") "', '%s', 'mail.send', 1, 'dead', 4, 4, '[]', null, '{}', now(), now(), null, null, null, null), "
		"('" JOB("7") "', '%s', 'report.make', 2, 'dead', 3, 3, '[]', null, '{}', now(), now(), null, null, null, null), "
		"('" JOB("8") "', null, 'house.cleanup', 2, 'running', 1, 3, '[]', null, '{}', now(), null, null, null, null, 'host-name:2'), "
		"('" JOB("9") "', null, 'house.cleanup', 2, 'dead', 3, 3, '[]', null, '{}', now(), now(), null, null, null, null)",
		a, a, a, a, a, a, b);
	return 0;
}

static void lists_whose_they_are(void **state)
{
	static const struct { int who; const char *query, *ids; } ROWS[] = {
		{OWNER, "", "654321"}, {OWNER, "?order=oldest", "123456"}, {OWNER, "?scope=organisation", "654321"}, {STRANGER, "", "7"},
		{OWNER, "?state=waiting", "21"}, {OWNER, "?state=retrying", "2"}, {OWNER, "?state=running", "3"}, {OWNER, "?state=done", "4"},
		{OWNER, "?state=dead", "65"}, {OWNER, "?state=dead&order=oldest", "56"}, {OWNER, "?state=cancelled", ""},
		{OWNER, "?kind=report.make", "431"}, {OWNER, "?kind=report.make&state=done", "4"}, {OWNER, "?queue=default", "652"},
		{OWNER, "?queue=high", ""}, {OWNER, "?kind=house.cleanup", ""}, {OWNER, "?queue=low&order=oldest", "134"},
		{OPERATOR, "", "654321"}, {OPERATOR, "?scope=house", "987654321"}, {OPERATOR, "?scope=house&order=oldest", "123456789"},
		{OPERATOR, "?scope=house&state=dead", "9765"}, {OPERATOR, "?scope=house&state=dead&order=oldest&kind=webhook.deliver", "5"},
		{OPERATOR, "?scope=house&state=running", "83"}, {OPERATOR, "?scope=house&state=retrying", "2"},
		{OPERATOR, "?scope=house&state=waiting&order=oldest", "12"}, {OPERATOR, "?scope=house&kind=house.cleanup", "98"},
		{STRANGER, "?state=retrying", ""}, {STRANGER, "?state=running", ""}, {OPERATOR, "?scope=house&state=done&queue=low", "4"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		say(ROWS[i].who, "GET", on("/api/v1/jobs%s", ROWS[i].query), NULL);
		assert_status(&caller, 200);
		if (strcmp(listed(), ROWS[i].ids) != 0)
			fail_msg("%s as %d: %s, wanted %s", ROWS[i].query, ROWS[i].who, listed(), ROWS[i].ids);
		/* Payloads and keys may hold anything. */
		assert_null(strstr(caller.rep.body.data, "secret"));
		assert_null(strstr(caller.rep.body.data, "host-name"));
	}
}

static void pages_go_on_where_they_ended(void **state)
{
	static const struct { int who; const char *query, *ids; } ROWS[] = {
		{OWNER, "order=newest", "654321"}, {OWNER, "order=oldest", "123456"}, {OWNER, "state=dead", "65"},
		{OPERATOR, "scope=house", "987654321"}, {OPERATOR, "scope=house&order=oldest", "123456789"},
		{OPERATOR, "scope=house&state=dead&order=oldest", "5679"}, {OPERATOR, "scope=house&state=dead", "9765"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *cursor = "";
		char seen[32] = "";

		do {
			struct json_object *meta = NULL;

			say(ROWS[i].who, "GET", on("/api/v1/jobs?limit=2&%s%s%s", ROWS[i].query, *cursor ? "&cursor=" : "", cursor), NULL);
			assert_status(&caller, 200);
			assert_true(strlen(listed()) <= 2 && strlen(seen) < 20);
			memcpy(seen + strlen(seen), listed(), strlen(listed()) + 1);
			assert_true(json_object_object_get_ex(caller.reply, "meta", &meta));
			cursor = arena_strdup(&setup.arena, json_text(meta, "next", ""));
		} while (*cursor);
		if (strcmp(seen, ROWS[i].ids) != 0)
			fail_msg("%s: %s, wanted %s", ROWS[i].query, seen, ROWS[i].ids);
	}
}

static void refuses(void **state)
{
	static const struct { int who; const char *method, *target, *body; int status; const char *code, *field; } ROWS[] = {
		{READER, "GET", "/api/v1/jobs", NULL, 403, "forbidden", ""},
		{READER, "GET", "/api/v1/ops/queues", NULL, 403, "forbidden", ""},
		{READER, "POST", AT "5/replay", NULL, 403, "forbidden", ""},
		{READER, "POST", AT "1/cancel", NULL, 403, "forbidden", ""},
		{READER, "POST", "/api/v1/ops/replays", "{}", 403, "forbidden", ""},
		{OWNER, "GET", "/api/v1/jobs?scope=house", NULL, 403, "forbidden", ""},
		{OWNER, "GET", AT "1?scope=house", NULL, 403, "forbidden", ""},
		{OWNER, "GET", "/api/v1/ops/queues?scope=house", NULL, 403, "forbidden", ""},
		{OWNER, "POST", AT "9/replay?scope=house", NULL, 403, "forbidden", ""},
		{OWNER, "POST", AT "8/cancel?scope=house", NULL, 403, "forbidden", ""},
		{OWNER, "POST", "/api/v1/ops/replays", "{\"scope\":\"house\"}", 403, "forbidden", ""},
		{OWNER, "PUT", "/api/v1/ops/pauses", "{\"queue\":\"low\",\"paused\":true}", 403, "forbidden", ""},
		{OWNER, "GET", "/api/v1/ops/pauses", NULL, 403, "forbidden", ""},
		{OWNER, "GET", "/api/v1/ops/workers", NULL, 403, "forbidden", ""},
		{OWNER, "GET", AT "7", NULL, 404, "not-found", ""},
		{OWNER, "GET", AT "8", NULL, 404, "not-found", ""},
		{OWNER, "POST", AT "7/replay", NULL, 404, "not-found", ""},
		{OWNER, "POST", AT "9/replay", NULL, 404, "not-found", ""},
		{STRANGER, "POST", AT "1/cancel", NULL, 404, "not-found", ""},
		{OPERATOR, "POST", AT "7/replay", NULL, 404, "not-found", ""},
		{OPERATOR, "GET", AT "f?scope=house", NULL, 404, "not-found", ""},
		{OWNER, "POST", AT "4/cancel", NULL, 409, "conflict", ""},
		{OWNER, "POST", AT "3/replay", NULL, 409, "conflict", ""},
		{OWNER, "GET", "/api/v1/jobs/1", NULL, 400, "bad-input", "id"},
		{OWNER, "GET", "/api/v1/jobs?state=asleep", NULL, 422, "invalid", "state"},
		{OWNER, "GET", "/api/v1/jobs?order=best", NULL, 422, "invalid", "order"},
		{OWNER, "GET", "/api/v1/jobs?queue=0", NULL, 422, "invalid", "queue"},
		{OWNER, "GET", "/api/v1/jobs?limit=101", NULL, 422, "invalid", "limit"},
		{OWNER, "GET", "/api/v1/jobs?cursor=AAAA", NULL, 400, "bad-input", "cursor"},
		{OWNER, "GET", "/api/v1/jobs?kind=", NULL, 422, "invalid", "kind"},
		{OPERATOR, "PUT", "/api/v1/ops/pauses", "{\"paused\":true}", 422, "invalid", ""},
		{OPERATOR, "PUT", "/api/v1/ops/pauses", "{\"paused\":true,\"kind\":\"a\",\"queue\":\"low\"}", 422, "invalid", ""},
		{OPERATOR, "PUT", "/api/v1/ops/pauses", "{\"queue\":\"low\"}", 400, "bad-input", "paused"}};
	const char *before = sql("select md5(string_agg(job::text, '' order by id)) from job");
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		say(ROWS[i].who, ROWS[i].method, ROWS[i].target, ROWS[i].body);
		if (caller.rep.status != ROWS[i].status)
			fail_msg("%s %s as %d: %d %s", ROWS[i].method, ROWS[i].target, ROWS[i].who, caller.rep.status, caller.rep.body.data);
		assert_problem(&caller, ROWS[i].status, ROWS[i].code, ROWS[i].field);
	}
	client_get(&caller, "/api/v1/jobs", alpha.server.key);
	assert_problem(&caller, 403, "forbidden", "");
	client_get(&caller, AT "1", alpha.live.key);
	assert_problem(&caller, 403, "forbidden", "");
	client_get(&caller, AT "1", bravo.server.key);
	assert_problem(&caller, 404, "not-found", "");
	client_get(&caller, AT "1", NULL);
	assert_problem(&caller, 401, "unauthenticated", "");
	assert_string_equal(sql("select md5(string_agg(job::text, '' order by id)) from job"), before);
	assert_string_equal(sql("select count(*) from audit_log where action like 'job.%%'"), "0");
}

static void shows_one(void **state)
{
	struct json_object *value = NULL;
	(void)state;

	client_get(&caller, AT "4", alpha.server.key);
	assert_status(&caller, 200);
	assert_string_equal(json_text(data(), "state", ""), "done");
	assert_string_equal(json_text(data(), "queue", ""), "low");
	assert_true(json_object_object_get_ex(data(), "result", &value));
	assert_int_equal(json_int(value, "rows", 0), 7);
	say(READER, "GET", AT "3", NULL);
	assert_status(&caller, 200);
	assert_int_equal(json_int(data(), "progress", 0), 40);
	assert_string_equal(json_text(data(), "note", ""), "Half way");
	assert_string_equal(json_text(data(), "worker", "none"), "none");
	assert_null(strstr(caller.rep.body.data, "secret"));
	say(READER, "GET", AT "5", NULL);
	assert_true(json_object_object_get_ex(data(), "errors", &value));
	assert_int_equal(json_object_array_length(value), 2);
	assert_string_equal(json_text(json_object_array_get_idx(value, 1), "message", ""), "b");
	say(OPERATOR, "GET", AT "8?scope=house", NULL);
	assert_status(&caller, 200);
	assert_string_equal(json_text(data(), "worker", ""), "host-name:2");
}

/* Ends the job once the request waits for it. */
static void *end_when_waited_for(void *argument)
{
	struct ctx ctx;

	(void)argument;
	ctx_init(&ctx);
	WAIT_FOR(atomic_load(&site_one()->waiting) == 1);
	ask(&ctx, pool, "update job set state = 'done', finished_at = now(), result = '{\"rows\": 9}' where id = '" JOB("3") "'");
	ctx_free(&ctx);
	return NULL;
}

static void waits_for_one(void **state)
{
	static const char *const GARBAGE[] = {"", "wait", "wait=soon", "respond-async", "wait=\"", "wait=0", "\xff"};
	struct json_object *result = NULL;
	pthread_t thread;
	(void)state;

	/* Too short a wait: how it stands then. */
	int64_t begun_us = clock_mono_us();
	say_preferring(READER, "GET", AT "3", "wait=1", NULL);
	assert_status(&caller, 200);
	assert_true(clock_mono_us() - begun_us >= 950000);
	assert_string_equal(client_value(&caller, "Preference-Applied"), "wait=1");
	assert_string_equal(json_text(data(), "state", ""), "running");
	/* None, or none that is one: at once. */
	for (size_t i = 0; i < sizeof GARBAGE / sizeof *GARBAGE; i++) {
		say_preferring(READER, "GET", AT "3", GARBAGE[i], NULL);
		assert_true(caller.rep.status == 200 || (i == 6 && caller.rep.status == 400));
		assert_string_equal(client_value(&caller, "Preference-Applied"), "");
	}
	/* Ended meanwhile. */
	assert_int_equal(pthread_create(&thread, NULL, end_when_waited_for, NULL), 0);
	say_preferring(READER, "GET", AT "3", "respond-async, wait=5", NULL);
	pthread_join(thread, NULL);
	assert_status(&caller, 200);
	assert_string_equal(client_value(&caller, "Preference-Applied"), "wait=5");
	assert_string_equal(json_text(data(), "state", ""), "done");
	assert_true(json_object_object_get_ex(data(), "result", &result));
	assert_int_equal(json_int(result, "rows", 0), 9);
	/* Somebody else's is not waited for. */
	say_preferring(STRANGER, "GET", AT "2", "wait=5", NULL);
	assert_problem(&caller, 404, "not-found", "");
	assert_int_equal(atomic_load(&site_one()->waiting), 0);
}

static int audits(const char *org_id, const char *action)
{
	return (int)strtol(sql("select count(*) from audit_log where org_id = '%s' and action = '%s' and actor_kind = 'session' and agent = 'test/1'",
		org_id, action), NULL, 10);
}

static void acts(void **state)
{
	(void)state;
	say(OWNER, "POST", AT "1/cancel", NULL);
	assert_status(&caller, 200);
	assert_string_equal(json_text(data(), "state", ""), "cancelled");
	say(OWNER, "POST", AT "3/cancel", NULL);
	assert_status(&caller, 200);
	assert_string_equal(json_text(data(), "state", ""), "running");
	assert_non_null(strstr(caller.rep.body.data, "\"cancelling\":true"));
	assert_int_equal(audits(alpha.org_id, "job.cancel"), 2);
	assert_string_equal(sql("select before::text from audit_log where action = 'job.cancel' and entity_id = '" JOB("3") "'"),
		"{\"kind\": \"report.make\", \"state\": \"running\"}");
	say(OWNER, "POST", AT "5/replay", NULL);
	assert_status(&caller, 200);
	assert_string_equal(json_text(data(), "state", ""), "waiting");
	assert_int_equal(json_int(data(), "attempt", -1), 0);
	assert_int_equal(json_int(data(), "attempts", -1), 6);
	assert_int_equal(audits(alpha.org_id, "job.replay"), 1);
	/* Of one kind, then all of one's own; a foreign one and the house's stay dead. */
	jobs_make(NULL);
	say(OWNER, "POST", "/api/v1/ops/replays", "{\"kind\":\"mail.send\"}");
	assert_status(&caller, 200);
	assert_int_equal(json_int(caller.reply, "replayed", -1), 1);
	assert_string_equal(sql("select state from job where id = '" JOB("5") "'"), "dead");
	say(OWNER, "POST", "/api/v1/ops/replays", "{}");
	assert_int_equal(json_int(caller.reply, "replayed", -1), 1);
	say(OWNER, "POST", "/api/v1/ops/replays", NULL);
	assert_int_equal(json_int(caller.reply, "replayed", -1), 0);
	assert_string_equal(sql("select string_agg(right(id::text, 1), '' order by id) from job where state = 'dead'"), "79");
	assert_int_equal(audits(alpha.org_id, "job.replay-all"), 3);
}

static void operators_act_on_the_house(void **state)
{
	(void)state;
	say(OPERATOR, "POST", AT "9/replay?scope=house", NULL);
	assert_status(&caller, 200);
	say(OPERATOR, "POST", AT "8/cancel?scope=house", NULL);
	assert_status(&caller, 200);
	say(OPERATOR, "POST", "/api/v1/ops/replays", "{\"scope\":\"house\"}");
	assert_status(&caller, 200);
	assert_int_equal(json_int(caller.reply, "replayed", -1), 3);
	assert_string_equal(sql("select string_agg(action, ' ' order by action) from audit_log where org_id = '%s' and "
		"(entity_id in ('" JOB("8") "', '" JOB("9") "') or after->>'scope' = 'house')", alpha.org_id), "job.cancel job.replay job.replay-all");
	say(OPERATOR, "PUT", "/api/v1/ops/pauses", "{\"queue\":\"low\",\"paused\":true}");
	assert_status(&caller, 204);
	say(OPERATOR, "PUT", "/api/v1/ops/pauses", "{\"kind\":\"mail.send\",\"paused\":true}");
	assert_status(&caller, 204);
	say(OPERATOR, "GET", "/api/v1/ops/pauses", NULL);
	assert_status(&caller, 200);
	assert_int_equal(json_object_array_length(data()), 2);
	assert_string_equal(json_text(json_object_array_get_idx(data(), 0), "kind", ""), "mail.send");
	assert_string_equal(json_text(json_object_array_get_idx(data(), 1), "queue", ""), "low");
	say(OPERATOR, "PUT", "/api/v1/ops/pauses", "{\"queue\":\"low\",\"paused\":false}");
	assert_string_equal(sql("select string_agg(name, ',') from job_pause"), "kind mail.send");
	assert_int_equal(audits(alpha.org_id, "job.pause"), 2);
	assert_int_equal(audits(alpha.org_id, "job.resume"), 1);
	sql("insert into worker (name, host, pid, threads, seen_at) values ('host-name:2', 'host-name', 2, 8, now()), "
		"('gone', 'host', 3, 8, now() - interval '2 minutes')");
	say(OPERATOR, "GET", "/api/v1/ops/workers", NULL);
	assert_status(&caller, 200);
	assert_int_equal(json_object_array_length(data()), 1);
	assert_int_equal(json_int(json_object_array_get_idx(data(), 0), "running", -1), 1);
}

static struct json_object *queue(int number)
{
	struct json_object *queues = NULL;

	assert_true(json_object_object_get_ex(caller.reply, "queues", &queues));
	assert_int_equal(json_object_array_length(queues), JOB_QUEUES);
	return json_object_array_get_idx(queues, (size_t)number);
}

static int64_t ended(int number, const char *when, const char *how)
{
	struct json_object *counts = NULL;

	assert_true(json_object_object_get_ex(queue(number), when, &counts));
	return json_int(counts, how, -1);
}

static void counts_whose_they_are(void **state)
{
	(void)state;
	sql("update job set run_at = now() - interval '90 seconds' where id = '" JOB("1") "'");
	say(OWNER, "GET", "/api/v1/ops/queues", NULL);
	assert_status(&caller, 200);
	assert_string_equal(json_text(queue(2), "queue", ""), "low");
	assert_int_equal(json_int(queue(2), "due", -1), 1);
	assert_int_equal(json_int(queue(2), "running", -1), 1);
	assert_int_equal(json_int(queue(2), "dead", -1), 0);
	assert_true(json_int(queue(2), "oldestSeconds", 0) >= 90);
	assert_int_equal(json_int(queue(1), "dead", -1), 2);
	assert_int_equal(ended(2, "lastMinute", "done"), 1);
	assert_int_equal(ended(1, "lastMinute", "dead"), 1);
	assert_int_equal(ended(1, "lastHour", "dead"), 2);
	assert_int_equal(json_int(queue(0), "waiting", -1), 0);
	say(OPERATOR, "GET", "/api/v1/ops/queues?scope=house", NULL);
	assert_int_equal(json_int(queue(2), "running", -1), 2);
	assert_int_equal(json_int(queue(2), "dead", -1), 2);
	assert_int_equal(ended(2, "lastMinute", "dead"), 2);
	assert_int_equal(ended(2, "lastMinute", "done"), 1);
	say(STRANGER, "GET", "/api/v1/ops/queues", NULL);
	assert_int_equal(json_int(queue(2), "dead", -1), 1);
	assert_int_equal(json_int(queue(2), "due", -1), 0);
	assert_int_equal(ended(1, "lastHour", "dead"), 0);
}

static void depths_are_judged(void **state)
{
	(void)state;
	for (enum job_queue number = JOB_HIGH; number < JOB_QUEUES; number++) {
		const struct job_depth_target *target = &JOB_DEPTH_TARGET[number];
		const struct { int due; const char *depth; } ROWS[] = {
			{target->target - 1, "well"}, {target->target, "over"}, {target->alert, "over"}, {target->alert + 1, "alert"}};

		for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
			sql("delete from job where org_id = '%s' and state = 'waiting'", alpha.org_id);
			sql("insert into job (id, org_id, kind, queue, attempts) select gen_random_uuid(), '%s', 'k', %d, 3 from generate_series(1, %d)",
				alpha.org_id, number, ROWS[i].due);
			say(OWNER, "GET", "/api/v1/ops/queues", NULL);
			assert_int_equal(json_int(queue((int)number), "due", -1), ROWS[i].due);
			assert_string_equal(json_text(queue((int)number), "depth", ""), ROWS[i].depth);
			assert_int_equal(json_int(queue((int)number), "target", 0), target->target);
		}
	}
}

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setting("STOA_WEB_SESSION_PER_MINUTE", "0");
	log_open("jobs_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	caller_open(&caller);
	pool = pool_open(3);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_OPS, message))
		fail_msg("%s", message);
	tenant_add(&setup, pool, &alpha);
	tenant_add(&setup, pool, &bravo);
	for (int who = 0; who < PEOPLE; who++)
		person_add(who);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	caller_close(&caller);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(lists_whose_they_are, jobs_make), cmocka_unit_test_setup(pages_go_on_where_they_ended, jobs_make),
		cmocka_unit_test_setup(refuses, jobs_make), cmocka_unit_test_setup(shows_one, jobs_make),
		cmocka_unit_test_setup(waits_for_one, jobs_make), cmocka_unit_test_setup(acts, jobs_make),
		cmocka_unit_test_setup(operators_act_on_the_house, jobs_make), cmocka_unit_test_setup(counts_whose_they_are, jobs_make),
		cmocka_unit_test_setup(depths_are_judged, jobs_make)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
