#include "who/written.h"

#include <stdlib.h>
#include <string.h>

#define UUID_RANDOM 28 /* its last digits */

static const char *tag_of(struct ctx *ctx, const char *org_id)
{
	return arena_printf(&ctx->arena, "written:%s", org_id);
}

void written_note(struct ctx *ctx, const struct house *house, const char *org_id)
{
	if (pool_replicated(house->pool))
		cache_invalidate(ctx, house->cache, tag_of(ctx, org_id));
}

void written_read(struct ctx *ctx, const struct house *house, const char *org_id)
{
	int64_t last;
	if (!pool_replicated(house->pool))
		return;
	const char *tag = tag_of(ctx, org_id);
	if (!cache_invalidated(ctx, house->cache, tag, &last)) {
		cache_invalidate(ctx, house->cache, tag); /* later reads then find a note */
		return;
	}
	ctx->reads.since = last;
	ctx->reads.by = (uint32_t)strtoul(org_id + UUID_RANDOM, NULL, 16);
}
