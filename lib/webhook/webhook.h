/* Outbound webhooks: events delivered to the addresses that an organisation names, signed after the Standard Webhooks specification
 * (standardwebhooks.com, spec/standard-webhooks.md).
 *
 * The way of an event. "webhook.fan", the consumer "webhook" of lib/event, makes one delivery for each endpoint that wants it, and a job
 * "webhook.deliver" for each delivery. A job's attempt POSTs once; what it came to is kept as a row of webhook_attempt. 2xx is
 * success. Anything else, a redirect too, which is never followed, is a failure, repeated by the policy (job/policies.h: 5 times,
 * 2 to 30 minutes apart); after the last the delivery has failed and can be sent again by hand. 410 disables the endpoint.
 *
 * What a receiver gets: webhook-id, webhook-timestamp, webhook-signature, and as the body {"type", "timestamp", "data"} with more beside
 * them. webhook-id is the event's id: the same in every attempt and at every endpoint, so a receiver drops what it has had. A delivery
 * whose answer was lost comes again. Deliveries are not in order: attempts run beside each other, and one that failed comes later.
 *
 * Safety: https only, public addresses only (net/net.h, "guard"), nothing followed, at most webhook.timeout and 64 KiB of an answer. Secrets
 * are sealed and shown once; the log hides signatures and everything that looks like a credential.
 *
 * An endpoint whose every attempt has failed for webhook.disable_after is disabled, with an event, a line of audit and a mail to the
 * owners. Test data goes to test endpoints only; what has no mode (people, keys) goes to live ones. */
#ifndef STOA_WEBHOOK_WEBHOOK_H
#define STOA_WEBHOOK_WEBHOOK_H

#include "event/event.h"
#include "job/job.h"
#include "job/policies.h"
#include "job/schedule.h"

extern const struct conf_row WEBHOOK_CONF[]; /* [webhook] timeout, disable_after, keep, endpoints */

#define WEBHOOK_FILTERS 32          /* most filters of an endpoint */
#define WEBHOOK_LOG_BYTES 4096      /* of a body in the log */
#define WEBHOOK_SECRET_BYTES 32     /* the specification asks for 24 to 64 */
#define WEBHOOK_SECRET_TEXT 52      /* "whsec_", base64 and a NUL */

/* A new random secret. */
void webhook_secret_new(char out[WEBHOOK_SECRET_TEXT]);
/* "v1,<base64>": HMAC-SHA-256 of "<id>.<timestamp>.<body>" under the secret's bytes. NULL: not a secret. Memory of ctx. */
const char *webhook_sign(struct ctx *ctx, const char *secret, const char *id, int64_t timestamp_s, const char *body, size_t bytes);

struct webhook_new {
	const char *org_id, *url, *description, *created_by; /* description and created_by may be NULL */
	const char *const *events;                           /* filters; none = every event */
	int event_count;
	bool live, enabled;
};
/* Both in lease's transaction. ERR_INVALID (field url or events): the guard refuses the URL, or there is no such event. */
enum err webhook_check(struct ctx *ctx, const char *url, const char *const *events, int event_count);
/* ERR_CONFLICT: the organisation has webhook.endpoints of them. */
enum err webhook_create(struct ctx *ctx, struct lease *lease, const struct webhook_new *new, char id_out[ID_TEXT],
	char secret_out[WEBHOOK_SECRET_TEXT]);
/* A new secret; the one before it also signs for overlap_s more seconds, and any older one ends. ERR_NOT_FOUND. */
enum err webhook_rotate(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, int overlap_s,
	char secret_out[WEBHOOK_SECRET_TEXT]);
/* A webhook.test event to this endpoint alone, whatever its filters. ERR_CONFLICT: it is disabled. */
enum err webhook_test(struct ctx *ctx, struct lease *lease, const char *org_id, const char *id, const char *account_id,
	char delivery_out[ID_TEXT]);
/* A delivery once more, with all its attempts. ERR_CONFLICT: it is on its way already, or its endpoint is disabled. */
enum err webhook_resend(struct ctx *ctx, struct lease *lease, const char *org_id, const char *delivery_id);

/* "webhook.fan", "webhook.deliver" and "webhook.sweep", for the worker, whose house is a struct job_house; ends with {0}. The sweep deletes
 * deliveries after webhook.keep days and events after event.keep. */
extern const struct job_kind WEBHOOK_JOBS[];
/* What "webhook.fan" runs, for the table of all consumers. */
extern const struct consumer WEBHOOK_CONSUMER;
extern const struct schedule WEBHOOK_SCHEDULES[];

#endif
