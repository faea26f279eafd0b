/* How often and how patiently each kind of job is tried: one table for all domains (document 001, "Background Job Performance").
 *
 * The document counts retries (max_retries), so a kind has one attempt more. Deadlines are the document's maxima for the type of
 * task. Waits double from the base and stop at the cap, with a jitter between 50 % and 100 %, unless they are fixed. Bases are
 * chosen so that the last wait is the cap.
 *
 *   mail     3 retries, 150 s to 600 s, jitter       deadline 30 s
 *   webhook  5 retries, 120 s to 1,800 s, jitter     deadline 60 s
 *   report   2 retries, 300 s fixed                  deadline 2 min
 *   cleanup  as report: the document names no retry  deadline 5 min
 *   Stripe   23 retries, 2 s to 600 s, jitter        deadline 60 s
 *
 * Stripe deviates from the "3 attempts" of document 003, section 5: those three are made within each attempt of the job
 * (stripe/stripe.h), and the job repeats them for about two hours, so that an outage at Stripe loses no decision. */
#ifndef STOA_JOB_POLICIES_H
#define STOA_JOB_POLICIES_H

#include "job/job.h"

/* "stripe.apply", high: applies a decision at Stripe. */
extern const struct job_policy JOB_STRIPE_APPLY;

/* "stripe.event": one event of Stripe into the mirror. As "stripe.apply", for it may have to ask Stripe. */
extern const struct job_policy JOB_STRIPE_EVENT;
/* "stripe.import" and "stripe.catch-up": read from Stripe page by page and go on where they were, so an attempt may take hours. */
extern const struct job_policy JOB_STRIPE_IMPORT, JOB_STRIPE_CATCH_UP;
/* "stripe.check": what a key may do. */
extern const struct job_policy JOB_STRIPE_CHECK;
/* "stripe.round", low: a catch-up for every connection, and old events go. Every hour, so it is not repeated. */
extern const struct job_policy JOB_STRIPE_ROUND;

/* "password.mail": mails a link to set a password. */
extern const struct job_policy JOB_PASSWORD_MAIL;
/* "mail.send": one mail. */
extern const struct job_policy JOB_MAIL_SEND;
/* "mail.digest", low: a person's digest of the day; the deadline of a report, because it is composed first. */
extern const struct job_policy JOB_MAIL_DIGEST;
/* "mail.sweep", default: enqueues the digests that are due, every minute, so a failed one is not repeated for long. */
extern const struct job_policy JOB_MAIL_SWEEP;

/* "webhook.deliver": one event to one endpoint. */
extern const struct job_policy JOB_WEBHOOK_DELIVER;
/* "webhook.fan", high: finds the endpoints of an event; talks to nobody, so it is tried soon again. */
extern const struct job_policy JOB_WEBHOOK_FAN;
/* "webhook.sweep", low: deletes deliveries and events that were kept for long enough. */
extern const struct job_policy JOB_WEBHOOK_SWEEP;

/* "event.wake", high: finds the consumers of events that have something to read; every minute too, so it is tried once. */
extern const struct job_policy JOB_EVENT_WAKE;
/* "event.consume": one consumer reads on. Tried again soon: it talks to nobody, and others wait behind an event that fails. */
extern const struct job_policy JOB_EVENT_CONSUME;

/* "outreach.sweep", default: finds where there is something to look after, every 5 minutes. */
extern const struct job_policy JOB_OUTREACH_SWEEP;
/* "outreach.run", low: alerts, cases and mails of one organisation and mode; the next one makes up for what this one misses. */
extern const struct job_policy JOB_OUTREACH_RUN;
/* "outreach.retry" and "outreach.apply": as "stripe.apply", one attempt at an invoice's payment, one offer that was taken. */
extern const struct job_policy JOB_OUTREACH_RETRY, JOB_OUTREACH_APPLY;

/* "report.make", low. */
extern const struct job_policy JOB_REPORT_MAKE;
/* "customer.erase": forgets one customer. As a report, within a minute. */
extern const struct job_policy JOB_CUSTOMER_ERASE;
/* "measure.pass": outcomes of sessions and their sums. One at a time; every minute too, so it is not tried for long. */
extern const struct job_policy JOB_MEASURE_PASS;
/* "house.cleanup", low: deletes what is kept for a time only. One at a time. */
extern const struct job_policy JOB_HOUSE_CLEANUP;

/* All of the above, NULL-ended. */
extern const struct job_policy *const JOB_POLICIES[];

/* Depths of a queue (document 001, "Queue Depth Targets"): fewer than target is well, more than alert is an alert, `most` is what it was
 * planned for. Nothing is refused past it: a job that was promised is kept. */
struct job_depth_target {
	const char *queue; /* "high", "default", "low" */
	int target;
	int alert;
	int most;
};
extern const struct job_depth_target JOB_DEPTH_TARGET[JOB_QUEUES]; /* by enum job_queue */

/* JOB_QUEUES when there is no such queue. */
enum job_queue job_queue_parse(const char *name);

#endif
