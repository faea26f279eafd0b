#include "billing/parts.h"

#include "base/log.h"
#include "sql.h"
#include "who/secret.h"

#include <string.h>

#define TIES_MOST 5 /* another one changed the row between reading and writing */

/* --- asking Stripe --- */

enum err caller_load(struct ctx *ctx, struct job *job, struct stripe_caller *caller_out)
{
	const uint8_t *sealed;
	PGresult *row;
	size_t bytes;

	*caller_out = (struct stripe_caller){.ctx = ctx, .job = job, .org_id = json_text(job->payload, "org", ""),
		.live = json_flag(job->payload, "live", false)};
	TRY(pg_query(ctx, job->pool, &SQL_BILLING_KEY_GET, PARAMS(caller_out->org_id, pg_bool(caller_out->live)), &row));
	if (PQntuples(row) && pg_data(ctx, row, 0, "key_sealed", &sealed, &bytes) &&
		secret_unseal(ctx, caller_out->org_id, sealed, bytes, &caller_out->secret_key, &bytes) != OK) {
		ctx_forgive(ctx);
		caller_out->secret_key = NULL;
	}
	return OK;
}

enum err caller_get(const struct stripe_caller *caller, const char *path, const char *query, struct stripe_reply *reply_out)
{
	const struct job_house *house = caller->job->house;
	const char *account = arena_printf(&caller->ctx->arena, "%s:%s", caller->org_id, caller->live ? "live" : "test");

	TRY(stripe_call(caller->ctx, house->net, caller->secret_key, account, "GET", path, query, NULL, reply_out));
	if (!reply_out->definite)
		return fail(caller->ctx, ERR_UPSTREAM, "Stripe answered %d: %s", reply_out->status, reply_out->error_message);
	return OK;
}

int64_t reply_as_of(const struct stripe_reply *reply)
{
	return reply->read_s * 1000000 + 3;
}

/* --- one event --- */

struct event_work {
	struct ctx *ctx;
	struct job *job;
	const char *org_id, *id;
	bool live;
	int64_t as_of_us;
	struct billing_rows rows;
	const char *how; /* as in mirror_put() */
	const char *tie; /* the version of the row that it is in a tie with */
};

static enum err settle(const struct event_work *work, struct lease *lease, const char *state, const char *reason)
{
	return pg_run(lease, &SQL_BILLING_EVENT_SETTLE, PARAMS(work->org_id, pg_bool(work->live), work->id, state, reason), NULL);
}

static enum err write(struct event_work *work, struct lease *lease)
{
	const struct mirror mirror = {work->ctx, lease, work->org_id, work->live};

	TRY(billing_lock(lease, work->org_id, work->live));
	TRY(mirror_put(&mirror, &work->rows, work->as_of_us, work->how, work->how && !strcmp(work->how, MIRROR_PRINT) ? NULL : &work->tie));
	return settle(work, lease, "done", NULL);
}

/* A tie leaves nothing behind: what it needs is asked for without a connection in hand. */
static enum err attempt(struct event_work *work)
{
	struct lease lease;
	enum err err;

	work->tie = NULL;
	TRY(job_begin(work->ctx, work->job, &lease));
	err = write(work, &lease);
	if (err == OK && work->tie) {
		pg_rollback(&lease);
		lease_return(&lease);
		return OK;
	}
	return job_commit(&lease, err);
}

/* What Stripe says of the object now takes the place of the row in question. Where Stripe cannot say, the digest decides. */
static enum err ask(struct event_work *work)
{
	const char *path = billing_path(work->ctx, work->rows.kind, work->rows.ref), *version = work->tie;
	struct stripe_reply reply = {0};
	struct billing_rows rows;
	struct stripe_caller caller;

	work->how = MIRROR_PRINT;
	TRY(caller_load(work->ctx, work->job, &caller));
	if (!path || !caller.secret_key)
		return OK;
	enum err err = caller_get(&caller, path, NULL, &reply);
	if (err != OK && !work->job->last)
		return err;
	if (err != OK)
		ctx_forgive(work->ctx);
	if (err != OK || reply.status >= 300 || json_flag(reply.body, "deleted", false))
		return OK;
	if (billing_read(work->ctx, reply.body, false, &rows) != OK || rows.kind != work->rows.kind || strcmp(rows.ref, work->rows.ref)) {
		ctx_forgive(work->ctx);
		return OK;
	}
	work->rows = rows;
	work->as_of_us = reply_as_of(&reply);
	work->how = version;
	return OK;
}

/* What cannot be read now cannot be read later: it stays with its reason, for people. */
static enum err give_up(struct event_work *work)
{
	const char *reason = arena_strdup(&work->ctx->arena, work->ctx->fault.detail);
	struct lease lease;

	LOG(LOG_WARN, "stripe.event", LOG_T("job", work->ctx->id), LOG_T("event", work->id), LOG_T("detail", reason));
	ctx_forgive(work->ctx);
	TRY(job_begin(work->ctx, work->job, &lease));
	return job_commit(&lease, settle(work, &lease, "failed", reason));
}

static enum err apply(struct event_work *work)
{
	if (!work->rows.own && work->rows.kind != BILLING_PAYMENT) {
		TRY(ask(work));
		if (!work->rows.own) {
			fail(work->ctx, ERR_UPSTREAM, "Stripe does not say what became of %.100s", work->rows.ref);
			return give_up(work);
		}
	}
	for (int tries = 0; tries < TIES_MOST; tries++) {
		TRY(attempt(work));
		if (!work->tie)
			return OK;
		TRY(ask(work));
	}
	return fail(work->ctx, ERR_CONFLICT, "The object keeps changing");
}

enum err stripe_event_run(struct ctx *ctx, struct job *job)
{
	struct event_work work = {.ctx = ctx, .job = job, .org_id = json_text(job->payload, "org", ""),
		.id = json_text(job->payload, "event", ""), .live = json_flag(job->payload, "live", false)};
	struct json_object *event, *data = NULL, *object = NULL;
	const char *text, *type;
	PGresult *row;

	TRY(pg_query(ctx, job->pool, &SQL_BILLING_EVENT_GET, PARAMS(work.org_id, pg_bool(work.live), work.id), &row));
	if (!PQntuples(row))
		return OK;
	text = pg_text(row, 0, "payload");
	type = pg_text(row, 0, "type");
	work.as_of_us = billing_as_of(type, pg_number(row, 0, "created_s", 0));
	TRY(json_read(ctx, text, strlen(text), BILLING_DEPTH + 1, &event));
	json_object_object_get_ex(event, "data", &data);
	json_object_object_get_ex(data, "object", &object);
	if (billing_read(ctx, object, strlen(type) > 8 && !strcmp(type + strlen(type) - 8, ".deleted"), &work.rows) != OK)
		return give_up(&work);
	return apply(&work);
}
