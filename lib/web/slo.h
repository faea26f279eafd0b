/* The objectives of the latency classes against what the metrics file has counted, by route (design, "The idea that holds it together"). */
#ifndef STOA_WEB_SLO_H
#define STOA_WEB_SLO_H

#include "metric/metric.h"
#include "web/target.h"

#include <stdbool.h>
#include <stdint.h>

struct slo {
	char method[8], route[128];
	const struct target *target;
	uint64_t count, failed;         /* requests answered, also those that were turned away at the door; of them with 5xx */
	int64_t p50_us, p95_us, p99_us; /* slo_quantile() of those that were begun */
	double share;                   /* of good requests: not failed and under the class's goal; one that was both counts twice */
	bool met;                       /* every percentile that has a target, and the objective */
};

/* Every route that has answered a request, of every responder that writes this metrics file (metric_open() first). */
void slo_each(void (*each)(void *argument, const struct slo *slo), void *argument);

/* A quantile 0..1 of observations by bucket, in microseconds: within its bucket in proportion, as histogram_quantile() of Prometheus has it, so
 * that the same time is told everywhere. 0: nothing was observed; INT64_MAX: it lies beyond the last bound. */
int64_t slo_quantile(const uint64_t counts[HISTOGRAM_BUCKETS], double quantile);

#endif
