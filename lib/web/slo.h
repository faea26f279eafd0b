/* The objectives of the latency classes against what the metrics file has counted, by route (design, "The idea that holds it together"). */
#ifndef STOA_WEB_SLO_H
#define STOA_WEB_SLO_H

#include "web/target.h"

#include <stdbool.h>
#include <stdint.h>

struct slo {
	char method[8], route[128];
	const struct target *target;
	uint64_t count;
	int64_t p50_us, p95_us, p99_us; /* upper bounds of their buckets */
	double share;                   /* of requests under the class's goal */
	bool met;                       /* every percentile that has a target, and the objective */
};

/* Every route that has answered a request, of every responder that writes this metrics file (metric_open() first). */
void slo_each(void (*each)(void *argument, const struct slo *slo), void *argument);

#endif
