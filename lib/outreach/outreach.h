/* Reaching out: alerts for the owner, failed-payment recovery, offers and mails to customers, from the mirror of Stripe
 * (sql/schema/0011_billing.sql). Inventory D.4, "Proactive".
 *
 * How it runs. "outreach.sweep", every 5 minutes, enqueues one "outreach.run" for each organisation and mode that has subscriptions. A run
 * raises alerts, opens and closes cases, plans mails and hands over those that may go now. Each step commits under the job's fence, and what
 * it writes is unique by what it is for (subscription, kind, boundary and period; invoice and step), so that neither a killed worker nor a
 * missed day makes anything twice. A mail leaves through the outbox (mail/outbox.h) in the transaction that marks it handed over.
 *
 * Alerts. 30, 14, 7, 3 and 1 days before a subscription renews, ends by cancellation or ends its trial; of several missed boundaries the
 * nearest. Priority: an end in 1 day is urgent, in 3 high, in 7 and 14 medium, in 30 low; a renewal is low, something that has ended high; one
 * rung more for a subscription that is past due and for one of high value (100 a month and more).
 *
 * Failed payments. A case is opened for an open invoice whose payment was tried and failed; mails go out on the days chosen (0, 3, 5, 7)
 * with a link to the invoice's own page at Stripe, where any card can be used. Attempts of our own, at most 4, are made only while Stripe has
 * none planned (next_payment_attempt), never past the 15th attempt in all, and never after a code that Stripe itself does not retry:
 *   docs.stripe.com/api/invoices/pay: an invoice may be paid out of the normal collection schedule;
 *   docs.stripe.com/billing/revenue-recovery/smart-retries: codes that are not retried; debit cards may do slightly better at 0:01 local time;
 *   support.stripe.com/questions/payment-blocked-due-to-excessive-retries: Visa forbids more than 15 attempts in 30 days.
 * They are made at retry_hour:01 on the customer's clock. The case ends at once when the invoice is paid.
 *
 * Offers. To customers whose cancelled subscription ends within 7 days, once in 5 days: 20, 30 or 40 % by value, by a signed link to a page
 * where one button takes it. Reactivation: at most two mails after the end. All of these are off until the owner switches them on.
 *
 * When. Not in quiet hours (20 to 8) of the customer's clock: attributes.timeZone, else the most populous zone of the region's country, else the
 * organisation's. At most customer_cap mails a customer and organisation_cap in all on a day of the organisation's clock. What may not go
 * waits, at most 3 days. Whether a mail is opened is not recorded. */
#ifndef STOA_OUTREACH_OUTREACH_H
#define STOA_OUTREACH_OUTREACH_H

#include "job/job.h"
#include "job/schedule.h"
#include "mail/outbox.h"

/* "outreach.sweep", "outreach.run", "outreach.retry" and "outreach.apply", for the worker, whose house is a struct job_house; each ends with {0}. */
extern const struct job_kind OUTREACH_JOBS[];
extern const struct schedule OUTREACH_SCHEDULES[];

#define OUTREACH_PROGRAMS "payment|retention|reactivation"
#define OUTREACH_KINDS "payment.failed|payment.reminder|payment.last|retention.offer|reactivation.first|reactivation.last"
#define OUTREACH_DAYS 6     /* most mails of a case */

/* What "outreach.run" does, at now_us. */
enum err outreach_run(struct ctx *ctx, struct job *job, const char *org_id, bool live, int64_t now_us);

/* Marks as read, by whom, the alerts that are unread; priority: of that only, NULL: all. live as pg_bool() gives it. Lot by lot: what was
 * marked before a failure stays so. */
enum err outreach_alerts_read(struct ctx *ctx, struct pool *pool, const char *org_id, const char *live, const char *priority, const char *by);

/* --- settings; each in lease's transaction --- */

struct outreach_policy {
	const char *sender_name, *reply_to, *return_url; /* NULL: the organisation's name; none; none */
	const char *time_zone;
	int quiet_from, quiet_until;      /* hours */
	int customer_cap, organisation_cap; /* mails a day */
};
/* ERR_INVALID with the field: time_zone is not known on this machine, reply_to is no address, return_url not https. */
enum err outreach_policy_put(struct ctx *ctx, struct lease *lease, const char *org_id, const struct outreach_policy *policy);

struct outreach_change {
	const bool *enabled;        /* what is NULL stays as it is */
	const int64_t *days;        /* day_count of them */
	int day_count;
	const int64_t *percents;    /* three */
	const int64_t *months, *retries, *retry_hour;
};
/* payment: 1 to 6 days, ascending, 0 to 28; retention: one, 1 to 7; reactivation: 1 or 2, ascending, 1 to 180. percents: 5 to 60 each, not
 * falling. ERR_INVALID with the field; also for a member that this program has not. Switching reactivation on takes a return_url. */
enum err outreach_program_put(struct ctx *ctx, struct lease *lease, const char *org_id, const char *program,
	const struct outreach_change *change);

/* --- words --- */

/* As people edit them: Mustache with the variables below, in the body a blank line between paragraphs. */
struct outreach_words {
	const char *subject, *body, *button;
	bool own; /* the organisation's, not ours */
};
#define OUTREACH_VARIABLES "name, plan, organisation, amount, date, percent, months"
/* In force for a kind and language. */
enum err outreach_words_get(struct ctx *ctx, struct lease *lease, const char *org_id, const char *kind, const char *language,
	struct outreach_words *words_out);
/* ERR_INVALID (field subject, body or button): it is too long, or no template, or names a variable that there is not. */
enum err outreach_words_check(struct ctx *ctx, const struct outreach_words *words);

/* Whom and what a mail is about. */
struct outreach_subject {
	const char *name, *plan, *organisation, *currency;
	int64_t amount_minor, date_s;
	int percent, months;
	const char *link;  /* where the button leads; NULL: there is none, and the mail has no button */
};
/* Fills subject, text and html of mail. */
enum err outreach_render(struct ctx *ctx, const struct outreach_words *words, const char *kind, const char *language,
	const struct outreach_subject *about, const char *unsubscribe, struct mail *mail);
/* The same with an example's values. */
enum err outreach_preview(struct ctx *ctx, const struct outreach_words *words, const char *kind, const char *language,
	const char *organisation, struct mail *mail);

/* --- when --- */

/* The zone of a customer: own when it is one, else the most populous of the region's country ("US", "de-BY"), else fallback. */
const char *outreach_zone(struct ctx *ctx, const char *own, const char *region, const char *fallback);
/* The first moment from at_s on that is not in the quiet hours of the zone's clock: at_s itself, or the next `until` o'clock; where clocks jump
 * over that hour, the first moment after it. An unknown zone is UTC. */
int64_t outreach_awake_s(const char *zone, int64_t at_s, int quiet_from, int quiet_until);
/* The first hour:01 from at_s on. */
int64_t outreach_hour_s(const char *zone, int64_t at_s, int hour);

/* --- offers by mail --- */

struct outreach_token {
	char org_id[ID_TEXT], id[ID_TEXT]; /* outreach_offer.id */
	bool live;
};
/* <web.public_url>/offer?token=…; NULL when that is not set. The token is under the house key's MAC. */
const char *outreach_offer_link(struct ctx *ctx, const struct outreach_token *from);
/* ERR_GONE: not a token of ours. */
enum err outreach_token_read(struct ctx *ctx, const char *token, struct outreach_token *out);
/* The customer takes it: state pending, event offer.accepted, and a job that applies it at Stripe, in lease's transaction. ERR_GONE: it is
 * over; OK again when it was taken before. */
enum err outreach_offer_accept(struct ctx *ctx, struct lease *lease, const struct outreach_token *token);

#endif
