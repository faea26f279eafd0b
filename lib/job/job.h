/* Jobs (design, "Jobs"): never lost, run at least once, effects once.
 *
 * A job is enqueued inside the caller's transaction. A worker claims with FOR UPDATE SKIP LOCKED, holds a lease of
 * 30 s that a heartbeat renews every 10 s, and finishes under its attempt number (fencing): a worker that lost the lease
 * changes nothing. A failed attempt waits by its policy; after the last one the job is dead and stays for replay. */
#ifndef STOA_JOB_JOB_H
#define STOA_JOB_JOB_H

#include "net/net.h"
#include "pg/pg.h"

#include <json-c/json.h>

extern const struct conf_row JOB_CONF[]; /* [worker] threads, lease, heartbeat, poll, name */

enum job_queue { JOB_HIGH, JOB_DEFAULT, JOB_LOW };

struct job_policy {
	const char *kind;          /* "stripe.apply" */
	enum job_queue queue;
	struct retry_policy retry; /* attempts, base, cap; milliseconds */
	int deadline_ms;           /* one attempt */
};

struct job_new {
	const char *kind;       /* must have a policy */
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
	struct pool *pool;
	void *house;            /* what the worker program gives its handlers */
};

/* Runs one attempt. OK ends the job; anything else is a failed attempt, retried by policy; job_reject() makes it final. */
typedef enum err job_handler(struct ctx *ctx, struct job *job);

struct job_kind {
	struct job_policy policy;
	job_handler *run;
};

/* Within lease's transaction (or its own when none is open). A unique duplicate is OK and changes nothing. Wakes workers by
 * NOTIFY at commit. id_out may be NULL. */
enum err job_enqueue(struct ctx *ctx, struct lease *lease, const struct job_policy *policy, const struct job_new *job,
	char id_out[ID_TEXT]);

/* Marks the running attempt as final: no retry, the job is dead with this reason. Returns err for `return job_reject(…)`. */
enum err job_reject(struct ctx *ctx, struct job *job, enum err err);

/* Proves inside `lease`'s open transaction that this attempt still owns the job (locks the row): ERR_CONFLICT when it was
 * taken over. Handlers call it before writing their effects, so that those commit under the fence. */
enum err job_fence(struct lease *lease, const struct job *job);

struct worker_set {
	const struct job_kind *kinds; /* ends with a NULL kind name */
	struct pool *pool;
	void *house;
	int threads;
	int max_runtime_s;            /* 0 = for ever */
	int stop_fd;                  /* readable = stop claiming, finish, return */
	bool drain;                   /* return when nothing is waiting (tests, cron) */
};

/* Runs threads that claim and run jobs until stopped. Keeps this worker's row in table worker fresh for readiness. */
enum err worker_run(struct ctx *ctx, const struct worker_set *set);

#endif
