#include "consumer/consumer.h"

#include "sql.h"

static enum err activity_run(struct ctx *ctx, struct lease *lease, const struct event_batch *batch)
{
	return pg_run(lease, &SQL_CONSUMER_COUNT, PARAMS(pg_int(ctx, batch->from), pg_int(ctx, batch->to)), NULL);
}

static enum err activity_rewind(struct ctx *ctx, struct lease *lease, int64_t from, int64_t to)
{
	return pg_run(lease, &SQL_CONSUMER_UNCOUNT, PARAMS(pg_int(ctx, from), pg_int(ctx, to)), NULL);
}

const struct consumer CONSUMER_ACTIVITY = {
	.name = "activity",
	.doc = "events a day, for charts",
	.replay = "what is read again is first taken out: the same numbers come out; those of events that have been swept stay",
	.run = activity_run,
	.rewind = activity_rewind,
};
