/* Retention: what the widget responder, the owner's responder and the worker need of the domain
 * (inventory section D; document 003). */
#ifndef STOA_RETENTION_RETENTION_H
#define STOA_RETENTION_RETENTION_H

#include "job/house.h"
#include "job/job.h"
#include "job/policies.h"
#include "stripe/stripe.h"
#include "text/json.h"
#include "who/audit.h"
#include "who/who.h"

/* Value segments by the monthly value in minor units of its own currency (inventory D.4: trial <1, low <20, medium 20-99,
 * high >=100, of the major unit with two decimals). A value that was not given counts as 0. */
enum segment { SEGMENT_TRIAL, SEGMENT_LOW, SEGMENT_MEDIUM, SEGMENT_HIGH, SEGMENT_COUNT };
enum segment segment_of(int64_t value_minor);
const char *segment_text(enum segment segment);

/* Steps of a flow. Offers are DISCOUNT … SUPPORT; FEEDBACK and SURVEY ask, CONFIRM ends. */
enum step_type { STEP_SURVEY, STEP_DISCOUNT, STEP_PAUSE, STEP_DOWNGRADE, STEP_EXTENSION, STEP_SUPPORT, STEP_FEEDBACK, STEP_CONFIRM, STEP_COUNT };
const char *step_text(enum step_type type);
bool step_parse(const char *text, enum step_type *type_out);
bool step_is_offer(enum step_type type);

#define FLOW_STEPS 20
/* The cache tag of an organisation's flows; memory of ctx. */
const char *flows_tag(struct ctx *ctx, const char *org_id);
/* After a change of flows: the widget shows them as they are now. */
void flows_forget(struct ctx *ctx, struct cache *cache, const char *org_id);
/* True for a survey's reason code: Stripe's cancellation feedback values. */
bool reason_known(const char *code);

/* The documented order of a segment (D.4): high discount>pause>downgrade; medium pause>discount>downgrade; low
 * downgrade>pause>discount; more than one attempt: support first, else last. Trial (not documented): extension>pause>
 * discount>downgrade; elsewhere extension comes before support. Survey stays first; feedback, then confirm last. Writes the
 * step indexes in their new order; returns the count. */
int flow_order(struct json_object *steps, enum segment segment, int attempts, int order_out[FLOW_STEPS]);

/* Revenue saved by an accepted offer (D.4): pause, support, extension 100 %, downgrade 30 %, discount 20 % of the monthly value, rounded
 * half up; other steps 0. */
int64_t revenue_saved(enum step_type offer, int64_t value_minor);

/* A person's word on a decision that waits for one (status "manual"): carried out, so that it stands ("applied", with its revenue), or not
 * ("left"). Writes audit and event in lease's transaction. The same word again changes nothing; ERR_NOT_FOUND, ERR_CONFLICT when it does not
 * wait. by: who; action and entity are filled in. */
struct hand {
	const struct audit *by;
	const char *session_id;
	bool live, done;
};
enum err decision_hand(struct ctx *ctx, struct lease *lease, const struct hand *hand);

/* The session token: version 1, HMAC-SHA-256 by the house key. It carries organisation, key, session, customer, subscription, flow,
 * version, mode and expiry; a decision is accepted only under it. */
struct widget_token {
	char org_id[ID_TEXT], key_id[ID_TEXT], session_id[ID_TEXT], flow_id[ID_TEXT];
	int flow_version;
	bool live;
	bool cancel_at_stripe; /* what the customer was told: the flow may be changed since */
	int64_t expires_s; /* Unix time */
	const char *customer, *subscription; /* subscription may be "" */
};
#define WIDGET_SESSION_S 3600
const char *widget_token_make(struct ctx *ctx, const struct widget_token *token);
/* ERR_UNAUTHENTICATED: not ours or altered; ERR_GONE: expired. */
enum err widget_token_read(struct ctx *ctx, const char *text, struct widget_token *token_out);

/* The host's signature over the customer: header form "t=<unix>,v1=<hex>[,v1=…]"; signed bytes are t, then for each field that is sent,
 * in alphabetical order of its name, a line feed and name=value (integers in decimal). HMAC-SHA-256 under the key's signing secret as
 * ASCII. Accepted up to 300 s either way. ERR_FORBIDDEN says what does not fit. */
struct signed_field { const char *name, *value; };
enum err customer_signature_check(struct ctx *ctx, const char *secret, const char *signature,
	const struct signed_field *fields, int count);

/* Applying a decision at Stripe: a job under JOB_STRIPE_APPLY (job/policies.h), payload {"org","live","session"}. */
enum err stripe_apply_run(struct ctx *ctx, struct job *job);
/* The domain's handlers, for the worker; ends with {0}. */
extern const struct job_kind RETENTION_JOBS[];

/* A starter flow in one language ("en", "de", "fr", "es"; another is English), steps only, owned by ctx: what a new organisation
 * begins with. */
struct json_object *flow_starter(struct ctx *ctx, const char *language);
/* Adds them to a new organisation, active, in lease's transaction: a widget key works at once. */
enum err flow_starters_add(struct ctx *ctx, struct lease *lease, const char *org_id, const char *account_id);

#endif
