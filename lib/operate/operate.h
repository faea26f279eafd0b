/* Operate: what people see of the queue and do with it, for the API and the pages.
 *
 * scope is an organisation, whose own jobs are all that is seen and touched, or NULL: every organisation's and the house's own, for
 * operators (who/who.h). Every action writes a line of audit in its transaction, in the organisation of who does it. `by` is that
 * line but for what the action says itself: org_id, actor, address, agent. */
#ifndef STOA_OPERATE_OPERATE_H
#define STOA_OPERATE_OPERATE_H

#include "job/job.h"
#include "job/policies.h"
#include "who/audit.h"

/* The scope that a request asks for: "house", which only operators may (ERR_FORBIDDEN), anything else or NULL: their organisation. */
enum err operate_scope(struct ctx *ctx, const struct who *who, const char *asked, const char **scope_out);

enum operate_outcome { OPERATE_DONE, OPERATE_DEAD, OPERATE_CANCELLED, OPERATE_OUTCOMES };

/* A queue's figures. */
struct operate_queue {
	int64_t waiting, due, running, dead;
	int64_t oldest_s;  /* how long the oldest due job has waited */
	int64_t minute[OPERATE_OUTCOMES], hour[OPERATE_OUTCOMES]; /* ended in the last one */
	bool paused;
};

/* Counts are exact up to 10,000 of an organisation's, and of the house's up to what sql/job/depth.sql says. */
enum err operate_queues(struct ctx *ctx, struct pool *pool, const char *scope, struct operate_queue queues_out[JOB_QUEUES]);
/* "well" below the target, "over" it, or past the "alert" (document 001, "Queue Depth Targets"), for this many due jobs. */
const char *operate_depth(enum job_queue queue, int64_t due);

/* As job_cancel(), job_replay() and job_replay_all(). */
enum err operate_cancel(struct ctx *ctx, struct pool *pool, const char *scope, const char *id, const struct audit *by, bool *running_out);
enum err operate_replay(struct ctx *ctx, struct pool *pool, const char *scope, const char *id, const struct audit *by);
/* kind NULL: all. Its line of audit is written first. */
enum err operate_replay_all(struct ctx *ctx, struct pool *pool, const char *scope, const char *kind, const struct audit *by,
	int64_t *count_out);
/* Holds back a kind, or a queue when kind is NULL, or lets it go on. For operators. */
enum err operate_pause(struct ctx *ctx, struct pool *pool, const char *kind, enum job_queue queue, bool pause, const struct audit *by);

#endif
