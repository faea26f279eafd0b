/* The FastCGI transport: threads that accept on one socket until SIGTERM. */
#define _GNU_SOURCE /* accept4 */

#include "web/site.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/turn.h"
#include "web/record.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADERS 96
#define KEEP_BYTES 65536 /* larger buffers are returned after the request */
#define READ_BYTES 16384
#define SILENCE_MS 30000 /* the web server sends or takes nothing for so long: hang up */
#define DRAIN_MS 2000
#define LOOK_MS 20
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define STACK_BYTES (2 << 20)
#else
#define STACK_BYTES (256 << 10)
#endif

struct exchange;

struct listener {
	struct site *site;
	int socket, stop; /* stop: an eventfd, readable for ever once set */
	atomic_bool stopping;
	char path[sizeof((struct sockaddr_un){0}.sun_path)]; /* of a socket that we made, or empty */
	ino_t inode;
	struct turn turn; /* to accept */
	atomic_bool idle; /* who has the turn waits for a connection */
	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct exchange *spare; /* the last used first: its memory is warm */
	int made, most, used;
};

/* A connection with its request and reply, used again and again. A deferred reply keeps it while its thread takes another. */
struct exchange {
	struct listener *listener;
	struct exchange *next; /* spare */
	int fd;
	struct inbound in;
	struct req req;
	struct rep rep;
	struct buffer out;
	struct { const char *name, *value; size_t length; } headers[HEADERS]; /* HTTP_…, without the prefix */
	int header_count;
	const char *content_type, *content_length;
};

static bool spelled(const char *env, const char *name)
{
	for (; *name; env++, name++) {
		char c = *name == '-' ? '_' : *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name;
		if (*env != c)
			return false;
	}
	return true;
}

static const char *header_find(const struct req *req, const char *name)
{
	const struct exchange *exchange = req->transport;
	size_t length = strlen(name);
	for (int i = 0; i < exchange->header_count; i++)
		if (exchange->headers[i].length == length && spelled(exchange->headers[i].name, name))
			return exchange->headers[i].value;
	if (!strcasecmp(name, "Content-Type"))
		return exchange->content_type;
	if (!strcasecmp(name, "Content-Length"))
		return exchange->content_length;
	return NULL;
}

/* Most parameters are of no interest. False: they are malformed. */
static bool parameters_read(struct exchange *exchange)
{
	struct req *req = &exchange->req;
	const char *name, *value, *uri = NULL, *script = "", *info = "";
	size_t at = 0;
	exchange->header_count = 0;
	exchange->content_type = exchange->content_length = NULL;
	req->method = "";
	req->query = req->address = "";
	req->https = false;
	while (inbound_pair(&exchange->in, &at, &name, &value)) {
		if (!strncmp(name, "HTTP_", 5)) {
			if (exchange->header_count == HEADERS)
				continue;
			exchange->headers[exchange->header_count].name = name + 5;
			exchange->headers[exchange->header_count].length = strlen(name + 5);
			exchange->headers[exchange->header_count++].value = value;
		} else if (!strcmp(name, "REQUEST_METHOD")) {
			req->method = value;
		} else if (!strcmp(name, "REQUEST_URI")) {
			uri = value;
		} else if (!strcmp(name, "QUERY_STRING")) {
			req->query = value;
		} else if (!strcmp(name, "CONTENT_TYPE")) {
			exchange->content_type = *value ? value : NULL;
		} else if (!strcmp(name, "CONTENT_LENGTH")) {
			exchange->content_length = *value ? value : NULL;
		} else if (!strcmp(name, "REMOTE_ADDR")) {
			req->address = value;
		} else if (!strcmp(name, "SCRIPT_NAME")) {
			script = value;
		} else if (!strcmp(name, "PATH_INFO")) {
			info = value;
		} else if (!strcmp(name, "HTTPS")) {
			req->https = !strcasecmp(value, "on");
		}
	}
	/* The raw path, where the server passes it: the others are decoded once already. */
	struct arena *arena = &req->ctx.arena;
	req->uri_path = uri ? arena_memdup(arena, uri, strcspn(uri, "?#")) : arena_printf(arena, "%s%s", script, info);
	return at == exchange->in.params.length;
}

static enum err body_length(struct exchange *exchange, size_t *length_out)
{
	const char *text = exchange->content_length;
	struct ctx *ctx = &exchange->req.ctx;
	int64_t length = 0;
	for (; text && *text; text++) {
		if (*text < '0' || *text > '9')
			return fail(ctx, ERR_BAD_INPUT, "Content-Length must be a number");
		length = 10 * length + (*text - '0');
		if (length > exchange->listener->site->max_body)
			return fail(ctx, ERR_TOO_LARGE, "The body may have %lld bytes", (long long)exchange->listener->site->max_body);
	}
	*length_out = (size_t)length;
	return OK;
}

/* More of the request; false at its end, whatever ended it. */
static bool read_more(struct exchange *exchange, bool *broken_out)
{
	unsigned char data[READ_BYTES];
	for (;;) {
		ssize_t got = recv(exchange->fd, data, sizeof data, MSG_DONTWAIT);
		if (got > 0) {
			*broken_out = !inbound_feed(&exchange->in, data, (size_t)got);
			return !*broken_out;
		}
		if (got == 0 || (errno != EINTR && errno != EAGAIN))
			return false;
		if (errno == EAGAIN && !turn_poll(exchange->fd, POLLIN, SILENCE_MS))
			return false;
	}
}

/* Faults of the body stay in ctx: dispatch answers them. False: nobody to answer. */
static bool request_read(struct exchange *exchange)
{
	struct req *req = &exchange->req;
	struct inbound *in = &exchange->in;
	size_t length = 0;
	bool broken = false;
	inbound_reset(in);
	in->body_most = (size_t)exchange->listener->site->max_body;
	while (!in->params_done)
		if (!read_more(exchange, &broken))
			return false;
	if (!parameters_read(exchange))
		return false;
	req->body = "";
	req->body_length = 0;
	if (body_length(exchange, &length) != OK)
		return true;
	while (!in->done && read_more(exchange, &broken))
		;
	if (broken)
		return false;
	if (in->body.length < length)
		fail(&req->ctx, ERR_BAD_INPUT, "The body was cut short");
	else if (length) {
		in->body.data[length] = '\0';
		req->body = in->body.data;
		req->body_length = length;
	}
	return true;
}

static bool send_pieces(int fd, struct iovec *pieces, int count)
{
	while (count) {
		struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EINTR && (errno != EAGAIN || !turn_poll(fd, POLLOUT, SILENCE_MS)))
			return false;
		for (; count && sent >= (ssize_t)pieces->iov_len; pieces++, count--)
			sent -= (ssize_t)pieces->iov_len;
		if (count && sent > 0) {
			pieces->iov_base = (char *)pieces->iov_base + sent;
			pieces->iov_len -= (size_t)sent;
		}
	}
	return true;
}

/* Standard output in records; the last one is followed by the end of the request. */
static bool records_write(struct exchange *exchange, const struct buffer *bytes, bool last)
{
	unsigned char head[RECORD_HEAD], end[RECORD_END];
	record_end(end, exchange->in.id);
	for (size_t at = 0, part; at < bytes->length; at += part) {
		size_t left = bytes->length - at;
		part = left < RECORD_MOST ? left : RECORD_MOST;
		record_head(head, exchange->in.id, part);
		struct iovec pieces[] = {{head, sizeof head}, {bytes->data + at, part}, {end, sizeof end}};
		if (!send_pieces(exchange->fd, pieces, last && part == left ? 3 : 2))
			return false;
	}
	struct iovec alone = {end, sizeof end};
	return bytes->length || !last || send_pieces(exchange->fd, &alone, 1);
}

/* Without the end of the request behind what was sent, the web server knows that the reply is cut. */
static void reply_write(struct exchange *exchange)
{
	struct req *req = &exchange->req;
	struct rep *rep = &exchange->rep;
	buffer_reset(&exchange->out);
	reply_send(req, rep, &exchange->out);
	bool more = rep->more && strcmp(req->method, "HEAD");
	bool sent = records_write(exchange, &exchange->out, !more);
	while (sent && more && reply_more(req, rep)) {
		more = rep->more != NULL;
		sent = records_write(exchange, &rep->body, !more);
	}
	reply_over(req, rep);
}

static void trim(struct buffer *buffer)
{
	if (buffer->room > KEEP_BYTES)
		buffer_free(buffer);
}

/* A connection that is closed with bytes unread is reset, and the reply with it: they are read first, for a while. */
static void hang_up(struct exchange *exchange)
{
	if (!exchange->in.done) {
		char data[READ_BYTES];
		int64_t until_us = clock_mono_us() + DRAIN_MS * 1000, left_us;
		shutdown(exchange->fd, SHUT_WR);
		while ((left_us = until_us - clock_mono_us()) > 0 && turn_poll(exchange->fd, POLLIN, (int)(left_us / 1000)) &&
			recv(exchange->fd, data, sizeof data, MSG_DONTWAIT) > 0)
			;
	}
	close(exchange->fd);
	ctx_reset(&exchange->req.ctx);
	trim(&exchange->rep.body);
	trim(&exchange->out);
	trim(&exchange->in.params);
	trim(&exchange->in.body);
}

static void exchange_return(struct exchange *exchange)
{
	struct listener *listener = exchange->listener;
	pthread_mutex_lock(&listener->lock);
	exchange->next = listener->spare;
	listener->spare = exchange;
	listener->used--;
	pthread_mutex_unlock(&listener->lock);
	pthread_cond_signal(&listener->returned);
}

/* A deferred reply is there: in whatever thread. */
static void exchange_answered(struct req *req)
{
	struct exchange *exchange = req->transport;
	reply_write(exchange);
	hang_up(exchange);
	exchange_return(exchange);
}

static struct exchange *exchange_make(struct listener *listener)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);
	if (!exchange)
		abort();
	exchange->listener = listener;
	ctx_init(&exchange->req.ctx);
	exchange->req.transport = exchange;
	exchange->req.header = header_find;
	exchange->req.answered = exchange_answered;
	return exchange;
}

/* Waits while as many as may be are in flight. */
static struct exchange *exchange_take(struct listener *listener)
{
	struct exchange *exchange;
	pthread_mutex_lock(&listener->lock);
	while (!listener->spare && listener->made == listener->most)
		pthread_cond_wait(&listener->returned, &listener->lock);
	exchange = listener->spare;
	if (exchange)
		listener->spare = exchange->next;
	else
		listener->made++;
	listener->used++;
	pthread_mutex_unlock(&listener->lock);
	return exchange ? exchange : exchange_make(listener);
}

/* Waits for what is in flight. */
static void exchanges_free(struct listener *listener)
{
	struct exchange *next;
	pthread_mutex_lock(&listener->lock);
	while (listener->used)
		pthread_cond_wait(&listener->returned, &listener->lock);
	pthread_mutex_unlock(&listener->lock);
	for (struct exchange *exchange = listener->spare; exchange; exchange = next) {
		next = exchange->next;
		ctx_free(&exchange->req.ctx);
		reply_free(&exchange->rep);
		buffer_free(&exchange->out);
		inbound_free(&exchange->in);
		free(exchange);
	}
}

/* False: the reply is deferred, and with it goes the exchange. */
static bool answer(struct exchange *exchange)
{
	if (request_read(exchange)) {
		if (!dispatch_begin(&exchange->req, &exchange->rep))
			return false;
		reply_write(exchange);
	}
	hang_up(exchange);
	return true;
}

static void wait_for_connection(struct listener *listener)
{
	struct pollfd at[] = {{.fd = listener->socket, .events = POLLIN}, {.fd = listener->stop, .events = POLLIN}};
	atomic_store_explicit(&listener->idle, true, memory_order_relaxed);
	poll(at, 2, -1);
	atomic_store_explicit(&listener->idle, false, memory_order_relaxed);
}

static void *acceptor_run(void *argument)
{
	struct listener *listener = argument;
	struct exchange *exchange = NULL;
	for (;;) {
		turn_take(&listener->turn);
		/* A socket of our own is unlinked before the stop, so what still waits there is finished: it has no other server. */
		bool stopping = atomic_load_explicit(&listener->stopping, memory_order_relaxed);
		if (stopping && !listener->path[0])
			break;
		if (!exchange)
			exchange = exchange_take(listener);
		exchange->fd = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
		if (exchange->fd >= 0)
			exchange = answer(exchange) ? exchange : NULL;
		else if (stopping)
			break;
		else if (errno == EAGAIN)
			wait_for_connection(listener);
		else if (errno != EINTR && errno != ECONNABORTED)
			usleep(10000); /* out of descriptors or memory: others may give some back */
	}
	if (exchange)
		exchange_return(exchange);
	return NULL;
}

static bool say(char message_out[256], const char *what)
{
	snprintf(message_out, 256, "%s: %s", what, strerror(errno));
	return false;
}

static bool socket_make(struct listener *listener, const char *path, char message_out[256])
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct stat state;
	char *end;
	const char *text = conf_string("web.socket_mode");
	long mode = strtol(text, &end, 8);
	if (end == text || *end || mode < 0 || mode > 0777 || strlen(path) >= sizeof name.sun_path) {
		snprintf(message_out, 256, "web.socket is too long, or web.socket_mode is not octal");
		return false;
	}
	memcpy(name.sun_path, path, strlen(path) + 1);
	if (lstat(path, &state) == 0 && (!S_ISSOCK(state.st_mode) || unlink(path)))
		return say(message_out, path);
	listener->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Nobody may connect before the mode is right. */
	mode_t before = umask(0777);
	bool made = listener->socket >= 0 && !bind(listener->socket, (struct sockaddr *)&name, sizeof name);
	umask(before);
	if (!made || chmod(path, (mode_t)mode) || listen(listener->socket, (int)conf_int("web.backlog")) || stat(path, &state))
		return say(message_out, path);
	memcpy(listener->path, path, strlen(path) + 1);
	listener->inode = state.st_ino;
	return true;
}

static bool socket_inherited(void)
{
	int listening = 0;
	socklen_t length = sizeof listening;
	return !getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) && listening;
}

static bool listener_open(struct listener *listener, char message_out[256])
{
	const char *path = conf_string("web.socket");
	if (*path && !socket_make(listener, path, message_out))
		return false;
	if (!*path && !socket_inherited()) {
		snprintf(message_out, 256, "web.socket is empty and descriptor 0 is no listening socket");
		return false;
	}
	int flags = fcntl(listener->socket, F_GETFL);
	listener->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (flags < 0 || fcntl(listener->socket, F_SETFL, flags | O_NONBLOCK) || listener->stop < 0)
		return say(message_out, "listening socket");
	return true;
}

/* Only if the path still leads to our socket: a successor may have taken it. */
static void listener_unlink(const struct listener *listener)
{
	struct stat state;
	if (listener->path[0] && !lstat(listener->path, &state) && state.st_ino == listener->inode)
		unlink(listener->path);
}

/* Figures that no request carries: published once a second by the thread that owns the signals. */
static void publish(struct site *site)
{
	char labels[128];
	struct cache_state state;
	const char *name = site->family->name;
	pool_publish(site->house.pool, name);
	cache_state(site->house.cache, &state);
	const struct { const char *name, *help; int64_t value; } LEVELS[] = {
		{"stoa_in_flight", "Requests being answered.", atomic_load(&site->in_flight)},
		{"stoa_cache_local_entries", "Entries in the first level of the cache.", (int64_t)state.local_entries},
		{"stoa_cache_local_bytes", "Bytes in the first level of the cache.", (int64_t)state.local_bytes},
		{"stoa_cache_reachable", "Processes that use memcached.", state.configured && state.reachable}};
	snprintf(labels, sizeof labels, "program=\"%s\"", name);
	for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
		level_set(metric_level(LEVELS[i].name, labels, LEVELS[i].help), LEVELS[i].value);
}

/* Also sees to it that a request which works for long without a wait that would pass the turn holds up the others for a moment only. */
static void wait_for_stop(struct listener *listener, const sigset_t *signals)
{
	int64_t published_us = 0;
	for (;;) {
		bool idle = atomic_load_explicit(&listener->idle, memory_order_relaxed);
		const struct timespec next = idle ? (struct timespec){.tv_sec = 1} : (struct timespec){.tv_nsec = LOOK_MS * 1000000};
		int number = sigtimedwait(signals, NULL, &next);
		if (number == SIGHUP)
			log_reopen();
		else if (number > 0)
			return;
		if (!atomic_load_explicit(&listener->idle, memory_order_relaxed))
			turn_move(&listener->turn);
		if (clock_mono_us() - published_us >= 1000000) {
			published_us = clock_mono_us();
			publish(listener->site);
		}
	}
}

static bool run_threads(struct listener *listener, pthread_t *threads, int count, const sigset_t *signals, char message_out[256])
{
	pthread_attr_t attributes;
	int started = 0;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (started < count && !pthread_create(&threads[started], &attributes, acceptor_run, listener))
		started++;
	pthread_attr_destroy(&attributes);
	if (started == count) {
		LOG(LOG_INFO, "listening", LOG_T("socket", listener->path[0] ? listener->path : "descriptor 0"), LOG_N("threads", count));
		wait_for_stop(listener, signals);
	} else {
		say(message_out, "threads");
	}
	listener_unlink(listener);
	atomic_store(&listener->stopping, true);
	uint64_t one = 1;
	if (write(listener->stop, &one, sizeof one) != sizeof one)
		say(message_out, "stop");
	turn_end(&listener->turn);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return started == count;
}

bool fastcgi_run(struct site *site, char message_out[256])
{
	struct listener listener = {.site = site, .lock = PTHREAD_MUTEX_INITIALIZER, .returned = PTHREAD_COND_INITIALIZER};
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 2);
	if (!listener_open(&listener, message_out))
		return false;
	int count = (int)conf_int("web.threads");
	listener.most = (int)conf_int("web.in_flight") > count ? (int)conf_int("web.in_flight") : count;
	pthread_t *threads = calloc((size_t)count, sizeof *threads);
	turn_init(&listener.turn);
	bool done = threads && run_threads(&listener, threads, count, &signals, message_out);
	exchanges_free(&listener);
	turn_free(&listener.turn);
	free(threads);
	close(listener.stop);
	if (listener.path[0])
		close(listener.socket);
	LOG(LOG_INFO, "stopped");
	return done;
}
