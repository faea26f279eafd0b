/* Flows from files and to files, and from templates. */
#include "tests/retention/cases.h"

#include "retention/flow.h"
#include "retention/flow_file.h"
#include "retention/retention.h"

#include <string.h>

static struct json_object *read_json(struct ctx *ctx, const char *text)
{
	struct json_object *value;

	if (json_read(ctx, text, strlen(text), JSON_DEPTH, &value) != OK)
		fail_msg("%s: %s", text, ctx->fault.detail);
	return value;
}

static struct json_object *imported(struct ctx *ctx, const char *format, const char *text)
{
	struct json_object *result;

	assert_int_equal(flow_import(ctx, NULL, NULL, format, text, &result), OK);
	return result;
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, name, &value));
	return value;
}

static struct json_object *flow_of(struct json_object *result)
{
	struct json_object *errors = member(result, "errors");

	if (json_object_array_length(errors))
		fail_msg("%s", json_object_to_json_string(errors));
	return member(result, "flow");
}

#define HEAD "type,title,message,options,percentage,duration,months,price,plan,when,flow.name,flow.rankingScore,language\n"

/* As somebody types it. */
static void reads_tables(void **state)
{
	static const struct { const char *format, *text; } ROWS[] = {
		{"csv", "type,title,message,percent,duration,months\r\ndiscount,Stay,Less,30 %,repeating,3\r\npause,Break,Rest,,,\"1, 3\"\r\n"},
		{"csv", "Type;Title;Message;Percentage;Duration;Months\ndiscount;Stay;Less;30;repeating;3\n\npause;Break;Rest;;;1 3"},
		{"table", "\xef\xbb\xbftype\ttitle\tmessage\tdiscountPercent\tduration\tmonths\ndiscount\tStay\tLess\t30\trepeating\t3\npause\tBreak\tRest\t\t\t1;3\t\t\n"}};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *flow = flow_of(imported(&ctx, ROWS[i].format, ROWS[i].text));

		assert_string_equal(json_object_to_json_string_ext(flow, JSON_C_TO_STRING_PLAIN), "{\"steps\":[{\"type\":\"discount\",\"title\":\"Stay\","
			"\"message\":\"Less\",\"config\":{\"percentage\":30,\"duration\":\"repeating\",\"months\":3}},{\"type\":\"pause\",\"title\":\"Break\","
			"\"message\":\"Rest\",\"config\":{\"months\":[1,3]}}],\"name\":\"Imported flow\",\"language\":\"en\"}");
	}
	ctx_free(&ctx);
}

/* Where it is wrong: line, column, name. */
static void names_the_place(void **state)
{
	static const struct { const char *format, *text; int line, column; const char *name; } ROWS[] = {
		{"csv", "", 1, 0, ""},
		{"csv", "a,b\n", 1, 1, "a"},
		{"csv", "title,message\nx,y\n", 1, 0, "type"},
		{"csv", "type,title,type\n", 1, 3, "type"},
		{"csv", HEAD "pauze,T,M\n", 2, 0, "type"},
		{"csv", HEAD "discount,T,M,,thirty,once\n", 2, 5, "percentage"},
		{"csv", HEAD "discount,T,M,,30.5,once\n", 2, 5, "percentage"},
		{"csv", HEAD "discount,T,M,,99999999999999999999,once\n", 2, 5, "percentage"},
		{"csv", HEAD "pause,T,M,,,,1 two\n", 2, 7, "months"},
		{"csv", HEAD "pause,T,M,,30,,1\n", 2, 5, "percentage"},
		{"csv", HEAD "survey,T,M,too expensive\n", 2, 4, "options"},
		{"csv", HEAD "confirm,T,M,,,,,,,\"{\"\"fact\"\"\"\n", 2, 10, "when"},
		{"csv", HEAD "confirm,T,M,,,,,,,[]\n", 2, 10, "when"},
		{"csv", HEAD "confirm,\"a\nb\",M,,,,,,,7\n", 3, 10, "when"},
		{"csv", HEAD "confirm,\"T,M\n", 2, 2, ""},
		{"csv", HEAD "confirm,\"T\"x,M\n", 2, 2, ""},
		{"csv", HEAD "confirm,T,M,,,,,,,,N,high\n", 2, 12, "flow.rankingScore"},
		{"csv", HEAD "confirm,T,M\nconfirm,T,M,,,,,,,,N\n", 3, 11, "flow.name"},
		{"csv", HEAD "confirm,T,M,,,,,,,,,,,more\n", 2, 14, ""},
		{"csv", HEAD ",T,M\n", 2, 2, "title"},
		{"csv", HEAD "confirm,T,M\n,T,M\n", 3, 0, "type"},
		{"csv", HEAD "confirm,T,M\n,T,M,,,,,,,,,,de\n,T,M,,,,,,,,,,de\n", 4, 0, "language"},
		{"csv", HEAD "confirm,T,M\n,T,M,,30,,,,,,,,de\n", 3, 5, "percentage"},
		{"csv", HEAD "confirm,T,M\n,T,M,,,,,,,,,,german\n", 0, 0, "steps[0].translations"},
		{"csv", HEAD "confirm,T,M,,,,,,,,,,en\nconfirm,T,M,,,,,,,,,,de\n", 3, 13, "language"},
		{"csv", "step,type,title,message\n2,confirm,T,M\n", 2, 1, "step"},
		{"csv", "type,title,message\nconfirm,a\tb,M\n", 0, 0, "steps[0].title"},
		{"table", "type\ttitle\tmessage\nconfirm\tT\tM\tx\n", 2, 4, ""},
		{"json", "", 1, 1, ""},
		{"json", "{\"name\":\"F\",\n \"steps\": [,]}", 2, 12, ""},
		{"json", "7", 1, 1, ""},
		{"json", "{\"name\":\"F\",\"colour\":\"red\"}", 0, 0, "colour"}};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *result = imported(&ctx, ROWS[i].format, ROWS[i].text), *error;

		if (member(result, "flow") || json_object_array_length(member(result, "errors")) == 0)
			fail_msg("%s was read", ROWS[i].text);
		error = json_object_array_get_idx(member(result, "errors"), 0);
		if (json_int(error, "line", 0) != ROWS[i].line || json_int(error, "column", 0) != ROWS[i].column ||
			strcmp(json_text(error, "name", "-"), ROWS[i].name))
			fail_msg("%s: %s, expected %d:%d %s", ROWS[i].text, json_object_to_json_string(error), ROWS[i].line, ROWS[i].column, ROWS[i].name);
		assert_true(strlen(json_text(error, "message", "")) > 10);
	}
	ctx_free(&ctx);
}

static void has_an_end(void **state)
{
	struct buffer text = {0};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	buffer_text(&text, "type,percentage\n");
	for (int i = 0; i < 300; i++)
		buffer_text(&text, "discount,x\n");
	assert_int_equal(json_object_array_length(member(imported(&ctx, "csv", text.data), "errors")), FLOW_FILE_ERRORS);
	buffer_reset(&text);
	for (int i = 0; i < FLOW_TABLE_COLUMNS; i++)
		buffer_char(&text, ',');
	buffer_text(&text, "type\n");
	assert_non_null(strstr(json_object_to_json_string(imported(&ctx, "csv", text.data)), "more than 64 columns"));
	buffer_free(&text);
	ctx_free(&ctx);
}

/* Everything that a document can hold, and what CSV finds hard. */
static const char *const DOCUMENTS[] = {
	"{\"name\":\"Every thing; \\\"quoted\\\", with commas\",\"language\":\"en-GB\",\"segment\":\"high\",\"segmentId\":\"01900000-0000-7000-8000-000000000001\",\"plan\":\"=pro\",\"region\":\"'-eu\",\"rankingScore\":0,"
	"\"cancelAt\":\"stripe\",\"steps\":[{\"type\":\"survey\",\"title\":\"=1+1\",\"message\":\"a\\nb\\n\",\"buttonText\":\"'=x\",\"config\":{\"options\":["
	"{\"code\":\"unused\",\"text\":\"a: b, c | d; e\"},{\"code\":\"bored\"},{\"code\":\"other\",\"text\":\" x\"}],\"allowText\":false},"
	"\"translations\":{\"de\":{\"title\":\"@\",\"options\":{\"unused\":\"\\\"\",\"other\":\"ä\"}},\"ar\":{\"message\":\"مرحبا\"}}},"
	"{\"type\":\"discount\",\"title\":\"''\",\"config\":{\"percentage\":-5,\"duration\":\"always\",\"months\":400,\"coupon\":\"+1\"},"
	"\"when\":{\"any\":[{\"fact\":\"answer\",\"op\":\"in\",\"value\":[\"unused\",\"other\"]},{\"not\":{\"fact\":\"attribute.a/b\",\"op\":\"is\",\"value\":1.10}}]}},"
	"{\"type\":\"pause\",\"config\":{\"months\":[1,99,-3]}},{\"type\":\"downgrade\",\"config\":{\"plan\":\"B\",\"price\":\"x\"}},"
	"{\"type\":\"downgrade\",\"config\":{\"plan\":\"B\",\"price\":\"price_1\",\"amountMinor\":900,\"currency\":\"usd\"}},"
	"{\"type\":\"extension\",\"config\":{\"days\":14}},{\"type\":\"support\",\"config\":{\"url\":\"https://a.example/?a=1,2\",\"email\":\"a@b.c\"}},"
	"{\"type\":\"feedback\",\"config\":{\"required\":true,\"placeholder\":\"-\"},\"translations\":{\"de\":{\"placeholder\":\"'@\"}}},{\"type\":\"confirm\"}]}",
	"{\"name\":\"No steps\",\"language\":\"de\",\"region\":\"eu\"}"};

static void loses_nothing(void **state)
{
	static const char *const formats[] = {"csv", "json"};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++)
		for (size_t at = 0; at < 2; at++) {
			struct json_object *document = flow_tidy(&ctx, read_json(&ctx, DOCUMENTS[i])), *back;
			struct buffer file = {0};

			if (at)
				flow_json(document, &file);
			else
				flow_csv(document, &file);
			back = flow_of(imported(&ctx, formats[at], file.data));
			if (!json_object_equal(document, back))
				fail_msg("%s\n%s\n%s", file.data, json_object_to_json_string(document), json_object_to_json_string(back));
			buffer_free(&file);
		}
	ctx_free(&ctx);
}

/* Nothing that a spreadsheet would run. */
static void writes_no_formula(void **state)
{
	struct buffer file = {0};
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	flow_csv(read_json(&ctx, DOCUMENTS[0]), &file);
	for (const char *at = file.data; (at = strpbrk(at, ",\n")); at++)
		if (at[1] == '"' && strchr("=+@", at[2]))
			fail_msg("%.40s", at);
	buffer_free(&file);
	ctx_free(&ctx);
}

static void templates(void **state)
{
	static const char *const codes[] = {"standard", "aggressive", "simple-feedback", "too_expensive", "missing_features", "switched_service", "unused",
		"customer_service", "too_complex", "low_quality", "other"};
	struct json_object *list, *document;
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	list = flow_templates(&ctx);
	assert_int_equal(json_object_array_length(list), 11);
	for (size_t i = 0; i < 11; i++) {
		struct json_object *item = json_object_array_get_idx(list, i), *languages = member(item, "languages");

		assert_string_equal(json_text(item, "template", ""), codes[i]);
		assert_true(json_object_array_length(languages) >= 2);
		for (size_t at = 0; at < json_object_array_length(languages); at++) {
			const char *language = json_object_get_string(json_object_array_get_idx(languages, at));
			struct json_object *errors, *steps;
			struct flow_review review;

			assert_int_equal(flow_template(&ctx, codes[i], language, NULL, &document), OK);
			assert_string_equal(json_text(document, "language", ""), language);
			assert_int_equal(flow_review(&ctx, NULL, NULL, document, &review), OK);
			errors = member(review.json, "errors");
			/* Whom to write to is the owner's to say; nothing else is left open. */
			for (size_t error = 0; error < json_object_array_length(errors); error++)
				assert_non_null(strstr(json_object_to_json_string(json_object_array_get_idx(errors, error)), "must hold url or email"));
			assert_int_equal(review.warnings, 0);
			steps = member(document, "steps");
			assert_int_equal(json_object_array_length(steps), json_object_array_length(member(item, "steps")));
			/* A reason's template speaks to those who gave it. */
			if (i > 2)
				assert_non_null(strstr(json_object_to_json_string_ext(steps, JSON_C_TO_STRING_PLAIN), arena_printf(&ctx.arena,
					"{\"fact\":\"answer\",\"op\":\"is\",\"value\":\"%s\"}", codes[i])));
		}
	}
	assert_int_equal(flow_template(&ctx, "unused", "fr", "Mine", &document), OK);
	assert_string_equal(json_text(document, "language", ""), "en");
	assert_string_equal(json_text(document, "name", ""), "Mine");
	assert_int_equal(flow_template(&ctx, "nothing", "en", NULL, &document), ERR_INVALID);
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads_tables), cmocka_unit_test(names_the_place), cmocka_unit_test(has_an_end),
		cmocka_unit_test(loses_nothing), cmocka_unit_test(writes_no_formula), cmocka_unit_test(templates)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
