#include "base/clock.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <pthread.h>
#include <unistd.h>

#define LINE_MOST 4096

static char path[] = "/tmp/stoa-log-test-XXXXXX";

static int begin(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	return log_open("log_test", path, LOG_INFO) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	log_open("log_test", NULL, LOG_INFO);
	return unlink(path);
}

/* The lines written since the last call, each parsed and checked; the last one is handed back. */
static struct json_object *lines_read(int *count_out)
{
	FILE *file = fopen(path, "r");
	struct json_object *last = NULL;
	char line[LINE_MOST + 2];

	assert_non_null(file);
	*count_out = 0;
	while (fgets(line, sizeof line, file)) {
		struct json_tokener *tokener = json_tokener_new();

		assert_true(strlen(line) <= LINE_MOST);
		assert_int_equal(line[strlen(line) - 1], '\n');
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		json_object_put(last);
		last = json_tokener_parse_ex(tokener, line, (int)strlen(line));
		assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
		json_tokener_free(tokener);
		++*count_out;
	}
	fclose(file);
	assert_int_equal(truncate(path, 0), 0);
	return last;
}

static struct json_object *line_read(void)
{
	int count;
	struct json_object *line = lines_read(&count);

	assert_int_equal(count, 1);
	return line;
}

static const char *text_of(struct json_object *line, const char *name)
{
	return json_object_get_string(json_object_object_get(line, name));
}

static void writes_one_object_a_line(void **state)
{
	struct json_object *line;
	char now[CLOCK_TEXT];

	(void)state;
	LOG(LOG_WARN, "login-failed", LOG_T("ip", "10.0.0.1"), LOG_T("absent", NULL), LOG_N("count", -3), LOG_R("ms", 1.5));
	clock_format(clock_wall_us(), now);
	line = line_read();
	assert_int_equal(json_object_object_length(line), 7);
	assert_memory_equal(text_of(line, "time"), now, 11);
	assert_int_equal(strlen(text_of(line, "time")), 24);
	assert_string_equal(text_of(line, "level"), "warn");
	assert_string_equal(text_of(line, "program"), "log_test");
	assert_string_equal(text_of(line, "event"), "login-failed");
	assert_string_equal(text_of(line, "ip"), "10.0.0.1");
	assert_int_equal(json_object_get_int(json_object_object_get(line, "count")), -3);
	assert_true(json_object_get_double(json_object_object_get(line, "ms")) == 1.5);
	json_object_put(line);
}

static void escapes_text(void **state)
{
	static const struct {
		const char *in, *out;
	} ROWS[] = {
		{"plain", "plain"},
		{"", ""},
		{"a\"b\\c\n{\"level\":\"error\"}\r\t\x01\x1b[31m\x7f", NULL},
		{"Grüße 🎉", NULL},
		{"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"cut \xf0\x9f\x8e", "cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *line;

		LOG(LOG_INFO, "text", LOG_T("text", ROWS[i].in));
		line = line_read();
		assert_string_equal(text_of(line, "text"), ROWS[i].out ? ROWS[i].out : ROWS[i].in);
		json_object_put(line);
	}
}

static void writes_odd_numbers(void **state)
{
	struct json_object *line;

	(void)state;
	LOG(LOG_INFO, "odd", LOG_R("nan", NAN), LOG_R("inf", -INFINITY), LOG_R("huge", 1e300), LOG_N("least", INT64_MIN));
	line = line_read();
	assert_null(json_object_object_get(line, "nan"));
	assert_null(json_object_object_get(line, "inf"));
	assert_true(json_object_get_double(json_object_object_get(line, "huge")) == 1e300);
	assert_true(json_object_get_int64(json_object_object_get(line, "least")) == INT64_MIN);
	json_object_put(line);
}

/* Whatever does not fit, the line stays whole and says so. */
static void cuts_long_lines(void **state)
{
	static const char *const UNITS[] = {"x", "\"", "\x01", "ü", "🎉", "\xff"};
	char text[6000];

	(void)state;
	for (size_t unit = 0; unit < sizeof UNITS / sizeof *UNITS; unit++) {
		for (size_t shift = 0; shift < 12; shift++) {
			struct json_object *line;
			size_t at = shift, bytes = strlen(UNITS[unit]);

			memset(text, '.', shift);
			for (; at + bytes < sizeof text; at += bytes)
				memcpy(text + at, UNITS[unit], bytes);
			text[at] = '\0';
			LOG(LOG_INFO, "long", LOG_N("before", 1), LOG_T("text", text), LOG_T("after", "lost"));
			line = line_read();
			assert_true(json_object_get_boolean(json_object_object_get(line, "truncated")));
			assert_int_equal(json_object_get_int(json_object_object_get(line, "before")), 1);
			assert_true(strlen(text_of(line, "text")) > 500);
			json_object_put(line);
		}
	}
}

static void cuts_many_fields(void **state)
{
	struct log_field fields[400];
	struct json_object *line;

	(void)state;
	for (int i = 0; i < 400; i++)
		fields[i] = i % 2 ? LOG_T("text", "0123456789") : LOG_N("number", INT64_MIN);
	for (int count = 100; count < 400; count++) {
		log_write(LOG_ERROR, "many", fields, count);
		line = line_read();
		assert_string_equal(text_of(line, "event"), "many");
		json_object_put(line);
	}
}

static void obeys_the_level(void **state)
{
	enum log_level level = LOG_DEBUG;
	int count;

	(void)state;
	assert_true(log_level_parse("warn", &level));
	assert_int_equal(level, LOG_WARN);
	assert_false(log_level_parse("WARN", &level));
	assert_false(log_level_parse("", &level));
	assert_int_equal(level, LOG_WARN);
	assert_true(log_open("log_test", path, level));
	assert_true(log_wants(LOG_CRITICAL));
	assert_true(log_wants(LOG_ERROR));
	assert_false(log_wants(LOG_INFO));
	LOG(LOG_CRITICAL, "zero");
	LOG(LOG_ERROR, "one");
	LOG(LOG_WARN, "two");
	LOG(LOG_INFO, "three");
	LOG(LOG_DEBUG, "four");
	json_object_put(lines_read(&count));
	assert_int_equal(count, 3);
	assert_true(log_open("log_test", path, LOG_INFO));
}

static void reopens_after_rotation(void **state)
{
	char moved[sizeof path + 2];
	int count;
	struct json_object *line;

	(void)state;
	snprintf(moved, sizeof moved, "%s.1", path);
	LOG(LOG_INFO, "old");
	assert_int_equal(rename(path, moved), 0);
	LOG(LOG_INFO, "still-old");
	log_reopen();
	LOG(LOG_INFO, "new");
	line = line_read();
	assert_string_equal(text_of(line, "event"), "new");
	json_object_put(line);
	assert_int_equal(rename(moved, path), 0);
	json_object_put(lines_read(&count));
	assert_int_equal(count, 2);
	log_reopen();
}

static void refuses_a_path_it_cannot_open(void **state)
{
	(void)state;
	assert_false(log_open("log_test", "/nonexistent/folder/file", LOG_INFO));
	assert_int_equal(errno, ENOENT);
	LOG(LOG_INFO, "still-here");
	json_object_put(line_read());
}

#define THREADS 4
#define EACH 500

static void *write_lines(void *handle)
{
	for (int i = 0; i < EACH; i++)
		LOG(LOG_INFO, "thread", LOG_N("thread", (intptr_t)handle), LOG_N("i", i), LOG_T("text", "0123456789 \"quoted\""));
	return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
	pthread_t threads[THREADS];
	int count;

	(void)state;
	for (intptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, (void *)i), 0);
	for (int i = 0; i < 20; i++)
		log_reopen();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	json_object_put(lines_read(&count));
	assert_int_equal(count, THREADS * EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_one_object_a_line),
		cmocka_unit_test(escapes_text),
		cmocka_unit_test(writes_odd_numbers),
		cmocka_unit_test(cuts_long_lines),
		cmocka_unit_test(cuts_many_fields),
		cmocka_unit_test(obeys_the_level),
		cmocka_unit_test(reopens_after_rotation),
		cmocka_unit_test(refuses_a_path_it_cannot_open),
		cmocka_unit_test(threads_do_not_mix_lines),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
