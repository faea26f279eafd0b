/* How long requests took: a log-linear histogram.
 *
 * Below 256 µs a bucket is one microsecond wide; above, each doubling is cut into 128 buckets of the same width, so that a bucket's largest
 * value is less than 1/128 (0.8 %) above its smallest. Quantiles answer a bucket's largest value, but never more than the largest value
 * seen: they are never too low, and at most 0.8 % too high. Values above TIMINGS_MOST_US count as that. */
#ifndef STOA_CLI_BENCH_HISTOGRAM_H
#define STOA_CLI_BENCH_HISTOGRAM_H

#include <stdint.h>

#define TIMINGS_BUCKETS (256 + 24 * 128)
#define TIMINGS_MOST_US (((int64_t)1 << 32) - 1) /* 71 minutes */

/* Zeroed it is empty. */
struct timings {
	uint64_t count;
	int64_t max_us;
	double sum_us;
	uint64_t buckets[TIMINGS_BUCKETS];
};

/* us below 0 counts as 0. */
void timings_add(struct timings *timings, int64_t us);
/* count times the same. */
void timings_add_many(struct timings *timings, int64_t us, uint64_t count);
/* Adds what `from` holds. */
void timings_merge(struct timings *timings, const struct timings *from);
/* The smallest value that at least quantile (0..1) of the values are not above, within the error above; 0 when empty. */
int64_t timings_quantile(const struct timings *timings, double quantile);
double timings_mean(const struct timings *timings); /* microseconds */
/* The largest value of a bucket, which falls into the same bucket again. */
int64_t timings_bucket_us(int bucket);

#endif
