/* The widget's customers: their rows, their link to Stripe's, and how likely they are to leave. */
#include "measure/parts.h"

#include "billing/billing.h"
#include "event/event.h"
#include "sql.h"
#include "who/audit.h"

#include <string.h>

#define LOT 500

/* Some customers of one organisation and mode. */
struct lot {
	const char *org_id, *live, *refs;
	PGresult *before;
};

/* The widget named a subscription: its customer at Stripe is this one. */
static enum err link_all(struct lease *lease, struct lot *lot)
{
	TRY(pg_run(lease, &SQL_MEASURE_RISK_LINKS, PARAMS(lot->org_id, lot->live, lot->refs), &lot->before));
	for (int row = 0; row < PQntuples(lot->before); row++) {
		const char *subscription = pg_text(lot->before, row, "subscription_ref");

		if (subscription)
			TRY(billing_link(lease->ctx, lease, lot->org_id, *lot->live == 't', pg_text(lot->before, row, "ref"), subscription));
	}
	return OK;
}

/* A row that became one with Stripe's has lost its risk: both lists are in the order of refs. */
static int64_t risk_before(const struct lot *lot, int *at, const char *ref)
{
	int rows = PQntuples(lot->before);

	while (*at < rows && strcmp(pg_text(lot->before, *at, "ref"), ref) < 0)
		++*at;
	return *at < rows && !strcmp(pg_text(lot->before, *at, "ref"), ref) ? pg_number(lot->before, *at, "churn_risk", -1) : -1;
}

static const char *why_text(struct ctx *ctx, const struct measure_risk *risk, const PGresult *row, int at)
{
	return arena_printf(&ctx->arena, "{\"attempts\": %lld, \"value_minor\": %lld, \"shown\": %lld, \"accepted\": %lld, \"points\": {\"attempts\": %.1f, "
		"\"value\": %.1f, \"acceptance\": %.1f, \"repetition\": %.1f}}", (long long)pg_number(row, at, "attempts", 0),
		(long long)pg_number(row, at, "value_minor", 0), (long long)pg_number(row, at, "shown", 0), (long long)pg_number(row, at, "accepted", 0),
		risk->attempts, risk->value, risk->acceptance, risk->repetition);
}

static enum err predict(struct lease *lease, const struct lot *lot, const PGresult *rows, int row, const struct measure_risk *risk, const char *why)
{
	struct ctx *ctx = lease->ctx;

	return event_add(ctx, lease, &(struct event){.org_id = lot->org_id, .live = *lot->live == 't', .actor_kind = "system",
		.actor_id = "measure.pass", .entity = "customer", .entity_id = pg_text(rows, row, "id"), .type = "churn.predicted",
		.payload = arena_printf(&ctx->arena, "{\"customer\": %s, \"risk\": %d, \"why\": %s}",
			json_object_to_json_string(json_own(ctx, json_object_new_string(pg_text(rows, row, "ref")))), risk->score, why)}, NULL);
}

static enum err weigh(struct lease *lease, const struct lot *lot)
{
	struct ctx *ctx = lease->ctx;
	PGresult *rows;
	int count, at = 0;

	TRY(pg_run(lease, &SQL_MEASURE_RISK_READ, PARAMS(lot->org_id, lot->live, lot->refs), &rows));
	count = PQntuples(rows);
	const char **refs = arena_array(&ctx->arena, (size_t)count + 1, sizeof *refs);
	const char **attempts = arena_array(&ctx->arena, (size_t)count + 1, sizeof *attempts);
	const char **risks = arena_array(&ctx->arena, (size_t)count + 1, sizeof *risks);
	const char **whys = arena_array(&ctx->arena, (size_t)count + 1, sizeof *whys);
	for (int row = 0; row < count; row++) {
		struct measure_risk risk;
		int64_t before = pg_number(rows, row, "churn_risk", -1);

		refs[row] = pg_text(rows, row, "ref");
		if (before < 0)
			before = risk_before(lot, &at, refs[row]);
		measure_risk(pg_number(rows, row, "attempts", 0), pg_number(rows, row, "value_minor", 0), pg_number(rows, row, "shown", 0),
			pg_number(rows, row, "accepted", 0), &risk);
		attempts[row] = pg_text(rows, row, "attempts");
		risks[row] = pg_int(ctx, risk.score);
		whys[row] = why_text(ctx, &risk, rows, row);
		if (risk.score >= MEASURE_RISK && before < MEASURE_RISK)
			TRY(predict(lease, lot, rows, row, &risk, whys[row]));
	}
	return pg_run(lease, &SQL_MEASURE_RISK_WRITE, PARAMS(lot->org_id, lot->live, pg_array(ctx, refs, count), pg_array(ctx, attempts, count),
		pg_array(ctx, risks, count), pg_array(ctx, whys, count)), NULL);
}

static enum err customers(struct lease *lease, bool *more_out)
{
	struct ctx *ctx = lease->ctx;
	PGresult *next, *taken;

	TRY(pg_run(lease, &SQL_MEASURE_RISK_NEXT, NULL, &next));
	*more_out = PQntuples(next) > 0;
	if (!*more_out)
		return OK;
	struct lot lot = {.org_id = pg_text(next, 0, "org_id"), .live = pg_text(next, 0, "live")};
	TRY(billing_lock(lease, lot.org_id, *lot.live == 't'));
	TRY(pg_run(lease, &SQL_MEASURE_RISK_TAKE, PARAMS(lot.org_id, lot.live, pg_int(ctx, LOT)), &taken));
	lot.refs = pg_text(taken, 0, "refs");
	if (!lot.refs)
		return OK;
	TRY(link_all(lease, &lot));
	return weigh(lease, &lot);
}

enum err measure_customers(struct ctx *ctx, struct job *job, bool *more_out)
{
	struct lease lease;

	*more_out = false;
	TRY(job_begin(ctx, job, &lease));
	return job_commit(&lease, customers(&lease, more_out));
}
