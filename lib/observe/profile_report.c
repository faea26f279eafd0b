#include "observe/profile_parts.h"

#include "base/log.h"

#include <string.h>

/* --- all of it --- */

static enum err database_ask(struct ctx *ctx, struct lease *lease, const struct profile_settings *settings, const struct profile_wish *wish,
	struct profile_report *report)
{
	struct operate_queue queues[JOB_QUEUES];
	struct profile_facts facts;
	TRY(profile_facts_read(lease, &facts));
	profile_find_facts(&facts, report->profile, settings, &report->findings);
	profile_explain(lease, report->profile, wish, report);
	for (int i = 0; i < report->plan_count; i++)
		profile_find_plan(&report->plans[i], &facts, &report->findings);
	struct pool *pool = lease->pool;
	lease_return(lease);
	TRY(operate_queues(ctx, pool, NULL, queues));
	profile_find_queues(queues, settings, &report->findings);
	return OK;
}

void profile_report(struct ctx *ctx, struct pool *pool, struct profile *profile, const struct profile_wish *wish, struct profile_report *report_out)
{
	const struct profile_settings settings = profile_settings();
	struct lease lease = {0};
	bool wrote = ctx->reads.wrote;
	*report_out = (struct profile_report){.profile = profile, .findings = {.ctx = ctx}};
	profile_find_routes(profile, &settings, &report_out->findings);
	profile_find_cache(profile, &settings, &report_out->findings);
	profile_find_programs(profile, &settings, &report_out->findings);
	profile_find_memcached(&report_out->findings);
	/* A replica's statistics are of its own reads. */
	ctx->reads.since = 0;
	enum err err = lease_take(ctx, pool, &lease);
	if (err == OK)
		err = database_ask(ctx, &lease, &settings, wish, report_out);
	if (err != OK) {
		report_out->database_fault = arena_strdup(&ctx->arena, ctx->fault.detail);
		report_out->database_reason = arena_strdup(&ctx->arena, ctx->fault.internal);
		LOG(LOG_WARN, "profile.database", LOG_T("detail", report_out->database_fault), LOG_T("internal", report_out->database_reason));
		ctx_forgive(ctx);
	}
	lease_return(&lease);
	ctx->reads.wrote = wrote; /* what was explained was not done */
	findings_sort(&report_out->findings);
}

/* --- as JSON --- */

static void add_number(struct json_object *object, const char *name, double value)
{
	json_object_object_add(object, name, json_object_new_double(value));
}

static void add_text(struct json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, value ? json_object_new_string(value) : NULL);
}

static struct json_object *statement_json(struct ctx *ctx, const struct profile_statement *statement, double requests)
{
	struct json_object *row = json_object_new_object();
	add_text(row, "statement", statement->name);
	add_text(row, "file", profile_statement_file(ctx, statement->name));
	json_object_object_add(row, "count", json_object_new_int64((int64_t)statement->count));
	if (requests > 0)
		add_number(row, "perRequest", (double)statement->count / requests);
	add_number(row, "seconds", statement->seconds);
	add_number(row, "meanMs", statement->count ? 1000 * statement->seconds / (double)statement->count : 0);
	return row;
}

static struct json_object *route_json(struct ctx *ctx, const struct profile_route *route)
{
	struct json_object *row = json_object_new_object(), *parts = json_object_new_object(), *list = json_object_new_array();
	add_text(row, "method", *route->method ? route->method : NULL);
	add_text(row, "route", route->route);
	add_text(row, "class", route->target ? route->target->text : NULL);
	json_object_object_add(row, "requests", json_object_new_int64((int64_t)route->requests));
	add_number(row, "seconds", route->seconds);
	add_number(row, "meanMs", route->requests ? 1000 * route->seconds / (double)route->requests : 0);
	for (enum profile_part part = 0; part < PROFILE_PARTS; part++)
		add_number(parts, profile_part_name(part), route->parts[part]);
	json_object_object_add(parts, "cpu", route->cpu < 0 ? NULL : json_object_new_double(route->cpu));
	json_object_object_add(row, "partSeconds", parts);
	for (const struct profile_statement *statement = route->dearest; statement; statement = statement->next)
		json_object_array_add(list, statement_json(ctx, statement, (double)route->requests));
	json_object_object_add(row, "statements", list);
	return row;
}

static struct json_object *finding_json(struct ctx *ctx, const struct finding *finding)
{
	const struct finding_words *words = &FINDING_WORDS[finding->kind];
	struct json_object *row = json_object_new_object();
	add_text(row, "kind", words->code);
	add_text(row, "severity", severity_text(finding->severity));
	add_text(row, "title", words->title);
	add_text(row, "route", finding->route);
	add_text(row, "statement", finding->statement);
	add_text(row, "table", finding->table);
	add_text(row, "evidence", finding_text(ctx, finding, words->evidence, NULL, NULL));
	json_object_object_add(row, "numbers", json_object_get(finding->numbers));
	add_text(row, "change", finding_text(ctx, finding, words->change, NULL, NULL));
	add_text(row, "gain", finding_text(ctx, finding, words->gain, NULL, NULL));
	add_number(row, "costSeconds", finding->cost);
	return row;
}

static struct json_object *space_json(const struct profile_space *space)
{
	struct json_object *row = json_object_new_object();
	const struct hit_target *target = hit_target_of(space->name);
	double lookups = (double)(space->local + space->shared + space->missed);
	add_text(row, "space", space->name);
	json_object_object_add(row, "local", json_object_new_int64((int64_t)space->local));
	json_object_object_add(row, "shared", json_object_new_int64((int64_t)space->shared));
	json_object_object_add(row, "missed", json_object_new_int64((int64_t)space->missed));
	json_object_object_add(row, "hitShare", lookups > 0 ? json_object_new_double(1 - (double)space->missed / lookups) : NULL);
	add_number(row, "targetShare", target ? target->share : bound_of(BOUND_HIT_RATE)->target);
	return row;
}

static struct json_object *plan_json(struct ctx *ctx, const struct profile_plan *plan)
{
	struct json_object *row = statement_json(ctx, &plan->statement, 0);
	json_object_object_add(row, "plan", json_object_get(plan->plan));
	add_text(row, "why", plan->why);
	add_text(row, "reason", plan->reason);
	return row;
}

static void route_filter(struct ctx *ctx, const struct profile_report *report, const char *route, struct json_object *out)
{
	const struct profile *profile = report->profile;
	const struct profile_route *only = route ? profile_route_find(profile, route) : NULL;
	struct json_object *routes = json_object_new_array(), *findings = json_object_new_array(), *plans = json_object_new_array();
	for (int i = 0; i < profile->route_count; i++)
		if (!route || only == &profile->routes[i])
			json_object_array_add(routes, route_json(ctx, &profile->routes[i]));
	for (int i = 0; i < report->plan_count; i++)
		json_object_array_add(plans, plan_json(ctx, &report->plans[i]));
	for (int i = 0; i < report->findings.count; i++)
		if (finding_concerns(profile, &report->findings.rows[i], route))
			json_object_array_add(findings, finding_json(ctx, &report->findings.rows[i]));
	json_object_object_add(out, "routes", routes);
	json_object_object_add(out, "plans", plans);
	json_object_object_add(out, "findings", findings);
}

struct json_object *profile_json(struct ctx *ctx, const struct profile_report *report, const char *route)
{
	struct json_object *out = json_object_new_object(), *spaces = json_object_new_array();
	json_object_object_add(out, "spanSeconds", report->profile->span > 0 ? json_object_new_double(report->profile->span) : NULL);
	route_filter(ctx, report, route, out);
	for (int i = 0; i < report->profile->space_count; i++)
		json_object_array_add(spaces, space_json(&report->profile->spaces[i]));
	json_object_object_add(out, "cache", spaces);
	add_text(out, "databaseFault", report->database_fault);
	return out;
}
