/* A unit of work's record: parts exclude each other and add up, statements are told apart, and both reach their series. */
#include "metric/work.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void spin(int64_t us)
{
	int64_t until_us = clock_mono_us() + us;
	while (clock_mono_us() < until_us)
		;
}

static void parts_exclude_each_other(void **state)
{
	struct ctx ctx;
	int64_t parts_us[WORK_PARTS], sum_us = 0, begin_us = clock_mono_us();
	(void)state;
	ctx_init(&ctx);
	struct span who = span_begin(&ctx);
	struct span cache = span_begin(&ctx);
	spin(200);
	struct span load = span_begin(&ctx);
	struct span query = span_begin(&ctx);
	spin(300);
	int64_t query_us = span_end(&ctx, &query, SPENT_QUERY);
	ctx.pool_wait_us += 0;
	spin(100);
	int64_t load_us = span_end(&ctx, &load, SPENT_OWN);
	int64_t cache_us = span_end(&ctx, &cache, SPENT_CACHE);
	spin(100);
	int64_t who_us = span_end(&ctx, &who, SPENT_WHO);
	assert_true(query_us >= 300 && load_us >= query_us + 100 && cache_us >= load_us + 200 && who_us >= cache_us + 100);
	assert_int_equal(ctx.part_us[SPENT_QUERY], query_us);
	assert_int_equal(ctx.part_us[SPENT_OWN], load_us - query_us);
	assert_int_equal(ctx.part_us[SPENT_CACHE], cache_us - load_us);
	assert_int_equal(ctx.part_us[SPENT_WHO], who_us - cache_us);
	assert_int_equal(ctx_known_us(&ctx), who_us);
	int64_t took_us = clock_mono_us() - begin_us;
	work_split(&ctx, took_us, parts_us);
	for (int part = 0; part < WORK_DURATION_PARTS; part++)
		sum_us += parts_us[part];
	assert_int_equal(sum_us, took_us);
	assert_true(parts_us[WORK_OWN] >= load_us - query_us);
	assert_int_equal(parts_us[WORK_ACCEPT] + parts_us[WORK_WRITE] + parts_us[WORK_CPU], 0);
	ctx_free(&ctx);
}

static void statements_are_told_apart(void **state)
{
	static const char *const NAMES[] = {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14"};
	struct ctx ctx, whole;
	(void)state;
	ctx_init(&ctx);
	ctx_init(&whole);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 15; i++)
			ctx_statement(&ctx, NAMES[i], 10 + i);
	for (int i = 0; i < CTX_STATEMENTS - 1; i++) {
		assert_string_equal(ctx.statements[i].name, NAMES[i]);
		assert_int_equal(ctx.statements[i].count, 2);
		assert_int_equal(ctx.statements[i].us, 2 * (10 + i));
	}
	/* s12, s13, s14: 2 * (22 + 23 + 24) */
	assert_string_equal(ctx.statements[CTX_STATEMENTS - 1].name, "other");
	assert_int_equal(ctx.statements[CTX_STATEMENTS - 1].count, 6);
	assert_int_equal(ctx.statements[CTX_STATEMENTS - 1].us, 138);
	ctx.queries = 30;
	ctx.part_us[SPENT_QUERY] = 5;
	ctx.pool_wait_us = 7;
	ctx_add(&whole, &ctx);
	ctx_add(&whole, &ctx);
	assert_int_equal(whole.queries, 60);
	assert_int_equal(whole.statements[3].count, 4);
	assert_int_equal(whole.statements[CTX_STATEMENTS - 1].us, 276);
	assert_int_equal(ctx_known_us(&whole), 24);
	ctx_reset(&ctx);
	assert_null(ctx.statements[0].name);
	assert_int_equal(ctx_known_us(&ctx), 0);
	ctx_free(&ctx);
	ctx_free(&whole);
}

static double sum_of(const char *name, const char *labels, uint64_t *count_out)
{
	struct metric_value value = {0};
	metric_find(name, labels, &value);
	*count_out = value.count;
	return value.sum_s * 1e6;
}

static void series_are_of_the_route(void **state)
{
	struct work_series series = {.route = "/a/:id", .method = "GET"};
	int64_t parts_us[WORK_PARTS] = {[WORK_POOL] = 40, [WORK_OWN] = 60};
	struct ctx ctx;
	uint64_t count;
	char name[40][16];
	(void)state;
	ctx_init(&ctx);
	work_parts_add(&series, parts_us);
	parts_us[WORK_POOL] = 0;
	work_parts_add(&series, parts_us);
	assert_true(sum_of("stoa_http_request_part_seconds", "route=\"/a/:id\",method=\"GET\",part=\"pool\"", &count) == 40);
	assert_int_equal(count, 1);
	assert_true(sum_of("stoa_http_request_part_seconds", "route=\"/a/:id\",method=\"GET\",part=\"own\"", &count) == 120);
	assert_int_equal(count, 2);
	assert_true(sum_of("stoa_http_request_part_seconds", "route=\"/a/:id\",method=\"GET\",part=\"who\"", &count) == 0);
	/* More statements than a route's series are remembered: found all the same. */
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 40; i++) {
			snprintf(name[i], sizeof name[i], "s%d", i);
			ctx_statement(&ctx, name[i], i);
			if (i % 10 != 9)
				continue;
			work_statements_add(&series, &ctx);
			assert_null(ctx.statements[0].name);
		}
	for (int i = 0; i < 40; i++) {
		char labels[80];
		snprintf(labels, sizeof labels, "statement=\"s%d\",route=\"/a/:id\",method=\"GET\"", i);
		assert_true(sum_of("stoa_statement_seconds", labels, &count) == 2 * i);
		assert_int_equal(count, 2);
	}
	ctx_free(&ctx);
}

static int setup(void **state)
{
	char message[256];
	(void)state;
	setenv("STOA_CONFIG", "/dev/null", 1);
	setenv("STOA_METRICS_FILE", "", 1);
	conf_add(METRIC_CONF);
	return conf_load(NULL, message) && metric_open(message) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	metric_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_exclude_each_other),
		cmocka_unit_test(statements_are_told_apart),
		cmocka_unit_test(series_are_of_the_route),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
