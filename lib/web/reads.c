/* Which requests replicas may answer, and what their writes mean for later ones (who/written.h). */
#include "web/site.h"

#include "who/written.h"

#include <stdio.h>

static int64_t moment_next(void *argument)
{
	return cache_stamp(argument);
}

void reads_open(struct site *site)
{
	static const char HELP[] = "Plain reads, by who answered them, where replicas are named.";
	char labels[96];
	if (!pool_replicate(site->house.pool, (struct pool_moments){moment_next, site->house.cache}))
		return;
	snprintf(labels, sizeof labels, "target=\"replica\",program=\"%s\"", site->family->name);
	site->replica_reads = metric_counter("stoa_db_reads_total", labels, HELP);
	snprintf(labels, sizeof labels, "target=\"primary\",program=\"%s\"", site->family->name);
	site->primary_reads = metric_counter("stoa_db_reads_total", labels, HELP);
}

void reads_begin(struct req *req)
{
	/* Finding out who asks may note when they were seen last: nobody reads that back. */
	req->ctx.reads.wrote = false;
	if (req->route->method == METHOD_GET && req->who.kind != WHO_NOBODY && target_bears_lag(req->route->class))
		written_read(&req->ctx, &req->house, req->who.org_id);
}

void reads_end(struct req *req, const struct site *site)
{
	const struct reads *reads = &req->ctx.reads;
	if (!site->replica_reads)
		return;
	counter_add(site->replica_reads, reads->replica);
	counter_add(site->primary_reads, reads->primary);
	if (!reads->wrote || req->route->class == CLASS_WIDGET || req->route->class == CLASS_WEBHOOK_IN)
		return;
	if (reads->org_id)
		written_note(&req->ctx, &req->house, reads->org_id);
	else if (req->who.kind != WHO_NOBODY)
		written_note(&req->ctx, &req->house, req->who.org_id);
}
