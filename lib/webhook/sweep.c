#include "webhook/parts.h"

#include "sql.h"

#include <stdlib.h>

#define SWEEP_BATCH 500 /* the limit in sql/webhook/sweep.sql */

const struct schedule WEBHOOK_SCHEDULES[] = {
	{.name = "webhook.sweep", .cron = "40 3 * * *", .zone = "UTC", .policy = &JOB_WEBHOOK_SWEEP},
	{0},
};

static enum err deliveries_sweep(struct ctx *ctx, struct pool *pool, bool *more_out)
{
	PGresult *result;

	TRY(pg_query(ctx, pool, &SQL_WEBHOOK_SWEEP, PARAMS(pg_int(ctx, conf_int("webhook.keep"))), &result));
	*more_out = strtol(PQcmdTuples(result), NULL, 10) == SWEEP_BATCH;
	return OK;
}

enum err webhook_sweep_run(struct ctx *ctx, struct job *job)
{
	bool more = true;

	while (more && ctx_left_ms(ctx, 1000))
		TRY(deliveries_sweep(ctx, job->pool, &more));
	more = true;
	while (more && ctx_left_ms(ctx, 1000))
		TRY(event_sweep(ctx, job->pool, &more));
	return OK;
}
