#include "pages/page.h"

#include "observe/profile.h"
#include "web/budget.h"

#include <math.h>
#include <string.h>

#define ROUTES_SHOWN 25
#define STATEMENTS_SHOWN 15
#define PLANS 3 /* looked at for findings */
#define BAR_WIDTH 240
#define BAR_HEIGHT 12

struct profile_input {
	const char *explain;
};

static const struct field PROFILE_INPUT[] = {
	INPUT(struct profile_input, explain, "explain", IN_QUERY, FIELD_TEXT, .least = 1, .most = 63, .doc = "shows the plan of this statement"),
	FIELD_END};

/* In the order of enum profile_part. */
static const char *const SERIES[PROFILE_PARTS] = {"series-nine", "series-five", "series-four", "series-one", "series-three", "series-two", "series-six",
	"series-seven", "series-eight"};

static const char *decimal(void *argument, double number, int digits)
{
	return page_decimal(argument, number, digits);
}

static const char *span_text(struct req *req, double seconds)
{
	return seconds < 1 ? arena_printf(&req->ctx.arena, "%s ms", page_decimal(req, 1000 * seconds, seconds < .01 ? 2 : 1)) :
		arena_printf(&req->ctx.arena, "%s s", page_decimal(req, seconds, 1));
}

/* --- findings --- */

static struct json_object *finding_view(struct req *req, const struct finding *finding)
{
	const struct finding_words *words = &FINDING_WORDS[finding->kind];
	struct ctx *ctx = &req->ctx;
	struct json_object *view = json_object_new_object();
	page_text(view, "kind", words->code);
	page_text(view, "title", tr(req, words->title));
	page_text(view, "severity", tr(req, severity_text(finding->severity)));
	page_text(view, "pill", finding->severity == SEVERITY_ALERT ? "bad" : finding->severity == SEVERITY_WARN ? "pending" : "manual");
	page_text(view, "evidence", finding_text(ctx, finding, tr(req, words->evidence), decimal, req));
	/* Commands and settings take numbers as programs write them. */
	page_text(view, "change", finding_text(ctx, finding, tr(req, words->change), NULL, NULL));
	page_text(view, "gain", finding_text(ctx, finding, tr(req, words->gain), decimal, req));
	return view;
}

static void add_findings(struct req *req, const struct findings *findings, struct json_object *view)
{
	struct json_object *list = json_object_new_array();
	for (int i = 0; i < findings->count; i++)
		json_object_array_add(list, finding_view(req, &findings->rows[i]));
	json_object_object_add(view, "findings", list);
	page_flag(view, "any_finding", findings->count > 0);
}

/* --- routes --- */

static double whole_of(const struct profile_route *route)
{
	double sum = 0;
	for (enum profile_part part = 0; part < PROFILE_PARTS; part++)
		sum += route->parts[part];
	return sum;
}

/* The parts of one request beside each other; the words beside it say the same. */
static const char *bar_svg(struct req *req, const struct profile_route *route, double whole)
{
	struct buffer out = {0};
	double x = 0;
	buffer_printf(&out, "<svg class=\"meter stack\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\">", BAR_WIDTH, BAR_HEIGHT);
	for (enum profile_part part = 0; part < PROFILE_PARTS; part++) {
		double width = whole > 0 ? BAR_WIDTH * route->parts[part] / whole : 0;
		if (width > 0)
			buffer_printf(&out, "<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"%d\"/>", SERIES[part], x, width, BAR_HEIGHT);
		x += width;
	}
	buffer_text(&out, "</svg>");
	const char *svg = arena_memdup(&req->ctx.arena, out.data, out.length);
	buffer_free(&out);
	return svg;
}

/* "statements 63 %, rendering 20 %": what takes a tenth or more, in the order of the bar. */
static const char *parts_text(struct req *req, const struct profile_route *route, double whole)
{
	const char *text = "";
	for (enum profile_part part = 0; part < PROFILE_PARTS && whole > 0; part++)
		if (route->parts[part] >= whole / 10)
			text = arena_printf(&req->ctx.arena, "%s%s%s %s %%", text, *text ? ", " : "", tr(req, profile_part_text(part)),
				page_decimal(req, 100 * route->parts[part] / whole, 0));
	return text;
}

static struct json_object *route_view(struct req *req, const struct profile_route *route)
{
	double whole = whole_of(route), requests = fmax((double)route->requests, 1);
	struct json_object *view = json_object_new_object();
	page_text(view, "name", *route->method ? arena_printf(&req->ctx.arena, "%s %s", route->method, route->route) : route->route);
	page_text(view, "class", route->target ? route->target->text : profile_is_job(route) ? tr(req, "job") : "–");
	page_text(view, "requests", page_number(req, (int64_t)route->requests));
	page_text(view, "total", span_text(req, route->seconds));
	page_text(view, "mean", span_text(req, route->seconds / requests));
	page_text(view, "statements", page_decimal(req, route->statements / requests, 1));
	page_text(view, "bar", bar_svg(req, route, whole));
	page_text(view, "parts", parts_text(req, route, whole));
	return view;
}

static void add_routes(struct req *req, const struct profile *profile, struct json_object *view)
{
	struct json_object *list = json_object_new_array(), *legend = json_object_new_array();
	for (int i = 0; i < profile->route_count && i < ROUTES_SHOWN; i++)
		json_object_array_add(list, route_view(req, &profile->routes[i]));
	for (enum profile_part part = 0; part < PROFILE_PARTS; part++) {
		struct json_object *entry = json_object_new_object();
		page_text(entry, "series", SERIES[part]);
		page_text(entry, "label", tr(req, profile_part_text(part)));
		json_object_array_add(legend, entry);
	}
	json_object_object_add(view, "routes", list);
	json_object_object_add(view, "legend", legend);
	page_flag(view, "any_route", profile->route_count > 0);
}

/* --- statements and the cache --- */

static void add_statements(struct req *req, const struct profile *profile, struct json_object *view)
{
	struct json_object *list = json_object_new_array();
	for (int i = 0; i < profile->statement_count && i < STATEMENTS_SHOWN; i++) {
		const struct profile_statement *statement = &profile->statements[i];
		struct json_object *row = json_object_new_object();
		page_text(row, "name", strcmp(statement->name, CTX_OTHER) != 0 ? statement->name : tr(req, "further statements"));
		page_text(row, "file", profile_statement_file(&req->ctx, statement->name));
		page_text(row, "route", arena_printf(&req->ctx.arena, "%s%s%s", statement->method, *statement->method ? " " : "", statement->route));
		page_text(row, "runs", page_number(req, (int64_t)statement->count));
		page_text(row, "total", span_text(req, statement->seconds));
		page_text(row, "mean", span_text(req, statement->seconds / (double)statement->count));
		json_object_array_add(list, row);
	}
	json_object_object_add(view, "statements", list);
}

static void add_plan(struct req *req, const struct profile_report *report, const char *name, struct json_object *view)
{
	for (int i = 0; name && i < report->plan_count; i++) {
		const struct profile_plan *plan = &report->plans[i];
		if (strcmp(plan->statement.name, name) != 0)
			continue;
		struct json_object *part = json_object_new_object();
		page_text(part, "name", plan->statement.name);
		page_text(part, "text", plan->plan ? profile_plan_text(&req->ctx, plan->plan) : NULL);
		page_text(part, "why", plan->why ? tr(req, plan->why) : NULL);
		page_text(part, "reason", plan->reason);
		json_object_object_add(view, "plan", part);
	}
}

static void add_spaces(struct req *req, const struct profile *profile, struct json_object *view)
{
	struct json_object *list = json_object_new_array();
	for (int i = 0; i < profile->space_count; i++) {
		const struct profile_space *space = &profile->spaces[i];
		const struct hit_target *target = hit_target_of(space->name);
		int64_t hits = (int64_t)(space->local + space->shared), lookups = hits + (int64_t)space->missed;
		struct json_object *row = json_object_new_object();
		page_text(row, "name", space->name);
		page_text(row, "lookups", page_number(req, lookups));
		page_text(row, "hits", page_percent(req, hits, lookups));
		page_text(row, "target", page_percent(req, (int64_t)round(100 * (target ? target->share : bound_of(BOUND_HIT_RATE)->target)), 100));
		json_object_array_add(list, row);
	}
	json_object_object_add(view, "spaces", list);
	page_flag(view, "any_space", profile->space_count > 0);
}

static enum err profile_page(struct req *req, struct rep *rep)
{
	const struct profile_input *in = req->input;
	struct json_object *view = page_view(req);
	struct profile *profile = profile_make(&req->ctx, NULL, profile_read(&req->ctx), 0);
	struct profile_report report;
	profile_report(&req->ctx, req->house.pool, profile, &(struct profile_wish){.plans = PLANS, .statement = in->explain}, &report);
	page_text(view, "database_fault", report.database_fault);
	add_findings(req, &report.findings, view);
	add_routes(req, profile, view);
	add_statements(req, profile, view);
	add_plan(req, &report, in->explain, view);
	add_spaces(req, profile, view);
	return page_show(req, rep, "profile", "Profile", view);
}

static const struct budget PROFILE_BUDGET = {.most = {[BUDGET_QUERIES] = 40},
	.why = "reads the catalogue once and explains the three dearest statements, and another one when asked to"};

const struct route PROFILE_ROUTES[] = {
	{METHOD_GET, "/profile", ACCESS_PAGE, .permission = PERMIT_OPS_READ, .class = CLASS_PAGE, .input = PROFILE_INPUT,
		.input_size = sizeof(struct profile_input), .run = profile_page, .shape = REPLY_PAGE, .budget = &PROFILE_BUDGET,
		.doc = "Where each route's time goes, what is wrong and what to change: of every organisation, as this machine counted"},
	ROUTE_END};
