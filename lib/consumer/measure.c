#include "consumer/consumer.h"

#include "job/policies.h"

/* The pass finds by itself what there is; the events only say that it is worth looking. */
static enum err measure_run(struct ctx *ctx, struct lease *lease, const struct event_batch *batch)
{
	if (!PQntuples(batch->rows))
		return OK;
	return job_enqueue(ctx, lease, &JOB_MEASURE_PASS, &(struct job_new){.unique_key = "pass"}, NULL);
}

const struct consumer CONSUMER_MEASURE = {
	.name = "measure",
	.doc = "has outcomes and figures brought up to date",
	.replay = "harmless: they are made from the sessions themselves",
	.run = measure_run,
};
