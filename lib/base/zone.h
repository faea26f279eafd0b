/* Time zones by their IANA names, for programs with threads: TZ and tzset() belong to the whole process, so the compiled files of
 * tzdata are read here (RFC 9636, which replaces RFC 8536; versions 2 to 4, with the footer for the years after the table).
 * They are read rather than asked of PostgreSQL because its `at time zone` picks one meaning for a wall time that is skipped or
 * repeated, while a schedule needs the changes themselves; and because this way the answer is a pure function of file and time.
 * Times are seconds since 1970-01-01 UTC without leap seconds; an offset is what is added to UTC to get the wall time. */
#ifndef STOA_BASE_ZONE_H
#define STOA_BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZONE_NAME 64          /* longest name and a NUL */
#define ZONE_CHANGES 1024     /* most in a table; tzdata's longest has some 240 */
#define ZONE_BYTES 65536      /* longest file */
#define ZONE_NEVER INT64_MAX

/* A day of the year in a footer (POSIX.1-2017, 8.3, TZ). */
struct zone_day {
	enum { ZONE_JULIAN, ZONE_YEAR_DAY, ZONE_WEEKDAY } kind; /* Jn, n, Mm.w.d */
	int month, week, day;
	int32_t at_s;             /* wall time on that day; -167 h to 167 h */
};

struct zone {
	int count;
	int64_t at[ZONE_CHANGES]; /* ascending: from then on … */
	int32_t offset[ZONE_CHANGES];
	int32_t first;            /* before all */
	bool rule;                /* a footer tells what follows the table … */
	bool summer;              /* … with two changes a year; else standard_s always */
	int32_t standard_s, summer_s;
	struct zone_day begins, ends;
};

/* Finds the zone in /usr/share/zoneinfo; "UTC" is known without. False: no such zone, or the name is none ("../x", "/etc/localtime"); zones that count leap seconds
 * ("right/…") are refused. */
bool zone_open(const char *name, struct zone *out);
/* Reads the bytes of a file; false when they are not one. */
bool zone_read(const uint8_t *data, size_t bytes, struct zone *out);

/* Calls with every name of tzdata's zone.tab, as it stands there: what people choose from, without the aliases. Nothing when there is no table. */
void zone_names(void (*name)(void *argument, const char *text), void *argument);
/* The first zone of a country ("DE", ISO 3166) in that table, which of several is the most populous one. False: there is none. */
bool zone_of_country(const char *country, char out[ZONE_NAME]);

int32_t zone_offset(const struct zone *zone, int64_t utc_s);
/* The first change after utc_s, ZONE_NEVER when none follows. The offset may be the same before and after. utc_s within years
 * -9999 to 9999. */
int64_t zone_change(const struct zone *zone, int64_t utc_s);

/* Proleptic Gregorian calendar: days since 1970-01-01. month and day count from 1. */
int64_t date_days(int64_t year, int month, int day);
void date_of(int64_t days, int64_t *year_out, int *month_out, int *day_out);
/* 0 = Sunday */
int date_weekday(int64_t days);
bool date_leap(int64_t year);
int date_month_length(int64_t year, int month);

#endif
