#include "job/gauge.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/policies.h"
#include "job/worker.h"
#include "sql.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define MEASURE_EVERY_US 2000000
#define BURY_AGAIN_US 100000
#define DEAD_MOST 512 /* whose leases have not run out yet; of more the oldest wait for that */
#define KINDS_MOST 64

struct dead {
	pid_t pid;
	int64_t until_us;
};

struct gauge {
	struct ctx ctx;
	struct pool *pool;
	const struct job_kind *kinds;
	int fd;
	bool closed;
	bool failing;          /* the last look failed: said once */
	struct dead dead[DEAD_MOST];
	int dead_count;
	int64_t bury_us, bury_wait_us, measure_us;
	int64_t metrics_us;    /* when the metrics are next due */
};

static struct supervisor_measure read_rows(const PGresult *rows)
{
	struct supervisor_measure measure = {.known = true};
	for (int i = 0; i < PQntuples(rows); i++) {
		int64_t oldest_us = pg_number(rows, i, "oldest_us", 0);
		measure.due[pg_number(rows, i, "queue", JOB_DEFAULT)] = (int)pg_number(rows, i, "due", 0);
		measure.oldest_us = oldest_us > measure.oldest_us ? oldest_us : measure.oldest_us;
		measure.running = (int)pg_number(rows, i, "running", 0);
		measure.room = (int)pg_number(rows, i, "room", 0);
	}
	return measure;
}

/* Unprepared, so that it is planned each time: a plan made while the table was empty would read a million rows a minute later. */
static enum err ask(struct gauge *gauge, PGresult **rows_out)
{
	struct ctx *ctx = &gauge->ctx;
	const char *kinds[KINDS_MOST], *queues[KINDS_MOST], *limits[KINDS_MOST], *most[KINDS_MOST];
	char machine[WORKER_NAME];
	struct lease lease;
	int count = 0;
	for (const struct job_kind *kind = gauge->kinds; kind->policy && count < KINDS_MOST; kind++) {
		kinds[count] = kind->policy->kind;
		queues[count] = pg_int(ctx, kind->policy->queue);
		limits[count] = pg_int(ctx, kind->policy->at_once);
		most[count++] = pg_int(ctx, JOB_DEPTH_TARGET[kind->policy->queue].target);
	}
	worker_machine(machine);
	TRY(lease_take(ctx, gauge->pool, &lease));
	enum err err = pg_run_text(&lease, SQL_WORKER_DEPTH.text, SQL_WORKER_DEPTH.params, PARAMS(pg_array(ctx, kinds, count),
		pg_array(ctx, queues, count), pg_array(ctx, limits, count), pg_array(ctx, most, count), machine), rows_out);
	lease_return(&lease);
	return err;
}

/* For people, less often: it counts much more. */
static enum err metrics(struct gauge *gauge)
{
	int64_t now_us = clock_mono_us();
	if (now_us < gauge->metrics_us)
		return OK;
	TRY(keeper_measure(&gauge->ctx, gauge->pool));
	gauge->metrics_us = now_us + conf_ms("worker.heartbeat") * INT64_C(1000);
	return OK;
}

static void measure(struct gauge *gauge)
{
	struct supervisor_measure found = {0};
	PGresult *rows;
	ctx_reset(&gauge->ctx);
	bool failed = ask(gauge, &rows) != OK;
	if (failed != gauge->failing)
		LOG(failed ? LOG_WARN : LOG_INFO, failed ? "worker.cannot-measure" : "worker.measures",
			LOG_T("message", gauge->ctx.fault.internal));
	gauge->failing = failed;
	if (!failed)
		found = read_rows(rows);
	send(gauge->fd, &found, sizeof found, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (!failed && metrics(gauge) != OK)
		LOG(LOG_WARN, "worker.cannot-measure", LOG_T("message", gauge->ctx.fault.internal));
	ctx_forgive(&gauge->ctx);
	gauge->measure_us = clock_mono_us() + MEASURE_EVERY_US;
}

static void forget(struct gauge *gauge, int64_t now_us)
{
	int kept = 0;
	for (int i = 0; i < gauge->dead_count; i++)
		if (gauge->dead[i].until_us > now_us)
			gauge->dead[kept++] = gauge->dead[i];
	gauge->dead_count = kept;
}

/* Again and again: a claim or a transaction of the dead one may still be under way in its back-end. */
static void bury(struct gauge *gauge)
{
	struct ctx *ctx = &gauge->ctx;
	const char *names[DEAD_MOST];
	ctx_reset(ctx);
	for (int i = 0; i < gauge->dead_count; i++) {
		char name[WORKER_NAME];
		worker_name(gauge->dead[i].pid, name);
		names[i] = arena_strdup(&ctx->arena, name);
	}
	if (pg_query(ctx, gauge->pool, &SQL_WORKER_DEAD, PARAMS(pg_array(ctx, names, gauge->dead_count)), NULL) == OK)
		keeper_reclaim(ctx, gauge->pool);
	ctx_forgive(ctx);
	int64_t now_us = clock_mono_us();
	forget(gauge, now_us);
	gauge->bury_us = now_us + gauge->bury_wait_us;
	gauge->bury_wait_us *= 2;
	if (gauge->bury_wait_us > MEASURE_EVERY_US)
		gauge->bury_wait_us = MEASURE_EVERY_US;
}

static void listen_to(struct gauge *gauge)
{
	pid_t pid;
	ssize_t got;
	while ((got = recv(gauge->fd, &pid, sizeof pid, MSG_DONTWAIT)) == sizeof pid) {
		if (gauge->dead_count == DEAD_MOST)
			memmove(gauge->dead, gauge->dead + 1, (size_t)--gauge->dead_count * sizeof *gauge->dead);
		gauge->dead[gauge->dead_count++] = (struct dead){pid, clock_mono_us() + (int64_t)conf_ms("worker.lease") * 1000};
		gauge->bury_us = 0;
		gauge->bury_wait_us = BURY_AGAIN_US;
	}
	gauge->closed = !got || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void gauge_run(const struct job_kind *kinds, int fd)
{
	struct gauge gauge = {.kinds = kinds, .fd = fd, .pool = pool_open(1)};
	ctx_init(&gauge.ctx);
	while (!gauge.closed) {
		int64_t now_us = clock_mono_us();
		int64_t next_us = gauge.dead_count && gauge.bury_us < gauge.measure_us ? gauge.bury_us : gauge.measure_us;
		if (next_us > now_us)
			poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, (int)((next_us - now_us) / 1000) + 1);
		listen_to(&gauge);
		now_us = clock_mono_us();
		if (gauge.dead_count && (gauge.closed || now_us >= gauge.bury_us))
			bury(&gauge);
		if (!gauge.closed && now_us >= gauge.measure_us)
			measure(&gauge);
	}
	ctx_free(&gauge.ctx);
	pool_close(gauge.pool);
}
