#include "metric/metric.h"

#include "base/log.h"
#include "base/shared.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const struct conf_row METRIC_CONF[] = {
	{"metrics.file", CONF_PATH, "/run/stoa/metrics.shm", false, 0, 0,
		"shared file of the metrics; empty = each process sees only its own"},
	{"metrics.series", CONF_INT, "2048", false, 16, 65536, "most series (1.1 KiB each)"},
	CONF_END,
};

enum kind { KIND_COUNTER = 1, KIND_GAUGE, KIND_HISTOGRAM };

static const char *const KIND_TEXT[] = {"", "counter", "gauge", "histogram"};

struct counter { _Atomic uint64_t value; };
struct gauge { _Atomic int64_t value; };

/* Upper bounds: 50 µs * 2^k * (1 + j/4) for j = 0..3, up to the first that is not below 64 s (65.536 s); then infinity. */
#define FIRST_US INT64_C(50)
#define BOUNDS HISTOGRAM_BOUNDS

struct histogram {
	_Atomic uint64_t sum_us;
	_Atomic uint64_t buckets[BOUNDS + 1];
};

#define NAME_BYTES 80
#define LABEL_BYTES 184
#define HELP_BYTES 120

struct series {
	uint32_t kind, spare;
	char name[NAME_BYTES];
	char labels[LABEL_BYTES];
	char help[HELP_BYTES];
	union {
		struct counter counter;
		struct gauge gauge;
		struct histogram histogram;
	} value;
};

struct registry {
	pthread_mutex_t mutex;  /* registration; robust and shared by processes */
	_Atomic uint32_t count; /* series; raised last */
	char pad[64 - (sizeof(pthread_mutex_t) + sizeof(uint32_t)) % 64];
};

#define REFUSALS_LOGGED 16

/* The file holds the registry, its series and an index: open addressing by name and labels, never removed from; a place is
 * 0 (free) or the number of a series, counted from 1. */
static struct shared shared;
static struct series *all_series;
static _Atomic uint32_t *places;
static size_t series_most, place_count;
static struct series dummy;
static _Atomic int refusals;

static void prepare(void *memory)
{
	struct registry *registry = memory;
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&registry->mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

bool metric_open(char message_out[256])
{
	const char *path = conf_string("metrics.file");
	series_most = (size_t)conf_int("metrics.series");
	place_count = 2 * series_most; /* half of them stay free, so that a search ends soon */
	size_t bytes = sizeof(struct registry) + series_most * sizeof(struct series) + place_count * sizeof *places;
	bool opened = *path == '\0' || shared_open(&shared, path, "stoa metrics 1", bytes, prepare, message_out);
	if (!shared.memory)
		shared_private(&shared, bytes, prepare);
	all_series = (struct series *)((struct registry *)shared.memory + 1);
	places = (_Atomic uint32_t *)(all_series + series_most);
	if (!opened)
		LOG(LOG_WARN, "metric.private", LOG_T("reason", message_out));
	return opened;
}

void metric_close(void)
{
	shared_close(&shared);
	all_series = NULL;
	places = NULL;
}

static bool name_char(char c, bool first, bool label)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c == ':' && !label) || (!first && c >= '0' && c <= '9');
}

static bool name_fits(const char *name, enum kind kind)
{
	size_t length = strlen(name);
	if (length == 0 || length >= NAME_BYTES)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!name_char(name[i], i == 0, false))
			return false;
	return kind != KIND_COUNTER || (length > 6 && strcmp(name + length - 6, "_total") == 0);
}

/* One name="value"; returns what follows, or NULL. */
static const char *label_end(const char *text)
{
	const char *at = text;
	while (name_char(*at, at == text, true))
		at++;
	if (at == text || at[0] != '=' || at[1] != '"' || strncmp(text, "__", 2) == 0)
		return NULL;
	for (at += 2; *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			return NULL;
		if (*at == '\\' && *++at != '\\' && *at != '"' && *at != 'n')
			return NULL;
	}
	return at + 1;
}

static bool labels_fit(const char *labels)
{
	if (strlen(labels) >= LABEL_BYTES)
		return false;
	if (*labels == '\0')
		return true;
	for (const char *at = labels;; at++) {
		at = label_end(at);
		if (!at)
			return false;
		if (*at != ',')
			return *at == '\0';
	}
}

static size_t hash(const char *name, const char *labels)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a: the names are our own */
	for (const char *at = name; *at; at++)
		h = (h ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	h *= UINT64_C(0x100000001b3);
	for (const char *at = labels; *at; at++)
		h = (h ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* NULL: not there, and place_out is where it belongs. */
static struct series *find(const char *name, const char *labels, _Atomic uint32_t **place_out)
{
	for (size_t at = hash(name, labels) % place_count;; at = (at + 1) % place_count) {
		uint32_t number = atomic_load_explicit(&places[at], memory_order_acquire);
		*place_out = &places[at];
		if (number == 0)
			return NULL;
		struct series *series = &all_series[number - 1];
		if (strcmp(series->name, name) == 0 && strcmp(series->labels, labels) == 0)
			return series;
	}
}

static size_t count_of(struct registry *registry)
{
	return atomic_load_explicit(&registry->count, memory_order_acquire);
}

static bool other_kind(struct registry *registry, const char *name, enum kind kind)
{
	for (size_t i = 0; i < count_of(registry); i++)
		if (all_series[i].kind != kind && strcmp(all_series[i].name, name) == 0)
			return true;
	return false;
}

static void lock(struct registry *registry)
{
	/* A process that died here had published its series in the index, in the count, in both or in neither: count again. */
	if (pthread_mutex_lock(&registry->mutex) == EOWNERDEAD) {
		uint32_t used = 0;
		for (size_t i = 0; i < place_count; i++)
			used += atomic_load(&places[i]) != 0;
		atomic_store(&registry->count, used);
		pthread_mutex_consistent(&registry->mutex);
	}
}

/* Under the lock. NULL: reason_out. */
static struct series *add(struct registry *registry, const char *name, const char *labels, const char *help, enum kind kind,
	const char **reason_out)
{
	_Atomic uint32_t *place;
	struct series *series = find(name, labels, &place);
	size_t count = count_of(registry);
	*reason_out = "the name has another type";
	if (series)
		return series->kind == kind ? series : NULL;
	if (other_kind(registry, name, kind))
		return NULL;
	*reason_out = "the file is full (metrics.series)";
	if (count == series_most)
		return NULL;
	series = &all_series[count];
	memset(series, 0, sizeof *series);
	series->kind = kind;
	memcpy(series->name, name, strlen(name));
	memcpy(series->labels, labels, strlen(labels));
	strncpy(series->help, help, HELP_BYTES - 1);
	atomic_store_explicit(place, (uint32_t)count + 1, memory_order_release);
	atomic_store_explicit(&registry->count, (uint32_t)count + 1, memory_order_release);
	return series;
}

static struct series *series_get(const char *name, const char *labels, const char *help, enum kind kind)
{
	struct registry *registry = shared.memory;
	_Atomic uint32_t *place;
	if (!registry)
		return &dummy;
	struct series *series = NULL;
	const char *reason = "the name or a label breaks the text format";
	if (name_fits(name, kind) && labels_fit(labels)) {
		series = find(name, labels, &place);
		if (series && series->kind == kind)
			return series;
		reason = "the file is full (metrics.series)";
		series = NULL;
		if (count_of(registry) < series_most) {
			lock(registry);
			series = add(registry, name, labels, help, kind, &reason);
			pthread_mutex_unlock(&registry->mutex);
		}
	}
	if (series)
		return series;
	if (atomic_fetch_add(&refusals, 1) < REFUSALS_LOGGED)
		LOG(LOG_WARN, "metric.refused", LOG_T("name", name), LOG_T("reason", reason));
	return &dummy;
}

struct counter *metric_counter(const char *name, const char *labels, const char *help)
{
	return &series_get(name, labels, help, KIND_COUNTER)->value.counter;
}

struct gauge *metric_gauge(const char *name, const char *labels, const char *help)
{
	return &series_get(name, labels, help, KIND_GAUGE)->value.gauge;
}

struct histogram *metric_histogram(const char *name, const char *labels, const char *help)
{
	return &series_get(name, labels, help, KIND_HISTOGRAM)->value.histogram;
}

void counter_add(struct counter *counter, uint64_t by)
{
	atomic_fetch_add_explicit(&counter->value, by, memory_order_relaxed);
}

void gauge_set(struct gauge *gauge, int64_t value)
{
	atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

void gauge_add(struct gauge *gauge, int64_t by)
{
	atomic_fetch_add_explicit(&gauge->value, by, memory_order_relaxed);
}

static int64_t bound_us(int index)
{
	return (FIRST_US << index / 4) * (4 + index % 4) / 4;
}

/* The first bucket whose bound is not below us. */
static int bucket_of(int64_t us)
{
	if (us <= FIRST_US)
		return 0;
	if (us > bound_us(BOUNDS - 1))
		return BOUNDS;
	int doubling = 63 - __builtin_clzll((unsigned long long)(us / FIRST_US));
	int index = doubling * 4;
	while (bound_us(index) < us)
		index++;
	return index;
}

int64_t histogram_bound(int index)
{
	return index < BOUNDS ? bound_us(index) : INT64_MAX;
}

uint64_t histogram_bucket(const struct histogram *histogram, int index)
{
	return atomic_load_explicit(&histogram->buckets[index], memory_order_relaxed);
}

void histogram_observe(struct histogram *histogram, int64_t us)
{
	if (us < 0)
		us = 0;
	atomic_fetch_add_explicit(&histogram->buckets[bucket_of(us)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum_us, (uint64_t)us, memory_order_relaxed);
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;
	for (int i = 0; i <= BOUNDS; i++)
		count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
	return count;
}

int64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
	uint64_t counts[BOUNDS + 1], total = 0;
	for (int i = 0; i <= BOUNDS; i++)
		total += counts[i] = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
	if (total == 0)
		return 0;
	double wanted = quantile * (double)total;
	uint64_t below = 0;
	for (int i = 0; i < BOUNDS; i++) {
		below += counts[i];
		if (below > 0 && (double)below >= wanted)
			return bound_us(i);
	}
	return INT64_MAX;
}

double histogram_under(const struct histogram *histogram, int64_t us)
{
	double under = 0;
	int64_t low = 0;
	for (int i = 0; i <= BOUNDS; i++) {
		double count = (double)atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
		int64_t high = i < BOUNDS ? bound_us(i) : INT64_MAX;
		if (us < high)
			return i < BOUNDS ? under + count * (double)(us - low) / (double)(high - low) : under;
		under += count;
		low = high;
	}
	return under;
}

void metric_each_histogram(const char *name, void (*each)(void *argument, const char *labels, const struct histogram *histogram),
	void *argument)
{
	struct registry *registry = shared.memory;
	size_t count = registry ? count_of(registry) : 0;
	for (size_t i = 0; i < count; i++)
		if (all_series[i].kind == KIND_HISTOGRAM && strcmp(all_series[i].name, name) == 0)
			each(argument, all_series[i].labels, &all_series[i].value.histogram);
}

static void sample(struct buffer *out, const struct series *series, const char *suffix, const char *more)
{
	buffer_text(out, series->name);
	buffer_text(out, suffix);
	if (*series->labels || *more)
		buffer_printf(out, "{%s%s%s}", series->labels, *series->labels && *more ? "," : "", more);
	buffer_char(out, ' ');
}

static void render_histogram(struct buffer *out, const struct series *series)
{
	uint64_t below = 0;
	for (int i = 0; i <= BOUNDS; i++) {
		char more[48] = "le=\"+Inf\"";
		if (i < BOUNDS)
			snprintf(more, sizeof more, "le=\"%" PRId64 ".%06u\"", bound_us(i) / 1000000, (unsigned)(bound_us(i) % 1000000));
		below += atomic_load_explicit(&series->value.histogram.buckets[i], memory_order_relaxed);
		sample(out, series, "_bucket", more);
		buffer_printf(out, "%" PRIu64 "\n", below);
	}
	sample(out, series, "_sum", "");
	uint64_t sum = atomic_load_explicit(&series->value.histogram.sum_us, memory_order_relaxed);
	buffer_printf(out, "%" PRIu64 ".%06u\n", sum / 1000000, (unsigned)(sum % 1000000));
	/* Not read again: the count must equal the last bucket. */
	sample(out, series, "_count", "");
	buffer_printf(out, "%" PRIu64 "\n", below);
}

static void render_head(struct buffer *out, const struct series *series)
{
	buffer_printf(out, "# HELP %s ", series->name);
	for (const char *at = series->help; *at; at++) {
		if (*at == '\n')
			buffer_text(out, "\\n");
		else if (*at == '\\')
			buffer_text(out, "\\\\");
		else
			buffer_char(out, *at);
	}
	buffer_printf(out, "\n# TYPE %s %s\n", series->name, KIND_TEXT[series->kind]);
}

static void render_series(struct buffer *out, const struct series *series)
{
	if (series->kind == KIND_HISTOGRAM) {
		render_histogram(out, series);
		return;
	}
	sample(out, series, "", "");
	if (series->kind == KIND_COUNTER)
		buffer_printf(out, "%" PRIu64 "\n", atomic_load_explicit(&series->value.counter.value, memory_order_relaxed));
	else
		buffer_printf(out, "%" PRId64 "\n", atomic_load_explicit(&series->value.gauge.value, memory_order_relaxed));
}

static int compare(const void *a, const void *b)
{
	const struct series *left = *(const struct series *const *)a, *right = *(const struct series *const *)b;
	int names = strcmp(left->name, right->name);
	return names ? names : strcmp(left->labels, right->labels);
}

void metric_render(struct buffer *out)
{
	struct registry *registry = shared.memory;
	size_t count = registry ? count_of(registry) : 0;
	const struct series **sorted = calloc(count + 1, sizeof *sorted);
	if (!sorted)
		abort();
	for (size_t i = 0; i < count; i++)
		sorted[i] = &all_series[i];
	qsort(sorted, count, sizeof *sorted, compare);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(sorted[i]->name, sorted[i - 1]->name) != 0)
			render_head(out, sorted[i]);
		render_series(out, sorted[i]);
	}
	free(sorted);
}
