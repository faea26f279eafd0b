/* Reads at replicas, against one server that plays both: what a session's search path finds first tells whose part it plays. How far a replica has
 * replayed, and whether the primary answers, is thus what the test says. A real one is in tests/e2e/replica.test.mjs. */
#include "database.h"

#include "pg/pipeline.h"
#include "sql.h"

#include <stdatomic.h>

#define SKEW_US 2000 /* db.replica_skew */
#define STEP_US 500  /* between two moments */

/* Statements of the test's own under numbers that exist. */
static const struct statement PART = {"test_part", "select current_schema() as part", 0, 0, true};
static const struct statement ANSWER = {"test_answer", "select answer($1) as part", 1, 1, true};
static const struct statement NAP = {"test_nap", "select pg_sleep(60)::text as part", 0, 3, true};
static const struct statement WRITE = {"test_write", "insert into public.thing values (1)", 0, 2, false};

struct fixture {
	struct ctx ctx;
	struct pool *own, *pool;
};

static _Atomic int64_t moment = 1000000;

static int64_t moment_next(void *argument)
{
	(void)argument;
	return atomic_fetch_add(&moment, STEP_US);
}

static const char PARTS[] =
	"create schema first; create schema second; create table public.thing (n int);"
	"create table public.play (follows bool, position pg_lsn, answers bool); insert into play values (true, null, true);"
	"create function second.pg_is_in_recovery() returns bool language sql as 'select follows from public.play';"
	"create function second.pg_last_wal_replay_lsn() returns pg_lsn language sql as "
		"'select coalesce(position, pg_current_wal_flush_lsn()) from public.play';"
	"create function first.pg_current_wal_flush_lsn() returns pg_lsn language plpgsql as $$ begin "
		"if not (select answers from public.play) then raise 'the primary says nothing'; end if; return pg_catalog.pg_current_wal_flush_lsn(); end $$;"
	"create function first.answer(text) returns text language sql as $$ select 'first' $$;"
	"create function second.answer(state text) returns text language plpgsql as $$ begin raise using errcode = state; end $$;";

static void tell(struct fixture *fixture, const char *text)
{
	struct ctx ctx;
	ctx_init(&ctx);
	ask(&ctx, fixture->own, text);
	ctx_free(&ctx);
}

static struct pool *open_with(const char *replicas)
{
	char kept[400], first[500];
	snprintf(kept, sizeof kept, "%s", getenv("STOA_DB_URL"));
	snprintf(first, sizeof first, "%s options='-c search_path=first,public,pg_catalog'", kept);
	setting("STOA_DB_REPLICAS", replicas);
	setting("STOA_DB_URL", first);
	struct pool *pool = pool_open(2);
	assert_true(pool_replicate(pool, (struct pool_moments){moment_next, NULL}));
	setting("STOA_DB_URL", kept);
	return pool;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	char second[500];
	ctx_init(&fixture->ctx);
	fixture->own = pool_open(1);
	schema_clear(&fixture->ctx, fixture->own);
	ask(&fixture->ctx, fixture->own, "drop schema if exists first cascade; drop schema if exists second cascade");
	for (const struct migration *at = MIGRATIONS; at->number; at++)
		if (strstr(at->name, "wal_history"))
			ask(&fixture->ctx, fixture->own, at->text);
	ask(&fixture->ctx, fixture->own, PARTS);
	snprintf(second, sizeof second, "%s options='-c search_path=second,public,pg_catalog'", getenv("STOA_DB_URL"));
	fixture->pool = open_with(second);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	int open, used, waiting;
	ctx_free(&fixture->ctx);
	pool_count(fixture->pool, &open, &used, &waiting);
	pool_close(fixture->pool);
	pool_close(fixture->own);
	free(fixture);
	return used || waiting;
}

/* Who answers a plain read of a ctx that may read at replicas with all from before the moment. */
static bool read_by(struct fixture *fixture, int64_t since, const char *part)
{
	PGresult *result;
	ctx_reset(&fixture->ctx);
	fixture->ctx.reads.since = since;
	assert_int_equal(pg_query(&fixture->ctx, fixture->pool, &PART, NULL, &result), OK);
	assert_int_equal(fixture->ctx.reads.replica + fixture->ctx.reads.primary, 1);
	return !strcmp(pg_text(result, 0, "part"), part);
}

/* At the replica, whatever its watch finds next. */
static void lease_second(struct fixture *fixture, struct lease *lease)
{
	for (lease->primary = NULL; !lease->primary; usleep(1000)) {
		lease_return(lease);
		ctx_reset(&fixture->ctx);
		fixture->ctx.reads.since = 1;
		assert_int_equal(lease_take(&fixture->ctx, fixture->pool, lease), OK);
	}
}

static struct pool_replica state_of(struct fixture *fixture)
{
	struct pool_replica replica;
	assert_int_equal(pool_replica_states(fixture->pool, &replica, 1), 1);
	return replica;
}

static bool is_out(struct fixture *fixture, const char *why)
{
	struct pool_replica replica = state_of(fixture);
	return replica.why && strstr(replica.why, why);
}

static void test_proof(void **state)
{
	struct fixture *fixture = *state;
	assert_true(read_by(fixture, 0, "first"));
	WAIT_FOR(read_by(fixture, 1, "second"));
	/* Another machine's clock may be behind this one's. */
	for (int i = 0; i < 5; i++) {
		int64_t written = moment_next(NULL);
		WAIT_FOR(read_by(fixture, written, "second"));
		assert_true(fixture->ctx.reads.as_of > written);
		assert_true(fixture->ctx.reads.as_of <= atomic_load(&moment) - SKEW_US);
	}
}

static void test_behind(void **state)
{
	struct fixture *fixture = *state;
	WAIT_FOR(read_by(fixture, 1, "second"));
	assert_true(state_of(fixture).looked);
	tell(fixture, "update play set position = pg_current_wal_flush_lsn(); insert into thing select generate_series(1, 9)");
	int64_t written = moment_next(NULL);
	WAIT_FOR((read_by(fixture, 1, "first"), is_out(fixture, "too far behind")));
	int64_t lag_us = state_of(fixture).lag_us;
	WAIT_FOR((assert_true(read_by(fixture, written, "first")), state_of(fixture).lag_us > lag_us));
	tell(fixture, "update play set position = null");
	WAIT_FOR(read_by(fixture, written, "second") && !state_of(fixture).why);
	/* One that never had what the first look found. */
	char second[500];
	pool_close(fixture->pool);
	tell(fixture, "update play set position = '0/1'");
	snprintf(second, sizeof second, "%s", conf_string("db.replicas"));
	fixture->pool = open_with(second);
	WAIT_FOR((assert_non_null(state_of(fixture).why), assert_true(read_by(fixture, 1, "first")), is_out(fixture, "too far behind")));
}

/* What a ctx has written it reads at the primary, by whichever lease. */
static void test_own_write(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	struct lease open = {0}, other;
	PGresult *result;
	lease_second(fixture, &open);
	assert_int_equal(pg_run(&open, &PART, NULL, &result), OK);
	assert_string_equal(pg_text(result, 0, "part"), "second");
	assert_int_equal(lease_take(ctx, fixture->pool, &other), OK);
	assert_int_equal(pg_run(&other, &WRITE, NULL, NULL), OK);
	lease_return(&other);
	assert_true(ctx->reads.wrote);
	assert_int_equal(pg_run(&open, &PART, NULL, &result), OK);
	assert_string_equal(pg_text(result, 0, "part"), "first");
	lease_return(&open);
	/* The replica was not far enough when the lease was taken, and is now. */
	ctx_reset(ctx);
	ctx->reads.since = INT64_MAX;
	assert_int_equal(lease_take(ctx, fixture->pool, &open), OK);
	ctx->reads.since = 1;
	assert_int_equal(pg_run(&open, &WRITE, NULL, NULL), OK);
	lease_return(&open);
	assert_int_equal(pg_query(ctx, fixture->pool, &PART, NULL, &result), OK);
	assert_string_equal(pg_text(result, 0, "part"), "first");
}

static void answered(void *argument, enum err err, PGresult *result)
{
	atomic_store((atomic_int *)argument, err != OK ? -1 : !strcmp(pg_text(result, 0, "part"), "first") ? 1 : 2);
}

static int answer_of(struct fixture *fixture, struct pipeline *pipeline, const struct statement *statement, const char *const *params)
{
	atomic_int answer = 0;
	ctx_reset(&fixture->ctx);
	fixture->ctx.reads.since = 1;
	pipeline_ask(&fixture->ctx, pipeline, statement, params, answered, &answer);
	WAIT_FOR(atomic_load(&answer));
	return answer;
}

/* A statement that the replica's replay ended is asked at the primary; one that took too long is not. */
static void test_conflict(void **state)
{
	struct fixture *fixture = *state;
	const char *const conflict[] = {"40001"}, *const late[] = {"57014"};
	struct lease lease = {0};
	PGresult *result;
	lease_second(fixture, &lease);
	assert_int_equal(pg_run(&lease, &ANSWER, conflict, &result), OK);
	assert_string_equal(pg_text(result, 0, "part"), "first");
	assert_int_equal(fixture->ctx.fault.err, OK);
	lease_second(fixture, &lease);
	assert_int_equal(pg_run(&lease, &ANSWER, late, &result), ERR_TIMEOUT);
	lease_return(&lease);

	struct pipeline *pipeline = pipeline_open(fixture->pool, 1);
	WAIT_FOR(answer_of(fixture, pipeline, &PART, NULL) == 2);
	assert_int_equal(fixture->ctx.reads.replica, 1);
	do {
		assert_int_equal(answer_of(fixture, pipeline, &ANSWER, conflict), 1);
		assert_int_equal(fixture->ctx.fault.err, OK);
	} while (fixture->ctx.reads.since); /* it was not asked at the replica */
	pipeline_close(pipeline);
}

/* The replica is told to end what has no time left, and is of use again; the primary is not asked for it. */
static void test_deadline(void **state)
{
	struct fixture *fixture = *state;
	struct lease lease = {0};
	PGresult *result;
	lease_second(fixture, &lease);
	struct connection *connection = lease.connection;
	fixture->ctx.deadline_us = clock_mono_us() + 50000;
	assert_int_equal(pg_run(&lease, &NAP, NULL, &result), ERR_TIMEOUT);
	assert_int_equal(fixture->ctx.fault.retry_after_s, 1);
	assert_int_equal(fixture->ctx.reads.primary, 0);
	fixture->ctx.deadline_us = 0;
	ctx_forgive(&fixture->ctx);
	assert_int_equal(pg_run(&lease, &PART, NULL, &result), OK);
	assert_string_equal(pg_text(result, 0, "part"), "second");
	assert_ptr_equal(lease.connection, connection);
	lease_return(&lease);
}

/* Rows of the cluster that this one was restored from, whose timelines were more. */
static void test_history(void **state)
{
	struct fixture *fixture = *state;
	WAIT_FOR(read_by(fixture, 1, "second"));
	tell(fixture, "insert into wal_history (system, timeline) select 1, timeline from wal_history");
	WAIT_FOR((read_by(fixture, 1, "second"), !strcmp(ask(&fixture->ctx, fixture->own, "select count(*) from wal_history"), "3")));
	tell(fixture, "insert into wal_history (system, timeline) select system, 7 from wal_history limit 1");
	WAIT_FOR((read_by(fixture, 1, "second"), !strcmp(ask(&fixture->ctx, fixture->own, "select count(*) from wal_history"), "5")));
	int64_t since = moment_next(NULL);
	WAIT_FOR(read_by(fixture, since, "second"));
}

static void test_primary_silent(void **state)
{
	struct fixture *fixture = *state;
	WAIT_FOR(read_by(fixture, 1, "second"));
	tell(fixture, "update play set answers = false");
	WAIT_FOR(is_out(fixture, "the primary does not answer"));
	WAIT_FOR(read_by(fixture, 1, "first"));
	tell(fixture, "update play set answers = true");
	WAIT_FOR(read_by(fixture, 1, "second"));
}

static void test_promoted(void **state)
{
	struct fixture *fixture = *state;
	WAIT_FOR(read_by(fixture, 1, "second"));
	tell(fixture, "update play set follows = false");
	WAIT_FOR(state_of(fixture).primary);
	assert_true(read_by(fixture, 1, "first"));
	tell(fixture, "update play set follows = true");
	WAIT_FOR(read_by(fixture, 1, "second"));
}

static void test_unreachable(void **state)
{
	struct fixture *fixture = *state;
	pool_close(fixture->pool);
	fixture->pool = open_with("/nonexistent");
	WAIT_FOR(is_out(fixture, "does not answer"));
	assert_non_null(strstr(state_of(fixture).message, "/nonexistent"));
	assert_true(read_by(fixture, 1, "first"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	setting("STOA_DB_REPLICA_LAG", "150ms");
	setting("STOA_DB_REPLICA_SKEW", "2ms");
	const struct CMUnitTest tests[] = {CASE(test_proof), CASE(test_behind), CASE(test_own_write), CASE(test_conflict), CASE(test_deadline), CASE(test_history),
		CASE(test_primary_silent), CASE(test_promoted), CASE(test_unreachable)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
