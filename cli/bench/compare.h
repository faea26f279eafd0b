/* Is one build slower than another? Records of both, compared route by route.
 *
 * Each route's p50, p95 and p99 (by their ratio) and share of errors (by their difference, where any run had one) is a comparison. It is
 * called a regression when it is beyond noise and matters: its p-value, adjusted for the number of comparisons, is at most 1 - level, and
 * the change is larger than the least effect. So while nothing changed, the chance that any of them is called one is at most 1 - level
 * (statistics.h; tests/bench/statistics_test.c shows it). The interval is that of one comparison, without the adjustment. */
#ifndef STOA_CLI_BENCH_COMPARE_H
#define STOA_CLI_BENCH_COMPARE_H

#include "cli/bench/record.h"
#include "cli/bench/statistics.h"

#include <stdio.h>

/* A change of latency below 5 % is not worth a look; errors: the documents' limit for all requests (001 and 003, error rate < 0.1 %). */
#define COMPARE_LEVEL 0.95
#define COMPARE_LEAST 0.05
#define COMPARE_LEAST_ERRORS 0.001

struct compare_rule {
	double level;
	double least;        /* 0.05: a ratio above 1.05 */
	double least_errors; /* of the share of errors, absolute */
};

enum verdict {
	VERDICT_SAME,        /* within noise, or too small to matter */
	VERDICT_REGRESSION,
	VERDICT_IMPROVEMENT,
	VERDICT_FEW          /* too few answers a run for this quantile (RECORD_BEYOND); not compared */
};

struct comparison {
	const char *method, *route;
	const char *what;            /* "p95" or "errors" */
	bool errors;                 /* base, fresh and change are shares, else ms and a ratio */
	double base, fresh;          /* medians of the runs */
	struct change change;
	double p;                    /* adjusted */
	enum verdict verdict;
};

struct compared {
	struct comparison *rows;     /* by route, then p50, p95, p99, errors */
	int count, made;             /* made: without those of VERDICT_FEW */
	int regressions, improvements;
	int runs_needed;             /* of each side, when there are too few to call anything; else 0 */
	const char **only;           /* "GET /a is not in v2", a line each */
	int only_count;
};

/* ERR_CONFLICT: the two cannot be compared, since scenario, scales or machine differ; says which. Memory of ctx. */
enum err compare_records(struct ctx *ctx, const struct record *base, const struct record *fresh, const struct compare_rule *rule,
	struct compared *compared_out);
/* The terminal's table and its verdict. */
void compare_print(struct ctx *ctx, const struct record *base, const struct record *fresh, const struct compare_rule *rule,
	const struct compared *compared, FILE *out);
/* 0; 1: there is a regression; 2: there are too few runs to tell. */
int compare_status(const struct compared *compared);

#endif
