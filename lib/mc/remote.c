/* Second level: memcached through libmemcached, which is barely maintained, so it is trusted with little: keys are hashes,
 * answers are checked against the full key, and a handle that met trouble is thrown away with its connections. */
#include "mc/level.h"

#include "base/breaker.h"
#include "base/clock.h"
#include "mc/count.h"

#include <libmemcached/memcached.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANDLES 64         /* idle ones kept */
#define SERVERS_MOST 64
#define NAME_HASH_BYTES 32
#define KEY_BYTES (2 * NAME_HASH_BYTES + 2)
#define LONGEST_S 2592000 /* memcached reads more as a date */

struct remote {
	struct stamps *stamps;
	struct breaker_rule rule;
	struct breaker breakers[SERVERS_MOST];
	_Atomic uint64_t errors, hits;
	pthread_mutex_t mutex; /* for what follows */
	memcached_st *model;
	memcached_st *idle[HANDLES];
	int idle_count;
};

/* Keys of one operation. */
struct keys {
	char text[TAGS_MOST + 1][KEY_BYTES];
	const char *pointers[TAGS_MOST + 1];
	size_t lengths[TAGS_MOST + 1];
	uint32_t servers[TAGS_MOST + 1];
	int count;
};

struct answer {
	char *data; /* owned; NULL = none */
	size_t length;
};

struct record { /* of a tag */
	struct tag tag;
	int64_t stamp;
};

static void keys_add(struct keys *keys, char kind, const uint8_t *hash, size_t bytes)
{
	char *text = keys->text[keys->count];
	text[0] = kind;
	sodium_bin2hex(text + 1, KEY_BYTES - 1, hash, bytes);
	keys->pointers[keys->count] = text;
	keys->lengths[keys->count++] = 1 + 2 * bytes;
}

static void keys_add_name(struct keys *keys, const char *name, size_t length)
{
	uint8_t hash[NAME_HASH_BYTES];
	crypto_generichash(hash, sizeof hash, (const unsigned char *)name, length, NULL, 0);
	keys_add(keys, 'v', hash, sizeof hash);
}

static void keys_add_tag(struct keys *keys, const struct tag *tag)
{
	keys_add(keys, 't', tag->id, TAG_BYTES);
}

struct remote *remote_open(const char *servers, struct stamps *stamps, char message_out[256])
{
	char error[200] = "";
	memcached_st *model = NULL;
	if (libmemcached_check_configuration(servers, strlen(servers), error, sizeof error) == MEMCACHED_SUCCESS)
		model = memcached(servers, strlen(servers));
	if (!model || memcached_server_count(model) == 0 || memcached_server_count(model) > SERVERS_MOST) {
		snprintf(message_out, 256, "cache.servers: %s", *error ? error : "no servers, or too many");
		if (model)
			memcached_free(model);
		return NULL;
	}
	const struct { memcached_behavior_t name; uint64_t value; } behaviors[] = {
		{MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 0},
		{MEMCACHED_BEHAVIOR_VERIFY_KEY, 1},
		{MEMCACHED_BEHAVIOR_NO_BLOCK, 1},
		{MEMCACHED_BEHAVIOR_TCP_NODELAY, 1},
		{MEMCACHED_BEHAVIOR_KETAMA, 1},
		{MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, (uint64_t)conf_ms("cache.connect_timeout")},
		{MEMCACHED_BEHAVIOR_POLL_TIMEOUT, (uint64_t)conf_ms("cache.poll_timeout")},
	};
	for (size_t i = 0; i < sizeof behaviors / sizeof *behaviors; i++)
		memcached_behavior_set(model, behaviors[i].name, behaviors[i].value);
	struct remote *remote = calloc(1, sizeof *remote);
	if (!remote)
		abort();
	remote->stamps = stamps;
	remote->model = model;
	remote->rule = (struct breaker_rule){(int)conf_int("cache.breaker_failures"), conf_ms("cache.breaker_pause")};
	pthread_mutex_init(&remote->mutex, NULL);
	return remote;
}

void remote_close(struct remote *remote)
{
	if (!remote)
		return;
	while (remote->idle_count > 0)
		memcached_free(remote->idle[--remote->idle_count]);
	memcached_free(remote->model);
	pthread_mutex_destroy(&remote->mutex);
	free(remote);
}

static memcached_st *handle_take(struct remote *remote)
{
	pthread_mutex_lock(&remote->mutex);
	memcached_st *handle = remote->idle_count > 0 ? remote->idle[--remote->idle_count] : memcached_clone(NULL, remote->model);
	pthread_mutex_unlock(&remote->mutex);
	if (!handle)
		abort();
	return handle;
}

static void handle_give(struct remote *remote, memcached_st *handle)
{
	pthread_mutex_lock(&remote->mutex);
	if (remote->idle_count < HANDLES) {
		remote->idle[remote->idle_count++] = handle;
		handle = NULL;
	}
	pthread_mutex_unlock(&remote->mutex);
	if (handle)
		memcached_free(handle);
}

/* The idle ones go too: after a restart their connections are as dead, and each would fail once. */
static void handle_discard(struct remote *remote, memcached_st *handle)
{
	memcached_st *others[HANDLES];
	pthread_mutex_lock(&remote->mutex);
	int count = remote->idle_count;
	memcpy(others, remote->idle, (size_t)count * sizeof *others);
	remote->idle_count = 0;
	pthread_mutex_unlock(&remote->mutex);
	memcached_free(handle);
	while (count > 0)
		memcached_free(others[--count]);
}

static bool trouble(memcached_return_t result)
{
	switch (result) {
	case MEMCACHED_SUCCESS:
	case MEMCACHED_END:
	case MEMCACHED_NOTFOUND:
	case MEMCACHED_STORED:
	case MEMCACHED_NOTSTORED:
	case MEMCACHED_BUFFERED:
	case MEMCACHED_E2BIG:
	case MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE:
		return false;
	default:
		return true;
	}
}

/* A handle when every server of the keys may be asked, else NULL. */
static memcached_st *begin(struct remote *remote, struct keys *keys)
{
	memcached_st *handle = handle_take(remote);
	for (int i = 0; i < keys->count; i++) {
		keys->servers[i] = memcached_generate_hash(handle, keys->pointers[i], keys->lengths[i]);
		bool again = false;
		for (int j = 0; j < i; j++)
			again |= keys->servers[j] == keys->servers[i];
		if (!again && !breaker_allow(&remote->breakers[keys->servers[i]], &remote->rule)) {
			handle_give(remote, handle);
			return NULL;
		}
	}
	return handle;
}

static bool end(struct remote *remote, memcached_st *handle, const struct keys *keys, memcached_return_t result)
{
	bool failed = trouble(result), blamed = false;
	for (int turn = 0; turn < 2 && !(turn == 1 && (blamed || !failed)); turn++)
		for (int i = 0; i < keys->count; i++) {
			uint32_t server = keys->servers[i];
			bool bad = failed && (turn == 1 ||
				trouble(memcached_server_error_return(memcached_server_instance_by_position(handle, server))));
			blamed |= bad;
			if (bad || !failed)
				breaker_report(&remote->breakers[server], &remote->rule, !bad);
		}
	if (failed) {
		atomic_fetch_add_explicit(&remote->errors, 1, memory_order_relaxed);
		count_error();
		handle_discard(remote, handle);
	} else {
		handle_give(remote, handle);
	}
	return !failed;
}

/* Which of the keys an answer is for, or -1. */
static int answer_of(const struct keys *keys, memcached_result_st *answer)
{
	for (int i = 0; i < keys->count; i++)
		if (memcached_result_key_length(answer) == keys->lengths[i] &&
			memcmp(memcached_result_key_value(answer), keys->text[i], keys->lengths[i]) == 0)
			return i;
	return -1;
}

/* Copies, because libmemcached's results point into the handle. */
static void fetch_all(memcached_st *handle, const struct keys *keys, struct answer *answers, memcached_return_t *result)
{
	memcached_result_st room, *got;
	memcached_result_create(handle, &room);
	while ((got = memcached_fetch_result(handle, &room, result))) {
		int index = answer_of(keys, got);
		if (index < 0 || answers[index].data)
			continue;
		answers[index].length = memcached_result_length(got);
		answers[index].data = malloc(answers[index].length + 1);
		if (!answers[index].data)
			abort();
		memcpy(answers[index].data, memcached_result_value(got), answers[index].length);
	}
	memcached_result_free(&room);
}

/* Answers by key, for answers_free(). False = trouble. */
static bool get(struct remote *remote, struct keys *keys, struct answer answers[TAGS_MOST + 1])
{
	memset(answers, 0, (TAGS_MOST + 1) * sizeof *answers);
	memcached_st *handle = begin(remote, keys);
	if (!handle)
		return false;
	memcached_return_t result = memcached_mget(handle, keys->pointers, keys->lengths, (size_t)keys->count);
	if (!trouble(result))
		fetch_all(handle, keys, answers, &result);
	return end(remote, handle, keys, result);
}

/* Applies what memcached knows about tags to the table of this machine. False = a record cannot be believed. */
static bool learn(struct remote *remote, const struct tag *tags, int count, const struct answer *answers)
{
	for (int i = 0; i < count; i++) {
		struct record record;
		if (!answers[i].data)
			continue;
		if (answers[i].length != sizeof record)
			return false;
		memcpy(&record, answers[i].data, sizeof record);
		if (memcmp(&record.tag, &tags[i], sizeof record.tag) != 0 || !stamp_witness(remote->stamps, record.stamp))
			return false;
		stamp_raise(remote->stamps, tag_slot(&tags[i]), record.stamp);
	}
	return true;
}

static void answers_free(struct answer *answers)
{
	for (int i = 0; i <= TAGS_MOST; i++)
		free(answers[i].data);
}

/* Asks for the tags of the envelope that are not in `known`. */
static bool learn_more(struct remote *remote, const struct envelope *envelope, const struct tag *known, int known_count)
{
	struct keys keys = {.count = 0};
	struct tag tags[TAGS_MOST];
	for (int i = 0; i < envelope->tag_count; i++) {
		bool asked = false;
		for (int j = 0; j < known_count; j++)
			asked |= memcmp(&known[j], &envelope->tags[i], sizeof known[j]) == 0;
		if (asked)
			continue;
		tags[keys.count] = envelope->tags[i];
		keys_add_tag(&keys, &envelope->tags[i]);
	}
	if (keys.count == 0)
		return true;
	struct answer answers[TAGS_MOST + 1];
	bool good = get(remote, &keys, answers) && learn(remote, tags, keys.count, answers);
	answers_free(answers);
	return good;
}

static struct entry *admit(struct remote *remote, const struct name *name, const struct tag *tags, int tag_count,
	const struct answer *answers, int64_t *left_us_out)
{
	struct envelope envelope;
	if (!answers[0].data || !learn(remote, tags, tag_count, answers + 1) ||
		!envelope_read(answers[0].data, answers[0].length, &envelope) ||
		envelope.name_length != name->length || memcmp(envelope.name, name->text, name->length) != 0)
		return NULL;
	int64_t now = clock_wall_us();
	if (envelope.life_us > LONGEST_S * INT64_C(1000000) || envelope.stamp + envelope.life_us <= now ||
		!stamp_witness(remote->stamps, envelope.stamp) || !learn_more(remote, &envelope, tags, tag_count))
		return NULL;
	*left_us_out = envelope.stamp + envelope.life_us - now;
	struct entry *entry = entry_new(name, envelope.data, envelope.length, envelope.absent, envelope.stamp, envelope.tags,
		envelope.tag_count);
	if (entry_valid(entry, remote->stamps))
		return entry;
	entry_release(entry);
	return NULL;
}

struct entry *remote_find(struct remote *remote, const struct name *name, const struct tag *tags, int tag_count,
	int64_t *left_us_out)
{
	if (!remote)
		return NULL;
	struct keys keys = {.count = 0};
	struct answer answers[TAGS_MOST + 1];
	keys_add_name(&keys, name->text, name->length);
	for (int i = 0; i < tag_count; i++)
		keys_add_tag(&keys, &tags[i]);
	struct entry *entry = NULL;
	if (get(remote, &keys, answers))
		entry = admit(remote, name, tags, tag_count, answers, left_us_out);
	answers_free(answers);
	if (entry)
		atomic_fetch_add_explicit(&remote->hits, 1, memory_order_relaxed);
	return entry;
}

static void set(struct remote *remote, struct keys *keys, const char *value, size_t bytes, int64_t life_us)
{
	int64_t life_s = (life_us + 999999) / 1000000;
	memcached_st *handle = begin(remote, keys);
	if (handle)
		end(remote, handle, keys, memcached_set(handle, keys->pointers[0], keys->lengths[0], value, bytes,
			(time_t)(life_s < LONGEST_S ? life_s : LONGEST_S), 0));
}

void remote_keep(struct remote *remote, const struct entry *entry, int64_t life_us)
{
	if (!remote || entry->length > CACHE_VALUE_BYTES)
		return;
	struct envelope envelope = {.stamp = entry->stamp, .life_us = life_us, .absent = entry->absent,
		.tag_count = entry->tag_count, .name = entry->name, .name_length = entry->name_length, .data = entry->data,
		.length = entry->length};
	memcpy(envelope.tags, entry->tags, sizeof envelope.tags);
	size_t bytes = envelope_bytes(&envelope);
	char *value = malloc(bytes);
	if (!value)
		abort();
	envelope_write(&envelope, value);
	struct keys keys = {.count = 0};
	keys_add_name(&keys, entry->name, entry->name_length);
	set(remote, &keys, value, bytes, life_us);
	free(value);
}

void remote_invalidate(struct remote *remote, const struct tag *tag, int64_t stamp)
{
	if (!remote)
		return;
	struct record record = {.tag = *tag, .stamp = stamp};
	struct keys keys = {.count = 0};
	keys_add_tag(&keys, tag);
	set(remote, &keys, (const char *)&record, sizeof record, LONGEST_S * INT64_C(1000000));
}

bool remote_learn(struct remote *remote, const struct tag *tag)
{
	struct keys keys = {.count = 0};
	struct answer answers[TAGS_MOST + 1];
	keys_add_tag(&keys, tag);
	bool known = get(remote, &keys, answers) && answers[0].data && learn(remote, tag, 1, answers);
	answers_free(answers);
	return known;
}

bool remote_ping(struct remote *remote)
{
	if (!remote)
		return false;
	/* A new handle: one that knows the version already would not ask. */
	pthread_mutex_lock(&remote->mutex);
	memcached_st *handle = memcached_clone(NULL, remote->model);
	pthread_mutex_unlock(&remote->mutex);
	bool good = handle && memcached_version(handle) == MEMCACHED_SUCCESS;
	for (uint32_t i = 0; good && i < memcached_server_count(handle); i++)
		breaker_report(&remote->breakers[i], &remote->rule, true);
	memcached_free(handle);
	return good;
}

void remote_state(struct remote *remote, struct cache_state *state_out)
{
	if (!remote)
		return;
	state_out->configured = state_out->reachable = true;
	for (uint32_t i = 0; i < memcached_server_count(remote->model); i++)
		state_out->reachable &= !breaker_open(&remote->breakers[i], &remote->rule);
	state_out->errors = atomic_load(&remote->errors);
	state_out->shared_hits = atomic_load(&remote->hits);
}
