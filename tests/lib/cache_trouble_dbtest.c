/* The cache against memcacheds of its own that are stopped, stalled and restarted. */
#include "tests/lib/cache_client.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static char own_socket[100];

static pid_t memcached_start(void)
{
	unlink(own_socket);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		execlp("memcached", "memcached", "-s", own_socket, "-a", "0777", "-m", "16", "-u", "nobody", (char *)NULL);
		_exit(127);
	}
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", own_socket);
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		bool up = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
		close(fd);
		if (up)
			return pid;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			fail_msg("memcached does not start");
		usleep(10000);
	}
}

static void memcached_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void own_memcached_settings(void)
{
	char servers[300];
	snprintf(own_socket, sizeof own_socket, "%s/own.sock", folder);
	snprintf(servers, sizeof servers, "--SOCKET=\"%s\"", own_socket);
	setting("STOA_CACHE_SERVERS", servers);
	setting("STOA_CACHE_POLL_TIMEOUT", "50ms");
	setting("STOA_CACHE_CONNECT_TIMEOUT", "50ms");
}

static void stopped_and_restarted(void **state)
{
	struct ctx *ctx = *state;
	own_memcached_settings();
	setting("STOA_CACHE_BREAKER_PAUSE", "1ms");
	pid_t pid = memcached_start();
	struct cache *cache = open_cache();
	struct load source = {.text = "v"};
	struct cache_plan plan = {.space = "t", .key = "first", .life_ms = 60000}, kept = plan;
	fetch_is(ctx, cache, &plan, &source, 1);
	assert_true(cache_ping(cache));
	memcached_stop(pid);
	fetch_is(ctx, cache, &kept, &source, 1); /* the first level goes on */
	for (int i = 0; i < 20; i++) {
		plan.key = fresh_key(ctx);
		fetch_is(ctx, cache, &plan, &source, 2 + i);
		cache_invalidate(ctx, cache, "whatever");
	}
	assert_int_equal(ctx->fault.err, OK);
	assert_false(state_of(cache).reachable);
	assert_true(state_of(cache).configured);
	assert_false(cache_ping(cache));
	assert_true(state_of(cache).errors >= 3);

	pid = memcached_start();
	while (!state_of(cache).reachable) { /* a probe a millisecond finds it again */
		plan.key = fresh_key(ctx);
		source.calls = 0;
		fetch_is(ctx, cache, &plan, &source, 1);
	}
	struct cache *other = open_cache();
	plan.key = fresh_key(ctx);
	source.calls = 0;
	int64_t stamp = cache_stamp(other);
	cache_put(ctx, cache, &plan, stamp, "v", 1);
	fetch_is(ctx, other, &plan, &source, 0);
	cache_close(cache);
	cache_close(other);
	memcached_stop(pid);
}

static void stalled(void **state)
{
	struct ctx *ctx = *state;
	own_memcached_settings();
	pid_t pid = memcached_start();
	struct cache *cache = open_cache();
	struct load source = {.text = "v"};
	struct cache_plan plan = {.space = "t", .key = "first", .life_ms = 60000}, kept = plan;
	fetch_is(ctx, cache, &plan, &source, 1);
	kill(pid, SIGSTOP);
	for (int i = 0; i < 200; i++) {
		plan.key = fresh_key(ctx);
		fetch_is(ctx, cache, &plan, &source, 2 + i);
		fetch_is(ctx, cache, &kept, &source, 2 + i);
	}
	assert_int_equal(ctx->fault.err, OK);
	/* The breaker's pause outlasts this test: three waited, nobody after. */
	assert_int_equal(state_of(cache).errors, 3);
	assert_false(state_of(cache).reachable);
	assert_false(cache_ping(cache));
	kill(pid, SIGCONT);
	while (!cache_ping(cache))
		;
	assert_true(state_of(cache).reachable);
	uint64_t hits = state_of(cache).shared_hits;
	struct cache *other = open_cache();
	plan.key = fresh_key(ctx);
	cache_put(ctx, other, &plan, cache_stamp(other), "v", 1);
	source.calls = 0;
	fetch_is(ctx, cache, &plan, &source, 0);
	assert_int_equal(state_of(cache).shared_hits, hits + 1);
	cache_close(cache);
	cache_close(other);
	memcached_stop(pid);
}

/* One of two is dead: what lies on the other still comes from there. */
static void one_of_two_is_dead(void **state)
{
	struct ctx *ctx = *state;
	char servers[1200];
	own_memcached_settings();
	snprintf(servers, sizeof servers, "%s --SOCKET=\"%s\"", suite_servers, own_socket);
	setting("STOA_CACHE_SERVERS", servers);
	pid_t pid = memcached_start();
	struct cache *cache = open_cache(), *other;
	const char *keys[60];
	struct load source = {.text = "v"};
	struct cache_plan plan = {.space = "t", .life_ms = 60000};
	other = open_cache();
	for (int i = 0; i < 60; i++) {
		plan.key = keys[i] = fresh_key(ctx);
		cache_put(ctx, cache, &plan, cache_stamp(other), "v", 1);
	}
	memcached_stop(pid);
	for (int i = 0; i < 60; i++) {
		plan.key = keys[i];
		struct cached value;
		assert_int_equal(cache_fetch(ctx, other, &plan, load, &source, &value), OK);
	}
	assert_in_range(source.calls, 1, 59);
	assert_int_equal(state_of(other).shared_hits, 60 - source.calls);
	assert_false(state_of(other).reachable);
	/* 3 gets or sets until the breaker opens */
	assert_int_equal(state_of(other).errors, 3);
	cache_close(cache);
	cache_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stopped_and_restarted, setup, teardown),
		cmocka_unit_test_setup_teardown(stalled, setup, teardown),
		cmocka_unit_test_setup_teardown(one_of_two_is_dead, setup, teardown),
	};
	return suite_open() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
