#include "outreach/parts.h"

#include "event/event.h"
#include "job/house.h"
#include "job/policies.h"
#include "sql.h"
#include "stripe/stripe.h"
#include "text/json.h"
#include "who/secret.h"

#include <string.h>

static job_handler sweep_run, run_run;

const struct job_kind OUTREACH_JOBS[] = {{&JOB_OUTREACH_SWEEP, sweep_run}, {&JOB_OUTREACH_RUN, run_run},
	{&JOB_OUTREACH_RETRY, outreach_retry_run}, {&JOB_OUTREACH_APPLY, outreach_apply_run}, {0}};

const struct schedule OUTREACH_SCHEDULES[] = {
	{.name = "outreach.sweep", .cron = "*/5 * * * *", .zone = "UTC", .policy = &JOB_OUTREACH_SWEEP, .missed = SCHEDULE_ONCE},
	{0},
};

/* --- what the parts share --- */

const char *outreach_payload(struct ctx *ctx, const char *org_id, bool live, const char *name, const char *value)
{
	struct json_object *payload = json_own(ctx, json_object_new_object());

	json_object_object_add(payload, "org", json_object_new_string(org_id));
	json_object_object_add(payload, "live", json_object_new_boolean(live));
	if (name)
		json_object_object_add(payload, name, json_object_new_string(value));
	return json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PLAIN);
}

static struct outreach outreach_at(struct ctx *ctx, struct job *job, const char *org_id, bool live, int64_t now_us)
{
	struct outreach out = {.ctx = ctx, .job = job, .org_id = org_id, .live = live, .now_s = now_us / 1000000};

	clock_format(now_us, out.now);
	return out;
}

enum err outreach_read(struct ctx *ctx, struct job *job, const char *name, struct outreach *out, const char **value_out)
{
	const char *org_id = json_text(job->payload, "org", "");

	*out = outreach_at(ctx, job, org_id, json_flag(job->payload, "live", false), clock_wall_us());
	if (name)
		*value_out = json_text(job->payload, name, "");
	if (!id_valid(org_id) || (name && !**value_out))
		return job_reject(ctx, job, fail(ctx, ERR_INVALID, "The payload names nothing to look after"));
	return OK;
}

enum err outreach_begin(const struct outreach *out, struct lease *lease_out)
{
	TRY(job_begin(out->ctx, out->job, lease_out));
	enum err err = pg_run(lease_out, &SQL_OUTREACH_LOCK, PARAMS(out->org_id, pg_bool(out->live)), NULL);
	if (err != OK)
		lease_return(lease_out);
	return err;
}

enum err outreach_lots(const struct outreach *out, int left_ms, outreach_lot *lot)
{
	struct outreach inner = *out;
	struct ctx own;
	enum err err = OK;
	bool more = true;

	ctx_init(&own);
	inner.ctx = &own;
	while (err == OK && more && ctx_left_ms(out->ctx, left_ms + 1) > left_ms && !job_cancelled(out->ctx, out->job)) {
		struct lease lease;

		memcpy(own.id, out->ctx->id, sizeof own.id);
		own.deadline_us = out->ctx->deadline_us;
		err = outreach_begin(&inner, &lease);
		if (err == OK)
			err = job_commit(&lease, lot(&inner, &lease, &more));
		if (err != OK) {
			fail(out->ctx, err, "%s", own.fault.detail);
			ctx_explain(out->ctx, "%s", own.fault.internal);
		}
		ctx_reset(&own);
	}
	ctx_free(&own);
	return err;
}

enum err outreach_event(const struct outreach *out, struct lease *lease, const char *type, const char *entity, const char *entity_id,
	struct json_object *payload)
{
	return event_add(out->ctx, lease, &(struct event){.org_id = out->org_id, .live = out->live, .actor_kind = "system", .actor_id = out->job->kind,
		.entity = entity, .entity_id = entity_id, .type = type,
		.payload = json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PLAIN)}, NULL);
}

const char *outreach_secret_key(const struct outreach *out, const PGresult *row)
{
	const uint8_t *sealed;
	const char *key;
	size_t bytes;

	if (!pg_data(out->ctx, row, 0, "key_sealed", &sealed, &bytes))
		return NULL;
	if (secret_unseal(out->ctx, out->org_id, sealed, bytes, &key, &bytes) == OK)
		return key;
	ctx_forgive(out->ctx);
	return NULL;
}

enum err outreach_stripe(const struct outreach *out, const char *secret_key, const char *method, const char *path, const char *form,
	const char *key, struct stripe_reply *reply_out)
{
	const struct job_house *house = out->job->house;
	const char *account = arena_printf(&out->ctx->arena, "%s:%s", out->org_id, out->live ? "live" : "test");

	TRY(stripe_call(out->ctx, house->net, secret_key, account, method, path, form, key, reply_out));
	if (!reply_out->definite)
		return fail(out->ctx, ERR_UPSTREAM, "Stripe answered %d: %.100s", reply_out->status, reply_out->error_message);
	return OK;
}

/* --- the jobs --- */

enum err outreach_run(struct ctx *ctx, struct job *job, const char *org_id, bool live, int64_t now_us)
{
	static enum err (*const STEPS[])(const struct outreach *) = {alerts_raise, cases_keep, retries_plan, offers_plan, reactivations_plan, mails_hand};
	const struct outreach out = outreach_at(ctx, job, org_id, live, now_us);

	for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
		TRY(STEPS[i](&out));
	return OK;
}

static enum err run_run(struct ctx *ctx, struct job *job)
{
	struct outreach out;

	TRY(outreach_read(ctx, job, NULL, &out, NULL));
	return outreach_run(ctx, job, out.org_id, out.live, clock_wall_us());
}

static enum err modes_enqueue(struct ctx *ctx, struct lease *lease)
{
	PGresult *modes;

	TRY(pg_run(lease, &SQL_OUTREACH_MODES, NULL, &modes));
	int count = PQntuples(modes);
	struct job_new *jobs = arena_array(&ctx->arena, (size_t)count + 1, sizeof *jobs);
	for (int i = 0; i < count; i++) {
		const char *org_id = pg_text(modes, i, "org_id");
		bool live = pg_true(modes, i, "live");
		jobs[i] = (struct job_new){.org_id = org_id, .unique_key = arena_printf(&ctx->arena, "%s:%d", org_id, live),
			.payload = outreach_payload(ctx, org_id, live, NULL, NULL)};
	}
	return count ? job_enqueue_many(ctx, lease, &JOB_OUTREACH_RUN, jobs, count, NULL) : OK;
}

static enum err sweep_run(struct ctx *ctx, struct job *job)
{
	struct lease lease;

	TRY(job_begin(ctx, job, &lease));
	return job_commit(&lease, modes_enqueue(ctx, &lease));
}
