/* A responder in a process of its own, and a FastCGI client that speaks to it. */
#ifndef STOA_TESTS_FASTCGI_H
#define STOA_TESTS_FASTCGI_H

#include "tests/lib/database.h"

#include "web/web.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

static char socket_path[100], log_path[256];
static pid_t server;

/* Where it listens and writes, in the test's folder. */
static inline void server_places(void)
{
	snprintf(socket_path, sizeof socket_path, "%s/run/test.sock", getenv("STOA_TEST_DIR"));
	snprintf(log_path, sizeof log_path, "%s/fastcgi.log", getenv("STOA_TEST_DIR"));
	setenv("STOA_WEB_SOCKET", socket_path, 1);
	setenv("STOA_WEB_LOG_FILE", log_path, 1);
}

static inline int connect_to_server(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(name.sun_path, sizeof name.sun_path, "%s", socket_path);
	if (connect(fd, (struct sockaddr *)&name, sizeof name)) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline void server_start(const struct family *family)
{
	fflush(NULL);
	server = fork();
	if (server == 0) {
		char *argv[] = {"stoa-test", NULL};
		exit(serve_main(1, argv, family));
	}
	int fd;
	WAIT_FOR((fd = connect_to_server()) >= 0);
	close(fd);
}

static inline int server_stop(int signal_number)
{
	int status;
	kill(server, signal_number);
	assert_int_equal(waitpid(server, &status, 0), server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static inline void record(struct buffer *out, int type, const void *data, size_t bytes)
{
	const unsigned char head[8] = {1, (unsigned char)type, 0, 1, (unsigned char)(bytes >> 8), (unsigned char)bytes, 0, 0};
	buffer_add(out, head, sizeof head);
	buffer_add(out, data, bytes);
}

static inline void add_length(struct buffer *out, size_t length)
{
	if (length > 127) {
		buffer_char(out, (char)(length >> 24 | 0x80));
		buffer_char(out, (char)(length >> 16));
		buffer_char(out, (char)(length >> 8));
	}
	buffer_char(out, (char)length);
}

static inline void parameter(struct buffer *out, const char *name, const char *value)
{
	if (!value)
		return;
	add_length(out, strlen(name));
	add_length(out, strlen(value));
	buffer_text(out, name);
	buffer_text(out, value);
}

struct request {
	const char *method, *uri, *length, *type, *body;
	size_t body_bytes;
	const char *more[7]; /* further parameters */
	bool cut;            /* close without the end of the body */
};

static inline void request_write(struct buffer *out, const struct request *request)
{
	static const unsigned char BEGIN[8] = {0, 1, 0};
	struct buffer parameters = {0};
	record(out, 1, BEGIN, sizeof BEGIN);
	parameter(&parameters, "REQUEST_METHOD", request->method);
	parameter(&parameters, "REQUEST_URI", request->uri);
	parameter(&parameters, "CONTENT_LENGTH", request->length);
	parameter(&parameters, "CONTENT_TYPE", request->type);
	parameter(&parameters, "REMOTE_ADDR", "192.0.2.1");
	for (int i = 0; request->more[i]; i += 2)
		parameter(&parameters, request->more[i], request->more[i + 1]);
	record(out, 4, parameters.data, parameters.length);
	record(out, 4, "", 0);
	for (size_t at = 0; at < request->body_bytes; at += 32768)
		record(out, 5, request->body + at, request->body_bytes - at < 32768 ? request->body_bytes - at : 32768);
	if (!request->cut)
		record(out, 5, "", 0);
	buffer_free(&parameters);
}

/* Everything that the server writes to its standard output for one request; a peer that stops reading us is not an error. */
static inline void reply_read(int fd, struct buffer *out)
{
	unsigned char head[8];
	while (recv(fd, head, sizeof head, MSG_WAITALL) == sizeof head && head[1] != 3) {
		size_t bytes = (size_t)head[4] << 8 | head[5];
		char data[65536 + 256];
		assert_int_equal(recv(fd, data, bytes + head[6], MSG_WAITALL), bytes + head[6]);
		if (head[1] == 6)
			buffer_add(out, data, bytes);
	}
}

static inline int ask_server(const struct request *request, struct buffer *reply)
{
	struct buffer out = {0};
	int fd = connect_to_server();
	assert_true(fd >= 0);
	request_write(&out, request);
	(void)!send(fd, out.data, out.length, MSG_NOSIGNAL);
	if (request->cut)
		shutdown(fd, SHUT_WR);
	buffer_reset(reply);
	reply_read(fd, reply);
	close(fd);
	buffer_free(&out);
	return reply->length > 11 ? (int)strtol(reply->data + 8, NULL, 10) : 0;
}

#endif
