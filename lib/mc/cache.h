/* Cache: a bounded in-process level with a short life in front of memcached (design, "Cache").
 *
 * A value is opaque bytes under a namespace and a key, with up to CACHE_TAGS tags. cache_invalidate(tag) makes every value
 * with that tag, loaded before now, a miss: at once for every process of this machine (a shared-memory table of the
 * last invalidation a tag), and for other machines through memcached, at latest when the value's life ends. Keys are
 * hashed; the full key is stored in the value and checked. Cache down is a miss, never an error. Values that must be
 * right (money, permissions beyond 30 s) do not belong here. All functions are safe from any thread. */
#ifndef STOA_MC_CACHE_H
#define STOA_MC_CACHE_H

#include "base/context.h"
#include "conf/conf.h"

#define CACHE_TAGS 4
#define CACHE_VALUE_BYTES 262144 /* larger values are not kept */

/* [cache] servers (libmemcached configuration, "" = first level only), local_entries, local_bytes, local_life (2s), shared
 * (path of the shared-memory file), poll_timeout (50ms) */
extern const struct conf_row CACHE_CONF[];

struct cache;

/* Never fails for want of memcached. NULL: the shared file cannot be made (message_out, 256 bytes). */
struct cache *cache_open(char message_out[256]);
void cache_close(struct cache *cache);

struct cached {
	const char *data; /* memory of ctx, with a NUL behind it */
	size_t length;
	bool absent;      /* the loader said that there is nothing: negative answers are cached too */
};

/* Loads a value that is not cached. Returns OK with value_out->absent set for "there is none". Tags may depend on what was
 * loaded: write them with cache_tag(). Runs on the caller's thread. */
typedef enum err cache_loader(struct ctx *ctx, void *argument, struct cached *value_out);

struct cache_plan {
	const char *space;            /* namespace, e.g. "key" */
	const char *key;
	const char *tags[CACHE_TAGS]; /* NULL-ended when fewer */
	int life_ms;                  /* life in memcached */
	int local_ms;                 /* life in this process; 0 = cache.local_life; never longer than life_ms */
};

/* The value from the first level, memcached or the loader, in that order; one flight a key within a process (others
 * wait for it). The loader's error is returned and nothing is kept. Counts ctx->cache_hits and cache_misses. */
enum err cache_fetch(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, cache_loader *load,
	void *argument, struct cached *value_out);
/* First level and memcached; false = not there. */
bool cache_get(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, struct cached *value_out);
void cache_put(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, const void *data, size_t bytes);
/* After the commit that changed what the tag stands for. */
void cache_invalidate(struct ctx *ctx, struct cache *cache, const char *tag);

/* For readiness and metrics. */
struct cache_state {
	bool configured; /* memcached servers are named */
	bool reachable;  /* the breaker is closed */
	uint64_t local_hits, shared_hits, misses, local_entries, local_bytes, evictions, errors;
};
void cache_state(struct cache *cache, struct cache_state *state_out);
/* One round trip to memcached now, for /health/ready and doctor. */
bool cache_ping(struct cache *cache);

#endif
