#include "prometheus.h"

#include "observe/bound.h"
#include "observe/burn.h"
#include "web/target.h"

#include <string.h>

#define DURATION "stoa_http_request_duration_seconds"
/* Requests a minute of the class in its test, and those of them that are slow when it fires. */
#define REQUESTS 10000
#define SLOW 9000

static struct alert_series bucket(struct ctx *ctx, const struct target *target, const char *bound, int fires, int calm)
{
	return (struct alert_series){arena_printf(&ctx->arena, DURATION "_bucket{route=\"/%s\",method=\"GET\",class=\"%s\",le=\"%s\"}", target->text,
		target->text, bound), arena_printf(&ctx->arena, "0+%dx40", fires), arena_printf(&ctx->arena, "0+%dx40", calm)};
}

static const char *seconds_text(struct ctx *ctx, int64_t us)
{
	return arena_printf(&ctx->arena, "%lld.%06d", (long long)(us / 1000000), (int)(us % 1000000));
}

/* The same for every alert of the class. Answers the p95 that follows, with histogram_quantile()'s line between two bounds. */
static double class_series(struct ctx *ctx, const struct target *target, struct alert_series out[ALERT_SERIES])
{
	int64_t low_us, high_us, slow_us, slower_us;
	int calm = (int)(REQUESTS * (1 - target->objective) / 5 + 0.5); /* slow ones that a fifth of the budget pays for */
	prometheus_bounds((int64_t)(1000 * target->p95_ms * bound_of(BOUND_LATENCY_TIMES)->alert), &low_us, &slow_us);
	prometheus_bounds(slow_us, &slow_us, &slower_us);
	prometheus_bounds((int64_t)target->goal_ms * 1000, &low_us, &high_us);
	out[0] = bucket(ctx, target, seconds_text(ctx, low_us), REQUESTS - SLOW, REQUESTS - calm);
	out[1] = bucket(ctx, target, seconds_text(ctx, high_us), REQUESTS - SLOW, REQUESTS - calm);
	out[2] = bucket(ctx, target, seconds_text(ctx, slow_us), REQUESTS - SLOW, REQUESTS - calm);
	out[3] = bucket(ctx, target, seconds_text(ctx, slower_us), REQUESTS, REQUESTS);
	out[4] = bucket(ctx, target, "+Inf", REQUESTS, REQUESTS);
	out[5] = (struct alert_series){arena_printf(&ctx->arena, DURATION "_count{route=\"/%s\",method=\"GET\",class=\"%s\"}", target->text,
		target->text), arena_printf(&ctx->arena, "0+%dx40", REQUESTS), arena_printf(&ctx->arena, "0+%dx40", REQUESTS)};
	out[6] = (struct alert_series){arena_printf(&ctx->arena, "stoa_http_requests_total{route=\"/%s\",method=\"GET\",status=\"2xx\"}",
		target->text), out[5].fires, out[5].calm};
	return ((double)slow_us + (double)(slower_us - slow_us) * (0.95 * REQUESTS - (REQUESTS - SLOW)) / SLOW) / 1e6;
}

static void add_burns(struct ctx *ctx, const struct target *target, const struct alert *base, struct alert out[ALERTS_MOST], int *count)
{
	for (size_t i = 0; i < BURN_ALERTS && *count < ALERTS_MOST; i++) {
		const struct burn_alert *burn = &BURN_ALERT[i];
		struct alert alert = *base;
		double limit = burn->rate * (1 - target->objective);
		alert.group = "stoa_burn";
		alert.name = burn->name;
		alert.severity = burn->page ? "critical" : "warning";
		alert.expr = arena_printf(&ctx->arena, "class:stoa_slo_bad:ratio_rate%s{class=\"%s\"} > %.6g and class:stoa_slo_bad:ratio_rate%s{class=\"%s\"} > %.6g "
			"and class:stoa_slo_bad:rate%s{class=\"%s\"} * %d >= %d",
			burn->long_text, target->text, limit, burn->short_text, target->text, limit, burn->long_text, target->text, burn->long_s, BURN_LEAST);
		alert.summary = arena_printf(&ctx->arena, "The error budget of class %s burns", target->text);
		alert.description = arena_printf(&ctx->arena,
			"{{ $value | humanizePercentage }} of the requests of %s were failed or slower than %d ms; the objective %g %% allows %.4g %%, and this is over "
			"%gx that: %g %% of the month's budget in %s.", burn->long_text, target->goal_ms, 100 * target->objective,
			100 * (1 - target->objective), burn->rate, burn->budget * 100, burn->long_text);
		alert.source = arena_printf(&ctx->arena, "%s; " BURN_SOURCE, target->source);
		alert.value = "90%";
		out[(*count)++] = alert;
	}
}

void prometheus_class_alerts(struct ctx *ctx, struct alert out[ALERTS_MOST], int *count)
{
	const struct bound *times = bound_of(BOUND_LATENCY_TIMES);
	struct alert *latency = arena_array(&ctx->arena, CLASS_COUNT, sizeof *latency);
	for (enum latency_class class = CLASS_UNSET + 1; class < CLASS_COUNT; class++) {
		const struct target *target = target_of(class);
		struct alert *alert = &latency[class];
		*alert = (struct alert){"stoa_latency", "StoaLatency", "warning", "5m",
			arena_printf(&ctx->arena, "class:" DURATION ":p95_5m{class=\"%s\"} > %g", target->text, times->alert * target->p95_ms / 1000),
			arena_printf(&ctx->arena, "Class %s is slow", target->text),
			arena_printf(&ctx->arena, "p95 of 5 minutes is {{ $value | printf \"%%.3f\" }} s, over %g times the target of %d ms.", times->alert,
				target->p95_ms),
			arena_printf(&ctx->arena, "%s; %s", times->source, target->source), arena_printf(&ctx->arena, "class=%s", target->text), NULL, {{0}}, true};
		alert->value = arena_printf(&ctx->arena, "%.3f", class_series(ctx, target, alert->series));
		add_burns(ctx, target, alert, out, count);
	}
	for (enum latency_class class = CLASS_UNSET + 1; class < CLASS_COUNT && *count < ALERTS_MOST; class++)
		out[(*count)++] = latency[class];
}
