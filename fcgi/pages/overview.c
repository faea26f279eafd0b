#include "pages/page.h"

#include "base/clock.h"
#include "sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct overview_input {
	const char *mode, *range;
};

static const struct field OVERVIEW_INPUT[] = {
	INPUT(struct overview_input, mode, "mode", IN_QUERY, FIELD_ENUM, .choices = "live|test", .doc = "live (default) or test data"),
	INPUT(struct overview_input, range, "range", IN_QUERY, FIELD_ENUM, .choices = "7|30|90|365", .doc = "days back, 30 by default"),
	FIELD_END};

/* What the figures cover: parameters of every statement of this page. */
struct scope {
	struct req *req;
	const char *org_id, *live, *days;
	bool names; /* may see who the customers are */
};

static void add_number(struct json_object *view, const char *name, int64_t value)
{
	json_object_object_add(view, name, json_object_new_int64(value));
}

static const char *percent_text(struct ctx *ctx, int64_t part, int64_t whole)
{
	int64_t tenths = whole ? (1000 * part + whole / 2) / whole : 0;
	return whole ? arena_printf(&ctx->arena, "%lld.%lld %%", (long long)(tenths / 10), (long long)(tenths % 10)) : "–";
}

/* Words for codes that the database holds. */
static const char *word(const char *code)
{
	static const struct { const char *code, *text; } WORDS[] = {
		{"accepted", "Accepted"}, {"declined", "Cancelled after offers"}, {"cancelled", "Cancelled at once"},
		{"dismissed", "Closed, keeps plan"}, {"discount", "Discount"}, {"pause", "Pause"}, {"downgrade", "Downgrade"},
		{"extension", "Trial extension"}, {"support", "Support"}, {"feedback", "Feedback"},
		{"too_expensive", "Too expensive"}, {"missing_features", "Missing features"}, {"switched_service", "Switched to another service"},
		{"unused", "Not used enough"}, {"customer_service", "Customer service"}, {"too_complex", "Too complex"},
		{"low_quality", "Low quality"}, {"other", "Other"}};
	for (size_t i = 0; code && i < sizeof WORDS / sizeof *WORDS; i++)
		if (!strcmp(WORDS[i].code, code))
			return WORDS[i].text;
	return code;
}

static enum err run(struct lease *lease, const struct statement *statement, const struct scope *scope, PGresult **result_out)
{
	return pg_run(lease, statement, PARAMS(scope->org_id, scope->live, scope->days), result_out);
}

static enum err add_totals(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	static const char *const NUMBERS[] = {"answered", "accepted", "kept", "cancels", "cancelled_at_once", "dismissed", "pending", "manual"};
	PGresult *result;
	TRY(run(lease, &SQL_PAGES_OVERVIEW_TOTALS, scope, &result));
	for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
		add_number(view, NUMBERS[i], pg_number(result, 0, NUMBERS[i], 0));
	int64_t answered = pg_number(result, 0, "answered", 0);
	json_object_object_add(view, "any", json_object_new_boolean(answered > 0));
	json_object_object_add(view, "attention", json_object_new_boolean(
		pg_number(result, 0, "pending", 0) + pg_number(result, 0, "manual", 0) > 0));
	page_text(view, "save_rate", percent_text(lease->ctx, pg_number(result, 0, "kept", 0), answered));
	return OK;
}

static enum err add_saved(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	PGresult *result;
	TRY(run(lease, &SQL_PAGES_OVERVIEW_SAVED, scope, &result));
	struct json_object *saved = json_object_new_array();
	json_object_object_add(view, "saved", saved);
	for (int row = 0; row < PQntuples(result); row++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "amount", page_money(scope->req, pg_number(result, row, "saved_minor", 0), pg_text(result, row, "currency")));
		json_object_array_add(saved, item);
	}
	return OK;
}

static enum err add_offers(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	PGresult *result;
	int64_t shown = 0, most = 1;
	TRY(run(lease, &SQL_PAGES_OVERVIEW_OFFERS, scope, &result));
	struct json_object *offers = json_object_new_array();
	json_object_object_add(view, "offers", offers);
	for (int row = 0; row < PQntuples(result); row++)
		if (pg_number(result, row, "shown", 0) > most)
			most = pg_number(result, row, "shown", 0);
	for (int row = 0; row < PQntuples(result); row++) {
		int64_t times = pg_number(result, row, "shown", 0), accepted = pg_number(result, row, "accepted", 0);
		struct json_object *offer = json_object_new_object();
		page_text(offer, "type", word(pg_text(result, row, "offer_type")));
		add_number(offer, "shown", times);
		add_number(offer, "accepted", accepted);
		page_text(offer, "rate", percent_text(lease->ctx, accepted, times));
		add_number(offer, "shown_width", 160 * times / most);
		add_number(offer, "accepted_width", 160 * accepted / most);
		json_object_array_add(offers, offer);
		shown += times;
	}
	add_number(view, "shown", shown);
	json_object_object_add(view, "any_offers", json_object_new_boolean(PQntuples(result) > 0));
	return OK;
}

static enum err add_reasons(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	PGresult *result;
	TRY(run(lease, &SQL_PAGES_OVERVIEW_REASONS, scope, &result));
	struct json_object *reasons = json_object_new_array();
	json_object_object_add(view, "reasons", reasons);
	json_object_object_add(view, "any_reasons", json_object_new_boolean(PQntuples(result) > 0));
	int64_t most = PQntuples(result) ? pg_number(result, 0, "answers", 1) : 1;
	for (int row = 0; row < PQntuples(result); row++) {
		int64_t answers = pg_number(result, row, "answers", 0);
		struct json_object *reason = json_object_new_object();
		page_text(reason, "text", word(pg_text(result, row, "reason_code")));
		add_number(reason, "answers", answers);
		add_number(reason, "width", 160 * answers / most);
		json_object_array_add(reasons, reason);
	}
	return OK;
}

#define CHART_WIDTH 720
#define CHART_HEIGHT 160

/* Bars of one period each, accepted below dismissed below cancelled; coordinates are ready for the SVG. */
static enum err add_chart(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	static const char *const PARTS[] = {"accepted", "dismissed", "cancels"};
	int days = (int)strtol(scope->days, NULL, 10), step = days > 90 ? 12 : days > 30 ? 3 : 1;
	PGresult *result;
	TRY(pg_run(lease, &SQL_PAGES_OVERVIEW_DAYS, PARAMS(scope->org_id, scope->live, scope->days, pg_int(lease->ctx, step)), &result));
	int bars = PQntuples(result);
	int64_t most = 1;
	for (int row = 0; row < bars; row++) {
		int64_t sum = 0;
		for (int part = 0; part < 3; part++)
			sum += pg_number(result, row, PARTS[part], 0);
		most = sum > most ? sum : most;
	}
	struct json_object *chart = json_object_new_array();
	json_object_object_add(view, "chart", chart);
	for (int row = 0; row < bars; row++) {
		struct json_object *bar = json_object_new_object();
		int64_t below = 0;
		int left = CHART_WIDTH * row / bars, width = CHART_WIDTH / bars > 28 ? 24 : CHART_WIDTH / bars - 4;
		add_number(bar, "x", left + (CHART_WIDTH / bars - width) / 2);
		add_number(bar, "width", width);
		page_text(bar, "label", pg_text(result, row, "label"));
		for (int part = 0; part < 3; part++) {
			int64_t value = pg_number(result, row, PARTS[part], 0);
			int64_t top = CHART_HEIGHT - CHART_HEIGHT * (below + value) / most, bottom = CHART_HEIGHT - CHART_HEIGHT * below / most;
			add_number(bar, PARTS[part], value);
			add_number(bar, arena_printf(&lease->ctx->arena, "%s_y", PARTS[part]), top);
			add_number(bar, arena_printf(&lease->ctx->arena, "%s_height", PARTS[part]), bottom - top);
			below += value;
		}
		json_object_array_add(chart, bar);
	}
	add_number(view, "chart_most", most);
	page_text(view, "chart_first", bars ? pg_text(result, 0, "label") : NULL);
	page_text(view, "chart_last", bars ? pg_text(result, bars - 1, "label") : NULL);
	return OK;
}

#define SPARK_WIDTH 168 /* 14 days of 12 */
#define SPARK_HEIGHT 24

/* "key.created" as "Key created". */
static const char *type_words(struct ctx *ctx, const char *type)
{
	char *text = arena_strdup(&ctx->arena, type);
	for (char *at = text; *at; at++)
		if (*at == '.' || *at == '_')
			*at = ' ';
	*text = (char)toupper((unsigned char)*text);
	return text;
}

static struct json_object *spark(const char *counts, int64_t most)
{
	struct json_object *bars = json_object_new_array();
	char *end;
	for (int x = 0; *counts && x < SPARK_WIDTH; counts = end, x += 12) {
		int64_t count = strtoll(counts, &end, 10), height = most ? (SPARK_HEIGHT * count + most - 1) / most : 0;
		struct json_object *bar = json_object_new_object();
		add_number(bar, "x", x);
		add_number(bar, "y", SPARK_HEIGHT - height);
		add_number(bar, "height", height);
		json_object_array_add(bars, bar);
	}
	return bars;
}

static enum err add_activity(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	PGresult *result;
	TRY(pg_run(lease, &SQL_PAGES_OVERVIEW_ACTIVITY, PARAMS(scope->org_id, scope->live), &result));
	struct json_object *activity = json_object_new_array();
	json_object_object_add(view, "activity", activity);
	json_object_object_add(view, "any_activity", json_object_new_boolean(PQntuples(result) > 0));
	for (int row = 0; row < PQntuples(result); row++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "type", type_words(lease->ctx, pg_text(result, row, "type")));
		add_number(item, "total", pg_number(result, row, "total", 0));
		page_text(item, "first", pg_text(result, row, "first"));
		page_text(item, "last", pg_text(result, row, "last"));
		page_text(item, "counts", pg_text(result, row, "counts"));
		json_object_object_add(item, "bars", spark(pg_text(result, row, "counts"), pg_number(result, row, "most", 0)));
		json_object_array_add(activity, item);
	}
	return OK;
}

static struct json_object *decision_view(const PGresult *result, int row, const struct scope *scope)
{
	static const char *const TEXTS[] = {"at", "at_text", "segment", "plan", "status", "status_reason"};
	struct json_object *decision = json_object_new_object();
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		page_text(decision, TEXTS[i], pg_text(result, row, TEXTS[i]));
	page_text(decision, "customer", scope->names ? pg_text(result, row, "customer_ref") : "hidden");
	page_text(decision, "outcome", word(pg_text(result, row, "outcome")));
	const char *outcome = pg_text(result, row, "outcome");
	if (!strcmp(outcome, "accepted"))
		page_text(decision, "offer", word(pg_text(result, row, "offer_type")));
	page_text(decision, "reason", word(pg_text(result, row, "reason_code")));
	const char *currency = pg_text(result, row, "currency");
	int64_t saved = pg_number(result, row, "saved_minor", 0);
	if (saved > 0 && currency)
		page_text(decision, "worth", page_money(scope->req, saved, currency));
	return decision;
}

static enum err add_decisions(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	PGresult *result;
	TRY(run(lease, &SQL_PAGES_OVERVIEW_DECISIONS, scope, &result));
	struct json_object *decisions = json_object_new_array();
	json_object_object_add(view, "decisions", decisions);
	for (int row = 0; row < PQntuples(result); row++)
		json_object_array_add(decisions, decision_view(result, row, scope));
	return OK;
}

static enum err add_figures(struct lease *lease, const struct scope *scope, struct json_object *view)
{
	TRY(add_totals(lease, scope, view));
	TRY(add_saved(lease, scope, view));
	TRY(add_offers(lease, scope, view));
	TRY(add_reasons(lease, scope, view));
	TRY(add_chart(lease, scope, view));
	TRY(add_activity(lease, scope, view));
	return add_decisions(lease, scope, view);
}

/* The links of the two switches; each keeps the other's value. */
static void add_switches(struct json_object *view, const char *mode, const char *range)
{
	static const struct { const char *value, *label; } MODES[] = {{"live", "Live"}, {"test", "Test"}},
		RANGES[] = {{"7", "7 days"}, {"30", "30 days"}, {"90", "90 days"}, {"365", "A year"}};
	struct json_object *modes = json_object_new_array(), *ranges = json_object_new_array();
	for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "mode", MODES[i].value);
		page_text(item, "range", range);
		page_text(item, "label", MODES[i].label);
		json_object_object_add(item, "current", json_object_new_boolean(!strcmp(mode, MODES[i].value)));
		json_object_array_add(modes, item);
	}
	for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "mode", mode);
		page_text(item, "range", RANGES[i].value);
		page_text(item, "label", RANGES[i].label);
		json_object_object_add(item, "current", json_object_new_boolean(!strcmp(range, RANGES[i].value)));
		json_object_array_add(ranges, item);
	}
	json_object_object_add(view, "modes", modes);
	json_object_object_add(view, "ranges", ranges);
	json_object_object_add(view, "test", json_object_new_boolean(!strcmp(mode, "test")));
}

/* What the form of a report begins with. */
static void add_days(struct ctx *ctx, struct json_object *view, const char *range)
{
	char now[CLOCK_TEXT], then[CLOCK_TEXT];
	clock_format(clock_wall_us(), now);
	clock_format(clock_wall_us() - (strtol(range, NULL, 10) - 1) * INT64_C(86400000000), then);
	page_text(view, "from", arena_memdup(&ctx->arena, then, 10));
	page_text(view, "to", arena_memdup(&ctx->arena, now, 10));
}

static enum err overview_page(struct req *req, struct rep *rep)
{
	const struct overview_input *in = req->input;
	const char *mode = in->mode ? in->mode : "live", *range = in->range ? in->range : "30";
	struct scope scope = {req, req->who.org_id, pg_bool(!strcmp(mode, "live")), range, who_may(&req->who, PERMIT_CUSTOMER_TEXT)};
	struct json_object *view = page_view(req);
	add_switches(view, mode, range);
	page_text(view, "range", range);
	page_text(view, "mode", mode);
	add_days(&req->ctx, view, range);
	struct lease lease;
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = add_figures(&lease, &scope, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "overview", "Overview", view);
}

const struct route OVERVIEW_ROUTES[] = {
	{METHOD_GET, "/", ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE, .input = OVERVIEW_INPUT,
		.input_size = sizeof(struct overview_input), .run = overview_page, .shape = REPLY_PAGE,
		.doc = "Offers shown and accepted, revenue saved, cancellations and the last decisions"},
	ROUTE_END};
