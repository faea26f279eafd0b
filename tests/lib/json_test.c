#include "text/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct ctx ctx;

static int begin(void **state)
{
	(void)state;
	ctx_init(&ctx);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ctx_free(&ctx);
	return 0;
}

static enum err read_bytes(const char *text, size_t bytes, int depth, struct json_object **value_out)
{
	/* A copy without a NUL behind it: reading past the end shows. */
	char *copy = malloc(bytes ? bytes : 1);
	enum err err;

	assert_non_null(copy);
	memcpy(copy, text, bytes);
	ctx_reset(&ctx);
	err = json_read(&ctx, copy, bytes, depth, value_out);
	free(copy);
	return err;
}

/* Text in, text out. */
static void round_trips(void **state)
{
	static const struct {
		const char *in, *out;
	} ROWS[] = {
		{"{}", NULL}, {"[]", NULL}, {"null", NULL}, {"true", NULL}, {"false", NULL}, {"\"\"", NULL}, {"0", NULL},
		{"-0", "0"}, {"12", NULL}, {" \t\r\n1 \n", "1"},
		{"9223372036854775807", NULL}, {"-9223372036854775808", NULL},
		{"1.5", NULL}, {"0.1", NULL}, {"1.210", "1.21"}, {"1.0", NULL}, {"-2.50E+2", "-250.0"}, {"1e3", "1000.0"},
		{"1e300", "1e+300"}, {"0.30000000000000004", NULL}, {"-0.0", NULL}, {"1e-400", "0.0"},
		{"[1, [2, {\"a\": [] }], null]", "[1,[2,{\"a\":[]}],null]"},
		{"{\"b\":1,\"a\":{\"b\":2}}", NULL},
		{"{\"\":1}", NULL},
		{"\"\\u00fc\\u20ac\\ud83c\\udf89\\/\"", "\"ü€🎉/\""},
		{"\"\\\"\\\\\\b\\f\\n\\r\\t\"", NULL},
		{"\"\\u001f\\u007f\"", "\"\\u001f\x7f\""},
		{"\"Grüße 🎉\"", NULL},
	};
	struct buffer out = {0};
	struct json_object *value;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(read_bytes(ROWS[i].in, strlen(ROWS[i].in), JSON_DEPTH, &value), OK);
		buffer_reset(&out);
		json_write(&out, value);
		assert_string_equal(out.data, ROWS[i].out ? ROWS[i].out : ROWS[i].in);
	}
	buffer_free(&out);
}

static void refuses_what_is_not_json(void **state)
{
	static const struct {
		const char *text;
		const char *detail;
	} ROWS[] = {
		{"", "byte 0: a value is expected"},
		{"  ", "byte 2: a value is expected"},
		{"\xef\xbb\xbf{}", "byte 0: a value is expected"},
		{"{", "byte 1: a member name is expected"},
		{"[", "byte 1: a value is expected"},
		{"[1", "byte 2: a comma or ] is expected"},
		{"[1,]", "byte 3: a value is expected"},
		{"[,1]", "byte 1: a value is expected"},
		{"[1 2]", "byte 3: a comma or ] is expected"},
		{"{\"a\":1,}", "byte 7: a member name is expected"},
		{"{\"a\"}", "byte 4: a colon is expected"},
		{"{\"a\":}", "byte 5: a value is expected"},
		{"{\"a\":1 \"b\":2}", "byte 7: a comma or } is expected"},
		{"{a:1}", "byte 1: a member name is expected"},
		{"{'a':1}", "byte 1: a member name is expected"},
		{"{1:1}", "byte 1: a member name is expected"},
		{"[1}", "byte 2: a comma or ] is expected"},
		{"{}x", "byte 2: nothing may follow"},
		{"1 2", "byte 2: nothing may follow"},
		{"{}{}", "byte 2: nothing may follow"},
		{"/* c */1", "byte 0"},
		{"1 // c", "byte 2"},
		{"nul", "byte 0"}, {"NULL", "byte 0"}, {"True", "byte 0"}, {"nulll", "byte 4"},
		{"NaN", "byte 0"}, {"Infinity", "byte 0"}, {"-Infinity", "byte 1: a digit"}, {"[nan]", "byte 1"},
		{"01", "byte 1: nothing may follow"}, {"-", "byte 1: a digit"}, {"+1", "byte 0"}, {".5", "byte 0"},
		{"1.", "byte 2: a digit"}, {"1e", "byte 2: a digit"}, {"1e+", "byte 3: a digit"}, {"0x10", "byte 1"},
		{"--1", "byte 1: a digit"}, {"1.e3", "byte 2: a digit"},
		{"9223372036854775808", "a whole number beyond 64 bits"},
		{"-9223372036854775809", "a whole number beyond 64 bits"},
		{"123456789012345678901234567890", "a whole number beyond 64 bits"},
		{"1e999", "a number is out of range"},
		{"[{\"a\":-1e999}]", "a number is out of range"},
		{"\"abc", "byte 4: a string has no end"},
		{"'abc'", "byte 0"},
		{"\"a\nb\"", "byte 2: a control character"},
		{"\"a\tb\"", "byte 2: a control character"},
		{"\"\\x41\"", "byte 2: an unknown escape"},
		{"\"\\", "byte 2: an unknown escape"},
		{"\"\\u12\"", "\\u needs four hexadecimal digits"},
		{"\"\\u12G4\"", "\\u needs four hexadecimal digits"},
		{"\"\\u0000\"", "\\u0000 is not accepted"},
		{"{\"a\\u0000b\":1}", "\\u0000 is not accepted"},
		{"\"\\ud800\"", "half a surrogate pair"},
		{"\"\\udc00\"", "half a surrogate pair"},
		{"\"\\ud800\\ud800\"", "half a surrogate pair"},
		{"\"\\ud800x\"", "half a surrogate pair"},
		{"\"\\ud800\\n\"", "half a surrogate pair"},
		{"\"\\udc00\\ud800\"", "half a surrogate pair"},
		{"\"\xff\"", "byte 1: not UTF-8"},
		{"\"ab\xc3\"", "byte 3: not UTF-8"},
		{"\"\xc0\x80\"", "byte 1: not UTF-8"},
		{"\"\xed\xa0\x80\"", "byte 1: not UTF-8"},
		{"{\"\xff\":1}", "byte 2: not UTF-8"},
		{"{\"a\":1,\"a\":2}", "occurs twice"},
		{"{\"a\":1,\"\\u0061\":2}", "occurs twice"},
		{"[{\"x\":{\"a\":null,\"b\":0,\"a\":null}}]", "occurs twice"},
	};
	struct json_object *value;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(read_bytes(ROWS[i].text, strlen(ROWS[i].text), JSON_DEPTH, &value), ERR_BAD_INPUT);
		assert_int_equal(ctx.fault.err, ERR_BAD_INPUT);
		if (!strstr(ctx.fault.detail, ROWS[i].detail))
			print_error("%s: %s\n", ROWS[i].text, ctx.fault.detail);
		assert_non_null(strstr(ctx.fault.detail, ROWS[i].detail));
	}
}

static void refuses_nul_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
	} ROWS[] = {{"\0", 1}, {"{}\0", 3}, {"[1,\0]", 5}, {"\"a\0b\"", 5}, {"1\0", 2}, {"{\"a\0\":1}", 8}};
	struct json_object *value;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(read_bytes(ROWS[i].text, ROWS[i].bytes, JSON_DEPTH, &value), ERR_BAD_INPUT);
}

static void limits_depth(void **state)
{
	char text[4096];
	struct json_object *value;

	(void)state;
	for (int depth = 0; depth <= 64; depth++) {
		for (int object = 0; object < 2; object++) {
			size_t length = 0;

			for (int i = 0; i < depth; i++)
				length += (size_t)snprintf(text + length, sizeof text - length, "%s", object ? "{\"a\":" : "[");
			length += (size_t)snprintf(text + length, sizeof text - length, "1");
			for (int i = 0; i < depth; i++)
				text[length++] = object ? '}' : ']';
			assert_int_equal(read_bytes(text, length, depth, &value), OK);
			if (!depth)
				continue;
			assert_int_equal(read_bytes(text, length, depth - 1, &value), ERR_BAD_INPUT);
			assert_non_null(strstr(ctx.fault.detail, "nested too deeply"));
		}
	}
	/* Siblings are not depth. */
	assert_int_equal(read_bytes("[[],[],[[]],{}]", 15, 3, &value), OK);
	memset(text, '[', sizeof text);
	assert_int_equal(read_bytes(text, sizeof text, JSON_DEPTH, &value), ERR_BAD_INPUT);
}

static void every_truncation_is_refused(void **state)
{
	static const char TEXT[] = "{\"a\":[1.5e3,true,null,\"\\ud83c\\udf89ü\"],\"b\":{\"c\":false}}";
	struct json_object *value;

	(void)state;
	for (size_t bytes = 0; bytes < sizeof TEXT - 1; bytes++)
		assert_int_equal(read_bytes(TEXT, bytes, JSON_DEPTH, &value), ERR_BAD_INPUT);
	assert_int_equal(read_bytes(TEXT, sizeof TEXT - 1, JSON_DEPTH, &value), OK);
}

static void reads_members(void **state)
{
	static const char TEXT[] = "{\"t\":\"text\",\"i\":-7,\"d\":1.5,\"b\":true,\"n\":null,\"o\":{},\"empty\":\"\"}";
	struct json_object *value;

	(void)state;
	assert_int_equal(read_bytes(TEXT, sizeof TEXT - 1, JSON_DEPTH, &value), OK);
	assert_string_equal(json_text(value, "t", "x"), "text");
	assert_string_equal(json_text(value, "empty", "x"), "");
	assert_string_equal(json_text(value, "i", "x"), "x");
	assert_string_equal(json_text(value, "n", "x"), "x");
	assert_null(json_text(value, "absent", NULL));
	assert_int_equal(json_int(value, "i", 1), -7);
	assert_int_equal(json_int(value, "d", 1), 1);
	assert_int_equal(json_int(value, "t", 1), 1);
	assert_int_equal(json_int(value, "absent", 1), 1);
	assert_true(json_flag(value, "b", false));
	assert_true(json_flag(value, "i", true));
	assert_false(json_flag(value, "absent", false));
	assert_string_equal(json_text(NULL, "t", "x"), "x");
	assert_string_equal(json_text(json_object_object_get(value, "t"), "t", "x"), "x");
}

static void writes_what_was_built(void **state)
{
	struct json_object *root = json_own(&ctx, json_object_new_object());
	struct buffer out = {0};

	(void)state;
	json_object_object_add(root, "bad", json_object_new_string("a\xff"));
	json_object_object_add(root, "nul", json_object_new_string_len("a\0b", 3));
	json_object_object_add(root, "nan", json_object_new_double(0.0 / 0.0));
	json_object_object_add(root, "third", json_object_new_double(1.0 / 3));
	json_object_object_add(root, "a\"b", NULL);
	json_write(&out, root);
	assert_string_equal(out.data, "{\"bad\":\"a\xef\xbf\xbd\",\"nul\":\"a\\u0000b\",\"nan\":null,"
		"\"third\":0.3333333333333333,\"a\\\"b\":null}");
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(refuses_nul_bytes),
		cmocka_unit_test(limits_depth),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(reads_members),
		cmocka_unit_test(writes_what_was_built),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
