/* Buckets and percentiles, against values sorted by hand and against the exact ones of many; and a result's way through JSON. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail

#include "cli/bench/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct timings *empty(void **state)
{
	return memset(*state, 0, sizeof(struct timings));
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct timings));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void nothing(void **state)
{
	struct timings *timings = empty(state);
	assert_int_equal(timings_quantile(timings, 0.99), 0);
	assert_true(timings_mean(timings) == 0);
}

static void small_values_are_exact(void **state)
{
	struct timings *timings = empty(state);
	for (int us = 100; us >= 1; us--)
		timings_add(timings, us);
	assert_int_equal(timings_quantile(timings, 0), 1);
	assert_int_equal(timings_quantile(timings, 0.5), 50);
	assert_int_equal(timings_quantile(timings, 0.95), 95);
	assert_int_equal(timings_quantile(timings, 0.999), 100);
	assert_int_equal(timings_quantile(timings, 1), 100);
	assert_true(fabs(timings_mean(timings) - 50.5) < 1e-9);
}

static void every_bucket_is_narrow_and_in_order(void **state)
{
	struct timings *timings = empty(state);
	for (int i = 0; i < TIMINGS_BUCKETS; i++) {
		int64_t last = timings_bucket_us(i), first = i ? timings_bucket_us(i - 1) + 1 : 0;
		assert_true(last >= first);
		assert_true((double)(last - first) <= 0.01 * (double)first);
		timings_add(timings, first);
		timings_add(timings, last);
		assert_int_equal(timings->buckets[i], 2);
	}
	assert_int_equal(timings_bucket_us(TIMINGS_BUCKETS - 1), TIMINGS_MOST_US);
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void quantiles_are_within_one_percent(void **state)
{
	static const double QUANTILES[] = {0.01, 0.5, 0.9, 0.95, 0.99, 0.999};
	enum { COUNT = 20000 };
	struct timings *timings = empty(state);
	int64_t *all = calloc(COUNT, sizeof *all);
	uint64_t chance = 1;
	assert_non_null(all);
	for (int i = 0; i < COUNT; i++) {
		chance = chance * 6364136223846793005u + 1442695040888963407u;
		all[i] = (int64_t)exp((double)(chance >> 40) / (1 << 24) * 18); /* 1 µs to 65 s */
		timings_add(timings, all[i]);
	}
	qsort(all, COUNT, sizeof *all, ascending);
	for (size_t i = 0; i < sizeof QUANTILES / sizeof *QUANTILES; i++) {
		int64_t exact = all[(int)ceil(QUANTILES[i] * COUNT) - 1], told = timings_quantile(timings, QUANTILES[i]);
		assert_true(told >= exact);
		assert_true((double)(told - exact) <= 0.01 * (double)exact);
	}
	assert_int_equal(timings_quantile(timings, 1), all[COUNT - 1]);
	free(all);
}

static void beyond_the_ends(void **state)
{
	struct timings *timings = empty(state);
	timings_add(timings, -5);
	timings_add(timings, INT64_MAX);
	assert_int_equal(timings->buckets[0], 1);
	assert_int_equal(timings->buckets[TIMINGS_BUCKETS - 1], 1);
	assert_int_equal(timings->max_us, TIMINGS_MOST_US);
}

static void merged_is_as_if_added(void **state)
{
	struct timings *timings = empty(state), *other = calloc(1, sizeof *other), *both = calloc(1, sizeof *both);
	assert_true(other && both);
	for (int us = 1; us < 100000; us += 777) {
		timings_add(us % 2 ? timings : other, us);
		timings_add(both, us);
	}
	timings_merge(timings, other);
	assert_memory_equal(timings, both, sizeof *both);
	free(other);
	free(both);
}

static void through_json(void **state)
{
	struct timings *timings = empty(state);
	struct ctx ctx;
	ctx_init(&ctx);
	for (int i = 1; i <= 1000; i++)
		timings_add(timings, i * 977);
	struct result_error errors[] = {{"503", 2}, {"timeout", 1}};
	const char *why[] = {"p95 928.2 ms over 200 ms (read)"}, *missing[] = {"Tasks: \"none\" yet"};
	struct result_route route = {.method = "GET", .route = "/api/v1/x/:id", .class = "read", .requests = 1003, .errors = errors, .error_count = 2, .first_p95_us = 4500,
		.timings = timings, .why = why, .why_count = 1};
	struct result_phase phase = {"up", PHASE_RAMP, 0, 12.5, true, 0, 500};
	struct result_journey journey = {"read", 2.5, 10, 8, 1};
	struct result_second second = {3, 10, 9, 8, 1, 1000, 2000, 3500, 7, 9, 7};
	struct result made = {.version = "1", .scenario = "try", .document = "003 §7", .target = "http://[::1]:1", .started_us = 1000000, .seconds = 12.5, .measured_s = 10.25, .refusals = {2, 1, 1000, 2000, 3000, 4000}, .late = {1500, 2500},
		.time_scale = 0.1, .rate_scale = 2, .interrupted = true, .machine = {2, 0.31, "6"}, .cost = {1.5, 31000}, .phases = &phase, .phase_count = 1,
		.routes = &route, .route_count = 1, .total = route, .journeys = &journey, .journey_count = 1, .timeline = &second, .second_count = 1,
		.missing = missing, .missing_count = 1, .broken = why, .broken_count = 1};
	struct buffer first = {0}, again = {0};
	struct result back;
	result_write(&made, &first);
	assert_int_equal(result_read(&ctx, first.data, first.length, &back), OK);
	assert_true(back.phases[0].users && back.phases[0].kind == PHASE_RAMP && back.phases[0].to == 500);
	assert_int_equal(result_errors(&back.routes[0]), 3);
	assert_true(back.measured_s == 10.25 && back.routes[0].first_p95_us == 4500 && back.refusals.bare == 1 && back.refusals.p99_us == 3000 && back.late.max_us == 2500);
	assert_int_equal(timings_quantile(back.routes[0].timings, 0.95), timings_quantile(timings, 0.95));
	result_write(&back, &again);
	assert_string_equal(first.data, again.data);
	/* Cut anywhere, it is refused. */
	for (size_t bytes = 0; bytes + 1 < first.length; bytes += 13) {
		assert_int_equal(result_read(&ctx, first.data, bytes, &back), ERR_BAD_INPUT);
		ctx_reset(&ctx);
	}
	assert_int_equal(result_read(&ctx, "{\"tool\":\"other\"}", 16, &back), ERR_BAD_INPUT);
	/* One of before. */
	memcpy(strstr(first.data, "measuredSeconds"), "formerlySeconds", 15);
	memcpy(strstr(first.data, "refusals"), "formerly", 8);
	assert_int_equal(result_read(&ctx, first.data, first.length, &back), OK);
	assert_true(back.measured_s == back.seconds && !back.refusals.count);
	char *count = strstr(first.data, "\"503\":2");
	assert_non_null(count);
	memcpy(count, "\"50\":-2", 7);
	assert_int_equal(result_read(&ctx, first.data, first.length, &back), ERR_BAD_INPUT);
	buffer_free(&first);
	buffer_free(&again);
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing), cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(every_bucket_is_narrow_and_in_order), cmocka_unit_test(quantiles_are_within_one_percent), cmocka_unit_test(beyond_the_ends),
		cmocka_unit_test(merged_is_as_if_added), cmocka_unit_test(through_json)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
