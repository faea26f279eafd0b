#include "billing/parts.h"

#include "sql.h"

#include <string.h>

/* Stripe judges a restricted key before it looks for the object, so that a write to one that does not exist tells whether it would be
 * allowed: 403, or 404 and nothing has changed. */
static const struct {
	const char *scope, *access, *method, *path, *form;
	bool needed;
} PROBES[] = {
	{"customers", "read", "GET", "/v1/customers", "limit=1", true},
	{"subscriptions", "read", "GET", "/v1/subscriptions", "limit=1", true},
	{"subscriptions", "write", "POST", "/v1/subscriptions/sub_stoapermissioncheck", "metadata%5Bstoa%5D=check", true},
	{"products", "read", "GET", "/v1/products", "limit=1", true},
	{"prices", "read", "GET", "/v1/prices", "limit=1", true},
	{"coupons", "read", "GET", "/v1/coupons", "limit=1", true},
	{"coupons", "write", "POST", "/v1/coupons/stoapermissioncheck", "metadata%5Bstoa%5D=check", true},
	{"invoices", "read", "GET", "/v1/invoices", "limit=1", true},
	{"invoices", "write", "POST", "/v1/invoices/in_stoapermissioncheck/pay", "", false},
	{"charges", "read", "GET", "/v1/refunds", "limit=1", true},
	{"disputes", "read", "GET", "/v1/disputes", "limit=1", true},
	{"events", "read", "GET", "/v1/events", "limit=1", true},
	{"portal", "write", "POST", "/v1/billing_portal/sessions", "customer=cus_stoapermissioncheck", false}};

static enum err probe(const struct stripe_caller *caller, size_t i, struct json_object *scopes)
{
	const struct job_house *house = caller->job->house;
	struct json_object *scope = json_object_new_object();
	struct stripe_reply reply;

	json_object_array_add(scopes, scope);
	TRY(stripe_call(caller->ctx, house->net, caller->secret_key, arena_printf(&caller->ctx->arena, "%s:%s", caller->org_id,
		caller->live ? "live" : "test"), PROBES[i].method, PROBES[i].path, PROBES[i].form, NULL, &reply));
	if (!reply.definite)
		return fail(caller->ctx, ERR_UPSTREAM, "Stripe answered %d: %s", reply.status, reply.error_message);
	if (reply.status == 401)
		return job_reject(caller->ctx, caller->job, fail(caller->ctx, ERR_FORBIDDEN, "Stripe refuses the key"));
	json_object_object_add(scope, "scope", json_object_new_string(PROBES[i].scope));
	json_object_object_add(scope, "access", json_object_new_string(PROBES[i].access));
	json_object_object_add(scope, "allowed", json_object_new_boolean(reply.status != 403));
	json_object_object_add(scope, "needed", json_object_new_boolean(PROBES[i].needed));
	return OK;
}

enum err stripe_check_run(struct ctx *ctx, struct job *job)
{
	struct json_object *scopes = json_own(ctx, json_object_new_array());
	struct stripe_caller caller;
	struct lease lease;

	TRY(caller_load(ctx, job, &caller));
	if (!caller.secret_key)
		return job_reject(ctx, job, fail(ctx, ERR_CONFLICT, "There is no connection to Stripe"));
	for (size_t i = 0; i < sizeof PROBES / sizeof *PROBES; i++)
		TRY(probe(&caller, i, scopes));
	TRY(job_begin(ctx, job, &lease));
	return job_commit(&lease, pg_run(&lease, &SQL_BILLING_SYNC_SCOPES, PARAMS(caller.org_id, pg_bool(caller.live),
		json_object_to_json_string_ext(scopes, JSON_C_TO_STRING_PLAIN)), NULL));
}
