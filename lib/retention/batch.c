#include "config.h"

#include "retention/batch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/turn.h"
#include "sql.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* COPY takes the server two thirds of what an INSERT from arrays does. */
static const char COPY[] =
	"copy retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, email, plan, region, language, segment, value_minor, "
	"currency, signed, flow_id, flow_version, step_order, policy, attempts, tenure_days, attributes, experiment_id, variant, cancel_now) from stdin";

/* A row is at most some 4 KiB, mostly a tenth of that; all must fit pg_copy()'s bound. */
#define BATCH_MOST 64
#define BATCH_BYTES 60000
/* Under load the thread waits this long for this many rows: a commit costs about as much as ten rows. */
#define BATCH_GOAL 16
#define BATCH_GATHER_US 500

struct entry {
	struct session_row row;
	const char *line; /* the row as COPY reads it */
	size_t length;
	struct entry *next;
	struct ctx *ctx;
	batch_done *done;
	void *argument;
	enum err err;
	int64_t since_us;
};

struct batch {
	struct pool *pool;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t enough;       /* a row, or as many as the thread wants */
	struct entry *first, **last; /* queued */
	int queued, wanted;          /* wanted: the thread sleeps until so many are queued; 0 = it does not sleep */
	bool closing;
	struct buffer lines;         /* the thread's */
	_Atomic uint64_t statements, rows;
};

/* Writes rows one by one from `first` on, until PostgreSQL is gone. */
static void write_singly(struct ctx *ctx, struct batch *batch, struct lease *lease, struct entry *first)
{
	enum err gone = OK;

	for (struct entry *entry = first; entry; entry = entry->next) {
		entry->err = gone ? gone : pg_run(lease, &SQL_WIDGET_SESSION_INSERT, entry->row.values, NULL);
		/* Repeating is safe, and what was uncertain is then known. */
		if (entry->err == ERR_UNCERTAIN) {
			ctx_forgive(ctx);
			entry->err = pg_run(lease, &SQL_WIDGET_SESSION_INSERT, entry->row.values, NULL);
		}
		if (entry->err == ERR_UNAVAILABLE || entry->err == ERR_UNCERTAIN || entry->err == ERR_TIMEOUT)
			gone = entry->err = ERR_UNAVAILABLE;
		ctx_forgive(ctx);
		atomic_fetch_add_explicit(&batch->statements, 1, memory_order_relaxed);
	}
}

static enum err write_together(struct ctx *ctx, struct batch *batch, struct lease *lease, struct entry *first)
{
	enum err err;

	buffer_reset(&batch->lines);
	for (struct entry *entry = first; entry; entry = entry->next)
		buffer_add(&batch->lines, entry->line, entry->length);
	err = pg_copy(lease, COPY, batch->lines.data, batch->lines.length);
	ctx_forgive(ctx);
	atomic_fetch_add_explicit(&batch->statements, 1, memory_order_relaxed);
	return err;
}

static void write_entries(struct ctx *ctx, struct batch *batch, struct entry *first, int count)
{
	struct lease lease;
	enum err err = lease_take(ctx, batch->pool, &lease);

	if (err != OK) {
		ctx_forgive(ctx);
		for (struct entry *entry = first; entry; entry = entry->next)
			entry->err = err;
		return;
	}
	if (count == 1 || write_together(ctx, batch, &lease, first) != OK)
		write_singly(ctx, batch, &lease, first);
	lease_return(&lease);
	atomic_fetch_add_explicit(&batch->rows, (uint64_t)count, memory_order_relaxed);
}

/* With the lock: sleeps until `wanted` rows are queued, or longer than `longest`. */
static void sleep_until(struct batch *batch, int wanted, const struct timespec *longest)
{
	batch->wanted = wanted;
	while (batch->queued < wanted && !batch->closing)
		if (longest ? pthread_cond_timedwait(&batch->enough, &batch->lock, longest) : pthread_cond_wait(&batch->enough, &batch->lock))
			break;
	batch->wanted = 0;
}

static struct timespec soon(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += BATCH_GATHER_US * 1000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return until;
}

/* The next batch, or NULL when closing. `busy`: the one before had company, so this one waits for some. */
static struct entry *take_entries(struct batch *batch, bool busy, int *count_out)
{
	struct entry *first, **end;
	size_t bytes = 0;
	int count = 0;

	pthread_mutex_lock(&batch->lock);
	sleep_until(batch, 1, NULL);
	if (busy && batch->queued < BATCH_GOAL) {
		struct timespec until = soon();

		sleep_until(batch, BATCH_GOAL, &until);
	}
	first = batch->first;
	for (end = &batch->first; *end && count < BATCH_MOST && bytes < BATCH_BYTES; count++) {
		bytes += (*end)->length;
		end = &(*end)->next;
	}
	batch->first = *end;
	*end = NULL;
	if (!batch->first)
		batch->last = &batch->first;
	batch->queued -= count;
	pthread_mutex_unlock(&batch->lock);
	*count_out = count;
	return first;
}

/* A row waits for its turn as for a connection, and then for the whole batch. */
static void measure(struct entry *first, int64_t took_us, int64_t wrote_us)
{
	for (struct entry *entry = first; entry; entry = entry->next) {
		entry->ctx->pool_wait_us += took_us - entry->since_us;
		ctx_spent(entry->ctx, SPENT_QUERY, wrote_us - took_us);
		ctx_statement(entry->ctx, SQL_WIDGET_SESSION_INSERT.name, wrote_us - took_us);
	}
}

/* done may end the memory of the entry. */
static void report(struct entry *first)
{
	struct entry *next;
	struct log_hold hold;

	log_hold(&hold);
	for (struct entry *entry = first; entry; entry = next) {
		enum err err = entry->err;

		next = entry->next;
		if (err == ERR_UNAVAILABLE || err == ERR_TIMEOUT) {
			err = fail(entry->ctx, ERR_UNAVAILABLE, "The database cannot be reached for the moment");
			entry->ctx->fault.retry_after_s = 1;
		} else if (err != OK) {
			fail(entry->ctx, err, "The session cannot be stored");
		}
		entry->done(entry->argument, err);
	}
	log_release();
}

static void *batch_run(void *argument)
{
	struct batch *batch = argument;
	struct entry *first;
	struct ctx ctx;
	int count = 0;

	ctx_init(&ctx);
	while ((first = take_entries(batch, count > 1, &count))) {
		int64_t took_us = clock_mono_us();
		write_entries(&ctx, batch, first, count);
		measure(first, took_us, clock_mono_us());
		ctx_reset(&ctx);
		report(first);
	}
	ctx_free(&ctx);
	return NULL;
}

struct batch *batch_open(struct pool *pool)
{
	struct batch *batch = calloc(1, sizeof *batch);
	pthread_condattr_t monotonic;
	sigset_t all, before;

	if (!batch)
		abort();
	batch->pool = pool;
	batch->last = &batch->first;
	pthread_mutex_init(&batch->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&batch->enough, &monotonic);
	pthread_condattr_destroy(&monotonic);
	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&batch->thread, NULL, batch_run, batch))
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return batch;
}

void batch_close(struct batch *batch)
{
	if (!batch)
		return;
	pthread_mutex_lock(&batch->lock);
	batch->closing = true;
	pthread_cond_signal(&batch->enough);
	pthread_mutex_unlock(&batch->lock);
	pthread_join(batch->thread, NULL);
	pthread_cond_destroy(&batch->enough);
	pthread_mutex_destroy(&batch->lock);
	buffer_free(&batch->lines);
	free(batch);
}

/* A value as the text format of COPY spells it. */
static char *value_put(char *at, const char *value)
{
	static const char special[] = "\\\t\n\r", spelled[] = "\\tnr";

	if (!value)
		return mempcpy(at, "\\N", 2);
	for (; *value; value++) {
		const char *found = strchr(special, *value);

		if (found)
			*at++ = '\\';
		*at++ = found ? spelled[found - special] : *value;
	}
	return at;
}

static void line_make(struct ctx *ctx, struct entry *entry)
{
	size_t room = 1;
	char *at;

	for (int column = 0; column < SESSION_COLUMNS; column++)
		room += 3 + (entry->row.values[column] ? 2 * strlen(entry->row.values[column]) : 0);
	entry->line = at = arena_alloc(&ctx->arena, room);
	for (int column = 0; column < SESSION_COLUMNS; column++) {
		at = value_put(at, entry->row.values[column]);
		*at++ = column + 1 < SESSION_COLUMNS ? '\t' : '\n';
	}
	entry->length = (size_t)(at - entry->line);
}

void batch_add(struct ctx *ctx, struct batch *batch, const struct session_row *row, batch_done *done, void *argument)
{
	struct entry *entry = arena_alloc(&ctx->arena, sizeof *entry);
	bool wake;

	*entry = (struct entry){.row = *row, .ctx = ctx, .done = done, .argument = argument};
	line_make(ctx, entry);
	entry->since_us = clock_mono_us();
	pthread_mutex_lock(&batch->lock);
	*batch->last = entry;
	batch->last = &entry->next;
	batch->queued++;
	wake = batch->queued == batch->wanted;
	pthread_mutex_unlock(&batch->lock);
	if (wake)
		pthread_cond_signal(&batch->enough);
}

struct awaited {
	sem_t ended;
	enum err err;
};

static void awaited_end(void *argument, enum err err)
{
	struct awaited *awaited = argument;

	awaited->err = err;
	sem_post(&awaited->ended);
}

enum err batch_write(struct ctx *ctx, struct batch *batch, const struct session_row *row)
{
	struct awaited awaited;

	sem_init(&awaited.ended, 0, 0);
	batch_add(ctx, batch, row, awaited_end, &awaited);
	turn_pass();
	while (sem_wait(&awaited.ended) && errno == EINTR)
		;
	sem_destroy(&awaited.ended);
	return awaited.err;
}

void batch_count(struct batch *batch, uint64_t *statements_out, uint64_t *rows_out)
{
	*statements_out = atomic_load_explicit(&batch->statements, memory_order_relaxed);
	*rows_out = atomic_load_explicit(&batch->rows, memory_order_relaxed);
}
