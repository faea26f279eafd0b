#include "metric/work.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char *const PARTS[WORK_PARTS] = {"who", "pool", "query", "cache", "outbound", "render", "own", "accept", "write", "cpu"};

const char *work_part_text(enum work_part part)
{
	return PARTS[part];
}

void work_split(const struct ctx *ctx, int64_t took_us, int64_t parts_out[WORK_PARTS])
{
	int64_t known_us = ctx_known_us(ctx) - ctx->part_us[SPENT_OWN];
	memset(parts_out, 0, WORK_PARTS * sizeof *parts_out);
	parts_out[WORK_WHO] = ctx->part_us[SPENT_WHO];
	parts_out[WORK_POOL] = ctx->pool_wait_us;
	parts_out[WORK_QUERY] = ctx->part_us[SPENT_QUERY];
	parts_out[WORK_CACHE] = ctx->part_us[SPENT_CACHE];
	parts_out[WORK_OUTBOUND] = ctx->part_us[SPENT_OUTBOUND];
	parts_out[WORK_RENDER] = ctx->part_us[SPENT_RENDER];
	parts_out[WORK_OWN] = took_us > known_us ? took_us - known_us : 0;
}

static struct summary *part_find(const struct work_series *series, enum work_part part)
{
	char labels[256];
	snprintf(labels, sizeof labels, "route=\"%s\",method=\"%s\",part=\"%s\"", series->route, series->method, PARTS[part]);
	return metric_summary("stoa_http_request_part_seconds", labels, "Where the time of requests and jobs goes.");
}

void work_part_add(struct work_series *series, enum work_part part, int64_t us)
{
	if (us <= 0)
		return;
	struct summary *summary = atomic_load_explicit(&series->parts[part], memory_order_relaxed);
	if (!summary) {
		summary = part_find(series, part);
		atomic_store_explicit(&series->parts[part], summary, memory_order_relaxed);
	}
	summary_add(summary, us);
}

void work_parts_add(struct work_series *series, const int64_t parts_us[WORK_PARTS])
{
	for (int part = 0; part < WORK_PARTS; part++)
		work_part_add(series, part, parts_us[part]);
}

static struct summary *statement_find(const struct work_series *series, const char *name)
{
	char labels[320];
	snprintf(labels, sizeof labels, "statement=\"%s\",route=\"%s\",method=\"%s\"", name, series->route, series->method);
	return metric_summary("stoa_statement_seconds", labels, "Time that requests and jobs waited for a statement.");
}

/* Names are the same pointers each time, so that looking costs little, and mostly in the same order: `at` is a guess. */
static struct summary *statement_series(struct work_series *series, const char *name, int at)
{
	struct summary *guessed = atomic_load_explicit(&series->statements[at].summary, memory_order_relaxed);
	if (guessed && atomic_load_explicit(&series->statements[at].name, memory_order_relaxed) == name)
		return guessed;
	for (int i = 0; i < WORK_STATEMENTS; i++) {
		const char *known = atomic_load_explicit(&series->statements[i].name, memory_order_relaxed);
		if (known && known != name)
			continue;
		if (!known && !atomic_compare_exchange_strong(&series->statements[i].name, &known, name) && known != name)
			continue;
		struct summary *summary = atomic_load_explicit(&series->statements[i].summary, memory_order_relaxed);
		if (!summary) {
			summary = statement_find(series, name);
			atomic_store_explicit(&series->statements[i].summary, summary, memory_order_relaxed);
		}
		return summary;
	}
	return statement_find(series, name);
}

void work_statements_add(struct work_series *series, struct ctx *ctx)
{
	for (int i = 0; i < CTX_STATEMENTS && ctx->statements[i].name; i++) {
		const struct ctx_statement *statement = &ctx->statements[i];
		summary_add_many(statement_series(series, statement->name, i), statement->count, statement->us);
		ctx->statements[i] = (struct ctx_statement){0};
	}
}
