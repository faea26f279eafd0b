/* A short history of what was counted, kept in PostgreSQL: minute by minute for a day, hour by hour and day by day for 30 days.
 *
 * Every worker calls history_sample() once a minute (worker_set.each_minute); of those of a machine the first one reads its metrics file and
 * writes what came since the sample before, one row a series that changed. A metrics file that was made anew (another boot, another inode) and a
 * counter that fell are counted from nought; what a machine counted before its very first sample is not. A sample stands at the minute in which it
 * was taken, and holds what came before. When samples are missed, the next one holds what came meanwhile.
 *
 * Minutes are kept for a day; hours are made of them, and days (of UTC) of hours, so that a month of a series is read by some 100 rows
 * (sql/schema/0029_history.sql, observe_pieces()).
 *
 * Kinds of rows, with their keys and figures (`buckets` of times as in metric.h):
 *   route     "GET /api/v1/…": count of all that were answered, refused (4xx), failed (5xx), slow (over the class's goal), times (not of those
 *             that were turned away at the door); class
 *   class     the same by class
 *   pool      program: count and times of waits for a connection; level connections in use, most of so many
 *   cache     space: count look-ups, failed misses
 *   query     type of statement: count, times       slow-query  severity: count
 *   queue     name: level due jobs, most seconds that the oldest waited (each machine sees all of it)
 *   job       kind: count ended, failed dead
 *   shed      class: count turned away              brownout    part: level 1 while it is off
 *
 * Size: a row takes about 400 bytes with its keys in the indexes (tests/observe/history_dbtest.c prints it). A machine on which 40 routes are
 * asked every minute writes some 80 rows a minute: 46 MB for the minutes of a day, and 23 MB for the hours of 30 days; a quiet one with 15 rows a
 * minute 9 MB and 4 MB. With every one of 300 routes asked every minute it is 200 MB and 100 MB, the most there can be. */
#ifndef STOA_OBSERVE_HISTORY_H
#define STOA_OBSERVE_HISTORY_H

#include "observe/burn.h"
#include "pg/pg.h"
#include "web/target.h"

/* For worker_set.each_minute: samples this machine unless that was done in this minute, makes hours and days that have passed, and prunes.
 * A failure is logged; what was counted is in the next sample then. Needs metrics that are open in a file. */
void history_sample(struct ctx *ctx, struct pool *pool);

struct history_row {
	int64_t at_s;                   /* when the point begins, seconds since 1970; 0 of one point */
	const char *kind, *key, *class; /* class: NULL where there is none */
	int64_t count, refused, failed;
	double slow;
	int64_t timed, sum_us;          /* how many of them are timed; their times */
	int64_t level, most;
	int64_t p50_us, p95_us, p99_us; /* slo_quantile() */
};

/* The last `seconds`, over all machines, in points of step_s (0: one point), by time, kind and key. key NULL: all keys of the kind, or of all kinds
 * when that is NULL too. Points without a row have seen nothing. Of more than a day the points must be of whole hours. Memory of ctx. */
enum err history_rows(struct ctx *ctx, struct pool *pool, const char *kind, const char *key, int64_t seconds, int64_t step_s,
	struct history_row **rows_out, int *count_out);

/* What pages and the API look back over, and the points that they draw it in. */
#define HISTORY_RANGES "1h|24h|7d|30d"
#define HISTORY_RANGE_USUAL "24h"
struct history_range {
	const char *name;
	int64_t seconds, step_s;
};
extern const struct history_range HISTORY_RANGE[]; /* ends with a NULL name */
/* NULL: the usual one. */
const struct history_range *history_range(const char *name);

enum history_window { WINDOW_5M, WINDOW_30M, WINDOW_1H, WINDOW_6H, WINDOW_3D, WINDOW_30D, WINDOW_COUNT };
const char *history_window_text(enum history_window window); /* "5m" */

struct history_burn {
	const char *kind, *key;
	const struct target *target;
	struct { int64_t all; double bad, rate; } windows[WINDOW_COUNT];
	double availability;      /* the share of good requests of 30 days; 1 of none */
	double left;              /* of the budget of 30 days */
	double lasts_s;           /* at the rate of the last hour; burn_lasts_s() */
	bool fires[BURN_ALERTS];
};

/* Every class ("class") or route ("route"), or both (NULL), that was asked in the last 30 days, by its kind and key. Memory of ctx. */
enum err history_burns(struct ctx *ctx, struct pool *pool, const char *kind, struct history_burn **burns_out, int *count_out);

struct history_node {
	const char *name, *sampled_at;
	int64_t age_s;
};
enum err history_nodes(struct ctx *ctx, struct pool *pool, struct history_node **nodes_out, int *count_out);
/* How old the newest sample of any machine is; -1: there is none. */
enum err history_age(struct ctx *ctx, struct pool *pool, int64_t *age_s_out);
/* From this age on nobody writes the history, and what it says of the last hours is not so. */
#define HISTORY_STALE_S 300

#endif
