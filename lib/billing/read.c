#include "billing/parts.h"

#include <ctype.h>
#include <string.h>

#define REF_MOST 255
#define TEXT_MOST 500
#define TIME_MOST 253402300799 /* the end of the year 9999 */
#define AMOUNT_MOST 1000000000000
#define QUANTITY_MOST 1000000000
#define E6 1000000
#define MONTH_MOST 100000000000000

/* --- members --- */

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &value);
	return value;
}

static struct json_object *list_of(struct json_object *object, const char *name)
{
	struct json_object *list = member(member(object, name), "data");

	return json_object_is_type(list, json_type_array) ? list : NULL;
}

static const char *ref_good(const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (length < 1 || length > REF_MOST)
		return NULL;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < 0x21 || text[i] == 0x7f)
			return NULL;
	return text;
}

/* An id, of an object that may stand in its place. */
static const char *ref_value(struct json_object *value)
{
	if (json_object_is_type(value, json_type_object))
		value = member(value, "id");
	return json_object_is_type(value, json_type_string) ? ref_good(json_object_get_string(value)) : NULL;
}

static const char *ref_of(struct json_object *object, const char *name)
{
	return ref_value(member(object, name));
}

static const char *text_of(struct ctx *ctx, struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name);
	const char *text;

	if (!json_object_is_type(value, json_type_string) || !json_object_get_string_len(value))
		return NULL;
	text = json_object_get_string(value);
	return arena_memdup(&ctx->arena, text, utf8_cut(text, TEXT_MOST));
}

static int64_t int_of(struct json_object *object, const char *name, int64_t fallback)
{
	struct json_object *value = member(object, name);

	return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : fallback;
}

static int64_t amount_of(struct json_object *object, const char *name)
{
	int64_t amount = int_of(object, name, 0);

	return amount > AMOUNT_MOST ? AMOUNT_MOST : amount < -AMOUNT_MOST ? -AMOUNT_MOST : amount;
}

static bool flag_of(struct json_object *object, const char *name, bool fallback)
{
	struct json_object *value = member(object, name);

	return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value) : fallback;
}

static bool one_of(const char *choices, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	for (size_t part; length && *choices; choices += part + (choices[part] == '|')) {
		part = strcspn(choices, "|");
		if (part == length && !memcmp(choices, text, part))
			return true;
	}
	return false;
}

static const char *choice_of(struct ctx *ctx, struct json_object *object, const char *name, const char *choices)
{
	const char *text = text_of(ctx, object, name);

	return one_of(choices, text) ? text : NULL;
}

static const char *currency_of(struct ctx *ctx, struct json_object *object)
{
	const char *given = text_of(ctx, object, "currency");
	char *text;

	if (!given || strlen(given) != 3)
		return NULL;
	text = arena_strdup(&ctx->arena, given);
	for (int i = 0; i < 3; i++) {
		text[i] = (char)tolower((unsigned char)text[i]);
		if (text[i] < 'a' || text[i] > 'z')
			return NULL;
	}
	return text;
}

/* --- rows --- */

static void put_text(struct json_object *row, const char *name, const char *text)
{
	json_object_object_add(row, name, text ? json_object_new_string(text) : NULL);
}

static void put_int(struct json_object *row, const char *name, int64_t value)
{
	json_object_object_add(row, name, json_object_new_int64(value));
}

static void put_flag(struct json_object *row, const char *name, bool value)
{
	json_object_object_add(row, name, json_object_new_boolean(value));
}

/* Null where it is none. */
static void put_number(struct json_object *row, const char *name, struct json_object *object, const char *from, int64_t least, int64_t most)
{
	int64_t value = int_of(object, from, INT64_MIN);

	json_object_object_add(row, name, value >= least && value <= most ? json_object_new_int64(value) : NULL);
}

static void put_time(struct json_object *row, const char *name, struct json_object *object, const char *from)
{
	put_number(row, name, object, from, 0, TIME_MOST);
}

static struct json_object *rows_of(struct ctx *ctx, struct json_object *row)
{
	struct json_object *rows = json_own(ctx, json_object_new_array());

	json_object_array_add(rows, row);
	return rows;
}

static void row_with(struct ctx *ctx, struct billing_rows *rows, enum billing_kind kind, struct json_object *row)
{
	if (rows->with[kind])
		json_object_array_add(rows->with[kind], row);
	else
		rows->with[kind] = rows_of(ctx, row);
}

static enum err unusable(struct ctx *ctx, const char *what)
{
	return fail(ctx, ERR_INVALID, "Stripe's %s cannot be used", what);
}

static struct json_object *row_new(struct ctx *ctx, struct json_object *object, struct billing_rows *rows, enum billing_kind kind)
{
	struct json_object *row = json_object_new_object();

	rows->kind = kind;
	rows->ref = ref_of(object, "id");
	rows->own = rows_of(ctx, row);
	put_text(row, "ref", rows->ref);
	return row;
}

/* --- catalogue --- */

static enum err product_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_PRODUCT);
	const char *name = text_of(ctx, object, "name");

	put_text(row, "name", name ? name : "");
	put_flag(row, "active", flag_of(object, "active", true));
	put_flag(row, "deleted", deleted);
	return OK;
}

static const char PERIODS[] = "day|week|month|year";

static enum err price_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_PRICE), *recurring = member(object, "recurring");
	const char *currency = currency_of(ctx, object), *usage = text_of(ctx, recurring, "usage_type");

	if (!currency)
		return unusable(ctx, "price");
	put_text(row, "product_ref", ref_of(object, "product"));
	put_text(row, "nickname", text_of(ctx, object, "nickname"));
	if (usage && !strcmp(usage, "metered"))
		json_object_object_add(row, "amount_minor", NULL);
	else
		put_number(row, "amount_minor", object, "unit_amount", 0, AMOUNT_MOST);
	put_text(row, "currency", currency);
	put_text(row, "period", choice_of(ctx, recurring, "interval", PERIODS));
	put_number(row, "period_count", recurring, "interval_count", 1, 10000);
	put_flag(row, "active", flag_of(object, "active", true));
	put_flag(row, "deleted", deleted);
	return OK;
}

static enum err coupon_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_COUPON), *percent = member(object, "percent_off");
	const char *duration = choice_of(ctx, object, "duration", "once|repeating|forever");
	double off = json_object_get_double(percent);

	if (!duration)
		return unusable(ctx, "coupon");
	put_text(row, "name", text_of(ctx, object, "name"));
	put_text(row, "percent_off", percent && off > 0 && off <= 100 ? arena_printf(&ctx->arena, "%.2f", off) : NULL);
	put_number(row, "amount_minor", object, "amount_off", 0, AMOUNT_MOST);
	put_text(row, "currency", currency_of(ctx, object));
	put_text(row, "duration", duration);
	put_number(row, "months", object, "duration_in_months", 1, 10000);
	put_time(row, "redeem_by", object, "redeem_by");
	put_int(row, "redemptions", int_of(object, "times_redeemed", 0) & INT32_MAX);
	put_number(row, "redemptions_max", object, "max_redemptions", 0, INT32_MAX);
	put_flag(row, "valid", flag_of(object, "valid", true));
	put_flag(row, "deleted", deleted);
	return OK;
}

/* Until 2025-09-30.clover the coupon stood in it whole; from then on source.coupon holds its id, or it when that was asked for. */
static enum err discount_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_DISCOUNT), *coupon = member(object, "coupon");
	struct billing_rows inside = {0};

	if (!coupon)
		coupon = member(member(object, "source"), "coupon");
	put_text(row, "customer_ref", ref_of(object, "customer"));
	put_text(row, "subscription_ref", ref_of(object, "subscription"));
	put_text(row, "coupon_ref", ref_value(coupon));
	put_time(row, "starts_at", object, "start");
	put_time(row, "ends_at", object, "end");
	put_flag(row, "deleted", deleted);
	if (!json_object_is_type(coupon, json_type_object) || !ref_value(coupon))
		return OK;
	if (coupon_read(ctx, coupon, false, &inside) == OK)
		row_with(ctx, rows, BILLING_COUPON, json_object_get(json_object_array_get_idx(inside.own, 0)));
	else
		ctx_forgive(ctx);
	return OK;
}

/* A discount that stands inside something else. */
static void discount_inside(struct ctx *ctx, struct json_object *object, struct billing_rows *rows)
{
	struct billing_rows inside = {0};

	if (!json_object_is_type(object, json_type_object) || !ref_of(object, "id"))
		return;
	discount_read(ctx, object, false, &inside);
	row_with(ctx, rows, BILLING_DISCOUNT, json_object_get(json_object_array_get_idx(inside.own, 0)));
	if (inside.with[BILLING_COUPON])
		row_with(ctx, rows, BILLING_COUPON, json_object_get(json_object_array_get_idx(inside.with[BILLING_COUPON], 0)));
}

/* --- customers --- */

static const char *language_of(struct ctx *ctx, struct json_object *object)
{
	struct json_object *locales = member(object, "preferred_locales"), *first;
	const char *text;

	if (!json_object_is_type(locales, json_type_array) || !json_object_array_length(locales))
		return NULL;
	first = json_object_array_get_idx(locales, 0);
	text = json_object_is_type(first, json_type_string) ? json_object_get_string(first) : "";
	return islower((unsigned char)text[0]) && islower((unsigned char)text[1]) && !isalnum((unsigned char)text[2]) ?
		arena_memdup(&ctx->arena, text, 2) : NULL;
}

static enum err customer_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_CUSTOMER), *stripe = json_object_new_object();
	struct json_object *metadata = member(object, "metadata");

	json_object_object_add(row, "stripe", stripe);
	put_text(stripe, "email", text_of(ctx, object, "email"));
	put_text(stripe, "name", text_of(ctx, object, "name"));
	put_text(stripe, "language", language_of(ctx, object));
	put_text(stripe, "region", text_of(ctx, member(object, "address"), "country"));
	put_text(stripe, "currency", currency_of(ctx, object));
	put_time(stripe, "created", object, "created");
	json_object_object_add(stripe, "metadata", json_object_is_type(metadata, json_type_object) ? json_object_get(metadata) : json_object_new_object());
	put_flag(row, "delinquent", flag_of(object, "delinquent", false));
	put_flag(row, "deleted", deleted);
	discount_inside(ctx, member(object, "discount"), rows);
	return OK;
}

/* --- subscriptions --- */

int64_t billing_month_share(__int128 amount_e6, int64_t quantity, const char *period, int64_t period_count)
{
	static const struct { const char *period; int a_year; } YEAR[] = {{"month", 12}, {"year", 1}, {"week", 52}, {"day", 365}};

	for (size_t i = 0; i < sizeof YEAR / sizeof *YEAR; i++)
		if (period && period_count > 0 && !strcmp(YEAR[i].period, period)) {
			__int128 divisor = (__int128)12 * period_count * E6;

			__int128 share = (2 * amount_e6 * quantity * YEAR[i].a_year + divisor) / (2 * divisor);

			return share < MONTH_MOST ? (int64_t)share : MONTH_MOST;
		}
	return 0;
}

/* Millionths of a minor unit; 0 where the price depends on what is used. */
static __int128 price_e6(struct ctx *ctx, struct json_object *price)
{
	const char *decimal = text_of(ctx, price, "unit_amount_decimal"), *usage = text_of(ctx, member(price, "recurring"), "usage_type");
	__int128 value = 0;
	int places = -1;

	if (usage && !strcmp(usage, "metered"))
		return 0;
	if (json_object_is_type(member(price, "unit_amount"), json_type_int) || !decimal)
		return (__int128)amount_of(price, "unit_amount") * E6;
	for (; *decimal && places < 6; decimal++) {
		if (*decimal == '.' && places < 0)
			places = 0;
		else if (isdigit((unsigned char)*decimal) && value < (__int128)AMOUNT_MOST * E6)
			value = value * 10 + (*decimal - '0'), places += places >= 0;
		else
			return 0;
	}
	for (places = places < 0 ? 0 : places; places < 6; places++)
		value *= 10;
	return value < (__int128)AMOUNT_MOST * E6 ? value : (__int128)AMOUNT_MOST * E6;
}

static int64_t quantity_of(struct json_object *item)
{
	int64_t quantity = int_of(item, "quantity", 1);

	return quantity < 0 ? 0 : quantity > QUANTITY_MOST ? QUANTITY_MOST : quantity;
}

/* Each item shows its price as it is at the time. */
static void price_inside(struct ctx *ctx, struct json_object *price, struct billing_rows *rows)
{
	struct billing_rows inside = {0};

	if (!json_object_is_type(price, json_type_object) || !ref_of(price, "id"))
		return;
	if (price_read(ctx, price, false, &inside) == OK)
		row_with(ctx, rows, BILLING_PRICE, json_object_get(json_object_array_get_idx(inside.own, 0)));
	else
		ctx_forgive(ctx);
}

static void items_read(struct ctx *ctx, struct json_object *items, struct json_object *row, struct billing_rows *rows)
{
	size_t count = items ? json_object_array_length(items) : 0;
	struct json_object *first = count ? json_object_array_get_idx(items, 0) : NULL, *price = member(first, "price");
	struct json_object *recurring = member(price, "recurring");
	const char *usage = text_of(ctx, recurring, "usage_type");
	int64_t month = 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(items, i), *of = member(item, "price");

		price_inside(ctx, of, rows);
		month += billing_month_share(price_e6(ctx, of), quantity_of(item), text_of(ctx, member(of, "recurring"), "interval"),
			int_of(member(of, "recurring"), "interval_count", 1));
	}
	put_int(row, "items", count > INT32_MAX ? INT32_MAX : (int64_t)count);
	put_text(row, "price_ref", ref_value(price));
	put_text(row, "product_ref", ref_of(price, "product"));
	put_int(row, "quantity", quantity_of(first));
	put_text(row, "period", choice_of(ctx, recurring, "interval", PERIODS));
	put_number(row, "period_count", recurring, "interval_count", 1, 10000);
	if (usage && !strcmp(usage, "metered"))
		json_object_object_add(row, "amount_minor", NULL);
	else
		put_number(row, "amount_minor", price, "unit_amount", 0, AMOUNT_MOST);
	put_int(row, "month_minor", month);
}

/* Since 2025-03-31.basil each item has a period of its own: what ends first comes first. Before, the subscription had one. */
static void period_read(struct json_object *object, struct json_object *items, struct json_object *row)
{
	struct json_object *from = object;
	int64_t soonest = TIME_MOST + 1;

	for (size_t i = 0; items && i < json_object_array_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i);
		int64_t end = int_of(item, "current_period_end", TIME_MOST + 1);

		if (end < soonest) {
			soonest = end;
			from = item;
		}
	}
	put_time(row, "period_starts_at", from, "current_period_start");
	put_time(row, "period_ends_at", from, "current_period_end");
}

/* Since 2025-03-31.basil only "discounts", ids unless they were asked for; before, "discount" with the one that there can be. */
static void discounts_read(struct ctx *ctx, struct json_object *object, struct json_object *row, struct billing_rows *rows)
{
	struct json_object *list = member(object, "discounts"), *one = member(object, "discount"), *refs = json_object_new_array();
	const char *ref;
	bool listed = false;

	for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++) {
		struct json_object *discount = json_object_array_get_idx(list, i);

		if (!(ref = ref_value(discount)))
			continue;
		json_object_array_add(refs, json_object_new_string(ref));
		listed |= ref_value(one) && !strcmp(ref, ref_value(one));
		discount_inside(ctx, discount, rows);
	}
	if (ref_value(one) && !listed)
		json_object_array_add(refs, json_object_new_string(ref_value(one)));
	discount_inside(ctx, one, rows);
	json_object_object_add(row, "discount_refs", refs);
}

static enum err subscription_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_SUBSCRIPTION), *items = list_of(object, "items");
	struct json_object *pause = member(object, "pause_collection"), *why = member(object, "cancellation_details");
	const char *customer = ref_of(object, "customer"), *currency = currency_of(ctx, object), *reason = text_of(ctx, why, "feedback");
	const char *status = choice_of(ctx, object, "status", "trialing|active|past_due|unpaid|paused|canceled|incomplete|incomplete_expired");

	if (!customer || !status || !currency)
		return unusable(ctx, "subscription");
	put_text(row, "customer_ref", customer);
	put_text(row, "status", deleted && strcmp(status, "incomplete_expired") ? "canceled" : status);
	put_text(row, "currency", currency);
	items_read(ctx, items, row, rows);
	period_read(object, items, row);
	discounts_read(ctx, object, row, rows);
	put_text(row, "schedule_ref", ref_of(object, "schedule"));
	put_text(row, "pause_behavior", text_of(ctx, pause, "behavior"));
	put_time(row, "pause_resumes_at", pause, "resumes_at");
	put_flag(row, "cancel_at_period_end", flag_of(object, "cancel_at_period_end", false));
	put_time(row, "cancel_at", object, "cancel_at");
	put_time(row, "canceled_at", object, "canceled_at");
	put_text(row, "cancel_reason", reason ? reason : text_of(ctx, why, "reason"));
	put_time(row, "ended_at", object, "ended_at");
	put_time(row, "trial_ends_at", object, "trial_end");
	put_time(row, "started_at", object, member(object, "start_date") ? "start_date" : "created");
	if (!member(row, "started_at"))
		return unusable(ctx, "subscription");
	put_text(row, "latest_invoice_ref", ref_of(object, "latest_invoice"));
	return OK;
}

static enum err schedule_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_SCHEDULE);
	const char *subscription = ref_of(object, "subscription"), *status = text_of(ctx, object, "status");

	if (!status)
		return unusable(ctx, "subscription schedule");
	put_text(row, "subscription_ref", subscription ? subscription : ref_of(object, "released_subscription"));
	put_text(row, "status", deleted ? "canceled" : status);
	return OK;
}

/* --- money --- */

static void payment_with(struct ctx *ctx, struct billing_rows *rows, const char *invoice, const char *payment)
{
	struct json_object *row;

	if (!invoice || !payment)
		return;
	row = json_object_new_object();
	put_text(row, "invoice_ref", invoice);
	put_text(row, "payment_ref", payment);
	row_with(ctx, rows, BILLING_PAYMENT, row);
}

/* Since 2025-03-31.basil the subscription stands in parent, and payments in objects of their own. */
static enum err invoice_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_INVOICE), *payments = list_of(object, "payments");
	const char *subscription = ref_of(object, "subscription"), *currency = currency_of(ctx, object);
	const char *status = choice_of(ctx, object, "status", "draft|open|paid|void|uncollectible");

	if (!status)
		status = flag_of(object, "paid", false) ? "paid" : "draft";
	if (!currency || int_of(object, "created", -1) < 0)
		return unusable(ctx, "invoice");
	if (!subscription)
		subscription = ref_of(member(member(object, "parent"), "subscription_details"), "subscription");
	put_text(row, "customer_ref", ref_of(object, "customer"));
	put_text(row, "subscription_ref", subscription);
	put_text(row, "status", deleted ? "void" : status);
	put_text(row, "currency", currency);
	put_int(row, "due_minor", amount_of(object, "amount_due"));
	put_int(row, "paid_minor", amount_of(object, "amount_paid"));
	put_text(row, "reason", text_of(ctx, object, "billing_reason"));
	put_int(row, "attempts", int_of(object, "attempt_count", 0) & INT32_MAX);
	put_time(row, "next_attempt_at", object, "next_payment_attempt");
	put_text(row, "hosted_url", text_of(ctx, object, "hosted_invoice_url"));
	put_time(row, "created_at", object, "created");
	put_time(row, "paid_at", member(object, "status_transitions"), "paid_at");
	payment_with(ctx, rows, rows->ref, ref_of(object, "charge"));
	payment_with(ctx, rows, rows->ref, ref_of(object, "payment_intent"));
	for (size_t i = 0; payments && i < json_object_array_length(payments); i++) {
		struct json_object *payment = member(json_object_array_get_idx(payments, i), "payment");

		payment_with(ctx, rows, rows->ref, ref_of(payment, "payment_intent"));
		payment_with(ctx, rows, rows->ref, ref_of(payment, "charge"));
	}
	return OK;
}

static enum err payment_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	const char *invoice = ref_of(object, "invoice");

	(void)deleted;
	*rows = (struct billing_rows){.kind = BILLING_PAYMENT, .ref = ""};
	payment_with(ctx, rows, invoice, ref_of(member(object, "payment"), "payment_intent"));
	payment_with(ctx, rows, invoice, ref_of(member(object, "payment"), "charge"));
	return OK;
}

static enum err charge_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_CHARGE);
	const char *payment = ref_of(object, "payment_intent");

	(void)deleted;
	put_text(row, "payment_ref", payment);
	put_int(row, "refunded_minor", amount_of(object, "amount_refunded"));
	payment_with(ctx, rows, ref_of(object, "invoice"), rows->ref);
	payment_with(ctx, rows, ref_of(object, "invoice"), payment);
	return OK;
}

/* A refund that fails takes its amount back from the charge, which tells nobody. */
static enum err refund_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *charge = member(object, "charge");

	if (json_object_is_type(charge, json_type_object) && ref_value(charge))
		return charge_read(ctx, charge, deleted, rows);
	*rows = (struct billing_rows){.kind = BILLING_CHARGE, .ref = ref_value(charge)};
	return rows->ref ? OK : unusable(ctx, "refund");
}

static enum err dispute_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows)
{
	struct json_object *row = row_new(ctx, object, rows, BILLING_DISPUTE);
	const char *status = text_of(ctx, object, "status");

	(void)deleted;
	if (!status)
		return unusable(ctx, "dispute");
	put_text(row, "charge_ref", ref_of(object, "charge"));
	put_text(row, "payment_ref", ref_of(object, "payment_intent"));
	put_int(row, "amount_minor", amount_of(object, "amount"));
	put_text(row, "status", status);
	return OK;
}

/* --- which --- */

static const struct {
	const char *object;
	enum err (*read)(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows);
} READERS[] = {
	{"customer", customer_read}, {"product", product_read}, {"price", price_read}, {"coupon", coupon_read}, {"discount", discount_read},
	{"subscription", subscription_read}, {"subscription_schedule", schedule_read}, {"invoice", invoice_read},
	{"invoice_payment", payment_read}, {"charge", charge_read}, {"refund", refund_read}, {"dispute", dispute_read}};

enum err billing_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows_out)
{
	const char *name = text_of(ctx, object, "object");

	*rows_out = (struct billing_rows){0};
	if (!name || !ref_of(object, "id"))
		return unusable(ctx, "object");
	for (size_t i = 0; i < sizeof READERS / sizeof *READERS; i++)
		if (!strcmp(READERS[i].object, name))
			return READERS[i].read(ctx, object, deleted || flag_of(object, "deleted", false), rows_out);
	return fail(ctx, ERR_INVALID, "There is no use for a %.40s", name);
}

const char BILLING_EVENT_TYPES[] = "customer.created, customer.updated, customer.deleted, customer.discount.created, customer.discount.updated, "
	"customer.discount.deleted, customer.subscription.created, customer.subscription.updated, customer.subscription.deleted, "
	"customer.subscription.paused, customer.subscription.resumed, customer.subscription.pending_update_applied, "
	"customer.subscription.pending_update_expired, customer.subscription.trial_will_end, product.created, product.updated, product.deleted, "
	"price.created, price.updated, price.deleted, coupon.created, coupon.updated, coupon.deleted, invoice.created, invoice.finalized, "
	"invoice.updated, invoice.paid, invoice.payment_failed, invoice.payment_action_required, invoice.voided, "
	"invoice.marked_uncollectible, invoice.deleted, invoice_payment.paid, charge.refunded, refund.failed, charge.dispute.created, "
	"charge.dispute.updated, charge.dispute.closed, subscription_schedule.created, subscription_schedule.updated, "
	"subscription_schedule.released, subscription_schedule.canceled, subscription_schedule.completed, subscription_schedule.aborted";

bool billing_type_known(const char *type)
{
	for (const char *at = BILLING_EVENT_TYPES, *end; *at; at = *end ? end + 2 : end) {
		end = at + strcspn(at, ",");
		if ((size_t)(end - at) == strlen(type) && !strncmp(at, type, strlen(type)))
			return true;
	}
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

int64_t billing_as_of(const char *type, int64_t created_s)
{
	return created_s * 1000000 + (ends_with(type, ".created") ? 0 : ends_with(type, ".deleted") ? 2 : 1);
}
