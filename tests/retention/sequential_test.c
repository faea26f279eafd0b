/* The sequential test and the sample, against numbers worked out by hand from the formulas in retention/sequential.h. */
#include "tests/retention/cases.h"

#include "retention/sequential.h"

#include <math.h>

#define near(value, wanted) assert_true(fabs((value) - (wanted)) < 1e-9)

/* 998 and 299 in v are (299 + 1) / (998 + 2) = 0.3: v = 0.21 / 998 for each arm. */
static void comparisons(void **state)
{
	static const struct { struct arm control, arm; double alpha, tau, difference, low, high, p; int verdict; } ROWS[] = {
		{{998, 299}, {998, 299}, 0.05, 0.05, 0, -0.06243786831586625, 0.06243786831586625, 1, 0},
		{{998, 299}, {998, 399}, 0.05, 0.05, 0.1002004008016032, 0.03548048202067405, 0.16492031958253234, 0.00020492339114640468, 1},
		{{998, 399}, {998, 299}, 0.05, 0.05, -0.1002004008016032, -0.16492031958253234, -0.03548048202067405, 0.00020492339114640468, -1},
		{{998, 299}, {398, 159}, 0.05, 0.1, 0.09989828904039233, 0.013031186895904462, 0.1867653911848802, 0.012535610856501058, 1},
		{{998, 299}, {998, 359}, 0.05, 0.05, 0.06012024048096193, -0.003875441314993136, 0.12411592227691699, 0.0794606596416485, 0},
		{{998, 299}, {998, 399}, 0.025, 0.05, 0.1002004008016032, 0.030011435369181785, 0.17038936623402462, 0.00020492339114640468, 1},
		/* All stay in both: no difference, and the interval is no point. */
		{{100, 100}, {100, 100}, 0.05, 0.05, 0, -0.042472897405303744, 0.042472897405303744, 1, 0}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct comparison found = sequential_compare(ROWS[i].control, ROWS[i].arm, ROWS[i].alpha, ROWS[i].tau);

		assert_true(found.enough);
		near(found.difference, ROWS[i].difference);
		near(found.low, ROWS[i].low);
		near(found.high, ROWS[i].high);
		near(found.p, ROWS[i].p);
		assert_int_equal(found.verdict, ROWS[i].verdict);
	}
}

/* Interval, p-value and verdict are one statement. */
static void agreement(void **state)
{
	(void)state;

	for (int64_t saved = 0; saved <= 400; saved += 5) {
		struct comparison found = sequential_compare((struct arm){400, 200}, (struct arm){400, saved}, 0.05, 0.05);

		assert_int_equal(found.verdict != 0, found.p <= 0.05);
		assert_int_equal(found.verdict > 0, found.low > 0);
		assert_int_equal(found.verdict < 0, found.high < 0);
		assert_true(found.low >= -1 && found.high <= 1);
	}
}

static void few(void **state)
{
	static const struct { struct arm control, arm; bool enough; double difference; } ROWS[] = {
		{{0, 0}, {0, 0}, false, 0}, {{500, 100}, {0, 0}, false, 0}, {{99, 0}, {500, 500}, false, 1}, {{500, 500}, {99, 0}, false, -1},
		{{100, 0}, {100, 100}, true, 1}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct comparison found = sequential_compare(ROWS[i].control, ROWS[i].arm, 0.05, 0.05);

		assert_int_equal(found.enough, ROWS[i].enough);
		near(found.difference, ROWS[i].difference);
		if (!found.enough)
			assert_true(found.low == -1 && found.high == 1 && found.p == 1 && found.verdict == 0);
		else
			assert_int_equal(found.verdict, 1);
	}
}

/* 30 % and 35 %: (1.959964 sqrt(2 * 0.325 * 0.675) + 0.841621 sqrt(0.21 + 0.2275))^2 / 0.0025 = 1376.3. */
static void samples(void **state)
{
	static const struct { double p0, effect, alpha; int64_t sample; } ROWS[] = {
		{0.3, 0.05, 0.05, 1377}, {0.5, 0.05, 0.05, 1565}, {0.3, 0.1, 0.05, 356}, {0.1, 0.05, 0.05, 686}, {0.3, 0.05, 0.025, 1667},
		{0.5, 0.1, 0.05, 388}, {0.98, 0.05, 0.05, 269}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(sequential_sample(ROWS[i].p0, ROWS[i].effect, ROWS[i].alpha, 0.8), ROWS[i].sample);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {cmocka_unit_test(comparisons), cmocka_unit_test(agreement), cmocka_unit_test(few),
		cmocka_unit_test(samples)};

	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
