/* Schedules: jobs enqueued at the times of a cron text in a time zone (job/cron.h has the syntax and what happens when clocks change).
 *
 * The times stand in table schedule. Every worker looks when one is due (and every 10 s, as organisations' schedules may change); whichever
 * holds the advisory lock enqueues the job in the transaction that moves the schedule to its next time, under a unique key of name
 * and time, so that each time is enqueued once, whatever dies meanwhile.
 *
 * Missed runs. When nobody looked at the time (all workers down, the schedule disabled), the schedule runs once at once if its latest missed
 * time is less than a day ago, and not at all otherwise; never several times for several missed ones. With SCHEDULE_SKIP nothing is made
 * up for: what is late by SCHEDULE_GRACE_S or more is left out.
 *
 * A schedule whose cron text or zone cannot be read (the zone is not known on this machine) is not run; it is logged and looked at again after
 * an hour. */
#ifndef STOA_JOB_SCHEDULE_H
#define STOA_JOB_SCHEDULE_H

#include "job/job.h"

#define SCHEDULE_GRACE_S 300     /* a restart of the workers is no downtime */
#define SCHEDULE_MISSED_S 86400

enum schedule_missed { SCHEDULE_ONCE, SCHEDULE_SKIP };

/* One of the house's own, declared by its domain as it declares its jobs. A table of them ends with {0}. */
struct schedule {
	const char *name;
	const char *cron;
	const char *zone;                /* IANA name, "UTC" */
	const struct job_policy *policy; /* kind, queue and attempts of the job */
	const char *payload;             /* JSON text; "{}" when NULL */
	enum schedule_missed missed;
};

/* Makes the table's rows: new ones begin with the first time after now_us (microseconds since 1970 UTC). Of one that is there already the times are
 * counted anew only when cron or zone differ. When workers of two versions run, the one that started last decides; what a worker does
 * not declare it leaves alone. ERR_INVALID: a cron text (field "cron") or a zone (field "zone") cannot be read; the
 * others are declared all the same. */
enum err schedule_declare(struct ctx *ctx, struct pool *pool, const struct schedule *schedules, int64_t now_us);

/* Enqueues what is due by now_us: the declared ones (may be NULL) and every organisation's, 100 at most; more_out: there may be more. Nothing
 * happens while another worker does the same. */
enum err schedule_tick(struct ctx *ctx, struct pool *pool, const struct schedule *schedules, int64_t now_us, bool *more_out);

/* What a worker keeps between looks. */
struct scheduler {
	const struct schedule *schedules; /* may be NULL */
	bool declared;
	bool failing;                     /* the last look failed: said once */
	int64_t look_us;                  /* monotonic */
};

/* Declares once, then looks when it is time. Answers when to be called again (monotonic microseconds). */
int64_t schedule_keep(struct ctx *ctx, struct pool *pool, struct scheduler *scheduler);

#endif
