#include "config.h"

#include "retention/batch.h"

#include "sql.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* COPY takes the server two thirds of what an INSERT from arrays does. */
static const char COPY[] =
	"copy retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, email, plan, region, language, segment, value_minor, "
	"currency, signed, flow_id, flow_version, step_order) from stdin";

/* A row is at most some 4 KiB, mostly a tenth of that; all must fit pg_copy()'s bound. */
#define BATCH_MOST 64
#define BATCH_BYTES 60000
/* Under load a leader waits this long for this many rows: a commit costs about as much as ten rows. */
#define BATCH_GOAL 16
#define BATCH_GATHER_US 500

/* SLEEPING: its thread waits in the kernel. LEADING: it is told to write the next batch. */
enum entry_state { ENTRY_QUEUED, ENTRY_SLEEPING, ENTRY_LEADING, ENTRY_DONE };

struct entry {
	const struct session_row *row;
	const char *line; /* the row as COPY reads it */
	size_t length;
	struct entry *next;
	_Atomic uint32_t state;
	enum err err; /* before state becomes ENTRY_DONE */
};

struct batch {
	struct pool *pool;
	pthread_mutex_t lock;
	struct buffer lines;         /* the leader's */
	struct entry *first, **last; /* queued */
	int queued;
	bool led;                    /* somebody leads, or was told to */
	bool busy;                   /* the batch before had company */
	_Atomic uint32_t goal_met;   /* futex of a gathering leader */
	_Atomic uint64_t statements, rows;
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected, const struct timespec *longest)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, longest, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

struct batch *batch_open(struct pool *pool)
{
	struct batch *batch = calloc(1, sizeof *batch);

	if (!batch)
		abort();
	batch->pool = pool;
	pthread_mutex_init(&batch->lock, NULL);
	batch->last = &batch->first;
	return batch;
}

void batch_close(struct batch *batch)
{
	if (!batch)
		return;
	pthread_mutex_destroy(&batch->lock);
	buffer_free(&batch->lines);
	free(batch);
}

/* The entry may be gone as soon as its thread sees the new state; a wake then finds nobody. */
static void entry_signal(struct entry *entry, enum entry_state state)
{
	if (atomic_exchange_explicit(&entry->state, state, memory_order_acq_rel) == ENTRY_SLEEPING)
		futex_wake(&entry->state);
}

static enum entry_state entry_await(struct entry *entry)
{
	uint32_t state = ENTRY_QUEUED;

	if (atomic_compare_exchange_strong_explicit(&entry->state, &state, ENTRY_SLEEPING, memory_order_acq_rel, memory_order_acquire))
		state = ENTRY_SLEEPING;
	while (state == ENTRY_SLEEPING) {
		futex_wait(&entry->state, ENTRY_SLEEPING, NULL);
		state = atomic_load_explicit(&entry->state, memory_order_acquire);
	}
	return (enum entry_state)state;
}

/* Writes rows one by one from `first` on, until PostgreSQL is gone. */
static void write_singly(struct ctx *ctx, struct batch *batch, struct lease *lease, struct entry *first)
{
	enum err gone = OK;

	for (struct entry *entry = first; entry; entry = entry->next) {
		entry->err = gone ? gone : pg_run(lease, &SQL_WIDGET_SESSION_INSERT, entry->row->values, NULL);
		/* Repeating is safe, and what was uncertain is then known. */
		if (entry->err == ERR_UNCERTAIN) {
			ctx_forgive(ctx);
			entry->err = pg_run(lease, &SQL_WIDGET_SESSION_INSERT, entry->row->values, NULL);
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

/* Waits for company if the batch before had some. */
static void gather(struct batch *batch)
{
	static const struct timespec longest = {0, BATCH_GATHER_US * 1000};
	bool wait;

	pthread_mutex_lock(&batch->lock);
	wait = batch->busy && batch->queued < BATCH_GOAL;
	atomic_store_explicit(&batch->goal_met, !wait, memory_order_relaxed);
	pthread_mutex_unlock(&batch->lock);
	if (wait)
		futex_wait(&batch->goal_met, 0, &longest);
}

static struct entry *take_entries(struct batch *batch, int *count_out)
{
	struct entry *first, **end;
	size_t bytes = 0;
	int count = 0;

	pthread_mutex_lock(&batch->lock);
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
	batch->busy = count > 1;
	atomic_store_explicit(&batch->goal_met, 1, memory_order_relaxed);
	pthread_mutex_unlock(&batch->lock);
	*count_out = count;
	return first;
}

/* The next in the queue leads now, or nobody. */
static void pass_on(struct batch *batch)
{
	struct entry *next;

	pthread_mutex_lock(&batch->lock);
	next = batch->first;
	batch->led = next;
	pthread_mutex_unlock(&batch->lock);
	if (next)
		entry_signal(next, ENTRY_LEADING);
}

static void lead(struct ctx *ctx, struct batch *batch, struct entry *own)
{
	struct entry *first, *next;
	int count;

	gather(batch);
	first = take_entries(batch, &count);
	write_entries(ctx, batch, first, count);
	pass_on(batch);
	for (struct entry *entry = first; entry; entry = next) {
		next = entry->next;
		if (entry != own)
			entry_signal(entry, ENTRY_DONE);
	}
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
		room += 3 + (entry->row->values[column] ? 2 * strlen(entry->row->values[column]) : 0);
	entry->line = at = arena_alloc(&ctx->arena, room);
	for (int column = 0; column < SESSION_COLUMNS; column++) {
		at = value_put(at, entry->row->values[column]);
		*at++ = column + 1 < SESSION_COLUMNS ? '\t' : '\n';
	}
	entry->length = (size_t)(at - entry->line);
}

enum err batch_write(struct ctx *ctx, struct batch *batch, const struct session_row *row)
{
	struct entry entry = {.row = row};
	bool leads, met;

	line_make(ctx, &entry);
	pthread_mutex_lock(&batch->lock);
	*batch->last = &entry;
	batch->last = &entry.next;
	batch->queued++;
	leads = !batch->led;
	batch->led = true;
	met = batch->queued >= BATCH_GOAL && !atomic_exchange_explicit(&batch->goal_met, 1, memory_order_relaxed);
	pthread_mutex_unlock(&batch->lock);
	if (met)
		futex_wake(&batch->goal_met);
	if (leads || entry_await(&entry) == ENTRY_LEADING)
		lead(ctx, batch, &entry);
	if (entry.err == OK)
		return OK;
	if (entry.err == ERR_UNAVAILABLE || entry.err == ERR_TIMEOUT) {
		fail(ctx, ERR_UNAVAILABLE, "The database cannot be reached for the moment");
		ctx->fault.retry_after_s = 1;
		return ERR_UNAVAILABLE;
	}
	return fail(ctx, entry.err, "The session cannot be stored");
}

void batch_count(struct batch *batch, uint64_t *statements_out, uint64_t *rows_out)
{
	*statements_out = atomic_load_explicit(&batch->statements, memory_order_relaxed);
	*rows_out = atomic_load_explicit(&batch->rows, memory_order_relaxed);
}
