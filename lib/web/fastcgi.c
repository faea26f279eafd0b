/* The FastCGI transport: threads that accept on one socket until SIGTERM. */
#define _GNU_SOURCE /* accept4 */

#include "base/clock.h"
#include "base/log.h"
#include "web/door.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 20
#define IDLE_LOOK_MS 100 /* for a request that comes between two looks */
/* Connections that one thread accepted in a row, so that some may have been waiting for long. */
#define MANY 16

/* False: the exchange goes elsewhere, into the line or with a reply that is deferred. */
static bool answer(struct exchange *exchange)
{
	struct listener *listener = exchange->listener;
	if (!request_read(exchange)) {
		hang_up(exchange);
		return true;
	}
	int order = dispatch_match(&exchange->req, &exchange->rep);
	if (places_enter(&listener->site->places, order))
		return exchange_run(exchange);
	exchange_leave(exchange);
	door_put(listener->door, exchange);
	return false;
}

/* For a connection, or for one in line, which it then returns. */
static struct exchange *wait_idle(struct listener *listener)
{
	struct door *door = listener->door;
	struct pollfd at[] = {{.fd = listener->socket, .events = POLLIN}, {.fd = listener->stop, .events = POLLIN},
		{.fd = door ? door_work(door) : -1, .events = POLLIN}};
	atomic_store_explicit(&listener->in_a_row, 0, memory_order_relaxed);
	/* Who puts one in line looks at idle after that, so one of the two sees the other. */
	atomic_store(&listener->idle, true);
	struct exchange *next = door ? door_take(door) : NULL;
	if (!next)
		poll(at, 3, -1);
	atomic_store_explicit(&listener->idle, false, memory_order_relaxed);
	if (at[2].revents)
		door_work_seen(door);
	return next;
}

/* Instead of one's own. What of it is left for the next request. */
static struct exchange *serve_next(struct exchange *own, struct exchange *next)
{
	exchange_change(next->listener, own);
	return exchange_work(next) ? next : NULL;
}

static struct exchange *serve_accepted(struct exchange *exchange, int fd)
{
	struct listener *listener = exchange->listener;
	if (atomic_fetch_add_explicit(&listener->in_a_row, 1, memory_order_relaxed) % MANY == MANY - 1)
		door_ring(listener->door);
	exchange_begin(exchange, fd);
	return answer(exchange) ? exchange : NULL;
}

static void *acceptor_run(void *argument)
{
	struct listener *listener = argument;
	struct exchange *exchange = NULL, *next;
	for (;;) {
		turn_take(&listener->turn);
		/* A socket of our own is unlinked before the stop, so what still waits there is finished: it has no other server. */
		bool stopping = atomic_load_explicit(&listener->stopping, memory_order_relaxed);
		if (listener->door && (next = door_take(listener->door))) {
			exchange = serve_next(exchange, next);
			continue;
		}
		if (stopping && !listener->path[0])
			break;
		if (!exchange)
			exchange = exchange_take(listener);
		int fd = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			exchange = serve_accepted(exchange, fd);
		else if (stopping)
			break;
		else if (errno == EAGAIN && (next = wait_idle(listener)))
			exchange = serve_next(exchange, next);
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
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
static void publish(struct listener *listener)
{
	struct site *site = listener->site;
	char labels[128];
	struct cache_state state;
	const char *name = site->family->name;
	pool_publish(site->house.pool, name);
	cache_state(site->house.cache, &state);
	const struct { const char *name, *help; int64_t value; } LEVELS[] = {
		{"stoa_cache_local_entries", "Entries in the first level of the cache.", (int64_t)state.local_entries},
		{"stoa_cache_local_bytes", "Bytes in the first level of the cache.", (int64_t)state.local_bytes},
		{"stoa_cache_reachable", "Processes that use memcached.", state.configured && state.reachable}};
	snprintf(labels, sizeof labels, "program=\"%s\"", name);
	for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
		level_set(metric_level(LEVELS[i].name, labels, LEVELS[i].help), LEVELS[i].value);
	level_set(metric_level("stoa_in_flight", labels, "Requests being answered."), atomic_load(&site->in_flight));
	level_set(metric_level("stoa_queued", labels, "Requests in line for a thread."), listener->door ? door_waiting(listener->door) : 0);
	unsigned requests = atomic_exchange_explicit(&site->last, 0, memory_order_relaxed);
	unsigned late = atomic_exchange_explicit(&site->last_late, 0, memory_order_relaxed);
	brownout_tick(brownout_pressed(requests, late), clock_mono_us() / 1000);
}

/* Also sees to it that a request which works for long without a wait that would pass the turn holds up the others for a moment only. */
static void wait_for_stop(struct listener *listener, const sigset_t *signals)
{
	int64_t published_us = 0;
	for (;;) {
		bool idle = atomic_load_explicit(&listener->idle, memory_order_relaxed) && !atomic_load(&listener->site->in_flight);
		const struct timespec next = {.tv_nsec = (idle ? IDLE_LOOK_MS : LOOK_MS) * 1000000};
		int number = sigtimedwait(signals, NULL, &next);
		if (number == SIGHUP)
			log_reopen();
		else if (number > 0)
			return;
		if (!atomic_load_explicit(&listener->idle, memory_order_relaxed))
			turn_move(&listener->turn);
		if (listener->site->pipeline)
			pipeline_look(listener->site->pipeline);
		if (clock_mono_us() - published_us >= 1000000) {
			published_us = clock_mono_us();
			publish(listener);
		}
	}
}

static bool run_threads(struct listener *listener, pthread_t *threads, int count, const sigset_t *signals, char message_out[256])
{
	pthread_attr_t attributes;
	int started = 0;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	bool open = !listener->door || door_start(listener->door);
	while (open && started < count && !pthread_create(&threads[started], &attributes, acceptor_run, listener))
		started++;
	pthread_attr_destroy(&attributes);
	if (started == count) {
		LOG(LOG_INFO, "listening", LOG_T("socket", listener->path[0] ? listener->path : "descriptor 0"), LOG_N("threads", count));
		wait_for_stop(listener, signals);
	} else {
		say(message_out, "threads");
	}
	listener_unlink(listener);
	door_close(listener->door);
	atomic_store(&listener->stopping, true);
	uint64_t one = 1;
	if (write(listener->stop, &one, sizeof one) != sizeof one)
		say(message_out, "stop");
	turn_end(&listener->turn);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	door_free(listener->door);
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
	listener.backlog = (int)conf_int("web.backlog");
	places_make(&site->places, count == 1 ? 0 : count < conf_int("db.pool_size") ? count : (int)conf_int("db.pool_size"));
	listener.door = count == 1 ? NULL : door_open(&listener);
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
