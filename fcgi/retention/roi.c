#include "retention/figures.h"

#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS 3600000
#define LEVEL 0.95
#define WEEK 7

/* Inputs of a calculation, from the request. */
struct sum {
	const char *currency, *column; /* of a day: what counts as revenue */
	int64_t cost_minor;
	int horizon;
};

static struct sum sum_of(const struct figures_input *input)
{
	return (struct sum){.currency = input->currency, .cost_minor = input->cost, .horizon = input->horizon ? (int)input->horizon : 90,
		.column = input->basis && !strcmp(input->basis, "paid") ? "kept_net_minor" : "saved_minor"};
}

static const char *extra_of(struct req *req, const struct sum *sum)
{
	return arena_printf(&req->ctx.arena, "%s %lld %d", sum->column, (long long)sum->cost_minor, sum->horizon);
}

/* Revenue of each day, without gaps; zeros when the currency has none. */
static enum err days_read(struct lease *lease, const struct measure_scope *scope, const struct sum *sum, double **values_out, const char ***days_out,
	int *count_out)
{
	struct ctx *ctx = lease->ctx;
	PGresult *days, *money;

	TRY(measure_read(lease, MEASURE_DAYS, scope, &days));
	TRY(measure_read(lease, MEASURE_REVENUE, scope, &money));
	int count = PQntuples(days);
	double *values = arena_array(&ctx->arena, (size_t)count + 1, sizeof *values);
	const char **names = arena_array(&ctx->arena, (size_t)count + 1, sizeof *names);
	for (int row = 0; row < count; row++) {
		names[row] = pg_text(days, row, "day");
		values[row] = row < PQntuples(money) ? (double)pg_number(money, row, sum->column, 0) : 0;
	}
	*values_out = values;
	*days_out = names;
	*count_out = count;
	return OK;
}

static void roi_members(struct buffer *out, int64_t revenue, int days, int64_t cost, int64_t users)
{
	struct measure_roi roi;

	buffer_printf(out, "\"revenue_minor\":%lld,\"days\":%d,\"users_saved\":%lld", (long long)revenue, days, (long long)users);
	if (!measure_roi(revenue, days, cost, users, &roi))
		return;
	buffer_printf(out, ",\"monthly_percent\":%.1f,\"multiplier\":%.2f", roi.monthly_percent, roi.multiplier);
	buffer_printf(out, roi.cost_per_user_minor < 0 ? ",\"cost_per_user_minor\":null" : ",\"cost_per_user_minor\":%lld", (long long)roi.cost_per_user_minor);
	buffer_printf(out, roi.break_even_days < 0 ? ",\"break_even_days\":null" : ",\"break_even_days\":%lld", (long long)roi.break_even_days);
}

static enum err roi_write(struct lease *lease, const struct measure_scope *scope, const void *argument, struct buffer *out)
{
	const struct sum *sum = argument;
	PGresult *summary;
	const char **names;
	double *values, revenue = 0;
	int count;

	TRY(measure_read(lease, MEASURE_SUMMARY, scope, &summary));
	TRY(days_read(lease, scope, sum, &values, &names, &count));
	for (int i = 0; i < count; i++)
		revenue += values[i];
	buffer_printf(out, ",\"currency\":\"%s\",\"cost_minor\":%lld,", sum->currency, (long long)sum->cost_minor);
	roi_members(out, (int64_t)revenue, count, sum->cost_minor, pg_number(summary, 0, "users_saved", 0));
	return OK;
}

/* Weeks end on the last day, so that the newest is whole; what is left at the beginning is left out. */
static enum err trend_write(struct lease *lease, const struct measure_scope *scope, const void *argument, struct buffer *out)
{
	const struct sum *sum = argument;
	const char **names;
	double *values;
	int count;

	TRY(days_read(lease, scope, sum, &values, &names, &count));
	buffer_printf(out, ",\"currency\":\"%s\",\"cost_minor\":%lld,\"weeks\":[", sum->currency, (long long)sum->cost_minor);
	for (int first = count % WEEK; first + WEEK <= count; first += WEEK) {
		struct measure_roi roi = {0};
		double revenue = 0;

		for (int i = first; i < first + WEEK; i++)
			revenue += values[i];
		measure_roi((int64_t)revenue, WEEK, sum->cost_minor, 0, &roi);
		buffer_printf(out, "%s{\"from\":\"%s\",\"to\":\"%s\",\"revenue_minor\":%lld,\"monthly_percent\":%.1f,\"multiplier\":%.2f}", first >= WEEK ? "," : "",
			names[first], names[first + WEEK - 1], (long long)revenue, roi.monthly_percent, roi.multiplier);
	}
	buffer_char(out, ']');
	return OK;
}

static void point_write(struct buffer *out, const struct measure_point *point)
{
	buffer_printf(out, "\"value_minor\":%.0f,\"low_minor\":%.0f,\"high_minor\":%.0f", point->value, point->low, point->high);
}

static enum err forecast_write(struct lease *lease, const struct measure_scope *scope, const void *argument, struct buffer *out)
{
	const struct sum *sum = argument;
	struct measure_point *points = arena_array(&lease->ctx->arena, (size_t)sum->horizon, sizeof *points), total;
	struct measure_line line;
	const char **names;
	double *values;
	int count;

	TRY(days_read(lease, scope, sum, &values, &names, &count));
	buffer_printf(out, ",\"currency\":\"%s\",\"level\":%.2f,\"history\":%d,", sum->currency, LEVEL, count);
	if (!measure_forecast(values, count, sum->horizon, LEVEL, &line, points, &total)) {
		buffer_text(out, "\"slope_minor\":null,\"total\":null,\"points\":[]");
		return OK;
	}
	buffer_printf(out, "\"slope_minor\":%.2f,\"total\":{", line.slope);
	point_write(out, &total);
	buffer_text(out, "},\"points\":[");
	for (int i = 0; i < sum->horizon; i++) {
		buffer_printf(out, "%s{\"day\":%d,", i ? "," : "", i + 1);
		point_write(out, &points[i]);
		buffer_char(out, '}');
	}
	buffer_char(out, ']');
	return OK;
}

static enum err answer(struct req *req, struct rep *rep, struct figures figures)
{
	struct sum sum = sum_of(req->input);

	figures.life_ms = HOUR_MS;
	figures.argument = &sum;
	return figures_reply(req, rep, &figures, extra_of(req, &sum));
}

static enum err roi_get(struct req *req, struct rep *rep)
{
	static const char *const NAMES[] = {"monthly_percent", "multiplier", "cost_per_user_minor", "break_even_days", "users_saved", "saved_minor",
		"kept_net_minor", NULL};

	return answer(req, rep, (struct figures){.name = "roi", .definitions = NAMES, .write = roi_write});
}

static enum err trend_get(struct req *req, struct rep *rep)
{
	static const char *const NAMES[] = {"monthly_percent", "multiplier", "saved_minor", "kept_net_minor", NULL};

	return answer(req, rep, (struct figures){.name = "trend", .definitions = NAMES, .write = trend_write});
}

static enum err forecast_get(struct req *req, struct rep *rep)
{
	static const char *const NAMES[] = {"forecast", "saved_minor", "kept_net_minor", NULL};

	return answer(req, rep, (struct figures){.name = "forecast", .definitions = NAMES, .write = forecast_write});
}

#define BASIS FIGURES_FIELD(basis, "basis", FIELD_ENUM, .choices = "estimate|paid", \
	.doc = "what counts as revenue: the estimate saved_minor (default), or what was really paid, kept_net_minor")
#define COST FIGURES_FIELD(cost, "cost", FIELD_INT, .required = true, .least = 1, .most = 1000000000000, \
	.doc = "what this costs in a month of 30 days, minor units of the currency")

static const struct field ROI_INPUT[] = {FIGURES_RANGE, FIGURES_CURRENCY(true), BASIS, COST, FIELD_END};
static const struct field FORECAST_INPUT[] = {FIGURES_RANGE, FIGURES_CURRENCY(true), BASIS,
	FIGURES_FIELD(horizon, "days", FIELD_INT, .least = 1, .most = 365, .doc = "days to look ahead, 90 unless given"), FIELD_END};

#define MONEY_REPLY REPLY("currency", FIELD_TEXT, .required = true, .doc = "of every amount")
#define COST_REPLY REPLY("cost_minor", FIELD_INT, .required = true, .doc = "a month of 30 days, as sent")

static const struct field ROI_REPLY[] = {
	FIGURES_REPLY_HEAD, MONEY_REPLY, COST_REPLY,
	REPLY("revenue_minor", FIELD_INT, .required = true, .doc = "of the days"),
	REPLY("days", FIELD_INT, .required = true, .doc = "how many"),
	REPLY("users_saved", FIELD_INT, .required = true, .doc = "customers who accepted an offer"),
	REPLY("monthly_percent", FIELD_JSON, .required = true, .doc = "number: the return in percent of the cost"),
	REPLY("multiplier", FIELD_JSON, .required = true, .doc = "number: revenue divided by the cost of the days"),
	REPLY("cost_per_user_minor", FIELD_INT, .required = true, .nullable = true, .doc = "null: nobody was saved"),
	REPLY("break_even_days", FIELD_INT, .required = true, .nullable = true, .doc = "null: never"),
	FIGURES_REPLY_DEFINITIONS, FIELD_END};
static const struct field TREND_REPLY[] = {
	FIGURES_REPLY_HEAD, MONEY_REPLY, COST_REPLY,
	REPLY("weeks", FIELD_JSON, .required = true, .doc = "array of whole weeks up to the last day: from, to, revenue_minor, monthly_percent, multiplier"),
	FIGURES_REPLY_DEFINITIONS, FIELD_END};
static const struct field FORECAST_REPLY[] = {
	FIGURES_REPLY_HEAD, MONEY_REPLY,
	REPLY("level", FIELD_JSON, .required = true, .doc = "number: the probability of the limits, 0.95"),
	REPLY("history", FIELD_INT, .required = true, .doc = "days that the line is drawn through"),
	REPLY("slope_minor", FIELD_JSON, .required = true, .nullable = true, .doc = "number: what a day brings more than the one before; null: fewer than 3 days"),
	REPLY("total", FIELD_JSON, .required = true, .nullable = true, .doc = "object: value_minor, low_minor, high_minor of all days ahead together"),
	REPLY("points", FIELD_JSON, .required = true, .doc = "array: day (1 is the day after the last), value_minor, low_minor, high_minor"),
	FIGURES_REPLY_DEFINITIONS, FIELD_END};

#define ROUTE(path_, latency, input_, handler_, reply_, doc_) \
	{.method = METHOD_GET, .path = "/api/v1/retention/roi" path_, .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ, .class = (latency), \
		.input = (input_), .input_size = sizeof(struct figures_input), .run = (handler_), .shape = REPLY_FIELDS, .reply = (reply_), .doc = (doc_)}

const struct route RETENTION_ROI_ROUTES[] = {
	ROUTE("", CLASS_ANALYTICS, ROI_INPUT, roi_get, ROI_REPLY, "What retention brings for what it costs"),
	ROUTE("/trend", CLASS_SERIES, ROI_INPUT, trend_get, TREND_REPLY, "The same, week by week"),
	ROUTE("/forecast", CLASS_SERIES, FORECAST_INPUT, forecast_get, FORECAST_REPLY, "Revenue of the days ahead, with its limits"),
	ROUTE_END};
