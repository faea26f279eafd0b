/* How often and how patiently each kind of job is tried: one table for all domains. */
#ifndef STOA_JOB_POLICIES_H
#define STOA_JOB_POLICIES_H

#include "job/job.h"

/* "stripe.apply": applies a decision at Stripe. One attempt makes up to three tries of its own (document 003, section 5); the
 * queue repeats it for about two hours, so that an outage at Stripe loses no decision. */
extern const struct job_policy JOB_STRIPE_APPLY;

/* "password.mail": mails a link to set a password. A person waits for it, so it is tried for about an hour and then given up. */
extern const struct job_policy JOB_PASSWORD_MAIL;

#endif
