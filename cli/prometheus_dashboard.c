#include "prometheus.h"

#include "web/target.h"

#include <string.h>

/* --- Alertmanager --- */

static struct json_object *list_with(struct json_object *value)
{
	struct json_object *list = json_object_new_array();
	json_object_array_add(list, value);
	return list;
}

static struct json_object *texts(const char *const *all)
{
	struct json_object *list = json_object_new_array();
	for (; *all; all++)
		json_object_array_add(list, json_object_new_string(*all));
	return list;
}

static struct json_object *inhibit(const char *source, const char *target, const char *const *equal)
{
	struct json_object *rule = json_object_new_object();
	json_object_object_add(rule, "source_matchers", list_with(json_object_new_string(source)));
	json_object_object_add(rule, "target_matchers", list_with(json_object_new_string(target)));
	json_object_object_add(rule, "equal", texts(equal));
	return rule;
}

static struct json_object *receiver(const char *name, const char *address)
{
	struct json_object *one = prometheus_object("name", name, NULL), *mail = prometheus_object("to", address, NULL);
	json_object_object_add(mail, "send_resolved", json_object_new_boolean(true));
	json_object_object_add(one, "email_configs", list_with(mail));
	return one;
}

struct json_object *prometheus_alertmanager(struct ctx *ctx)
{
	static const char *const GROUP[] = {"alertname", "class", "queue", "instance", NULL};
	static const char *const CLASS[] = {"class", NULL}, *const NONE[] = {NULL}, *const QUEUE[] = {"queue", NULL}, *const INSTANCE[] = {"instance", NULL};
	static const char *const DISK[] = {"instance", "mountpoint", NULL};
	struct json_object *tree = json_object_new_object(), *receivers = json_object_new_array(), *inhibits = json_object_new_array();
	(void)ctx;
	json_object_object_add(tree, "global", prometheus_object("smtp_smarthost", "localhost:25", "smtp_from", "alertmanager@example.com", NULL));
	struct json_object *route = prometheus_object("receiver", "tickets", "group_wait", "30s", "group_interval", "5m", "repeat_interval", "12h", NULL);
	json_object_object_add(route, "group_by", texts(GROUP));
	struct json_object *call = prometheus_object("receiver", "on-call", "repeat_interval", "1h", NULL);
	json_object_object_add(call, "matchers", list_with(json_object_new_string("severity=\"critical\"")));
	json_object_object_add(route, "routes", list_with(call));
	json_object_object_add(tree, "route", route);
	json_object_array_add(receivers, receiver("on-call", "on-call@example.com"));
	json_object_array_add(receivers, receiver("tickets", "tickets@example.com"));
	json_object_object_add(tree, "receivers", receivers);
	json_object_array_add(inhibits, inhibit("alertname=\"StoaDown\"", "alertname=\"StoaUptimeLow\"", INSTANCE));
	json_object_array_add(inhibits, inhibit("alertname=\"StoaBudgetBurnHour\"", "alertname=~\"StoaBudgetBurnDays?|StoaLatency\"", CLASS));
	json_object_array_add(inhibits, inhibit("alertname=\"StoaBudgetBurnDay\"", "alertname=\"StoaBudgetBurnDays\"", CLASS));
	json_object_array_add(inhibits, inhibit("alertname=\"StoaErrorSpikeCritical\"", "alertname=~\"StoaErrorSpike|StoaServerErrors\"", NONE));
	json_object_array_add(inhibits, inhibit("alertname=\"StoaQueueFull\"", "alertname=\"StoaQueueDepth\"", QUEUE));
	json_object_array_add(inhibits, inhibit("alertname=\"StoaCpuCritical\"", "alertname=\"StoaCpu\"", INSTANCE));
	json_object_array_add(inhibits, inhibit("alertname=\"StoaMemoryCritical\"", "alertname=\"StoaMemory\"", INSTANCE));
	json_object_array_add(inhibits, inhibit("alertname=\"StoaDiskCritical\"", "alertname=\"StoaDisk\"", DISK));
	json_object_object_add(tree, "inhibit_rules", inhibits);
	return tree;
}

/* --- Grafana --- */

#define SCHEMA_VERSION 39 /* Grafana 11 */
#define COLUMNS 24
#define HEIGHT 8
#define QUERIES 4
#define SOURCE "${datasource}"

struct panel {
	const char *title, *type, *unit;
	struct { const char *expr, *legend; } queries[QUERIES];
	int width;        /* of COLUMNS */
	double threshold; /* a red line; 0 = none */
};

#define SERIES "timeseries"
#define LEGEND_ROUTE "{{method}} {{route}}"

/* A panel without a query begins a row. */
static const struct panel PANELS[] = {
	{.title = "Objectives"},
	{"Error budget left of 30 days", "bargauge", "percentunit", {{"class:stoa_slo_budget_left:ratio30d{class=~\"$class\"}", "{{class}}"}}, 12, 0},
	{"Burn rate, 1 hour", SERIES, "none", {{"class:stoa_slo_bad:ratio_rate1h{class=~\"$class\"} / on (class) (1 - class:stoa_slo_objective)", "{{class}}"}}, 12, 14.4},
	{"Burn rate, 6 hours", SERIES, "none", {{"class:stoa_slo_bad:ratio_rate6h{class=~\"$class\"} / on (class) (1 - class:stoa_slo_objective)", "{{class}}"}}, 12, 6},
	{"Burn rate, 3 days", SERIES, "none", {{"class:stoa_slo_bad:ratio_rate3d{class=~\"$class\"} / on (class) (1 - class:stoa_slo_objective)", "{{class}}"}}, 12, 1},
	{.title = "Rate, errors, duration"},
	{"Requests a second by class", SERIES, "reqps", {{"class:stoa_http_requests:rate5m{class=~\"$class\"}", "{{class}}"}}, 12, 0},
	{"Failed requests by class", SERIES, "percentunit", {{"class:stoa_http_errors:ratio_rate5m{class=~\"$class\"}", "{{class}}"}}, 12, 0.001},
	{"Percentiles by class", SERIES, "s", {{"class:stoa_http_request_duration_seconds:p50_5m{class=~\"$class\"}", "{{class}} p50"},
		{"class:stoa_http_request_duration_seconds:p95_5m{class=~\"$class\"}", "{{class}} p95"},
		{"class:stoa_http_request_duration_seconds:p99_5m{class=~\"$class\"}", "{{class}} p99"},
		{"class:stoa_slo_target:p95_seconds{class=~\"$class\"}", "{{class}} target of p95"}}, 24, 0},
	{"Requests a second by route", SERIES, "reqps", {{"topk(15, route:stoa_http_requests:rate5m)", LEGEND_ROUTE}}, 12, 0},
	{"Slowest routes, p95", SERIES, "s", {{"topk(15, route:stoa_http_request_duration_seconds:p95_5m{class=~\"$class\"})", LEGEND_ROUTE}}, 12, 0},
	{"Status", SERIES, "reqps", {{"sum by (status) (rate(stoa_http_requests_total[5m]))", "{{status}}"}}, 12, 0},
	{"Where the time goes", SERIES, "s", {{"sum by (part) (rate(stoa_http_request_part_seconds_sum[5m]))", "{{part}}"}}, 12, 0},
	{.title = "Database"},
	{"Pool use", SERIES, "percentunit", {{"sum by (program) (stoa_pool_connections{state=\"used\"}) / sum by (program) (stoa_pool_connections{state=\"size\"})",
		"{{program}}"}}, 8, 0.8},
	{"Wait for a connection, p95", SERIES, "s", {{"histogram_quantile(0.95, sum by (program, le) (rate(stoa_pool_wait_seconds_bucket[5m])))", "{{program}}"}}, 8, 0.05},
	{"Statements a second", SERIES, "ops", {{"sum by (type) (rate(stoa_db_query_duration_seconds_count[5m]))", "{{type}}"}}, 8, 0},
	{"Statements, p95", SERIES, "s", {{"histogram_quantile(0.95, sum by (type, le) (rate(stoa_db_query_duration_seconds_bucket[5m])))", "{{type}}"}}, 8, 0},
	{"Slow statements a minute", SERIES, "none", {{"60 * sum by (severity) (rate(stoa_db_slow_queries_total[5m]))", "{{severity}}"}}, 8, 0},
	{"Replicas behind", SERIES, "s", {{"stoa_db_replica_lag_seconds", "{{replica}}"}}, 8, 5},
	{.title = "Cache"},
	{"Hit rate", SERIES, "percentunit", {{"space:stoa_cache_hits:ratio_rate5m", "{{space}}"}, {"stoa_cache_hits:ratio_rate5m", "all"}}, 12, 0.7},
	{"Look-ups a second", SERIES, "ops", {{"sum by (result) (rate(stoa_cache_lookups_total[5m]))", "{{result}}"}}, 12, 0},
	{.title = "Jobs"},
	{"Due jobs", SERIES, "none", {{"max by (queue) (stoa_job_due)", "{{queue}}"}}, 8, 0},
	{"Oldest due job", SERIES, "s", {{"max by (queue) (stoa_job_oldest_waiting_seconds)", "{{queue}}"}}, 8, 300},
	{"Attempts a minute", SERIES, "none", {{"60 * sum by (outcome) (rate(stoa_job_attempts_total[5m]))", "{{outcome}}"}}, 8, 0},
	{.title = "Overload"},
	{"Turned away a second", SERIES, "reqps", {{"sum by (class, reason) (rate(stoa_shed_total[5m]))", "{{class}} {{reason}}"}}, 12, 0},
	{"Browned out", SERIES, "none", {{"max by (part) (stoa_brownout)", "{{part}}"}}, 12, 0},
};

static struct json_object *datasource(void)
{
	return prometheus_object("type", "prometheus", "uid", SOURCE, NULL);
}

static void add_int(struct json_object *object, const char *name, int value)
{
	json_object_object_add(object, name, json_object_new_int(value));
}

static struct json_object *place(int x, int y, int width, int height)
{
	struct json_object *grid = json_object_new_object();
	add_int(grid, "x", x);
	add_int(grid, "y", y);
	add_int(grid, "w", width);
	add_int(grid, "h", height);
	return grid;
}

static struct json_object *field_config(struct ctx *ctx, const struct panel *panel)
{
	struct json_object *config = json_object_new_object(), *defaults = prometheus_object("unit", panel->unit, NULL);
	json_object_object_add(config, "defaults", defaults);
	json_object_object_add(config, "overrides", json_object_new_array());
	if (panel->threshold > 0) {
		struct json_object *limits = prometheus_object("mode", "absolute", NULL), *steps = json_object_new_array();
		struct json_object *base = prometheus_object("color", "green", NULL), *past = prometheus_object("color", "red", NULL);
		struct json_object *custom = json_object_new_object();
		json_object_object_add(base, "value", NULL);
		json_object_object_add(past, "value", json_object_new_double_s(panel->threshold, arena_printf(&ctx->arena, "%g", panel->threshold)));
		json_object_array_add(steps, base);
		json_object_array_add(steps, past);
		json_object_object_add(limits, "steps", steps);
		json_object_object_add(defaults, "thresholds", limits);
		json_object_object_add(custom, "thresholdsStyle", prometheus_object("mode", "line", NULL));
		json_object_object_add(defaults, "custom", custom);
	}
	return config;
}

static struct json_object *panel_make(struct ctx *ctx, const struct panel *panel, int id, struct json_object *grid)
{
	struct json_object *one = prometheus_object("title", panel->title, "type", panel->type ? panel->type : "row", NULL), *targets;
	add_int(one, "id", id);
	json_object_object_add(one, "gridPos", grid);
	if (!panel->type) {
		json_object_object_add(one, "collapsed", json_object_new_boolean(false));
		json_object_object_add(one, "panels", json_object_new_array());
		return one;
	}
	targets = json_object_new_array();
	for (int i = 0; i < QUERIES && panel->queries[i].expr; i++) {
		struct json_object *target = prometheus_object("refId", arena_printf(&ctx->arena, "%c", 'A' + i), "expr", panel->queries[i].expr,
			"legendFormat", panel->queries[i].legend, NULL);
		json_object_object_add(target, "datasource", datasource());
		json_object_array_add(targets, target);
	}
	json_object_object_add(one, "datasource", datasource());
	json_object_object_add(one, "fieldConfig", field_config(ctx, panel));
	json_object_object_add(one, "targets", targets);
	return one;
}

static struct json_object *variables(void)
{
	struct json_object *all = json_object_new_object(), *list = json_object_new_array();
	json_object_array_add(list, prometheus_object("name", "datasource", "label", "Prometheus", "type", "datasource", "query", "prometheus", NULL));
	struct json_object *class = prometheus_object("name", "class", "label", "Class", "type", "query", "query",
		"label_values(stoa_http_request_duration_seconds_count, class)", NULL);
	json_object_object_add(class, "datasource", datasource());
	add_int(class, "refresh", 2);
	json_object_object_add(class, "multi", json_object_new_boolean(true));
	json_object_object_add(class, "includeAll", json_object_new_boolean(true));
	json_object_object_add(class, "allValue", json_object_new_string(".*"));
	json_object_array_add(list, class);
	json_object_object_add(all, "list", list);
	return all;
}

struct json_object *prometheus_dashboard(struct ctx *ctx)
{
	struct json_object *tree = prometheus_object("uid", "stoa", "title", "Stoa", "refresh", "1m", NULL), *panels = json_object_new_array();
	int x = 0, y = 0;
	for (size_t i = 0; i < sizeof PANELS / sizeof *PANELS; i++) {
		const struct panel *panel = &PANELS[i];
		int width = panel->type ? panel->width : COLUMNS, height = panel->type ? HEIGHT : 1;
		if (x + width > COLUMNS || !panel->type) {
			y += x ? HEIGHT : 0;
			x = 0;
		}
		json_object_array_add(panels, panel_make(ctx, panel, (int)i + 1, place(x, y, width, height)));
		x = panel->type ? x + width : 0;
		y += panel->type ? 0 : height;
	}
	add_int(tree, "schemaVersion", SCHEMA_VERSION);
	json_object_object_add(tree, "editable", json_object_new_boolean(true));
	json_object_object_add(tree, "time", prometheus_object("from", "now-6h", "to", "now", NULL));
	json_object_object_add(tree, "templating", variables());
	json_object_object_add(tree, "panels", panels);
	return tree;
}
