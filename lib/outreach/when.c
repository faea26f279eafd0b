#include "outreach/outreach.h"

#include "base/zone.h"

#include <ctype.h>
#include <string.h>

#define DAY_S INT64_C(86400)

/* A zone is read from its file, and a run asks for few different ones again and again. */
static const struct zone *zone_known(const char *name)
{
	static _Thread_local struct zone zone;
	static _Thread_local char known[ZONE_NAME];
	size_t length = strlen(name);

	if (!length || length >= sizeof known)
		return NULL;
	if (strcmp(known, name) == 0)
		return &zone;
	*known = '\0';
	if (!zone_open(name, &zone))
		return NULL;
	memcpy(known, name, length + 1);
	return &zone;
}

const char *outreach_zone(struct ctx *ctx, const char *own, const char *region, const char *fallback)
{
	char country[3] = "", found[ZONE_NAME];

	if (own && zone_known(own))
		return own;
	for (int i = 0; i < 2 && region && isalpha((unsigned char)region[i]); i++)
		country[i] = (char)toupper((unsigned char)region[i]);
	if (country[1] && !isalpha((unsigned char)region[2]) && zone_of_country(country, found))
		return arena_strdup(&ctx->arena, found);
	return fallback;
}

static int64_t offset_at(const struct zone *zone, int64_t at_s)
{
	return zone ? zone_offset(zone, at_s) : 0;
}

static int64_t floor_day(int64_t wall_s)
{
	return (wall_s - (wall_s % DAY_S + DAY_S) % DAY_S) / DAY_S;
}

/* The moment of a wall time; of one that clocks jump over the first moment after it, of one that comes twice the first. */
static int64_t moment_of(const struct zone *zone, int64_t wall_s)
{
	int64_t earlier = wall_s - offset_at(zone, wall_s - DAY_S), later = wall_s - offset_at(zone, wall_s + DAY_S);

	if (earlier + offset_at(zone, earlier) == wall_s)
		return earlier;
	if (later + offset_at(zone, later) == wall_s)
		return later;
	return zone_change(zone, later - 1);
}

static int64_t next_at(const struct zone *zone, int64_t at_s, int64_t of_day_s)
{
	int64_t day = floor_day(at_s + offset_at(zone, at_s)), found;

	while ((found = moment_of(zone, day * DAY_S + of_day_s)) < at_s)
		day++;
	return found;
}

int64_t outreach_awake_s(const char *name, int64_t at_s, int quiet_from, int quiet_until)
{
	const struct zone *zone = zone_known(name);
	int64_t wall_s = at_s + offset_at(zone, at_s);
	int hour = (int)((wall_s - floor_day(wall_s) * DAY_S) / 3600);
	bool quiet = quiet_from < quiet_until ? hour >= quiet_from && hour < quiet_until
					      : quiet_from > quiet_until && (hour >= quiet_from || hour < quiet_until);

	return quiet ? next_at(zone, at_s, quiet_until * 3600) : at_s;
}

int64_t outreach_hour_s(const char *name, int64_t at_s, int hour)
{
	return next_at(zone_known(name), at_s, hour * 3600 + 60);
}
