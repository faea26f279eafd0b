#include "pages/page.h"

#include "base/zone.h"
#include "text/money.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool german(const struct req *req)
{
	return !strcmp(req_language(req), "de");
}

/* Digits in groups of three; `plain` may begin with a minus sign and has no other mark. */
static const char *grouped(struct req *req, const char *plain)
{
	struct buffer out = {0};
	size_t sign = plain[0] == '-', length = strlen(plain) - sign;
	if (sign)
		buffer_text(&out, "−");
	for (size_t i = 0; i < length; i++) {
		buffer_char(&out, plain[sign + i]);
		if (i + 1 < length && (length - i - 1) % 3 == 0)
			buffer_char(&out, german(req) ? '.' : ',');
	}
	const char *text = arena_memdup(&req->ctx.arena, out.data ? out.data : "", out.length);
	buffer_free(&out);
	return text;
}

const char *page_number(struct req *req, int64_t number)
{
	return grouped(req, arena_printf(&req->ctx.arena, "%lld", (long long)number));
}

const char *page_decimal(struct req *req, double number, int digits)
{
	if (!isfinite(number))
		return "–";
	char *plain = arena_printf(&req->ctx.arena, "%.*f", digits, number);
	char *point = strchr(plain, '.');
	if (!point)
		return grouped(req, plain);
	*point = '\0';
	return arena_printf(&req->ctx.arena, "%s%c%s", grouped(req, plain), german(req) ? ',' : '.', point + 1);
}

const char *page_percent(struct req *req, int64_t part, int64_t whole)
{
	return whole ? arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, 100.0 * (double)part / (double)whole, 1)) : "–";
}

const char *page_money(struct req *req, int64_t minor, const char *currency)
{
	return money_text(&req->ctx, minor, currency, req_language(req));
}

static const char *day_text(struct req *req, int64_t year, int month, int day)
{
	static const char MONTHS[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	if (german(req))
		return arena_printf(&req->ctx.arena, "%02d.%02d.%04lld", day, month, (long long)year);
	return arena_printf(&req->ctx.arena, "%d %s %04lld", day, MONTHS[month - 1], (long long)year);
}

static bool day_read(const char *text, int *year_out, int *month_out, int *day_out)
{
	return sscanf(text, "%4d-%2d-%2d", year_out, month_out, day_out) == 3 && *month_out >= 1 && *month_out <= 12 && *day_out >= 1 &&
		*day_out <= date_month_length(*year_out, *month_out);
}

const char *page_day(struct req *req, const char *day)
{
	int year, month, date;
	return day_read(day, &year, &month, &date) ? day_text(req, year, month, date) : day;
}

/* A page asks for one zone many times. */
static const struct zone *zone_of(const struct req *req)
{
	static _Thread_local struct zone zone;
	static _Thread_local char name[ZONE_NAME];
	if (req->who.kind != WHO_SESSION || !*req->who.zone)
		return NULL;
	if (!strcmp(name, req->who.zone))
		return &zone;
	*name = '\0';
	if (!zone_open(req->who.zone, &zone))
		return NULL;
	memcpy(name, req->who.zone, ZONE_NAME);
	return &zone;
}

const char *page_time(struct req *req, const char *stamp)
{
	int year, month, day, hour, minute;
	if (!day_read(stamp, &year, &month, &day) || strlen(stamp) < 16 || sscanf(stamp + 11, "%2d:%2d", &hour, &minute) != 2)
		return stamp;
	int64_t at_s = date_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
	const struct zone *zone = zone_of(req);
	if (zone)
		at_s += zone_offset(zone, at_s);
	int64_t days = at_s / 86400 - (at_s % 86400 < 0), local_year;
	int64_t rest = at_s - days * 86400;
	date_of(days, &local_year, &month, &day);
	return arena_printf(&req->ctx.arena, "%s, %02d:%02d", day_text(req, local_year, month, day), (int)(rest / 3600), (int)(rest / 60 % 60));
}
