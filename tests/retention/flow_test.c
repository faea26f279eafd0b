/* What a flow may say, and that our own starter flows say nothing else. */
#include "tests/retention/cases.h"

#include "retention/retention.h"

#include <stdio.h>
#include <string.h>

#define STEP(type, config) "[{\"type\":\"" type "\",\"title\":\"T\",\"message\":\"M\",\"config\":" config "}]"
#define PLAIN(type) "{\"type\":\"" type "\",\"title\":\"T\",\"message\":\"M\"}"

static const struct { const char *steps, *field; } ROWS[] = {
	{STEP("discount", "{\"percentage\":30,\"duration\":\"repeating\",\"months\":3}"), NULL},
	{STEP("discount", "{\"percentage\":100,\"duration\":\"once\"}"), NULL},
	{STEP("discount", "{\"percentage\":1,\"duration\":\"forever\",\"coupon\":\"SAVE-1\"}"), NULL},
	{STEP("discount", "{\"percentage\":0,\"duration\":\"once\"}"), "steps[0].config.percentage"},
	{STEP("discount", "{\"percentage\":101,\"duration\":\"once\"}"), "steps[0].config.percentage"},
	{STEP("discount", "{\"percentage\":30.5,\"duration\":\"once\"}"), "steps[0].config.percentage"},
	{STEP("discount", "{\"percentage\":\"30\",\"duration\":\"once\"}"), "steps[0].config.percentage"},
	{STEP("discount", "{\"duration\":\"once\"}"), "steps[0].config.percentage"},
	{STEP("discount", "{\"percentage\":30}"), "steps[0].config.duration"},
	{STEP("discount", "{\"percentage\":30,\"duration\":\"always\"}"), "steps[0].config.duration"},
	{STEP("discount", "{\"percentage\":30,\"duration\":\"repeating\"}"), "steps[0].config.months"},
	{STEP("discount", "{\"percentage\":30,\"duration\":\"once\",\"months\":3}"), "steps[0].config.months"},
	{STEP("discount", "{\"percentage\":30,\"duration\":\"once\",\"coupon\":\"../x\"}"), "steps[0].config.coupon"},
	{STEP("discount", "{\"percent\":30,\"duration\":\"once\"}"), "steps[0].config"},
	{STEP("pause", "{\"months\":[1,2,3]}"), NULL},
	{STEP("pause", "{\"months\":[]}"), "steps[0].config.months"},
	{STEP("pause", "{\"months\":[1,1]}"), "steps[0].config.months"},
	{STEP("pause", "{\"months\":[13]}"), "steps[0].config.months"},
	{STEP("pause", "{\"months\":[1,2,3,4,5,6,7]}"), "steps[0].config.months"},
	{STEP("pause", "{\"months\":3}"), "steps[0].config.months"},
	{STEP("downgrade", "{\"plan\":\"Basic\",\"price\":\"price_123\"}"), NULL},
	{STEP("downgrade", "{\"plan\":\"Basic\",\"price\":\"price_123\",\"amountMinor\":1900,\"currency\":\"usd\"}"), NULL},
	{STEP("downgrade", "{\"plan\":\"Basic\"}"), "steps[0].config.price"},
	{STEP("downgrade", "{\"plan\":\"Basic\",\"price\":\"cus_1\"}"), "steps[0].config.price"},
	{STEP("downgrade", "{\"plan\":\"\",\"price\":\"price_1\"}"), "steps[0].config.plan"},
	{STEP("downgrade", "{\"plan\":\"B\",\"price\":\"price_1\",\"currency\":\"USD\"}"), "steps[0].config.currency"},
	{STEP("downgrade", "{\"plan\":\"B\",\"price\":\"price_1\",\"amountMinor\":-1}"), "steps[0].config.amountMinor"},
	{STEP("extension", "{\"days\":730}"), NULL},
	{STEP("extension", "{\"days\":731}"), "steps[0].config.days"},
	{STEP("support", "{\"email\":\"help@example.com\"}"), NULL},
	{STEP("support", "{\"url\":\"https://help.example\"}"), NULL},
	{"[" PLAIN("support") "]", "steps[0].config"},
	{STEP("support", "{}"), "steps[0].config"},
	{STEP("support", "{\"url\":\"https://help.example\",\"email\":\"help@example.com\"}"), "steps[0].config"},
	{STEP("support", "{\"url\":\"javascript:alert(1)\"}"), "steps[0].config.url"},
	{STEP("support", "{\"url\":\"https://a\\\"b\"}"), "steps[0].config.url"},
	{STEP("support", "{\"email\":\"help\"}"), "steps[0].config.email"},
	{STEP("feedback", "{\"required\":false,\"placeholder\":\"x\"}"), NULL},
	{STEP("feedback", "{\"required\":true}"), "steps[0].config.required"},
	{STEP("confirm", "{}"), NULL},
	{STEP("confirm", "{\"x\":1}"), "steps[0].config"},
	{STEP("survey", "{\"options\":[{\"code\":\"unused\",\"text\":\"x\"}],\"allowText\":true}"), NULL},
	{STEP("survey", "{\"options\":[{\"code\":\"bored\",\"text\":\"x\"}]}"), "steps[0].config.options"},
	{STEP("survey", "{\"options\":[{\"code\":\"unused\",\"text\":\"x\"},{\"code\":\"unused\",\"text\":\"y\"}]}"), "steps[0].config.options"},
	{STEP("survey", "{\"options\":[{\"code\":\"unused\"}]}"), "steps[0].config.options"},
	{STEP("survey", "{\"options\":[]}"), "steps[0].config.options"},
	{STEP("survey", "{\"options\":[],\"allowText\":1}"), "steps[0].config.options"},
	{STEP("survey", "{\"options\":[{\"code\":\"unused\",\"text\":\"x\"}],\"allowText\":1}"), "steps[0].config.allowText"},
	{"[" PLAIN("confirm") "]", NULL},
	{"[" PLAIN("pause") "]", "steps[0].config.months"},
	{"[" PLAIN("confirm") "," PLAIN("confirm") "]", "steps[1].type"},
	{"[" PLAIN("teleport") "]", "steps[0].type"},
	{"[{\"title\":\"T\",\"message\":\"M\"}]", "steps[0].type"},
	{"[{\"type\":\"confirm\",\"message\":\"M\"}]", "steps[0].title"},
	{"[{\"type\":\"confirm\",\"title\":\"T\"}]", "steps[0].message"},
	{"[{\"type\":\"confirm\",\"title\":\"\",\"message\":\"M\"}]", "steps[0].title"},
	{"[{\"type\":\"confirm\",\"title\":\"a\\nb\",\"message\":\"M\"}]", "steps[0].title"},
	{"[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"a\\nb\"}]", NULL},
	{"[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\",\"buttonText\":3}]", "steps[0].buttonText"},
	{"[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\",\"colour\":\"red\"}]", "steps[0]"},
	{"[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\",\"config\":[]}]", "steps[0].config"},
	{"[" PLAIN("confirm") ",7]", "steps[1]"},
	{"[]", "steps"},
	{"{}", "steps"},
};

static void checks(void **state)
{
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *steps;
		enum err err;

		assert_int_equal(json_read(&ctx, ROWS[i].steps, strlen(ROWS[i].steps), JSON_DEPTH, &steps), OK);
		err = flow_check(&ctx, steps);
		if (err != (ROWS[i].field ? ERR_INVALID : OK) || (ROWS[i].field && strcmp(ctx.fault.field, ROWS[i].field) != 0))
			fail_msg("%s: %s at \"%s\", expected \"%s\"", ROWS[i].steps, error_name(err), ctx.fault.field,
				ROWS[i].field ? ROWS[i].field : "OK");
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
}

static void has_limits(void **state)
{
	struct ctx ctx;
	char text[4096] = "[";
	struct json_object *steps;
	(void)state;

	ctx_init(&ctx);
	for (int i = 0; i < FLOW_STEPS; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text),
			"%s{\"type\":\"pause\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"months\":[1]}}", i ? "," : "");
	strncat(text, "]", 2);
	assert_int_equal(json_read(&ctx, text, strlen(text), JSON_DEPTH, &steps), OK);
	assert_int_equal(flow_check(&ctx, steps), OK);
	json_object_array_add(steps, json_object_get(json_object_array_get_idx(steps, 0)));
	assert_int_equal(flow_check(&ctx, steps), ERR_INVALID);
	assert_string_equal(ctx.fault.field, "steps");
	ctx_reset(&ctx);
	/* Bounds count characters, not bytes. */
	for (int most = 200; most <= 201; most++) {
		struct buffer wide = {0};

		for (int i = 0; i < most; i++)
			buffer_text(&wide, "\xc3\xa9");
		steps = json_own(&ctx, json_object_new_array());
		struct json_object *step = json_object_new_object();
		json_object_object_add(step, "type", json_object_new_string("confirm"));
		json_object_object_add(step, "title", json_object_new_string(wide.data));
		json_object_object_add(step, "message", json_object_new_string("M"));
		json_object_array_add(steps, step);
		assert_int_equal(flow_check(&ctx, steps), most == 200 ? OK : ERR_INVALID);
		buffer_free(&wide);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
}

static void starters(void **state)
{
	static const char *const languages[] = {"en", "de", "fr", "es"};
	struct ctx ctx;
	const char *titles[4];
	(void)state;

	ctx_init(&ctx);
	for (int i = 0; i < 4; i++) {
		struct json_object *steps = flow_starter_for(&ctx, languages[i], "help@example.com");

		assert_int_equal(flow_check(&ctx, steps), OK);
		assert_int_equal(json_object_array_length(steps), 6);
		assert_int_equal(json_object_array_length(flow_starter(&ctx, languages[i])), 5);
		titles[i] = json_text(json_object_array_get_idx(steps, 0), "title", "");
		for (int before = 0; before < i; before++)
			assert_string_not_equal(titles[before], titles[i]);
	}
	assert_string_equal(json_text(json_object_array_get_idx(flow_starter(&ctx, "xx"), 0), "title", ""), titles[0]);
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(checks), cmocka_unit_test(has_limits), cmocka_unit_test(starters)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
