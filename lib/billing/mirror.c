#include "billing/parts.h"

#include "sql.h"

#include <string.h>

struct table {
	const char *name;
	const struct statement *put;
	const char *path; /* of the object at Stripe; NULL: it is never asked for */
};

static const struct table TABLES[BILLING_KINDS] = {
	[BILLING_CUSTOMER] = {"customer", &SQL_BILLING_PUT_CUSTOMER, "/v1/customers/"},
	[BILLING_PRODUCT] = {"product", &SQL_BILLING_PUT_PRODUCT, "/v1/products/"},
	[BILLING_PRICE] = {"price", &SQL_BILLING_PUT_PRICE, "/v1/prices/"},
	/* Of a coupon only words change, and its redemptions give two snapshots an order. */
	[BILLING_COUPON] = {"coupon", &SQL_BILLING_PUT_COUPON, NULL},
	[BILLING_DISCOUNT] = {"discount", &SQL_BILLING_PUT_DISCOUNT, NULL},
	[BILLING_SUBSCRIPTION] = {"subscription", &SQL_BILLING_PUT_SUBSCRIPTION, "/v1/subscriptions/"},
	[BILLING_SCHEDULE] = {"schedule", &SQL_BILLING_PUT_SCHEDULE, "/v1/subscription_schedules/"},
	[BILLING_INVOICE] = {"invoice", &SQL_BILLING_PUT_INVOICE, "/v1/invoices/"},
	[BILLING_CHARGE] = {"charge", &SQL_BILLING_PUT_CHARGE, "/v1/charges/"},
	[BILLING_DISPUTE] = {"dispute", &SQL_BILLING_PUT_DISPUTE, "/v1/disputes/"},
};

const char *billing_path(struct ctx *ctx, enum billing_kind kind, const char *ref)
{
	struct buffer path = {0};
	const char *text;

	if (!TABLES[kind].path)
		return NULL;
	buffer_text(&path, TABLES[kind].path);
	buffer_url(&path, ref, strlen(ref));
	text = arena_strdup(&ctx->arena, path.data);
	buffer_free(&path);
	return text;
}

enum err billing_lock(struct lease *lease, const char *org_id, bool live)
{
	return pg_run(lease, &SQL_BILLING_LOCK, PARAMS(org_id, pg_bool(live)), NULL);
}

/* A column of rows from `from` to before `to` as text[]; of a put, that of the rows from which something follows. */
static const char *column_slice(struct ctx *ctx, const PGresult *rows, const char *column, int from, int to)
{
	const char **items = arena_array(&ctx->arena, (size_t)(to - from) + 1, sizeof *items);
	bool all = PQfnumber(rows, "put") < 0;
	int count = 0;

	for (int row = from; row < to; row++)
		if (all || pg_true(rows, row, "put"))
			items[count++] = pg_text(rows, row, column);
	return pg_array(ctx, items, count);
}

static const char *column_array(struct ctx *ctx, const PGresult *rows, const char *column)
{
	return column_slice(ctx, rows, column, 0, PQntuples(rows));
}

/* --- what follows --- */

#define DERIVED_AT_ONCE 2000 /* by a statement: a price may have all subscriptions */

static enum err derive(const struct mirror *mirror, const struct statement *statement, const char *refs)
{
	return pg_run(mirror->lease, statement, PARAMS(mirror->org_id, pg_bool(mirror->live), refs), NULL);
}

static enum err derive_subscriptions(const struct mirror *mirror, const PGresult *rows)
{
	for (int from = 0; from < PQntuples(rows); from += DERIVED_AT_ONCE) {
		int to = PQntuples(rows) - from > DERIVED_AT_ONCE ? from + DERIVED_AT_ONCE : PQntuples(rows);

		TRY(derive(mirror, &SQL_BILLING_DERIVE_SUBSCRIPTION, column_slice(mirror->ctx, rows, "ref", from, to)));
		TRY(derive(mirror, &SQL_BILLING_DERIVE_CUSTOMER, column_slice(mirror->ctx, rows, "customer_ref", from, to)));
	}
	return OK;
}

static enum err derive_touched(const struct mirror *mirror, enum billing_kind kind, const PGresult *rows)
{
	PGresult *touched;

	TRY(pg_run(mirror->lease, &SQL_BILLING_TOUCHED_SUBSCRIPTION, PARAMS(mirror->org_id, pg_bool(mirror->live), TABLES[kind].name,
		column_array(mirror->ctx, rows, "ref")), &touched));
	return derive_subscriptions(mirror, touched);
}

/* payments: text[] of charges and payment intents. */
static enum err derive_paid(const struct mirror *mirror, const char *payments)
{
	PGresult *touched;

	TRY(pg_run(mirror->lease, &SQL_BILLING_TOUCHED_INVOICE, PARAMS(mirror->org_id, pg_bool(mirror->live), payments), &touched));
	return PQntuples(touched) ? derive(mirror, &SQL_BILLING_DERIVE_INVOICE, column_array(mirror->ctx, touched, "ref")) : OK;
}

static enum err link_one(const struct mirror *mirror, const char *customer_ref, const char *stripe_ref)
{
	return pg_run(mirror->lease, &SQL_BILLING_LINK, PARAMS(mirror->org_id, pg_bool(mirror->live), customer_ref, stripe_ref), NULL);
}

static enum err link_claimed(const struct mirror *mirror, const char *subscriptions)
{
	PGresult *claims;

	TRY(pg_run(mirror->lease, &SQL_BILLING_CLAIMS, PARAMS(mirror->org_id, pg_bool(mirror->live), subscriptions), &claims));
	for (int row = 0; row < PQntuples(claims); row++)
		TRY(link_one(mirror, pg_text(claims, row, "customer_ref"), pg_text(claims, row, "stripe_ref")));
	return OK;
}

enum err billing_link(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *customer_ref,
	const char *subscription_ref)
{
	const struct mirror mirror = {ctx, lease, org_id, live};
	const char *subscriptions;

	if (!subscription_ref || !*subscription_ref)
		return OK;
	subscriptions = pg_array(ctx, &subscription_ref, 1);
	TRY(billing_lock(lease, org_id, live));
	TRY(pg_run(lease, &SQL_BILLING_CLAIM_ADD, PARAMS(org_id, pg_bool(live), subscription_ref, customer_ref), NULL));
	return link_claimed(&mirror, subscriptions);
}

/* The charges' own payments: what links them to invoices in newer shapes. */
static const char *payments_of(const struct mirror *mirror, struct json_object *list)
{
	size_t length = json_object_array_length(list);
	const char **items = arena_array(&mirror->ctx->arena, 3 * length + 1, sizeof *items);
	static const char *const NAMES[] = {"ref", "charge_ref", "payment_ref"};
	int count = 0;

	for (size_t i = 0; i < length; i++)
		for (size_t name = 0; name < sizeof NAMES / sizeof *NAMES; name++) {
			const char *ref = json_text(json_object_array_get_idx(list, i), NAMES[name], NULL);

			if (ref)
				items[count++] = ref;
		}
	return pg_array(mirror->ctx, items, count);
}

static enum err follow(const struct mirror *mirror, enum billing_kind kind, struct json_object *list, const PGresult *rows)
{
	const char *refs = column_array(mirror->ctx, rows, "ref");

	switch (kind) {
	case BILLING_CUSTOMER:
		return derive(mirror, &SQL_BILLING_DERIVE_CUSTOMER, refs);
	case BILLING_SUBSCRIPTION:
		TRY(derive(mirror, &SQL_BILLING_CUSTOMER_STUB, column_array(mirror->ctx, rows, "customer_ref")));
		TRY(derive_subscriptions(mirror, rows));
		return link_claimed(mirror, refs);
	case BILLING_INVOICE:
		return derive(mirror, &SQL_BILLING_DERIVE_INVOICE, refs);
	case BILLING_CHARGE:
	case BILLING_DISPUTE:
		return derive_paid(mirror, payments_of(mirror, list));
	default:
		return derive_touched(mirror, kind, rows);
	}
}

/* --- writing --- */

static const char *json_of(struct ctx *ctx, struct json_object *list)
{
	return arena_strdup(&ctx->arena, json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static enum err put_payments(const struct mirror *mirror, struct json_object *list)
{
	TRY(pg_run(mirror->lease, &SQL_BILLING_PUT_PAYMENT, PARAMS(mirror->org_id, pg_bool(mirror->live), json_of(mirror->ctx, list)), NULL));
	return derive_paid(mirror, payments_of(mirror, list));
}

static bool any_put(const PGresult *rows)
{
	for (int row = 0; row < PQntuples(rows); row++)
		if (pg_true(rows, row, "put"))
			return true;
	return false;
}

/* tie_out as in mirror_put(). */
static enum err put(const struct mirror *mirror, enum billing_kind kind, struct json_object *list, int64_t as_of_us, const char *how,
	const char **tie_out)
{
	PGresult *rows;

	if (tie_out)
		*tie_out = NULL;
	if (!list)
		return OK;
	if (kind == BILLING_PAYMENT)
		return put_payments(mirror, list);
	TRY(pg_run(mirror->lease, TABLES[kind].put, PARAMS(mirror->org_id, pg_bool(mirror->live), pg_int(mirror->ctx, as_of_us),
		json_of(mirror->ctx, list), how), &rows));
	for (int row = 0; tie_out && row < PQntuples(rows); row++)
		if (pg_true(rows, row, "tie"))
			*tie_out = pg_text(rows, row, "version");
	return any_put(rows) ? follow(mirror, kind, list, rows) : OK;
}

/* What stands inside a snapshot is as old as that, but never newer than a snapshot of its own. */
static enum err put_with(const struct mirror *mirror, const struct billing_rows *rows, int64_t as_of_us)
{
	for (enum billing_kind kind = 0; kind < BILLING_KINDS; kind++)
		TRY(put(mirror, kind, rows->with[kind], as_of_us - as_of_us % 1000000, MIRROR_PRINT, NULL));
	return OK;
}

enum err mirror_put(const struct mirror *mirror, const struct billing_rows *rows, int64_t as_of_us, const char *how, const char **tie_out)
{
	TRY(put(mirror, rows->kind, rows->own, as_of_us, how, tie_out));
	return tie_out && *tie_out ? OK : put_with(mirror, rows, as_of_us);
}

enum err mirror_put_all(const struct mirror *mirror, const struct billing_rows *rows, int count, int64_t as_of_us)
{
	struct billing_rows page = {.kind = count ? rows->kind : BILLING_PAYMENT};

	for (int i = 0; i < count; i++) {
		for (size_t j = 0; rows[i].own && j < json_object_array_length(rows[i].own); j++) {
			page.own = page.own ? page.own : json_own(mirror->ctx, json_object_new_array());
			json_object_array_add(page.own, json_object_get(json_object_array_get_idx(rows[i].own, j)));
		}
		for (enum billing_kind kind = 0; kind < BILLING_KINDS; kind++)
			for (size_t j = 0; rows[i].with[kind] && j < json_object_array_length(rows[i].with[kind]); j++) {
				page.with[kind] = page.with[kind] ? page.with[kind] : json_own(mirror->ctx, json_object_new_array());
				json_object_array_add(page.with[kind], json_object_get(json_object_array_get_idx(rows[i].with[kind], j)));
			}
	}
	return mirror_put(mirror, &page, as_of_us, MIRROR_PRINT, NULL);
}
