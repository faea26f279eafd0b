/* The pipeline: each gets its own answer, whatever happens to those beside it, to the connection or to the server. */
#include "database.h"

#include "pg/pipeline.h"
#include "sql.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Statements of the test's own under numbers that exist. */
static const struct statement ECHO = {"test_echo", "select $1::int as number, now()::text as moment, pg_backend_pid() as pid", 1, 0, false};
/* Waits for as long as the test holds the lock. */
static const struct statement HELD = {"test_held", "select pg_advisory_lock_shared(1), pg_advisory_unlock_shared(1), 1 as number, "
	"now()::text as moment, pg_backend_pid() as pid", 0, 1, false};
static const struct statement ADD = {"test_add", "insert into thing (id) values ($1::int)", 1, 2, false};

#define QUESTIONS 12

struct asked {
	struct ctx ctx;
	atomic_int answers;
	enum err err;
	char number[16], moment[64];
	int pid;
};

struct fixture {
	struct ctx ctx;
	struct pool *pool, *own;
	struct pipeline *pipeline;
	struct lease lock;
	struct asked held, asked[QUESTIONS];
};

static void answered(void *argument, enum err err, PGresult *result)
{
	struct asked *asked = argument;
	asked->err = err;
	if (err == OK) {
		snprintf(asked->number, sizeof asked->number, "%s", pg_text(result, 0, "number"));
		snprintf(asked->moment, sizeof asked->moment, "%s", pg_text(result, 0, "moment"));
		asked->pid = (int)pg_number(result, 0, "pid", 0);
	}
	atomic_fetch_add(&asked->answers, 1);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	ctx_init(&fixture->ctx);
	ctx_init(&fixture->held.ctx);
	for (int i = 0; i < QUESTIONS; i++)
		ctx_init(&fixture->asked[i].ctx);
	fixture->pool = pool_open(2);
	fixture->own = pool_open(1);
	fixture->pipeline = pipeline_open(fixture->pool, 1);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	int open, used, waiting;
	pipeline_close(fixture->pipeline);
	lease_return(&fixture->lock);
	ctx_free(&fixture->ctx);
	ctx_free(&fixture->held.ctx);
	for (int i = 0; i < QUESTIONS; i++)
		ctx_free(&fixture->asked[i].ctx);
	pool_count(fixture->pool, &open, &used, &waiting);
	pool_close(fixture->pool);
	pool_close(fixture->own);
	free(fixture);
	return used || waiting;
}

static void ask_all(struct fixture *fixture, const char *const params[QUESTIONS])
{
	for (int i = 0; i < QUESTIONS; i++) {
		struct asked *asked = &fixture->asked[i];
		const char **own = arena_alloc(&asked->ctx.arena, sizeof *own);
		own[0] = params ? params[i] : pg_int(&asked->ctx, i);
		pipeline_ask(&asked->ctx, fixture->pipeline, &ECHO, own, answered, asked);
	}
}

static void wait_all(struct fixture *fixture)
{
	for (int i = 0; i < QUESTIONS; i++)
		WAIT_FOR(atomic_load(&fixture->asked[i].answers));
}

/* The pipeline's only connection waits, so that everything asked from here on is asked together. The session's number. */
static int hold(struct fixture *fixture)
{
	assert_int_equal(lease_take(&fixture->ctx, fixture->own, &fixture->lock), OK);
	assert_int_equal(pg_run_text(&fixture->lock, "select pg_advisory_lock(1)", 0, NULL, NULL), OK);
	pipeline_ask(&fixture->held.ctx, fixture->pipeline, &HELD, NULL, answered, &fixture->held);
	PGresult *result;
	int pid = 0;
	WAIT_FOR(pg_run_text(&fixture->lock, "select pid from pg_locks where locktype = 'advisory' and not granted", 0, NULL, &result) == OK &&
		(pid = (int)pg_number(result, 0, "pid", 0)));
	return pid;
}

static void let_go(struct fixture *fixture)
{
	assert_int_equal(pg_run_text(&fixture->lock, "select pg_advisory_unlock(1)", 0, NULL, NULL), OK);
	WAIT_FOR(atomic_load(&fixture->held.answers));
}

static void own_answers(struct fixture *fixture, int but)
{
	for (int i = 0; i < QUESTIONS; i++) {
		struct asked *asked = &fixture->asked[i];
		if (i == but)
			continue;
		assert_int_equal(asked->err, OK);
		assert_int_equal(strtol(asked->number, NULL, 10), i);
		assert_int_equal(atomic_load(&asked->answers), 1);
		assert_int_equal(asked->ctx.fault.err, OK);
		assert_true(asked->ctx.queries > 0);
	}
}

static void test_together(void **state)
{
	struct fixture *fixture = *state;
	hold(fixture);
	ask_all(fixture, NULL);
	let_go(fixture);
	wait_all(fixture);
	own_answers(fixture, -1);
	/* One transaction has one now(): they were sent with one Sync. */
	for (int i = 1; i < QUESTIONS; i++)
		assert_string_equal(fixture->asked[i].moment, fixture->asked[0].moment);
	assert_true(fixture->asked[0].ctx.pool_wait_us > 0);
}

static void test_one_fails(void **state)
{
	struct fixture *fixture = *state;
	const char *params[QUESTIONS] = {"0", "1", "2", "3", "not a number", "5", "6", "7", "8", "9", "10", "11"};
	hold(fixture);
	ask_all(fixture, params);
	let_go(fixture);
	wait_all(fixture);
	own_answers(fixture, 4);
	assert_int_equal(fixture->asked[4].err, ERR_INVALID);
	assert_int_equal(fixture->asked[4].ctx.fault.err, ERR_INVALID);
	assert_non_null(strstr(fixture->asked[4].ctx.fault.internal, "22P02"));
}

/* Its session is ended while it waits: it and those behind it are asked again elsewhere. */
static void test_killed(void **state)
{
	struct fixture *fixture = *state;
	char text[64];
	int pid = hold(fixture);
	ask_all(fixture, NULL);
	snprintf(text, sizeof text, "select pg_terminate_backend(%d, 30000)", pid);
	assert_int_equal(pg_run_text(&fixture->lock, text, 0, NULL, NULL), OK);
	let_go(fixture);
	wait_all(fixture);
	own_answers(fixture, -1);
	assert_int_equal(fixture->held.err, OK);
	assert_int_not_equal(fixture->asked[0].pid, pid);
}

/* A session that is stopped between two batches answers nothing at all. */
static void test_silence(void **state)
{
	struct fixture *fixture = *state;
	pipeline_close(fixture->pipeline);
	pool_close(fixture->pool);
	setting("STOA_DB_STATEMENT_TIMEOUT", "100ms");
	fixture->pool = pool_open(2);
	setting("STOA_DB_STATEMENT_TIMEOUT", NULL);
	fixture->pipeline = pipeline_open(fixture->pool, 1);
	ask_all(fixture, NULL);
	wait_all(fixture);
	own_answers(fixture, -1);
	int pid = fixture->asked[0].pid;
	kill(pid, SIGSTOP);
	for (int i = 0; i < QUESTIONS; i++)
		atomic_store(&fixture->asked[i].answers, 0);
	ask_all(fixture, NULL);
	WAIT_FOR(atomic_load(&fixture->asked[0].answers));
	kill(pid, SIGCONT);
	wait_all(fixture);
	assert_int_equal(fixture->asked[0].err, ERR_TIMEOUT);
	for (int i = 1; i < QUESTIONS; i++)
		assert_true(fixture->asked[i].err == OK || fixture->asked[i].err == ERR_TIMEOUT);
}

/* The first question's deadline passes while the connection works at it: those behind it are answered all the same. */
static void test_deadline(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(lease_take(&fixture->ctx, fixture->own, &fixture->lock), OK);
	assert_int_equal(pg_run_text(&fixture->lock, "select pg_advisory_lock(1)", 0, NULL, NULL), OK);
	fixture->held.ctx.deadline_us = clock_mono_us() + 100000;
	pipeline_ask(&fixture->held.ctx, fixture->pipeline, &HELD, NULL, answered, &fixture->held);
	ask_all(fixture, NULL);
	wait_all(fixture);
	own_answers(fixture, -1);
	WAIT_FOR(atomic_load(&fixture->held.answers));
	assert_int_equal(fixture->held.err, ERR_TIMEOUT);
	assert_int_equal(fixture->held.ctx.fault.retry_after_s, 1);
}

/* All connections are held up: who looks answers what has waited too long. */
static void test_late(void **state)
{
	struct fixture *fixture = *state;
	hold(fixture);
	ask_all(fixture, NULL);
	pipeline_look(fixture->pipeline);
	for (int i = 0; i < QUESTIONS; i++) {
		WAIT_FOR((pipeline_look(fixture->pipeline), atomic_load(&fixture->asked[i].answers)));
		assert_int_equal(fixture->asked[i].err, ERR_UNAVAILABLE);
		assert_int_equal(fixture->asked[i].ctx.fault.retry_after_s, 1);
		assert_true(fixture->asked[i].ctx.pool_wait_us >= 250000);
		ctx_reset(&fixture->asked[i].ctx);
		atomic_store(&fixture->asked[i].answers, 0);
	}
	assert_int_equal(atomic_load(&fixture->held.answers), 0);
	ask_all(fixture, NULL);
	let_go(fixture);
	wait_all(fixture);
	own_answers(fixture, -1);
}

/* A server that takes connections and says nothing: who waits for one to open is answered as late as all others. */
static void test_connecting(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char kept[400], url[300];
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(kept, sizeof kept, "%s", getenv("STOA_DB_URL"));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.1", getenv("STOA_TEST_DIR"));
	snprintf(url, sizeof url, "host=%s port=1", getenv("STOA_TEST_DIR"));
	unlink(address.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 8), 0);
	pipeline_close(fixture->pipeline);
	pool_close(fixture->pool);
	setting("STOA_DB_URL", url);
	setting("STOA_DB_CONNECT_TIMEOUT", "60s");
	fixture->pool = pool_open(2);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	setting("STOA_DB_URL", kept);
	fixture->pipeline = pipeline_open(fixture->pool, 1);
	ask_all(fixture, NULL);
	for (int i = 0; i < QUESTIONS; i++) {
		WAIT_FOR((pipeline_look(fixture->pipeline), atomic_load(&fixture->asked[i].answers)));
		assert_int_equal(fixture->asked[i].err, ERR_UNAVAILABLE);
		assert_non_null(strstr(fixture->asked[i].ctx.fault.internal, "came free in time"));
	}
	close(listener);
	unlink(address.sun_path);
}

static void test_unprepared(void **state)
{
	struct fixture *fixture = *state;
	pipeline_close(fixture->pipeline);
	pool_close(fixture->pool);
	setting("STOA_DB_PREPARE", "no");
	setenv("PGTZ", "UTC", 1);
	fixture->pool = pool_open(2);
	setting("STOA_DB_PREPARE", NULL);
	unsetenv("PGTZ");
	fixture->pipeline = pipeline_open(fixture->pool, 1);
	hold(fixture);
	ask_all(fixture, NULL);
	let_go(fixture);
	wait_all(fixture);
	own_answers(fixture, -1);
}

static void test_closing(void **state)
{
	struct fixture *fixture = *state;
	ask_all(fixture, NULL);
	pipeline_close(fixture->pipeline);
	fixture->pipeline = NULL;
	own_answers(fixture, -1);
}

static void test_restart(void **state)
{
	struct fixture *fixture = *state;
	ask_all(fixture, NULL);
	wait_all(fixture);
	services("down");
	for (int i = 0; i < QUESTIONS; i++)
		atomic_store(&fixture->asked[i].answers, 0);
	ask_all(fixture, NULL);
	wait_all(fixture);
	services("up");
	for (int i = 0; i < QUESTIONS; i++) {
		assert_int_equal(fixture->asked[i].err, ERR_UNAVAILABLE);
		assert_int_equal(fixture->asked[i].ctx.fault.retry_after_s, 1);
	}
	for (bool back = false; !back; usleep(1000)) {
		for (int i = 0; i < QUESTIONS; i++) {
			ctx_reset(&fixture->asked[i].ctx);
			atomic_store(&fixture->asked[i].answers, 0);
		}
		ask_all(fixture, NULL);
		wait_all(fixture);
		back = fixture->asked[0].err == OK && fixture->asked[QUESTIONS - 1].err == OK;
	}
}

#define THREADS 6
#define ROUNDS 200

struct asker {
	struct pipeline *pipeline;
	pthread_t thread;
	int number, right, refused;
};

static void *asker_main(void *argument)
{
	struct asker *asker = argument;
	struct asked asked = {0};
	ctx_init(&asked.ctx);
	for (int i = 0; i < ROUNDS; i++) {
		const char *const params[] = {pg_int(&asked.ctx, asker->number * ROUNDS + i)};
		atomic_store(&asked.answers, 0);
		pipeline_ask(&asked.ctx, asker->pipeline, &ECHO, params, answered, &asked);
		while (!atomic_load(&asked.answers))
			sched_yield();
		asker->right += asked.err == OK && strtol(asked.number, NULL, 10) == asker->number * ROUNDS + i;
		asker->refused += asked.err == ERR_UNAVAILABLE;
		ctx_reset(&asked.ctx);
	}
	ctx_free(&asked.ctx);
	return NULL;
}

/* Threads whose sessions are killed all the time. */
static void test_threads(void **state)
{
	struct fixture *fixture = *state;
	struct asker askers[THREADS];
	struct pipeline *pipeline = pipeline_open(fixture->pool, 2);
	int right = 0, refused = 0;
	for (int i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){.pipeline = pipeline, .number = i};
		assert_int_equal(pthread_create(&askers[i].thread, NULL, asker_main, &askers[i]), 0);
	}
	for (int i = 0; i < 10; i++) {
		ask(&fixture->ctx, fixture->own, "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and "
			"application_name = 'stoa' order by random() limit 1");
		usleep(3000);
		ctx_reset(&fixture->ctx);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(askers[i].thread, NULL);
		right += askers[i].right;
		refused += askers[i].refused;
	}
	pipeline_close(pipeline);
	print_message("right %d, refused %d\n", right, refused);
	assert_int_equal(right + refused, THREADS * ROUNDS);
	assert_true(right > THREADS * ROUNDS / 2);
}

static void test_takes(void **state)
{
	(void)state;
	assert_true(pipeline_takes(&ECHO));
	assert_false(pipeline_takes(&ADD));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	const struct CMUnitTest tests[] = {CASE(test_together), CASE(test_one_fails), CASE(test_killed), CASE(test_silence), CASE(test_deadline), CASE(test_late), CASE(test_connecting), CASE(test_unprepared),
		CASE(test_closing), CASE(test_threads), CASE(test_takes), CASE(test_restart)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
