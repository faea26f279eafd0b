#include "webhook/parts.h"

#include "sql.h"

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
	return event_add(ctx, lease, &(struct event){.org_id = org_id, .live = pg_true(result, 0, "live"), .actor_kind = "system",
		.actor_id = "webhook.deliver", .entity = "webhook_endpoint", .entity_id = id, .type = "webhook.disabled", .payload = note}, NULL);
}
