/* Metrics in a shared-memory file, so that one scrape sees every process of the machine (design, "Metrics").
 *
 * Series are registered at start-up or on first use by name and labels and live as long as the file; updates are relaxed
 * atomics, so sums over processes are exact. Prometheus text format 0.0.4: base units, counters end in _total, labels bounded by
 * tables of the code. When the file is full, or cannot be opened, updates go to a private dummy: metrics never fail a request.
 *
 * A scrape is bounded by metrics.series and by what has happened: histograms and summaries without observations are not rendered, as
 * Prometheus' client libraries do not render a vector's child before its first use (a histogram takes 85 lines, a house has hundreds of
 * routes). Counters are rendered from their registration on, so that rate() sees their first increase. */
#ifndef STOA_METRIC_METRIC_H
#define STOA_METRIC_METRIC_H

#include "base/buffer.h"
#include "conf/conf.h"

#include <stdint.h>

extern const struct conf_row METRIC_CONF[]; /* [metrics] file, series (most) */

/* Opens or creates the file; a file of another layout is replaced. False: private memory is used (message_out, 256 bytes). A
 * process that forks opens its own. */
bool metric_open(char message_out[256]);
void metric_close(void);

struct counter;
struct gauge;
struct level;
struct histogram;
struct summary;

/* labels: `route="/health",status="2xx"` or "". help is kept from the first registration of the name. Never NULL. */
struct counter *metric_counter(const char *name, const char *labels, const char *help);
/* One value of the machine: the last that was set, by whichever process. */
struct gauge *metric_gauge(const char *name, const char *labels, const char *help);
/* A gauge to which every process adds its own value: what is rendered is the sum over the processes that live (seen in /proc; of at
 * most 256 processes), so that one that was killed takes its share with it. */
struct level *metric_level(const char *name, const char *labels, const char *help);
/* Seconds; log-linear buckets from 50 µs to 64 s, 4 a doubling; exposed as a Prometheus histogram. */
struct histogram *metric_histogram(const char *name, const char *labels, const char *help);
/* Seconds; sum and count only: a Prometheus summary without quantiles. */
struct summary *metric_summary(const char *name, const char *labels, const char *help);

void counter_add(struct counter *counter, uint64_t by);
void gauge_set(struct gauge *gauge, int64_t value);
void gauge_add(struct gauge *gauge, int64_t by);
int64_t gauge_get(const struct gauge *gauge);
/* The largest value that was ever set. */
void gauge_raise(struct gauge *gauge, int64_t value);
void level_set(struct level *level, int64_t value);
void level_add(struct level *level, int64_t by);
void histogram_observe(struct histogram *histogram, int64_t us);
void summary_add(struct summary *summary, int64_t us);
/* `count` observations that took us together. */
void summary_add_many(struct summary *summary, uint64_t count, int64_t us);

/* A series that the code names, for places that hold no pointer to it: a static variable with name, labels and help filled in. It is
 * found on first use, and again after the file was opened anew. */
struct metric_fixed {
	const char *name, *labels, *help;
	_Atomic unsigned opening;
	_Atomic(void *) value;
};
struct counter *fixed_counter(struct metric_fixed *fixed);
struct histogram *fixed_histogram(struct metric_fixed *fixed);

/* Observations so far. */
uint64_t histogram_count(const struct histogram *histogram);

/* Its buckets: index 0 to HISTOGRAM_BUCKETS - 1; the upper bound in microseconds (INT64_MAX: infinity), and the observations of that bucket
 * alone. */
#define HISTOGRAM_BUCKETS 83
int64_t histogram_bound(int index);
uint64_t histogram_bucket(const struct histogram *histogram, int index);

/* Observations of at most us, within a bucket in proportion. */
double histogram_under(const struct histogram *histogram, int64_t us);

/* --- reading --- */

enum metric_kind { METRIC_COUNTER = 1, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_SUMMARY, METRIC_LEVEL };

struct metric_value {
	const char *name, *labels;         /* as registered; in the file's memory */
	enum metric_kind kind;             /* a level is told as METRIC_GAUGE */
	uint64_t count;                    /* counter; observations of a histogram or summary */
	double sum_s;                      /* of a histogram or summary: seconds */
	double value;                      /* gauge; a counter's count, too */
	const struct histogram *histogram; /* METRIC_HISTOGRAM */
};

/* Every series whose name begins with prefix ("" = all), whichever process registered it, in order of registration; also those without
 * observations. Read while others write: a count and its sum may be one observation apart. */
void metric_each(const char *prefix, void (*each)(void *argument, const struct metric_value *value), void *argument);
/* One series; false: there is none. */
bool metric_find(const char *name, const char *labels, struct metric_value *value_out);
/* The value of a label, cut to room, with its escapes undone. False, and "" in out: there is none of that name. */
bool metric_label(const char *labels, const char *name, char *out, size_t room);

void metric_render(struct buffer *out);

#endif
