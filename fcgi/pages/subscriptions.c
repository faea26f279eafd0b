#include "pages/reach.h"

#include "outreach/outreach.h"
#include "measure/measure.h"
#include "sql.h"

#include <string.h>

#define VIEWS "upcoming|attention|alerts"
#define PRIORITIES "urgent|high|medium|low"

struct subscriptions_input {
	const char *mode, *view, *days, *reason, *state, *priority, *after, *id;
	bool unread;
};

#define QUERY(member, name, choices_, doc_) INPUT(struct subscriptions_input, member, name, IN_QUERY, FIELD_ENUM, .choices = (choices_), .doc = (doc_))
/* A form that is sent by GET names what it leaves open as empty text. */
#define FILTER_FIELDS \
	REACH_MODE(struct subscriptions_input, mode, IN_QUERY), QUERY(days, "days", "7|30|90|365", "so many days ahead, 30 by default"), \
	QUERY(reason, "reason", "all|renewal|cancellation|trial", "only what renews or ends by this"), \
	QUERY(state, "state", "all|cancelling|unpaid", "only these"), QUERY(priority, "priority", "all|" PRIORITIES, "only these"), \
	INPUT(struct subscriptions_input, unread, "unread", IN_QUERY, FIELD_BOOL, .doc = "only alerts that nobody has read")

static const struct field PAGE_INPUT[] = {
	FILTER_FIELDS, QUERY(view, "view", VIEWS, "what is listed; upcoming by default"),
	INPUT(struct subscriptions_input, after, "after", IN_QUERY, FIELD_TEXT, .least = 1, .most = 300, .doc = "the last row of the page before"),
	FIELD_END};
static const struct field FILE_INPUT[] = {FILTER_FIELDS, FIELD_END};
static const struct field READ_INPUT[] = {
	REACH_MODE(struct subscriptions_input, mode, IN_BODY),
	INPUT(struct subscriptions_input, id, "id", IN_BODY, FIELD_ID, .doc = "the alert; all unless given"),
	INPUT(struct subscriptions_input, priority, "priority", IN_BODY, FIELD_ENUM, .choices = "all|" PRIORITIES, .doc = "only these"),
	FIELD_END};

static const char *not_all(const char *text)
{
	return text && strcmp(text, "all") ? text : NULL;
}

/* A list, for the page and for its file. */
struct listing {
	const struct statement *statement;
	const char *params[8];
	int cursor, limit; /* parameters */
};

static struct listing listing_of(const struct reach *reach, const struct subscriptions_input *in, const char *view)
{
	struct req *req = reach->req;
	const char *rows = pg_int(&req->ctx, REACH_SHOWN + 1), *days = in->days ? in->days : "30";
	const char *after = in->after ? in->after : "-infinity|";

	if (!strcmp(view, "alerts"))
		return (struct listing){&SQL_OUTREACH_ALERTS_LIST, {reach->org_id, reach->live, in->after ? in->after : REACH_NUMBER_LAST, rows, NULL,
			not_all(in->priority), pg_bool(in->unread), reach->names}, 3, 4};
	if (!strcmp(view, "attention"))
		return (struct listing){&SQL_OUTREACH_SUBSCRIPTIONS_ATTENTION, {reach->org_id, reach->live, reach->now, in->days ? in->days : "365", after, reach->names, rows,
			not_all(in->state)}, 5, 7};
	return (struct listing){&SQL_OUTREACH_SUBSCRIPTIONS_UPCOMING, {reach->org_id, reach->live, reach->now, days, after, reach->names, rows,
		not_all(in->reason)}, 5, 7};
}

static const char *link_to(const struct reach *reach, const struct subscriptions_input *in, const char *path, const char *view, const char *after)
{
	return reach_link(reach->req, path, "mode", reach->mode, "view", view, "days", in->days, "reason", in->reason, "state", in->state,
		"priority", in->priority, "unread", in->unread ? "true" : NULL, "after", after, NULL);
}

static void add_views(const struct reach *reach, const char *chosen, struct json_object *view)
{
	static const struct { const char *view, *label; } ROWS[] = {{"upcoming", TR("Upcoming")}, {"attention", TR("Needing retention")},
		{"alerts", TR("Alerts")}};
	struct json_object *views = json_object_new_array();

	json_object_object_add(view, "views", views);
	for (int i = 0; i < 3; i++)
		reach_choice(views, ROWS[i].view, tr(reach->req, ROWS[i].label),
			reach_link(reach->req, "/subscriptions", "mode", reach->mode, "view", ROWS[i].view, NULL), !strcmp(ROWS[i].view, chosen));
	page_text(view, "view", chosen);
	json_object_object_add(view, arena_printf(&reach->req->ctx.arena, "view_%s", chosen), json_object_new_boolean(true));
}

static void add_choices(struct req *req, struct json_object *view, const char *name, const char *const *codes, const char *chosen)
{
	struct json_object *list = json_object_new_array();

	json_object_object_add(view, name, list);
	for (; *codes; codes++)
		reach_choice(list, *codes, strcmp(*codes, "all") ? reach_word(req, *codes) : tr(req, "All"), NULL, chosen && !strcmp(chosen, *codes));
}

static void add_filter(const struct reach *reach, const struct subscriptions_input *in, struct json_object *view)
{
	static const char *const REASONS[] = {"all", "renewal", "cancellation", "trial", NULL}, *const LEVELS[] = {"all", "urgent", "high", "medium", "low", NULL};
	static const char *const DAYS[] = {"7", "30", "90", "365"};
	struct json_object *days = json_object_new_array(), *states = json_object_new_array();
	struct req *req = reach->req;

	add_choices(req, view, "reasons", REASONS, in->reason);
	add_choices(req, view, "priorities", LEVELS, in->priority);
	json_object_object_add(view, "days", days);
	for (int i = 0; i < 4; i++)
		reach_choice(days, DAYS[i], DAYS[i], NULL, !strcmp(DAYS[i], in->days ? in->days : "30"));
	json_object_object_add(view, "states", states);
	page_text(view, "level", not_all(in->priority));
	reach_choice(states, "all", tr(req, "All"), NULL, !in->state);
	reach_choice(states, "cancelling", tr(req, "Cancelled, not over yet"), NULL, in->state && !strcmp(in->state, "cancelling"));
	reach_choice(states, "unpaid", reach_word(req, "unpaid"), NULL, in->state && !strcmp(in->state, "unpaid"));
	json_object_object_add(view, "unread_only", json_object_new_boolean(in->unread));
}

static enum err add_figures(const struct reach *reach, struct lease *lease, struct json_object *view)
{
	static const char *const LEVELS[] = {"unread", "urgent", "high", "medium", "low"};
	PGresult *alerts, *stats;

	TRY(pg_run(lease, &SQL_OUTREACH_ALERTS_STATS, PARAMS(reach->org_id, reach->live), &alerts));
	for (int i = 0; i < 5; i++)
		page_text(view, LEVELS[i], page_number(reach->req, pg_number(alerts, 0, LEVELS[i], 0)));
	json_object_object_add(view, "any_unread", json_object_new_boolean(pg_number(alerts, 0, "unread", 0) > 0));
	TRY(pg_run(lease, &SQL_OUTREACH_SUBSCRIPTIONS_STATS, PARAMS(reach->org_id, reach->live, reach->now), &stats));
	reach_rows(reach->req, view, "stats", stats, 20);
	return OK;
}

static enum err subscriptions_fill(const struct reach *reach, struct lease *lease, struct json_object *view)
{
	const struct subscriptions_input *in = reach->req->input;
	const char *chosen = in->view ? in->view : "upcoming";
	struct listing listing = listing_of(reach, in, chosen);
	PGresult *rows;

	TRY(add_figures(reach, lease, view));
	TRY(pg_run(lease, listing.statement, listing.params, &rows));
	reach_rows(reach->req, view, "rows", rows, REACH_SHOWN);
	const char *more = reach_more(rows, REACH_SHOWN);
	page_text(view, "risk_meaning", measure_definition("risk", req_language(reach->req)));
	page_text(view, "older", more ? link_to(reach, in, "/subscriptions", chosen, more) : NULL);
	page_text(view, "csv", link_to(reach, in, arena_printf(&reach->req->ctx.arena, "/subscriptions/%s.csv", chosen), NULL, NULL));
	add_views(reach, chosen, view);
	add_filter(reach, in, view);
	return OK;
}

static enum err subscriptions_page(struct req *req, struct rep *rep)
{
	const struct subscriptions_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	struct json_object *view = page_view(req);
	struct lease lease;

	reach_modes(&reach, view, "/subscriptions");
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = subscriptions_fill(&reach, &lease, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "subscriptions", "Subscriptions", view);
}

static enum err file(struct req *req, struct rep *rep, const char *view)
{
	const struct subscriptions_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	struct listing listing = listing_of(&reach, in, view);

	return reply_csv(req, rep, &(struct csv_rows){.file = arena_printf(&req->ctx.arena, "%s-%.10s.csv", view, reach.now), .statement = listing.statement,
		.params = listing.params, .cursor = listing.cursor, .limit = listing.limit});
}

static enum err upcoming_file(struct req *req, struct rep *rep) { return file(req, rep, "upcoming"); }
static enum err attention_file(struct req *req, struct rep *rep) { return file(req, rep, "attention"); }
static enum err alerts_file(struct req *req, struct rep *rep) { return file(req, rep, "alerts"); }

static enum err alerts_read(struct req *req, struct rep *rep)
{
	const struct subscriptions_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	PGresult *row = NULL;

	if (in->id)
		TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_ALERT_READ, PARAMS(reach.org_id, reach.live, in->id, req->who.account_id), &row));
	else
		TRY(outreach_alerts_read(&req->ctx, req->house.pool, reach.org_id, reach.live, not_all(in->priority), req->who.account_id));
	if (row && !PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such alert");
	return reply_redirect(req, rep, 303, reach_link(req, "/subscriptions", "mode", reach.mode, "view", "alerts", "priority", not_all(in->priority),
		"unread", "true", NULL));
}

#define READS ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct subscriptions_input)
#define FILE_ROUTE READS, TAKES(FILE_INPUT), .shape = REPLY_PLAIN, .media = "text/csv"

const struct route SUBSCRIPTIONS_ROUTES[] = {
	{METHOD_GET, "/subscriptions", READS, TAKES(PAGE_INPUT), .run = subscriptions_page, .shape = REPLY_PAGE,
		.doc = "Subscriptions that renew or end soon, those that need somebody, and alerts"},
	{METHOD_GET, "/subscriptions/upcoming.csv", FILE_ROUTE, .run = upcoming_file, .doc = "What renews or ends soon, as a file"},
	{METHOD_GET, "/subscriptions/attention.csv", FILE_ROUTE, .run = attention_file, .doc = "What needs somebody, as a file"},
	{METHOD_GET, "/subscriptions/alerts.csv", FILE_ROUTE, .run = alerts_file, .doc = "Alerts, as a file"},
	{METHOD_POST, "/subscriptions/read", ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, TAKES(READ_INPUT), .run = alerts_read,
		.shape = REPLY_NOTHING, .status = 303, .form = true, .doc = "Marks an alert, or all of a priority, as read"},
	ROUTE_END};
