/* The FastCGI transport: threads that accept on one socket until SIGTERM. */
#include "web/site.h"

#include "base/log.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADERS 96
#define KEEP_BYTES 65536 /* larger buffers are returned after the request */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define STACK_BYTES (2 << 20)
#else
#define STACK_BYTES (256 << 10)
#endif

struct listener {
	struct site *site;
	int socket, stop; /* stop: an eventfd, readable for ever once set */
	atomic_bool stopping;
	char path[sizeof((struct sockaddr_un){0}.sun_path)]; /* of a socket that we made, or empty */
	ino_t inode;
};

/* One thread: its request and reply are used again and again. */
struct acceptor {
	struct listener *listener;
	pthread_t thread;
	int poll;
	FCGX_Request fcgi;
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
	const struct acceptor *acceptor = req->transport;
	size_t length = strlen(name);
	for (int i = 0; i < acceptor->header_count; i++)
		if (acceptor->headers[i].length == length && spelled(acceptor->headers[i].name, name))
			return acceptor->headers[i].value;
	if (!strcasecmp(name, "Content-Type"))
		return acceptor->content_type;
	if (!strcasecmp(name, "Content-Length"))
		return acceptor->content_length;
	return NULL;
}

static const char *after(const char *parameter, const char *name, size_t length)
{
	return strncmp(parameter, name, length) ? NULL : parameter + length;
}
#define PARAMETER(text, name) after(text, name "=", sizeof name)

/* One pass over the parameters; most are of no interest. */
static void parameters_read(struct acceptor *acceptor)
{
	struct req *req = &acceptor->req;
	const char *value, *uri = NULL, *script = "", *info = "";
	acceptor->header_count = 0;
	acceptor->content_type = acceptor->content_length = NULL;
	req->method = "";
	req->query = req->address = "";
	req->https = false;
	for (char **at = acceptor->fcgi.envp; *at; at++) {
		const char *text = *at;
		if ((value = after(text, "HTTP_", 5)) && acceptor->header_count < HEADERS) {
			const char *equals = strchr(value, '=');
			if (!equals)
				continue;
			acceptor->headers[acceptor->header_count].name = value;
			acceptor->headers[acceptor->header_count].length = (size_t)(equals - value);
			acceptor->headers[acceptor->header_count++].value = equals + 1;
		} else if ((value = PARAMETER(text, "REQUEST_METHOD"))) {
			req->method = value;
		} else if ((value = PARAMETER(text, "REQUEST_URI"))) {
			uri = value;
		} else if ((value = PARAMETER(text, "QUERY_STRING"))) {
			req->query = value;
		} else if ((value = PARAMETER(text, "CONTENT_TYPE"))) {
			acceptor->content_type = *value ? value : NULL;
		} else if ((value = PARAMETER(text, "CONTENT_LENGTH"))) {
			acceptor->content_length = *value ? value : NULL;
		} else if ((value = PARAMETER(text, "REMOTE_ADDR"))) {
			req->address = value;
		} else if ((value = PARAMETER(text, "SCRIPT_NAME"))) {
			script = value;
		} else if ((value = PARAMETER(text, "PATH_INFO"))) {
			info = value;
		} else if ((value = PARAMETER(text, "HTTPS"))) {
			req->https = !strcasecmp(value, "on");
		}
	}
	/* The raw path, where the server passes it: the others are decoded once already. */
	struct arena *arena = &req->ctx.arena;
	req->uri_path = uri ? arena_memdup(arena, uri, strcspn(uri, "?#")) : arena_printf(arena, "%s%s", script, info);
}

static enum err body_length(struct acceptor *acceptor, int64_t *length_out)
{
	const char *text = acceptor->content_length;
	struct ctx *ctx = &acceptor->req.ctx;
	int64_t length = 0;
	for (; text && *text; text++) {
		if (*text < '0' || *text > '9')
			return fail(ctx, ERR_BAD_INPUT, "Content-Length must be a number");
		length = 10 * length + (*text - '0');
		if (length > acceptor->listener->site->max_body)
			return fail(ctx, ERR_TOO_LARGE, "The body may have %lld bytes", (long long)acceptor->listener->site->max_body);
	}
	*length_out = length;
	return OK;
}

/* Faults stay in ctx: dispatch answers them. */
static void body_read(struct acceptor *acceptor)
{
	struct req *req = &acceptor->req;
	int64_t length = 0;
	req->body = "";
	req->body_length = 0;
	if (body_length(acceptor, &length) != OK || !length)
		return;
	char *body = arena_alloc(&req->ctx.arena, (size_t)length + 1);
	int64_t got = FCGX_GetStr(body, (int)length, acceptor->fcgi.in);
	if (got != length) {
		fail(&req->ctx, ERR_BAD_INPUT, "The body was cut short");
		return;
	}
	req->body = body;
	req->body_length = (size_t)length;
}

static void trim(struct buffer *buffer)
{
	if (buffer->room > KEEP_BYTES)
		buffer_free(buffer);
}

static void answer(struct acceptor *acceptor)
{
	struct req *req = &acceptor->req;
	parameters_read(acceptor);
	body_read(acceptor);
	dispatch(req, &acceptor->rep);
	buffer_reset(&acceptor->out);
	reply_send(req, &acceptor->rep, &acceptor->out);
	FCGX_PutStr(acceptor->out.data, (int)acceptor->out.length, acceptor->fcgi.out);
	FCGX_Finish_r(&acceptor->fcgi);
	ctx_reset(&req->ctx);
	trim(&acceptor->rep.body);
	trim(&acceptor->out);
}

/* Every thread waits on an epoll of its own with EPOLLEXCLUSIVE: a connection wakes one thread and not all of them. */
static bool wait_for_connection(struct acceptor *acceptor)
{
	struct epoll_event event;
	while (!atomic_load_explicit(&acceptor->listener->stopping, memory_order_relaxed)) {
		int ready = epoll_wait(acceptor->poll, &event, 1, -1);
		if (ready == 1)
			return event.data.fd == acceptor->listener->socket;
		if (ready < 0 && errno != EINTR)
			return false;
	}
	return false;
}

static void *acceptor_run(void *argument)
{
	struct acceptor *acceptor = argument;
	struct listener *listener = acceptor->listener;
	for (;;) {
		/* A socket of our own is unlinked before the stop, so what still waits there is finished: it has no other server. */
		bool stopping = atomic_load_explicit(&listener->stopping, memory_order_relaxed);
		if (stopping && !listener->path[0])
			break;
		int status = FCGX_Accept_r(&acceptor->fcgi);
		if (status == 0)
			answer(acceptor);
		else if (stopping)
			break;
		else if (status == -EAGAIN)
			wait_for_connection(acceptor);
		else if (status != -EINTR && status != -ECONNABORTED)
			usleep(10000); /* out of descriptors or memory: others may give some back */
	}
	FCGX_Free(&acceptor->fcgi, 1);
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

static bool acceptor_start(struct acceptor *acceptor, struct listener *listener, const pthread_attr_t *attributes)
{
	struct epoll_event connection = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listener->socket};
	struct epoll_event stop = {.events = EPOLLIN, .data.fd = listener->stop};
	acceptor->listener = listener;
	acceptor->poll = epoll_create1(EPOLL_CLOEXEC);
	ctx_init(&acceptor->req.ctx);
	acceptor->req.transport = acceptor;
	acceptor->req.header = header_find;
	FCGX_InitRequest(&acceptor->fcgi, listener->socket, FCGI_FAIL_ACCEPT_ON_INTR);
	return acceptor->poll >= 0 && !epoll_ctl(acceptor->poll, EPOLL_CTL_ADD, listener->socket, &connection) &&
		!epoll_ctl(acceptor->poll, EPOLL_CTL_ADD, listener->stop, &stop) &&
		!pthread_create(&acceptor->thread, attributes, acceptor_run, acceptor);
}

static void acceptor_free(struct acceptor *acceptor)
{
	if (acceptor->poll >= 0)
		close(acceptor->poll);
	ctx_free(&acceptor->req.ctx);
	reply_free(&acceptor->rep);
	buffer_free(&acceptor->out);
}

/* Figures that no request carries: published once a second by the thread that owns the signals. */
static void publish(struct site *site)
{
	char labels[128];
	int open, used, waiting;
	struct cache_state state;
	const char *name = site->family->name;
	pool_count(site->house.pool, &open, &used, &waiting);
	cache_state(site->house.cache, &state);
	const struct { const char *name, *label, *help; int64_t value; } GAUGES[] = {
		{"stoa_http_in_flight", "", "Requests being answered.", atomic_load(&site->in_flight)},
		{"stoa_pool_connections", ",state=\"open\"", "Database connections of the process that wrote last.", open},
		{"stoa_pool_connections", ",state=\"used\"", "Database connections of the process that wrote last.", used},
		{"stoa_pool_waiting", "", "Threads that wait for a database connection.", waiting},
		{"stoa_cache_local_entries", "", "Entries in the first level of the cache.", (int64_t)state.local_entries},
		{"stoa_cache_local_bytes", "", "Bytes in the first level of the cache.", (int64_t)state.local_bytes},
		{"stoa_cache_reachable", "", "1 while memcached is in use.", state.configured && state.reachable}};
	for (size_t i = 0; i < sizeof GAUGES / sizeof *GAUGES; i++) {
		snprintf(labels, sizeof labels, "program=\"%s\"%s", name, GAUGES[i].label);
		gauge_set(metric_gauge(GAUGES[i].name, labels, GAUGES[i].help), GAUGES[i].value);
	}
}

static void wait_for_stop(struct site *site, const sigset_t *signals)
{
	for (;;) {
		const struct timespec second = {.tv_sec = 1};
		int number = sigtimedwait(signals, NULL, &second);
		if (number == SIGHUP)
			log_reopen();
		else if (number > 0)
			return;
		publish(site);
	}
}

static bool run_threads(struct listener *listener, struct acceptor *acceptors, int count, const sigset_t *signals,
	char message_out[256])
{
	pthread_attr_t attributes;
	int started = 0;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	while (started < count && acceptor_start(&acceptors[started], listener, &attributes))
		started++;
	pthread_attr_destroy(&attributes);
	if (started == count) {
		LOG(LOG_INFO, "listening", LOG_T("socket", listener->path[0] ? listener->path : "descriptor 0"), LOG_N("threads", count));
		wait_for_stop(listener->site, signals);
	} else {
		say(message_out, "threads");
	}
	listener_unlink(listener);
	atomic_store(&listener->stopping, true);
	uint64_t one = 1;
	if (write(listener->stop, &one, sizeof one) != sizeof one)
		say(message_out, "stop");
	for (int i = 0; i < started; i++)
		pthread_join(acceptors[i].thread, NULL);
	for (int i = 0; i < started + (started < count); i++)
		acceptor_free(&acceptors[i]);
	return started == count;
}

bool fastcgi_run(struct site *site, char message_out[256])
{
	struct listener listener = {.site = site};
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 2);
	if (FCGX_Init()) {
		snprintf(message_out, 256, "libfcgi cannot start");
		return false;
	}
	if (!listener_open(&listener, message_out))
		return false;
	int count = (int)conf_int("web.threads");
	struct acceptor *acceptors = calloc((size_t)count, sizeof *acceptors);
	bool done = acceptors && run_threads(&listener, acceptors, count, &signals, message_out);
	free(acceptors);
	close(listener.stop);
	if (listener.path[0])
		close(listener.socket);
	LOG(LOG_INFO, "stopped");
	return done;
}
