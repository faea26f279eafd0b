#include "prometheus.h"

#include "base/buffer.h"
#include "observe/burn.h"
#include "text/json.h"
#include "web/target.h"

#include <string.h>

#define AT "25m"

/* The text with what stands between {{ and }} as the alert's test says it. */
static const char *expand(struct ctx *ctx, const char *text, const struct alert *alert)
{
	struct buffer out = {0};
	for (const char *at; (at = strstr(text, "{{")); text = strstr(at, "}}") + 2) {
		static const char LABEL[] = "$labels.";
		const char *end = strstr(at, "}}"), *label = strstr(at, LABEL);
		buffer_add(&out, text, (size_t)(at - text));
		if (!label || label > end) {
			buffer_text(&out, alert->value);
			continue;
		}
		label += strlen(LABEL);
		size_t length = strcspn(label, " }");
		for (const char *pair = alert->labels; pair && *pair; pair += strcspn(pair, ","), pair += *pair == ',')
			if (!strncmp(pair, label, length) && pair[length] == '=')
				buffer_add(&out, pair + length + 1, strcspn(pair + length + 1, ","));
	}
	buffer_text(&out, text);
	const char *all = arena_strdup(&ctx->arena, out.data);
	buffer_free(&out);
	return all;
}

static struct json_object *expected(struct ctx *ctx, const struct alert *alert)
{
	struct json_object *one = json_object_new_object();
	json_object_object_add(one, "exp_labels", prometheus_labels(ctx, alert, true));
	json_object_object_add(one, "exp_annotations", prometheus_object("summary", expand(ctx, alert->summary, alert), "description",
		expand(ctx, alert->description, alert), "source", alert->source, NULL));
	return one;
}

static struct json_object *list_of(struct json_object *object, const char *name)
{
	struct json_object *list;
	if (!json_object_object_get_ex(object, name, &list)) {
		list = json_object_new_array();
		json_object_object_add(object, name, list);
	}
	return list;
}

static void add_series(struct json_object *test, const struct alert *alert, bool fires)
{
	struct json_object *list = list_of(test, "input_series");
	for (int i = 0; i < ALERT_SERIES && alert->series[i].name; i++) {
		bool there = false;
		for (size_t at = 0; at < json_object_array_length(list); at++)
			there = there || !strcmp(json_text(json_object_array_get_idx(list, at), "series", ""), alert->series[i].name);
		if (!there)
			json_object_array_add(list, prometheus_object("series", alert->series[i].name, "values",
				fires ? alert->series[i].fires : alert->series[i].calm, NULL));
	}
}

static struct json_object *case_of(struct json_object *test, const char *name, const char *at)
{
	struct json_object *list = list_of(test, "alert_rule_test");
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!strcmp(json_text(json_object_array_get_idx(list, i), "alertname", ""), name))
			return json_object_array_get_idx(list, i);
	struct json_object *one = prometheus_object("eval_time", at, "alertname", name, NULL);
	json_object_array_add(list, one);
	list_of(one, "exp_alerts");
	return one;
}

static struct json_object *test_begin(struct json_object *tests, const char *name)
{
	struct json_object *test = prometheus_object("interval", "1m", "name", name, NULL);
	json_object_array_add(tests, test);
	return test;
}

/* Shares of everything, whose values other series would change. */
static bool alone(const struct alert *alert)
{
	return !strcmp(alert->group, "stoa_errors") || !strcmp(alert->group, "stoa_cache");
}

/* promtool reads all rules again for each test, so that few are made. group NULL: of all that need no test of their own. */
static void add_fires(struct ctx *ctx, struct json_object *tests, const struct alert *alerts, int count, const char *group)
{
	struct json_object *test = test_begin(tests, arena_printf(&ctx->arena, "%s fires", group ? group : "everything else"));
	for (int i = 0; i < count; i++) {
		if (group ? strcmp(alerts[i].group, group) : alone(&alerts[i]))
			continue;
		add_series(test, &alerts[i], true);
		json_object_array_add(list_of(case_of(test, alerts[i].name, AT), "exp_alerts"), expected(ctx, &alerts[i]));
	}
}

static void add_calm(struct json_object *tests, const struct alert *alerts, int count)
{
	struct json_object *test = test_begin(tests, "nothing fires");
	for (int i = 0; i < count; i++) {
		add_series(test, &alerts[i], false);
		case_of(test, alerts[i].name, AT);
	}
}

/* --- one class's budget, in finer steps --- */

/* Requests of the widget, whose objective is 99.5 %: 1 % bad ones burn at 2x, 3.5 % at 7x, 10 % at 20x. */
static const struct step {
	const char *name, *all, *fast, *failed, *at, *value;
	int checked; /* alerts of BURN_ALERT, from the first */
	bool holds[BURN_ALERTS];
} STEPS[] = {
	{"a budget that burns at 2x makes a ticket", "0+10000x90", "0+9900x90", "0x90", "30m", "1%", BURN_ALERTS, {false, false, true}},
	{"a budget that burns at 7x calls somebody", "0+10000x90", "0+9650x90", "0x90", "30m", "3.5%", BURN_ALERTS, {false, true, true}},
	{"failed requests burn a budget, though no time was taken", "0+10000x90", "0+10000x90", "0+1000x90", "30m", "9.091%", BURN_ALERTS, {true, true, true}},
	{"a trouble that has ended calls nobody any more", "0+10000x90", "0+5000x30 160000+10000x60", "0x90", "40m", "", 1, {false}},
	{"three bad requests of a few call nobody", "0+0.5x90", "0+0.5x90", "0x80 1 2 3x7", "85m", "", 1, {false}},
	{"no traffic, no alert", "5x90", "5x90", "5x90", "30m", "", BURN_ALERTS, {false}},
};

#define WIDGET "route=\"/api/v1/widget/start\",method=\"POST\""
#define CLASS "widget"

static const struct alert *burn_of(const struct alert *alerts, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(alerts[i].name, name) && !strcmp(alerts[i].labels, "class=" CLASS))
			return &alerts[i];
	return NULL;
}

static const char *bucket_name(struct ctx *ctx, int64_t us)
{
	return arena_printf(&ctx->arena, "stoa_http_request_duration_seconds_bucket{" WIDGET ",class=\"" CLASS "\",le=\"%lld.%06d\"}",
		(long long)(us / 1000000), (int)(us % 1000000));
}

static void add_step(struct ctx *ctx, struct json_object *tests, const struct alert *alerts, int count, const struct step *step)
{
	struct json_object *test = test_begin(tests, step->name), *list = list_of(test, "input_series");
	int64_t low_us, high_us;
	prometheus_bounds((int64_t)target_of(CLASS_WIDGET)->goal_ms * 1000, &low_us, &high_us);
	const struct { const char *series, *values; } SERIES[] = {
		{"stoa_http_request_duration_seconds_count{" WIDGET ",class=\"" CLASS "\"}", step->all},
		{"stoa_http_request_duration_seconds_count{" WIDGET ",class=\"formerly\"}", "700x90"},
		{bucket_name(ctx, low_us), step->fast},
		{bucket_name(ctx, high_us), step->fast},
		{"stoa_http_requests_total{" WIDGET ",status=\"2xx\"}", step->all},
		{"stoa_http_requests_total{" WIDGET ",status=\"5xx\"}", step->failed}};
	for (size_t i = 0; i < sizeof SERIES / sizeof *SERIES; i++)
		json_object_array_add(list, prometheus_object("series", SERIES[i].series, "values", SERIES[i].values, NULL));
	for (int i = 0; i < step->checked; i++) {
		struct json_object *one = case_of(test, BURN_ALERT[i].name, step->at);
		const struct alert *found = burn_of(alerts, count, BURN_ALERT[i].name);
		if (!step->holds[i] || !found)
			continue;
		struct alert alert = *found;
		alert.value = step->value;
		json_object_array_add(list_of(one, "exp_alerts"), expected(ctx, &alert));
	}
}

struct json_object *prometheus_tests(struct ctx *ctx)
{
	struct json_object *tree = prometheus_object("evaluation_interval", "5m", NULL);
	json_object_array_add(list_of(tree, "rule_files"), json_object_new_string("stoa.rules.yml"));
	struct alert *alerts = arena_array(&ctx->arena, ALERTS_MOST, sizeof *alerts);
	int count = prometheus_alerts(ctx, alerts);
	struct json_object *order = list_of(tree, "group_eval_order");
	json_object_array_add(order, json_object_new_string(PROMETHEUS_RECORD));
	json_object_array_add(order, json_object_new_string(PROMETHEUS_RECORD_LONG));
	for (int i = 0; i < count; i++)
		if (!i || strcmp(alerts[i].group, alerts[i - 1].group))
			json_object_array_add(order, json_object_new_string(alerts[i].group));
	struct json_object *tests = list_of(tree, "tests");
	add_calm(tests, alerts, count);
	for (int i = 0; i < count; i++)
		if (alone(&alerts[i]) && (!i || strcmp(alerts[i].group, alerts[i - 1].group)))
			add_fires(ctx, tests, alerts, count, alerts[i].group);
	add_fires(ctx, tests, alerts, count, NULL);
	for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
		add_step(ctx, tests, alerts, count, &STEPS[i]);
	return tree;
}
