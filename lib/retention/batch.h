/* Group commit of widget sessions: the durable event of a start, written in batches (issue 2, Speed).
 *
 * Callers put rows in a queue; a thread of the batch's own writes what is queued with one COPY, while the next batch gathers behind
 * it, and reports each row's end after its commit. A row that PostgreSQL refuses fails alone, since a batch that fails is
 * repeated row by row; the insert is idempotent by the session's id. Any thread may call. */
#ifndef STOA_RETENTION_BATCH_H
#define STOA_RETENTION_BATCH_H

#include "pg/pg.h"

/* Columns of retention_session that a start gives, in the order of sql/widget/session_insert.sql. */
enum session_column {
	SESSION_ORG, SESSION_LIVE, SESSION_ID, SESSION_KEY, SESSION_CUSTOMER, SESSION_SUBSCRIPTION, SESSION_EMAIL, SESSION_PLAN,
	SESSION_REGION, SESSION_LANGUAGE, SESSION_SEGMENT, SESSION_VALUE, SESSION_CURRENCY, SESSION_SIGNED, SESSION_FLOW,
	SESSION_VERSION, SESSION_ORDER, SESSION_POLICY, SESSION_ATTEMPTS, SESSION_TENURE, SESSION_ATTRIBUTES, SESSION_EXPERIMENT,
	SESSION_VARIANT, SESSION_CANCEL_NOW,
	SESSION_COLUMNS
};

struct session_row {
	const char *values[SESSION_COLUMNS]; /* text as PostgreSQL reads it; NULL = null */
};

struct batch;

/* Starts the thread. */
struct batch *batch_open(struct pool *pool);
void batch_close(struct batch *batch); /* ends it; nobody may be writing */

/* How a row ended, told by the batch's thread, which must not be kept long. OK: the row is committed. Otherwise the fault stands in the
 * caller's ctx. ERR_UNAVAILABLE: PostgreSQL is out of reach and the row counts as not written (it may still stand there).
 * ERR_INVALID, ERR_CONFLICT: PostgreSQL refused this row. */
typedef void batch_done(void *argument, enum err err);

/* Until done is called, what row->values point to must stay and ctx, which keeps a copy of the pointers, belongs to the batch. done may
 * be called before this returns. */
void batch_add(struct ctx *ctx, struct batch *batch, const struct session_row *row, batch_done *done, void *argument);
/* Waits for the end. */
enum err batch_write(struct ctx *ctx, struct batch *batch, const struct session_row *row);

/* Statements run and rows written by them, since opening. */
void batch_count(struct batch *batch, uint64_t *statements_out, uint64_t *rows_out);

#endif
