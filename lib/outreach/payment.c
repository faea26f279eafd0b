#include "outreach/parts.h"

#include "job/policies.h"
#include "sql.h"
#include "text/json.h"

#include <string.h>

enum err case_tell(const struct outreach *out, struct lease *lease, const PGresult *cases, int row)
{
	static const char *const TEXTS[] = {"invoice_ref", "customer_ref", "subscription_ref", "reason", "currency"};
	static const char *const NAMES[] = {"invoice", "customer", "subscription", "by", "currency"};

	if (strcmp(pg_text(cases, row, "state"), "recovered") != 0)
		return OK;
	struct json_object *payload = json_own(out->ctx, json_object_new_object());
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
		const char *text = pg_text(cases, row, TEXTS[i]);
		json_object_object_add(payload, NAMES[i], text ? json_object_new_string(text) : NULL);
	}
	json_object_object_add(payload, "recoveredMinor", json_object_new_int64(pg_number(cases, row, "recovered_minor", 0)));
	return outreach_event(out, lease, "payment.recovered", "invoice", pg_text(cases, row, "invoice_ref"), payload);
}

static enum err keep(const struct outreach *out, struct lease *lease)
{
	const char *const params[] = {out->org_id, pg_bool(out->live), out->now};
	PGresult *closed;

	TRY(pg_run(lease, &SQL_OUTREACH_MAILS_SETTLE, params, NULL));
	TRY(pg_run(lease, &SQL_OUTREACH_CASES_CLOSE, params, &closed));
	for (int i = 0; i < PQntuples(closed); i++)
		TRY(case_tell(out, lease, closed, i));
	TRY(pg_run(lease, &SQL_OUTREACH_MAILS_CANCEL, params, NULL));
	TRY(pg_run(lease, &SQL_OUTREACH_CASES_OPEN, params, NULL));
	return pg_run(lease, &SQL_OUTREACH_CASES_PLAN, params, NULL);
}

enum err cases_keep(const struct outreach *out)
{
	struct lease lease;

	TRY(outreach_begin(out, &lease));
	return job_commit(&lease, keep(out, &lease));
}

/* The earliest moment may be in the middle of the day; the attempt is made at the hour that follows. */
static enum err retries_time(const struct outreach *out, struct lease *lease)
{
	struct ctx *ctx = out->ctx;
	PGresult *open;

	TRY(pg_run(lease, &SQL_OUTREACH_RETRY_OPEN, PARAMS(out->org_id, pg_bool(out->live), out->now), &open));
	for (int i = 0; i < PQntuples(open); i++) {
		const char *zone = outreach_zone(ctx, pg_text(open, i, "own_zone"), pg_text(open, i, "region"), pg_text(open, i, "time_zone"));
		int64_t at_s = outreach_hour_s(zone, pg_number(open, i, "from_s", out->now_s), (int)pg_number(open, i, "retry_hour", 0));

		TRY(pg_run(lease, &SQL_OUTREACH_RETRY_SET, PARAMS(out->org_id, pg_bool(out->live), pg_text(open, i, "invoice_ref"), pg_int(ctx, at_s)), NULL));
	}
	return OK;
}

static enum err retries_enqueue(const struct outreach *out, struct lease *lease)
{
	struct ctx *ctx = out->ctx;
	PGresult *due;

	TRY(pg_run(lease, &SQL_OUTREACH_RETRY_DUE, PARAMS(out->org_id, pg_bool(out->live), out->now), &due));
	int count = PQntuples(due);
	struct job_new *jobs = arena_array(&ctx->arena, (size_t)count + 1, sizeof *jobs);
	for (int i = 0; i < count; i++) {
		const char *invoice = pg_text(due, i, "invoice_ref");
		jobs[i] = (struct job_new){.org_id = out->org_id, .unique_key = arena_printf(&ctx->arena, "%s:%d:%s", out->org_id, out->live, invoice),
			.payload = outreach_payload(ctx, out->org_id, out->live, "invoice", invoice)};
	}
	return count ? job_enqueue_many(ctx, lease, &JOB_OUTREACH_RETRY, jobs, count, NULL) : OK;
}

static enum err retries(const struct outreach *out, struct lease *lease)
{
	TRY(pg_run(lease, &SQL_OUTREACH_RETRY_YIELD, PARAMS(out->org_id, pg_bool(out->live), out->now), NULL));
	TRY(retries_time(out, lease));
	return retries_enqueue(out, lease);
}

enum err retries_plan(const struct outreach *out)
{
	struct lease lease;

	TRY(outreach_begin(out, &lease));
	return job_commit(&lease, retries(out, &lease));
}
