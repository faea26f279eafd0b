#include "outreach/parts.h"

#include "sql.h"

static enum err offers(const struct outreach *out, struct lease *lease)
{
	PGresult *alerts;

	TRY(pg_run(lease, &SQL_OUTREACH_RETENTION_PLAN, PARAMS(out->org_id, pg_bool(out->live), out->now), &alerts));
	return alerts_tell(out, lease, alerts);
}

enum err offers_plan(const struct outreach *out)
{
	struct lease lease;

	TRY(outreach_begin(out, &lease));
	return job_commit(&lease, offers(out, &lease));
}

enum err reactivations_plan(const struct outreach *out)
{
	struct lease lease;

	TRY(outreach_begin(out, &lease));
	return job_commit(&lease, pg_run(&lease, &SQL_OUTREACH_REACTIVATION_PLAN, PARAMS(out->org_id, pg_bool(out->live), out->now), NULL));
}
