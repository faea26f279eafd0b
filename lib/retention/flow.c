#include "retention/retention.h"

const char *flows_tag(struct ctx *ctx, const char *org_id)
{
	return arena_printf(&ctx->arena, "flow:%s", org_id);
}

void flows_forget(struct ctx *ctx, struct cache *cache, const char *org_id)
{
	if (cache)
		cache_invalidate(ctx, cache, flows_tag(ctx, org_id));
}
