/* A scenario as scripts of other tools: what is written is well-formed whatever stands in the scenario. What the scripts do is
 * tests/e2e/export.test.mjs's. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "cli/bench/export.h"

#include <string.h>
#include <yaml.h>

static struct ctx ctx;

static void written(const char *text, enum export_format format, struct export_file files[EXPORT_FILES])
{
	struct scenario scenario;
	memset(files, 0, EXPORT_FILES * sizeof *files);
	if (scenario_read(&ctx, "test.yaml", NULL, text, strlen(text), &(struct scenario_options){.time_scale = 1, .rate_scale = 1, .incomplete = true}, &scenario) != OK)
		fail_msg("%s", ctx.fault.detail);
	assert_int_equal(export_write(&ctx, format, &scenario, "test.yaml", "test", NULL, files), format == EXPORT_ARTILLERY ? 3 : 2);
	for (int i = 0; i < EXPORT_FILES; i++)
		assert_false(files[i].text.failed);
}

static void files_free(struct export_file files[EXPORT_FILES])
{
	for (int i = 0; i < EXPORT_FILES; i++)
		buffer_free(&files[i].text);
	ctx_reset(&ctx);
}

/* Parses the whole; answers how many times a text stands there as a scalar. */
static int yaml_count(const struct buffer *text, const char *scalar)
{
	yaml_parser_t parser;
	yaml_event_t event;
	int count = 0;
	bool over = false;
	assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, (const unsigned char *)text->data, text->length);
	while (!over) {
		if (!yaml_parser_parse(&parser, &event))
			fail_msg("line %zu: %s\n%s", parser.problem_mark.line + 1, parser.problem, text->data);
		if (event.type == YAML_SCALAR_EVENT)
			count += !strcmp((const char *)event.data.scalar.value, scalar);
		over = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return count;
}

#define PLAIN "phases: [{name: hold, for: 1s, rate: 4}]\njourneys: [{name: a, steps: [{get: /a}]}]\n"
/* Names, texts and comments that try to leave their place. */
#define HOSTILE \
	"name: \"x\\nimport os\"\ndocument: \"y\\r\\n'''\"\nmissing: [\"*/ }\\nz\"]\n" \
	"set: {a-b: null, 1c: \"\\\"'\\\\`${x}\\u2028\"}\ndata: {q: {choose: [\"{{1c}}\", \"a: b # c\", \"\\t\"]}}\n" \
	"phases: [{name: \"1 'p' \\\"q\\\"\", for: 1500ms, rate: [0, 3]}, {name: 'u', for: 1s, users: [1, 7]}]\nthresholds: {classes: false}\n" \
	"journeys: [{name: \"9 lives'\", steps: [{post: \"/x?y={{a-b}}&z='\", headers: {X: \"{{1c}}'\"}, json: {\"k'\": \"{{q}}\", \"n\": [1, null, true]}, " \
	"capture: {got: {after: \"(.*)'\\\"\", before: \"</a>\"}, deep: \"/a~1b/0/c~0d\"}}]}]\n"

static void artillery_is_yaml(void **state)
{
	(void)state;
	struct export_file files[EXPORT_FILES];
	written("name: plain\n" PLAIN, EXPORT_ARTILLERY, files);
	assert_int_equal(yaml_count(&files[1].text, "thresholds"), 0);
	assert_int_equal(yaml_count(&files[1].text, "./test.cjs"), 1);
	files_free(files);
	written(HOSTILE, EXPORT_ARTILLERY, files);
	assert_int_equal(yaml_count(&files[1].text, "9 lives'"), 1);
	assert_int_equal(yaml_count(&files[1].text, "1 'p' \"q\""), 1);
	assert_int_equal(yaml_count(&files[1].text, "/x?y={{ a_b_url }}&z='"), 1);
	assert_int_equal(yaml_count(&files[1].text, "$['a/b'][0]['c~d']"), 1);
	assert_int_equal(yaml_count(&files[1].text, "(?<=\\(\\.\\*\\)'\")[\\s\\S]*?(?=<\\/a>)"), 1);
	assert_int_equal(yaml_count(&files[1].text, "import os"), 0);
	files_free(files);
}

/* Each line of code begins with what this file writes, so a text of the scenario stands in quotes or on a line of comment. */
static void texts_stay_in_their_place(void **state)
{
	(void)state;
	static const struct { enum export_format format; const char *comment; } rows[] = {
		{EXPORT_K6, "// x import os: y  '''"},
		{EXPORT_LOCUST, "# x import os: y  '''"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct export_file files[EXPORT_FILES];
		written(HOSTILE, rows[i].format, files);
		const char *text = files[1].text.data;
		assert_int_equal(strncmp(text, rows[i].comment, strlen(rows[i].comment)), 0);
		for (const char *at = text; (at = strstr(at, "import os")); at++)
			assert_true(at - text < 40);
		if (!strstr(text, "journey_1__9_lives_"))
			fail_msg("no journey in\n%s", text);
		files_free(files);
	}
}

static void what_must_be_given_is_of_the_environment(void **state)
{
	(void)state;
	for (enum export_format format = EXPORT_ARTILLERY; format <= EXPORT_K6; format++) {
		struct export_file files[EXPORT_FILES];
		written("name: plain\nset: {signing-key: null}\n" PLAIN, format, files);
		const char *text = files[format == EXPORT_ARTILLERY ? 2 : 1].text.data;
		if (!strstr(text, "env(\"BENCH_SIGNING_KEY\")"))
			fail_msg("not asked for in\n%s", text);
		files_free(files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(artillery_is_yaml),
		cmocka_unit_test(texts_stay_in_their_place),
		cmocka_unit_test(what_must_be_given_is_of_the_environment),
	};
	ctx_init(&ctx);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ctx_free(&ctx);
	return failed;
}
