/* What an organisation decides about its customers' data, and what a customer may ask for: a copy, and to be forgotten. */
#ifndef STOA_RETENTION_PRIVACY_H
#define STOA_RETENTION_PRIVACY_H

#include "job/job.h"
#include "who/audit.h"
#include "who/keep.h"

struct privacy {
	bool cancel_now;             /* "Cancel now" beside every offer; see cancel_now_shown() */
	int days[KEEP_RULES_MOST];   /* in the order of KEEP_RULES; privacy_put(): 0 = as it is */
};

enum err privacy_get(struct ctx *ctx, struct pool *pool, const char *org_id, struct privacy *privacy_out);
/* In lease's transaction, with by's line of audit and the event "privacy.changed". ERR_INVALID: keep_put(). Afterwards: flows_forget(), since
 * the widget is told with the flow. */
enum err privacy_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const struct privacy *privacy);
/* Whether this customer of the widget sees "Cancel now" beside offers. Cached under the organisation's flow tag. */
enum err privacy_cancel_now(struct ctx *ctx, const struct house *house, const char *org_id, const char *region, bool *shown_out);

/* Everything that is kept of one customer, as a JSON object; memory of ctx. ERR_NOT_FOUND: no such customer, or erased. */
enum err customer_export(struct ctx *ctx, struct pool *pool, const char *org_id, bool live, const char *id, const char **json_out);

/* Erasure, by the job "customer.erase", enqueued in lease's transaction with by's line of audit. ERR_NOT_FOUND: no such customer, or erased.
 *
 * Gone at the end: the customer's reference, name, mail address, language, region, attributes and risk; what they wrote; their reference,
 * address and browser in sessions, events and the audit log; copies of Stripe's events about them; what is planned to be written to
 * them. The reference gives way to a pseudonym (retention/consent.h), so that one customer stays one. It stays what money was paid for:
 * sessions with their plan, value and outcome, subscriptions and invoices under Stripe's own ids, which mean nothing to anybody
 * but Stripe's account holder; and consent records, which never held the reference. Copies go by themselves: deliveries of webhooks after
 * webhook.keep days, reports after 7, finished mails after 30. Whoever clicks on Cancel again is a new customer. */
enum err customer_erase(struct ctx *ctx, struct lease *lease, const struct audit *by, bool live, const char *id, char job_out[ID_TEXT]);
enum err customer_erase_run(struct ctx *ctx, struct job *job);

#endif
