/* Rate limits: the algorithm by a moved clock, processes and threads, a full table, foreign files. */
#include "base/clock.h"
#include "who/rate.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char path[100];

static void setting(const char *name, const char *value)
{
	char message[256];
	setenv(name, value, 1);
	if (!conf_load(NULL, message))
		fail_msg("%s", message);
}

static int setup(void **state)
{
	char message[256];
	(void)state;
	unlink(path);
	clock_shift(0);
	setting("STOA_RATE_FILE", path);
	setting("STOA_RATE_SLOTS", "4096");
	return rate_open(message) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	clock_shift(0);
	rate_close();
	return 0;
}

static int64_t shifted;

static void pass_us(int64_t us)
{
	shifted += us;
	clock_shift(shifted);
}

/* Cells that go through of `wanted` at once. */
static int take(const char *key, struct rate_limit limit, int wanted, int *retry_out)
{
	int taken = 0;
	for (int i = 0; i < wanted; i++)
		taken += rate_take(key, &limit, retry_out, NULL);
	return taken;
}

static void bursts_and_refills(void **state)
{
	/* The real clock runs on meanwhile, so a cell must take long against the test: an hour. */
	static const struct { int per_period, period_s, burst, first, retry_least, retry_most; int64_t pass_us; int second; } ROWS[] = {
		{5, 18000, 0, 5, 3590, 3600, INT64_C(3600000000), 1},
		{5, 18000, 0, 5, 3590, 3600, INT64_C(7200000000), 2},
		{5, 18000, 0, 5, 3590, 3600, INT64_C(360000000000), 5}, /* idle for long: no more than a burst */
		{5, 18000, 2, 2, 3590, 3600, INT64_C(3600000000), 1},
		{5, 18000, 10, 10, 3590, 3600, INT64_C(3600000000), 1},
		{1, 3600, 0, 1, 3590, 3600, INT64_C(1800000000), 0},
		{0, 60, 0, 0, 60, 60, INT64_C(3600000000), 0},
		{-1, 60, 5, 0, 60, 60, 0, 0},
		{1, 0, 0, 0, 1, 1, 0, 0},
		{1, 2000000, 0, 1, 1999000, 2000000, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct rate_limit limit = {ROWS[i].per_period, ROWS[i].period_s, ROWS[i].burst};
		char key[40];
		int retry = -1;
		snprintf(key, sizeof key, "row:%zu", i);
		shifted = 0;
		clock_shift(0);
		assert_int_equal(take(key, limit, 20, &retry), ROWS[i].first);
		assert_in_range(retry, ROWS[i].retry_least, ROWS[i].retry_most);
		pass_us(ROWS[i].pass_us);
		assert_int_equal(take(key, limit, 20, &retry), ROWS[i].second);
	}
}

static void tells_what_remains(void **state)
{
	struct rate_limit limit = {3, 10800, 0};
	int retry, remaining;
	(void)state;
	for (int left = 2; left >= 0; left--) {
		assert_true(rate_take("a", &limit, &retry, &remaining));
		assert_int_equal(remaining, left);
		assert_int_equal(retry, 0);
	}
	assert_false(rate_take("a", &limit, &retry, &remaining));
	assert_int_equal(remaining, 0);
	assert_true(rate_take("b", &limit, &retry, &remaining)); /* another key */
	assert_true(rate_take("", &limit, &retry, NULL));
}

/* After Retry-After a client that obeys gets through. */
static void retry_after_is_enough(void **state)
{
	struct rate_limit limit = {7, 100, 3};
	int retry;
	(void)state;
	for (int i = 0; i < 20; i++) {
		while (rate_take("obedient", &limit, &retry, NULL))
			;
		assert_true(retry >= 1);
		pass_us(retry * INT64_C(1000000));
		assert_true(rate_take("obedient", &limit, &retry, NULL));
	}
}

static void fast_limits(void **state)
{
	struct rate_limit limit = {2000000, 1, 5}; /* less than a microsecond a cell */
	int retry;
	(void)state;
	assert_true(rate_take("fast", &limit, &retry, NULL));
	struct rate_limit wide = {2147483647, 2147483647, 0};
	assert_true(rate_take("wide", &wide, &retry, NULL));
}

static void a_clock_that_steps_back(void **state)
{
	struct rate_limit limit = {4, 14400, 0};
	int retry;
	(void)state;
	shifted = 0;
	pass_us(INT64_C(86400000000) * 365);
	assert_int_equal(take("step", limit, 9, &retry), 4);
	shifted = 0;
	clock_shift(0);
	assert_int_equal(take("step", limit, 9, &retry), 0);
	assert_in_range(retry, 3590, 3600); /* not a year */
	pass_us(INT64_C(3601000000));
	assert_int_equal(take("step", limit, 9, &retry), 1);
}

#define PROCESSES 4

static void processes_count_together(void **state)
{
	struct rate_limit limit = {1000, 3600000, 0};
	(void)state;
	rate_close();
	int counts[2];
	assert_int_equal(pipe(counts), 0);
	for (int i = 0; i < PROCESSES; i++) {
		fflush(NULL);
		if (fork() == 0) {
			char message[256];
			int retry, taken = 0;
			if (!rate_open(message))
				_exit(1);
			for (int n = 0; n < 1000; n++)
				taken += rate_take("together", &limit, &retry, NULL);
			_exit(write(counts[1], &taken, sizeof taken) == sizeof taken ? 0 : 1);
		}
	}
	int total = 0, taken;
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		wait(&status);
		assert_int_equal(status, 0);
		assert_int_equal(read(counts[0], &taken, sizeof taken), sizeof taken);
		total += taken;
	}
	close(counts[0]);
	close(counts[1]);
	/* One cell an hour; two that meet a new key in one instant may let a cell too many through. */
	assert_in_range(total, 1000, 1000 + PROCESSES);
	char message[256];
	assert_true(rate_open(message));
}

static _Atomic int thread_total;

static void *take_many(void *argument)
{
	struct rate_limit limit = {1000, 3600000, 0};
	int retry, taken = 0;
	for (int n = 0; n < 1000; n++) {
		char other[40];
		taken += rate_take("threads", &limit, &retry, NULL);
		snprintf(other, sizeof other, "noise-%d-%d", (int)(intptr_t)argument, n);
		rate_take(other, &limit, &retry, NULL);
	}
	atomic_fetch_add(&thread_total, taken);
	return NULL;
}

static void threads_count_together(void **state)
{
	pthread_t threads[4];
	int retry;
	struct rate_limit limit = {1000, 3600000, 0};
	(void)state;
	assert_true(rate_take("threads", &limit, &retry, NULL)); /* the key is there: no race about its place */
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_many, (void *)(intptr_t)i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(thread_total, 999);
}

/* Sixteen times as many idle keys as slots: none pushes out one that is counting. */
static void strangers_do_not_forgive(void **state)
{
	char message[256], key[40];
	int retry;
	struct rate_limit strict = {1, 360000, 0}, brief = {1000000, 1, 0};
	(void)state;
	rate_close();
	setting("STOA_RATE_SLOTS", "256");
	assert_true(rate_open(message));
	shifted = 0;
	for (int i = 0; i < 32; i++) {
		snprintf(key, sizeof key, "counting-%d", i);
		assert_true(rate_take(key, &strict, &retry, NULL));
	}
	for (int i = 0; i < 4096; i++) {
		snprintf(key, sizeof key, "idle-%d", i);
		assert_true(rate_take(key, &brief, &retry, NULL));
		pass_us(2); /* its only cell is over */
	}
	for (int i = 0; i < 32; i++) {
		snprintf(key, sizeof key, "counting-%d", i);
		assert_false(rate_take(key, &strict, &retry, NULL));
	}
	/* All counting: the newcomer still gets its own count, not the one it replaces. */
	for (int i = 0; i < 4096; i++) {
		snprintf(key, sizeof key, "crowd-%d", i);
		assert_true(rate_take(key, &strict, &retry, NULL));
		assert_false(rate_take(key, &strict, &retry, NULL));
	}
}

static void files(void **state)
{
	char message[256];
	int retry;
	struct rate_limit limit = {1, 360000, 0};
	(void)state;
	assert_true(rate_take("kept", &limit, &retry, NULL));
	rate_close();
	assert_true(rate_open(message));
	assert_false(rate_take("kept", &limit, &retry, NULL));
	rate_close();
	setting("STOA_RATE_SLOTS", "8192"); /* another size: replaced */
	assert_true(rate_open(message));
	assert_true(rate_take("kept", &limit, &retry, NULL));
	rate_close();
	FILE *file = fopen(path, "r+");
	fputs("stoa rate 0", file);
	fclose(file);
	assert_true(rate_open(message));
	assert_true(rate_take("kept", &limit, &retry, NULL));
	rate_close();
	setting("STOA_RATE_FILE", "/nonexistent/rate");
	assert_false(rate_open(message)); /* and counts in private memory */
	assert_non_null(strstr(message, "/nonexistent/rate"));
	assert_true(rate_take("kept", &limit, &retry, NULL));
	assert_false(rate_take("kept", &limit, &retry, NULL));
	rate_close();
	setting("STOA_RATE_FILE", "");
	assert_true(rate_open(message));
	assert_true(rate_take("kept", &limit, &retry, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bursts_and_refills, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_what_remains, setup, teardown),
		cmocka_unit_test_setup_teardown(retry_after_is_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(fast_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(a_clock_that_steps_back, setup, teardown),
		cmocka_unit_test_setup_teardown(processes_count_together, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_count_together, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_do_not_forgive, setup, teardown),
		cmocka_unit_test_setup_teardown(files, setup, teardown),
	};
	snprintf(path, sizeof path, "/tmp/stoa-rate-test-%d.shm", getpid());
	setenv("STOA_CONFIG", "/dev/null", 1);
	conf_add(RATE_CONF);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
