/* What the threads of a worker share. Private to lib/job. */
#ifndef STOA_JOB_WORKER_H
#define STOA_JOB_WORKER_H

#include "job/schedule.h"

#include <pthread.h>
#include <stdatomic.h>

struct worker;

/* A job that this worker has claimed; one allocation. */
struct claimed {
	struct claimed *next;
	const struct job_kind *kind;
	char id[ID_TEXT];
	char org_id[ID_TEXT];
	int attempt;        /* made or, once begun, being made */
	int attempts;
	int first_attempt;  /* made before the last replay */
	bool begun;
	char payload[];
};

/* A thread that runs jobs, and the attempt that it is on. */
struct runner {
	struct worker *worker;
	pthread_t thread;
	struct ctx ctx;
	struct claimed *next; /* begun already, or NULL */
	atomic_bool cancelled;
	char id[ID_TEXT];     /* with worker->lock: the job, or empty */
	int attempt;
	int64_t renew_until_us;
};

struct worker {
	const struct worker_set *set;
	char name[WORKER_NAME];
	char host[64];
	char *kinds, *queues, *limits; /* owned: array literals of the kinds that are handled */
	int threads;
	struct scheduler scheduler; /* the keeper's */
	int lease_ms, heartbeat_ms, poll_ms, batch_most;
	struct runner *runners;
	struct pool *pool;    /* own connections for listening and keeping, which jobs cannot use up */
	atomic_bool stopping; /* claim nothing more */
	atomic_bool failing;  /* the last claim failed: said once */
	int drained_fd;       /* readable: set->drain and nothing is due or running */

	pthread_mutex_t lock;
	pthread_cond_t wake;  /* a look is wanted, or stopping */
	pthread_cond_t keep;  /* the keeper ends, or jobs are held */
	int looks;            /* idle threads that shall look for a job */
	int active;           /* threads that look or run */
	bool keeper_ends;
	struct claimed *held, **held_end; /* claimed and not begun, in order */
	int held_count;
	int64_t held_us;      /* when one was last put there or taken */
	bool held_news;       /* the keeper has not seen it yet */
	int batch;            /* how many the next claim asks for */
	int64_t job_us;       /* what a job took of late */
	unsigned claims;
};

/* The next job of this worker, begun: one that it holds, or a claim. NULL: none was due, or the claim failed (failing is set). */
struct claimed *claim_next(struct runner *runner);
/* Takes one that is held, not begun; NULL when there is none or the worker stops. */
struct claimed *claim_held(struct worker *worker);
/* Says how long a job took, for the size of batches. */
void claim_took(struct worker *worker, int64_t took_us);
/* Gives jobs back that this worker holds (a list, which is freed). uncertain: it is not known whether they were begun. */
void claim_release(struct ctx *ctx, struct pool *pool, const struct worker *worker, struct claimed *list, bool uncertain);
/* Gives back what has been held for too long, or everything at the end. Answers when to ask again. */
int64_t claim_give_back(struct ctx *ctx, struct worker *worker, bool all);

/* Gets one job and sees it through. False: there was none. */
bool attempt_next(struct runner *runner);
/* Tells the thread that runs this job that it is to be cancelled. */
void attempt_cancel(struct worker *worker, const char *id);

/* The thread that renews leases, says that this worker lives, takes back what others lost, and measures. */
void *keeper_main(void *worker);
/* Sets the gauges of the queues. */
enum err keeper_measure(struct ctx *ctx, struct pool *pool);
/* Takes back what any worker lost; false: it was nothing, or PostgreSQL is away. */
bool keeper_reclaim(struct ctx *ctx, struct pool *pool);

/* What a process is called in table worker and in its jobs' column worker. */
void worker_name(pid_t pid, char out[WORKER_NAME]);

/* Asks one idle thread to look. */
void worker_look(struct worker *worker);

#endif
