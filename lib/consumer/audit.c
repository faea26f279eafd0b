#include "consumer/consumer.h"

#include "sql.h"

static enum err audit_run(struct ctx *ctx, struct lease *lease, const struct event_batch *batch)
{
	return pg_run(lease, &SQL_CONSUMER_AUDIT, PARAMS(pg_int(ctx, batch->from), pg_int(ctx, batch->to), event_audited(ctx)), NULL);
}

const struct consumer CONSUMER_AUDIT = {
	.name = "audit",
	.doc = "lines of audit for what the house and customers did",
	.replay = "lines that are there stay as they are, none comes twice",
	.run = audit_run,
};
