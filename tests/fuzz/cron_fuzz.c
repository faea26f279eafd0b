/* A cron text, and after its line the bytes of a zone's file (UTC when they are none): due times come in order, fit the fields, and end. */
#include "job/cron.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_zone(const struct zone *zone)
{
	int64_t at = date_days(-9000, 1, 1) * 86400, next;

	for (int i = 0; i < 64 && at < date_days(9000, 1, 1) * 86400; i++, at = next) {
		next = zone_change(zone, at);
		if (next <= at)
			abort();
		zone_offset(zone, at);
	}
}

static void check_due(const struct cron *cron, const struct zone *zone, int64_t after_us)
{
	int64_t next_us;

	for (int i = 0; i < 16 && cron_next(cron, zone, after_us, &next_us); i++, after_us = next_us) {
		if (next_us <= after_us)
			abort();
		int64_t wall_s = next_us / 1000000 + zone_offset(zone, next_us / 1000000);
		int64_t minute = (wall_s % 86400 + 86400) % 86400 / 60;
		/* What a gap held runs at its end. */
		if (!cron->fixed && (!(cron->minutes >> minute % 60 & 1) || !(cron->hours >> minute / 60 & 1)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t length = end ? (size_t)(end - data) : size, rest = end ? size - length - 1 : 0;
	struct ctx ctx;
	struct cron cron;
	struct zone *zone;

	ctx_init(&ctx);
	zone = arena_alloc(&ctx.arena, sizeof *zone);
	if (rest && zone_read(end + 1, rest, zone))
		check_zone(zone);
	else
		*zone = (struct zone){0};
	if (cron_parse(&ctx, arena_memdup(&ctx.arena, data, length), &cron) == OK) {
		check_due(&cron, zone, INT64_C(1795248900000000));
		check_due(&cron, zone, INT64_C(-2208988800000000));
	} else if (!ctx.fault.detail[0] || strcmp(ctx.fault.field, "cron")) {
		abort();
	}
	ctx_free(&ctx);
	return 0;
}
