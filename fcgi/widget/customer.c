#include "widget/customer.h"

#include <string.h>

#define CUSTOMER_LIFE_MS 60000
#define CLICKS_EXACT 10 /* beyond it the count may be a minute old, so that a storm of clicks costs no writes to the cache */
#define ATTRIBUTE_NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

static const char *customer_tag(struct req *req, const char *user_id)
{
	return arena_printf(&req->ctx.arena, "customer:%s%c%s", req->who.org_id, req->who.live ? '+' : '-', user_id);
}

struct lookup { struct req *req; const char *user_id, *subscription; int64_t stamp; };

static enum err state_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	struct lookup *lookup = argument;
	const struct who *who = &lookup->req->who;
	struct buffer text = {0};

	lookup->stamp = cache_stamp(lookup->req->house.cache);
	TRY(customer_state_fetch(ctx, lookup->req->house.pool, who->org_id, who->live, lookup->user_id, lookup->subscription, &text));
	*value_out = (struct cached){.data = arena_memdup(&ctx->arena, text.data, text.length), .length = text.length};
	buffer_free(&text);
	return OK;
}

enum err customer_load(struct req *req, const char *user_id, const char *subscription, struct customer *customer_out)
{
	struct ctx *ctx = &req->ctx;
	struct lookup lookup = {req, user_id, subscription, cache_stamp(req->house.cache)};
	const char *attributes;
	struct cached value;

	*customer_out = (struct customer){.plan = {.space = "customer", .life_ms = CUSTOMER_LIFE_MS, .local_ms = CUSTOMER_LIFE_MS,
		.tags = {customer_tag(req, user_id)}, .key = arena_printf(&ctx->arena, "%s%c%s\n%s", req->who.org_id, req->who.live ? '+' : '-',
			user_id, subscription ? subscription : "")}};
	TRY(cache_fetch(ctx, req->house.cache, &customer_out->plan, state_load, &lookup, &value));
	customer_out->stamp = lookup.stamp;
	customer_out->text = arena_memdup(&ctx->arena, value.data, value.length);
	customer_out->length = value.length;
	if (!customer_state_read(ctx, customer_out->text, value.length, &customer_out->state, &attributes))
		return fail(ctx, ERR_INTERNAL, "What is cached of a customer cannot be read");
	customer_out->repeated = customer_out->state.facts.attempts > 0;
	if (attributes)
		TRY(json_read(ctx, attributes, strlen(attributes), JSON_DEPTH, &customer_out->state.facts.attributes));
	return OK;
}

enum err customer_read(struct req *req, const char *user_id, const char *subscription, struct customer_state *state_out)
{
	struct lookup lookup = {req, user_id, subscription, 0};
	const char *attributes;
	struct cached value;

	TRY(state_load(&req->ctx, &lookup, &value));
	return customer_state_read(&req->ctx, value.data, value.length, state_out, &attributes)
		? OK : fail(&req->ctx, ERR_INTERNAL, "What is known of a customer cannot be read");
}

void customer_clicked(struct req *req, struct customer *customer)
{
	if (customer->state.facts.attempts >= CLICKS_EXACT)
		return;
	customer_state_click(customer->text);
	cache_put(&req->ctx, req->house.cache, &customer->plan, customer->stamp, customer->text, customer->length);
}

void customer_forget(struct req *req, const char *user_id)
{
	if (req->house.cache)
		cache_invalidate(&req->ctx, req->house.cache, customer_tag(req, user_id));
}

static enum err attribute_fail(struct req *req, const char *name, const char *what)
{
	bool fits = *name && strlen(name) <= CONDITION_NAME && name[strspn(name, ATTRIBUTE_NAME)] == '\0';

	return fail_field(&req->ctx, ERR_INVALID, fits ? arena_printf(&req->ctx.arena, "attributes.%s", name) : "attributes", "%s", what);
}

enum err attributes_check(struct req *req, struct json_object *attributes, struct signed_field *fields, int *count)
{
	if (!attributes)
		return OK;
	if (!json_object_is_type(attributes, json_type_object) || json_object_object_length(attributes) > ATTRIBUTES_MOST)
		return fail_field(&req->ctx, ERR_INVALID, "attributes", "attributes must be an object of at most %d members", ATTRIBUTES_MOST);
	json_object_object_foreach(attributes, name, value) {
		const char *text;

		if (!*name || strlen(name) > CONDITION_NAME || name[strspn(name, ATTRIBUTE_NAME)])
			return attribute_fail(req, name, "An attribute's name has 1 to 40 letters, digits, '_', '.' or '-'");
		if (!attribute_fits(value, &text))
			return attribute_fail(req, name, "An attribute is a text without control characters, a decimal of at most 12 digits and 6 behind "
				"the point, or a boolean");
		fields[(*count)++] = (struct signed_field){arena_printf(&req->ctx.arena, "attributes.%s", name), text};
	}
	return OK;
}
