#include "job/policies.h"

const struct job_policy JOB_STRIPE_APPLY = {
	.kind = "stripe.apply",
	.queue = JOB_HIGH,
	.retry = {.attempts = 24, .base_ms = 2000, .cap_ms = 600000},
	.deadline_ms = 60000,
};

const struct job_policy JOB_PASSWORD_MAIL = {
	.kind = "password.mail",
	.queue = JOB_DEFAULT,
	.retry = {.attempts = 12, .base_ms = 2000, .cap_ms = 600000},
	.deadline_ms = 60000,
};
