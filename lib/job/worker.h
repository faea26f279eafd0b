/* What the threads of a worker share. Private to lib/job. */
#ifndef STOA_JOB_WORKER_H
#define STOA_JOB_WORKER_H

#include "job/job.h"

#include <pthread.h>
#include <stdatomic.h>

struct worker;

/* A thread that runs jobs, and the attempt that it is on. */
struct runner {
	struct worker *worker;
	pthread_t thread;
	struct ctx ctx;
	char id[ID_TEXT];   /* with worker->lock: the job, or empty */
	int attempt;
	int64_t renew_until_us;
};

struct worker {
	const struct worker_set *set;
	char name[128];
	char host[64];
	char *kinds;          /* owned: array literal of the kinds that are handled */
	int threads;
	int lease_ms, heartbeat_ms, poll_ms;
	struct runner *runners;
	struct pool *pool;    /* own connections for listening and keeping, which jobs cannot use up */
	atomic_bool stopping; /* claim nothing more */
	atomic_bool failing;  /* the last claim failed: said once */
	int drained_fd;       /* readable: set->drain and nothing is due or running */

	pthread_mutex_t lock;
	pthread_cond_t wake;  /* a look is wanted, or stopping */
	pthread_cond_t keep;  /* the keeper ends */
	int looks;            /* idle threads that shall look for a job */
	int active;           /* threads that look or run */
	bool keeper_ends;
};

/* Claims one job and sees it through. False: none was due, or the claim failed (failing is set). */
bool attempt_next(struct runner *runner);

/* The thread that renews leases, says that this worker lives, takes back what others lost, and measures. */
void *keeper_main(void *worker);
void keeper_reclaim(struct ctx *ctx, struct worker *worker);

/* Asks one idle thread to look. */
void worker_look(struct worker *worker);

#endif
