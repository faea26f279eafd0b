/* The supervisor with real processes: what becomes of jobs when children die, and of children when the supervisor is told something. */
#include "job_crew.h"

#include "base/log.h"
#include "job/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static const struct job_policy SLOW = {"test.slow", JOB_DEFAULT, {3, 1, 1}, 600000};
static const struct job_policy QUICK = {"test.quick", JOB_DEFAULT, {3, 1, 1}, 600000};

/* Runs until the test says so in table go. */
static enum err run_slow(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	WAIT_FOR(*ask(ctx, job->pool, "select 1 from go"));
	return OK;
}

static enum err run_quick(struct ctx *ctx, struct job *job)
{
	note(ctx, job);
	return OK;
}

const struct job_kind KINDS[] = {{&SLOW, run_slow}, {&QUICK, run_quick}, {0}};

static char log_file[600], conf_file[600], broken_file[600];

static int child(void *argument, int stop_fd)
{
	struct ctx ctx;
	(void)argument;
	if (!access(broken_file, F_OK))
		return 3;
	struct pool *pool = pool_open(0);
	ctx_init(&ctx);
	enum err err = worker_run(&ctx, &(struct worker_set){.kinds = KINDS, .pool = pool, .stop_fd = stop_fd, .supervised = true});
	ctx_free(&ctx);
	pool_close(pool);
	return err == OK ? 0 : 1;
}

static bool reload(void *argument, char message_out[256])
{
	(void)argument;
	return conf_load(conf_file, message_out);
}

static void write_conf(const char *text)
{
	FILE *file = fopen(conf_file, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static pid_t started; /* 0: it was waited for */

static pid_t start(void)
{
	char message[256];
	unlink(log_file);
	started = fork();
	if (started)
		return started;
	if (!log_open("supervisor", log_file, LOG_INFO) || !conf_load(conf_file, message))
		_exit(9);
	exit(supervisor_run(&(struct supervisor_set){.kinds = KINDS, .child = child, .reload = reload}));
}

static int end_of(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	started = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int stop(pid_t pid)
{
	kill(pid, SIGTERM);
	return end_of(pid);
}

static char *log_text(struct fixture *fixture)
{
	char *text = arena_alloc(&fixture->ctx.arena, 262144);
	int file = open(log_file, O_RDONLY);
	if (file >= 0 && read(file, text, 262143) < 0)
		text[0] = 0;
	if (file >= 0)
		close(file);
	return text;
}

static int times(struct fixture *fixture, const char *what)
{
	int found = 0;
	for (const char *at = log_text(fixture); (at = strstr(at, what)); at++)
		found++;
	return found;
}

static int number(struct fixture *fixture, const char *text)
{
	return (int)strtol(value(fixture, text), NULL, 10);
}

#define WORKERS(n) WAIT_FOR(number(fixture, "select count(*) from worker") == (n))
#define PIDS "select string_agg(pid::text, ' ' order by pid) from worker"
#define RUNNER "select pid from worker join job on worker = name where state = 'running'"

static int database(void **state)
{
	setup(state);
	write_conf("[worker]\nthreads = 2\nlease = 1h\n");
	unlink(broken_file);
	return 0;
}

static int end(void **state)
{
	if (started)
		kill(started, SIGKILL);
	started = 0;
	return teardown(state);
}

static void test_killed(void **state)
{
	struct fixture *fixture = *state;
	pid_t supervisor = start();
	WORKERS(2);
	enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(*value(fixture, RUNNER));
	pid_t runner = number(fixture, RUNNER);
	kill(runner, SIGKILL);
	/* The lease would have lasted for an hour. */
	WAIT_FOR(!strcmp(value(fixture, "select max(attempt) from run"), "2"));
	WORKERS(2);
	assert_int_equal(number(fixture, arena_printf(&fixture->ctx.arena, "select count(*) from worker where pid = %d", (int)runner)), 0);
	value(fixture, "insert into go values (true)");
	WAIT_FOR(!strcmp(value(fixture, "select state || attempt || (errors->0->>'code') from job"), "done2lease-lost"));
	assert_int_equal(times(fixture, "\"event\":\"worker.child-died\""), 1);
	assert_int_equal(times(fixture, "\"signal\":\"KILL\""), 1);
	assert_int_equal(times(fixture, "\"event\":\"worker.child-started\""), 3);
	assert_int_equal(stop(supervisor), 0);
	assert_int_equal(number(fixture, "select count(*) from worker"), 0);
}

/* Every child at once, and what they held besides. */
static void test_all_killed(void **state)
{
	struct fixture *fixture = *state;
	pid_t supervisor = start();
	WORKERS(2);
	for (int i = 0; i < 12; i++)
		enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(number(fixture, "select count(*) from run") == 4);
	char *pids = arena_strdup(&fixture->ctx.arena, value(fixture, "select string_agg(pid::text, ' ') from worker"));
	for (char *at = pids, *end; *at; at = *end ? end + 1 : end)
		kill((pid_t)strtol(at, &end, 10), SIGKILL);
	value(fixture, "insert into go values (true)");
	WAIT_FOR(number(fixture, "select count(*) from job where state = 'done'") == 12);
	assert_int_equal(number(fixture, "select count(*) from run where attempt = 2"), 4);
	assert_int_equal(number(fixture, "select max(attempt) from run"), 2);
	assert_int_equal(stop(supervisor), 0);
}

static void test_drains(void **state)
{
	struct fixture *fixture = *state;
	int status;
	pid_t supervisor = start();
	WORKERS(2);
	enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(*value(fixture, "select 1 from run"));
	kill(supervisor, SIGTERM);
	WORKERS(1);
	assert_int_equal(waitpid(supervisor, &status, WNOHANG), 0);
	assert_string_equal(value(fixture, "select state from job"), "running");
	value(fixture, "insert into go values (true)");
	assert_int_equal(end_of(supervisor), 0);
	assert_string_equal(value(fixture, "select state || attempt from job"), "done1");
	assert_int_equal(times(fixture, "\"event\":\"worker.child-died\""), 0);
}

static void test_second_signal(void **state)
{
	struct fixture *fixture = *state;
	pid_t supervisor = start();
	WORKERS(2);
	enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(*value(fixture, "select 1 from run"));
	kill(supervisor, SIGINT);
	WORKERS(1);
	kill(supervisor, SIGTERM);
	assert_int_equal(end_of(supervisor), 1);
	assert_string_equal(value(fixture, "select state || attempt from job"), "running1");
}

static void test_reload(void **state)
{
	struct fixture *fixture = *state;
	pid_t supervisor = start();
	WORKERS(2);
	const char *before = value(fixture, PIDS);
	assert_int_equal(number(fixture, "select max(threads) from worker"), 2);

	/* Faults keep what runs. */
	static const char *const FAULTS[] = {"[worker]\nthreads = none\n", "[worker]\nmin = 9\nmax = 8\n"};
	for (int i = 0; i < 2; i++) {
		write_conf(FAULTS[i]);
		kill(supervisor, SIGHUP);
		WAIT_FOR(times(fixture, "\"event\":\"worker.cannot-reload\"") == i + 1);
	}
	assert_non_null(strstr(log_text(fixture), "worker.threads must be"));
	assert_non_null(strstr(log_text(fixture), "worker.min is 9 and worker.max 8"));
	assert_string_equal(value(fixture, PIDS), before);

	/* One that runs a job is replaced too, and finishes it. */
	enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(*value(fixture, "select 1 from run"));
	write_conf("[worker]\nthreads = 3\nlease = 1h\nmin = 3\n");
	kill(supervisor, SIGHUP);
	WAIT_FOR(number(fixture, "select count(*) from worker where threads = 3") == 3);
	WAIT_FOR(number(fixture, "select count(*) from worker where threads = 2") == 1);
	assert_string_equal(value(fixture, "select state || attempt from job"), "running1");
	value(fixture, "insert into go values (true)");
	WORKERS(3);
	assert_string_equal(value(fixture, "select state || attempt from job"), "done1");
	assert_int_equal(times(fixture, "\"event\":\"worker.child-died\""), 0);
	assert_int_equal(stop(supervisor), 0);
}

/* logrotate moves the file and sends SIGHUP; also with a fault in the configuration. */
static void test_log(void **state)
{
	struct fixture *fixture = *state;
	char moved[700];
	struct stat there;
	snprintf(moved, sizeof moved, "%s.1", log_file);
	pid_t supervisor = start();
	WORKERS(2);
	assert_int_equal(rename(log_file, moved), 0);
	write_conf("[nonsense]\nkey = 1\n");
	kill(supervisor, SIGHUP);
	WAIT_FOR(!stat(log_file, &there));
	/* The supervisor has the new file; a worker that is still to hear of it writes its line into the old one. */
	WAIT_FOR(times(fixture, "\"event\":\"job\"") || (enqueue(fixture, &QUICK, (struct job_new){0}), false));
	assert_int_equal(stop(supervisor), 0);
	assert_int_equal(times(fixture, "\"event\":\"worker.stopping\""), 2);
}

static void test_supervisor_killed(void **state)
{
	struct fixture *fixture = *state;
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* its children, and theirs, become ours */
	pid_t supervisor = start();
	WORKERS(2);
	enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(*value(fixture, "select 1 from run"));
	kill(supervisor, SIGKILL);
	WORKERS(1);
	value(fixture, "insert into go values (true)");
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	assert_int_equal(errno, ECHILD);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	started = 0;
	assert_string_equal(value(fixture, "select state || attempt from job"), "done1");
	assert_int_equal(number(fixture, "select count(*) from worker"), 0);
}

/* Children that die right after their start are started again, but not in a loop. */
static void test_back_off(void **state)
{
	struct fixture *fixture = *state;
	fclose(fopen(broken_file, "w"));
	int64_t began_us = clock_mono_us();
	pid_t supervisor = start();
	WAIT_FOR(times(fixture, "\"event\":\"worker.child-died\"") >= 5);
	assert_true(clock_mono_us() - began_us >= 250000);
	assert_non_null(strstr(log_text(fixture), "\"status\":3"));
	unlink(broken_file);
	WORKERS(2);

	/* Nor do they take the place of those that work. */
	const char *before = value(fixture, PIDS);
	int died = times(fixture, "\"event\":\"worker.child-died\"");
	fclose(fopen(broken_file, "w"));
	kill(supervisor, SIGHUP);
	WAIT_FOR(times(fixture, "\"event\":\"worker.child-died\"") >= died + 3);
	assert_string_equal(value(fixture, PIDS), before);
	unlink(broken_file);
	WAIT_FOR(number(fixture, arena_printf(&fixture->ctx.arena, "select count(*) from worker where not pid = any (string_to_array('%s', ' ')::int[])",
		before)) == 2);
	WORKERS(2);
	assert_int_equal(stop(supervisor), 0);
}

/* The child of this name; 0: none. */
static pid_t child_named(pid_t parent, const char *name)
{
	char path[64], comm[32];
	int pid = 0;
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	FILE *children = fopen(path, "r");
	assert_non_null(children);
	bool found = false;
	while (!found && fscanf(children, "%d", &pid) == 1) {
		snprintf(path, sizeof path, "/proc/%d/comm", pid);
		FILE *file = fopen(path, "r");
		found = file && fgets(comm, sizeof comm, file) && !strncmp(comm, name, strlen(name));
		if (file)
			fclose(file);
	}
	fclose(children);
	return found ? pid : 0;
}

/* The process that measures is replaced too, and the next death is seen to. */
static void test_gauge_killed(void **state)
{
	struct fixture *fixture = *state;
	pid_t supervisor = start(), gauge, next;
	WORKERS(2);
	WAIT_FOR((gauge = child_named(supervisor, "stoa-gauge")));
	kill(gauge, SIGKILL);
	WAIT_FOR((next = child_named(supervisor, "stoa-gauge")) && next != gauge);
	enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(*value(fixture, RUNNER));
	kill(number(fixture, RUNNER), SIGKILL);
	WAIT_FOR(!strcmp(value(fixture, "select max(attempt) from run"), "2"));
	value(fixture, "insert into go values (true)");
	assert_int_equal(stop(supervisor), 0);
}

static void test_scale(void **state)
{
	struct fixture *fixture = *state;
	write_conf("[worker]\nthreads = 2\nmax = 5\nscale_up_after = 100ms\nscale_down_after = 100ms\nlease = 1h\n");
	pid_t supervisor = start();
	WORKERS(2);
	value(fixture, "insert into job (id, kind, queue, attempts) select gen_random_uuid(), 'test.slow', 1, 3 from generate_series(1, 200)");
	WORKERS(5);
	value(fixture, "insert into go values (true)");
	WAIT_FOR(number(fixture, "select count(*) from job where state = 'done' and attempt = 1") == 200);
	WORKERS(2);
	assert_int_equal(times(fixture, "\"event\":\"worker.child-died\""), 0);
	assert_int_equal(stop(supervisor), 0);
}

/* What nobody may claim is no reason for more. */
static void test_no_scale(void **state)
{
	struct fixture *fixture = *state;
	write_conf("[worker]\nthreads = 2\nmax = 5\nscale_up_after = 100ms\n");
	value(fixture, "insert into job (id, kind, queue, attempts) select gen_random_uuid(), 'test.slow', 1, 3 from generate_series(1, 200);"
		"insert into job (id, kind, queue, attempts) select gen_random_uuid(), 'test.unknown', 1, 3 from generate_series(1, 200);"
		"insert into job_pause (name, kind) values ('kind test.slow', 'test.slow')");
	pid_t supervisor = start();
	WORKERS(2);
	/* A job after the other until the queues were measured a few times. */
	int64_t until_us = clock_mono_us() + 6000000;
	while (clock_mono_us() < until_us) {
		const char *id = arena_strdup(&fixture->ctx.arena, enqueue(fixture, &QUICK, (struct job_new){0}));
		WAIT_FOR(*value(fixture, arena_printf(&fixture->ctx.arena, "select 1 from job where id = '%s' and state = 'done'", id)));
		ctx_reset(&fixture->ctx);
	}
	assert_int_equal(times(fixture, "\"event\":\"worker.scaled\""), 0);
	assert_int_equal(stop(supervisor), 0);
}

static void test_database_away(void **state)
{
	struct fixture *fixture = *state;
	pid_t supervisor = start();
	WORKERS(2);
	services("down");
	WAIT_FOR(times(fixture, "\"event\":\"worker.cannot-measure\""));
	services("up");
	WAIT_FOR(times(fixture, "\"event\":\"worker.measures\""));
	ctx_reset(&fixture->ctx);
	WAIT_FOR(({ struct lease lease; bool up = lease_take(&fixture->ctx, fixture->pool, &lease) == OK; lease_return(&lease); up; }));
	enqueue(fixture, &SLOW, (struct job_new){0});
	WAIT_FOR(*value(fixture, RUNNER));
	kill(number(fixture, RUNNER), SIGKILL);
	WAIT_FOR(!strcmp(value(fixture, "select max(attempt) from run"), "2"));
	value(fixture, "insert into go values (true)");
	assert_int_equal(stop(supervisor), 0);
	assert_string_equal(value(fixture, "select state || attempt from job"), "done2");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, database, end)

int main(void)
{
	const char *dir = getenv("STOA_TEST_DIR");
	snprintf(log_file, sizeof log_file, "%s/run/supervisor.log", dir);
	snprintf(conf_file, sizeof conf_file, "%s/run/supervisor.conf", dir);
	snprintf(broken_file, sizeof broken_file, "%s/run/broken", dir);
	conf_add(PG_CONF);
	conf_add(JOB_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	unsetenv("STOA_CACHE_SERVERS");
	const struct CMUnitTest tests[] = {CASE(test_killed), CASE(test_all_killed), CASE(test_drains), CASE(test_second_signal), CASE(test_reload),
		CASE(test_log), CASE(test_supervisor_killed), CASE(test_back_off), CASE(test_gauge_killed), CASE(test_scale), CASE(test_no_scale), CASE(test_database_away)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
