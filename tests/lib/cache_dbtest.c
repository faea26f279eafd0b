/* The cache against the suite's memcached. */
#include "tests/lib/cache_client.h"
#include "mc/level.h"

#include <libmemcached/memcached.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

/* A replica that may be behind must have what the last invalidation was about. */
static void replicas_are_behind(void **state)
{
	struct ctx *ctx = *state;
	setting("STOA_CACHE_SERVERS", "");
	struct cache *cache = open_cache();
	struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .tags = {"changed", "other"}, .life_ms = 60000};
	struct cache_plan untagged = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000};
	struct load source = {.text = "text"};
	int64_t before = cache_stamp(cache), last;
	cache_invalidate(ctx, cache, "changed");
	cache_invalidated(ctx, cache, "changed", &last);
	fetch_is(ctx, cache, &plan, &source, 1);
	assert_int_equal(source.since, 0);
	ctx->reads.since = before;
	fetch_is(ctx, cache, &untagged, &source, 2);
	assert_int_equal(source.since, before);
	cache_invalidate(ctx, cache, "other");
	fetch_is(ctx, cache, &plan, &source, 3);
	assert_true(source.since > last && source.since < cache_stamp(cache));
	/* Read at one that may lack what was committed after the moment. */
	cache_invalidate(ctx, cache, "other");
	ctx->reads.as_of = before;
	fetch_is(ctx, cache, &plan, &source, 4);
	fetch_is(ctx, cache, &plan, &source, 5);
	cache_close(cache);
}

static void first_level_alone(void **state)
{
	struct ctx *ctx = *state;
	setting("STOA_CACHE_SERVERS", "");
	struct cache *cache = open_cache();
	struct cache_plan plan = {.space = "t", .key = "a", .life_ms = 60000}, other = {.space = "t", .key = "b", .life_ms = 60000};
	struct load one = {.text = "one"}, two = {.text = "two"}, none = {.text = NULL};
	fetch_is(ctx, cache, &plan, &one, 1);
	fetch_is(ctx, cache, &plan, &one, 1);
	fetch_is(ctx, cache, &other, &two, 1);
	plan.space = "u";
	fetch_is(ctx, cache, &plan, &none, 1);
	fetch_is(ctx, cache, &plan, &none, 1);
	assert_int_equal(ctx->cache_hits, 2);
	assert_int_equal(ctx->cache_misses, 3);
	assert_false(state_of(cache).configured);
	assert_false(cache_ping(cache));
	assert_int_equal(state_of(cache).local_hits, 2);
	assert_int_equal(state_of(cache).local_entries, 3);
	cache_close(cache);
}

static void errors_are_not_kept(void **state)
{
	struct ctx *ctx = *state;
	struct cache *cache = open_cache();
	struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000};
	struct load source = {.text = "x", .err = ERR_UNAVAILABLE};
	struct cached value;
	assert_int_equal(cache_fetch(ctx, cache, &plan, load, &source, &value), ERR_UNAVAILABLE);
	assert_int_equal(ctx->fault.err, ERR_UNAVAILABLE);
	ctx_forgive(ctx);
	source.err = OK;
	fetch_is(ctx, cache, &plan, &source, 2);
	fetch_is(ctx, cache, &plan, &source, 2);
	cache_close(cache);
}

/* What one process keeps, the next finds in memcached, binary and empty values too. */
static void memcached_is_the_second_level(void **state)
{
	struct ctx *ctx = *state;
	static const struct { const char *data; size_t length; } ROWS[] = {{"text", 4}, {"", 0}, {"a\0b\r\n\xff", 6}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct cache *first = open_cache(), *second = open_cache();
		struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .tags = {"p"}};
		struct load source = {.text = "loaded"};
		struct cached value;
		cache_put(ctx, first, &plan, cache_stamp(second), ROWS[i].data, ROWS[i].length); /* newer than both tables */
		assert_int_equal(cache_fetch(ctx, second, &plan, load, &source, &value), OK);
		assert_int_equal(source.calls, 0);
		assert_int_equal(value.length, ROWS[i].length);
		assert_memory_equal(value.data, ROWS[i].data, ROWS[i].length);
		assert_int_equal(value.data[value.length], 0);
		assert_int_equal(state_of(second).shared_hits, 1);
		assert_int_equal(state_of(second).local_entries, 1);
		assert_true(state_of(second).reachable);
		assert_true(cache_ping(second));
		cache_close(first);
		cache_close(second);
	}
}

static void tags_invalidate(void **state)
{
	struct ctx *ctx = *state;
	struct cache *cache = open_cache();
	struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .tags = {"plan-1", "plan-2"}};
	struct load source = {.text = "v", .tag = "loaded"};
	fetch_is(ctx, cache, &plan, &source, 1);
	cache_invalidate(ctx, cache, "plan-2");
	fetch_is(ctx, cache, &plan, &source, 2);
	cache_invalidate(ctx, cache, "loaded");
	fetch_is(ctx, cache, &plan, &source, 3);
	cache_invalidate(ctx, cache, "stranger");
	fetch_is(ctx, cache, &plan, &source, 3);
	/* An invalidation during the load: the caller gets the value, nobody else does. */
	cache_invalidate(ctx, cache, "plan-1");
	source.invalidate = cache;
	fetch_is(ctx, cache, &plan, &source, 4);
	source.invalidate = NULL;
	fetch_is(ctx, cache, &plan, &source, 5);
	fetch_is(ctx, cache, &plan, &source, 5);
	cache_close(cache);
}

static void processes_share_invalidations(void **state)
{
	struct ctx *ctx = *state;
	char path[300];
	snprintf(path, sizeof path, "%s/cache-%d.shm", folder, getpid());
	setting("STOA_CACHE_SHARED", path);
	setting("STOA_CACHE_SERVERS", "");
	struct cache *cache = open_cache();
	struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .tags = {"shared"}};
	struct load source = {.text = "v"};
	fetch_is(ctx, cache, &plan, &source, 1);
	for (int turn = 2; turn < 5; turn++) {
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) {
			char message[256];
			struct cache *own = cache_open(message);
			if (own)
				cache_invalidate(ctx, own, "shared");
			_exit(own ? 0 : 1);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		fetch_is(ctx, cache, &plan, &source, turn);
		fetch_is(ctx, cache, &plan, &source, turn);
	}
	cache_close(cache);
	/* A file of another layout is replaced. */
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fwrite("something else entirely", 1, 23, file), 23);
	fclose(file);
	cache = open_cache();
	fetch_is(ctx, cache, &plan, &source, 5);
	cache_close(cache);
	unlink(path);
}

/* Two caches with an own table each stand for two machines. */
static void machines_share_invalidations(void **state)
{
	struct ctx *ctx = *state;
	struct cache *here = open_cache(), *there = open_cache();
	const char *tag = arena_printf(&ctx->arena, "tag-%d-%d", getpid(), serial++);
	struct load source = {.text = "v", .tag = tag};
	struct cache_plan plans[2] = {
		{.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .local_ms = 1, .tags = {tag}}, /* expected: one round trip */
		{.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .local_ms = 1},                /* only the value tells: two */
	};
	for (int i = 0; i < 2; i++) {
		source.calls = 0;
		fetch_is(ctx, here, &plans[i], &source, 1);
		fetch_is(ctx, there, &plans[i], &source, 1);
		uint64_t hits = state_of(there).shared_hits;
		assert_true(hits > 0);
		cache_invalidate(ctx, here, tag);
		for (int64_t end = clock_mono_us() + 1000; clock_mono_us() <= end;)
			sched_yield(); /* its life in the first level there */
		fetch_is(ctx, there, &plans[i], &source, 2);
		assert_int_equal(state_of(there).shared_hits, hits);
	}
	cache_close(here);
	cache_close(there);
}

static void clocks_may_step(void **state)
{
	struct ctx *ctx = *state;
	struct cache *cache = open_cache();
	struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .tags = {"step"}};
	struct load source = {.text = "v"};
	fetch_is(ctx, cache, &plan, &source, 1);
	clock_shift(-INT64_C(3600000000));
	fetch_is(ctx, cache, &plan, &source, 1);
	cache_invalidate(ctx, cache, "step");
	fetch_is(ctx, cache, &plan, &source, 2);
	fetch_is(ctx, cache, &plan, &source, 2);
	clock_shift(0);
	fetch_is(ctx, cache, &plan, &source, 2);
	cache_close(cache);
}

static void life_ends(void **state)
{
	struct ctx *ctx = *state;
	struct cache *cache = open_cache();
	struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .local_ms = 1};
	struct load source = {.text = "v"};
	fetch_is(ctx, cache, &plan, &source, 1);
	for (int64_t end = clock_mono_us() + 1000; clock_mono_us() <= end;)
		sched_yield();
	fetch_is(ctx, cache, &plan, &source, 1); /* memcached's */
	for (int64_t end = clock_mono_us() + 1000; clock_mono_us() <= end;)
		sched_yield();
	clock_shift(60 * INT64_C(1000000));
	fetch_is(ctx, cache, &plan, &source, 2);
	cache_close(cache);
}

static void raw_set(const char *key, size_t key_length, const void *data, size_t bytes)
{
	memcached_st *handle = memcached(suite_servers, strlen(suite_servers));
	assert_non_null(handle);
	memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_KETAMA, 1);
	assert_int_equal(memcached_set(handle, key, key_length, data, bytes, 0, 0), MEMCACHED_SUCCESS);
	memcached_free(handle);
}

/* What lies under the key in memcached is not what was put there. */
static void foreign_values_are_misses(void **state)
{
	struct ctx *ctx = *state;
	struct cache *cache = open_cache();
	const char *tag_text = arena_printf(&ctx->arena, "tag-%d-%d", getpid(), serial++);
	struct tag tag = tag_make(tag_text);
	char tag_key[2 * TAG_BYTES + 2] = "t";
	sodium_bin2hex(tag_key + 1, sizeof tag_key - 1, tag.id, TAG_BYTES);
	for (int row = 0; row < 8; row++) {
		struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000, .tags = {tag_text}};
		struct load source = {.text = "mine"};
		char name[200], key[66] = "v", value[400];
		size_t name_length = (size_t)snprintf(name, sizeof name, "t%c%s", 0, plan.key);
		uint8_t hash[32];
		crypto_generichash(hash, 32, (uint8_t *)name, name_length, NULL, 0);
		sodium_bin2hex(key + 1, sizeof key - 1, hash, 32);
		struct envelope envelope = {.stamp = cache_stamp(cache), .life_us = 60000000, .name = name, .name_length = name_length,
			.data = "theirs", .length = 6, .tag_count = 1, .tags = {tag}};
		if (row == 1)
			name[name_length - 1] ^= 1; /* another key's value */
		if (row == 2)
			envelope.stamp = 1; /* before this table was born */
		if (row == 3)
			envelope.stamp += INT64_C(3600000000); /* a clock that nobody should believe */
		size_t bytes = envelope_bytes(&envelope);
		envelope_write(&envelope, value);
		if (row == 4)
			bytes = 30; /* cut */
		if (row == 5)
			memset(value, 'x', bytes);
		if (row == 6)
			bytes = 0;
		if (row == 7)
			raw_set(tag_key, strlen(tag_key), "nonsense", 8);
		raw_set(key, strlen(key), value, bytes);
		if (row == 0) {
			source.text = "theirs"; /* the control: as it should be */
			fetch_is(ctx, cache, &plan, &source, 0);
			continue;
		}
		fetch_is(ctx, cache, &plan, &source, 1);
		assert_true(state_of(cache).reachable);
	}
	cache_close(cache);
}

static void bounds_hold(void **state)
{
	struct ctx *ctx = *state;
	setting("STOA_CACHE_SERVERS", "");
	static const struct { const char *entries, *bytes; size_t length; uint64_t most_entries, most_bytes; } ROWS[] = {
		{"64", "16m", 10, 64, 16 << 20},
		{"100000", "256k", 1000, 100000, 256 << 10},
		{"0", "1m", 10, 0, 0},
		{"100", "0", 10, 0, 0},
	};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		setting("STOA_CACHE_LOCAL_ENTRIES", ROWS[i].entries);
		setting("STOA_CACHE_LOCAL_BYTES", ROWS[i].bytes);
		struct cache *cache = open_cache();
		struct cache_plan hot = {.space = "t", .key = "hot", .life_ms = 60000}, plan = hot;
		char text[1001] = "", key[32];
		struct load source = {.text = text}, warm = {.text = "warm"};
		memset(text, 'x', ROWS[i].length);
		for (int n = 0; n < 5000; n++) {
			struct cached value;
			snprintf(key, sizeof key, "cold-%d", n);
			plan.key = key;
			assert_int_equal(cache_fetch(ctx, cache, &plan, load, &source, &value), OK);
			assert_int_equal(cache_fetch(ctx, cache, &hot, load, &warm, &value), OK);
			assert_true(state_of(cache).local_entries <= ROWS[i].most_entries);
			assert_true(state_of(cache).local_bytes <= ROWS[i].most_bytes);
			ctx_reset(ctx);
		}
		if (ROWS[i].most_bytes) {
			assert_int_equal(warm.calls, 1); /* what is used stays */
			assert_true(state_of(cache).evictions > 1000);
		}
		cache_close(cache);
	}
}

static void large_things_are_not_kept(void **state)
{
	struct ctx *ctx = *state;
	struct cache *cache = open_cache();
	char *text = calloc(1, CACHE_VALUE_BYTES + 2), *key = calloc(1, CACHE_NAME_BYTES + 1);
	memset(text, 'x', CACHE_VALUE_BYTES);
	memset(key, 'k', CACHE_NAME_BYTES);
	struct load source = {.text = text};
	struct cache_plan plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000};
	fetch_is(ctx, cache, &plan, &source, 1);
	fetch_is(ctx, cache, &plan, &source, 1);
	text[CACHE_VALUE_BYTES] = 'x';
	plan.key = fresh_key(ctx);
	fetch_is(ctx, cache, &plan, &source, 2);
	fetch_is(ctx, cache, &plan, &source, 3);
	source.text = "short";
	plan.key = key;
	fetch_is(ctx, cache, &plan, &source, 4);
	fetch_is(ctx, cache, &plan, &source, 5);
	key[CACHE_NAME_BYTES - strlen("t") - 1] = '\0';
	fetch_is(ctx, cache, &plan, &source, 6);
	fetch_is(ctx, cache, &plan, &source, 6);
	cache_close(cache);
	free(text);
	free(key);
}

/* --- threads --- */

#define THREADS 12

struct crowd {
	struct cache *cache;
	struct cache_plan plan;
	_Atomic int started, calls, good, failed;
	int failures; /* the first loads that fail */
};

static enum err crowd_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	struct crowd *crowd = argument;
	int call = atomic_fetch_add(&crowd->calls, 1);
	while (atomic_load(&crowd->started) < THREADS)
		sched_yield();
	usleep(20000); /* makes it likely that the others have joined; correct results do not depend on it */
	if (call < crowd->failures)
		return ctx_fail(ctx, ERR_UPSTREAM, __FILE__, __LINE__, "first ones fail");
	value_out->data = "crowd";
	value_out->length = 5;
	return OK;
}

static void *crowd_run(void *argument)
{
	struct crowd *crowd = argument;
	struct ctx ctx;
	struct cached value;
	ctx_init(&ctx);
	atomic_fetch_add(&crowd->started, 1);
	enum err err = cache_fetch(&ctx, crowd->cache, &crowd->plan, crowd_load, crowd, &value);
	atomic_fetch_add(err == OK && strcmp(value.data, "crowd") == 0 ? &crowd->good : &crowd->failed, 1);
	ctx_free(&ctx);
	return NULL;
}

static void one_flight_a_key(void **state)
{
	struct ctx *ctx = *state;
	for (int failures = 0; failures < 2; failures++) {
		struct cache *cache = open_cache();
		struct crowd crowd = {.cache = cache, .failures = failures,
			.plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000}};
		pthread_t threads[THREADS];
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, &crowd), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(crowd.calls, failures + 1);
		assert_int_equal(crowd.failed, failures);
		assert_int_equal(crowd.good, THREADS - failures);
		cache_close(cache);
	}
}

struct late {
	struct cache *cache;
	struct cache_plan plan;
	_Atomic bool loading, waiter_done;
};

static enum err late_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	struct late *late = argument;
	(void)ctx;
	atomic_store(&late->loading, true);
	while (!atomic_load(&late->waiter_done))
		sched_yield();
	value_out->data = "";
	return OK;
}

static void *late_run(void *argument)
{
	struct late *late = argument;
	struct ctx ctx;
	struct cached value;
	ctx_init(&ctx);
	cache_fetch(&ctx, late->cache, &late->plan, late_load, late, &value);
	ctx_free(&ctx);
	return NULL;
}

static void waiting_ends_at_the_deadline(void **state)
{
	struct ctx *ctx = *state;
	struct cached value;
	struct late late = {.cache = open_cache(), .plan = {.space = "t", .key = fresh_key(ctx), .life_ms = 60000}};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, late_run, &late), 0);
	while (!atomic_load(&late.loading))
		sched_yield();
	ctx->deadline_us = clock_mono_us() + 20000;
	enum err err = cache_fetch(ctx, late.cache, &late.plan, late_load, &late, &value);
	atomic_store(&late.waiter_done, true);
	pthread_join(thread, NULL);
	assert_int_equal(err, ERR_TIMEOUT);
	cache_close(late.cache);
}

struct churn {
	struct cache *cache;
	_Atomic bool wrong;
	int seed;
};

static enum err churn_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	value_out->data = arena_strdup(&ctx->arena, argument);
	value_out->length = strlen(argument);
	return OK;
}

static void *churn_run(void *argument)
{
	struct churn *churn = argument;
	struct ctx ctx;
	ctx_init(&ctx);
	for (int i = 0; i < 3000; i++) {
		char key[32], tag[32];
		struct cached value;
		int number = (i * 7 + churn->seed * 13) % 97;
		snprintf(key, sizeof key, "churn-%d", number);
		snprintf(tag, sizeof tag, "churn-tag-%d", number % 5);
		struct cache_plan plan = {.space = "churn", .key = key, .life_ms = 60000, .tags = {tag}};
		if (i % 50 == churn->seed)
			cache_invalidate(&ctx, churn->cache, tag);
		if (cache_fetch(&ctx, churn->cache, &plan, churn_load, key, &value) != OK || strcmp(value.data, key) != 0)
			atomic_store(&churn->wrong, true);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
	return NULL;
}

static void threads_get_their_own(void **state)
{
	(void)state;
	setting("STOA_CACHE_LOCAL_ENTRIES", "64");
	struct cache *cache = open_cache();
	struct churn churns[8];
	pthread_t threads[8];
	for (int i = 0; i < 8; i++) {
		churns[i] = (struct churn){.cache = cache, .seed = i};
		assert_int_equal(pthread_create(&threads[i], NULL, churn_run, &churns[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_false(churns[i].wrong);
	}
	assert_int_equal(state_of(cache).errors, 0);
	assert_true(state_of(cache).shared_hits > 0);
	cache_close(cache);
}

static void bad_configuration_is_told(void **state)
{
	(void)state;
	char message[256] = "";
	setting("STOA_CACHE_SERVERS", "--SERVERS nonsense");
	assert_null(cache_open(message));
	assert_non_null(strstr(message, "cache.servers"));
	settings_default();
	setting("STOA_CACHE_SHARED", "/nonexistent/folder/file");
	message[0] = '\0';
	assert_null(cache_open(message));
	assert_non_null(strstr(message, "/nonexistent/folder/file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(replicas_are_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(first_level_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_are_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(memcached_is_the_second_level, setup, teardown),
		cmocka_unit_test_setup_teardown(tags_invalidate, setup, teardown),
		cmocka_unit_test_setup_teardown(processes_share_invalidations, setup, teardown),
		cmocka_unit_test_setup_teardown(machines_share_invalidations, setup, teardown),
		cmocka_unit_test_setup_teardown(clocks_may_step, setup, teardown),
		cmocka_unit_test_setup_teardown(life_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_values_are_misses, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(large_things_are_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(one_flight_a_key, setup, teardown),
		cmocka_unit_test_setup_teardown(waiting_ends_at_the_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_get_their_own, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_configuration_is_told, setup, teardown),
	};
	return suite_open() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
