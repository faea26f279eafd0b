#include "mc/count.h"

#include "metric/metric.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SPACES 32 /* the last one is for all the others */

static const char *const RESULTS[] = {"local", "shared", "miss"};

struct space {
	const char *_Atomic name;
	char labels[LOOKUP_RESULTS][80];
	struct metric_fixed totals[LOOKUP_RESULTS];
};

static struct space spaces[SPACES];
static pthread_mutex_t spaces_lock = PTHREAD_MUTEX_INITIALIZER;

#define DURATION(operation) {.name = "stoa_cache_duration_seconds", .labels = "operation=\"" operation "\"", .help = "Time of the cache's operations; get: beyond the process, without load."}
static struct metric_fixed durations[OPERATIONS_COUNT] = {
	[OPERATION_GET] = DURATION("get"), [OPERATION_LOAD] = DURATION("load"), [OPERATION_PUT] = DURATION("put"),
	[OPERATION_INVALIDATE] = DURATION("invalidate")};
static struct metric_fixed evictions = {.name = "stoa_cache_evictions_total", .labels = "", .help = "Values that the first level dropped for want of room."};
static struct metric_fixed errors = {.name = "stoa_cache_errors_total", .labels = "", .help = "Failures of memcached."};

static void space_name(struct space *space, const char *name)
{
	for (int i = 0; i < LOOKUP_RESULTS; i++) {
		snprintf(space->labels[i], sizeof space->labels[i], "space=\"%s\",result=\"%s\"", name, RESULTS[i]);
		space->totals[i].name = "stoa_cache_lookups_total";
		space->totals[i].labels = space->labels[i];
		space->totals[i].help = "Look-ups by what they were for, and where the value was found.";
	}
	space->name = name;
}

static struct space *space_of(const char *name)
{
	struct space *space = spaces;
	for (; space < spaces + SPACES && atomic_load_explicit(&space->name, memory_order_acquire) != name; space++)
		if (!space->name)
			break;
	if (space < spaces + SPACES && space->name)
		return space;
	for (space = spaces; space < spaces + SPACES && space->name; space++)
		if (!strcmp(space->name, name))
			return space;
	if (space == spaces + SPACES)
		return space - 1;
	pthread_mutex_lock(&spaces_lock);
	while (space < spaces + SPACES && space->name && strcmp(space->name, name))
		space++;
	if (space == spaces + SPACES)
		space--;
	else if (!space->name)
		space_name(space, space == spaces + SPACES - 1 ? "other" : name);
	pthread_mutex_unlock(&spaces_lock);
	return space;
}

void count_lookup(const char *space, enum lookup_result result)
{
	counter_add(fixed_counter(&space_of(space)->totals[result]), 1);
}

void count_took(enum cache_operation operation, int64_t us)
{
	histogram_observe(fixed_histogram(&durations[operation]), us);
}

void count_eviction(void)
{
	counter_add(fixed_counter(&evictions), 1);
}

void count_error(void)
{
	counter_add(fixed_counter(&errors), 1);
}
