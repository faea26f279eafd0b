/* What becomes of a job that is known by its id: cancellation, progress, result, waiting for it, replay. */
#include "job_crew.h"

static const struct job_policy PLAIN = {"test.plain", JOB_DEFAULT, {3, 1, 1}, 30000};
static const struct job_policy PATIENT = {"test.patient", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy DEAF = {"test.deaf", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy HOPELESS = {"test.hopeless", JOB_LOW, {3, 1, 1}, 30000};
static const struct job_policy TALKING = {"test.talking", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy FENCED = {"test.fenced", JOB_DEFAULT, {1, 1, 1}, 60000};
static const struct job_policy ANSWERING = {"test.answering", JOB_DEFAULT, {1, 1, 1}, 60000};

static enum err run_plain(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	return OK;
}

static enum err run_patient(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	WAIT_FOR(job_cancelled(ctx, job));
	return fail(ctx, ERR_GONE, "Cancelled");
}

/* Hears it and ends well all the same. */
static enum err run_deaf(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	WAIT_FOR(job_cancelled(ctx, job));
	return OK;
}

static enum err run_hopeless(struct ctx *ctx, struct job *job)
{
	(void)job;
	return fail(ctx, ERR_UPSTREAM, "never");
}

static const char *progress_of(struct ctx *ctx, struct job *job)
{
	return ask(ctx, job->pool, arena_printf(&ctx->arena, "select concat_ws(' ', progress, progress_note) from job where id = '%s'", job->id));
}

/* The first is written, the second comes too soon, the last after a second; more than there is is all there is. */
static enum err run_talking(struct ctx *ctx, struct job *job)
{
	job_progress(ctx, job, 10, "reading");
	assert_string_equal(progress_of(ctx, job), "10 reading");
	job_progress(ctx, job, 20, "too soon");
	assert_string_equal(progress_of(ctx, job), "10 reading");
	char wide[400];
	memset(wide, 'x', sizeof wide);
	memcpy(wide + 198, "\xe2\x82\xac", 3);
	wide[399] = 0;
	WAIT_FOR((job_progress(ctx, job, 170, wide), !strncmp(progress_of(ctx, job), "100 xxx", 7)));
	assert_int_equal(strlen(progress_of(ctx, job)), 4 + 198);
	note(ctx, job);
	return OK;
}

/* Within the fence's own transaction nothing is written, and nothing waits for itself. */
static enum err run_fenced(struct ctx *ctx, struct job *job)
{
	struct lease lease;
	assert_int_equal(lease_take(ctx, job->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(job_fence(&lease, job), OK);
	job_progress(ctx, job, 50, "half");
	assert_int_equal(ctx->fault.err, OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	return OK;
}

static enum err run_answering(struct ctx *ctx, struct job *job)
{
	struct json_object *result = json_object_new_object();
	char *large = malloc(JOB_RESULT_MOST + 1);
	memset(large, 'x', JOB_RESULT_MOST);
	large[JOB_RESULT_MOST] = 0;
	struct json_object *much = json_object_new_string(large);
	assert_int_equal(job_result(ctx, job, much), ERR_TOO_LARGE);
	ctx_forgive(ctx);
	json_object_object_add(result, "pages", json_object_new_int(3));
	assert_int_equal(job_result(ctx, job, result), OK);
	json_object_object_add(result, "pages", json_object_new_int(7));
	assert_int_equal(job_result(ctx, job, result), OK);
	json_object_put(result);
	json_object_put(much);
	free(large);
	WAIT_FOR(*ask(ctx, job->pool, "select 1 from go"));
	return OK;
}

const struct job_kind KINDS[] = {{&PLAIN, run_plain}, {&PATIENT, run_patient}, {&DEAF, run_deaf}, {&HOPELESS, run_hopeless},
	{&TALKING, run_talking}, {&FENCED, run_fenced}, {&ANSWERING, run_answering}, {0}};

static enum err with_lease(struct fixture *fixture, enum err (*verb)(struct ctx *, struct lease *, const char *), const char *id)
{
	struct lease lease;
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	enum err err = verb(&fixture->ctx, &lease, id);
	lease_return(&lease);
	ctx_forgive(&fixture->ctx);
	return err;
}

static enum err cancel_any(struct ctx *ctx, struct lease *lease, const char *id)
{
	return job_cancel(ctx, lease, id, NULL);
}

static void test_cancel_waiting(void **state)
{
	static const char *const NOBODY[] = {"0190a5f2-0000-7000-8000-00000000abcd", "", "nonsense"};
	struct fixture *fixture = *state;
	const char *id = enqueue(fixture, &PLAIN, (struct job_new){.unique_key = "x"});
	assert_int_equal(with_lease(fixture, cancel_any, id), OK);
	assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, finished_at is not null) from job"), "cancelled 0 t");
	assert_int_equal(with_lease(fixture, cancel_any, id), ERR_CONFLICT);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(with_lease(fixture, cancel_any, NOBODY[i]), ERR_NOT_FOUND);
	assert_true(*enqueue(fixture, &PLAIN, (struct job_new){.unique_key = "x"}));
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select string_agg(state, ' ' order by state) from job"), "cancelled done");
	assert_string_equal(value(fixture, "select count(*) from run"), "1");
}

/* By notice at once, and by the heartbeat when there was none. */
static void test_cancel_running(void **state)
{
	static const struct { const struct job_policy *policy; bool notice; const char *end; } ROWS[] = {
		{&PATIENT, true, "cancelled 1 gone"}, {&PATIENT, false, "cancelled 1 gone"}, {&DEAF, true, "done 1"}};
	struct fixture *fixture = *state;
	struct crew crew;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		setting("STOA_WORKER_HEARTBEAT", ROWS[i].notice ? "1h" : "50ms");
		setting("STOA_WORKER_LEASE", ROWS[i].notice ? "1h" : "30s");
		value(fixture, "truncate job, run");
		const char *id = enqueue(fixture, ROWS[i].policy, (struct job_new){0});
		crew_start(&crew, 2, false);
		WAIT_FOR(*value(fixture, "select 1 from pg_stat_activity where query = 'listen stoa_job' and state = 'idle'"));
		WAIT_FOR(*value(fixture, "select 1 from run"));
		if (ROWS[i].notice)
			assert_int_equal(with_lease(fixture, cancel_any, id), OK);
		else
			value(fixture, "update job set cancel_at = now()");
		WAIT_FOR(*value(fixture, "select 1 from job where state in ('done', 'cancelled')"));
		crew_stop(&crew);
		assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, errors->0->>'code') from job"), ROWS[i].end);
	}
	setting("STOA_WORKER_HEARTBEAT", NULL);
	setting("STOA_WORKER_LEASE", NULL);
}

/* Told to stop, and then its worker dies: no other attempt follows. */
static void test_cancel_lost(void **state)
{
	struct fixture *fixture = *state;
	enqueue(fixture, &PLAIN, (struct job_new){0});
	value(fixture, "update job set state = 'running', attempt = 1, started_at = now(), cancel_at = now(), leased_until = now() - interval '1 s'");
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select concat_ws(' ', state, errors->0->>'code') from job"), "cancelled lease-lost");
	assert_string_equal(value(fixture, "select count(*) from run"), "0");
}

/* Cancelled while workers take them: each has either run once or not at all. */
static void test_cancel_race(void **state)
{
	struct fixture *fixture = *state;
	struct crew crews[2];
	struct lease lease;
	PGresult *rows;
	value(fixture, "insert into job (id, kind, queue, attempts) select gen_random_uuid(), 'test.plain', 1, 3 from generate_series(1, 600)");
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "select id from job order by md5(id::text)", 0, NULL, &rows), OK);
	for (int i = 0; i < 2; i++)
		crew_start(&crews[i], 3, true);
	for (int i = 0; i < PQntuples(rows); i += 2) {
		enum err err = job_cancel(&fixture->ctx, &lease, PQgetvalue(rows, i, 0), NULL);
		assert_true(err == OK || err == ERR_CONFLICT);
		ctx_forgive(&fixture->ctx);
	}
	lease_return(&lease);
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where state in ('waiting', 'running')"), "0"));
	for (int i = 0; i < 2; i++)
		crew_join(&crews[i]);
	assert_string_equal(value(fixture, "select count(*) from job where (state = 'done') <> exists (select from run where job_id = job.id)"), "0");
	assert_string_equal(value(fixture, "select count(*) from job where state in ('done', 'cancelled')"), "600");
	assert_string_equal(value(fixture, "select max(attempt) from run"), "1");
}

static void test_progress(void **state)
{
	struct fixture *fixture = *state;
	struct job_status status;
	const char *id = enqueue(fixture, &TALKING, (struct job_new){0});
	assert_int_equal(job_status(&fixture->ctx, fixture->pool, NULL, id, &status), OK);
	assert_int_equal(status.progress, -1);
	assert_null(status.note);
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select count(*) from run"), "1");
	assert_int_equal(job_status(&fixture->ctx, fixture->pool, NULL, id, &status), OK);
	assert_int_equal(status.progress, 100);
	assert_int_equal(strlen(status.note), 198);
	enqueue(fixture, &FENCED, (struct job_new){0});
	drain(fixture, 2);
	assert_string_equal(value(fixture, "select concat_ws(' ', state, coalesce(progress, -1)) from job where kind = 'test.fenced'"), "done -1");
}

static void test_wait(void **state)
{
	static const char ORG[] = "0190a5f2-0000-7000-8000-00000000abcd", OTHER[] = "0190a5f2-0000-7000-8000-00000000ffff";
	struct fixture *fixture = *state;
	struct job_status status;
	struct crew crew;
	const char *id = arena_strdup(&fixture->ctx.arena, enqueue(fixture, &ANSWERING, (struct job_new){.org_id = ORG}));
	assert_int_equal(job_wait(&fixture->ctx, fixture->pool, ORG, id, 30, &status), OK);
	assert_string_equal(status.state, "waiting");
	assert_false(status.finished);
	assert_int_equal(job_wait(&fixture->ctx, fixture->pool, OTHER, id, 30, &status), ERR_NOT_FOUND);
	ctx_forgive(&fixture->ctx);
	assert_int_equal(job_wait(&fixture->ctx, fixture->pool, NULL, "nonsense", 30, &status), ERR_NOT_FOUND);
	ctx_forgive(&fixture->ctx);
	/* The deadline of the caller counts too. */
	fixture->ctx.deadline_us = clock_mono_us() + 20000;
	assert_int_equal(job_wait(&fixture->ctx, fixture->pool, ORG, id, 3600000, &status), OK);
	fixture->ctx.deadline_us = 0;
	crew_start(&crew, 1, false);
	WAIT_FOR(job_wait(&fixture->ctx, fixture->pool, NULL, id, 10, &status) == OK && !strcmp(status.state, "running"));
	assert_null(status.result);
	value(fixture, "insert into go values (true)");
	assert_int_equal(job_wait(&fixture->ctx, fixture->pool, ORG, id, 3600000, &status), OK);
	crew_stop(&crew);
	assert_true(status.finished);
	assert_string_equal(status.state, "done");
	assert_string_equal(status.result, "{\"pages\": 7}");
}

static void test_replay(void **state)
{
	struct fixture *fixture = *state;
	const char *id = arena_strdup(&fixture->ctx.arena, enqueue(fixture, &HOPELESS, (struct job_new){.unique_key = "x"}));
	assert_int_equal(with_lease(fixture, job_replay, "nonsense"), ERR_NOT_FOUND);
	drain_all(fixture);
	for (int lives = 2; lives <= 8; lives++) {
		assert_int_equal(with_lease(fixture, job_replay, id), OK);
		assert_string_equal(value(fixture, "select state from job"), "waiting");
		drain_all(fixture);
		assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, attempts) from job"),
			arena_printf(&fixture->ctx.arena, "dead %d %d", lives * 3, lives * 3));
	}
	/* Of 24 failures the last 20. */
	assert_string_equal(value(fixture, "select concat_ws(' ', jsonb_array_length(errors), errors->0->>'attempt', errors->-1->>'attempt') from job"),
		"20 5 24");
	/* Its key is in use again. */
	enqueue(fixture, &HOPELESS, (struct job_new){.unique_key = "x", .delay_ms = 3600000});
	assert_int_equal(with_lease(fixture, job_replay, id), ERR_CONFLICT);
	assert_string_equal(value(fixture, "select string_agg(state, ' ' order by state) from job"), "dead waiting");
	value(fixture, "update job set state = 'done' where state = 'waiting'");
	assert_int_equal(with_lease(fixture, job_replay, value(fixture, "select id from job where state = 'done'")), ERR_CONFLICT);
}

static void test_replay_all(void **state)
{
	static const struct { const char *kind; int count; } ROWS[] = {{"k.a", 1203}, {NULL, 602}, {"none", 0}};
	struct fixture *fixture = *state;
	struct lease lease;
	int64_t count;
	/* Two died with the key y, and one with a key that waits again. */
	value(fixture, "insert into job (id, kind, queue, attempts, attempt, state, finished_at, unique_key) "
		"select gen_random_uuid(), case when n % 3 = 0 then 'k.b' else 'k.a' end, 1, 3, 3, 'dead', now(), null from generate_series(1, 1803) n "
		"union all select gen_random_uuid(), 'k.a', 1, 3, 3, 'dead', now(), 'x' "
		"union all select gen_random_uuid(), 'k.b', 1, 3, 3, 'dead', now(), 'y' union all select gen_random_uuid(), 'k.b', 1, 3, 3, 'dead', now(), 'z' "
		"union all select gen_random_uuid(), 'k.b', 1, 3, 0, 'waiting', null, 'z' "
		"union all select gen_random_uuid(), 'k.b', 1, 3, 3, 'dead', now(), 'y'");
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(job_replay_all(&fixture->ctx, &lease, NULL, ROWS[i].kind, &count), OK);
		assert_int_equal(count, ROWS[i].count);
	}
	/* Of one key the last to be made; not the key that waits. */
	assert_string_equal(value(fixture, "select string_agg(unique_key, ' ' order by unique_key) from job where state = 'dead'"), "y z");
	assert_string_equal(value(fixture, "select count(*) from job where state = 'waiting' and attempts = 6 and first_attempt = 3"), "1805");
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(job_replay_all(&fixture->ctx, &lease, NULL, NULL, &count), ERR_INTERNAL);
	lease_return(&lease);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	conf_add(JOB_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	setting("STOA_DB_POOL_WAIT", "10s");
	const struct CMUnitTest tests[] = {CASE(test_cancel_waiting), CASE(test_cancel_running), CASE(test_cancel_lost), CASE(test_cancel_race),
		CASE(test_progress), CASE(test_wait), CASE(test_replay), CASE(test_replay_all)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
