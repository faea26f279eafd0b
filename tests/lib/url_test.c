#include "text/url.h"

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

static void reads_pairs(void **state)
{
	static const struct {
		const char *text;
		int count;
		const char *out; /* name=value; … */
	} ROWS[] = {
		{"", 0, ""},
		{"a=1", 1, "a=1;"},
		{"a=1&b=2&a=3", 3, "a=1;b=2;a=3;"},
		{"a", 1, "a=;"},
		{"a=", 1, "a=;"},
		{"=1", 1, "=1;"},
		{"a=b=c", 1, "a=b=c;"},
		{"&&a=1&&", 1, "a=1;"},
		{"&", 0, ""},
		{"a+b=c+d%2B", 1, "a b=c d+;"},
		{"n%61me=%C3%BC%e2%82%ac", 1, "name=ü€;"},
		{"filter[plan][eq]=pro", 1, "filter[plan][eq]=pro;"},
		{"a=%26%3D%25", 1, "a=&=%;"},
	};
	struct pairs pairs;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char out[256] = "";

		ctx_reset(&ctx);
		assert_int_equal(url_pairs(&ctx, ROWS[i].text, strlen(ROWS[i].text), &pairs), OK);
		assert_int_equal(pairs.count, ROWS[i].count);
		for (int j = 0; j < pairs.count; j++) {
			size_t used = strlen(out);

			assert_int_equal(strlen(pairs.items[j].value), pairs.items[j].value_length);
			snprintf(out + used, sizeof out - used, "%s=%s;", pairs.items[j].name, pairs.items[j].value);
		}
		assert_string_equal(out, ROWS[i].out);
	}
	assert_int_equal(url_pairs(&ctx, "a=1&b=2&a=3", 11, &pairs), OK);
	assert_string_equal(pairs_find(&pairs, "a"), "1");
	assert_string_equal(pairs_find(&pairs, "b"), "2");
	assert_null(pairs_find(&pairs, "c"));
}

static void refuses_bad_pairs(void **state)
{
	static const char *const ROWS[] = {"a=%", "a=%4", "a=%4g", "%zz=1", "a=1&b=%", "a=%00", "%00=a", "a=%ff", "a=\xff",
		"a=%C3", "a=%ed%a0%80"};
	struct pairs pairs;
	char text[1024] = "";

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		ctx_reset(&ctx);
		assert_int_equal(url_pairs(&ctx, ROWS[i], strlen(ROWS[i]), &pairs), ERR_BAD_INPUT);
		assert_string_not_equal(ctx.fault.detail, "");
	}
	assert_int_equal(url_pairs(&ctx, "a=\0", 3, &pairs), ERR_BAD_INPUT);
	for (int i = 0; i < URL_PAIRS; i++)
		memcpy(text + i * 4, "a=1&", 4);
	assert_int_equal(url_pairs(&ctx, text, URL_PAIRS * 4, &pairs), OK);
	assert_int_equal(pairs.count, URL_PAIRS);
	memcpy(text + URL_PAIRS * 4, "b=2", 3);
	assert_int_equal(url_pairs(&ctx, text, URL_PAIRS * 4 + 3, &pairs), ERR_BAD_INPUT);
}

static void decodes_segments(void **state)
{
	static const struct {
		const char *text, *out; /* NULL: refused */
	} ROWS[] = {
		{"", ""}, {"plain", "plain"}, {"a+b", "a+b"}, {"a%20b", "a b"}, {"%C3%BC", "ü"}, {"%2e%2E", ".."}, {"a%25b", "a%b"},
		{"a%2fb", NULL}, {"a%2Fb", NULL}, {"a/b", NULL}, {"a%00", NULL}, {"%", NULL}, {"%2", NULL}, {"%g0", NULL},
		{"%80", NULL}, {"\xc3(", NULL},
	};
	const char *text;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		ctx_reset(&ctx);
		assert_int_equal(url_decode(&ctx, ROWS[i].text, strlen(ROWS[i].text), &text), ROWS[i].out ? OK : ERR_BAD_INPUT);
		if (ROWS[i].out)
			assert_string_equal(text, ROWS[i].out);
	}
}

static void finds_cookies(void **state)
{
	static const struct {
		const char *header, *value;
	} ROWS[] = {
		{"sid=1", "1"}, {"a=b; sid=1; c=d", "1"}, {"a=b;sid=1", "1"}, {"a=b;\t sid=1 ;c", "1"}, {"sid=", ""},
		{"sid=a=b==", "a=b=="}, {"sid=\"x\"", "\"x\""}, {"a=sid=1; sid=2", "2"},
		{NULL, NULL}, {"", NULL}, {"sid", NULL}, {"asid=1", NULL}, {"sidx=1", NULL}, {"a=b; SID=1", NULL},
		{"sid=1; sid=2", NULL}, {"sid=1; a=b; sid=1", NULL}, {"a=\"; sid=1", "1"}, {";;;", NULL}, {"__Host-sid=1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *value = cookie_find(&ctx, ROWS[i].header, "sid");

		if (ROWS[i].value)
			assert_string_equal(value ? value : "(absent)", ROWS[i].value);
		else
			assert_null(value);
	}
}

static void normalises_origins(void **state)
{
	static const struct {
		const char *text, *out; /* NULL: refused */
	} ROWS[] = {
		{"https://shop.example", "https://shop.example"},
		{"HTTPS://Shop.Example:443", "https://shop.example"},
		{"http://shop.example:80", "http://shop.example"},
		{"http://shop.example:443", "http://shop.example:443"},
		{"https://shop.example:8443", "https://shop.example:8443"},
		{"https://shop.example:08443", "https://shop.example:8443"},
		{"http://localhost:3000", "http://localhost:3000"},
		{"http://127.0.0.1:1", "http://127.0.0.1:1"},
		{"http://[::1]:3000", "http://[::1]:3000"},
		{"https://[2001:DB8:0:0::1]", "https://[2001:db8::1]"},
		{"https://xn--bcher-kva.example", "https://xn--bcher-kva.example"},
		{"https://a_b.example", "https://a_b.example"},
		{NULL, NULL}, {"", NULL}, {"null", NULL}, {"*", NULL}, {"https", NULL}, {"https:", NULL}, {"https://", NULL}, {"http", NULL},
		{"http:/", NULL}, {"http://", NULL}, {"httpx://a", NULL}, {"ftp://a", NULL}, {"//shop.example", NULL},
		{"shop.example", NULL},
		{"https://shop.example/", NULL}, {"https://shop.example?x", NULL}, {"https://shop.example#x", NULL},
		{"https://user@shop.example", NULL}, {"https://user:1@shop.example", NULL}, {"https://shop.example:", NULL},
		{"https://shop.example:0", NULL}, {"https://shop.example:65536", NULL}, {"https://shop.example:4x", NULL},
		{"https://shop.example:+44", NULL}, {"https://shop.example:443443", NULL}, {"https://shop.example:443:443", NULL},
		{"https://shop..example", NULL}, {"https://.example", NULL}, {"https://shop.example.", NULL},
		{"https://*.example", NULL}, {"https://sh op.example", NULL}, {"https://shöp.example", NULL},
		{" https://shop.example", NULL}, {"https://shop.example ", NULL}, {"https://shop.example\n", NULL},
		{"https://[::1", NULL}, {"https://[::g]", NULL}, {"https://[]", NULL}, {"https://[::1]x", NULL},
		{"https://[::1%eth0]", NULL},
	};
	char out[264], host[400];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		if (origin_normal(ROWS[i].text, out) != (ROWS[i].out != NULL))
			print_error("%s\n", ROWS[i].text);
		assert_int_equal(origin_normal(ROWS[i].text, out), ROWS[i].out != NULL);
		if (ROWS[i].out)
			assert_string_equal(out, ROWS[i].out);
	}
	for (int length = 1; length < 380; length++) {
		snprintf(host, sizeof host, "https://%.*s", length,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		assert_int_equal(origin_normal(host, out), length <= 253);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pairs),
		cmocka_unit_test(refuses_bad_pairs),
		cmocka_unit_test(decodes_segments),
		cmocka_unit_test(finds_cookies),
		cmocka_unit_test(normalises_origins),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
