#include "job/policies.h"

#include <string.h>

/* Document 001 counts retries. */
#define RETRIES(n) ((n) + 1)

#define MAIL {.attempts = RETRIES(3), .base_ms = 150000, .cap_ms = 600000}
#define WEBHOOK {.attempts = RETRIES(5), .base_ms = 120000, .cap_ms = 1800000}
#define REPORT {.attempts = RETRIES(2), .base_ms = 300000, .cap_ms = 300000}

const struct job_policy JOB_STRIPE_APPLY = {
	.kind = "stripe.apply",
	.queue = JOB_HIGH,
	.retry = {.attempts = RETRIES(23), .base_ms = 2000, .cap_ms = 600000},
	.deadline_ms = 60000,
};

#define STRIPE_READ {.attempts = RETRIES(23), .base_ms = 2000, .cap_ms = 600000}

const struct job_policy JOB_STRIPE_EVENT = {
	.kind = "stripe.event",
	.queue = JOB_DEFAULT,
	.retry = STRIPE_READ,
	.deadline_ms = 60000,
};

const struct job_policy JOB_STRIPE_IMPORT = {
	.kind = "stripe.import",
	.queue = JOB_LOW,
	.retry = STRIPE_READ,
	.deadline_ms = 6 * 3600000,
};

const struct job_policy JOB_STRIPE_CATCH_UP = {
	.kind = "stripe.catch-up",
	.queue = JOB_LOW,
	.retry = STRIPE_READ,
	.deadline_ms = 3600000,
};

const struct job_policy JOB_STRIPE_CHECK = {
	.kind = "stripe.check",
	.queue = JOB_HIGH,
	.retry = {.attempts = RETRIES(3), .base_ms = 2000, .cap_ms = 60000},
	.deadline_ms = 120000,
};

const struct job_policy JOB_STRIPE_ROUND = {
	.kind = "stripe.round",
	.queue = JOB_LOW,
	.retry = {.attempts = 1},
	.deadline_ms = 300000,
	.at_once = 1,
};

const struct job_policy JOB_PASSWORD_MAIL = {
	.kind = "password.mail",
	.queue = JOB_DEFAULT,
	.retry = MAIL,
	.deadline_ms = 30000,
};

const struct job_policy JOB_MAIL_SEND = {
	.kind = "mail.send",
	.queue = JOB_DEFAULT,
	.retry = MAIL,
	.deadline_ms = 30000,
};

const struct job_policy JOB_MAIL_DIGEST = {
	.kind = "mail.digest",
	.queue = JOB_LOW,
	.retry = MAIL,
	.deadline_ms = 120000,
};

const struct job_policy JOB_MAIL_SWEEP = {
	.kind = "mail.sweep",
	.queue = JOB_DEFAULT,
	.retry = {.attempts = 1},
	.deadline_ms = 60000,
	.at_once = 1,
};

const struct job_policy JOB_WEBHOOK_DELIVER = {
	.kind = "webhook.deliver",
	.queue = JOB_DEFAULT,
	.retry = WEBHOOK,
	.deadline_ms = 60000,
};

const struct job_policy JOB_WEBHOOK_FAN = {
	.kind = "webhook.fan",
	.queue = JOB_HIGH,
	.retry = {.attempts = RETRIES(9), .base_ms = 2000, .cap_ms = 600000},
	.deadline_ms = 30000,
};

const struct job_policy JOB_WEBHOOK_SWEEP = {
	.kind = "webhook.sweep",
	.queue = JOB_LOW,
	.retry = REPORT,
	.fixed = true,
	.deadline_ms = 300000,
	.at_once = 1,
};

const struct job_policy JOB_EVENT_WAKE = {
	.kind = "event.wake",
	.queue = JOB_HIGH,
	.retry = {.attempts = 1},
	.deadline_ms = 30000,
};

const struct job_policy JOB_EVENT_CONSUME = {
	.kind = "event.consume",
	.queue = JOB_DEFAULT,
	.retry = {.attempts = RETRIES(23), .base_ms = 2000, .cap_ms = 60000},
	.deadline_ms = 60000,
};

const struct job_policy JOB_OUTREACH_SWEEP = {
	.kind = "outreach.sweep",
	.queue = JOB_DEFAULT,
	.retry = {.attempts = 1},
	.deadline_ms = 60000,
	.at_once = 1,
};

const struct job_policy JOB_OUTREACH_RUN = {
	.kind = "outreach.run",
	.queue = JOB_LOW,
	.retry = {.attempts = RETRIES(2), .base_ms = 30000, .cap_ms = 30000},
	.fixed = true,
	.deadline_ms = 120000,
};

const struct job_policy JOB_OUTREACH_RETRY = {
	.kind = "outreach.retry",
	.queue = JOB_DEFAULT,
	.retry = {.attempts = RETRIES(23), .base_ms = 2000, .cap_ms = 600000},
	.deadline_ms = 60000,
};

const struct job_policy JOB_OUTREACH_APPLY = {
	.kind = "outreach.apply",
	.queue = JOB_HIGH,
	.retry = {.attempts = RETRIES(23), .base_ms = 2000, .cap_ms = 600000},
	.deadline_ms = 60000,
};

const struct job_policy JOB_REPORT_MAKE = {
	.kind = "report.make",
	.queue = JOB_LOW,
	.retry = REPORT,
	.fixed = true,
	.deadline_ms = 120000,
};

const struct job_policy JOB_MEASURE_PASS = {
	.kind = "measure.pass",
	.queue = JOB_DEFAULT,
	.retry = {.attempts = RETRIES(2), .base_ms = 2000, .cap_ms = 10000},
	.deadline_ms = 60000,
	.at_once = 1,
};

const struct job_policy JOB_CUSTOMER_ERASE = {
	.kind = "customer.erase",
	.queue = JOB_DEFAULT,
	.retry = REPORT,
	.fixed = true,
	.deadline_ms = 60000,
};

const struct job_policy JOB_HOUSE_CLEANUP = {
	.kind = "house.cleanup",
	.queue = JOB_LOW,
	.retry = REPORT,
	.fixed = true,
	.deadline_ms = 300000,
	.at_once = 1,
};

const struct job_policy *const JOB_POLICIES[] = {&JOB_STRIPE_APPLY, &JOB_STRIPE_EVENT, &JOB_STRIPE_IMPORT, &JOB_STRIPE_CATCH_UP, &JOB_STRIPE_CHECK, &JOB_STRIPE_ROUND,
	&JOB_PASSWORD_MAIL, &JOB_MAIL_SEND, &JOB_MAIL_DIGEST,
	&JOB_MAIL_SWEEP,
	&JOB_WEBHOOK_DELIVER, &JOB_WEBHOOK_FAN, &JOB_WEBHOOK_SWEEP, &JOB_EVENT_WAKE, &JOB_EVENT_CONSUME,
	&JOB_OUTREACH_SWEEP, &JOB_OUTREACH_RUN, &JOB_OUTREACH_RETRY, &JOB_OUTREACH_APPLY,
	&JOB_REPORT_MAKE, &JOB_CUSTOMER_ERASE, &JOB_HOUSE_CLEANUP, &JOB_MEASURE_PASS, NULL};

const struct job_depth_target JOB_DEPTH_TARGET[JOB_QUEUES] = {
	[JOB_HIGH] = {"high", 10, 50, 100},
	[JOB_DEFAULT] = {"default", 100, 500, 1000},
	[JOB_LOW] = {"low", 500, 2000, 5000},
};

enum job_queue job_queue_parse(const char *name)
{
	enum job_queue queue = JOB_HIGH;
	while (queue < JOB_QUEUES && strcmp(JOB_DEPTH_TARGET[queue].queue, name))
		queue++;
	return queue;
}
