#include "metric/metric.h"

#include "base/log.h"
#include "base/shared.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct conf_row METRIC_CONF[] = {
	{"metrics.file", CONF_PATH, "/run/stoa/metrics.shm", false, 0, 0,
		"shared file of the metrics; empty = each process sees only its own"},
	{"metrics.series", CONF_INT, "16384", false, 16, 262144, "most series (0.3 KiB each, histograms 0.7 more)"},
	CONF_END,
};

static const char *const KIND_TEXT[] = {"", "counter", "gauge", "histogram", "summary", "gauge"};

struct counter { _Atomic uint64_t value; };
struct gauge { _Atomic int64_t value; };
struct summary { _Atomic uint64_t count, sum_us; };

/* Upper bounds: 50 µs * 2^k * (1 + j/4) for j = 0..3, up to the first that is not below 64 s (65.536 s); then infinity. */
#define FIRST_US INT64_C(50)
#define BOUNDS (HISTOGRAM_BUCKETS - 1)
#define BOUND_US(index) ((FIRST_US << (index) / 4) * (4 + (index) % 4) / 4)

struct histogram {
	_Atomic uint64_t sum_us;
	_Atomic uint64_t buckets[BOUNDS + 1];
};

#define PROCESSES 256

struct level { _Atomic int64_t values[PROCESSES]; };

#define NAME_BYTES 80
#define LABEL_BYTES 240
#define HELP_BYTES 120
#define FAMILIES 512

/* Series of one name. */
struct family {
	enum metric_kind kind;
	char name[NAME_BYTES];
	char help[HELP_BYTES];
};

struct series {
	uint32_t family;
	uint32_t at; /* in the words: a histogram or a level */
	union {
		struct counter counter;
		struct gauge gauge;
		struct summary summary;
	} value;
	char labels[LABEL_BYTES];
};

struct process {
	_Atomic int pid;        /* 0 = free */
	_Atomic uint64_t start; /* in /proc: a pid is used again */
};

struct registry {
	pthread_mutex_t mutex;  /* registration; robust and shared by processes */
	_Atomic uint32_t count; /* series; raised last */
	_Atomic uint32_t families;
	uint32_t words;         /* given out, under the lock */
	struct process processes[PROCESSES];
	struct family family[FAMILIES];
};

/* Words for each series: a tenth of them may be histograms. */
#define WORDS 9
#define WORDS_LEAST 8192

#define REFUSALS_LOGGED 16

/* The file holds the registry, its series, the words of large values and an index: open addressing by name and labels, never
 * removed from; a place is 0 (free) or the number of a series, counted from 1. */
static struct shared shared;
static struct series *all_series;
static _Atomic uint64_t *words;
static _Atomic uint32_t *places;
static size_t series_most, word_most, place_count;
static union {
	struct counter counter;
	struct gauge gauge;
	struct summary summary;
	struct histogram histogram;
	struct level level;
} dummy;
static _Atomic int refusals;
static _Atomic unsigned openings = 1; /* and closings */
static int own_process = -1;          /* its number among the file's, or -1 */
static pid_t own_pid;

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

/* When a process began, in the system's ticks; 0: there is none. proc(5), /proc/pid/stat, field 22. */
static uint64_t start_of(pid_t pid)
{
	char path[40], text[1024];
	unsigned long long start = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
	if (file)
		fclose(file);
	text[length] = '\0';
	const char *name_end = strrchr(text, ')'); /* a name may hold anything */
	if (!name_end || sscanf(name_end + 1, " %*c%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s %llu", &start) != 1)
		return 0;
	return start;
}

static bool lives(struct process *process)
{
	int pid = atomic_load(&process->pid);
	return pid && start_of(pid) == atomic_load(&process->start);
}

static struct level *level_of(const struct series *series)
{
	return (struct level *)&words[series->at];
}

static struct histogram *histogram_of(const struct series *series)
{
	return (struct histogram *)&words[series->at];
}

static struct family *family_of(const struct series *series)
{
	return &((struct registry *)shared.memory)->family[series->family];
}

static size_t count_of(struct registry *registry)
{
	return atomic_load_explicit(&registry->count, memory_order_acquire);
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

static void clear_levels(struct registry *registry, int process)
{
	for (size_t i = 0; i < count_of(registry); i++)
		if (family_of(&all_series[i])->kind == METRIC_LEVEL)
			atomic_store_explicit(&level_of(&all_series[i])->values[process], 0, memory_order_relaxed);
}

/* Takes the number of nobody, or of a process that is gone, with the values that it left. */
static void process_enter(struct registry *registry)
{
	int at = 0;
	lock(registry);
	while (at < PROCESSES && lives(&registry->processes[at]))
		at++;
	if (at < PROCESSES) {
		own_process = at;
		own_pid = getpid();
		clear_levels(registry, at);
		atomic_store(&registry->processes[at].start, start_of(own_pid));
		atomic_store(&registry->processes[at].pid, own_pid);
	}
	pthread_mutex_unlock(&registry->mutex);
}

static void process_leave(struct registry *registry)
{
	if (own_process >= 0 && own_pid == getpid())
		atomic_store(&registry->processes[own_process].pid, 0);
	own_process = -1;
}

bool metric_open(char message_out[256])
{
	const char *path = conf_string("metrics.file");
	series_most = (size_t)conf_int("metrics.series");
	word_most = WORDS_LEAST + WORDS * series_most;
	place_count = 2 * series_most; /* half of them stay free, so that a search ends soon */
	size_t bytes = sizeof(struct registry) + series_most * sizeof(struct series) + word_most * sizeof *words +
		place_count * sizeof *places;
	bool opened = *path == '\0' || shared_open(&shared, path, "stoa metrics 2", bytes, prepare, message_out);
	if (!shared.memory)
		shared_private(&shared, bytes, prepare);
	all_series = (struct series *)((struct registry *)shared.memory + 1);
	words = (_Atomic uint64_t *)(all_series + series_most);
	places = (_Atomic uint32_t *)(words + word_most);
	process_enter(shared.memory);
	atomic_fetch_add(&openings, 1);
	if (!opened)
		LOG(LOG_WARN, "metric.private", LOG_T("reason", message_out));
	return opened;
}

void metric_close(void)
{
	if (shared.memory)
		process_leave(shared.memory);
	atomic_fetch_add(&openings, 1);
	shared_close(&shared);
	all_series = NULL;
	words = NULL;
	places = NULL;
}

static bool name_char(char c, bool first, bool label)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c == ':' && !label) || (!first && c >= '0' && c <= '9');
}

static bool name_fits(const char *name, enum metric_kind kind)
{
	size_t length = strlen(name);
	if (length == 0 || length >= NAME_BYTES)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!name_char(name[i], i == 0, false))
			return false;
	return kind != METRIC_COUNTER || (length > 6 && strcmp(name + length - 6, "_total") == 0);
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
		if (strcmp(series->labels, labels) == 0 && strcmp(family_of(series)->name, name) == 0)
			return series;
	}
}

/* Under the lock. NULL: reason_out. */
static struct family *family_get(struct registry *registry, const char *name, const char *help, enum metric_kind kind,
	const char **reason_out)
{
	uint32_t count = atomic_load(&registry->families);
	for (uint32_t i = 0; i < count; i++)
		if (strcmp(registry->family[i].name, name) == 0) {
			*reason_out = "the name has another type";
			return registry->family[i].kind == kind ? &registry->family[i] : NULL;
		}
	*reason_out = "there are too many names";
	if (count == FAMILIES)
		return NULL;
	struct family *family = &registry->family[count];
	*family = (struct family){.kind = kind};
	memcpy(family->name, name, strlen(name));
	strncpy(family->help, help, HELP_BYTES - 1);
	atomic_store_explicit(&registry->families, count + 1, memory_order_release);
	return family;
}

static size_t words_of(enum metric_kind kind)
{
	if (kind == METRIC_HISTOGRAM)
		return sizeof(struct histogram) / sizeof *words;
	return kind == METRIC_LEVEL ? sizeof(struct level) / sizeof *words : 0;
}

/* Under the lock. NULL: reason_out. */
static struct series *add(struct registry *registry, const char *name, const char *labels, const char *help, enum metric_kind kind,
	const char **reason_out)
{
	_Atomic uint32_t *place;
	struct series *series = find(name, labels, &place);
	size_t count = count_of(registry);
	struct family *family = family_get(registry, name, help, kind, reason_out);
	if (!family || series)
		return family ? series : NULL;
	*reason_out = "the file is full (metrics.series)";
	if (count == series_most || registry->words + words_of(kind) > word_most)
		return NULL;
	series = &all_series[count];
	memset(series, 0, sizeof *series);
	series->family = (uint32_t)(family - registry->family);
	series->at = registry->words;
	registry->words += (uint32_t)words_of(kind);
	memcpy(series->labels, labels, strlen(labels));
	atomic_store_explicit(place, (uint32_t)count + 1, memory_order_release);
	atomic_store_explicit(&registry->count, (uint32_t)count + 1, memory_order_release);
	return series;
}

static struct series *series_get(const char *name, const char *labels, const char *help, enum metric_kind kind)
{
	struct registry *registry = shared.memory;
	_Atomic uint32_t *place;
	if (!registry)
		return NULL;
	const char *reason = "the name or a label breaks the text format";
	if (name_fits(name, kind) && labels_fit(labels)) {
		struct series *series = find(name, labels, &place);
		if (series && family_of(series)->kind == kind)
			return series;
		reason = "the file is full (metrics.series)";
		series = NULL;
		if (count_of(registry) < series_most) {
			lock(registry);
			series = add(registry, name, labels, help, kind, &reason);
			pthread_mutex_unlock(&registry->mutex);
		}
		if (series)
			return series;
	}
	if (atomic_fetch_add(&refusals, 1) < REFUSALS_LOGGED)
		LOG(LOG_WARN, "metric.refused", LOG_T("name", name), LOG_T("reason", reason));
	return NULL;
}

struct counter *metric_counter(const char *name, const char *labels, const char *help)
{
	struct series *series = series_get(name, labels, help, METRIC_COUNTER);
	return series ? &series->value.counter : &dummy.counter;
}

struct gauge *metric_gauge(const char *name, const char *labels, const char *help)
{
	struct series *series = series_get(name, labels, help, METRIC_GAUGE);
	return series ? &series->value.gauge : &dummy.gauge;
}

struct level *metric_level(const char *name, const char *labels, const char *help)
{
	struct series *series = series_get(name, labels, help, METRIC_LEVEL);
	return series ? level_of(series) : &dummy.level;
}

struct histogram *metric_histogram(const char *name, const char *labels, const char *help)
{
	struct series *series = series_get(name, labels, help, METRIC_HISTOGRAM);
	return series ? histogram_of(series) : &dummy.histogram;
}

struct summary *metric_summary(const char *name, const char *labels, const char *help)
{
	struct series *series = series_get(name, labels, help, METRIC_SUMMARY);
	return series ? &series->value.summary : &dummy.summary;
}

static bool is_current(struct metric_fixed *fixed)
{
	return atomic_load_explicit(&fixed->opening, memory_order_acquire) == atomic_load_explicit(&openings, memory_order_relaxed);
}

static void *remember(struct metric_fixed *fixed, void *value, unsigned opening)
{
	atomic_store_explicit(&fixed->value, value, memory_order_relaxed);
	atomic_store_explicit(&fixed->opening, opening, memory_order_release);
	return value;
}

struct counter *fixed_counter(struct metric_fixed *fixed)
{
	unsigned opening = atomic_load(&openings);
	if (is_current(fixed))
		return atomic_load_explicit(&fixed->value, memory_order_relaxed);
	return remember(fixed, metric_counter(fixed->name, fixed->labels, fixed->help), opening);
}

struct histogram *fixed_histogram(struct metric_fixed *fixed)
{
	unsigned opening = atomic_load(&openings);
	if (is_current(fixed))
		return atomic_load_explicit(&fixed->value, memory_order_relaxed);
	return remember(fixed, metric_histogram(fixed->name, fixed->labels, fixed->help), opening);
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

int64_t gauge_get(const struct gauge *gauge)
{
	return atomic_load_explicit(&gauge->value, memory_order_relaxed);
}

void gauge_raise(struct gauge *gauge, int64_t value)
{
	int64_t now = atomic_load_explicit(&gauge->value, memory_order_relaxed);
	while (now < value && !atomic_compare_exchange_weak_explicit(&gauge->value, &now, value, memory_order_relaxed,
			memory_order_relaxed))
		;
}

void level_set(struct level *level, int64_t value)
{
	if (own_process >= 0)
		atomic_store_explicit(&level->values[own_process], value, memory_order_relaxed);
}

void level_add(struct level *level, int64_t by)
{
	if (own_process >= 0)
		atomic_fetch_add_explicit(&level->values[own_process], by, memory_order_relaxed);
}

void summary_add_many(struct summary *summary, uint64_t count, int64_t us)
{
	atomic_fetch_add_explicit(&summary->count, count, memory_order_relaxed);
	atomic_fetch_add_explicit(&summary->sum_us, us < 0 ? 0 : (uint64_t)us, memory_order_relaxed);
}

void summary_add(struct summary *summary, int64_t us)
{
	summary_add_many(summary, 1, us);
}

static int64_t bound_us(int index)
{
	return BOUND_US(index);
}

/* The first bucket whose bound is not below us. */
static int bucket_of(int64_t us)
{
	if (us <= FIRST_US)
		return 0;
	if (us > BOUND_US(BOUNDS - 1))
		return BOUNDS;
	int doubling = 63 - __builtin_clzll((unsigned long long)(us / FIRST_US));
	int64_t base = FIRST_US << doubling;
	return doubling * 4 + (int)((4 * (us - base) + base - 1) / base);
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

/* The processes that live, once a reading: looking is a file's worth each. */
struct living { bool process[PROCESSES]; };

static void living_find(struct registry *registry, struct living *living)
{
	for (int i = 0; i < PROCESSES; i++)
		living->process[i] = lives(&registry->processes[i]);
}

static int64_t level_sum(const struct series *series, const struct living *living)
{
	int64_t sum = 0;
	for (int i = 0; i < PROCESSES; i++)
		if (living->process[i])
			sum += atomic_load_explicit(&level_of(series)->values[i], memory_order_relaxed);
	return sum;
}

static struct metric_value value_of(const struct series *series, const struct living *living)
{
	const struct family *family = family_of(series);
	struct metric_value value = {.name = family->name, .labels = series->labels, .kind = family->kind};
	switch (family->kind) {
	case METRIC_COUNTER:
		value.count = atomic_load_explicit(&series->value.counter.value, memory_order_relaxed);
		value.value = (double)value.count;
		break;
	case METRIC_GAUGE:
		value.value = (double)atomic_load_explicit(&series->value.gauge.value, memory_order_relaxed);
		break;
	case METRIC_LEVEL:
		value.kind = METRIC_GAUGE;
		value.value = (double)level_sum(series, living);
		break;
	case METRIC_HISTOGRAM:
		value.histogram = histogram_of(series);
		value.count = histogram_count(value.histogram);
		value.sum_s = (double)atomic_load_explicit(&value.histogram->sum_us, memory_order_relaxed) / 1e6;
		break;
	case METRIC_SUMMARY:
		value.count = atomic_load_explicit(&series->value.summary.count, memory_order_relaxed);
		value.sum_s = (double)atomic_load_explicit(&series->value.summary.sum_us, memory_order_relaxed) / 1e6;
	}
	return value;
}

void metric_each(const char *prefix, void (*each)(void *argument, const struct metric_value *value), void *argument)
{
	struct registry *registry = shared.memory;
	struct living living;
	size_t count = registry ? count_of(registry) : 0, length = strlen(prefix);
	if (!count)
		return;
	living_find(registry, &living);
	for (size_t i = 0; i < count; i++) {
		if (strncmp(family_of(&all_series[i])->name, prefix, length) != 0)
			continue;
		struct metric_value value = value_of(&all_series[i], &living);
		each(argument, &value);
	}
}

bool metric_find(const char *name, const char *labels, struct metric_value *value_out)
{
	_Atomic uint32_t *place;
	struct living living;
	const struct series *series = shared.memory ? find(name, labels, &place) : NULL;
	if (!series)
		return false;
	if (family_of(series)->kind == METRIC_LEVEL)
		living_find(shared.memory, &living);
	*value_out = value_of(series, &living);
	return true;
}

bool metric_label(const char *labels, const char *name, char *out, size_t room)
{
	size_t length = strlen(name), used = 0;
	if (room)
		*out = '\0';
	for (const char *at = labels, *end; *at; at = *end ? end + 1 : end) {
		end = label_end(at);
		if (!end)
			return false;
		if (strncmp(at, name, length) != 0 || at[length] != '=')
			continue;
		for (at += length + 2; at < end - 1 && used + 1 < room; at++) {
			bool escaped = *at == '\\';
			at += escaped;
			out[used++] = escaped && *at == 'n' ? '\n' : *at;
		}
		if (room)
			out[used] = '\0';
		return true;
	}
	return false;
}

static void sample(struct buffer *out, const struct series *series, const char *suffix, const char *more)
{
	buffer_text(out, family_of(series)->name);
	buffer_text(out, suffix);
	if (*series->labels || *more)
		buffer_printf(out, "{%s%s%s}", series->labels, *series->labels && *more ? "," : "", more);
	buffer_char(out, ' ');
}

static void render_sum(struct buffer *out, const struct series *series, uint64_t sum_us, uint64_t count)
{
	sample(out, series, "_sum", "");
	buffer_printf(out, "%" PRIu64 ".%06u\n", sum_us / 1000000, (unsigned)(sum_us % 1000000));
	sample(out, series, "_count", "");
	buffer_printf(out, "%" PRIu64 "\n", count);
}

static void render_histogram(struct buffer *out, const struct series *series)
{
	const struct histogram *histogram = histogram_of(series);
	uint64_t below = 0;
	for (int i = 0; i <= BOUNDS; i++) {
		char more[48] = "le=\"+Inf\"";
		if (i < BOUNDS)
			snprintf(more, sizeof more, "le=\"%" PRId64 ".%06u\"", bound_us(i) / 1000000, (unsigned)(bound_us(i) % 1000000));
		below += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
		sample(out, series, "_bucket", more);
		buffer_printf(out, "%" PRIu64 "\n", below);
	}
	/* Not read again: the count must equal the last bucket. */
	render_sum(out, series, atomic_load_explicit(&histogram->sum_us, memory_order_relaxed), below);
}

static void render_head(struct buffer *out, const struct family *family)
{
	buffer_printf(out, "# HELP %s ", family->name);
	for (const char *at = family->help; *at; at++) {
		if (*at == '\n')
			buffer_text(out, "\\n");
		else if (*at == '\\')
			buffer_text(out, "\\\\");
		else
			buffer_char(out, *at);
	}
	buffer_printf(out, "\n# TYPE %s %s\n", family->name, KIND_TEXT[family->kind]);
}

static void render_series(struct buffer *out, const struct series *series, const struct living *living)
{
	enum metric_kind kind = family_of(series)->kind;
	if (kind == METRIC_HISTOGRAM) {
		render_histogram(out, series);
	} else if (kind == METRIC_SUMMARY) {
		render_sum(out, series, atomic_load_explicit(&series->value.summary.sum_us, memory_order_relaxed),
			atomic_load_explicit(&series->value.summary.count, memory_order_relaxed));
	} else if (kind == METRIC_COUNTER) {
		sample(out, series, "", "");
		buffer_printf(out, "%" PRIu64 "\n", atomic_load_explicit(&series->value.counter.value, memory_order_relaxed));
	} else {
		sample(out, series, "", "");
		buffer_printf(out, "%" PRId64 "\n", kind == METRIC_LEVEL ? level_sum(series, living) :
			atomic_load_explicit(&series->value.gauge.value, memory_order_relaxed));
	}
}

static bool is_empty(const struct series *series)
{
	enum metric_kind kind = family_of(series)->kind;
	return (kind == METRIC_HISTOGRAM && !histogram_count(histogram_of(series))) ||
		(kind == METRIC_SUMMARY && !atomic_load_explicit(&series->value.summary.count, memory_order_relaxed));
}

static int compare(const void *a, const void *b)
{
	const struct series *left = *(const struct series *const *)a, *right = *(const struct series *const *)b;
	int names = left->family == right->family ? 0 : strcmp(family_of(left)->name, family_of(right)->name);
	return names ? names : strcmp(left->labels, right->labels);
}

void metric_render(struct buffer *out)
{
	struct registry *registry = shared.memory;
	struct living living;
	size_t count = registry ? count_of(registry) : 0, used = 0;
	const struct series **sorted = calloc(count + 1, sizeof *sorted);
	if (!sorted)
		abort();
	if (count)
		living_find(registry, &living);
	for (size_t i = 0; i < count; i++)
		if (!is_empty(&all_series[i]))
			sorted[used++] = &all_series[i];
	qsort(sorted, used, sizeof *sorted, compare);
	for (size_t i = 0; i < used; i++) {
		if (i == 0 || sorted[i]->family != sorted[i - 1]->family)
			render_head(out, family_of(sorted[i]));
		render_series(out, sorted[i], &living);
	}
	free(sorted);
}
