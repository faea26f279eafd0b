#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t clock_shift_us;

static int64_t clock_read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
	return clock_read_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void)
{
	return clock_read_us(CLOCK_REALTIME) + atomic_load_explicit(&clock_shift_us, memory_order_relaxed);
}

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

int64_t clock_wall_s(void)
{
	return floor_div(clock_wall_us(), 1000000);
}

void clock_shift(int64_t us)
{
	atomic_store_explicit(&clock_shift_us, us, memory_order_relaxed);
}

/* Days since 1970 to a civil date: eras of 400 years (146,097 days) that start on 1 March, so that the leap day is
 * the last of its year. */
static void civil_date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t from_march = days + 719468;
	int64_t era = floor_div(from_march, 146097);
	int64_t of_era = from_march - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * of_year + 2) / 153; /* March is 0 */

	*day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

/* "2026-11-21T08:15:00." of a second; formatting it is the costly part, so each thread keeps its last. */
struct clock_second {
	bool known;
	int64_t second;
	size_t length;
	char text[CLOCK_TEXT];
};

static void second_format(struct clock_second *cached, int64_t second)
{
	int64_t days = floor_div(second, 86400);
	int of_day = (int)(second - days * 86400);
	int64_t year;
	int month, day;

	civil_date(days, &year, &month, &day);
	cached->length = (size_t)snprintf(cached->text, sizeof cached->text, "%04lld-%02d-%02dT%02d:%02d:%02d.",
		(long long)year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60);
	cached->second = second;
	cached->known = true;
}

void clock_format(int64_t wall_us, char out[CLOCK_TEXT])
{
	static _Thread_local struct clock_second cached;
	int64_t second = floor_div(wall_us, 1000000);
	int64_t rest = wall_us % 1000000;
	int milli = (int)((rest < 0 ? rest + 1000000 : rest) / 1000);

	if (!cached.known || cached.second != second)
		second_format(&cached, second);
	memcpy(out, cached.text, cached.length);
	out += cached.length;
	out[0] = (char)('0' + milli / 100);
	out[1] = (char)('0' + milli / 10 % 10);
	out[2] = (char)('0' + milli % 10);
	out[3] = 'Z';
	out[4] = '\0';
}

/* Digits where the form has a 0, else the very character. */
static bool formed(const char *text, const char *form)
{
	for (; *form; text++, form++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return true;
}

static int number_at(const char *text, int digits)
{
	int number = 0;

	while (digits--)
		number = number * 10 + (*text++ - '0');
	return number;
}

/* The part of a second behind the whole ones; NULL: not of its form. */
static const char *micro_read(const char *text, int *micro_out)
{
	int digits = 0;

	*micro_out = 0;
	if (*text != '.')
		return text;
	for (text++; *text >= '0' && *text <= '9' && digits < 9; text++, digits++)
		if (digits < 6)
			*micro_out = *micro_out * 10 + (*text - '0');
	for (int i = digits; i < 6; i++)
		*micro_out *= 10;
	return digits ? text : NULL;
}

bool clock_parse(const char *text, int64_t *wall_us_out)
{
	struct tm tm = {0}, same;
	int micro, offset_s = 0;
	time_t at;

	if (!formed(text, "0000-00-00T00:00:00"))
		return false;
	tm = (struct tm){.tm_year = number_at(text, 4) - 1900, .tm_mon = number_at(text + 5, 2) - 1, .tm_mday = number_at(text + 8, 2),
		.tm_hour = number_at(text + 11, 2), .tm_min = number_at(text + 14, 2), .tm_sec = number_at(text + 17, 2)};
	same = tm;
	at = timegm(&same);
	if (same.tm_year != tm.tm_year || same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday || same.tm_hour != tm.tm_hour ||
		same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec)
		return false;
	text = micro_read(text + 19, &micro);
	if (!text)
		return false;
	if ((*text == '+' || *text == '-') && formed(text + 1, "00:00") && !text[6] && number_at(text + 1, 2) < 24 && number_at(text + 4, 2) < 60)
		offset_s = (*text == '-' ? -60 : 60) * (number_at(text + 1, 2) * 60 + number_at(text + 4, 2));
	else if (strcmp(text, "Z") != 0)
		return false;
	*wall_us_out = ((int64_t)at - offset_s) * 1000000 + micro;
	return true;
}
