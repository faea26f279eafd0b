#include "pages/chart.h"
#include "pages/page.h"

#include "base/clock.h"
#include "job/policies.h"
#include "observe/bound.h"
#include "observe/history.h"
#include "operate/operate.h"
#include "web/budget.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct slo_input {
	const char *range, *class, *route;
};

static const struct field PAGE_INPUT[] = {
	INPUT(struct slo_input, range, "range", IN_QUERY, FIELD_ENUM, .choices = HISTORY_RANGES, .doc = "how far back, " HISTORY_RANGE_USUAL " unless given"),
	INPUT(struct slo_input, class, "class", IN_QUERY, FIELD_TEXT, .least = 1, .most = 32, .doc = "the class that is drawn; the busiest unless given"),
	INPUT(struct slo_input, route, "route", IN_QUERY, FIELD_TEXT, .least = 1, .most = 192, .doc = "a route that is drawn in its place, as GET /api/v1/…"),
	FIELD_END};

static const char *range_label(const struct req *req, const char *name)
{
	static const char *const LABELS[][2] = {{"1h", TR("1 hour")}, {"24h", TR("24 hours")}, {"7d", TR("7 days")}, {"30d", TR("30 days")}};
	for (size_t i = 0; i < sizeof LABELS / sizeof *LABELS; i++)
		if (!strcmp(LABELS[i][0], name))
			return tr(req, LABELS[i][1]);
	return name;
}

/* What the page is made of. */
struct slo_page {
	struct req *req;
	const struct history_range *range;
	const char *class, *route; /* drawn; route may be NULL */
	struct json_object *view;
	struct history_row *rows;  /* of the range, all kinds */
	struct history_burn *burns;
	int row_count, burn_count;
	bool stale;                /* nobody writes the history any more */
};

static const char *share_text(struct req *req, double share, int digits)
{
	return arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, 100 * share, digits));
}

static const char *ms_text(struct req *req, int64_t us)
{
	return us == INT64_MAX ? "> 65 s" : us ? arena_printf(&req->ctx.arena, "%s ms", page_decimal(req, (double)us / 1000, us < 100000)) : "–";
}

static const char *span_text(struct req *req, double seconds)
{
	static const struct { double seconds; const char *unit; } UNITS[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;
	while (i < 3 && seconds < 2 * UNITS[i].seconds)
		i++;
	return arena_printf(&req->ctx.arena, "%s %s", page_number(req, (int64_t)(seconds / UNITS[i].seconds)), UNITS[i].unit);
}

static struct json_object *list_add(struct slo_page *page, const char *name)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(page->view, name, list);
	return list;
}

/* The next row of a kind, from *at; NULL: there is none. */
static const struct history_row *row_next(const struct slo_page *page, const char *kind, int *at)
{
	while (*at < page->row_count && strcmp(page->rows[*at].kind, kind))
		++*at;
	return *at < page->row_count ? &page->rows[(*at)++] : NULL;
}

static const struct history_row *row_of(const struct slo_page *page, const char *kind, const char *key)
{
	const struct history_row *row;
	for (int at = 0; (row = row_next(page, kind, &at));)
		if (!strcmp(row->key, key))
			return row;
	return NULL;
}

static const char *link_to(const struct slo_page *page, const char *range, const char *name, const char *value)
{
	struct buffer link = {0};
	buffer_printf(&link, "/slo?range=%s", range);
	if (value) {
		buffer_printf(&link, "&%s=", name);
		buffer_url(&link, value, strlen(value));
	}
	const char *text = arena_memdup(&page->req->ctx.arena, link.data, link.length);
	buffer_free(&link);
	return text;
}

/* --- objectives --- */

static const struct history_burn *burn_of(const struct slo_page *page, const char *kind, const char *key)
{
	for (int i = 0; i < page->burn_count; i++)
		if (!strcmp(page->burns[i].kind, kind) && !strcmp(page->burns[i].key, key))
			return &page->burns[i];
	return NULL;
}

static void burn_view(const struct slo_page *page, const struct history_burn *burn, struct json_object *view)
{
	struct req *req = page->req;
	bool called = false, ticket = false;
	for (int i = 0; i < BURN_ALERTS; i++)
		*(BURN_ALERT[i].page ? &called : &ticket) |= burn->fires[i];
	page_text(view, "available", share_text(req, burn->availability, 2));
	page_text(view, "left", share_text(req, burn->left, 1));
	page_text(view, "left_meter", chart_meter(&req->ctx, burn->left > 0.25 ? "accepted" : "cancels", fmax(burn->left, 0), 1, 1));
	page_text(view, "hour", page_decimal(req, burn->windows[WINDOW_1H].rate, 1));
	page_text(view, "quarter", page_decimal(req, burn->windows[WINDOW_6H].rate, 1));
	page_text(view, "days", page_decimal(req, burn->windows[WINDOW_3D].rate, 1));
	page_text(view, "lasts", burn->lasts_s <= 0 ? NULL : span_text(req, burn->lasts_s));
	page_flag(view, "spent", burn->left <= 0);
	page_flag(view, "called", called);
	page_flag(view, "ticket", ticket && !called);
	page_flag(view, "well", !called && !ticket && burn->left > 0 && !page->stale);
}

static void target_view(struct req *req, const struct target *target, struct json_object *view)
{
	page_text(view, "class", target->text);
	page_text(view, "objective", arena_printf(&req->ctx.arena, tr(req, "%s %% within %d ms"), page_decimal(req, 100 * target->objective, 2), target->goal_ms));
	page_text(view, "away", page_decimal(req, burn_downtime_s(target->objective) / 60, 1));
	page_text(view, "source", target->source);
}

static void times_view(struct req *req, const struct history_row *row, const struct target *target, struct json_object *view)
{
	page_text(view, "p50", ms_text(req, row->p50_us));
	page_text(view, "p95", ms_text(req, row->p95_us));
	page_text(view, "p99", ms_text(req, row->p99_us));
	page_flag(view, "p95_over", target && target->p95_ms && row->p95_us > (int64_t)target->p95_ms * 1000);
	page_flag(view, "p99_over", target && target->p99_ms && row->p99_us > (int64_t)target->p99_ms * 1000);
}

static void add_classes(struct slo_page *page)
{
	struct req *req = page->req;
	struct json_object *list = list_add(page, "classes");
	for (int i = 0; i < page->burn_count; i++) {
		const struct history_burn *burn = &page->burns[i];
		if (strcmp(burn->kind, "class") != 0)
			continue;
		struct json_object *view = json_object_new_object();
		const struct history_row *row = row_of(page, "class", burn->key);
		target_view(req, burn->target, view);
		burn_view(page, burn, view);
		page_text(view, "link", link_to(page, page->range->name, "class", burn->key));
		page_flag(view, "shown", !page->route && page->class && !strcmp(page->class, burn->key));
		page_text(view, "requests", page_number(req, row ? row->count : 0));
		times_view(req, row ? row : &(struct history_row){0}, burn->target, view);
		json_object_array_add(list, view);
	}
}

/* --- charts --- */

struct drawing {
	const char *id, *title, *note;
	const struct chart_series *series;
	int series_count;
	bool columns;
};

static const char *time_label(const struct slo_page *page, int64_t at_s)
{
	int64_t days = at_s / 86400, year;
	int month, day;
	date_of(days, &year, &month, &day);
	return page_time(page->req, arena_printf(&page->req->ctx.arena, "%04lld-%02d-%02d %02d:%02d:00+00", (long long)year, month, day,
		(int)(at_s % 86400 / 3600), (int)(at_s % 3600 / 60)));
}

/* values: point by point, series by series; the table beside the picture has a row for each that has seen something. */
static void draw(const struct slo_page *page, const struct drawing *drawing, const struct history_row *rows, int count, const double *values,
	const char *const *texts, struct json_object *list)
{
	struct ctx *ctx = &page->req->ctx;
	struct json_object *view = json_object_new_object(), *legend = json_object_new_array(), *lines = json_object_new_array();
	const char **labels = arena_array(&ctx->arena, (size_t)count, sizeof *labels);
	for (int i = 0; i < count; i++) {
		labels[i] = time_label(page, rows[i].at_s);
		if (!rows[i].count)
			continue;
		struct json_object *line = json_object_new_object(), *cells = json_object_new_array();
		page_text(line, "time", labels[i]);
		for (int series = 0; series < drawing->series_count; series++)
			json_object_array_add(cells, json_object_new_string(texts[i * drawing->series_count + series]));
		json_object_object_add(line, "cells", cells);
		json_object_array_add(lines, line);
	}
	for (int series = 0; series < drawing->series_count; series++) {
		struct json_object *one = json_object_new_object();
		page_text(one, "series", drawing->series[series].name);
		page_text(one, "label", drawing->series[series].label);
		json_object_array_add(legend, one);
	}
	const struct chart chart = {.title = drawing->title, .description = drawing->note, .series = drawing->series, .series_count = drawing->series_count,
		.points = count, .labels = labels, .texts = texts, .values = values};
	page_text(view, "id", drawing->id);
	page_text(view, "title", drawing->title);
	page_text(view, "note", drawing->note);
	page_text(view, "svg", (drawing->columns ? chart_columns : chart_lines)(ctx, &chart));
	page_text(view, "first", count ? labels[0] : "");
	page_text(view, "last", count ? labels[count - 1] : "");
	json_object_object_add(view, "legend", legend);
	json_object_object_add(view, "lines", lines);
	json_object_array_add(list, view);
}

static void draw_times(const struct slo_page *page, const struct target *target, const struct history_row *rows, int count, struct json_object *list)
{
	struct req *req = page->req;
	const struct chart_series series[] = {{"quiet", "p50"}, {"one", "p95"}, {"two", "p99"}, {"cancels", tr(req, "Target of p95")}};
	double *values = arena_array(&req->ctx.arena, (size_t)count * 4, sizeof *values);
	const char **texts = arena_array(&req->ctx.arena, (size_t)count * 4, sizeof *texts);
	for (int i = 0; i < count; i++) {
		const int64_t us[] = {rows[i].p50_us, rows[i].p95_us, rows[i].p99_us, (int64_t)target->p95_ms * 1000};
		for (int at = 0; at < 4; at++) {
			values[i * 4 + at] = us[at] && us[at] != INT64_MAX ? (double)us[at] / 1000 : NAN;
			texts[i * 4 + at] = ms_text(req, us[at]);
		}
	}
	draw(page, &(struct drawing){"times", tr(req, "Duration"), arena_printf(&req->ctx.arena, tr(req, "p50, p95 and p99 of %s in milliseconds"),
		page->route ? page->route : page->class), series, 4, false}, rows, count, values, texts, list);
}

static void draw_requests(const struct slo_page *page, const struct history_row *rows, int count, struct json_object *list)
{
	struct req *req = page->req;
	const struct chart_series series[] = {{"accepted", tr(req, "Good")}, {"two", tr(req, "Slow")}, {"cancels", tr(req, "Failed")}};
	double *values = arena_array(&req->ctx.arena, (size_t)count * 3, sizeof *values);
	const char **texts = arena_array(&req->ctx.arena, (size_t)count * 3, sizeof *texts);
	for (int i = 0; i < count; i++) {
		double failed = fmin((double)rows[i].failed, (double)rows[i].count), slow = fmin(rows[i].slow, (double)rows[i].count - failed);
		const double parts[] = {(double)rows[i].count - failed - slow, slow, failed};
		for (int at = 0; at < 3; at++) {
			values[i * 3 + at] = parts[at];
			texts[i * 3 + at] = page_number(req, (int64_t)llround(parts[at]));
		}
	}
	draw(page, &(struct drawing){"requests", tr(req, "Requests"), arena_printf(&req->ctx.arena,
		tr(req, "Requests of %s: good ones, slow ones that took longer than the goal, failed ones"), page->route ? page->route : page->class), series, 3, true},
		rows, count, values, texts, list);
}

/* Every point of the range, also those that saw nothing, so that a gap is one. */
static struct history_row *points_of(struct slo_page *page, const struct history_row *rows, int *count)
{
	int64_t step_s = page->range->step_s, last = clock_wall_s() / step_s;
	int many = (int)(page->range->seconds / step_s) + 1;
	/* The database has a clock of its own. */
	if (last < rows[*count - 1].at_s / step_s)
		last = rows[*count - 1].at_s / step_s;
	struct history_row *points = arena_array(&page->req->ctx.arena, (size_t)many, sizeof *points);
	for (int i = 0; i < many; i++)
		points[i] = (struct history_row){.at_s = (last - many + 1 + i) * step_s};
	for (int i = 0; i < *count; i++) {
		int64_t place = rows[i].at_s / step_s - (last - many + 1);
		if (place >= 0)
			points[place] = rows[i];
	}
	*count = many;
	return points;
}

static enum err add_charts(struct slo_page *page)
{
	struct history_row *rows;
	int count;
	struct json_object *list = list_add(page, "charts");
	const char *kind = page->route ? "route" : "class", *key = page->route ? page->route : page->class;
	if (!key)
		return OK;
	TRY(history_rows(&page->req->ctx, page->req->house.pool, kind, key, page->range->seconds, page->range->step_s, &rows, &count));
	const struct target *target = count ? target_named(rows[0].class) : NULL;
	if (!target)
		return OK;
	rows = points_of(page, rows, &count);
	page_text(page->view, "drawn", key);
	draw_requests(page, rows, count, list);
	draw_times(page, target, rows, count, list);
	return OK;
}

/* --- routes --- */

struct peaks {
	struct req *req;
	struct json_object *views; /* by route */
};

static void peak_add(void *argument, const struct budget_use *use)
{
	struct peaks *peaks = argument;
	struct req *req = peaks->req;
	struct json_object *view;
	char key[192];
	snprintf(key, sizeof key, "%s %s", use->method, use->route);
	if (!json_object_object_get_ex(peaks->views, key, &view)) {
		view = json_object_new_object();
		json_object_object_add(peaks->views, key, view);
	}
	bool bytes = use->budget == BUDGET_BYTES || use->budget == BUDGET_MEMORY;
	page_text(view, budget_text(use->budget), bytes ? arena_printf(&req->ctx.arena, "%s KB", page_decimal(req, (double)use->peak / 1024, 1)) : page_number(req, use->peak));
	page_text(view, arena_printf(&req->ctx.arena, "%s_most", budget_text(use->budget)),
		bytes ? arena_printf(&req->ctx.arena, "%s KB", page_number(req, use->most / 1024)) : page_number(req, use->most));
	page_flag(view, arena_printf(&req->ctx.arena, "%s_over", budget_text(use->budget)), use->peak >= use->most);
}

static void add_routes(struct slo_page *page)
{
	struct req *req = page->req;
	const struct history_row *row;
	struct json_object *list = list_add(page, "routes"), *found;
	struct peaks peaks = {req, json_own(&req->ctx, json_object_new_object())};
	budget_each(peak_add, &peaks);
	for (int at = 0; (row = row_next(page, "route", &at));) {
		struct json_object *view = json_object_new_object();
		const struct history_burn *burn = burn_of(page, "route", row->key);
		const struct target *target = target_named(row->class);
		page_text(view, "route", row->key);
		page_text(view, "class", row->class);
		page_text(view, "link", link_to(page, page->range->name, "route", row->key));
		page_text(view, "rate", page_decimal(req, (double)row->count / (double)page->range->seconds, 2));
		page_text(view, "requests", page_number(req, row->count));
		page_text(view, "failed", page_percent(req, row->failed, row->count));
		page_text(view, "refused", page_percent(req, row->refused, row->count));
		page_flag(view, "failing", (double)row->failed > bound_of(BOUND_SERVER_ERRORS)->alert * (double)row->count);
		times_view(req, row, target, view);
		if (burn)
			burn_view(page, burn, view);
		if (json_object_object_get_ex(peaks.views, row->key, &found)) {
			json_object_object_foreach(found, name, value)
				json_object_object_add(view, name, json_object_get(value));
		}
		json_object_array_add(list, view);
	}
}

/* --- pool, cache, queues, statements, overload --- */

static void add_pools(struct slo_page *page)
{
	struct req *req = page->req;
	const struct history_row *row;
	struct json_object *list = list_add(page, "pools");
	for (int at = 0; (row = row_next(page, "pool", &at));) {
		struct json_object *view = json_object_new_object();
		double use = row->most ? (double)row->level / (double)row->most : 0;
		page_text(view, "program", row->key);
		page_text(view, "used", page_number(req, row->level));
		page_text(view, "size", page_number(req, row->most));
		page_text(view, "use", page_percent(req, row->level, row->most));
		page_flag(view, "use_over", use > bound_of(BOUND_POOL_USE)->alert);
		page_text(view, "waits", page_number(req, row->count));
		page_text(view, "p95", ms_text(req, row->p95_us));
		page_flag(view, "wait_over", (double)row->p95_us > bound_of(BOUND_POOL_WAIT)->alert * 1e6);
		json_object_array_add(list, view);
	}
	page_text(page->view, "pool_use", bound_text(&req->ctx, UNIT_SHARE, bound_of(BOUND_POOL_USE)->alert));
	page_text(page->view, "pool_wait", bound_text(&req->ctx, UNIT_SECONDS, bound_of(BOUND_POOL_WAIT)->alert));
}

static void add_caches(struct slo_page *page)
{
	struct req *req = page->req;
	const struct history_row *row;
	struct json_object *list = list_add(page, "caches");
	for (int at = 0; (row = row_next(page, "cache", &at));) {
		struct json_object *view = json_object_new_object();
		const struct hit_target *target = hit_target_of(row->key);
		int64_t hits = row->count - row->failed;
		page_text(view, "space", row->key);
		page_text(view, "type", target ? target->type : "–");
		page_text(view, "lookups", page_number(req, row->count));
		page_text(view, "rate", page_percent(req, hits, row->count));
		page_text(view, "target", target ? share_text(req, target->share, 0) : "–");
		page_flag(view, "below", target && (double)hits < target->share * (double)row->count);
		json_object_array_add(list, view);
	}
}

static void add_queues(struct slo_page *page)
{
	struct req *req = page->req;
	struct json_object *list = list_add(page, "queues");
	for (enum job_queue queue = JOB_HIGH; queue < JOB_QUEUES; queue++) {
		const struct job_depth_target *depth = &JOB_DEPTH_TARGET[queue];
		const struct history_row *found = row_of(page, "queue", depth->queue), *row = found ? found : &(struct history_row){0};
		struct json_object *view = json_object_new_object();
		page_text(view, "queue", depth->queue);
		page_text(view, "due", page_number(req, row->level));
		page_text(view, "target", page_number(req, depth->target));
		page_text(view, "alert_at", page_number(req, depth->alert));
		page_text(view, "oldest", span_text(req, (double)row->most));
		page_flag(view, operate_depth(queue, row->level), true);
		json_object_array_add(list, view);
	}
}

static void add_jobs(struct slo_page *page)
{
	struct req *req = page->req;
	const struct history_row *row;
	struct json_object *list = list_add(page, "jobs");
	for (int at = 0; (row = row_next(page, "job", &at));) {
		struct json_object *view = json_object_new_object();
		struct job_target target = job_target_of(row->key);
		int64_t done = row->count - row->failed;
		page_text(view, "kind", row->key);
		page_text(view, "type", target.type ? target.type : "–");
		page_text(view, "ended", page_number(req, row->count));
		page_text(view, "failed", page_number(req, row->failed));
		page_text(view, "rate", page_percent(req, done, row->count));
		page_text(view, "target", share_text(req, target.share, 0));
		page_flag(view, "below", (double)done < target.share * (double)row->count);
		json_object_array_add(list, view);
	}
	page_flag(page->view, "any_jobs", json_object_array_length(list) > 0);
}

/* A list of keys with their counts, and the times where there are some. */
static void add_counts(struct slo_page *page, const char *kind, const char *name)
{
	struct req *req = page->req;
	const struct history_row *row;
	struct json_object *list = list_add(page, name);
	for (int at = 0; (row = row_next(page, kind, &at));) {
		struct json_object *view = json_object_new_object();
		page_text(view, "key", row->key);
		page_text(view, "count", page_number(req, row->count));
		page_text(view, "p95", ms_text(req, row->p95_us));
		page_text(view, "p99", ms_text(req, row->p99_us));
		json_object_array_add(list, view);
	}
}

/* --- the page --- */

static void add_ranges(const struct slo_page *page)
{
	struct json_object *list = json_object_new_array();
	const char *name = page->route ? "route" : "class", *value = page->route ? page->route : ((const struct slo_input *)page->req->input)->class;
	json_object_object_add(page->view, "ranges", list);
	for (const struct history_range *range = HISTORY_RANGE; range->name; range++) {
		struct json_object *one = json_object_new_object();
		page_text(one, "label", range_label(page->req, range->name));
		page_text(one, "link", link_to(page, range->name, name, value));
		page_flag(one, "current", range == page->range);
		json_object_array_add(list, one);
	}
}

static enum err add_nodes(struct slo_page *page)
{
	struct req *req = page->req;
	struct history_node *nodes;
	int count;
	struct json_object *list = list_add(page, "nodes");
	TRY(history_nodes(&req->ctx, req->house.pool, &nodes, &count));
	page_flag(page->view, "sampled", count > 0);
	page->stale = count > 0;
	for (int i = 0; i < count; i++) {
		page->stale = page->stale && nodes[i].age_s > HISTORY_STALE_S;
		struct json_object *one = json_object_new_object();
		page_text(one, "name", nodes[i].name);
		page_stamp(req, one, "at", nodes[i].sampled_at);
		json_object_array_add(list, one);
	}
	return OK;
}

static void choose_class(struct slo_page *page)
{
	const struct history_row *row, *busiest = NULL;
	for (int at = 0; !page->class && !page->route && (row = row_next(page, "class", &at));)
		if (!busiest || row->count > busiest->count)
			busiest = row;
	if (busiest)
		page->class = busiest->key;
}

static enum err add_parts(struct slo_page *page)
{
	struct ctx *ctx = &page->req->ctx;
	struct pool *pool = page->req->house.pool;
	TRY(history_rows(ctx, pool, NULL, NULL, page->range->seconds, 0, &page->rows, &page->row_count));
	TRY(history_burns(ctx, pool, NULL, &page->burns, &page->burn_count));
	choose_class(page);
	TRY(add_charts(page));
	add_classes(page);
	add_routes(page);
	add_pools(page);
	add_caches(page);
	add_queues(page);
	add_jobs(page);
	add_counts(page, "query", "queries");
	add_counts(page, "slow-query", "slow_queries");
	add_counts(page, "shed", "sheds");
	add_counts(page, "brownout", "brownouts");
	page_flag(page->view, "any_overload", row_next(page, "shed", &(int){0}) || row_next(page, "brownout", &(int){0}));
	return OK;
}

static enum err slo_page_show(struct req *req, struct rep *rep)
{
	const struct slo_input *in = req->input;
	struct slo_page page = {.req = req, .range = history_range(in->range), .class = in->class, .route = in->route, .view = page_view(req)};
	if (in->class && !target_named(in->class))
		return fail_field(&req->ctx, ERR_INVALID, "class", "There is no such class");
	TRY(add_nodes(&page));
	TRY(add_parts(&page));
	add_ranges(&page);
	page_flag(page.view, "stale", page.stale);
	page_text(page.view, "range_label", range_label(req, page.range->name));
	return page_show(req, rep, "slo", "SLO", page.view);
}

const struct route SLO_ROUTES[] = {
	{METHOD_GET, "/slo", ACCESS_PAGE, .permission = PERMIT_OPS_READ, .class = CLASS_PAGE, .input = PAGE_INPUT, .input_size = sizeof(struct slo_input),
		.run = slo_page_show, .shape = REPLY_PAGE, .doc = "Objectives and error budgets, rates, errors and durations, pools, caches and queues over time"},
	ROUTE_END};
