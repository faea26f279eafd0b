#include "mc/level.h"
#include "base/turn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STRIPES 16

struct flight {
	struct flight *next;
	struct name name;
	struct entry *entry;
	bool landed;
	int people; /* the pilot and those who wait; the last one out frees it */
	pthread_cond_t changed;
};

struct stripe {
	pthread_mutex_t mutex;
	struct flight *first;
} __attribute__((aligned(64)));

struct flights {
	struct stripe stripes[STRIPES];
};

struct flights *flights_open(void)
{
	struct flights *flights = aligned_alloc(64, sizeof *flights);
	if (!flights)
		abort();
	for (int i = 0; i < STRIPES; i++) {
		flights->stripes[i].first = NULL;
		pthread_mutex_init(&flights->stripes[i].mutex, NULL);
	}
	return flights;
}

void flights_close(struct flights *flights)
{
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&flights->stripes[i].mutex);
	free(flights);
}

static struct stripe *stripe_of(struct flights *flights, const struct name *name)
{
	return &flights->stripes[name->hash % STRIPES];
}

static struct flight *flight_new(const struct name *name)
{
	struct flight *flight = calloc(1, sizeof *flight);
	if (!flight)
		abort();
	memcpy(flight->name.text, name->text, name->length);
	flight->name.length = name->length;
	flight->name.hash = name->hash;
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&flight->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return flight;
}

/* Under the stripe's lock. */
static void leave(struct flight *flight)
{
	if (--flight->people > 0)
		return;
	entry_release(flight->entry);
	pthread_cond_destroy(&flight->changed);
	free(flight);
}

struct flight *flight_join(struct flights *flights, const struct name *name, bool *lead_out)
{
	struct stripe *stripe = stripe_of(flights, name);
	pthread_mutex_lock(&stripe->mutex);
	struct flight *flight = stripe->first;
	while (flight && (flight->name.hash != name->hash || flight->name.length != name->length ||
		memcmp(flight->name.text, name->text, name->length) != 0))
		flight = flight->next;
	*lead_out = !flight;
	if (!flight) {
		flight = flight_new(name);
		flight->next = stripe->first;
		stripe->first = flight;
	}
	flight->people++;
	pthread_mutex_unlock(&stripe->mutex);
	return flight;
}

void flight_land(struct flights *flights, struct flight *flight, struct entry *entry)
{
	struct stripe *stripe = stripe_of(flights, &flight->name);
	pthread_mutex_lock(&stripe->mutex);
	struct flight **at = &stripe->first;
	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
	if (entry)
		atomic_fetch_add_explicit(&entry->holders, 1, memory_order_relaxed);
	flight->entry = entry;
	flight->landed = true;
	pthread_cond_broadcast(&flight->changed);
	leave(flight);
	pthread_mutex_unlock(&stripe->mutex);
}

bool flight_wait(struct flights *flights, struct flight *flight, int64_t deadline_us, struct entry **entry_out)
{
	struct stripe *stripe = stripe_of(flights, &flight->name);
	struct timespec until = {.tv_sec = deadline_us / 1000000, .tv_nsec = deadline_us % 1000000 * 1000};
	int late = 0;
	turn_pass();
	pthread_mutex_lock(&stripe->mutex);
	while (!flight->landed && !late)
		late = deadline_us ? pthread_cond_timedwait(&flight->changed, &stripe->mutex, &until)
			: pthread_cond_wait(&flight->changed, &stripe->mutex);
	bool landed = flight->landed;
	*entry_out = flight->entry;
	if (flight->entry)
		atomic_fetch_add_explicit(&flight->entry->holders, 1, memory_order_relaxed);
	leave(flight);
	pthread_mutex_unlock(&stripe->mutex);
	return landed;
}
