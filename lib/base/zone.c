#include "base/zone.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "/usr/share/zoneinfo" /* where tzdata is, tzset(3) */
#define HEADER_BYTES 44
#define OFFSET_MOST 93599  /* RFC 9636, 3.2: utoff should be within -89999 … 93599 */
#define OFFSET_LEAST (-89999)
#define DAY_S 86400

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

/* Counts in years that begin in March and eras of 400 of them, where the leap day comes last. */
int64_t date_days(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = floor_div(year, 400), of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_of(int64_t days, int64_t *year_out, int *month_out, int *day_out)
{
	days += 719468;
	int64_t era = floor_div(days, 146097), of_era = days - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int from_march = (int)((5 * of_year + 2) / 153);
	*day_out = (int)(of_year - (153 * from_march + 2) / 5 + 1);
	*month_out = from_march < 10 ? from_march + 3 : from_march - 9;
	*year_out = year + era * 400 + (*month_out <= 2);
}

int date_weekday(int64_t days)
{
	return (int)(days + 4 - floor_div(days + 4, 7) * 7);
}

bool date_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int date_month_length(int64_t year, int month)
{
	static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return LENGTHS[month - 1] + (month == 2 && date_leap(year));
}

/* --- the footer: a TZ string --- */

static bool take(const char **at, char byte)
{
	bool there = **at == byte;
	*at += there;
	return there;
}

static bool take_number(const char **at, int least, int most, int *out)
{
	const char *from = *at;
	*out = 0;
	while (isdigit((unsigned char)**at) && *at - from < 4)
		*out = *out * 10 + (*(*at)++ - '0');
	return *at > from && *out >= least && *out <= most;
}

static bool take_name(const char **at)
{
	const char *from = *at;
	if (take(at, '<')) {
		while (isalnum((unsigned char)**at) || **at == '+' || **at == '-')
			(*at)++;
		return *at - from >= 4 && take(at, '>');
	}
	while (isalpha((unsigned char)**at))
		(*at)++;
	return *at - from >= 3;
}

/* [+|-]hh[:mm[:ss]] */
static bool take_time(const char **at, int most_hours, int32_t *out)
{
	int hours, minutes = 0, seconds = 0;
	bool negative = take(at, '-');
	if (!negative)
		take(at, '+');
	if (!take_number(at, 0, most_hours, &hours))
		return false;
	if (take(at, ':') && !take_number(at, 0, 59, &minutes))
		return false;
	if (take(at, ':') && !take_number(at, 0, 59, &seconds))
		return false;
	*out = (hours * 3600 + minutes * 60 + seconds) * (negative ? -1 : 1);
	return true;
}

static bool take_day(const char **at, struct zone_day *out)
{
	bool good;
	*out = (struct zone_day){.at_s = 2 * 3600};
	if (take(at, 'M')) {
		out->kind = ZONE_WEEKDAY;
		good = take_number(at, 1, 12, &out->month) && take(at, '.') && take_number(at, 1, 5, &out->week) && take(at, '.')
			&& take_number(at, 0, 6, &out->day);
	} else if (take(at, 'J')) {
		out->kind = ZONE_JULIAN;
		good = take_number(at, 1, 365, &out->day);
	} else {
		out->kind = ZONE_YEAR_DAY;
		good = take_number(at, 0, 365, &out->day);
	}
	return good && (!take(at, '/') || take_time(at, 167, &out->at_s));
}

static bool footer_read(const char *text, struct zone *out)
{
	int32_t west_s;
	out->rule = *text;
	if (!out->rule)
		return true;
	if (!take_name(&text) || !take_time(&text, 24, &west_s))
		return false;
	out->standard_s = -west_s;
	if (!*text)
		return true;
	if (!take_name(&text))
		return false;
	out->summer = true;
	out->summer_s = out->standard_s + 3600;
	if (*text != ',') {
		if (!take_time(&text, 24, &west_s))
			return false;
		out->summer_s = -west_s;
	}
	return take(&text, ',') && take_day(&text, &out->begins) && take(&text, ',') && take_day(&text, &out->ends) && !*text;
}

static int64_t day_number(const struct zone_day *day, int64_t year)
{
	if (day->kind == ZONE_YEAR_DAY)
		return date_days(year, 1, 1) + day->day;
	if (day->kind == ZONE_JULIAN)
		return date_days(year, 1, 1) + day->day - 1 + (day->day >= 60 && date_leap(year));
	int64_t first = date_days(year, day->month, 1);
	int64_t number = first + (day->day - date_weekday(first) + 7) % 7 + 7 * (day->week - 1);
	return number >= first + date_month_length(year, day->month) ? number - 7 : number;
}

static int64_t begins_at(const struct zone *zone, int64_t year)
{
	return day_number(&zone->begins, year) * DAY_S + zone->begins.at_s - zone->standard_s;
}

static int64_t ends_at(const struct zone *zone, int64_t year)
{
	return day_number(&zone->ends, year) * DAY_S + zone->ends.at_s - zone->summer_s;
}

static int64_t year_of(int64_t wall_s)
{
	int64_t year;
	int month, day;
	date_of(floor_div(wall_s, DAY_S), &year, &month, &day);
	return year;
}

/* The last change at or before utc_s decides; one of the year before may still be it. */
static int32_t rule_offset(const struct zone *zone, int64_t utc_s)
{
	if (!zone->summer)
		return zone->standard_s;
	int64_t year = year_of(utc_s + zone->standard_s), last_s = INT64_MIN;
	int32_t offset = zone->standard_s;
	for (int64_t at = year - 1; at <= year + 1; at++) {
		int64_t begin_s = begins_at(zone, at), end_s = ends_at(zone, at);
		if (end_s <= utc_s && end_s >= last_s) {
			last_s = end_s;
			offset = zone->standard_s;
		}
		if (begin_s <= utc_s && begin_s >= last_s) {
			last_s = begin_s;
			offset = zone->summer_s;
		}
	}
	return offset;
}

static int64_t rule_change(const struct zone *zone, int64_t utc_s)
{
	int64_t next_s = ZONE_NEVER;
	if (!zone->summer)
		return next_s;
	int64_t year = year_of(utc_s + zone->standard_s);
	for (int64_t at = year - 1; at <= year + 2; at++) {
		int64_t begin_s = begins_at(zone, at), end_s = ends_at(zone, at);
		if (begin_s > utc_s && begin_s < next_s)
			next_s = begin_s;
		if (end_s > utc_s && end_s < next_s)
			next_s = end_s;
	}
	return next_s;
}

/* --- the table --- */

static int table_place(const struct zone *zone, int64_t utc_s)
{
	int low = 0, high = zone->count;
	while (low < high) {
		int middle = (low + high) / 2;
		if (zone->at[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low; /* how many are at or before */
}

int32_t zone_offset(const struct zone *zone, int64_t utc_s)
{
	int place = table_place(zone, utc_s);
	if (place == zone->count && zone->rule)
		return rule_offset(zone, utc_s);
	return place ? zone->offset[place - 1] : zone->first;
}

int64_t zone_change(const struct zone *zone, int64_t utc_s)
{
	int place = table_place(zone, utc_s);
	if (place < zone->count)
		return zone->at[place];
	return zone->rule ? rule_change(zone, utc_s) : ZONE_NEVER;
}

/* --- the file --- */

static int64_t big_endian(const uint8_t *data, int bytes)
{
	uint64_t value = data[0] & 0x80 ? UINT64_MAX : 0;
	for (int i = 0; i < bytes; i++)
		value = value << 8 | data[i];
	return (int64_t)value;
}

struct header {
	size_t utc, standard, leaps, changes, types, name_bytes;
};

/* False: not a header, or more than a file holds. */
static bool header_read(const uint8_t *data, size_t bytes, struct header *out)
{
	size_t *const counts[] = {&out->utc, &out->standard, &out->leaps, &out->changes, &out->types, &out->name_bytes};
	if (bytes < HEADER_BYTES || memcmp(data, "TZif", 4) || data[4] < '2' || data[4] > '4')
		return false;
	for (size_t i = 0; i < 6; i++) {
		int64_t count = big_endian(data + 20 + 4 * i, 4);
		if (count < 0 || count > ZONE_BYTES)
			return false;
		*counts[i] = (size_t)count;
	}
	return true;
}

static size_t block_bytes(const struct header *header, size_t time_bytes)
{
	return header->changes * (time_bytes + 1) + header->types * 6 + header->name_bytes + header->leaps * (time_bytes + 4)
		+ header->standard + header->utc;
}

static bool type_offset(const uint8_t *types, const struct header *header, size_t type, int32_t *out)
{
	if (type >= header->types)
		return false;
	*out = (int32_t)big_endian(types + 6 * type, 4);
	return *out >= OFFSET_LEAST && *out <= OFFSET_MOST;
}

static bool block_read(const uint8_t *data, const struct header *header, struct zone *out)
{
	const uint8_t *which = data + header->changes * 8, *types = which + header->changes;
	if (header->changes > ZONE_CHANGES || header->leaps || !type_offset(types, header, 0, &out->first))
		return false;
	out->count = (int)header->changes;
	for (int i = 0; i < out->count; i++) {
		out->at[i] = big_endian(data + 8 * i, 8);
		if ((i && out->at[i] <= out->at[i - 1]) || !type_offset(types, header, which[i], &out->offset[i]))
			return false;
	}
	return true;
}

/* "\n…\n" and nothing after it */
static bool footer_find(const uint8_t *data, size_t bytes, struct zone *out)
{
	char text[128];
	if (bytes < 2 || bytes - 2 >= sizeof text || data[0] != '\n' || data[bytes - 1] != '\n' || memchr(data, 0, bytes))
		return false;
	memcpy(text, data + 1, bytes - 2);
	text[bytes - 2] = 0;
	return footer_read(text, out);
}

bool zone_read(const uint8_t *data, size_t bytes, struct zone *out)
{
	struct header header;
	*out = (struct zone){0};
	if (bytes > ZONE_BYTES || !header_read(data, bytes, &header))
		return false;
	/* The first block repeats what fits 32 bits. */
	size_t second = HEADER_BYTES + block_bytes(&header, 4);
	if (second > bytes || !header_read(data + second, bytes - second, &header))
		return false;
	size_t block = second + HEADER_BYTES, end = block + block_bytes(&header, 8);
	return end <= bytes && block_read(data + block, &header, out) && footer_find(data + end, bytes - end, out);
}

static bool name_good(const char *name)
{
	size_t length = strnlen(name, ZONE_NAME);
	bool begins = true;
	if (!length || length >= ZONE_NAME)
		return false;
	for (; *name; name++) {
		bool part_begins = begins;
		begins = *name == '/';
		if (part_begins ? !isalpha((unsigned char)*name) : !isalnum((unsigned char)*name) && !strchr("_+-/", *name))
			return false;
	}
	return !begins;
}

bool zone_open(const char *name, struct zone *out)
{
	char path[sizeof FOLDER + ZONE_NAME];
	if (!name_good(name))
		return false;
	if (!strcmp(name, "UTC")) {
		*out = (struct zone){0};
		return true;
	}
	snprintf(path, sizeof path, "%s/%s", FOLDER, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	uint8_t *data = malloc(ZONE_BYTES + 1);
	size_t bytes = 0;
	ssize_t got = 0;
	while (data && bytes <= ZONE_BYTES && (got = read(fd, data + bytes, ZONE_BYTES + 1 - bytes)) > 0)
		bytes += (size_t)got;
	bool good = data && got == 0 && zone_read(data, bytes, out);
	free(data);
	close(fd);
	return good;
}

/* "DE<tab>+5230+01322<tab>Europe/Berlin<tab>comments". False at the end. */
static bool table_next(FILE *file, char line[512], const char **name_out)
{
	while (file && fgets(line, 512, file)) {
		char *at = line;

		for (int tab = 0; tab < 2 && at; tab++)
			at = (at = strchr(at, '\t')) ? at + 1 : NULL;
		if (*line == '#' || !at)
			continue;
		at[strcspn(at, "\t\n")] = '\0';
		*name_out = at;
		if (*at && strlen(at) < ZONE_NAME)
			return true;
	}
	if (file)
		fclose(file);
	return false;
}

void zone_names(void (*name)(void *argument, const char *text), void *argument)
{
	FILE *file = fopen(FOLDER "/zone.tab", "re");
	char line[512];
	const char *text;

	while (table_next(file, line, &text))
		name(argument, text);
}

bool zone_of_country(const char *country, char out[ZONE_NAME])
{
	FILE *file = fopen(FOLDER "/zone.tab", "re");
	char line[512];
	const char *text;

	while (table_next(file, line, &text))
		if (strlen(country) == 2 && strncmp(line, country, 2) == 0 && line[2] == '\t') {
			snprintf(out, ZONE_NAME, "%s", text);
			fclose(file);
			return true;
		}
	return false;
}
