#include "observe/capacity.h"

#include <math.h>
#include <string.h>

static const struct { const char *name, *title; } GROUPS[CAPACITY_GROUPS] = {
	[GROUP_USERS] = {"users", TR("People")}, [GROUP_LOAD] = {"load", TR("Load")}, [GROUP_PER_SYSTEM] = {"systems", TR("Systems")},
	[GROUP_WORKER] = {"worker", TR("Worker")}, [GROUP_MACHINES] = {"machines", TR("Machines")},
	[GROUP_POSTGRESQL] = {"postgresql", "PostgreSQL"}, [GROUP_MEMCACHED] = {"memcached", "memcached"},
	[GROUP_FRONT] = {"front", TR("Web server and balancer")}, [GROUP_KUBERNETES] = {"kubernetes", "Kubernetes"}};

const char *capacity_group_name(enum capacity_group group)
{
	return GROUPS[group].name;
}

const char *capacity_group_title(enum capacity_group group)
{
	return GROUPS[group].title;
}

static const char *grouped(struct ctx *ctx, double value, int digits)
{
	char plain[64], *at = plain;
	snprintf(plain, sizeof plain, "%.*f", digits, value);
	size_t whole = strspn(plain, "-0123456789");
	char *out = arena_alloc(&ctx->arena, 2 * sizeof plain), *to = out;
	for (size_t i = 0; *at; i++) {
		*to++ = *at++;
		if (i + 1 < whole && (whole - i - 1) % 3 == 0 && at[-1] != '-')
			*to++ = ',';
	}
	return out;
}

static const char *bytes_text(struct ctx *ctx, double value)
{
	static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	while (value >= 1024 && unit + 1 < sizeof UNITS / sizeof *UNITS) {
		value /= 1024;
		unit++;
	}
	return arena_printf(&ctx->arena, "%.4g %s", value, UNITS[unit]);
}

/* Three figures that count. */
static int digits_of(double value)
{
	return value >= 100 || value <= 0 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
}

const char *capacity_text(struct ctx *ctx, enum capacity_unit unit, double value)
{
	switch (unit) {
	case AS_RATE:
		return arena_printf(&ctx->arena, "%s/s", grouped(ctx, value, digits_of(value)));
	case AS_PART:
		return arena_printf(&ctx->arena, "%.1f %%", 100 * value);
	case AS_BYTES:
		return bytes_text(ctx, value);
	case AS_CORES:
	case AS_NUMBER:
		return grouped(ctx, value, digits_of(value));
	default:
		return grouped(ctx, value, 0);
	}
}

static const char *unit_name(enum capacity_unit unit)
{
	static const char *const NAMES[] = {[AS_COUNT] = "count", [AS_RATE] = "per second", [AS_PART] = "share", [AS_CORES] = "cores",
		[AS_BYTES] = "bytes", [AS_NUMBER] = "number"};
	return NAMES[unit];
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

/* Whole numbers without a fraction, so that templates can write them. */
static void add_number(struct json_object *object, const char *name, double value)
{
	json_object_object_add(object, name, value == floor(value) && fabs(value) < 1e15 ? json_object_new_int64((int64_t)value) : json_object_new_double(value));
}

static struct json_object *model_json(const struct capacity_model *model)
{
	struct json_object *object = json_object_new_object();
	for (const struct capacity_input *input = CAPACITY_INPUTS; input->name; input++)
		add_number(object, input->name, *(const double *)((const char *)model + input->offset));
	return object;
}

static struct json_object *cost_json(const struct capacity_costs *costs)
{
	struct json_object *object = json_object_new_object(), *systems = json_object_new_array();
	add_text(object, "from", costs->from);
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		const struct capacity_cost *cost = &costs->system[system];
		struct json_object *row = json_object_new_object();
		add_text(row, "system", capacity_system_name(system));
		add_number(row, "requests", cost->requests);
		add_number(row, "processorUs", round(cost->cpu_s * 1e6));
		add_number(row, "webServerUs", round(cost->front_s * 1e6));
		add_number(row, "databaseUs", round(cost->database_s * 1e6));
		add_number(row, "readShare", cost->reads);
		add_number(row, "connectionHeldUs", round(cost->held_s * 1e6));
		add_number(row, "tookUs", round(cost->took_s * 1e6));
		add_number(row, "processBytes", cost->process_bytes);
		add_number(row, "threadBytes", cost->thread_bytes);
		json_object_object_add(row, "measuredHere", json_object_new_boolean(cost->measured));
		json_object_array_add(systems, row);
	}
	json_object_object_add(object, "systems", systems);
	add_number(object, "jobProcessorUs", round(costs->job_cpu_s * 1e6));
	add_number(object, "jobTookUs", round(costs->job_took_s * 1e6));
	add_number(object, "workerBytes", costs->worker_bytes);
	add_number(object, "connectionBytes", costs->connection_bytes);
	add_number(object, "cacheBytes", costs->cache_bytes);
	return object;
}

static struct json_object *figure_json(const struct capacity_plan *plan, enum capacity_id id, int system)
{
	const struct capacity_kind *kind = &CAPACITY_KINDS[id];
	const struct capacity_figure *figure = &plan->figures[id][system];
	struct json_object *row = json_object_new_object();
	bool per_system = kind->group == GROUP_PER_SYSTEM;
	add_text(row, "figure", kind->name);
	add_text(row, "group", capacity_group_name(kind->group));
	json_object_object_add(row, "system", per_system ? json_object_new_string(capacity_system_name(system)) : NULL);
	add_text(row, "title", kind->title);
	add_number(row, "value", figure->value);
	add_text(row, "unit", unit_name(kind->unit));
	add_text(row, "formula", kind->formula);
	add_text(row, "worked", figure->worked);
	add_text(row, "source", kind->source);
	return row;
}

struct json_object *capacity_json(const struct capacity_plan *plan)
{
	struct json_object *reply = json_object_new_object(), *figures = json_object_new_array();
	json_object_object_add(reply, "model", model_json(&plan->model));
	json_object_object_add(reply, "cost", cost_json(&plan->costs));
	for (enum capacity_id id = 0; id < CAPACITY_IDS; id++)
		for (int system = 0; system < (CAPACITY_KINDS[id].group == GROUP_PER_SYSTEM ? CAPACITY_SYSTEMS : 1); system++)
			json_object_array_add(figures, figure_json(plan, id, system));
	json_object_object_add(reply, "figures", figures);
	return reply;
}

struct json_object *capacity_values(const struct capacity_plan *plan)
{
	struct json_object *values = json_object_new_object(), *systems = json_object_new_array();
	for (enum capacity_id id = 0; id < CAPACITY_IDS; id++)
		if (CAPACITY_KINDS[id].group != GROUP_PER_SYSTEM)
			add_number(values, CAPACITY_KINDS[id].name, capacity_value(plan, id));
	for (int system = 0; system < CAPACITY_SYSTEMS; system++) {
		struct json_object *row = json_object_new_object();
		add_text(row, "name", capacity_system_name(system));
		for (enum capacity_id id = 0; id < CAPACITY_IDS; id++)
			if (CAPACITY_KINDS[id].group == GROUP_PER_SYSTEM)
				add_number(row, CAPACITY_KINDS[id].name, capacity_system_value(plan, id, system));
		json_object_array_add(systems, row);
	}
	json_object_object_add(values, "systems", systems);
	json_object_object_add(values, "model", model_json(&plan->model));
	return values;
}
