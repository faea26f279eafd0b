/* Pipeline: short statements of many units of work over few connections (PostgreSQL 15, "Pipeline Mode").
 *
 * What is asked while a connection is busy goes out together, in one write with one Sync behind it, and comes back in few reads: under
 * load a statement costs the server and us a fraction of a round trip of its own, and no thread waits for it. In exchange a
 * statement waits for those before it, so only what is short belongs here. */
#ifndef STOA_PG_PIPELINE_H
#define STOA_PG_PIPELINE_H

#include "pg/pg.h"

struct pipeline;

/* A thread for each connection that it uses at once; they are leases of the pool, held only while there is something to ask. */
struct pipeline *pipeline_open(struct pool *pool, int connections);
/* Everything asked has been answered. NULL is allowed. */
void pipeline_close(struct pipeline *pipeline);

/* Whether a statement may be asked this way: it must read only, since it can be run twice and others can undo it. */
bool pipeline_takes(const struct statement *statement);

/* Called in a thread of the pipeline. Not OK: the fault is recorded in the asker's ctx. */
typedef void pipeline_done(void *argument, enum err err, PGresult *result);

/* Answers what has waited in line for longer than db.pool_wait with ERR_UNAVAILABLE, in the calling thread: for one that looks now and then,
 * since those of the pipeline are then held up. */
void pipeline_look(struct pipeline *pipeline);

/* Asks, and calls done(argument, …) exactly once, possibly before this returns. ctx, which gets result and fault, and params
 * belong to the pipeline until then. Errors as pg_query(); the time in line counts as ctx->pool_wait_us. */
void pipeline_ask(struct ctx *ctx, struct pipeline *pipeline, const struct statement *statement, const char *const *params,
	pipeline_done *done, void *argument);

#endif
