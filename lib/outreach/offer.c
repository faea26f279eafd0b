#include "outreach/parts.h"

#include "base/log.h"
#include "conf/conf.h"
#include "event/event.h"
#include "job/policies.h"
#include "retention/change.h"
#include "sql.h"
#include "text/json.h"
#include "who/secret.h"

#include <sodium.h>
#include <string.h>

/* --- the token: version, mode, organisation, offer, MAC --- */

#define TOKEN_VERSION 1
#define TOKEN_HEAD (2 + 2 * ID_BYTES)
#define TOKEN_BYTES (TOKEN_HEAD + SECRET_MAC_BYTES)
#define TOKEN_TEXT 128

const char *outreach_offer_link(struct ctx *ctx, const struct outreach_token *from)
{
	const char *url = conf_string("web.public_url");
	size_t length = strlen(url);
	uint8_t bytes[TOKEN_BYTES] = {TOKEN_VERSION, from->live};
	char text[TOKEN_TEXT];

	if (!length)
		return NULL;
	id_parse(from->org_id, bytes + 2);
	id_parse(from->id, bytes + 2 + ID_BYTES);
	secret_mac(SECRET_OUTREACH, bytes, TOKEN_HEAD, bytes + TOKEN_HEAD);
	sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return arena_printf(&ctx->arena, "%.*s/offer?token=%s", (int)(length - (url[length - 1] == '/')), url, text);
}

enum err outreach_token_read(struct ctx *ctx, const char *token, struct outreach_token *out)
{
	uint8_t bytes[TOKEN_BYTES], mac[SECRET_MAC_BYTES];
	size_t length;
	bool good = sodium_base642bin(bytes, sizeof bytes, token, strlen(token), NULL, &length, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 && length == sizeof bytes;

	if (good) {
		secret_mac(SECRET_OUTREACH, bytes, TOKEN_HEAD, mac);
		good = secret_equal(mac, bytes + TOKEN_HEAD, SECRET_MAC_BYTES) && bytes[0] == TOKEN_VERSION && bytes[1] <= 1;
	}
	if (!good)
		return fail(ctx, ERR_GONE, "This link is not one of ours, or was cut");
	out->live = bytes[1];
	id_format(bytes + 2, out->org_id);
	id_format(bytes + 2 + ID_BYTES, out->id);
	return OK;
}

/* --- taking it --- */

static struct json_object *offer_payload(const PGresult *row)
{
	struct json_object *payload = json_object_new_object();

	json_object_object_add(payload, "customerId", json_object_new_string(pg_text(row, 0, "customer_id")));
	json_object_object_add(payload, "subscription", json_object_new_string(pg_text(row, 0, "subscription_ref")));
	json_object_object_add(payload, "offerType", json_object_new_string("discount"));
	json_object_object_add(payload, "percentage", json_object_new_int64(pg_number(row, 0, "percent", 0)));
	json_object_object_add(payload, "months", json_object_new_int64(pg_number(row, 0, "months", 0)));
	json_object_object_add(payload, "valueMinor", json_object_new_int64(pg_number(row, 0, "month_minor", 0)));
	json_object_object_add(payload, "currency", json_object_new_string(pg_text(row, 0, "currency")));
	json_object_object_add(payload, "by", json_object_new_string("mail"));
	return payload;
}

enum err outreach_offer_accept(struct ctx *ctx, struct lease *lease, const struct outreach_token *token)
{
	char now[CLOCK_TEXT];
	PGresult *taken, *offer;

	clock_format(clock_wall_us(), now);
	TRY(pg_run(lease, &SQL_OUTREACH_OFFER_ACCEPT, PARAMS(token->org_id, pg_bool(token->live), token->id, now), &taken));
	if (!PQntuples(taken)) {
		TRY(pg_run(lease, &SQL_OUTREACH_OFFER_GET, PARAMS(token->org_id, pg_bool(token->live), token->id, now), &offer));
		bool before = PQntuples(offer) && strcmp(pg_text(offer, 0, "state"), "offered") != 0;
		return before ? OK : fail(ctx, ERR_GONE, "This offer is over");
	}
	TRY(event_add(ctx, lease, &(struct event){.org_id = token->org_id, .live = token->live, .actor_kind = "customer",
		.actor_id = pg_text(taken, 0, "customer_id"), .entity = "outreach_offer", .entity_id = token->id, .type = "offer.accepted",
		.payload = json_object_to_json_string_ext(json_own(ctx, offer_payload(taken)), JSON_C_TO_STRING_PLAIN)}, NULL));
	return job_enqueue(ctx, lease, &JOB_OUTREACH_APPLY, &(struct job_new){.org_id = token->org_id, .unique_key = token->id,
		.payload = outreach_payload(ctx, token->org_id, token->live, "offer", token->id)}, NULL);
}

/* --- applying it at Stripe --- */

/* Stripe may forget a key after 24 h. */
#define KEY_LIFE_S (23 * 3600)

struct apply {
	struct outreach out;
	const char *id, *path, *secret_key;
	const char *form;    /* sent before, or NULL */
	int64_t form_age_s;
	struct change change;
};

static enum err settle(const struct apply *apply, const char *state, const char *reason)
{
	const struct outreach *out = &apply->out;
	struct lease lease;
	PGresult *row;

	TRY(job_begin(out->ctx, out->job, &lease));
	enum err err = pg_run(&lease, &SQL_OUTREACH_OFFER_SETTLE, PARAMS(out->org_id, pg_bool(out->live), apply->id, state, reason, out->now), &row);
	if (err == OK && PQntuples(row))
		err = outreach_event(out, &lease, strcmp(state, "applied") ? "decision.manual" : "customer.saved", "outreach_offer", apply->id,
			json_own(out->ctx, offer_payload(row)));
	return job_commit(&lease, err);
}

static enum err manual(const struct apply *apply, const char *reason)
{
	return settle(apply, "manual", reason);
}

static enum err manual_refused(const struct apply *apply, const struct stripe_reply *reply)
{
	return manual(apply, arena_printf(&apply->out.ctx->arena, "Stripe refused: %.400s", reply->error_message));
}

static enum err ask(const struct apply *apply, const char *method, const char *path, const char *form, const char *key, struct stripe_reply *reply)
{
	return outreach_stripe(&apply->out, apply->secret_key, method, path, form, key, reply);
}

/* The coupon has an id that follows from what it is, so that making it twice is refused and does no harm. reason_out: it does not fit. */
static enum err coupon_ready(const struct apply *apply, const char **reason_out)
{
	struct ctx *ctx = apply->out.ctx;
	const char *path = arena_printf(&ctx->arena, "/v1/coupons/%s", apply->change.coupon);
	struct stripe_reply reply;

	*reason_out = NULL;
	TRY(ask(apply, "GET", path, NULL, NULL, &reply));
	if (reply.status == 404) {
		TRY(ask(apply, "POST", "/v1/coupons", change_coupon_form(ctx, &apply->change),
			arena_printf(&ctx->arena, "stoa-coupon-%s", apply->id), &reply));
		TRY(ask(apply, "GET", path, NULL, NULL, &reply));
	}
	if (reply.status >= 300)
		*reason_out = arena_printf(&ctx->arena, "Stripe refused the coupon: %.300s", reply.error_message);
	else
		change_coupon_fits(&apply->change, reply.body, reason_out);
	return OK;
}

static enum err judge(const struct apply *apply, struct change_plan *plan_out, struct stripe_reply *reply)
{
	TRY(ask(apply, "GET", apply->path, "expand%5B%5D=discounts", NULL, reply));
	if (reply->status < 300)
		*plan_out = change_judge(apply->out.ctx, &apply->change, reply->body, apply->form);
	return OK;
}

static enum err form_keep(struct apply *apply, const char *form)
{
	const struct outreach *out = &apply->out;
	struct lease lease;

	apply->form = form;
	TRY(job_begin(out->ctx, out->job, &lease));
	return job_commit(&lease, pg_run(&lease, &SQL_OUTREACH_OFFER_PLAN, PARAMS(out->org_id, pg_bool(out->live), apply->id, form, out->now), NULL));
}

static enum err write_change(struct apply *apply, const char *form)
{
	struct change_plan plan = {.verdict = CHANGE_WRITE};
	struct stripe_reply reply;
	const char *reason;

	if (apply->form && apply->form_age_s >= KEY_LIFE_S)
		return manual(apply, "Stripe was asked more than 23 hours ago and does not show the change");
	TRY(coupon_ready(apply, &reason));
	if (reason)
		return manual(apply, reason);
	if (!apply->form)
		TRY(form_keep(apply, form));
	TRY(ask(apply, "POST", apply->path, apply->form, arena_printf(&apply->out.ctx->arena, "stoa-offer-%s", apply->id), &reply));
	if (reply.status >= 300)
		return manual_refused(apply, &reply);
	TRY(judge(apply, &plan, &reply));
	if (plan.verdict == CHANGE_DONE)
		return settle(apply, "applied", NULL);
	return fail(apply->out.ctx, ERR_UPSTREAM, "Stripe accepted the change but does not show it");
}

static enum err offer_apply(struct apply *apply)
{
	struct change_plan plan = {0};
	struct stripe_reply reply;

	TRY(judge(apply, &plan, &reply));
	if (reply.status >= 300)
		return manual_refused(apply, &reply);
	if (plan.verdict == CHANGE_WRITE)
		return write_change(apply, plan.form);
	return plan.verdict == CHANGE_DONE ? settle(apply, "applied", NULL) : manual(apply, plan.reason);
}

static enum err offer_load(struct apply *apply, bool *pending_out)
{
	const struct outreach *out = &apply->out;
	struct ctx *ctx = out->ctx;
	PGresult *row;

	TRY(pg_query(ctx, out->job->pool, &SQL_OUTREACH_OFFER_GET, PARAMS(out->org_id, pg_bool(out->live), apply->id, out->now), &row));
	*pending_out = PQntuples(row) && strcmp(pg_text(row, 0, "state"), "pending") == 0;
	if (!*pending_out)
		return OK;
	int percent = (int)pg_number(row, 0, "percent", 0), months = (int)pg_number(row, 0, "months", 0);
	apply->secret_key = outreach_secret_key(out, row);
	apply->form = pg_text(row, 0, "form");
	apply->form_age_s = pg_number(row, 0, "form_age_s", 0);
	apply->path = stripe_id(pg_text(row, 0, "subscription_ref"), "sub_")
		? arena_printf(&ctx->arena, "/v1/subscriptions/%s", pg_text(row, 0, "subscription_ref")) : NULL;
	apply->change = (struct change){.kind = CHANGE_DISCOUNT, .live = out->live, .decided_s = pg_number(row, 0, "accepted_s", out->now_s),
		.percentage = percent, .months = months, .duration = "repeating", .coupon_own = true, .alone = true,
		.coupon = arena_printf(&ctx->arena, "stoa-%d-repeating-%d", percent, months)};
	return OK;
}

enum err outreach_apply_run(struct ctx *ctx, struct job *job)
{
	struct apply apply = {0};
	bool pending;

	TRY(outreach_read(ctx, job, "offer", &apply.out, &apply.id));
	if (!id_valid(apply.id))
		return job_reject(ctx, job, fail(ctx, ERR_INVALID, "The payload names no offer"));
	TRY(offer_load(&apply, &pending));
	if (!pending)
		return OK;
	if (!apply.secret_key || !apply.path)
		return manual(&apply, apply.path ? "no Stripe connection" : "the subscription is not one of Stripe's");
	enum err err = offer_apply(&apply);
	if (err == OK || !job->last || err == ERR_CONFLICT)
		return err;
	LOG(LOG_WARN, "outreach.apply.given_up", LOG_T("offer", apply.id), LOG_T("detail", ctx->fault.detail));
	const char *reason = arena_printf(&ctx->arena, "%s; the outcome at Stripe is not known", ctx->fault.detail);
	ctx_forgive(ctx);
	return manual(&apply, reason);
}
