#include "retention/ledger.h"

#include "base/log.h"
#include "retention/privacy.h"
#include "retention/report.h"

#include <string.h>

/* Stripe may forget a key after 24 h; from then on it would execute again. */
#define KEY_LIFE_S (23 * 3600)

const struct job_kind RETENTION_JOBS[] = {
	{&JOB_STRIPE_APPLY, stripe_apply_run}, {&JOB_REPORT_MAKE, report_make_run}, {&JOB_CUSTOMER_ERASE, customer_erase_run},
	{0}};

struct apply {
	struct ledger ledger;
	struct pending pending;
	struct change change;
	const char *path;    /* of the subscription */
	const char *trouble; /* why this attempt ended without an outcome */
};

static enum err stripe_ask(struct apply *apply, const char *method, const char *path, const char *form, const char *key,
	struct stripe_reply *reply)
{
	const struct ledger *ledger = &apply->ledger;
	const struct job_house *house = ledger->job->house;
	const char *account = arena_printf(&ledger->ctx->arena, "%s:%s", ledger->org_id, ledger->live ? "live" : "test");
	enum err err = stripe_call(ledger->ctx, house->net, apply->pending.secret_key, account, method, path, form, key, reply);

	if (err != OK)
		apply->trouble = err == ERR_TIMEOUT ? "Stripe did not answer in time" : "Stripe could not be reached";
	else if (!reply->definite)
		apply->trouble = reply->body ? arena_printf(&ledger->ctx->arena, "Stripe answered %d: %s", reply->status, reply->error_message)
					     : arena_printf(&ledger->ctx->arena, "Stripe answered %d with something unreadable", reply->status);
	return err;
}

/* The attempt failed; another follows unless it was the last. */
static enum err attempt_failed(struct apply *apply)
{
	return fail(apply->ledger.ctx, ERR_UPSTREAM, "%s", apply->trouble);
}

static enum err settle_manual(struct apply *apply, const char *reason)
{
	return ledger_settle(&apply->ledger, &(struct settlement){.status = "manual", .reason = reason});
}

static enum err settle_refused(struct apply *apply, const struct stripe_reply *reply)
{
	return settle_manual(apply, arena_printf(&apply->ledger.ctx->arena, "Stripe refused: %s",
		*reply->error_message ? reply->error_message : error_code(ERR_UPSTREAM)));
}

static int64_t saved_by(const struct apply *apply)
{
	enum step_type type;

	if (strcmp(apply->pending.source.outcome, "accepted") != 0 || !step_parse(apply->pending.source.offer_type, &type))
		return 0;
	return revenue_saved(type, apply->pending.value_minor);
}

static enum err settle_applied(struct apply *apply, const char *effect)
{
	return ledger_settle(&apply->ledger,
		&(struct settlement){.status = "applied", .effect = effect, .saved_minor = saved_by(apply)});
}

static bool reply_done(const struct stripe_reply *reply)
{
	return reply->definite && reply->status < 300;
}

static enum err subscription_read(struct apply *apply, struct stripe_reply *reply)
{
	return stripe_ask(apply, "GET", apply->path, "expand%5B%5D=discounts", NULL, reply);
}

/* The operation to send: one that may be under way is repeated under its key, else a new one is committed first. */
static enum err operation_choose(struct apply *apply, const char *purpose, const char *path, const char *form,
	const struct operation *last, struct operation *operation)
{
	*operation = *last;
	if (last->number && !last->refused && last->age_s < KEY_LIFE_S)
		return OK;
	return ledger_plan(&apply->ledger, purpose, path, form, operation);
}

/* Sends a write and notes a definite answer; without one the operation stays open. */
static enum err operation_send(struct apply *apply, const struct operation *operation, const char *path, struct stripe_reply *reply)
{
	TRY(stripe_ask(apply, "POST", path, operation->form, operation->key, reply));
	return reply->definite ? ledger_answer(&apply->ledger, operation, reply, reply_done(reply)) : OK;
}

/* Makes sure that the discount's coupon is there and is what was offered; reason_out: it is not, for good. */
static enum err coupon_ready(struct apply *apply, const char **reason_out)
{
	const char *path = arena_printf(&apply->ledger.ctx->arena, "/v1/coupons/%s", apply->change.coupon);
	struct operation last, operation;
	struct stripe_reply reply;
	bool missing;

	*reason_out = NULL;
	TRY(stripe_ask(apply, "GET", path, NULL, NULL, &reply));
	missing = reply.definite && reply.status == 404;
	if (missing && apply->change.coupon_own) {
		const char *form = change_coupon_form(apply->ledger.ctx, &apply->change);

		TRY(ledger_last(&apply->ledger, OPERATION_COUPON, &last));
		TRY(operation_choose(apply, OPERATION_COUPON, "/v1/coupons", form, &last, &operation));
		TRY(operation_send(apply, &operation, "/v1/coupons", &reply));
		/* Another decision may have created it meanwhile. */
		if (strcmp(reply.error_code, "resource_already_exists") == 0)
			TRY(stripe_ask(apply, "GET", path, NULL, NULL, &reply));
	}
	if (!reply.definite)
		return attempt_failed(apply);
	if (!reply_done(&reply))
		*reason_out = arena_printf(&apply->ledger.ctx->arena, "Stripe refused the coupon: %s", reply.error_message);
	else
		change_coupon_fits(&apply->change, reply.body, reason_out);
	return OK;
}

/* The write was stored as failed and the subscription does not show it: it is over, so a new key may try again. */
static enum err failure_close(struct apply *apply, const struct operation *operation, const struct stripe_reply *failure)
{
	struct stripe_reply reply;

	TRY(subscription_read(apply, &reply));
	if (reply_done(&reply) &&
		change_judge(apply->ledger.ctx, &apply->change, reply.body, operation->form).verdict == CHANGE_WRITE)
		TRY(ledger_answer(&apply->ledger, operation, failure, false));
	return attempt_failed(apply);
}

static enum err read_back(struct apply *apply, const struct operation *operation)
{
	struct stripe_reply reply;
	struct change_plan plan;

	TRY(subscription_read(apply, &reply));
	if (!reply_done(&reply))
		return attempt_failed(apply);
	plan = change_judge(apply->ledger.ctx, &apply->change, reply.body, operation->form);
	if (plan.verdict == CHANGE_DONE)
		return settle_applied(apply, plan.effect);
	apply->trouble = "Stripe accepted the change but does not show it";
	return attempt_failed(apply);
}

static enum err change_write(struct apply *apply, const char *form, const struct operation *last)
{
	struct operation operation;
	struct stripe_reply reply;
	const char *reason = NULL;

	if (last->done && last->age_s >= KEY_LIFE_S)
		return settle_manual(apply, "Stripe accepted the change but does not show it");
	if (apply->change.kind == CHANGE_DISCOUNT)
		TRY(coupon_ready(apply, &reason));
	if (reason)
		return settle_manual(apply, reason);
	TRY(operation_choose(apply, OPERATION_SUBSCRIPTION, apply->path, form, last, &operation));
	TRY(operation_send(apply, &operation, apply->path, &reply));
	if (!reply.definite)
		return reply.replayed && reply.status >= 500 ? failure_close(apply, &operation, &reply) : attempt_failed(apply);
	return reply_done(&reply) ? read_back(apply, &operation) : settle_refused(apply, &reply);
}

static enum err change_apply(struct apply *apply)
{
	struct operation last;
	struct stripe_reply reply;
	struct change_plan plan;

	TRY(ledger_last(&apply->ledger, OPERATION_SUBSCRIPTION, &last));
	TRY(subscription_read(apply, &reply));
	if (!reply.definite)
		return attempt_failed(apply);
	if (!reply_done(&reply))
		return settle_refused(apply, &reply);
	plan = change_judge(apply->ledger.ctx, &apply->change, reply.body, last.number && !last.refused ? last.form : NULL);
	switch (plan.verdict) {
	case CHANGE_DONE:
		return settle_applied(apply, plan.effect);
	case CHANGE_MANUAL:
		return settle_manual(apply, plan.reason);
	case CHANGE_WRITE:
		break;
	}
	return change_write(apply, plan.form, &last);
}

static enum err decision_apply(struct apply *apply)
{
	struct ctx *ctx = apply->ledger.ctx;

	if (!apply->pending.secret_key)
		return settle_manual(apply, apply->pending.sealed ? "the stored Stripe key cannot be opened" : "no Stripe connection");
	if (!apply->pending.subscription)
		return settle_manual(apply, "no subscription given");
	if (!stripe_id(apply->pending.subscription, "sub_"))
		return settle_manual(apply, "the subscription given is not one of Stripe's");
	if (!change_read(ctx, &apply->pending.source, &apply->change))
		return settle_manual(apply, "the decision is none that Stripe has to do with");
	apply->path = arena_printf(&ctx->arena, "/v1/subscriptions/%s", apply->pending.subscription);
	return change_apply(apply);
}

enum err stripe_apply_run(struct ctx *ctx, struct job *job)
{
	struct apply apply = {.ledger = {.ctx = ctx, .job = job, .org_id = json_text(job->payload, "org", ""),
		.session_id = json_text(job->payload, "session", ""), .live = json_flag(job->payload, "live", false)}};
	const char *reason;
	enum err err;

	if (!id_valid(apply.ledger.org_id) || !id_valid(apply.ledger.session_id))
		return job_reject(ctx, job, fail(ctx, ERR_INVALID, "The payload names no decision"));
	TRY(ledger_load(&apply.ledger, &apply.pending));
	if (!apply.pending.pending)
		return OK;
	err = decision_apply(&apply);
	/* Taken over, or the database is gone: not ours to settle. */
	if (err == OK || !job->last || !apply.trouble)
		return err;
	reason = arena_printf(&ctx->arena, "%s; the outcome at Stripe is not known", apply.trouble);
	LOG(LOG_WARN, "stripe.apply.given_up", LOG_T("session", apply.ledger.session_id), LOG_T("reason", apply.trouble));
	ctx_forgive(ctx);
	return settle_manual(&apply, reason);
}
