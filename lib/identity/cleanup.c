#include "base/log.h"
#include "identity/identity.h"
#include "sql.h"
#include "who/keep.h"

#include <stdlib.h>

#define BATCH 1000 /* the limit in each statement */

const struct schedule IDENTITY_SCHEDULES[] = {
	{.name = "house.cleanup", .cron = "20 3 * * *", .zone = "UTC", .policy = &JOB_HOUSE_CLEANUP},
	{0}};

/* How far a clean-up is. */
struct cleanup {
	struct job *job;
	int64_t total, gone;
};

static void tell(struct ctx *ctx, const struct cleanup *cleanup)
{
	int64_t percent = cleanup->total ? 100 * cleanup->gone / cleanup->total : 100;

	job_progress(ctx, cleanup->job, percent < 100 ? (int)percent : 100, arena_printf(&ctx->arena, "%lld of %lld rows", (long long)cleanup->gone,
		(long long)cleanup->total));
}

static enum err sweep(struct ctx *ctx, struct cleanup *cleanup, const struct statement *statement, const char *const *params,
	int64_t *count_out)
{
	for (int64_t batch = BATCH; batch == BATCH; *count_out += batch, cleanup->gone += batch) {
		PGresult *result;
		if (job_cancelled(ctx, cleanup->job))
			return fail(ctx, ERR_GONE, "Cancelled");
		if (!ctx_left_ms(ctx, 1))
			return fail(ctx, ERR_TIMEOUT, "There is more to clean up than time for it");
		tell(ctx, cleanup);
		TRY(pg_query(ctx, cleanup->job->pool, statement, params, &result));
		batch = strtoll(PQcmdTuples(result), NULL, 10);
	}
	return OK;
}

enum err house_cleanup_run(struct ctx *ctx, struct job *job)
{
	int64_t sessions = 0, resets = 0, workers = 0, reports = 0, kept = 0;
	struct cleanup cleanup = {.job = job};
	PGresult *result;

	TRY(pg_query(ctx, job->pool, &SQL_AUTH_CLEANUP_COUNT, NULL, &result));
	cleanup.total = pg_number(result, 0, "total", 0);
	enum err err = sweep(ctx, &cleanup, &SQL_AUTH_SESSION_SWEEP, NULL, &sessions);
	if (err == OK)
		err = sweep(ctx, &cleanup, &SQL_AUTH_RESET_SWEEP, NULL, &resets);
	if (err == OK)
		err = sweep(ctx, &cleanup, &SQL_WORKER_SWEEP, NULL, &workers);
	if (err == OK)
		err = sweep(ctx, &cleanup, &SQL_RETENTION_REPORT_SWEEP, NULL, &reports);
	for (const struct keep_rule *rule = KEEP_RULES; err == OK && rule->name; rule++)
		if (rule->sweep)
			err = sweep(ctx, &cleanup, rule->sweep, PARAMS(pg_int(ctx, rule->days), pg_int(ctx, BATCH)), &kept);
	LOG(LOG_INFO, "cleanup", LOG_T("job", ctx->id), LOG_N("sessions", sessions), LOG_N("resets", resets), LOG_N("workers", workers),
		LOG_N("reports", reports), LOG_N("kept_for_long_enough", kept));
	return err;
}
