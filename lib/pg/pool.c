#include "pg/connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/turn.h"
#include "metric/metric.h"
#include "pg/monitor.h"
#include "pg/replica.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BACKOFF_BASE_MS 50
#define BACKOFF_CAP_MS 1000

/* Who comes while others wait may take a connection that is free before the first in line has woken up: on a busy machine
 * that saves a change of threads for most statements. Only until the first one has waited too long. */
#define PATIENT_US 5000

/* The database is not known to answer, and one thread finds out: that is soon, or takes until the attempt's own end. */
#define PROBE_WAIT_MS 50

struct waiter {
	pthread_cond_t turn;
	struct waiter *next;
	int64_t since_us;
};

struct pool {
	pthread_mutex_t lock;
	struct connection_plan plan;
	struct connection *connections;
	int size;
	int wait_ms;
	struct connection *idle;   /* open, the last used first: its caches are warm */
	struct connection *closed; /* not open */
	int idle_count, closed_count, waiting;
	struct waiter *first, *last;
	bool waking;         /* the first in line was told and has not run yet */
	int failures;        /* attempts to connect that failed in a row */
	bool probing;        /* after a failure one thread at a time tries again */
	int64_t next_try_us;
	struct replicas *replicas; /* of the primary; NULL: none */
};

/* Lets ctx_reset() return a lease whose holder forgot it: the lease itself may be gone by then. */
struct hold {
	struct pool *pool;
	struct connection *connection;
};

static struct pool *open_as(const char *replica, int size, const _Atomic bool *gone)
{
	struct pool *pool = calloc(1, sizeof *pool);
	if (!pool)
		abort();
	pthread_mutex_init(&pool->lock, NULL);
	connection_plan_make(&pool->plan, replica);
	pool->size = size ? size : (int)conf_int("db.pool_size");
	pool->wait_ms = conf_ms("db.pool_wait");
	pool->connections = calloc((size_t)pool->size, sizeof *pool->connections);
	if (!pool->connections)
		abort();
	for (int i = pool->size - 1; i >= 0; i--) {
		struct connection *connection = &pool->connections[i];
		connection_make(connection);
		connection->gone = gone;
		connection->next = pool->closed;
		pool->closed = connection;
	}
	pool->closed_count = pool->size;
	return pool;
}

struct pool *pool_open(int size)
{
	return open_as(NULL, size, NULL);
}

struct pool *pool_open_at(const char *replica, int size, int connect_ms, const _Atomic bool *gone)
{
	struct pool *pool = open_as(replica, size, gone);
	if (connect_ms < pool->plan.connect_ms)
		pool->plan.connect_ms = connect_ms;
	return pool;
}

bool pool_replicate(struct pool *pool, struct pool_moments moments)
{
	pool->replicas = replicas_open(moments, pool->size);
	return pool->replicas;
}

bool pool_replicated(const struct pool *pool)
{
	return pool->replicas;
}

struct replicas *pool_replicas(const struct pool *pool)
{
	return pool->replicas;
}

void pool_close(struct pool *pool)
{
	if (!pool)
		return;
	replicas_close(pool->replicas);
	for (int i = 0; i < pool->size; i++)
		connection_unmake(&pool->connections[i]);
	free(pool->connections);
	connection_plan_free(&pool->plan);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void pool_count(struct pool *pool, int *open_out, int *used_out, int *waiting_out)
{
	pthread_mutex_lock(&pool->lock);
	*open_out = pool->size - pool->closed_count;
	*used_out = pool->size - pool->closed_count - pool->idle_count;
	*waiting_out = pool->waiting;
	pthread_mutex_unlock(&pool->lock);
}

void pool_publish(struct pool *pool, const char *program)
{
	int open, used, waiting;
	monitor_open();
	pool_count(pool, &open, &used, &waiting);
	const struct { const char *state; int count; } LEVELS[] = {{"size", pool->size}, {"open", open}, {"used", used}, {"waiting", waiting}};
	for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++) {
		char labels[96];
		snprintf(labels, sizeof labels, "program=\"%s\",state=\"%s\"", program, LEVELS[i].state);
		level_set(metric_level("stoa_pool_connections", labels, "Places for database connections, and who waits for one."), LEVELS[i].count);
	}
}

static enum err unavailable(struct ctx *ctx, const char *reason)
{
	enum err err = fail(ctx, ERR_UNAVAILABLE, "The database cannot be reached for the moment");
	if (ctx->fault.err == ERR_UNAVAILABLE)
		ctx->fault.retry_after_s = 1;
	ctx_explain(ctx, "%s", reason);
	return err;
}

/* With the lock. */
static bool may_connect(const struct pool *pool)
{
	return !pool->failures || (!pool->probing && clock_mono_us() >= pool->next_try_us);
}

/* With the lock: an open connection, else one to open when that may be tried, else NULL. */
static struct connection *pick(struct pool *pool)
{
	struct connection *connection = pool->idle;
	if (connection) {
		pool->idle = connection->next;
		pool->idle_count--;
		return connection;
	}
	connection = pool->closed;
	if (!connection || !may_connect(pool))
		return NULL;
	pool->closed = connection->next;
	pool->closed_count--;
	return connection;
}

/* With the lock. */
static bool first_suffers(const struct pool *pool)
{
	return pool->first && clock_mono_us() - pool->first->since_us > PATIENT_US;
}

/* With the lock: nobody holds a connection that could come back, and none may be opened yet. */
static bool is_hopeless(const struct pool *pool)
{
	return pool->idle_count + pool->closed_count == pool->size && !pool->idle && !may_connect(pool);
}

/* With the lock: tells the first in line when there is something to tell. */
static void wake_first(struct pool *pool)
{
	if (!pool->first || pool->waking || !(pool->idle || (pool->closed && may_connect(pool)) || is_hopeless(pool)))
		return;
	pool->waking = true;
	pthread_cond_signal(&pool->first->turn);
}

/* With the lock. */
static void leave_line(struct pool *pool, struct waiter *waiter)
{
	struct waiter *before = NULL;
	for (struct waiter *at = pool->first; at != waiter; at = at->next)
		before = at;
	if (before)
		before->next = waiter->next;
	else
		pool->first = waiter->next;
	if (pool->last == waiter)
		pool->last = before;
	pool->waiting--;
	pool->waking = false;
	wake_first(pool); /* there may be another connection */
}

/* With the lock. */
static int patience_ms(const struct ctx *ctx, const struct pool *pool)
{
	int most_ms = pool->wait_ms;
	if (ctx->pool_most_ms && ctx->pool_most_ms < most_ms)
		most_ms = ctx->pool_most_ms;
	if (pool->probing && pool->idle_count + pool->closed_count + 1 == pool->size && PROBE_WAIT_MS < most_ms)
		most_ms = PROBE_WAIT_MS;
	return ctx_left_ms(ctx, most_ms);
}

/* With the lock, which is given up while waiting. */
static struct connection *wait_in_line(struct ctx *ctx, struct pool *pool)
{
	struct waiter self = {.since_us = clock_mono_us()};
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&self.turn, &monotonic);
	pthread_condattr_destroy(&monotonic);

	int64_t until_us = self.since_us + (int64_t)patience_ms(ctx, pool) * 1000;
	struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
	if (pool->last)
		pool->last->next = &self;
	else
		pool->first = &self;
	pool->last = &self;
	pool->waiting++;
	turn_pass();

	struct connection *connection = NULL;
	for (;;) {
		if (pool->first == &self)
			connection = pick(pool);
		if (connection || (pool->first == &self && is_hopeless(pool)) || clock_mono_us() >= until_us)
			break;
		pthread_cond_timedwait(&self.turn, &pool->lock, &until);
		if (pool->first == &self)
			pool->waking = false;
	}
	leave_line(pool, &self);
	pthread_cond_destroy(&self.turn);
	ctx->pool_wait_us += clock_mono_us() - self.since_us;
	return connection;
}

/* Puts a connection that nobody uses any more where the next one finds it. */
static void put_back(struct pool *pool, struct connection *connection)
{
	connection->hold = NULL;
	pthread_mutex_lock(&pool->lock);
	if (connection->raw) {
		connection->next = pool->idle;
		pool->idle = connection;
		pool->idle_count++;
	} else {
		connection->next = pool->closed;
		pool->closed = connection;
		pool->closed_count++;
	}
	wake_first(pool);
	pthread_mutex_unlock(&pool->lock);
}

static int backoff_ms(int failures)
{
	int wait = BACKOFF_CAP_MS;
	if (failures < 7 && BACKOFF_BASE_MS << (failures - 1) < BACKOFF_CAP_MS)
		wait = BACKOFF_BASE_MS << (failures - 1);
	return wait / 2 + (int)randombytes_uniform((uint32_t)wait / 2 + 1);
}

static void note_attempt(struct pool *pool, bool connected, bool probe)
{
	int64_t now_us = clock_mono_us();
	pthread_mutex_lock(&pool->lock);
	if (probe)
		pool->probing = false;
	if (connected) {
		pool->failures = 0;
	} else if (now_us >= pool->next_try_us) { /* several that failed at once count as one */
		pool->failures++;
		pool->next_try_us = now_us + (int64_t)backoff_ms(pool->failures) * 1000;
	}
	wake_first(pool);
	pthread_mutex_unlock(&pool->lock);
}

/* Opens a connection that this thread holds. */
static enum err connect_spaced(struct ctx *ctx, struct pool *pool, struct connection *connection)
{
	int most_ms = ctx_left_ms(ctx, pool->plan.connect_ms);
	if (!most_ms)
		return unavailable(ctx, "no time is left to connect");
	pthread_mutex_lock(&pool->lock);
	bool allowed = may_connect(pool);
	bool probe = pool->failures > 0;
	if (allowed && probe)
		pool->probing = true;
	pthread_mutex_unlock(&pool->lock);
	if (!allowed)
		return unavailable(ctx, "waiting before the next attempt to connect");

	char message[256];
	int64_t from_us = clock_mono_us();
	bool connected = connection_open_within(connection, &pool->plan, most_ms, message);
	ctx->pool_wait_us += clock_mono_us() - from_us;
	note_attempt(pool, connected, probe);
	if (connected)
		return OK;
	LOG(LOG_WARN, "db.connect", LOG_T("message", message));
	return unavailable(ctx, message);
}

static void give(struct pool *pool, struct connection *connection)
{
	connection->patience_ms = pool->plan.patience_ms;
	if (!connection_settle(connection) || clock_mono_us() > connection->retire_us)
		connection_close(connection);
	put_back(pool, connection);
}

static void forgotten(void *handle)
{
	struct hold *hold = handle;
	if (!hold->connection)
		return;
	LOG(LOG_WARN, "db.lease.forgotten");
	give(hold->pool, hold->connection);
}

enum err lease_take_here(struct ctx *ctx, struct pool *pool, struct lease *lease_out)
{
	*lease_out = (struct lease){0};
	pthread_mutex_lock(&pool->lock);
	struct connection *connection = first_suffers(pool) ? NULL : pick(pool);
	if (!connection)
		connection = wait_in_line(ctx, pool);
	pthread_mutex_unlock(&pool->lock);
	if (!connection)
		return unavailable(ctx, "no connection of the pool came free in time");
	if (!connection->raw) {
		enum err err = connect_spaced(ctx, pool, connection);
		if (err != OK) {
			put_back(pool, connection);
			return err;
		}
	}
	struct hold *hold = arena_alloc(&ctx->arena, sizeof *hold);
	*hold = (struct hold){.pool = pool, .connection = connection};
	arena_defer(&ctx->arena, forgotten, hold);
	connection->hold = hold;
	connection->constraint[0] = 0;
	*lease_out = (struct lease){.ctx = ctx, .pool = pool, .connection = connection};
	return OK;
}

/* From a replica that has what ctx must see. False: there is none, or it has no place. */
static bool lease_take_replica(struct ctx *ctx, struct pool *pool, struct lease *lease_out)
{
	int index = replicas_pick(pool->replicas, ctx);
	if (index < 0)
		return false;
	if (lease_take_here(ctx, replicas_pool(pool->replicas, index), lease_out) == OK) {
		lease_out->primary = pool;
		return true;
	}
	ctx_forgive(ctx);
	return false;
}

enum err lease_take(struct ctx *ctx, struct pool *pool, struct lease *lease_out)
{
	if (ctx->reads.since && pool->replicas && ctx->fault.err == OK && lease_take_replica(ctx, pool, lease_out))
		return OK;
	return lease_take_here(ctx, pool, lease_out);
}

enum err lease_take_home(struct lease *lease)
{
	struct ctx *ctx = lease->ctx;
	struct pool *primary = lease->primary;
	lease_return(lease);
	ctx->reads.since = 0;
	enum err err = lease_take_here(ctx, primary, lease);
	lease->ctx = ctx;
	return err;
}

void lease_return(struct lease *lease)
{
	struct connection *connection = lease->connection;
	if (!connection)
		return;
	struct pool *pool = lease->pool;
	connection->hold->connection = NULL;
	*lease = (struct lease){0};
	give(pool, connection);
}

enum err lease_freshen(struct lease *lease)
{
	if (connection_alive(lease->connection))
		return OK;
	connection_close(lease->connection);
	return connect_spaced(lease->ctx, lease->pool, lease->connection);
}
