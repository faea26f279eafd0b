/* The worker as a program: options, signals, log, metrics. Runs in the build folder. */
#include "database.h"

#include "metric/metric.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define PROGRAM "daemons/worker/stoa-worker"

struct fixture {
	struct ctx ctx;
	struct pool *pool;
	char out[512]; /* where the program's output and log go */
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	ctx_init(&fixture->ctx);
	fixture->pool = pool_open(2);
	schema_make(&fixture->ctx, fixture->pool);
	snprintf(fixture->out, sizeof fixture->out, "%s/run/worker.out", getenv("STOA_TEST_DIR"));
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	ctx_free(&fixture->ctx);
	pool_close(fixture->pool);
	free(fixture);
	return 0;
}

static pid_t start(struct fixture *fixture, char *const arguments[])
{
	pid_t pid = fork();
	if (pid)
		return pid;
	int out = open(fixture->out, O_CREAT | O_WRONLY | O_TRUNC | O_APPEND, 0600);
	dup2(out, 1);
	dup2(out, 2);
	execv(PROGRAM, arguments);
	_exit(127);
}

static int finish(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *text_of(struct fixture *fixture, const char *path)
{
	char *text = arena_alloc(&fixture->ctx.arena, 65536);
	int file = open(path, O_RDONLY);
	if (file >= 0 && read(file, text, 65535) < 0)
		text[0] = 0;
	if (file >= 0)
		close(file);
	return text;
}

static const char *value(struct fixture *fixture, const char *text)
{
	return ask(&fixture->ctx, fixture->pool, text);
}

static void test_options(void **state)
{
	static const struct {
		const char *arguments[4];
		int status;
		const char *says;
	} ROWS[] = {
		{{"--version"}, 0, "stoa-worker "},
		{{"--help"}, 0, "--max-runtime SECONDS"},
		{{"--threads", "0"}, 2, "--threads must be a number from 1 to 256"},
		{{"--threads", "4x"}, 2, "--threads must be"},
		{{"--max-runtime", "-1"}, 2, "--max-runtime must be"},
		{{"--max", "257"}, 2, "--max must be a number from 1 to 256"},
		{{"--min", "3", "--drain"}, 2, "usage:"},
		{{"--min", "3", "--max=2"}, 1, "worker.min is 3 and worker.max 2"},
		{{"--nonsense"}, 2, "usage:"},
		{{"stray"}, 2, "usage:"},
		{{"--config", "/nonexistent"}, 1, "/nonexistent"},
	};
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char *arguments[] = {(char *)"stoa-worker", (char *)ROWS[i].arguments[0], (char *)ROWS[i].arguments[1],
			(char *)ROWS[i].arguments[2], NULL};
		int status = finish(start(fixture, arguments));
		const char *text = text_of(fixture, fixture->out);
		if (status != ROWS[i].status || !strstr(text, ROWS[i].says))
			fail_msg("%s: %d %s", ROWS[i].arguments[0], status, text);
	}
}

static void test_drain(void **state)
{
	struct fixture *fixture = *state;
	char *arguments[] = {(char *)"stoa-worker", (char *)"--drain", (char *)"--threads", (char *)"2", NULL};
	value(fixture, "insert into job (id, kind, queue, attempts) values (gen_random_uuid(), 'stripe.apply', 0, 2), (gen_random_uuid(), 'unheard.of', 2, 2)");
	assert_int_equal(finish(start(fixture, arguments)), 0);
	/* A payload without a decision is refused for good; what no handler knows stays. */
	assert_string_equal(value(fixture, "select string_agg(state, ' ' order by kind) from job"), "dead waiting");
	assert_non_null(strstr(text_of(fixture, fixture->out), "\"event\":\"job\""));
	char message[256];
	struct buffer out = {0};
	assert_true(metric_open(message));
	metric_render(&out);
	assert_non_null(strstr(out.data, "stoa_job_attempts_total{kind=\"stripe.apply\",outcome=\"dead\"} 1"));
	assert_non_null(strstr(out.data, "stoa_job_duration_seconds_count{kind=\"stripe.apply\"} 1"));
	assert_non_null(strstr(out.data, "stoa_job_wait_seconds_count{queue=\"high\"} 1"));
	assert_non_null(strstr(out.data, "stoa_http_request_part_seconds_count{route=\"job:stripe.apply\",method=\"\",part=\"own\"} 1"));
	buffer_free(&out);
	metric_close();
}

static void test_signals(void **state)
{
	struct fixture *fixture = *state;
	char log[600], moved[700];
	char *arguments[] = {(char *)"stoa-worker", (char *)"--min", (char *)"1", (char *)"--max", (char *)"1", NULL};
	snprintf(log, sizeof log, "%s/run/worker.log", getenv("STOA_TEST_DIR"));
	snprintf(moved, sizeof moved, "%s.1", log);
	setenv("STOA_WORKER_LOG_FILE", log, 1);
	pid_t pid = start(fixture, arguments);
	unsetenv("STOA_WORKER_LOG_FILE");
	WAIT_FOR(*value(fixture, "select 1 from worker"));
	int child = (int)strtol(value(fixture, "select pid from worker"), NULL, 10);
	assert_int_not_equal(child, pid);
	WAIT_FOR(strstr(text_of(fixture, log), "worker.started"));
	assert_int_equal(rename(log, moved), 0);
	kill(pid, SIGHUP);
	struct stat there;
	WAIT_FOR(!stat(log, &there));
	/* A fresh child takes the place of the old one. */
	WAIT_FOR(!*value(fixture, arena_printf(&fixture->ctx.arena, "select 1 from worker where pid = %d", child)));
	WAIT_FOR(*value(fixture, "select 1 from worker"));
	kill(pid, SIGTERM);
	assert_int_equal(finish(pid), 0);
	assert_non_null(strstr(text_of(fixture, log), "worker.supervisor-stopping"));
	assert_null(strstr(text_of(fixture, moved), "worker.supervisor-stopping"));
	assert_string_equal(value(fixture, "select count(*) from worker"), "0");
}

/* Cron starts one a minute: one a machine runs, and the next ends at once and well. */
static void test_max_runtime(void **state)
{
	struct fixture *fixture = *state;
	char first_out[512];
	char *arguments[] = {(char *)"stoa-worker", (char *)"--max-runtime", (char *)"3600", NULL};
	pid_t first = start(fixture, arguments);
	WAIT_FOR(*value(fixture, "select 1 from worker"));
	assert_int_equal((int)strtol(value(fixture, "select pid from worker"), NULL, 10), first);
	snprintf(first_out, sizeof first_out, "%s", fixture->out);
	snprintf(fixture->out, sizeof fixture->out, "%s/run/second.out", getenv("STOA_TEST_DIR"));
	assert_int_equal(finish(start(fixture, arguments)), 0);
	assert_non_null(strstr(text_of(fixture, fixture->out), "another worker with --max-runtime runs on this machine"));
	assert_null(strstr(text_of(fixture, fixture->out), "worker.started"));
	/* Another machine has a lock of its own, and so has whoever comes when the first one is dead. */
	char *moment[] = {(char *)"stoa-worker", (char *)"--max-runtime", (char *)"1", NULL};
	setenv("STOA_WORKER_NAME", "elsewhere", 1);
	assert_int_equal(finish(start(fixture, moment)), 0);
	unsetenv("STOA_WORKER_NAME");
	/* Its row stays until the next minute's. */
	assert_string_equal(value(fixture, "select count(*) from worker where name like 'elsewhere:%'"), "1");
	assert_non_null(strstr(text_of(fixture, fixture->out), "worker.started"));
	kill(first, SIGKILL);
	assert_int_equal(finish(first), 128 + SIGKILL);
	WAIT_FOR((finish(start(fixture, moment)), strstr(text_of(fixture, fixture->out), "worker.started")));
	assert_null(strstr(text_of(fixture, first_out), "worker.runs-already"));
}

/* The gauges of the queue, as the worker last saw it. */
static void test_gauges(void **state)
{
	struct fixture *fixture = *state;
	char message[256];
	struct buffer out = {0};
	char *arguments[] = {(char *)"stoa-worker", NULL};
	value(fixture, "insert into job (id, kind, queue, attempts, run_at) select gen_random_uuid(), 'unheard.of', 2, 2, now() - interval '1 h' "
		"from generate_series(1, 7); insert into job (id, kind, queue, attempts, run_at) values (gen_random_uuid(), 'not.yet', 2, 2, now() + interval '1 h'); "
		"insert into job (id, kind, queue, attempts, state) values (gen_random_uuid(), 'unheard.of', 0, 2, 'dead')");
	pid_t pid = start(fixture, arguments);
	assert_true(metric_open(message));
	WAIT_FOR((buffer_reset(&out), metric_render(&out), strstr(out.data, "stoa_job_waiting{queue=\"low\"} 8")));
	WAIT_FOR((buffer_reset(&out), metric_render(&out), strstr(out.data, "stoa_job_dead{queue=\"high\"} 1")));
	WAIT_FOR((buffer_reset(&out), metric_render(&out), strstr(out.data, "stoa_worker_children 2")));
	assert_non_null(strstr(out.data, "stoa_worker_children_wanted 2"));
	assert_non_null(strstr(out.data, "stoa_worker_restarts_total 0"));
	assert_non_null(strstr(out.data, "stoa_job_oldest_waiting_seconds{queue=\"low\"} 36"));
	assert_non_null(strstr(out.data, "stoa_job_waiting{queue=\"default\"} 0"));
	assert_non_null(strstr(out.data, "stoa_job_due{queue=\"low\"} 7"));
	assert_non_null(strstr(out.data, "stoa_job_running{queue=\"low\"} 0"));
	assert_non_null(strstr(out.data, "stoa_job_depth_target{queue=\"high\"} 10\n"));
	assert_non_null(strstr(out.data, "stoa_job_depth_alert{queue=\"low\"} 2000\n"));
	buffer_free(&out);
	metric_close();
	kill(pid, SIGINT);
	assert_int_equal(finish(pid), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	conf_add(METRIC_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	const struct CMUnitTest tests[] = {CASE(test_options), CASE(test_drain), CASE(test_signals), CASE(test_max_runtime),
		 CASE(test_gauges)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
