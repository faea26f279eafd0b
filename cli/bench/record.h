/* A record: what several runs of one scenario against one build came to, kept as a line of a history file.
 *
 * A history is a file of JSON lines, only ever added to. Per route a line keeps, run by run, the requests, the
 * errors, what was answered, and the quantiles below. Everything a record points to belongs to the ctx that made it. */
#ifndef STOA_CLI_BENCH_RECORD_H
#define STOA_CLI_BENCH_RECORD_H

#include "base/buffer.h"
#include "base/context.h"
#include "cli/bench/result.h"

/* A quantile is taken where at least so many of a run's answers lie beyond it: with fewer it is hardly more than the worst of them. */
#define RECORD_BEYOND 5

/* quantile, name in texts, name in JSON */
#define RECORD_QUANTILE_LIST(X) \
	X(0.5, "p50", "p50Ms") \
	X(0.95, "p95", "p95Ms") \
	X(0.99, "p99", "p99Ms")

enum { RECORD_QUANTILES = 3 };
extern const char *const RECORD_QUANTILE_NAMES[RECORD_QUANTILES];

struct record_route {
	const char *method, *route, *class;
	double *requests, *errors, *answered; /* by run */
	double *ms[RECORD_QUANTILES];         /* by run */
};

struct record {
	const char *label, *scenario, *version, *target, *kernel;
	int64_t at_us;                        /* wall clock, of the first run */
	int cores;
	double load;                          /* at the start of the first run */
	double time_scale, rate_scale;
	int runs;                             /* 1 to RUNS_MOST */
	struct record_route *routes;          /* by route, then method */
	int route_count;
};

/* Of runs of one scenario, 1 to RUNS_MOST of them. A route that a run has not asked has nought there. */
struct record record_of(struct ctx *ctx, const char *label, const struct result *const *runs, int count);
/* The runs of both, of one scenario; those that are too many are left out. */
struct record record_join(struct ctx *ctx, const struct record *first, const struct record *second);
/* True when every run of the route has RECORD_BEYOND answers beyond the quantile, and a time that something can be compared with. */
bool record_enough(const struct record *record, const struct record_route *route, int quantile);
/* The scales too belong to what was asked: "003-normal", "003-normal, time x 0.1, rate x 2". ctx memory. */
const char *record_scenario(struct ctx *ctx, const struct record *record);

/* Appends the line, with its line feed. */
void record_line(const struct record *record, struct buffer *out);

struct history {
	struct record *records; /* as they stand in the file */
	int count;
};

/* Reads lines. ERR_BAD_INPUT: one is not a record, with its number and why ("line 3: …"); also a last line that is cut short. */
enum err history_read(struct ctx *ctx, const char *text, size_t bytes, struct history *history_out);
/* Reads the file. As above; ERR_NOT_FOUND: there is none. */
enum err history_load(struct ctx *ctx, const char *path, struct history *history_out);
/* Whether it can be read and added to, asked before hours are spent on a record; it is made when missing. Errors as of load and add. */
enum err history_ready(struct ctx *ctx, const char *path);
/* Adds a line in one write, to a file made when missing; nothing that is there changes. ERR_INTERNAL: it could not, with the reason; nothing of the
 * line is left. */
enum err history_add(struct ctx *ctx, const char *path, const struct record *record);
/* All runs of a label for the scenario (record_scenario()), joined; runs is 0 when there are none. ERR_CONFLICT: they are of different machines. */
enum err history_find(struct ctx *ctx, const struct history *history, const char *label, const char *scenario, struct record *record_out);

#endif
