/* What a subscription's state and a decision come to: tables of Stripe's shapes. */
#include "tests/retention/cases.h"

#include "base/clock.h"
#include "retention/change.h"

#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1795219200) /* 2026-11-21, when the decision was made */
#define DAY INT64_C(86400)

static struct json_object *json(struct ctx *ctx, const char *text)
{
	struct json_object *value;

	assert_int_equal(json_read(ctx, text, strlen(text), JSON_DEPTH, &value), OK);
	return value;
}

/* A plain active subscription, with members changed by `more`. */
static struct json_object *subscription(struct ctx *ctx, const char *more)
{
	struct json_object *base = json(ctx, "{\"id\":\"sub_1\",\"object\":\"subscription\",\"livemode\":false,\"status\":\"active\","
		"\"schedule\":null,\"pending_update\":null,\"pause_collection\":null,\"cancel_at_period_end\":false,\"cancel_at\":null,"
		"\"trial_end\":null,\"discounts\":[],\"items\":{\"object\":\"list\",\"has_more\":false,\"data\":[{\"id\":\"si_1\","
		"\"price\":{\"id\":\"price_pro\"},\"current_period_end\":1797811200}]}}");

	json_object_object_foreach(json(ctx, more), name, value)
		json_object_object_add(base, name, json_object_get(value));
	return base;
}

static struct change decided(const char *kind, const char *config)
{
	static struct ctx ctx;
	static bool ready;
	struct json_object *step;
	struct change change;
	bool cancel = strcmp(kind, "cancel") == 0;

	if (!ready)
		ctx_init(&ctx);
	ready = true;
	step = json_own(&ctx, json_object_new_object());
	json_object_object_add(step, "config", json_object_get(json(&ctx, cancel ? "{}" : config)));
	assert_true(change_read(&ctx, &(struct change_source){.outcome = cancel ? "cancelled" : "accepted", .offer_type = cancel ? NULL : kind,
		.reason_code = cancel && *config ? config : NULL, .comment = cancel && *config ? "too dear & slow" : NULL, .step = step,
		.choice = 3, .decided_s = NOW}, &change));
	return change;
}

#define DISCOUNT "{\"percentage\":30,\"duration\":\"repeating\",\"months\":3}"
#define OURS "{\"id\":\"di_9\",\"end\":1803168000,\"source\":{\"type\":\"coupon\",\"coupon\":\"stoa-30-repeating-3\"}}"
#define THEIRS "{\"id\":\"di_1\",\"end\":null,\"source\":{\"type\":\"coupon\",\"coupon\":\"WELCOME\"}}"
#define PAUSED "\"pause_collection\":{\"behavior\":\"void\",\"resumes_at\":1803168000}"
#define BASIC "{\"plan\":\"Basic\",\"price\":\"price_basic\"}"

static const struct row {
	const char *kind, *config, *subscription, *sent;
	enum change_verdict verdict;
	const char *text; /* the form, effect or reason */
} ROWS[] = {
	{"discount", DISCOUNT, "{}", NULL, CHANGE_WRITE, "discounts%5B0%5D%5Bcoupon%5D=stoa-30-repeating-3"},
	{"discount", "{\"percentage\":20,\"duration\":\"once\"}", "{}", NULL, CHANGE_WRITE, "discounts%5B0%5D%5Bcoupon%5D=stoa-20-once"},
	{"discount", "{\"percentage\":20,\"duration\":\"forever\",\"coupon\":\"KEEP\"}", "{}", NULL, CHANGE_WRITE,
		"discounts%5B0%5D%5Bcoupon%5D=KEEP"},
	{"discount", DISCOUNT, "{\"discounts\":[" THEIRS "]}", NULL, CHANGE_WRITE,
		"discounts%5B0%5D%5Bdiscount%5D=di_1&discounts%5B1%5D%5Bcoupon%5D=stoa-30-repeating-3"},
	{"discount", DISCOUNT, "{\"discounts\":[\"di_7\",\"di_8\"]}", NULL, CHANGE_WRITE,
		"discounts%5B0%5D%5Bdiscount%5D=di_7&discounts%5B1%5D%5Bdiscount%5D=di_8&discounts%5B2%5D%5Bcoupon%5D=stoa-30-repeating-3"},
	{"discount", DISCOUNT, "{\"discounts\":[" THEIRS "," OURS "]}", NULL, CHANGE_DONE,
		"{\"kind\":\"discount\",\"percentage\":30,\"endsAt\":\"2027-02-21T00:00:00.000Z\"}"},
	{"discount", DISCOUNT, "{\"discounts\":[{\"id\":\"di_9\",\"coupon\":{\"id\":\"stoa-30-repeating-3\"}}]}", NULL, CHANGE_DONE,
		"{\"kind\":\"discount\",\"percentage\":30,\"endsAt\":null}"},
	{"discount", DISCOUNT, "{\"cancel_at_period_end\":true,\"cancel_at\":1797811200}", NULL, CHANGE_WRITE,
		"discounts%5B0%5D%5Bcoupon%5D=stoa-30-repeating-3&cancel_at_period_end=false"},
	{"discount", DISCOUNT, "{\"cancel_at\":1797811200,\"discounts\":[" OURS "]}", NULL, CHANGE_WRITE, "cancel_at="},
	{"discount", DISCOUNT, "{\"discounts\":[{}]}", NULL, CHANGE_MANUAL, "Stripe shows a discount that cannot be kept"},
	{"pause", "{\"months\":[3]}", "{}", NULL, CHANGE_WRITE, "pause_collection%5Bbehavior%5D=void&pause_collection%5Bresumes_at%5D=1803168000"},
	{"pause", "{\"months\":[3]}", "{" PAUSED "}", NULL, CHANGE_DONE,
		"{\"kind\":\"pause\",\"months\":3,\"resumesAt\":\"2027-02-21T00:00:00.000Z\"}"},
	{"pause", "{\"months\":[3]}", "{\"pause_collection\":{\"behavior\":\"void\",\"resumes_at\":null}}", NULL, CHANGE_MANUAL,
		"the subscription is paused already"},
	{"pause", "{\"months\":[3]}", "{\"pause_collection\":{\"behavior\":\"keep_as_draft\",\"resumes_at\":1803168000}}", NULL, CHANGE_MANUAL,
		"the subscription is paused already"},
	{"downgrade", BASIC, "{}", NULL, CHANGE_WRITE,
		"items%5B0%5D%5Bid%5D=si_1&items%5B0%5D%5Bprice%5D=price_basic&proration_behavior=create_prorations"},
	{"downgrade", "{\"plan\":\"Pro \\\"1\\\"\",\"price\":\"price_pro\"}", "{}", NULL, CHANGE_DONE,
		"{\"kind\":\"downgrade\",\"plan\":\"Pro \\\"1\\\"\",\"price\":\"price_pro\"}"},
	{"downgrade", BASIC, "{\"items\":{\"data\":[{\"id\":\"si_1\"},{\"id\":\"si_2\"}]}}", NULL, CHANGE_MANUAL,
		"the subscription has several items"},
	{"downgrade", BASIC, "{\"items\":{\"has_more\":true,\"data\":[{\"id\":\"si_1\"}]}}", NULL, CHANGE_MANUAL,
		"the subscription has several items"},
	{"downgrade", BASIC, "{\"items\":{\"data\":[{\"id\":\"x\"}]}}", NULL, CHANGE_MANUAL, "Stripe shows an item without an id"},
	{"extension", "{\"days\":14}", "{}", NULL, CHANGE_WRITE, "trial_end=1799020800&proration_behavior=none"},
	{"extension", "{\"days\":14}", "{\"status\":\"trialing\",\"trial_end\":1795305600}", NULL, CHANGE_WRITE,
		"trial_end=1796515200&proration_behavior=none"},
	{"extension", "{\"days\":14}", "{\"status\":\"trialing\",\"trial_end\":1799020800}", "trial_end=1799020800&proration_behavior=none",
		CHANGE_DONE, "{\"kind\":\"extension\",\"days\":14,\"until\":\"2027-01-04T00:00:00.000Z\"}"},
	{"extension", "{\"days\":730}", "{}", NULL, CHANGE_MANUAL, "Stripe extends by at most two years"},
	{"cancel", "too_expensive", "{}", NULL, CHANGE_WRITE,
		"cancel_at_period_end=true&cancellation_details%5Bfeedback%5D=too_expensive&"
		"cancellation_details%5Bcomment%5D=too%20dear%20%26%20slow"},
	{"cancel", "", "{}", NULL, CHANGE_WRITE, "cancel_at_period_end=true"},
	{"cancel", "", "{\"cancel_at_period_end\":true,\"cancel_at\":1797811200}", NULL, CHANGE_DONE,
		"{\"kind\":\"cancel\",\"endsAt\":\"2026-12-21T00:00:00.000Z\"}"},
	{"cancel", "", "{\"cancel_at_period_end\":true}", NULL, CHANGE_DONE, "{\"kind\":\"cancel\",\"endsAt\":\"2026-12-21T00:00:00.000Z\"}"},
	{"cancel", "", "{\"status\":\"canceled\",\"ended_at\":1795219200}", NULL, CHANGE_DONE,
		"{\"kind\":\"cancel\",\"endsAt\":\"2026-11-21T00:00:00.000Z\"}"},
	{"cancel", "", "{\"status\":\"canceled\",\"livemode\":true}", NULL, CHANGE_MANUAL, "the subscription is of the other mode"},
	{"cancel", "", "{\"schedule\":\"sub_sched_1\"}", NULL, CHANGE_MANUAL, "a schedule manages the subscription"},
	{"discount", DISCOUNT, "{\"status\":\"past_due\"}", NULL, CHANGE_MANUAL, "the subscription is past_due"},
	{"discount", DISCOUNT, "{\"status\":\"paused\"}", NULL, CHANGE_MANUAL, "the subscription is paused"},
	{"discount", DISCOUNT, "{\"status\":\"canceled\"}", NULL, CHANGE_MANUAL, "the subscription is canceled"},
	{"discount", DISCOUNT, "{\"status\":null}", NULL, CHANGE_MANUAL, "the subscription is unknown"},
	{"discount", DISCOUNT, "{\"livemode\":true}", NULL, CHANGE_MANUAL, "the subscription is of the other mode"},
	{"discount", DISCOUNT, "{\"livemode\":null}", NULL, CHANGE_MANUAL, "the subscription is of the other mode"},
	{"discount", DISCOUNT, "{\"pending_update\":{}}", NULL, CHANGE_MANUAL, "the subscription has an update that waits for payment"},
	{"discount", DISCOUNT, "{" PAUSED "}", NULL, CHANGE_MANUAL, "the subscription is paused"},
	{"cancel", "", "{" PAUSED "}", NULL, CHANGE_MANUAL, "the subscription is paused"},
	{"downgrade", BASIC, "{\"items\":[]}", NULL, CHANGE_MANUAL, "the subscription has several items"},
};

static int freeze(void **state)
{
	(void)state;
	clock_shift(NOW * 1000000 - clock_wall_us());
	return 0;
}

static void judges(void **state)
{
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const struct row *row = &ROWS[i];
		struct change change = decided(row->kind, row->config);
		struct change_plan plan = change_judge(&ctx, &change, subscription(&ctx, row->subscription), row->sent);
		const char *text = plan.verdict == CHANGE_WRITE ? plan.form : plan.verdict == CHANGE_DONE ? plan.effect : plan.reason;

		if (plan.verdict != row->verdict || strcmp(text, row->text) != 0)
			fail_msg("%s of %s: verdict %d, %s; expected %d, %s", row->kind, row->subscription, plan.verdict, text, row->verdict, row->text);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
}

/* A pause whose end has passed before it could be made is left to a person. */
static void too_late(void **state)
{
	struct change change = decided("pause", "{\"months\":[3]}");
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	change.decided_s = NOW - 100 * DAY;
	assert_int_equal(change_judge(&ctx, &change, subscription(&ctx, "{}"), NULL).verdict, CHANGE_MANUAL);
	ctx_free(&ctx);
}

static void not_for_stripe(void **state)
{
	static const struct change_source ROWS_NOT[] = {
		{.outcome = "dismissed"}, {.outcome = "accepted"}, {.outcome = "accepted", .offer_type = "pause"},
		{.outcome = "accepted", .offer_type = "support"}};
	struct change change;
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS_NOT / sizeof *ROWS_NOT; i++)
		assert_false(change_read(&ctx, &ROWS_NOT[i], &change));
	ctx_free(&ctx);
}

static void coupons(void **state)
{
	static const struct { const char *coupon; bool fits; } COUPONS[] = {
		{"{\"valid\":true,\"percent_off\":30,\"duration\":\"repeating\",\"duration_in_months\":3}", true},
		{"{\"valid\":true,\"percent_off\":30.0,\"duration\":\"repeating\",\"duration_in_months\":3}", true},
		{"{\"valid\":false,\"percent_off\":30,\"duration\":\"repeating\",\"duration_in_months\":3}", false},
		{"{\"valid\":true,\"percent_off\":30.5,\"duration\":\"repeating\",\"duration_in_months\":3}", false},
		{"{\"valid\":true,\"percent_off\":30,\"duration\":\"once\"}", false},
		{"{\"valid\":true,\"percent_off\":30,\"duration\":\"repeating\",\"duration_in_months\":12}", false},
		{"{\"valid\":true,\"amount_off\":500,\"percent_off\":null,\"duration\":\"repeating\",\"duration_in_months\":3}", false},
		{"{}", false}};
	struct change change = decided("discount", DISCOUNT);
	const char *reason;
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof COUPONS / sizeof *COUPONS; i++) {
		assert_int_equal(change_coupon_fits(&change, json(&ctx, COUPONS[i].coupon), &reason), COUPONS[i].fits);
		assert_true(COUPONS[i].fits == !reason);
	}
	assert_string_equal(change_coupon_form(&ctx, &change),
		"id=stoa-30-repeating-3&percent_off=30&duration=repeating&duration_in_months=3&name=30%25%20off");
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(judges), cmocka_unit_test(too_late), cmocka_unit_test(not_for_stripe),
		cmocka_unit_test(coupons)};

	return cmocka_run_group_tests(tests, freeze, NULL);
}
