/* What units of work of one kind have used (base/context.h), as series:
 *
 * stoa_http_request_part_seconds{route,method,part}, a summary. accept (the wait in line for a thread), who, pool, query, cache (beyond the
 * process), outbound, render and own, which is what remains, add up to the duration (stoa_http_request_duration_seconds). Beside it are
 * write (the reply on its way out, after it; of a streamed one also the making of its later parts) and cpu (processor time of the threads
 * that read, answered and sent it, the system's included: of one request in WORK_CPU_EVERY, so that it may exceed the duration). A part's
 * count is that of the requests which had any of it.
 *
 * stoa_statement_seconds{statement,route,method}, a summary: each statement with the time that the unit of work waited for it. One that
 * serves several at once (a batch) counts in each, so sums over routes may exceed the database's own.
 *
 * The route of a job is "job:<kind>", and its method empty. */
#ifndef STOA_METRIC_WORK_H
#define STOA_METRIC_WORK_H

#include "base/context.h"
#include "metric/metric.h"

/* A prime: requests that follow each other in a pattern all have their turn. */
#define WORK_CPU_EVERY 17

enum work_part { WORK_WHO, WORK_POOL, WORK_QUERY, WORK_CACHE, WORK_OUTBOUND, WORK_RENDER, WORK_OWN, WORK_ACCEPT, WORK_WRITE, WORK_CPU, WORK_PARTS };

/* Of which the first add up to the duration. */
#define WORK_DURATION_PARTS WORK_WRITE

const char *work_part_text(enum work_part part);

#define WORK_STATEMENTS 32

/* Series that were found already; zeroed but for the first two, which outlive it. One that is used again must not outlive
 * metric_close(). Safe from any thread. */
struct work_series {
	const char *route, *method;
	_Atomic(struct summary *) parts[WORK_PARTS];
	struct {
		_Atomic(const char *) name;
		_Atomic(struct summary *) summary;
	} statements[WORK_STATEMENTS];
};

/* Microseconds by part, of a unit of work that took so long. accept, write and cpu are 0. */
void work_split(const struct ctx *ctx, int64_t took_us, int64_t parts_out[WORK_PARTS]);
/* Count what is above 0. */
void work_part_add(struct work_series *series, enum work_part part, int64_t us);
void work_parts_add(struct work_series *series, const int64_t parts_us[WORK_PARTS]);
/* Counts the statements, and forgets them in ctx. */
void work_statements_add(struct work_series *series, struct ctx *ctx);

#endif
