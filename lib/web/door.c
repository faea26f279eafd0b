#define _GNU_SOURCE /* accept4 */

#include "web/door.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_US 5000
#define ACCEPT_AT_ONCE 64 /* then the line is looked after again */
#define READING_MOST 64
#define PARTING_MOST 64
#define SECOND_US 1000000

/* Connections that the door waits for: until when. */
struct guest {
	struct exchange *exchange;
	int64_t until_us;
};

struct door {
	struct listener *listener;
	pthread_t thread, reserve;
	pthread_mutex_t lock;
	pthread_cond_t reserved; /* one of order 0 came in line */
	struct queue queue;
	struct exchange *refused;
	bool over;               /* no thread serves the line any more */
	bool started;
	atomic_int waiting;      /* queue.count, for who looks without the lock */
	int bell, work;
	atomic_bool asleep, closing;
	/* the door's own */
	struct guest reading[READING_MOST], parting[PARTING_MOST];
	int reading_count, parting_count;
	bool awake, accepting;
	int64_t pending_us;      /* since when connections have been waiting at every look, or 0 */
	unsigned taken;          /* turns, then */
	int64_t told_us;
	int refusals;            /* since then */
};

static void raise_event(int fd)
{
	uint64_t one = 1;
	if (write(fd, &one, sizeof one) != sizeof one)
		LOG(LOG_ERROR, "door.event");
}

static void clear_event(int fd)
{
	uint64_t count;
	if (read(fd, &count, sizeof count) != sizeof count && errno != EAGAIN)
		LOG(LOG_ERROR, "door.event");
}

void door_ring(struct door *door)
{
	if (door && atomic_load(&door->asleep) && atomic_exchange(&door->asleep, false))
		raise_event(door->bell);
}

int door_work(const struct door *door)
{
	return door->work;
}

void door_work_seen(struct door *door)
{
	clear_event(door->work);
}

int door_waiting(struct door *door)
{
	return atomic_load(&door->waiting);
}

static void wake_idle(void *argument)
{
	struct door *door = argument;
	if (atomic_load(&door->waiting) && atomic_load(&door->listener->idle))
		raise_event(door->work);
}

static void ring(void *argument)
{
	door_ring(argument);
}

void door_put(struct door *door, struct exchange *exchange)
{
	int order = exchange->req.order;
	pthread_mutex_lock(&door->lock);
	struct exchange *out = (struct exchange *)queue_put(&door->queue, &exchange->waiting, order, clock_mono_us());
	if (out) {
		out->next = door->refused;
		door->refused = out;
	}
	atomic_store(&door->waiting, door->queue.count);
	pthread_mutex_unlock(&door->lock);
	if (order == 0)
		pthread_cond_signal(&door->reserved);
	wake_idle(door);
	door_ring(door);
}

/* With the lock. */
static struct exchange *take(struct door *door, unsigned orders)
{
	int64_t now_us = clock_mono_us();
	struct exchange *exchange = (struct exchange *)queue_take(&door->queue, orders, now_us);
	if (!exchange)
		return NULL;
	atomic_store(&door->waiting, door->queue.count);
	exchange->req.accept_wait_us = now_us - exchange->waiting.since_us;
	/* A thread and a connection together: a refusal takes a quarter more than the patience at most. */
	int64_t left_us = door->queue.patience_us - exchange->req.accept_wait_us;
	exchange->req.ctx.pool_most_ms = (int)((door->queue.patience_us / 4 + (left_us > 0 ? left_us : 0)) / 1000);
	return exchange;
}

struct exchange *door_take(struct door *door)
{
	struct places *places = &door->listener->site->places;
	struct exchange *exchange = NULL;
	if (!atomic_load(&door->waiting))
		return NULL;
	pthread_mutex_lock(&door->lock);
	for (int order = 0; order < SHED_ORDERS && !exchange; order++)
		if (door->queue.orders[order].oldest && places_enter(places, order))
			exchange = take(door, 1u << order);
	pthread_mutex_unlock(&door->lock);
	return exchange;
}

static void *reserve_run(void *argument)
{
	struct door *door = argument;
	for (;;) {
		struct exchange *exchange;
		pthread_mutex_lock(&door->lock);
		while (!(exchange = take(door, 1)) && !door->over)
			pthread_cond_wait(&door->reserved, &door->lock);
		pthread_mutex_unlock(&door->lock);
		if (!exchange)
			return NULL;
		exchange_change(door->listener, NULL);
		if (exchange_work(exchange))
			exchange_return(exchange);
	}
}

/* Closed, or waited for when more of the request is still coming. */
static void part(struct door *door, struct exchange *exchange)
{
	if (!exchange->in.done && door->parting_count < PARTING_MOST && !shutdown(exchange->fd, SHUT_WR)) {
		door->parting[door->parting_count++] = (struct guest){exchange, clock_mono_us() + DRAIN_MS * 1000};
		return;
	}
	exchange_close(exchange);
	exchange_put_back(exchange);
}

static void refuse(struct door *door, struct exchange *exchange, enum shed_reason reason)
{
	dispatch_refuse(&exchange->req, &exchange->rep, reason);
	reply_write(exchange);
	part(door, exchange);
	door->refusals++;
}

static void refuse_some(struct door *door)
{
	for (;;) {
		pthread_mutex_lock(&door->lock);
		struct exchange *full = door->refused, *late = NULL;
		if (full)
			door->refused = full->next;
		else
			late = (struct exchange *)queue_late(&door->queue, clock_mono_us());
		atomic_store(&door->waiting, door->queue.count);
		pthread_mutex_unlock(&door->lock);
		if (!full && !late)
			return;
		refuse(door, full ? full : late, full ? SHED_FULL : SHED_LATE);
	}
}

/* True: more of it must come first. */
static bool read_one(struct door *door, struct exchange *exchange)
{
	enum reading reading = exchange_read(exchange);
	if (reading == READING_MORE)
		return true;
	if (reading == READING_FAILED) {
		exchange_close(exchange);
		exchange_put_back(exchange);
	} else if (dispatch_match(&exchange->req, &exchange->rep) == SHED_ANSWERED) {
		dispatch_begin(&exchange->req, &exchange->rep);
		reply_write(exchange);
		part(door, exchange);
	} else {
		door_put(door, exchange);
	}
	return false;
}

static void guest_close(struct guest *guests, int *count, int at)
{
	exchange_close(guests[at].exchange);
	exchange_put_back(guests[at].exchange);
	guests[at] = guests[--*count];
}

/* Who takes long over its request must not keep others out. */
static void read_later(struct door *door, struct exchange *exchange)
{
	if (door->reading_count == READING_MOST) {
		int oldest = 0;
		for (int i = 1; i < READING_MOST; i++)
			if (door->reading[i].until_us < door->reading[oldest].until_us)
				oldest = i;
		guest_close(door->reading, &door->reading_count, oldest);
	}
	door->reading[door->reading_count++] = (struct guest){exchange, clock_mono_us() + DRAIN_MS * 1000};
}

static void accept_some(struct door *door)
{
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		int fd = accept4(door->listener->socket, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct exchange *exchange = exchange_spare(door->listener);
		exchange_begin(exchange, fd);
		if (read_one(door, exchange))
			read_later(door, exchange);
	}
}

static bool pending(struct door *door)
{
	struct pollfd at = {.fd = door->listener->socket, .events = POLLIN};
	return poll(&at, 1, 0) > 0;
}

/* What waits in the socket's backlog is served within backlog / rate: when that is short, who accepts now is the faster door. */
static bool backlog_slow(struct door *door, int64_t for_us)
{
	unsigned taken = atomic_load_explicit(&door->listener->turn.taken, memory_order_relaxed) - door->taken;
	return (int64_t)door->listener->backlog * for_us > (int64_t)taken * door->queue.patience_us;
}

/* Whether the door has to accept. */
static void look(struct door *door, int64_t now_us)
{
	struct listener *listener = door->listener;
	bool held = turn_held(&listener->turn), closing = atomic_load(&door->closing);
	if (atomic_load(&listener->idle) || closing) {
		door->awake = door->accepting = false;
		door->pending_us = 0;
	} else if (door->accepting) {
		door->accepting = !held || atomic_load(&door->waiting);
		door->pending_us = 0;
		/* Who has the turn works for long, and others may be free. */
		if (held && door->accepting)
			turn_move(&listener->turn);
	} else if (!pending(door)) {
		door->pending_us = 0;
	} else if (!door->pending_us) {
		door->pending_us = now_us;
		door->taken = atomic_load_explicit(&listener->turn.taken, memory_order_relaxed);
	} else if (now_us - door->pending_us >= (held ? 4 * LOOK_US : LOOK_US)) {
		door->accepting = !held || backlog_slow(door, now_us - door->pending_us);
		door->pending_us = 0;
	}
}

static void tell(struct door *door, int64_t now_us)
{
	if (!door->refusals || now_us - door->told_us < SECOND_US)
		return;
	LOG(LOG_WARN, "shed", LOG_N("requests", door->refusals), LOG_N("waiting", atomic_load(&door->waiting)));
	door->refusals = 0;
	door->told_us = now_us;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Until when to wait; 0: something is to be done now. */
static int64_t next_us(struct door *door, int64_t now_us)
{
	pthread_mutex_lock(&door->lock);
	int64_t until_us = door->refused ? 0 : queue_due_us(&door->queue, now_us);
	pthread_mutex_unlock(&door->lock);
	if (door->awake || door->accepting)
		until_us = sooner(until_us, now_us + LOOK_US);
	if (door->refusals)
		until_us = sooner(until_us, now_us + SECOND_US);
	for (int i = 0; i < door->reading_count; i++)
		until_us = sooner(until_us, door->reading[i].until_us);
	for (int i = 0; i < door->parting_count; i++)
		until_us = sooner(until_us, door->parting[i].until_us);
	return until_us;
}

static void guests_serve(struct door *door, const struct pollfd *reading, const struct pollfd *parting, int64_t now_us)
{
	/* Backwards: the last one takes the place of one that goes. */
	for (int i = door->reading_count - 1; i >= 0; i--)
		if (reading[i].revents && !read_one(door, door->reading[i].exchange))
			door->reading[i] = door->reading[--door->reading_count];
		else if (now_us >= door->reading[i].until_us)
			guest_close(door->reading, &door->reading_count, i);
	for (int i = door->parting_count - 1; i >= 0; i--)
		if ((parting[i].revents && !exchange_drain(door->parting[i].exchange)) || now_us >= door->parting[i].until_us)
			guest_close(door->parting, &door->parting_count, i);
}

/* Waits, and serves what came. */
static void wait(struct door *door)
{
	struct pollfd at[2 + READING_MOST + PARTING_MOST] = {{.fd = door->bell, .events = POLLIN},
		{.fd = door->accepting ? door->listener->socket : -1, .events = POLLIN}};
	int count = 2, reading_count = door->reading_count;
	for (int i = 0; i < reading_count; i++)
		at[count++] = (struct pollfd){.fd = door->reading[i].exchange->fd, .events = POLLIN};
	for (int i = 0; i < door->parting_count; i++)
		at[count++] = (struct pollfd){.fd = door->parting[i].exchange->fd, .events = POLLIN};
	if (!door->awake && !door->accepting && !atomic_load(&door->closing)) {
		atomic_store(&door->asleep, true);
		/* The turn may have been passed just before that, without a ring. */
		door->awake = !turn_held(&door->listener->turn);
	}
	int64_t now_us = clock_mono_us(), until_us = next_us(door, now_us);
	poll(at, (nfds_t)count, until_us == INT64_MAX ? -1 : until_us <= now_us ? 0 : (int)((until_us - now_us + 999) / 1000));
	atomic_store(&door->asleep, false);
	if (at[0].revents) {
		clear_event(door->bell);
		door->awake = true;
	}
	guests_serve(door, at + 2, at + 2 + reading_count, clock_mono_us());
	if (at[1].revents)
		accept_some(door);
}

static void *door_run(void *argument)
{
	struct door *door = argument;
	int64_t until_us = INT64_MAX;
	for (;;) {
		int64_t now_us = clock_mono_us();
		refuse_some(door);
		look(door, now_us);
		tell(door, now_us);
		if (atomic_load(&door->closing)) {
			until_us = sooner(until_us, now_us + DRAIN_MS * 1000);
			if (now_us >= until_us || !(door->reading_count + door->parting_count))
				break;
		}
		wait(door);
	}
	while (door->reading_count)
		guest_close(door->reading, &door->reading_count, 0);
	while (door->parting_count)
		guest_close(door->parting, &door->parting_count, 0);
	return NULL;
}

static bool threads_start(struct door *door)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	bool started = !pthread_create(&door->reserve, &attributes, reserve_run, door);
	if (started && pthread_create(&door->thread, &attributes, door_run, door)) {
		door->over = true;
		pthread_join(door->reserve, NULL);
		started = false;
	}
	pthread_attr_destroy(&attributes);
	return started;
}

struct door *door_open(struct listener *listener)
{
	struct door *door = calloc(1, sizeof *door);
	if (!door)
		abort();
	door->listener = listener;
	pthread_mutex_init(&door->lock, NULL);
	pthread_cond_init(&door->reserved, NULL);
	queue_make(&door->queue, (int)conf_int("web.queue"), (int64_t)conf_ms("web.queue_wait") * 1000, (int64_t)conf_ms("web.queue_target") * 1000,
		clock_mono_us());
	door->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	door->work = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	listener->turn.emptied = ring;
	listener->turn.argument = door;
	listener->site->places.freed = wake_idle;
	listener->site->places.argument = door;
	return door;
}

bool door_start(struct door *door)
{
	return door->bell >= 0 && door->work >= 0 && (door->started = threads_start(door));
}

void door_close(struct door *door)
{
	if (!door || !door->started)
		return;
	atomic_store(&door->closing, true);
	raise_event(door->bell);
	pthread_join(door->thread, NULL);
}

void door_free(struct door *door)
{
	if (!door)
		return;
	if (door->started) {
		pthread_mutex_lock(&door->lock);
		door->over = true;
		pthread_mutex_unlock(&door->lock);
		pthread_cond_broadcast(&door->reserved);
		pthread_join(door->reserve, NULL);
	}
	refuse_some(door); /* what found no room since the door was closed */
	while (door->parting_count)
		guest_close(door->parting, &door->parting_count, 0);
	door->listener->site->places.freed = NULL;
	close(door->bell);
	close(door->work);
	pthread_mutex_destroy(&door->lock);
	pthread_cond_destroy(&door->reserved);
	free(door);
}
