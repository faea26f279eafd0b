/* Every text that people read is in the catalogue of each language, and nothing else is in it: texts between {{#_}} and {{/_}} in the
 * templates, in tr() and TR() and page_show() in C, titles of errors, descriptions of events. A page's template holds no words besides. */
#define _GNU_SOURCE /* memmem */

#include "base/error.h"
#include "event/event.h"

#include <ctype.h>
#include <ftw.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPEN "{{#_}}"
#define CLOSE "{{/_}}"

static struct json_object *used, *said; /* English texts */
static struct buffer literals;          /* all C sources, for texts that come by another way */
static int faults;

#define fault(...) do { faults++; print_error(__VA_ARGS__); print_error("\n"); } while (0)

static char *key_of(const char *text, size_t bytes)
{
	char *key = malloc(bytes + 1);
	size_t length = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (!isspace((unsigned char)text[i]))
			key[length++] = text[i];
		else if (length && key[length - 1] != ' ')
			key[length++] = ' ';
	}
	length -= length && key[length - 1] == ' ';
	key[length] = '\0';
	return key;
}

static void use(const char *text, size_t bytes, const char *where)
{
	char *key = key_of(text, bytes);

	json_object_object_add(used, key, json_object_new_string(where));
	free(key);
}

static void file_read(const char *path, struct buffer *out)
{
	FILE *file = fopen(path, "re");
	char chunk[4096];
	size_t got;

	assert_non_null(file);
	buffer_reset(out);
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		buffer_add(out, chunk, got);
	fclose(file);
}

static bool ends(const char *path, const char *suffix)
{
	size_t length = strlen(path), tail = strlen(suffix);

	return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

/* What is left of a template when markup, tags, marked texts, code and attributes are taken away must not hold words. */
static void rest_check(const char *path, const char *text, size_t bytes)
{
	const char *end = text + bytes;
	int letters = 0, code = 0;

	for (const char *at = text; at < end; at++) {
		if (strncmp(at, OPEN, strlen(OPEN)) == 0 && strstr(at, CLOSE)) {
			at = strstr(at, CLOSE) + strlen(CLOSE) - 1;
		} else if (strncmp(at, "{{", 2) == 0) {
			const char *close = strstr(at, at[2] == '{' ? "}}}" : "}}");
			at = close ? close + (at[2] == '{' ? 2 : 1) : end;
		} else if (*at == '<') {
			code += strncmp(at, "<code", 5) == 0 || strncmp(at, "<svg", 4) == 0 || strncmp(at, "<script", 7) == 0;
			code -= strncmp(at, "</code", 6) == 0 || strncmp(at, "</svg", 5) == 0 || strncmp(at, "</script", 8) == 0;
			for (int depth = 0; at < end && (*at != '>' || depth); at++)
				depth += strncmp(at, "{{", 2) == 0 ? 1 : strncmp(at, "}}", 2) == 0 ? -1 : 0;
		} else if (*at == '&') {
			at += strcspn(at, ";");
		} else if (!code && isalpha((unsigned char)*at)) {
			if (++letters == 3) {
				fault("%s: a text without markers: %.40s", path, at - 2);
				at += strcspn(at, "<{") - 1;
			}
			continue;
		}
		letters = 0;
	}
}

/* Brands and units need no translation; pages of a language of their own and mails carry theirs. */
static bool rest_checked(const char *path)
{
	return strstr(path, "/templates/") && !strstr(path, "/mail/") && !strstr(path, "unsubscribe.") && !strstr(path, "/icons/") &&
		!ends(path, "/layout.mustache");
}

static void template_read(const char *path)
{
	struct buffer text = {0};
	const char *at, *close;

	file_read(path, &text);
	if (text.length) {
		for (at = text.data; (at = strstr(at, OPEN)); at = close) {
			close = strstr(at, CLOSE);
			if (!close) {
				fault("%s: %s without its end", path, OPEN);
				break;
			}
			use(at + strlen(OPEN), (size_t)(close - at) - strlen(OPEN), path);
		}
		if (rest_checked(path))
			rest_check(path, text.data, text.length);
	}
	buffer_free(&text);
}

/* A C string literal at `at`, with those that follow it, as text; NULL: none. */
static char *literal_read(const char *at)
{
	struct buffer text = {0};

	while (*at == '"') {
		for (at++; *at && *at != '"'; at++) {
			if (*at == '\\' && at[1])
				at++;
			buffer_char(&text, *at);
		}
		at += *at == '"';
		at += strspn(at, " \t\n");
	}
	return text.data;
}

static void calls_read(const char *path, const char *source, const char *call, int skip)
{
	for (const char *at = source; (at = strstr(at, call)); at++) {
		if (at > source && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
			continue;
		const char *argument = at + strlen(call);
		for (int i = 0; i < skip; i++)
			argument += strcspn(argument, ",") + 1;
		argument += strspn(argument, " \t\n");
		char *text = literal_read(argument);
		if (text)
			use(text, strlen(text), path);
		free(text);
	}
}

static void source_read(const char *path)
{
	struct buffer text = {0};

	file_read(path, &text);
	if (text.length) {
		calls_read(path, text.data, "tr(", 1);
		calls_read(path, text.data, "TR(", 0);
		calls_read(path, text.data, "page_show(", 3);
		buffer_add(&literals, text.data, text.length);
	}
	buffer_free(&text);
}

static int conversions(const char *text)
{
	int count = 0;

	for (; (text = strchr(text, '%')); text++)
		count = count * 31 + (unsigned char)text[1];
	return count;
}

static int tags(const char *text)
{
	int count = 0;

	for (; (text = strstr(text, "{{")); text += 2)
		count++;
	return count;
}

static void catalogue_read(const char *path)
{
	struct json_object *texts = json_object_from_file(path);

	if (!json_object_is_type(texts, json_type_object)) {
		fault("%s: no JSON object", path);
		return;
	}
	json_object_object_foreach(texts, english, german) {
		const char *text = json_object_get_string(german);
		struct json_object *before;

		if (json_object_object_get_ex(said, english, &before) && !json_object_equal(before, german))
			fault("%s: \"%s\" is said otherwise elsewhere: \"%s\", \"%s\"", path, english, text, json_object_get_string(before));
		if (tags(english) != tags(text) || (!tags(english) && conversions(english) != conversions(text)))
			fault("%s: \"%s\" has other variables than \"%s\"", path, text, english);
		if (!*text || (strchr(text, '"') && !strchr(english, '"')) || (strchr(text, '<') && !strchr(english, '<')))
			fault("%s: \"%s\" is empty, or brings quotes or markup of its own", path, english);
		json_object_object_add(said, english, json_object_get(german));
	}
	json_object_put(texts);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)walk;
	if (type != FTW_F)
		return 0;
	if (ends(path, ".mustache"))
		template_read(path);
	else if (strstr(path, "/templates/de/") && ends(path, ".json"))
		catalogue_read(path);
	else if (ends(path, ".c") || ends(path, ".h"))
		source_read(path);
	return 0;
}

static void test_words(void **state)
{
	static const char *const FOLDERS[] = {"templates", "fcgi", "lib"};
	static const char *const TITLES[] = {
#define X(name, status, code, title) title,
		ERROR_LIST(X)
#undef X
#define X(type, what, actions) what,
		EVENT_LIST(X)
#undef X
	};
	char path[4096];

	(void)state;
	used = json_object_new_object();
	said = json_object_new_object();
	for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
		snprintf(path, sizeof path, "%s/%s", getenv("STOA_ROOT"), FOLDERS[i]);
		assert_int_equal(nftw(path, visit, 16, FTW_PHYS), 0);
	}
	for (size_t i = 0; i < sizeof TITLES / sizeof *TITLES; i++)
		if (strcmp(TITLES[i], "OK") != 0 && strcmp(TITLES[i], "the test button of an endpoint") != 0)
			use(TITLES[i], strlen(TITLES[i]), "X-macro");
	json_object_object_foreach(used, english, where) {
		if (!json_object_object_get_ex(said, english, NULL))
			fault("%s: no German for \"%s\"", json_object_get_string(where), english);
	}
	json_object_object_foreach(said, known, german) {
		(void)german;
		/* A fault's text comes through page_fault() from anywhere. */
		if (!json_object_object_get_ex(used, known, NULL) && !memmem(literals.data, literals.length, known, strlen(known)))
			fault("templates/de: nobody says \"%s\"", known);
	}
	assert_true(json_object_object_length(used) > 200);
	assert_int_equal(faults, 0);
	json_object_put(used);
	json_object_put(said);
	buffer_free(&literals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
