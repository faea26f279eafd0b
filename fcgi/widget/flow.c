#include "widget/choose.h"
#include "widget/family.h"

#include "base/clock.h"
#include "retention/flow.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define FLOW_LIFE_MS 300000

struct flow_input { const char *id; };

static const struct field FLOW_INPUT[] = {
	INPUT(struct flow_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow"),
	FIELD_END};

static const struct field FLOW_REPLY[] = {
	REPLY("flowId", FIELD_ID, .required = true, .doc = "the flow"),
	REPLY("flowVersion", FIELD_INT, .required = true, .doc = "its version"),
	REPLY("name", FIELD_TEXT, .required = true, .doc = "its name"),
	REPLY("language", FIELD_TEXT, .required = true, .doc = "two letters"),
	REPLY("steps", FIELD_JSON, .required = true, .doc = "array of steps in their stored order"),
	FIELD_END};

struct flow_load { const struct req *req; const char *id; };

/* The cached text is the version in decimal, from when and until when customers see the flow in seconds, and then the reply; each but the
 * last ended by NUL. */
enum { CACHED_VERSION, CACHED_FROM, CACHED_UNTIL, CACHED_TEXTS };

static enum err flow_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct flow_load *load = argument;
	struct buffer text = {0};
	struct json_object *steps;
	const char *stored, *name;
	PGresult *result;

	TRY(pg_query(ctx, load->req->house.pool, &SQL_WIDGET_FLOW_GET, PARAMS(load->req->who.org_id, load->id), &result));
	if (PQntuples(result) == 0) {
		value_out->absent = true;
		return OK;
	}
	stored = pg_text(result, 0, "steps");
	name = pg_text(result, 0, "name");
	TRY(json_read(ctx, stored, strlen(stored), JSON_DEPTH, &steps));
	steps = flow_localise(ctx, steps, pg_text(result, 0, "language"), pg_text(result, 0, "language"));
	buffer_printf(&text, "%s%c%s%c%s%c", pg_text(result, 0, "version"), '\0', pg_text(result, 0, "active_from"), '\0',
		pg_text(result, 0, "active_until"), '\0');
	buffer_printf(&text, "{\"flowId\":\"%s\",\"flowVersion\":%s,\"name\":", pg_text(result, 0, "id"), pg_text(result, 0, "version"));
	buffer_json(&text, name, strlen(name));
	buffer_printf(&text, ",\"language\":\"%s\",\"steps\":", pg_text(result, 0, "language"));
	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		buffer_char(&text, i ? ',' : '[');
		flow_step_write(&text, json_object_array_get_idx(steps, i), (int)i);
		buffer_char(&text, '}');
	}
	buffer_text(&text, "]}");
	value_out->data = arena_memdup(&ctx->arena, text.data, text.length);
	value_out->length = text.length;
	buffer_free(&text);
	return OK;
}

static enum err widget_flow_get(struct req *req, struct rep *rep)
{
	const struct flow_input *input = req->input;
	struct flow_load load = {req, input->id};
	struct arena *arena = &req->ctx.arena;
	const struct cache_plan plan = {.space = "flow", .key = arena_printf(arena, "%s:%s", req->who.org_id, input->id),
		.tags = {flows_tag(&req->ctx, req->who.org_id)}, .life_ms = FLOW_LIFE_MS};
	const char *texts[CACHED_TEXTS], *at;
	struct cached value;
	int64_t now_s = clock_wall_s();

	TRY(cache_fetch(&req->ctx, req->house.cache, &plan, flow_load, &load, &value));
	at = value.data;
	for (int i = 0; !value.absent && i < CACHED_TEXTS; i++, at += strlen(at) + 1)
		texts[i] = at;
	if (value.absent || (*texts[CACHED_FROM] && strtoll(texts[CACHED_FROM], NULL, 10) > now_s) ||
		(*texts[CACHED_UNTIL] && strtoll(texts[CACHED_UNTIL], NULL, 10) <= now_s))
		return fail(&req->ctx, ERR_NOT_FOUND, "No such flow is active");
	reply_header(rep, "Cache-Control", "private, no-cache");
	if (reply_etag(req, rep, arena_printf(arena, "\"%s-%s\"", input->id, texts[CACHED_VERSION])))
		return OK;
	rep->type = BODY_JSON;
	buffer_add(&rep->body, at, value.length - (size_t)(at - value.data));
	return OK;
}

const struct route WIDGET_FLOW_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/widget/flow/:id", .access = ACCESS_PERMISSION, .permission = PERMIT_WIDGET_USE,
		.class = CLASS_WIDGET, .input = FLOW_INPUT, .input_size = sizeof(struct flow_input), .run = widget_flow_get,
		.shape = REPLY_FIELDS, .reply = FLOW_REPLY, .cors = true, .etag = true, .doc = "Reads an active flow"},
	ROUTE_END};
