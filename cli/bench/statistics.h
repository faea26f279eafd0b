/* What may be said of a few runs: exact, without a distribution assumed.
 *
 * Two groups of runs are compared by ranks. U counts the pairs (a run of the base, a run of the new) in which the new value is the greater;
 * while both come from one distribution every order of the runs is equally likely, so the distribution of U is known exactly (H. B. Mann,
 * D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the other", Annals of Mathematical
 * Statistics 18, 1947). The change is the median of all pairs' ratios (J. L. Hodges, E. L. Lehmann, "Estimates of location based on rank
 * tests", Annals of Mathematical Statistics 34, 1963), and its interval is cut from the sorted ratios by the same distribution (M. Hollander,
 * D. A. Wolfe, E. Chicken, "Nonparametric Statistical Methods", 3rd ed., 2014, section 4.3), so that interval and test always agree.
 * Equal values count against a difference: what is promised of errors holds with them, too.
 *
 * The interval of one group's median is cut from its sorted values by the binomial distribution (the same book, section 3.6).
 * Of several tests at once Holm's procedure keeps the chance of a single false one (S. Holm, "A simple sequentially rejective multiple test
 * procedure", Scandinavian Journal of Statistics 6, 1979), whatever depends on what. */
#ifndef STOA_CLI_BENCH_STATISTICS_H
#define STOA_CLI_BENCH_STATISTICS_H

#include "base/arena.h"

#define RUNS_MOST 50 /* of one group */

/* The distribution of U for two sizes, each 1 to RUNS_MOST. */
struct ranks {
	int base, fresh;
	const double *at_most; /* P(U <= u), u = 0 … base * fresh */
};

/* Lives as long as the arena. */
struct ranks ranks_of(struct arena *arena, int base, int fresh);

struct interval { double low, high; };

struct change {
	double estimate;
	struct interval interval; /* low = -INFINITY and high = INFINITY when there are too few runs for the level */
	double p;                 /* of no change, two-sided */
};

enum change_kind { CHANGE_RATIO, CHANGE_DIFFERENCE }; /* new / base, values above 0; new - base */

/* level: of the interval, such as 0.95. */
struct change change_of(struct arena *arena, const struct ranks *ranks, enum change_kind kind, const double *base, const double *fresh, double level);

/* The smallest p that change_of() can give with these sizes. */
double change_least_p(int base, int fresh);
/* Runs of each group with which one of `comparisons` tests can be found at alpha by Holm's procedure; more than RUNS_MOST is possible. */
int runs_needed(int comparisons, double alpha);

/* p-values that may be held against alpha one by one. */
void holm_adjust(struct arena *arena, const double *p, int count, double *adjusted_out);

/* The middle value, or the mean of the two in the middle. count above 0. */
double median_of(struct arena *arena, const double *values, int count);
/* The narrowest pair of values, as far from each end, that holds the median with at least this level; the outermost two when none does.
 * level_out (may be NULL): what the pair really has. */
struct interval median_interval(struct arena *arena, const double *values, int count, double level, double *level_out);

#endif
