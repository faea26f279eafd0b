/* What a flow may say, in which degree it is wrong, and that our own starter flows are right. */
#include "tests/retention/cases.h"

#include "retention/flow.h"
#include "retention/retention.h"

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
	{STEP("downgrade", "{\"plan\":\"Basic\"}"), NULL},
	{STEP("downgrade", "{\"plan\":\"Basic\",\"price\":\"cus_1\"}"), "steps[0].config.price"},
	{STEP("downgrade", "{\"plan\":\"\",\"price\":\"price_1\"}"), NULL},
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
	{STEP("survey", "{\"options\":[{\"code\":\"bored\",\"text\":\"x\"}]}"), "steps[0].config.options[0].code"},
	{STEP("survey", "{\"options\":[{\"code\":\"unused\",\"text\":\"x\"},{\"code\":\"unused\",\"text\":\"y\"}]}"), "steps[0].config.options[1].code"},
	{STEP("survey", "{\"options\":[{\"code\":\"unused\"}]}"), "steps[0].config.options[0].text"},
	{STEP("survey", "{\"options\":[]}"), "steps[0].config.options"},
	{STEP("survey", "{\"options\":[],\"allowText\":1}"), "steps[0].config.allowText"},
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
	{"[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\",\"config\":[7]}]", "steps[0].config"},
	{"[" PLAIN("confirm") ",7]", "steps[1]"},
	{"[]", "steps"},
	{"{}", "steps"},
};

static struct json_object *read_json(struct ctx *ctx, const char *text)
{
	struct json_object *value;

	if (json_read(ctx, text, strlen(text), JSON_DEPTH, &value) != OK)
		fail_msg("%s: %s", text, ctx->fault.detail);
	return value;
}

static struct json_object *document(struct ctx *ctx, const char *steps)
{
	return read_json(ctx, arena_printf(&ctx->arena, "{\"name\":\"F\",\"language\":\"en\",\"steps\":%s}", steps));
}

static struct flow_review reviewed(struct ctx *ctx, struct json_object *document)
{
	struct flow_review review;

	assert_int_equal(flow_review(ctx, NULL, NULL, document, &review), OK);
	return review;
}

static void checks(void **state)
{
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct flow_review review = reviewed(&ctx, document(&ctx, ROWS[i].steps));

		if (!review.field != !ROWS[i].field || (review.field && strcmp(review.field, ROWS[i].field) != 0))
			fail_msg("%s: \"%s\", expected \"%s\"", ROWS[i].steps, review.message ? review.message : "OK",
				ROWS[i].field ? ROWS[i].field : "OK");
		assert_int_equal(review.errors > 0, ROWS[i].field != NULL);
		/* The message begins with the field that it is about. */
		if (review.field)
			assert_int_equal(strncmp(review.message, review.field, strlen(review.field)), 0);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
}

/* What a draft may not be either. */
static void forms(void **state)
{
	static const struct { const char *steps; bool form; } rows[] = {
		{STEP("discount", "{\"percentage\":500,\"duration\":\"once\"}"), false}, {STEP("discount", "{\"percentage\":\"5\"}"), true},
		{STEP("discount", "{\"percentage\":5.5}"), true}, {STEP("discount", "{\"percent\":5}"), true}, {STEP("discount", "{}"), false},
		{STEP("pause", "{\"months\":[99]}"), false}, {STEP("pause", "{\"months\":[\"1\"]}"), true}, {STEP("survey", "{\"options\":[7]}"), true},
		{STEP("survey", "{\"options\":[{\"code\":\"bored\"}]}"), false}, {STEP("survey", "{\"options\":[{\"code\":\"x:y\"}]}"), true},
		{"[{\"type\":\"confirm\"}]", false}, {"[{\"type\":\"confirm\",\"title\":\"a\\rb\"}]", true}, {"[{\"title\":\"T\"}]", true}, {"[]", false},
		{"[{\"type\":\"confirm\",\"when\":{\"fact\":\"shoe\"}}]", false}, {"[{\"type\":\"confirm\",\"when\":7}]", true},
		{"[{\"type\":\"confirm\",\"translations\":{\"de\":{\"title\":\"x\"}}}]", false},
		{"[{\"type\":\"confirm\",\"translations\":{\"german\":{\"title\":\"x\"}}}]", true},
		{"[{\"type\":\"confirm\",\"translations\":{\"de\":{\"colour\":\"x\"}}}]", true},
		{"[{\"type\":\"confirm\",\"config\":null,\"when\":null,\"buttonText\":\"\"}]", false}};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct flow_review review = reviewed(&ctx, document(&ctx, rows[i].steps));

		if ((review.form != NULL) != rows[i].form)
			fail_msg("%s: %s", rows[i].steps, review.message ? review.message : "OK");
	}
	ctx_free(&ctx);
}

/* "code field" of each, with "; " between. */
static const char *listed(struct ctx *ctx, const struct flow_review *review, const char *which)
{
	struct json_object *issues = NULL;
	const char *text = "";

	json_object_object_get_ex(review->json, which, &issues);
	for (size_t i = 0; i < json_object_array_length(issues); i++) {
		struct json_object *issue = json_object_array_get_idx(issues, i);

		text = arena_printf(&ctx->arena, "%s%s%s %s", text, *text ? "; " : "", json_text(issue, "code", ""), json_text(issue, "field", ""));
	}
	return text;
}

/* All of them, not the first only. */
static void lists_all(void **state)
{
	struct ctx ctx;
	struct flow_review review;
	struct json_object *issues, *issue;
	(void)state;

	ctx_init(&ctx);
	review = reviewed(&ctx, read_json(&ctx, "{\"language\":\"de-AT\",\"rankingScore\":101,\"steps\":["
		"{\"type\":\"discount\",\"message\":\"M\",\"config\":{\"percentage\":200,\"duration\":\"repeating\"}},"
		"{\"type\":\"downgrade\",\"title\":\" \",\"message\":\"M\"},"
		"{\"type\":\"feedback\",\"title\":\"T\",\"message\":\"M\",\"when\":{\"fact\":\"answer\",\"op\":\"is\",\"value\":\"unused\"}},"
		"{\"type\":\"feedback\",\"title\":\"T\",\"message\":\"M\",\"translations\":{\"fr\":{\"title\":\"T\"}}}]}"));
	assert_string_equal(listed(&ctx, &review, "errors"), "number rankingScore; missing name; missing steps[0].title; "
		"number steps[0].config.percentage; missing steps[0].config.months; missing steps[1].title; once steps[3].type; "
		"condition steps[2].when");
	assert_string_equal(listed(&ctx, &review, "warnings"), "language language; missing steps[1].config.plan; missing steps[1].config.price; "
		"no-confirm steps; untranslated steps");
	assert_int_equal(review.errors, 8);
	assert_int_equal(review.warnings, 5);
	assert_null(review.form);
	json_object_object_get_ex(review.json, "errors", &issues);
	issue = json_object_array_get_idx(issues, 3);
	assert_int_equal(json_int(issue, "step", -1), 0);
	assert_string_equal(json_text(issue, "name", ""), "config.percentage");
	assert_int_equal(json_int(issue, "most", 0), 100);
	assert_string_equal(json_text(issue, "message", ""), "steps[0].config.percentage must be a whole number from 1 to 100");

	review = reviewed(&ctx, read_json(&ctx, "{\"name\":\"F\",\"language\":\"german\",\"colour\":1,\"steps\":[{\"type\":\"confirm\",\"title\":\"T\","
		"\"message\":\"M\",\"when\":{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"x\"}}]}"));
	assert_string_equal(listed(&ctx, &review, "errors"), "form colour; value language; condition steps[0].when");
	assert_string_equal(review.form, "colour");
	assert_string_equal(reviewed(&ctx, read_json(&ctx, "[]")).form, "flow");
	ctx_free(&ctx);
}

static void has_limits(void **state)
{
	struct ctx ctx;
	const char *text = "";
	struct flow_review review;
	(void)state;

	ctx_init(&ctx);
	for (int i = 0; i < FLOW_STEPS; i++)
		text = arena_printf(&ctx.arena, "%s%s{\"type\":\"pause\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"months\":[1]}}", text, i ? "," : "");
	review = reviewed(&ctx, document(&ctx, arena_printf(&ctx.arena, "[%s]", text)));
	assert_int_equal(review.errors, 0);
	assert_string_equal(listed(&ctx, &review, "warnings"), "many-steps steps; no-confirm steps");
	review = reviewed(&ctx, document(&ctx, arena_printf(&ctx.arena, "[%s," PLAIN("confirm") "]", text)));
	assert_string_equal(review.form, "steps");
	/* Bounds count characters, not bytes. */
	for (int most = 200; most <= 201; most++) {
		struct buffer wide = {0};

		for (int i = 0; i < most; i++)
			buffer_text(&wide, "\xc3\xa9");
		review = reviewed(&ctx, document(&ctx, arena_printf(&ctx.arena, "[{\"type\":\"confirm\",\"title\":\"%s\",\"message\":\"M\"}]", wide.data)));
		assert_string_equal(listed(&ctx, &review, "errors"), most == 200 ? "" : "length steps[0].title");
		buffer_free(&wide);
	}
	ctx_free(&ctx);
}

/* Document 003, section 1: 10 KB compressed. Text that does not compress well is refused before customers wait for it. */
static void is_small_enough(void **state)
{
	struct ctx ctx;
	struct buffer steps = {0};
	struct flow_review review;
	unsigned seed = 4;
	(void)state;

	ctx_init(&ctx);
	for (int i = 0; i < 10; i++) {
		buffer_printf(&steps, "%s{\"type\":\"pause\",\"title\":\"T\",\"config\":{\"months\":[1]},\"message\":\"", i ? "," : "[");
		for (int at = 0; at < 1900; at++)
			buffer_char(&steps, "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+"[(seed = seed * 1103515245 + 12345) >> 16 & 63]);
		buffer_text(&steps, "\"}");
	}
	buffer_char(&steps, ']');
	review = reviewed(&ctx, document(&ctx, steps.data));
	assert_string_equal(listed(&ctx, &review, "errors"), "too-large steps");
	buffer_free(&steps);
	ctx_free(&ctx);
}

#define BILINGUAL \
	"[{\"type\":\"survey\",\"title\":\"Why?\",\"message\":\"M\",\"buttonText\":\"Go\",\"config\":{\"options\":[{\"code\":\"unused\",\"text\":\"x\"}," \
	"{\"code\":\"other\",\"text\":\"y\"}],\"allowText\":true},\"translations\":{\"de\":{\"title\":\"Warum?\",\"message\":\"N\",\"buttonText\":\"Los\"," \
	"\"options\":{\"unused\":\"a\",\"other\":\"b\"}},\"fr\":{\"title\":\"Pourquoi ?\"}}}," \
	"{\"type\":\"feedback\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"placeholder\":\"p\"},\"when\":{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"q\"}," \
	"\"translations\":{\"de\":{\"title\":\"U\",\"message\":\"O\",\"placeholder\":\"q\"}}}]"

static void translates(void **state)
{
	struct ctx ctx;
	struct json_object *steps, *languages, *fr;
	struct flow_review review;
	(void)state;

	ctx_init(&ctx);
	steps = read_json(&ctx, BILINGUAL);
	review = reviewed(&ctx, document(&ctx, BILINGUAL));
	assert_int_equal(review.errors, 0);
	json_object_object_get_ex(review.json, "languages", &languages);
	assert_int_equal(json_object_array_length(languages), 3);
	/* Five texts in the survey, three in the feedback. */
	fr = json_object_array_get_idx(languages, 2);
	assert_string_equal(json_text(fr, "language", ""), "fr");
	assert_int_equal(json_int(fr, "texts", 0), 8);
	assert_int_equal(json_int(fr, "translated", 0), 1);
	assert_false(json_flag(fr, "complete", true));
	json_object_object_get_ex(fr, "missing", &fr);
	assert_string_equal(json_object_to_json_string_ext(fr, JSON_C_TO_STRING_PLAIN), "[\"steps[0].message\",\"steps[0].buttonText\","
		"\"steps[0].options.unused\",\"steps[0].options.other\",\"steps[1].title\",\"steps[1].message\",\"steps[1].placeholder\"]");
	assert_int_equal(json_int(json_object_array_get_idx(languages, 1), "translated", 0), 8);
	assert_string_equal(flow_languages(&ctx, steps, "en"), "{\"en\",\"de\"}");

	assert_string_equal(json_object_to_json_string_ext(flow_localise(&ctx, steps, "en", "de"), JSON_C_TO_STRING_PLAIN),
		"[{\"type\":\"survey\",\"title\":\"Warum?\",\"message\":\"N\",\"buttonText\":\"Los\",\"config\":{\"options\":[{\"code\":\"unused\",\"text\":\"a\"},"
		"{\"code\":\"other\",\"text\":\"b\"}],\"allowText\":true}},{\"type\":\"feedback\",\"title\":\"U\",\"message\":\"O\","
		"\"config\":{\"placeholder\":\"q\"},\"when\":{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"q\"}}]");
	/* Half a translation is none. */
	assert_string_equal(json_text(json_object_array_get_idx(flow_localise(&ctx, steps, "en", "fr"), 0), "title", ""), "Why?");
	assert_string_equal(json_text(json_object_array_get_idx(flow_localise(&ctx, steps, "en", "en"), 0), "title", ""), "Why?");
	assert_string_equal(flow_language_key(&ctx, "DE_at"), "de");
	assert_null(flow_language_key(&ctx, "german"));
	assert_null(flow_language_key(&ctx, ""));
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
		struct json_object *steps = flow_starter(&ctx, languages[i]), *flow = json_own(&ctx, json_object_new_object());
		struct flow_review review;

		json_object_object_add(flow, "name", json_object_new_string("F"));
		json_object_object_add(flow, "language", json_object_new_string(languages[i]));
		json_object_object_add(flow, "steps", json_object_get(steps));
		review = reviewed(&ctx, flow);
		assert_int_equal(review.errors + review.warnings, 0);
		assert_int_equal(json_object_array_length(steps), 5);
		titles[i] = json_text(json_object_array_get_idx(steps, 0), "title", "");
		for (int before = 0; before < i; before++)
			assert_string_not_equal(titles[before], titles[i]);
	}
	assert_string_equal(json_text(json_object_array_get_idx(flow_starter(&ctx, "xx"), 0), "title", ""), titles[0]);
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(checks), cmocka_unit_test(forms), cmocka_unit_test(lists_all),
		cmocka_unit_test(has_limits), cmocka_unit_test(is_small_enough), cmocka_unit_test(translates), cmocka_unit_test(starters)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
