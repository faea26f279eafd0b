#include "webhook/parts.h"

#include "sql.h"

#define CONSUMER "webhook"
#define BATCH 100 /* events a transaction: readers wait for each other meanwhile */

static const char *column(struct ctx *ctx, const PGresult *rows, const char *name)
{
	int count = PQntuples(rows);
	const char **items = arena_array(&ctx->arena, (size_t)count, sizeof *items);

	for (int i = 0; i < count; i++)
		items[i] = pg_text(rows, i, name);
	return pg_array(ctx, items, count);
}

static const char *new_ids(struct ctx *ctx, int count)
{
	const char **ids = arena_array(&ctx->arena, (size_t)count, sizeof *ids);

	for (int i = 0; i < count; i++) {
		char *id = arena_alloc(&ctx->arena, ID_TEXT);
		id_new(id);
		ids[i] = id;
	}
	return pg_array(ctx, ids, count);
}

static enum err deliveries_add(struct ctx *ctx, struct lease *lease, const PGresult *matches)
{
	PGresult *fresh;

	if (!PQntuples(matches))
		return OK;
	TRY(pg_run(lease, &SQL_WEBHOOK_FAN_ADD, PARAMS(column(ctx, matches, "org_id"), new_ids(ctx, PQntuples(matches)),
		column(ctx, matches, "endpoint_id"), column(ctx, matches, "event_id")), &fresh));
	int count = PQntuples(fresh);
	struct job_new *jobs = arena_array(&ctx->arena, (size_t)count, sizeof *jobs);
	for (int i = 0; i < count; i++)
		jobs[i] = delivery_job(ctx, pg_text(fresh, i, "org_id"), pg_text(fresh, i, "id"));
	return job_enqueue_many(ctx, lease, &JOB_WEBHOOK_DELIVER, jobs, count, NULL);
}

/* Deliveries and position commit together, so each event is fanned out once. */
static enum err batch_run(struct ctx *ctx, struct lease *lease, bool *more_out)
{
	PGresult *events, *matches;
	int64_t from, to;

	TRY(pg_begin(lease));
	TRY(event_read(ctx, lease, CONSUMER, BATCH, &events, &from, &to));
	*more_out = PQntuples(events) == BATCH;
	if (to == from)
		return pg_commit(lease);
	TRY(pg_run(lease, &SQL_WEBHOOK_FAN, PARAMS(pg_int(ctx, from), pg_int(ctx, to)), &matches));
	TRY(deliveries_add(ctx, lease, matches));
	TRY(event_advance(ctx, lease, CONSUMER, to));
	return pg_commit(lease);
}

enum err webhook_fan_run(struct ctx *ctx, struct job *job)
{
	bool more = true;

	while (more && ctx_left_ms(ctx, 1000)) {
		struct lease lease;
		enum err err;

		TRY(lease_take(ctx, job->pool, &lease));
		err = batch_run(ctx, &lease, &more);
		lease_return(&lease);
		TRY(err);
	}
	return more ? fail(ctx, ERR_TIMEOUT, "There are more events than one attempt can read") : OK;
}

const struct job_kind WEBHOOK_JOBS[] = {{&JOB_WEBHOOK_FAN, webhook_fan_run}, {&JOB_WEBHOOK_DELIVER, webhook_deliver_run},
	{&JOB_WEBHOOK_SWEEP, webhook_sweep_run}, {0}};
