#include "retention/retention.h"

#include "event/event.h"
#include "sql.h"

#include <string.h>

static enum err hand_note(struct lease *lease, const struct hand *hand, const PGresult *settled)
{
	bool saved = strcmp(pg_text(settled, 0, "outcome"), "accepted") == 0;
	struct audit audit = *hand->by;

	audit.action = hand->done ? "decision.apply" : "decision.drop";
	audit.entity = "decision";
	audit.entity_id = hand->session_id;
	audit.before = audit_note(lease->ctx, "status", "manual", NULL);
	audit.after = audit_note(lease->ctx, "status", hand->done ? "applied" : "left", NULL);
	TRY(audit_write(lease, &audit));
	return event_add(lease->ctx, lease, &(struct event){.org_id = audit.org_id, .live = hand->live, .actor_kind = audit.actor_kind,
		.actor_id = audit.actor_id, .entity = audit.entity, .entity_id = audit.entity_id, .payload = pg_text(settled, 0, "payload"),
		.type = !hand->done ? "decision.left" : saved ? "customer.saved" : "cancellation.applied"}, NULL);
}

enum err decision_hand(struct ctx *ctx, struct lease *lease, const struct hand *hand)
{
	const char *live = pg_bool(hand->live), *status = hand->done ? "applied" : "left";
	enum step_type offer;
	int64_t saved = 0;
	PGresult *held, *settled;

	TRY(pg_run(lease, &SQL_RETENTION_DECISION_HOLD, PARAMS(hand->by->org_id, live, hand->session_id), &held));
	if (!PQntuples(held))
		return fail(ctx, ERR_NOT_FOUND, "There is no such decision");
	if (strcmp(pg_text(held, 0, "status"), status) == 0)
		return OK;
	if (strcmp(pg_text(held, 0, "status"), "manual") != 0)
		return fail(ctx, ERR_CONFLICT, "This decision does not wait for a person");
	if (hand->done && strcmp(pg_text(held, 0, "outcome"), "accepted") == 0 && pg_text(held, 0, "offer_type") &&
			step_parse(pg_text(held, 0, "offer_type"), &offer))
		saved = revenue_saved(offer, pg_number(held, 0, "value_minor", 0));
	TRY(pg_run(lease, &SQL_RETENTION_DECISION_SETTLE, PARAMS(hand->by->org_id, live, hand->session_id, status, pg_text(held, 0, "status_reason"),
		NULL, pg_int(ctx, saved), "manual"), &settled));
	return hand_note(lease, hand, settled);
}
