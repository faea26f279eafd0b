/* Three memcacheds of which one at a time dies, stalls and comes back, empty or with what it held: values move to the others, and no
 * machine is given one that had been invalidated before it asked. Machines are caches with stamps of their own. `ring_dbtest SECONDS` keeps
 * the servers in trouble for longer than 2 s. */
#include "base/clock.h"
#include "mc/level.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define SERVERS 3
#define KEYS 300
#define MACHINES 3
#define READERS 2 /* a machine */

static char folder[80];
static int seconds = 2;
static pid_t servers[SERVERS];
static int64_t truth[KEYS]; /* what a loader finds */

static void setting(const char *name, const char *value)
{
	char message[256];
	setenv(name, value, 1);
	if (!conf_load(NULL, message))
		fail_msg("%s", message);
}

static void server_path(int server, char out[108])
{
	snprintf(out, 108, "%s/ring%d.sock", folder, server);
}

static void server_start(int server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	server_path(server, address.sun_path);
	unlink(address.sun_path);
	fflush(NULL);
	pid_t pid = servers[server] = fork();
	if (pid == 0) {
		execlp("memcached", "memcached", "-s", address.sun_path, "-a", "0777", "-m", "16", "-u", "nobody", (char *)NULL);
		_exit(127);
	}
	for (bool up = false; !up;) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		up = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
		close(fd);
		if (!up && waitpid(pid, NULL, WNOHANG) == pid)
			fail_msg("memcached does not start");
		if (!up)
			usleep(2000);
	}
}

static void server_kill(int server)
{
	kill(servers[server], SIGCONT);
	kill(servers[server], SIGKILL);
	waitpid(servers[server], NULL, 0);
}

static struct cache *machine_open(int machine)
{
	char message[256], path[200];
	snprintf(path, sizeof path, "%s/machine%d.shm", folder, machine);
	unlink(path);
	setting("STOA_CACHE_SHARED", path);
	struct cache *cache = cache_open(message);
	if (!cache)
		fail_msg("%s", message);
	return cache;
}

static int setup(void **state)
{
	char text[600] = "", path[108];
	struct ctx *ctx = calloc(1, sizeof *ctx);
	ctx_init(ctx);
	for (int i = 0; i < SERVERS; i++) {
		server_start(i);
		server_path(i, path);
		snprintf(text + strlen(text), sizeof text - strlen(text), "--SOCKET=\"%s\" ", path);
	}
	text[strlen(text) - 1] = '\0';
	setting("STOA_CACHE_SERVERS", text);
	setting("STOA_CACHE_LOCAL_ENTRIES", "0");
	setting("STOA_CACHE_BREAKER_FAILURES", "1");
	setting("STOA_CACHE_BREAKER_PAUSE", "10m");
	setting("STOA_CACHE_POLL_TIMEOUT", "500ms");
	setting("STOA_CACHE_CONNECT_TIMEOUT", "500ms");
	for (int i = 0; i < KEYS; i++)
		truth[i] = 1;
	*state = ctx;
	return 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < SERVERS; i++)
		server_kill(i);
	ctx_free(*state);
	free(*state);
	return 0;
}

struct load {
	int key, calls;
};

static enum err load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	struct load *load = argument;
	char text[32];
	load->calls++;
	value_out->length = (size_t)snprintf(text, sizeof text, "%lld", (long long)__atomic_load_n(&truth[load->key], __ATOMIC_ACQUIRE));
	value_out->data = arena_strdup(&ctx->arena, text);
	/* Every other value tells a tag only when it is loaded. */
	if (load->key % 2)
		cache_tag(ctx, value_out, arena_printf(&ctx->arena, "tag %d", load->key));
	return OK;
}

static int64_t fetch(struct ctx *ctx, struct cache *cache, int key, int *calls)
{
	struct load source = {.key = key};
	struct cached value;
	struct cache_plan plan = {.space = "ring", .key = arena_printf(&ctx->arena, "key %d", key), .life_ms = 600000};
	if (key % 2 == 0)
		plan.tags[0] = arena_printf(&ctx->arena, "tag %d", key);
	assert_int_equal(cache_fetch(ctx, cache, &plan, load, &source, &value), OK);
	*calls += source.calls;
	return strtoll(value.data, NULL, 10);
}

static void invalidate(struct ctx *ctx, struct cache *cache, int key)
{
	cache_invalidate(ctx, cache, arena_printf(&ctx->arena, "tag %d", key));
}

/* How many of all keys had to be loaded; none may be older than the truth. */
static int fetch_all(struct ctx *ctx, struct cache *cache)
{
	int calls = 0;
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(fetch(ctx, cache, i, &calls), truth[i]);
	ctx_reset(ctx);
	return calls;
}

static void change_all(struct ctx *ctx, struct cache *cache)
{
	for (int i = 0; i < KEYS; i++) {
		truth[i]++;
		invalidate(ctx, cache, i);
	}
	ctx_reset(ctx);
}

static uint64_t errors_of(struct cache *cache)
{
	struct cache_state state;
	cache_state(cache, &state);
	return state.errors;
}

static void values_move(void **state)
{
	struct ctx *ctx = *state;
	struct cache *cache = machine_open(0), *after = machine_open(1);
	assert_int_equal(fetch_all(ctx, cache), KEYS);
	assert_int_equal(fetch_all(ctx, cache), 0);
	server_kill(1);
	int share = fetch_all(ctx, cache);
	assert_in_range(share, KEYS / 5, KEYS / 2);
	assert_int_equal(fetch_all(ctx, cache), 0);
	assert_int_equal(errors_of(cache), 1);
	/* Back, and empty: only what belongs there. */
	server_start(1);
	assert_in_range(fetch_all(ctx, after), KEYS / 5, KEYS / 2);
	assert_int_equal(fetch_all(ctx, after), 0);
	cache_close(cache);
	cache_close(after);
}

/* A machine that heard nothing of the invalidations asks servers of which one has heard nothing either. */
static void old_content_is_not_served(void **state)
{
	struct ctx *ctx = *state;
	for (int stalled = 0; stalled < SERVERS; stalled++) {
		struct cache *writer = machine_open(0), *reader = machine_open(1);
		fetch_all(ctx, writer);
		kill(servers[stalled], SIGSTOP);
		change_all(ctx, writer);
		kill(servers[stalled], SIGCONT);
		fetch_all(ctx, reader);
		assert_int_equal(errors_of(reader), 0);
		cache_close(writer);
		cache_close(reader);
	}
}

/* Once it has been told, it alone is enough: for values, and for when a tag was invalidated last, which its own records tell wrongly. */
static void what_was_missed_is_told(void **state)
{
	struct ctx *ctx = *state;
	int calls = 0, known = 0;
	setting("STOA_CACHE_BREAKER_PAUSE", "200ms");
	struct cache *writer = machine_open(0), *reader = machine_open(1), *asker = machine_open(2);
	change_all(ctx, writer);
	fetch_all(ctx, writer);
	int64_t before = cache_stamp(writer), stamp;
	kill(servers[2], SIGSTOP);
	change_all(ctx, writer);
	kill(servers[2], SIGCONT);
	struct cache_state seen;
	do {
		usleep(2000);
		fetch(ctx, writer, calls % KEYS, &calls);
		calls++;
		cache_state(writer, &seen);
	} while (!seen.reachable);
	server_kill(0);
	server_kill(1);
	fetch_all(ctx, reader);
	server_start(0);
	server_start(1);
	for (int i = 0; i < KEYS; i++) {
		bool found = cache_invalidated(ctx, asker, arena_printf(&ctx->arena, "tag %d", i), &stamp);
		assert_true(!found || stamp > before);
		known += found;
	}
	assert_true(known > 0);
	cache_close(writer);
	cache_close(reader);
	cache_close(asker);
}

static void last_invalidation_is_known(void **state)
{
	struct ctx *ctx = *state;
	struct cache *writer = machine_open(0), *reader = machine_open(1);
	int64_t before = cache_stamp(writer), stamp;
	assert_false(cache_invalidated(ctx, reader, "tag x", &stamp));
	cache_invalidate(ctx, writer, "tag x");
	assert_true(cache_invalidated(ctx, reader, "tag x", &stamp));
	assert_true(stamp > before);
	server_kill(0);
	cache_invalidated(ctx, reader, "tag x", &stamp); /* may find that out */
	assert_true(cache_invalidated(ctx, reader, "tag x", &stamp));
	server_kill(1);
	cache_invalidated(ctx, reader, "tag x", &stamp);
	assert_false(cache_invalidated(ctx, reader, "tag x", &stamp));
	server_start(0);
	server_start(1);
	cache_close(writer);
	cache_close(reader);
}

static struct remote *remote_of(struct stamps *stamps)
{
	char message[256];
	stamps_prepare(stamps);
	struct remote *remote = remote_open(conf_string("cache.servers"), stamps, message);
	if (!remote)
		fail_msg("%s", message);
	return remote;
}

/* Until a server that was in trouble has been told. */
static void catch_up(struct remote *remote, const struct tag *tag, int64_t stamp)
{
	struct cache_state seen;
	do {
		usleep(2000);
		remote_invalidate(remote, tag, stamp);
		remote_state(remote, &seen);
	} while (!seen.reachable);
}

/* Machines' invalidations arrive in another order than their stamps', of tags and of what a server has missed. */
static void a_late_one_hides_nothing(void **state)
{
	(void)state;
	struct stamps *stamps = calloc(MACHINES, sizeof *stamps);
	struct tag tag = tag_make("tag late"), other = tag_make("tag other");
	setting("STOA_CACHE_BREAKER_PAUSE", "50ms");
	struct remote *early = remote_of(&stamps[0]), *late = remote_of(&stamps[1]);
	int64_t first = stamp_next(&stamps[0]);
	remote_invalidate(late, &tag, first + 10);
	remote_invalidate(early, &tag, first);
	assert_true(remote_learn(early, &tag));
	assert_int_equal(stamps[0].slots[tag_slot(&tag)], first + 10);
	kill(servers[0], SIGSTOP);
	remote_invalidate(late, &tag, first + 30);
	remote_invalidate(early, &tag, first + 20);
	kill(servers[0], SIGCONT);
	catch_up(late, &other, first + 5);
	catch_up(early, &other, first + 5);
	server_kill(1);
	server_kill(2);
	/* Once it has found that these are away, what the first has missed is all there is. */
	setting("STOA_CACHE_BREAKER_PAUSE", "10m");
	struct remote *reader = remote_of(&stamps[2]);
	for (int i = 0; i < SERVERS; i++)
		assert_false(remote_learn(reader, &other));
	assert_int_equal(stamps[2].slots[tag_slot(&other)], first + 30);
	server_start(1);
	server_start(2);
	remote_close(early);
	remote_close(late);
	remote_close(reader);
	free(stamps);
}

struct player {
	struct cache *cache;
	pthread_t thread;
	int reader; /* of its machine; 0 writes */
	unsigned seed;
	_Atomic long turns, stale;
};

static atomic_bool over;
static pthread_mutex_t locks[KEYS];
static _Atomic int64_t ended[KEYS]; /* the newest version whose invalidation has ended */

static void *read_run(void *argument)
{
	struct player *player = argument;
	struct ctx ctx;
	ctx_init(&ctx);
	while (!atomic_load(&over)) {
		/* Each has keys of its own: who waits for another's look-up is given what that was given (cache.h). */
		int key = rand_r(&player->seed) % (KEYS / READERS) + (player->reader - 1) * (KEYS / READERS), calls = 0;
		int64_t least = atomic_load(&ended[key]);
		atomic_fetch_add(&player->stale, fetch(&ctx, player->cache, key, &calls) < least);
		atomic_fetch_add(&player->turns, 1);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
	return NULL;
}

static void *write_run(void *argument)
{
	struct player *player = argument;
	struct ctx ctx;
	ctx_init(&ctx);
	while (!atomic_load(&over)) {
		int key = rand_r(&player->seed) % KEYS;
		pthread_mutex_lock(&locks[key]);
		int64_t version = __atomic_add_fetch(&truth[key], 1, __ATOMIC_ACQ_REL);
		invalidate(&ctx, player->cache, key);
		atomic_store(&ended[key], version);
		pthread_mutex_unlock(&locks[key]);
		atomic_fetch_add(&player->turns, 1);
		ctx_reset(&ctx);
		usleep(200);
	}
	ctx_free(&ctx);
	return NULL;
}

/* Everybody has asked every server since, or was told that it is in trouble. */
static void settle(struct player *players, int count)
{
	for (int i = 0; i < count; i++) {
		struct cache_state seen;
		long from = atomic_load(&players[i].turns);
		do {
			usleep(2000);
			cache_state(players[i].cache, &seen);
		} while (!seen.reachable || atomic_load(&players[i].turns) < from + 50);
	}
}

static void trouble_under_load(void **state)
{
	(void)state;
	struct player players[MACHINES * (READERS + 1)] = {0};
	struct cache *caches[MACHINES];
	int count = 0;
	setting("STOA_CACHE_BREAKER_PAUSE", "50ms");
	atomic_store(&over, false);
	for (int i = 0; i < KEYS; i++) {
		pthread_mutex_init(&locks[i], NULL);
		atomic_store(&ended[i], truth[i]);
	}
	for (int machine = 0; machine < MACHINES; machine++) {
		caches[machine] = machine_open(machine);
		for (int i = 0; i <= READERS; i++, count++) {
			players[count] = (struct player){.cache = caches[machine], .reader = i, .seed = (unsigned)count + 1};
			pthread_create(&players[count].thread, NULL, i ? read_run : write_run, &players[count]);
		}
	}
	int64_t until_us = clock_mono_us() + seconds * INT64_C(1000000);
	for (int turn = 0; clock_mono_us() < until_us; turn++) {
		int server = turn % SERVERS;
		if (turn % 2) {
			server_kill(server);
			usleep(100000);
			server_start(server);
		} else {
			kill(servers[server], SIGSTOP);
			usleep(600000);
			kill(servers[server], SIGCONT);
		}
		settle(players, count);
	}
	atomic_store(&over, true);
	for (int i = 0; i < count; i++)
		pthread_join(players[i].thread, NULL);
	for (int i = 0; i < count; i++)
		assert_int_equal(players[i].stale, 0);
	for (int machine = 0; machine < MACHINES; machine++) {
		struct cache_state seen;
		cache_state(caches[machine], &seen);
		assert_true(seen.shared_hits > 0 && seen.errors > 0);
		cache_close(caches[machine]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values_move, setup, teardown),
		cmocka_unit_test_setup_teardown(old_content_is_not_served, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_missed_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(last_invalidation_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(a_late_one_hides_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(trouble_under_load, setup, teardown),
	};
	if (argc > 1)
		seconds = (int)strtol(argv[1], NULL, 10);
	conf_add(CACHE_CONF);
	snprintf(folder, sizeof folder, "%s", getenv("STOA_TEST_DIR"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
