#include "billing/parts.h"

#include "sql.h"

#include <string.h>

#define PAGE 100
#define INVOICE_DAYS 365
#define DAY_S 86400

/* In the order in which they are read: what others refer to comes first. */
static const struct {
	const char *path, *query;
	bool recent; /* of the last INVOICE_DAYS only */
} PHASES[BILLING_PHASE_COUNT] = {
	{"/v1/products", NULL, false},
	{"/v1/prices", NULL, false},
	{"/v1/coupons", NULL, false},
	{"/v1/customers", NULL, false},
	{"/v1/subscriptions", "status=all&expand%5B%5D=data.discounts", false},
	{"/v1/invoices", "status=paid&expand%5B%5D=data.payments", true},
	{"/v1/refunds", "expand%5B%5D=data.charge", true},
	{"/v1/disputes", NULL, true}};

const char *const BILLING_PHASES[BILLING_PHASE_COUNT] = {
	"products", "prices", "coupons", "customers", "subscriptions", "invoices", "refunds", "disputes"};

struct import {
	struct ctx *ctx;       /* the job's */
	struct ctx own;        /* of a page */
	struct stripe_caller caller;  /* works in own */
	int phase;
	char cursor[256];      /* the last object that was read; "" at a phase's beginning */
	int64_t began_s, read; /* of this phase, by this attempt */
	bool anew;             /* this attempt has begun this phase anew */
};

static enum err passed_on(struct import *import, enum err err)
{
	if (err != OK)
		fail(import->ctx, err, "%s", import->own.fault.detail);
	return err;
}

static const char *page_query(struct import *import)
{
	struct buffer query = {0};
	const char *text;

	stripe_param_int(&query, "limit", PAGE);
	if (PHASES[import->phase].recent)
		stripe_param_int(&query, "created[gte]", import->began_s - (int64_t)INVOICE_DAYS * DAY_S);
	if (*import->cursor)
		stripe_param(&query, "starting_after", import->cursor);
	if (PHASES[import->phase].query)
		buffer_printf(&query, "&%s", PHASES[import->phase].query);
	text = arena_strdup(&import->own.arena, query.data);
	buffer_free(&query);
	return text;
}

/* What cannot be used is left out: an event or the next import may bring it in another shape. */
static int rows_read(struct ctx *ctx, struct json_object *data, struct billing_rows *rows)
{
	int count = 0;

	for (size_t i = 0; i < json_object_array_length(data); i++)
		if (billing_read(ctx, json_object_array_get_idx(data, i), false, &rows[count]) == OK && rows[count].own)
			count++;
		else
			ctx_forgive(ctx);
	return count;
}

static enum err page_write(struct import *import, const struct billing_rows *rows, int count, int64_t as_of_us, bool more, bool refused)
{
	const struct stripe_caller *caller = &import->caller;
	int next = more ? import->phase : import->phase + 1;
	struct lease lease;
	enum err err;

	TRY(job_begin(&import->own, caller->job, &lease));
	err = billing_lock(&lease, caller->org_id, caller->live);
	if (err == OK)
		err = mirror_put_all(&(struct mirror){&import->own, &lease, caller->org_id, caller->live}, rows, count, as_of_us);
	if (err == OK)
		err = pg_run(&lease, &SQL_BILLING_SYNC_PAGE, PARAMS(caller->org_id, pg_bool(caller->live), BILLING_PHASES[import->phase],
			more ? import->cursor : NULL, refused ? NULL : pg_int(&import->own, count), pg_int(&import->own, next),
			pg_bool(next == BILLING_PHASE_COUNT)), NULL);
	return job_commit(&lease, err);
}

/* The next cursor; false: there is no more. */
static bool page_next(struct import *import, struct json_object *body, struct json_object *data)
{
	size_t length = json_object_array_length(data);
	const char *last = length ? json_text(json_object_array_get_idx(data, length - 1), "id", "") : "";

	if (!json_flag(body, "has_more", false) || !*last || strlen(last) >= sizeof import->cursor || !strcmp(last, import->cursor))
		return false;
	snprintf(import->cursor, sizeof import->cursor, "%s", last);
	return true;
}

static enum err phase_anew(struct import *import)
{
	const struct stripe_caller *caller = &import->caller;
	struct lease lease;

	import->cursor[0] = '\0';
	import->read = 0;
	import->anew = true;
	TRY(job_begin(&import->own, caller->job, &lease));
	return job_commit(&lease, pg_run(&lease, &SQL_BILLING_SYNC_ANEW, PARAMS(caller->org_id, pg_bool(caller->live),
		BILLING_PHASES[import->phase]), NULL));
}

static enum err page_import(struct import *import)
{
	struct stripe_reply reply;
	struct json_object *data = NULL;
	struct billing_rows *rows;

	TRY(caller_get(&import->caller, PHASES[import->phase].path, page_query(import), &reply));
	/* The object at the cursor was deleted at Stripe. Once: whatever else is wrong with the request stays wrong. */
	if (*import->cursor && !import->anew && (reply.status == 400 || reply.status == 404))
		return phase_anew(import);
	bool refused = reply.status == 403;
	if (reply.status == 401)
		return job_reject(&import->own, import->caller.job, fail(&import->own, ERR_FORBIDDEN, "Stripe refuses the key"));
	if (!refused && (reply.status >= 300 || !json_object_object_get_ex(reply.body, "data", &data) || !json_object_is_type(data, json_type_array)))
		return fail(&import->own, ERR_UPSTREAM, "Stripe's list of %s cannot be used: %d %s", BILLING_PHASES[import->phase], reply.status,
			reply.error_message);
	rows = arena_array(&import->own.arena, data ? json_object_array_length(data) + 1 : 1, sizeof *rows);
	int count = data ? rows_read(&import->own, data, rows) : 0;
	bool more = data && page_next(import, reply.body, data);
	TRY(page_write(import, rows, count, reply_as_of(&reply), more, refused));
	import->read += count;
	job_progress(&import->own, import->caller.job, 100 * import->phase / BILLING_PHASE_COUNT,
		arena_printf(&import->own.arena, "%s: %lld", BILLING_PHASES[import->phase], (long long)import->read));
	if (!more) {
		import->phase++;
		import->read = 0;
		import->anew = false;
		import->cursor[0] = '\0';
	}
	return OK;
}

static enum err pages_import(struct import *import)
{
	enum err err = OK;

	ctx_init(&import->own);
	import->caller.ctx = &import->own;
	while (err == OK && import->phase < BILLING_PHASE_COUNT) {
		if (job_cancelled(import->ctx, import->caller.job)) {
			err = fail(import->ctx, ERR_GONE, "Cancelled");
			break;
		}
		import->own.deadline_us = import->ctx->deadline_us;
		err = passed_on(import, page_import(import));
		ctx_reset(&import->own);
	}
	ctx_free(&import->own);
	return err;
}

enum err stripe_import_run(struct ctx *ctx, struct job *job)
{
	struct import import = {.ctx = ctx};
	PGresult *state;

	TRY(caller_load(ctx, job, &import.caller));
	if (!import.caller.secret_key)
		return job_reject(ctx, job, fail(ctx, ERR_CONFLICT, "There is no connection to Stripe"));
	TRY(pg_query(ctx, job->pool, &SQL_BILLING_SYNC_GET, PARAMS(import.caller.org_id, pg_bool(import.caller.live)), &state));
	if (!PQntuples(state) || pg_true(state, 0, "ended"))
		return OK;
	import.phase = (int)pg_number(state, 0, "phase", 0);
	import.began_s = pg_number(state, 0, "began_s", 0);
	if (pg_text(state, 0, "cursor"))
		snprintf(import.cursor, sizeof import.cursor, "%s", pg_text(state, 0, "cursor"));
	return pages_import(&import);
}

/* --- beginning --- */

static enum err start(struct ctx *ctx, struct lease *lease, const struct job_policy *policy, const char *org_id, bool live,
	char id_out[ID_TEXT], bool *new_out)
{
	const char *mode = live ? "live" : "test", *unique = arena_printf(&ctx->arena, "%s/%s", org_id, mode);
	PGresult *key, *open;

	TRY(pg_run(lease, &SQL_BILLING_KEY_GET, PARAMS(org_id, pg_bool(live)), &key));
	if (!PQntuples(key))
		return fail(ctx, ERR_CONFLICT, "The %s mode is not connected to Stripe", mode);
	TRY(job_enqueue(ctx, lease, policy, &(struct job_new){.org_id = org_id, .unique_key = unique,
		.payload = arena_printf(&ctx->arena, "{\"org\":\"%s\",\"live\":%s}", org_id, live ? "true" : "false")}, id_out));
	*new_out = *id_out;
	if (*new_out)
		return OK;
	TRY(pg_run(lease, &SQL_BILLING_JOB_OPEN, PARAMS(org_id, policy->kind, unique), &open));
	if (!PQntuples(open))
		return fail(ctx, ERR_CONFLICT, "One has just ended: ask again");
	snprintf(id_out, ID_TEXT, "%s", pg_text(open, 0, "id"));
	return OK;
}

enum err billing_import_start(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT])
{
	bool new;

	TRY(start(ctx, lease, &JOB_STRIPE_IMPORT, org_id, live, id_out, &new));
	return new ? pg_run(lease, &SQL_BILLING_SYNC_BEGIN, PARAMS(org_id, pg_bool(live), id_out), NULL) : OK;
}

enum err billing_check_start(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT])
{
	bool new;

	return start(ctx, lease, &JOB_STRIPE_CHECK, org_id, live, id_out, &new);
}

enum err billing_catch_up_start(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT])
{
	bool new;

	return start(ctx, lease, &JOB_STRIPE_CATCH_UP, org_id, live, id_out, &new);
}
