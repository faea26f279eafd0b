/* The formulas of inventory D.4 against numbers worked out by hand. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail

#include "measure/measure.h"
#include "retention/retention.h"

#include <math.h>

static void near(double got, double wanted, double within)
{
	if (!(fabs(got - wanted) <= within)) {
		print_error("got %.9g, wanted %.9g\n", got, wanted);
		_fail(__FILE__, __LINE__);
	}
}

static void risk_has_four_parts(void **state)
{
	static const struct { int64_t attempts, value, shown, accepted; double a, v, r, n; int score; } ROWS[] = {
		/* 0.4·20 + 0.3·70 + 0.2·30 + 0.1·25 = 8 + 21 + 6 + 2.5 = 37.5 */
		{1, 0, 0, 0, 8, 21, 6, 2.5, 38},
		/* 20.00 is not above 20; 20.01 is; 50.00 is not above 50 */
		{1, 2000, 0, 0, 8, 21, 6, 2.5, 38},
		{1, 2001, 0, 0, 8, 15, 6, 2.5, 32},
		{1, 5000, 0, 0, 8, 15, 6, 2.5, 32},
		{1, 5001, 0, 0, 8, 9, 6, 2.5, 26},
		/* 3 clicks, 1 of 4 offers taken: 24 + 9 + 0.2·75 + 7.5 = 55.5 */
		{3, 10000, 4, 1, 24, 9, 15, 7.5, 56},
		/* every offer taken */
		{2, 10000, 2, 2, 16, 9, 0, 5, 30},
		/* the caps: 5 clicks fill the first part, 4 the last one */
		{4, 3000, 5, 0, 32, 15, 20, 10, 77},
		{5, 1000, 5, 0, 40, 21, 20, 10, 91},
		{1000000000000, 1000, 5, 0, 40, 21, 20, 10, 91},
		{0, 6000, 0, 0, 0, 9, 6, 0, 15},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct measure_risk risk;

		measure_risk(ROWS[i].attempts, ROWS[i].value, ROWS[i].shown, ROWS[i].accepted, &risk);
		near(risk.attempts, ROWS[i].a, 1e-9);
		near(risk.value, ROWS[i].v, 1e-9);
		near(risk.acceptance, ROWS[i].r, 1e-9);
		near(risk.repetition, ROWS[i].n, 1e-9);
		assert_int_equal(risk.score, ROWS[i].score);
	}
}

static void roi_of_a_period(void **state)
{
	static const struct { int64_t revenue; int days; int64_t cost, users; double monthly, multiplier; int64_t per_user, even; } ROWS[] = {
		/* 300.00 in 30 days at 100.00 a month, 6 customers: (300 − 100) / 100 = 200 %; 3×; 16.67 each; 100 / 10 a day = 10 days */
		{30000, 30, 10000, 6, 200, 3, 1667, 10},
		/* 70.00 in 7 days at 99.00: 10 a day, 300 a month: 201 / 99 = 203.03 %; cost of 7 days 23.10: 3.0303×; 9.9 days are 10 */
		{7000, 7, 9900, 2, 203.030303, 3.030303, 1155, 10},
		/* nothing saved: all is lost, never even, no customer to share the cost */
		{0, 30, 10000, 0, -100, 0, -1, -1},
		/* exactly even: 30 days */
		{10000, 30, 10000, 1, 0, 1, 10000, 30},
		/* 0.01 a day against 1.00: 100 days */
		{90, 90, 100, 3, -70, 0.3, 100, 100},
	};
	struct measure_roi roi;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_true(measure_roi(ROWS[i].revenue, ROWS[i].days, ROWS[i].cost, ROWS[i].users, &roi));
		near(roi.monthly_percent, ROWS[i].monthly, 1e-5);
		near(roi.multiplier, ROWS[i].multiplier, 1e-5);
		assert_int_equal(roi.cost_per_user_minor, ROWS[i].per_user);
		assert_int_equal(roi.break_even_days, ROWS[i].even);
	}
	assert_false(measure_roi(100, 0, 100, 1, &roi));
	assert_false(measure_roi(100, 30, 0, 1, &roi));
	assert_false(measure_roi(100, 30, -5, 1, &roi));
}

/* 1, 2, 2, 4 on days 0 to 3: x̄ = 1.5, ȳ = 2.25, Sxx = 5, Sxy = 4.5; slope 0.9, start 0.9; fitted 0.9, 1.8, 2.7, 3.6, residuals 0.1, 0.2, −0.7, 0.4,
 * squares 0.01 + 0.04 + 0.49 + 0.16 = 0.70; s = √(0.70 / 2) = 0.591608. t(2) at 97.5 % is 4.302653. Day 4: 4.5 ± 4.302653 · 0.591608 ·
 * √(1 + 1/4 + 6.25/5) = ± 4.302653 · 0.591608 · 1.581139 = 4.024745. Day 5: 5.4 ± 2.545484 · √(1.25 + 12.25/5) = ± 4.896372. Their sum 9.9 ±
 * 2.545484 · √(2 + 4·(1/4 + 9/5)) = 2.545484 · 3.193744 = 8.129625. */
static void forecast_of_four_days(void **state)
{
	static const double VALUES[] = {1, 2, 2, 4};
	struct measure_line line;
	struct measure_point points[2], total;

	(void)state;
	assert_true(measure_forecast(VALUES, 4, 2, 0.95, &line, points, &total));
	near(line.slope, 0.9, 1e-9);
	near(line.start, 0.9, 1e-9);
	near(line.deviation, 0.591608, 1e-6);
	near(points[0].value, 4.5, 1e-9);
	near(points[0].low, 4.5 - 4.024745, 1e-4);
	near(points[0].high, 4.5 + 4.024745, 1e-4);
	near(points[1].value, 5.4, 1e-9);
	near(points[1].high, 5.4 + 4.896372, 1e-4);
	near(total.value, 9.9, 1e-9);
	near(total.high - total.value, 8.129625, 1e-4);
	near(total.value - total.low, 8.129625, 1e-4);
}

static void forecast_of_a_line_is_certain(void **state)
{
	static const double VALUES[] = {10, 13, 16, 19, 22};
	struct measure_line line;
	struct measure_point points[90];

	(void)state;
	assert_true(measure_forecast(VALUES, 5, 90, 0.95, &line, points, NULL));
	near(line.slope, 3, 1e-9);
	near(points[0].value, 25, 1e-9);
	near(points[89].value, 10 + 3 * 94, 1e-6);
	near(points[89].high - points[89].low, 0, 1e-4);
	assert_false(measure_forecast(VALUES, 2, 90, 0.95, &line, points, NULL));
}

/* Inventory D.4: pause, support 100 %, downgrade 30 %, discount 20 %. */
static void revenue_saved_by_an_offer(void **state)
{
	(void)state;
	assert_int_equal(revenue_saved(STEP_PAUSE, 4900), 4900);
	assert_int_equal(revenue_saved(STEP_SUPPORT, 4900), 4900);
	assert_int_equal(revenue_saved(STEP_DOWNGRADE, 4900), 1470);
	assert_int_equal(revenue_saved(STEP_DISCOUNT, 4900), 980);
	assert_int_equal(revenue_saved(STEP_DISCOUNT, 1), 0);
	assert_int_equal(revenue_saved(STEP_DISCOUNT, 3), 1);
}

static void every_figure_is_defined_in_two_languages(void **state)
{
	struct ctx ctx;

	(void)state;
	ctx_init(&ctx);
	struct json_object *english = measure_definitions(&ctx, "en"), *german = measure_definitions(&ctx, "de");
	assert_true(json_object_object_length(english) > 20);
	json_object_object_foreach(english, name, text) {
		assert_non_null(json_text(german, name, NULL));
		assert_string_not_equal(json_text(german, name, ""), json_object_get_string(text));
	}
	assert_null(measure_definition("nothing", "en"));
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(risk_has_four_parts),
		cmocka_unit_test(roi_of_a_period),
		cmocka_unit_test(forecast_of_four_days),
		cmocka_unit_test(forecast_of_a_line_is_certain),
		cmocka_unit_test(revenue_saved_by_an_offer),
		cmocka_unit_test(every_figure_is_defined_in_two_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
