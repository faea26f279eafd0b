#include "outreach/parts.h"

#include "base/log.h"
#include "sql.h"
#include "stripe/stripe.h"
#include "text/json.h"

#include <string.h>

/* Stripe may forget a key after 24 h; from then on it would try the card once more. */
#define KEY_LIFE_S (23 * 3600)
/* Visa forbids more in 30 days (support.stripe.com/questions/payment-blocked-due-to-excessive-retries). */
#define ATTEMPTS_MOST 15

struct retry {
	struct outreach out;
	const char *invoice, *path, *secret_key, *key;
};

/* Stripe does not retry these by itself (docs.stripe.com/billing/revenue-recovery/smart-retries). */
static bool hard_decline(const char *code)
{
	static const char *const HARD[] = {"incorrect_number", "lost_card", "pickup_card", "stolen_card", "revocation_of_authorization",
		"revocation_of_all_authorizations", "authentication_required", "highest_risk_level", "transaction_not_allowed"};

	for (size_t i = 0; i < sizeof HARD / sizeof *HARD; i++)
		if (strcmp(code, HARD[i]) == 0)
			return true;
	return false;
}

static enum err run(const struct retry *retry, const struct statement *statement, const char *third, const char *fourth)
{
	const struct outreach *out = &retry->out;
	struct lease lease;

	TRY(job_begin(out->ctx, out->job, &lease));
	return job_commit(&lease, pg_run(&lease, statement, PARAMS(out->org_id, pg_bool(out->live), retry->invoice, third, fourth), NULL));
}

static enum err unpaid(const struct retry *retry, const char *said, bool final)
{
	return run(retry, &SQL_OUTREACH_RETRY_DONE, said, pg_bool(final));
}

static enum err postponed(const struct retry *retry)
{
	const struct outreach *out = &retry->out;
	struct lease lease;

	TRY(job_begin(out->ctx, out->job, &lease));
	return job_commit(&lease, pg_run(&lease, &SQL_OUTREACH_RETRY_SET, PARAMS(out->org_id, pg_bool(out->live), retry->invoice, NULL), NULL));
}

static enum err recovered(const struct retry *retry, struct lease *lease, int64_t paid_minor, bool ours)
{
	const struct outreach *out = &retry->out;
	PGresult *closed;

	TRY(pg_run(lease, &SQL_OUTREACH_CASE_RECOVERED, PARAMS(out->org_id, pg_bool(out->live), retry->invoice, out->now,
		pg_int(out->ctx, paid_minor), pg_bool(ours)), &closed));
	TRY(pg_run(lease, &SQL_OUTREACH_MAILS_CANCEL, PARAMS(out->org_id, pg_bool(out->live), out->now), NULL));
	return PQntuples(closed) ? case_tell(out, lease, closed, 0) : OK;
}

static enum err paid(const struct retry *retry, struct json_object *invoice, bool ours)
{
	struct lease lease;

	TRY(job_begin(retry->out.ctx, retry->out.job, &lease));
	return job_commit(&lease, recovered(retry, &lease, json_int(invoice, "amount_paid", 0), ours));
}

static bool is_paid(struct json_object *invoice)
{
	return strcmp(json_text(invoice, "status", ""), "paid") == 0;
}

static enum err refused(const struct retry *retry, const struct stripe_reply *reply)
{
	struct json_object *error = json_object_object_get(reply->body, "error");
	const char *decline = json_text(error, "decline_code", reply->error_code);

	if (reply->status == 402)
		return unpaid(retry, *decline ? decline : "card_declined", hard_decline(decline) || hard_decline(reply->error_code));
	/* Whatever else Stripe refuses for good, a missing permission or no payment method, is for a person or the customer to mend. */
	return unpaid(retry, *reply->error_code ? reply->error_code : *reply->error_message ? reply->error_message : "refused", true);
}

static enum err pay(struct retry *retry)
{
	const struct outreach *out = &retry->out;
	struct stripe_reply reply;

	if (!retry->key) {
		char id[ID_TEXT];
		id_new(id);
		retry->key = arena_printf(&out->ctx->arena, "stoa-pay-%s", id);
		TRY(run(retry, &SQL_OUTREACH_RETRY_PLAN, retry->key, out->now));
	}
	TRY(outreach_stripe(out, retry->secret_key, "POST", arena_printf(&out->ctx->arena, "%s/pay", retry->path), NULL, retry->key, &reply));
	if (reply.status >= 300)
		return refused(retry, &reply);
	return is_paid(reply.body) ? paid(retry, reply.body, true) : unpaid(retry, "processing", false);
}

/* It has an attempt of its own planned, or has made as many as may be. One of ours that is under way is ended all the same: its card may
 * have been charged. */
static bool is_stripes(const struct retry *retry, struct json_object *invoice)
{
	return !retry->key && (json_int(invoice, "next_payment_attempt", 0) > retry->out.now_s ||
		json_int(invoice, "attempt_count", 0) >= ATTEMPTS_MOST);
}

/* What the mirror says may be some seconds old: nobody is charged for what has been paid, or is Stripe's to try. */
static enum err look_and_pay(struct retry *retry)
{
	struct stripe_reply reply;

	TRY(outreach_stripe(&retry->out, retry->secret_key, "GET", retry->path, NULL, NULL, &reply));
	if (reply.status >= 300)
		return refused(retry, &reply);
	if (is_paid(reply.body))
		return paid(retry, reply.body, retry->key != NULL);
	if (strcmp(json_text(reply.body, "status", ""), "open") != 0)
		return unpaid(retry, "not_open", true);
	if (is_stripes(retry, reply.body))
		return postponed(retry);
	return pay(retry);
}

static enum err attempt(struct retry *retry)
{
	const struct outreach *out = &retry->out;
	PGresult *row;

	TRY(pg_query(out->ctx, out->job->pool, &SQL_OUTREACH_RETRY_GET, PARAMS(out->org_id, pg_bool(out->live), retry->invoice, out->now), &row));
	if (!PQntuples(row))
		return OK; /* over, or switched off: then the next run takes its time away */
	retry->secret_key = outreach_secret_key(out, row);
	retry->key = pg_number(row, 0, "age_s", KEY_LIFE_S) < KEY_LIFE_S ? pg_text(row, 0, "retry_key") : NULL;
	if (!retry->secret_key)
		return unpaid(retry, "no_connection", true);
	if (!stripe_id(retry->invoice, "in_"))
		return unpaid(retry, "not_stripes", true);
	retry->path = arena_printf(&out->ctx->arena, "/v1/invoices/%s", retry->invoice);
	return look_and_pay(retry);
}

enum err outreach_retry_run(struct ctx *ctx, struct job *job)
{
	struct retry retry = {0};

	TRY(outreach_read(ctx, job, "invoice", &retry.out, &retry.invoice));
	enum err err = attempt(&retry);
	if (err == OK || !job->last || err == ERR_CONFLICT)
		return err;
	LOG(LOG_WARN, "outreach.retry.given_up", LOG_T("invoice", retry.invoice), LOG_T("detail", ctx->fault.detail));
	ctx_forgive(ctx);
	return unpaid(&retry, "no_answer", false);
}
