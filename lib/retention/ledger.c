#include "retention/ledger.h"

#include "event/event.h"
#include "sql.h"
#include "who/secret.h"

#include <string.h>

enum err ledger_load(const struct ledger *ledger, struct pending *pending_out)
{
	struct ctx *ctx = ledger->ctx;
	PGresult *result;
	const uint8_t *sealed;
	const char *step, *status;
	size_t bytes;

	*pending_out = (struct pending){0};
	TRY(pg_query(ctx, ledger->job->pool, &SQL_RETENTION_APPLY_GET, PARAMS(ledger->org_id, pg_bool(ledger->live), ledger->session_id),
		&result));
	if (PQntuples(result) == 0)
		return OK;
	status = pg_text(result, 0, "status");
	pending_out->pending = strcmp(status, "pending") == 0;
	pending_out->subscription = pg_text(result, 0, "subscription_ref");
	pending_out->value_minor = pg_number(result, 0, "value_minor", 0);
	pending_out->source = (struct change_source){.outcome = pg_text(result, 0, "outcome"), .offer_type = pg_text(result, 0, "offer_type"),
		.reason_code = pg_text(result, 0, "reason_code"), .comment = pg_text(result, 0, "comment"),
		.choice = pg_number(result, 0, "choice", 0), .decided_s = pg_number(result, 0, "decided_s", 0), .live = ledger->live};
	step = pg_text(result, 0, "step");
	if (step)
		TRY(json_read(ctx, step, strlen(step), JSON_DEPTH, &pending_out->source.step));
	if (pg_data(ctx, result, 0, "key_sealed", &sealed, &bytes) &&
		secret_unseal(ctx, ledger->org_id, sealed, bytes, &pending_out->secret_key, &bytes) != OK) {
		ctx_forgive(ctx);
		pending_out->secret_key = NULL;
		pending_out->sealed = true;
	}
	return OK;
}

static void operation_read(PGresult *result, struct operation *operation)
{
	const char *state = PQfnumber(result, "state") >= 0 ? pg_text(result, 0, "state") : "sent";

	*operation = (struct operation){.number = (int)pg_number(result, 0, "number", 0), .key = pg_text(result, 0, "idempotency_key"),
		.form = pg_text(result, 0, "form"), .done = strcmp(state, "done") == 0, .refused = strcmp(state, "refused") == 0};
	if (PQfnumber(result, "age_s") >= 0)
		operation->age_s = pg_number(result, 0, "age_s", 0);
}

enum err ledger_last(const struct ledger *ledger, const char *purpose, struct operation *operation_out)
{
	PGresult *result;

	*operation_out = (struct operation){0};
	TRY(pg_query(ledger->ctx, ledger->job->pool, &SQL_RETENTION_OPERATION_LAST,
		PARAMS(ledger->org_id, pg_bool(ledger->live), ledger->session_id, purpose), &result));
	if (PQntuples(result) > 0)
		operation_read(result, operation_out);
	return OK;
}

enum err ledger_plan(const struct ledger *ledger, const char *purpose, const char *path, const char *form, struct operation *operation_out)
{
	struct lease lease;
	PGresult *result;
	enum err err;

	TRY(job_begin(ledger->ctx, ledger->job, &lease));
	err = pg_run(&lease, &SQL_RETENTION_OPERATION_INSERT,
		PARAMS(ledger->org_id, pg_bool(ledger->live), ledger->session_id, purpose, path, form), &result);
	if (err == OK)
		operation_read(result, operation_out);
	return job_commit(&lease, err);
}

static const char *text_cut(struct ctx *ctx, const char *text, size_t most)
{
	return arena_memdup(&ctx->arena, text, utf8_cut(text, most));
}

enum err ledger_answer(const struct ledger *ledger, const struct operation *operation, const struct stripe_reply *reply, bool done)
{
	struct ctx *ctx = ledger->ctx;
	struct lease lease;
	enum err err;

	TRY(job_begin(ledger->ctx, ledger->job, &lease));
	err = pg_run(&lease, &SQL_RETENTION_OPERATION_FINISH,
		PARAMS(ledger->org_id, pg_bool(ledger->live), ledger->session_id, pg_int(ctx, operation->number), done ? "done" : "refused",
			pg_int(ctx, reply->status), text_cut(ctx, reply->request_id, 100),
			*reply->error_message ? text_cut(ctx, reply->error_message, 500) : NULL), NULL);
	return job_commit(&lease, err);
}

static enum err settle_audit(struct lease *lease, const struct ledger *ledger, const struct settlement *settlement)
{
	const struct audit audit = {.org_id = ledger->org_id, .actor_kind = "system", .actor_id = "stripe.apply",
		.action = strcmp(settlement->status, "applied") == 0 ? "decision.apply" : "decision.leave", .entity = "decision",
		.entity_id = ledger->session_id, .after = settlement->effect};

	return audit_write(lease, &audit);
}

static enum err settle_event(struct lease *lease, const struct ledger *ledger, const struct settlement *settlement, const PGresult *settled)
{
	bool applied = strcmp(settlement->status, "applied") == 0;
	bool saved = strcmp(pg_text(settled, 0, "outcome"), "accepted") == 0;
	const struct event event = {.org_id = ledger->org_id, .live = ledger->live, .actor_kind = "system", .actor_id = "stripe.apply",
		.entity = "decision", .entity_id = ledger->session_id, .payload = pg_text(settled, 0, "payload"),
		.type = !applied ? "decision.manual" : saved ? "customer.saved" : "cancellation.applied"};

	return event_add(ledger->ctx, lease, &event, NULL);
}

enum err ledger_settle(const struct ledger *ledger, const struct settlement *settlement)
{
	struct ctx *ctx = ledger->ctx;
	struct lease lease;
	PGresult *result;
	enum err err;

	TRY(job_begin(ledger->ctx, ledger->job, &lease));
	err = pg_run(&lease, &SQL_RETENTION_DECISION_SETTLE,
		PARAMS(ledger->org_id, pg_bool(ledger->live), ledger->session_id, settlement->status,
			settlement->reason ? text_cut(ctx, settlement->reason, 500) : NULL, settlement->effect,
			pg_int(ctx, settlement->saved_minor), "pending"), &result);
	if (err == OK && PQntuples(result) > 0)
		err = settle_audit(&lease, ledger, settlement);
	if (err == OK && PQntuples(result) > 0)
		err = settle_event(&lease, ledger, settlement, result);
	return job_commit(&lease, err);
}
