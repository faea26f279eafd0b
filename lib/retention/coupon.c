#include "retention/coupon.h"

#include "event/event.h"
#include "sql.h"
#include "text/json.h"
#include "who/secret.h"

#include <string.h>

#define MONTHS_MOST 36
#define AMOUNT_MOST 99999999 /* Stripe's bound of an amount: eight digits */

static enum err coupon_check(struct ctx *ctx, const struct coupon_new *coupon)
{
	bool repeating = strcmp(coupon->duration, "repeating") == 0;

	if (coupon->id && !stripe_coupon_id(coupon->id))
		return fail_field(ctx, ERR_INVALID, "id", "id may hold letters, digits, '_' and '-'");
	if ((coupon->percent_off != 0) == (coupon->amount_minor != 0))
		return fail_field(ctx, ERR_INVALID, "percentOff", "Either percentOff or amountMinor is needed");
	if (coupon->percent_off < 0 || coupon->percent_off > 100)
		return fail_field(ctx, ERR_INVALID, "percentOff", "percentOff must be from 1 to 100");
	if (coupon->amount_minor < 0 || coupon->amount_minor > AMOUNT_MOST)
		return fail_field(ctx, ERR_INVALID, "amountMinor", "amountMinor must be from 1 to %d", AMOUNT_MOST);
	if (coupon->amount_minor
		? !coupon->currency || strlen(coupon->currency) != 3 || strspn(coupon->currency, "abcdefghijklmnopqrstuvwxyz") != 3
		: coupon->currency != NULL)
		return fail_field(ctx, ERR_INVALID, "currency", "currency belongs to amountMinor: three lower-case letters");
	if (repeating ? coupon->months < 1 || coupon->months > MONTHS_MOST : coupon->months != 0)
		return fail_field(ctx, ERR_INVALID, "months", "months is for a repeating coupon, and needed there: 1 to %d", MONTHS_MOST);
	return OK;
}

static const char *coupon_form(struct ctx *ctx, const struct coupon_new *coupon)
{
	struct buffer form = {0};
	const char *text;

	if (coupon->id)
		stripe_param(&form, "id", coupon->id);
	if (coupon->name)
		stripe_param(&form, "name", coupon->name);
	if (coupon->percent_off)
		stripe_param_int(&form, "percent_off", coupon->percent_off);
	if (coupon->amount_minor) {
		stripe_param_int(&form, "amount_off", coupon->amount_minor);
		stripe_param(&form, "currency", coupon->currency);
	}
	stripe_param(&form, "duration", coupon->duration);
	if (coupon->months)
		stripe_param_int(&form, "duration_in_months", coupon->months);
	text = arena_memdup(&ctx->arena, form.data, form.length);
	buffer_free(&form);
	return text;
}

/* One wish on its way: its request row, its form, the connection's key. */
struct wish {
	struct ctx *ctx;
	struct pool *pool;
	const struct audit *by;
	const struct coupon_new *coupon;
	const char *form, *id, *key, *secret;
};

static enum err secret_load(struct wish *wish, struct lease *lease)
{
	const uint8_t *sealed;
	PGresult *row;
	size_t bytes;

	TRY(pg_run(lease, &SQL_BILLING_KEY_GET, PARAMS(wish->by->org_id, pg_bool(wish->coupon->live)), &row));
	if (PQntuples(row) == 0 || !pg_data(wish->ctx, row, 0, "key_sealed", &sealed, &bytes))
		return fail(wish->ctx, ERR_CONFLICT, "This mode is not connected with Stripe");
	return secret_unseal(wish->ctx, wish->by->org_id, sealed, bytes, &wish->secret, &bytes);
}

static enum err request_store(struct wish *wish, struct lease *lease)
{
	const char *live = pg_bool(wish->coupon->live);
	char id[ID_TEXT];
	PGresult *row;

	TRY(secret_load(wish, lease));
	TRY(pg_begin(lease));
	TRY(pg_run(lease, &SQL_RETENTION_COUPON_OPEN, PARAMS(wish->by->org_id, live, wish->form), &row));
	if (PQntuples(row)) {
		wish->id = pg_text(row, 0, "id");
		wish->key = pg_text(row, 0, "idempotency_key");
	} else {
		id_new(id);
		wish->id = arena_strdup(&wish->ctx->arena, id);
		wish->key = arena_printf(&wish->ctx->arena, "stoa-coupon-%s", id);
		TRY(pg_run(lease, &SQL_RETENTION_COUPON_REQUEST, PARAMS(wish->by->org_id, live, wish->id, wish->key, wish->form,
			strcmp(wish->by->actor_kind, "session") == 0 ? wish->by->actor_id : NULL), NULL));
	}
	return pg_commit(lease);
}

static enum err request_settle(const struct wish *wish, struct lease *lease, const struct stripe_reply *reply, const char *ref)
{
	const char *live = pg_bool(wish->coupon->live);
	struct audit audit = *wish->by;

	TRY(pg_begin(lease));
	TRY(pg_run(lease, &SQL_RETENTION_COUPON_SETTLE, PARAMS(wish->by->org_id, live, wish->id, ref ? "done" : "refused", ref,
		ref ? NULL : reply->error_message), NULL));
	if (ref) {
		const struct coupon_new *coupon = wish->coupon;

		TRY(pg_run(lease, &SQL_RETENTION_COUPON_MIRROR, PARAMS(wish->by->org_id, live, ref, coupon->name,
			coupon->percent_off ? pg_int(wish->ctx, coupon->percent_off) : NULL,
			coupon->amount_minor ? pg_int(wish->ctx, coupon->amount_minor) : NULL, coupon->currency, coupon->duration,
			coupon->months ? pg_int(wish->ctx, coupon->months) : NULL, pg_int(wish->ctx, json_int(reply->body, "created", 0))), NULL));
		audit.action = "coupon.create";
		audit.entity = "coupon";
		audit.entity_id = ref;
		audit.after = audit_note(wish->ctx, "mode", coupon->live ? "live" : "test", "duration", coupon->duration, "percentOff",
			coupon->percent_off ? pg_int(wish->ctx, coupon->percent_off) : NULL, "amountMinor",
			coupon->amount_minor ? pg_int(wish->ctx, coupon->amount_minor) : NULL, "currency", coupon->currency, NULL);
		TRY(event_audit(lease, &audit));
	}
	return pg_commit(lease);
}

static enum err with_lease(struct wish *wish, const struct stripe_reply *reply, const char *ref)
{
	struct lease lease;
	enum err err;

	TRY(lease_take(wish->ctx, wish->pool, &lease));
	err = reply ? request_settle(wish, &lease, reply, ref) : request_store(wish, &lease);
	lease_return(&lease);
	return err;
}

static enum err refusal(struct ctx *ctx, const struct stripe_reply *reply)
{
	if (reply->status == 401 || reply->status == 403)
		return fail(ctx, ERR_FORBIDDEN, "The key of the connection may not make coupons: give it write access to Coupons");
	return fail(ctx, ERR_INVALID, "Stripe says: %.200s", *reply->error_message ? reply->error_message : "the coupon is refused");
}

enum err coupon_create(struct ctx *ctx, struct pool *pool, struct net *net, const struct audit *by, const struct coupon_new *coupon,
	const char **ref_out)
{
	struct wish wish = {.ctx = ctx, .pool = pool, .by = by, .coupon = coupon};
	struct stripe_reply reply;
	const char *ref;

	TRY(coupon_check(ctx, coupon));
	wish.form = coupon_form(ctx, coupon);
	TRY(with_lease(&wish, NULL, NULL));
	if (stripe_call(ctx, net, wish.secret, by->org_id, "POST", "/v1/coupons", wish.form, wish.key, &reply) != OK || !reply.definite) {
		ctx_forgive(ctx);
		return fail(ctx, ERR_UPSTREAM, "Stripe did not answer: ask again, which makes no second coupon");
	}
	ref = reply.status < 300 ? json_text(reply.body, "id", NULL) : NULL;
	if (reply.status < 300 && (!ref || !stripe_coupon_id(ref)))
		return fail(ctx, ERR_UPSTREAM, "Stripe's answer about the coupon cannot be used");
	TRY(with_lease(&wish, &reply, ref));
	*ref_out = ref;
	return ref ? OK : refusal(ctx, &reply);
}
