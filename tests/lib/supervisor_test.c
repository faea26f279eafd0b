/* How many workers: the decision by a table, its clock moved by the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* cmocka's fail() and ours share a name. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "job/supervisor.h"

#define SECOND INT64_C(1000000)
#define PLENTY 1000

/* Document 001: min 2, max 16, 30 s and 600 s. */
static const struct supervisor_policy POLICY = {2, 16, 4, 10 * SECOND, 30 * SECOND, 600 * SECOND};
static const struct supervisor_policy NARROW = {3, 6, 4, 10 * SECOND, 30 * SECOND, 600 * SECOND};
static const struct supervisor_policy SINGLE = {1, 1, 4, 10 * SECOND, 30 * SECOND, 600 * SECOND};

enum { UNKNOWN = -1 };

struct look {
	int at_s;
	int high, deflt, low; /* due; high UNKNOWN: not measured */
	int oldest_s;
	int running;
	int wanted;
};

/* Each row follows from the one before; a new story begins with second 1. */
static const struct look DOCUMENT[] = {
	/* Empty. */
	{1, 0, 0, 0, 0, 0, 2}, {600, 0, 0, 0, 0, 0, 2}, {2000, 0, 0, 0, 0, 0, 2},
	/* Queue high at its target: at once, and then no sooner than 30 s later. */
	{1, 9, 0, 0, 0, 0, 2}, {3, 10, 0, 0, 0, 0, 4}, {32, 10, 0, 0, 0, 0, 4}, {33, 10, 0, 0, 0, 0, 6},
	/* Queue default. */
	{1, 0, 99, 0, 0, 0, 2}, {3, 0, 100, 0, 0, 0, 4}, {34, 0, 100, 0, 0, 0, 6},
	/* Queue low only when it persists. */
	{1, 0, 0, 499, 0, 0, 2}, {3, 0, 0, 500, 0, 0, 2}, {32, 0, 0, 500, 0, 0, 2}, {33, 0, 0, 500, 0, 0, 4},
	{1, 0, 0, 500, 0, 0, 2}, {20, 0, 0, 499, 0, 0, 2}, {40, 0, 0, 500, 0, 0, 2}, {69, 0, 0, 500, 0, 0, 2}, {70, 0, 0, 500, 0, 0, 4},
	/* A single job that waits for too long. */
	{1, 0, 0, 1, 10, 0, 2}, {3, 0, 0, 1, 11, 0, 4}, {5, 0, 0, 1, 13, 0, 4}, {33, 0, 0, 1, 41, 0, 6},
	/* Up to the maximum and no further; then down, and no further than the minimum. */
	{1, 99, 0, 0, 0, 0, 4}, {31, 99, 0, 0, 0, 0, 6}, {61, 99, 0, 0, 0, 0, 8}, {91, 99, 0, 0, 0, 0, 10}, {121, 99, 0, 0, 0, 0, 12},
	{151, 99, 0, 0, 0, 0, 14}, {181, 99, 0, 0, 0, 0, 16}, {211, 99, 0, 0, 0, 0, 16}, {1000, 0, 0, 0, 0, 0, 16}, {1599, 0, 0, 0, 0, 0, 16},
	{1600, 0, 0, 0, 0, 0, 14}, {2199, 0, 0, 0, 0, 0, 14}, {2200, 0, 0, 0, 0, 0, 12}, {2800, 0, 0, 0, 0, 0, 10}, {3400, 0, 0, 0, 0, 0, 8},
	{4000, 0, 0, 0, 0, 0, 6}, {4600, 0, 0, 0, 0, 0, 4}, {5200, 0, 0, 0, 0, 0, 2}, {5800, 0, 0, 0, 0, 0, 2},
	/* Two fewer could not run what runs: 6 to 4 takes 16 jobs at most. */
	{1, 10, 0, 0, 0, 0, 4}, {31, 10, 0, 0, 0, 0, 6}, {40, 0, 0, 0, 0, 17, 6}, {700, 0, 0, 0, 0, 17, 6}, {701, 0, 0, 0, 0, 16, 6},
	{1300, 0, 0, 0, 0, 16, 6}, {1301, 0, 0, 0, 0, 16, 4},
	/* The 600 s begin anew when the queues were behind meanwhile, also within the cool-down. */
	{1, 10, 0, 0, 0, 0, 4}, {10, 0, 0, 0, 0, 0, 4}, {20, 10, 0, 0, 0, 0, 4}, {22, 0, 0, 0, 0, 0, 4}, {610, 0, 0, 0, 0, 0, 4}, {622, 0, 0, 0, 0, 0, 2},
	/* After a step down there may be one up at once. */
	{1, 10, 0, 0, 0, 0, 4}, {2, 0, 0, 0, 0, 0, 4}, {602, 0, 0, 0, 0, 0, 2}, {603, 10, 0, 0, 0, 0, 4},
	/* What cannot be measured changes nothing, and says nothing of being idle or of persisting. */
	{1, 10, 0, 0, 0, 0, 4}, {2, 0, 0, 0, 0, 0, 4}, {300, UNKNOWN, 0, 0, 0, 0, 4}, {602, 0, 0, 0, 0, 0, 4}, {1201, 0, 0, 0, 0, 0, 4}, {1202, 0, 0, 0, 0, 0, 2},
	{1, 0, 0, 500, 0, 0, 2}, {20, UNKNOWN, 0, 0, 0, 0, 2}, {31, 0, 0, 500, 0, 0, 2}, {61, 0, 0, 500, 0, 0, 4},
	{0},
};

static const struct look BOUNDS[] = {
	{1, 0, 0, 0, 0, 0, 3}, {2, 10, 0, 0, 0, 0, 5}, {32, 10, 0, 0, 0, 0, 6}, {100, 0, 0, 0, 0, 0, 6}, {700, 0, 0, 0, 0, 0, 4}, {1300, 0, 0, 0, 0, 0, 3},
	{0},
};

static const struct look ONE[] = {{1, 99, 999, 9999, 99, 99, 1}, {100, 99, 999, 9999, 99, 99, 1}, {200, 0, 0, 0, 0, 0, 1}, {900, 0, 0, 0, 0, 0, 1}, {0}};

static struct supervisor_measure measured(const struct look *look, int room)
{
	return (struct supervisor_measure){.known = look->high != UNKNOWN, .due = {look->high, look->deflt, look->low},
		.oldest_us = look->oldest_s * SECOND, .running = look->running, .room = room};
}

static void follow(const struct supervisor_policy *policy, const struct look *look)
{
	struct supervisor_state state = {0};
	for (; look->at_s; look++) {
		if (look->at_s == 1)
			state = (struct supervisor_state){0};
		struct supervisor_measure measure = measured(look, PLENTY);
		state = supervisor_decide(policy, &state, &measure, look->at_s * SECOND);
		if (state.wanted != look->wanted)
			fail_msg("at %d s with %d, %d, %d due, oldest %d s, %d running: %d instead of %d", look->at_s, look->high, look->deflt, look->low,
				look->oldest_s, look->running, state.wanted, look->wanted);
	}
}

static void test_decisions(void **nothing)
{
	(void)nothing;
	follow(&POLICY, DOCUMENT);
	follow(&NARROW, BOUNDS);
	follow(&SINGLE, ONE);
}

/* Two more children of four threads take 12 connections, and ten must be left. */
static void test_room(void **nothing)
{
	(void)nothing;
	static const struct { int room, wanted; } ROWS[] = {{0, 2}, {21, 2}, {22, 4}, {1000, 4}};
	struct look deep = {.high = 99};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct supervisor_measure measure = measured(&deep, ROWS[i].room);
		struct supervisor_state state = supervisor_decide(&POLICY, &(struct supervisor_state){.wanted = 2}, &measure, SECOND);
		assert_int_equal(state.wanted, ROWS[i].wanted);
	}
}

/* A new configuration brings other bounds. */
static void test_new_bounds(void **nothing)
{
	(void)nothing;
	struct supervisor_measure unknown = {0};
	struct supervisor_state state = supervisor_decide(&POLICY, &(struct supervisor_state){.wanted = 16}, &unknown, SECOND);
	assert_int_equal(state.wanted, 16);
	assert_int_equal(supervisor_decide(&NARROW, &state, &unknown, SECOND).wanted, 6);
	assert_int_equal(supervisor_decide(&NARROW, &(struct supervisor_state){.wanted = 2}, &unknown, SECOND).wanted, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_decisions), cmocka_unit_test(test_room), cmocka_unit_test(test_new_bounds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
