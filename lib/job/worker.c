#include "job/worker.h"

#include "base/clock.h"
#include "base/log.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

const struct conf_row JOB_CONF[] = {
	{"worker.name", CONF_STRING, "", false, 0, 0, "name of this machine's workers in table worker; empty = the host's name"},
	{"worker.threads", CONF_INT, "4", false, 1, 256, "jobs that run at once"},
	{"worker.lease", CONF_DURATION, "30s", false, 100, 3600000, "a worker silent for so long loses its jobs"},
	{"worker.heartbeat", CONF_DURATION, "10s", false, 10, 3600000, "how often leases are renewed; at most a third of the lease"},
	{"worker.poll", CONF_DURATION, "1s", false, 10, 3600000, "how often jobs are looked for when no notice comes"},
	{"worker.batch", CONF_INT, "32", false, 1, 1000, "most jobs that one claim takes while the queue is deep"},
	{"worker.min", CONF_INT, "2", false, 1, 256, "fewest processes of the worker"},
	{"worker.max", CONF_INT, "16", false, 1, 256, "most processes of the worker; each takes a connection a thread and two"},
	{"worker.scale_age", CONF_DURATION, "10s", false, 100, 3600000, "two more processes when the oldest due job has waited for longer"},
	{"worker.scale_up_after", CONF_DURATION, "30s", false, 100, 3600000, "cool-down: least time between two steps up"},
	{"worker.scale_down_after", CONF_DURATION, "10m", false, 100, 86400000, "two fewer processes when they were not needed for so long"},
	{"worker.log_file", CONF_PATH, "", false, 0, 0, "the worker's log file, reopened on SIGHUP; empty: standard error"},
	{"worker.log_level", CONF_STRING, "info", false, 0, 0, "error, warn, info or debug"},
	CONF_END,
};

/* A little longer than a process keeps notices back, see job_enqueue(). */
#define LOOK_AGAIN_US 25000

void worker_look(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	if (worker->looks < worker->threads)
		worker->looks++;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
}

static void look_and_run(struct runner *runner)
{
	struct worker *worker = runner->worker;
	while ((runner->next || !worker->stopping) && attempt_next(runner))
		continue;
}

static void *runner_main(void *argument)
{
	struct runner *runner = argument;
	struct worker *worker = runner->worker;
	ctx_init(&runner->ctx);
	pthread_mutex_lock(&worker->lock);
	for (;;) {
		while (!worker->stopping && !worker->looks)
			pthread_cond_wait(&worker->wake, &worker->lock);
		if (worker->stopping)
			break;
		worker->looks--;
		worker->active++;
		pthread_mutex_unlock(&worker->lock);
		look_and_run(runner);
		pthread_mutex_lock(&worker->lock);
		worker->active--;
		if (worker->set->drain && !worker->active && !worker->looks && !worker->failing)
			eventfd_write(worker->drained_fd, 1);
	}
	pthread_mutex_unlock(&worker->lock);
	ctx_free(&runner->ctx);
	return NULL;
}

/* Listening: a connection of its own that only waits for notices. */
struct ear {
	struct ctx ctx;
	struct lease lease;
	int64_t retry_us;
};

static int ear_socket(struct ear *ear, struct worker *worker)
{
	if (!ear->lease.connection && clock_mono_us() >= ear->retry_us) {
		ctx_reset(&ear->ctx);
		if (lease_take(&ear->ctx, worker->pool, &ear->lease) == OK
			&& (pg_run_text(&ear->lease, "listen stoa_job_cancel", 0, NULL, NULL) != OK
				|| pg_run_text(&ear->lease, "listen stoa_job", 0, NULL, NULL) != OK))
			lease_return(&ear->lease);
		ear->retry_us = clock_mono_us() + (int64_t)worker->poll_ms * 1000;
		if (ear->lease.connection)
			worker_look(worker); /* a notice may have been missed */
	}
	return ear->lease.connection ? PQsocket(pg_raw(&ear->lease)) : -1;
}

static bool ear_heard(struct ear *ear, struct worker *worker)
{
	bool heard = false;
	PGconn *raw = pg_raw(&ear->lease);
	if (!PQconsumeInput(raw)) {
		lease_return(&ear->lease);
		return false;
	}
	for (PGnotify *note; (note = PQnotifies(raw)); PQfreemem(note)) {
		if (!strcmp(note->relname, "stoa_job"))
			heard = true;
		else
			attempt_cancel(worker, note->extra);
	}
	return heard;
}

/* Sends threads to look for jobs until it is time to stop. */
static void dispatch(struct worker *worker)
{
	const struct worker_set *set = worker->set;
	int64_t began_us = clock_mono_us();
	int64_t end_us = set->max_runtime_s ? began_us + set->max_runtime_s * INT64_C(1000000) : INT64_MAX;
	int64_t look_us = began_us, poll_us = (int64_t)worker->poll_ms * 1000, gap_us = poll_us;
	struct ear ear = {0};
	ctx_init(&ear.ctx);
	for (;;) {
		int64_t now_us = clock_mono_us();
		if (now_us >= end_us)
			break;
		if (now_us >= look_us) {
			worker_look(worker);
			look_us = now_us + gap_us;
			gap_us = gap_us * 2 < poll_us ? gap_us * 2 : poll_us;
		}
		struct pollfd at[] = {
			{.fd = set->stop_fd, .events = POLLIN},
			{.fd = worker->drained_fd, .events = POLLIN},
			{.fd = ear_socket(&ear, worker), .events = POLLIN},
		};
		int64_t wait_us = (look_us < end_us ? look_us : end_us) - now_us;
		if (poll(at, 3, (int)(wait_us / 1000) + 1) <= 0)
			continue;
		if (at[0].revents || at[1].revents)
			break;
		if (at[2].revents && ear_heard(&ear, worker)) {
			worker_look(worker);
			/* Again and again, later and later: a job whose notice was kept back may be committed a while after this one. */
			now_us = clock_mono_us();
			gap_us = LOOK_AGAIN_US < poll_us ? LOOK_AGAIN_US : poll_us;
			if (look_us > now_us + gap_us)
				look_us = now_us + gap_us;
		}
	}
	lease_return(&ear.lease);
	ctx_free(&ear.ctx);
}

static void stop_runners(struct worker *worker, int started)
{
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_broadcast(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
	for (int i = 0; i < started; i++)
		pthread_join(worker->runners[i].thread, NULL);
}

static void stop_keeper(struct worker *worker, pthread_t keeper)
{
	pthread_mutex_lock(&worker->lock);
	worker->keeper_ends = true;
	pthread_cond_signal(&worker->keep);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(keeper, NULL);
}

static char *array(struct ctx *ctx, const char *const *items, int count)
{
	char *text = strdup(pg_array(ctx, items, count));
	if (!text)
		abort();
	return text;
}

static void kinds_make(struct ctx *ctx, struct worker *worker)
{
	const char *kinds[64], *queues[64], *limits[64];
	int count = 0;
	for (const struct job_kind *kind = worker->set->kinds; kind->policy && count < 64; kind++) {
		kinds[count] = kind->policy->kind;
		queues[count] = pg_int(ctx, kind->policy->queue);
		limits[count++] = pg_int(ctx, kind->policy->at_once);
	}
	worker->kinds = array(ctx, kinds, count);
	worker->queues = array(ctx, queues, count);
	worker->limits = array(ctx, limits, count);
}

void worker_machine(char out[WORKER_NAME])
{
	char host[64] = "";
	const char *name = conf_string("worker.name");
	gethostname(host, sizeof host - 1);
	snprintf(out, WORKER_NAME, "%.64s", name[0] ? name : host);
}

void worker_name(pid_t pid, char out[WORKER_NAME])
{
	worker_machine(out);
	size_t length = strlen(out);
	snprintf(out + length, WORKER_NAME - length, ":%d", (int)pid);
}

static void worker_make(struct ctx *ctx, struct worker *worker, const struct worker_set *set)
{
	*worker = (struct worker){
		.set = set,
		.scheduler = {.schedules = set->schedules},
		.threads = set->threads ? set->threads : (int)conf_int("worker.threads"),
		.lease_ms = conf_ms("worker.lease"),
		.heartbeat_ms = conf_ms("worker.heartbeat"),
		.poll_ms = conf_ms("worker.poll"),
		.batch_most = (int)conf_int("worker.batch"),
		.batch = 1,
		.held_end = &worker->held,
		.drained_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	kinds_make(ctx, worker);
	if (worker->heartbeat_ms > worker->lease_ms / 3)
		worker->heartbeat_ms = worker->lease_ms / 3;
	worker->runners = calloc((size_t)worker->threads, sizeof *worker->runners);
	if (!worker->runners)
		abort();
	gethostname(worker->host, sizeof worker->host - 1);
	worker_name(getpid(), worker->name);
	worker->pool = pool_open(WORKER_CONNECTIONS);
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->wake, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->keep, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void worker_free(struct worker *worker)
{
	pool_close(worker->pool);
	pthread_cond_destroy(&worker->wake);
	pthread_cond_destroy(&worker->keep);
	pthread_mutex_destroy(&worker->lock);
	close(worker->drained_fd);
	free(worker->runners);
	free(worker->kinds);
	free(worker->queues);
	free(worker->limits);
}

enum err worker_run(struct ctx *ctx, const struct worker_set *set)
{
	struct worker worker;
	pthread_t keeper;
	worker_make(ctx, &worker, set);
	keeper_reclaim(ctx, worker.pool);
	schedule_keep(ctx, worker.pool, &worker.scheduler);
	ctx_forgive(ctx);
	bool kept = !pthread_create(&keeper, NULL, keeper_main, &worker);
	int started = 0;
	for (; kept && started < worker.threads; started++) {
		worker.runners[started].worker = &worker;
		if (pthread_create(&worker.runners[started].thread, NULL, runner_main, &worker.runners[started]))
			break;
	}
	bool complete = kept && started == worker.threads;
	if (complete) {
		LOG(LOG_INFO, "worker.started", LOG_T("name", worker.name), LOG_N("threads", worker.threads));
		dispatch(&worker);
		LOG(LOG_INFO, "worker.stopping", LOG_T("name", worker.name));
	}
	stop_runners(&worker, started);
	claim_give_back(ctx, &worker, true);
	ctx_forgive(ctx);
	if (kept)
		stop_keeper(&worker, keeper);
	worker_free(&worker);
	return complete ? OK : fail(ctx, ERR_UNAVAILABLE, "The worker's threads cannot be started");
}
