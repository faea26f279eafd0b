#include "retention/family.h"

#include "event/event.h"
#include "identity/identity.h"
#include "outreach/outreach.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

struct outreach_input {
	const char *program, *kind, *language;
	const char *sender_name, *reply_to, *return_url, *time_zone;
	int64_t quiet_from, quiet_until, customer_cap, organisation_cap;
	bool enabled, enabled_given, months_given, retries_given, retry_hour_given;
	struct json_object *days, *percents;
	int64_t months, retries, retry_hour;
	const char *subject, *body, *button;
};

#define BODY(member, name, kind, ...) INPUT(struct outreach_input, member, name, IN_BODY, kind, __VA_ARGS__)
#define GIVEN(member) .present = offsetof(struct outreach_input, member)

static const struct field POLICY_INPUT[] = {
	BODY(sender_name, "senderName", FIELD_TEXT, .nullable = true, .least = 1, .most = 100, .doc = "whom mails come from; the organisation's name unless given"),
	BODY(reply_to, "replyTo", FIELD_EMAIL, .nullable = true, .doc = "where answers go"),
	BODY(return_url, "returnUrl", FIELD_URL, .nullable = true, .least = 8, .most = 1000, .doc = "https: where former customers subscribe again"),
	BODY(time_zone, "timeZone", FIELD_TEXT, .required = true, .least = 1, .most = 63, .doc = "IANA name; for the day of caps, and customers whose zone is not known"),
	BODY(quiet_from, "quietFrom", FIELD_INT, .required = true, .least = 0, .most = 23, .doc = "hour of the customer's day from which none is sent"),
	BODY(quiet_until, "quietUntil", FIELD_INT, .required = true, .least = 0, .most = 23, .doc = "hour from which they are sent again; the same: no quiet hours"),
	BODY(customer_cap, "customerCap", FIELD_INT, .required = true, .least = 1, .most = 10, .doc = "most mails a customer and day"),
	BODY(organisation_cap, "organisationCap", FIELD_INT, .required = true, .least = 1, .most = 100000, .doc = "most mails a day"),
	FIELD_END};
static const struct field PROGRAM_INPUT[] = {
	INPUT(struct outreach_input, program, "program", IN_PATH, FIELD_ENUM, .required = true, .choices = OUTREACH_PROGRAMS, .doc = "the program"),
	BODY(enabled, "enabled", FIELD_BOOL, GIVEN(enabled_given), .doc = "whether it runs; what is not given stays"),
	BODY(days, "days", FIELD_JSON, .least = 2, .most = 100, .doc = "numbers: payment: days after the failure, 1 to 6 of them from 0 to 28; retention: one, days "
		"before the end, 1 to 7; reactivation: one or two, days after it, 1 to 180"),
	BODY(percents, "percents", FIELD_JSON, .least = 2, .most = 100, .doc = "retention: three numbers from 5 to 60, for low, medium and high value"),
	BODY(months, "months", FIELD_INT, GIVEN(months_given), .least = 1, .most = 12, .doc = "retention: for how long"),
	BODY(retries, "retries", FIELD_INT, GIVEN(retries_given), .least = 0, .most = 4, .doc = "payment: most attempts of ours at an invoice"),
	BODY(retry_hour, "retryHour", FIELD_INT, GIVEN(retry_hour_given), .least = 0, .most = 23, .doc = "payment: the hour on the customer's clock"),
	FIELD_END};

#define WORDING_FIELDS \
	INPUT(struct outreach_input, kind, "kind", IN_PATH, FIELD_ENUM, .required = true, .choices = OUTREACH_KINDS, .doc = "which mail"), \
	INPUT(struct outreach_input, language, "language", IN_PATH, FIELD_ENUM, .required = true, .choices = "en|de|fr|es", .doc = "its language")
static const struct field WORDING_INPUT[] = {WORDING_FIELDS, FIELD_END};
static const struct field WORDING_PUT_INPUT[] = {
	WORDING_FIELDS,
	BODY(subject, "subject", FIELD_TEXT, .required = true, .least = 1, .most = 200, .doc = "with {{" OUTREACH_VARIABLES "}}"),
	BODY(body, "body", FIELD_LINES, .required = true, .least = 1, .most = 5000, .doc = "likewise; an empty line between paragraphs"),
	BODY(button, "button", FIELD_TEXT, .required = true, .least = 1, .most = 60, .doc = "likewise"),
	FIELD_END};
static const struct field WORDING_REPLY[] = {
	REPLY("own", FIELD_BOOL, .required = true, .doc = "the organisation's text, not ours"),
	REPLY("subject", FIELD_TEXT, .required = true, .most = 200, .doc = "as it is edited"),
	REPLY("body", FIELD_LINES, .required = true, .most = 5000, .doc = "as it is edited"),
	REPLY("button", FIELD_TEXT, .required = true, .most = 60, .doc = "as it is edited"),
	REPLY("preview", FIELD_JSON, .required = true, .doc = "subject, text and html of a mail to somebody made up"),
	FIELD_END};

/* --- settings --- */

static enum err policy_get(struct req *req, struct rep *rep)
{
	return reply_row(req, rep, PARAMS(req->who.org_id), "organisation");
}

static enum err policy_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct outreach_input *input = req->input;
	struct audit audit = audit_of(req, "outreach.put", "outreach_setting", NULL);

	TRY(outreach_policy_put(ctx, lease, req->who.org_id, &(struct outreach_policy){.sender_name = input->sender_name, .reply_to = input->reply_to,
		.return_url = input->return_url, .time_zone = input->time_zone, .quiet_from = (int)input->quiet_from, .quiet_until = (int)input->quiet_until,
		.customer_cap = (int)input->customer_cap, .organisation_cap = (int)input->organisation_cap}));
	audit.after = audit_note(ctx, "senderName", input->sender_name, "replyTo", input->reply_to, "returnUrl", input->return_url, "timeZone",
		input->time_zone, NULL);
	return event_audit(lease, &audit);
}

static enum err policy_put(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, policy_run, req));
	return policy_get(req, rep);
}

static enum err programs_list(struct req *req, struct rep *rep)
{
	return reply_list(req, rep, PARAMS(req->who.org_id), 10);
}

/* At most `most` whole numbers; count_out < 0: too many. */
static enum err numbers(struct ctx *ctx, struct json_object *list, const char *field, int most, int64_t *out, int *count_out)
{
	*count_out = 0;
	if (!list)
		return OK;
	if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) > (size_t)most)
		return fail_field(ctx, ERR_INVALID, field, "At most %d numbers are needed", most);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (!json_object_is_type(item, json_type_int))
			return fail_field(ctx, ERR_INVALID, field, "Only whole numbers are allowed");
		out[(*count_out)++] = json_object_get_int64(item);
	}
	return OK;
}

static enum err program_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct outreach_input *input = req->input;
	int64_t days[OUTREACH_DAYS], percents[3];
	int day_count, percent_count;
	struct audit audit = audit_of(req, "outreach.program", "outreach_program", input->program);

	TRY(numbers(ctx, input->days, "days", OUTREACH_DAYS, days, &day_count));
	TRY(numbers(ctx, input->percents, "percents", 3, percents, &percent_count));
	if (input->percents && percent_count != 3)
		return fail_field(ctx, ERR_INVALID, "percents", "Three numbers are needed");
	TRY(outreach_program_put(ctx, lease, req->who.org_id, input->program, &(struct outreach_change){
		.enabled = input->enabled_given ? &input->enabled : NULL, .days = input->days ? days : NULL, .day_count = day_count,
		.percents = input->percents ? percents : NULL, .months = input->months_given ? &input->months : NULL,
		.retries = input->retries_given ? &input->retries : NULL, .retry_hour = input->retry_hour_given ? &input->retry_hour : NULL}));
	if (input->enabled_given)
		audit.after = audit_note(ctx, "enabled", input->enabled ? "yes" : "no", NULL);
	return event_audit(lease, &audit);
}

static enum err program_put(struct req *req, struct rep *rep)
{
	rep->status = 204;
	return change_run(&req->ctx, req->house.pool, program_run, req);
}

/* --- words --- */

static enum err wording_show(struct req *req, struct lease *lease, struct rep *rep)
{
	const struct outreach_input *input = req->input;
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *preview = json_object_new_object();
	struct outreach_words words;
	struct mail mail = {0};
	PGresult *policy;

	json_object_object_add(reply, "preview", preview);
	TRY(outreach_words_get(&req->ctx, lease, req->who.org_id, input->kind, input->language, &words));
	TRY(pg_run(lease, &SQL_OUTREACH_POLICY_GET, PARAMS(req->who.org_id), &policy));
	TRY(outreach_preview(&req->ctx, &words, input->kind, input->language, pg_text(policy, 0, "sender_name"), &mail));
	json_object_object_add(reply, "own", json_object_new_boolean(words.own));
	json_object_object_add(reply, "subject", json_object_new_string(words.subject));
	json_object_object_add(reply, "body", json_object_new_string(words.body));
	json_object_object_add(reply, "button", json_object_new_string(words.button));
	json_object_object_add(preview, "subject", json_object_new_string(mail.subject));
	json_object_object_add(preview, "text", json_object_new_string(mail.text));
	json_object_object_add(preview, "html", json_object_new_string(mail.html));
	return reply_json(req, rep, reply);
}

static enum err wording_get(struct req *req, struct rep *rep)
{
	struct lease lease;

	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = wording_show(req, &lease, rep);
	lease_return(&lease);
	return err;
}

static enum err wording_audit(struct lease *lease, struct req *req, const char *what)
{
	const struct outreach_input *input = req->input;
	struct audit audit = audit_of(req, "outreach.wording", "outreach_wording", arena_printf(&req->ctx.arena, "%s.%s", input->kind, input->language));

	audit.after = audit_note(&req->ctx, "text", what, NULL);
	return event_audit(lease, &audit);
}

static enum err wording_put_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct outreach_input *input = req->input;

	TRY(outreach_words_check(ctx, &(struct outreach_words){.subject = input->subject, .body = input->body, .button = input->button}));
	TRY(pg_run(lease, &SQL_OUTREACH_WORDING_PUT, PARAMS(req->who.org_id, input->kind, input->language, input->subject, input->body, input->button), NULL));
	return wording_audit(lease, req, "own");
}

static enum err wording_delete_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct outreach_input *input = req->input;

	(void)ctx;
	TRY(pg_run(lease, &SQL_OUTREACH_WORDING_DELETE, PARAMS(req->who.org_id, input->kind, input->language), NULL));
	return wording_audit(lease, req, "ours");
}

static enum err wording_put(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, wording_put_run, req));
	return wording_get(req, rep);
}

static enum err wording_delete(struct req *req, struct rep *rep)
{
	rep->status = 204;
	return change_run(&req->ctx, req->house.pool, wording_delete_run, req);
}

#define READS .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ
#define WRITES .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_ADMIN
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct outreach_input)
#define PREFIX "/api/v1/retention/outreach/"
#define WORDING PREFIX "wordings/:kind/:language"

const struct route RETENTION_OUTREACH_ROUTES[] = {
	{METHOD_GET, PREFIX "settings", READS, .class = CLASS_READ, .run = policy_get, .shape = REPLY_ROW, .rows = &SQL_OUTREACH_POLICY_GET,
		.doc = "Reads from whom mails to customers come, when, and how many a day"},
	{METHOD_PUT, PREFIX "settings", WRITES, TAKES(POLICY_INPUT), .run = policy_put, .shape = REPLY_ROW, .rows = &SQL_OUTREACH_POLICY_GET,
		.budget = &BUDGET_CHANGE, .doc = "Sets them"},
	{METHOD_GET, PREFIX "programs", READS, .class = CLASS_LIST_, .run = programs_list, .shape = REPLY_LIST, .rows = &SQL_OUTREACH_PROGRAMS_LIST,
		.doc = "Lists the programs: failed payments, offers before the end, reactivation"},
	{METHOD_PATCH, PREFIX "programs/:program", WRITES, TAKES(PROGRAM_INPUT), .run = program_put, .shape = REPLY_NOTHING,
		.budget = &BUDGET_CHANGE, .doc = "Switches a program on or off, or changes its schedule"},
	{METHOD_GET, WORDING, READS, .class = CLASS_ADMIN, TAKES(WORDING_INPUT), .run = wording_get, .shape = REPLY_FIELDS, .reply = WORDING_REPLY,
		.doc = "Reads what a mail says in a language, with a preview"},
	{METHOD_PUT, WORDING, WRITES, TAKES(WORDING_PUT_INPUT), .budget = &BUDGET_RULED, .run = wording_put, .shape = REPLY_FIELDS, .reply = WORDING_REPLY,
		.doc = "Sets what a mail says in a language"},
	{METHOD_DELETE, WORDING, WRITES, TAKES(WORDING_INPUT), .budget = &BUDGET_CHANGE, .run = wording_delete, .shape = REPLY_NOTHING, .doc = "Goes back to our text"},
	ROUTE_END};
