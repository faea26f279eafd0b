#include "job/policies.h"
#include "job/supervisor.h"

#define STEP 2

static int between(int least, int value, int most)
{
	return value < least ? least : value > most ? most : value;
}

static bool deep(const struct supervisor_measure *measure, enum job_queue queue)
{
	return measure->due[queue] >= JOB_DEPTH_TARGET[queue].target;
}

static bool behind(const struct supervisor_policy *policy, const struct supervisor_measure *measure, int64_t low_us, int64_t now_us)
{
	return deep(measure, JOB_HIGH) || deep(measure, JOB_DEFAULT) || (low_us && now_us - low_us >= policy->up_us)
		|| measure->oldest_us > policy->age_us;
}

static bool room(const struct supervisor_policy *policy, const struct supervisor_measure *measure)
{
	return measure->room >= STEP * (policy->threads + WORKER_CONNECTIONS) + SUPERVISOR_RESERVE;
}

struct supervisor_state supervisor_decide(const struct supervisor_policy *policy, const struct supervisor_state *state,
	const struct supervisor_measure *measure, int64_t now_us)
{
	struct supervisor_state next = *state;
	int fewer = between(policy->min, state->wanted - STEP, policy->max);
	next.wanted = between(policy->min, state->wanted, policy->max);
	next.low_us = !measure->known || !deep(measure, JOB_LOW) ? 0 : state->low_us ? state->low_us : now_us;
	bool late = measure->known && behind(policy, measure, next.low_us, now_us);
	bool spare = measure->known && !late && measure->running <= fewer * policy->threads;
	next.idle_us = !spare ? 0 : state->idle_us ? state->idle_us : now_us;
	if (late && next.wanted < policy->max && room(policy, measure) && (!state->up_us || now_us - state->up_us >= policy->up_us)) {
		next.wanted = between(policy->min, next.wanted + STEP, policy->max);
		next.up_us = now_us;
	} else if (spare && now_us - next.idle_us >= policy->down_us) {
		next.wanted = fewer;
		next.idle_us = now_us;
	}
	return next;
}
