#include "event/event.h"
#include "identity/parts.h"
#include "sql.h"
#include "who/secret.h"
#include "who/written.h"

#include <string.h>

struct setting {
	const char *account_id;
	const char *new_hash;
	const char *old_hash;        /* that must still be there, or NULL */
	const char *keep_session_id; /* that does not end, or NULL */
	const char *token_hash;      /* of a reset, or NULL */
	const char *action;          /* for the audit log */
	const struct client *client; /* NULL: by the command */
	PGresult *orgs;
};

static enum err setting_audit(struct lease *lease, const struct setting *setting)
{
	const struct client *client = setting->client;

	for (int row = 0; row < PQntuples(setting->orgs); row++)
		TRY(event_audit(lease, &(struct audit){.org_id = pg_text(setting->orgs, row, "org_id"),
			.actor_kind = client ? "session" : "system", .actor_id = client ? setting->account_id : NULL, .action = setting->action,
			.entity = "account", .entity_id = setting->account_id, .address = client ? client->address : NULL,
			.agent = client ? client->agent : NULL}));
	return OK;
}

static enum err setting_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct setting *setting = argument;
	PGresult *result;

	if (setting->token_hash) {
		TRY(pg_run(lease, &SQL_AUTH_RESET_USE, PARAMS(setting->token_hash), &result));
		if (!PQntuples(result))
			return fail(ctx, ERR_GONE, "The link was used or has expired");
	}
	TRY(pg_run(lease, &SQL_AUTH_PASSWORD_SET, PARAMS(setting->account_id, setting->new_hash, setting->old_hash), &result));
	if (!PQntuples(result))
		return fail(ctx, ERR_CONFLICT, "The password was changed meanwhile");
	TRY(pg_run(lease, &SQL_AUTH_SESSION_REVOKE_ALL, PARAMS(setting->account_id, setting->keep_session_id), &result));
	TRY(pg_run(lease, &SQL_AUTH_MEMBERSHIP_ORGS, PARAMS(setting->account_id), &setting->orgs));
	return setting_audit(lease, setting);
}

static enum err setting_apply(struct ctx *ctx, const struct house *house, struct setting *setting)
{
	TRY(change_run(ctx, house->pool, setting_run, setting));
	for (int row = 0; row < PQntuples(setting->orgs); row++) {
		who_forget(ctx, house, pg_text(setting->orgs, row, "org_id"));
		written_note(ctx, house, pg_text(setting->orgs, row, "org_id"));
	}
	return OK;
}

enum err password_change(struct ctx *ctx, const struct house *house, const struct who *who, const char *old_password,
	const char *new_password, const struct client *client)
{
	char new_hash[PASSWORD_HASH_TEXT];
	struct setting setting = {.account_id = who->account_id, .new_hash = new_hash, .keep_session_id = who->session_id,
		.action = "password.change", .client = client};
	bool match, rehash;
	PGresult *account;

	TRY(pg_query(ctx, house->pool, &SQL_AUTH_ACCOUNT_GET, PARAMS(who->account_id), &account));
	if (!PQntuples(account))
		return fail(ctx, ERR_NOT_FOUND, "The account is gone");
	TRY(password_check(ctx, new_password, pg_text(account, 0, "email")));
	if (strcmp(old_password, new_password) == 0)
		return fail_field(ctx, ERR_INVALID, "password", "The new password is the old one");
	setting.old_hash = pg_text(account, 0, "password_hash");
	TRY(password_verify(ctx, setting.old_hash, old_password, &match, &rehash));
	if (!match || pg_true(account, 0, "locked")) {
		TRY(login_failed(ctx, house->pool, who->account_id));
		return fail_field(ctx, ERR_FORBIDDEN, "oldPassword", "The old password is wrong, or the account is locked for a while");
	}
	TRY(password_hash(ctx, new_password, new_hash));
	return setting_apply(ctx, house, &setting);
}

enum err password_reset(struct ctx *ctx, const struct house *house, const char *token, const char *new_password,
	const struct client *client)
{
	char new_hash[PASSWORD_HASH_TEXT];
	struct setting setting = {.new_hash = new_hash, .token_hash = token_hash(ctx, token), .action = "password.reset", .client = client};
	PGresult *reset;

	TRY(pg_query(ctx, house->pool, &SQL_AUTH_RESET_GET, PARAMS(setting.token_hash), &reset));
	if (!PQntuples(reset))
		return fail(ctx, ERR_GONE, "The link was used or has expired");
	TRY(password_check(ctx, new_password, pg_text(reset, 0, "email")));
	TRY(password_hash(ctx, new_password, new_hash));
	setting.account_id = pg_text(reset, 0, "account_id");
	return setting_apply(ctx, house, &setting);
}

enum err password_assign(struct ctx *ctx, const struct house *house, const char *email, const char *password)
{
	char new_hash[PASSWORD_HASH_TEXT];
	struct setting setting = {.new_hash = new_hash, .action = "password.assign"};
	PGresult *account;

	TRY(pg_query(ctx, house->pool, &SQL_AUTH_ACCOUNT_BY_EMAIL, PARAMS(email, NULL), &account));
	if (!PQntuples(account))
		return fail(ctx, ERR_NOT_FOUND, "No account has this address");
	TRY(password_check(ctx, password, email));
	TRY(password_hash(ctx, password, new_hash));
	setting.account_id = pg_text(account, 0, "id");
	return setting_apply(ctx, house, &setting);
}

struct reset {
	const char *email;
	const char *token_hash;
	int life_s;
};

static enum err reset_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct reset *reset = argument;
	PGresult *account, *result;
	const char *id;

	TRY(pg_run(lease, &SQL_AUTH_ACCOUNT_HOLD, PARAMS(reset->email), &account));
	if (!PQntuples(account))
		return fail(ctx, ERR_NOT_FOUND, "No account has this address");
	id = pg_text(account, 0, "id");
	TRY(pg_run(lease, &SQL_AUTH_RESET_PURGE, PARAMS(id), &result));
	TRY(pg_run(lease, &SQL_AUTH_RESET_CREATE,
		PARAMS(id, reset->token_hash, pg_int(ctx, reset->life_s), pg_int(ctx, RESETS_PER_HOUR)), &result));
	return PQntuples(result) ? OK : fail(ctx, ERR_RATE_LIMITED, "This account had %d links within the hour", RESETS_PER_HOUR);
}

enum err password_reset_create(struct ctx *ctx, struct pool *pool, const char *email, int life_s, char token_out[WHO_TOKEN_TEXT])
{
	struct reset reset = {.email = email, .life_s = life_s};

	token_new(TOKEN_RESET, token_out);
	reset.token_hash = token_hash(ctx, token_out);
	return change_run(ctx, pool, reset_run, &reset);
}
