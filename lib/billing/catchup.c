#include "billing/parts.h"

#include "base/log.h"
#include "conf/conf.h"
#include "sql.h"

#include <string.h>

#define PAGE 100
#define OVERLAP_S 300                 /* an event may be listed a moment after it was made */
#define SWEEP_BATCH 5000

const struct job_kind BILLING_JOBS[] = {
	{&JOB_STRIPE_EVENT, stripe_event_run}, {&JOB_STRIPE_IMPORT, stripe_import_run}, {&JOB_STRIPE_CATCH_UP, stripe_catch_up_run},
	{&JOB_STRIPE_CHECK, stripe_check_run}, {&JOB_STRIPE_ROUND, stripe_round_run}, {0}};

const struct schedule BILLING_SCHEDULES[] = {
	{.name = "stripe.round", .cron = "7 * * * *", .zone = "UTC", .policy = &JOB_STRIPE_ROUND, .missed = SCHEDULE_SKIP}, {0}};

struct catch_up {
	struct ctx *ctx;      /* the job's */
	struct ctx own;       /* of a page */
	struct stripe_caller caller; /* works in own */
	int64_t from_s, until_s;
	char cursor[256];     /* the last event that was read, newest first */
	int64_t found;        /* that were not known */
};

static const char *page_query(struct catch_up *up)
{
	struct buffer query = {0};
	const char *text;

	stripe_param_int(&query, "limit", PAGE);
	stripe_param_int(&query, "created[gte]", up->from_s);
	if (*up->cursor)
		stripe_param(&query, "starting_after", up->cursor);
	text = arena_strdup(&up->own.arena, query.data);
	buffer_free(&query);
	return text;
}

/* Only what is taken is stored: nobody chose the types here. */
static enum err page_store(struct catch_up *up, struct lease *lease, struct json_object *data)
{
	for (size_t i = 0; i < json_object_array_length(data); i++) {
		struct json_object *event = json_object_array_get_idx(data, i);
		bool new;

		if (!json_object_is_type(event, json_type_object) || !billing_type_known(json_text(event, "type", "")) ||
			json_flag(event, "livemode", !up->caller.live) != up->caller.live)
			continue;
		TRY(event_store(&up->own, lease, up->caller.org_id, up->caller.live, "catch-up", event,
			json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), &new));
		up->found += new;
	}
	return OK;
}

static enum err page_write(struct catch_up *up, struct json_object *data, bool more)
{
	const struct stripe_caller *caller = &up->caller;
	struct lease lease;
	enum err err;

	TRY(job_begin(&up->own, caller->job, &lease));
	err = data ? page_store(up, &lease, data) : OK;
	if (err == OK)
		err = pg_run(&lease, &SQL_BILLING_SYNC_EVENTS, PARAMS(caller->org_id, pg_bool(caller->live), pg_int(&up->own, up->until_s),
			more ? up->cursor : NULL), NULL);
	return job_commit(&lease, err);
}

static enum err page_read(struct catch_up *up, bool *more_out)
{
	struct stripe_reply reply;
	struct json_object *data = NULL, *last;
	size_t length;

	TRY(caller_get(&up->caller, "/v1/events", page_query(up), &reply));
	if (*up->cursor && (reply.status == 400 || reply.status == 404)) {
		up->cursor[0] = '\0'; /* that event is too old by now: from the newest one again */
		*more_out = true;
		return OK;
	}
	if (reply.status == 401 || reply.status == 403)
		return job_reject(&up->own, up->caller.job, fail(&up->own, ERR_FORBIDDEN, "The key may not read events"));
	if (reply.status >= 300 || !json_object_object_get_ex(reply.body, "data", &data) || !json_object_is_type(data, json_type_array))
		return fail(&up->own, ERR_UPSTREAM, "Stripe's list of events cannot be used: %d %s", reply.status, reply.error_message);
	if (!*up->cursor)
		up->until_s = reply.read_s;
	length = json_object_array_length(data);
	last = length ? json_object_array_get_idx(data, length - 1) : NULL;
	*more_out = json_flag(reply.body, "has_more", false) && last && strcmp(json_text(last, "id", ""), up->cursor) != 0;
	if (*more_out)
		snprintf(up->cursor, sizeof up->cursor, "%s", json_text(last, "id", ""));
	return page_write(up, data, *more_out);
}

static enum err pages_read(struct catch_up *up)
{
	enum err err = OK;
	bool more = true;

	ctx_init(&up->own);
	up->caller.ctx = &up->own;
	while (err == OK && more) {
		if (job_cancelled(up->ctx, up->caller.job)) {
			err = fail(up->ctx, ERR_GONE, "Cancelled");
			break;
		}
		up->own.deadline_us = up->ctx->deadline_us;
		err = page_read(up, &more);
		if (err != OK)
			fail(up->ctx, err, "%s", up->own.fault.detail);
		ctx_reset(&up->own);
	}
	ctx_free(&up->own);
	return err;
}

enum err stripe_catch_up_run(struct ctx *ctx, struct job *job)
{
	struct catch_up up = {.ctx = ctx};
	PGresult *state;

	TRY(caller_load(ctx, job, &up.caller));
	if (!up.caller.secret_key)
		return job_reject(ctx, job, fail(ctx, ERR_CONFLICT, "There is no connection to Stripe"));
	TRY(pg_query(ctx, job->pool, &SQL_BILLING_SYNC_GET, PARAMS(up.caller.org_id, pg_bool(up.caller.live)), &state));
	bool known = PQntuples(state) > 0;
	if (known && pg_text(state, 0, "events_cursor")) {
		snprintf(up.cursor, sizeof up.cursor, "%s", pg_text(state, 0, "events_cursor"));
		up.until_s = pg_number(state, 0, "until_s", 0);
	}
	/* Stripe itself goes back no further than 30 days. */
	up.from_s = known ? pg_number(state, 0, "through_s", 0) - OVERLAP_S : 0;
	if (up.from_s < 0)
		up.from_s = 0;
	TRY(pages_read(&up));
	struct json_object *result = json_own(ctx, json_object_new_object());
	json_object_object_add(result, "found", json_object_new_int64(up.found));
	return job_result(ctx, job, result);
}

/* --- the hourly round --- */

static enum err sweep(struct ctx *ctx, struct job *job)
{
	int64_t batch = SWEEP_BATCH;
	PGresult *rows;

	while (batch == SWEEP_BATCH && !job_cancelled(ctx, job)) {
		TRY(pg_query(ctx, job->pool, &SQL_BILLING_SWEEP, PARAMS(pg_int(ctx, conf_int("stripe.keep")), pg_int(ctx, SWEEP_BATCH)), &rows));
		batch = pg_number(rows, 0, "most", 0);
	}
	return OK;
}

enum err stripe_round_run(struct ctx *ctx, struct job *job)
{
	struct lease lease;
	PGresult *rows;
	enum err err = OK;

	TRY(pg_query(ctx, job->pool, &SQL_BILLING_CONNECTIONS, NULL, &rows));
	TRY(job_begin(ctx, job, &lease));
	for (int row = 0; err == OK && row < PQntuples(rows); row++) {
		char id[ID_TEXT];

		err = billing_catch_up_start(ctx, &lease, pg_text(rows, row, "org_id"), pg_true(rows, row, "live"), id);
		if (err == ERR_CONFLICT) { /* gone meanwhile */
			ctx_forgive(ctx);
			err = OK;
		}
	}
	TRY(job_commit(&lease, err));
	return sweep(ctx, job);
}
