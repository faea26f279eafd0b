/* Ranks, intervals and Holm's procedure against numbers worked out by hand. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail

#include "cli/bench/statistics.h"

#include <math.h>

static struct arena arena;

static void near(double got, double wanted)
{
	if (!(fabs(got - wanted) <= 1e-9) && !(isinf(got) && got == wanted)) {
		print_error("got %.12g, wanted %.12g\n", got, wanted);
		_fail(__FILE__, __LINE__);
	}
}

static void orders_are_counted(void **state)
{
	(void)state;
	/* Of C(6,3) = 20 orders of three and three so many have u pairs. */
	static const int ways[] = {1, 1, 2, 3, 3, 3, 3, 2, 1, 1};
	struct ranks three = ranks_of(&arena, 3, 3), uneven = ranks_of(&arena, 2, 1), one = ranks_of(&arena, 1, 1);
	int sum = 0;
	for (int u = 0; u <= 9; u++)
		near(three.at_most[u], (sum += ways[u]) / 20.0);
	for (int u = 0; u <= 2; u++)
		near(uneven.at_most[u], (u + 1) / 3.0);
	near(one.at_most[0], 0.5);
	struct ranks most = ranks_of(&arena, RUNS_MOST, RUNS_MOST);
	near(most.at_most[RUNS_MOST * RUNS_MOST], 1);
	near(most.at_most[RUNS_MOST * RUNS_MOST / 2 - 1] + most.at_most[RUNS_MOST * RUNS_MOST / 2], 1);
	near(change_least_p(7, 7), 2 / 3432.0);
	near(change_least_p(1, 1), 1);
}

static void a_change_is_the_median_of_ratios(void **state)
{
	(void)state;
	static const double base[] = {2, 3, 1}, slower[] = {6, 2, 4}, apart[] = {40, 60, 50};
	struct ranks ranks = ranks_of(&arena, 3, 3);
	/* 0.667 1 1.333 2 2 2 3 4 6 */
	struct change change = change_of(&arena, &ranks, CHANGE_RATIO, base, slower, 0.8);
	near(change.estimate, 2);
	near(change.interval.low, 1);   /* P(U <= 1) = 0.1: the second from each end */
	near(change.interval.high, 4);
	near(change.p, 2 * 4 / 20.0);   /* seven pairs above, one equal: P(U >= 7) = 4/20 */
	change = change_of(&arena, &ranks, CHANGE_RATIO, base, apart, 0.9);
	near(change.estimate, 25);
	near(change.interval.low, 40 / 3.0);
	near(change.interval.high, 60);
	near(change.p, 0.1);
	change = change_of(&arena, &ranks, CHANGE_RATIO, base, apart, 0.95);
	near(change.interval.high, INFINITY);
	near(change.interval.low, -INFINITY);
	change = change_of(&arena, &ranks, CHANGE_DIFFERENCE, apart, base, 0.9);
	near(change.estimate, -48);
	near(change.interval.low, -59);
	near(change.interval.high, -37);
	change = change_of(&arena, &ranks, CHANGE_DIFFERENCE, base, base, 0.9);
	near(change.estimate, 0);
	near(change.p, 1);
}

static void equal_values_are_no_change(void **state)
{
	(void)state;
	static const double base[] = {5, 5, 5, 5, 5, 5, 5};
	struct ranks ranks = ranks_of(&arena, 7, 7);
	struct change change = change_of(&arena, &ranks, CHANGE_RATIO, base, base, 0.95);
	near(change.p, 1);
	near(change.estimate, 1);
	near(change.interval.low, 1);
	near(change.interval.high, 1);
}

static void several_tests_are_adjusted(void **state)
{
	(void)state;
	static const double p[] = {0.01, 0.04, 0.03, 0.005}, wanted[] = {0.03, 0.06, 0.06, 0.02};
	double adjusted[4];
	holm_adjust(&arena, p, 4, adjusted);
	for (int i = 0; i < 4; i++)
		near(adjusted[i], wanted[i]);
	holm_adjust(&arena, p, 0, adjusted);
	assert_int_equal(runs_needed(1, 0.05), 4);    /* 2 / 70 */
	assert_int_equal(runs_needed(30, 0.05), 7);   /* 60 / 3432, where 60 / 924 is above 0.05 */
	assert_int_equal(runs_needed(85, 0.05), 7);
	assert_int_equal(runs_needed(86, 0.05), 8);
}

static void a_median_has_an_interval(void **state)
{
	(void)state;
	static const double values[] = {9, 1, 8, 2, 7, 3, 6, 4, 5};
	static const struct { int count; double low, high, level; } rows[] = {
		{1, 9, 9, 0}, {2, 1, 9, 0.5}, {5, 1, 9, 0.9375}, {7, 1, 9, 1 - 2 / 128.0}, {9, 2, 8, 1 - 20 / 512.0}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double level;
		struct interval interval = median_interval(&arena, values, rows[i].count, 0.95, &level);
		near(interval.low, rows[i].low);
		near(interval.high, rows[i].high);
		near(level, rows[i].level);
	}
	near(median_of(&arena, values, 9), 5);
	near(median_of(&arena, values, 4), 5);
	near(values[0], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_are_counted),
		cmocka_unit_test(a_change_is_the_median_of_ratios),
		cmocka_unit_test(equal_values_are_no_change),
		cmocka_unit_test(several_tests_are_adjusted),
		cmocka_unit_test(a_median_has_an_interval),
	};
	arena_init(&arena);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return failed;
}
