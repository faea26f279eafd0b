#include "retention/branding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* WCAG's own examples, and pairs worked out by its formula. */
static void test_contrast(void **state)
{
	static const struct { const char *one, *other; double ratio; } ROWS[] = {
		{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#777777", "#ffffff", 4.478}, {"#767676", "#ffffff", 4.542},
		{"#ff0000", "#ffffff", 3.998}, {"#003a78", "#ffffff", 11.19}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_float_equal(colour_contrast(ROWS[i].one, ROWS[i].other), ROWS[i].ratio, 0.01);
}

/* Whatever the accent, its words can be read. */
static void test_words_are_legible(void **state)
{
	char colour[8];

	(void)state;
	for (int red = 0; red < 256; red += 15)
		for (int green = 0; green < 256; green += 15)
			for (int blue = 0; blue < 256; blue += 15) {
				snprintf(colour, sizeof colour, "#%02x%02x%02x", red, green, blue);
				assert_true(colour_contrast(colour, colour_on(colour)) >= 4.2);
			}
}

static void test_check(void **state)
{
	static const struct { struct branding branding; const char *field; } ROWS[] = {
		{{"#003a78", "#8fc1ff", 14, ""}, NULL}, {{"#1f7a4d", "#6fdc9f", 0, "Inter, Arial, sans-serif"}, NULL},
		{{"#8fc1ff", "#8fc1ff", 14, ""}, "accent"}, {{"#003a78", "#003a78", 14, ""}, "accentDark"}, {{"003a78", "#8fc1ff", 14, ""}, "accent"},
		{{"#003A78", "#8fc1ff", 14, ""}, "accent"}, {{"#003a7", "#8fc1ff", 14, ""}, "accent"}, {{"red;}", "#8fc1ff", 14, ""}, "accent"},
		{{"#003a78", "#8fc1ff", 25, ""}, "radius"}, {{"#003a78", "#8fc1ff", -1, ""}, "radius"},
		{{"#003a78", "#8fc1ff", 14, "x;background:url(//evil)"}, "font"}, {{"#003a78", "#8fc1ff", 14, "a\"b"}, "font"}};
	struct ctx ctx;

	(void)state;
	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		enum err err = branding_check(&ctx, &ROWS[i].branding);

		assert_int_equal(err, ROWS[i].field ? ERR_INVALID : OK);
		if (ROWS[i].field)
			assert_string_equal(ctx.fault.field, ROWS[i].field);
		ctx_forgive(&ctx);
	}
	assert_int_equal(branding_check(&ctx, &BRANDING_DEFAULT), OK);
	assert_string_equal(branding_theme(&ctx, &BRANDING_DEFAULT),
		"{\"accent\":\"#003a78\",\"accentText\":\"#ffffff\",\"accentDark\":\"#8fc1ff\",\"accentDarkText\":\"#0a1626\",\"radius\":14,\"font\":\"\"}");
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_contrast), cmocka_unit_test(test_words_are_legible), cmocka_unit_test(test_check)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
