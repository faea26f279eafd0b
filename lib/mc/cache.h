/* Cache: a bounded in-process level with a short life in front of memcached (design, "Cache").
 *
 * A value is opaque bytes under a namespace and a key, with tags. cache_invalidate(tag) makes every value with that tag,
 * loaded before now, a miss: at once for every process of this machine (a shared-memory table of the last invalidation a
 * tag), and for other machines, after local_life, through memcached: also while one of several memcacheds is in trouble, and after it has come
 * back with what it held; where more are, or the only one is, at latest when the value's life ends. Whoever asks for what is being fetched
 * waits for that, and may be given what was invalidated elsewhere since it began. "Before" is decided by stamps:
 * wall-clock microseconds that only rise on one machine, whatever its clock does, and learn of other machines' newer ones.
 * A value is good only if its stamp, taken before loading began, is newer than the last invalidation of all its tags.
 * Tags share the slots of a fixed table, so an invalidation may cost a stranger a miss.
 *
 * Keys are hashed; the full key is stored in the value and checked. Cache down is a miss, never an error: a memcached that
 * stalls costs poll_timeout until its breaker opens, then nothing. memcached is trusted and belongs to one installation.
 * Values that must be right (money, permissions beyond 30 s) do not belong here. All functions are safe from any thread. */
#ifndef STOA_MC_CACHE_H
#define STOA_MC_CACHE_H

#include "base/context.h"
#include "conf/conf.h"

#define CACHE_TAGS 4             /* of a plan, and again as many of a loader */
#define CACHE_NAME_BYTES 512     /* namespace and key together; a longer one is never kept */
#define CACHE_VALUE_BYTES 262144 /* larger values are not kept */

/* [cache] servers (libmemcached configuration, named alike on all machines; "" = first level only), local_entries, local_bytes, local_life (2s), shared
 * (path of the shared-memory file, "" = this process alone), connect_timeout, poll_timeout (50ms), breaker_failures,
 * breaker_pause */
extern const struct conf_row CACHE_CONF[];

struct cache;

/* Never fails for want of memcached. NULL: the shared file cannot be made, or servers is malformed (message_out, 256 bytes). A
 * process that forks opens its own. */
struct cache *cache_open(char message_out[256]);
void cache_close(struct cache *cache);

struct cached {
	const char *data; /* memory of ctx, with a NUL behind it */
	size_t length;
	bool absent;      /* the loader said that there is nothing: negative answers are cached too */
	const char *tags[CACHE_TAGS]; /* written by cache_tag() */
};

/* Loads a value that is not cached. Returns OK with value_out->absent set for "there is none". Tags may depend on what was
 * loaded: write them with cache_tag(). Runs on the caller's thread; must not fetch its own key. */
typedef enum err cache_loader(struct ctx *ctx, void *argument, struct cached *value_out);

/* For loaders: adds a tag that only the loaded value tells. Copied into ctx; more than CACHE_TAGS abort. */
void cache_tag(struct ctx *ctx, struct cached *value_out, const char *tag);

struct cache_plan {
	const char *space;            /* namespace, e.g. "key" */
	const char *key;
	const char *tags[CACHE_TAGS]; /* NULL-ended when fewer */
	int life_ms;                  /* life in memcached (and at all), from the start of loading */
	int local_ms;                 /* life in this process; 0 = cache.local_life; never longer than life_ms */
};

/* The value from the first level, memcached or the loader, in that order; one flight a key within a process (others
 * wait for it, until ctx's deadline: ERR_TIMEOUT). The loader's error is returned to its own caller and nothing is kept; one of
 * those who waited tries next. Nobody gets a value loaded before an invalidation of this machine that had ended when they asked: for tags of
 * the plan, a replica that may be read (ctx->reads) is only read when it has what the invalidation told of. Counts ctx->cache_hits and
 * cache_misses, and stoa_cache_lookups_total by space: hit rates are held against those of the type of data. */
enum err cache_fetch(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, cache_loader *load,
	void *argument, struct cached *value_out);
/* Keeps a value read elsewhere. stamp: cache_stamp() from before it was read. */
void cache_put(struct ctx *ctx, struct cache *cache, const struct cache_plan *plan, int64_t stamp, const void *data,
	size_t bytes);
int64_t cache_stamp(struct cache *cache);
/* After the commit that changed what the tag stands for. */
void cache_invalidate(struct ctx *ctx, struct cache *cache, const char *tag);
/* The stamp of the tag's last invalidation on any machine, or a newer one: what is stamped after it was loaded later. False: it cannot be
 * known, because memcached does not answer or knows of none, or because there is nothing that this machine's processes share. */
bool cache_invalidated(struct ctx *ctx, struct cache *cache, const char *tag, int64_t *stamp_out);

/* For readiness and metrics; counted by this process. */
struct cache_state {
	bool configured; /* memcached servers are named */
	bool reachable;  /* every server's breaker is closed */
	uint64_t local_hits, shared_hits, misses, local_entries, local_bytes, evictions, errors;
};
void cache_state(struct cache *cache, struct cache_state *state_out);
/* One round trip to every memcached now, past the breakers, for /health/ready and doctor. False when one fails or none is
 * configured. */
bool cache_ping(struct cache *cache);

#endif
