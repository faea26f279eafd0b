#include "identity/parts.h"

#include "event/event.h"
#include "sql.h"
#include "who/audit.h"

#include <string.h>

enum err organisation_may_register(struct ctx *ctx, struct lease *lease)
{
	PGresult *result;

	if (strcmp(conf_string("who.registration"), "open") == 0)
		return OK;
	if (lease->in_transaction)
		TRY(pg_run(lease, &SQL_AUTH_REGISTRATION_LOCK, NULL, &result));
	TRY(pg_run(lease, &SQL_AUTH_ORGANISATION_ANY, NULL, &result));
	return PQntuples(result) ? fail(ctx, ERR_FORBIDDEN, "Registration is closed here: ask an owner to add you") : OK;
}

enum err organisation_create(struct ctx *ctx, struct lease *lease, const struct organisation_new *new, char org_id_out[ID_TEXT],
	char account_id_out[ID_TEXT])
{
	const struct client *client = new->client;
	PGresult *result;

	id_new(org_id_out);
	id_new(account_id_out);
	TRY(pg_run(lease, &SQL_AUTH_ACCOUNT_CREATE,
		PARAMS(account_id_out, new->email, new->person ? new->person : "", new->password_hash), &result));
	if (!PQntuples(result))
		return fail_field(ctx, ERR_CONFLICT, "email", "This e-mail address has an account: sign in with it");
	TRY(pg_run(lease, &SQL_AUTH_ORGANISATION_CREATE, PARAMS(org_id_out, new->name), &result));
	TRY(pg_run(lease, &SQL_AUTH_MEMBER_CREATE, PARAMS(org_id_out, account_id_out, role_text(ROLE_OWNER)), &result));
	return audit_write(lease, &(struct audit){.org_id = org_id_out, .actor_kind = client ? "session" : "system",
		.actor_id = client ? account_id_out : NULL, .action = "organisation.create", .entity = "organisation", .entity_id = org_id_out,
		.after = audit_note(ctx, "name", new->name, "owner", new->email, NULL), .address = client ? client->address : NULL,
		.agent = client ? client->agent : NULL});
}

enum err organisation_rename(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *name)
{
	struct audit audit = *by;
	PGresult *before;

	TRY(pg_run(lease, &SQL_AUTH_ORGANISATION_NAME, PARAMS(by->org_id), &before));
	if (!PQntuples(before))
		return fail(ctx, ERR_NOT_FOUND, "There is no such organisation");
	TRY(pg_run(lease, &SQL_AUTH_ORGANISATION_UPDATE, PARAMS(by->org_id, name), NULL));
	audit.action = "organisation.update";
	audit.entity = "organisation";
	audit.entity_id = by->org_id;
	audit.before = audit_note(ctx, "name", pg_text(before, 0, "name"), NULL);
	audit.after = audit_note(ctx, "name", name, NULL);
	return event_audit(lease, &audit);
}
