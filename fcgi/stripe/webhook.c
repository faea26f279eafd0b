#include "stripe/family.h"

#include "billing/billing.h"
#include "web/budget.h"

struct webhook_input { const char *endpoint, *signature; };

static const struct field WEBHOOK_INPUT[] = {
	INPUT(struct webhook_input, endpoint, "endpoint", IN_PATH, FIELD_ID, .required = true, .doc = "the endpoint, from the address that Stripe was given"),
	INPUT(struct webhook_input, signature, "Stripe-Signature", IN_HEADER, FIELD_TEXT, .required = true, .least = 1, .most = 2048,
		.doc = "t=<unix>,v1=<hex>[,v1=...] over the raw body"),
	FIELD_END};

static const struct field WEBHOOK_REPLY[] = {
	REPLY("received", FIELD_BOOL, .required = true, .doc = "true: the event is stored, now or from an earlier delivery"),
	FIELD_END};

/* Stripe counts everything but 2xx as a failure and comes again, so an answer means stored. */
static enum err webhook_take(struct req *req, struct rep *rep)
{
	const struct webhook_input *input = req->input;
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	struct billing_endpoint endpoint;

	if (req->body_length > BILLING_EVENT_BYTES)
		return fail(&req->ctx, ERR_TOO_LARGE, "An event may have %d bytes", BILLING_EVENT_BYTES);
	TRY(billing_endpoint_find(&req->ctx, req->house.pool, input->endpoint, &endpoint));
	TRY(billing_signature_check(&req->ctx, endpoint.secrets, 2, input->signature, req->body, req->body_length));
	TRY(billing_receive(&req->ctx, req->house.pool, &endpoint, req->body, req->body_length));
	json_object_object_add(reply, "received", json_object_new_boolean(true));
	return reply_json(req, rep, reply);
}

const struct route STRIPE_WEBHOOK_ROUTES[] = {
	{.method = METHOD_POST, .path = "/api/v1/stripe/webhook/:endpoint", .access = ACCESS_PUBLIC, .class = CLASS_WEBHOOK_IN,
		.input = WEBHOOK_INPUT, .input_size = sizeof(struct webhook_input), .run = webhook_take, .shape = REPLY_FIELDS, .reply = WEBHOOK_REPLY,
		.limit = &LIMIT_NONE, .raw = true, .budget = &BUDGET_CHANGE, .doc = "Takes an event of Stripe: its signature is the caller's proof"},
	ROUTE_END};
