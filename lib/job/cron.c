#include "job/cron.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define MINUTE_S 60
#define DAY_S 86400
#define JUMP_S (3 * 3600) /* from here on a jump is a correction of the clock */
#define YEARS_MOST 9000

struct field {
	const char *name;
	int least, most;
	const char *words; /* of three letters each, the first for `least` */
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct field FIELD[FIELDS] = {
	[MINUTE] = {"minute", 0, 59, ""},
	[HOUR] = {"hour", 0, 23, ""},
	[DAY] = {"day of month", 1, 31, ""},
	[MONTH] = {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
	[WEEKDAY] = {"day of week", 0, 7, "sunmontuewedthufrisat"},
};

/* --- parsing --- */

struct reader {
	struct ctx *ctx;
	const char *text, *at;
	const struct field *field;
};

#define refuse(reader, place, format, ...) \
	fail_field((reader)->ctx, ERR_INVALID, "cron", "%s (character %d): " format, (reader)->field->name, \
		(int)((place) - (reader)->text) + 1, ##__VA_ARGS__)

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static void skip_blanks(struct reader *reader)
{
	while (is_blank(*reader->at))
		reader->at++;
}

static enum err read_word(struct reader *reader, int *out)
{
	const struct field *field = reader->field;
	const char *from = reader->at;
	while (isalpha((unsigned char)*reader->at))
		reader->at++;
	int length = (int)(reader->at - from);
	for (int i = 0; length == 3 && field->words[3 * i]; i++) {
		if (!strncasecmp(from, field->words + 3 * i, 3)) {
			*out = field->least + i;
			return OK;
		}
	}
	return refuse(reader, from, "\"%.*s\" is not known", length < 20 ? length : 20, from);
}

static enum err read_digits(struct reader *reader, int *out)
{
	const char *from = reader->at;
	*out = 0;
	while (isdigit((unsigned char)*reader->at) && reader->at - from < 6)
		*out = *out * 10 + (*reader->at++ - '0');
	if (reader->at == from)
		return refuse(reader, from, "a number is missing");
	return OK;
}

static enum err read_value(struct reader *reader, int *out)
{
	const struct field *field = reader->field;
	const char *from = reader->at;
	if (isalpha((unsigned char)*from))
		return read_word(reader, out);
	TRY(read_digits(reader, out));
	if (*out < field->least)
		return refuse(reader, from, "%d is less than %d", *out, field->least);
	if (*out > field->most)
		return refuse(reader, from, "%d is more than %d", *out, field->most);
	return OK;
}

static enum err read_range(struct reader *reader, int *least_out, int *most_out, bool *range_out)
{
	const struct field *field = reader->field;
	const char *from = reader->at;
	*range_out = true;
	if (*reader->at == '*') {
		reader->at++;
		*least_out = field->least;
		*most_out = field == &FIELD[WEEKDAY] ? 6 : field->most;
		return OK;
	}
	TRY(read_value(reader, least_out));
	*most_out = *least_out;
	*range_out = *reader->at == '-';
	if (!*range_out)
		return OK;
	reader->at++;
	TRY(read_value(reader, most_out));
	if (field == &FIELD[WEEKDAY] && *most_out == 0 && *least_out > 0)
		*most_out = 7;
	if (*most_out < *least_out)
		return refuse(reader, from, "the range runs backwards");
	return OK;
}

static enum err read_item(struct reader *reader, uint64_t *bits)
{
	int least, most, step = 1;
	bool range;
	TRY(read_range(reader, &least, &most, &range));
	if (*reader->at == '/') {
		const char *from = ++reader->at;
		if (!range)
			return refuse(reader, from - 1, "a step needs a range, as %d-%d/5", least, reader->field->most);
		TRY(read_digits(reader, &step));
		if (step < 1 || step > most - least)
			return refuse(reader, from, "a step of %d does not fit %d-%d", step, least, most);
	}
	for (int value = least; value <= most; value += step)
		*bits |= UINT64_C(1) << value;
	return OK;
}

static enum err read_field(struct reader *reader, uint64_t *bits, bool *star_out)
{
	skip_blanks(reader);
	if (!*reader->at)
		return refuse(reader, reader->at, "the field is missing: there are five");
	*star_out = *reader->at == '*';
	*bits = 0;
	for (;;) {
		TRY(read_item(reader, bits));
		if (*reader->at != ',')
			break;
		reader->at++;
	}
	if (*reader->at && !is_blank(*reader->at))
		return refuse(reader, reader->at, "unexpected '%c'", isprint((unsigned char)*reader->at) ? *reader->at : '?');
	return OK;
}

static enum err expand(struct ctx *ctx, const char **text)
{
	static const struct {
		const char *name, *text;
	} NAMES[] = {{"@hourly", "0 * * * *"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
		{"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}};
	size_t length = strcspn(*text, " \t");
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		if (length == strlen(NAMES[i].name) && !strncasecmp(*text, NAMES[i].name, length) && !(*text)[length + strspn(*text + length, " \t")]) {
			*text = NAMES[i].text;
			return OK;
		}
	}
	return fail_field(ctx, ERR_INVALID, "cron", "Only @hourly, @daily, @weekly, @monthly and @yearly are known");
}

enum err cron_parse(struct ctx *ctx, const char *text, struct cron *out)
{
	uint64_t bits[FIELDS];
	bool star[FIELDS];
	struct reader reader = {.ctx = ctx, .text = text, .at = text};
	if (strnlen(text, CRON_TEXT) >= CRON_TEXT)
		return fail_field(ctx, ERR_INVALID, "cron", "It is longer than %d characters", CRON_TEXT - 1);
	skip_blanks(&reader);
	if (*reader.at == '@') {
		TRY(expand(ctx, &reader.at));
		reader.text = reader.at;
	}
	for (int i = 0; i < FIELDS; i++) {
		reader.field = &FIELD[i];
		TRY(read_field(&reader, &bits[i], &star[i]));
	}
	skip_blanks(&reader);
	if (*reader.at)
		return fail_field(ctx, ERR_INVALID, "cron", "There are more than five fields (character %d)", (int)(reader.at - text) + 1);
	*out = (struct cron){
		.minutes = bits[MINUTE],
		.hours = (uint32_t)bits[HOUR],
		.days = (uint32_t)bits[DAY],
		.months = (uint16_t)bits[MONTH],
		.weekdays = (uint8_t)((bits[WEEKDAY] & 0x7f) | bits[WEEKDAY] >> 7),
		.either_day = !star[DAY] && !star[WEEKDAY],
		.fixed = !star[MINUTE] && !star[HOUR],
	};
	return OK;
}

/* --- due times --- */

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static bool day_fits(const struct cron *cron, int64_t days)
{
	int64_t year;
	int month, day;
	date_of(days, &year, &month, &day);
	bool of_month = cron->days >> day & 1, of_week = cron->weekdays >> date_weekday(days) & 1;
	return (cron->months >> month & 1) && (cron->either_day ? of_month || of_week : of_month && of_week);
}

/* The first minute of the day from this one on that fits, or -1. */
static int minute_from(const struct cron *cron, int minute)
{
	for (int hour = minute / 60; hour < 24; hour++, minute = hour * 60) {
		uint64_t left = cron->minutes >> minute % 60;
		if ((cron->hours >> hour & 1) && left)
			return minute + __builtin_ctzll(left);
	}
	return -1;
}

/* The first wall time that fits, from from_s on and before until_s. */
static bool wall_next(const struct cron *cron, int64_t from_s, int64_t until_s, int64_t *out)
{
	int64_t first = floor_div(from_s + MINUTE_S - 1, MINUTE_S), day = floor_div(first, 1440);
	int minute = (int)(first - day * 1440);
	for (; day * DAY_S < until_s; day++, minute = 0) {
		if (!day_fits(cron, day))
			continue;
		int at = minute_from(cron, minute);
		if (at < 0)
			continue;
		*out = day * DAY_S + (int64_t)at * MINUTE_S;
		return *out < until_s;
	}
	return false;
}

/* A stretch of time with one offset, and the offset that it replaced. */
struct stretch {
	int64_t begin_s, end_s;
	int32_t before, offset;
};

static bool stretch_next(const struct cron *cron, const struct stretch *stretch, int64_t from_s, int64_t *out)
{
	int64_t wall_s, jump_s = (int64_t)stretch->offset - stretch->before, again_s = stretch->begin_s;
	if (cron->fixed && jump_s > 0 && jump_s < JUMP_S && from_s <= stretch->begin_s
		&& wall_next(cron, stretch->begin_s + stretch->before, stretch->begin_s + stretch->offset, &wall_s)) {
		*out = stretch->begin_s;
		return true;
	}
	if (cron->fixed && jump_s < 0 && jump_s > -JUMP_S)
		again_s = stretch->begin_s - jump_s;
	if (from_s < again_s)
		from_s = again_s;
	if (from_s >= stretch->end_s || !wall_next(cron, from_s + stretch->offset, stretch->end_s + stretch->offset, &wall_s))
		return false;
	*out = wall_s - stretch->offset;
	return true;
}

bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after_us, int64_t *next_us_out)
{
	int64_t from_s = floor_div(after_us, 1000000) + 1, next_s;
	if (from_s < date_days(-YEARS_MOST, 1, 1) * DAY_S || from_s > date_days(YEARS_MOST, 1, 1) * DAY_S)
		return false;
	int64_t horizon_s = from_s + CRON_HORIZON_YEARS * INT64_C(366) * DAY_S;
	/* From a little earlier, so that the change which the stretch began with is known. */
	struct stretch stretch = {.begin_s = from_s - 2 * DAY_S};
	stretch.before = stretch.offset = zone_offset(zone, stretch.begin_s);
	while (stretch.begin_s < horizon_s) {
		stretch.end_s = zone_change(zone, stretch.begin_s);
		if (stretch.end_s > horizon_s)
			stretch.end_s = horizon_s;
		if (stretch.end_s > from_s && stretch_next(cron, &stretch, from_s, &next_s)) {
			*next_us_out = next_s * 1000000;
			return true;
		}
		stretch = (struct stretch){.begin_s = stretch.end_s, .before = stretch.offset, .offset = zone_offset(zone, stretch.end_s)};
	}
	return false;
}
