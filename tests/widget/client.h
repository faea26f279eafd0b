/* A client of a family through the dispatcher, and an organisation to be one of. */
#ifndef STOA_TESTS_CLIENT_H
#define STOA_TESTS_CLIENT_H

#include "tests/lib/database.h"

#include "base/log.h"
#include "identity/identity.h"
#include "retention/retention.h"
#include "web/web.h"

#include <strings.h>

struct caller {
	struct req req;
	struct rep rep;
	const char *headers[24];
	struct json_object *reply; /* parsed body, or NULL */
	const char *address; /* of the client; NULL = 192.0.2.1 */
};

static inline const char *client_header(const struct req *req, const char *name)
{
	const struct caller *client = req->transport;

	for (int i = 0; client->headers[i]; i += 2)
		if (strcasecmp(client->headers[i], name) == 0)
			return client->headers[i + 1];
	return NULL;
}

static inline void caller_open(struct caller *client)
{
	*client = (struct caller){0};
	ctx_init(&client->req.ctx);
}

static inline void caller_close(struct caller *client)
{
	reply_free(&client->rep);
	ctx_free(&client->req.ctx);
}

/* One request; the reply stays until the next one. body NULL: none. more: further headers, name and value in turn, NULL-ended, or
 * NULL; they go before the usual ones. reply is parsed when it is JSON. Answers the status. */
static inline int client_send(struct caller *client, const char *method, const char *target, const char *key, const char *body,
	size_t length, const char *const *more)
{
	struct req *req = &client->req;
	struct ctx ctx = req->ctx;
	char *path, *query;
	int count = 0;

	ctx_reset(&ctx);
	*req = (struct req){.ctx = ctx, .transport = client, .header = client_header, .address = client->address ? client->address : "192.0.2.1", .https = true};
	path = arena_strdup(&req->ctx.arena, target);
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	req->method = method;
	req->uri_path = path;
	req->query = query ? query : "";
	req->body = body ? arena_memdup(&req->ctx.arena, body, length) : "";
	req->body_length = length;
	while (more && *more && count < 19)
		client->headers[count++] = *more++;
	if (key) {
		client->headers[count++] = "X-API-Key";
		client->headers[count++] = key;
	}
	if (body) {
		client->headers[count++] = "Content-Type";
		client->headers[count++] = "application/json";
	}
	client->headers[count] = NULL;
	dispatch(req, &client->rep);
	client->reply = NULL;
	if (client->rep.type == BODY_JSON && client->rep.body.length &&
		json_read(&req->ctx, client->rep.body.data, client->rep.body.length, 32, &client->reply) != OK)
		fail_msg("%s %s: not JSON: %s", method, target, client->rep.body.data);
	return client->rep.status;
}

static inline int client_post(struct caller *client, const char *target, const char *key, const char *body)
{
	return client_send(client, "POST", target, key, body, strlen(body), NULL);
}

static inline int client_get(struct caller *client, const char *target, const char *key)
{
	return client_send(client, "GET", target, key, NULL, 0, NULL);
}

static inline const char *client_text(const struct caller *client, const char *name)
{
	return json_text(client->reply, name, "");
}

static inline const char *client_value(const struct caller *client, const char *name)
{
	for (int i = 0; i < client->rep.header_count; i++)
		if (strcasecmp(client->rep.headers[i].name, name) == 0)
			return client->rep.headers[i].value;
	return "";
}

/* Fails the test unless the reply is this problem. */
#define assert_problem(client, status_, code_, field_) \
	do { \
		if ((client)->rep.status != (status_) || strcmp(client_text((client), "code"), (code_)) != 0 || \
			strcmp(client_text((client), "field"), (field_)) != 0) \
			fail_msg("expected %d %s %s, got %d %s", (status_), (code_), (field_), (client)->rep.status, \
				(client)->rep.body.data ? (client)->rep.body.data : ""); \
	} while (0)
#define assert_status(client, status_) \
	do { \
		if ((client)->rep.status != (status_)) \
			fail_msg("expected %d, got %d %s", (status_), (client)->rep.status, (client)->rep.body.data ? (client)->rep.body.data : ""); \
	} while (0)

/* An organisation with keys of both modes and kinds. */
struct tenant {
	char org_id[ID_TEXT];
	struct key_made live, test, server, server_test;
};

static inline void key_add(struct ctx *ctx, struct pool *pool, const char *org_id, bool widget, bool live, struct key_made *made)
{
	static const char *const origins[] = {"https://shop.example"};
	struct lease lease;

	if (lease_take(ctx, pool, &lease) != OK ||
		key_create(ctx, &lease, &(struct key_new){.org_id = org_id, .name = "key", .widget = widget, .live = live, .origins = origins,
			.origin_count = widget ? 1 : 0, .rate_per_minute = 1000000}, made) != OK)
		fail_msg("%s %s", ctx->fault.detail, ctx->fault.internal);
	lease_return(&lease);
}

static inline void tenant_add(struct ctx *ctx, struct pool *pool, struct tenant *tenant)
{
	id_new(tenant->org_id);
	ask(ctx, pool, arena_printf(&ctx->arena, "insert into organisation (org_id, name) values ('%s', 'Tenant')", tenant->org_id));
	key_add(ctx, pool, tenant->org_id, true, true, &tenant->live);
	key_add(ctx, pool, tenant->org_id, true, false, &tenant->test);
	key_add(ctx, pool, tenant->org_id, false, true, &tenant->server);
	key_add(ctx, pool, tenant->org_id, false, false, &tenant->server_test);
}

/* Every offer is made again and again: for tests in which one customer accepts several. */
static inline void offers_open(struct ctx *ctx, struct pool *pool, const char *org_id)
{
	ask(ctx, pool, arena_printf(&ctx->arena, "insert into offer_rule (org_id, offer_type, enabled, period_days, cooldown_days, discounted) "
		"select '%s', t, true, 1, 0, true from unnest(array['discount', 'pause', 'downgrade', 'extension', 'support']) t", org_id));
}

/* An active flow; targeting is SQL for segment, plan, region, ranking_score, cancel_at. Answers its id in ctx memory. */
static inline const char *flow_add(struct ctx *ctx, struct pool *pool, const char *org_id, const char *language, const char *targeting,
	const char *steps)
{
	char id[ID_TEXT];

	id_new(id);
	ask(ctx, pool, arena_printf(&ctx->arena,
		"with f as (insert into flow (org_id, id, name, status, language, languages, segment, plan, region, ranking_score, cancel_at) "
		"values ('%s', '%s', 'Flow', 'active', '%s', array['%s'], %s) returning *), "
		"v as (insert into flow_version (org_id, flow_id, version, steps, settings) select org_id, id, 1, '%s', "
		"jsonb_build_object('name', name, 'language', language, 'cancelAt', cancel_at) from f returning *) "
		"insert into flow_draft (org_id, flow_id, published, document) select org_id, flow_id, 1, settings || jsonb_build_object('steps', steps) "
		"from v", org_id, id, language, language, targeting, steps));
	return arena_strdup(&ctx->arena, id);
}

/* A flow with a step of every type, in the order of enum step_type. */
#define EVERY_STEP \
	"[{\"type\":\"survey\",\"title\":\"Why?\",\"message\":\"M\",\"config\":{\"options\":[{\"code\":\"unused\",\"text\":\"x\"}," \
	"{\"code\":\"too_expensive\",\"text\":\"y\"}],\"allowText\":true}}," \
	"{\"type\":\"discount\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"percentage\":30,\"duration\":\"repeating\",\"months\":3}}," \
	"{\"type\":\"pause\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"months\":[1,3]}}," \
	"{\"type\":\"downgrade\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"plan\":\"Basic\",\"price\":\"price_basic\"}}," \
	"{\"type\":\"extension\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"days\":14}}," \
	"{\"type\":\"support\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"email\":\"help@example.com\"}}," \
	"{\"type\":\"feedback\",\"title\":\"T\",\"message\":\"M\"}," \
	"{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\"}]"
#define ANYBODY "null, null, null, 50, 'host'"
#define ANYBODY_STRIPE "null, null, null, 50, 'stripe'"

/* The test's own unit of work and its connections, opened in its group's setup. */
static struct ctx setup;
static struct pool *pool;

/* Runs SQL that must succeed; its first value, or "", in memory of setup. */
static inline const char *sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline const char *sql(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	return arena_strdup(&setup.arena, ask(&setup, pool, text));
}

#endif
