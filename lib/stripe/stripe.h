/* Stripe: form-encoded requests, current API shapes, errors (shared fact sheet: docs.stripe.com, stripe-node 23.1). */
#ifndef STOA_STRIPE_STRIPE_H
#define STOA_STRIPE_STRIPE_H

#include "base/buffer.h"
#include "net/net.h"

#include <json-c/json.h>

extern const struct conf_row STRIPE_CONF[]; /* [stripe] api_base, api_version (2026-10-28.endive), timeout, tries, keep */

/* Appends name=value, form-encoded, with '&' between. value NULL sends the empty value (unset). */
void stripe_param(struct buffer *form, const char *name, const char *value);
void stripe_param_int(struct buffer *form, const char *name, int64_t value);

/* True for an object id of Stripe with this prefix ("sub_", "di_"): prefix, then 1 to 200 letters, digits or '_'. Only
 * such ids may stand in a path. */
bool stripe_id(const char *text, const char *prefix);
/* True for a coupon's id, which its owner may choose: 1 to 200 letters, digits, '_' or '-'. */
bool stripe_coupon_id(const char *text);

struct stripe_reply {
	int status;                 /* 0 = none came */
	struct json_object *body;   /* parsed, ctx memory; NULL when not a JSON object */
	const char *request_id;     /* Request-Id header or "" */
	const char *error_type, *error_code, *error_message; /* of {"error":{…}}, or "" */
	bool replayed;              /* the stored answer of an earlier call with this key: that call is over */
	int64_t read_s;             /* Unix time by Stripe's clock: what happened until then is in the answer */
	bool definite;              /* Stripe answered for good: 2xx with a body, or a 4xx that a repeat will not change */
};

/* One API call: method "GET"/"POST"/"DELETE", path "/v1/subscriptions/sub_…", form body or query for GET (may be NULL).
 * account names the peer: calls in flight are capped for each. idempotency_key NULL for GET. Repeats within [stripe] tries
 * (3, exponential, document 003 §5) what Stripe-Should-Retry asks for, else a lost connection, 409 and 5xx; a plain 429 is left
 * to the job's longer backoff. OK whenever a response came; reply->definite tells. ERR_UPSTREAM/TIMEOUT/UNAVAILABLE: no
 * answer, outcome unknown. */
enum err stripe_call(struct ctx *ctx, struct net *net, const char *secret_key, const char *account, const char *method,
	const char *path, const char *form, const char *idempotency_key, struct stripe_reply *reply_out);

/* What stripe_call() makes of a response: fills body, error_* and definite from reply->status and the bytes. */
void stripe_reply_read(struct ctx *ctx, const char *text, size_t bytes, struct stripe_reply *reply);

#endif
