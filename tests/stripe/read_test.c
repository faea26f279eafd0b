/* Stripe's objects in the shapes of both generations (before and since 2025-03-31.basil) come to the same rows. */
#include "tests/retention/cases.h"

#include "billing/parts.h"

#include <string.h>

/* The object in the newer shape, the older one (NULL: there is none), and the row that both make; members that are null may be left out. */
static const struct { const char *name, *newer, *older, *row; } CASES[] = {
	{"subscription",
	 "{'id':'sub_1','object':'subscription','customer':'cus_1','status':'active','currency':'EUR','start_date':1700000000,"
	 "'items':{'data':[{'current_period_start':1760000000,'current_period_end':1762592000,'quantity':3,'price':{'id':'price_1','nickname':'Pro',"
	 "'product':'prod_1','unit_amount':1000,'recurring':{'interval':'month','interval_count':1,'usage_type':'licensed'}}}]},"
	 "'discounts':['di_1'],'latest_invoice':'in_1','cancel_at_period_end':true,'cancellation_details':{'feedback':'unused','reason':'cancellation_requested'}}",
	 "{'id':'sub_1','object':'subscription','customer':{'id':'cus_1'},'status':'active','currency':'eur','start_date':1700000000,"
	 "'current_period_start':1760000000,'current_period_end':1762592000,'items':{'data':[{'quantity':3,'price':{'id':'price_1','nickname':'Pro',"
	 "'product':{'id':'prod_1'},'unit_amount':1000,'recurring':{'interval':'month','interval_count':1,'usage_type':'licensed'}}}]},"
	 "'discount':{'id':'di_1','object':'discount','subscription':'sub_1','coupon':{'id':'half','object':'coupon','percent_off':50,'duration':'once'},"
	 "'start':1},'latest_invoice':{'id':'in_1'},'cancel_at_period_end':true,"
	 "'cancellation_details':{'feedback':'unused','reason':'cancellation_requested'}}",
	 "{'ref':'sub_1','customer_ref':'cus_1','status':'active','currency':'eur','items':1,'price_ref':'price_1','product_ref':'prod_1',"
	 "'quantity':3,'period':'month','period_count':1,'amount_minor':1000,'month_minor':3000,'period_starts_at':1760000000,"
	 "'period_ends_at':1762592000,'discount_refs':['di_1'],'cancel_at_period_end':true,'cancel_reason':'unused','started_at':1700000000,"
	 "'latest_invoice_ref':'in_1'}"},
	{"several items and periods",
	 "{'id':'sub_2','object':'subscription','customer':'cus_1','status':'trialing','currency':'usd','created':5,'trial_end':9,"
	 "'pause_collection':{'behavior':'void','resumes_at':7},'schedule':'sub_sched_1','items':{'data':["
	 "{'current_period_start':1,'current_period_end':900,'price':{'id':'a','unit_amount':12000,'recurring':{'interval':'year','interval_count':1}}},"
	 "{'current_period_start':2,'current_period_end':800,'quantity':2,'price':{'id':'b','unit_amount':null,'unit_amount_decimal':'10.5',"
	 "'recurring':{'interval':'week','interval_count':2}}},"
	 "{'current_period_end':850,'price':{'id':'c','unit_amount':70,'recurring':{'interval':'month','interval_count':1,'usage_type':'metered'}}}]}}",
	 NULL,
	 /* 1000 for the year; 21 each two weeks is 21 * 52 / 24 = 45.5 a month, half up; what is metered counts nothing. */
	 "{'ref':'sub_2','customer_ref':'cus_1','status':'trialing','currency':'usd','items':3,'price_ref':'a','quantity':1,'period':'year',"
	 "'period_count':1,'amount_minor':12000,'month_minor':1046,'period_starts_at':2,'period_ends_at':800,'discount_refs':[],'schedule_ref':'sub_sched_1',"
	 "'pause_behavior':'void','pause_resumes_at':7,'cancel_at_period_end':false,'trial_ends_at':9,'started_at':5}"},
	{"invoice",
	 "{'id':'in_1','object':'invoice','customer':'cus_1','status':'paid','currency':'usd','amount_due':500,'amount_paid':500,'created':10,"
	 "'attempt_count':1,'billing_reason':'subscription_cycle','parent':{'subscription_details':{'subscription':'sub_1'}},"
	 "'status_transitions':{'paid_at':12},'payments':{'data':[{'payment':{'type':'payment_intent','payment_intent':'pi_1'}}]}}",
	 "{'id':'in_1','object':'invoice','customer':'cus_1','status':'paid','paid':true,'currency':'usd','amount_due':500,'amount_paid':500,'created':10,"
	 "'attempt_count':1,'billing_reason':'subscription_cycle','subscription':'sub_1','payment_intent':'pi_1','status_transitions':{'paid_at':12}}",
	 "{'ref':'in_1','customer_ref':'cus_1','subscription_ref':'sub_1','status':'paid','currency':'usd','due_minor':500,'paid_minor':500,"
	 "'reason':'subscription_cycle','attempts':1,'created_at':10,'paid_at':12}"},
	{"discount",
	 "{'id':'di_1','object':'discount','customer':'cus_1','subscription':'sub_1','source':{'coupon':'half','type':'coupon'},'start':3,'end':4}",
	 "{'id':'di_1','object':'discount','customer':'cus_1','subscription':'sub_1','coupon':{'id':'half','duration':'once'},'start':3,'end':4}",
	 "{'ref':'di_1','customer_ref':'cus_1','subscription_ref':'sub_1','coupon_ref':'half','starts_at':3,'ends_at':4,'deleted':false}"},
	{"customer",
	 "{'id':'cus_1','object':'customer','email':'a@b.example','name':'','created':3,'preferred_locales':['de-DE','en'],'address':{'country':'DE'},"
	 "'delinquent':true,'metadata':{'tier':'gold'}}",
	 NULL,
	 "{'ref':'cus_1','stripe':{'email':'a@b.example','name':null,'language':'de','region':'DE','currency':null,'created':3,'metadata':{'tier':'gold'}},"
	 "'delinquent':true,'deleted':false}"},
	{"coupon",
	 "{'id':'half','object':'coupon','percent_off':33.335,'duration':'repeating','duration_in_months':3,'times_redeemed':7,'valid':false}", NULL,
	 "{'ref':'half','percent_off':'33.34','duration':'repeating','months':3,'redemptions':7,'valid':false,'deleted':false}"},
	{"price", "{'id':'p','object':'price','currency':'usd','product':'prod_1','unit_amount':900,'recurring':{'interval':'month','interval_count':3}}", NULL,
	 "{'ref':'p','product_ref':'prod_1','amount_minor':900,'currency':'usd','period':'month','period_count':3,'active':true,'deleted':false}"},
	{"product", "{'id':'prod_1','object':'product','name':'App','active':false,'deleted':true}", NULL,
	 "{'ref':'prod_1','name':'App','active':false,'deleted':true}"},
	{"charge", "{'id':'ch_1','object':'charge','payment_intent':'pi_1','amount_refunded':30}",
	 "{'id':'ch_1','object':'charge','payment_intent':'pi_1','invoice':'in_1','amount_refunded':30}",
	 "{'ref':'ch_1','payment_ref':'pi_1','refunded_minor':30}"},
	{"dispute", "{'id':'dp_1','object':'dispute','charge':'ch_1','payment_intent':'pi_1','amount':30,'status':'lost'}", NULL,
	 "{'ref':'dp_1','charge_ref':'ch_1','payment_ref':'pi_1','amount_minor':30,'status':'lost'}"},
	{"subscription schedule", "{'id':'sub_sched_1','object':'subscription_schedule','subscription':null,'released_subscription':'sub_1','status':'released'}", NULL,
	 "{'ref':'sub_sched_1','subscription_ref':'sub_1','status':'released'}"}};

static struct json_object *parse(struct ctx *ctx, const char *quoted)
{
	char *text = arena_strdup(&ctx->arena, quoted);
	struct json_object *value;

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	if (json_read(ctx, text, strlen(text), BILLING_DEPTH, &value) != OK)
		fail_msg("%s: %s", text, ctx->fault.detail);
	return value;
}

static void row_check(struct ctx *ctx, const char *name, const char *object, const char *wanted)
{
	struct json_object *expected = parse(ctx, wanted), *row, *value;
	struct billing_rows rows;

	if (billing_read(ctx, parse(ctx, object), false, &rows) != OK)
		fail_msg("%s: %s", name, ctx->fault.detail);
	assert_int_equal(json_object_array_length(rows.own), 1);
	row = json_object_array_get_idx(rows.own, 0);
	json_object_object_foreach(row, key, got) {
		json_object_object_get_ex(expected, key, &value);
		if (got ? !value || !json_object_equal(got, value) : value != NULL)
			fail_msg("%s: %s is %s, not %s", name, key, json_object_to_json_string(got), json_object_to_json_string(value));
	}
	json_object_object_foreach(expected, wish, unused) {
		(void)unused;
		if (!json_object_object_get_ex(row, wish, &value))
			fail_msg("%s: %s is missing", name, wish);
	}
}

static void both_generations(void **state)
{
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		row_check(&ctx, CASES[i].name, CASES[i].newer, CASES[i].row);
		if (CASES[i].older)
			row_check(&ctx, CASES[i].name, CASES[i].older, CASES[i].row);
	}
	ctx_free(&ctx);
}

/* What stands inside is stored as well: coupons of older discounts, payments of invoices. */
static void what_stands_inside(void **state)
{
	struct billing_rows rows;
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	assert_int_equal(billing_read(&ctx, parse(&ctx, CASES[0].older), false, &rows), OK);
	assert_string_equal(json_text(json_object_array_get_idx(rows.with[BILLING_COUPON], 0), "ref", ""), "half");
	assert_null(rows.with[BILLING_PRICE]);
	assert_string_equal(json_text(json_object_array_get_idx(rows.with[BILLING_DISCOUNT], 0), "coupon_ref", ""), "half");
	for (int older = 0; older < 2; older++) {
		assert_int_equal(billing_read(&ctx, parse(&ctx, older ? CASES[2].older : CASES[2].newer), false, &rows), OK);
		assert_int_equal(json_object_array_length(rows.with[BILLING_PAYMENT]), 1);
		assert_string_equal(json_text(json_object_array_get_idx(rows.with[BILLING_PAYMENT], 0), "payment_ref", ""), "pi_1");
	}
	assert_int_equal(billing_read(&ctx, parse(&ctx, "{'id':'inpay_1','object':'invoice_payment','invoice':'in_1','payment':{'payment_intent':'pi_1'}}"),
		false, &rows), OK);
	assert_null(rows.own);
	assert_int_equal(json_object_array_length(rows.with[BILLING_PAYMENT]), 1);
	/* A refund points at its charge, or holds it. */
	assert_int_equal(billing_read(&ctx, parse(&ctx, "{'id':'re_1','object':'refund','charge':'ch_1','status':'failed'}"), false, &rows), OK);
	assert_true(rows.kind == BILLING_CHARGE && !rows.own && !strcmp(rows.ref, "ch_1"));
	assert_int_equal(billing_read(&ctx, parse(&ctx, "{'id':'re_1','object':'refund','charge':{'id':'ch_1','amount_refunded':9}}"), false, &rows), OK);
	assert_non_null(rows.own);
	/* A deletion ends what it names. */
	assert_int_equal(billing_read(&ctx, parse(&ctx, CASES[0].newer), true, &rows), OK);
	assert_string_equal(json_text(json_object_array_get_idx(rows.own, 0), "status", ""), "canceled");
	ctx_free(&ctx);
}

static void what_cannot_be_used(void **state)
{
	static const char *const BAD[] = {"{}", "[]", "null", "{'object':'customer'}", "{'object':'customer','id':''}", "{'object':'customer','id':'a b'}",
		"{'object':'customer','id':7}", "{'object':'payout','id':'po_1'}", "{'object':'subscription','id':'sub_1'}",
		"{'object':'subscription','id':'sub_1','customer':'cus_1','currency':'usd','status':'sleeping','start_date':1}",
		"{'object':'subscription','id':'sub_1','customer':'cus_1','currency':'dollars','status':'active','start_date':1}",
		"{'object':'subscription','id':'sub_1','customer':'cus_1','currency':'usd','status':'active'}",
		"{'object':'price','id':'p'}", "{'object':'coupon','id':'c','duration':'sometimes'}", "{'object':'invoice','id':'in_1','currency':'usd'}",
		"{'object':'refund','id':'re_1'}", "{'object':'dispute','id':'dp_1'}", "{'object':'subscription_schedule','id':'s'}"};
	struct billing_rows rows;
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		if (billing_read(&ctx, parse(&ctx, BAD[i]), false, &rows) != ERR_INVALID)
			fail_msg("taken: %s", BAD[i]);
		ctx_forgive(&ctx);
	}
	ctx_free(&ctx);
}

static void month_shares(void **state)
{
	static const struct { long long amount, quantity; const char *period; int count; long long share; } ROWS[] = {
		{4900, 1, "month", 1, 4900}, {4900, 2, "month", 1, 9800}, {10000, 1, "month", 3, 3333}, {10001, 1, "month", 2, 5001},
		{12000, 1, "year", 1, 1000}, {12006, 1, "year", 1, 1001}, {12005, 1, "year", 1, 1000}, {100000, 1, "year", 2, 4167},
		{1000, 1, "week", 1, 4333}, {1000, 1, "week", 4, 1083}, {100, 1, "day", 1, 3042}, {100, 1, "day", 30, 101},
		{100, 0, "month", 1, 0}, {0, 5, "month", 1, 0}, {100, 1, NULL, 1, 0}, {100, 1, "decade", 1, 0}, {100, 1, "month", 0, 0},
		{1000000000000, 1000000000, "day", 1, 100000000000000}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(billing_month_share((__int128)ROWS[i].amount * 1000000, ROWS[i].quantity, ROWS[i].period, ROWS[i].count), ROWS[i].share);
}

static void types_and_their_order(void **state)
{
	(void)state;
	assert_true(billing_type_known("customer.subscription.updated") && billing_type_known("customer.created") &&
		billing_type_known("subscription_schedule.aborted"));
	assert_false(billing_type_known("customer.subscription") || billing_type_known("") || billing_type_known("invoice.upcoming") ||
		billing_type_known("customer.subscription.updated, customer") || billing_type_known("payout.paid"));
	assert_true(billing_as_of("price.created", 7) < billing_as_of("price.updated", 7));
	assert_true(billing_as_of("price.updated", 7) < billing_as_of("price.deleted", 7));
	assert_true(billing_as_of("price.deleted", 7) < billing_as_of("price.created", 8));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(both_generations), cmocka_unit_test(what_stands_inside), cmocka_unit_test(what_cannot_be_used),
		cmocka_unit_test(month_shares), cmocka_unit_test(types_and_their_order)};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
