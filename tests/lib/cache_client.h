/* What the tests of the cache share: settings, a source that counts, and a context for each test. */
#ifndef STOA_TESTS_LIB_CACHE_CLIENT_H
#define STOA_TESTS_LIB_CACHE_CLIENT_H

#include "base/clock.h"
#include "mc/cache.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char suite_servers[512], folder[80];
static int serial;

static inline void setting(const char *name, const char *value)
{
	char message[256];
	setenv(name, value, 1);
	if (!conf_load(NULL, message))
		fail_msg("%s", message);
}

/* A key that no other test has used. */
static inline const char *fresh_key(struct ctx *ctx)
{
	return arena_printf(&ctx->arena, "key-%d-%d", getpid(), serial++);
}

static inline void settings_default(void)
{
	setting("STOA_CACHE_SERVERS", suite_servers);
	setting("STOA_CACHE_SHARED", "");
	setting("STOA_CACHE_LOCAL_LIFE", "1h");
	setting("STOA_CACHE_LOCAL_ENTRIES", "1024");
	setting("STOA_CACHE_LOCAL_BYTES", "16m");
	setting("STOA_CACHE_BREAKER_FAILURES", "3");
	setting("STOA_CACHE_BREAKER_PAUSE", "10m");
	setting("STOA_CACHE_POLL_TIMEOUT", "5s");
	setting("STOA_CACHE_CONNECT_TIMEOUT", "5s");
}

static inline struct cache *open_cache(void)
{
	char message[256];
	struct cache *cache = cache_open(message);
	if (!cache)
		fail_msg("%s", message);
	return cache;
}

static inline struct cache_state state_of(struct cache *cache)
{
	struct cache_state state;
	cache_state(cache, &state);
	return state;
}

struct load {
	_Atomic int calls;
	const char *text; /* NULL = absent */
	const char *tag;
	enum err err;
	struct cache *invalidate; /* while loading */
	int64_t since;            /* what a replica had to have */
};

static inline enum err load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	struct load *load = argument;
	atomic_fetch_add(&load->calls, 1);
	load->since = ctx->reads.since;
	if (load->err != OK)
		return ctx_fail(ctx, load->err, __FILE__, __LINE__, "no such luck");
	if (load->tag)
		cache_tag(ctx, value_out, load->tag);
	if (load->invalidate)
		cache_invalidate(ctx, load->invalidate, load->tag);
	value_out->absent = !load->text;
	value_out->data = load->text;
	value_out->length = load->text ? strlen(load->text) : 0;
	return OK;
}

static inline void fetch_is(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, struct load *source, int calls)
{
	struct cached value;
	assert_int_equal(cache_fetch(ctx, cache, plan, load, source, &value), OK);
	assert_int_equal(value.absent, !source->text);
	if (source->text) {
		assert_int_equal(value.length, strlen(source->text));
		assert_string_equal(value.data, source->text);
	}
	assert_int_equal(source->calls, calls);
}

static inline int setup(void **state)
{
	struct ctx *ctx = calloc(1, sizeof *ctx);
	ctx_init(ctx);
	clock_shift(0);
	settings_default();
	*state = ctx;
	return 0;
}

static inline int teardown(void **state)
{
	clock_shift(0);
	ctx_free(*state);
	free(*state);
	return 0;
}

/* False: not under tests/with-services. */
static inline bool suite_open(void)
{
	const char *servers = getenv("STOA_CACHE_SERVERS"), *test_folder = getenv("STOA_TEST_DIR");
	if (!servers || !test_folder || sodium_init() < 0) {
		fprintf(stderr, "run it under tests/with-services\n");
		return false;
	}
	snprintf(suite_servers, sizeof suite_servers, "%s", servers);
	snprintf(folder, sizeof folder, "%s/run", test_folder);
	conf_add(CACHE_CONF);
	return true;
}

#endif
