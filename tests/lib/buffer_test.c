#include "base/buffer.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct row {
	const char *in;
	const char *out;
};

static void check_rows(void (*add)(struct buffer *, const char *, size_t), const struct row *rows)
{
	struct buffer buffer = {0};

	for (; rows->in; rows++) {
		buffer_reset(&buffer);
		buffer_text(&buffer, "<");
		add(&buffer, rows->in, strlen(rows->in));
		assert_string_equal(buffer.data + 1, rows->out);
		assert_int_equal(buffer.length, strlen(buffer.data));
		assert_false(buffer.failed);
	}
	buffer_free(&buffer);
}

static void writes_json_strings(void **state)
{
	static const struct row ROWS[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
		{"\b\t\n\v\f\r\x1b\x7f", "\"\\b\\t\\n\\u000b\\f\\r\\u001b\x7f\""},
		{"Grüße 🎉", "\"Grüße 🎉\""},
		{"\xff", "\"\xef\xbf\xbd\""},
		{"a\xc3", "\"a\xef\xbf\xbd\""},
		{"\xc3\"", "\"\xef\xbf\xbd\\\"\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{0},
	};
	struct buffer buffer = {0};

	(void)state;
	check_rows(buffer_json, ROWS);
	buffer_json(&buffer, "a\0b", 3);
	assert_string_equal(buffer.data, "\"a\\u0000b\"");
	buffer_free(&buffer);
}

static void escapes_html(void **state)
{
	static const struct row ROWS[] = {
		{"", ""},
		{"a < b && c > \"d\" 'e'", "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;"},
		{"&", "&amp;"},
		{"ü/`=", "ü/`="},
		{0},
	};

	(void)state;
	check_rows(buffer_html, ROWS);
}

static void encodes_urls(void **state)
{
	static const struct row ROWS[] = {
		{"AZaz09-._~", "AZaz09-._~"},
		{"a b&c=d/e?f#g+h%", "a%20b%26c%3Dd%2Fe%3Ff%23g%2Bh%25"},
		{"ü", "%C3%BC"},
		{"\x01\xff", "%01%FF"},
		{0},
	};

	(void)state;
	check_rows(buffer_url, ROWS);
}

static void writes_integers(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
	} ROWS[] = {{0, "0"}, {7, "7"}, {-1, "-1"}, {1000000, "1000000"}, {INT64_MAX, "9223372036854775807"},
		{INT64_MIN, "-9223372036854775808"}};
	struct buffer buffer = {0};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		buffer_reset(&buffer);
		buffer_int(&buffer, ROWS[i].value);
		assert_string_equal(buffer.data, ROWS[i].text);
	}
	buffer_free(&buffer);
}

static void grows_and_keeps_a_nul(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	for (int i = 0; i < 5000; i++) {
		buffer_char(&buffer, (char)('a' + i % 26));
		assert_int_equal(buffer.data[buffer.length], 0);
	}
	buffer_printf(&buffer, "%0*d", 9000, 7);
	assert_int_equal(buffer.length, 14000);
	assert_int_equal(buffer.data[4999], 'a' + 4999 % 26);
	assert_int_equal(buffer.data[13999], '7');
	buffer_reset(&buffer);
	assert_string_equal(buffer.data, "");
	buffer_printf(&buffer, "%s", "");
	buffer_add(&buffer, NULL, 0);
	assert_int_equal(buffer.length, 0);
	buffer_free(&buffer);
	assert_null(buffer.data);
}

static void stops_at_its_limit(void **state)
{
	struct buffer buffer = {.limit = 10};

	(void)state;
	buffer_text(&buffer, "0123456789");
	assert_false(buffer.failed);
	buffer_char(&buffer, 'x');
	assert_true(buffer.failed);
	assert_string_equal(buffer.data, "0123456789");
	buffer_reset(&buffer);
	buffer_text(&buffer, "0123456");
	buffer_printf(&buffer, "%d", 1234);
	assert_true(buffer.failed);
	buffer_char(&buffer, 'y'); /* would fit, but the error stays */
	assert_string_equal(buffer.data, "0123456");
	buffer_reset(&buffer);
	buffer_text(&buffer, "y");
	assert_false(buffer.failed);
	assert_string_equal(buffer.data, "y");
	buffer_free(&buffer);
}

static void knows_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t length; /* code points; 0 = not valid */
	} ROWS[] = {
		{"a", 1}, {"ascii text of more than eight bytes", 35}, {"é", 1}, {"€uro", 4}, {"🎉🎉", 2}, {"12345678é", 9},
		{"\xf4\x8f\xbf\xbf", 1}, {"\xed\x9f\xbf", 1}, {"\xee\x80\x80", 1}, {"\xef\xbf\xbf", 1},
		{"\x80", 0}, {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xc3", 0}, {"\xc3(", 0}, {"\xe0\x9f\xbf", 0},
		{"\xe2\x82", 0}, {"\xe2\x28\xa1", 0}, {"\xe2\x82\x28", 0}, {"\xed\xa0\x80", 0}, {"\xed\xbf\xbf", 0},
		{"\xf0\x8f\xbf\xbf", 0}, {"\xf0\x9f\x8e", 0}, {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0}, {"\xff", 0},
		{"12345678\xff", 0}, {"1234567\xffxxxxxxxx", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		size_t bytes = strlen(ROWS[i].text);

		assert_int_equal(utf8_valid(ROWS[i].text, bytes), ROWS[i].length > 0);
		if (ROWS[i].length)
			assert_int_equal(utf8_length(ROWS[i].text, bytes), ROWS[i].length);
	}
	assert_true(utf8_valid("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_json_strings),
		cmocka_unit_test(escapes_html),
		cmocka_unit_test(encodes_urls),
		cmocka_unit_test(writes_integers),
		cmocka_unit_test(grows_and_keeps_a_nul),
		cmocka_unit_test(stops_at_its_limit),
		cmocka_unit_test(knows_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
