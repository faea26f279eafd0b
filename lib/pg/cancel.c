#define _GNU_SOURCE /* sem_clockwait */

#include "pg/cancel.h"

#include "base/clock.h"
#include "base/turn.h"
#include "metric/metric.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* A server that takes no connections holds up each of them: beyond so many their connections are closed instead, and the server's
 * statement_timeout ends the statements. */
#define AT_ONCE_MOST 16
#define STACK_BYTES (128 << 10)

struct cancel {
	PGcancel *request;
	sem_t over;
	atomic_bool taken; /* set before over */
	atomic_int users; /* who asked and the thread: the last one frees */
};

static atomic_int at_once;
static struct metric_fixed cancels = {.name = "stoa_statements_cancelled_total", .labels = "",
	.help = "Statements that the server was told to end, because their deadline had passed."};

static void cancel_leave(struct cancel *cancel)
{
	if (atomic_fetch_sub(&cancel->users, 1) > 1)
		return;
	PQfreeCancel(cancel->request);
	sem_destroy(&cancel->over);
	free(cancel);
}

/* PQcancel() waits for as long as the server likes. */
static void *cancel_run(void *argument)
{
	struct cancel *cancel = argument;
	char message[256];
	cancel->taken = PQcancel(cancel->request, message, sizeof message) == 1;
	sem_post(&cancel->over);
	cancel_leave(cancel);
	atomic_fetch_sub(&at_once, 1);
	return NULL;
}

static bool thread_start(struct cancel *cancel)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all, before;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = !pthread_create(&thread, &attributes, cancel_run, cancel);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

bool cancel_sent(PGconn *raw, int most_ms)
{
	if (atomic_fetch_add(&at_once, 1) >= AT_ONCE_MOST) {
		atomic_fetch_sub(&at_once, 1);
		return false;
	}
	struct cancel *cancel = calloc(1, sizeof *cancel);
	if (!cancel)
		abort();
	cancel->request = PQgetCancel(raw);
	cancel->users = 2;
	sem_init(&cancel->over, 0, 0);
	if (!cancel->request || !thread_start(cancel)) {
		atomic_fetch_sub(&at_once, 1);
		cancel->users = 1;
		cancel_leave(cancel);
		return false;
	}
	turn_pass();
	int64_t until_us = clock_mono_us() + (int64_t)most_ms * 1000;
	const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
	int waited;
	while ((waited = sem_clockwait(&cancel->over, CLOCK_MONOTONIC, &until)) && errno == EINTR)
		;
	bool taken = !waited && cancel->taken;
	counter_add(fixed_counter(&cancels), taken);
	cancel_leave(cancel);
	return taken;
}
