#include "pages/reach.h"

#include "event/event.h"
#include "identity/identity.h"
#include "outreach/outreach.h"
#include "sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_DAYS "90"
#define CASES_SHOWN 20

struct outreach_input {
	const char *mode, *notice, *program, *state, *after;
	const char *sender_name, *reply_to, *return_url, *time_zone;
	int64_t quiet_from, quiet_until, customer_cap, organisation_cap;
	const char *days, *enabled;
	int64_t low, medium, high, months, retries, retry_hour;
	bool percents_given, months_given, retries_given, retry_hour_given;
};

#define BODY(member, name, kind, ...) INPUT(struct outreach_input, member, name, IN_BODY, kind, __VA_ARGS__)
#define GIVEN(member) .present = offsetof(struct outreach_input, member)
#define AFTER_FIELD \
	INPUT(struct outreach_input, after, "after", IN_QUERY, FIELD_TEXT, .least = 1, .most = 19, .doc = "the last row of the page before")
#define PROGRAM_FIELD \
	INPUT(struct outreach_input, program, "program", IN_QUERY, FIELD_ENUM, .choices = "all|" OUTREACH_PROGRAMS, .doc = "only mails of this program")
#define STATE_FIELD INPUT(struct outreach_input, state, "state", IN_QUERY, FIELD_ENUM, .choices = "all|open|recovered|ended", .doc = "only these")

static const struct field PAGE_INPUT[] = {
	REACH_MODE(struct outreach_input, mode, IN_QUERY),
	INPUT(struct outreach_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "kept", .doc = "after a form"), FIELD_END};
static const struct field MAILS_INPUT[] = {REACH_MODE(struct outreach_input, mode, IN_QUERY), PROGRAM_FIELD, AFTER_FIELD, FIELD_END};
static const struct field MAILS_FILE_INPUT[] = {REACH_MODE(struct outreach_input, mode, IN_QUERY), PROGRAM_FIELD, FIELD_END};
static const struct field CASES_INPUT[] = {REACH_MODE(struct outreach_input, mode, IN_QUERY), STATE_FIELD, AFTER_FIELD, FIELD_END};
static const struct field CASES_FILE_INPUT[] = {REACH_MODE(struct outreach_input, mode, IN_QUERY), STATE_FIELD, FIELD_END};
/* A form's empty field is a value here, so that the page can say what is wrong with it. */
static const struct field POLICY_INPUT[] = {
	BODY(sender_name, "senderName", FIELD_TEXT, .least = 0, .most = 100, .doc = "whom mails come from"),
	BODY(reply_to, "replyTo", FIELD_TEXT, .least = 0, .most = 254, .doc = "where answers go"),
	BODY(return_url, "returnUrl", FIELD_TEXT, .least = 0, .most = 1000, .doc = "where former customers subscribe again"),
	BODY(time_zone, "timeZone", FIELD_TEXT, .required = true, .least = 0, .most = 63, .doc = "IANA name"),
	BODY(quiet_from, "quietFrom", FIELD_INT, .required = true, .least = 0, .most = 23, .doc = "hour from which none is sent"),
	BODY(quiet_until, "quietUntil", FIELD_INT, .required = true, .least = 0, .most = 23, .doc = "hour until which none is sent"),
	BODY(customer_cap, "customerCap", FIELD_INT, .required = true, .least = 1, .most = 10, .doc = "most mails a customer and day"),
	BODY(organisation_cap, "organisationCap", FIELD_INT, .required = true, .least = 1, .most = 100000, .doc = "most mails a day"),
	FIELD_END};
static const struct field PROGRAM_INPUT[] = {
	INPUT(struct outreach_input, program, "program", IN_PATH, FIELD_ENUM, .required = true, .choices = OUTREACH_PROGRAMS, .doc = "the program"),
	BODY(enabled, "enabled", FIELD_ENUM, .choices = "yes", .doc = "whether it runs"),
	BODY(days, "days", FIELD_TEXT, .required = true, .least = 0, .most = 60, .doc = "days, with commas between them"),
	BODY(low, "low", FIELD_INT, GIVEN(percents_given), .doc = "per cent for customers of low value"),
	BODY(medium, "medium", FIELD_INT, .doc = "per cent for customers of medium value"),
	BODY(high, "high", FIELD_INT, .doc = "per cent for customers of high value"),
	BODY(months, "months", FIELD_INT, GIVEN(months_given), .doc = "for how long"),
	BODY(retries, "retries", FIELD_INT, GIVEN(retries_given), .doc = "most attempts of ours"),
	BODY(retry_hour, "retryHour", FIELD_INT, GIVEN(retry_hour_given), .doc = "hour on the customer's clock"),
	FIELD_END};

static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static const char *not_all(const char *text)
{
	return text && strcmp(text, "all") ? text : NULL;
}

/* --- the page --- */

static enum err add_results(const struct reach *reach, struct lease *lease, struct json_object *view)
{
	const char *const params[] = {reach->org_id, reach->live, RESULT_DAYS};
	PGresult *rows;

	TRY(pg_run(lease, &SQL_OUTREACH_RESULTS_MAILS, params, &rows));
	reach_rows(reach->req, view, "mails", rows, 10);
	TRY(pg_run(lease, &SQL_OUTREACH_RESULTS_MONEY, params, &rows));
	reach_rows(reach->req, view, "money", rows, 20);
	TRY(pg_run(lease, &SQL_OUTREACH_RESULTS_OFFERS, params, &rows));
	reach_rows(reach->req, view, "offers", rows, 1);
	TRY(pg_run(lease, &SQL_OUTREACH_RESULTS_OPEN, PARAMS(reach->org_id, reach->live), &rows));
	reach_rows(reach->req, view, "owed", rows, 20);
	TRY(pg_run(lease, &SQL_OUTREACH_CASES_LIST, PARAMS(reach->org_id, reach->live, REACH_NUMBER_LAST, pg_int(lease->ctx, CASES_SHOWN), "open", reach->names),
		&rows));
	reach_rows(reach->req, view, "cases", rows, CASES_SHOWN);
	return OK;
}

/* "{0,3,5}" of a text[] as people write it. */
static void tidy(struct json_object *program, const char *name)
{
	const char *text = json_text(program, name, "");
	char out[80];
	size_t used = 0;

	for (; *text && used < sizeof out - 2; text++) {
		if (isdigit((unsigned char)*text))
			out[used++] = *text;
		if (*text == ',') {
			out[used++] = ',';
			out[used++] = ' ';
		}
	}
	out[used] = '\0';
	page_text(program, name, out);
}

static const char *const PERCENT_NAMES[] = {"low", "medium", "high"};

static enum err add_programs(const struct reach *reach, struct lease *lease, struct json_object *view)
{
	struct json_object *programs, *sent = json_object_object_get(view, "sent");
	PGresult *rows;

	TRY(pg_run(lease, &SQL_OUTREACH_PROGRAMS_LIST, PARAMS(reach->org_id), &rows));
	reach_rows(reach->req, view, "programs", rows, 10);
	programs = json_object_object_get(view, "programs");
	for (size_t i = 0; i < json_object_array_length(programs); i++) {
		struct json_object *program = json_object_array_get_idx(programs, i);
		const char *percents = json_text(program, "percents", "");

		tidy(program, "days");
		json_object_object_add(program, "checked", json_object_get(json_object_object_get(program, "enabled")));
		for (int n = 0; n < 3; n++) {
			percents += strcspn(percents, "0123456789");
			page_text(program, PERCENT_NAMES[n], arena_printf(&reach->req->ctx.arena, "%ld", strtol(percents, (char **)&percents, 10)));
		}
		if (sent && !strcmp(json_text(program, "program", ""), json_text(sent, "program", ""))) {
			json_object_object_foreach(sent, name, value)
				json_object_object_add(program, name, json_object_get(value));
		}
	}
	return OK;
}

/* Which texts there are, with a link to each. */
static enum err add_wordings(const struct reach *reach, struct lease *lease, struct json_object *view)
{
	static const char *const KINDS[] = {"payment.failed", "payment.reminder", "payment.last", "retention.offer", "reactivation.first", "reactivation.last"};
	static const struct { const char *code, *name; } TONGUES[] = {{"en", "English"}, {"de", "Deutsch"}, {"fr", "Français"}, {"es", "Español"}};
	struct json_object *kinds = json_object_new_array();
	PGresult *own;

	json_object_object_add(view, "kinds", kinds);
	TRY(pg_run(lease, &SQL_OUTREACH_WORDINGS_OWN, PARAMS(reach->org_id), &own));
	for (int k = 0; k < 6; k++) {
		struct json_object *kind = json_object_new_object(), *texts = json_object_new_array();

		page_text(kind, "label", reach_word(reach->req, KINDS[k]));
		json_object_object_add(kind, "texts", texts);
		for (int t = 0; t < 4; t++) {
			bool ours = true;
			for (int row = 0; row < PQntuples(own); row++)
				ours &= strcmp(pg_text(own, row, "kind"), KINDS[k]) || strcmp(pg_text(own, row, "language"), TONGUES[t].code);
			reach_choice(texts, TONGUES[t].code, TONGUES[t].name,
				arena_printf(&reach->req->ctx.arena, "/outreach/wordings/%s/%s", KINDS[k], TONGUES[t].code), !ours);
		}
		json_object_array_add(kinds, kind);
	}
	return OK;
}

static enum err page_fill(const struct reach *reach, struct lease *lease, struct json_object *view)
{
	PGresult *rows;

	TRY(add_programs(reach, lease, view));
	TRY(add_wordings(reach, lease, view));
	TRY(add_results(reach, lease, view));
	if (json_object_object_get_ex(view, "policy", NULL))
		return OK;
	TRY(pg_run(lease, &SQL_OUTREACH_POLICY_GET, PARAMS(reach->org_id), &rows));
	reach_rows(reach->req, view, "policy", rows, 1);
	return OK;
}

/* view may hold {policy}, or {sent} of a program, as a form sent it. */
static enum err show(struct req *req, struct rep *rep, struct json_object *view, const char *mode)
{
	struct reach reach = reach_of(req, mode);
	struct lease lease;

	reach_modes(&reach, view, "/outreach");
	json_object_object_add(view, "test", json_object_new_boolean(!strcmp(reach.mode, "test")));
	page_text(view, "mails_link", reach_link(req, "/outreach/mails", "mode", reach.mode, NULL));
	page_text(view, "cases_link", reach_link(req, "/outreach/cases", "mode", reach.mode, NULL));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = page_fill(&reach, &lease, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "outreach", "Outreach", view);
}

static enum err outreach_page(struct req *req, struct rep *rep)
{
	const struct outreach_input *in = req->input;
	struct json_object *view = page_view(req);

	page_text(view, "notice", in->notice ? tr(req, "It is kept.") : NULL);
	return show(req, rep, view, in->mode);
}

/* --- settings --- */

static enum err policy_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct outreach_input *in = req->input;
	struct audit audit = audit_of(req, "outreach.put", "outreach_setting", NULL);

	TRY(outreach_policy_put(ctx, lease, req->who.org_id, &(struct outreach_policy){.sender_name = given(in->sender_name), .reply_to = given(in->reply_to),
		.return_url = given(in->return_url), .time_zone = in->time_zone, .quiet_from = (int)in->quiet_from, .quiet_until = (int)in->quiet_until,
		.customer_cap = (int)in->customer_cap, .organisation_cap = (int)in->organisation_cap}));
	audit.after = audit_note(ctx, "senderName", in->sender_name, "replyTo", in->reply_to, "returnUrl", in->return_url, "timeZone", in->time_zone, NULL);
	return event_audit(lease, &audit);
}

/* What was sent, so that nobody types it again. */
static void add_sent(struct req *req, struct json_object *view)
{
	const struct outreach_input *in = req->input;
	struct json_object *policy = json_object_new_object(), *list = json_object_new_array();
	const struct { const char *name; int64_t value; } NUMBERS[] = {{"quiet_from", in->quiet_from}, {"quiet_until", in->quiet_until},
		{"customer_cap", in->customer_cap}, {"organisation_cap", in->organisation_cap}};

	page_text(policy, "sender_name", in->sender_name);
	page_text(policy, "reply_to", in->reply_to);
	page_text(policy, "return_url", in->return_url);
	page_text(policy, "time_zone", in->time_zone);
	for (int i = 0; i < 4; i++)
		json_object_object_add(policy, NUMBERS[i].name, json_object_new_int64(NUMBERS[i].value));
	json_object_array_add(list, policy);
	json_object_object_add(view, "policy", list);
}

static enum err policy_put(struct req *req, struct rep *rep)
{
	enum err err = change_run(&req->ctx, req->house.pool, policy_run, req);

	if (err == OK)
		return reply_redirect(req, rep, 303, "/outreach?notice=kept");
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	add_sent(req, view);
	return show(req, rep, view, NULL);
}

/* "0, 3, 5": numbers with anything but digits and signs between them. */
static enum err days_read(struct ctx *ctx, const char *text, int64_t out[OUTREACH_DAYS], int *count_out)
{
	for (*count_out = 0; *(text += strspn(text, ", ")); (*count_out)++) {
		char *end;

		if (*count_out == OUTREACH_DAYS)
			return fail_field(ctx, ERR_INVALID, "days", "At most %d numbers are needed", OUTREACH_DAYS);
		out[*count_out] = strtol(text, &end, 10);
		if (end == text || !strchr(", ", *end))
			return fail_field(ctx, ERR_INVALID, "days", "Days are written as 0, 3, 5, 7");
		text = end;
	}
	return OK;
}

static enum err program_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct outreach_input *in = req->input;
	const int64_t percents[] = {in->low, in->medium, in->high};
	bool enabled = in->enabled != NULL;
	int64_t days[OUTREACH_DAYS];
	int count;
	struct audit audit = audit_of(req, "outreach.program", "outreach_program", in->program);

	TRY(days_read(ctx, in->days, days, &count));
	TRY(outreach_program_put(ctx, lease, req->who.org_id, in->program, &(struct outreach_change){.enabled = &enabled, .days = days, .day_count = count,
		.percents = in->percents_given ? percents : NULL, .months = in->months_given ? &in->months : NULL,
		.retries = in->retries_given ? &in->retries : NULL, .retry_hour = in->retry_hour_given ? &in->retry_hour : NULL}));
	audit.after = audit_note(ctx, "enabled", enabled ? "yes" : "no", "days", in->days, NULL);
	return event_audit(lease, &audit);
}

/* What a form sent, for the program's fields. */
static struct json_object *program_sent(struct req *req)
{
	const struct outreach_input *in = req->input;
	struct json_object *sent = json_object_new_object();
	const struct { const char *name; bool given; int64_t value; } NUMBERS[] = {{"low", in->percents_given, in->low},
		{"medium", in->percents_given, in->medium}, {"high", in->percents_given, in->high}, {"months", in->months_given, in->months},
		{"retries", in->retries_given, in->retries}, {"retry_hour", in->retry_hour_given, in->retry_hour}};

	page_text(sent, "program", in->program);
	json_object_object_add(sent, "checked", json_object_new_boolean(in->enabled != NULL));
	page_text(sent, "days", in->days);
	for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
		if (NUMBERS[i].given)
			page_text(sent, NUMBERS[i].name, pg_int(&req->ctx, NUMBERS[i].value));
	return sent;
}

static enum err program_put(struct req *req, struct rep *rep)
{
	enum err err = change_run(&req->ctx, req->house.pool, program_run, req);

	if (err == OK)
		return reply_redirect(req, rep, 303, "/outreach?notice=kept");
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	json_object_object_add(view, "sent", program_sent(req));
	return show(req, rep, view, NULL);
}

/* --- all mails, all cases --- */

static void add_filter(struct req *req, struct json_object *view, const char *const *codes, const char *chosen)
{
	struct json_object *choices = json_object_new_array();

	json_object_object_add(view, "choices", choices);
	reach_choice(choices, "all", tr(req, "All"), NULL, !chosen);
	for (; *codes; codes++)
		reach_choice(choices, *codes, reach_word(req, *codes), NULL, chosen && !strcmp(chosen, *codes));
}

static enum err mails_page(struct req *req, struct rep *rep)
{
	static const char *const PROGRAMS[] = {"payment", "retention", "reactivation", NULL};
	const struct outreach_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	struct json_object *view = page_view(req);
	const char *program = not_all(in->program);
	PGresult *rows;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_MAILS_LIST, PARAMS(reach.org_id, reach.live, in->after ? in->after : REACH_NUMBER_LAST,
		pg_int(&req->ctx, REACH_SHOWN + 1), program, reach.names), &rows));
	reach_rows(req, view, "rows", rows, REACH_SHOWN);
	const char *more = reach_more(rows, REACH_SHOWN);
	page_text(view, "older", more ? reach_link(req, "/outreach/mails", "mode", reach.mode, "program", program, "after", more, NULL) : NULL);
	page_text(view, "csv", reach_link(req, "/outreach/mails.csv", "mode", reach.mode, "program", program, NULL));
	add_filter(req, view, PROGRAMS, program);
	reach_modes(&reach, view, "/outreach/mails");
	json_object_object_add(view, "on_outreach", json_object_new_boolean(true));
	return page_show(req, rep, "outreach-mails", "Mails to customers", view);
}

static enum err cases_page(struct req *req, struct rep *rep)
{
	static const char *const STATES[] = {"open", "recovered", "ended", NULL};
	const struct outreach_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	struct json_object *view = page_view(req);
	const char *state = not_all(in->state);
	PGresult *rows;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_CASES_LIST, PARAMS(reach.org_id, reach.live, in->after ? in->after : REACH_NUMBER_LAST,
		pg_int(&req->ctx, REACH_SHOWN + 1), state, reach.names), &rows));
	reach_rows(req, view, "cases", rows, REACH_SHOWN);
	const char *more = reach_more(rows, REACH_SHOWN);
	page_text(view, "older", more ? reach_link(req, "/outreach/cases", "mode", reach.mode, "state", state, "after", more, NULL) : NULL);
	page_text(view, "csv", reach_link(req, "/outreach/cases.csv", "mode", reach.mode, "state", state, NULL));
	add_filter(req, view, STATES, state);
	reach_modes(&reach, view, "/outreach/cases");
	json_object_object_add(view, "on_outreach", json_object_new_boolean(true));
	return page_show(req, rep, "outreach-cases", "Failed payments", view);
}

static enum err mails_file(struct req *req, struct rep *rep)
{
	const struct outreach_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);

	return reply_csv(req, rep, &(struct csv_rows){.file = arena_printf(&req->ctx.arena, "mails-%.10s.csv", reach.now), .cursor = 3, .limit = 4,
		.statement = &SQL_OUTREACH_MAILS_LIST, .params = PARAMS(reach.org_id, reach.live, REACH_NUMBER_LAST, "1", not_all(in->program), reach.names)});
}

static enum err cases_file(struct req *req, struct rep *rep)
{
	const struct outreach_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);

	return reply_csv(req, rep, &(struct csv_rows){.file = arena_printf(&req->ctx.arena, "payments-%.10s.csv", reach.now), .cursor = 3, .limit = 4,
		.statement = &SQL_OUTREACH_CASES_LIST, .params = PARAMS(reach.org_id, reach.live, REACH_NUMBER_LAST, "1", not_all(in->state), reach.names)});
}

#define READS ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE
#define WRITES ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, .shape = REPLY_NOTHING, .status = 303, .form = true
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct outreach_input)
#define FILE_SHAPE .shape = REPLY_PLAIN, .media = "text/csv"

const struct route OUTREACH_ROUTES[] = {
	{METHOD_GET, "/outreach", READS, TAKES(PAGE_INPUT), .run = outreach_page, .shape = REPLY_PAGE,
		.doc = "Programs of mails to customers, their settings, texts and results"},
	{METHOD_POST, "/outreach/settings", WRITES, TAKES(POLICY_INPUT), .run = policy_put, .doc = "Sets from whom mails come, when, and how many a day"},
	{METHOD_POST, "/outreach/programs/:program", WRITES, TAKES(PROGRAM_INPUT), .run = program_put, .doc = "Switches a program on or off, or changes it"},
	{METHOD_GET, "/outreach/mails", READS, TAKES(MAILS_INPUT), .run = mails_page, .shape = REPLY_PAGE, .doc = "All mails to customers and what became of them"},
	{METHOD_GET, "/outreach/mails.csv", READS, TAKES(MAILS_FILE_INPUT), .run = mails_file, FILE_SHAPE, .doc = "All mails to customers, as a file"},
	{METHOD_GET, "/outreach/cases", READS, TAKES(CASES_INPUT), .run = cases_page, .shape = REPLY_PAGE, .doc = "All unpaid invoices that were followed up"},
	{METHOD_GET, "/outreach/cases.csv", READS, TAKES(CASES_FILE_INPUT), .run = cases_file, FILE_SHAPE, .doc = "All of them, as a file"},
	ROUTE_END};
