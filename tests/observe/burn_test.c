/* Error budgets against numbers that were worked out by hand. */
#include "observe/bound.h"
#include "observe/burn.h"
#include "web/slo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define NEAR(a, b) assert_true((a) - (b) < 1e-9 && (b) - (a) < 1e-9)

/* 99.5 % allows 5 of 1,000. */
static void rates(void **state)
{
	static const struct { double bad, all, objective, rate, left; } ROWS[] = {
		{0, 1000, 0.995, 0, 1},
		{5, 1000, 0.995, 1, 0},
		{1, 1000, 0.995, 0.2, 0.8},
		{72, 1000, 0.995, 14.4, -13.4},
		{2.5, 1000, 0.995, 0.5, 0.5},      /* a part of a request, as a goal lies within a bucket */
		{1, 10000, 0.999, 0.1, 0.9},
		{1, 20, 0.95, 1, 0},
		{1200, 1000, 0.995, 200, -199},    /* what was slow and failed counts twice, but never for more than all */
		{0, 0, 0.995, 0, 1},
		{3, 0, 0.995, 0, 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		NEAR(burn_rate(ROWS[i].bad, ROWS[i].all, ROWS[i].objective), ROWS[i].rate);
		NEAR(burn_left(ROWS[i].bad, ROWS[i].all, ROWS[i].objective), ROWS[i].left);
	}
}

/* Document 001, "Availability" and "Availability Calculation". */
static void downtime(void **state)
{
	(void)state;
	NEAR(burn_downtime_s(0.999), 43.2 * 60);
	NEAR(burn_downtime_s(0.9995), 21.6 * 60);
	NEAR(burn_downtime_s(0.995), 3.6 * 3600);
}

static void lasts(void **state)
{
	(void)state;
	NEAR(burn_lasts_s(1, 1), 30 * 86400);
	NEAR(burn_lasts_s(1, 14.4), 50 * 3600);      /* 2 % an hour */
	NEAR(burn_lasts_s(0.5, 6), 60 * 3600);       /* 5 % in 6 hours */
	NEAR(burn_lasts_s(0.25, 0), -1);
	NEAR(burn_lasts_s(0, 3), 0);
	NEAR(burn_lasts_s(-0.5, 0), 0);
	NEAR(burn_lasts_s(0.5, 0.5), 30 * 86400);
	NEAR(burn_lasts_s(0.5, 0.4), -1);            /* what the last 30 days have used comes back before */
}

/* The workbook's table 5-8: 2 % of a budget in 1 hour, 5 % in 6, 10 % in 3 days; the short window is a twelfth. */
static void alerts(void **state)
{
	(void)state;
	for (int i = 0; i < BURN_ALERTS; i++) {
		const struct burn_alert *alert = &BURN_ALERT[i];
		NEAR(alert->budget, alert->rate * alert->long_s / (BURN_DAYS * 86400.0));
		assert_int_equal(alert->short_s * 12, alert->long_s);
		assert_true(burn_fires(alert, 5, alert->rate + 0.01, alert->rate + 0.01));
		assert_false(burn_fires(alert, 4.9, alert->rate + 0.01, alert->rate + 0.01));
		assert_false(burn_fires(alert, 5, alert->rate + 0.01, alert->rate));
		assert_false(burn_fires(alert, 5, alert->rate, alert->rate + 0.01));
	}
}

static void bounds(void **state)
{
	struct ctx ctx;
	(void)state;
	ctx_init(&ctx);
	static const struct { enum bound_unit unit; double value; const char *text; } TEXTS[] = {{UNIT_SHARE, 0.8, "80 %"}, {UNIT_SHARE, 0.0001, "0.01 %"},
		{UNIT_SECONDS, 0.05, "50 ms"}, {UNIT_SECONDS, 5, "5 s"}, {UNIT_A_MINUTE, 100, "100 a minute"}, {UNIT_TIMES, 2, "2x"}};
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		assert_string_equal(bound_text(&ctx, TEXTS[i].unit, TEXTS[i].value), TEXTS[i].text);
	for (enum bound_name name = 0; name < BOUND_COUNT; name++)
		assert_true(bound_of(name)->alert > 0 && (!strncmp(bound_of(name)->source, "001 ", 4) || !strncmp(bound_of(name)->source, "003 ", 4)));
	assert_string_equal(hit_target_of("who")->type, "User Sessions");
	assert_null(hit_target_of("whoever"));
	NEAR(job_target_of("webhook.deliver").share, 0.9);
	assert_string_equal(job_target_of("report.make").type, "Report Generation");
	NEAR(job_target_of("stripe.apply").share, 0.99);
	assert_null(job_target_of("stripe.apply").type);
	ctx_free(&ctx);
}

/* Bucket 44 is (89.6, 102.4] ms, 52 (358.4, 409.6] ms. */
static void quantiles(void **state)
{
	uint64_t counts[HISTOGRAM_BUCKETS] = {0};
	static const struct { double quantile; int64_t us; } ROWS[] = {{0.45, 96000}, {0.9, 102400}, {0.95, 384000}, {0.99, 404480}, {1, 409600}};
	(void)state;
	assert_int_equal(slo_quantile(counts, 0.95), 0);
	counts[44] = 900;
	counts[52] = 100;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(slo_quantile(counts, ROWS[i].quantile), ROWS[i].us);
	counts[HISTOGRAM_BUCKETS - 1] = 1000;
	assert_true(slo_quantile(counts, 0.95) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(rates), cmocka_unit_test(downtime), cmocka_unit_test(lasts), cmocka_unit_test(alerts),
		cmocka_unit_test(bounds), cmocka_unit_test(quantiles)};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
