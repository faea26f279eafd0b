#include "base/clock.h"
#include "base/log.h"
#include "identity/parts.h"
#include "sql.h"
#include "who/audit.h"
#include "who/secret.h"

#include <string.h>

#define NOBODY "00000000-0000-0000-0000-000000000000"

const char *token_hash(struct ctx *ctx, const char *token)
{
	uint8_t hash[32];

	sha256(token, strlen(token), hash);
	return pg_bytes(ctx, hash, sizeof hash);
}

static void id_copy(char out[ID_TEXT], const char *text)
{
	memcpy(out, text, ID_TEXT - 1);
	out[ID_TEXT - 1] = 0;
}

static void tokens_make(struct session_tokens *out)
{
	token_new(TOKEN_ACCESS, out->access);
	token_new(TOKEN_REFRESH, out->refresh);
	out->access_s = SESSION_ACCESS_S;
	out->refresh_s = SESSION_REFRESH_S;
}

enum err client_allowed(struct ctx *ctx, const char *what, const struct rate_limit *limit, const struct client *client)
{
	int retry_after_s;

	if (!client->address || rate_take(arena_printf(&ctx->arena, "%s:%s", what, client->address), limit, &retry_after_s, NULL))
		return OK;
	fail(ctx, ERR_RATE_LIMITED, "Too many attempts from this address");
	ctx->fault.retry_after_s = retry_after_s;
	return ERR_RATE_LIMITED;
}

enum err login_failed(struct ctx *ctx, struct pool *pool, const char *account_id)
{
	PGresult *result;

	TRY(pg_query(ctx, pool, &SQL_AUTH_LOGIN_FAILED,
		PARAMS(account_id ? account_id : NOBODY, pg_int(ctx, LOGIN_FAILURES), pg_int(ctx, LOGIN_LOCK_S)), &result));
	if (PQntuples(result) && pg_true(result, 0, "locked"))
		LOG(LOG_WARN, "login-locked", LOG_T("account", account_id));
	return OK;
}

static enum err login_refuse(struct ctx *ctx, const struct house *house, const char *account_id)
{
	TRY(login_failed(ctx, house->pool, account_id));
	return fail(ctx, ERR_UNAUTHENTICATED, "The e-mail address or the password is wrong, or the account is locked for a while");
}

enum err session_start(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, enum role role,
	const struct client *client, struct session_tokens *out)
{
	PGresult *result;

	tokens_make(out);
	id_new(out->session_id);
	id_copy(out->org_id, org_id);
	id_copy(out->account_id, account_id);
	out->role = role;
	ctx->reads.org_id = arena_strdup(&ctx->arena, org_id);
	TRY(pg_run(lease, &SQL_AUTH_SESSION_START,
		PARAMS(org_id, out->session_id, account_id, token_hash(ctx, out->access), pg_int(ctx, SESSION_ACCESS_S),
			token_hash(ctx, out->refresh), pg_int(ctx, SESSION_REFRESH_S), audit_address(client->address),
			audit_agent(ctx, client->agent)), &result));
	TRY(pg_run(lease, &SQL_AUTH_SESSION_PURGE, PARAMS(org_id, account_id), &result));
	return audit_write(lease, &(struct audit){.org_id = org_id, .actor_kind = "session", .actor_id = account_id, .action = "session.start",
		.entity = "session", .entity_id = out->session_id, .address = client->address, .agent = client->agent});
}

/* Ends the sessions that are too many. */
static enum err session_limit(struct ctx *ctx, struct lease *lease, const struct session_tokens *tokens, const struct client *client,
	bool *ended_out)
{
	PGresult *result;

	TRY(pg_run(lease, &SQL_AUTH_SESSION_LIMIT,
		PARAMS(tokens->org_id, tokens->account_id, pg_int(ctx, conf_int("who.sessions_per_person"))), &result));
	*ended_out = PQntuples(result) > 0;
	for (int row = 0; row < PQntuples(result); row++)
		TRY(audit_write(lease, &(struct audit){.org_id = tokens->org_id, .actor_kind = "system", .action = "session.limit",
			.entity = "session", .entity_id = pg_text(result, row, "id"), .address = client->address, .agent = client->agent}));
	return OK;
}

static enum err lock_note(struct ctx *ctx, struct lease *lease, const PGresult *passed, const struct session_tokens *tokens)
{
	int64_t failures = pg_number(passed, 0, "failed_logins", 0);

	if (!failures)
		return OK;
	return audit_write(lease, &(struct audit){.org_id = tokens->org_id, .actor_kind = "system", .action = "login.failed",
		.entity = "account", .entity_id = tokens->account_id,
		.after = audit_note(ctx, "failures", pg_int(ctx, failures), "locked", pg_true(passed, 0, "was_locked") ? "yes" : "no", NULL)});
}

/* The password was right. */
struct login {
	const PGresult *account;
	const char *new_hash;
	const struct client *client;
	struct session_tokens *tokens;
	bool passed; /* else the account changed meanwhile, and the login is refused as for a wrong password */
	bool ended;  /* other sessions, because of the limit */
};

static enum err login_pass(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct login *login = argument;
	const PGresult *account = login->account;
	const char *id = pg_text(account, 0, "id");
	PGresult *passed;

	TRY(pg_run(lease, &SQL_AUTH_LOGIN_PASSED, PARAMS(id, pg_text(account, 0, "password_hash"), login->new_hash), &passed));
	login->passed = PQntuples(passed) == 1;
	if (!login->passed)
		return OK;
	TRY(session_start(ctx, lease, pg_text(account, 0, "org_id"), id, role_parse(pg_text(account, 0, "role")), login->client,
		login->tokens));
	TRY(session_limit(ctx, lease, login->tokens, login->client, &login->ended));
	return lock_note(ctx, lease, passed, login->tokens);
}

enum err session_login(struct ctx *ctx, const struct house *house, const char *email, const char *password, const char *org_id,
	const struct client *client, struct session_tokens *out)
{
	const struct rate_limit limit = {.per_period = (int)conf_int("who.logins_per_address"), .period_s = LIMIT_PERIOD_S};
	struct login login = {.client = client, .tokens = out};
	char new_hash[PASSWORD_HASH_TEXT];
	bool match, rehash, known;
	PGresult *account;

	TRY(client_allowed(ctx, "login", &limit, client));
	TRY(pg_query(ctx, house->pool, &SQL_AUTH_ACCOUNT_BY_EMAIL, PARAMS(email, org_id), &account));
	known = PQntuples(account) == 1;
	TRY(password_verify(ctx, known ? pg_text(account, 0, "password_hash") : NULL, password, &match, &rehash));
	if (match && !pg_true(account, 0, "locked") && pg_text(account, 0, "org_id")) {
		if (rehash)
			TRY(password_hash(ctx, password, new_hash));
		login.account = account;
		login.new_hash = rehash ? new_hash : NULL;
		TRY(change_run(ctx, house->pool, login_pass, &login));
	}
	if (!login.passed)
		return login_refuse(ctx, house, known ? pg_text(account, 0, "id") : NULL);
	if (login.ended)
		who_forget(ctx, house, out->org_id);
	return OK;
}

struct refresh {
	const char *hash;
	const struct client *client;
	struct session_tokens *tokens;
	bool rotated;
	char replayed_org[ID_TEXT]; /* of a session that was ended, or empty */
};

static enum err replay_check(struct lease *lease, struct refresh *refresh)
{
	const struct client *client = refresh->client;
	PGresult *replayed;

	TRY(pg_run(lease, &SQL_AUTH_SESSION_REPLAYED, PARAMS(refresh->hash), &replayed));
	if (!PQntuples(replayed))
		return OK;
	id_copy(refresh->replayed_org, pg_text(replayed, 0, "org_id"));
	LOG(LOG_WARN, "refresh-replayed", LOG_T("session", pg_text(replayed, 0, "id")));
	return audit_write(lease, &(struct audit){.org_id = refresh->replayed_org, .actor_kind = "system", .action = "session.replayed",
		.entity = "session", .entity_id = pg_text(replayed, 0, "id"), .address = client->address, .agent = client->agent});
}

static enum err refresh_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct refresh *refresh = argument;
	struct session_tokens *tokens = refresh->tokens;
	PGresult *result;

	TRY(pg_run(lease, &SQL_AUTH_SESSION_REFRESH,
		PARAMS(refresh->hash, token_hash(ctx, tokens->access), pg_int(ctx, SESSION_ACCESS_S), token_hash(ctx, tokens->refresh),
			pg_int(ctx, SESSION_REFRESH_S), audit_address(refresh->client->address), audit_agent(ctx, refresh->client->agent)),
		&result));
	refresh->rotated = PQntuples(result) == 1;
	if (!refresh->rotated)
		return replay_check(lease, refresh);
	id_copy(tokens->org_id, pg_text(result, 0, "org_id"));
	id_copy(tokens->session_id, pg_text(result, 0, "id"));
	id_copy(tokens->account_id, pg_text(result, 0, "account_id"));
	tokens->role = role_parse(pg_text(result, 0, "role"));
	ctx->reads.org_id = arena_strdup(&ctx->arena, tokens->org_id);
	return OK;
}

enum err session_refresh(struct ctx *ctx, const struct house *house, const char *token, const struct client *client,
	struct session_tokens *out)
{
	struct refresh refresh = {.hash = token_hash(ctx, token), .client = client, .tokens = out};

	tokens_make(out);
	if (token_parse(token, NULL) == TOKEN_REFRESH)
		TRY(change_run(ctx, house->pool, refresh_run, &refresh));
	if (refresh.rotated)
		return OK;
	if (*refresh.replayed_org)
		who_forget(ctx, house, refresh.replayed_org);
	return fail(ctx, ERR_UNAUTHENTICATED, "The refresh token is unknown, used or expired");
}

struct revocation {
	const char *org_id, *session_id, *account_id;
	const struct client *client;
};

static enum err revoke_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct revocation *session = argument;
	PGresult *result;

	TRY(pg_run(lease, &SQL_AUTH_SESSION_REVOKE, PARAMS(session->org_id, session->session_id, session->account_id), &result));
	if (!PQntuples(result))
		return fail(ctx, ERR_NOT_FOUND, "There is no such session");
	return audit_write(lease, &(struct audit){.org_id = session->org_id, .actor_kind = session->account_id ? "session" : "system",
		.actor_id = session->account_id, .action = "session.revoke", .entity = "session", .entity_id = session->session_id,
		.address = session->client->address, .agent = session->client->agent});
}

enum err session_revoke(struct ctx *ctx, const struct house *house, const char *org_id, const char *session_id,
	const char *account_id, const struct client *client)
{
	struct revocation session = {.org_id = org_id, .session_id = session_id, .account_id = account_id, .client = client};

	TRY(change_run(ctx, house->pool, revoke_run, &session));
	who_forget(ctx, house, org_id);
	return OK;
}
