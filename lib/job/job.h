/* Jobs (design, "Jobs"): never lost, run at least once, effects once.
 *
 * A job is enqueued inside the caller's transaction. A worker claims with FOR UPDATE SKIP LOCKED, holds a lease of
 * 30 s that a heartbeat renews every 10 s, and finishes under its attempt number (fencing): a worker that lost the lease
 * changes nothing. A failed attempt waits by its policy; after the last one the job is dead and stays for replay. A worker that goes
 * silent in the last attempt leaves two more, in which job->last is set.
 * Finished jobs are deleted after a day, dead ones never. */
#ifndef STOA_JOB_JOB_H
#define STOA_JOB_JOB_H

#include "net/net.h"
#include "pg/pg.h"

#include <json-c/json.h>

extern const struct conf_row JOB_CONF[]; /* [worker] name, threads, lease, heartbeat, poll, log_file, log_level */

enum job_queue { JOB_HIGH, JOB_DEFAULT, JOB_LOW, JOB_QUEUES };

struct job_policy {
	const char *kind;          /* "stripe.apply" */
	enum job_queue queue;      /* a higher queue's due jobs always go first */
	struct retry_policy retry; /* attempts (at most 100), base, cap; milliseconds */
	int deadline_ms;           /* one attempt; the lease is not renewed past it */
	bool fixed;                /* every wait is base_ms, without jitter */
	int at_once;               /* most that run at a time, on all workers together; 0 = no limit */
};

struct job_new {
	const char *org_id;     /* NULL for the house's own */
	const char *payload;    /* JSON text; "{}" when NULL */
	const char *unique_key; /* at most one waiting or running job a kind and key; NULL = none */
	int delay_ms;
};

struct job {
	char id[ID_TEXT];
	char org_id[ID_TEXT];   /* empty for none */
	const char *kind;
	struct json_object *payload;
	int attempt;            /* 1 for the first; the fencing token */
	int attempts;           /* most */
	bool last;              /* no attempt follows: leave an honest outcome */
	bool rejected;          /* set by job_reject() */
	struct pool *pool;
	void *house;            /* what the worker program gives its handlers */
};

/* Runs one attempt. OK ends the job; anything else is a failed attempt, retried by policy; job_reject() makes it final.
 * ctx carries the job's id and the attempt's deadline. It may run again after it has had effects: see job_fence(). */
typedef enum err job_handler(struct ctx *ctx, struct job *job);

struct job_kind {
	const struct job_policy *policy;
	job_handler *run;
};

/* Within lease's transaction (or its own when none is open). A unique duplicate is OK and changes nothing. Wakes workers by
 * NOTIFY at commit. id_out may be NULL; it is empty after a duplicate. ERR_INVALID: the payload is not JSON. */
enum err job_enqueue(struct ctx *ctx, struct lease *lease, const struct job_policy *policy, const struct job_new *job,
	char id_out[ID_TEXT]);

/* Marks the running attempt as final: no retry, the job is dead with this reason. Returns err for `return job_reject(…)`. */
enum err job_reject(struct ctx *ctx, struct job *job, enum err err);

/* Proves inside `lease`'s open transaction that this attempt still owns the job (locks the row): ERR_CONFLICT when it was
 * taken over. Handlers call it before writing their effects, so that those commit under the fence. */
enum err job_fence(struct lease *lease, const struct job *job);

struct worker_set {
	const struct job_kind *kinds; /* ends with a NULL policy; jobs of other kinds are left alone */
	struct pool *pool;            /* for the jobs and their bookkeeping: a connection a thread */
	void *house;
	int threads;                  /* 0 = worker.threads */
	int max_runtime_s;            /* 0 = for ever; past it nothing is claimed */
	int stop_fd;                  /* readable = stop claiming, finish, return; -1 = none */
	bool drain;                   /* return when no job is due and none is running here (tests, cron) */
};

/* Runs threads that claim and run jobs until stopped. Keeps this worker's row in table worker fresh for readiness. Goes on through
 * any failure of PostgreSQL. ERR_UNAVAILABLE: the threads cannot be started. */
enum err worker_run(struct ctx *ctx, const struct worker_set *set);

#endif
