#include "billing/parts.h"

#include "sql.h"
#include "who/secret.h"

#include <string.h>

static enum err secret_open_column(struct ctx *ctx, const PGresult *row, const char *column, const char *org_id, const char **secret_out)
{
	const uint8_t *sealed;
	size_t bytes;

	*secret_out = NULL;
	return pg_data(ctx, row, 0, column, &sealed, &bytes) ? secret_unseal(ctx, org_id, sealed, bytes, secret_out, &bytes) : OK;
}

enum err billing_endpoint_find(struct ctx *ctx, struct pool *pool, const char *id, struct billing_endpoint *endpoint_out)
{
	PGresult *row;

	*endpoint_out = (struct billing_endpoint){0};
	TRY(pg_query(ctx, pool, &SQL_BILLING_ENDPOINT_FIND, PARAMS(id), &row));
	if (!PQntuples(row))
		return fail(ctx, ERR_NOT_FOUND, "There is no such endpoint, or its secret has not been entered yet");
	snprintf(endpoint_out->org_id, ID_TEXT, "%s", pg_text(row, 0, "org_id"));
	endpoint_out->live = pg_true(row, 0, "live");
	endpoint_out->account = pg_text(row, 0, "account");
	TRY(secret_open_column(ctx, row, "secret_sealed", endpoint_out->org_id, &endpoint_out->secrets[0]));
	return secret_open_column(ctx, row, "before_sealed", endpoint_out->org_id, &endpoint_out->secrets[1]);
}

static enum err unreadable(struct ctx *ctx, const char *what)
{
	return fail(ctx, ERR_BAD_INPUT, "This is no event of Stripe: %s", what);
}

static bool text_fits(const char *text, size_t least, size_t most)
{
	return text && strlen(text) >= least && strlen(text) <= most;
}

static enum err event_check(struct ctx *ctx, const struct billing_endpoint *endpoint, struct json_object *event)
{
	const char *object = json_object_is_type(event, json_type_object) ? json_text(event, "object", "") : "";
	const char *account = json_text(event, "account", NULL);
	struct json_object *live = NULL;

	if (!strncmp(object, "v2.", 3))
		return fail_field(ctx, ERR_INVALID, "object", "Thin events are not taken: choose snapshot payloads for this endpoint at Stripe");
	if (strcmp(object, "event"))
		return unreadable(ctx, "its object is something else");
	if (!json_object_object_get_ex(event, "livemode", &live) || !json_object_is_type(live, json_type_boolean))
		return unreadable(ctx, "it has no livemode");
	if (json_object_get_boolean(live) != endpoint->live)
		return fail_field(ctx, ERR_INVALID, "livemode", "This address is for %s events", endpoint->live ? "live" : "test");
	if (account && (!endpoint->account || strcmp(account, endpoint->account)))
		return fail_field(ctx, ERR_INVALID, "account", "This address is for the events of another account");
	return OK;
}

enum err event_store(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *source, struct json_object *event,
	const char *text, bool *new_out)
{
	struct json_object *data = NULL, *object = NULL, *payload;
	const char *id = json_text(event, "id", NULL), *type = json_text(event, "type", NULL);
	int64_t created = json_int(event, "created", -1);
	PGresult *added;

	json_object_object_get_ex(event, "data", &data);
	if (json_object_is_type(data, json_type_object))
		json_object_object_get_ex(data, "object", &object);
	if (!text_fits(id, 5, 255) || !text_fits(type, 1, 255) || created < 0 || created > UINT32_MAX || !json_object_is_type(object, json_type_object))
		return unreadable(ctx, "id, type, created or data.object is missing");
	TRY(pg_run(lease, &SQL_BILLING_EVENT_ADD, PARAMS(org_id, pg_bool(live), id, type, json_text(object, "id", NULL),
		json_text(event, "api_version", NULL), pg_int(ctx, created), source, billing_type_known(type) ? text : NULL), &added));
	*new_out = PQntuples(added) > 0;
	if (!*new_out || strcmp(pg_text(added, 0, "state"), "waiting"))
		return OK;
	payload = json_own(ctx, json_object_new_object());
	json_object_object_add(payload, "org", json_object_new_string(org_id));
	json_object_object_add(payload, "live", json_object_new_boolean(live));
	json_object_object_add(payload, "event", json_object_new_string(id));
	return job_enqueue(ctx, lease, &JOB_STRIPE_EVENT, &(struct job_new){.org_id = org_id,
		.payload = json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PLAIN)}, NULL);
}

static enum err receive_in(struct ctx *ctx, struct lease *lease, const struct billing_endpoint *endpoint, struct json_object *event,
	const char *text)
{
	bool new;

	TRY(pg_begin(lease));
	TRY(event_store(ctx, lease, endpoint->org_id, endpoint->live, "webhook", event, text, &new));
	if (new)
		TRY(pg_run(lease, &SQL_BILLING_ENDPOINT_HEARD, PARAMS(endpoint->org_id, pg_bool(endpoint->live)), NULL));
	return pg_commit(lease);
}

enum err billing_receive(struct ctx *ctx, struct pool *pool, const struct billing_endpoint *endpoint, const char *body, size_t bytes)
{
	struct json_object *event;
	struct lease lease;
	enum err err;

	TRY(json_read(ctx, body, bytes, BILLING_DEPTH, &event));
	TRY(event_check(ctx, endpoint, event));
	TRY(lease_take(ctx, pool, &lease));
	err = receive_in(ctx, &lease, endpoint, event, body);
	lease_return(&lease);
	return err;
}
