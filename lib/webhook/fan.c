#include "webhook/parts.h"

#include "sql.h"

#define CONSUMER "webhook"
#define BATCH 100 /* events a transaction: readers wait for each other meanwhile */

static enum err deliveries_add(struct ctx *ctx, struct lease *lease, const PGresult *matches)
{
	for (int i = 0; i < PQntuples(matches); i++) {
		const char *org_id = pg_text(matches, i, "org_id");
		char id[ID_TEXT];
		PGresult *fresh;

		id_new(id);
		TRY(pg_run(lease, &SQL_WEBHOOK_DELIVERY_ADD,
			PARAMS(org_id, id, pg_text(matches, i, "endpoint_id"), pg_text(matches, i, "event_id")), &fresh));
		if (PQntuples(fresh))
			TRY(delivery_enqueue(ctx, lease, org_id, id, NULL));
	}
	return OK;
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
