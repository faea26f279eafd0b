/* The generator against a server in this process: every form of an answer, every way to fail, and a stall that must show. Nothing here hangs
 * on how fast the machine is: times are only held to be at least something. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail

#include "cli/bench/engine.h"
#include "cli/bench/http.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The server: a thread a connection, and one request at a time behind a lock, so that one that stalls holds up all. */

static struct {
	int listener;
	char url[64], path[64];
	pthread_t thread;
	pthread_mutex_t lock;
	atomic_int connections, asked, open, turns;
} server;

/* Set by the server: the run is to end. */
static volatile sig_atomic_t stop;

static const struct { const char *path, *reply; bool close; } REPLIES[] = {
	{"/length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false},
	{"/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n", false},
	{"/interim", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", false},
	{"/empty", "HTTP/1.1 204 No Content\r\n\r\n", false},
	{"/same", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false},
	{"/head", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", false},
	{"/ends", "HTTP/1.0 200 OK\r\n\r\nuntil the end", true},
	{"/last", "HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok", true},
	{"/idle", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
	{"/none", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false},
	{"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly", true},
	{"/garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", false},
	{"/more", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokok", false},
	{"/silent", "", true},
	{"/token", "HTTP/1.1 200 OK\r\nSet-Cookie: sid=c1; Path=/; HttpOnly\r\nETag: \"e7\"\r\nContent-Length: 55\r\n\r\n"
		"{\"a\":{\"t\":\"k~1\",\"n\":12},\"html\":\"<i name='csrf' v='x9'\"}", false},
	{"/reset", "HTTP/1.0 200 OK\r\n\r\nuntil", true},
	{"/refused", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", false},
	{"/bare", "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", false},
	{"/third", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
	{"/slow", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
	{"/stall", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
};

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* In small parts, so that the generator meets every boundary. */
static bool put(int fd, const char *text, size_t part)
{
	for (size_t left = strlen(text); left;) {
		size_t bytes = left < part ? left : part;
		if (send(fd, text, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
			return false;
		text += bytes;
		left -= bytes;
		if (part < 100)
			sleep_ms(1);
	}
	return true;
}

static bool answer(int fd, const char *request)
{
	const char *path = strchr(request, ' ') + 1;
	size_t length = strcspn(path, " ?");
	int asked = ++server.asked;
	if (length == 6 && !strncmp(path, "/check", 6)) {
		bool good = strstr(request, "\r\nCookie: sid=c1\r\n") && strstr(request, "\r\nX: k~1 12 \"e7\" x9\r\n") && strstr(request, "\r\n\r\n{\"t\":\"k~1\"}");
		return put(fd, good ? "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", 1000);
	}
	if (length == 5 && !strncmp(path, "/turn", 5)) {
		char text[96];
		snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"t\":%3d}", ++server.turns);
		return put(fd, text, 1000);
	}
	if (length == 5 && !strncmp(path, "/used", 5)) {
		bool first = !strncmp(path, "/used?t=1 ", 10);
		if (!first)
			stop = 1;
		return put(fd, first ? "HTTP/1.1 401 Old\r\nContent-Length: 0\r\n\r\n" : REPLIES[0].reply, 1000);
	}
	for (size_t i = 0; i < sizeof REPLIES / sizeof *REPLIES; i++) {
		if (strlen(REPLIES[i].path) != length || strncmp(REPLIES[i].path, path, length))
			continue;
		if (!strcmp(REPLIES[i].path, "/slow"))
			sleep_ms(10);
		if (!strcmp(REPLIES[i].path, "/stall") && asked == 100)
			sleep_ms(600);
		if (!strcmp(REPLIES[i].path, "/third") && asked >= 3) {
			stop = 1;
			sleep_ms(20);
		}
		if (!strcmp(REPLIES[i].path, "/reset"))
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
		return put(fd, REPLIES[i].reply, strstr(path, "?bytes") ? 1 : 1000) && !REPLIES[i].close;
	}
	return put(fd, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 1000);
}

/* Head and body of the next request; false: closed. */
static bool ask_next(int fd, char *text, size_t room)
{
	size_t length = 0;
	for (ssize_t got; length + 1 < room && (got = recv(fd, text + length, room - length - 1, 0)) > 0;) {
		length += (size_t)got;
		text[length] = 0;
		const char *end = strstr(text, "\r\n\r\n"), *announced = strstr(text, "\r\nContent-Length: ");
		if (end && (size_t)(end + 4 - text) + (announced && announced < end ? strtoul(announced + 18, NULL, 10) : 0) <= length)
			return true;
	}
	return false;
}

static void *connection_run(void *argument)
{
	int fd = *(int *)argument;
	char text[4096];
	free(argument);
	for (bool more = true; more && ask_next(fd, text, sizeof text);) {
		pthread_mutex_lock(&server.lock);
		more = answer(fd, text);
		pthread_mutex_unlock(&server.lock);
	}
	close(fd);
	server.open--;
	return NULL;
}

static void *server_run(void *unused)
{
	for (int fd; (fd = accept(server.listener, NULL, NULL)) >= 0;) {
		pthread_t thread;
		int *argument = malloc(sizeof *argument);
		assert_non_null(argument);
		*argument = fd;
		server.connections++;
		server.open++;
		assert_int_equal(pthread_create(&thread, NULL, connection_run, argument), 0);
		pthread_detach(thread);
	}
	return unused;
}

static int server_start(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof at;
	(void)state;
	pthread_mutex_init(&server.lock, NULL);
	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server.listener, (struct sockaddr *)&at, sizeof at) || listen(server.listener, 128) ||
		getsockname(server.listener, (struct sockaddr *)&at, &length))
		return -1;
	snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d", ntohs(at.sin_port));
	return pthread_create(&server.thread, NULL, server_run, NULL);
}

static int server_stop(void **state)
{
	(void)state;
	shutdown(server.listener, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listener);
	while (server.open)
		sleep_ms(1);
	return 0;
}

/* Runs a scenario's text. */
static enum err run(struct ctx *ctx, const char *text, struct result *result)
{
	const struct scenario_options plain = {.time_scale = 1, .rate_scale = 1};
	struct engine_options options = {.url = server.url, .time_scale = 1, .rate_scale = 1, .version = "t", .stop = &stop};
	struct scenario *scenario = arena_alloc(&ctx->arena, sizeof *scenario);
	/* What an earlier run gave up is still answered. */
	while (server.open)
		sleep_ms(1);
	server.asked = server.connections = server.turns = stop = 0;
	assert_int_equal(target_host_find(ctx, server.url, NULL, false, &options.host), OK);
	enum err err = scenario_read(ctx, "try.yaml", NULL, text, strlen(text), &plain, scenario);
	if (err != OK)
		print_error("%s\n", ctx->fault.detail);
	assert_int_equal(err, OK);
	return engine_run(ctx, scenario, &options, result);
}

static const char *one_step(struct ctx *ctx, const char *rest, const char *step)
{
	return arena_printf(&ctx->arena, "name: t\nusers: 2\n%s\nphases: [{name: p, for: 50ms, rate: 100}]\njourneys: [{name: j, steps: [%s]}]\n", rest, step);
}

static void every_form_of_an_answer(void **state)
{
	static const struct { const char *step, *error; } ROWS[] = {
		{"{get: /length}", NULL}, {"{get: '/length?bytes'}", NULL}, {"{get: /chunks}", NULL}, {"{get: '/chunks?bytes'}", NULL},
		{"{get: /interim, expect: 201}", NULL}, {"{get: /empty}", NULL}, {"{get: /same, expect: 304}", NULL}, {"{head: /head}", NULL},
		{"{get: /ends}", NULL}, {"{get: /last}", NULL}, {"{get: /idle}", NULL}, {"{get: /none, expect: [200, 404]}", NULL},
		{"{get: /none}", "404"}, {"{get: /length, expect: 201}", "200"}, {"{get: /cut}", "cut"}, {"{get: /silent}", "cut"}, {"{get: /reset}", "cut"},
		{"{get: /garbage}", "malformed"}, {"{get: /more}", "malformed"}, {"{get: /length, capture: {t: /t}}", "capture"},
		{"{get: /length, capture: {t: {header: ETag}}}", "capture"}, {"{get: /length, capture: {t: {after: hell, before: x}}}", "capture"}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		struct result result;
		ctx_init(&ctx);
		assert_int_equal(run(&ctx, one_step(&ctx, "thresholds: {errors: 0}", ROWS[i].step), &result), OK);
		uint64_t errors = result_errors(&result.total);
		if (result.total.requests != 5 || errors != (ROWS[i].error ? 5 : 0) || result.met == !!ROWS[i].error ||
			(errors && strcmp(result.total.errors[0].what, ROWS[i].error)) || result.total.timings->count != 5 - errors) {
			print_error("%s: %d requests, %d errors, %s\n", ROWS[i].step, (int)result.total.requests, (int)errors,
				errors ? result.total.errors[0].what : "none");
			_fail(__FILE__, __LINE__);
		}
		assert_int_equal(result.journeys[0].started, 5);
		assert_int_equal(result.journeys[0].failed, errors);
		ctx_free(&ctx);
	}
}

static void captures_and_cookies_reach_what_follows(void **state)
{
	static const char TEXT[] = "name: t\nusers: 3\ncookies: true\nsetup: [{get: /token, capture: {t: /a/t, n: /a/n, e: {header: etag}, c: {after: \"v='\", before: \"'\"}}}]\n"
		"phases: [{name: p, for: 200ms, rate: 100}]\nthresholds: {errors: 0}\n"
		"journeys: [{name: j, steps: [{post: /check, headers: {X: '{{t}} {{n}} {{e}} {{c}}'}, json: {t: '{{t}}'}, expect: 202}]}]\n";
	struct ctx ctx;
	struct result result;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(run(&ctx, TEXT, &result), OK);
	assert_true(result.met);
	assert_int_equal(result.total.requests, 20);
	assert_int_equal(server.asked, 23);
	assert_int_equal(server.connections, 3);
	ctx_free(&ctx);
}

static void a_failed_setup_ends_the_run(void **state)
{
	struct ctx ctx;
	struct result result;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(run(&ctx, one_step(&ctx, "once: [{get: /none}]", "{get: /length}"), &result), ERR_UPSTREAM);
	assert_non_null(strstr(ctx.fault.detail, "GET /none: 404"));
	assert_int_equal(server.asked, 1);
	ctx_free(&ctx);
}

/* 200 a second for 2 s, by at most four at a time; a server that answers one after the other does nothing for 600 ms. A generator that waits for
 * an answer before it asks again would see four slow ones of 400. */
static void a_stall_shows_in_every_request_it_held_up(void **state)
{
	struct ctx ctx;
	struct result result;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(run(&ctx, "name: t\nusers: 4\nphases: [{name: p, for: 2s, rate: 200}]\njourneys: [{name: j, steps: [{get: /stall}]}]\n", &result), OK);
	assert_int_equal(result.total.requests, 400);
	assert_int_equal(result_errors(&result.total), 0);
	/* The 120 meant to leave within the stall wait for what is left of it: 70 of them more than 250 ms. */
	assert_true(timings_quantile(result.total.timings, 0.85) >= 240000);
	assert_true(timings_quantile(result.total.timings, 0.99) >= 500000);
	uint64_t intended = 0, answered = 0, good = 0;
	for (int i = 0; i < result.second_count; i++) {
		intended += result.timeline[i].intended;
		answered += result.timeline[i].answered;
		good += result.timeline[i].good;
	}
	assert_true(result.late.max_us >= result.late.p99_us && result.late.max_us > 0);
	/* In the second in which each was due, whenever the generator came to it. */
	assert_int_equal(result.timeline[0].intended, 200);
	assert_int_equal(result.timeline[1].intended, 200);
	assert_int_equal(intended, 400);
	assert_int_equal(answered, 400);
	assert_int_equal(good, 400);
	ctx_free(&ctx);
}

/* Requests of a phase are the area below its rate: with even distances none more or less, wherever the phase begins. */
static void phases_ask_what_their_rates_say(void **state)
{
	static const struct { const char *phases; unsigned requests; } ROWS[] = {
		{"{name: up, for: 200ms, rate: [0, 200]}", 20}, {"{name: down, for: 200ms, rate: [200, 0]}", 20},
		{"{name: hold, for: 100ms, rate: 100}, {name: up, for: 100ms, rate: [0, 200]}, {name: on, for: 50ms, rate: 200}", 30},
		{"{name: none, for: 50ms, rate: 0}, {name: up, for: 100ms, rate: [100, 300]}", 20},
		{"{name: apart, for: 100ms, rate: 100, measure: false}, {name: hold, for: 100ms, rate: 100}", 10}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		struct result result;
		ctx_init(&ctx);
		assert_int_equal(run(&ctx, arena_printf(&ctx.arena, "name: t\nusers: 4\nphases: [%s]\njourneys: [{name: j, steps: [{get: /length}]}]\n",
			ROWS[i].phases), &result), OK);
		if (result.total.requests != ROWS[i].requests)
			print_error("%s: %d requests\n", ROWS[i].phases, (int)result.total.requests);
		assert_int_equal(result.total.requests, ROWS[i].requests);
		if (result.phase_count == 2 && ROWS[i].requests == 10)
			assert_true(result_rate(&result) > 99.9 && result_rate(&result) < 100.1);
		ctx_free(&ctx);
	}
}

/* What is under way when a run is interrupted counts: it is what took longest. */
static void interrupted_it_waits_for_what_it_asked(void **state)
{
	struct ctx ctx;
	struct result result;
	uint64_t sent = 0;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(run(&ctx, "name: t\nusers: 8\nphases: [{name: p, for: 60s, rate: 200}]\njourneys: [{name: j, steps: [{get: /third}]}]\n", &result), OK);
	assert_true(result.interrupted && result.seconds < 60 && result.measured_s < 60);
	for (int i = 0; i < result.second_count; i++)
		sent += result.timeline[i].sent;
	assert_true(sent >= 3);
	assert_int_equal(result.total.requests, sent);
	assert_int_equal(result.total.requests, server.asked);
	assert_int_equal(result_errors(&result.total), 0);
	ctx_free(&ctx);
}

static void what_was_asked_once_is_renewed(void **state)
{
	struct ctx ctx;
	struct result result;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(run(&ctx, "name: t\nusers: 2\nonce: [{get: /turn, capture: {t: /t}}]\nrenew: 50ms\nphases: [{name: p, for: 60s, rate: 100}]\n"
		"journeys: [{name: j, steps: [{get: '/used?t={{t}}'}]}]\n", &result), OK);
	assert_true(result.interrupted && server.turns >= 2);
	/* It is no request of the run. */
	assert_int_equal(result.total.requests + (unsigned)server.turns, server.asked);
	assert_int_equal(result.route_count, 1);
	ctx_free(&ctx);
}

static bool broken(const struct result *result, const char *text)
{
	for (int i = 0; i < result->broken_count; i++)
		if (strstr(result->broken[i], text))
			return true;
	return false;
}

static void refusals_have_a_time_of_their_own(void **state)
{
	static const struct { const char *step; unsigned bare; } ROWS[] = {{"{get: /refused}", 0}, {"{get: /bare}", 5}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		struct result result;
		ctx_init(&ctx);
		assert_int_equal(run(&ctx, one_step(&ctx, "thresholds: {refused: 10s, faults: 0}", ROWS[i].step), &result), OK);
		assert_int_equal(result.refusals.count, 5);
		assert_int_equal(result.refusals.bare, ROWS[i].bare);
		assert_true(result.refusals.max_us >= result.refusals.p50_us && result.refusals.p50_us > 0);
		assert_int_equal(result.total.timings->count, 0);
		assert_true(broken(&result, "without Retry-After") == (ROWS[i].bare > 0));
		assert_false(broken(&result, "faults"));
		ctx_free(&ctx);
	}
}

static void judged(void **state)
{
	static const struct { int64_t first_us, refused_us; unsigned requests, refusals; const char *broken; } ROWS[] = {
		{100000, 300000, 20, 100, NULL}, {100001, 300000, 20, 100, "first byte"}, {100001, 300000, 19, 100, NULL},
		{100000, 300001, 20, 100, "p99 of refusals"}, {100000, 300001, 20, 99, NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		ctx_init(&ctx);
		const struct thresholds thresholds = {.errors = -1, .faults = -1, .refused_us = 300000, .classes = true};
		struct timings *timings = arena_alloc(&ctx.arena, sizeof *timings);
		timings_add_many(timings, 1000, ROWS[i].requests);
		struct result_route route = {.method = "POST", .route = "/w", .class = "widget", .requests = ROWS[i].requests, .timings = timings, .met = true,
			.first_p95_us = ROWS[i].first_us};
		struct result result = {.routes = &route, .route_count = 1, .total = {.method = "", .route = "", .class = "", .requests = ROWS[i].requests,
			.timings = timings}, .refusals = {.count = ROWS[i].refusals, .p99_us = ROWS[i].refused_us}};
		result_judge(&ctx, &thresholds, &result);
		assert_true(result.met == !ROWS[i].broken);
		assert_true(!ROWS[i].broken || broken(&result, ROWS[i].broken));
		ctx_free(&ctx);
	}
}

static void what_cannot_be_sent_in_time_is_an_error(void **state)
{
	struct ctx ctx;
	struct result result;
	(void)state;
	ctx_init(&ctx);
	/* One session, 10 ms a request, 100 asked for in a quarter of a second, and 100 ms for each. */
	assert_int_equal(run(&ctx, "name: t\nusers: 1\ntimeout: 100ms\nphases: [{name: p, for: 250ms, rate: 400}]\nthresholds: {errors: 0.1}\n"
		"journeys: [{name: j, steps: [{get: /slow}]}]\n", &result), OK);
	assert_int_equal(result.total.requests, 100);
	assert_false(result.met);
	uint64_t busy = 0, late = 0;
	for (int i = 0; i < result.total.error_count; i++) {
		busy += !strcmp(result.total.errors[i].what, "busy") ? result.total.errors[i].count : 0;
		late += !strcmp(result.total.errors[i].what, "timeout") ? result.total.errors[i].count : 0;
	}
	assert_true(busy + late >= 50);
	assert_int_equal(busy + late, result_errors(&result.total));
	assert_int_equal(result.total.timings->count, 100);
	ctx_free(&ctx);
}

static void nobody_there(void **state)
{
	struct ctx ctx;
	struct result result;
	struct scenario scenario;
	struct engine_options options = {.url = "http://localhost", .time_scale = 1, .rate_scale = 1, .version = "t"};
	const struct scenario_options plain = {.time_scale = 1, .rate_scale = 1};
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(target_host_find(&ctx, "http://localhost", "/tmp/stoa-nobody.sock", false, &options.host), OK);
	const char *text = "name: t\nusers: 3\nphases: [{name: p, for: 100ms, users: 2}, {name: q, for: 100ms, rate: 50}]\njourneys: [{name: j, steps: [{get: /}]}]\n";
	assert_int_equal(scenario_read(&ctx, "t", NULL, text, strlen(text), &plain, &scenario), OK);
	assert_int_equal(engine_run(&ctx, &scenario, &options, &result), OK);
	assert_int_equal(result.total.requests, 7);
	assert_string_equal(result.total.errors[0].what, "connect");
	assert_int_equal(result.total.errors[0].count, 7);
	assert_false(result.met);
	ctx_free(&ctx);
}

static void users_come_think_and_go(void **state)
{
	struct ctx ctx;
	struct result result;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(run(&ctx, "name: t\nusers: 1\nthink: [40ms, 60ms]\nphases: [{name: up, for: 300ms, users: [0, 6]}, {name: on, for: 500ms, users: 6},"
		" {name: off, for: 300ms, users: 0}]\njourneys: [{name: a, weight: 3, steps: [{get: /length}, {get: /empty}]}, {name: b, steps: [{get: /chunks}]}]\n",
		&result), OK);
	assert_int_equal(result_errors(&result.total), 0);
	/* Six users cannot ask more than once in 40 ms each, over a second. */
	assert_in_range(result.total.requests, 10, 6 * 1000 / 40);
	assert_int_equal(result.route_count, 3);
	assert_true(result.journeys[0].started >= result.journeys[0].finished && result.journeys[0].finished > 0);
	assert_in_range(server.connections, 2, 6);
	ctx_free(&ctx);
}

static void only_this_machine(void **state)
{
	static const struct { const char *url; bool anywhere; enum err err; } ROWS[] = {
		{"http://127.0.0.1:8080", false, OK}, {"http://127.8.9.1/", false, OK}, {"http://[::1]:8080", false, OK},
		{"http://192.0.2.1:80", false, ERR_FORBIDDEN}, {"http://[2001:db8::1]", false, ERR_FORBIDDEN}, {"http://192.0.2.1:80", true, OK},
		{"https://127.0.0.1", false, ERR_BAD_INPUT}, {"http://", false, ERR_BAD_INPUT}, {"http://127.0.0.1:8080/path", false, ERR_BAD_INPUT},
		{"http://127.0.0.1:port", false, ERR_BAD_INPUT}, {"http://127.0.0.1:1:2", false, ERR_BAD_INPUT}, {"http://user@127.0.0.1", false, ERR_BAD_INPUT}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		struct target_host host;
		ctx_init(&ctx);
		assert_int_equal(target_host_find(&ctx, ROWS[i].url, NULL, ROWS[i].anywhere, &host), ROWS[i].err);
		ctx_free(&ctx);
	}
}

/* The server listens at 127.0.0.1 alone, and localhost may be ::1 first. */
static void a_name_is_the_address_that_answers(void **state)
{
	struct ctx ctx;
	struct target_host host;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(target_host_find(&ctx, arena_printf(&ctx.arena, "http://localhost%s", strrchr(server.url, ':')), NULL, false, &host), OK);
	assert_int_equal(host.address.ss_family, AF_INET);
	ctx_free(&ctx);
}

/* The reader alone, byte by byte and at once. */
static void answers(void **state)
{
	static const struct { const char *text; enum answer_state state; } ROWS[] = {
		{"HTTP/1.1 200 OK\r\n\r\n", ANSWER_MORE}, {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ANSWER_WHOLE},
		{"HTTP/2 200\r\n\r\n", ANSWER_BAD}, {"HTTP/1.1 999 x\r\n\r\n", ANSWER_BAD}, {"HTTP/1.1 101 x\r\n\r\n", ANSWER_BAD},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ANSWER_BAD},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", ANSWER_WHOLE},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ANSWER_BAD}, {"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\n", ANSWER_BAD},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ANSWER_BAD},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", ANSWER_BAD},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", ANSWER_BAD}, {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", ANSWER_BAD},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", ANSWER_BAD}, {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ANSWER_BAD},
		{"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", ANSWER_BAD}, {"HTTP/1.1 200 OK\r\nSpace : x\r\n\r\n", ANSWER_BAD}};
	struct answer answer = {0};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		size_t length = strlen(ROWS[i].text);
		answer_reset(&answer, true, false);
		assert_int_equal(answer_take(&answer, ROWS[i].text, length), ROWS[i].state);
		answer_reset(&answer, true, false);
		enum answer_state got = ANSWER_MORE;
		for (size_t at = 0; at < length && got == ANSWER_MORE; at++)
			got = answer_take(&answer, ROWS[i].text + at, 1);
		assert_int_equal(got, ROWS[i].state);
	}
	answer_reset(&answer, false, false);
	struct buffer long_head = {0};
	buffer_text(&long_head, "HTTP/1.1 200 OK\r\nX: ");
	for (int i = 0; i < ANSWER_HEAD_BYTES; i++)
		buffer_char(&long_head, 'x');
	assert_int_equal(answer_take(&answer, long_head.data, long_head.length), ANSWER_BAD);
	buffer_free(&long_head);
	answer_free(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(only_this_machine),
		cmocka_unit_test(a_name_is_the_address_that_answers), cmocka_unit_test(judged), cmocka_unit_test(every_form_of_an_answer),
		cmocka_unit_test(captures_and_cookies_reach_what_follows), cmocka_unit_test(a_failed_setup_ends_the_run),
		cmocka_unit_test(phases_ask_what_their_rates_say), cmocka_unit_test(interrupted_it_waits_for_what_it_asked),
		cmocka_unit_test(what_was_asked_once_is_renewed), cmocka_unit_test(refusals_have_a_time_of_their_own),
		cmocka_unit_test(a_stall_shows_in_every_request_it_held_up), cmocka_unit_test(what_cannot_be_sent_in_time_is_an_error),
		cmocka_unit_test(nobody_there), cmocka_unit_test(users_come_think_and_go)};
	return cmocka_run_group_tests(tests, server_start, server_stop);
}
