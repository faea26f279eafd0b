/* The FastCGI transport over a real socket: bodies and lengths as peers get them wrong, concurrency, signals. */
#include "tests/lib/fastcgi.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

static int entered[2], release_[2]; /* pipes between the blocking handler and the test */

static enum err answer_echo(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(reply, "method", json_object_new_string(req->method));
	json_object_object_add(reply, "path", json_object_new_string(req->uri_path));
	json_object_object_add(reply, "address", json_object_new_string(req->address));
	json_object_object_add(reply, "https", json_object_new_boolean(req->https));
	json_object_object_add(reply, "bytes", json_object_new_int64((int64_t)req->body_length));
	const char *thing = req->header(req, "X-Some-Thing");
	json_object_object_add(reply, "thing", json_object_new_string(thing ? thing : "absent"));
	return reply_json(req, rep, reply);
}

static enum err answer_block(struct req *req, struct rep *rep)
{
	char c = 'e';
	if (write(entered[1], &c, 1) != 1 || read(release_[0], &c, 1) != 1)
		return fail(&req->ctx, ERR_INTERNAL, "pipe");
	return answer_echo(req, rep);
}

static void *complete(void *argument)
{
	struct req *req = argument;
	bool refuse = req->header(req, "X-Some-Thing") != NULL;
	reply_complete(req, refuse ? fail(&req->ctx, ERR_CONFLICT, "Refused later") : OK);
	return NULL;
}

/* Another thread ends the request, before or after this one has returned. */
static enum err answer_defer(struct req *req, struct rep *rep)
{
	pthread_t thread;
	TRY(answer_echo(req, rep));
	reply_defer(req);
	if (pthread_create(&thread, NULL, complete, req))
		abort();
	pthread_detach(thread);
	return OK;
}

#define PART 50000 /* bytes of a part of /stream */

struct stream {
	int made, parts, fails_at; /* the part that fails, 0 = none */
};

/* A part says what its buffer and its unit of work have grown to so far. */
static enum err stream_part(struct ctx *ctx, const struct req *req, void *state, struct buffer *out, bool *done_out)
{
	struct stream *stream = state;
	char line[64];
	(void)req;
	if (++stream->made == stream->fails_at)
		return fail(ctx, ERR_CONFLICT, "Part %d", stream->made);
	buffer_add(out, memset(arena_alloc(&ctx->arena, PART), 'x', PART), PART);
	snprintf(line, sizeof line, "%08zu %08zu %08zu\n", out->room, ctx->arena.used, out->length + 27);
	buffer_text(out, line);
	*done_out = stream->made == stream->parts;
	return OK;
}

/* /stream/1400 or /stream/3-2, of which the second part fails */
static enum err answer_stream(struct req *req, struct rep *rep)
{
	struct stream *stream = arena_alloc(&req->ctx.arena, sizeof *stream);
	sscanf(req->uri_path, "/stream/%d-%d", &stream->parts, &stream->fails_at);
	return reply_stream(req, rep, stream_part, stream);
}

struct echo_input {
	const char *fill;
	const char *id;
};
static const struct field FILL[] = {INPUT(struct echo_input, fill, "fill", IN_BODY, FIELD_TEXT, .most = 1 << 20, .doc = "x"), FIELD_END};
static const struct field ID[] = {INPUT(struct echo_input, id, "id", IN_PATH, FIELD_TEXT, .doc = "x"), FIELD_END};
static const struct field ANY[] = {REPLY("bytes", FIELD_INT, .doc = "x"), FIELD_END};
#define ROW(method_, path_, run_, ...) {.method = (method_), .path = (path_), .access = ACCESS_PUBLIC, .class = CLASS_OPS, .run = (run_), \
	.shape = REPLY_FIELDS, .reply = ANY, .limit = &LIMIT_NONE, .doc = "x", ##__VA_ARGS__}
static const struct route ROUTES[] = {
	ROW(METHOD_GET, "/echo", answer_echo),
	ROW(METHOD_POST, "/echo", answer_echo, .input = FILL, .input_size = sizeof(struct echo_input)),
	ROW(METHOD_GET, "/echo/:id", answer_echo, .input = ID, .input_size = sizeof(struct echo_input)),
	ROW(METHOD_GET, "/block", answer_block),
	ROW(METHOD_GET, "/defer", answer_defer),
	ROW(METHOD_GET, "/stream/:id", answer_stream, .input = ID, .input_size = sizeof(struct echo_input)),
	ROUTE_END};
static const struct route *const TABLES[] = {ROUTES, NULL};
static const struct family FAMILY = {.name = "test", .doc = "A test.", .tables = TABLES};

#define ECHO(...) ask_server(&(struct request){__VA_ARGS__}, &reply)
#define JSON .type = "application/json"

static void requests_arrive(void **state)
{
	struct buffer reply = {0};
	char long_value[400] = "";
	(void)state;
	memset(long_value, 'v', sizeof long_value - 1);
	assert_int_equal(ECHO("GET", "/echo", .more = {"HTTP_X_SOME_THING", long_value, "HTTPS", "on"}), 200);
	assert_non_null(strstr(reply.data, long_value));
	assert_non_null(strstr(reply.data, "\"https\":true"));
	assert_non_null(strstr(reply.data, "\"address\":\"192.0.2.1\""));
	assert_non_null(strstr(reply.data, "Strict-Transport-Security"));
	buffer_free(&reply);
}

static void paths(void **state)
{
	struct buffer reply = {0};
	(void)state;
	assert_int_equal(ECHO("GET", NULL, .more = {"SCRIPT_NAME", "/echo", "PATH_INFO", "/7"}), 200);
	assert_non_null(strstr(reply.data, "\"path\":\"/echo/7\""));
	assert_int_equal(ECHO("GET", NULL), 404);
	assert_int_equal(ECHO("GET", "/echo/a%20b?", .more = {"QUERY_STRING", ""}), 200);
	assert_int_equal(ECHO("GET", "/echo/%"), 400);
	assert_int_equal(ECHO("GET", ""), 404);
	assert_int_equal(ECHO(NULL, "/echo"), 405);
	assert_int_equal(ECHO("HEAD", "/echo"), 200);
	assert_non_null(strstr(reply.data, "Content-Length: 9"));
	assert_string_equal(strstr(reply.data, "\r\n\r\n"), "\r\n\r\n");
	buffer_free(&reply);
}

static void bodies(void **state)
{
	struct buffer reply = {0};
	static char large[300000];
	(void)state;
	memset(large, 'x', sizeof large);
	memcpy(large, "{\"fill\":\"", 9);
	memcpy(large + sizeof large - 2, "\"}", 2);
	assert_int_equal(ECHO("POST", "/echo", "12", JSON, "{\"fill\":\"a\"}", 12), 200);
	assert_non_null(strstr(reply.data, "\"bytes\":12"));
	assert_int_equal(ECHO("POST", "/echo", "300000", JSON, large, sizeof large), 200);
	assert_non_null(strstr(reply.data, "\"bytes\":300000"));
	/* cut short, by an early end and by a lost connection */
	assert_int_equal(ECHO("POST", "/echo", "13", JSON, "{\"fill\":\"a\"}", 12), 400);
	assert_non_null(strstr(reply.data, "cut short"));
	ECHO("POST", "/echo", "300000", JSON, large, 1000, .cut = true);
	/* more than announced: the rest is not ours */
	assert_int_equal(ECHO("POST", "/echo", "12", JSON, "{\"fill\":\"a\"}garbage", 19), 200);
	static const struct { const char *length; int status; } LENGTHS[] = {
		{"12x", 400}, {"-1", 400}, {" 12", 400}, {"0x0c", 400}, {"99999999999999999999999", 413}, {"2000000", 413}, {"", 200}, {NULL, 200},
		{"0", 200}, {"00012", 200}};
	for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
		print_message("%s\n", LENGTHS[i].length ? LENGTHS[i].length : "none");
		assert_int_equal(ECHO("POST", "/echo", LENGTHS[i].length, JSON, "{\"fill\":\"a\"}", 12), LENGTHS[i].status);
	}
	assert_int_equal(ECHO("POST", "/echo", "13", JSON, "{\"fill\":\"\0\"}a", 13), 400);
	buffer_free(&reply);
}

/* Peers that leave at any moment cost nothing but themselves. */
static void peers_that_leave(void **state)
{
	struct buffer out = {0}, reply = {0};
	(void)state;
	request_write(&out, &(struct request){"GET", "/echo"});
	for (size_t bytes = 0; bytes <= out.length; bytes++) {
		int fd = connect_to_server();
		(void)!send(fd, out.data, bytes, MSG_NOSIGNAL);
		close(fd);
	}
	assert_int_equal(ECHO("GET", "/echo"), 200);
	buffer_free(&out);
	buffer_free(&reply);
}

static void *client_run(void *argument)
{
	struct buffer reply = {0};
	int *failed = argument;
	for (int i = 0; i < 50; i++) {
		char length[16], body[64];
		snprintf(body, sizeof body, "{\"fill\":\"%.*s\"}", i, "0123456789012345678901234567890123456789012345678901");
		snprintf(length, sizeof length, "%zu", strlen(body));
		char wanted[32];
		snprintf(wanted, sizeof wanted, "\"bytes\":%s,", length);
		*failed += i && (ECHO("POST", "/echo", length, JSON, body, strlen(body)) != 200 || !strstr(reply.data, wanted));
	}
	buffer_free(&reply);
	return NULL;
}

static void many_clients(void **state)
{
	enum { CLIENTS = 20 };
	pthread_t threads[CLIENTS];
	int failed[CLIENTS] = {0};
	(void)state;
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, client_run, &failed[i]), 0);
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(failed[i], 0);
	}
}

/* More at once than threads: each gets its own reply, or its own problem. */
static void deferred_replies(void **state)
{
	enum { ROUNDS = 10, AT_ONCE = 12 };
	struct buffer plain = {0}, refused = {0}, reply = {0};
	(void)state;
	request_write(&plain, &(struct request){"GET", "/defer"});
	request_write(&refused, &(struct request){"GET", "/defer", .more = {"HTTP_X_SOME_THING", "no"}});
	for (int round = 0; round < ROUNDS; round++) {
		int fds[AT_ONCE];
		for (int i = 0; i < AT_ONCE; i++) {
			const struct buffer *out = i % 3 ? &plain : &refused;
			fds[i] = connect_to_server();
			assert_int_equal(send(fds[i], out->data, out->length, 0), out->length);
		}
		for (int i = 0; i < AT_ONCE; i++) {
			buffer_reset(&reply);
			reply_read(fds[i], &reply);
			assert_memory_equal(reply.data, i % 3 ? "Status: 200" : "Status: 409", 11);
			assert_non_null(strstr(reply.data, i % 3 ? "\"path\":\"/defer\"" : "Refused later"));
			close(fds[i]);
		}
	}
	buffer_free(&plain);
	buffer_free(&refused);
	buffer_free(&reply);
}

static bool read_whole(int fd, void *data, size_t bytes)
{
	return recv(fd, data, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

/* Bytes of output, of which the first are kept; whether the request was ended, and not just the connection. */
static size_t stream_read(int fd, char start[512], bool *ended_out)
{
	unsigned char head[8];
	static char data[65536 + 256];
	size_t total = 0;
	memset(start, 0, 512);
	while (read_whole(fd, head, sizeof head) && head[1] != 3) {
		size_t bytes = (size_t)head[4] << 8 | head[5];
		assert_true(read_whole(fd, data, bytes + head[6]));
		if (total < 511)
			memcpy(start + total, data, bytes < 511 - total ? bytes : 511 - total);
		total += bytes;
	}
	*ended_out = head[1] == 3;
	return total;
}

static int stream_ask(const char *method, const char *path)
{
	struct buffer out = {0};
	int fd = connect_to_server();
	request_write(&out, &(struct request){method, path});
	assert_int_equal(send(fd, out.data, out.length, 0), out.length);
	buffer_free(&out);
	return fd;
}

static size_t stream_get(const char *method, const char *path, char start[512], bool *ended_out)
{
	int fd = stream_ask(method, path);
	size_t bytes = stream_read(fd, start, ended_out);
	close(fd);
	return bytes;
}

/* More than any buffer may hold (BUFFER_LIMIT), in parts whose buffer and memory stay as small as the first one's. */
static void long_replies(void **state)
{
	enum { PARTS = 1400 };
	struct buffer reply = {0};
	unsigned char head[8];
	char data[65536], line[28] = "";
	size_t total = 0, kept = 0;
	bool head_past = false;
	(void)state;
	int fd = stream_ask("GET", "/stream/1400");
	/* The last 27 bytes of each part are its line; records may begin and end anywhere. */
	while (read_whole(fd, head, sizeof head) && head[1] == 6) {
		size_t bytes = (size_t)head[4] << 8 | head[5];
		assert_true(read_whole(fd, data, bytes + head[6]));
		size_t at = 0;
		if (!head_past) {
			buffer_add(&reply, data, bytes);
			const char *end = strstr(reply.data, "\r\n\r\n");
			assert_non_null(end);
			at = (size_t)(end + 4 - reply.data);
			head_past = true;
		}
		for (; at < bytes; at++, total++) {
			if (total % (PART + 27) < PART)
				continue;
			line[kept++ % 27] = data[at];
			if (kept % 27)
				continue;
			size_t room, used, length;
			assert_int_equal(sscanf(line, "%zu %zu %zu", &room, &used, &length), 3);
			assert_in_range(room, PART, 4 * PART);
			assert_in_range(used, PART, 2 * PART);
			assert_int_equal(length, PART + 27);
		}
	}
	close(fd);
	assert_int_equal(head[1], 3);
	assert_true(total > BUFFER_LIMIT);
	assert_int_equal(total, (size_t)PARTS * (PART + 27));
	assert_int_equal(kept, 27 * PARTS);
	assert_memory_equal(reply.data, "Status: 200", 11);
	assert_null(strstr(reply.data, "Content-Length"));
	buffer_free(&reply);
}

static void long_replies_that_fail(void **state)
{
	char start[512];
	bool ended;
	(void)state;
	/* The first part: as any other error. */
	stream_get("GET", "/stream/3-1", start, &ended);
	assert_true(ended);
	assert_memory_equal(start, "Status: 409", 11);
	/* A later one: cut, for all to see. */
	size_t bytes = stream_get("GET", "/stream/3-2", start, &ended);
	assert_false(ended);
	assert_memory_equal(start, "Status: 200", 11);
	assert_in_range(bytes, PART, 2 * PART);
	/* One part alone has a length; asking for the head makes no more parts than that. */
	stream_get("GET", "/stream/1", start, &ended);
	assert_true(ended && strstr(start, "Content-Length: 50027"));
	bytes = stream_get("HEAD", "/stream/1000000", start, &ended);
	assert_true(ended && bytes < 512);
	assert_memory_equal(start, "Status: 200", 11);
}

/* Two threads: who reads slowly has one of them, and a second slow reader is asked to come again. */
static void long_replies_leave_threads(void **state)
{
	struct buffer reply = {0};
	char start[512];
	bool ended;
	(void)state;
	int slow = stream_ask("GET", "/stream/1000000");
	char c;
	assert_int_equal(recv(slow, &c, 1, MSG_PEEK), 1);
	stream_get("GET", "/stream/2", start, &ended);
	assert_memory_equal(start, "Status: 503", 11);
	assert_non_null(strstr(start, "Retry-After: "));
	stream_get("GET", "/stream/1", start, &ended);
	assert_memory_equal(start, "Status: 200", 11);
	assert_int_equal(ECHO("GET", "/echo"), 200);
	close(slow);
	WAIT_FOR((stream_get("GET", "/stream/2", start, &ended), !memcmp(start, "Status: 200", 11)));
	buffer_free(&reply);
}

static void socket_is_ours_alone(void **state)
{
	struct stat info;
	(void)state;
	assert_int_equal(lstat(socket_path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void hangup_reopens_the_log(void **state)
{
	struct buffer reply = {0};
	char moved[300];
	struct stat info;
	(void)state;
	snprintf(moved, sizeof moved, "%s.1", log_path);
	assert_int_equal(rename(log_path, moved), 0);
	kill(server, SIGHUP);
	/* The file is there a moment before lines go to it. */
	WAIT_FOR(ECHO("GET", "/echo") == 200 && stat(log_path, &info) == 0 && info.st_size > 0);
	buffer_free(&reply);
}

/* SIGTERM: the request in flight and the one that waits for a thread are both answered; then the program ends with 0. */
static void term_finishes_what_is_in_flight(void **state)
{
	struct buffer out = {0}, reply = {0};
	struct stat info;
	int fds[3];
	char c;
	(void)state;
	request_write(&out, &(struct request){"GET", "/block"});
	for (int i = 0; i < 3; i++) {
		fds[i] = connect_to_server();
		assert_int_equal(send(fds[i], out.data, out.length, 0), out.length);
	}
	for (int i = 0; i < 2; i++) /* two threads: the third request waits in the socket */
		assert_int_equal(read(entered[0], &c, 1), 1);
	kill(server, SIGTERM);
	WAIT_FOR(lstat(socket_path, &info) != 0);
	assert_int_equal(write(release_[1], "rrr", 3), 3);
	for (int i = 0; i < 3; i++) {
		buffer_reset(&reply);
		reply_read(fds[i], &reply);
		assert_memory_equal(reply.data, "Status: 200", 11);
		close(fds[i]);
	}
	assert_int_equal(server_stop(SIGTERM), 0);
	assert_int_equal(read(entered[0], &c, 1), 1);
	buffer_free(&out);
	buffer_free(&reply);
	server_start(&FAMILY);
}

/* A long request makes room for another thread, and its end takes that room back: no request may fall between. */
static void room_comes_and_goes(void **state)
{
	struct buffer out = {0}, reply = {0};
	const struct timeval patience = {.tv_sec = 20};
	char c;
	(void)state;
	assert_int_equal(server_stop(SIGTERM), 0);
	setenv("STOA_WEB_THREADS", "8", 1);
	server_start(&FAMILY);
	request_write(&out, &(struct request){"GET", "/block"});
	for (int round = 0; round < 10; round++) {
		int fd = connect_to_server();
		assert_int_equal(send(fd, out.data, out.length, 0), out.length);
		assert_int_equal(read(entered[0], &c, 1), 1);
		usleep(60000); /* long enough to count as a long one; if it is not, this round proves less */
		assert_int_equal(write(release_[1], "r", 1), 1);
		buffer_reset(&reply);
		reply_read(fd, &reply);
		close(fd);
		usleep(60000);
		for (int i = 0; i < 4; i++) {
			struct buffer quick = {0};
			fd = connect_to_server();
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
			request_write(&quick, &(struct request){"GET", "/echo"});
			assert_int_equal(send(fd, quick.data, quick.length, 0), quick.length);
			buffer_reset(&reply);
			reply_read(fd, &reply);
			close(fd);
			buffer_free(&quick);
			assert_true(reply.length > 11);
		}
	}
	buffer_free(&out);
	buffer_free(&reply);
	assert_int_equal(server_stop(SIGTERM), 0);
	setenv("STOA_WEB_THREADS", "2", 1);
	server_start(&FAMILY);
}

/* What a program that cannot serve says, and that it ends. */
static void refusals_to_start(void **state)
{
	(void)state;
	assert_int_equal(server_stop(SIGINT), 0);
	static const struct { const char *name, *value; } ROWS[] = {
		{"STOA_WEB_SOCKET", ""}, {"STOA_WEB_SOCKET_MODE", "rw"}, {"STOA_WEB_LOG_LEVEL", "loud"}, {"STOA_OPS_ALLOW", "everybody"},
		{"STOA_WEB_PUBLIC_URL", "stoa.example"}, {"STOA_WEB_THREADS", "0"}, {"STOA_SECRET_KEY_FILE", "/nonexistent/key"}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char before[512];
		const char *value = getenv(ROWS[i].name);
		snprintf(before, sizeof before, "%s", value ? value : "");
		setenv(ROWS[i].name, ROWS[i].value, 1);
		int status;
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) {
			char *argv[] = {"stoa-test", NULL};
			close(0);
			open("/dev/null", O_RDONLY);
			dup2(open("/dev/null", O_WRONLY), 2);
			exit(serve_main(1, argv, &FAMILY));
		}
		waitpid(child, &status, 0);
		print_message("%s\n", ROWS[i].name);
		assert_true(WIFEXITED(status));
		assert_in_range(WEXITSTATUS(status), 1, 2);
		if (value)
			setenv(ROWS[i].name, before, 1);
		else
			unsetenv(ROWS[i].name);
	}
	server_start(&FAMILY);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	server_places();
	setenv("STOA_WEB_THREADS", "2", 1);
	setenv("STOA_WEB_QUEUE_WAIT", "60s", 1);
	if (pipe(entered) || pipe(release_))
		return 1;
	server_start(&FAMILY);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return server_stop(SIGTERM); /* also when memory leaked */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requests_arrive), cmocka_unit_test(paths), cmocka_unit_test(bodies),
		cmocka_unit_test(peers_that_leave), cmocka_unit_test(many_clients), cmocka_unit_test(deferred_replies), cmocka_unit_test(long_replies),
		cmocka_unit_test(long_replies_that_fail), cmocka_unit_test(long_replies_leave_threads), cmocka_unit_test(socket_is_ours_alone),
		cmocka_unit_test(hangup_reopens_the_log), cmocka_unit_test(term_finishes_what_is_in_flight), cmocka_unit_test(room_comes_and_goes),
		cmocka_unit_test(refusals_to_start)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
