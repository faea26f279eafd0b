#include "web/slo.h"

#include "metric/metric.h"

#include <string.h>

struct visit {
	void (*each)(void *argument, const struct slo *slo);
	void *argument;
};

static const struct target *target_named(const char *text)
{
	for (enum latency_class class = CLASS_UNSET + 1; class < CLASS_COUNT; class++)
		if (!strcmp(target_of(class)->text, text))
			return target_of(class);
	return NULL;
}

static bool within(int64_t us, int most_ms)
{
	return !most_ms || us <= (int64_t)most_ms * 1000;
}

static void visit_one(void *argument, const struct metric_value *value)
{
	const struct histogram *histogram = value->histogram;
	struct visit *visit = argument;
	struct slo slo = {.count = value->count};
	char class[24];
	metric_label(value->labels, "class", class, sizeof class);
	metric_label(value->labels, "method", slo.method, sizeof slo.method);
	metric_label(value->labels, "route", slo.route, sizeof slo.route);
	slo.target = target_named(class);
	if (!slo.target || !slo.count)
		return;
	slo.p50_us = histogram_quantile(histogram, 0.50);
	slo.p95_us = histogram_quantile(histogram, 0.95);
	slo.p99_us = histogram_quantile(histogram, 0.99);
	slo.share = histogram_under(histogram, (int64_t)slo.target->goal_ms * 1000) / (double)slo.count;
	slo.met = within(slo.p50_us, slo.target->p50_ms) && within(slo.p95_us, slo.target->p95_ms) &&
		within(slo.p99_us, slo.target->p99_ms) && slo.share >= slo.target->objective;
	visit->each(visit->argument, &slo);
}

void slo_each(void (*each)(void *argument, const struct slo *slo), void *argument)
{
	metric_each("stoa_http_request_duration_seconds", visit_one, &(struct visit){each, argument});
}
