#include "text/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static void file_write(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_non_null(file = fopen(path, "w"));
	fputs(text, file);
	fclose(file);
}

static int folder_make(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/stoa-words.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_drop(void **state)
{
	char path[128];

	(void)state;
	for (const char *const *name = (const char *const[]){"a.json", "b.json", NULL}; *name; name++) {
		snprintf(path, sizeof path, "%s/%s", folder, *name);
		unlink(path);
	}
	return rmdir(folder);
}

static const struct {
	const char *source, *out;
} CASES[] = {
	{"{{#_}}Sign in{{/_}}", "Anmelden"},
	{"<p>{{#_}}Sign\n\t in{{/_}}</p>", "<p>Anmelden</p>"},
	{"<p>{{#_}} {{n}} of {{m}} {{/_}}</p>", "<p>{{n}} von {{m}}</p>"},
	{"{{#_}}Unknown text{{/_}}", "Unknown text"},
	{"{{#_}}One{{/_}}{{#_}}Sign in{{/_}}!", "OneAnmelden!"},
	{"{{#_}}never closed", "{{#_}}never closed"},
	{"", ""},
	{"{{#_}}{{/_}}x", "x"},
};

static void test_apply(void **state)
{
	char message[256] = "";
	struct catalogue *catalogue;

	(void)state;
	file_write("a.json", "{\"Sign in\":\"Anmelden\"}");
	file_write("b.json", "{\"{{n}} of {{m}}\":\"{{n}} von {{m}}\",\"Sign in\":\"Anmelden\"}");
	catalogue = catalogue_load(folder, message);
	assert_string_equal(message, "");
	assert_non_null(catalogue);
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct buffer out = {0};

		catalogue_apply(catalogue, CASES[i].source, strlen(CASES[i].source), &out);
		assert_string_equal(out.data ? out.data : "", CASES[i].out);
		buffer_free(&out);
	}
	assert_string_equal(catalogue_say(NULL, "Sign in", 7), "Sign in");
	catalogue_free(catalogue);
}

static void test_refused(void **state)
{
	static const char *const BAD[] = {"[]", "{\"Sign in\":1}", "{\"Sign in\":", "", "{\"Sign  in\":\"Einloggen\"}"};
	char message[256];

	(void)state;
	file_write("a.json", "{\"Sign in\":\"Anmelden\"}");
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		file_write("b.json", BAD[i]);
		assert_null(catalogue_load(folder, message));
		assert_non_null(strstr(message, ".json"));
	}
	assert_null(catalogue_load("/nonexistent", message));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_apply, folder_make, folder_drop),
		cmocka_unit_test_setup_teardown(test_refused, folder_make, folder_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
