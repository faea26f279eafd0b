#include "webhook/parts.h"

#include "sql.h"

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

static enum err fan_run(struct ctx *ctx, struct lease *lease, const struct event_batch *batch)
{
	PGresult *matches;

	TRY(pg_run(lease, &SQL_WEBHOOK_FAN, PARAMS(pg_int(ctx, batch->from), pg_int(ctx, batch->to)), &matches));
	return deliveries_add(ctx, lease, matches);
}

const struct consumer WEBHOOK_CONSUMER = {
	.name = "webhook",
	.doc = "deliveries to the endpoints of an organisation",
	.replay = "makes the deliveries that are not there, and none twice; one is sent again by itself",
	.run = fan_run,
};

enum err webhook_fan_run(struct ctx *ctx, struct job *job)
{
	return event_consume(ctx, job, &WEBHOOK_CONSUMER);
}

const struct job_kind WEBHOOK_JOBS[] = {{&JOB_WEBHOOK_FAN, webhook_fan_run}, {&JOB_WEBHOOK_DELIVER, webhook_deliver_run},
	{&JOB_WEBHOOK_SWEEP, webhook_sweep_run}, {0}};
