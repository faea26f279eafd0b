#include "retention/family.h"

#include "base/clock.h"
#include "event/event.h"
#include "identity/identity.h"
#include "outreach/outreach.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

#define NUMBER_LAST "9223372036854775807"
#define DAYS_LATER 30

struct list_input {
	const char *id, *cursor, *kind, *priority, *reason, *attention, *program, *state, *q;
	int64_t limit, days;
	bool live, live_given, unread, paused;
};

#define ID_FIELD(what) INPUT(struct list_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = what)
#define LIVE_FIELD(place) INPUT(struct list_input, live, "live", place, FIELD_BOOL, .present = offsetof(struct list_input, live_given), .doc = "false: test data")
#define PAGE_FIELDS \
	INPUT(struct list_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"), \
	INPUT(struct list_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"), LIVE_FIELD(IN_QUERY)
#define DAYS_FIELD INPUT(struct list_input, days, "days", IN_QUERY, FIELD_INT, .least = 1, .most = 366, .doc = "so many days ahead, 30 unless given")

static const struct field ALERTS_INPUT[] = {
	PAGE_FIELDS,
	INPUT(struct list_input, kind, "kind", IN_QUERY, FIELD_ENUM, .choices = "renewal_reminder|expiring_soon|expired|auto_retention_triggered",
		.doc = "only these"),
	INPUT(struct list_input, priority, "priority", IN_QUERY, FIELD_ENUM, .choices = "urgent|high|medium|low", .doc = "only these"),
	INPUT(struct list_input, unread, "unread", IN_QUERY, FIELD_BOOL, .doc = "true: only those that nobody has read"),
	FIELD_END};
static const struct field LIVE_INPUT[] = {LIVE_FIELD(IN_QUERY), FIELD_END};
static const struct field READ_INPUT[] = {ID_FIELD("the alert"), LIVE_FIELD(IN_BODY), FIELD_END};
static const struct field READ_ALL_INPUT[] = {
	INPUT(struct list_input, priority, "priority", IN_BODY, FIELD_ENUM, .choices = "urgent|high|medium|low", .doc = "only these; all unless given"),
	LIVE_FIELD(IN_BODY), FIELD_END};
static const struct field UPCOMING_INPUT[] = {
	PAGE_FIELDS, DAYS_FIELD,
	INPUT(struct list_input, reason, "reason", IN_QUERY, FIELD_ENUM, .choices = "renewal|cancellation|trial", .doc = "only what ends or renews by this"),
	FIELD_END};
static const struct field ATTENTION_INPUT[] = {
	PAGE_FIELDS, DAYS_FIELD,
	INPUT(struct list_input, attention, "state", IN_QUERY, FIELD_ENUM, .choices = "cancelling|unpaid", .doc = "only these"),
	FIELD_END};
static const struct field MAILS_INPUT[] = {
	PAGE_FIELDS,
	INPUT(struct list_input, program, "program", IN_QUERY, FIELD_ENUM, .choices = "payment|retention|reactivation", .doc = "only these"),
	FIELD_END};
static const struct field CASES_INPUT[] = {
	PAGE_FIELDS,
	INPUT(struct list_input, state, "state", IN_QUERY, FIELD_ENUM, .choices = "open|recovered|ended", .doc = "only these"),
	FIELD_END};
static const struct field CUSTOMERS_INPUT[] = {
	PAGE_FIELDS,
	INPUT(struct list_input, q, "q", IN_QUERY, FIELD_TEXT, .least = 1, .most = 254,
		.doc = "how an id, a name or an address begins; or a whole cus_…"),
	FIELD_END};
static const struct field CUSTOMER_INPUT[] = {ID_FIELD("the customer"), LIVE_FIELD(IN_QUERY), FIELD_END};
static const struct field TIMELINE_INPUT[] = {ID_FIELD("the customer"), PAGE_FIELDS, FIELD_END};
static const struct field PAUSE_INPUT[] = {
	ID_FIELD("the customer"),
	INPUT(struct list_input, paused, "paused", IN_BODY, FIELD_BOOL, .required = true, .doc = "true: this customer gets no mail of outreach"),
	LIVE_FIELD(IN_BODY), FIELD_END};

/* What every list is asked with. */
struct asked {
	const char *org_id, *live, *now, *names, *rows;
	int limit;
};

static enum err asked_of(struct req *req, struct asked *asked_out)
{
	const struct list_input *input = req->input;
	char *now = arena_alloc(&req->ctx.arena, CLOCK_TEXT);
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	clock_format(clock_wall_us(), now);
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;
	*asked_out = (struct asked){.org_id = req->who.org_id, .live = pg_bool(live), .now = now,
		.names = pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT)), .rows = pg_int(&req->ctx, limit + 1), .limit = limit};
	return OK;
}

/* --- alerts --- */

static enum err alerts_list(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_list(req, rep, PARAMS(asked.org_id, asked.live, input->cursor ? input->cursor : NUMBER_LAST, asked.rows, input->kind, input->priority,
		pg_bool(input->unread), asked.names), asked.limit);
}

static enum err alerts_stats(struct req *req, struct rep *rep)
{
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_row(req, rep, PARAMS(asked.org_id, asked.live), "figure");
}

static const char *reader(const struct req *req)
{
	return req->who.kind == WHO_SESSION ? req->who.account_id : req->who.key_id;
}

static enum err alert_read(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;
	PGresult *row;

	TRY(asked_of(req, &asked));
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_ALERT_READ, PARAMS(asked.org_id, asked.live, input->id, reader(req)), &row));
	rep->status = 204;
	return PQntuples(row) ? OK : fail(&req->ctx, ERR_NOT_FOUND, "No such alert");
}

static enum err alerts_read(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;

	TRY(asked_of(req, &asked));
	rep->status = 204;
	return outreach_alerts_read(&req->ctx, req->house.pool, asked.org_id, asked.live, input->priority, reader(req));
}

/* --- subscriptions --- */

static enum err subscriptions(struct req *req, struct rep *rep, const char *only)
{
	const struct list_input *input = req->input;
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_list(req, rep, PARAMS(asked.org_id, asked.live, asked.now, pg_int(&req->ctx, input->days ? input->days : DAYS_LATER),
		input->cursor ? input->cursor : "-infinity|", asked.names, asked.rows, only), asked.limit);
}

static enum err subscriptions_upcoming(struct req *req, struct rep *rep)
{
	return subscriptions(req, rep, ((const struct list_input *)req->input)->reason);
}

static enum err subscriptions_attention(struct req *req, struct rep *rep)
{
	return subscriptions(req, rep, ((const struct list_input *)req->input)->attention);
}

static enum err subscriptions_stats(struct req *req, struct rep *rep)
{
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_list(req, rep, PARAMS(asked.org_id, asked.live, asked.now), 100);
}

/* --- mails and cases --- */

static enum err mails_list(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_list(req, rep, PARAMS(asked.org_id, asked.live, input->cursor ? input->cursor : NUMBER_LAST, asked.rows, input->program, asked.names),
		asked.limit);
}

static enum err cases_list(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_list(req, rep, PARAMS(asked.org_id, asked.live, input->cursor ? input->cursor : NUMBER_LAST, asked.rows, input->state, asked.names),
		asked.limit);
}

/* --- customers --- */

static enum err customers_list(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_list(req, rep, PARAMS(asked.org_id, asked.live, input->cursor ? input->cursor : ID_LAST, asked.rows, input->q),
		asked.limit);
}

static enum err customer_get(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;

	TRY(asked_of(req, &asked));
	return reply_row(req, rep, PARAMS(asked.org_id, asked.live, input->id), "customer");
}

static enum err customer_timeline(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	struct asked asked;
	PGresult *row;

	TRY(asked_of(req, &asked));
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_CUSTOMER_GET, PARAMS(asked.org_id, asked.live, input->id), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "No such customer");
	return reply_list(req, rep, PARAMS(asked.org_id, asked.live, input->id, input->cursor ? input->cursor : "infinity|", asked.rows),
		asked.limit);
}

struct pause {
	struct req *req;
	const char *live;
};

static enum err pause_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct pause *pause = argument;
	const struct list_input *input = pause->req->input;
	struct audit audit = audit_of(pause->req, "customer.pause", "customer", input->id);
	PGresult *row;

	TRY(pg_run(lease, &SQL_OUTREACH_CUSTOMER_PAUSE, PARAMS(pause->req->who.org_id, pause->live, input->id, pg_bool(input->paused)), &row));
	if (!PQntuples(row))
		return fail(ctx, ERR_NOT_FOUND, "No such customer");
	audit.after = audit_note(ctx, "paused", input->paused ? "yes" : "no", NULL);
	return event_audit(lease, &audit);
}

static enum err customer_pause(struct req *req, struct rep *rep)
{
	struct asked asked;

	TRY(asked_of(req, &asked));
	rep->status = 204;
	return change_run(&req->ctx, req->house.pool, pause_run, &(struct pause){req, asked.live});
}

#define READS .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ
#define KNOWS .access = ACCESS_PERMISSION, .permission = PERMIT_CUSTOMER_TEXT
#define WRITES .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_ADMIN, .shape = REPLY_NOTHING
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct list_input)
#define LISTS(statement) .class = CLASS_LIST_, .shape = REPLY_LIST, .rows = &(statement)
#define ROW(statement) .class = CLASS_READ, .shape = REPLY_ROW, .rows = &(statement)
#define PREFIX "/api/v1/retention/"

const struct route RETENTION_REACH_ROUTES[] = {
	{METHOD_GET, PREFIX "alerts", READS, LISTS(SQL_OUTREACH_ALERTS_LIST), TAKES(ALERTS_INPUT), .run = alerts_list,
		.doc = "Lists alerts about subscriptions that renew or end, newest first"},
	{METHOD_GET, PREFIX "alerts/stats", READS, ROW(SQL_OUTREACH_ALERTS_STATS), TAKES(LIVE_INPUT), .run = alerts_stats,
		.doc = "Counts the alerts that nobody has read, by priority: of the newest 10,000"},
	{METHOD_POST, PREFIX "alerts/:id/read", WRITES, TAKES(READ_INPUT), .run = alert_read, .doc = "Marks an alert as read"},
	{METHOD_POST, PREFIX "alerts/read", WRITES, TAKES(READ_ALL_INPUT), .run = alerts_read, .doc = "Marks all alerts as read, or those of a priority"},
	{METHOD_GET, PREFIX "subscriptions/upcoming", READS, LISTS(SQL_OUTREACH_SUBSCRIPTIONS_UPCOMING), TAKES(UPCOMING_INPUT), .run = subscriptions_upcoming,
		.doc = "Lists subscriptions that renew or end in the next days, the nearest first"},
	{METHOD_GET, PREFIX "subscriptions/attention", READS, LISTS(SQL_OUTREACH_SUBSCRIPTIONS_ATTENTION), TAKES(ATTENTION_INPUT), .run = subscriptions_attention,
		.doc = "Lists subscriptions that need somebody: cancelled but not over, or unpaid"},
	{METHOD_GET, PREFIX "subscriptions/stats", READS, LISTS(SQL_OUTREACH_SUBSCRIPTIONS_STATS), TAKES(LIVE_INPUT), .run = subscriptions_stats,
		.doc = "Counts subscriptions by how they stand, and their value a month, a row a currency"},
	{METHOD_GET, PREFIX "outreach/mails", READS, LISTS(SQL_OUTREACH_MAILS_LIST), TAKES(MAILS_INPUT), .run = mails_list,
		.doc = "Lists mails to customers with what became of them, newest first"},
	{METHOD_GET, PREFIX "outreach/cases", READS, LISTS(SQL_OUTREACH_CASES_LIST), TAKES(CASES_INPUT), .run = cases_list,
		.doc = "Lists unpaid invoices whose recovery is or was under way, newest first"},
	{METHOD_GET, PREFIX "customers", KNOWS, LISTS(SQL_OUTREACH_CUSTOMERS_LIST), TAKES(CUSTOMERS_INPUT), .run = customers_list,
		.doc = "Lists customers, or finds them by how they begin"},
	{METHOD_GET, PREFIX "customers/:id", KNOWS, ROW(SQL_OUTREACH_CUSTOMER_GET), TAKES(CUSTOMER_INPUT), .run = customer_get, .doc = "Reads a customer"},
	{METHOD_GET, PREFIX "customers/:id/timeline", KNOWS, LISTS(SQL_OUTREACH_CUSTOMER_TIMELINE), TAKES(TIMELINE_INPUT), .run = customer_timeline,
		.doc = "Lists all that happened to a customer, newest first"},
	{METHOD_POST, PREFIX "customers/:id/pause", WRITES, TAKES(PAUSE_INPUT), .run = customer_pause,
		.budget = &BUDGET_CHANGE, .doc = "Ends or allows mails of outreach to a customer"},
	ROUTE_END};
