/* What is claimed: shares of the queues, batches, limits, pauses. */
#include "job_crew.h"

#include "job/policies.h"
#include "sql.h"

#include <signal.h>

static const struct job_policy URGENT = {"test.urgent", JOB_HIGH, {3, 1, 1}, 30000};
static const struct job_policy PLAIN = {"test.plain", JOB_DEFAULT, {3, 1, 1}, 30000};
static const struct job_policy LATER = {"test.later", JOB_LOW, {3, 1, 1}, 30000};
static const struct job_policy MIXED = {"test.mixed", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy STOLEN = {"test.stolen", JOB_DEFAULT, {3, 1, 1}, 60000};
static const struct job_policy LIMITED = {.kind = "test.limited", .queue = JOB_DEFAULT, .retry = {3, 1, 1}, .deadline_ms = 60000, .at_once = 2};
static const struct job_policy WATCHED = {.kind = "test.watched", .queue = JOB_HIGH, .retry = {3, 1, 1}, .deadline_ms = 60000, .at_once = 3};
static const struct job_policy FIXED = {.kind = "test.fixed", .queue = JOB_LOW, .retry = {3, 300000, 600000}, .deadline_ms = 30000, .fixed = true};

#define HELD "select count(*) from job where state = 'running' and started_at is null"

static const struct job_policy EFFECT = {"test.effect", JOB_DEFAULT, {99, 1, 20}, 30000};

static atomic_int runs, inside, most_inside, most_held;

static enum err run_plain(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	return OK;
}

/* Runs until the test says so when the payload says so; counts the others, without the database. */
static enum err run_mixed(struct ctx *ctx, struct job *job)
{
	if (!json_object_get_boolean(json_object_object_get(job->payload, "slow"))) {
		runs++;
		return OK;
	}
	note(ctx, job);
	most_held = (int)strtol(ask(ctx, job->pool, HELD), NULL, 10);
	WAIT_FOR(*ask(ctx, job->pool, "select 1 from go"));
	return OK;
}

/* While the first runs, all that its worker holds is lost: three to another worker, which begins one, and the rest to nobody. */
static enum err run_stolen(struct ctx *ctx, struct job *job)
{
	runs++;
	if (!json_object_get_boolean(json_object_object_get(job->payload, "slow")))
		return OK;
	ask(ctx, job->pool, "update job set leased_until = now() - interval '1 s' where state = 'running' and started_at is null");
	assert_int_equal(pg_query(ctx, job->pool, &SQL_JOB_RECLAIM, NULL, NULL), OK);
	assert_string_equal(ask(ctx, job->pool, HELD), "0");
	PGresult *rows;
	assert_int_equal(pg_query(ctx, job->pool, &SQL_JOB_CLAIM, PARAMS("{test.stolen}", "{1}", "{0}", "other", "3600000", "1", "3"), &rows), OK);
	most_held = PQntuples(rows);
	return OK;
}

static enum err run_limited(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	WAIT_FOR(*ask(ctx, job->pool, "select 1 from go"));
	return OK;
}

static enum err run_watched(struct ctx *ctx, struct job *job)
{
	int now = ++inside, most = most_inside;
	while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
		continue;
	note(ctx, job);
	inside--;
	return OK;
}

static enum err run_fixed(struct ctx *ctx, struct job *job)
{
	(void)job;
	return fail(ctx, ERR_UPSTREAM, "not now");
}

/* Its effect under the fence, once. */
static enum err run_effect(struct ctx *ctx, struct job *job)
{
	struct lease lease;
	TRY(lease_take(ctx, job->pool, &lease));
	enum err err = pg_begin(&lease);
	if (err == OK)
		err = job_fence(&lease, job);
	if (err == OK)
		err = pg_run_text(&lease, "insert into effect (job_id) select $1::uuid where not exists (select from effect where job_id = $1::uuid)", 1,
			PARAMS(job->id), NULL);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	return err;
}

const struct job_kind KINDS[] = {{&URGENT, run_plain}, {&PLAIN, run_plain}, {&LATER, run_plain}, {&MIXED, run_mixed}, {&STOLEN, run_stolen},
	{&LIMITED, run_limited}, {&WATCHED, run_watched}, {&FIXED, run_fixed}, {&EFFECT, run_effect}, {0}};

static void fill(struct fixture *fixture, const char *kind, int queue, int count, const char *payload)
{
	value(fixture, arena_printf(&fixture->ctx.arena, "insert into job (id, kind, queue, attempts, payload, run_at) select gen_random_uuid(), "
		"'%s', %d, 3, '%s', now() - interval '1 h' + n * interval '1 ms' from generate_series(1, %d) n", kind, queue, payload, count));
}

/* While all queues are full each has its share: 5, 2 and 1 of 8. */
static void test_shares(void **state)
{
	struct fixture *fixture = *state;
	setting("STOA_WORKER_BATCH", "1");
	fill(fixture, "test.urgent", 0, 60, "{}");
	fill(fixture, "test.plain", 1, 60, "{}");
	fill(fixture, "test.later", 2, 60, "{}");
	drain(fixture, 1);
	setting("STOA_WORKER_BATCH", NULL);
	assert_string_equal(value(fixture, "select string_agg(kind || ' ' || count, ', ' order by kind) from (select kind, count(*) from run "
		"where n <= 80 group by kind) shares"), "test.later 10, test.plain 20, test.urgent 50");
	assert_string_equal(value(fixture, "select count(*) from run"), "180");
}

/* The twenty-first of many quick jobs stays: what is held behind it goes back unattempted, and another worker does it. */
static void mix(struct fixture *fixture)
{
	runs = most_held = 0;
	fill(fixture, "test.mixed", 1, 20, "{}");
	value(fixture, "insert into job (id, kind, queue, attempts, payload, run_at) values (gen_random_uuid(), 'test.mixed', 1, 3, '{\"slow\": true}', "
		"now() - interval '30 min')");
	value(fixture, "insert into job (id, kind, queue, attempts, run_at) select gen_random_uuid(), 'test.mixed', 1, 3, "
		"now() - interval '10 min' + n * interval '1 ms' from generate_series(1, 40) n");
}

#define UNTOUCHED "select count(*) from job where payload = '{}' and state = 'waiting' and attempt = 0 and started_at is null and errors = '[]'"

static void test_held_go_back(void **state)
{
	struct fixture *fixture = *state;
	struct crew crews[2];
	mix(fixture);
	crew_start(&crews[0], 1, false);
	WAIT_FOR(*value(fixture, "select 1 from run"));
	WAIT_FOR(!strcmp(value(fixture, UNTOUCHED), "40"));
	assert_true(most_held > 0);
	crew_start(&crews[1], 2, false);
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where state = 'done'"), "60"));
	value(fixture, "insert into go values (true)");
	for (int i = 0; i < 2; i++)
		crew_stop(&crews[i]);
	assert_int_equal(runs, 60);
	assert_string_equal(value(fixture, "select count(*) from job where state = 'done' and attempt = 1 and errors = '[]'"), "61");
}

/* A worker that stops gives back what it holds. */
static void test_stop_gives_back(void **state)
{
	struct fixture *fixture = *state;
	struct crew crew;
	mix(fixture);
	crew_start(&crew, 1, false);
	WAIT_FOR(*value(fixture, "select 1 from run"));
	eventfd_write(crew.set.stop_fd, 1);
	/* At once or a moment after: the job that runs must not end before the worker has heard. */
	WAIT_FOR(!strcmp(value(fixture, UNTOUCHED), "40"));
	value(fixture, "insert into go values (true)");
	crew_join(&crew);
	assert_string_equal(value(fixture, UNTOUCHED), "40");
	assert_string_equal(value(fixture, "select count(*) from job where state = 'done'"), "21");
}

/* Killed with jobs in hand: what was begun is tried again, what was held has lost nothing. */
static void test_killed_batch(void **state)
{
	struct fixture *fixture = *state;
	setting("STOA_WORKER_LEASE", "1s");
	mix(fixture);
	pid_t pid = fork();
	if (!pid) {
		struct fixture own = {.pool = pool_open(4)};
		ctx_init(&own.ctx);
		worker_run(&own.ctx, &(struct worker_set){.kinds = KINDS, .pool = own.pool, .threads = 1, .stop_fd = -1});
		_exit(1);
	}
	WAIT_FOR(*value(fixture, "select 1 from run"));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	value(fixture, "insert into go values (true)");
	drain_all(fixture);
	assert_string_equal(value(fixture, "select count(*) from job where payload = '{}' and state = 'done' and attempt = 1 and errors = '[]'"), "60");
	assert_string_equal(value(fixture, "select concat_ws(' ', state, attempt, errors->0->>'code') from job where payload <> '{}'"), "done 2 lease-lost");
	assert_int_equal(runs, 40);
	setting("STOA_WORKER_LEASE", NULL);
}

/* What was held and lost is not begun by who held it. */
static void test_lost_batch(void **state)
{
	struct fixture *fixture = *state;
	runs = most_held = 0;
	fill(fixture, "test.stolen", 1, 20, "{}");
	value(fixture, "insert into job (id, kind, queue, attempts, payload, run_at) values (gen_random_uuid(), 'test.stolen', 1, 3, '{\"slow\": true}', "
		"now() - interval '30 min')");
	value(fixture, "insert into job (id, kind, queue, attempts, run_at) select gen_random_uuid(), 'test.stolen', 1, 3, "
		"now() - interval '10 min' + n * interval '1 ms' from generate_series(1, 40) n");
	drain(fixture, 1);
	assert_int_equal(most_held, 3);
	assert_int_equal(runs, 58);
	assert_string_equal(value(fixture, "select string_agg(concat_ws(' ', state, attempt, started_at is not null), ', ' order by attempt) from job "
		"where worker = 'other'"), "running 0 f, running 0 f, running 1 t");
	assert_string_equal(value(fixture, "select count(*) from job where state = 'done' and attempt = 1"), "58");
	/* The other one dies. */
	value(fixture, "update job set leased_until = now() - interval '1 s' where worker = 'other'");
	drain(fixture, 1);
	assert_int_equal(runs, 61);
	assert_string_equal(value(fixture, "select string_agg(distinct concat_ws(' ', state, attempt, jsonb_array_length(errors)), ', ') from job"), "done 1 0, done 2 1");
}

/* Two run, the third waits, and what comes behind it is not held up; also with many threads, which never run more than three. */
static void test_limits(void **state)
{
	struct fixture *fixture = *state;
	struct crew crews[3];
	fill(fixture, "test.limited", 1, 3, "{}");
	fill(fixture, "test.later", 2, 5, "{}");
	for (int i = 0; i < 3; i++)
		crew_start(&crews[i], 4, false);
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from run where kind = 'test.limited'"), "2"));
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from run where kind = 'test.later'"), "5"));
	fill(fixture, "test.watched", 0, 200, "{}");
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where kind = 'test.watched' and state = 'done'"), "200"));
	assert_string_equal(value(fixture, "select string_agg(state || ' ' || attempt, ', ' order by state) from job where kind = 'test.limited'"),
		"running 1, running 1, waiting 0");
	assert_in_range(most_inside, 1, 3);
	value(fixture, "insert into go values (true)");
	WAIT_FOR(!strcmp(value(fixture, "select count(*) from job where kind = 'test.limited' and state = 'done'"), "3"));
	for (int i = 0; i < 3; i++)
		crew_stop(&crews[i]);
}

static void test_pauses(void **state)
{
	static const struct { const char *kind; enum job_queue queue; const char *runs; } ROWS[] = {
		{"test.plain", JOB_HIGH, "test.later test.urgent"},
		{NULL, JOB_HIGH, "test.later test.plain"},
		{NULL, JOB_LOW, "test.plain test.urgent"},
		{"nobody.knows", JOB_DEFAULT, "test.later test.plain test.urgent"},
	};
	struct fixture *fixture = *state;
	struct lease lease;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		value(fixture, "truncate job, run");
		fill(fixture, "test.urgent", 0, 1, "{}");
		fill(fixture, "test.plain", 1, 1, "{}");
		fill(fixture, "test.later", 2, 1, "{}");
		assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(job_pause(&fixture->ctx, &lease, ROWS[i].kind, ROWS[i].queue), OK);
		lease_return(&lease);
		drain(fixture, 2);
		assert_string_equal(value(fixture, "select string_agg(kind, ' ' order by kind) from run"), ROWS[i].runs);
		assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(job_resume(&fixture->ctx, &lease, ROWS[i].kind, ROWS[i].queue), OK);
		lease_return(&lease);
		drain(fixture, 2);
		assert_string_equal(value(fixture, "select count(*) from run"), "3");
	}
}

/* Connections die at every moment: nothing is lost, nothing has its effect twice, and nothing stays behind. */
static void test_cut_connections(void **state)
{
	struct fixture *fixture = *state;
	struct crew crews[2];
	setting("STOA_WORKER_LEASE", "2s");
	setting("STOA_WORKER_POLL", "50ms");
	value(fixture, "insert into job (id, kind, queue, attempts) select gen_random_uuid(), 'test.effect', 1, 99 from generate_series(1, 3000)");
	for (int i = 0; i < 2; i++)
		crew_start(&crews[i], 3, false);
	for (int cuts = 0; cuts < 30 && *value(fixture, "select 1 from job where state = 'waiting'"); cuts++) {
		value(fixture, "select count(pg_terminate_backend(pid)) from pg_stat_activity "
			"where backend_type = 'client backend' and pid <> pg_backend_pid() and random() < 0.4");
		usleep(20000);
		ctx_reset(&fixture->ctx);
	}
	WAIT_FOR((ctx_reset(&fixture->ctx), !strcmp(value(fixture, "select count(*) from job where state = 'done'"), "3000")));
	for (int i = 0; i < 2; i++)
		crew_stop(&crews[i]);
	assert_string_equal(value(fixture, "select count(*) from effect"), "3000");
	setting("STOA_WORKER_LEASE", NULL);
	setting("STOA_WORKER_POLL", NULL);
}

/* Document 001, "Task Retry Strategy" and "Queue Depth Targets". */
static void test_policies(void **state)
{
	static const struct { const char *kind; int retries, last_ms, deadline_ms; bool fixed; } ROWS[] = {
		{"mail.send", 3, 600000, 30000, false}, {"password.mail", 3, 600000, 30000, false}, {"mail.digest", 3, 600000, 120000, false},
		{"webhook.deliver", 5, 1800000, 60000, false}, {"report.make", 2, 300000, 120000, true}, {"house.cleanup", 2, 300000, 300000, true},
	};
	static const struct { const char *queue; int target, alert, most; } DEPTHS[] = {
		{"high", 10, 50, 100}, {"default", 100, 500, 1000}, {"low", 500, 2000, 5000}};
	size_t met = 0;
	(void)state;
	for (const struct job_policy *const *policy = JOB_POLICIES; *policy; policy++) {
		const struct retry_policy *retry = &(*policy)->retry;
		assert_in_range(retry->attempts, 1, 100);
		assert_true((*policy)->deadline_ms > 0 && (*policy)->queue < JOB_QUEUES);
		for (const struct job_policy *const *other = JOB_POLICIES; other < policy; other++)
			assert_string_not_equal((*policy)->kind, (*other)->kind);
		for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
			if (strcmp((*policy)->kind, ROWS[i].kind))
				continue;
			met++;
			assert_int_equal(retry->attempts, 1 + ROWS[i].retries);
			assert_int_equal((*policy)->deadline_ms, ROWS[i].deadline_ms);
			assert_int_equal((*policy)->fixed, ROWS[i].fixed);
			int last = (*policy)->fixed ? retry->base_ms : retry_wait_ms(retry, ROWS[i].retries);
			assert_in_range(last, (*policy)->fixed ? ROWS[i].last_ms : ROWS[i].last_ms / 2, ROWS[i].last_ms);
		}
	}
	assert_int_equal(met, sizeof ROWS / sizeof *ROWS);
	for (enum job_queue queue = JOB_HIGH; queue < JOB_QUEUES; queue++) {
		assert_string_equal(JOB_DEPTH_TARGET[queue].queue, DEPTHS[queue].queue);
		assert_int_equal(JOB_DEPTH_TARGET[queue].target, DEPTHS[queue].target);
		assert_int_equal(JOB_DEPTH_TARGET[queue].alert, DEPTHS[queue].alert);
		assert_int_equal(JOB_DEPTH_TARGET[queue].most, DEPTHS[queue].most);
		assert_int_equal(job_queue_parse(DEPTHS[queue].queue), queue);
	}
	assert_int_equal(job_queue_parse("middle"), JOB_QUEUES);
}

static void test_fixed_wait(void **state)
{
	struct fixture *fixture = *state;
	enqueue(fixture, &FIXED, (struct job_new){0});
	drain(fixture, 1);
	assert_string_equal(value(fixture, "select run_at - (errors->0->>'time')::timestamptz from job"), "00:05:00");
}

#define ONE_CLAIM "select * from job_claim('{test.none,test.plain,test.limited,test.later,test.paused}', '{1,1,1,2,1}', '{0,0,2,0,0}', 'w', 30000, " \
	"%d::smallint, 1)"

/* A claim reads a few pages, whatever waits: unknown, paused, at its limit, for later, or just much; also by a plan from when there was
 * nothing. */
static void test_reads_little(void **state)
{
	struct fixture *fixture = *state;
	struct lease lease;
	PGresult *rows;
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	for (int i = 0; i < 7; i++)
		assert_int_equal(pg_run_text(&lease, arena_printf(&fixture->ctx.arena, ONE_CLAIM, 1), 0, NULL, NULL), OK);
	fill(fixture, "nobody.knows", 1, 30000, "{}");
	fill(fixture, "test.paused", 1, 30000, "{}");
	fill(fixture, "test.limited", 1, 30000, "{}");
	fill(fixture, "test.plain", 1, 30000, "{}");
	value(fixture, "update job set run_at = now() + interval '1 h' where kind = 'test.plain' and random() < 0.9");
	value(fixture, "update job set state = 'running' where id in (select id from job where kind = 'test.limited' limit 2); "
		"insert into job_pause values ('kind test.paused', 'test.paused', null)");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pg_run_text(&lease, arena_printf(&fixture->ctx.arena, "explain (analyze, buffers, format json) " ONE_CLAIM,
			i % 3), 0, NULL, &rows), OK);
		struct json_object *plan = json_tokener_parse(PQgetvalue(rows, 0, 0)), *node;
		assert_true(json_object_object_get_ex(json_object_array_get_idx(plan, 0), "Plan", &node));
		int64_t pages = json_object_get_int64(json_object_object_get(node, "Shared Hit Blocks"))
			+ json_object_get_int64(json_object_object_get(node, "Shared Read Blocks"));
		assert_int_equal(json_object_get_int64(json_object_object_get(node, "Actual Rows")), 1);
		json_object_put(plan);
		if (i >= 10 && pages > 150) /* the first ones look up the catalogue */
			fail_msg("claim %d read %d pages", i, (int)pages);
	}
	lease_return(&lease);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	conf_add(JOB_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	setting("STOA_DB_POOL_WAIT", "10s");
	const struct CMUnitTest tests[] = {CASE(test_shares), CASE(test_held_go_back), CASE(test_stop_gives_back), CASE(test_killed_batch),
		CASE(test_lost_batch), CASE(test_limits), CASE(test_pauses), CASE(test_cut_connections), cmocka_unit_test(test_policies), CASE(test_fixed_wait), CASE(test_reads_little)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
