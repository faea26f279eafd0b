#include "cli/bench/histogram.h"

#include <math.h>

static int bucket_of(int64_t us)
{
	if (us < 256)
		return (int)us;
	int doubling = 63 - __builtin_clzll((uint64_t)us) - 8;
	return 256 + doubling * 128 + (int)(us >> (doubling + 1)) - 128;
}

int64_t timings_bucket_us(int bucket)
{
	if (bucket < 256)
		return bucket;
	int doubling = (bucket - 256) / 128, part = (bucket - 256) % 128;
	return ((int64_t)(part + 129) << (doubling + 1)) - 1;
}

void timings_add_many(struct timings *timings, int64_t us, uint64_t count)
{
	us = us < 0 ? 0 : us > TIMINGS_MOST_US ? TIMINGS_MOST_US : us;
	timings->buckets[bucket_of(us)] += count;
	timings->count += count;
	timings->sum_us += (double)us * (double)count;
	if (us > timings->max_us)
		timings->max_us = us;
}

void timings_add(struct timings *timings, int64_t us)
{
	timings_add_many(timings, us, 1);
}

void timings_merge(struct timings *timings, const struct timings *from)
{
	for (int i = 0; i < TIMINGS_BUCKETS; i++)
		timings->buckets[i] += from->buckets[i];
	timings->count += from->count;
	timings->sum_us += from->sum_us;
	if (from->max_us > timings->max_us)
		timings->max_us = from->max_us;
}

int64_t timings_quantile(const struct timings *timings, double quantile)
{
	if (!timings->count)
		return 0;
	uint64_t rank = (uint64_t)ceil(quantile * (double)timings->count), seen = 0;
	rank = rank < 1 ? 1 : rank > timings->count ? timings->count : rank;
	int bucket = 0;
	while (bucket < TIMINGS_BUCKETS - 1 && (seen += timings->buckets[bucket]) < rank)
		bucket++;
	int64_t us = timings_bucket_us(bucket);
	return us < timings->max_us ? us : timings->max_us;
}

double timings_mean(const struct timings *timings)
{
	return timings->count ? timings->sum_us / (double)timings->count : 0;
}
