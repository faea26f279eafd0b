#include "web/slo.h"

#include <stdio.h>
#include <string.h>

struct visit {
	void (*each)(void *argument, const struct slo *slo);
	void *argument;
};

int64_t slo_quantile(const uint64_t counts[HISTOGRAM_BUCKETS], double quantile)
{
	uint64_t total = 0;
	int64_t low = 0;
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += counts[i];
	double left = quantile * (double)total;
	for (int i = 0; total && i < HISTOGRAM_BUCKETS; i++) {
		int64_t high = histogram_bound(i);
		if (counts[i] && (double)counts[i] >= left)
			return high == INT64_MAX ? high : low + (int64_t)((double)(high - low) * left / (double)counts[i] + 0.5);
		left -= (double)counts[i];
		low = high;
	}
	return total ? INT64_MAX : 0;
}

static bool within(int64_t us, int most_ms)
{
	return !most_ms || us <= (int64_t)most_ms * 1000;
}

static uint64_t answered(const struct slo *slo, int status)
{
	char labels[256];
	struct metric_value found;
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",status=\"%dxx\"", slo->route, slo->method, status);
	return metric_find("stoa_http_requests_total", labels, &found) ? found.count : 0;
}

static void visit_one(void *argument, const struct metric_value *value)
{
	struct visit *visit = argument;
	struct slo slo = {0};
	uint64_t counts[HISTOGRAM_BUCKETS];
	char class[24];
	metric_label(value->labels, "class", class, sizeof class);
	metric_label(value->labels, "method", slo.method, sizeof slo.method);
	metric_label(value->labels, "route", slo.route, sizeof slo.route);
	slo.target = target_named(class);
	slo.failed = answered(&slo, 5);
	slo.count = answered(&slo, 2) + answered(&slo, 3) + answered(&slo, 4) + slo.failed;
	if (slo.count < value->count)
		slo.count = value->count;
	if (!slo.target || !slo.count)
		return;
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		counts[i] = histogram_bucket(value->histogram, i);
	slo.p50_us = slo_quantile(counts, 0.50);
	slo.p95_us = slo_quantile(counts, 0.95);
	slo.p99_us = slo_quantile(counts, 0.99);
	double slow = (double)value->count - histogram_under(value->histogram, (int64_t)slo.target->goal_ms * 1000);
	double bad = (slow > 0 ? slow : 0) + (double)slo.failed;
	slo.share = bad < (double)slo.count ? 1 - bad / (double)slo.count : 0;
	slo.met = within(slo.p50_us, slo.target->p50_ms) && within(slo.p95_us, slo.target->p95_ms) &&
		within(slo.p99_us, slo.target->p99_ms) && slo.share >= slo.target->objective;
	visit->each(visit->argument, &slo);
}

void slo_each(void (*each)(void *argument, const struct slo *slo), void *argument)
{
	metric_each("stoa_http_request_duration_seconds", visit_one, &(struct visit){each, argument});
}
