#include "observe/history.h"

#include "sql.h"
#include "web/slo.h"

#include <stdlib.h>
#include <string.h>

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
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
		out->timed += (int64_t)counts[i];
	out->p50_us = slo_quantile(counts, 0.50);
	out->p95_us = slo_quantile(counts, 0.95);
	out->p99_us = slo_quantile(counts, 0.99);
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

static const struct { const char *text; int seconds; } WINDOWS[WINDOW_COUNT] = {{"5m", 300}, {"30m", 1800}, {"1h", 3600}, {"6h", 6 * 3600},
	{"3d", 3 * 86400}, {"30d", BURN_DAYS * 86400}};

const char *history_window_text(enum history_window window)
{
	return WINDOWS[window].text;
}

static enum history_window window_of(int64_t seconds)
{
	enum history_window window = WINDOW_5M;
	while (window < WINDOW_30D && WINDOWS[window].seconds != seconds)
		window++;
	return window;
}

static void burn_finish(struct history_burn *burn)
{
	double objective = burn->target->objective, all = (double)burn->windows[WINDOW_30D].all, bad = burn->windows[WINDOW_30D].bad;
	for (enum history_window window = WINDOW_5M; window < WINDOW_COUNT; window++)
		burn->windows[window].rate = burn_rate(burn->windows[window].bad, (double)burn->windows[window].all, objective);
	burn->availability = all > 0 ? 1 - bad / all : 1;
	burn->left = burn_left(bad, all, objective);
	burn->lasts_s = burn_lasts_s(burn->left, burn->windows[WINDOW_1H].rate);
	for (int i = 0; i < BURN_ALERTS; i++) {
		enum history_window wide = window_of(BURN_ALERT[i].long_s);
		burn->fires[i] = burn_fires(&BURN_ALERT[i], burn->windows[wide].bad, burn->windows[wide].rate, burn->windows[window_of(BURN_ALERT[i].short_s)].rate);
	}
}

enum err history_burns(struct ctx *ctx, struct pool *pool, const char *kind, struct history_burn **burns_out, int *count_out)
{
	PGresult *rows;
	const char *seconds[WINDOW_COUNT];
	struct history_burn *burn = NULL;
	for (enum history_window window = WINDOW_5M; window < WINDOW_COUNT; window++)
		seconds[window] = pg_int(ctx, WINDOWS[window].seconds);
	TRY(pg_query(ctx, pool, &SQL_OBSERVE_WINDOWS, PARAMS(kind, pg_array(ctx, seconds, WINDOW_COUNT)), &rows));
	*burns_out = arena_array(&ctx->arena, (size_t)PQntuples(rows) + 1, sizeof **burns_out);
	*count_out = 0;
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *its_kind = pg_text(rows, row, "kind"), *key = pg_text(rows, row, "key");
		const struct target *target = target_named(pg_text(rows, row, "class"));
		if (!target)
			continue;
		if (!burn || strcmp(burn->kind, its_kind) != 0 || strcmp(burn->key, key) != 0) {
			burn = &(*burns_out)[(*count_out)++];
			*burn = (struct history_burn){.kind = arena_strdup(&ctx->arena, its_kind), .key = arena_strdup(&ctx->arena, key)};
		}
		enum history_window window = window_of(pg_number(rows, row, "seconds", 0));
		burn->target = target;
		burn->windows[window].all = pg_number(rows, row, "all", 0);
		burn->windows[window].bad = real(rows, row, "bad");
	}
	for (int i = 0; i < *count_out; i++)
		burn_finish(&(*burns_out)[i]);
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

enum err history_age(struct ctx *ctx, struct pool *pool, int64_t *age_s_out)
{
	struct history_node *nodes;
	int count;
	TRY(history_nodes(ctx, pool, &nodes, &count));
	*age_s_out = -1;
	for (int i = 0; i < count; i++)
		if (*age_s_out < 0 || nodes[i].age_s < *age_s_out)
			*age_s_out = nodes[i].age_s;
	return OK;
}
