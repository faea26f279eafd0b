/* First level: shards with a lock each, and second-chance eviction: a hit sets a mark instead of moving the entry. */
#include "mc/level.h"

#include "base/clock.h"
#include "mc/count.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS 16

struct shard {
	pthread_mutex_t mutex;
	struct entry **buckets;
	struct entry *newest, *oldest;
	size_t count, bytes;
	uint64_t hits, evictions;
} __attribute__((aligned(64)));

struct local {
	struct shard shards[SHARDS];
	struct stamps *stamps;
	size_t bucket_mask;
	size_t most_count, most_bytes; /* of a shard */
};

static void *demand(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct entry *entry_new(const struct name *name, const void *data, size_t bytes, bool absent, int64_t stamp,
	const struct tag *tags, int tag_count)
{
	struct entry *entry = demand(malloc(sizeof *entry + name->length + bytes + 1));
	*entry = (struct entry){.holders = 1, .absent = absent, .hash = name->hash, .stamp = stamp, .name_length = name->length,
		.length = bytes, .tag_count = (uint8_t)tag_count, .data = entry->name + name->length};
	for (int i = 0; i < tag_count; i++) {
		entry->tags[i] = tags[i];
		entry->slots[i] = tag_slot(&tags[i]);
	}
	memcpy(entry->name, name->text, name->length);
	if (bytes)
		memcpy(entry->data, data, bytes);
	entry->data[bytes] = '\0';
	return entry;
}

void entry_release(struct entry *entry)
{
	if (entry && atomic_fetch_sub_explicit(&entry->holders, 1, memory_order_acq_rel) == 1)
		free(entry);
}

bool entry_valid(const struct entry *entry, const struct stamps *stamps)
{
	for (int i = 0; i < entry->tag_count; i++)
		if (atomic_load_explicit(&stamps->slots[entry->slots[i]], memory_order_acquire) >= entry->stamp)
			return false;
	return entry->stamp > stamps->born;
}

static size_t weight(const struct entry *entry)
{
	return sizeof *entry + entry->name_length + entry->length + 1;
}

struct local *local_open(size_t entries, size_t bytes, struct stamps *stamps)
{
	struct local *local = demand(aligned_alloc(64, sizeof *local));
	memset(local, 0, sizeof *local);
	local->stamps = stamps;
	local->most_count = (entries + SHARDS - 1) / SHARDS;
	local->most_bytes = bytes / SHARDS;
	size_t buckets = 8;
	while (buckets < local->most_count)
		buckets *= 2;
	local->bucket_mask = buckets - 1;
	for (int i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&local->shards[i].mutex, NULL);
		local->shards[i].buckets = demand(calloc(buckets, sizeof(struct entry *)));
	}
	return local;
}

static struct shard *shard_of(struct local *local, uint64_t hash)
{
	return &local->shards[hash % SHARDS];
}

static struct entry **place(struct local *local, struct shard *shard, uint64_t hash, const char *name, size_t length)
{
	struct entry **at = &shard->buckets[hash / SHARDS & local->bucket_mask];
	while (*at && ((*at)->hash != hash || (*at)->name_length != length || memcmp((*at)->name, name, length) != 0))
		at = &(*at)->chain;
	return at;
}

static void ring_add(struct shard *shard, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = shard->newest;
	*(shard->newest ? &shard->newest->newer : &shard->oldest) = entry;
	shard->newest = entry;
}

static void ring_remove(struct shard *shard, struct entry *entry)
{
	*(entry->newer ? &entry->newer->older : &shard->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &shard->oldest) = entry->newer;
}

static void drop(struct shard *shard, struct entry **at)
{
	struct entry *entry = *at;
	*at = entry->chain;
	ring_remove(shard, entry);
	shard->count--;
	shard->bytes -= weight(entry);
	entry_release(entry);
}

static void evict_one(struct local *local, struct shard *shard)
{
	struct entry *entry = shard->oldest;
	while (entry->used) {
		entry->used = false;
		ring_remove(shard, entry);
		ring_add(shard, entry);
		entry = shard->oldest;
	}
	drop(shard, place(local, shard, entry->hash, entry->name, entry->name_length));
	shard->evictions++;
	count_eviction();
}

void local_close(struct local *local)
{
	for (int i = 0; i < SHARDS; i++) {
		struct shard *shard = &local->shards[i];
		while (shard->newest) {
			struct entry *entry = shard->newest;
			ring_remove(shard, entry);
			entry_release(entry);
		}
		free(shard->buckets);
		pthread_mutex_destroy(&shard->mutex);
	}
	free(local);
}

struct entry *local_find(struct local *local, const struct name *name)
{
	struct shard *shard = shard_of(local, name->hash);
	int64_t now = clock_mono_us();
	struct entry *found = NULL;
	pthread_mutex_lock(&shard->mutex);
	struct entry **at = place(local, shard, name->hash, name->text, name->length);
	if (*at && (*at)->dies_us > now && entry_valid(*at, local->stamps)) {
		found = *at;
		found->used = true;
		atomic_fetch_add_explicit(&found->holders, 1, memory_order_relaxed);
		shard->hits++;
	} else if (*at) {
		drop(shard, at);
	}
	pthread_mutex_unlock(&shard->mutex);
	return found;
}

void local_keep(struct local *local, struct entry *entry)
{
	if (entry->length > CACHE_VALUE_BYTES || weight(entry) > local->most_bytes || local->most_count == 0)
		return;
	struct shard *shard = shard_of(local, entry->hash);
	pthread_mutex_lock(&shard->mutex);
	struct entry **at = place(local, shard, entry->hash, entry->name, entry->name_length);
	bool newer = !*at || (*at)->stamp < entry->stamp;
	if (newer) {
		if (*at)
			drop(shard, at);
		while (shard->count >= local->most_count || shard->bytes + weight(entry) > local->most_bytes)
			evict_one(local, shard);
		atomic_fetch_add_explicit(&entry->holders, 1, memory_order_relaxed);
		struct entry **head = &shard->buckets[entry->hash / SHARDS & local->bucket_mask];
		entry->chain = *head;
		*head = entry;
		ring_add(shard, entry);
		shard->count++;
		shard->bytes += weight(entry);
	}
	pthread_mutex_unlock(&shard->mutex);
}

void local_state(struct local *local, struct cache_state *state_out)
{
	for (int i = 0; i < SHARDS; i++) {
		struct shard *shard = &local->shards[i];
		pthread_mutex_lock(&shard->mutex);
		state_out->local_hits += shard->hits;
		state_out->local_entries += shard->count;
		state_out->local_bytes += shard->bytes;
		state_out->evictions += shard->evictions;
		pthread_mutex_unlock(&shard->mutex);
	}
}
