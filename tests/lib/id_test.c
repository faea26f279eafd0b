#include "base/clock.h"
#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define EACH 20000
#define THREADS 4

static int64_t id_ms(const char *text)
{
	uint8_t id[ID_BYTES];
	int64_t ms = 0;

	assert_true(id_parse(text, id));
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id[i];
	return ms;
}

static void is_version_7_of_now(void **state)
{
	char text[ID_TEXT];
	int64_t before = clock_wall_us() / 1000;

	(void)state;
	id_new(text);
	assert_int_equal(strlen(text), 36);
	assert_int_equal(text[14], '7');
	assert_non_null(strchr("89ab", text[19]));
	assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
	assert_in_range(id_ms(text), before, clock_wall_us() / 1000 + 1);
}

static void sorts_by_creation(void **state)
{
	char last[ID_TEXT] = "", next[ID_TEXT];

	(void)state;
	for (int i = 0; i < EACH; i++) {
		if (i == EACH / 2)
			clock_shift(-3600 * INT64_C(1000000)); /* a clock set back must not repeat or reorder */
		id_new(next);
		assert_true(strcmp(next, last) > 0);
		memcpy(last, next, sizeof last);
	}
	clock_shift(0);
}

static void *make_ids(void *handle)
{
	char (*ids)[ID_TEXT] = handle;

	for (int i = 0; i < EACH; i++)
		id_new(ids[i]);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void threads_never_repeat(void **state)
{
	char (*ids)[ID_TEXT] = calloc(THREADS * EACH, sizeof *ids);
	pthread_t threads[THREADS];

	(void)state;
	assert_non_null(ids);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids + i * EACH), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < THREADS * EACH; i++)
		if (i % EACH)
			assert_true(strcmp(ids[i - 1], ids[i]) < 0);
	qsort(ids, THREADS * EACH, sizeof *ids, compare);
	for (int i = 1; i < THREADS * EACH; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
	free(ids);
}

/* Parent and child share the past of their random pool, but not its future. */
static void forks_never_repeat(void **state)
{
	char mine[ID_TEXT], theirs[ID_TEXT];
	int ends[2];
	pid_t child;

	(void)state;
	id_new(mine);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		id_new(theirs);
		_exit(write(ends[1], theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
	}
	assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
	assert_int_equal(waitpid(child, NULL, 0), child);
	id_new(mine);
	assert_string_not_equal(mine + 19, theirs + 19);
	close(ends[0]);
	close(ends[1]);
}

static void parses_strictly(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} ROWS[] = {
		{"0190163d-8694-739b-aea5-966c26f8ad91", true},
		{"0190163D-8694-739B-AEA5-966C26F8AD91", true},
		{"00000000-0000-0000-0000-000000000000", true},
		{"f47ac10b-58cc-4372-a567-0e02b2c3d479", true},
		{"", false},
		{NULL, false},
		{"0190163d-8694-739b-aea5-966c26f8ad9", false},
		{"0190163d-8694-739b-aea5-966c26f8ad911", false},
		{"0190163d-8694-739b-aea5-966c26f8ad9g", false},
		{"0190163d8694-739b-aea5-966c26f8ad911x", false},
		{"0190163d-8694-739b-aea5+966c26f8ad91", false},
		{"0190163d-8694-739b-aea-5966c26f8ad91", false},
		{" 190163d-8694-739b-aea5-966c26f8ad91", false},
		{"{190163d-8694-739b-aea5-966c26f8ad9}", false},
	};
	uint8_t id[ID_BYTES];
	char text[ID_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		memset(id, 0x55, sizeof id);
		assert_int_equal(id_parse(ROWS[i].text, id), ROWS[i].valid);
		assert_int_equal(id_valid(ROWS[i].text), ROWS[i].valid);
		if (!ROWS[i].valid) {
			assert_int_equal(id[0], 0x55);
			continue;
		}
		id_format(id, text);
		assert_int_equal(strcasecmp(text, ROWS[i].text), 0);
	}
}

static void tokens_are_base64url(void **state)
{
	static const struct {
		size_t bytes, length;
	} ROWS[] = {{1, 2}, {2, 3}, {3, 4}, {16, 22}, {32, 43}, {47, 63}, {48, 64}, {49, 66}, {100, 134}};
	char text[140], again[140];
	int seen[128] = {0}, different = 0;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		id_token(text, ROWS[i].bytes);
		assert_int_equal(strlen(text), ROWS[i].length);
	}
	for (int i = 0; i < 200; i++) {
		id_token(text, 32);
		id_token(again, 32);
		assert_string_not_equal(text, again);
		for (const char *c = text; *c; c++)
			different += !seen[(int)*c]++;
		assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
	}
	assert_int_equal(different, 64); /* 8,600 characters: each of the 64 occurs */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_version_7_of_now),
		cmocka_unit_test(threads_never_repeat),
		cmocka_unit_test(forks_never_repeat),
		cmocka_unit_test(parses_strictly),
		cmocka_unit_test(tokens_are_base64url),
		cmocka_unit_test(sorts_by_creation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
