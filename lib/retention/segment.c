#include "retention/segment.h"

#include "event/event.h"
#include "sql.h"

#include <string.h>

static enum err note(struct lease *lease, const struct audit *by, const char *action, const char *entity, const char *id, const char *before,
	const char *after)
{
	struct audit audit = *by;

	audit.action = action;
	audit.entity = entity;
	audit.entity_id = id;
	audit.before = before;
	audit.after = after;
	return event_audit(lease, &audit);
}

/* {"name", "condition"} */
static const char *segment_note(struct ctx *ctx, const char *name, const char *condition)
{
	struct buffer text = {0};
	const char *note;

	buffer_text(&text, "{\"name\":");
	buffer_json(&text, name, strlen(name));
	buffer_printf(&text, ",\"condition\":%s}", condition);
	note = arena_memdup(&ctx->arena, text.data, text.length);
	buffer_free(&text);
	return note;
}

static enum err condition_text(struct ctx *ctx, struct json_object *condition, const char **text_out)
{
	struct buffer text = {0};

	TRY(condition_check(ctx, condition, "condition", CONDITION_SEGMENT));
	json_write(&text, condition);
	*text_out = arena_memdup(&ctx->arena, text.data, text.length);
	buffer_free(&text);
	return strlen(*text_out) <= SEGMENT_BYTES ? OK : fail_field(ctx, ERR_INVALID, "condition", "The condition is too long");
}

static enum err name_taken(struct ctx *ctx, struct lease *lease, enum err err)
{
	if (err != ERR_CONFLICT || strcmp(pg_constraint(lease), "segment_name") != 0)
		return err;
	ctx_forgive(ctx);
	return fail_field(ctx, ERR_CONFLICT, "name", "There is a segment of this name");
}

enum err segment_create(struct ctx *ctx, struct lease *lease, const struct segment_change *change, char id_out[ID_TEXT])
{
	const char *condition;
	PGresult *result;

	TRY(condition_text(ctx, change->condition, &condition));
	id_new(id_out);
	TRY(name_taken(ctx, lease, pg_run(lease, &SQL_RETENTION_SEGMENT_INSERT,
		PARAMS(change->by->org_id, id_out, change->name, condition, pg_int(ctx, SEGMENTS_MOST)), &result)));
	if (PQntuples(result) == 0)
		return fail(ctx, ERR_INVALID, "There are %d segments already", SEGMENTS_MOST);
	return note(lease, change->by, "segment.create", "segment", id_out, NULL, segment_note(ctx, change->name, condition));
}

static enum err segment_hold(struct ctx *ctx, struct lease *lease, const struct segment_change *change, const char **before_out)
{
	PGresult *row;

	TRY(pg_run(lease, &SQL_RETENTION_SEGMENT_HOLD, PARAMS(change->by->org_id, change->id), &row));
	if (PQntuples(row) == 0)
		return fail(ctx, ERR_NOT_FOUND, "There is no such segment");
	if (change->version && strcmp(change->version, pg_text(row, 0, "version")) != 0)
		return fail(ctx, ERR_PRECONDITION, "The segment has been changed since: read it again");
	*before_out = segment_note(ctx, pg_text(row, 0, "name"), pg_text(row, 0, "condition"));
	return OK;
}

enum err segment_update(struct ctx *ctx, struct lease *lease, const struct segment_change *change)
{
	const char *condition, *before;

	TRY(condition_text(ctx, change->condition, &condition));
	TRY(segment_hold(ctx, lease, change, &before));
	TRY(name_taken(ctx, lease, pg_run(lease, &SQL_RETENTION_SEGMENT_UPDATE,
		PARAMS(change->by->org_id, change->id, change->name, condition), NULL)));
	return note(lease, change->by, "segment.update", "segment", change->id, before, segment_note(ctx, change->name, condition));
}

enum err segment_delete(struct ctx *ctx, struct lease *lease, const struct segment_change *change)
{
	const char *before;
	PGresult *flows;

	TRY(segment_hold(ctx, lease, change, &before));
	TRY(pg_run(lease, &SQL_RETENTION_SEGMENT_FLOWS, PARAMS(change->by->org_id, change->id), &flows));
	if (PQntuples(flows))
		return fail(ctx, ERR_CONFLICT, "A flow is for this segment");
	TRY(pg_run(lease, &SQL_RETENTION_SEGMENT_DELETE, PARAMS(change->by->org_id, change->id), NULL));
	return note(lease, change->by, "segment.delete", "segment", change->id, before, NULL);
}

/* --- preview --- */

static const char SAMPLE[] =
	"select c.id, case when %s then c.ref end as ref, case when %s then c.name end as name, case when %s then c.email end as email, c.plan, c.value, c.currency, c.status, "
	"c.tenure, c.attempts %s order by c.id limit %d";

enum err segment_preview(struct ctx *ctx, struct pool *pool, const char *org_id, bool live, struct json_object *condition, bool names,
	struct segment_preview *preview_out)
{
	const char *shown = names ? "true" : "false";
	struct condition_sql sql;
	struct lease lease;
	PGresult *count;
	enum err err;

	condition_sql(ctx, condition, org_id, live, &sql);
	TRY(lease_take(ctx, pool, &lease));
	err = pg_run_text(&lease, arena_printf(&ctx->arena, "select count(*) as count %s", sql.text), sql.count, sql.params, &count);
	if (err == OK)
		err = pg_run_text(&lease, arena_printf(&ctx->arena, SAMPLE, shown, shown, shown, sql.text, SEGMENT_SAMPLE), sql.count, sql.params,
			&preview_out->sample);
	lease_return(&lease);
	TRY(err);
	preview_out->count = pg_number(count, 0, "count", 0);
	return OK;
}

/* --- offers --- */

static enum err bounds_check(struct ctx *ctx, const char *field, int value, int least, int most)
{
	return value >= least && value <= most ? OK : fail_field(ctx, ERR_INVALID, field, "%s must be from %d to %d", field, least, most);
}

enum err offer_rule_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *offer_type, const struct offer_rule *rule)
{
	const char *most = rule->accepted_most ? pg_int(ctx, rule->accepted_most) : NULL, *period = pg_int(ctx, rule->period_days),
		*cooldown = pg_int(ctx, rule->cooldown_days);
	enum step_type type;

	if (!step_parse(offer_type, &type) || !step_is_offer(type))
		return fail_field(ctx, ERR_INVALID, "type", "There is no such type of offer");
	TRY(bounds_check(ctx, "acceptedMost", rule->accepted_most, 0, 100));
	TRY(bounds_check(ctx, "periodDays", rule->period_days, 1, OFFER_DAYS_MOST));
	TRY(bounds_check(ctx, "cooldownDays", rule->cooldown_days, 0, OFFER_DAYS_MOST));
	TRY(pg_run(lease, &SQL_RETENTION_OFFER_RULE_PUT, PARAMS(by->org_id, offer_type, pg_bool(rule->enabled), most, period, cooldown,
		pg_bool(rule->discounted)), NULL));
	return note(lease, by, "offer.rule", "offer_rule", NULL, NULL, audit_note(ctx, "type", offer_type, "enabled", rule->enabled ? "yes" : "no",
		"acceptedMost", most, "periodDays", period, "cooldownDays", cooldown, "discounted", rule->discounted ? "yes" : "no", NULL));
}

enum err offer_policy_put(struct ctx *ctx, struct lease *lease, const struct audit *by, bool adaptive, int floor)
{
	const char *policy = adaptive ? "adaptive" : "documented", *per_cent = pg_int(ctx, floor);

	TRY(bounds_check(ctx, "floor", floor, 1, 50));
	TRY(pg_run(lease, &SQL_RETENTION_OFFER_POLICY_PUT, PARAMS(by->org_id, policy, per_cent), NULL));
	return note(lease, by, "offer.policy", "offer_policy", NULL, NULL, audit_note(ctx, "policy", policy, "floor", per_cent, NULL));
}

enum err flow_policy_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *flow_id, const char *policy)
{
	PGresult *row;

	TRY(pg_run(lease, &SQL_RETENTION_FLOW_POLICY, PARAMS(by->org_id, flow_id, policy), &row));
	if (PQntuples(row) == 0)
		return fail(ctx, ERR_NOT_FOUND, "No such flow");
	return note(lease, by, "flow.policy", "flow", flow_id, audit_note(ctx, "policy", pg_text(row, 0, "before"), NULL),
		audit_note(ctx, "policy", policy, NULL));
}
