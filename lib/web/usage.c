#include "web/usage.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>
#include <time.h>

static int64_t thread_cpu_us(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

int64_t usage_cpu_us(const struct req *req)
{
	return req->cpu_from_us ? thread_cpu_us() : 0;
}

void usage_begin(struct req *req)
{
	static _Thread_local unsigned requests;
	req->cpu_us = 0;
	req->cpu_from_us = requests++ % WORK_CPU_EVERY ? 0 : thread_cpu_us();
}

void usage_leave(struct req *req)
{
	req->cpu_us += usage_cpu_us(req) - req->cpu_from_us;
}

void usage_take(struct req *req)
{
	req->cpu_from_us = usage_cpu_us(req);
}

void usage_open(struct usage *usage, const struct route *route, const char *method)
{
	memset(usage, 0, sizeof *usage);
	usage->work.route = route->path;
	usage->work.method = method;
	for (enum budget_of budget = 0; budget < BUDGETS; budget++)
		usage->most[budget] = budget_most(route, budget);
	for (enum budget_of budget = 0; budget < BUDGETS; budget++)
		usage->unusual[budget] = 1;
}

static void request_log(const struct req *req, const struct rep *rep, int64_t took_us)
{
	const struct ctx *ctx = &req->ctx;
	LOG(LOG_INFO, "request", LOG_T("id", ctx->id), LOG_T("trace", ctx->trace[0] ? ctx->trace : NULL), LOG_T("method", req->method),
		LOG_T("route", req->entry->route->path), LOG_N("status", rep->status), LOG_N("duration_us", took_us),
		LOG_N("queries", ctx->queries), LOG_N("cache_hits", ctx->cache_hits), LOG_N("bytes", rep->body.length));
}

/* One line says where the time went. */
static void slow_log(const struct req *req, const struct rep *rep, int64_t took_us, const int64_t parts_us[WORK_PARTS])
{
	const struct ctx *ctx = &req->ctx;
	LOG(LOG_WARN, "request", LOG_T("id", ctx->id), LOG_T("trace", ctx->trace[0] ? ctx->trace : NULL), LOG_T("method", req->method),
		LOG_T("route", req->entry->route->path), LOG_N("status", rep->status), LOG_N("duration_us", took_us),
		LOG_N("queries", ctx->queries), LOG_N("cache_hits", ctx->cache_hits), LOG_N("bytes", rep->body.length),
		LOG_N("accept_us", parts_us[WORK_ACCEPT]), LOG_N("who_us", parts_us[WORK_WHO]), LOG_N("pool_us", parts_us[WORK_POOL]),
		LOG_N("query_us", parts_us[WORK_QUERY]), LOG_N("cache_us", parts_us[WORK_CACHE]), LOG_N("outbound_us", parts_us[WORK_OUTBOUND]),
		LOG_N("render_us", parts_us[WORK_RENDER]), LOG_N("own_us", parts_us[WORK_OWN]));
}

void usage_measure(struct req *req, const struct rep *rep, struct site *site)
{
	struct ctx *ctx = &req->ctx;
	const struct entry *entry = req->entry;
	int64_t parts_us[WORK_PARTS], took_us = clock_mono_us() - req->start_us;
	int class = rep->status / 100;
	/* How long the others take is not up to us, and what is not served at all is not quick. */
	bool counts = !req->waiting && ctx->fault.err != ERR_SWITCHED_OFF;
	req->finished_us = counts ? req->start_us + took_us : 0;
	if (req->render_from_us)
		ctx_spent(ctx, SPENT_RENDER, req->start_us + took_us - req->render_from_us);
	counter_add(entry->status[class >= 2 && class <= 5 ? class : 5], 1);
	work_split(ctx, took_us, parts_us);
	parts_us[WORK_ACCEPT] = req->accept_wait_us;
	parts_us[WORK_OWN] -= req->accept_wait_us;
	if (counts) {
		histogram_observe(entry->duration, took_us);
		work_parts_add(&entry->usage->work, parts_us);
		work_statements_add(&entry->usage->work, ctx);
	}
	if (ctx->pool_wait_us)
		histogram_observe(site->pool_wait, ctx->pool_wait_us);
	if (ctx->cache_hits)
		counter_add(site->cache_hits, ctx->cache_hits);
	if (ctx->cache_misses)
		counter_add(site->cache_misses, ctx->cache_misses);
	budget_look(entry->usage, req, rep);
	if (took_us > site->slow_us && !req->waiting)
		slow_log(req, rep, took_us, parts_us);
	else
		request_log(req, rep, took_us);
}

void usage_sent(struct req *req)
{
	struct work_series *work = &req->entry->usage->work;
	if (!req->finished_us)
		return;
	work_part_add(work, WORK_WRITE, clock_mono_us() - req->finished_us);
	work_part_add(work, WORK_CPU, req->cpu_us + usage_cpu_us(req) - req->cpu_from_us);
	work_statements_add(work, &req->ctx);
	req->finished_us = 0;
}
