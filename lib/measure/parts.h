/* What the files of this folder share. */
#ifndef STOA_MEASURE_PARTS_H
#define STOA_MEASURE_PARTS_H

#include "measure/measure.h"

/* Sessions as three arrays, in PostgreSQL's text. */
struct measure_sessions {
	const char *orgs, *modes, *ids;
};

/* In lease's open transaction, which holds measure_state: makes their outcomes anew. changed_out: the rows that changed (sql/measure/judge.sql). */
enum err measure_judge(struct lease *lease, const struct measure_sessions *sessions, PGresult **changed_out);

/* Looks at a lot of customers, in a transaction of its own under the job's fence; more_out: there may be others. */
enum err measure_customers(struct ctx *ctx, struct job *job, bool *more_out);

#endif
