/* Stripe's forms, ids and answers. */
#include "tests/retention/cases.h"

#include "base/context.h"
#include "stripe/stripe.h"

#include <string.h>

static void forms(void **state)
{
	struct buffer form = {0};
	(void)state;

	stripe_param(&form, "discounts[0][coupon]", "a b&c=d+e%");
	stripe_param(&form, "comment", "\xc3\xa9\n");
	stripe_param(&form, "cancel_at", NULL);
	stripe_param(&form, "empty", "");
	stripe_param_int(&form, "trial_end", -5);
	assert_string_equal(form.data,
		"discounts%5B0%5D%5Bcoupon%5D=a%20b%26c%3Dd%2Be%25&comment=%C3%A9%0A&cancel_at=&empty=&trial_end=-5");
	buffer_free(&form);
}

static void ids(void **state)
{
	char longest[256] = "sub_";
	(void)state;

	assert_true(stripe_id("sub_1Pgc6rB7WZ01zgkWNy0Cn5nw", "sub_"));
	assert_false(stripe_id("sub_", "sub_"));
	assert_false(stripe_id("si_1", "sub_"));
	assert_false(stripe_id("sub_1/../../v1/charges", "sub_"));
	assert_false(stripe_id("sub_1?expand[]=x", "sub_"));
	assert_false(stripe_id("sub_1\r\nX: y", "sub_"));
	assert_false(stripe_id("sub_\xc3\xa9", "sub_"));
	assert_false(stripe_id(NULL, "sub_"));
	memset(longest + 4, 'a', 200);
	assert_true(stripe_id(longest, "sub_"));
	longest[204] = 'a';
	assert_false(stripe_id(longest, "sub_"));
	assert_true(stripe_coupon_id("stoa-30-repeating-3"));
	assert_false(stripe_coupon_id(""));
	assert_false(stripe_coupon_id("a/b"));
	assert_false(stripe_coupon_id("a b"));
}

static void answers(void **state)
{
	static const char ERROR[] = "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"resource_missing\",\"message\":\"No such thing\"}}";
	static const struct { int status; const char *text; bool definite, body; const char *code; } ROWS[] = {
		{200, "{\"id\":\"sub_1\"}", true, true, ""},
		{200, "<!doctype html>", false, false, ""},
		{200, "", false, false, ""},
		{200, "[1]", false, false, ""},
		{200, "{\"id\":\"sub_1\"", false, false, ""},
		{404, ERROR, true, true, "resource_missing"},
		{400, ERROR, true, true, "resource_missing"},
		{401, "{\"error\":{\"message\":\"x\"}}", true, true, ""},
		{402, "{\"error\":7}", true, true, ""},
		{404, "not found", false, false, ""},
		{408, ERROR, false, true, "resource_missing"},
		{409, ERROR, false, true, "resource_missing"},
		{424, ERROR, false, true, "resource_missing"},
		{429, ERROR, false, true, "resource_missing"},
		{500, ERROR, false, true, "resource_missing"},
		{503, "", false, false, ""},
		{302, "{}", false, true, ""}};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct stripe_reply reply = {.status = ROWS[i].status};

		stripe_reply_read(&ctx, ROWS[i].text, strlen(ROWS[i].text), &reply);
		if (reply.definite != ROWS[i].definite || !reply.body == ROWS[i].body || strcmp(reply.error_code, ROWS[i].code) != 0)
			fail_msg("%d %s", ROWS[i].status, ROWS[i].text);
		assert_int_equal(ctx.fault.err, OK);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(forms), cmocka_unit_test(ids), cmocka_unit_test(answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
