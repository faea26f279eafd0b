/* Jobs (design, "Jobs"): never lost, run at least once, effects once.
 *
 * A job is enqueued inside the caller's transaction. A worker claims with FOR UPDATE SKIP LOCKED, holds a lease of
 * 30 s that a heartbeat renews every 10 s, and finishes under its attempt number (fencing): a worker that lost the lease
 * changes nothing. A failed attempt waits by its policy; after the last one the job is dead and stays for replay. A worker that goes
 * silent in the last attempt leaves two more, in which job->last is set.
 * Finished jobs are deleted with their results after a day, dead ones never. The last 20 failures of a job are kept.
 *
 * Order. A claim begins with queue high, every fourth one (from the second) with default and every eighth with low, so that no queue
 * starves: while all are full, 5 of 8 claims of a worker take from high, 2 from default, 1 from low. Within a queue the job that has
 * been due for longest goes first, but that a batch takes more than one of its kind.
 *
 * Batches. While the queue is deep, a claim takes as many jobs as the worker's threads finish in about 100 ms, at most worker.batch. The
 * first is begun at once; the others are held for whichever thread is free. A held job has not been attempted: when its worker cannot
 * begin it within a second, stops or dies, it goes back as it was. A job that waits alone is claimed alone and at once.
 *
 * Limits and pauses. No more than at_once jobs of a kind run (or are held) at a time on all workers together. What is paused is not
 * claimed; what runs goes on. */
#ifndef STOA_JOB_JOB_H
#define STOA_JOB_JOB_H

#include "net/net.h"
#include "pg/pg.h"

#include <json-c/json.h>
#include <stdatomic.h>

/* [worker] name, threads, lease, heartbeat, poll, batch, min, max, scale_age, scale_up_after, scale_down_after, log_file, log_level */
extern const struct conf_row JOB_CONF[];

enum job_queue { JOB_HIGH, JOB_DEFAULT, JOB_LOW, JOB_QUEUES };

struct job_policy {
	const char *kind;          /* "stripe.apply" */
	enum job_queue queue;      /* see "Order" above */
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
	int attempt;            /* the fencing token: 1 for the first, and one more each time, also after a replay */
	int attempts;           /* the last one's number */
	bool last;              /* no attempt follows: leave an honest outcome */
	bool rejected;          /* set by job_reject() */
	struct pool *pool;
	void *house;            /* what the worker program gives its handlers */
	atomic_bool *cancelled; /* private, as all below; see job_cancelled() */
	char *result;           /* owned by the worker */
	int64_t progress_us;
};

/* Runs one attempt. OK ends the job; anything else is a failed attempt, retried by policy; job_reject() makes it final.
 * ctx carries the job's id and the attempt's deadline. It may run again after it has had effects: see job_fence(). */
typedef enum err job_handler(struct ctx *ctx, struct job *job);

struct job_kind {
	const struct job_policy *policy;
	job_handler *run;
};

/* Within lease's transaction (or its own when none is open). A unique duplicate is OK and changes nothing. Wakes workers by
 * NOTIFY at commit, but a process does so at most every 20 ms: what comes between is found within moments of the notice before it, and
 * within worker.poll when that one's transaction was rolled back. id_out may be NULL; it is empty after a duplicate. ERR_INVALID: the
 * payload is not JSON. */
enum err job_enqueue(struct ctx *ctx, struct lease *lease, const struct job_policy *policy, const struct job_new *job,
	char id_out[ID_TEXT]);

/* The same for count jobs in one statement: all or, with an error, none. ids_out (may be NULL) has count of them; of those with one
 * unique key the first is made. */
enum err job_enqueue_many(struct ctx *ctx, struct lease *lease, const struct job_policy *policy, const struct job_new *jobs, int count,
	char (*ids_out)[ID_TEXT]);

/* Marks the running attempt as final: no retry, the job is dead with this reason. Returns err for `return job_reject(…)`. */
enum err job_reject(struct ctx *ctx, struct job *job, enum err err);

/* Proves inside `lease`'s open transaction that this attempt still owns the job (locks the row): ERR_CONFLICT when it was
 * taken over. Handlers call it before writing their effects, so that those commit under the fence. */
enum err job_fence(struct lease *lease, const struct job *job);
/* The usual frame of that: takes a connection of job->pool and begins a transaction under the fence; nothing is held when it fails. */
enum err job_begin(struct ctx *ctx, const struct job *job, struct lease *lease_out);
/* Ends it: commits when err is OK, and gives the connection back in any case. Answers what came of it. */
enum err job_commit(struct lease *lease, enum err err);

/* Handlers that run for long ask now and then: true once the job is to be cancelled. The handler then returns a failure,
 * `return fail(ctx, ERR_GONE, "Cancelled")`; the job is cancelled and not tried again. A handler that returns OK all the same has
 * done its work, and the job is done. Costs nothing; the worker hears of a cancellation within a heartbeat at most. */
bool job_cancelled(const struct ctx *ctx, const struct job *job);

/* Says how far the job is: percent 0 to 100, note for people (may be NULL; cut at 200 bytes). Written at most once a second, so call it as
 * often as you like; what comes too soon is dropped, and so is what the database cannot take now. Takes a connection of job->pool, so call
 * it without a lease in hand; while the handler's own transaction holds the fence it changes nothing. */
void job_progress(struct ctx *ctx, struct job *job, int percent, const char *note);

#define JOB_RESULT_MOST 65536
/* What the job has to say when it is done, kept with it for a day; the last call counts. ERR_TOO_LARGE: more than JOB_RESULT_MOST bytes. */
enum err job_result(struct ctx *ctx, struct job *job, struct json_object *result);

/* How a job stands; memory of ctx. */
struct job_status {
	const char *kind;
	const char *state;        /* waiting, running, done, dead, cancelled */
	bool finished;            /* one of the last three */
	bool cancelling;          /* running, and told to stop */
	int attempt, attempts;
	int progress;             /* percent; -1 = never said */
	const char *note;         /* NULL = none */
	const char *result;       /* JSON text; NULL = none */
	const char *code;         /* of the last failure (base/error.h, or "lease-lost"); NULL = none */
	const char *message;
};

/* org_id NULL: whichever. ERR_NOT_FOUND: no such job of this organisation, or deleted already. */
enum err job_status(struct ctx *ctx, struct pool *pool, const char *org_id, const char *id, struct job_status *status_out);

/* Waits until the job is finished, at most most_ms and not past the ctx's deadline, and says how it stands then; for `Prefer: wait`. Holds no
 * connection meanwhile and gives up the thread's turn (base/turn.h). */
enum err job_wait(struct ctx *ctx, struct pool *pool, const char *org_id, const char *id, int most_ms, struct job_status *status_out);

/* For the house's admins, within lease's transaction or their own. Ids that are no UUID are ERR_NOT_FOUND too. */

/* A job that has not begun is cancelled at once, a running one is told to stop. ERR_NOT_FOUND; ERR_CONFLICT: it is finished. running_out (may
 * be NULL): it was told. */
enum err job_cancel(struct ctx *ctx, struct lease *lease, const char *id, bool *running_out);

/* A dead or cancelled job waits again, with as many attempts as its policy gave it; a waiting one is tried now. ERR_NOT_FOUND;
 * ERR_CONFLICT: it runs, is done, or another job with its unique key waits or runs. */
enum err job_replay(struct ctx *ctx, struct lease *lease, const char *id);
/* Every dead job of the organisation (NULL: of all and the house) and kind (NULL: of all) that is dead now, but for those whose unique key
 * is waiting or running again. Not in a transaction: it goes in batches, until a second before the ctx's deadline, and what was
 * replayed stays so when a later one fails. */
enum err job_replay_all(struct ctx *ctx, struct lease *lease, const char *org_id, const char *kind, int64_t *count_out);

/* Stops claiming a kind, or a whole queue when kind is NULL; both are OK again and again. A kind need not be known. */
enum err job_pause(struct ctx *ctx, struct lease *lease, const char *kind, enum job_queue queue);
enum err job_resume(struct ctx *ctx, struct lease *lease, const char *kind, enum job_queue queue);

struct schedule; /* job/schedule.h */

#define WORKER_CONNECTIONS 2 /* that a worker has to itself: for listening, and for keeping its leases */

struct worker_set {
	const struct job_kind *kinds; /* ends with a NULL policy; jobs of other kinds are left alone */
	const struct schedule *schedules; /* the house's own, ends with {0}; NULL = none */
	struct pool *pool;            /* for the jobs and their bookkeeping: a connection a thread */
	void *house;
	int threads;                  /* 0 = worker.threads */
	int max_runtime_s;            /* 0 = for ever; past it nothing is claimed */
	int stop_fd;                  /* readable = stop claiming, finish, return; -1 = none */
	bool drain;                   /* return when no job is due and none is running here (tests, cron) */
	/* Called by one thread once when it begins and then after each full minute, but not with drain; NULL = nothing. At most some seconds: leases
	 * are renewed by the same thread. */
	void (*each_minute)(struct ctx *ctx, struct pool *pool);
	bool supervised;              /* a child of supervisor_run(), which measures the queues for the metrics in its place */
};

/* Runs threads that claim and run jobs until stopped. Keeps this worker's row in table worker fresh for readiness; it goes when the worker
 * ends, but with max_runtime_s it stays for the next one. Goes on through any failure of PostgreSQL. ERR_UNAVAILABLE: the threads cannot be
 * started.
 *
 * Jobs are looked for when a notice comes and every worker.poll: that is the most that the loss of a notice, a retry or a delayed job costs. At
 * 1 s two processes at rest and their supervisor take 0.03 % of a core, and their back-ends 0.15 %, so it is not rarer when nothing comes. */
enum err worker_run(struct ctx *ctx, const struct worker_set *set);

#define WORKER_NAME 80
/* What this machine is called in table worker: worker.name, or the host's name. A worker is called that, a colon and its process's id. */
void worker_machine(char out[WORKER_NAME]);

#endif
