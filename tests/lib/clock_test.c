#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static void formats_rfc_3339(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} ROWS[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{999, "1970-01-01T00:00:00.000Z"},
		{1795248900123456, "2026-11-21T08:15:00.123Z"},
		{1795248900999999, "2026-11-21T08:15:00.999Z"},
		{951782400000000, "2000-02-29T00:00:00.000Z"},
		{951868799999000, "2000-02-29T23:59:59.999Z"},
		{951868800000000, "2000-03-01T00:00:00.000Z"},
		{4107542400000000, "2100-03-01T00:00:00.000Z"},
		{-1000, "1969-12-31T23:59:59.999Z"},
		{253402300799999000, "9999-12-31T23:59:59.999Z"},
	};
	char text[CLOCK_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		clock_format(ROWS[i].us, text);
		assert_string_equal(text, ROWS[i].text);
		clock_format(ROWS[i].us, text); /* from the thread's cache */
		assert_string_equal(text, ROWS[i].text);
	}
}

static void agrees_with_the_c_library(void **state)
{
	char mine[CLOCK_TEXT], theirs[CLOCK_TEXT];

	(void)state;
	for (int64_t second = -2208988800; second < 7258118400; second += 86399 * 7 + 13) {
		time_t when = (time_t)second;
		struct tm tm;

		gmtime_r(&when, &tm);
		strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		clock_format(second * 1000000, mine);
		assert_string_equal(mine, theirs);
	}
}

static void reads_rfc_3339(void **state)
{
	static const struct { const char *text; int64_t us; } rows[] = {
		{"1970-01-01T00:00:00Z", 0}, {"2026-11-21T08:15:00.123Z", INT64_C(1795248900123000)}, {"2026-11-21T09:15:00.123+01:00", INT64_C(1795248900123000)},
		{"2026-11-21T04:45:00.123456789-03:30", INT64_C(1795248900123456)}, {"2024-02-29T23:59:59Z", INT64_C(1709251199000000)}};
	static const char *const bad[] = {"", "2026-11-21", "2026-11-21 08:15:00Z", "2026-11-21T08:15:00", "2026-11-21T08:15:00z", "2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z", "2026-11-21T08:15:60Z", "2026-11-21T08:15:00.Z",
		"2026-11-21T08:15:00.0123456789Z", "2026-11-21T08:15:00+1:00", "2026-11-21T08:15:00+24:00", "2026-11-21T08:15:00+01:60",
		"2026-11-21T08:15:00+01:00x", "2026-11-21T08:15:00Zx", "-026-11-21T08:15:00Z", "tomorrow"};
	int64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(clock_parse(rows[i].text, &us));
		assert_int_equal(us, rows[i].us);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (clock_parse(bad[i], &us))
			fail_msg("%s was read", bad[i]);
}

static void never_writes_past_its_room(void **state)
{
	char text[CLOCK_TEXT];

	(void)state;
	clock_format(INT64_MAX, text);
	assert_string_equal(text, "294247-01-10T04:00:54.775Z");
	clock_format(INT64_MIN, text);
	assert_string_equal(text, "-290308-12-21T19:59:05.224Z");
}

static void shifts_the_wall_only(void **state)
{
	int64_t wall = clock_wall_us(), mono = clock_mono_us();

	(void)state;
	clock_shift(INT64_C(86400000000));
	assert_true(clock_wall_us() - wall >= INT64_C(86400000000));
	assert_true(clock_wall_s() - wall / 1000000 >= 86400);
	assert_true(clock_mono_us() - mono < INT64_C(80000000000));
	clock_shift(0);
	assert_true(clock_wall_us() - wall < INT64_C(80000000000));
	assert_true(clock_mono_us() >= mono);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_rfc_3339),
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(reads_rfc_3339),
		cmocka_unit_test(never_writes_past_its_room),
		cmocka_unit_test(shifts_the_wall_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
