#include "config.h"

#include "cli/bench/compare.h"

#include <math.h>
#include <string.h>

/* So that 1 - 0.95 is not below 0.05. */
#define ROUNDING 1e-12

struct maker {
	struct ctx *ctx;
	const struct record *base, *fresh;
	const struct compare_rule *rule;
	struct ranks ranks;
	struct compared *out;
};

static const struct record_route *route_of(const struct record *record, const struct record_route *wanted)
{
	for (int i = 0; i < record->route_count; i++)
		if (!strcmp(record->routes[i].route, wanted->route) && !strcmp(record->routes[i].method, wanted->method))
			return &record->routes[i];
	return NULL;
}

static void only_in(struct maker *maker, const struct record *here, const struct record *there)
{
	for (int i = 0; i < here->route_count; i++)
		if (!route_of(there, &here->routes[i]))
			maker->out->only[maker->out->only_count++] = arena_printf(&maker->ctx->arena, "%s %s is not in %s", here->routes[i].method,
				here->routes[i].route, there->label);
}

static struct comparison *row_add(struct maker *maker, const struct record_route *route, const char *what)
{
	struct comparison *row = &maker->out->rows[maker->out->count++];
	*row = (struct comparison){.method = route->method, .route = route->route, .what = what, .p = 1};
	return row;
}

static void compare_values(struct maker *maker, struct comparison *row, enum change_kind kind, const double *base, const double *fresh)
{
	struct arena *arena = &maker->ctx->arena;
	row->errors = kind == CHANGE_DIFFERENCE;
	row->base = median_of(arena, base, maker->base->runs);
	row->fresh = median_of(arena, fresh, maker->fresh->runs);
	row->change = change_of(arena, &maker->ranks, kind, base, fresh, maker->rule->level);
	maker->out->made++;
}

static double *shares(struct arena *arena, const struct record_route *route, int runs, double *sum_out)
{
	double *share = arena_array(arena, (size_t)runs, sizeof *share);
	for (int i = 0; i < runs; i++)
		*sum_out += share[i] = route->requests[i] > 0 ? route->errors[i] / route->requests[i] : 0;
	return share;
}

static void compare_route(struct maker *maker, const struct record_route *base, const struct record_route *fresh)
{
	for (int q = 0; q < RECORD_QUANTILES; q++) {
		struct comparison *row = row_add(maker, base, RECORD_QUANTILE_NAMES[q]);
		if (record_enough(maker->base, base, q) && record_enough(maker->fresh, fresh, q))
			compare_values(maker, row, CHANGE_RATIO, base->ms[q], fresh->ms[q]);
		else
			row->verdict = VERDICT_FEW;
	}
	double errors = 0;
	double *before = shares(&maker->ctx->arena, base, maker->base->runs, &errors);
	double *after = shares(&maker->ctx->arena, fresh, maker->fresh->runs, &errors);
	if (errors > 0)
		compare_values(maker, row_add(maker, base, "errors"), CHANGE_DIFFERENCE, before, after);
}

static void judge(struct maker *maker)
{
	struct compared *out = maker->out;
	const struct compare_rule *rule = maker->rule;
	double *p = arena_array(&maker->ctx->arena, (size_t)out->count + 1, sizeof *p), *adjusted = arena_array(&maker->ctx->arena,
		(size_t)out->count + 1, sizeof *adjusted);
	int count = 0;
	for (int i = 0; i < out->count; i++)
		if (out->rows[i].verdict != VERDICT_FEW)
			p[count++] = out->rows[i].change.p;
	holm_adjust(&maker->ctx->arena, p, count, adjusted);
	count = 0;
	for (int i = 0; i < out->count; i++) {
		struct comparison *row = &out->rows[i];
		if (row->verdict == VERDICT_FEW)
			continue;
		row->p = adjusted[count++];
		if (row->p > 1 - rule->level + ROUNDING)
			continue;
		double estimate = row->change.estimate;
		bool worse = row->errors ? estimate > rule->least_errors : estimate > 1 + rule->least;
		bool better = row->errors ? estimate < -rule->least_errors : estimate < 1 / (1 + rule->least);
		row->verdict = worse ? VERDICT_REGRESSION : better ? VERDICT_IMPROVEMENT : VERDICT_SAME;
		out->regressions += worse;
		out->improvements += better;
	}
}

enum err compare_records(struct ctx *ctx, const struct record *base, const struct record *fresh, const struct compare_rule *rule,
	struct compared *compared_out)
{
	*compared_out = (struct compared){0};
	if (strcmp(record_scenario(ctx, base), record_scenario(ctx, fresh)))
		return fail(ctx, ERR_CONFLICT, "%.60s is of %.60s and %.60s of %.60s: they cannot be compared", base->label, record_scenario(ctx, base),
			fresh->label, record_scenario(ctx, fresh));
	if (base->cores != fresh->cores)
		return fail(ctx, ERR_CONFLICT, "%.80s was taken on %d cores and %.80s on %d: they cannot be compared", base->label, base->cores,
			fresh->label, fresh->cores);
	struct maker maker = {ctx, base, fresh, rule, ranks_of(&ctx->arena, base->runs, fresh->runs), compared_out};
	compared_out->rows = arena_array(&ctx->arena, (size_t)base->route_count * (RECORD_QUANTILES + 1) + 1, sizeof *compared_out->rows);
	compared_out->only = arena_array(&ctx->arena, (size_t)(base->route_count + fresh->route_count) + 1, sizeof *compared_out->only);
	for (int i = 0; i < base->route_count; i++) {
		const struct record_route *there = route_of(fresh, &base->routes[i]);
		if (there)
			compare_route(&maker, &base->routes[i], there);
	}
	only_in(&maker, base, fresh);
	only_in(&maker, fresh, base);
	judge(&maker);
	/* The smallest p of all is held against the whole number of comparisons. */
	if (change_least_p(base->runs, fresh->runs) * compared_out->made > 1 - rule->level + ROUNDING)
		compared_out->runs_needed = runs_needed(compared_out->made, 1 - rule->level);
	return OK;
}

int compare_status(const struct compared *compared)
{
	return compared->regressions ? 1 : compared->runs_needed || !compared->made ? 2 : 0;
}

/* How often a run asked. */
static double asked(struct ctx *ctx, const struct record *record)
{
	double *sums = arena_array(&ctx->arena, (size_t)record->runs, sizeof *sums);
	for (int i = 0; i < record->route_count; i++)
		for (int run = 0; run < record->runs; run++)
			sums[run] += record->routes[i].requests[run];
	return median_of(&ctx->arena, sums, record->runs);
}

static void notes_print(struct ctx *ctx, const struct record *base, const struct record *fresh, FILE *out)
{
	double before = asked(ctx, base), after = asked(ctx, fresh);
	if (strcmp(base->kernel, fresh->kernel))
		fprintf(out, "note: %s was taken under %s, %s under %s\n", base->label, base->kernel, fresh->label, fresh->kernel);
	/* The scenario may have been changed in between. */
	if (fmax(before, after) > 1.05 * fmin(before, after))
		fprintf(out, "note: a run asked %s %.0f times and %s %.0f times: what differs may come from that\n", base->label, before, fresh->label, after);
}

static const char *interval_text(struct ctx *ctx, const struct comparison *row)
{
	struct interval interval = row->change.interval;
	if (isinf(interval.high))
		return "(no interval)";
	return row->errors ? arena_printf(&ctx->arena, "(%+.3f … %+.3f)", 100 * interval.low, 100 * interval.high) :
		arena_printf(&ctx->arena, "(%.3f … %.3f)", interval.low, interval.high);
}

static void row_print(struct ctx *ctx, const struct comparison *row, FILE *out)
{
	static const char *const SAYS[] = {"", "REGRESSION", "better", "too few answers"};
	const char *route = arena_printf(&ctx->arena, "%s %s", row->method, row->route);
	if (row->verdict == VERDICT_FEW)
		fprintf(out, "%-52s %-6s %10s %10s %8s %-19s %8s  %s\n", route, row->what, "", "", "", "", "", SAYS[row->verdict]);
	else if (row->errors)
		fprintf(out, "%-52s %-6s %9.3f%% %9.3f%% %+7.3f%% %-19s %8.4f  %s\n", route, row->what, 100 * row->base, 100 * row->fresh,
			100 * row->change.estimate, interval_text(ctx, row), row->p, SAYS[row->verdict]);
	else
		fprintf(out, "%-52s %-6s %10.2f %10.2f %8.3f %-19s %8.4f  %s\n", route, row->what, row->base, row->fresh, row->change.estimate,
			interval_text(ctx, row), row->p, SAYS[row->verdict]);
}

/* Nothing of the row's route was compared. */
static bool seldom(const struct compared *compared, const struct comparison *row)
{
	for (int i = 0; i < compared->count; i++)
		if (compared->rows[i].route == row->route && compared->rows[i].method == row->method && compared->rows[i].verdict != VERDICT_FEW)
			return false;
	return true;
}

void compare_print(struct ctx *ctx, const struct record *base, const struct record *fresh, const struct compare_rule *rule,
	const struct compared *compared, FILE *out)
{
	fprintf(out, "%s: %s (%d run%s) against %s (%d run%s), %d comparisons\n", record_scenario(ctx, base), fresh->label, fresh->runs,
		fresh->runs == 1 ? "" : "s", base->label, base->runs, base->runs == 1 ? "" : "s", compared->made);
	notes_print(ctx, base, fresh, out);
	fprintf(out, "%-52s %-6s %10s %10s %8s %-17s %8s\n", "route", "", "base ms", "new ms", "ratio", arena_printf(&ctx->arena, "(%g %% interval)",
		100 * rule->level), "p");
	for (int i = 0; i < compared->count; i++)
		if (!seldom(compared, &compared->rows[i]))
			row_print(ctx, &compared->rows[i], out);
	for (int i = 0; i < compared->count; i++)
		if (seldom(compared, &compared->rows[i]) && compared->rows[i].what == RECORD_QUANTILE_NAMES[0])
			fprintf(out, "%s %s was asked too seldom in a run to be compared\n", compared->rows[i].method, compared->rows[i].route);
	for (int i = 0; i < compared->only_count; i++)
		fprintf(out, "%s\n", compared->only[i]);
	if (compared->runs_needed)
		fprintf(out, "too few runs: with %d comparisons nothing can be told from noise below %d runs of each\n", compared->made,
			compared->runs_needed);
	else if (!compared->made)
		fprintf(out, "nothing to compare: no route has enough answers in every run\n");
	else
		fprintf(out, "%d regression%s, %d better; a regression is a change above %g %% (errors: %g %% of all) that noise explains at most %g %% of "
			"the time, all comparisons together\n", compared->regressions, compared->regressions == 1 ? "" : "s", compared->improvements,
			100 * rule->least, 100 * rule->least_errors, 100 * (1 - rule->level));
}
