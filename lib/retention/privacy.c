#include "retention/privacy.h"

#include "event/event.h"
#include "job/policies.h"
#include "retention/consent.h"
#include "retention/retention.h"
#include "sql.h"

#include <string.h>

#define SETTING_LIFE_MS 300000

enum err privacy_get(struct ctx *ctx, struct pool *pool, const char *org_id, struct privacy *privacy_out)
{
	PGresult *row;

	TRY(pg_query(ctx, pool, &SQL_RETENTION_PRIVACY_GET, PARAMS(org_id), &row));
	privacy_out->cancel_now = pg_true(row, 0, "cancel_now");
	return keep_days(ctx, pool, org_id, privacy_out->days);
}

static const char *note_of(struct ctx *ctx, const struct privacy *privacy)
{
	struct json_object *note = json_own(ctx, json_object_new_object());

	json_object_object_add(note, "cancel_now", json_object_new_boolean(privacy->cancel_now));
	for (int i = 0; KEEP_RULES[i].name; i++)
		if (privacy->days[i] && !KEEP_RULES[i].conf)
			json_object_object_add(note, KEEP_RULES[i].name, json_object_new_int(privacy->days[i]));
	return json_object_to_json_string_ext(note, JSON_C_TO_STRING_PLAIN);
}

enum err privacy_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const struct privacy *privacy)
{
	struct audit audit = *by;

	TRY(pg_run(lease, &SQL_RETENTION_PRIVACY_PUT, PARAMS(by->org_id, pg_bool(privacy->cancel_now)), NULL));
	for (int i = 0; KEEP_RULES[i].name; i++)
		if (privacy->days[i] && !KEEP_RULES[i].conf)
			TRY(keep_put(ctx, lease, by->org_id, KEEP_RULES[i].name, privacy->days[i]));
	audit.action = "privacy.put";
	audit.entity = "privacy";
	audit.after = note_of(ctx, privacy);
	return event_audit(lease, &audit);
}

static enum err cancel_now_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const void *const *given = argument;
	const struct house *house = given[0];
	PGresult *row;

	TRY(pg_query(ctx, house->pool, &SQL_RETENTION_PRIVACY_GET, PARAMS(given[1]), &row));
	*value_out = (struct cached){.data = pg_true(row, 0, "cancel_now") ? "1" : "0", .length = 1};
	return OK;
}

enum err privacy_cancel_now(struct ctx *ctx, const struct house *house, const char *org_id, const char *region, bool *shown_out)
{
	const struct cache_plan plan = {.space = "cancel-now", .key = org_id, .tags = {flows_tag(ctx, org_id)}, .life_ms = SETTING_LIFE_MS};
	const void *argument[] = {house, org_id};
	struct cached value;

	TRY(cache_fetch(ctx, house->cache, &plan, cancel_now_load, argument, &value));
	*shown_out = cancel_now_shown(*value.data == '0', region);
	return OK;
}

/* --- one customer --- */

enum err customer_export(struct ctx *ctx, struct pool *pool, const char *org_id, bool live, const char *id, const char **json_out)
{
	uint8_t hash[CONSENT_HASH_BYTES];
	PGresult *row;

	TRY(pg_query(ctx, pool, &SQL_RETENTION_CUSTOMER_WHO, PARAMS(org_id, pg_bool(live), id), &row));
	if (PQntuples(row) == 0)
		return fail(ctx, ERR_NOT_FOUND, "There is no such customer");
	consent_customer(ctx, org_id, live, pg_text(row, 0, "ref") ? pg_text(row, 0, "ref") : "", hash);
	TRY(pg_query(ctx, pool, &SQL_RETENTION_CUSTOMER_EXPORT, PARAMS(org_id, pg_bool(live), id, pg_bytes(ctx, hash, sizeof hash)), &row));
	*json_out = pg_text(row, 0, "data");
	return OK;
}

enum err customer_erase(struct ctx *ctx, struct lease *lease, const struct audit *by, bool live, const char *id, char job_out[ID_TEXT])
{
	const char *payload = arena_printf(&ctx->arena, "{\"live\":%s,\"customer\":\"%s\"}", live ? "true" : "false", id);
	struct audit audit = *by;
	PGresult *row;

	TRY(pg_run(lease, &SQL_RETENTION_CUSTOMER_WHO, PARAMS(by->org_id, pg_bool(live), id), &row));
	if (PQntuples(row) == 0)
		return fail(ctx, ERR_NOT_FOUND, "There is no such customer");
	audit.action = "customer.erase";
	audit.entity = "customer";
	audit.entity_id = id;
	TRY(audit_write(lease, &audit));
	TRY(job_enqueue(ctx, lease, &JOB_CUSTOMER_ERASE, &(struct job_new){.org_id = by->org_id, .payload = payload, .unique_key = id}, job_out));
	return *job_out ? OK : fail(ctx, ERR_CONFLICT, "The erasure is on its way already");
}

struct erasure { const char *org_id, *live, *id, *ref, *stripe_ref, *email, *pseudonym; };

static enum err erase(struct ctx *ctx, struct lease *lease, const struct erasure *erasure)
{
	const char *who[] = {erasure->org_id, erasure->live, erasure->ref, erasure->pseudonym};

	if (erasure->ref) {
		TRY(pg_run(lease, &SQL_RETENTION_ERASE_SESSIONS, who, NULL));
		TRY(pg_run(lease, &SQL_RETENTION_ERASE_EVENTS, who, NULL));
		TRY(pg_run(lease, &SQL_RETENTION_ERASE_AUDIT, PARAMS(erasure->org_id, erasure->ref, erasure->pseudonym, erasure->live), NULL));
	}
	if (erasure->stripe_ref)
		TRY(pg_run(lease, &SQL_RETENTION_ERASE_STRIPE, PARAMS(erasure->org_id, erasure->live, erasure->stripe_ref), NULL));
	if (erasure->email)
		TRY(pg_run(lease, &SQL_RETENTION_ERASE_MAIL, PARAMS(erasure->org_id, erasure->live, erasure->email), NULL));
	TRY(pg_run(lease, &SQL_RETENTION_ERASE_CUSTOMER, PARAMS(erasure->org_id, erasure->live, erasure->id), NULL));
	return event_add(ctx, lease, &(struct event){.org_id = erasure->org_id, .live = *erasure->live == 't', .actor_kind = "system",
		.entity = "customer", .entity_id = erasure->id, .type = "customer.erased", .payload = "{}"}, NULL);
}

enum err customer_erase_run(struct ctx *ctx, struct job *job)
{
	bool live = json_flag(job->payload, "live", true);
	struct erasure erasure = {.org_id = job->org_id, .live = pg_bool(live), .id = json_text(job->payload, "customer", "")};
	struct lease lease;
	PGresult *row;
	enum err err;

	TRY(job_begin(ctx, job, &lease));
	err = pg_run(&lease, &SQL_RETENTION_CUSTOMER_WHO, PARAMS(erasure.org_id, erasure.live, erasure.id), &row);
	/* Erased already, or merged with another. */
	if (err != OK || PQntuples(row) == 0)
		return job_commit(&lease, err);
	erasure.ref = pg_text(row, 0, "ref");
	erasure.stripe_ref = pg_text(row, 0, "stripe_ref");
	erasure.email = pg_text(row, 0, "email");
	erasure.pseudonym = erasure.ref ? consent_pseudonym(ctx, erasure.org_id, live, erasure.ref) : NULL;
	return job_commit(&lease, erase(ctx, &lease, &erasure));
}
