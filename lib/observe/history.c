#include "observe/history.h"

#include "metric/metric.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

const struct target *history_class(const char *text)
{
	for (enum latency_class class = CLASS_UNSET + 1; text && class < CLASS_COUNT; class++)
		if (!strcmp(target_of(class)->text, text))
			return target_of(class);
	return NULL;
}

const struct history_range HISTORY_RANGE[] = {{"1h", 3600, 60}, {"24h", 86400, 900}, {"7d", 7 * 86400, 7200}, {"30d", 30 * 86400, 21600}, {0}};

const struct history_range *history_range(const char *name)
{
	const struct history_range *range = HISTORY_RANGE;
	while (range->name && strcmp(range->name, name ? name : HISTORY_RANGE_USUAL))
		range++;
	return range->name ? range : history_range(NULL);
}

static double real(const PGresult *rows, int row, const char *column)
{
	const char *text = pg_text(rows, row, column);
	return text ? strtod(text, NULL) : 0;
}

/* "{bucket,observations,…}" */
static void buckets_read(const char *text, uint64_t counts[HISTOGRAM_BUCKETS])
{
	memset(counts, 0, HISTOGRAM_BUCKETS * sizeof *counts);
	while (text && (*text == '{' || *text == ',') && text[1] != '}') {
		char *end;
		long bucket = strtol(text + 1, &end, 10);
		long long observed = *end == ',' ? strtoll(end + 1, &end, 10) : 0;
		if (bucket >= 0 && bucket < HISTOGRAM_BUCKETS && observed > 0)
			counts[bucket] += (uint64_t)observed;
		text = end;
	}
}

static int64_t quantile(const uint64_t counts[HISTOGRAM_BUCKETS], double quantile)
{
	uint64_t total = 0, below = 0;
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += counts[i];
	for (int i = 0; total && i < HISTOGRAM_BUCKETS; i++) {
		below += counts[i];
		if (below && (double)below >= quantile * (double)total)
			return histogram_bound(i);
	}
	return 0;
}

static void row_read(struct ctx *ctx, const PGresult *rows, int row, struct history_row *out)
{
	uint64_t counts[HISTOGRAM_BUCKETS];
	const char *class = pg_text(rows, row, "class");
	*out = (struct history_row){.at_s = pg_number(rows, row, "point", 0), .kind = arena_strdup(&ctx->arena, pg_text(rows, row, "kind")),
		.key = arena_strdup(&ctx->arena, pg_text(rows, row, "key")),
		.class = class ? arena_strdup(&ctx->arena, class) : NULL, .count = pg_number(rows, row, "count", 0),
		.refused = pg_number(rows, row, "refused", 0), .failed = pg_number(rows, row, "failed", 0), .slow = real(rows, row, "slow"),
		.sum_us = pg_number(rows, row, "sum_us", 0), .level = pg_number(rows, row, "level", 0), .most = pg_number(rows, row, "most", 0)};
	buckets_read(pg_text(rows, row, "buckets"), counts);
	out->p50_us = quantile(counts, 0.50);
	out->p95_us = quantile(counts, 0.95);
	out->p99_us = quantile(counts, 0.99);
}

enum err history_rows(struct ctx *ctx, struct pool *pool, const char *kind, const char *key, int64_t seconds, int64_t step_s,
	struct history_row **rows_out, int *count_out)
{
	PGresult *rows;
	TRY(pg_query(ctx, pool, &SQL_OBSERVE_READ, PARAMS(kind, key, pg_int(ctx, seconds), pg_int(ctx, step_s)), &rows));
	*count_out = PQntuples(rows);
	*rows_out = arena_array(&ctx->arena, (size_t)*count_out + 1, sizeof **rows_out);
	for (int row = 0; row < *count_out; row++)
		row_read(ctx, rows, row, &(*rows_out)[row]);
	return OK;
}

static const char *const WINDOWS[WINDOW_COUNT] = {"5m", "30m", "1h", "6h", "3d", "30d"};

const char *history_window_text(enum history_window window)
{
	return WINDOWS[window];
}

static enum history_window window_named(const char *text)
{
	enum history_window window = WINDOW_5M;
	while (window < WINDOW_30D && strcmp(WINDOWS[window], text))
		window++;
	return window;
}

static bool burn_read(struct ctx *ctx, const PGresult *rows, int row, struct history_burn *out)
{
	*out = (struct history_burn){.kind = arena_strdup(&ctx->arena, pg_text(rows, row, "kind")),
		.key = arena_strdup(&ctx->arena, pg_text(rows, row, "key")), .target = history_class(pg_text(rows, row, "class"))};
	if (!out->target)
		return false;
	double objective = out->target->objective;
	for (enum history_window window = WINDOW_5M; window < WINDOW_COUNT; window++) {
		out->windows[window].all = pg_number(rows, row, arena_printf(&ctx->arena, "all_%s", WINDOWS[window]), 0);
		out->windows[window].bad = real(rows, row, arena_printf(&ctx->arena, "bad_%s", WINDOWS[window]));
		out->windows[window].rate = burn_rate(out->windows[window].bad, (double)out->windows[window].all, objective);
	}
	double all = (double)out->windows[WINDOW_30D].all, bad = out->windows[WINDOW_30D].bad;
	out->availability = all > 0 ? 1 - bad / all : 1;
	out->left = burn_left(bad, all, objective);
	out->lasts_s = burn_lasts_s(out->left, out->windows[WINDOW_1H].rate);
	for (int i = 0; i < BURN_ALERTS; i++)
		out->fires[i] = burn_fires(&BURN_ALERT[i], out->windows[window_named(BURN_ALERT[i].long_text)].rate,
			out->windows[window_named(BURN_ALERT[i].short_text)].rate);
	return true;
}

enum err history_burns(struct ctx *ctx, struct pool *pool, const char *kind, struct history_burn **burns_out, int *count_out)
{
	PGresult *rows;
	TRY(pg_query(ctx, pool, &SQL_OBSERVE_WINDOWS, PARAMS(kind), &rows));
	*burns_out = arena_array(&ctx->arena, (size_t)PQntuples(rows) + 1, sizeof **burns_out);
	*count_out = 0;
	for (int row = 0; row < PQntuples(rows); row++)
		*count_out += burn_read(ctx, rows, row, &(*burns_out)[*count_out]);
	return OK;
}

enum err history_nodes(struct ctx *ctx, struct pool *pool, struct history_node **nodes_out, int *count_out)
{
	PGresult *rows;
	TRY(pg_query(ctx, pool, &SQL_OBSERVE_NODES, NULL, &rows));
	*count_out = PQntuples(rows);
	*nodes_out = arena_array(&ctx->arena, (size_t)*count_out + 1, sizeof **nodes_out);
	for (int row = 0; row < *count_out; row++)
		(*nodes_out)[row] = (struct history_node){arena_strdup(&ctx->arena, pg_text(rows, row, "node")),
			arena_strdup(&ctx->arena, pg_text(rows, row, "sampled_at")), pg_number(rows, row, "age_s", 0)};
	return OK;
}
