#include "pages/page.h"

#include "observe/capacity.h"
#include "pages/chart.h"

#include <math.h>
#include <string.h>

/* What is known at a glance, of a plan and of each phase. */
static const enum capacity_id SHORT[] = {CAPACITY_DESIGN, CAPACITY_AVERAGE_RATE, CAPACITY_DESIGN_RATE, CAPACITY_WEB_CORES, CAPACITY_DATABASE_CORES, CAPACITY_PRIMARY_CORES,
	CAPACITY_MACHINES, CAPACITY_MAX_CONNECTIONS, CAPACITY_CACHE_BYTES, CAPACITY_NORMAL_USE};
#define SHORT_COUNT (sizeof SHORT / sizeof *SHORT)

static const int CHARTED[] = {1000, 2000, 5000, 10000, 20000, 50000, 100000};
#define CHARTED_COUNT (sizeof CHARTED / sizeof *CHARTED)

static int digits_of(double value)
{
	return value >= 100 || value <= 0 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
}

static const char *bytes_text(struct req *req, double value)
{
	bool large = value >= 1073741824;
	value /= large ? 1073741824 : 1048576;
	return arena_printf(&req->ctx.arena, "%s %s", page_decimal(req, value, value == floor(value) ? 0 : digits_of(value)), large ? "GiB" : "MiB");
}

static const char *value_text(struct req *req, enum capacity_unit unit, double value)
{
	switch (unit) {
	case AS_RATE:
		return arena_printf(&req->ctx.arena, "%s/s", page_decimal(req, value, digits_of(value)));
	case AS_PART:
		return arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, 100 * value, 1));
	case AS_BYTES:
		return bytes_text(req, value);
	case AS_CORES:
	case AS_NUMBER:
		return page_decimal(req, value, digits_of(value));
	default:
		return page_number(req, (int64_t)value);
	}
}

/* --- the form --- */

/* As it would be typed: "8g" for memory that is whole gigabytes. */
static const char *typed(struct req *req, const struct capacity_input *input, double value)
{
	bool memory = !strcmp(input->name, "memory");
	if (memory && fmod(value, 1073741824) == 0)
		return arena_printf(&req->ctx.arena, "%.0fg", value / 1073741824);
	return memory ? arena_printf(&req->ctx.arena, "%.0fm", floor(value / 1048576)) : arena_printf(&req->ctx.arena, "%.10g", value);
}

static void add_form(struct req *req, const struct capacity_plan *plan, struct json_object *view)
{
	struct json_object *inputs = json_object_new_array();
	for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++) {
		struct json_object *row = json_object_new_object();
		page_text(row, "name", input->name);
		page_text(row, "title", tr(req, input->title));
		page_text(row, "value", typed(req, input, *(const double *)((const char *)&plan->model + input->offset)));
		page_text(row, "source", input->source);
		json_object_array_add(inputs, row);
	}
	json_object_object_add(view, "inputs", inputs);
}

/* The fault in the visitor's language; what was typed stays in the address alone. */
static enum err input_fault(struct req *req, struct rep *rep, enum err err, struct json_object *view)
{
	for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++)
		if (!strcmp(input->name, req->ctx.fault.field)) {
			const char *title = tr(req, input->title), *least = typed(req, input, input->least), *most = typed(req, input, input->most);
			TRY(page_fault(req, rep, err, view));
			page_text(view, "error", arena_printf(&req->ctx.arena, tr(req, "%s: a number from %s to %s is needed."), title, least, most));
			return OK;
		}
	return err;
}

/* --- figures --- */

static struct json_object *figure_row(struct req *req, const struct capacity_plan *plan, enum capacity_id id)
{
	const struct capacity_kind *kind = &CAPACITY_KINDS[id];
	struct json_object *row = json_object_new_object();
	page_text(row, "id", kind->name);
	page_text(row, "title", tr(req, kind->title));
	page_text(row, "value", value_text(req, kind->unit, capacity_value(plan, id)));
	page_text(row, "formula", kind->formula);
	page_text(row, "worked", plan->figures[id][0].worked);
	page_text(row, "source", kind->source);
	return row;
}

static void add_groups(struct req *req, const struct capacity_plan *plan, struct json_object *view)
{
	struct json_object *groups = json_object_new_array(), *briefly = json_object_new_array();
	for (enum capacity_group group = 0; group < CAPACITY_GROUPS; group++) {
		struct json_object *section, *rows;
		if (group == GROUP_PER_SYSTEM)
			continue;
		section = json_object_new_object();
		rows = json_object_new_array();
		for (enum capacity_id id = 0; id < CAPACITY_IDS; id++)
			if (CAPACITY_KINDS[id].group == group)
				json_object_array_add(rows, figure_row(req, plan, id));
		page_text(section, "id", capacity_group_name(group));
		page_text(section, "title", tr(req, capacity_group_title(group)));
		json_object_object_add(section, "rows", rows);
		json_object_array_add(groups, section);
	}
	for (size_t i = 0; i < SHORT_COUNT; i++)
		json_object_array_add(briefly, figure_row(req, plan, SHORT[i]));
	json_object_object_add(view, "groups", groups);
	json_object_object_add(view, "briefly", briefly);
}

/* A line a figure, a column a system. */
static void add_systems(struct req *req, const struct capacity_plan *plan, struct json_object *view)
{
	struct json_object *names = json_object_new_array(), *rows = json_object_new_array();
	for (int system = 0; system < CAPACITY_SYSTEMS; system++)
		json_object_array_add(names, json_object_new_string(capacity_system_name(system)));
	for (enum capacity_id id = 0; id < CAPACITY_IDS; id++) {
		const struct capacity_kind *kind = &CAPACITY_KINDS[id];
		if (kind->group != GROUP_PER_SYSTEM)
			continue;
		struct json_object *row = figure_row(req, plan, id), *cells = json_object_new_array();
		for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
			struct json_object *cell = json_object_new_object();
			page_text(cell, "value", value_text(req, kind->unit, capacity_system_value(plan, id, system)));
			page_text(cell, "system", capacity_system_name(system));
			page_text(cell, "worked", plan->figures[id][system].worked);
			json_object_array_add(cells, cell);
		}
		json_object_object_add(row, "cells", cells);
		json_object_array_add(rows, row);
	}
	json_object_object_add(view, "system_names", names);
	json_object_object_add(view, "systems", rows);
}

static const char *us(struct req *req, double seconds)
{
	return page_number(req, (int64_t)round(seconds * 1e6));
}

static void add_costs(struct req *req, const struct capacity_costs *costs, struct json_object *view)
{
	struct json_object *rows = json_object_new_array();
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		const struct capacity_cost *cost = &costs->system[system];
		struct json_object *row = json_object_new_object();
		page_text(row, "system", capacity_system_name(system));
		page_text(row, "cpu", us(req, cost->cpu_s));
		page_text(row, "front", us(req, cost->front_s));
		page_text(row, "database", us(req, cost->database_s));
		page_text(row, "reads", value_text(req, AS_PART, cost->reads));
		page_text(row, "held", us(req, cost->held_s));
		page_text(row, "took", us(req, cost->took_s));
		page_text(row, "process", bytes_text(req, cost->process_bytes));
		page_text(row, "thread", bytes_text(req, cost->thread_bytes));
		page_flag(row, "measured", cost->measured);
		json_object_array_add(rows, row);
	}
	json_object_object_add(view, "costs", rows);
	page_text(view, "from", costs->from);
	page_text(view, "job_cpu", us(req, costs->job_cpu_s));
	page_text(view, "job_took", us(req, costs->job_took_s));
}

/* --- phases --- */

static void add_phases(struct req *req, const struct capacity_plan *plan, struct json_object *view)
{
	struct json_object *heads = json_object_new_array(), *rows = json_object_new_array();
	struct capacity_plan *phase = arena_alloc(&req->ctx.arena, sizeof *phase);
	*phase = *plan;
	for (size_t i = 0; i < SHORT_COUNT; i++)
		json_object_array_add(heads, json_object_new_string(tr(req, CAPACITY_KINDS[SHORT[i]].title)));
	for (const int *users = CAPACITY_PHASES; *users; users++) {
		struct json_object *row = json_object_new_object(), *cells = json_object_new_array();
		phase->model.users = *users;
		capacity_plan_make(phase);
		page_text(row, "users", page_number(req, *users));
		for (size_t i = 0; i < SHORT_COUNT; i++)
			json_object_array_add(cells, json_object_new_string(value_text(req, CAPACITY_KINDS[SHORT[i]].unit, capacity_value(phase, SHORT[i]))));
		json_object_object_add(row, "cells", cells);
		json_object_array_add(rows, row);
	}
	json_object_object_add(view, "phase_heads", heads);
	json_object_object_add(view, "phases", rows);
}

static void add_chart(struct req *req, const struct capacity_plan *plan, struct json_object *view)
{
	static const enum capacity_id SERIES[] = {CAPACITY_WEB_CORES, CAPACITY_DATABASE_CORES};
	const struct chart_series series[] = {{"one", tr(req, CAPACITY_KINDS[SERIES[0]].title)}, {"two", tr(req, CAPACITY_KINDS[SERIES[1]].title)}};
	const char *labels[CHARTED_COUNT], *texts[2 * CHARTED_COUNT];
	double values[2 * CHARTED_COUNT];
	struct json_object *legend = json_object_new_array(), *points = json_object_new_array();
	struct capacity_plan *point = arena_alloc(&req->ctx.arena, sizeof *point);
	*point = *plan;
	for (size_t i = 0; i < CHARTED_COUNT; i++) {
		struct json_object *row = json_object_new_object();
		point->model.users = CHARTED[i];
		capacity_plan_make(point);
		labels[i] = page_number(req, CHARTED[i]);
		for (size_t s = 0; s < 2; s++) {
			values[2 * i + s] = capacity_value(point, SERIES[s]);
			texts[2 * i + s] = value_text(req, AS_CORES, values[2 * i + s]);
		}
		page_text(row, "users", labels[i]);
		page_text(row, "web", texts[2 * i]);
		page_text(row, "database", texts[2 * i + 1]);
		page_text(row, "machines", page_number(req, (int64_t)capacity_value(point, CAPACITY_MACHINES)));
		json_object_array_add(points, row);
	}
	for (size_t s = 0; s < 2; s++) {
		struct json_object *entry = json_object_new_object();
		page_text(entry, "series", series[s].name);
		page_text(entry, "label", series[s].label);
		json_object_array_add(legend, entry);
	}
	page_text(view, "svg", chart_columns(&req->ctx, &(struct chart){.title = tr(req, "Cores by users"),
		.description = tr(req, "Cores for responders and for PostgreSQL from 1,000 to 100,000 users"), .series = series, .series_count = 2,
		.points = CHARTED_COUNT, .labels = labels, .texts = texts, .values = values}));
	page_text(view, "first", labels[0]);
	page_text(view, "last", labels[CHARTED_COUNT - 1]);
	json_object_object_add(view, "legend", legend);
	json_object_object_add(view, "points", points);
}

static enum err capacity_page(struct req *req, struct rep *rep)
{
	struct json_object *view = page_view(req);
	struct capacity_plan *plan;
	enum err err = capacity_ask(&req->ctx, req->input, &plan);
	if (err != OK)
		TRY(input_fault(req, rep, err, view));
	page_flag(view, "answered", err == OK);
	add_form(req, plan, view);
	add_costs(req, &plan->costs, view);
	if (err == OK) {
		add_groups(req, plan, view);
		add_systems(req, plan, view);
	}
	add_phases(req, plan, view);
	add_chart(req, plan, view);
	return page_show(req, rep, "capacity", "Capacity", view);
}

const struct route CAPACITY_ROUTES[] = {
	{METHOD_GET, "/capacity", ACCESS_PAGE, .permission = PERMIT_OPS_READ, .class = CLASS_PAGE, .input = CAPACITY_QUERY_FIELDS,
		.input_size = sizeof(struct capacity_query), .run = capacity_page, .shape = REPLY_PAGE,
		.doc = "What a number of users needs, with formulas and measured costs"},
	ROUTE_END};
