#include "retention/figures.h"

#include "base/clock.h"

#include <string.h>

enum err figures_scope(struct req *req, const struct figures_input *input, struct measure_scope *scope_out, int *days_out)
{
	struct ctx *ctx = &req->ctx;
	int64_t from, to = clock_wall_s() / 86400;

	*scope_out = (struct measure_scope){.org_id = req->who.org_id, .currency = input->currency, .flow = input->flow, .segment = input->segment,
		.plan = input->plan, .language = input->language, .policy = input->policy, .experiment = input->experiment};
	TRY(mode_choose(req, input->live_given, input->live, &scope_out->live));
	if (input->to)
		TRY(day_read(ctx, "to", input->to, &to));
	from = to - FIGURES_DAYS + 1;
	if (input->from)
		TRY(day_read(ctx, "from", input->from, &from));
	if (from > to)
		return fail_field(ctx, ERR_INVALID, "from", "from must not lie behind to");
	if (to - from >= FIGURES_MOST)
		return fail_field(ctx, ERR_INVALID, "from", "At most %d days at once", FIGURES_MOST);
	if (input->currency && strspn(input->currency, "abcdefghijklmnopqrstuvwxyz") != 3)
		return fail_field(ctx, ERR_INVALID, "currency", "currency must be three lower-case letters");
	if (input->variant_given) {
		if (!input->experiment)
			return fail_field(ctx, ERR_INVALID, "variant", "variant needs its experiment");
		scope_out->experiment = NULL;
		scope_out->variant = arena_printf(&ctx->arena, "%s:%lld", input->experiment, (long long)input->variant);
	}
	scope_out->from = day_text(ctx, from);
	scope_out->to = day_text(ctx, to);
	*days_out = (int)(to - from) + 1;
	return OK;
}

struct loading {
	const struct req *req;
	const struct measure_scope *scope;
	const struct figures *figures;
};

static void definitions_write(struct buffer *out, const char *const *names, const char *language)
{
	buffer_text(out, ",\"definitions\":{");
	for (int i = 0; names[i]; i++) {
		const char *text = measure_definition(names[i], language);

		buffer_printf(out, "%s\"%s\":", i ? "," : "", names[i]);
		buffer_json(out, text, strlen(text));
	}
	buffer_char(out, '}');
}

static enum err load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct loading *loading = argument;
	const struct figures_input *input = loading->req->input;
	const struct measure_scope *scope = loading->scope;
	struct buffer out = {0};
	struct lease lease;
	enum err err;

	buffer_printf(&out, "{\"from\":\"%s\",\"to\":\"%s\",\"zone\":\"UTC\",\"live\":%s", scope->from, scope->to, scope->live ? "true" : "false");
	err = lease_take(ctx, loading->req->house.pool, &lease);
	if (err == OK)
		err = loading->figures->write(&lease, scope, loading->figures->argument, &out);
	lease_return(&lease);
	definitions_write(&out, loading->figures->definitions, input->definitions);
	buffer_char(&out, '}');
	if (err == OK)
		*value_out = (struct cached){.data = arena_memdup(&ctx->arena, out.data, out.length), .length = out.length};
	buffer_free(&out);
	return err;
}

enum err figures_reply(struct req *req, struct rep *rep, const struct figures *figures, const char *extra)
{
	const struct figures_input *input = req->input;
	struct ctx *ctx = &req->ctx;
	struct measure_scope scope;
	struct cached value;
	int days;

	TRY(figures_scope(req, input, &scope, &days));
	struct loading loading = {req, &scope, figures};
	const char *const *params = measure_params(ctx, &scope);
	const struct cache_plan plan = {.space = "figures", .life_ms = figures->life_ms, .tags = {measure_tag(ctx, scope.org_id, scope.live)},
		.key = arena_printf(&ctx->arena, "%s %s %s %s %s %s %s %s %s", figures->name, params[0], params[1], params[2], params[3],
			scope.currency ? scope.currency : "-", input->definitions ? input->definitions : "en", params[4], extra)};
	TRY(cache_fetch(ctx, req->house.cache, &plan, load, &loading, &value));
	rep->type = BODY_JSON;
	buffer_add(&rep->body, value.data, value.length);
	return OK;
}
