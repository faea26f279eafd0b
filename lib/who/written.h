/* Written: when an organisation wrote last, so that its own reads see it although replicas answer them (pg/pg.h, "Replicas").
 *
 * What is promised: a read by a person, session or key of an organisation sees every write that any person, session or key of the same
 * organisation had the answer of before it asked, whichever process or machine answered. What the widget's customers, Stripe and
 * the jobs write is not an organisation's own in this sense: it is seen within db.replica_lag.
 *
 * How: a write is noted under the organisation as an invalidation is, in the table that this machine shares and in memcached (mc/cache.h),
 * after its commit and before its answer. A replica answers where it is proven to have all from before the note. Whatever is not known
 * counts as written just now, which keeps the reads at the primary: memcached does not answer, or has lost the note, or there is nothing at
 * all that processes share.
 *
 * Several machines need a memcached in common. With a single one that was in trouble when it was to be told of a write, another machine's
 * reads may lack that write for db.replica_lag; with several, one at a time may be. */
#ifndef STOA_WHO_WRITTEN_H
#define STOA_WHO_WRITTEN_H

#include "who/who.h"

/* Both do nothing when no replicas are named. */
void written_note(struct ctx *ctx, const struct house *house, const char *org_id);
/* Sets ctx->reads.since and by. */
void written_read(struct ctx *ctx, const struct house *house, const char *org_id);

#endif
