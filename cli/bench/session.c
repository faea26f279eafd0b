#include "cli/bench/run.h"

#include "base/clock.h"
#include "text/json.h"

#include <errno.h>
#include <json-c/json_pointer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

static void session_end(struct run *run, struct session *session, enum ending ending, int64_t now_us);

void session_open(struct run *run, struct session *session)
{
	*session = (struct session){.fd = -1, .heap_at = -1, .values = values_new(run->scenario)};
}

static void connection_close(struct session *session)
{
	if (session->fd >= 0)
		close(session->fd);
	session->fd = -1;
}

void session_close(struct run *run, struct session *session)
{
	connection_close(session);
	values_free(run->scenario, session->values);
	buffer_free(&session->out);
	answer_free(&session->answer);
	for (int i = 0; i < session->cookie_count; i++) {
		free(session->cookies[i][0].text);
		free(session->cookies[i][1].text);
	}
}

/* The request. */

static void render(struct run *run, struct session *session, const struct step *step)
{
	struct buffer *out = &session->out, body = {0};
	buffer_reset(out);
	buffer_text(out, step->method);
	buffer_char(out, ' ');
	values_render(&run->draw, session->values, &step->path, out);
	buffer_text(out, " HTTP/1.1\r\nHost: ");
	buffer_text(out, run->options->host.authority);
	buffer_text(out, "\r\nUser-Agent: stoa-bench\r\n");
	for (int i = 0; i < step->header_count; i++) {
		buffer_text(out, step->headers[i].name);
		buffer_add(out, ": ", 2);
		values_render(&run->draw, session->values, &step->headers[i].value, out);
		buffer_add(out, "\r\n", 2);
	}
	for (int i = 0; i < session->cookie_count; i++) {
		buffer_text(out, i ? "; " : "Cookie: ");
		buffer_add(out, session->cookies[i][0].text, session->cookies[i][0].length);
		buffer_char(out, '=');
		buffer_add(out, session->cookies[i][1].text, session->cookies[i][1].length);
	}
	if (session->cookie_count)
		buffer_add(out, "\r\n", 2);
	if (step->has_body) {
		values_render(&run->draw, session->values, &step->body, &body);
		if (step->media) {
			buffer_text(out, "Content-Type: ");
			buffer_text(out, step->media);
			buffer_add(out, "\r\n", 2);
		}
		buffer_text(out, "Content-Length: ");
		buffer_int(out, (int64_t)body.length);
		buffer_add(out, "\r\n", 2);
	} else if (step->method[0] == 'P')
		buffer_text(out, "Content-Length: 0\r\n");
	buffer_add(out, "\r\n", 2);
	buffer_add(out, body.data ? body.data : "", body.length);
	buffer_free(&body);
}

static void talk(struct run *run, struct session *session);

static void connection_open(struct run *run, struct session *session)
{
	const struct target_host *host = &run->options->host;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = session};
	session->fd = socket(host->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (session->fd < 0) {
		session_end(run, session, END_CONNECT, clock_mono_us());
		return;
	}
	if (host->address.ss_family != AF_UNIX)
		setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	int connected = connect(session->fd, (const struct sockaddr *)(const void *)&host->address, host->length);
	if ((connected && errno != EINPROGRESS) || epoll_ctl(run->epoll, EPOLL_CTL_ADD, session->fd, &event)) {
		connection_close(session);
		session_end(run, session, END_CONNECT, clock_mono_us());
		return;
	}
	session->state = SESSION_CONNECTING;
	session->reused = false;
	if (!connected)
		talk(run, session);
}

/* The connection went. A server may close an idle connection just when the next request is on its way, which then was not seen by it. */
static void connection_lost(struct run *run, struct session *session, bool reset)
{
	connection_close(session);
	if (session->reused && !session->again && !session->heard) {
		session->again = true;
		session->sent = 0;
		connection_open(run, session);
		return;
	}
	bool whole = session->heard && !reset && answer_end(&session->answer) == ANSWER_WHOLE;
	session_end(run, session, whole ? END_GOOD : END_CUT, clock_mono_us());
}

static void hear(struct run *run, struct session *session, uint32_t events);

static void talk(struct run *run, struct session *session)
{
	session->state = SESSION_TALKING;
	while (session->sent < session->out.length) {
		ssize_t sent = send(session->fd, session->out.data + session->sent, session->out.length - session->sent, MSG_NOSIGNAL);
		if (sent > 0)
			session->sent += (size_t)sent;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR) {
			/* It may have answered before it closed. */
			hear(run, session, EPOLLHUP);
			return;
		}
	}
}

static void request(struct run *run, struct session *session, int64_t intended_us)
{
	const struct step *step = &session->steps->items[session->step];
	session->intended_us = intended_us;
	session->measured = session->journey >= 0 && run_measures(run, intended_us);
	session->asked = true;
	session->again = session->heard = false;
	session->sent = 0;
	render(run, session, step);
	answer_reset(&session->answer, run->scenario->cookies || step->capture_count, !strcmp(step->method, "HEAD"));
	run->in_flight++;
	if (session->journey >= 0) {
		run->second.intended += !session->counted;
		run->second.sent++;
	}
	session->counted = false;
	timer_set(run, session, intended_us + (run->mode == RUN_PREPARING ? PREPARING_US : run->scenario->timeout_us));
	session->reused = session->fd >= 0;
	if (session->reused)
		talk(run, session);
	else
		connection_open(run, session);
}

/* The answer. */

void cookie_put(struct session *session, const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
	int at = 0;
	while (at < session->cookie_count && (session->cookies[at][0].length != name_bytes || memcmp(session->cookies[at][0].text, name, name_bytes)))
		at++;
	if (at == COOKIES_MOST)
		return;
	session->cookie_count += at == session->cookie_count;
	value_set(&session->cookies[at][0], name, name_bytes);
	value_set(&session->cookies[at][1], value, value_bytes);
}

static void cookie_take(struct session *session, const char *line, size_t bytes)
{
	size_t pair = memchr(line, ';', bytes) ? (size_t)((const char *)memchr(line, ';', bytes) - line) : bytes;
	const char *equals = memchr(line, '=', pair);
	if (equals && equals != line && pair <= VALUE_BYTES)
		cookie_put(session, line, (size_t)(equals - line), equals + 1, pair - (size_t)(equals - line) - 1);
}

static bool capture_pointer(struct run *run, struct session *session, const struct capture *capture)
{
	struct json_object *root, *found;
	struct ctx *ctx = &run->parsing;
	const struct buffer *body = &session->answer.body;
	bool good = false;
	if (body->length == session->answer.bytes && json_read(ctx, body->data, body->length, JSON_DEPTH, &root) == OK && root &&
		!json_pointer_get(root, capture->from, &found) && found && !json_object_is_type(found, json_type_object) &&
		!json_object_is_type(found, json_type_array)) {
		const char *text = json_object_get_string(found);
		good = strlen(text) <= VALUE_BYTES;
		if (good)
			value_set(&session->values[capture->variable], text, strlen(text));
	}
	ctx_forgive(ctx);
	arena_reset(&ctx->arena);
	return good;
}

static bool capture_take(struct run *run, struct session *session, const struct capture *capture)
{
	const char *text = NULL, *end;
	size_t bytes = 0;
	if (capture->kind == CAPTURE_POINTER) {
		if (!capture_pointer(run, session, capture))
			return false;
		text = session->values[capture->variable].text;
		bytes = session->values[capture->variable].length;
	} else if (capture->kind == CAPTURE_HEADER)
		text = answer_header(&session->answer, capture->from, 0, &bytes);
	else if (session->answer.body.data && (text = strstr(session->answer.body.data, capture->from))) {
		text += strlen(capture->from);
		end = strstr(text, capture->before);
		bytes = end ? (size_t)(end - text) : SIZE_MAX;
	}
	if (!text || bytes > VALUE_BYTES)
		return false;
	/* It may come to stand in a header. */
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 127)
			return false;
	if (capture->kind != CAPTURE_POINTER)
		value_set(&session->values[capture->variable], text, bytes);
	return true;
}

static bool expected(const struct step *step, int status)
{
	for (int i = 0; i < step->expect_count; i++)
		if (step->expect[i] == status)
			return true;
	return !step->expect_count && status < 400;
}

/* What the answer amounts to. */
static enum ending examine(struct run *run, struct session *session)
{
	const struct step *step = &session->steps->items[session->step];
	size_t bytes;
	const char *cookie;
	for (int n = 0; run->scenario->cookies && (cookie = answer_header(&session->answer, "Set-Cookie", n, &bytes)); n++)
		cookie_take(session, cookie, bytes);
	if (!expected(step, session->answer.status))
		return (enum ending)session->answer.status;
	for (int i = 0; i < step->capture_count; i++)
		if (!capture_take(run, session, &step->captures[i]))
			return END_CAPTURE;
	return END_GOOD;
}

static void trouble_note(struct run *run, const struct session *session, enum ending ending)
{
	static const char *const WHAT[] = {"no answer in time", "no connection", "the connection was cut", "not HTTP", "nothing to capture", "busy"};
	const struct step *step = &session->steps->items[session->step];
	const struct buffer *path = &session->out;
	const char *space = path->data ? strchr(path->data, ' ') : NULL;
	const char *fault = ending == END_MALFORMED ? session->answer.fault : NULL;
	char answered[16];
	snprintf(answered, sizeof answered, "%d", (int)ending);
	if (!*run->trouble)
		snprintf(run->trouble, sizeof run->trouble, "%s %.*s: %s%s%.80s", step->method, space ? (int)strcspn(space + 1, " ") : 0, space ? space + 1 : "",
			ending < END_TIMEOUT ? answered : WHAT[ending - END_TIMEOUT], fault ? ": " : "", fault ? fault : "");
}

/* Steps. */

static int64_t range_draw(struct run *run, const struct range *range)
{
	return range->least == range->most ? range->least : draw_between(&run->draw, range->least, range->most);
}

static void go_on(struct run *run, struct session *session, int64_t now_us)
{
	int64_t due_us = now_us;
	bool thought = !session->asked;
	while (session->step < session->steps->count && session->steps->items[session->step].pause) {
		due_us += range_draw(run, &session->steps->items[session->step++].think);
		thought = true;
	}
	bool over = session->step == session->steps->count;
	if (run->mode == RUN_CLOSING && session->asked && !over) {
		session_free(run, session);
		return;
	}
	if (!over && !thought)
		due_us += range_draw(run, &run->scenario->think);
	if (due_us > clock_mono_us()) {
		session->state = SESSION_THINKING;
		timer_set(run, session, due_us);
	} else if (over)
		session_done(run, session, false);
	else
		request(run, session, due_us);
}

void session_begin(struct run *run, struct session *session, const struct steps *steps, int journey, int64_t intended_us)
{
	session->steps = steps;
	session->step = 0;
	session->journey = journey;
	session->asked = false;
	values_begin(run->scenario, session->values);
	go_on(run, session, intended_us);
}

static void session_end(struct run *run, struct session *session, enum ending ending, int64_t now_us)
{
	const struct step *step = &session->steps->items[session->step];
	timer_clear(run, session);
	run->in_flight--;
	if (ending == END_GOOD)
		ending = examine(run, session);
	/* A request that was answered before it was sent whole would go on in the next one. */
	if (session->fd >= 0 && (session->answer.close || session->sent < session->out.length || (ending >= END_TIMEOUT && ending != END_CAPTURE)))
		connection_close(session);
	if (session->journey >= 0)
		run_count(run, session, step->row, ending, now_us);
	else if (ending != END_GOOD)
		trouble_note(run, session, ending);
	if (ending != END_GOOD) {
		session_done(run, session, true);
		return;
	}
	session->step++;
	go_on(run, session, now_us);
}

void session_wake(struct run *run, struct session *session)
{
	int64_t wake_us = session->wake_us;
	timer_clear(run, session);
	if (session->state != SESSION_THINKING) {
		connection_close(session);
		session_end(run, session, END_TIMEOUT, clock_mono_us());
	} else if (run->mode == RUN_CLOSING && wake_us >= run->end_us)
		session_free(run, session);
	else if (!session->steps || session->step == session->steps->count)
		session_done(run, session, false);
	else
		request(run, session, wake_us);
}

static void hear(struct run *run, struct session *session, uint32_t events)
{
	for (;;) {
		ssize_t got = recv(session->fd, run->scratch, sizeof run->scratch, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			connection_lost(run, session, got < 0);
			return;
		}
		int64_t now_us = clock_mono_us();
		if (!session->heard)
			session->heard_us = now_us;
		session->heard = true;
		enum answer_state state = answer_take(&session->answer, run->scratch, (size_t)got);
		if (state != ANSWER_MORE) {
			if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
				session->answer.close = true;
			session_end(run, session, state == ANSWER_WHOLE ? END_GOOD : END_MALFORMED, now_us);
			return;
		}
		if ((size_t)got < sizeof run->scratch && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			return;
	}
}

void session_event(struct run *run, struct session *session, uint32_t events)
{
	if (session->fd < 0)
		return;
	if (session->state == SESSION_CONNECTING) {
		int trouble = 0;
		socklen_t length = sizeof trouble;
		getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &trouble, &length);
		if (trouble) {
			connection_close(session);
			session_end(run, session, END_CONNECT, clock_mono_us());
		} else if (events & EPOLLOUT)
			talk(run, session);
		return;
	}
	if (session->state != SESSION_TALKING) {
		/* Nothing was asked: it closes, or says what nobody wants to hear. */
		if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			connection_close(session);
		return;
	}
	if (events & EPOLLOUT && session->sent < session->out.length) {
		const int fd = session->fd;
		talk(run, session);
		if (session->fd != fd || session->state != SESSION_TALKING)
			return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		hear(run, session, events);
}
