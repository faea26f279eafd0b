/* The torture of the queue: what its processes share. */
#ifndef STOA_TESTS_TORTURE_H
#define STOA_TESTS_TORTURE_H

#include "job/job.h"

#include <stdatomic.h>
#include <sys/types.h>

/* Errors of a job are kept for its last 20 failures, so no job needs more. */
#define ATTEMPTS_SEEN 32
#define CHILDREN 64
#define CHAIN 3        /* jobs of a chain */
#define UNIQUE_KEYS 20

/* How often things are done to it. */
struct size {
	int asks;          /* jobs that clients ask for; chains make more of them */
	int child_kills, backend_kills, stops;
};

/* In shared memory, from before the first fork. */
struct board {
	struct size size;
	atomic_int made;         /* jobs whose enqueueing was acknowledged, with all that a chain will make */
	atomic_int finished;     /* effects that are known to be committed */
	atomic_int struck;       /* blows done */
	atomic_int pids[CHILDREN];
	/* When attempt a of job n began: wall clock, microseconds; [n][a]. Job n + asks is the chain's second job of n, and so on. */
	_Atomic int64_t begun[][ATTEMPTS_SEEN];
};

enum blow_type { BLOW_CHILD, BLOW_BACKEND, BLOW_STOP, BLOW_TYPES };

struct blow {
	enum blow_type type;
	int64_t at_us;  /* wall clock */
	pid_t pid;      /* of the child or back-end */
	bool busy;      /* the back-end was at work */
};

/* Kinds of jobs; their handlers need board. */
extern struct board *board;
extern const struct job_kind TORTURE_KINDS[];
#define FAILURE_WANTED "not now" /* the message of a failure that is no accident */

/* Enqueues job n of the mix in lease's transaction; id_out empty: a job of its key waits or runs. Adds to *made what will come of it. */
enum err mix_enqueue(struct ctx *ctx, struct lease *lease, int n, char id_out[ID_TEXT], int *made);

/* Clients: threads that ask for board->size.asks jobs and repeat until each is acknowledged. */
void clients_start(void);
void clients_join(void);
/* Requests that had to be repeated. */
int clients_repeats(void);

/* Prints the books; true: they balance. whole: also recovery decides. */
bool ledger_print(struct ctx *ctx, struct pool *pool, const struct blow *blows, int count, bool whole);

#endif
