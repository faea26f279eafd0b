#include "consumer/consumer.h"

#include "job/house.h"
#include "retention/retention.h"

#include <string.h>

/* What the widget's cached answers are made of: their tag is the flows'. */
static const char *const FLOWS[] = {"flow.", "experiment.", "segment.", "offer.changed", "branding.", "privacy."};

static bool starts(const char *type, const char *group)
{
	return strncmp(type, group, strlen(group)) == 0;
}

static bool of_flows(const char *type)
{
	for (size_t i = 0; i < sizeof FLOWS / sizeof *FLOWS; i++)
		if (starts(type, FLOWS[i]))
			return strcmp(type, "flow.started") != 0;
	return false;
}

/* An organisation once, however much of it changed: its events of a batch mostly come together. */
static enum err cache_run(struct ctx *ctx, struct lease *lease, const struct event_batch *batch)
{
	struct cache *cache = ((const struct job_house *)batch->house)->cache;
	const struct house house = {.cache = cache};
	const char *people = "", *flows = "";

	(void)lease;
	for (int row = 0; row < PQntuples(batch->rows); row++) {
		const char *type = pg_text(batch->rows, row, "type"), *org_id = pg_text(batch->rows, row, "org_id");

		if ((starts(type, "key.") || starts(type, "member.") || starts(type, "password.")) && strcmp(people, org_id))
			who_forget(ctx, &house, people = org_id);
		if (of_flows(type) && strcmp(flows, org_id))
			flows_forget(ctx, cache, flows = org_id);
	}
	return OK;
}

const struct consumer CONSUMER_CACHE = {
	.name = "cache",
	.doc = "forgets cached keys, sessions, flows and what they are shown by, of an organisation that changed them",
	.replay = "harmless: what is forgotten is read from the database again",
	.run = cache_run,
};
