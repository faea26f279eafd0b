#include "retention/experiment_store.h"

#include "event/event.h"
#include "retention/condition.h"
#include "retention/retention.h"
#include "sql.h"

#include <stdio.h>
#include <string.h>

#define WEIGHT_MOST 1000
#define ARM_NAME_MOST 120

static enum err arm_fail(struct ctx *ctx, int index, const char *member, const char *what)
{
	char field[32];

	snprintf(field, sizeof field, "variants[%d].%s", index, member);
	return fail_field(ctx, ERR_INVALID, field, "%s", what);
}

/* Against those before it. */
static enum err arm_differs(struct ctx *ctx, const struct experiment_draft *draft, int index)
{
	const struct experiment_arm *arm = &draft->variants[index];

	for (int i = 0; i < index; i++) {
		const char *flow_id = i ? draft->variants[i].flow_id : draft->flow_id;

		if (arm->flow_id && flow_id && strcmp(flow_id, arm->flow_id) == 0)
			return arm_fail(ctx, index, "flow", "A flow can be in one variant only");
		if (!arm->flow_id && i && !flow_id)
			return arm_fail(ctx, index, "kind", "An experiment has one holdout at most");
	}
	return OK;
}

static enum err arm_check(struct ctx *ctx, const struct experiment_draft *draft, int index)
{
	const struct experiment_arm *arm = &draft->variants[index];
	bool control = strcmp(arm->kind, "control") == 0, flow = strcmp(arm->kind, "flow") == 0;

	if (!control && !flow && strcmp(arm->kind, "holdout") != 0)
		return arm_fail(ctx, index, "kind", "A variant is the control, a flow or the holdout");
	if (control != (index == 0))
		return arm_fail(ctx, index, "kind", "The first variant is the control, and no other");
	if (!*arm->name || utf8_length(arm->name, strlen(arm->name)) > ARM_NAME_MOST)
		return arm_fail(ctx, index, "name", "A variant's name has 1 to 120 characters");
	if (arm->weight < 1 || arm->weight > WEIGHT_MOST)
		return arm_fail(ctx, index, "weight", "A weight is between 1 and 1000");
	if (flow != (arm->flow_id != NULL) || (flow && !id_valid(arm->flow_id)))
		return arm_fail(ctx, index, "flow", "A variant of kind flow has the id of a flow, and no other has one");
	return arm_differs(ctx, draft, index);
}

static enum err draft_check(struct ctx *ctx, const struct experiment_draft *draft)
{
	if (draft->count < 2)
		return fail_field(ctx, ERR_INVALID, "variants", "An experiment has a control and something to compare with it");
	for (int i = 0; i < draft->count; i++)
		TRY(arm_check(ctx, draft, i));
	return draft->condition ? condition_check(ctx, draft->condition, "condition", CONDITION_SEGMENT) : OK;
}

static const char *variants_text(struct ctx *ctx, const struct experiment_draft *draft)
{
	struct json_object *list = json_own(ctx, json_object_new_array());

	for (int i = 0; i < draft->count; i++) {
		const struct experiment_arm *arm = &draft->variants[i];
		struct json_object *item = json_object_new_object();

		json_object_object_add(item, "kind", json_object_new_string(arm->kind));
		json_object_object_add(item, "name", json_object_new_string(arm->name));
		json_object_object_add(item, "flow", arm->flow_id ? json_object_new_string(arm->flow_id) : NULL);
		json_object_object_add(item, "weight", json_object_new_int64(arm->weight));
		json_object_array_add(list, item);
	}
	return json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN);
}

static enum err note(const struct experiment_change *change, struct lease *lease, const char *action, const char *id, const char *before,
	const char *after)
{
	struct audit audit = *change->by;

	audit.action = action;
	audit.entity = "experiment";
	audit.entity_id = id;
	audit.before = before;
	audit.after = after;
	return event_audit(lease, &audit);
}

/* One change: its transaction, then the cache. */
struct step {
	const struct experiment_change *change;
	const char *id, *version;
	const struct experiment_draft *draft;
	int64_t variant;
};

static enum err transaction(const struct step *step, enum err (*work)(struct lease *lease, const struct step *step))
{
	const struct experiment_change *change = step->change;
	struct lease lease;
	enum err err;

	TRY(lease_take(change->ctx, change->house->pool, &lease));
	err = pg_begin(&lease);
	if (err == OK)
		err = work(&lease, step);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	if (err == OK)
		flows_forget(change->ctx, change->house->cache, change->by->org_id);
	return err;
}

static const char *draft_note(const struct step *step, const char *variants)
{
	const struct experiment_draft *draft = step->draft;

	return audit_note(step->change->ctx, "name", draft->name, "flow", draft->flow_id, "basis", draft->basis, "minimum_effect",
		pg_int(step->change->ctx, draft->minimum_effect), "variants", variants, "condition",
		draft->condition ? json_object_to_json_string_ext(draft->condition, JSON_C_TO_STRING_PLAIN) : NULL, NULL);
}

/* A flow of somebody else, or none, breaks the foreign key. */
static enum err flow_fault(struct lease *lease, enum err err)
{
	if (err != ERR_INVALID || !strstr(pg_constraint(lease), "flow_id"))
		return err;
	ctx_forgive(lease->ctx);
	return fail_field(lease->ctx, ERR_INVALID, strstr(pg_constraint(lease), "variant") ? "variants" : "flow", "There is no such flow");
}

static enum err variants_write(struct lease *lease, const struct step *step)
{
	const char *org_id = step->change->by->org_id, *variants = variants_text(lease->ctx, step->draft);

	TRY(flow_fault(lease, pg_run(lease, &SQL_RETENTION_EXPERIMENT_VARIANTS, PARAMS(org_id, step->id, variants), NULL)));
	return note(step->change, lease, step->version ? "experiment.update" : "experiment.create", step->id,
		step->version ? audit_note(lease->ctx, "version", step->version, NULL) : NULL, draft_note(step, variants));
}

static const char *condition_text(const struct experiment_draft *draft)
{
	return draft->condition ? json_object_to_json_string_ext(draft->condition, JSON_C_TO_STRING_PLAIN) : NULL;
}

static enum err create_work(struct lease *lease, const struct step *step)
{
	const struct experiment_draft *draft = step->draft;

	TRY(flow_fault(lease, pg_run(lease, &SQL_RETENTION_EXPERIMENT_INSERT, PARAMS(step->change->by->org_id, step->id, draft->name,
		draft->hypothesis, draft->flow_id, condition_text(draft), draft->basis, pg_int(lease->ctx, draft->minimum_effect)), NULL)));
	return variants_write(lease, step);
}

enum err experiment_create(const struct experiment_change *change, const struct experiment_draft *draft, char id_out[ID_TEXT])
{
	TRY(draft_check(change->ctx, draft));
	id_new(id_out);
	return transaction(&(struct step){.change = change, .id = id_out, .draft = draft}, create_work);
}

/* Its row until the transaction ends. */
static enum err hold(struct lease *lease, const struct step *step, PGresult **row_out)
{
	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_HOLD, PARAMS(step->change->by->org_id, step->id), row_out));
	return PQntuples(*row_out) ? OK : fail(lease->ctx, ERR_NOT_FOUND, "There is no such experiment");
}

static bool has_status(const PGresult *row, const char *status)
{
	return strcmp(pg_text(row, 0, "status"), status) == 0;
}

static enum err save_work(struct lease *lease, const struct step *step)
{
	const struct experiment_draft *draft = step->draft;
	PGresult *row;

	TRY(hold(lease, step, &row));
	if (!has_status(row, "draft"))
		return fail(lease->ctx, ERR_CONFLICT, "Nothing of an experiment that has started can be changed: stop it and make another");
	TRY(flow_fault(lease, pg_run(lease, &SQL_RETENTION_EXPERIMENT_UPDATE, PARAMS(step->change->by->org_id, step->id, draft->name,
		draft->hypothesis, draft->flow_id, condition_text(draft), draft->basis, pg_int(lease->ctx, draft->minimum_effect), step->version),
		&row)));
	if (PQntuples(row) == 0)
		return fail(lease->ctx, ERR_PRECONDITION, "The experiment has been changed since: read it again");
	return variants_write(lease, step);
}

enum err experiment_save(const struct experiment_change *change, const char *id, const char *version, const struct experiment_draft *draft)
{
	TRY(draft_check(change->ctx, draft));
	return transaction(&(struct step){.change = change, .id = id, .version = version, .draft = draft}, save_work);
}

static enum err delete_work(struct lease *lease, const struct step *step)
{
	PGresult *row;

	TRY(hold(lease, step, &row));
	if (!has_status(row, "draft"))
		return fail(lease->ctx, ERR_CONFLICT, "An experiment that has started is kept, for its figures");
	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_DELETE, PARAMS(step->change->by->org_id, step->id), NULL));
	return note(step->change, lease, "experiment.delete", step->id, audit_note(lease->ctx, "name", pg_text(row, 0, "name"), NULL), NULL);
}

enum err experiment_delete(const struct experiment_change *change, const char *id)
{
	return transaction(&(struct step){.change = change, .id = id}, delete_work);
}

static enum err state_write(struct lease *lease, const struct step *step, const PGresult *row, const char *status, const char *winner)
{
	struct ctx *ctx = lease->ctx;
	const char *action = strcmp(status, "running") == 0 ? "experiment.start" : winner ? "experiment.promote" : "experiment.stop";

	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_STATE, PARAMS(step->change->by->org_id, step->id, status, winner), NULL));
	return note(step->change, lease, action, step->id, audit_note(ctx, "status", pg_text(row, 0, "status"), NULL),
		audit_note(ctx, "name", pg_text(row, 0, "name"), "status", status, "winner", winner, NULL));
}

static enum err ready_check(struct lease *lease, const struct step *step)
{
	PGresult *rows;

	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_READY, PARAMS(step->change->by->org_id, step->id), &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *status = pg_text(rows, row, "status"), *fault = NULL;

		if (row == 0 && strcmp(status, "active") != 0)
			fault = "The control is not active: nobody would take part";
		else if (strcmp(status, "archived") == 0)
			fault = "One of the flows is archived";
		else if (pg_number(rows, row, "version", 0) < 1)
			fault = "One of the flows is not published yet";
		else if (!pg_true(rows, row, "replaces"))
			fault = "One of the flows is for another language, segment, plan or region than the control: it could not take its place";
		if (fault)
			return fail_field(lease->ctx, ERR_CONFLICT, arena_printf(&lease->ctx->arena, "variants[%d]", row), "%s", fault);
	}
	return OK;
}

static enum err start_work(struct lease *lease, const struct step *step)
{
	PGresult *row;

	TRY(hold(lease, step, &row));
	if (!has_status(row, "draft"))
		return fail(lease->ctx, ERR_CONFLICT, "The experiment has been started before");
	TRY(ready_check(lease, step));
	return state_write(lease, step, row, "running", NULL);
}

enum err experiment_start(const struct experiment_change *change, const char *id)
{
	return transaction(&(struct step){.change = change, .id = id}, start_work);
}

static enum err stop_work(struct lease *lease, const struct step *step)
{
	PGresult *row;

	TRY(hold(lease, step, &row));
	if (!has_status(row, "running"))
		return fail(lease->ctx, ERR_CONFLICT, "The experiment does not run");
	return state_write(lease, step, row, "stopped", NULL);
}

enum err experiment_stop(const struct experiment_change *change, const char *id)
{
	return transaction(&(struct step){.change = change, .id = id}, stop_work);
}

static enum err succeed(struct lease *lease, const struct step *step, const char *control, const char *winner)
{
	struct audit audit = *step->change->by;
	PGresult *rows;

	audit.entity = "flow";
	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_SUCCEED, PARAMS(audit.org_id, control, winner), &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *after = pg_text(rows, row, "after");

		audit.action = strcmp(after, "active") == 0 ? "flow.activate" : "flow.deactivate";
		audit.entity_id = pg_text(rows, row, "id");
		audit.before = audit_note(lease->ctx, "status", pg_text(rows, row, "before"), NULL);
		audit.after = audit_note(lease->ctx, "status", after, "experiment", step->id, NULL);
		TRY(event_audit(lease, &audit));
	}
	return OK;
}

static enum err promote_work(struct lease *lease, const struct step *step)
{
	PGresult *row, *ready;
	int winner = (int)step->variant;
	const char *kind;

	TRY(hold(lease, step, &row));
	if (has_status(row, "draft") || has_status(row, "promoted"))
		return fail(lease->ctx, ERR_CONFLICT, has_status(row, "draft") ? "The experiment has not been started" : "A winner has been promoted before");
	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_READY, PARAMS(step->change->by->org_id, step->id), &ready));
	if (step->variant < 0 || step->variant >= PQntuples(ready))
		return fail_field(lease->ctx, ERR_INVALID, "variant", "The experiment has no such variant");
	kind = pg_text(ready, winner, "kind");
	if (strcmp(kind, "holdout") == 0)
		return fail(lease->ctx, ERR_CONFLICT, "The holdout has no flow to show: deactivate the control to offer nothing");
	if (strcmp(kind, "flow") == 0) {
		if (strcmp(pg_text(ready, winner, "status"), "archived") == 0)
			return fail(lease->ctx, ERR_CONFLICT, "The flow is archived");
		if (!pg_true(ready, winner, "replaces"))
			return fail(lease->ctx, ERR_CONFLICT, "The flow is for other customers than the control by now");
		TRY(succeed(lease, step, pg_text(row, 0, "flow_id"), pg_text(ready, winner, "flow_id")));
	}
	return state_write(lease, step, row, "promoted", pg_int(lease->ctx, step->variant));
}

enum err experiment_promote(const struct experiment_change *change, const char *id, int64_t variant)
{
	return transaction(&(struct step){.change = change, .id = id, .variant = variant}, promote_work);
}
