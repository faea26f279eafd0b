/* The cache's parts; private to lib/mc. */
#ifndef STOA_MC_LEVEL_H
#define STOA_MC_LEVEL_H

#include "mc/cache.h"

#define TAGS_MOST (2 * CACHE_TAGS)

/* --- stamps: the order of loads and invalidations on this machine, in shared memory --- */

#define STAMP_SLOTS 65536
#define STAMP_AHEAD_US INT64_C(5000000) /* most that another machine's clock may be ahead of ours */

struct stamps {
	_Atomic int64_t last; /* newest stamp given out or seen */
	int64_t born;         /* invalidations before this are not known, so older values are not trusted */
	char pad[48];
	_Atomic int64_t slots[STAMP_SLOTS]; /* last invalidation of the tags that share a slot */
};

void stamps_prepare(void *memory);
/* Greater than every stamp given out or witnessed before on this machine. */
int64_t stamp_next(struct stamps *stamps);
/* Learns of another machine's stamp; false when that lies too far in the future to be believed. */
bool stamp_witness(struct stamps *stamps, int64_t stamp);
void stamp_raise(struct stamps *stamps, uint32_t slot, int64_t stamp);

#define TAG_BYTES 16

struct tag {
	uint8_t id[TAG_BYTES]; /* BLAKE2b of its text */
};

struct tag tag_make(const char *text);
uint32_t tag_slot(const struct tag *tag);

/* --- names and entries --- */

struct name {
	char text[CACHE_NAME_BYTES]; /* namespace, NUL, key */
	size_t length;
	uint64_t hash; /* keyed by process */
};

/* One value; immutable once shared, counted by its holders. */
struct entry {
	_Atomic int holders;
	bool used;                     /* since the eviction hand passed; under the shard's lock */
	bool absent;
	uint8_t tag_count;
	struct entry *chain;           /* same bucket */
	struct entry *newer, *older;   /* by arrival */
	uint64_t hash;
	int64_t stamp;
	int64_t dies_us;               /* monotonic: end of its life in the first level */
	struct tag tags[TAGS_MOST];
	uint32_t slots[TAGS_MOST];
	size_t name_length, length;
	char *data;                    /* with a NUL behind it */
	char name[];
};

/* One holder. */
struct entry *entry_new(const struct name *name, const void *data, size_t bytes, bool absent, int64_t stamp,
	const struct tag *tags, int tag_count);
void entry_release(struct entry *entry);
bool entry_valid(const struct entry *entry, const struct stamps *stamps);

/* --- first level --- */

struct local;
struct local *local_open(size_t entries, size_t bytes, struct stamps *stamps);
void local_close(struct local *local);
/* A valid entry with the caller as a new holder, or NULL. */
struct entry *local_find(struct local *local, const struct name *name);
/* Adds the table as a holder, unless the entry is too large or one with a newer stamp is there. */
void local_keep(struct local *local, struct entry *entry);
void local_state(struct local *local, struct cache_state *state_out);

/* --- flights: one load a key --- */

struct flights;
struct flight;
struct flights *flights_open(void);
void flights_close(struct flights *flights);
/* lead_out: the caller flies and must call flight_land(); otherwise it must call flight_wait(). */
struct flight *flight_join(struct flights *flights, const struct name *name, bool *lead_out);
/* entry NULL = failed. */
void flight_land(struct flights *flights, struct flight *flight, struct entry *entry);
/* False: the deadline (monotonic, 0 = none) came first. entry_out: the caller is a holder; NULL when the flight failed. */
bool flight_wait(struct flights *flights, struct flight *flight, int64_t deadline_us, struct entry **entry_out);

/* --- envelope: a value as memcached holds it --- */

struct envelope {
	int64_t stamp;
	int64_t life_us;
	bool absent;
	int tag_count;
	struct tag tags[TAGS_MOST];
	const char *name, *data; /* inside the bytes read */
	size_t name_length, length;
};

size_t envelope_bytes(const struct envelope *envelope);
void envelope_write(const struct envelope *envelope, char *out);
bool envelope_read(const char *bytes, size_t length, struct envelope *envelope_out);

/* --- memcached --- */

struct remote;
/* NULL: message_out. */
struct remote *remote_open(const char *servers, struct stamps *stamps, char message_out[256]);
void remote_close(struct remote *remote);
/* Valid here and by memcached's own invalidations; tags are those expected, to save a round trip. left_us_out: what remains of
 * its life. NULL = not there, or memcached is in trouble. */
struct entry *remote_find(struct remote *remote, const struct name *name, const struct tag *tags, int tag_count,
	int64_t *left_us_out);
void remote_keep(struct remote *remote, const struct entry *entry, int64_t life_us);
/* In whatever order machines tell their stamps, the newest stays. */
void remote_invalidate(struct remote *remote, const struct tag *tag, int64_t stamp);
/* Applies what memcached knows of the tag's last invalidation. False: it knows nothing, or is in trouble. */
bool remote_learn(struct remote *remote, const struct tag *tag);
bool remote_ping(struct remote *remote);
void remote_state(struct remote *remote, struct cache_state *state_out);

#endif
