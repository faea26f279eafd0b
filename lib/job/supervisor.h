/* Supervisor: keeps as many worker processes as the queues need (document 001, "Auto-Scaling Policy", celery_workers).
 *
 * The caller's process forks children, waits for them, and does nothing else: it has one thread and never a connection, so that a child
 * shares no state of libpq, libcurl or memcached with it. A process of its own, the gauge, measures the queues every 2 s over its one
 * connection and ends the leases of children that died. The supervisor and its children outlive every failure of PostgreSQL; what cannot
 * be measured changes nothing.
 *
 * How many. At least min and at most max: two more when the queues are behind, which is when queue high or default is not under its target
 * depth (job/policies.h), low has not been for 30 s (worker.scale_up_after: "scale if persistent"), or the oldest job that is due has
 * waited for longer than worker.scale_age. Then no more for worker.scale_up_after. Two fewer (the document takes one) when for
 * worker.scale_down_after the queues were not behind and what ran fitted into two children less. What is paused, of no kind that is known
 * here, or at its kind's limit counts for nothing. Never more when PostgreSQL would then have fewer than SUPERVISOR_RESERVE connections
 * left: a child takes one a thread and WORKER_CONNECTIONS.
 *
 * Death. A child that ends unasked is replaced at once. It is settled after a second; when three in a row died before that, the next waits
 * for 250 ms, doubled with each further one up to 10 s, until one settles. What the dead one ran and held is reclaimed within moments instead
 * of when its lease is over: the gauge ends those leases and reclaims (it tries for as long as a lease lasts, when PostgreSQL is away or a
 * statement of the dead one is still under way there), and removes its row from table worker. Attempt numbers fence, should it be wrong.
 *
 * Signals to the supervisor.
 *   SIGTERM, SIGINT  children finish what they run and end, then supervisor_run() returns 0. A second one kills them at once: 1.
 *   SIGHUP           reload() is tried in a process of its own, and when it succeeds also here: from then on children are replaced one by
 *                    one, each after a fresh one has settled; the old ones finish what they run meanwhile. When it fails, the
 *                    old ones stay and everything goes on as before, but log files are opened again.
 * When the supervisor dies, children are told to finish and end (PR_SET_PDEATHSIG), and the gauge ends.
 *
 * Signals to a child. SIGTERM and SIGINT, however often, make its stop_fd readable; SIGHUP opens the log file again. */
#ifndef STOA_JOB_SUPERVISOR_H
#define STOA_JOB_SUPERVISOR_H

#include "job/job.h"

#include <pthread.h>

#define SUPERVISOR_RESERVE 10

struct supervisor_set {
	const struct job_kind *kinds; /* as worker_set's */
	int threads;                  /* jobs that a child runs at once; 0 = worker.threads */
	int min, max;                 /* 0 = worker.min, worker.max */
	/* A child's whole life, in a process of its own: opens what it needs, calls worker_run() with this stop_fd and .supervised, closes it
	 * all, and answers the status to exit with. Its memory is a copy of the caller's, so the configuration is that of the last good reload. */
	int (*child)(void *argument, int stop_fd);
	/* Reads the configuration anew; false: message_out says why not. NULL: there is nothing to read, and SIGHUP only replaces. */
	bool (*reload)(void *argument, char message_out[256]);
	void *argument;
};

/* Call with one thread, before any pool, net or cache was opened; metrics may be open, and children then use the same ones and do not open
 * them again. Takes over SIGTERM, SIGINT, SIGHUP and SIGCHLD until it returns. 0: stopped as told; 1: stopped at once, or it could not begin
 * (logged). */
int supervisor_run(const struct supervisor_set *set);

/* SIGTERM and SIGINT as a descriptor, for a worker without a supervisor: a second one of them ends the process at once. */
struct signals {
	pthread_t thread;
	int fd;       /* private */
	int stop_fd;  /* readable from the first one on */
	bool patient; /* private: a second one changes nothing */
};

/* Call before other threads are started. False: errno. */
bool signals_open(struct signals *signals);
void signals_close(struct signals *signals);

/* The decision, which looks at nothing but what it is given. Times are microseconds of one clock. */
struct supervisor_policy {
	int min, max;
	int threads;            /* jobs that a child runs at once */
	int64_t age_us;         /* worker.scale_age */
	int64_t up_us, down_us; /* worker.scale_up_after, worker.scale_down_after */
};

struct supervisor_measure {
	bool known;               /* false: the queues could not be measured */
	int due[JOB_QUEUES];      /* jobs that are due; counted up to the target depth of the queue only */
	int64_t oldest_us;        /* how long the oldest of them has waited */
	int running;              /* jobs that this machine's workers run */
	int room;                 /* connections that PostgreSQL has left */
};

struct supervisor_state {
	int wanted;               /* children; 0 = not yet decided */
	int64_t up_us;            /* when there were last more; 0 = never */
	int64_t low_us;           /* since when queue low is not under its target; 0 = it is */
	int64_t idle_us;          /* since when fewer would do; 0 = they would not */
};

/* The state that follows; its `wanted` is between min and max. */
struct supervisor_state supervisor_decide(const struct supervisor_policy *policy, const struct supervisor_state *state,
	const struct supervisor_measure *measure, int64_t now_us);

#endif
