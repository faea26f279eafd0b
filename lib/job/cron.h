/* Cron syntax and when a schedule is due.
 *
 * Five fields, as crontab(5) of Debian's cron: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC), day of week
 * (0-7 or SUN-SAT, 0 and 7 are Sunday; Sunday may end a range: FRI-SUN). A field is a list of numbers, ranges a-b, and steps
 * of a range or of all (a-b/n, * /n without the space). Names in any case. Or one of @hourly @daily @midnight @weekly @monthly @yearly
 * @annually. When both day fields are restricted (neither begins with *), a day that fits either of them will do; else it must fit both.
 * Stricter than cron where it guesses: a step that is larger than its range is refused, because "*" with /90 in minutes would mean hourly.
 *
 * Where the wall clock jumps, the rule is that of Debian's cron (cron(8), NOTES), with "at once" instead of "soon after":
 *  - A schedule at fixed times (neither minute nor hour begins with *): what falls into a gap of less than three hours runs once, at
 *    the first moment after it; what falls into a stretch of less than three hours that comes twice runs the first time only.
 *  - A schedule with * or a step of * as its minute or hour follows real time: it runs whenever the wall clock shows a time that fits,
 *    thus not in a gap, and in both passes of a stretch that comes twice.
 *  - A larger jump is a correction of the clock: nothing runs for what it left out (Samoa had no 30 December 2011). */
#ifndef STOA_JOB_CRON_H
#define STOA_JOB_CRON_H

#include "base/context.h"
#include "base/zone.h"

#define CRON_TEXT 256 /* longest text and a NUL */
/* How far a next time is looked for: 29 February on one weekday recurs after 40 years at most. */
#define CRON_HORIZON_YEARS 41

/* Bit n: n fits. */
struct cron {
	uint64_t minutes;
	uint32_t hours;
	uint32_t days;
	uint16_t months;
	uint8_t weekdays;     /* 0 = Sunday */
	bool either_day;      /* both day fields are restricted */
	bool fixed;           /* neither minute nor hour begins with * */
};

/* ERR_INVALID (field "cron") names the field and the character, counted from 1: "hour (character 3): 24 is more than 23". */
enum err cron_parse(struct ctx *ctx, const char *text, struct cron *out);

/* The first time after after_us that is due; microseconds since 1970 UTC. False: never, or not within the horizon, or outside the years
 * -9000 to 9000. */
bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after_us, int64_t *next_us_out);

#endif
