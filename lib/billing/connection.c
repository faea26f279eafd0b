#include "billing/parts.h"

#include "sql.h"
#include "who/secret.h"

#include <ctype.h>
#include <string.h>

/* sk_live_…, rk_test_…: letters, digits and '_' behind it. */
static enum err form_check(struct ctx *ctx, const struct billing_connection *connection)
{
	const char *key = connection->secret_key;
	bool secret = strncmp(key, "sk_", 3) == 0 || strncmp(key, "rk_", 3) == 0;
	bool live = secret && strncmp(key + 3, "live_", 5) == 0, test = secret && strncmp(key + 3, "test_", 5) == 0;

	if (!live && !test)
		return fail_field(ctx, ERR_INVALID, "secretKey", "A key that begins with sk_live_, rk_live_, sk_test_ or rk_test_ is needed");
	for (const char *at = key + 8; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return fail_field(ctx, ERR_INVALID, "secretKey", "The key holds characters that Stripe's keys do not have");
	if (live != connection->live)
		return fail_field(ctx, ERR_INVALID, "secretKey", "The key is of the other mode");
	return OK;
}

/* A restricted key that may not read the account is good all the same. */
enum err billing_key_check(struct ctx *ctx, struct net *net, struct billing_connection *connection)
{
	struct stripe_reply reply;
	const char *account;

	TRY(form_check(ctx, connection));
	connection->account = NULL;
	connection->last4 = connection->secret_key + strlen(connection->secret_key) - 4;
	if (stripe_call(ctx, net, connection->secret_key, connection->org_id, "GET", "/v1/account", NULL, NULL, &reply) != OK) {
		ctx_forgive(ctx);
		return fail(ctx, ERR_UPSTREAM, "Stripe cannot be reached to check the key; nothing was stored");
	}
	if (reply.definite && reply.status == 403)
		return OK;
	if (reply.definite && reply.status >= 400)
		return fail_field(ctx, ERR_INVALID, "secretKey", "Stripe refuses this key");
	account = reply.definite ? json_text(reply.body, "id", NULL) : NULL;
	if (!account || !stripe_id(account, "acct_"))
		return fail(ctx, ERR_UPSTREAM, "Stripe's answer about the key cannot be used; nothing was stored");
	connection->account = account;
	return OK;
}

static const char *sealed(struct ctx *ctx, const char *org_id, const char *secret)
{
	const uint8_t *box;
	size_t bytes;

	secret_seal(ctx, org_id, secret, strlen(secret), &box, &bytes);
	return pg_bytes(ctx, box, bytes);
}

/* Two accounts' customers would become one mirror. */
static enum err account_check(struct ctx *ctx, struct lease *lease, const struct billing_connection *connection)
{
	const char *before;
	PGresult *row;

	TRY(pg_run(lease, &SQL_BILLING_ENDPOINT_ACCOUNT, PARAMS(connection->org_id, pg_bool(connection->live)), &row));
	before = PQntuples(row) && pg_true(row, 0, "mirrored") ? pg_text(row, 0, "account") : NULL;
	if (!before || !connection->account || !strcmp(before, connection->account))
		return OK;
	return fail_field(ctx, ERR_CONFLICT, "secretKey",
		"This key is of another Stripe account than the customers stored here: use a key of theirs, or another organisation");
}

enum err billing_connect(struct ctx *ctx, struct lease *lease, const struct billing_connection *connection)
{
	const char *live = pg_bool(connection->live);
	char id[ID_TEXT];

	TRY(account_check(ctx, lease, connection));
	TRY(pg_run(lease, &SQL_BILLING_CONNECTION_PUT, PARAMS(connection->org_id, live, sealed(ctx, connection->org_id, connection->secret_key),
		connection->last4, connection->account), NULL));
	id_new(id);
	TRY(pg_run(lease, &SQL_BILLING_ENDPOINT_ADD, PARAMS(connection->org_id, live, id, connection->account), NULL));
	return billing_check_start(ctx, lease, connection->org_id, connection->live, id);
}

static bool secret_formed(const char *secret)
{
	size_t length = strlen(secret);

	if (strncmp(secret, "whsec_", 6) || length < 16 || length > 255)
		return false;
	for (const char *at = secret; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at > '~')
			return false;
	return true;
}

enum err billing_secret_set(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *secret, int overlap_s,
	char endpoint_out[ID_TEXT])
{
	const uint8_t *box;
	const char *before;
	PGresult *row;
	size_t bytes;

	if (!secret_formed(secret))
		return fail_field(ctx, ERR_INVALID, "secret", "A signing secret of Stripe begins with whsec_");
	TRY(pg_run(lease, &SQL_BILLING_ENDPOINT_HOLD, PARAMS(org_id, pg_bool(live)), &row));
	if (!PQntuples(row))
		return fail(ctx, ERR_CONFLICT, "The %s mode is not connected to Stripe", live ? "live" : "test");
	snprintf(endpoint_out, ID_TEXT, "%s", pg_text(row, 0, "id"));
	/* The same once more must not push the one before out. */
	if (pg_data(ctx, row, 0, "secret_sealed", &box, &bytes)) {
		if (secret_unseal(ctx, org_id, box, bytes, &before, &bytes) != OK)
			ctx_forgive(ctx);
		else if (!strcmp(before, secret))
			return OK;
	}
	return pg_run(lease, &SQL_BILLING_ENDPOINT_SECRET, PARAMS(org_id, pg_bool(live), sealed(ctx, org_id, secret), pg_int(ctx, overlap_s)), NULL);
}

const char *billing_address(struct ctx *ctx, const char *origin, const char *endpoint_id)
{
	return arena_printf(&ctx->arena, "%s/api/v1/stripe/webhook/%s", origin, endpoint_id);
}
