#include "prometheus.h"

#include "metric/metric.h"
#include "web/target.h"

#include <string.h>

#define DURATION "stoa_http_request_duration_seconds"

static struct json_object *group_begin(struct json_object *groups, const char *name)
{
	struct json_object *group = prometheus_object("name", name, NULL), *rules = json_object_new_array();
	json_object_object_add(group, "rules", rules);
	json_object_array_add(groups, group);
	return rules;
}

static void record(struct json_object *rules, const char *name, const char *expr)
{
	json_object_array_add(rules, prometheus_object("record", name, "expr", expr, NULL));
}

static void record_class(struct json_object *rules, const char *name, const char *class, const char *expr)
{
	struct json_object *rule = prometheus_object("record", name, "expr", expr, NULL);
	json_object_object_add(rule, "labels", prometheus_object("class", class, NULL));
	json_object_array_add(rules, rule);
}

/* Each route's class, with the value 1. While machines run different versions, or since an upgrade that changed a route's class left both in the
 * metrics file, a route has two: that of the most requests, or joins with it would be refused. */
static void record_class_of_routes(struct json_object *rules)
{
	record(rules, "route:stoa_class:info", "topk by (route, method) (1, sum by (route, method, class) (rate(" DURATION "_count[5m]))) ^ 0");
}

/* Rate, errors and duration; by: what they are summed by, level: how Prometheus calls that. */
static void record_durations(struct ctx *ctx, struct json_object *rules, const char *level, const char *by, const char *window)
{
	static const struct { const char *name, *quantile; } QUANTILES[] = {{"p50", "0.5"}, {"p95", "0.95"}, {"p99", "0.99"}};
	for (size_t i = 0; i < sizeof QUANTILES / sizeof *QUANTILES; i++)
		record(rules, arena_printf(&ctx->arena, "%s:" DURATION ":%s_%s", level, QUANTILES[i].name, window),
			arena_printf(&ctx->arena, "histogram_quantile(%s, sum by (%s, le) (rate(" DURATION "_bucket[%s])))", QUANTILES[i].quantile, by,
				window));
}

static void record_routes(struct ctx *ctx, struct json_object *rules, const char *window)
{
	const char *requests = arena_printf(&ctx->arena, "route:stoa_http_requests:rate%s", window);
	record(rules, requests, arena_printf(&ctx->arena, "sum by (route, method) (rate(stoa_http_requests_total[%s]))", window));
	record(rules, arena_printf(&ctx->arena, "route:stoa_http_errors:rate%s", window),
		arena_printf(&ctx->arena, "sum by (route, method) (rate(stoa_http_requests_total{status=\"5xx\"}[%s])) or 0 * %s", window, requests));
	record(rules, arena_printf(&ctx->arena, "route:stoa_http_errors:ratio_rate%s", window),
		arena_printf(&ctx->arena, "route:stoa_http_errors:rate%s / %s", window, requests));
	record_durations(ctx, rules, "route", "route, method, class", window);
}

static void record_classes(struct ctx *ctx, struct json_object *rules, const char *window)
{
	static const char *const WHAT[] = {"requests", "errors"};
	/* All that were answered: those that are turned away at the door have no duration. */
	for (size_t i = 0; i < sizeof WHAT / sizeof *WHAT; i++)
		record(rules, arena_printf(&ctx->arena, "class:stoa_http_%s:rate%s", WHAT[i], window), arena_printf(&ctx->arena,
			"sum by (class) (route:stoa_http_%s:rate%s * on (route, method) group_left (class) route:stoa_class:info)", WHAT[i], window));
	record(rules, arena_printf(&ctx->arena, "class:stoa_http_errors:ratio_rate%s", window),
		arena_printf(&ctx->arena, "class:stoa_http_errors:rate%s / class:stoa_http_requests:rate%s", window, window));
	record_durations(ctx, rules, "class", "class", window);
}

void prometheus_bounds(int64_t us, int64_t *low_us_out, int64_t *high_us_out)
{
	int index = 0;
	while (index < HISTOGRAM_BUCKETS - 1 && histogram_bound(index) <= us)
		index++;
	*low_us_out = index ? histogram_bound(index - 1) : 0;
	*high_us_out = histogram_bound(index);
}

/* Newer versions of Prometheus drop the zeros of a bound. */
static const char *bound_pattern(struct ctx *ctx, int64_t us)
{
	char digits[8];
	snprintf(digits, sizeof digits, "%06d", (int)(us % 1000000));
	for (size_t length = 6; length > 1 && digits[length - 1] == '0'; length--)
		digits[length - 1] = '\0';
	return arena_printf(&ctx->arena, "%lld[.]%s0*", (long long)(us / 1000000), digits);
}

/* Requests that took longer than the goal, which lies between two bounds: in proportion, as histogram_under() counts. */
static const char *slow_expr(struct ctx *ctx, const struct target *target)
{
	int64_t low_us, high_us, goal_us = (int64_t)target->goal_ms * 1000;
	prometheus_bounds(goal_us, &low_us, &high_us);
	double part = (double)(goal_us - low_us) / (double)(high_us - low_us);
	return arena_printf(&ctx->arena,
		"clamp_min(sum(rate(" DURATION "_count{class=\"%s\"}[5m])) - %.6f * sum(rate(" DURATION "_bucket{class=\"%s\",le=~\"%s\"}[5m])) - "
		"%.6f * sum(rate(" DURATION "_bucket{class=\"%s\",le=~\"%s\"}[5m])), 0)",
		target->text, 1 - part, target->text, bound_pattern(ctx, low_us), part, target->text, bound_pattern(ctx, high_us));
}

static void record_window(struct ctx *ctx, struct json_object *rules, const char *window)
{
	const char *bad = arena_printf(&ctx->arena, "class:stoa_slo_bad:rate%s", window);
	record(rules, bad, arena_printf(&ctx->arena, "avg_over_time(class:stoa_slo_bad:rate5m[%s])", window));
	record(rules, arena_printf(&ctx->arena, "class:stoa_slo_bad:ratio_rate%s", window),
		arena_printf(&ctx->arena, "clamp_max(%s / avg_over_time(class:stoa_http_requests:rate5m[%s]), 1)", bad, window));
}

/* The share of bad requests: slow ones and failed ones, so one that was both counts twice. */
static void record_budgets(struct ctx *ctx, struct json_object *rules)
{
	static const char *const WINDOWS[] = {"30m", "1h", "6h"};
	for (enum latency_class class = CLASS_UNSET + 1; class < CLASS_COUNT; class++) {
		const struct target *target = target_of(class);
		record_class(rules, "class:stoa_slo_objective", target->text, arena_printf(&ctx->arena, "vector(%g)", target->objective));
		record_class(rules, "class:stoa_slo_target:p95_seconds", target->text, arena_printf(&ctx->arena, "vector(%g)", target->p95_ms / 1000.0));
		record_class(rules, "class:stoa_slo_slow:rate5m", target->text, slow_expr(ctx, target));
	}
	record(rules, "class:stoa_slo_bad:rate5m", "class:stoa_slo_slow:rate5m + on (class) class:stoa_http_errors:rate5m");
	record(rules, "class:stoa_slo_bad:ratio_rate5m", "clamp_max(class:stoa_slo_bad:rate5m / class:stoa_http_requests:rate5m, 1)");
	for (size_t i = 0; i < sizeof WINDOWS / sizeof *WINDOWS; i++)
		record_window(ctx, rules, WINDOWS[i]);
}

/* Averages of so many samples need not be taken each time that the others are. */
static void record_long(struct ctx *ctx, struct json_object *groups)
{
	struct json_object *rules = group_begin(groups, PROMETHEUS_RECORD_LONG);
	json_object_object_add(json_object_array_get_idx(groups, json_object_array_length(groups) - 1), "interval", json_object_new_string("5m"));
	record_window(ctx, rules, "3d");
	record_window(ctx, rules, "30d");
	record(rules, "class:stoa_slo_budget_left:ratio30d", "1 - class:stoa_slo_bad:ratio_rate30d / on (class) (1 - class:stoa_slo_objective)");
}

static void record_cache(struct json_object *rules)
{
	record(rules, "space:stoa_cache_lookups:rate5m", "sum by (space) (rate(stoa_cache_lookups_total[5m]))");
	record(rules, "space:stoa_cache_hits:ratio_rate5m",
		"1 - sum by (space) (rate(stoa_cache_lookups_total{result=\"miss\"}[5m])) / space:stoa_cache_lookups:rate5m");
	record(rules, "stoa_cache_hits:ratio_rate5m",
		"1 - sum(rate(stoa_cache_lookups_total{result=\"miss\"}[5m])) / sum(rate(stoa_cache_lookups_total[5m]))");
}

struct json_object *prometheus_labels(struct ctx *ctx, const struct alert *alert, bool all)
{
	struct json_object *labels = prometheus_object("severity", alert->severity, NULL);
	for (const char *pair = alert->labels; all && *pair; pair += strcspn(pair, ","), pair += *pair == ',') {
		size_t name = strcspn(pair, "=");
		json_object_object_add(labels, arena_printf(&ctx->arena, "%.*s", (int)name, pair),
			json_object_new_string_len(pair + name + 1, (int)strcspn(pair + name + 1, ",")));
	}
	return labels;
}

static void add_alerts(struct ctx *ctx, struct json_object *groups)
{
	struct alert *alerts = arena_array(&ctx->arena, ALERTS_MOST, sizeof *alerts);
	int count = prometheus_alerts(ctx, alerts);
	struct json_object *rules = NULL;
	for (int i = 0; i < count; i++) {
		const struct alert *alert = &alerts[i];
		if (!i || strcmp(alert->group, alerts[i - 1].group))
			rules = group_begin(groups, alert->group);
		struct json_object *rule = prometheus_object("alert", alert->name, "expr", alert->expr, "for", alert->wait, NULL);
		json_object_object_add(rule, "labels", prometheus_labels(ctx, alert, alert->labelled));
		json_object_object_add(rule, "annotations", prometheus_object("summary", alert->summary, "description", alert->description,
			"source", alert->source, NULL));
		json_object_array_add(rules, rule);
	}
}

struct json_object *prometheus_rules(struct ctx *ctx)
{
	static const char *const WINDOWS[] = {"5m", "1h"};
	struct json_object *tree = json_object_new_object(), *groups = json_object_new_array();
	json_object_object_add(tree, "groups", groups);
	struct json_object *rules = group_begin(groups, PROMETHEUS_RECORD);
	record_class_of_routes(rules);
	for (size_t i = 0; i < sizeof WINDOWS / sizeof *WINDOWS; i++) {
		record_routes(ctx, rules, WINDOWS[i]);
		record_classes(ctx, rules, WINDOWS[i]);
	}
	record_cache(rules);
	record_budgets(ctx, rules);
	record_long(ctx, groups);
	add_alerts(ctx, groups);
	return tree;
}
