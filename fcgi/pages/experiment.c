#include "pages/experiment.h"

#include "retention/condition.h"

#include <math.h>
#include <string.h>

#define DAYS_SHOWN 120
#define CHART_WIDTH 720
#define CHART_MIDDLE 80 /* of its height */
#define CHART_REACH 72

static struct json_object *add_list(struct json_object *view, const char *name)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, name, list);
	return list;
}

const char *experiment_status(const struct req *req, const char *status, const char **class_out)
{
	static const struct { const char *status, *text, *class; } WORDS[] = {{"draft", TR("draft"), ""}, {"running", TR("running"), "applied"},
		{"stopped", TR("stopped"), "manual"}, {"promoted", TR("winner promoted"), "manual"}};
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strcmp(WORDS[i].status, status)) {
			*class_out = WORDS[i].class;
			return tr(req, WORDS[i].text);
		}
	*class_out = "";
	return status;
}

/* A difference in percentage points, with its sign. */
static const char *points(struct req *req, double difference)
{
	return arena_printf(&req->ctx.arena, "%s%s", difference > 0 ? "+" : "", page_decimal(req, 100 * difference, 1));
}

static const char *chance(struct req *req, double p)
{
	return p < 0.001 ? arena_printf(&req->ctx.arena, "< %s", page_decimal(req, 0.001, 3)) : page_decimal(req, p, 3);
}

static const char *share(struct req *req, struct arm arm)
{
	return arena_printf(&req->ctx.arena, tr(req, "%s (%s of %s)"), page_percent(req, arm.saved, arm.customers), page_number(req, arm.saved),
		page_number(req, arm.customers));
}

static void comparison_view(struct req *req, struct json_object *view, const struct comparison *against)
{
	bool enough = against->enough;
	page_text(view, "difference", enough ? points(req, against->difference) : NULL);
	page_text(view, "interval", enough ? arena_printf(&req->ctx.arena, tr(req, "%s to %s"), points(req, against->low), points(req, against->high)) : NULL);
	page_text(view, "p", enough ? chance(req, against->p) : NULL);
}

static const char *verdict_text(const struct req *req, const char *verdict)
{
	static const struct { const char *verdict, *text; } WORDS[] = {{"control", TR("what the others are compared with")},
		{"early", TR("too few customers to compare")}, {"open", TR("no difference shown so far")}, {"better", TR("better than the control")},
		{"worse", TR("worse than the control")}};
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strcmp(WORDS[i].verdict, verdict))
			return tr(req, WORDS[i].text);
	return verdict;
}

static void revenue_view(struct req *req, struct json_object *view, const struct experiment_result *result, int variant)
{
	struct json_object *list = add_list(view, "revenue");
	int64_t customers = result->outcomes[variant].customers;
	for (int row = 0; row < PQntuples(result->revenue); row++)
		if (customers && pg_number(result->revenue, row, "variant", -1) == variant)
			json_object_array_add(list, json_object_new_string(page_money(req,
				llround((double)pg_number(result->revenue, row, "net_minor", 0) / (double)customers), pg_text(result->revenue, row, "currency"))));
}

static struct json_object *variant_view(struct req *req, const struct experiment_result *result, int number, int64_t weights)
{
	const struct experiment_outcome *outcome = &result->outcomes[number];
	struct json_object *stored = json_object_array_get_idx(result->variants, (size_t)number), *view = json_object_new_object();
	const char *kind = json_text(stored, "kind", ""), *status = pg_text(result->experiment, 0, "status"), *verdict = experiment_verdict(result, number);
	json_object_object_add(view, "number", json_object_new_int(number));
	page_text(view, "name", json_text(stored, "name", ""));
	page_text(view, "flow", number ? json_text(stored, "flow_id", NULL) : pg_text(result->experiment, 0, "flow_id"));
	page_text(view, "flow_name", number ? json_text(stored, "flow_name", NULL) : pg_text(result->experiment, 0, "flow_name"));
	page_flag(view, "holdout", !strcmp(kind, "holdout"));
	page_text(view, "share", page_percent(req, json_int(stored, "weight", 0), weights));
	page_text(view, "customers", page_number(req, outcome->customers));
	page_text(view, "sessions", page_number(req, outcome->sessions));
	page_text(view, "raw", share(req, outcome->raw));
	page_text(view, "validated", share(req, outcome->validated));
	page_text(view, "waiting", page_number(req, outcome->waiting));
	page_text(view, "counted", page_number(req, outcome->counted.customers));
	json_object_object_add(view, "done", json_object_new_int64(outcome->counted.customers < result->sample ? outcome->counted.customers : result->sample));
	page_text(view, "verdict", verdict_text(req, verdict));
	page_text(view, "class", !strcmp(verdict, "better") ? "applied" : !strcmp(verdict, "worse") ? "bad" : "");
	comparison_view(req, view, &outcome->against);
	revenue_view(req, view, result, number);
	page_flag(view, "promotable", strcmp(kind, "holdout") && (!strcmp(status, "running") || !strcmp(status, "stopped")));
	page_flag(view, "winner", !strcmp(status, "promoted") && pg_number(result->experiment, 0, "winner", -1) == number);
	return view;
}

/* --- days --- */

static const struct experiment_day *days_shown(const struct experiment_result *result, int *count_out)
{
	*count_out = result->day_count < DAYS_SHOWN ? result->day_count : DAYS_SHOWN;
	return result->days + (result->day_count - *count_out);
}

/* The first day with enough customers to compare; the count when there is none. */
static int first_compared(const struct experiment_day *days, int count, int variant)
{
	int first = 0;
	while (first < count && !days[first].against[variant].enough)
		first++;
	return first;
}

static double reach(const struct experiment_day *days, int first, int count, int variant)
{
	double most = 0.01;
	for (int i = first; i < count; i++)
		most = fmax(most, fmax(fabs(days[i].against[variant].low), fabs(days[i].against[variant].high)));
	return most;
}

static void point_add(struct buffer *path, int at, int count, double value, double most)
{
	buffer_printf(path, "%s%.1f %.1f", path->length ? "L" : "M", (double)CHART_WIDTH * at / (count - 1), CHART_MIDDLE - CHART_REACH * value / most);
}

static void page_buffer(struct json_object *view, const char *name, struct buffer *text)
{
	page_text(view, name, text->data);
	buffer_free(text);
}

/* Band and line of the difference; with less than two days there is nothing to draw. */
static void chart_view(struct req *req, struct json_object *view, const struct experiment_result *result, int variant)
{
	int all, first, count;
	const struct experiment_day *days = days_shown(result, &all);
	struct buffer line = {0}, band = {0};
	first = first_compared(days, all, variant);
	count = all - first;
	if (count < 2)
		return;
	double most = reach(days, first, all, variant);
	for (int i = 0; i < count; i++) {
		const struct comparison *against = &days[first + i].against[variant];
		point_add(&line, i, count, against->difference, most);
		point_add(&band, i, count, against->high, most);
	}
	for (int i = count - 1; i >= 0; i--)
		point_add(&band, i, count, days[first + i].against[variant].low, most);
	buffer_char(&band, 'Z');
	struct json_object *chart = json_object_new_object();
	page_buffer(chart, "line", &line);
	page_buffer(chart, "band", &band);
	page_text(chart, "first", page_day(req, days[first].day));
	page_text(chart, "last", page_day(req, days[all - 1].day));
	page_text(chart, "most", page_decimal(req, 100 * most, 1));
	json_object_object_add(view, "chart", chart);
}

static void days_view(struct req *req, struct json_object *view, const struct experiment_result *result, int variant)
{
	struct json_object *list = add_list(view, "days");
	int count;
	const struct experiment_day *days = days_shown(result, &count);
	for (int i = count - 1; i >= 0; i--) {
		struct json_object *item = json_object_new_object();
		page_text(item, "day", days[i].day);
		page_text(item, "day_text", page_day(req, days[i].day));
		page_text(item, "control", share(req, days[i].counted[0]));
		page_text(item, "variant", share(req, days[i].counted[variant]));
		comparison_view(req, item, &days[i].against[variant]);
		json_object_array_add(list, item);
	}
	page_flag(view, "any_days", count > 0);
}

/* --- the whole --- */

static void condition_view(struct req *req, struct json_object *view, const char *condition)
{
	struct json_object *parsed;
	struct buffer words = {0};
	if (!condition || json_read(&req->ctx, condition, strlen(condition), JSON_DEPTH, &parsed) != OK)
		return;
	condition_words(parsed, req_language(req), &words);
	page_buffer(view, "condition", &words);
}

static void facts_view(struct req *req, struct json_object *view, const struct experiment_result *result)
{
	static const char *const TEXTS[] = {"id", "name", "hypothesis", "status", "flow_id", "flow_name", "version"};
	const PGresult *row = result->experiment;
	const char *status = pg_text(row, 0, "status"), *class;
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		page_text(view, TEXTS[i], pg_text(row, 0, TEXTS[i]));
	page_text(view, "status_text", experiment_status(req, status, &class));
	page_text(view, "status_class", class);
	page_flag(view, status, true);
	condition_view(req, view, pg_text(row, 0, "condition"));
	page_stamp(req, view, "started", pg_text(row, 0, "started_at"));
	page_stamp(req, view, "stopped_at", pg_text(row, 0, "stopped_at"));
	page_flag(view, "validated", result->validated);
	page_text(view, "effect", page_number(req, pg_number(row, 0, "minimum_effect", 0)));
	page_text(view, "sample", page_number(req, result->sample));
	json_object_object_add(view, "sample_number", json_object_new_int64(result->sample));
	page_text(view, "baseline", arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, 100 * result->baseline, 1)));
	page_flag(view, "assumed", result->assumed);
	page_text(view, "least", page_number(req, SEQUENTIAL_LEAST));
	page_text(view, "comparisons", result->count > 2 ? page_number(req, result->count - 1) : NULL);
	page_flag(view, "split_bad", result->split_bad);
	page_text(view, "split_p", chance(req, result->split_p));
}

void experiment_view(struct req *req, struct json_object *view, const struct experiment_result *result)
{
	struct json_object *variants = add_list(view, "variants"), *rivals = add_list(view, "rivals");
	int64_t weights = 0;
	facts_view(req, view, result);
	for (int i = 0; i < result->count; i++)
		weights += json_int(json_object_array_get_idx(result->variants, (size_t)i), "weight", 0);
	for (int i = 0; i < result->count; i++) {
		struct json_object *variant = variant_view(req, result, i, weights);
		json_object_array_add(variants, variant);
		if (i == 0)
			continue;
		chart_view(req, variant, result, i);
		days_view(req, variant, result, i);
		json_object_array_add(rivals, json_object_get(variant));
	}
}
