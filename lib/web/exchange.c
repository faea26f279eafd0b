#include "web/exchange.h"

#include "base/clock.h"
#include "web/door.h"
#include "web/usage.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define KEEP_BYTES 65536 /* larger buffers are returned after the request */
#define READ_BYTES 16384
#define SILENCE_MS 30000 /* the web server sends or takes nothing for so long: hang up */

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

enum feeding { FED, NOTHING_YET, ENDED, BROKEN };

/* What is there of the request. */
static enum feeding feed(struct exchange *exchange)
{
	unsigned char data[READ_BYTES];
	ssize_t got;
	while ((got = recv(exchange->fd, data, sizeof data, MSG_DONTWAIT)) < 0 && errno == EINTR)
		;
	if (got > 0)
		return inbound_feed(&exchange->in, data, (size_t)got) ? FED : BROKEN;
	return got < 0 && errno == EAGAIN ? NOTHING_YET : ENDED;
}

static enum feeding feed_wait(struct exchange *exchange)
{
	enum feeding feeding;
	while ((feeding = feed(exchange)) == NOTHING_YET)
		if (!turn_poll(exchange->fd, POLLIN, SILENCE_MS))
			return ENDED;
	return feeding;
}

void exchange_begin(struct exchange *exchange, int fd)
{
	exchange->fd = fd;
	inbound_reset(&exchange->in);
	exchange->in.body_most = (size_t)exchange->listener->site->max_body;
	exchange->req.body = "";
	exchange->req.body_length = 0;
	exchange->req.accept_wait_us = 0;
	usage_begin(&exchange->req);
}

enum reading exchange_read(struct exchange *exchange)
{
	while (!exchange->in.params_done) {
		enum feeding feeding = feed(exchange);
		if (feeding != FED)
			return feeding == NOTHING_YET ? READING_MORE : READING_FAILED;
	}
	return parameters_read(exchange) ? READING_DONE : READING_FAILED;
}

static bool body_read(struct exchange *exchange)
{
	struct req *req = &exchange->req;
	struct inbound *in = &exchange->in;
	enum feeding feeding = FED;
	size_t length = 0;
	if (body_length(exchange, &length) != OK)
		return true;
	while (!in->done && feeding == FED)
		feeding = feed_wait(exchange);
	if (feeding == BROKEN)
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

bool request_read(struct exchange *exchange)
{
	while (!exchange->in.params_done)
		if (feed_wait(exchange) != FED)
			return false;
	return parameters_read(exchange) && body_read(exchange);
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

void reply_write(struct exchange *exchange)
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

void exchange_close(struct exchange *exchange)
{
	close(exchange->fd);
	ctx_reset(&exchange->req.ctx);
	trim(&exchange->rep.body);
	trim(&exchange->out);
	trim(&exchange->in.params);
	trim(&exchange->in.body);
}

bool exchange_drain(struct exchange *exchange)
{
	char data[READ_BYTES];
	ssize_t got = recv(exchange->fd, data, sizeof data, MSG_DONTWAIT);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void hang_up(struct exchange *exchange)
{
	if (!exchange->in.done) {
		int64_t until_us = clock_mono_us() + DRAIN_MS * 1000, left_us;
		shutdown(exchange->fd, SHUT_WR);
		while ((left_us = until_us - clock_mono_us()) > 0 && turn_poll(exchange->fd, POLLIN, (int)(left_us / 1000)) &&
			exchange_drain(exchange))
			;
	}
	exchange_close(exchange);
}

bool exchange_run(struct exchange *exchange)
{
	struct places *places = &exchange->listener->site->places;
	int order = exchange->req.order;
	bool here = dispatch_begin(&exchange->req, &exchange->rep);
	/* A deferred one is somebody else's by now; one that gave up its place says so. */
	places_leave(places, here ? exchange->req.order : order);
	if (!here)
		return false;
	reply_write(exchange);
	hang_up(exchange);
	return true;
}

bool exchange_work(struct exchange *exchange)
{
	usage_take(&exchange->req);
	if (body_read(exchange))
		return exchange_run(exchange);
	places_leave(&exchange->listener->site->places, exchange->req.order);
	hang_up(exchange);
	return true;
}

static void put_spare(struct exchange *exchange)
{
	exchange->next = exchange->listener->spare;
	exchange->listener->spare = exchange;
}

void exchange_put_back(struct exchange *exchange)
{
	pthread_mutex_lock(&exchange->listener->lock);
	put_spare(exchange);
	pthread_mutex_unlock(&exchange->listener->lock);
}

void exchange_leave(struct exchange *exchange)
{
	struct listener *listener = exchange->listener;
	pthread_mutex_lock(&listener->lock);
	listener->used--;
	pthread_mutex_unlock(&listener->lock);
	pthread_cond_signal(&listener->returned);
}

void exchange_return(struct exchange *exchange)
{
	struct listener *listener = exchange->listener;
	pthread_mutex_lock(&listener->lock);
	put_spare(exchange);
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

/* With the lock, which is given up. */
static struct exchange *spare_or_new(struct listener *listener)
{
	struct exchange *exchange = listener->spare;
	if (exchange)
		listener->spare = exchange->next;
	pthread_mutex_unlock(&listener->lock);
	return exchange ? exchange : exchange_make(listener);
}

struct exchange *exchange_take(struct listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	while (listener->used >= listener->most) {
		door_ring(listener->door);
		pthread_cond_wait(&listener->returned, &listener->lock);
	}
	listener->used++;
	return spare_or_new(listener);
}

struct exchange *exchange_spare(struct listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	return spare_or_new(listener);
}

void exchange_change(struct listener *listener, struct exchange *own)
{
	pthread_mutex_lock(&listener->lock);
	if (own)
		put_spare(own);
	else
		listener->used++;
	pthread_mutex_unlock(&listener->lock);
}

void exchanges_free(struct listener *listener)
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
