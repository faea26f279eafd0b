/* The gauge: the supervisor's process with a connection. Private to lib/job. */
#ifndef STOA_JOB_GAUGE_H
#define STOA_JOB_GAUGE_H

#include "job/supervisor.h"

#include <sys/types.h>

/* Over fd, a packet socket: sends a struct supervisor_measure every 2 s, and receives the pid_t of a child that died, whose leases it ends until
 * they would have ended by themselves. Returns when the other end is closed, after one more try for each. */
void gauge_run(const struct job_kind *kinds, int fd);

#endif
