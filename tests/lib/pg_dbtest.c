#include "database.h"

#include "pg/connection.h"
#include "sql.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

/* Statements of the test's own under numbers that exist. */
static const struct statement ADD = {"test_add", "insert into thing (id) values ($1::int)", 1, 0, false};
static const struct statement ALL = {"test_all", "select * from thing order by id", 0, 1, false};
static const struct statement NAP = {"test_nap",
	"-- only in the session that it is told\nselect case when pg_backend_pid() = $1::int then pg_sleep(60) end, pg_backend_pid() as pid",
	1, 2, false};
static const struct statement ADD_SLOWLY = {"test_add_slowly", "insert into thing (id) select $1::int from pg_sleep(60)", 1, 3, false};
static const struct statement PID = {"test_pid", "select pg_backend_pid() as pid", 0, 4, false};

struct fixture {
	struct ctx ctx;
	struct pool *pool;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	ctx_init(&fixture->ctx);
	fixture->pool = pool_open(3);
	schema_clear(&fixture->ctx, fixture->pool);
	ask(&fixture->ctx, fixture->pool, "create table thing (id int constraint thing_id primary key)");
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
	free(fixture);
	return used || waiting;
}

static int pid_of(struct lease *lease)
{
	PGresult *result;
	assert_int_equal(pg_run(lease, &PID, NULL, &result), OK);
	return (int)pg_number(result, 0, "pid", 0);
}

/* Ends a session from another one, and waits until it is gone. */
static void end_session(struct fixture *fixture, int pid)
{
	char text[128];
	struct pool *pool = pool_open(1);
	snprintf(text, sizeof text, "select pg_terminate_backend(%d, 30000)", pid);
	assert_string_equal(ask(&fixture->ctx, pool, text), "t");
	pool_close(pool);
}

static void test_values(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	struct lease lease;
	PGresult *result;
	uint8_t all[256];
	const uint8_t *data;
	size_t bytes;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	const char *const items[] = {"plain", "a \"quoted\" \\ one", "", NULL, "NULL", "{,}", "gr\xc3\xbc\xc3\x9f"};
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "select $1::bytea as data, $2::text[] as items, ($2::text[])[2] as second, ($2::text[])[4] as fourth, "
		"$3::bigint as least, $4::boolean as yes, array_length($2::text[], 1) as count, ''::bytea as nothing, $5::text as missing", 5,
		PARAMS(pg_bytes(ctx, all, sizeof all), pg_array(ctx, items, 7), pg_int(ctx, INT64_MIN), pg_bool(true), NULL), &result), OK);
	assert_true(pg_data(ctx, result, 0, "data", &data, &bytes));
	assert_int_equal(bytes, sizeof all);
	assert_memory_equal(data, all, sizeof all);
	assert_true(pg_data(ctx, result, 0, "nothing", &data, &bytes));
	assert_int_equal(bytes, 0);
	assert_false(pg_data(ctx, result, 0, "missing", &data, &bytes));
	assert_false(pg_data(ctx, result, 0, "second", &data, &bytes));
	assert_string_equal(pg_text(result, 0, "second"), items[1]);
	assert_null(pg_text(result, 0, "fourth"));
	assert_null(pg_text(result, 0, "missing"));
	assert_null(pg_text(result, 0, "no such column"));
	assert_null(pg_text(result, 1, "second"));
	assert_true(pg_number(result, 0, "least", 0) == INT64_MIN);
	assert_int_equal(pg_number(result, 0, "count", 0), 7);
	assert_int_equal(pg_number(result, 0, "missing", -7), -7);
	assert_int_equal(pg_number(result, 0, "second", -7), -7);
	assert_true(pg_true(result, 0, "yes"));
	assert_false(pg_true(result, 0, "missing"));
	assert_string_equal(pg_array(ctx, NULL, 0), "{}");
	assert_string_equal(pg_int(ctx, INT64_MAX), "9223372036854775807");
	assert_string_equal(pg_int(ctx, 0), "0");
	lease_return(&lease);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		const char *constraint;
	} ROWS[] = {
		{"insert into thing values (1), (1)", ERR_CONFLICT, "thing_id"},
		{"insert into child values (2)", ERR_INVALID, "child_thing"},
		{"insert into child values (null)", ERR_INVALID, ""},
		{"insert into checked values (-1)", ERR_INVALID, "checked_positive"},
		{"select 'x'::uuid", ERR_INVALID, ""},
		{"select 1 / 0", ERR_INVALID, ""},
		{"select 99999999999::int", ERR_INVALID, ""},
		{"select nonsense", ERR_INTERNAL, ""},
		{"select from where", ERR_INTERNAL, ""},
		{"do $$ begin raise exception using errcode = '40001'; end $$", ERR_CONFLICT, ""},
		{"do $$ begin raise exception using errcode = '40P01'; end $$", ERR_CONFLICT, ""},
		{"do $$ begin raise exception using errcode = '55P03'; end $$", ERR_CONFLICT, ""},
		{"do $$ begin raise exception using errcode = '57014'; end $$", ERR_TIMEOUT, ""},
		{"do $$ begin raise exception using errcode = '53300'; end $$", ERR_UNAVAILABLE, ""},
		{"do $$ begin raise exception using errcode = '42501'; end $$", ERR_INTERNAL, ""},
	};
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	ask(ctx, fixture->pool, "create table child (id int not null constraint child_thing references thing);"
		"create table checked (n int constraint checked_positive check (n > 0))");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		for (int within = 0; within < 2; within++) {
			struct lease lease;
			ctx_reset(ctx);
			assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
			if (within)
				assert_int_equal(pg_begin(&lease), OK);
			enum err err = pg_run_text(&lease, ROWS[i].text, 0, NULL, NULL);
			if (err != ROWS[i].err || strcmp(pg_constraint(&lease), ROWS[i].constraint))
				fail_msg("%s: %s \"%s\"", ROWS[i].text, error_name(err), pg_constraint(&lease));
			assert_int_equal(ctx->fault.err, err);
			/* The client sees no statement, table or value. */
			assert_null(strstr(ctx->fault.detail, "thing"));
			assert_non_null(strstr(ctx->fault.internal, "text: "));
			pg_rollback(&lease);
			assert_int_equal(pg_run_text(&lease, "select 1", 0, NULL, NULL), OK);
			lease_return(&lease);
		}
	}
}

static void test_timeout(void **state)
{
	struct fixture *fixture = *state;
	setting("STOA_DB_STATEMENT_TIMEOUT", "100ms");
	struct pool *pool = pool_open(1);
	setting("STOA_DB_STATEMENT_TIMEOUT", NULL);
	struct lease lease;
	assert_int_equal(lease_take(&fixture->ctx, pool, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "select pg_sleep(60)", 0, NULL, NULL), ERR_TIMEOUT);
	assert_int_equal(pg_run_text(&lease, "select 1", 0, NULL, NULL), OK);
	lease_return(&lease);
	pool_close(pool);
}

/* A server that is stopped answers nothing at all. */
static void test_silence(void **state)
{
	struct fixture *fixture = *state;
	setting("STOA_DB_STATEMENT_TIMEOUT", "100ms");
	struct pool *pool = pool_open(1);
	setting("STOA_DB_STATEMENT_TIMEOUT", NULL);
	struct lease lease;
	assert_int_equal(lease_take(&fixture->ctx, pool, &lease), OK);
	int pid = pid_of(&lease);
	kill(pid, SIGSTOP);
	enum err err = pg_run(&lease, &PID, NULL, NULL);
	kill(pid, SIGCONT);
	assert_int_equal(err, ERR_TIMEOUT);
	assert_int_not_equal(pid_of(&lease), pid);
	/* What may have been written is uncertain, unless it was still being prepared. */
	for (int prepared = 0; prepared < 2; prepared++) {
		if (prepared)
			assert_int_equal(pg_run(&lease, &ADD, PARAMS("1"), NULL), OK);
		pid = pid_of(&lease);
		kill(pid, SIGSTOP);
		err = pg_run(&lease, &ADD, PARAMS("2"), NULL);
		kill(pid, SIGCONT);
		assert_int_equal(err, prepared ? ERR_UNCERTAIN : ERR_TIMEOUT);
	}
	lease_return(&lease);
	pool_close(pool);
}

static void test_exhausted(void **state)
{
	struct fixture *fixture = *state;
	struct lease leases[3], fourth;
	for (int i = 0; i < 3; i++)
		assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &leases[i]), OK);
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &fourth), ERR_UNAVAILABLE);
	assert_int_equal(fixture->ctx.fault.retry_after_s, 1);
	assert_true(fixture->ctx.pool_wait_us > 0);
	assert_null(fourth.connection);
	lease_return(&fourth);
	lease_return(&leases[1]);
	ctx_forgive(&fixture->ctx);
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &fourth), OK);
	lease_return(&fourth);
	lease_return(&leases[0]);
	lease_return(&leases[2]);
}

/* Who may wait for less than others does. */
static void test_exhausted_early(void **state)
{
	struct fixture *fixture = *state;
	struct lease lease, second;
	setting("STOA_DB_POOL_WAIT", "60s");
	struct pool *pool = pool_open(1);
	setting("STOA_DB_POOL_WAIT", NULL);
	assert_int_equal(lease_take(&fixture->ctx, pool, &lease), OK);
	fixture->ctx.pool_most_ms = 10;
	assert_int_equal(lease_take(&fixture->ctx, pool, &second), ERR_UNAVAILABLE);
	assert_in_range(fixture->ctx.pool_wait_us, 10000, 30000000);
	lease_return(&lease);
	pool_close(pool);
}

struct queuer {
	struct fixture *fixture;
	pthread_t thread;
	_Atomic int *served;
	int place;
};

static void *queue_up(void *argument)
{
	struct queuer *queuer = argument;
	struct ctx ctx;
	struct lease lease;
	ctx_init(&ctx);
	if (lease_take(&ctx, queuer->fixture->pool, &lease) == OK)
		queuer->place = atomic_fetch_add(queuer->served, 1) + 1;
	lease_return(&lease);
	ctx_free(&ctx);
	return NULL;
}

/* Who waited first is served first. */
static void test_line(void **state)
{
	struct fixture *fixture = *state;
	struct lease leases[3];
	struct queuer queuers[5] = {0};
	_Atomic int served = 0;
	int open, used, waiting = 0;
	setting("STOA_DB_POOL_WAIT", "60s");
	pool_close(fixture->pool);
	fixture->pool = pool_open(3);
	setting("STOA_DB_POOL_WAIT", NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &leases[i]), OK);
	for (int i = 0; i < 5; i++) {
		queuers[i] = (struct queuer){.fixture = fixture, .served = &served};
		assert_int_equal(pthread_create(&queuers[i].thread, NULL, queue_up, &queuers[i]), 0);
		WAIT_FOR((pool_count(fixture->pool, &open, &used, &waiting), waiting == i + 1));
	}
	assert_int_equal(used, 3);
	lease_return(&leases[0]); /* one connection passes through all five */
	for (int i = 0; i < 5; i++)
		pthread_join(queuers[i].thread, NULL);
	for (int i = 0; i < 5; i++)
		assert_int_equal(queuers[i].place, i + 1);
	lease_return(&leases[1]);
	lease_return(&leases[2]);
}

static void test_forgotten(void **state)
{
	struct fixture *fixture = *state;
	int open, used, waiting;
	struct lease lease;
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("1"), NULL), OK);
	ctx_reset(&fixture->ctx);
	pool_count(fixture->pool, &open, &used, &waiting);
	assert_int_equal(used, 0);
	assert_int_equal(open, 1);
	assert_string_equal(ask(&fixture->ctx, fixture->pool, "select count(*) from thing"), "0");
	/* And one that is returned within a transaction. */
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("1"), NULL), OK);
	lease_return(&lease);
	lease_return(&lease);
	assert_string_equal(ask(&fixture->ctx, fixture->pool, "select count(*) from thing"), "0");
}

static void test_killed_between(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	struct lease lease;
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("1"), NULL), OK);
	int pid = pid_of(&lease);
	end_session(fixture, pid);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("2"), NULL), OK);
	assert_int_not_equal(pid_of(&lease), pid);
	/* While idle in the pool. */
	pid = pid_of(&lease);
	lease_return(&lease);
	end_session(fixture, pid);
	assert_int_equal(pg_query(ctx, fixture->pool, &ADD, PARAMS("3"), NULL), OK);
	/* In a transaction nothing is repeated, and it is known to be undone. */
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("4"), NULL), OK);
	end_session(fixture, pid_of(&lease));
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("5"), NULL), ERR_UNAVAILABLE);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("6"), NULL), ERR_UNAVAILABLE);
	pg_rollback(&lease);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("7"), NULL), OK);
	/* Before COMMIT was sent. */
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("8"), NULL), OK);
	end_session(fixture, pid_of(&lease));
	assert_int_equal(pg_commit(&lease), ERR_UNAVAILABLE);
	lease_return(&lease);
	assert_string_equal(ask(ctx, fixture->pool, "select string_agg(id::text, ' ' order by id) from thing"), "1 2 3 7");
}

struct sleeper {
	struct lease *lease;
	const struct statement *statement;
	const char *param;
	PGresult *result;
	enum err err;
};

static void *run_statement(void *argument)
{
	struct sleeper *sleeper = argument;
	sleeper->err = pg_run(sleeper->lease, sleeper->statement, PARAMS(sleeper->param), &sleeper->result);
	return NULL;
}

/* Runs a statement that sleeps in a thread, and ends its session meanwhile. */
static struct sleeper kill_within(struct fixture *fixture, struct lease *lease, const struct statement *statement, const char *param)
{
	struct sleeper sleeper = {.lease = lease, .statement = statement, .param = param};
	char sleeping[128];
	pthread_t thread;
	struct ctx ctx;
	struct pool *pool = pool_open(1);
	ctx_init(&ctx);
	int pid = pid_of(lease);
	snprintf(sleeping, sizeof sleeping, "select 1 from pg_stat_activity where pid = %d and wait_event = 'PgSleep'", pid);
	assert_int_equal(pthread_create(&thread, NULL, run_statement, &sleeper), 0);
	WAIT_FOR(*ask(&ctx, pool, sleeping));
	ctx_free(&ctx);
	pool_close(pool);
	struct fixture other = *fixture;
	ctx_init(&other.ctx);
	end_session(&other, pid);
	ctx_free(&other.ctx);
	pthread_join(thread, NULL);
	return sleeper;
}

static void test_killed_within(void **state)
{
	struct fixture *fixture = *state;
	struct lease lease;
	setting("STOA_DB_STATEMENT_TIMEOUT", "2m");
	pool_close(fixture->pool);
	fixture->pool = pool_open(3);
	setting("STOA_DB_STATEMENT_TIMEOUT", NULL);
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	/* A plain select is run once more elsewhere. */
	int pid = pid_of(&lease);
	struct sleeper sleeper = kill_within(fixture, &lease, &NAP, pg_int(&fixture->ctx, pid));
	assert_int_equal(sleeper.err, OK);
	assert_int_not_equal(pg_number(sleeper.result, 0, "pid", 0), pid);
	/* What may have written is not. */
	sleeper = kill_within(fixture, &lease, &ADD_SLOWLY, "1");
	assert_int_equal(sleeper.err, ERR_UNCERTAIN);
	ctx_forgive(&fixture->ctx);
	/* A transaction's loss is certain. */
	assert_int_equal(pg_begin(&lease), OK);
	sleeper = kill_within(fixture, &lease, &ADD_SLOWLY, "2");
	assert_int_equal(sleeper.err, ERR_UNAVAILABLE);
	assert_int_equal(fixture->ctx.fault.retry_after_s, 1);
	lease_return(&lease);
	assert_string_equal(ask(&fixture->ctx, fixture->pool, "select count(*) from thing"), "0");
}

/* The deadline passes while the statement runs. */
static enum err run_until(struct lease *lease, const struct statement *statement, const char *param)
{
	ctx_forgive(lease->ctx);
	lease->ctx->deadline_us = clock_mono_us() + 100000;
	enum err err = pg_run(lease, statement, PARAMS(param), NULL);
	assert_true(clock_mono_us() >= lease->ctx->deadline_us);
	lease->ctx->deadline_us = 0;
	return err;
}

static void test_deadline(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	struct lease lease;
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	int pid = pid_of(&lease);
	const char *self = pg_int(ctx, pid);
	assert_int_equal(run_until(&lease, &NAP, self), ERR_TIMEOUT);
	assert_int_equal(ctx->fault.retry_after_s, 1);
	/* The server says that nothing was written, so this is no ERR_UNCERTAIN. */
	assert_int_equal(run_until(&lease, &ADD_SLOWLY, "1"), ERR_TIMEOUT);
	ctx_forgive(ctx);
	assert_int_equal(pid_of(&lease), pid);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("2"), NULL), OK);
	assert_int_equal(run_until(&lease, &NAP, self), ERR_TIMEOUT);
	pg_rollback(&lease);
	/* What comes too late is not begun. */
	uint32_t queries = ctx->queries;
	ctx_forgive(ctx);
	ctx->deadline_us = 1;
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("3"), NULL), ERR_TIMEOUT);
	assert_int_equal(ctx->queries, queries);
	/* A transaction that was in time is committed. */
	ctx_forgive(ctx);
	ctx->deadline_us = 0;
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("4"), NULL), OK);
	ctx->deadline_us = 1;
	assert_int_equal(pg_commit(&lease), OK);
	ctx->deadline_us = 0;
	assert_int_equal(pid_of(&lease), pid);
	lease_return(&lease);
	assert_string_equal(ask(ctx, fixture->pool, "select string_agg(id::text, ' ') from thing"), "4");
}

/* The session hears nothing, not even that it is cancelled: it is left behind. */
static void test_deadline_deaf(void **state)
{
	static const struct { const struct statement *statement; enum err err; } ROWS[] = {{&ALL, ERR_TIMEOUT}, {&ADD, ERR_UNCERTAIN}};
	struct fixture *fixture = *state;
	struct lease lease;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
		int pid = pid_of(&lease);
		/* Prepared, so that it is being executed when nothing more is heard. */
		assert_int_equal(pg_run(&lease, ROWS[i].statement, PARAMS("1"), NULL), OK);
		kill(pid, SIGSTOP);
		enum err err = run_until(&lease, ROWS[i].statement, "2");
		ctx_forgive(&fixture->ctx);
		int other = pid_of(&lease);
		kill(pid, SIGCONT);
		assert_int_equal(err, ROWS[i].err);
		assert_int_not_equal(other, pid);
		lease_return(&lease);
	}
}

static void test_commit(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	struct lease lease;
	ask(ctx, fixture->pool, "create table late (id int references thing deferrable initially deferred);"
		"create function end_me() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); "
		"perform pg_sleep(1); return null; end $$; create table deadly (id int);"
		"create constraint trigger end_me after insert on deadly deferrable initially deferred for each row execute function end_me()");
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_true(lease.in_transaction);
	assert_int_equal(pg_run_text(&lease, "insert into late values (9)", 0, NULL, NULL), OK);
	assert_int_equal(pg_commit(&lease), ERR_INVALID);
	assert_false(lease.in_transaction);
	/* COMMIT after a failure is a rollback, and says so. */
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run_text(&lease, "select nonsense", 0, NULL, NULL), ERR_INTERNAL);
	assert_int_equal(pg_commit(&lease), ERR_INTERNAL);
	ctx_forgive(ctx);
	/* Lost during COMMIT. */
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run_text(&lease, "insert into deadly values (1)", 0, NULL, NULL), OK);
	assert_int_equal(pg_commit(&lease), ERR_UNCERTAIN);
	assert_int_equal(ctx->fault.err, ERR_UNCERTAIN);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ADD, PARAMS("1"), NULL), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	assert_string_equal(ask(ctx, fixture->pool, "select count(*) from thing"), "1");
}

static void test_stale_statements(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	struct lease lease;
	PGresult *result;
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_run(&lease, &ALL, NULL, NULL), OK);
	assert_int_equal(pg_run_text(&lease, "deallocate all", 0, NULL, NULL), OK);
	assert_int_equal(pg_run(&lease, &ALL, NULL, NULL), OK);
	ask(ctx, fixture->pool, "alter table thing add note text default 'new'");
	assert_int_equal(pg_run(&lease, &ALL, NULL, &result), OK);
	assert_int_equal(PQnfields(result), 2);
	/* In a transaction the failure stands, but only once. */
	ask(ctx, fixture->pool, "alter table thing drop note");
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ALL, NULL, NULL), ERR_UNAVAILABLE);
	pg_rollback(&lease);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run(&lease, &ALL, NULL, &result), OK);
	assert_int_equal(PQnfields(result), 1);
	lease_return(&lease);
	/* What is not supported at all is not tried for ever. */
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "do $$ begin raise exception using errcode = '0A000'; end $$", 0, NULL, NULL), ERR_INTERNAL);
	lease_return(&lease);
}

static void test_lifetime(void **state)
{
	struct fixture *fixture = *state;
	struct lease lease;
	setting("STOA_DB_LIFETIME", "1s");
	struct pool *pool = pool_open(1);
	setting("STOA_DB_LIFETIME", NULL);
	int first = (int)strtol(ask(&fixture->ctx, pool, "select pg_backend_pid()"), NULL, 10);
	WAIT_FOR((int)strtol(ask(&fixture->ctx, pool, "select pg_backend_pid()"), NULL, 10) != first);
	/* Not while it is used. */
	assert_int_equal(lease_take(&fixture->ctx, pool, &lease), OK);
	int held = pid_of(&lease);
	int64_t until = clock_mono_us() + 1500000;
	while (clock_mono_us() < until)
		assert_int_equal(pid_of(&lease), held);
	lease_return(&lease);
	pool_close(pool);
}

static void test_session_settings(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	char url[512];
	const char *given = getenv("STOA_DB_URL");
	char kept[400];
	snprintf(kept, sizeof kept, "%s", given);
	snprintf(url, sizeof url, "%s options='-c TimeZone=Europe/Berlin -c work_mem=5MB' application_name=mine", kept);
	setting("STOA_DB_URL", url);
	struct pool *pool = pool_open(1);
	assert_string_equal(ask(ctx, pool, "select concat_ws(' ', current_setting('TimeZone'), current_setting('statement_timeout'), "
		"current_setting('work_mem'), current_setting('application_name'), current_setting('client_encoding'), current_setting('jit'))"),
		"UTC 5s 5MB mine UTF8 off");
	pool_close(pool);
	/* Without options nothing is prepared, and a foreign time zone is refused instead of read wrongly. */
	setting("STOA_DB_PREPARE", "no");
	pool = pool_open(1);
	struct lease lease;
	assert_int_equal(lease_take(ctx, pool, &lease), ERR_UNAVAILABLE);
	assert_non_null(strstr(ctx->fault.internal, "TimeZone"));
	pool_close(pool);
	setting("STOA_DB_URL", kept);
	pool = pool_open(1);
	assert_int_equal(pg_query(ctx, pool, &ADD, PARAMS("1"), NULL), OK);
	assert_string_equal(ask(ctx, pool, "select count(*) from pg_prepared_statements"), "0");
	pool_close(pool);
	setting("STOA_DB_PREPARE", NULL);
	assert_int_equal(lease_take(ctx, fixture->pool, &lease), OK);
	assert_int_equal(pg_run(&lease, &ALL, NULL, NULL), OK);
	assert_int_equal(pg_run(&lease, &ALL, NULL, NULL), OK);
	PGresult *result;
	assert_int_equal(pg_run_text(&lease, "select count(*) as n from pg_prepared_statements", 0, NULL, &result), OK);
	assert_int_equal(pg_number(result, 0, "n", 0), 1);
	lease_return(&lease);
}

/* Which servers are connected to, and with what: nothing of the url's own servers is left for another one. */
static void test_hosts(void **state)
{
	static const struct { const char *url, *replica, *left, *hosts; } ROWS[] = {
		{"host=db1 port=5433 dbname='it''s'", NULL, NULL, NULL}, /* not a connection string: libpq's to refuse */
		{"host=db1 port=5433 user=u password='a\\'b\\\\c'", NULL, "user='u' password='a\\'b\\\\c' ", "db1/-/5433 "},
		{"postgresql://u@db1:5433,db2:5434/stoa", NULL, "user='u' dbname='stoa' ", "db1/-/5433 db2/-/5434 "},
		{"dbname=stoa", NULL, "dbname='stoa' ", "-/-/- "},
		{"host=db1 hostaddr=192.0.2.1 port=5433 dbname=stoa", "db2,db3:5444", "dbname='stoa' ", "db2/-/5433 db3/-/5444 "},
		{"host=db1,db9 port=5433,5434 dbname=stoa", "db2,[::1]:5444", "dbname='stoa' ", "db2/-/- ::1/-/5444 "},
		{"host=db1 dbname=stoa", "postgresql://db2:5435/other", "dbname='other' ", "db2/-/5435 "}};
	char kept[400];
	(void)state;
	snprintf(kept, sizeof kept, "%s", getenv("STOA_DB_URL"));
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct connection_plan plan;
		char hosts[200] = "";
		setting("STOA_DB_URL", ROWS[i].url);
		connection_plan_make(&plan, ROWS[i].replica);
		for (int n = 0; n < plan.host_count; n++) {
			const struct host *host = &plan.hosts[n];
			snprintf(hosts + strlen(hosts), sizeof hosts - strlen(hosts), "%s/%s/%s ", host->name ? host->name : "-", host->address ? host->address : "-",
				host->port ? host->port : "-");
		}
		assert_string_equal(plan.url, ROWS[i].left ? ROWS[i].left : ROWS[i].url);
		if (ROWS[i].hosts)
			assert_string_equal(hosts, ROWS[i].hosts);
		connection_plan_free(&plan);
	}
	setting("STOA_DB_URL", kept);
}

static void test_unreachable(void **state)
{
	struct fixture *fixture = *state;
	char kept[400];
	snprintf(kept, sizeof kept, "%s", getenv("STOA_DB_URL"));
	static const char *const URLS[] = {"host=/nonexistent", "no conninfo at all", "host=127.0.0.1 port=1"};
	for (size_t i = 0; i < sizeof URLS / sizeof *URLS; i++) {
		setting("STOA_DB_URL", URLS[i]);
		struct pool *pool = pool_open(2);
		struct lease lease;
		ctx_reset(&fixture->ctx);
		assert_int_equal(lease_take(&fixture->ctx, pool, &lease), ERR_UNAVAILABLE);
		assert_int_equal(fixture->ctx.fault.retry_after_s, 1);
		/* No connection is held, so there is nothing to wait for. */
		for (int n = 0; n < 100; n++)
			assert_int_equal(lease_take(&fixture->ctx, pool, &lease), ERR_UNAVAILABLE);
		int open, used, waiting;
		pool_count(pool, &open, &used, &waiting);
		assert_int_equal(open + used + waiting, 0);
		pool_close(pool);
	}
	setting("STOA_DB_URL", kept);
}

static void *probe(void *argument)
{
	struct pool *pool = argument;
	struct lease lease;
	struct ctx ctx;
	ctx_init(&ctx);
	/* The first attempts may come too soon after the last. */
	while (lease_take(&ctx, pool, &lease) != OK && !strstr(ctx.fault.internal, "server"))
		ctx_reset(&ctx);
	ctx_free(&ctx);
	return NULL;
}

/* Packets vanish: a unit of work tries for as long as its deadline allows, and while one finds out whether it is over, the others do not wait
 * for that. */
static void test_black_hole(void **state)
{
	struct fixture *fixture = *state;
	struct ctx *ctx = &fixture->ctx;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	char kept[400], url[80];
	struct lease lease;
	pthread_t prober;
	int open, used, waiting, hole = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(hole >= 0 && !bind(hole, (struct sockaddr *)&address, sizeof address) && !listen(hole, 16) &&
		!getsockname(hole, (struct sockaddr *)&address, &length));
	snprintf(kept, sizeof kept, "%s", getenv("STOA_DB_URL"));
	snprintf(url, sizeof url, "host=127.0.0.1 port=%d", ntohs(address.sin_port));
	setting("STOA_DB_URL", url);
	setting("STOA_DB_CONNECT_TIMEOUT", "60s");
	setting("STOA_DB_POOL_WAIT", "60s");
	struct pool *pool = pool_open(4);
	setting("STOA_DB_URL", kept);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	setting("STOA_DB_POOL_WAIT", NULL);
	ctx->deadline_us = clock_mono_us() + 100000;
	assert_int_equal(lease_take(ctx, pool, &lease), ERR_UNAVAILABLE);
	assert_in_range(ctx->pool_wait_us, 0, 30000000);
	assert_non_null(strstr(ctx->fault.internal, "no connection to 127.0.0.1, port "));
	ctx_reset(ctx);
	int first = accept(hole, NULL, NULL);
	assert_int_equal(pthread_create(&prober, NULL, probe, pool), 0);
	int second = accept(hole, NULL, NULL);
	assert_true(first >= 0 && second >= 0);
	for (int i = 0; i < 3; i++) {
		ctx_reset(ctx);
		assert_int_equal(lease_take(ctx, pool, &lease), ERR_UNAVAILABLE);
		assert_in_range(ctx->pool_wait_us, 0, 30000000);
		pool_count(pool, &open, &used, &waiting);
		assert_int_equal(used, 1);
	}
	close(first);
	close(second);
	pthread_join(prober, NULL);
	close(hole);
	pool_close(pool);
}

static enum err try_add(struct fixture *fixture, const char *id)
{
	ctx_reset(&fixture->ctx);
	return pg_query(&fixture->ctx, fixture->pool, &ADD, PARAMS(id), NULL);
}

static void test_restart(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(try_add(fixture, "1"), OK);
	services("down");
	for (int i = 0; i < 20; i++)
		assert_int_equal(try_add(fixture, "2"), ERR_UNAVAILABLE);
	services("up");
	WAIT_FOR(try_add(fixture, "3") == OK);
	assert_string_equal(ask(&fixture->ctx, fixture->pool, "select string_agg(id::text, ' ' order by id) from thing"), "1 3");
}

#define THREADS 8
#define ROUNDS 300

struct hammer {
	struct pool *pool;
	pthread_t thread;
	int number, added, uncertain, refused;
};

static void *hammer_main(void *argument)
{
	struct hammer *hammer = argument;
	struct ctx ctx;
	ctx_init(&ctx);
	for (int i = 0; i < ROUNDS; i++) {
		enum err err;
		struct lease lease;
		const char *id = pg_int(&ctx, hammer->number * ROUNDS + i);
		if (i % 3) {
			err = pg_query(&ctx, hammer->pool, &ADD, PARAMS(id), NULL);
		} else if ((err = lease_take(&ctx, hammer->pool, &lease)) == OK) {
			if ((err = pg_begin(&lease)) == OK && (err = pg_run(&lease, &ADD, PARAMS(id), NULL)) == OK)
				err = pg_commit(&lease);
			if (i % 2)
				lease_return(&lease);
		}
		hammer->added += err == OK;
		hammer->uncertain += err == ERR_UNCERTAIN;
		hammer->refused += err == ERR_UNAVAILABLE;
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
	return NULL;
}

/* Threads on a small pool whose sessions are killed all the time: what was said to be stored is, and nothing else. */
static void test_threads(void **state)
{
	struct fixture *fixture = *state;
	struct hammer hammers[THREADS];
	int added = 0, uncertain = 0, refused = 0;
	for (int i = 0; i < THREADS; i++) {
		hammers[i] = (struct hammer){.pool = fixture->pool, .number = i};
		assert_int_equal(pthread_create(&hammers[i].thread, NULL, hammer_main, &hammers[i]), 0);
	}
	struct pool *pool = pool_open(1);
	for (int i = 0; i < 20; i++) {
		ask(&fixture->ctx, pool, "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and "
			"application_name = 'stoa' order by random() limit 1");
		usleep(5000);
		ctx_reset(&fixture->ctx);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(hammers[i].thread, NULL);
		added += hammers[i].added;
		uncertain += hammers[i].uncertain;
		refused += hammers[i].refused;
	}
	int stored = (int)strtol(ask(&fixture->ctx, pool, "select count(*) from thing"), NULL, 10);
	pool_close(pool);
	print_message("added %d, uncertain %d, refused %d, stored %d\n", added, uncertain, refused, stored);
	assert_int_equal(added + uncertain + refused, THREADS * ROUNDS);
	assert_in_range(stored, added, added + uncertain);
	assert_true(added > THREADS * ROUNDS / 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	const struct CMUnitTest tests[] = {CASE(test_values), CASE(test_errors), CASE(test_timeout), CASE(test_silence), CASE(test_exhausted), CASE(test_exhausted_early),
		CASE(test_line), CASE(test_forgotten), CASE(test_killed_between), CASE(test_killed_within), CASE(test_deadline), CASE(test_deadline_deaf), CASE(test_commit),
		CASE(test_stale_statements), CASE(test_lifetime), CASE(test_session_settings), CASE(test_hosts), CASE(test_unreachable), CASE(test_black_hole), CASE(test_threads),
		CASE(test_restart)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
