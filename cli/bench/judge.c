#include "cli/bench/engine.h"
#include "cli/bench/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LATE_US 10000 /* of the generator: more than that is said */

struct judging {
	struct ctx *ctx;
	struct result *result;
	struct result_route *route;
};

static const char **add(struct ctx *ctx, const char **list, int count, const char *text)
{
	const char **more = arena_array(&ctx->arena, (size_t)count + 1, sizeof *more);
	if (count)
		memcpy(more, list, (size_t)count * sizeof *more);
	more[count] = text;
	return more;
}

static void missed(struct judging *judging, const char *why)
{
	struct result_route *route = judging->route;
	struct result *result = judging->result;
	const char *whole = *route->route ? arena_printf(&judging->ctx->arena, "%s %s %s", route->method, route->route, why) : why;
	route->why = add(judging->ctx, route->why, route->why_count++, why);
	route->met = false;
	result->broken = add(judging->ctx, result->broken, result->broken_count++, whole);
	result->met = false;
}

static void judge_quantile(struct judging *judging, const char *name, double quantile, int64_t most_us, const char *whose)
{
	const struct timings *timings = judging->route->timings;
	if (!most_us || (double)timings->count * (1 - quantile) < 0.999)
		return;
	int64_t us = timings_quantile(timings, quantile);
	if (us > most_us)
		missed(judging, arena_printf(&judging->ctx->arena, "%s %.1f ms over %.6g ms%s%s%s", name, (double)us / 1000, (double)most_us / 1000,
			*whose ? " (" : "", whose, *whose ? ")" : ""));
}

static uint64_t under(const struct timings *timings, int64_t us)
{
	uint64_t count = 0;
	for (int i = 0; i < TIMINGS_BUCKETS && timings_bucket_us(i) <= us; i++)
		count += timings->buckets[i];
	return count;
}

static void judge_class(struct judging *judging)
{
	const struct result_route *route = judging->route;
	const struct target *target = report_target(route->class);
	if (!target || !route->requests)
		return;
	judge_quantile(judging, "p50", 0.5, (int64_t)target->p50_ms * 1000, target->text);
	judge_quantile(judging, "p95", 0.95, (int64_t)target->p95_ms * 1000, target->text);
	judge_quantile(judging, "p99", 0.99, (int64_t)target->p99_ms * 1000, target->text);
	if (target->ttfb_ms && route->first_p95_us > (int64_t)target->ttfb_ms * 1000 && (double)(route->requests - result_errors(route)) * 0.05 >= 0.999)
		missed(judging, arena_printf(&judging->ctx->arena, "p95 of the first byte %.1f ms over %d ms (%s)", (double)route->first_p95_us / 1000,
			target->ttfb_ms, target->text));
	if ((double)route->requests * (1 - target->objective) < 0.999)
		return;
	double share = (double)under(route->timings, (int64_t)target->goal_ms * 1000) / (double)route->requests;
	if (share < target->objective)
		missed(judging, arena_printf(&judging->ctx->arena, "%.3f %% done within %d ms, not %g %% (%s)", 100 * share, target->goal_ms,
			100 * target->objective, target->text));
}

static void judge_share(struct judging *judging, const char *name, uint64_t count, double most)
{
	const struct result_route *route = judging->route;
	double share = route->requests ? (double)count / (double)route->requests : 0;
	if (most >= 0 && share > most)
		missed(judging, arena_printf(&judging->ctx->arena, "%.3f %% %s over %g %%", 100 * share, name, 100 * most));
}

static void judge_refusals(struct judging *judging, int64_t most_us)
{
	const struct result *result = judging->result;
	if (!most_us)
		return;
	if (result->refusals.bare)
		missed(judging, arena_printf(&judging->ctx->arena, "%" PRIu64 " refusals without Retry-After", result->refusals.bare));
	if ((double)result->refusals.count * 0.01 >= 0.999 && result->refusals.p99_us > most_us)
		missed(judging, arena_printf(&judging->ctx->arena, "p99 of refusals %.1f ms over %.6g ms", (double)result->refusals.p99_us / 1000,
			(double)most_us / 1000));
}

void result_judge(struct ctx *ctx, const struct thresholds *thresholds, struct result *result)
{
	struct judging judging = {ctx, result, &result->total};
	uint64_t errors = result_errors(&result->total), refusals = 0;
	result->met = result->total.met = true;
	for (int i = 0; i < result->total.error_count; i++)
		if (result_refusal((int)strtol(result->total.errors[i].what, NULL, 10)))
			refusals += result->total.errors[i].count;
	if (!result->total.requests)
		missed(&judging, "nothing was asked");
	else if (errors == result->total.requests)
		missed(&judging, "nothing was answered as it should be");
	judge_share(&judging, "errors", errors, thresholds->errors);
	judge_share(&judging, "faults", errors - refusals, thresholds->faults);
	judge_quantile(&judging, "p50", 0.5, thresholds->p50_us, "");
	judge_quantile(&judging, "p95", 0.95, thresholds->p95_us, "");
	judge_quantile(&judging, "p99", 0.99, thresholds->p99_us, "");
	judge_quantile(&judging, "p99.9", 0.999, thresholds->p999_us, "");
	if (thresholds->max_us && result->total.timings->max_us > thresholds->max_us)
		missed(&judging, arena_printf(&ctx->arena, "max %.1f ms over %.6g ms", (double)result->total.timings->max_us / 1000,
			(double)thresholds->max_us / 1000));
	judge_refusals(&judging, thresholds->refused_us);
	for (int i = 0; thresholds->classes && i < result->route_count; i++) {
		judging.route = &result->routes[i];
		judge_class(&judging);
	}
}

/* The terminal's report. */

static void print_route(const struct result_route *route, FILE *out)
{
	const struct timings *timings = route->timings;
	const struct target *target = report_target(route->class);
	char name[160], goal[16] = "";
	snprintf(name, sizeof name, "%s%s%s", *route->route ? route->method : "all", *route->route ? " " : "", route->route);
	if (target && target->p95_ms)
		snprintf(goal, sizeof goal, "%d", target->p95_ms);
	fprintf(out, "%-48s %9" PRIu64 " %7" PRIu64 " %8.1f %8.1f %8.1f %8.1f %8.1f  %6s %-17s %s\n", name, route->requests, result_errors(route),
		(double)timings_quantile(timings, 0.5) / 1000, (double)timings_quantile(timings, 0.95) / 1000,
		(double)timings_quantile(timings, 0.99) / 1000, (double)timings_quantile(timings, 0.999) / 1000, (double)timings->max_us / 1000, goal,
		route->class, route->met ? "met" : "MISSED");
}

static void print_errors(const struct result_route *route, FILE *out)
{
	if (!route->error_count)
		return;
	fprintf(out, "errors:");
	for (int i = 0; i < route->error_count; i++)
		fprintf(out, "%s %s %" PRIu64, i ? "," : "", route->errors[i].what, route->errors[i].count);
	fprintf(out, "\n");
}

void result_print(const struct result *result, FILE *out)
{
	fprintf(out, "%s%s%s%s against %s: %.1f s, %" PRIu64 " requests, %.1f/s%s\n", result->scenario, *result->document ? " (" : "", result->document,
		*result->document ? ")" : "", result->target, result->seconds, result->total.requests,
		result_rate(result), result->interrupted ? ", interrupted" : "");
	if (result->time_scale != 1 || result->rate_scale != 1)
		fprintf(out, "scaled: time x %g, rates and users x %g\n", result->time_scale, result->rate_scale);
	for (int i = 0; i < result->phase_count; i++) {
		const struct result_phase *phase = &result->phases[i];
		fprintf(out, "%s %-12s %8.1f s to %8.1f s  %g", result_phase_kind(phase->kind), phase->name, phase->from_s, phase->to_s, phase->from);
		if (phase->from != phase->to)
			fprintf(out, " to %g", phase->to);
		fprintf(out, "%s\n", phase->users ? " users" : "/s");
	}
	fprintf(out, "\n%-48s %9s %7s %8s %8s %8s %8s %8s  %6s %s\n", "route", "requests", "errors", "p50 ms", "p95", "p99", "p99.9", "max", "p95 <=",
		"class");
	for (int i = 0; i < result->route_count; i++)
		print_route(&result->routes[i], out);
	print_route(&result->total, out);
	print_errors(&result->total, out);
	if (result->refusals.count)
		fprintf(out, "refused (429, 503): %" PRIu64 ", %" PRIu64 " without Retry-After; p50 %.1f ms, p95 %.1f, p99 %.1f, max %.1f\n", result->refusals.count,
			result->refusals.bare, (double)result->refusals.p50_us / 1000, (double)result->refusals.p95_us / 1000,
			(double)result->refusals.p99_us / 1000, (double)result->refusals.max_us / 1000);
	fprintf(out, "\n");
	for (int i = 0; i < result->journey_count; i++)
		fprintf(out, "journey %-24s weight %-6g begun %8" PRIu64 "  finished %8" PRIu64 "  failed %6" PRIu64 "\n", result->journeys[i].name,
			result->journeys[i].weight, result->journeys[i].started, result->journeys[i].finished, result->journeys[i].failed);
	for (int i = 0; i < result->missing_count; i++)
		fprintf(out, "not there: %s\n", result->missing[i]);
	fprintf(out, "cost: %.2f s of processor time (%.0f %% of one core), %.0f requests a second of it; %d cores, load %.2f at the start, Linux %s\n",
		result->cost.cpu_s, result->seconds > 0 ? 100 * result->cost.cpu_s / result->seconds : 0, result->cost.requests_per_cpu_s, result->machine.cores, result->machine.load, result->machine.kernel);
	fprintf(out, "late by itself, for want of a processor: p99 %.1f ms, max %.1f ms%s\n", (double)result->late.p99_us / 1000,
		(double)result->late.max_us / 1000, result->late.p99_us > LATE_US ? "; the latencies above have it in them" : "");
	for (int i = 0; i < result->broken_count; i++)
		fprintf(out, "broken: %s\n", result->broken[i]);
	fprintf(out, "%s\n", result->met ? "all met" : "NOT all met");
}
