#include "who/rate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"

#include <limits.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const struct conf_row RATE_CONF[] = {
	{"rate.file", CONF_PATH, "/run/stoa/rate.shm", false, 0, 0,
		"shared file of the rate limits; empty = each process counts for itself"},
	{"rate.slots", CONF_INT, "65536", false, 64, 16777216, "keys that are counted at once (16 bytes each)"},
	CONF_END,
};

#define GROUP 8

struct slot {
	_Atomic uint64_t key; /* keyed hash; 0 = never used */
	_Atomic int64_t tat;  /* theoretical arrival time, wall µs */
};

struct table {
	unsigned char hash_key[crypto_shorthash_KEYBYTES]; /* one for all processes; unknown to clients */
	char pad[64 - crypto_shorthash_KEYBYTES];
	struct slot slots[];
};

static struct shared shared;
static size_t group_count;

static void prepare(void *memory)
{
	struct table *table = memory;
	randombytes_buf(table->hash_key, sizeof table->hash_key);
}

bool rate_open(char message_out[256])
{
	if (sodium_init() < 0)
		abort();
	const char *path = conf_string("rate.file");
	group_count = ((size_t)conf_int("rate.slots") + GROUP - 1) / GROUP;
	size_t bytes = sizeof(struct table) + group_count * GROUP * sizeof(struct slot);
	bool opened = *path == '\0' || shared_open(&shared, path, "stoa rate 1", bytes, prepare, message_out);
	if (!shared.memory)
		shared_private(&shared, bytes, prepare);
	if (!opened)
		LOG(LOG_WARN, "rate.private", LOG_T("reason", message_out));
	return opened;
}

void rate_close(void)
{
	shared_close(&shared);
}

/* The entry of `hash` in its two groups, or the one that it may replace. */
static struct slot *find(struct table *table, uint64_t hash, bool *found_out)
{
	size_t groups[2] = {(size_t)(hash % group_count), (size_t)((hash >> 32 ^ hash << 7) % group_count)};
	struct slot *oldest = NULL;
	int64_t oldest_tat = INT64_MAX;
	*found_out = true;
	for (int g = 0; g < 2; g++) {
		struct slot *slots = table->slots + groups[g] * GROUP;
		for (int i = 0; i < GROUP; i++) {
			if (atomic_load_explicit(&slots[i].key, memory_order_acquire) == hash)
				return &slots[i];
			int64_t tat = atomic_load_explicit(&slots[i].tat, memory_order_relaxed);
			if (tat < oldest_tat) {
				oldest = &slots[i];
				oldest_tat = tat;
			}
		}
	}
	*found_out = false;
	return oldest;
}

static struct slot *find_or_replace(struct table *table, uint64_t hash, int64_t now)
{
	for (;;) {
		bool found;
		struct slot *slot = find(table, hash, &found);
		if (found)
			return slot;
		uint64_t before = atomic_load(&slot->key);
		int64_t tat = atomic_load(&slot->tat);
		if (!atomic_compare_exchange_strong(&slot->key, &before, hash))
			continue;
		/* An idle entry's time is past, which is what a new key starts with; one still counting must not be inherited. */
		if (tat > now)
			atomic_compare_exchange_strong(&slot->tat, &tat, now);
		return slot;
	}
}

static int seconds(int64_t us)
{
	int64_t s = (us + 999999) / 1000000;
	return s < 1 ? 1 : s > INT_MAX ? INT_MAX : (int)s;
}

bool rate_take(const char *key, const struct rate_limit *limit, int *retry_after_s_out, int *remaining_out)
{
	struct table *table = shared.memory;
	if (remaining_out)
		*remaining_out = 0;
	if (limit->per_period <= 0 || limit->period_s <= 0) {
		*retry_after_s_out = limit->period_s > 0 ? limit->period_s : 1;
		return false;
	}
	uint64_t hash;
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "SipHash gives 64 bits");
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key, strlen(key), table->hash_key);
	hash += hash == 0;

	int64_t interval = limit->period_s * INT64_C(1000000) / limit->per_period;
	interval += interval == 0;
	int64_t room = interval * (limit->burst > 0 ? limit->burst : limit->per_period);
	int64_t now = clock_wall_us();
	struct slot *slot = find_or_replace(table, hash, now);
	int64_t tat = atomic_load(&slot->tat);
	for (;;) {
		if (tat > now + room) { /* the clock stepped back */
			if (atomic_compare_exchange_weak(&slot->tat, &tat, now + room))
				tat = now + room;
			continue;
		}
		int64_t next = (tat < now ? now : tat) + interval;
		if (next > now + room) {
			*retry_after_s_out = seconds(next - room - now);
			return false;
		}
		if (!atomic_compare_exchange_weak(&slot->tat, &tat, next))
			continue;
		*retry_after_s_out = 0;
		if (remaining_out)
			*remaining_out = (int)((now + room - next) / interval);
		return true;
	}
}
