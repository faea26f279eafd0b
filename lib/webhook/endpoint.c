#include "webhook/parts.h"

#include "sql.h"
#include "who/secret.h"

#include <string.h>

const struct conf_row WEBHOOK_CONF[] = {
	{"webhook.timeout", CONF_DURATION, "10s", false, 100, 30000, "longest wait for a receiver's answer"},
	{"webhook.disable_after", CONF_DURATION, "5d", false, 60000, 2000000000, "an endpoint of which every attempt failed for so long is disabled"},
	{"webhook.keep", CONF_INT, "30", false, 1, 3650, "days for which deliveries and their log are kept"},
	{"webhook.endpoints", CONF_INT, "20", false, 1, 1000, "endpoints of an organisation"},
	CONF_END,
};

enum err webhook_check(struct ctx *ctx, const char *url, const char *const *events, int event_count)
{
	const char *reason;

	if (url && !guard_url(url, &reason))
		return fail_field(ctx, ERR_INVALID, "url", "%s", reason);
	for (int i = 0; i < event_count; i++)
		if (!event_filter_known(events[i]))
			return fail_field(ctx, ERR_INVALID, "events", "There is no event \"%.60s\"; groups are written as member.*", events[i]);
	return OK;
}

static const char *sealed(struct ctx *ctx, const char *org_id, const char *secret)
{
	const uint8_t *box;
	size_t bytes;

	secret_seal(ctx, org_id, secret, strlen(secret), &box, &bytes);
	return pg_bytes(ctx, box, bytes);
}

enum err webhook_create(struct ctx *ctx, struct lease *lease, const struct webhook_new *new, char id_out[ID_TEXT],
	char secret_out[WEBHOOK_SECRET_TEXT])
{
	PGresult *result;

	TRY(webhook_check(ctx, new->url, new->events, new->event_count));
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_LOCK, PARAMS(new->org_id), NULL));
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_COUNT, PARAMS(new->org_id), &result));
	if (pg_number(result, 0, "endpoints", 0) >= conf_int("webhook.endpoints"))
		return fail(ctx, ERR_CONFLICT, "An organisation has at most %d endpoints", (int)conf_int("webhook.endpoints"));
	id_new(id_out);
	webhook_secret_new(secret_out);
	return pg_run(lease, &SQL_WEBHOOK_ENDPOINT_ADD,
		PARAMS(new->org_id, id_out, pg_bool(new->live), new->url, pg_array(ctx, new->events, new->event_count), new->description,
			pg_bool(new->enabled), sealed(ctx, new->org_id, secret_out), new->created_by), NULL);
}

enum err webhook_rotate(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, int overlap_s,
	char secret_out[WEBHOOK_SECRET_TEXT])
{
	PGresult *result;

	webhook_secret_new(secret_out);
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_ROTATE, PARAMS(org_id, id, sealed(ctx, org_id, secret_out), pg_int(ctx, overlap_s)), &result));
	return PQntuples(result) ? OK : fail(ctx, ERR_NOT_FOUND, "There is no such endpoint");
}

struct job_new delivery_job(struct ctx *ctx, const char *org_id, const char *id)
{
	return (struct job_new){.org_id = org_id, .unique_key = id,
		.payload = arena_printf(&ctx->arena, "{\"org\":\"%s\",\"delivery\":\"%s\"}", org_id, id)};
}

enum err delivery_enqueue(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, bool *queued_out)
{
	struct job_new new = delivery_job(ctx, org_id, id);
	char job[ID_TEXT];

	TRY(job_enqueue(ctx, lease, &JOB_WEBHOOK_DELIVER, &new, job));
	if (queued_out)
		*queued_out = *job;
	return OK;
}

enum err webhook_test(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, const char *account_id,
	char delivery_out[ID_TEXT])
{
	char event_id[ID_TEXT];
	PGresult *endpoint, *result;

	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_HOLD, PARAMS(org_id, id), &endpoint));
	if (!PQntuples(endpoint))
		return fail(ctx, ERR_NOT_FOUND, "There is no such endpoint");
	if (!pg_true(endpoint, 0, "enabled"))
		return fail(ctx, ERR_CONFLICT, "The endpoint is disabled: enable it first");
	TRY(event_add(ctx, lease, &(struct event){.org_id = org_id, .live = pg_true(endpoint, 0, "live"), .actor_kind = "session",
		.actor_id = account_id, .entity = "webhook_endpoint", .entity_id = id, .type = "webhook.test",
		.payload = "{\"message\":\"This is a test\"}"}, event_id));
	id_new(delivery_out);
	TRY(pg_run(lease, &SQL_WEBHOOK_DELIVERY_ADD, PARAMS(org_id, delivery_out, id, event_id), &result));
	return delivery_enqueue(ctx, lease, org_id, delivery_out, NULL);
}

enum err webhook_resend(struct ctx *ctx, struct lease *lease, const char *org_id, const char *delivery_id)
{
	PGresult *result;
	bool queued;

	TRY(pg_run(lease, &SQL_WEBHOOK_DELIVERY_GET, PARAMS(org_id, delivery_id), &result));
	if (!PQntuples(result))
		return fail(ctx, ERR_NOT_FOUND, "There is no such delivery");
	TRY(pg_run(lease, &SQL_WEBHOOK_DELIVERY_AGAIN, PARAMS(org_id, delivery_id), &result));
	if (!PQntuples(result))
		return fail(ctx, ERR_CONFLICT, "The endpoint is disabled: enable it first");
	TRY(delivery_enqueue(ctx, lease, org_id, delivery_id, &queued));
	return queued ? OK : fail(ctx, ERR_CONFLICT, "This delivery is on its way already");
}
