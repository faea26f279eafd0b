/* The consumers of events (event/event.h) and the jobs that run them.
 *
 *   webhook    deliveries to endpoints (webhook/webhook.h)
 *   audit      lines for what the house and customers did, where the change left none itself
 *   notify     lines in the digests of owners and admins, by what each chose (account.notify)
 *   cache      forgets cached keys, sessions, flows and all that these are shown by once more, for a process that died between its commit and
 *              doing so itself
 *   activity   events a day, for charts
 *   measure    wakes the pass over outcomes and figures (measure/measure.h) */
#ifndef STOA_CONSUMER_CONSUMER_H
#define STOA_CONSUMER_CONSUMER_H

#include "event/event.h"
#include "job/schedule.h"

/* All of them, NULL-ended. */
extern const struct consumer *const CONSUMERS[];
/* NULL: there is none of this name. */
const struct consumer *consumer_named(const char *name);

extern const struct consumer CONSUMER_AUDIT, CONSUMER_NOTIFY, CONSUMER_CACHE, CONSUMER_ACTIVITY, CONSUMER_MEASURE;

/* "event.wake" and "event.consume", for the worker, whose house is a struct job_house; each ends with {0}. */
extern const struct job_kind CONSUMER_JOBS[];
extern const struct schedule CONSUMER_SCHEDULES[];

#endif
