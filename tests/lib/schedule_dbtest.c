#include "database.h"

#include "base/log.h"
#include "identity/identity.h"
#include "job/schedule.h"

#include <pthread.h>
#include <stdatomic.h>

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)
#define NOON_US INT64_C(1795262400000000) /* 2026-11-21 12:00 UTC, a Saturday */
#define ORGANISATION "00000000-0000-7000-8000-000000000001"

static const struct job_policy NIGHT = {.kind = "test.night", .queue = JOB_LOW, .retry = {.attempts = 4}, .deadline_ms = 1000};
static const struct job_policy OTHER = {.kind = "test.other", .queue = JOB_HIGH, .retry = {.attempts = 2}, .deadline_ms = 1000};
static const struct schedule NIGHTLY[] = {{"nightly", "20 3 * * *", "UTC", &NIGHT, "{\"n\": 1}", SCHEDULE_ONCE}, {0}};

static struct ctx ctx;
static struct pool *pool;

static int setup(void **state)
{
	(void)state;
	ctx_init(&ctx);
	log_open("schedule_dbtest", "/dev/null", LOG_INFO);
	pool = pool_open(8);
	schema_make(&ctx, pool);
	ask(&ctx, pool, "insert into organisation (org_id, name) values ('" ORGANISATION "', 'Ärger & Söhne')");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clock_shift(0);
	ctx_free(&ctx);
	pool_close(pool);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	ctx_reset(&ctx);
	clock_shift(0);
	ask(&ctx, pool, "delete from job; delete from schedule");
	return 0;
}

static void declare(const struct schedule *schedules, int64_t now_us)
{
	if (schedule_declare(&ctx, pool, schedules, now_us) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
}

static void tick(const struct schedule *schedules, int64_t now_us)
{
	for (bool more = true; more;)
		if (schedule_tick(&ctx, pool, schedules, now_us, &more) != OK)
			fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
}

#define UTC(column) "to_char(" column " at time zone 'UTC', 'MM-DD HH24:MI:SS')"

static const char *next_at(void)
{
	return ask(&ctx, pool, "select coalesce(string_agg(coalesce(" UTC("next_at") ", 'never'), ',' order by name), '') from schedule");
}

static const char *last_at(void)
{
	return ask(&ctx, pool, "select coalesce(string_agg(coalesce(" UTC("last_at") ", 'never'), ',' order by name), '') from schedule");
}

/* The keys of all jobs, which name schedule and time. */
static const char *jobs(void)
{
	return ask(&ctx, pool, "select coalesce(string_agg(unique_key, ',' order by unique_key), '') from job");
}

static void a_job_at_its_time(void **state)
{
	(void)state;
	declare(NIGHTLY, NOON_US);
	assert_string_equal(next_at(), "11-22 03:20:00");
	assert_string_equal(last_at(), "never");
	tick(NIGHTLY, NOON_US + 15 * HOUR_US + 20 * MINUTE_US - 1);
	assert_string_equal(jobs(), "");
	tick(NIGHTLY, NOON_US + 15 * HOUR_US + 20 * MINUTE_US);
	assert_string_equal(jobs(), "nightly@2026-11-22T03:20:00.000Z");
	assert_string_equal(ask(&ctx, pool, "select concat_ws(' ', kind, queue, attempts, payload, state, org_id is null, run_at <= now()) from job"),
		"test.night 2 4 {\"n\": 1} waiting t t");
	assert_string_equal(next_at(), "11-23 03:20:00");
	assert_string_equal(last_at(), "11-22 03:20:00");
	/* Also when the job has gone: the time is behind. */
	ask(&ctx, pool, "delete from job");
	tick(NIGHTLY, NOON_US + 15 * HOUR_US + 20 * MINUTE_US);
	tick(NIGHTLY, NOON_US + 15 * HOUR_US + 21 * MINUTE_US);
	assert_string_equal(jobs(), "");
}

static void in_its_zone(void **state)
{
	static const struct schedule ROWS[] = {{"a", "30 2 * * *", "Europe/Berlin", &NIGHT, NULL, SCHEDULE_ONCE},
		{"b", "0 8 * * *", "America/New_York", &NIGHT, NULL, SCHEDULE_ONCE}, {"c", "0 0 30 2 *", "UTC", &NIGHT, NULL, SCHEDULE_ONCE}, {0}};
	int64_t spring_us = INT64_C(1774699200000000); /* 2026-03-28 12:00 UTC */

	(void)state;
	declare(ROWS, spring_us);
	/* The gap ends at 01:00 UTC; 08:00 is 12:00 UTC in summer. */
	assert_string_equal(next_at(), "03-29 01:00:00,03-29 12:00:00,never");
	tick(ROWS, spring_us + 13 * HOUR_US);
	assert_string_equal(jobs(), "a@2026-03-29T01:00:00.000Z");
	assert_string_equal(next_at(), "03-30 00:30:00,03-29 12:00:00,never");
}

/* --- missed runs --- */

static void missed_runs(void **state)
{
	static const struct {
		const char *cron;
		enum schedule_missed missed;
		int64_t down_us;          /* from 2026-11-21 12:00 UTC */
		const char *jobs, *next, *last;
	} ROWS[] = {
		/* Three hours too late. */
		{"20 3 * * *", SCHEDULE_ONCE, 18 * HOUR_US + 20 * MINUTE_US, "s@2026-11-22T03:20:00.000Z", "11-23 03:20:00", "11-22 03:20:00"},
		/* Three nights missed: once, for the last one. */
		{"20 3 * * *", SCHEDULE_ONCE, 3 * DAY_US, "s@2026-11-24T03:20:00.000Z", "11-25 03:20:00", "11-24 03:20:00"},
		/* One that ran every minute: once. */
		{"* * * * *", SCHEDULE_ONCE, 5 * DAY_US, "s@2026-11-26T12:00:00.000Z", "11-26 12:01:00", "11-26 12:00:00"},
		/* Sundays at noon: 24 hours later is too late, a moment before is not. */
		{"0 12 * * SUN", SCHEDULE_ONCE, 2 * DAY_US, "", "11-29 12:00:00", "never"},
		{"0 12 * * SUN", SCHEDULE_ONCE, 2 * DAY_US - 1, "s@2026-11-22T12:00:00.000Z", "11-29 12:00:00", "11-22 12:00:00"},
		/* The first of these is too late, the second is not. */
		{"0 12 22,24 11 *", SCHEDULE_ONCE, 3 * DAY_US + HOUR_US, "s@2026-11-24T12:00:00.000Z", "11-22 12:00:00", "11-24 12:00:00"},
		/* Nothing is made up for, but five minutes are no downtime. */
		{"20 3 * * *", SCHEDULE_SKIP, 15 * HOUR_US + 25 * MINUTE_US, "", "11-23 03:20:00", "never"},
		{"20 3 * * *", SCHEDULE_SKIP, 15 * HOUR_US + 25 * MINUTE_US - 1, "s@2026-11-22T03:20:00.000Z", "11-23 03:20:00", "11-22 03:20:00"},
		{"*/10 * * * *", SCHEDULE_SKIP, 2 * DAY_US + MINUTE_US, "s@2026-11-23T12:00:00.000Z", "11-23 12:10:00", "11-23 12:00:00"},
	};

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const struct schedule schedules[] = {{"s", ROWS[i].cron, "UTC", &NIGHT, NULL, ROWS[i].missed}, {0}};
		clean(state);
		declare(schedules, NOON_US);
		tick(schedules, NOON_US + ROWS[i].down_us);
		if (strcmp(jobs(), ROWS[i].jobs) || strcmp(next_at(), ROWS[i].next) || strcmp(last_at(), ROWS[i].last))
			fail_msg("row %zu: %s, %s, %s", i, jobs(), next_at(), last_at());
		tick(schedules, NOON_US + ROWS[i].down_us);
		assert_string_equal(jobs(), ROWS[i].jobs);
	}
}

/* --- changes meanwhile --- */

static void declared_anew(void **state)
{
	static const struct schedule SAME[] = {{"nightly", "20 3 * * *", "UTC", &OTHER, "[]", SCHEDULE_SKIP}, {0}};
	static const struct schedule LATER[] = {{"nightly", "0 5 * * *", "UTC", &OTHER, "[]", SCHEDULE_SKIP}, {0}};
	static const struct schedule ELSEWHERE[] = {{"nightly", "0 5 * * *", "Asia/Kathmandu", &OTHER, "[]", SCHEDULE_SKIP}, {0}};
	static const struct schedule NEVER[] = {{"nightly", "0 0 31 2 *", "UTC", &NIGHT, NULL, SCHEDULE_ONCE}, {0}};

	(void)state;
	declare(NIGHTLY, NOON_US);
	/* A day later, before anybody has looked: the missed time is not forgotten. */
	declare(SAME, NOON_US + DAY_US);
	assert_string_equal(next_at(), "11-22 03:20:00");
	assert_string_equal(ask(&ctx, pool, "select concat_ws(' ', kind, queue, attempts, payload, missed) from schedule"), "test.other 0 2 [] skip");
	declare(LATER, NOON_US + DAY_US);
	assert_string_equal(next_at(), "11-23 05:00:00");
	declare(ELSEWHERE, NOON_US + DAY_US);
	assert_string_equal(next_at(), "11-22 23:15:00");
	tick(ELSEWHERE, NOON_US + DAY_US + 11 * HOUR_US + 16 * MINUTE_US);
	assert_string_equal(last_at(), "11-22 23:15:00");
	declare(NEVER, NOON_US + 2 * DAY_US);
	assert_string_equal(next_at(), "never");
	tick(NEVER, NOON_US + 20 * DAY_US);
	assert_string_equal(jobs(), "nightly@2026-11-22T23:15:00.000Z");
	declare(NIGHTLY, NOON_US + 2 * DAY_US);
	assert_string_equal(next_at(), "11-24 03:20:00");
	assert_string_equal(ask(&ctx, pool, "select count(*) from schedule"), "1");
	/* Switched off by somebody, it stays so. */
	ask(&ctx, pool, "update schedule set enabled = false");
	declare(LATER, NOON_US + 3 * DAY_US);
	tick(LATER, NOON_US + 4 * DAY_US);
	assert_string_equal(jobs(), "nightly@2026-11-22T23:15:00.000Z");
}

static void mistakes_are_named_and_leave_the_others(void **state)
{
	static const struct schedule CRON[] = {{"a", "61 * * * *", "UTC", &NIGHT, NULL, SCHEDULE_ONCE}, {"b", "@daily", "UTC", &NIGHT, NULL, SCHEDULE_ONCE}, {0}};
	static const struct schedule ZONE[] = {{"c", "@daily", "Mars/Olympus", &NIGHT, NULL, SCHEDULE_ONCE}, {"d", "@daily", "UTC", &NIGHT, NULL, SCHEDULE_ONCE}, {0}};

	(void)state;
	assert_int_equal(schedule_declare(&ctx, pool, CRON, NOON_US), ERR_INVALID);
	assert_string_equal(ctx.fault.field, "cron");
	assert_string_equal(ctx.fault.detail, "minute (character 1): 61 is more than 59");
	assert_non_null(strstr(ctx.fault.internal, "schedule a"));
	ctx_reset(&ctx);
	assert_int_equal(schedule_declare(&ctx, pool, ZONE, NOON_US), ERR_INVALID);
	assert_string_equal(ctx.fault.field, "zone");
	assert_string_equal(ask(&ctx, pool, "select string_agg(name, ',' order by name) from schedule"), "b,d");
}

static void changed_while_it_is_due(void **state)
{
	int64_t due_us = NOON_US + 16 * HOUR_US;
	struct ctx own;
	struct lease lease;

	(void)state;
	declare(NIGHTLY, NOON_US);
	ctx_init(&own);
	assert_int_equal(lease_take(&own, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run_text(&lease, "update schedule set payload = '{\"n\": 2}'", 0, NULL, NULL), OK);
	tick(NIGHTLY, due_us); /* does not wait for it */
	assert_string_equal(jobs(), "");
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	ctx_free(&own);
	tick(NIGHTLY, due_us);
	assert_string_equal(ask(&ctx, pool, "select payload from job"), "{\"n\": 2}");
}

/* --- organisations --- */

static void of_organisations(void **state)
{
	(void)state;
	ask(&ctx, pool, "insert into schedule (id, org_id, name, cron, zone, kind, queue, attempts, payload, next_at) values "
		"(gen_random_uuid(), '" ORGANISATION "', 'nightly', '20 3 * * *', 'Asia/Kathmandu', 'test.report', 1, 3, '{\"of\": 1}', '2026-11-21 21:35Z'),"
		"(gen_random_uuid(), '" ORGANISATION "', 'off', '* * * * *', 'UTC', 'test.report', 1, 3, '{}', '2026-11-21 12:01Z'),"
		"(gen_random_uuid(), '" ORGANISATION "', 'broken', '* * * *', 'UTC', 'test.report', 1, 3, '{}', '2026-11-21 12:01Z'),"
		"(gen_random_uuid(), '" ORGANISATION "', 'gone', '* * * * *', 'Mars/Olympus', 'test.report', 1, 3, '{}', '2026-11-21 12:01Z'),"
		/* Of a program of another version. */
		"(gen_random_uuid(), null, 'stranger', '* * * * *', 'UTC', 'test.stranger', 1, 3, '{}', '2026-11-21 12:01Z');"
		"update schedule set enabled = false where name = 'off'");
	declare(NIGHTLY, NOON_US);
	tick(NIGHTLY, NOON_US + 10 * HOUR_US);
	assert_string_equal(jobs(), ORGANISATION "/nightly@2026-11-21T21:35:00.000Z");
	assert_string_equal(ask(&ctx, pool, "select concat_ws(' ', org_id, kind, queue, attempts, payload) from job"),
		ORGANISATION " test.report 1 3 {\"of\": 1}");
	/* What cannot be read is looked at again an hour later, and then runs for a time that it has missed. */
	assert_string_equal(ask(&ctx, pool, "select string_agg(name || ' ' || " UTC("next_at") ", ',' order by name, org_id) from schedule"),
		"broken 11-21 23:00:00,gone 11-21 23:00:00,nightly 11-22 21:35:00,nightly 11-22 03:20:00,off 11-21 12:01:00,stranger 11-21 12:01:00");
	ask(&ctx, pool, "delete from job; update schedule set cron = '* * * * *' where name = 'broken'");
	tick(NIGHTLY, NOON_US + 11 * HOUR_US);
	assert_string_equal(jobs(), ORGANISATION "/broken@2026-11-21T23:00:00.000Z");
}

static void many_at_once(void **state)
{
	(void)state;
	ask(&ctx, pool, "insert into schedule (id, org_id, name, cron, zone, kind, queue, attempts, next_at) "
		"select gen_random_uuid(), '" ORGANISATION "', 'n' || n, '0 0 * * *', 'UTC', 'test.report', 1, 3, '2026-11-22 00:00Z' from generate_series(1, 250) n");
	tick(NULL, NOON_US + 12 * HOUR_US);
	assert_string_equal(ask(&ctx, pool, "select count(*) || ' ' || count(distinct unique_key) from job"), "250 250");
	tick(NULL, NOON_US + 12 * HOUR_US);
	assert_string_equal(ask(&ctx, pool, "select count(*) from job"), "250");
}

/* --- several workers, and those that die --- */

static atomic_int ready;
static atomic_bool go;

static void *rival_main(void *argument)
{
	int64_t now_us = *(int64_t *)argument;
	struct ctx own;
	bool more;
	ctx_init(&own);
	ready++;
	while (!go)
		continue;
	enum err err = schedule_tick(&own, pool, NIGHTLY, now_us, &more);
	ctx_free(&own);
	return err == OK ? NULL : argument;
}

static void rivals_enqueue_once(void **state)
{
	enum { RIVALS = 6, ROUNDS = 20 };
	pthread_t rivals[RIVALS];
	int64_t now_us = NOON_US;
	void *failed;

	(void)state;
	declare(NIGHTLY, now_us);
	for (int round = 1; round <= ROUNDS; round++) {
		ready = 0;
		go = false;
		now_us += DAY_US;
		for (int i = 0; i < RIVALS; i++)
			assert_int_equal(pthread_create(&rivals[i], NULL, rival_main, &now_us), 0);
		WAIT_FOR(ready == RIVALS);
		go = true;
		for (int i = 0; i < RIVALS; i++) {
			pthread_join(rivals[i], &failed);
			assert_null(failed);
		}
		/* The jobs are done meanwhile, so that no unique key helps. */
		ask(&ctx, pool, "update job set state = 'done', finished_at = now()");
		assert_string_equal(ask(&ctx, pool, "select count(*) || ' ' || count(distinct unique_key) from job"),
			arena_printf(&ctx.arena, "%d %d", round, round));
	}
}

static void whoever_holds_the_lock(void **state)
{
	int64_t due_us = NOON_US + DAY_US;
	struct ctx own;
	struct lease lease;

	(void)state;
	declare(NIGHTLY, NOON_US);
	ctx_init(&own);
	assert_int_equal(lease_take(&own, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run_text(&lease, "select pg_advisory_xact_lock(x'73746f61'::int, 1)", 0, NULL, NULL), OK);
	tick(NIGHTLY, due_us);
	assert_string_equal(jobs(), "");
	pg_rollback(&lease);
	lease_return(&lease);
	ctx_free(&own);
	tick(NIGHTLY, due_us);
	assert_string_equal(jobs(), "nightly@2026-11-22T03:20:00.000Z");
}

/* It ends between the job and the move of the schedule, and then at the commit. */
static void dies_in_the_middle(void **state)
{
	static const char *const DEATHS[] = {
		"create trigger death before update on schedule for each row execute function death()",
		"create constraint trigger death after update on schedule deferrable initially deferred for each row execute function death()"};

	bool more;

	(void)state;
	ask(&ctx, pool, "create function death() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); "
		"perform pg_sleep(10); return new; end $$");
	declare(NIGHTLY, NOON_US);
	for (size_t i = 0; i < 2; i++) {
		ask(&ctx, pool, DEATHS[i]);
		assert_int_not_equal(schedule_tick(&ctx, pool, NIGHTLY, NOON_US + DAY_US, &more), OK);
		ctx_reset(&ctx);
		assert_string_equal(jobs(), "");
		assert_string_equal(next_at(), "11-22 03:20:00");
		ask(&ctx, pool, "drop trigger death on schedule");
	}
	tick(NIGHTLY, NOON_US + DAY_US);
	assert_string_equal(jobs(), "nightly@2026-11-22T03:20:00.000Z");
	ask(&ctx, pool, "drop function death");
}

/* --- in a worker --- */

static atomic_int runs;

static enum err run_counted(struct ctx *job_ctx, struct job *job)
{
	(void)job_ctx, (void)job;
	runs++;
	return OK;
}

static void a_worker_runs_them(void **state)
{
	static const struct job_kind KINDS[] = {{&NIGHT, run_counted}, {0}};
	const struct worker_set set = {.kinds = KINDS, .pool = pool, .threads = 1, .stop_fd = -1, .drain = true, .schedules = NIGHTLY};

	(void)state;
	runs = 0;
	/* The first worker declares it, the second one begins after its time and runs it before it ends. */
	clock_shift(NOON_US - clock_wall_us());
	assert_int_equal(worker_run(&ctx, &set), OK);
	assert_string_equal(next_at(), "11-22 03:20:00");
	assert_int_equal(runs, 0);
	clock_shift(0);
	clock_shift(NOON_US + DAY_US - clock_wall_us());
	assert_int_equal(worker_run(&ctx, &set), OK);
	assert_int_equal(runs, 1);
	assert_string_equal(ask(&ctx, pool, "select unique_key || ' ' || state from job"), "nightly@2026-11-22T03:20:00.000Z done");
}

static void looks_when_one_is_due(void **state)
{
	struct scheduler scheduler = {.schedules = NIGHTLY};
	int64_t began_us = clock_mono_us();

	(void)state;
	clock_shift(NOON_US - clock_wall_us());
	int64_t next_us = schedule_keep(&ctx, pool, &scheduler);
	assert_true(scheduler.declared);
	assert_true(next_us >= began_us + 10 * INT64_C(1000000)); /* the next night is far */
	assert_int_equal(schedule_keep(&ctx, pool, &scheduler), next_us);
	/* Two seconds before its time. */
	clock_shift(0);
	clock_shift(NOON_US + 15 * HOUR_US + 20 * MINUTE_US - 2000000 - clock_wall_us());
	scheduler.look_us = 0;
	next_us = schedule_keep(&ctx, pool, &scheduler);
	assert_string_equal(jobs(), "");
	assert_true(next_us <= clock_mono_us() + 2000000);
	/* A new day; what cannot be reached is asked for again. */
	clock_shift(0);
	clock_shift(NOON_US + DAY_US - clock_wall_us());
	scheduler.look_us = 0;
	ask(&ctx, pool, "alter table schedule rename to schedule_away");
	assert_true(schedule_keep(&ctx, pool, &scheduler) > clock_mono_us());
	assert_true(scheduler.failing);
	ask(&ctx, pool, "alter table schedule_away rename to schedule");
	scheduler.look_us = 0;
	assert_true(schedule_keep(&ctx, pool, &scheduler) > clock_mono_us());
	assert_false(scheduler.failing);
	assert_string_equal(jobs(), "nightly@2026-11-22T03:20:00.000Z");
}

#define ACCOUNT "00000000-0000-7000-8000-000000000002"

static void sessions_add(const char *count, const char *expires, const char *revoked)
{
	ask(&ctx, pool, arena_printf(&ctx.arena, "insert into session (org_id, id, account_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at, "
		"revoked_at) select '" ORGANISATION "', gen_random_uuid(), '" ACCOUNT "', gen_random_uuid()::text::bytea, now(), gen_random_uuid()::text::bytea, "
		"now() + interval '%s', now() + %s from generate_series(1, %s)", expires, revoked ? revoked : "null", count));
}

static void the_nights_clean_up(void **state)
{
	const struct worker_set set = {.kinds = IDENTITY_JOBS, .pool = pool, .threads = 1, .stop_fd = -1, .drain = true,
		.schedules = IDENTITY_SCHEDULES};

	(void)state;
	ask(&ctx, pool, "insert into account (id, email, password_hash) values ('" ACCOUNT "', 'a@b.example', '');"
		"insert into membership (org_id, account_id, role) values ('" ORGANISATION "', '" ACCOUNT "', 'owner');"
		"insert into password_reset (token_hash, account_id, expires_at, created_at) select gen_random_uuid()::text::bytea, '" ACCOUNT "', now(), "
		"now() - n * interval '1 day' + interval '1 hour' from generate_series(1, 1100) n;"
		"insert into worker (name, host, pid, threads, seen_at) values ('dead', 'h', 1, 1, now() - interval '25 hours'),"
		"('silent', 'h', 2, 1, now() - interval '23 hours')");
	sessions_add("2500", "-31 days", NULL);
	sessions_add("10", "20 days", "interval '-31 days'");
	sessions_add("3", "-29 days", NULL);
	sessions_add("2", "20 days", "interval '-29 days'");
	sessions_add("1", "20 days", NULL);
	clock_shift(NOON_US - clock_wall_us());
	declare(IDENTITY_SCHEDULES, clock_wall_us());
	assert_string_equal(next_at(), "11-22 03:20:00");
	clock_shift(0);
	clock_shift(NOON_US + DAY_US - clock_wall_us());
	assert_int_equal(worker_run(&ctx, &set), OK);
	assert_string_equal(ask(&ctx, pool, "select kind || ' ' || state from job"), "house.cleanup done");
	assert_string_equal(ask(&ctx, pool, "select count(*) from session"), "6");
	assert_string_equal(ask(&ctx, pool, "select count(*) from password_reset"), "30");
	assert_string_equal(ask(&ctx, pool, "select string_agg(name, ',') from worker where name in ('dead', 'silent')"), "silent");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(a_job_at_its_time, clean), cmocka_unit_test_setup(in_its_zone, clean),
		cmocka_unit_test_setup(missed_runs, clean), cmocka_unit_test_setup(declared_anew, clean),
		cmocka_unit_test_setup(mistakes_are_named_and_leave_the_others, clean), cmocka_unit_test_setup(changed_while_it_is_due, clean),
		cmocka_unit_test_setup(of_organisations, clean), cmocka_unit_test_setup(many_at_once, clean),
		cmocka_unit_test_setup(rivals_enqueue_once, clean), cmocka_unit_test_setup(whoever_holds_the_lock, clean),
		cmocka_unit_test_setup(dies_in_the_middle, clean), cmocka_unit_test_setup(a_worker_runs_them, clean),
		cmocka_unit_test_setup(looks_when_one_is_due, clean),
		cmocka_unit_test_setup(the_nights_clean_up, clean)};

	conf_add(PG_CONF);
	conf_add(JOB_CONF);
	setting("STOA_WORKER_POLL", "50ms");
	return cmocka_run_group_tests(cases, setup, teardown);
}
