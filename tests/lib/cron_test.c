#include "job/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

/* cmocka's fail() and ours share a name. */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#define DAY_S INT64_C(86400)

static struct ctx ctx;
static struct zone zone;

/* "2026-03-29 01:00" in UTC */
static int64_t utc_us(const char *text)
{
	int year, month, day, hour, minute;

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &year, &month, &day, &hour, &minute), 5);
	return ((date_days(year, month, day) * 24 + hour) * 60 + minute) * INT64_C(60000000);
}

static const char *utc_text(int64_t us, char out[32])
{
	time_t when = (time_t)(us / 1000000);
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(out, 32, us % 60000000 ? "%F %H:%M:%S" : "%F %H:%M", &tm);
	return out;
}

static struct cron parsed(const char *text)
{
	struct cron cron;

	ctx_reset(&ctx);
	if (cron_parse(&ctx, text, &cron) != OK)
		fail_msg("%s: %s", text, ctx.fault.detail);
	return cron;
}

struct row {
	const char *cron, *after; /* UTC, as all that follows */
	const char *due[6];       /* each after the one before; "never" */
};

static void check(const char *name, const struct row *rows, size_t count)
{
	char got[32];

	assert_true(zone_open(name, &zone));
	for (size_t i = 0; i < count; i++) {
		struct cron cron = parsed(rows[i].cron);
		int64_t at = utc_us(rows[i].after);
		for (const char *const *due = rows[i].due; *due; due++) {
			bool found = cron_next(&cron, &zone, at, &at);
			if (strcmp(found ? utc_text(at, got) : "never", *due))
				fail_msg("%s in %s after %s: %s, not %s", rows[i].cron, name, rows[i].after, found ? got : "never", *due);
		}
	}
}

#define CHECK(zone, ...) \
	do { \
		static const struct row ROWS[] = {__VA_ARGS__}; \
		check(zone, ROWS, sizeof ROWS / sizeof *ROWS); \
	} while (0)

static void fields_are_met(void **state)
{
	(void)state;
	CHECK("UTC",
		{"20 3 * * *", "2026-11-21 03:19", {"2026-11-21 03:20", "2026-11-22 03:20"}},
		{"20 3 * * *", "2026-11-21 03:20", {"2026-11-22 03:20"}},
		{"*/15 * * * *", "2026-11-21 10:07", {"2026-11-21 10:15", "2026-11-21 10:30", "2026-11-21 10:45", "2026-11-21 11:00"}},
		{"5-59/25 23 31 12 *", "2026-11-21 00:00", {"2026-12-31 23:05", "2026-12-31 23:30", "2026-12-31 23:55", "2027-12-31 23:05"}},
		/* 2026-11-20 is a Friday. */
		{"0 9-17/4 * * MON-FRI", "2026-11-20 13:00", {"2026-11-20 17:00", "2026-11-23 09:00", "2026-11-23 13:00"}},
		{"0 0 * * 7", "2026-11-21 00:00", {"2026-11-22 00:00", "2026-11-29 00:00"}},
		{"0 0 * * sun", "2026-11-21 00:00", {"2026-11-22 00:00", "2026-11-29 00:00"}},
		{"0 0 * * Fri-Sun", "2026-11-21 00:00", {"2026-11-22 00:00", "2026-11-27 00:00", "2026-11-28 00:00"}},
		{"0 0 * * 5-7", "2026-11-21 00:00", {"2026-11-22 00:00", "2026-11-27 00:00", "2026-11-28 00:00"}},
		{"0 0 1 JAN,jul *", "2026-11-21 00:00", {"2027-01-01 00:00", "2027-07-01 00:00", "2028-01-01 00:00"}},
		{" 1\t02  *  *   * ", "2026-11-21 00:00", {"2026-11-21 02:01"}},
		{"1,3,2,3 4 * * *", "2026-11-21 00:00", {"2026-11-21 04:01", "2026-11-21 04:02", "2026-11-21 04:03", "2026-11-22 04:01"}},
		/* Both days restricted: either will do. The 13th of December is a Sunday. */
		{"0 0 13 * FRI", "2026-11-21 00:00", {"2026-11-27 00:00", "2026-12-04 00:00", "2026-12-11 00:00", "2026-12-13 00:00"}},
		/* One begins with *: both must fit. The 21st of December and the 11th of January are the Mondays among 1, 11, 21, 31. */
		{"0 0 */10 * MON", "2026-11-22 00:00", {"2026-12-21 00:00", "2027-01-11 00:00"}},
		{"@hourly", "2026-11-21 10:07", {"2026-11-21 11:00", "2026-11-21 12:00"}},
		{"@daily", "2026-11-21 10:07", {"2026-11-22 00:00"}},
		{" @Midnight ", "2026-11-21 10:07", {"2026-11-22 00:00"}},
		{"@weekly", "2026-11-21 10:07", {"2026-11-22 00:00", "2026-11-29 00:00"}},
		{"@monthly", "2026-11-21 10:07", {"2026-12-01 00:00", "2027-01-01 00:00"}},
		{"@yearly", "2026-11-21 10:07", {"2027-01-01 00:00", "2028-01-01 00:00"}},
		{"@annually", "2026-11-21 10:07", {"2027-01-01 00:00"}},
		{"* * * * *", "1969-12-31 23:58", {"1969-12-31 23:59", "1970-01-01 00:00"}});
}

static void dates_that_are_rare_or_none(void **state)
{
	(void)state;
	CHECK("UTC",
		{"0 0 31 * *", "2026-11-21 00:00", {"2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00", "2027-05-31 00:00"}},
		{"0 12 29 2 *", "2026-01-01 00:00", {"2028-02-29 12:00", "2032-02-29 12:00"}},
		{"0 12 29 2 *", "2096-03-01 00:00", {"2104-02-29 12:00"}},
		/* The 29th of February is a Tuesday in 2028, then Sunday, Friday, Wednesday, Monday, Saturday. */
		{"0 0 29 2 */6", "2026-01-01 00:00", {"2032-02-29 00:00", "2048-02-29 00:00"}},
		{"0 0 30 2 *", "2026-01-01 00:00", {"never"}},
		{"* * 31 2,4,6,9,11 *", "2026-01-01 00:00", {"never"}},
		{"0 0 30 2 MON", "2026-11-21 00:00", {"2027-02-01 00:00"}});
	/* Far away there is an answer or none, but an end. */
	struct cron cron = parsed("0 0 1 1 *");
	int64_t at;
	assert_false(cron_next(&cron, &zone, INT64_MAX, &at));
	assert_false(cron_next(&cron, &zone, INT64_MIN, &at));
	/* Within the second: strictly after. */
	assert_true(cron_next(&cron, &zone, utc_us("2027-01-01 00:00") - 1, &at));
	assert_int_equal(at, utc_us("2027-01-01 00:00"));
	assert_true(cron_next(&cron, &zone, utc_us("2027-01-01 00:00"), &at));
	assert_int_equal(at, utc_us("2028-01-01 00:00"));
}

/* Summer time begins on 29 March 2026 at 01:00 UTC: the wall clock goes from 02:00 (+1) to 03:00 (+2). */
static void berlin_in_spring(void **state)
{
	(void)state;
	CHECK("Europe/Berlin",
		{"30 2 * * *", "2026-03-28 00:00", {"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"}},
		{"0,30 2 * * *", "2026-03-28 00:00", {"2026-03-28 01:00", "2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:00"}},
		{"0 3 * * *", "2026-03-28 00:00", {"2026-03-28 02:00", "2026-03-29 01:00", "2026-03-30 01:00"}},
		{"0 2,3 * * *", "2026-03-29 00:00", {"2026-03-29 01:00", "2026-03-30 00:00", "2026-03-30 01:00"}},
		{"30 2,3 * * *", "2026-03-28 00:00", {"2026-03-28 01:30", "2026-03-28 02:30", "2026-03-29 01:00", "2026-03-29 01:30"}},
		{"30 1 * * *", "2026-03-28 12:00", {"2026-03-29 00:30", "2026-03-29 23:30", "2026-03-30 23:30"}},
		{"59 1 * * *", "2026-03-28 12:00", {"2026-03-29 00:59", "2026-03-29 23:59"}},
		/* real time */
		{"*/30 * * * *", "2026-03-29 00:29", {"2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30", "2026-03-29 02:00"}},
		{"0 * * * *", "2026-03-28 23:30", {"2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 02:00"}},
		/* There is no such time that day. */
		{"*/20 2 * * *", "2026-03-28 01:40", {"2026-03-30 00:00", "2026-03-30 00:20"}},
		{"30 */2 * * *", "2026-03-28 23:30", {"2026-03-29 02:30", "2026-03-29 04:30"}},
		{"0 0 29 3 *", "2026-01-01 00:00", {"2026-03-28 23:00", "2027-03-28 22:00"}},
		{"30 2 29 3 *", "2026-01-01 00:00", {"2026-03-29 01:00", "2027-03-29 00:30"}},
		/* 2040 is in the footer only: 25 March. */
		{"30 2 * * *", "2040-03-24 12:00", {"2040-03-25 01:00", "2040-03-26 00:30"}});
	/* A moment before the end of the gap, and at it. */
	struct cron cron = parsed("30 2 * * *");
	int64_t at;
	assert_true(cron_next(&cron, &zone, utc_us("2026-03-29 01:00") - 1, &at));
	assert_int_equal(at, utc_us("2026-03-29 01:00"));
	assert_true(cron_next(&cron, &zone, at, &at));
	assert_int_equal(at, utc_us("2026-03-30 00:30"));
}

/* It ends on 25 October 2026 at 01:00 UTC: from 03:00 (+2) to 02:00 (+1). */
static void berlin_in_autumn(void **state)
{
	(void)state;
	CHECK("Europe/Berlin",
		{"30 2 * * *", "2026-10-24 12:00", {"2026-10-25 00:30", "2026-10-26 01:30"}},
		{"0 2 * * *", "2026-10-24 12:00", {"2026-10-25 00:00", "2026-10-26 01:00"}},
		{"0 3 * * *", "2026-10-24 12:00", {"2026-10-25 02:00", "2026-10-26 02:00"}},
		{"59 2 * * *", "2026-10-24 12:00", {"2026-10-25 00:59", "2026-10-26 01:59"}},
		{"30 1,2,3 * * *", "2026-10-24 12:00", {"2026-10-24 23:30", "2026-10-25 00:30", "2026-10-25 02:30", "2026-10-26 00:30"}},
		/* Between the two: it has been. */
		{"30 2 * * *", "2026-10-25 00:45", {"2026-10-26 01:30"}},
		{"30 2 * * *", "2026-10-25 01:15", {"2026-10-26 01:30"}},
		/* real time */
		{"*/30 * * * *", "2026-10-25 00:15", {"2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:00"}},
		{"*/30 2 * * *", "2026-10-24 12:00", {"2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30",
			"2026-10-26 01:00"}},
		{"@hourly", "2026-10-24 23:30", {"2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00"}},
		{"30 2 * * *", "2040-10-27 12:00", {"2040-10-28 00:30", "2040-10-29 01:30"}});
}

/* 8 March 2026 07:00 UTC: from 02:00 (-5) to 03:00 (-4). 1 November 06:00 UTC: from 02:00 (-4) to 01:00 (-5). */
static void new_york(void **state)
{
	(void)state;
	CHECK("America/New_York",
		{"15 2 * * *", "2026-03-07 12:00", {"2026-03-08 07:00", "2026-03-09 06:15"}},
		{"30 1 * * *", "2026-10-31 12:00", {"2026-11-01 05:30", "2026-11-02 06:30"}},
		{"0 * * * *", "2026-11-01 04:30", {"2026-11-01 05:00", "2026-11-01 06:00", "2026-11-01 07:00"}},
		{"0 9 * * MON-FRI", "2026-03-06 20:00", {"2026-03-09 13:00", "2026-03-10 13:00"}},
		{"0 9 * * MON-FRI", "2026-10-30 20:00", {"2026-11-02 14:00"}},
		{"0 2 * * SUN", "2026-03-02 00:00", {"2026-03-08 07:00", "2026-03-15 06:00"}});
}

/* Half an hour. 5 April 2026 (4 April 15:00 UTC): from 02:00 (+11) to 01:30 (+10:30). 4 October (3 October 15:30 UTC): from 02:00 to 02:30. */
static void lord_howe(void **state)
{
	(void)state;
	CHECK("Australia/Lord_Howe",
		{"45 1 * * *", "2026-04-04 00:00", {"2026-04-04 14:45", "2026-04-05 15:15"}},
		{"15 1 * * *", "2026-04-04 00:00", {"2026-04-04 14:15", "2026-04-05 14:45"}},
		{"0 2 * * *", "2026-04-04 00:00", {"2026-04-04 15:30", "2026-04-05 15:30"}},
		{"0 * * * *", "2026-04-04 13:30", {"2026-04-04 14:00", "2026-04-04 15:30", "2026-04-04 16:30"}},
		{"*/15 * * * *", "2026-04-04 14:35", {"2026-04-04 14:45", "2026-04-04 15:00", "2026-04-04 15:15", "2026-04-04 15:30"}},
		{"15 2 * * *", "2026-10-03 00:00", {"2026-10-03 15:30", "2026-10-04 15:15"}},
		{"0 2 * * *", "2026-10-03 00:00", {"2026-10-03 15:30", "2026-10-04 15:00"}},
		{"30 2 * * *", "2026-10-03 00:00", {"2026-10-03 15:30", "2026-10-04 15:30"}});
}

static void zones_that_gave_it_up(void **state)
{
	(void)state;
	/* 4 November 2018 03:00 UTC: from midnight (-3) to 01:00 (-2). 17 February 2019 02:00 UTC: from midnight (-2) to 23:00 (-3). Then never. */
	CHECK("America/Sao_Paulo",
		{"0 0 * * *", "2018-11-03 12:00", {"2018-11-04 03:00", "2018-11-05 02:00"}},
		{"30 23 * * *", "2019-02-16 12:00", {"2019-02-17 01:30", "2019-02-18 02:30"}},
		{"0 0 * * *", "2019-02-16 12:00", {"2019-02-17 03:00", "2019-02-18 03:00"}},
		{"0 0 * * *", "2019-11-02 12:00", {"2019-11-03 03:00", "2019-11-04 03:00"}},
		{"0 0 * * *", "2026-11-03 12:00", {"2026-11-04 03:00"}});
	/* 22 March 2022 (21 March 20:30 UTC): from midnight (+3:30) to 01:00 (+4:30). 22 September 2022 (21 September 19:30 UTC): back. Then never. */
	CHECK("Asia/Tehran",
		{"30 0 * * *", "2022-03-21 12:00", {"2022-03-21 20:30", "2022-03-22 20:00"}},
		{"30 23 * * *", "2022-09-21 12:00", {"2022-09-21 19:00", "2022-09-22 20:00"}},
		{"30 0 * * *", "2026-03-20 12:00", {"2026-03-20 21:00", "2026-03-21 21:00", "2026-03-22 21:00"}});
}

static void larger_jumps_are_corrections(void **state)
{
	(void)state;
	/* From the end of 29 December 2011 (-10) to the beginning of the 31st (+14), at 30 December 10:00 UTC. */
	CHECK("Pacific/Apia",
		{"20 3 * * *", "2011-12-29 00:00", {"2011-12-29 13:20", "2011-12-30 13:20", "2011-12-31 13:20"}},
		{"0 12 30 12 *", "2011-01-01 00:00", {"2012-12-29 22:00"}},
		{"0 12 * * FRI", "2011-12-24 00:00", {"2012-01-05 22:00"}},
		{"0 */6 * * *", "2011-12-30 03:00", {"2011-12-30 04:00", "2011-12-30 10:00", "2011-12-30 16:00"}});
	/* 11 March 2018 (10 March 17:00 UTC): three hours back, from 04:00 (+11) to 01:00 (+8). */
	CHECK("Antarctica/Casey",
		{"30 2 * * *", "2018-03-10 12:00", {"2018-03-10 15:30", "2018-03-10 18:30", "2018-03-11 18:30"}});
	/* Two hours are less than three: 29 March 2026 01:00 UTC, from 01:00 (+0) to 03:00 (+2). */
	CHECK("Antarctica/Troll",
		{"15 1,2 * * *", "2026-03-29 00:00", {"2026-03-29 01:00", "2026-03-29 23:15", "2026-03-30 00:15"}});
}

/* +5:45 all year; until 1986 (31 December 1985 18:30 UTC) it was +5:30. */
static void kathmandu(void **state)
{
	(void)state;
	CHECK("Asia/Kathmandu",
		{"0 6 * * *", "2026-11-21 00:00", {"2026-11-21 00:15", "2026-11-22 00:15"}},
		{"*/30 * * * *", "2026-11-21 00:00", {"2026-11-21 00:15", "2026-11-21 00:45", "2026-11-21 01:15"}},
		{"0 0 1 1 *", "2026-11-21 00:00", {"2026-12-31 18:15"}},
		{"5 0 * * *", "1985-12-31 12:00", {"1985-12-31 18:30", "1986-01-01 18:20"}});
}

/* --- against cron's way of keeping up, minute by minute, with the C library's wall clock --- */

static bool minute_fits(const struct cron *cron, int64_t wall_s)
{
	time_t when = (time_t)wall_s;
	struct tm tm;

	gmtime_r(&when, &tm);
	bool month_day = cron->days >> tm.tm_mday & 1, week_day = cron->weekdays >> tm.tm_wday & 1;
	return (cron->minutes >> tm.tm_min & 1) && (cron->hours >> tm.tm_hour & 1) && (cron->months >> (tm.tm_mon + 1) & 1)
		&& (cron->either_day ? month_day || week_day : month_day && week_day);
}

static int follow(const char *name, const char *text, const char *from, const char *until)
{
	struct cron cron = parsed(text);
	int64_t now_s = utc_us(from) / 1000000, seen_s = INT64_MIN, last_us = utc_us(from) - 1, due_us;
	char got[32], expected[32];
	int count = 0;

	for (; now_s < utc_us(until) / 1000000; now_s += 60) {
		time_t when = (time_t)now_s;
		struct tm tm;
		localtime_r(&when, &tm);
		int64_t wall_s = now_s + tm.tm_gmtoff;
		bool due = false;
		if (!cron.fixed || seen_s == INT64_MIN || llabs(wall_s - (seen_s + 60)) >= 3 * 3600)
			seen_s = wall_s - 60;
		while (seen_s < wall_s)
			due |= minute_fits(&cron, seen_s += 60);
		if (!due)
			continue;
		if (!cron_next(&cron, &zone, last_us, &due_us) || due_us != now_s * 1000000)
			fail_msg("%s in %s after %s: %s, not %s", text, name, utc_text(last_us, expected), utc_text(due_us, got),
				utc_text(now_s * 1000000, expected));
		last_us = due_us;
		count++;
	}
	return count;
}

static void agrees_with_a_clock_that_is_watched(void **state)
{
	static const char *const ZONES[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca",
		"America/Nuuk"};
	static const char *const CRONS[] = {"*/7 * * * *", "30 2 * * *", "0,15,45 0-3 * * *", "0 */5 * * *", "10 1 * 3,4,9-11 SUN",
		"@hourly", "5 1 25-31 * SUN", "0 0 * * *"};
	int count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof ZONES / sizeof *ZONES; i++) {
		assert_true(zone_open(ZONES[i], &zone));
		setenv("TZ", ZONES[i], 1);
		tzset();
		for (size_t j = 0; j < sizeof CRONS / sizeof *CRONS; j++) {
			count += follow(ZONES[i], CRONS[j], "2026-02-10 00:00", "2026-04-20 00:00");
			count += follow(ZONES[i], CRONS[j], "2026-09-20 00:00", "2026-11-10 00:00");
		}
	}
	unsetenv("TZ");
	tzset();
	assert_true(count > 10000);
}

/* --- what is refused --- */

static void mistakes_are_named(void **state)
{
	static const struct {
		const char *text, *detail;
	} ROWS[] = {
		{"", "minute (character 1): the field is missing: there are five"},
		{"   ", "minute (character 4): the field is missing: there are five"},
		{"0 3 * *", "day of week (character 8): the field is missing: there are five"},
		{"0 0 3 * * *", "There are more than five fields (character 11)"},
		{"60 * * * *", "minute (character 1): 60 is more than 59"},
		{"0 24 * * *", "hour (character 3): 24 is more than 23"},
		{"0 0 0 * *", "day of month (character 5): 0 is less than 1"},
		{"0 0 32 * *", "day of month (character 5): 32 is more than 31"},
		{"0 0 * 13 *", "month (character 7): 13 is more than 12"},
		{"0 0 * 0 *", "month (character 7): 0 is less than 1"},
		{"0 0 * * 8", "day of week (character 9): 8 is more than 7"},
		{"0 0 * JANUARY *", "month (character 7): \"JANUARY\" is not known"},
		{"0 0 * * MON-XYZ", "day of week (character 13): \"XYZ\" is not known"},
		{"0 MON * * *", "hour (character 3): \"MON\" is not known"},
		{"-1 * * * *", "minute (character 1): a number is missing"},
		{"1- * * * *", "minute (character 3): a number is missing"},
		{"1,,2 * * * *", "minute (character 3): a number is missing"},
		{"1, * * * *", "minute (character 3): a number is missing"},
		{"0 9-5 * * *", "hour (character 3): the range runs backwards"},
		{"0 0 * * SAT-MON", "day of week (character 9): the range runs backwards"},
		{"5/15 * * * *", "minute (character 2): a step needs a range, as 5-59/5"},
		{"*/0 * * * *", "minute (character 3): a step of 0 does not fit 0-59"},
		{"*/90 * * * *", "minute (character 3): a step of 90 does not fit 0-59"},
		{"*/ * * * *", "minute (character 3): a number is missing"},
		{"0-30/31 * * * *", "minute (character 6): a step of 31 does not fit 0-30"},
		{"0-30/5/2 * * * *", "minute (character 7): unexpected '/'"},
		{"** * * * *", "minute (character 2): unexpected '*'"},
		{"0 0 L * *", "day of month (character 5): \"L\" is not known"},
		{"0 0 * * 1#2", "day of week (character 10): unexpected '#'"},
		{"0 0 ? * *", "day of month (character 5): a number is missing"},
		{"0\n0 * * *", "minute (character 2): unexpected '?'"},
		{"99999999999999999999 * * * *", "minute (character 1): 999999 is more than 59"},
		{"@reboot", "Only @hourly, @daily, @weekly, @monthly and @yearly are known"},
		{"@daily 5", "Only @hourly, @daily, @weekly, @monthly and @yearly are known"},
		{"@", "Only @hourly, @daily, @weekly, @monthly and @yearly are known"},
		{"\xc3\xa4 * * * *", "minute (character 1): a number is missing"},
	};
	struct cron cron;
	char longest[CRON_TEXT + 1];

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		ctx_reset(&ctx);
		if (cron_parse(&ctx, ROWS[i].text, &cron) != ERR_INVALID)
			fail_msg("\"%s\" was accepted", ROWS[i].text);
		assert_string_equal(ctx.fault.detail, ROWS[i].detail);
		assert_string_equal(ctx.fault.field, "cron");
	}
	ctx_reset(&ctx);
	memset(longest, ' ', sizeof longest);
	memcpy(longest, "0 0 * * *", 9);
	longest[CRON_TEXT - 1] = 0;
	assert_int_equal(cron_parse(&ctx, longest, &cron), OK);
	longest[CRON_TEXT - 1] = ' ';
	longest[CRON_TEXT] = 0;
	assert_int_equal(cron_parse(&ctx, longest, &cron), ERR_INVALID);
	assert_string_equal(ctx.fault.detail, "It is longer than 255 characters");
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(fields_are_met), cmocka_unit_test(dates_that_are_rare_or_none),
		cmocka_unit_test(berlin_in_spring), cmocka_unit_test(berlin_in_autumn), cmocka_unit_test(new_york), cmocka_unit_test(lord_howe),
		cmocka_unit_test(zones_that_gave_it_up), cmocka_unit_test(larger_jumps_are_corrections), cmocka_unit_test(kathmandu),
		cmocka_unit_test(agrees_with_a_clock_that_is_watched), cmocka_unit_test(mistakes_are_named)};

	ctx_init(&ctx);
	int failed = cmocka_run_group_tests(cases, NULL, NULL);
	ctx_free(&ctx);
	return failed;
}
