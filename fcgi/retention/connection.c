#include "retention/family.h"

#include "event/event.h"
#include "sql.h"
#include "stripe/stripe.h"
#include "who/secret.h"

#include <ctype.h>
#include <string.h>

struct connection_input { const char *mode, *secret_key; };

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

/* sk_live_…, rk_test_…: letters and digits behind it. */
static enum err key_check(struct req *req, const struct connection_input *input)
{
	const char *key = input->secret_key;
	bool secret = strncmp(key, "sk_", 3) == 0 || strncmp(key, "rk_", 3) == 0;
	bool live = secret && strncmp(key + 3, "live_", 5) == 0, test = secret && strncmp(key + 3, "test_", 5) == 0;

	if (!live && !test)
		return fail_field(&req->ctx, ERR_INVALID, "secretKey", "A key that begins with sk_live_, rk_live_, sk_test_ or rk_test_ is needed");
	for (const char *at = key + 8; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return fail_field(&req->ctx, ERR_INVALID, "secretKey", "The key holds characters that Stripe's keys do not have");
	if (live != is_live(input))
		return fail_field(&req->ctx, ERR_INVALID, "secretKey", "The key is of the other mode");
	return OK;
}

/* Asks Stripe whose key it is. A restricted key that may not read the account is good all the same. */
static enum err key_prove(struct req *req, const struct connection_input *input, const char **account_out)
{
	struct stripe_reply reply;
	const char *account;

	*account_out = NULL;
	if (stripe_call(&req->ctx, req->net, input->secret_key, req->who.org_id, "GET", "/v1/account", NULL, NULL, &reply) != OK) {
		ctx_forgive(&req->ctx);
		return fail(&req->ctx, ERR_UPSTREAM, "Stripe cannot be reached to check the key; nothing was stored");
	}
	if (reply.definite && reply.status == 403)
		return OK;
	if (reply.definite && reply.status >= 400)
		return fail_field(&req->ctx, ERR_INVALID, "secretKey", "Stripe refuses this key");
	account = reply.definite ? json_text(reply.body, "id", NULL) : NULL;
	if (!account || !stripe_id(account, "acct_"))
		return fail(&req->ctx, ERR_UPSTREAM, "Stripe's answer about the key cannot be used; nothing was stored");
	*account_out = account;
	return OK;
}

static enum err change_audit(struct lease *lease, struct req *req, const char *action, const char *last4, const char *account)
{
	const struct connection_input *input = req->input;
	struct audit audit = audit_of(req, action, "stripe_connection", input->mode);

	audit.after = arena_printf(&req->ctx.arena, "{\"last4\":\"%s\",\"account\":\"%s\"}", last4, account ? account : "");
	return event_audit(lease, &audit);
}

static enum err connection_store(struct lease *lease, struct req *req, const char *account)
{
	const struct connection_input *input = req->input;
	const char *last4 = input->secret_key + strlen(input->secret_key) - 4;
	const uint8_t *sealed;
	size_t bytes;

	secret_seal(&req->ctx, req->who.org_id, input->secret_key, strlen(input->secret_key), &sealed, &bytes);
	TRY(pg_begin(lease));
	TRY(pg_run(lease, &SQL_RETENTION_CONNECTION_PUT,
		PARAMS(req->who.org_id, pg_bool(is_live(input)), pg_bytes(&req->ctx, sealed, bytes), last4, account), NULL));
	TRY(change_audit(lease, req, "connection.put", last4, account));
	return pg_commit(lease);
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
	const char *account;
	struct lease lease;
	enum err err;

	TRY(key_check(req, req->input));
	TRY(key_prove(req, req->input, &account));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = connection_store(&lease, req, account);
	lease_return(&lease);
	TRY(err);
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
		.shape = REPLY_ROW, .rows = &SQL_RETENTION_CONNECTION_GET, .doc = "Connects a mode to Stripe: asks Stripe about the key and stores it sealed"},
	{.method = METHOD_DELETE, .path = CONNECTION_PATH, .access = ACCESS_PERMISSION, .permission = PERMIT_CONNECTION_WRITE,
		.class = CLASS_ADMIN, .input = MODE_INPUT, .input_size = sizeof(struct connection_input), .run = connection_delete,
		.shape = REPLY_NOTHING, .doc = "Forgets a mode's key; decisions then wait for a person"},
	ROUTE_END};
