/* Second level: memcached through libmemcached, which is barely maintained, so it is trusted with little: each handle knows one server,
 * keys are hashes, answers are checked against the full key, and a handle that met trouble is thrown away with its connections.
 *
 * Several servers are a ring by highest random weight (Thaler, Ravishankar, 1998): a value lives at the server that scores highest for its
 * key; while that one is left alone by its breaker, at the next one, so that only its share of the values moves, and back afterwards.
 * What a server has kept meanwhile may be old, so nothing rests upon where a value lies. An invalidation is told to every server, and a
 * value is taken only where two servers have been asked for those of its tags: its own and the next. As long as one server at a time is in
 * trouble, one of the two has heard of each: the invalidation has reached all others. A server that missed some is told so when it
 * is back, before anything else by who knows of it, in a record that outdates all that it held then. What machines tell may come in another
 * order than it happened in, so a record's stamp only rises. */
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

#define HANDLES 64         /* idle ones kept, a server */
#define SERVERS_MOST 64
#define NAME_HASH_BYTES 32
#define KEY_BYTES (2 * NAME_HASH_BYTES + 2)
#define KEYS_MOST (TAGS_MOST + 2)
#define LONGEST_S 2592000 /* memcached reads more as a date */
#define RAISES_MOST 16    /* of a record, while others do it too */

struct server {
	struct breaker breaker;
	struct tag tag;        /* of its own: the record that outdates all that it holds */
	_Atomic int64_t owed;  /* stamp of the last invalidation that it has missed; 0 = none */
	memcached_st *model;
	pthread_mutex_t mutex; /* for what follows */
	memcached_st *idle[HANDLES];
	int idle_count;
};

struct remote {
	struct stamps *stamps;
	struct breaker_rule rule;
	_Atomic uint64_t errors, hits;
	int count;
	struct server servers[];
};

/* Keys of one operation, and what was found. */
struct keys {
	char text[KEYS_MOST][KEY_BYTES];
	const char *pointers[KEYS_MOST];
	size_t lengths[KEYS_MOST];
	int count;
	struct { char *data; size_t length; uint64_t version; } answers[KEYS_MOST]; /* data owned; NULL = none */
};

/* An operation at one server; handle NULL: none. */
struct call {
	struct server *server;
	memcached_st *handle;
	memcached_return_t result;
	struct keys keys;
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

static void keys_add_tags(struct keys *keys, const struct tag *tags, int count)
{
	for (int i = 0; i < count; i++)
		keys_add(keys, 't', tags[i].id, TAG_BYTES);
}

static void keys_free(struct keys *keys)
{
	for (int i = 0; i < keys->count; i++)
		free(keys->answers[i].data);
	keys->count = 0;
	memset(keys->answers, 0, sizeof keys->answers);
}

/* --- servers --- */

static memcached_st *model_of(const memcached_st *all, uint32_t index, struct server *server)
{
	const struct memcached_instance_st *at = memcached_server_instance_by_position(all, index);
	const char *name = memcached_server_name(at);
	char text[300];
	memcached_st *model = memcached_clone(NULL, all);
	if (!model)
		abort();
	memcached_servers_reset(model);
	snprintf(text, sizeof text, "server:%s:%u", name, (unsigned)memcached_server_port(at));
	server->tag = tag_make(text);
	if (name[0] == '/')
		memcached_server_add_unix_socket(model, name);
	else
		memcached_server_add(model, name, memcached_server_port(at));
	return model;
}

struct remote *remote_open(const char *servers, struct stamps *stamps, char message_out[256])
{
	char error[200] = "";
	memcached_st *all = NULL;
	if (libmemcached_check_configuration(servers, strlen(servers), error, sizeof error) == MEMCACHED_SUCCESS)
		all = memcached(servers, strlen(servers));
	if (!all || memcached_server_count(all) == 0 || memcached_server_count(all) > SERVERS_MOST) {
		snprintf(message_out, 256, "cache.servers: %s", *error ? error : "no servers, or too many");
		if (all)
			memcached_free(all);
		return NULL;
	}
	const struct { memcached_behavior_t name; uint64_t value; } behaviors[] = {
		{MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 0},
		{MEMCACHED_BEHAVIOR_VERIFY_KEY, 1},
		{MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1},
		{MEMCACHED_BEHAVIOR_NO_BLOCK, 1},
		{MEMCACHED_BEHAVIOR_TCP_NODELAY, 1},
		{MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, (uint64_t)conf_ms("cache.connect_timeout")},
		{MEMCACHED_BEHAVIOR_POLL_TIMEOUT, (uint64_t)conf_ms("cache.poll_timeout")},
	};
	for (size_t i = 0; i < sizeof behaviors / sizeof *behaviors; i++)
		memcached_behavior_set(all, behaviors[i].name, behaviors[i].value);
	uint32_t count = memcached_server_count(all);
	struct remote *remote = calloc(1, sizeof *remote + count * sizeof *remote->servers);
	if (!remote)
		abort();
	remote->stamps = stamps;
	remote->rule = (struct breaker_rule){(int)conf_int("cache.breaker_failures"), conf_ms("cache.breaker_pause")};
	remote->count = (int)count;
	for (uint32_t i = 0; i < count; i++) {
		remote->servers[i].model = model_of(all, i, &remote->servers[i]);
		pthread_mutex_init(&remote->servers[i].mutex, NULL);
	}
	memcached_free(all);
	return remote;
}

void remote_close(struct remote *remote)
{
	if (!remote)
		return;
	for (int i = 0; i < remote->count; i++) {
		struct server *server = &remote->servers[i];
		while (server->idle_count > 0)
			memcached_free(server->idle[--server->idle_count]);
		memcached_free(server->model);
		pthread_mutex_destroy(&server->mutex);
	}
	free(remote);
}

static memcached_st *handle_take(struct server *server)
{
	pthread_mutex_lock(&server->mutex);
	memcached_st *handle = server->idle_count > 0 ? server->idle[--server->idle_count] : memcached_clone(NULL, server->model);
	pthread_mutex_unlock(&server->mutex);
	if (!handle)
		abort();
	return handle;
}

static void handle_give(struct server *server, memcached_st *handle)
{
	pthread_mutex_lock(&server->mutex);
	if (server->idle_count < HANDLES) {
		server->idle[server->idle_count++] = handle;
		handle = NULL;
	}
	pthread_mutex_unlock(&server->mutex);
	if (handle)
		memcached_free(handle);
}

/* Without waiting for a server that may be silent to take leave. */
static void handle_drop(memcached_st *handle)
{
	memcached_behavior_set(handle, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 0);
	memcached_free(handle);
}

/* The idle ones go too: after a restart their connections are as dead, and each would fail once. */
static void handle_discard(struct server *server, memcached_st *handle)
{
	memcached_st *others[HANDLES];
	pthread_mutex_lock(&server->mutex);
	int count = server->idle_count;
	memcpy(others, server->idle, (size_t)count * sizeof *others);
	server->idle_count = 0;
	pthread_mutex_unlock(&server->mutex);
	handle_drop(handle);
	while (count > 0)
		handle_drop(others[--count]);
}

static uint64_t score(const struct server *server, const uint8_t *hash)
{
	uint64_t key, own;
	memcpy(&key, hash, sizeof key);
	memcpy(&own, server->tag.id, sizeof own);
	/* The finisher of splitmix64: every bit of the sum counts. */
	uint64_t mixed = key + own;
	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/* The servers that may be asked, the best for the hash first; fewer than wanted: the others are left alone. Each must be reported. */
static int choose(struct remote *remote, const uint8_t *hash, struct server **chosen, int wanted)
{
	bool seen[SERVERS_MOST] = {false};
	int count = 0;
	for (int turn = 0; turn < remote->count && count < wanted; turn++) {
		int best = -1;
		uint64_t most = 0;
		for (int i = 0; i < remote->count; i++) {
			uint64_t mark = seen[i] ? 0 : score(&remote->servers[i], hash);
			if (!seen[i] && (best < 0 || mark > most)) {
				best = i;
				most = mark;
			}
		}
		seen[best] = true;
		if (breaker_allow(&remote->servers[best].breaker, &remote->rule))
			chosen[count++] = &remote->servers[best];
	}
	return count;
}

/* --- calls --- */

static bool trouble(memcached_return_t result)
{
	switch (result) {
	case MEMCACHED_SUCCESS:
	case MEMCACHED_END:
	case MEMCACHED_NOTFOUND:
	case MEMCACHED_STORED:
	case MEMCACHED_NOTSTORED:
	case MEMCACHED_DATA_EXISTS:
	case MEMCACHED_BUFFERED:
	case MEMCACHED_E2BIG:
	case MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE:
		return false;
	default:
		return true;
	}
}

static bool stored(memcached_return_t result)
{
	return result == MEMCACHED_SUCCESS || result == MEMCACHED_STORED;
}

static void call_send(struct call *call)
{
	struct keys *keys = &call->keys;
	if (!trouble(call->result))
		call->result = memcached_mget(call->handle, keys->pointers, keys->lengths, (size_t)keys->count);
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
static void call_fetch(struct call *call)
{
	struct keys *keys = &call->keys;
	memcached_result_st room, *got;
	if (trouble(call->result))
		return;
	memcached_result_create(call->handle, &room);
	while ((got = memcached_fetch_result(call->handle, &room, &call->result))) {
		int index = answer_of(keys, got);
		if (index < 0 || keys->answers[index].data)
			continue;
		keys->answers[index].length = memcached_result_length(got);
		keys->answers[index].version = memcached_result_cas(got);
		keys->answers[index].data = malloc(keys->answers[index].length + 1);
		if (!keys->answers[index].data)
			abort();
		memcpy(keys->answers[index].data, memcached_result_value(got), keys->answers[index].length);
	}
	memcached_result_free(&room);
}

/* The stamp of an answer about the tag; 0: there is none. False: it cannot be believed. */
static bool record_read(struct remote *remote, const struct keys *keys, int index, const struct tag *tag, int64_t *stamp_out)
{
	struct record record;
	*stamp_out = 0;
	if (!keys->answers[index].data)
		return true;
	if (keys->answers[index].length != sizeof record)
		return false;
	memcpy(&record, keys->answers[index].data, sizeof record);
	if (memcmp(&record.tag, tag, sizeof record.tag) != 0 || !stamp_witness(remote->stamps, record.stamp))
		return false;
	*stamp_out = record.stamp;
	return true;
}

/* Over the version that was found there, or where none was. */
static memcached_return_t record_put(memcached_st *handle, const struct tag *tag, int64_t stamp, bool found, uint64_t version)
{
	const struct record record = {.tag = *tag, .stamp = stamp};
	struct keys keys = {.count = 0};
	keys_add_tags(&keys, tag, 1);
	return found ? memcached_cas(handle, keys.pointers[0], keys.lengths[0], (const char *)&record, sizeof record, LONGEST_S, 0, version)
		: memcached_add(handle, keys.pointers[0], keys.lengths[0], (const char *)&record, sizeof record, LONGEST_S, 0);
}

static bool overtaken(memcached_return_t result)
{
	return result == MEMCACHED_DATA_EXISTS || result == MEMCACHED_NOTSTORED || result == MEMCACHED_NOTFOUND;
}

/* The record's stamp, unless it is newer already. */
static void call_raise(struct remote *remote, struct call *call, const struct tag *tag, int64_t stamp)
{
	for (int i = 0; i < RAISES_MOST; i++) {
		int64_t before;
		keys_add_tags(&call->keys, tag, 1);
		call_send(call);
		call_fetch(call);
		bool found = call->keys.answers[0].data, newest = record_read(remote, &call->keys, 0, tag, &before) && before >= stamp;
		uint64_t version = call->keys.answers[0].version;
		keys_free(&call->keys);
		if (trouble(call->result))
			return;
		call->result = newest ? MEMCACHED_STORED : record_put(call->handle, tag, stamp, found, version);
		if (!overtaken(call->result))
			return;
	}
}

static void call_begin(struct remote *remote, struct call *call, struct server *server)
{
	int64_t owed = atomic_load_explicit(&server->owed, memory_order_acquire);
	call->server = server;
	call->handle = handle_take(server);
	call->result = MEMCACHED_SUCCESS;
	call->keys.count = 0;
	memset(call->keys.answers, 0, sizeof call->keys.answers);
	if (!owed)
		return;
	call_raise(remote, call, &server->tag, owed);
	if (stored(call->result))
		atomic_compare_exchange_strong(&server->owed, &owed, 0);
}

static bool call_end(struct remote *remote, struct call *call)
{
	bool failed = trouble(call->result);
	breaker_report(&call->server->breaker, &remote->rule, !failed);
	if (failed) {
		atomic_fetch_add_explicit(&remote->errors, 1, memory_order_relaxed);
		count_error();
		handle_discard(call->server, call->handle);
	} else {
		handle_give(call->server, call->handle);
	}
	return !failed;
}

/* All at once. False: one is in trouble. */
static bool calls_run(struct remote *remote, struct call *calls, int count)
{
	bool good = true;
	for (int i = 0; i < count; i++)
		call_send(&calls[i]);
	for (int i = 0; i < count; i++)
		call_fetch(&calls[i]);
	for (int i = 0; i < count; i++)
		good &= call_end(remote, &calls[i]);
	return good;
}

/* --- records of tags --- */

/* Applies what a server knows about tags, whose answers begin at `first`, to the table of this machine. */
static bool learn(struct remote *remote, const struct keys *keys, int first, const struct tag *tags, int count, bool *found_out)
{
	for (int i = 0; i < count; i++) {
		int64_t stamp;
		if (!record_read(remote, keys, first + i, &tags[i], &stamp))
			return false;
		stamp_raise(remote->stamps, tag_slot(&tags[i]), stamp);
		*found_out |= stamp > 0;
	}
	return true;
}

/* What a server has missed may have been an invalidation of any tag. */
static bool learn_missed(struct remote *remote, const struct call *call, const struct tag *tags, int count)
{
	int64_t stamp;
	if (!record_read(remote, &call->keys, 0, &call->server->tag, &stamp))
		return false;
	for (int i = 0; i < count; i++)
		stamp_raise(remote->stamps, tag_slot(&tags[i]), stamp);
	return true;
}

/* Asks two servers for tags, or those that there are; with their own records too, or without. */
static bool learn_tags(struct remote *remote, const uint8_t *hash, const struct tag *tags, int count, bool missed, int *servers_out,
	bool *found_out)
{
	struct server *servers[2];
	struct call calls[2];
	int server_count = *servers_out = choose(remote, hash, servers, 2);
	for (int i = 0; i < server_count; i++) {
		call_begin(remote, &calls[i], servers[i]);
		keys_add_tags(&calls[i].keys, &servers[i]->tag, missed);
		keys_add_tags(&calls[i].keys, tags, count);
	}
	bool good = calls_run(remote, calls, server_count) && server_count;
	for (int i = 0; i < server_count; i++) {
		good = good && (!missed || learn_missed(remote, &calls[i], tags, count)) &&
			learn(remote, &calls[i].keys, missed, tags, count, found_out);
		keys_free(&calls[i].keys);
	}
	return good;
}

bool remote_learn(struct remote *remote, const struct tag *tag)
{
	bool found = false;
	int asked;
	return learn_tags(remote, tag->id, tag, 1, true, &asked, &found) && found && (asked == 2 || remote->count == 1);
}

/* The tags of the envelope that are not in `known`. */
static int tags_more(const struct envelope *envelope, const struct tag *known, int known_count, struct tag *tags)
{
	int count = 0;
	for (int i = 0; i < envelope->tag_count; i++) {
		bool asked = false;
		for (int j = 0; j < known_count; j++)
			asked |= memcmp(&known[j], &envelope->tags[i], sizeof known[j]) == 0;
		if (!asked)
			tags[count++] = envelope->tags[i];
	}
	return count;
}

/* --- values --- */

/* What the first server answered: the value, its own record, records of tags. Valid by all that is known here after that. */
static struct entry *admit(struct remote *remote, const struct name *name, const struct call *call, const struct envelope *envelope,
	int64_t *left_us_out)
{
	int64_t now = clock_wall_us(), outdated;
	if (envelope->name_length != name->length || memcmp(envelope->name, name->text, name->length) != 0 ||
		!record_read(remote, &call->keys, 1, &call->server->tag, &outdated) || envelope->stamp <= outdated ||
		envelope->life_us > LONGEST_S * INT64_C(1000000) || envelope->stamp + envelope->life_us <= now ||
		!stamp_witness(remote->stamps, envelope->stamp))
		return NULL;
	*left_us_out = envelope->stamp + envelope->life_us - now;
	struct entry *entry = entry_new(name, envelope->data, envelope->length, envelope->absent, envelope->stamp, envelope->tags,
		envelope->tag_count);
	if (entry_valid(entry, remote->stamps))
		return entry;
	entry_release(entry);
	return NULL;
}

static void name_hash(const char *name, size_t length, uint8_t hash[NAME_HASH_BYTES])
{
	crypto_generichash(hash, NAME_HASH_BYTES, (const unsigned char *)name, length, NULL, 0);
}

struct entry *remote_find(struct remote *remote, const struct name *name, const struct tag *tags, int tag_count,
	int64_t *left_us_out)
{
	uint8_t hash[NAME_HASH_BYTES];
	struct server *servers[2];
	struct call calls[2];
	struct tag more[TAGS_MOST];
	struct envelope envelope;
	struct entry *entry = NULL;
	if (!remote)
		return NULL;
	name_hash(name->text, name->length, hash);
	int count = choose(remote, hash, servers, tag_count ? 2 : 1), asked;
	for (int i = 0; i < count; i++) {
		call_begin(remote, &calls[i], servers[i]);
		if (i == 0) {
			keys_add(&calls[i].keys, 'v', hash, sizeof hash);
			keys_add_tags(&calls[i].keys, &servers[i]->tag, 1);
		}
		keys_add_tags(&calls[i].keys, tags, tag_count);
	}
	bool good = calls_run(remote, calls, count) && count > 0, found = false;
	for (int i = 0; i < count; i++)
		good = good && learn(remote, &calls[i].keys, i ? 0 : 2, tags, tag_count, &found);
	if (good && calls[0].keys.answers[0].data &&
		envelope_read(calls[0].keys.answers[0].data, calls[0].keys.answers[0].length, &envelope)) {
		int more_count = tags_more(&envelope, tags, tag_count, more);
		if (!more_count || learn_tags(remote, hash, more, more_count, false, &asked, &found))
			entry = admit(remote, name, &calls[0], &envelope, left_us_out);
	}
	for (int i = 0; i < count; i++)
		keys_free(&calls[i].keys);
	if (entry)
		atomic_fetch_add_explicit(&remote->hits, 1, memory_order_relaxed);
	return entry;
}

void remote_keep(struct remote *remote, const struct entry *entry, int64_t life_us)
{
	uint8_t hash[NAME_HASH_BYTES];
	struct server *server;
	struct call call;
	if (!remote || entry->length > CACHE_VALUE_BYTES)
		return;
	name_hash(entry->name, entry->name_length, hash);
	if (!choose(remote, hash, &server, 1))
		return;
	struct envelope envelope = {.stamp = entry->stamp, .life_us = life_us, .absent = entry->absent,
		.tag_count = entry->tag_count, .name = entry->name, .name_length = entry->name_length, .data = entry->data,
		.length = entry->length};
	memcpy(envelope.tags, entry->tags, sizeof envelope.tags);
	size_t bytes = envelope_bytes(&envelope);
	int64_t life_s = (life_us + 999999) / 1000000;
	char *value = malloc(bytes);
	if (!value)
		abort();
	envelope_write(&envelope, value);
	call_begin(remote, &call, server);
	keys_add(&call.keys, 'v', hash, sizeof hash);
	if (!trouble(call.result))
		call.result = memcached_set(call.handle, call.keys.pointers[0], call.keys.lengths[0], value, bytes,
			(time_t)(life_s < LONGEST_S ? life_s : LONGEST_S), 0);
	call_end(remote, &call);
	free(value);
}

static void owe(struct server *server, int64_t stamp)
{
	int64_t before = atomic_load(&server->owed);
	while (before < stamp && !atomic_compare_exchange_weak(&server->owed, &before, stamp))
		;
}

void remote_invalidate(struct remote *remote, const struct tag *tag, int64_t stamp)
{
	for (int i = 0; remote && i < remote->count; i++) {
		struct server *server = &remote->servers[i];
		struct call call;
		bool told = false;
		if (breaker_allow(&server->breaker, &remote->rule)) {
			call_begin(remote, &call, server);
			if (!trouble(call.result))
				call_raise(remote, &call, tag, stamp);
			told = call_end(remote, &call) && stored(call.result);
		}
		if (!told)
			owe(server, stamp);
	}
}

bool remote_ping(struct remote *remote)
{
	bool good = remote;
	for (int i = 0; good && i < remote->count; i++) {
		struct server *server = &remote->servers[i];
		/* A new handle: one that knows the version already would not ask. */
		pthread_mutex_lock(&server->mutex);
		memcached_st *handle = memcached_clone(NULL, server->model);
		pthread_mutex_unlock(&server->mutex);
		good = handle && memcached_version(handle) == MEMCACHED_SUCCESS;
		memcached_free(handle);
	}
	for (int i = 0; good && i < remote->count; i++)
		breaker_report(&remote->servers[i].breaker, &remote->rule, true);
	return good;
}

void remote_state(struct remote *remote, struct cache_state *state_out)
{
	if (!remote)
		return;
	state_out->configured = state_out->reachable = true;
	for (int i = 0; i < remote->count; i++)
		state_out->reachable &= !breaker_open(&remote->servers[i].breaker, &remote->rule);
	state_out->errors = atomic_load(&remote->errors);
	state_out->shared_hits = atomic_load(&remote->hits);
}
