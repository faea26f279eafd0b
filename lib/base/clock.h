/* Clock: microseconds. Tests move the wall clock with clock_shift(). */
#ifndef STOA_BASE_CLOCK_H
#define STOA_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_mono_us(void); /* CLOCK_MONOTONIC */
int64_t clock_wall_us(void); /* since 1970-01-01 UTC, plus the shift */
int64_t clock_wall_s(void);
void clock_shift(int64_t us); /* sets the shift; tests only */

#define CLOCK_TEXT 32
/* RFC 3339 in UTC with milliseconds, "2026-11-21T08:15:00.123Z". */
void clock_format(int64_t wall_us, char out[CLOCK_TEXT]);
/* Reads an RFC 3339 time (5.6) with T and Z in capitals and up to 9 digits of a second, cut to microseconds. False: it is none, or no day of
 * the calendar. */
bool clock_parse(const char *text, int64_t *wall_us_out);

#endif
