#include "config.h"

#include "cli/bench/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include <math.h>
#include <string.h>

/* So that 1 - 0.9 is not below 0.1. */
#define ROUNDING 1e-12

struct ranks ranks_of(struct arena *arena, int base, int fresh)
{
	int most = base * fresh;
	size_t row = (size_t)most + 1;
	/* Orders of `m` base and `n` new runs with u pairs: the last of all is a base run, or a new one, which is above all m. */
	double *orders = arena_array(arena, (size_t)(fresh + 1) * row, sizeof *orders);
	for (int n = 0; n <= fresh; n++)
		orders[(size_t)n * row] = 1;
	for (int m = 1; m <= base; m++)
		for (int n = 1; n <= fresh; n++)
			for (int u = m; u <= m * n; u++)
				orders[(size_t)n * row + (size_t)u] += orders[(size_t)(n - 1) * row + (size_t)(u - m)];
	double *at_most = arena_array(arena, row, sizeof *at_most), sum = 0, all = 0;
	for (int u = 0; u <= most; u++)
		all += orders[(size_t)fresh * row + (size_t)u];
	for (int u = 0; u <= most; u++)
		at_most[u] = (sum += orders[(size_t)fresh * row + (size_t)u]) / all;
	return (struct ranks){.base = base, .fresh = fresh, .at_most = at_most};
}

static double *sorted(struct arena *arena, const double *values, int count)
{
	double *copy = arena_array(arena, (size_t)count, sizeof *copy);
	memcpy(copy, values, (size_t)count * sizeof *copy);
	gsl_sort(copy, 1, (size_t)count);
	return copy;
}

struct change change_of(struct arena *arena, const struct ranks *ranks, enum change_kind kind, const double *base, const double *fresh, double level)
{
	int pairs = ranks->base * ranks->fresh, above = 0, below = 0, cut = 0, count = 0;
	double *all = arena_array(arena, (size_t)pairs, sizeof *all);
	for (int i = 0; i < ranks->base; i++)
		for (int j = 0; j < ranks->fresh; j++) {
			all[count++] = kind == CHANGE_RATIO ? fresh[j] / base[i] : fresh[j] - base[i];
			above += fresh[j] > base[i];
			below += fresh[j] < base[i];
		}
	gsl_sort(all, 1, (size_t)pairs);
	int most = above > below ? above : below;
	struct change change = {
		.estimate = gsl_stats_median_from_sorted_data(all, 1, (size_t)pairs),
		.interval = {-INFINITY, INFINITY},
		.p = fmin(1, 2 * ranks->at_most[pairs - most]), /* U is symmetric */
	};
	while (cut <= pairs && ranks->at_most[cut] <= (1 - level) / 2 + ROUNDING)
		cut++;
	if (cut)
		change.interval = (struct interval){all[cut - 1], all[pairs - cut]};
	return change;
}

double change_least_p(int base, int fresh)
{
	return fmin(1, 2 / gsl_sf_choose((unsigned)(base + fresh), (unsigned)fresh));
}

int runs_needed(int comparisons, double alpha)
{
	int runs = 1;
	while (change_least_p(runs, runs) * comparisons > alpha)
		runs++;
	return runs;
}

void holm_adjust(struct arena *arena, const double *p, int count, double *adjusted_out)
{
	size_t *order = arena_array(arena, (size_t)count + 1, sizeof *order);
	gsl_sort_index(order, p, 1, (size_t)count);
	double reached = 0;
	for (int i = 0; i < count; i++) {
		reached = fmax(reached, fmin(1, p[order[i]] * (count - i)));
		adjusted_out[order[i]] = reached;
	}
}

double median_of(struct arena *arena, const double *values, int count)
{
	return gsl_stats_median_from_sorted_data(sorted(arena, values, count), 1, (size_t)count);
}

struct interval median_interval(struct arena *arena, const double *values, int count, double level, double *level_out)
{
	double *ordered = sorted(arena, values, count);
	int cut = 0;
	/* The median lies outside when at most `cut` runs are on one side of it. */
	while (2 * (cut + 1) < count && 2 * gsl_cdf_binomial_P((unsigned)cut + 1, 0.5, (unsigned)count) <= 1 - level + ROUNDING)
		cut++;
	if (level_out)
		*level_out = fmax(0, 1 - 2 * gsl_cdf_binomial_P((unsigned)cut, 0.5, (unsigned)count));
	return (struct interval){ordered[cut], ordered[count - 1 - cut]};
}
