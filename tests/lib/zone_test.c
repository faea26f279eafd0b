#include "base/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define DAY_S INT64_C(86400)

static struct zone zone;

static void days_count(void **state)
{
	static const struct {
		int64_t year;
		int month, day;
		int64_t days;
		int weekday;
	} ROWS[] = {
		{1970, 1, 1, 0, 4},
		{1969, 12, 31, -1, 3},
		{2000, 2, 29, 11016, 2},
		{2000, 3, 1, 11017, 3},
		{2026, 11, 21, 20778, 6},
		{1900, 3, 1, -25508, 4},
		{0, 3, 1, -719468, 3},
		{-1, 12, 31, -719529, 5},
		{9999, 12, 31, 2932896, 5},
	};
	int64_t year;
	int month, day;

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(date_days(ROWS[i].year, ROWS[i].month, ROWS[i].day), ROWS[i].days);
		assert_int_equal(date_weekday(ROWS[i].days), ROWS[i].weekday);
		date_of(ROWS[i].days, &year, &month, &day);
		assert_int_equal(year, ROWS[i].year);
		assert_int_equal(month, ROWS[i].month);
		assert_int_equal(day, ROWS[i].day);
	}
	for (int64_t days = -800000; days < 800000; days += 13) {
		date_of(days, &year, &month, &day);
		assert_int_equal(date_days(year, month, day), days);
	}
	assert_int_equal(date_month_length(2000, 2), 29);
	assert_int_equal(date_month_length(2100, 2), 28);
	assert_int_equal(date_month_length(2024, 2), 29);
	assert_int_equal(date_month_length(2026, 12), 31);
}

static int32_t library_offset(int64_t utc_s)
{
	time_t when = (time_t)utc_s;
	struct tm tm;

	localtime_r(&when, &tm);
	return (int32_t)tm.tm_gmtoff;
}

/* From 1900 to 2100: at each change, right before it, and every ten days. */
static int compare(const char *name)
{
	int64_t from = date_days(1900, 1, 1) * DAY_S, until = date_days(2100, 1, 1) * DAY_S;
	int changes = 0;

	setenv("TZ", name, 1);
	tzset();
	for (int64_t at = from, next; at < until; at = next) {
		next = zone_change(&zone, at);
		if (zone_offset(&zone, at) != library_offset(at))
			fail_msg("%s at %lld: %d, not %d", name, (long long)at, zone_offset(&zone, at), library_offset(at));
		for (int64_t within = at; within < next && within < until; within += 10 * DAY_S)
			if (zone_offset(&zone, at) != library_offset(within))
				fail_msg("%s at %lld: change missed", name, (long long)within);
		if (next < until && zone_offset(&zone, at) != library_offset(next - 1))
			fail_msg("%s before %lld: change missed", name, (long long)next);
		changes++;
	}
	return changes;
}

/* Every name that tzdata links or defines. */
static void agrees_with_the_c_library(void **state)
{
	char line[512], name[128];
	int zones = 0, changes = 0;
	FILE *file = fopen("/usr/share/zoneinfo/tzdata.zi", "r");

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "Z %127s", name) != 1 && sscanf(line, "L %*s %127s", name) != 1)
			continue;
		if (!zone_open(name, &zone))
			fail_msg("%s cannot be read", name);
		changes += compare(name);
		zones++;
	}
	fclose(file);
	unsetenv("TZ");
	tzset();
	assert_true(zones > 400);
	assert_true(changes > 20000);
}

static void other_names_are_refused(void **state)
{
	static const char *const NAMES[] = {"", "/etc/localtime", "../zoneinfo/UTC", "Europe/../UTC", "Europe", "Europe/", "Europe//Berlin",
		"/Europe/Berlin", "Europe/Atlantis", "tzdata.zi", "zone.tab", "right/Europe/Berlin", "UTC\n", " UTC", "Etc/GMT+1/x", "CET-1CEST,M3.5.0,M10.5.0/3",
		"America/Argentina/A_name_that_is_longer_than_any_zone_has_and_so_is_refused"};

	(void)state;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (zone_open(NAMES[i], &zone))
			fail_msg("%s was accepted", NAMES[i]);
	assert_true(zone_open("Etc/GMT+1", &zone));
	assert_int_equal(zone_offset(&zone, 0), -3600);
	assert_int_equal(zone_change(&zone, 0), ZONE_NEVER);
	assert_true(zone_open("America/Argentina/ComodRivadavia", &zone));
}

/* A file with no change and this footer. */
static size_t file_make(uint8_t out[512], const char *footer)
{
	static const uint8_t TYPE[] = {0, 0, 0x0e, 0x10, 0, 0, 'C', 'E', 'T', 0};
	uint8_t header[44] = "TZif2";
	size_t at = 0;

	header[39] = 1; /* types */
	header[43] = 4; /* characters */
	for (int block = 0; block < 2; block++) {
		memcpy(out + at, header, sizeof header);
		memcpy(out + at + sizeof header, TYPE, sizeof TYPE);
		at += sizeof header + sizeof TYPE;
	}
	return at + (size_t)snprintf((char *)out + at, 512 - at, "\n%s\n", footer);
}

static void footers_are_read(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int32_t january, july;
	} ROWS[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", true, 3600, 7200},
		{"", true, 3600, 3600},
		{"UTC0", true, 0, 0},
		{"<+0545>-5:45", true, 20700, 20700},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, -7200, -3600},
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true, 39600, 37800},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", true, 0, 3600},
		{"AAA3BBB4,0/0,J365/23", true, -14400, -14400}, /* summer all year, RFC 9636, 3.3.1 */
		{"AAA-1BBB,J60/0,J300/167", true, 3600, 7200},
		{"AAA-1BBB,59,300", true, 3600, 7200},
		{"CET", false, 0, 0},
		{"CE-1", false, 0, 0},
		{"CET-1CEST", false, 0, 0},
		{"CET-1CEST,M3.5.0", false, 0, 0},
		{"CET-1CEST,M13.5.0,M10.5.0", false, 0, 0},
		{"CET-1CEST,M3.6.0,M10.5.0", false, 0, 0},
		{"CET-1CEST,M3.5.7,M10.5.0", false, 0, 0},
		{"CET-1CEST,M3.5.0/168,M10.5.0", false, 0, 0},
		{"CET-1CEST,J366,M10.5.0", false, 0, 0},
		{"CET-1CEST,J0,M10.5.0", false, 0, 0},
		{"CET-25", false, 0, 0},
		{"CET-1:60", false, 0, 0},
		{"<CET-1", false, 0, 0},
		{"CET-1CEST,M3.5.0,M10.5.0/3x", false, 0, 0},
	};
	uint8_t file[512];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		bool good = zone_read(file, file_make(file, ROWS[i].text), &zone);
		if (good != ROWS[i].good)
			fail_msg("%s: %s", ROWS[i].text, good ? "accepted" : "refused");
		if (!good)
			continue;
		assert_int_equal(zone_offset(&zone, date_days(2030, 1, 15) * DAY_S), ROWS[i].january);
		assert_int_equal(zone_offset(&zone, date_days(2030, 7, 15) * DAY_S), ROWS[i].july);
	}
	/* J60 is the 1st of March in every year, 59 is the 29th of February in a leap year. */
	assert_true(zone_read(file, file_make(file, "AAA-1BBB,J60/0,J300"), &zone));
	assert_int_equal(zone_change(&zone, date_days(2028, 1, 1) * DAY_S), date_days(2028, 3, 1) * DAY_S - 3600);
	assert_true(zone_read(file, file_make(file, "AAA-1BBB,59/0,300"), &zone));
	assert_int_equal(zone_change(&zone, date_days(2028, 1, 1) * DAY_S), date_days(2028, 2, 29) * DAY_S - 3600);
	assert_int_equal(zone_change(&zone, date_days(2027, 1, 1) * DAY_S), date_days(2027, 3, 1) * DAY_S - 3600);
}

static void damaged_files_are_refused(void **state)
{
	uint8_t whole[8192], damaged[8192];
	FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
	size_t bytes;

	(void)state;
	assert_non_null(file);
	bytes = fread(whole, 1, sizeof whole, file);
	fclose(file);
	assert_true(bytes > 100 && bytes < sizeof whole);
	assert_true(zone_read(whole, bytes, &zone));
	for (size_t length = 0; length < bytes; length++) {
		uint8_t *part = malloc(length + 1); /* its end is the end of what may be read */
		memcpy(part, whole, length);
		assert_false(zone_read(part, length, &zone));
		free(part);
	}
	memcpy(damaged, whole, bytes);
	damaged[bytes] = '\n';
	assert_false(zone_read(damaged, bytes + 1, &zone));
	for (size_t at = 0; at < bytes; at++) { /* must end, whatever it answers */
		memcpy(damaged, whole, bytes);
		damaged[at] ^= 0x80;
		if (zone_read(damaged, bytes, &zone))
			zone_offset(&zone, zone_change(&zone, 0));
	}
	memcpy(damaged, whole, bytes);
	damaged[4] = '1';
	assert_false(zone_read(damaged, bytes, &zone));
	memcpy(damaged, whole, bytes);
	damaged[20] = damaged[24] = damaged[28] = damaged[32] = damaged[36] = damaged[40] = 0x7f;
	assert_false(zone_read(damaged, bytes, &zone));
}

static void name_check(void *argument, const char *text)
{
	if (!zone_open(text, &zone))
		fail_msg("%s cannot be opened", text);
	++*(int *)argument;
}

/* What people choose from can be chosen. */
static void names_are_zones(void **state)
{
	int count = 0;

	(void)state;
	zone_names(name_check, &count);
	assert_true(count > 300);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(days_count), cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(other_names_are_refused), cmocka_unit_test(footers_are_read), cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(names_are_zones)};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
