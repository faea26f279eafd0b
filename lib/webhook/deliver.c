#include "webhook/parts.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "job/house.h"
#include "sql.h"
#include "text/json.h"
#include "who/secret.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES 65536

/* One attempt at one delivery. */
struct delivery {
	struct ctx *ctx;
	struct job *job;
	const char *org_id, *id;
	PGresult *row;
	const char *body;
	struct call call;
	int64_t took_us;
	const char *trouble;
};

static enum err cancel(struct delivery *delivery)
{
	struct lease lease;

	TRY(job_begin(delivery->ctx, delivery->job, &lease));
	return job_commit(&lease, pg_run(&lease, &SQL_WEBHOOK_DELIVERY_CANCEL, PARAMS(delivery->org_id, delivery->id), NULL));
}

static void member(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, "%s\"%s\":", out->length ? "," : "{", name);
	if (value)
		buffer_json(out, value, strlen(value));
	else
		buffer_text(out, "null");
}

/* The same bytes in every attempt. */
static const char *body_make(struct delivery *delivery)
{
	const PGresult *row = delivery->row;
	struct buffer out = {0};
	const char *body;

	member(&out, "type", pg_text(row, 0, "type"));
	member(&out, "timestamp", pg_text(row, 0, "at"));
	member(&out, "id", pg_text(row, 0, "event_id"));
	member(&out, "organisation", delivery->org_id);
	buffer_printf(&out, ",\"live\":%s,\"version\":%s", pg_true(row, 0, "live") ? "true" : "false", pg_text(row, 0, "schema_version"));
	member(&out, "entity", pg_text(row, 0, "entity"));
	member(&out, "entityId", pg_text(row, 0, "entity_id"));
	buffer_printf(&out, ",\"data\":%s}", pg_text(row, 0, "payload"));
	body = arena_memdup(&delivery->ctx->arena, out.data, out.length);
	buffer_free(&out);
	return body;
}

/* ERR_INTERNAL: a stored secret does not open. */
static enum err sign_with(struct delivery *delivery, const char *column, int64_t now_s, const char **signatures)
{
	struct ctx *ctx = delivery->ctx;
	const uint8_t *box;
	const char *secret, *signature;
	size_t bytes;

	if (!pg_data(ctx, delivery->row, 0, column, &box, &bytes))
		return OK;
	TRY(secret_unseal(ctx, delivery->org_id, box, bytes, &secret, &bytes));
	signature = webhook_sign(ctx, secret, pg_text(delivery->row, 0, "event_id"), now_s, delivery->body, strlen(delivery->body));
	if (!signature)
		return fail(ctx, ERR_INTERNAL, "A stored secret is malformed");
	*signatures = **signatures ? arena_printf(&ctx->arena, "%s %s", *signatures, signature) : signature;
	return OK;
}

static enum err call_make(struct delivery *delivery)
{
	struct ctx *ctx = delivery->ctx;
	const char *signatures = "";
	int64_t now_s = clock_wall_s();

	delivery->body = body_make(delivery);
	TRY(sign_with(delivery, "secret_sealed", now_s, &signatures));
	TRY(sign_with(delivery, "secret_before_sealed", now_s, &signatures));
	delivery->call = (struct call){
		.peer = arena_printf(&ctx->arena, "webhook:%s", pg_text(delivery->row, 0, "endpoint_id")),
		.method = "POST",
		.url = pg_text(delivery->row, 0, "url"),
		.headers = {"Content-Type: application/json", "User-Agent: Stoa-Webhooks/1",
			arena_printf(&ctx->arena, "webhook-id: %s", pg_text(delivery->row, 0, "event_id")),
			arena_printf(&ctx->arena, "webhook-timestamp: %lld", (long long)now_s),
			arena_printf(&ctx->arena, "webhook-signature: %s", signatures)},
		.body = delivery->body,
		.body_length = strlen(delivery->body),
		.timeout_ms = conf_ms("webhook.timeout"),
		.most_bytes = ANSWER_BYTES,
		.guard = true,
		.unbroken = true,
		.retry = {.attempts = 1},
	};
	return OK;
}

static void send(struct delivery *delivery)
{
	struct ctx *ctx = delivery->ctx;
	const struct job_house *house = delivery->job->house;
	int64_t began_us = clock_mono_us();

	if (net_call(ctx, house->net, &delivery->call) != OK)
		delivery->trouble = *delivery->call.trouble ? log_text(ctx, delivery->call.trouble, strlen(delivery->call.trouble)) : ctx->fault.detail;
	else if (delivery->call.status < 200 || delivery->call.status > 299)
		delivery->trouble = arena_printf(&ctx->arena, delivery->call.status / 100 == 3 ? "HTTP %d: redirects are not followed" : "HTTP %d",
			delivery->call.status);
	if (delivery->trouble)
		delivery->trouble = arena_strdup(&ctx->arena, delivery->trouble);
	ctx_forgive(ctx);
	delivery->took_us = clock_mono_us() - began_us;
}

static enum err attempt_log(struct delivery *delivery, struct lease *lease, const char *state)
{
	struct ctx *ctx = delivery->ctx;
	const struct call *call = &delivery->call;

	return pg_run(lease, &SQL_WEBHOOK_ATTEMPT_ADD,
		PARAMS(delivery->org_id, delivery->id, state, pg_int(ctx, delivery->took_us / 1000),
			call->status ? pg_int(ctx, call->status) : NULL, delivery->trouble, log_request_headers(ctx, call),
			log_text(ctx, delivery->body, strlen(delivery->body)), call->status ? log_response_headers(ctx, call) : NULL,
			call->status ? log_text(ctx, call->response, call->response_length) : NULL), NULL);
}

/* What the endpoint's row says of its health. It is written only when that changes, so that deliveries do not wait for each other. */
static enum err health_note(struct delivery *delivery, struct lease *lease, bool gone)
{
	const char *endpoint = pg_text(delivery->row, 0, "endpoint_id");
	bool failing = pg_true(delivery->row, 0, "failing");

	if (gone)
		return endpoint_disable(delivery->ctx, lease, delivery->org_id, endpoint, "gone");
	if (!delivery->trouble)
		return failing ? pg_run(lease, &SQL_WEBHOOK_ENDPOINT_PASSED, PARAMS(delivery->org_id, endpoint), NULL) : OK;
	if (!failing)
		return pg_run(lease, &SQL_WEBHOOK_ENDPOINT_FAILING, PARAMS(delivery->org_id, endpoint), NULL);
	return pg_true(delivery->row, 0, "overdue") ? endpoint_disable(delivery->ctx, lease, delivery->org_id, endpoint, "failing") : OK;
}

static enum err attempt_note(struct delivery *delivery, bool gone)
{
	const char *state = !delivery->trouble ? "delivered" : delivery->job->last || gone ? "failed" : "pending";
	struct lease lease;
	enum err err;

	TRY(job_begin(delivery->ctx, delivery->job, &lease));
	err = attempt_log(delivery, &lease, state);
	if (err == OK)
		err = health_note(delivery, &lease, gone);
	return job_commit(&lease, err);
}

static enum err load(struct delivery *delivery)
{
	struct ctx *ctx = delivery->ctx;

	return pg_query(ctx, delivery->job->pool, &SQL_WEBHOOK_DELIVERY_LOAD,
		PARAMS(delivery->org_id, delivery->id, pg_int(ctx, conf_ms("webhook.disable_after") / 1000)), &delivery->row);
}

enum err webhook_deliver_run(struct ctx *ctx, struct job *job)
{
	struct delivery delivery = {.ctx = ctx, .job = job, .org_id = json_text(job->payload, "org", ""),
		.id = json_text(job->payload, "delivery", "")};
	const char *state;
	bool gone;

	if (!id_valid(delivery.org_id) || !id_valid(delivery.id))
		return job_reject(ctx, job, fail(ctx, ERR_INVALID, "The payload names no delivery"));
	TRY(load(&delivery));
	if (!PQntuples(delivery.row))
		return OK;
	state = pg_text(delivery.row, 0, "state");
	if (strcmp(state, "delivered") == 0 || strcmp(state, "cancelled") == 0)
		return OK;
	if (!pg_true(delivery.row, 0, "enabled"))
		return cancel(&delivery);
	TRY(call_make(&delivery));
	send(&delivery);
	gone = delivery.call.status == 410;
	TRY(attempt_note(&delivery, gone));
	return delivery.trouble && !gone ? fail(ctx, ERR_UPSTREAM, "%s", delivery.trouble) : OK;
}
