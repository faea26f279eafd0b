#include "base/log.h"
#include "identity/identity.h"
#include "sql.h"

#include <stdlib.h>

#define BATCH 1000 /* the limit in each statement */

const struct schedule IDENTITY_SCHEDULES[] = {
	{.name = "house.cleanup", .cron = "20 3 * * *", .zone = "UTC", .policy = &JOB_HOUSE_CLEANUP},
	{0}};

static enum err sweep(struct ctx *ctx, struct pool *pool, const struct statement *statement, int64_t *count_out)
{
	for (int64_t batch = BATCH; batch == BATCH; *count_out += batch) {
		PGresult *result;
		if (!ctx_left_ms(ctx, 1))
			return fail(ctx, ERR_TIMEOUT, "There is more to clean up than time for it");
		TRY(pg_query(ctx, pool, statement, NULL, &result));
		batch = strtoll(PQcmdTuples(result), NULL, 10);
	}
	return OK;
}

enum err house_cleanup_run(struct ctx *ctx, struct job *job)
{
	int64_t sessions = 0, resets = 0, workers = 0, reports = 0;
	enum err err = sweep(ctx, job->pool, &SQL_AUTH_SESSION_SWEEP, &sessions);

	if (err == OK)
		err = sweep(ctx, job->pool, &SQL_AUTH_RESET_SWEEP, &resets);
	if (err == OK)
		err = sweep(ctx, job->pool, &SQL_WORKER_SWEEP, &workers);
	if (err == OK)
		err = sweep(ctx, job->pool, &SQL_RETENTION_REPORT_SWEEP, &reports);
	LOG(LOG_INFO, "cleanup", LOG_T("job", ctx->id), LOG_N("sessions", sessions), LOG_N("resets", resets), LOG_N("workers", workers),
		LOG_N("reports", reports));
	return err;
}
