#include "pages/range.h"

#include "base/clock.h"
#include "base/zone.h"
#include "pages/words.h"
#include "sql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[RANGE_PARTS] = {"mode", "preset", "from", "to", "flow", "segment", "plan", "language", "currency", "compare"};

/* Days since 1970, -1 for what is no day. Strict: "2026-02-30" is none. */
static int64_t day_number(const char *text)
{
	int year, month, day, end = 0;
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10 || text[10] || year < 2000 || month < 1 || month > 12 ||
		day < 1 || day > date_month_length(year, month))
		return -1;
	return date_days(year, month, day);
}

static const char *day_text(struct req *req, int64_t number)
{
	int64_t year;
	int month, day;
	date_of(number, &year, &month, &day);
	return arena_printf(&req->ctx.arena, "%04lld-%02d-%02d", (long long)year, month, day);
}

static enum err days_read(struct req *req, const char *from, const char *to, int64_t today, int64_t *first_out, int64_t *last_out)
{
	int64_t last = to ? day_number(to) : today, first = from ? day_number(from) : last - 29;
	if (to && last < 0)
		return fail_field(&req->ctx, ERR_INVALID, "to", "A day is written as 2026-01-31");
	if (from && first < 0)
		return fail_field(&req->ctx, ERR_INVALID, "from", "A day is written as 2026-01-31");
	if (last < first)
		return fail_field(&req->ctx, ERR_INVALID, "to", "The last day is before the first");
	if (last - first >= RANGE_DAYS)
		return fail_field(&req->ctx, ERR_INVALID, "to", "At most a year at once");
	*first_out = first;
	*last_out = last;
	return OK;
}

static void scope_set(struct range *range, int64_t first, int64_t last)
{
	struct req *req = range->req;
	const char *const *values = range->values;
	range->days = (int)(last - first + 1);
	range->scope = (struct measure_scope){.org_id = req->who.org_id, .live = !strcmp(values[RANGE_MODE], "live"), .from = day_text(req, first),
		.to = day_text(req, last), .currency = values[RANGE_CURRENCY], .flow = values[RANGE_FLOW], .segment = values[RANGE_SEGMENT],
		.plan = values[RANGE_PLAN], .language = values[RANGE_LANGUAGE]};
	range->before = range->scope;
	range->before.from = day_text(req, first - range->days);
	range->before.to = day_text(req, first - 1);
}

enum err range_read(struct req *req, const char *path, const struct range_input *input, struct range *range_out)
{
	*range_out = (struct range){.req = req, .path = path, .more = ""};
	const char **values = range_out->values;
	int64_t today = clock_wall_us() / 86400000000, first = 0, last = 0;
	for (int part = 0; part < RANGE_PARTS; part++)
		values[part] = input->values[part] && *input->values[part] ? input->values[part] : NULL;
	if (!values[RANGE_MODE])
		values[RANGE_MODE] = "live";
	range_out->compare = values[RANGE_COMPARE] != NULL;
	enum err err = days_read(req, values[RANGE_FROM], values[RANGE_TO], today, &first, &last);
	if (err != OK || (!values[RANGE_FROM] && !values[RANGE_TO])) {
		values[RANGE_FROM] = values[RANGE_TO] = NULL;
		if (!values[RANGE_PRESET])
			values[RANGE_PRESET] = "30";
		last = today;
		first = today - strtol(values[RANGE_PRESET], NULL, 10) + 1;
	} else {
		values[RANGE_PRESET] = NULL;
	}
	scope_set(range_out, first, last);
	return err;
}

const char *range_link(const struct range *range, const char *path, enum range_part part, const char *value)
{
	struct buffer link = {0};
	char mark = '?';
	buffer_text(&link, path);
	for (int at = 0; at < RANGE_PARTS; at++) {
		const char *said = at == (int)part ? value : range->values[at];
		if (part == RANGE_PRESET && (at == RANGE_FROM || at == RANGE_TO))
			said = NULL;
		if (!said)
			continue;
		buffer_printf(&link, "%c%s=", mark, NAMES[at]);
		buffer_url(&link, said, strlen(said));
		mark = '&';
	}
	buffer_text(&link, range->more);
	const char *text = arena_memdup(&range->req->ctx.arena, link.data, link.length);
	buffer_free(&link);
	return text;
}

static void add_switch(const struct range *range, struct json_object *view, const char *name, enum range_part part, const char *const *choices)
{
	struct json_object *all = json_object_new_array();
	for (; *choices; choices += 2) {
		struct json_object *one = json_object_new_object();
		page_text(one, "link", range_link(range, range->path, part, choices[0]));
		page_text(one, "label", tr(range->req, choices[1]));
		json_object_object_add(one, "current", json_object_new_boolean(range->values[part] && !strcmp(range->values[part], choices[0])));
		json_object_array_add(all, one);
	}
	json_object_object_add(view, name, all);
}

static struct json_object *choice(const char *value, const char *label, bool current)
{
	struct json_object *one = json_object_new_object();
	page_text(one, "value", value);
	page_text(one, "label", label);
	json_object_object_add(one, "current", json_object_new_boolean(current));
	return one;
}

/* The choices of one filter; what is asked for is one of them in any case. */
static struct json_object *filter_view(const struct range *range, enum range_part part, const char *label, const PGresult *rows)
{
	struct json_object *filter = json_object_new_object(), *all = json_object_new_array();
	const char *asked = range->values[part];
	bool found = !asked;
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *value = pg_text(rows, row, "value"), *name = pg_text(rows, row, "label");
		if (strcmp(pg_text(rows, row, "dimension"), NAMES[part]))
			continue;
		bool current = asked && !strcmp(asked, value);
		found = found || current;
		json_object_array_add(all, choice(value, part == RANGE_SEGMENT ? page_word(range->req, name) : name, current));
	}
	if (!found)
		json_object_array_add(all, choice(asked, asked, true));
	page_text(filter, "name", NAMES[part]);
	page_text(filter, "title", tr(range->req, label));
	json_object_object_add(filter, "choices", all);
	return filter;
}

/* A flow that is not of this organisation is none. */
static void flow_check(struct range *range)
{
	for (int row = 0; range->values[RANGE_FLOW] && row < PQntuples(range->choices); row++)
		if (!strcmp(pg_text(range->choices, row, "value"), range->values[RANGE_FLOW]))
			return;
	range->values[RANGE_FLOW] = range->scope.flow = range->before.flow = NULL;
}

/* For forms of the page's own, which keep the rest of the URL. */
static struct json_object *hidden_view(const struct range *range)
{
	struct json_object *hidden = json_object_new_array();
	for (int part = 0; part < RANGE_PARTS; part++) {
		if (!range->values[part])
			continue;
		struct json_object *one = json_object_new_object();
		page_text(one, "name", NAMES[part]);
		page_text(one, "value", range->values[part]);
		json_object_array_add(hidden, one);
	}
	return hidden;
}

enum err range_view(struct range *range, struct lease *lease, struct json_object *view)
{
	static const char *const MODES[] = {"live", TR("Live"), "test", TR("Test"), NULL};
	static const char *const PRESETS[] = {"7", TR("7 days"), "30", TR("30 days"), "90", TR("90 days"), "365", TR("A year"), NULL};
	static const struct { enum range_part part; const char *label; } FILTERS[] = {{RANGE_FLOW, TR("Flow")}, {RANGE_SEGMENT, TR("Segment")},
		{RANGE_PLAN, TR("Plan")}, {RANGE_LANGUAGE, TR("Language")}, {RANGE_CURRENCY, TR("Currency")}};
	struct req *req = range->req;
	struct json_object *own = json_object_new_object(), *filters = json_object_new_array();
	PGresult *rows;
	json_object_object_add(view, "range", own);
	TRY(pg_run(lease, &SQL_PAGES_RANGE_CHOICES, PARAMS(req->who.org_id, pg_bool(range->scope.live)), &rows));
	range->choices = rows;
	flow_check(range);
	for (size_t i = 0; i < sizeof FILTERS / sizeof *FILTERS; i++)
		json_object_array_add(filters, filter_view(range, FILTERS[i].part, FILTERS[i].label, rows));
	json_object_object_add(own, "filters", filters);
	json_object_object_add(view, "hidden", hidden_view(range));
	add_switch(range, own, "modes", RANGE_MODE, MODES);
	add_switch(range, own, "presets", RANGE_PRESET, PRESETS);
	page_text(own, "page", range->path);
	page_text(own, "mode", range->values[RANGE_MODE]);
	page_text(own, "preset", range->values[RANGE_PRESET]);
	page_text(own, "from", range->values[RANGE_FROM]);
	page_text(own, "to", range->values[RANGE_TO]);
	page_text(own, "first", page_day(req, range->scope.from));
	page_text(own, "last", page_day(req, range->scope.to));
	json_object_object_add(own, "test", json_object_new_boolean(!range->scope.live));
	json_object_object_add(own, "compare", json_object_new_boolean(range->compare));
	bool filtered = range->compare;
	for (int part = RANGE_FROM; part < RANGE_COMPARE; part++)
		filtered = filtered || range->values[part];
	json_object_object_add(own, "filtered", json_object_new_boolean(filtered));
	return OK;
}

const char *range_label(const struct range *range, const char *dimension, const char *value)
{
	for (int row = 0; range->choices && row < PQntuples(range->choices); row++)
		if (!strcmp(pg_text(range->choices, row, "dimension"), dimension) && !strcmp(pg_text(range->choices, row, "value"), value))
			return page_word(range->req, pg_text(range->choices, row, "label"));
	return page_word(range->req, value);
}

const char *currency_code(struct req *req, const char *currency)
{
	char *code = arena_strdup(&req->ctx.arena, currency);
	for (char *at = code; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return code;
}
