/* Which language a browser gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/language.h"

static void headers(void **state)
{
	static const struct { const char *header, *language; } ROWS[] = {
		{NULL, "en"}, {"", "en"}, {"de", "de"}, {"DE-ch", "de"}, {"es-419", "es"}, {"fr-CA,fr;q=0.8", "fr"}, {"tlh", "en"}, {"*", "en"},
		{"en;q=0.5, de;q=0.9", "de"}, {"de;q=0.5,fr;q=0.5", "de"}, {"nl, fr;q=0.1", "fr"}, {"de;q=0", "en"}, {"de;q=0.000, es;q=0.001", "es"},
		{"de ; q=0.3 , es ; Q=0.31", "es"}, {"fr;q=1.000,de", "fr"}, {"de;q=1.5,es;q=0.2", "es"}, {"de;q=x,es;q=0.2", "es"}, {"de;q,es;q=0.2", "es"},
		{"de;q=0.99999,es;q=0.999", "de"}, {",,, ,de", "de"}, {"deu,den,d,es", "es"}, {"de-", "de"}, {";q=1,de", "de"}, {"de_DE, es", "es"},
		{"de;q=.9,es;q=0.1", "es"}, {"de;q=", "en"}, {"de;", "en"}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(language_accepted(ROWS[i].header), ROWS[i].language);
}

static void codes(void **state)
{
	static const struct { const char *code, *language; } ROWS[] = {{NULL, "en"}, {"", "en"}, {"de", "de"}, {"DE", "en"}, {"de-CH", "en"}, {"es", "es"}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(language_of(ROWS[i].code), ROWS[i].language);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(headers), cmocka_unit_test(codes)};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
