/* Stripe: form-encoded requests, current API shapes, errors (shared fact sheet: docs.stripe.com, stripe-node 23.1). */
#ifndef STOA_STRIPE_STRIPE_H
#define STOA_STRIPE_STRIPE_H

#include "base/buffer.h"
#include "net/net.h"

#include <json-c/json.h>

extern const struct conf_row STRIPE_CONF[]; /* [stripe] api_base, api_version (2026-10-28.endive), timeout, retry */

/* Appends name=value, form-encoded, with '&' between. value NULL sends the empty value (unset). */
void stripe_param(struct buffer *form, const char *name, const char *value);
void stripe_param_int(struct buffer *form, const char *name, int64_t value);

struct stripe_reply {
	int status;                 /* 0 = none came */
	struct json_object *body;   /* parsed, ctx memory; NULL when not JSON */
	const char *request_id;     /* Request-Id header or "" */
	const char *error_type, *error_code, *error_message; /* of {"error":{…}}, or "" */
	bool definite;              /* Stripe answered for good: 2xx, or a 4xx that a repeat will not change */
};

/* One API call: method "GET"/"POST"/"DELETE", path "/v1/subscriptions/sub_…", form body or query for GET (may be NULL).
 * idempotency_key NULL for GET. Retries by [stripe] retry (3 tries, exponential, document 003 §5) honouring Stripe-Should-Retry.
 * OK whenever a response came; reply->definite tells. ERR_UPSTREAM/TIMEOUT/UNAVAILABLE: no answer, outcome unknown. */
enum err stripe_call(struct ctx *ctx, struct net *net, const char *secret_key, const char *account, const char *method,
	const char *path, const char *form, const char *idempotency_key, struct stripe_reply *reply_out);

#endif
