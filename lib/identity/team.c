#include "identity/identity.h"

#include "event/event.h"

static enum err note(struct lease *lease, const struct audit *by, const char *action, const char *account_id, const char *before,
	const char *after)
{
	struct audit audit = *by;

	audit.action = action;
	audit.entity = "account";
	audit.entity_id = account_id;
	audit.before = before;
	audit.after = after;
	return event_audit(lease, &audit);
}

enum err team_add(struct ctx *ctx, struct lease *lease, const struct audit *by, enum role role_of, const char *email, const char *name, enum role role,
	char account_id_out[ID_TEXT])
{
	TRY(owner_guard(ctx, role_of, role));
	TRY(member_add(ctx, lease, by->org_id, email, name, role, account_id_out));
	TRY(note(lease, by, "member.add", account_id_out, NULL, audit_note(ctx, "email", email, "role", role_text(role), NULL)));
	return password_mail_enqueue(ctx, lease, PASSWORD_INVITED, email, by->org_id, conf_string("web.public_url"));
}

enum err team_role(struct ctx *ctx, struct lease *lease, const struct audit *by, enum role role_of, const char *account_id, enum role role)
{
	struct member before;

	TRY(member_role_set(ctx, lease, by->org_id, account_id, role_of, role, &before));
	if (before.role == role)
		return OK;
	return note(lease, by, "member.role", account_id, audit_note(ctx, "role", role_text(before.role), NULL),
		audit_note(ctx, "role", role_text(role), NULL));
}

enum err team_remove(struct ctx *ctx, struct lease *lease, const struct audit *by, enum role role_of, const char *account_id)
{
	struct member before;

	TRY(member_remove(ctx, lease, by->org_id, account_id, role_of, &before));
	return note(lease, by, "member.remove", account_id, audit_note(ctx, "email", before.email, "role", role_text(before.role), NULL), NULL);
}
