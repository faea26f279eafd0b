/* Metrics in a shared-memory file, so that one scrape sees every process of the machine (design, "Metrics").
 *
 * Series are registered at start-up or on first use by name and labels and live as long as the file; updates are relaxed
 * atomics. Prometheus text format 0.0.4: base units, counters end in _total, labels bounded by the route template. When the file
 * is full, or cannot be opened, updates go to a private dummy: metrics never fail a request. */
#ifndef STOA_METRIC_METRIC_H
#define STOA_METRIC_METRIC_H

#include "base/buffer.h"
#include "conf/conf.h"

#include <stdint.h>

extern const struct conf_row METRIC_CONF[]; /* [metrics] file, series (most) */

/* Opens or creates the file; a file of another layout is replaced. False: private memory is used (message_out, 256 bytes). */
bool metric_open(char message_out[256]);
void metric_close(void);

struct counter;
struct gauge;
struct histogram;

/* labels: `route="/health",status="2xx"` or "". help is kept from the first registration of the name. Never NULL. */
struct counter *metric_counter(const char *name, const char *labels, const char *help);
struct gauge *metric_gauge(const char *name, const char *labels, const char *help);
/* Seconds; log-linear buckets from 50 µs to 64 s, 4 a doubling; exposed as a Prometheus histogram. */
struct histogram *metric_histogram(const char *name, const char *labels, const char *help);

void counter_add(struct counter *counter, uint64_t by);
void gauge_set(struct gauge *gauge, int64_t value);
void gauge_add(struct gauge *gauge, int64_t by);
void histogram_observe(struct histogram *histogram, int64_t us);

/* Observations so far, and the quantile 0..1 in microseconds (upper bound of its bucket; 0 when empty). */
uint64_t histogram_count(const struct histogram *histogram);
int64_t histogram_quantile(const struct histogram *histogram, double quantile);

/* Bucket index counts what is above the bound of the one before it and at most its own; the last one, HISTOGRAM_BOUNDS, has none (INT64_MAX). */
#define HISTOGRAM_BOUNDS 82
int64_t histogram_bound(int index);
uint64_t histogram_bucket(const struct histogram *histogram, int index);

/* Observations of at most us, within a bucket in proportion. */
double histogram_under(const struct histogram *histogram, int64_t us);
/* Every histogram of this name in the file, whichever process registered it. */
void metric_each_histogram(const char *name, void (*each)(void *argument, const char *labels, const struct histogram *histogram),
	void *argument);

void metric_render(struct buffer *out);

#endif
