/* More requests than threads: who is answered, who is refused, and that all is well when it is over. */
#include "tests/lib/fastcgi.h"

#include "base/turn.h"
#include "web/brownout.h"

static int entered[2], release_[2]; /* pipes between the handlers that wait and the test */

/* /hold/:class says which it is, and waits. */
static enum err answer_hold(struct req *req, struct rep *rep)
{
	char c = req->uri_path[6];
	turn_pass(); /* as everything does that waits */
	if (write(entered[1], &c, 1) != 1 || read(release_[0], &c, 1) != 1)
		return fail(&req->ctx, ERR_INTERNAL, "pipe");
	return reply_json(req, rep, json_own(&req->ctx, json_object_new_object()));
}

static enum err answer_quick(struct req *req, struct rep *rep)
{
	return reply_json(req, rep, json_own(&req->ctx, json_object_new_object()));
}

static enum err answer_sleep(struct req *req, struct rep *rep)
{
	static const struct statement SLEEP = {"test_sleep", "select pg_sleep(60), 'overload_dbtest' as who", 0, 0};
	TRY(pg_query(&req->ctx, req->house.pool, &SLEEP, NULL, NULL));
	return answer_quick(req, rep);
}

static const struct field ANY[] = {REPLY("ok", FIELD_BOOL, .doc = "x"), FIELD_END};
#define ROW(path_, class_, run_) {.method = METHOD_GET, .path = (path_), .access = ACCESS_PUBLIC, .class = (class_), .run = (run_), \
	.shape = REPLY_FIELDS, .reply = ANY, .limit = &LIMIT_NONE, .doc = "x"}
static const struct route ROUTES[] = {
	ROW("/hold/analytics", CLASS_ANALYTICS, answer_hold), ROW("/hold/list", CLASS_LIST_, answer_hold), ROW("/hold/read", CLASS_READ, answer_hold),
	ROW("/hold/widget", CLASS_WIDGET, answer_hold), ROW("/analytics", CLASS_ANALYTICS, answer_quick), ROW("/list", CLASS_LIST_, answer_quick),
	ROW("/widget", CLASS_WIDGET, answer_quick), ROW("/auth", CLASS_AUTH, answer_quick), ROW("/ops", CLASS_OPS, answer_quick),
	ROW("/sleep", CLASS_READ, answer_sleep),
	{.method = METHOD_GET, .path = "/page", .access = ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_ANALYTICS, .run = answer_quick,
		.shape = REPLY_PAGE, .limit = &LIMIT_NONE, .doc = "x"}, ROUTE_END};
static const struct route *const TABLES[] = {ROUTES, NULL};
static const struct family FAMILY = {.name = "test", .doc = "A test.", .tables = TABLES};

#define THREADS 8 /* as many as connections: 5 for figures, 6 with lists, 7 with reads */

static int ask_for(const char *path)
{
	struct buffer out = {0};
	int fd = connect_to_server();
	assert_true(fd >= 0);
	request_write(&out, &(struct request){"GET", path});
	assert_int_equal(send(fd, out.data, out.length, 0), out.length);
	buffer_free(&out);
	return fd;
}

static int answer_of(int fd, struct buffer *reply)
{
	buffer_reset(reply);
	reply_read(fd, reply);
	close(fd);
	return reply->length > 11 ? (int)strtol(reply->data + 8, NULL, 10) : 0;
}

static int get(const char *path, struct buffer *reply)
{
	return answer_of(ask_for(path), reply);
}

static char next_entered(void)
{
	char c = 0;
	assert_int_equal(read(entered[0], &c, 1), 1);
	return c;
}

/* One after the other, so that none has to wait in line. */
static void hold_all(int held[THREADS])
{
	for (int i = 0; i < THREADS; i++) {
		held[i] = ask_for("/hold/widget");
		assert_int_equal(next_entered(), 'w');
	}
}

static void let_go(int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(write(release_[1], "r", 1), 1);
}

static void refused(int fd, const char *retry_after)
{
	struct buffer reply = {0};
	assert_int_equal(answer_of(fd, &reply), 503);
	assert_non_null(strstr(reply.data, "application/problem+json"));
	assert_non_null(strstr(reply.data, "\"code\":\"unavailable\""));
	assert_non_null(strstr(reply.data, retry_after));
	buffer_free(&reply);
}

static void restart(const char *queue, const char *wait)
{
	if (server)
		assert_int_equal(server_stop(SIGTERM), 0);
	setenv("STOA_WEB_QUEUE", queue, 1);
	setenv("STOA_WEB_QUEUE_WAIT", wait, 1);
	setenv("STOA_WEB_QUEUE_TARGET", wait, 1);
	server_start(&FAMILY);
}

/* Figures that take long hold their places and no more: the others are answered, further ones refused while all that lasts. */
static void figures_leave_places(void **state)
{
	struct buffer reply = {0};
	int slow[12];
	(void)state;
	restart("512", "150ms");
	for (int i = 0; i < 5; i++)
		slow[i] = ask_for("/hold/analytics");
	for (int i = 0; i < 5; i++)
		assert_int_equal(next_entered(), 'a');
	for (int i = 5; i < 12; i++)
		slow[i] = ask_for("/hold/analytics");
	for (int i = 0; i < 5; i++)
		assert_int_equal(get(i % 2 ? "/widget" : "/auth", &reply), 200);
	assert_int_equal(get("/list", &reply), 200);
	for (int i = 5; i < 12; i++)
		refused(slow[i], "Retry-After: 4\r\n");
	let_go(5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(answer_of(slow[i], &reply), 200);
	assert_int_equal(get("/analytics", &reply), 200);
	buffer_free(&reply);
}

/* No thread at all is free, and the line has room for two: the first to be shed are, whatever order they come in. */
static void shed_by_class(void **state)
{
	static const char *const PATHS[] = {"/hold/analytics", "/hold/list", "/hold/read", "/hold/widget"};
	struct buffer reply = {0};
	int held[THREADS], line[4];
	(void)state;
	restart("2", "60s");
	for (int round = 0; round < 4; round++) {
		hold_all(held);
		for (int i = 0; i < 4; i++)
			line[(i + round) % 4] = ask_for(PATHS[(i + round) % 4]);
		refused(line[0], "Retry-After: 4\r\n");
		refused(line[1], "Retry-After: 3\r\n");
		/* One thread comes free after the other. */
		let_go(1);
		assert_int_equal(next_entered(), 'w');
		let_go(1);
		assert_int_equal(next_entered(), 'r');
		let_go(THREADS);
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(answer_of(held[i], &reply), 200);
		assert_int_equal(answer_of(line[2], &reply), 200);
		assert_int_equal(answer_of(line[3], &reply), 200);
		for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES - 1; i++)
			if (ROUTES[i].run == answer_quick && ROUTES[i].access == ACCESS_PUBLIC)
				assert_int_equal(get(ROUTES[i].path, &reply), 200);
	}
	buffer_free(&reply);
}

/* No thread is free for good: all are refused, those that send slowly keep nobody out, and bodies are not in the way. */
static void refused_while_held(void **state)
{
	enum { HALF = 70, MANY = 40 };
	static char body[100000];
	struct buffer out = {0}, post = {0}, reply = {0};
	int held[THREADS], half[HALF], many[MANY];
	(void)state;
	restart("512", "50ms");
	hold_all(held);
	request_write(&out, &(struct request){"GET", "/widget"});
	for (int i = 0; i < HALF; i++) {
		half[i] = connect_to_server();
		assert_int_equal(send(half[i], out.data, out.length / 2, 0), out.length / 2);
	}
	memset(body, 'x', sizeof body);
	request_write(&post, &(struct request){"POST", "/hold/widget", "100000", "application/json", body, sizeof body});
	for (int i = 0; i < MANY; i++)
		many[i] = ask_for(i % 2 ? "/analytics" : "/widget");
	for (int i = 0; i < MANY; i++)
		refused(many[i], i % 2 ? "Retry-After: 4\r\n" : "Retry-After: 1\r\n");
	int fd = connect_to_server();
	assert_int_equal(send(fd, post.data, post.length, 0), post.length);
	assert_int_equal(answer_of(fd, &reply), 405);
	assert_int_equal(get("/nowhere", &reply), 404);
	/* Probes and scrapes have a thread of their own. */
	assert_int_equal(get("/ops", &reply), 200);
	/* The last of the slow ones goes on. */
	assert_int_equal(send(half[HALF - 1], out.data + out.length / 2, out.length - out.length / 2, 0), out.length - out.length / 2);
	refused(half[HALF - 1], "Retry-After: 1\r\n");
	for (int i = 0; i < HALF - 1; i++)
		close(half[i]);
	let_go(THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(answer_of(held[i], &reply), 200);
	assert_int_equal(get("/analytics", &reply), 200);
	buffer_free(&out);
	buffer_free(&post);
	buffer_free(&reply);
}

/* SIGTERM while some wait in line: they are answered, too. */
static void term_serves_the_line(void **state)
{
	struct buffer reply = {0};
	int held[THREADS], line[4];
	(void)state;
	restart("512", "60s");
	hold_all(held);
	for (int i = 0; i < 4; i++)
		line[i] = ask_for(i ? "/analytics" : "/widget");
	kill(server, SIGTERM);
	let_go(THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(answer_of(held[i], &reply), 200);
	for (int i = 0; i < 4; i++)
		assert_int_equal(answer_of(line[i], &reply), 200);
	assert_int_equal(server_stop(SIGTERM), 0);
	server = 0;
	buffer_free(&reply);
}

/* A request's deadline ends its statement at the server: twice the longest time of its class, for a read 1 s. */
static void deadline_ends_the_statement(void **state)
{
	struct buffer reply = {0};
	struct ctx ctx;
	(void)state;
	restart("512", "200ms");
	int fd = ask_for("/sleep");
	assert_int_equal(answer_of(fd, &reply), 504);
	assert_non_null(strstr(reply.data, "\"code\":\"timeout\""));
	assert_non_null(strstr(reply.data, "Retry-After: 1\r\n"));
	ctx_init(&ctx);
	struct pool *pool = pool_open(1);
	assert_string_equal(ask(&ctx, pool, "select count(*) from pg_stat_activity where query like '%overload_dbtest%' and state = 'active' "
		"and pid <> pg_backend_pid()"), "0");
	pool_close(pool);
	ctx_free(&ctx);
	buffer_free(&reply);
}

static uint64_t timed(void)
{
	struct metric_value value = {0};
	metric_find("stoa_http_request_duration_seconds", "route=\"/analytics\",method=\"GET\",class=\"analytics\"", &value);
	return value.count;
}

/* By hand: at once in every process, for those that start later, too, and until it is changed. */
static void switched_by_hand(void **state)
{
	struct buffer reply = {0};
	char message[256];
	(void)state;
	assert_true(metric_open(message));
	assert_true(brownout_open());
	assert_int_equal(get("/analytics", &reply), 200);
	uint64_t before = timed();
	brownout_set(PART_ANALYTICS, BROWNOUT_ON);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(get("/analytics", &reply), 503);
		assert_non_null(strstr(reply.data, "\"type\":\"/problems/switched-off\""));
		assert_non_null(strstr(reply.data, "Retry-After: 30\r\n"));
		assert_int_equal(get("/widget", &reply), 200);
		assert_int_equal(get("/list", &reply), 200);
		restart("512", "200ms");
	}
	assert_int_equal(timed(), before); /* what is refused is not quick */
	/* Who is not signed in can do so. */
	assert_int_equal(get("/page", &reply), 303);
	assert_non_null(strstr(reply.data, "Location: /login?next="));
	buffer_reset(&reply);
	metric_render(&reply);
	assert_non_null(strstr(reply.data, "stoa_brownout{part=\"analytics\"} 1\n"));
	assert_non_null(strstr(reply.data, "stoa_shed_total{program=\"test\",class=\"analytics\",reason=\"brownout\"} 2\n"));
	assert_int_equal(brownout_by_hand(PART_ANALYTICS), BROWNOUT_ON);
	brownout_set(PART_ANALYTICS, BROWNOUT_AUTO);
	assert_int_equal(get("/analytics", &reply), 200);
	brownout_set(PART_LISTS, BROWNOUT_ON);
	assert_int_equal(get("/list", &reply), 503);
	brownout_set(PART_LISTS, BROWNOUT_OFF);
	assert_int_equal(get("/list", &reply), 200);
	brownout_set(PART_LISTS, BROWNOUT_AUTO);
	metric_close();
	buffer_free(&reply);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	serve_conf();
	setting("STOA_WEB_DEADLINE_FACTOR", "2");
	setting("STOA_WEB_THREADS", "8");
	server_places();
	return pipe(entered) || pipe(release_);
}

static int teardown(void **state)
{
	(void)state;
	return server ? server_stop(SIGTERM) : 0; /* also when memory leaked */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(figures_leave_places), cmocka_unit_test(shed_by_class),
		cmocka_unit_test(refused_while_held), cmocka_unit_test(term_serves_the_line), cmocka_unit_test(deadline_ends_the_statement),
		cmocka_unit_test(switched_by_hand)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
