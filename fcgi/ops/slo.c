#include "ops/family.h"

#include "base/clock.h"
#include "observe/history.h"

struct slo_input {
	const char *range, *kind, *key;
};

#define KINDS "class|route|pool|cache|query|slow-query|queue|job|shed|brownout"

static const struct field HISTORY_INPUT[] = {
	INPUT(struct slo_input, range, "range", IN_QUERY, FIELD_ENUM, .choices = HISTORY_RANGES, .doc = "how far back; " HISTORY_RANGE_USUAL " unless given"),
	INPUT(struct slo_input, kind, "kind", IN_QUERY, FIELD_ENUM, .choices = KINDS, .doc = "of what; class unless given"),
	INPUT(struct slo_input, key, "key", IN_QUERY, FIELD_TEXT, .least = 1, .most = 192,
		.doc = "one of them, such as widget or GET /health: its points over time; without, one row for each of them over the whole range"),
	FIELD_END};
static const struct field BURN_INPUT[] = {
	INPUT(struct slo_input, kind, "kind", IN_QUERY, FIELD_ENUM, .choices = "class|route", .doc = "by class, unless given, or by route"),
	FIELD_END};

static const struct field HISTORY_REPLY[] = {
	REPLY("range", FIELD_TEXT, .required = true, .doc = "how far back"),
	REPLY("stepSeconds", FIELD_INT, .required = true, .doc = "seconds of a point; 0: the whole range"),
	REPLY("rows", FIELD_JSON, .required = true,
		.doc = "at (null for the whole range), key, class, count, refused (4xx), failed (5xx; misses of a cache; dead jobs), slow (over the goal), meanMs, "
			"p50Ms, p95Ms, p99Ms (within their buckets in proportion, null where nothing is timed), level and most (connections in use of so many; "
			"due jobs and seconds that the oldest waited); points that saw nothing are left out"),
	FIELD_END};
static const struct field BURN_REPLY[] = {
	REPLY("sampledSecondsAgo", FIELD_INT, .required = true, .nullable = true,
		.doc = "age of the newest sample; null: there is none. The worker makes one a minute: when it is old, the rates of the last hours are not so"),
	REPLY("rows", FIELD_JSON, .required = true,
		.doc = "key, class, objective, goalMs, availability (share of good requests of 30 days), budgetLeft (of 30 days, below 0 when overspent), lastsSeconds "
			"(at the rate of the last hour, null: for ever, as what is older than 30 days comes back), windows (by name 5m to 30d: all, bad, burnRate), alerts (names of those that hold)"),
	FIELD_END};

static void add_number(struct json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, text ? json_object_new_string(text) : NULL);
}

static void add_ms(struct json_object *object, const char *name, int64_t us)
{
	json_object_object_add(object, name, us && us != INT64_MAX ? json_object_new_double((double)us / 1000) : NULL);
}

static struct json_object *row_json(const struct history_row *row, bool point)
{
	struct json_object *json = json_object_new_object();
	char at[CLOCK_TEXT];
	clock_format(row->at_s * 1000000, at);
	add_text(json, "at", point ? at : NULL);
	add_text(json, "key", row->key);
	add_text(json, "class", row->class);
	add_number(json, "count", row->count);
	add_number(json, "refused", row->refused);
	add_number(json, "failed", row->failed);
	json_object_object_add(json, "slow", json_object_new_double(row->slow));
	add_ms(json, "meanMs", row->timed ? row->sum_us / row->timed : 0);
	add_ms(json, "p50Ms", row->p50_us);
	add_ms(json, "p95Ms", row->p95_us);
	add_ms(json, "p99Ms", row->p99_us);
	add_number(json, "level", row->level);
	add_number(json, "most", row->most);
	return json;
}

static enum err history_show(struct req *req, struct rep *rep)
{
	const struct slo_input *in = req->input;
	const struct history_range *range = history_range(in->range);
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *list = json_object_new_array();
	int64_t step_s = in->key ? range->step_s : 0;
	struct history_row *rows;
	int count;
	json_object_object_add(reply, "rows", list);
	add_text(reply, "range", range->name);
	add_number(reply, "stepSeconds", step_s);
	TRY(history_rows(&req->ctx, req->house.pool, in->kind ? in->kind : "class", in->key, range->seconds, step_s, &rows, &count));
	for (int i = 0; i < count; i++)
		json_object_array_add(list, row_json(&rows[i], step_s > 0));
	return reply_json(req, rep, reply);
}

static struct json_object *windows_json(const struct history_burn *burn)
{
	struct json_object *windows = json_object_new_object();
	for (enum history_window window = WINDOW_5M; window < WINDOW_COUNT; window++) {
		struct json_object *one = json_object_new_object();
		add_number(one, "all", burn->windows[window].all);
		json_object_object_add(one, "bad", json_object_new_double(burn->windows[window].bad));
		json_object_object_add(one, "burnRate", json_object_new_double(burn->windows[window].rate));
		json_object_object_add(windows, history_window_text(window), one);
	}
	return windows;
}

static struct json_object *burn_json(const struct history_burn *burn)
{
	struct json_object *json = json_object_new_object(), *alerts = json_object_new_array();
	add_text(json, "key", burn->key);
	add_text(json, "class", burn->target->text);
	json_object_object_add(json, "objective", json_object_new_double(burn->target->objective));
	add_number(json, "goalMs", burn->target->goal_ms);
	json_object_object_add(json, "availability", json_object_new_double(burn->availability));
	json_object_object_add(json, "budgetLeft", json_object_new_double(burn->left));
	json_object_object_add(json, "lastsSeconds", burn->lasts_s < 0 ? NULL : json_object_new_int64((int64_t)burn->lasts_s));
	json_object_object_add(json, "windows", windows_json(burn));
	for (int i = 0; i < BURN_ALERTS; i++)
		if (burn->fires[i])
			json_object_array_add(alerts, json_object_new_string(BURN_ALERT[i].name));
	json_object_object_add(json, "alerts", alerts);
	return json;
}

static enum err burn_show(struct req *req, struct rep *rep)
{
	const struct slo_input *in = req->input;
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *list = json_object_new_array();
	struct history_burn *burns;
	int64_t age_s;
	int count;
	json_object_object_add(reply, "rows", list);
	TRY(history_age(&req->ctx, req->house.pool, &age_s));
	json_object_object_add(reply, "sampledSecondsAgo", age_s < 0 ? NULL : json_object_new_int64(age_s));
	TRY(history_burns(&req->ctx, req->house.pool, in->kind ? in->kind : "class", &burns, &count));
	for (int i = 0; i < count; i++)
		json_object_array_add(list, burn_json(&burns[i]));
	return reply_json(req, rep, reply);
}

#define READS ACCESS_PERMISSION, PERMIT_OPS_READ, .class = CLASS_LIST_, .input_size = sizeof(struct slo_input), .shape = REPLY_FIELDS

const struct route OPS_SLO_ROUTES[] = {
	{METHOD_GET, "/api/v1/ops/slo/history", READS, .input = HISTORY_INPUT, .run = history_show, .reply = HISTORY_REPLY,
		.doc = "What was counted over time, all machines together: minutes for a day, hours for 30 days"},
	{METHOD_GET, "/api/v1/ops/slo/burn", READS, .input = BURN_INPUT, .run = burn_show, .reply = BURN_REPLY,
		.doc = "Error budgets of 30 days and how fast they burn"},
	ROUTE_END};
