#include "identity/parts.h"
#include "sql.h"

#include <string.h>

/* The account of the address, made without a usable password when there is none. */
static enum err account_of(struct lease *lease, const char *email, const char *name, char id_out[ID_TEXT])
{
	PGresult *result;

	id_new(id_out);
	TRY(pg_run(lease, &SQL_AUTH_ACCOUNT_CREATE, PARAMS(id_out, email, name ? name : "", ""), &result));
	if (PQntuples(result))
		return OK;
	TRY(pg_run(lease, &SQL_AUTH_ACCOUNT_HOLD, PARAMS(email), &result));
	if (!PQntuples(result))
		return fail(lease->ctx, ERR_CONFLICT, "The account changed meanwhile");
	memcpy(id_out, pg_text(result, 0, "id"), ID_TEXT);
	return OK;
}

enum err owner_guard(struct ctx *ctx, enum role by, enum role role)
{
	if (role == ROLE_OWNER && by != ROLE_OWNER)
		return fail(ctx, ERR_FORBIDDEN, "Only an owner may make, change or remove an owner");
	return OK;
}

enum err member_add(struct ctx *ctx, struct lease *lease, const char *org_id, const char *email, const char *name, enum role role,
	char account_id_out[ID_TEXT])
{
	PGresult *result;

	TRY(account_of(lease, email, name, account_id_out));
	TRY(pg_run(lease, &SQL_AUTH_MEMBER_CREATE, PARAMS(org_id, account_id_out, role_text(role)), &result));
	return PQntuples(result) ? OK : fail_field(ctx, ERR_CONFLICT, "email", "This person is a member already");
}

/* The owners are held first, always: two changes at once wait for each other instead of leaving no owner, or blocking. */
static enum err member_hold(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, enum role by,
	struct member *member_out, bool *last_owner_out)
{
	PGresult *owners, *member;

	TRY(pg_run(lease, &SQL_AUTH_OWNERS_LOCK, PARAMS(org_id), &owners));
	TRY(pg_run(lease, &SQL_AUTH_MEMBER_HOLD, PARAMS(org_id, account_id), &member));
	if (!PQntuples(member))
		return fail(ctx, ERR_NOT_FOUND, "There is no such member");
	member_out->role = role_parse(pg_text(member, 0, "role"));
	member_out->email = pg_text(member, 0, "email");
	*last_owner_out = member_out->role == ROLE_OWNER && PQntuples(owners) == 1;
	return owner_guard(ctx, by, member_out->role);
}

static enum err last_owner(struct ctx *ctx)
{
	return fail(ctx, ERR_CONFLICT, "An organisation needs an owner: make another one first");
}

enum err member_role_set(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, enum role by, enum role role,
	struct member *before_out)
{
	PGresult *result;
	bool is_last;

	TRY(member_hold(ctx, lease, org_id, account_id, by, before_out, &is_last));
	TRY(owner_guard(ctx, by, role));
	if (is_last && role != ROLE_OWNER)
		return last_owner(ctx);
	return pg_run(lease, &SQL_AUTH_MEMBER_ROLE, PARAMS(org_id, account_id, role_text(role)), &result);
}

enum err member_remove(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id, enum role by,
	struct member *before_out)
{
	PGresult *result;
	bool is_last;

	TRY(member_hold(ctx, lease, org_id, account_id, by, before_out, &is_last));
	if (is_last)
		return last_owner(ctx);
	TRY(pg_run(lease, &SQL_AUTH_MEMBER_REMOVE, PARAMS(org_id, account_id), &result));
	return pg_run(lease, &SQL_AUTH_ACCOUNT_PURGE, PARAMS(account_id), &result);
}
