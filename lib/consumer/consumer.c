#include "consumer/consumer.h"

#include "job/policies.h"
#include "text/json.h"
#include "webhook/webhook.h"

#include <string.h>

const struct consumer *const CONSUMERS[] = {&WEBHOOK_CONSUMER, &CONSUMER_AUDIT, &CONSUMER_NOTIFY, &CONSUMER_CACHE, &CONSUMER_ACTIVITY,
	&CONSUMER_MEASURE, NULL};

const struct consumer *consumer_named(const char *name)
{
	for (int i = 0; CONSUMERS[i]; i++)
		if (strcmp(CONSUMERS[i]->name, name) == 0)
			return CONSUMERS[i];
	return NULL;
}

static enum err consume_run(struct ctx *ctx, struct job *job)
{
	const char *name = json_text(job->payload, "consumer", "");
	const struct consumer *consumer = consumer_named(name);

	if (!consumer)
		return job_reject(ctx, job, fail(ctx, ERR_NOT_FOUND, "There is no consumer of events named %.60s", name));
	return event_consume(ctx, job, consumer);
}

const struct job_kind CONSUMER_JOBS[] = {{&JOB_EVENT_WAKE, event_wake_run}, {&JOB_EVENT_CONSUME, consume_run}, {0}};

const struct schedule CONSUMER_SCHEDULES[] = {
	{.name = "event.wake", .cron = "* * * * *", .zone = "UTC", .policy = &JOB_EVENT_WAKE, .missed = SCHEDULE_ONCE},
	{0},
};
