#include "webhook/parts.h"

#include "base/log.h"
#include "mail/outbox.h"
#include "sql.h"
#include "text/json.h"

#include <string.h>

/* Each in the language of whoever has the address. */
static enum err owner_mail(struct ctx *ctx, struct lease *lease, const char *org_id, struct json_object *view, const char *email,
	const char *name, const char *language)
{
	struct mail_new new = {.org_id = org_id, .kind = "webhook.disabled", .transactional = true,
		.mail = {.to = email, .to_name = name, .live = true}};
	char id[ID_TEXT];
	enum err err = mail_render(ctx, &(struct mail_words){.name = "webhook-disabled", .language = language, .view = view}, &new.mail);

	if (err == OK)
		err = mail_enqueue(ctx, lease, &new, id);
	/* Words that are missing or an address that takes no mail are no reason to go on calling the endpoint. */
	if (err != ERR_INVALID && err != ERR_INTERNAL && !(err == ERR_UNAVAILABLE && !new.mail.text))
		return err;
	LOG(LOG_WARN, "webhook.mail", LOG_T("organisation", org_id), LOG_T("detail", ctx->fault.detail));
	ctx_forgive(ctx);
	return OK;
}

static enum err owners_mail(struct ctx *ctx, struct lease *lease, const char *org_id, const char *url, bool gone)
{
	struct json_object *view = json_own(ctx, json_object_new_object());
	PGresult *owners;

	TRY(pg_run(lease, &SQL_WEBHOOK_OWNERS, PARAMS(org_id), &owners));
	json_object_object_add(view, "url", json_object_new_string(url));
	json_object_object_add(view, "gone", json_object_new_boolean(gone));
	json_object_object_add(view, "days", json_object_new_int(conf_ms("webhook.disable_after") / 86400000));
	for (int i = 0; i < PQntuples(owners); i++) {
		json_object_object_add(view, "organisation", json_object_new_string(pg_text(owners, i, "organisation")));
		TRY(owner_mail(ctx, lease, org_id, view, pg_text(owners, i, "email"), pg_text(owners, i, "name"), pg_text(owners, i, "language")));
	}
	return OK;
}

enum err endpoint_disable(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, const char *reason)
{
	const char *note;
	PGresult *result;

	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_DISABLE, PARAMS(org_id, id, reason, pg_int(ctx, conf_ms("webhook.disable_after") / 1000)), &result));
	if (!PQntuples(result))
		return OK;
	note = audit_note(ctx, "reason", reason, "description", pg_text(result, 0, "description"), NULL);
	TRY(audit_write(lease, &(struct audit){.org_id = org_id, .actor_kind = "system", .actor_id = "webhook.deliver",
		.action = "webhook.disable", .entity = "webhook_endpoint", .entity_id = id, .after = note}));
	TRY(event_add(ctx, lease, &(struct event){.org_id = org_id, .live = pg_true(result, 0, "live"), .actor_kind = "system",
		.actor_id = "webhook.deliver", .entity = "webhook_endpoint", .entity_id = id, .type = "webhook.disabled", .payload = note}, NULL));
	return owners_mail(ctx, lease, org_id, pg_text(result, 0, "url"), strcmp(reason, "gone") == 0);
}
