#include "job_crew.h"
#include "base/log.h"

#include <signal.h>

static const struct job_policy PLAIN = {"test.plain", JOB_DEFAULT, {3, 1, 1}, 30000};
static const struct job_policy FLAKY = {"test.flaky", JOB_DEFAULT, {3, 1, 1}, 30000};
static const struct job_policy HOPELESS = {"test.hopeless", JOB_LOW, {3, 1, 1}, 30000};
static const struct job_policy REJECTED = {"test.rejected", JOB_DEFAULT, {3, 1, 1}, 30000};
static const struct job_policy URGENT = {"test.urgent", JOB_HIGH, {3, 1, 1}, 30000};
static const struct job_policy SLOW = {"test.slow", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy OVERDUE = {"test.overdue", JOB_DEFAULT, {3, 1, 1}, 100};
static const struct job_policy STOLEN = {"test.stolen", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy STRANGE = {"test.strange", JOB_DEFAULT, {3, 1, 1}, 30000};
static const struct job_policy HELD = {"test.held", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy CARELESS = {"test.careless", JOB_DEFAULT, {1, 1, 1}, 30000};

static enum err run_plain(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	return OK;
}

static enum err run_flaky(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	return job->last ? OK : fail(ctx, ERR_UPSTREAM, "The peer is away (%d of %d)", job->attempt, job->attempts);
}

static enum err run_hopeless(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	/* Cut within a character: what is kept must be text all the same. */
	return fail(ctx, ERR_UPSTREAM, "never \xc3");
}

static enum err run_rejected(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	return job_reject(ctx, job, fail(ctx, ERR_INVALID, "No such subscription"));
}

static const char *state_of(struct ctx *ctx, struct pool *pool, const char *id)
{
	return ask(ctx, pool, arena_printf(&ctx->arena, "select state from job where id = '%s'", id));
}

/* Runs until the test says so in table go. */
static enum err run_slow(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	WAIT_FOR(*ask(ctx, job->pool, "select 1 from go"));
	return OK;
}

/* The first attempt sees another one take over. Whether it then looks at the fence or just ends, the other one's job is left alone;
 * the other one ends when a further job shows that the first attempt was settled. */
static enum err run_stolen(struct ctx *ctx, struct job *job)
{
	struct lease lease;
	const char *now = arena_printf(&ctx->arena, "select state || attempt from job where id = '%s'", job->id);
	note(ctx, job);
	if (job->attempt == 1) {
		ask(ctx, job->pool, arena_printf(&ctx->arena, "update job set state = 'waiting', run_at = now() where id = '%s'", job->id));
		WAIT_FOR(!strcmp(ask(ctx, job->pool, now), "running2"));
	}
	assert_int_equal(lease_take(ctx, job->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	enum err err = job_fence(&lease, job);
	assert_int_equal(err, job->attempt == 1 ? ERR_CONFLICT : OK);
	pg_rollback(&lease);
	if (job->attempt == 1) {
		ctx_forgive(ctx);
		assert_int_equal(job_enqueue(ctx, &lease, &PLAIN, &(struct job_new){0}, NULL), OK);
		lease_return(&lease);
		bool ends_well = json_object_get_boolean(json_object_object_get(job->payload, "well"));
		return ends_well ? OK : fail(ctx, ERR_CONFLICT, "taken over");
	}
	lease_return(&lease);
	WAIT_FOR(*ask(ctx, job->pool, "select 1 from run where kind = 'test.plain'"));
	assert_string_equal(ask(ctx, job->pool, now), "running2");
	return OK;
}

/* Stays past its deadline, until another attempt has been made. */
static enum err run_overdue(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	ctx->deadline_us = 0; /* or nothing more could be asked */
	if (job->attempt == 1)
		WAIT_FOR(!strcmp(state_of(ctx, job->pool, job->id), "done"));
	return OK;
}

static atomic_bool held_may_end;

/* Runs until the test says so, without the database. */
static enum err run_held(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	WAIT_FOR(held_may_end);
	return OK;
}

/* Forgets its lease, within a transaction. */
static enum err run_careless(struct ctx *ctx, struct job *job)
{
	struct lease *lease = arena_alloc(&ctx->arena, sizeof *lease);
	assert_int_equal(lease_take(ctx, job->pool, lease), OK);
	assert_int_equal(pg_begin(lease), OK);
	assert_int_equal(pg_run_text(lease, "insert into effect values ($1::uuid)", 1, PARAMS(job->id), NULL), OK);
	return OK;
}

const struct job_kind KINDS[] = {{&PLAIN, run_plain}, {&FLAKY, run_flaky}, {&HOPELESS, run_hopeless}, {&REJECTED, run_rejected},
	{&URGENT, run_plain}, {&SLOW, run_slow}, {&OVERDUE, run_overdue}, {&STOLEN, run_stolen}, {&HELD, run_held},
	{&CARELESS, run_careless}, {0}};

static void test_enqueue(void **state)
{
	struct fixture *fixture = *state;
	struct lease lease;
	char id[ID_TEXT];
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(job_enqueue(&fixture->ctx, &lease, &PLAIN, &(struct job_new){.payload = "{\"a\": 1}"}, NULL), OK);
	pg_rollback(&lease);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(job_enqueue(&fixture->ctx, &lease, &PLAIN, &(struct job_new){.payload = "{\"a\": 2}",
		.org_id = "0190a5f2-0000-7000-8000-00000000abcd"}, id), OK);
	assert_int_equal(pg_commit(&lease), OK);
	assert_int_equal(job_enqueue(&fixture->ctx, &lease, &PLAIN, &(struct job_new){.payload = "{\"a\": "}, NULL), ERR_INVALID);
	lease_return(&lease);
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select string_agg(payload::text, ' ') from run"), "{\"a\": 2}");
	assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, org_id, finished_at is not null, leased_until is null, errors) from job"),
		"done 1 0190a5f2-0000-7000-8000-00000000abcd t t []");
	assert_string_equal(value(fixture, "select count(*) from worker"), "0");
}

#define ORG "0190a5f2-0000-7000-8000-00000000abcd"

/* Many at once are as many one after the other, and all or none. */
static void test_enqueue_many(void **state)
{
	static const struct job_new JOBS[] = {{.payload = "{\"a\": \"\\\\ \\\" {,}\"}", .org_id = ORG}, {.unique_key = "x"}, {.unique_key = "y"},
		{.unique_key = "y", .payload = "2"}, {.payload = "3", .delay_ms = 3600000}};
	static const struct job_new BAD[] = {{.payload = "4"}, {.payload = "{"}};
	struct fixture *fixture = *state;
	struct lease lease;
	char ids[5][ID_TEXT];
	enqueue(fixture, &PLAIN, (struct job_new){.unique_key = "x", .payload = "1"});
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(job_enqueue_many(&fixture->ctx, &lease, &PLAIN, JOBS, 5, NULL), OK);
	pg_rollback(&lease);
	assert_string_equal(value(fixture, "select count(*) from job"), "1");
	assert_int_equal(job_enqueue_many(&fixture->ctx, &lease, &PLAIN, JOBS, 5, ids), OK);
	assert_int_equal(job_enqueue_many(&fixture->ctx, &lease, &PLAIN, JOBS, 0, NULL), OK);
	assert_int_equal(job_enqueue_many(&fixture->ctx, &lease, &PLAIN, BAD, 2, NULL), ERR_INVALID);
	lease_return(&lease);
	assert_string_equal(ids[1], "");
	assert_string_equal(ids[3], "");
	assert_string_equal(value(fixture, arena_printf(&fixture->ctx.arena, "select string_agg(concat_ws(' ', payload, org_id, unique_key, attempts, "
		"run_at > now()), '|' order by id) from job where id in ('%s', '%s', '%s')", ids[0], ids[2], ids[4])),
		"{\"a\": \"\\\\ \\\" {,}\"} " ORG " 3 f|{} y 3 f|3 3 t");
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select string_agg(payload::text, ' ' order by n) from run"), "1 {\"a\": \"\\\\ \\\" {,}\"} {}");
}

/* Counts notices; true once the one called "end" is there. */
static bool listen_on(struct lease *ear, int *heard)
{
	bool ended = false;
	assert_int_equal(pg_run_text(ear, "select 1", 0, NULL, NULL), OK);
	for (PGnotify *notice; (notice = PQnotifies(pg_raw(ear))); PQfreemem(notice)) {
		ended = *notice->extra;
		*heard += !ended;
	}
	return ended;
}

/* One notice for all, and none for what is not due yet. */
static void test_enqueue_many_wakes_once(void **state)
{
	static const struct job_new LATER[] = {{.delay_ms = 3600000}, {.delay_ms = 3600000}}, MIXED[] = {{.delay_ms = 3600000}, {0}, {0}};
	struct fixture *fixture = *state;
	struct lease ear, lease;
	int heard = 0;
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &ear), OK);
	assert_int_equal(pg_run_text(&ear, "listen stoa_job", 0, NULL, NULL), OK);
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	usleep(30000); /* the sender keeps notices 20 ms apart */
	assert_int_equal(job_enqueue_many(&fixture->ctx, &lease, &PLAIN, LATER, 2, NULL), OK);
	assert_int_equal(job_enqueue_many(&fixture->ctx, &lease, &PLAIN, MIXED, 3, NULL), OK);
	value(fixture, "notify stoa_job, 'end'");
	WAIT_FOR(listen_on(&ear, &heard));
	assert_int_equal(heard, 1);
	assert_int_equal(pg_run_text(&ear, "unlisten *", 0, NULL, NULL), OK);
	lease_return(&lease);
	lease_return(&ear);
}

static void test_unique(void **state)
{
	struct fixture *fixture = *state;
	assert_true(*enqueue(fixture, &PLAIN, (struct job_new){.unique_key = "x"}));
	assert_false(*enqueue(fixture, &PLAIN, (struct job_new){.unique_key = "x"}));
	assert_true(*enqueue(fixture, &PLAIN, (struct job_new){.unique_key = "y"}));
	assert_true(*enqueue(fixture, &FLAKY, (struct job_new){.unique_key = "x"}));
	drain_all(fixture);
	assert_string_equal(value(fixture, "select count(*) from job where state = 'done'"), "3");
	assert_true(*enqueue(fixture, &PLAIN, (struct job_new){.unique_key = "x"}));
}

static void test_retry(void **state)
{
	struct fixture *fixture = *state;
	enqueue(fixture, &FLAKY, (struct job_new){0});
	drain_all(fixture);
	assert_string_equal(value(fixture, "select string_agg(attempt::text, ' ' order by n) from run"), "1 2 3");
	assert_string_equal(value(fixture, "select concat_ws('|', state, attempt, jsonb_array_length(errors), errors->0->>'code', errors->1->>'message', "
		"errors->1->>'attempt', (errors->0->>'time')::timestamptz <= now()) from job"), "done|3|2|upstream|The peer is away (2 of 3)|2|t");
}

static void test_dead(void **state)
{
	struct fixture *fixture = *state;
	enqueue(fixture, &HOPELESS, (struct job_new){0});
	drain_all(fixture);
	assert_string_equal(value(fixture, "select concat_ws('|', state, attempt, jsonb_array_length(errors), errors->2->>'message', finished_at is not null) "
		"from job"), "dead|3|3|never ?|t");
	enqueue(fixture, &REJECTED, (struct job_new){0});
	drain_all(fixture);
	assert_string_equal(value(fixture, "select concat_ws('|', state, attempt, errors->0->>'code', errors->0->>'message') from job "
		"where kind = 'test.rejected'"), "dead|1|invalid|No such subscription");
}

/* A higher queue goes first; of one queue the older; not before its time; not what nobody knows. */
static void test_order(void **state)
{
	struct fixture *fixture = *state;
	enqueue(fixture, &PLAIN, (struct job_new){.payload = "1"});
	enqueue(fixture, &PLAIN, (struct job_new){.payload = "2"});
	enqueue(fixture, &URGENT, (struct job_new){.payload = "3"});
	enqueue(fixture, &PLAIN, (struct job_new){.payload = "4", .delay_ms = 3600000});
	enqueue(fixture, &STRANGE, (struct job_new){.payload = "5"});
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select string_agg(payload::text, ' ' order by n) from run"), "3 1 2");
	assert_string_equal(value(fixture, "select string_agg(payload::text, ' ' order by payload) from job where state = 'waiting' and attempt = 0"), "4 5");
}

static void test_careless(void **state)
{
	struct fixture *fixture = *state;
	int open, used, waiting;
	enqueue(fixture, &CARELESS, (struct job_new){0});
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select state from job"), "done");
	assert_string_equal(value(fixture, "select count(*) from effect"), "0");
	pool_count(fixture->pool, &open, &used, &waiting);
	assert_int_equal(used, 0);
}

static void test_many_workers(void **state)
{
	struct fixture *fixture = *state;
	struct crew crews[3];
	for (int i = 0; i < 300; i++) {
		enqueue(fixture, i % 2 ? &PLAIN : &FLAKY, (struct job_new){0});
		ctx_reset(&fixture->ctx);
	}
	for (int i = 0; i < 3; i++)
		crew_start(&crews[i], 4, false);
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where state = 'done'"), "300"));
	for (int i = 0; i < 3; i++)
		crew_stop(&crews[i]);
	/* 150 plain ones once, 150 flaky ones three times; the table's key forbids the same attempt twice. */
	assert_string_equal(value(fixture, "select count(*) from run"), "600");
	assert_string_equal(value(fixture, "select count(*) from worker"), "0");
}

static void test_notify(void **state)
{
	struct fixture *fixture = *state;
	struct crew crew;
	setting("STOA_WORKER_POLL", "1h");
	crew_start(&crew, 2, false);
	WAIT_FOR(*value(fixture, "select 1 from pg_stat_activity where query = 'listen stoa_job' and state = 'idle'"));
	WAIT_FOR(*value(fixture, "select 1 from worker"));
	for (int i = 0; i < 3; i++) {
		enqueue(fixture, &PLAIN, (struct job_new){0});
		WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where state = 'waiting'"), "0"));
		ctx_reset(&fixture->ctx);
		usleep(30000); /* the sender keeps notices 20 ms apart */
	}
	crew_stop(&crew);
	setting("STOA_WORKER_POLL", NULL);
}

/* A notice that was kept back because another had just been sent: its job is found all the same, also when it is committed later. */
static void test_notice_kept_back(void **state)
{
	struct fixture *fixture = *state;
	struct crew crew;
	struct lease first, second;
	setting("STOA_WORKER_POLL", "1h");
	crew_start(&crew, 2, false);
	WAIT_FOR(*value(fixture, "select 1 from pg_stat_activity where query = 'listen stoa_job' and state = 'idle'"));
	WAIT_FOR(*value(fixture, "select 1 from worker"));
	usleep(30000);
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &first), OK);
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &second), OK);
	assert_int_equal(pg_begin(&first), OK);
	assert_int_equal(pg_begin(&second), OK);
	assert_int_equal(job_enqueue(&fixture->ctx, &first, &PLAIN, &(struct job_new){0}, NULL), OK);
	assert_int_equal(job_enqueue(&fixture->ctx, &second, &PLAIN, &(struct job_new){0}, NULL), OK);
	assert_int_equal(pg_commit(&first), OK);
	lease_return(&first);
	WAIT_FOR(*value(fixture, "select 1 from job where state = 'done'"));
	usleep(60000);
	assert_int_equal(pg_commit(&second), OK);
	lease_return(&second);
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where state = 'done'"), "2"));
	crew_stop(&crew);
	setting("STOA_WORKER_POLL", NULL);
}

/* Who lost the job changes nothing, however it ends. */
static void test_fencing(void **state)
{
	static const char *const PAYLOADS[] = {"{\"well\": true}", "{\"well\": false}"};
	struct fixture *fixture = *state;
	for (int i = 0; i < 2; i++) {
		value(fixture, "truncate job, run");
		enqueue(fixture, &STOLEN, (struct job_new){.payload = PAYLOADS[i]});
		drain(fixture, 2);
		assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, jsonb_array_length(errors)) from job "
			"where kind = 'test.stolen'"), "done 2 0");
		assert_string_equal(value(fixture, "select count(*) from run where kind = 'test.stolen'"), "2");
	}
}

/* The heartbeat keeps a job that runs longer than the lease, and another worker leaves it alone. */
static void test_heartbeat(void **state)
{
	struct fixture *fixture = *state;
	struct crew crews[2];
	setting("STOA_WORKER_LEASE", "2s");
	enqueue(fixture, &SLOW, (struct job_new){0});
	for (int i = 0; i < 2; i++)
		crew_start(&crews[i], 2, false);
	WAIT_FOR(*value(fixture, "select 1 from job where state = 'running' and now() > started_at + interval '5 s' and leased_until > now()"));
	value(fixture, "insert into go values (true)");
	WAIT_FOR(*value(fixture, "select 1 from job where state = 'done'"));
	for (int i = 0; i < 2; i++)
		crew_stop(&crews[i]);
	assert_string_equal(value(fixture, "select count(*) from run"), "1");
	setting("STOA_WORKER_LEASE", NULL);
}

/* An attempt that overstays its deadline loses its lease although its worker lives. */
static void test_overdue(void **state)
{
	struct fixture *fixture = *state;
	setting("STOA_WORKER_LEASE", "500ms");
	enqueue(fixture, &OVERDUE, (struct job_new){0});
	struct crew crew;
	crew_start(&crew, 2, false);
	WAIT_FOR(*value(fixture, "select 1 from job where state = 'done'"));
	crew_stop(&crew);
	assert_string_equal(value(fixture, "select concat_ws(' ', attempt, errors->0->>'code') from job"), "2 lease-lost");
	setting("STOA_WORKER_LEASE", NULL);
}

static bool logged(const char *path, const char *event)
{
	char text[4096] = "";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return strstr(text, event);
}

/* A stop lets the running job finish, and takes no other. */
static void test_stop(void **state)
{
	struct fixture *fixture = *state;
	struct crew crew;
	char path[200];
	snprintf(path, sizeof path, "%s/stop.log", getenv("STOA_TEST_DIR"));
	assert_true(log_open("stoa", path, LOG_INFO));
	enqueue(fixture, &SLOW, (struct job_new){.payload = "1"});
	crew_start(&crew, 1, false);
	WAIT_FOR(*value(fixture, "select 1 from run"));
	enqueue(fixture, &PLAIN, (struct job_new){.payload = "2"});
	eventfd_write(crew.set.stop_fd, 1);
	WAIT_FOR(logged(path, "worker.stopping"));
	assert_string_equal(value(fixture, "select state from job where payload = '1'"), "running");
	value(fixture, "insert into go values (true)");
	crew_join(&crew);
	log_open("stoa", NULL, LOG_INFO);
	assert_string_equal(value(fixture, "select string_agg(state, ' ' order by payload) from job"), "done waiting");
}

static void test_max_runtime(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(worker_run(&fixture->ctx, &(struct worker_set){.kinds = KINDS, .pool = fixture->pool, .threads = 1,
		.stop_fd = -1, .max_runtime_s = 1}), OK);
}

/* kill -9 in the middle of a job: another worker does it again after the lease. */
static void test_killed(void **state)
{
	struct fixture *fixture = *state;
	setting("STOA_WORKER_LEASE", "1s");
	enqueue(fixture, &SLOW, (struct job_new){0});
	for (int attempt = 1; attempt <= 2; attempt++) {
		pid_t pid = fork();
		if (!pid) {
			struct fixture own = {.pool = pool_open(4)};
			ctx_init(&own.ctx);
			worker_run(&own.ctx, &(struct worker_set){.kinds = KINDS, .pool = own.pool, .threads = 2, .stop_fd = -1});
			_exit(1);
		}
		WAIT_FOR(!strcmp(value(fixture, "select count(*) from run"), attempt == 1 ? "1" : "2"));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_string_equal(value(fixture, "select state from job"), "running");
	}
	value(fixture, "insert into go values (true)");
	drain_all(fixture);
	assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, errors->0->>'code', errors->1->>'code') from job"),
		"done 3 lease-lost lease-lost");
	/* The last attempt lost: its kind gets to say so. The third lost like that: dead. */
	value(fixture, "update job set state = 'running', leased_until = now() - interval '1 s'");
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, errors->2->>'code') from job"), "done 4 lease-lost");
	value(fixture, "update job set state = 'running', attempt = 5, leased_until = now() - interval '1 s'");
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, errors->3->>'code') from job"), "dead 5 lease-lost");
	setting("STOA_WORKER_LEASE", NULL);
}

/* The database goes away and comes back: a job that ended meanwhile is recorded, and the worker goes on. */
static void test_restart(void **state)
{
	struct fixture *fixture = *state;
	struct crew crew;
	crew_start(&crew, 2, false);
	enqueue(fixture, &HELD, (struct job_new){0});
	WAIT_FOR(*value(fixture, "select 1 from run"));
	services("down");
	held_may_end = true;
	services("up");
	struct lease lease;
	WAIT_FOR((ctx_reset(&fixture->ctx), lease_take(&fixture->ctx, fixture->pool, &lease)) == OK
		&& pg_run_text(&lease, "select 1", 0, NULL, NULL) == OK);
	lease_return(&lease);
	enqueue(fixture, &PLAIN, (struct job_new){0});
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where state = 'done'"), "2"));
	crew_stop(&crew);
	assert_string_equal(value(fixture, "select max(attempt) from job"), "1");
}

static void test_sweep(void **state)
{
	struct fixture *fixture = *state;
	struct crew crew;
	value(fixture, "insert into job (id, kind, queue, attempts, state, finished_at) "
		"select gen_random_uuid(), 'old', 1, 3, case when n % 10 = 0 then 'cancelled' else 'done' end, now() - interval '25 h' from generate_series(1, 1200) n "
		"union all select gen_random_uuid(), 'fresh', 1, 3, 'done', now() - interval '23 h' "
		"union all select gen_random_uuid(), 'dead', 1, 3, 'dead', now() - interval '25 h'");
	crew_start(&crew, 1, false);
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where kind = 'old'"), "0"));
	crew_stop(&crew);
	assert_string_equal(value(fixture, "select string_agg(kind, ' ' order by kind) from job"), "dead fresh");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	conf_add(JOB_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	setting("STOA_DB_POOL_WAIT", "10s");
	const struct CMUnitTest tests[] = {CASE(test_enqueue), CASE(test_enqueue_many), CASE(test_enqueue_many_wakes_once), CASE(test_unique),
		CASE(test_retry), CASE(test_dead), CASE(test_order), CASE(test_careless), CASE(test_many_workers), CASE(test_notify),
		CASE(test_notice_kept_back), CASE(test_fencing), CASE(test_heartbeat), CASE(test_overdue), CASE(test_stop), CASE(test_max_runtime),
		CASE(test_killed), CASE(test_restart), CASE(test_sweep)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
