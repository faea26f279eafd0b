/* Group commit of widget sessions: the durable event of a start, written in batches (issue 2, Speed).
 *
 * Each caller puts its row in a queue and returns only after the row is committed. One of the callers leads: it takes what is
 * queued and writes it with one COPY, while the next batch gathers behind it. A row that PostgreSQL refuses fails
 * alone, since a batch that fails is repeated row by row; the insert is idempotent by the session's id. Any thread may call. */
#ifndef STOA_RETENTION_BATCH_H
#define STOA_RETENTION_BATCH_H

#include "pg/pg.h"

/* Columns of retention_session that a start gives, in the order of sql/widget/session_insert.sql. */
enum session_column {
	SESSION_ORG, SESSION_LIVE, SESSION_ID, SESSION_KEY, SESSION_CUSTOMER, SESSION_SUBSCRIPTION, SESSION_EMAIL, SESSION_PLAN,
	SESSION_REGION, SESSION_LANGUAGE, SESSION_SEGMENT, SESSION_VALUE, SESSION_CURRENCY, SESSION_SIGNED, SESSION_FLOW,
	SESSION_VERSION, SESSION_ORDER,
	SESSION_COLUMNS
};

struct session_row {
	const char *values[SESSION_COLUMNS]; /* text as PostgreSQL reads it; NULL = null */
};

struct batch;

struct batch *batch_open(struct pool *pool);
void batch_close(struct batch *batch); /* nobody may be writing */

/* OK: the row is committed. ERR_UNAVAILABLE and ERR_TIMEOUT: PostgreSQL is out of reach and the row counts as not written (it may
 * still stand there). ERR_INVALID, ERR_CONFLICT: PostgreSQL refused this row. */
enum err batch_write(struct ctx *ctx, struct batch *batch, const struct session_row *row);

/* Statements run and rows written by them, since opening. */
void batch_count(struct batch *batch, uint64_t *statements_out, uint64_t *rows_out);

#endif
