/* What the cache counts: look-ups by space and result, operations, evictions; and the time of a unit of work, without loading. */
#include "mc/cache.h"

#include "base/clock.h"
#include "metric/metric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct cache *cache;
static struct ctx ctx;

static uint64_t count_of(const char *name, const char *labels)
{
	struct metric_value value = {0};
	metric_find(name, labels, &value);
	return value.count;
}

#define LOAD_US 3000

static void spin(int64_t us)
{
	int64_t until_us = clock_mono_us() + us;
	while (clock_mono_us() < until_us)
		;
}

/* Half of it is a query. */
static enum err load(struct ctx *own, void *argument, struct cached *value_out)
{
	struct span span = span_begin(own);
	spin(LOAD_US / 2);
	span_end(own, &span, SPENT_QUERY);
	spin(LOAD_US / 2);
	*value_out = (struct cached){.data = argument, .length = strlen(argument)};
	return OK;
}

static enum err refuse(struct ctx *own, void *argument, struct cached *value_out)
{
	(void)argument;
	(void)value_out;
	(void)own;
	return ERR_NOT_FOUND;
}

static void fetch(const char *space, const char *key)
{
	const struct cache_plan plan = {.space = space, .key = key, .life_ms = 60000};
	struct cached value;
	assert_int_equal(cache_fetch(&ctx, cache, &plan, load, "value", &value), OK);
	assert_string_equal(value.data, "value");
}

static void lookups_are_counted_by_space(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		fetch("customer", "a");
	fetch("customer", "b");
	fetch("flow", "a");
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"customer\",result=\"miss\""), 2);
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"customer\",result=\"local\""), 3);
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"customer\",result=\"shared\""), 0);
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"flow\",result=\"miss\""), 1);
	assert_int_equal(ctx.cache_hits, 3);
	assert_int_equal(ctx.cache_misses, 3);
	assert_int_equal(count_of("stoa_cache_duration_seconds", "operation=\"get\""), 3);
	assert_int_equal(count_of("stoa_cache_duration_seconds", "operation=\"load\""), 3);
	/* Half of a load is a query, the other half its own computing: neither is the cache's. */
	assert_true(ctx.part_us[SPENT_QUERY] >= 3 * LOAD_US / 2);
	assert_true(ctx.part_us[SPENT_OWN] >= 3 * (LOAD_US / 2));
	struct metric_value load_time;
	assert_true(metric_find("stoa_cache_duration_seconds", "operation=\"load\"", &load_time));
	assert_true(load_time.sum_s >= 3 * LOAD_US / 1e6);
	struct cached value;
	assert_int_equal(cache_fetch(&ctx, cache, &(struct cache_plan){.space = "flow", .key = "none", .life_ms = 60000}, refuse, NULL, &value), ERR_NOT_FOUND);
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"flow\",result=\"miss\""), 2);
}

static void what_is_written_is_counted(void **state)
{
	const struct cache_plan plan = {.space = "customer", .key = "put", .tags = {"tag"}, .life_ms = 60000};
	(void)state;
	cache_put(&ctx, cache, &plan, cache_stamp(cache), "value", 5);
	fetch("customer", "put");
	cache_invalidate(&ctx, cache, "tag");
	fetch("customer", "put");
	assert_int_equal(count_of("stoa_cache_duration_seconds", "operation=\"put\""), 1);
	assert_int_equal(count_of("stoa_cache_duration_seconds", "operation=\"invalidate\""), 1);
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"customer\",result=\"local\""), 1);
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"customer\",result=\"miss\""), 1);
}

static void what_is_dropped_is_counted(void **state)
{
	struct cache_state before, after;
	(void)state;
	cache_state(cache, &before);
	for (int i = 0; i < 200; i++) {
		char key[16];
		snprintf(key, sizeof key, "%d", i);
		cache_put(&ctx, cache, &(struct cache_plan){.space = "flow", .key = key, .life_ms = 60000}, cache_stamp(cache), "value", 5);
	}
	cache_state(cache, &after);
	assert_true(after.evictions - before.evictions > 100);
	assert_int_equal(count_of("stoa_cache_evictions_total", ""), after.evictions - before.evictions);
}

/* The last test: spaces are never forgotten. */
static void spaces_are_bounded(void **state)
{
	static char names[40][24];
	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof names[i], "space%d", i);
		fetch(names[i], "a");
	}
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"space0\",result=\"miss\""), 1);
	/* Two were named before: 31 have a name of their own. */
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"other\",result=\"miss\""), 40 - 29);
	assert_int_equal(count_of("stoa_cache_lookups_total", "space=\"space39\",result=\"miss\""), 0);
}

static int setup(void **state)
{
	char message[256];
	(void)state;
	ctx_init(&ctx);
	return metric_open(message) && (cache = cache_open(message)) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	cache_close(cache);
	metric_close();
	ctx_free(&ctx);
	return 0;
}

int main(void)
{
	char message[256];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lookups_are_counted_by_space, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_written_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_dropped_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(spaces_are_bounded, setup, teardown),
	};
	setenv("STOA_CONFIG", "/dev/null", 1);
	setenv("STOA_METRICS_FILE", "", 1);
	setenv("STOA_CACHE_SHARED", "", 1);
	setenv("STOA_CACHE_SERVERS", "", 1);
	setenv("STOA_CACHE_LOCAL_ENTRIES", "64", 1);
	conf_add(METRIC_CONF);
	conf_add(CACHE_CONF);
	if (!conf_load(NULL, message))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
