#include "mc/cache.h"

#include "base/clock.h"
#include "base/shared.h"
#include "mc/count.h"
#include "mc/level.h"

#include <limits.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct conf_row CACHE_CONF[] = {
	{"cache.servers", CONF_STRING, "", false, 0, 0,
		"libmemcached configuration, e.g. --SERVER=10.0.0.5:11211 or --SOCKET=\"/run/memcached.sock\", several for a ring, named alike on all machines; empty = first level only"},
	{"cache.shared", CONF_PATH, "/run/stoa/cache.shm", false, 0, 0,
		"shared file of the invalidations; empty = this process alone"},
	{"cache.local_entries", CONF_INT, "16384", false, 0, 16777216, "most values in the process"},
	{"cache.local_bytes", CONF_BYTES, "6m", false, 0, INT64_C(1) << 40, "most memory for values in the process"},
	{"cache.local_life", CONF_DURATION, "2s", false, 1, 3600000, "life of a value in the process"},
	{"cache.connect_timeout", CONF_DURATION, "50ms", false, 1, 10000, "wait for a connection to memcached"},
	{"cache.poll_timeout", CONF_DURATION, "50ms", false, 1, 10000, "wait for an answer of memcached"},
	{"cache.breaker_failures", CONF_INT, "3", false, 1, 1000, "failures in a row after which a memcached is left alone"},
	{"cache.breaker_pause", CONF_DURATION, "1s", false, 1, 600000, "pause before it is tried again"},
	CONF_END,
};

/* Flights that fail while one waits, before one loads beside others: a dead store must not queue everybody up. */
#define FAILURES_MOST 2

struct cache {
	struct shared shared;
	struct stamps *stamps;
	struct local *local;
	struct remote *remote; /* NULL = none configured */
	struct flights *flights;
	int local_ms;
	bool shared_by_all;    /* the stamps, by the processes of this machine */
	_Atomic uint64_t misses;
	unsigned char hash_key[crypto_shorthash_KEYBYTES];
};

struct cache *cache_open(char message_out[256])
{
	if (sodium_init() < 0)
		abort();
	struct cache *cache = calloc(1, sizeof *cache);
	if (!cache)
		abort();
	const char *path = conf_string("cache.shared"), *servers = conf_string("cache.servers");
	if (*path == '\0') {
		shared_private(&cache->shared, sizeof(struct stamps), stamps_prepare);
	} else if (!shared_open(&cache->shared, path, "stoa cache 1", sizeof(struct stamps), stamps_prepare, message_out)) {
		free(cache);
		return NULL;
	}
	cache->stamps = cache->shared.memory;
	cache->shared_by_all = *path != '\0';
	if (*servers && !(cache->remote = remote_open(servers, cache->stamps, message_out))) {
		shared_close(&cache->shared);
		free(cache);
		return NULL;
	}
	cache->local = local_open((size_t)conf_int("cache.local_entries"), (size_t)conf_int("cache.local_bytes"), cache->stamps);
	cache->flights = flights_open();
	cache->local_ms = conf_ms("cache.local_life");
	randombytes_buf(cache->hash_key, sizeof cache->hash_key);
	return cache;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	flights_close(cache->flights);
	local_close(cache->local);
	remote_close(cache->remote);
	shared_close(&cache->shared);
	free(cache);
}

void cache_tag(struct ctx *ctx, struct cached *value_out, const char *tag)
{
	for (int i = 0; i < CACHE_TAGS; i++)
		if (!value_out->tags[i]) {
			value_out->tags[i] = arena_strdup(&ctx->arena, tag);
			return;
		}
	fprintf(stderr, "cache_tag: more than %d tags\n", CACHE_TAGS);
	abort();
}

/* False: too long to be kept. */
static bool name_make(const struct cache *cache, const struct cache_plan *plan, struct name *name)
{
	size_t space = strlen(plan->space) + 1, key = strlen(plan->key);
	if (space + key > CACHE_NAME_BYTES)
		return false;
	memcpy(name->text, plan->space, space);
	memcpy(name->text + space, plan->key, key);
	name->length = space + key;
	crypto_shorthash((unsigned char *)&name->hash, (const unsigned char *)name->text, name->length, cache->hash_key);
	return true;
}

static int tags_make(const char *const *texts, struct tag *tags)
{
	int count = 0;
	while (count < CACHE_TAGS && texts[count]) {
		tags[count] = tag_make(texts[count]);
		count++;
	}
	return count;
}

static int64_t local_end(const struct cache *cache, const struct cache_plan *plan, int64_t left_us)
{
	int64_t local_us = (plan->local_ms > 0 ? plan->local_ms : cache->local_ms) * INT64_C(1000);
	return clock_mono_us() + (local_us < left_us ? local_us : left_us);
}

static void count_miss(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan)
{
	ctx->cache_misses++;
	count_lookup(plan->space, LOOKUP_MISS);
	atomic_fetch_add_explicit(&cache->misses, 1, memory_order_relaxed);
}

/* Gives up the caller's hold. */
static void hand_out(struct ctx *ctx, const struct cache_plan *plan, struct entry *entry, enum lookup_result from, struct cached *value_out)
{
	ctx->cache_hits++;
	count_lookup(plan->space, from);
	*value_out = (struct cached){.length = entry->length, .absent = entry->absent,
		.data = arena_memdup(&ctx->arena, entry->data, entry->length)};
	entry_release(entry);
}

static struct entry *find_remote(struct cache *cache, const struct cache_plan *plan, const struct name *name)
{
	struct tag tags[TAGS_MOST];
	int64_t left_us = 0;
	if (!cache->remote)
		return NULL;
	struct entry *entry = remote_find(cache->remote, name, tags, tags_make(plan->tags, tags), &left_us);
	if (entry) {
		entry->dies_us = local_end(cache, plan, left_us);
		local_keep(cache->local, entry);
	}
	return entry;
}

static struct entry *make_entry(const struct cache *cache, const struct cache_plan *plan, const struct name *name,
	const struct cached *value, int64_t stamp)
{
	struct tag tags[TAGS_MOST];
	int count = tags_make(plan->tags, tags);
	count += tags_make(value->tags, tags + count);
	struct entry *entry = entry_new(name, value->data, value->absent ? 0 : value->length, value->absent, stamp, tags, count);
	entry->dies_us = local_end(cache, plan, plan->life_ms * INT64_C(1000));
	return entry;
}

static void keep(struct cache *cache, const struct cache_plan *plan, struct entry *entry)
{
	if (plan->life_ms > 0 && entry_valid(entry, cache->stamps))
		remote_keep(cache->remote, entry, plan->life_ms * INT64_C(1000));
}

/* What a replica told is as old as that may be. */
static int64_t stamp_of(const struct ctx *ctx, int64_t stamp)
{
	return ctx->reads.as_of && ctx->reads.as_of < stamp ? ctx->reads.as_of : stamp;
}

/* A replica that has not replayed the last invalidation's cause yet would answer with what that made invalid. */
static void read_since(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan)
{
	struct tag tags[CACHE_TAGS];
	int count = ctx->reads.since ? tags_make(plan->tags, tags) : 0;
	for (int i = 0; i < count; i++) {
		int64_t last = atomic_load_explicit(&cache->stamps->slots[tag_slot(&tags[i])], memory_order_acquire);
		if (last > ctx->reads.since)
			ctx->reads.since = last;
	}
}

static enum err load_timed(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, cache_loader *load, void *argument,
	struct cached *value_out)
{
	struct span span = span_begin(ctx);
	read_since(ctx, cache, plan);
	enum err err = load(ctx, argument, value_out);
	count_took(OPERATION_LOAD, span_end(ctx, &span, SPENT_OWN));
	return err;
}

static enum err load_and_land(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, const struct name *name,
	struct flight *flight, cache_loader *load, void *argument, struct cached *value_out)
{
	count_miss(ctx, cache, plan);
	*value_out = (struct cached){0};
	int64_t stamp = stamp_next(cache->stamps);
	enum err err = load_timed(ctx, cache, plan, load, argument, value_out);
	struct entry *entry = err == OK ? make_entry(cache, plan, name, value_out, stamp_of(ctx, stamp)) : NULL;
	if (entry && plan->life_ms > 0 && entry_valid(entry, cache->stamps))
		local_keep(cache->local, entry);
	if (flight)
		flight_land(cache->flights, flight, entry);
	if (entry) {
		keep(cache, plan, entry); /* after landing: a stalled memcached keeps only us waiting */
		entry_release(entry);
	}
	return err;
}

static enum err lead(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, const struct name *name,
	struct flight *flight, cache_loader *load, void *argument, struct cached *value_out)
{
	/* Again: the flight before this one may have landed since we looked. */
	struct entry *entry = local_find(cache->local, name);
	enum lookup_result from = entry ? LOOKUP_LOCAL : LOOKUP_SHARED;
	if (!entry)
		entry = find_remote(cache, plan, name);
	if (!entry)
		return load_and_land(ctx, cache, plan, name, flight, load, argument, value_out);
	flight_land(cache->flights, flight, entry);
	hand_out(ctx, plan, entry, from, value_out);
	return OK;
}

/* From beyond this process: name NULL = it is never kept. */
static enum err fetch(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, const struct name *name, cache_loader *load,
	void *argument, struct cached *value_out)
{
	struct entry *entry = NULL;
	if (!name) {
		count_miss(ctx, cache, plan);
		*value_out = (struct cached){0};
		return load_timed(ctx, cache, plan, load, argument, value_out);
	}
	for (int failures = 0; !entry && failures < FAILURES_MOST; failures++) {
		bool leads;
		struct flight *flight = flight_join(cache->flights, name, &leads);
		if (leads)
			return lead(ctx, cache, plan, name, flight, load, argument, value_out);
		if (!flight_wait(cache->flights, flight, ctx->deadline_us, &entry))
			return fail(ctx, ERR_TIMEOUT, "Waiting for the same value took too long");
		/* The flight may have begun before an invalidation that had ended when we asked. */
		if (entry && !entry_valid(entry, cache->stamps)) {
			entry_release(entry);
			entry = NULL;
		}
	}
	if (!entry)
		return load_and_land(ctx, cache, plan, name, NULL, load, argument, value_out);
	hand_out(ctx, plan, entry, LOOKUP_LOCAL, value_out);
	return OK;
}

enum err cache_fetch(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, cache_loader *load,
	void *argument, struct cached *value_out)
{
	struct name name;
	bool kept = name_make(cache, plan, &name);
	struct entry *entry = kept ? local_find(cache->local, &name) : NULL;
	/* What is here takes less than a look at the clock. */
	if (entry) {
		hand_out(ctx, plan, entry, LOOKUP_LOCAL, value_out);
		return OK;
	}
	struct span span = span_begin(ctx);
	int64_t before_us = ctx->part_us[SPENT_CACHE];
	enum err err = fetch(ctx, cache, plan, kept ? &name : NULL, load, argument, value_out);
	span_end(ctx, &span, SPENT_CACHE);
	count_took(OPERATION_GET, ctx->part_us[SPENT_CACHE] - before_us);
	return err;
}

void cache_put(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, int64_t stamp, const void *data,
	size_t bytes)
{
	struct name name;
	if (!name_make(cache, plan, &name) || plan->life_ms <= 0)
		return;
	struct span span = span_begin(ctx);
	struct cached value = {.data = data, .length = bytes};
	struct entry *entry = make_entry(cache, plan, &name, &value, stamp_of(ctx, stamp));
	if (entry_valid(entry, cache->stamps)) {
		local_keep(cache->local, entry);
		keep(cache, plan, entry);
	}
	entry_release(entry);
	count_took(OPERATION_PUT, span_end(ctx, &span, SPENT_CACHE));
}

int64_t cache_stamp(struct cache *cache)
{
	return stamp_next(cache->stamps);
}

void cache_invalidate(struct ctx *ctx, struct cache *cache, const char *tag_text)
{
	struct span span = span_begin(ctx);
	struct tag tag = tag_make(tag_text);
	int64_t stamp = stamp_next(cache->stamps);
	stamp_raise(cache->stamps, tag_slot(&tag), stamp);
	remote_invalidate(cache->remote, &tag, stamp);
	count_took(OPERATION_INVALIDATE, span_end(ctx, &span, SPENT_CACHE));
}

bool cache_invalidated(struct ctx *ctx, struct cache *cache, const char *tag_text, int64_t *stamp_out)
{
	struct span span = span_begin(ctx);
	struct tag tag = tag_make(tag_text);
	bool known = cache->remote ? remote_learn(cache->remote, &tag) : cache->shared_by_all;
	int64_t last = atomic_load_explicit(&cache->stamps->slots[tag_slot(&tag)], memory_order_acquire);
	*stamp_out = last > cache->stamps->born ? last : cache->stamps->born;
	count_took(OPERATION_GET, span_end(ctx, &span, SPENT_CACHE));
	return known && cache->shared_by_all;
}

void cache_state(struct cache *cache, struct cache_state *state_out)
{
	*state_out = (struct cache_state){.misses = atomic_load(&cache->misses)};
	local_state(cache->local, state_out);
	remote_state(cache->remote, state_out);
}

bool cache_ping(struct cache *cache)
{
	return remote_ping(cache->remote);
}
