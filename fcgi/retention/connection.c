#include "retention/family.h"

#include "billing/billing.h"
#include "event/event.h"
#include "identity/identity.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

struct connection_input { const char *mode, *secret_key; };

struct connection_change {
	struct req *req;
	struct billing_connection connection;
};

#define MODE_FIELD INPUT(struct connection_input, mode, "mode", IN_PATH, FIELD_ENUM, .required = true, .choices = "live|test", .doc = "the mode")

static const struct field MODE_INPUT[] = {MODE_FIELD, FIELD_END};
static const struct field PUT_INPUT[] = {
	MODE_FIELD,
	INPUT(struct connection_input, secret_key, "secretKey", IN_BODY, FIELD_TEXT, .required = true, .least = 16, .most = 255,
		.doc = "Stripe's secret (sk_) or restricted (rk_) key of this mode; never shown again"),
	FIELD_END};

static bool is_live(const struct connection_input *input)
{
	return strcmp(input->mode, "live") == 0;
}

static enum err change_audit(struct lease *lease, struct req *req, const char *action, const char *last4, const char *account)
{
	const struct connection_input *input = req->input;
	struct audit audit = audit_of(req, action, "stripe_connection", input->mode);

	audit.after = arena_printf(&req->ctx.arena, "{\"last4\":\"%s\",\"account\":\"%s\"}", last4, account ? account : "");
	return event_audit(lease, &audit);
}

static enum err connection_store(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct connection_change *change = argument;

	TRY(billing_connect(ctx, lease, &change->connection));
	return change_audit(lease, change->req, "connection.put", change->connection.last4, change->connection.account);
}

static enum err connection_get(struct req *req, struct rep *rep)
{
	const struct connection_input *input = req->input;
	bool live;

	TRY(mode_choose(req, true, is_live(input), &live));
	return reply_row(req, rep, PARAMS(req->who.org_id, pg_bool(live)), "connection");
}

static enum err connection_put(struct req *req, struct rep *rep)
{
	const struct connection_input *input = req->input;
	struct connection_change change = {req, {.org_id = req->who.org_id, .live = is_live(input), .secret_key = input->secret_key}};

	TRY(billing_key_check(&req->ctx, req->net, &change.connection));
	TRY(change_run(&req->ctx, req->house.pool, connection_store, &change));
	return connection_get(req, rep);
}

static enum err connection_remove(struct lease *lease, struct req *req)
{
	const struct connection_input *input = req->input;
	PGresult *result;

	TRY(pg_begin(lease));
	TRY(pg_run(lease, &SQL_RETENTION_CONNECTION_DELETE, PARAMS(req->who.org_id, pg_bool(is_live(input))), &result));
	if (PQntuples(result) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "No such connection");
	TRY(change_audit(lease, req, "connection.delete", pg_text(result, 0, "last4"), NULL));
	return pg_commit(lease);
}

static enum err connection_delete(struct req *req, struct rep *rep)
{
	struct lease lease;
	enum err err;

	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = connection_remove(&lease, req);
	lease_return(&lease);
	rep->status = 204;
	return err;
}

#define CONNECTION_PATH "/api/v1/retention/connection/:mode"

const struct route RETENTION_CONNECTION_ROUTES[] = {
	{.method = METHOD_GET, .path = CONNECTION_PATH, .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_ADMIN, .input = MODE_INPUT, .input_size = sizeof(struct connection_input), .run = connection_get,
		.shape = REPLY_ROW, .rows = &SQL_RETENTION_CONNECTION_GET, .doc = "Reads which Stripe account a mode is connected to"},
	{.method = METHOD_PUT, .path = CONNECTION_PATH, .access = ACCESS_PERMISSION, .permission = PERMIT_CONNECTION_WRITE,
		.class = CLASS_LLM, .input = PUT_INPUT, .input_size = sizeof(struct connection_input), .run = connection_put,
		.shape = REPLY_ROW, .rows = &SQL_RETENTION_CONNECTION_GET, .budget = &BUDGET_RULED, .doc = "Connects a mode to Stripe: asks Stripe about the key, stores it sealed and checks what it may do"},
	{.method = METHOD_DELETE, .path = CONNECTION_PATH, .access = ACCESS_PERMISSION, .permission = PERMIT_CONNECTION_WRITE,
		.class = CLASS_ADMIN, .input = MODE_INPUT, .input_size = sizeof(struct connection_input), .run = connection_delete,
		.shape = REPLY_NOTHING, .budget = &BUDGET_CHANGE, .doc = "Forgets a mode's key; decisions then wait for a person"},
	ROUTE_END};
