#include "pages/page.h"

#include "sql.h"

#include <string.h>

#define ROLES "owner|admin|analyst|readonly"

struct team_input {
	const char *id, *email, *name, *role, *notice;
};

static const struct field PAGE_INPUT[] = {
	INPUT(struct team_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "invited|changed|removed", .doc = "what was done"),
	FIELD_END};
static const struct field INVITE_INPUT[] = {
	INPUT(struct team_input, email, "email", IN_BODY, FIELD_EMAIL, .required = true, .doc = "the person's e-mail address"),
	INPUT(struct team_input, name, "name", IN_BODY, FIELD_TEXT, .least = 0, .most = 120, .doc = "the person's name, unless they have an account"),
	INPUT(struct team_input, role, "role", IN_BODY, FIELD_ENUM, .required = true, .choices = ROLES, .doc = "what the person may do"),
	FIELD_END};
static const struct field ROLE_INPUT[] = {
	INPUT(struct team_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the person"),
	INPUT(struct team_input, role, "role", IN_BODY, FIELD_ENUM, .required = true, .choices = ROLES, .doc = "the new role"),
	FIELD_END};
static const struct field REMOVE_INPUT[] = {
	INPUT(struct team_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the person"),
	FIELD_END};

static const struct { const char *value, *label, *rule; } CHOICES[] = {
	{"owner", TR("Owner"), TR("everything, also owners, the audit log and the organisation's name")},
	{"admin", TR("Admin"), TR("flows, offers, keys, members and Stripe; sees customers' names and words")},
	{"analyst", TR("Analyst"), TR("sees figures and flows, but not who the customers are")},
	{"readonly", TR("Read only"), TR("sees figures and flows, but not who the customers are; changes nothing")}};
#define CHOICE_COUNT (sizeof CHOICES / sizeof *CHOICES)

/* Only owners make owners. */
static struct json_object *roles_view(const struct req *req, const char *chosen)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = req->who.role == ROLE_OWNER ? 0 : 1; i < CHOICE_COUNT; i++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "value", CHOICES[i].value);
		page_text(item, "label", tr(req, CHOICES[i].label));
		page_text(item, "rule", tr(req, CHOICES[i].rule));
		json_object_object_add(item, "current", json_object_new_boolean(!strcmp(CHOICES[i].value, chosen)));
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *member_view(struct req *req, const PGresult *rows, int row)
{
	const char *role = pg_text(rows, row, "role");
	bool above = !strcmp(role, "owner") && req->who.role != ROLE_OWNER;
	struct json_object *member = json_object_new_object();
	page_text(member, "id", pg_text(rows, row, "id"));
	page_text(member, "email", pg_text(rows, row, "email"));
	page_text(member, "name", pg_text(rows, row, "name"));
	page_stamp(req, member, "since", pg_text(rows, row, "created_at"));
	page_stamp(req, member, "seen", pg_text(rows, row, "seen_at"));
	json_object_object_add(member, "invited", json_object_new_boolean(pg_true(rows, row, "invited")));
	json_object_object_add(member, "self", json_object_new_boolean(!strcmp(pg_text(rows, row, "id"), req->who.account_id)));
	json_object_object_add(member, "changeable", json_object_new_boolean(who_may(&req->who, PERMIT_MEMBER_WRITE) && !above));
	json_object_object_add(member, "roles", roles_view(req, role));
	for (size_t i = 0; i < CHOICE_COUNT; i++)
		if (!strcmp(CHOICES[i].value, role))
			page_text(member, "role", tr(req, CHOICES[i].label));
	return member;
}

static enum err team_show(struct req *req, struct rep *rep, struct json_object *view)
{
	struct json_object *members = json_object_new_array();
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_TEAM, PARAMS(req->who.org_id), &rows));
	json_object_object_add(view, "members", members);
	for (int row = 0; row < PQntuples(rows); row++)
		json_object_array_add(members, member_view(req, rows, row));
	json_object_object_add(view, "roles", roles_view(req, "analyst"));
	return page_show(req, rep, "team", "Team", view);
}

static enum err team_page(struct req *req, struct rep *rep)
{
	static const struct { const char *notice, *text; } NOTICES[] = {{"invited", TR("The person is a member and gets a mail with a link to set a password.")},
		{"changed", TR("The role is changed.")}, {"removed", TR("The person is no longer a member.")}};
	const struct team_input *in = req->input;
	struct json_object *view = page_view(req);
	for (size_t i = 0; in->notice && i < sizeof NOTICES / sizeof *NOTICES; i++)
		if (!strcmp(NOTICES[i].notice, in->notice))
			page_text(view, "notice", tr(req, NOTICES[i].text));
	return team_show(req, rep, view);
}

static enum err invite_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct team_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	char id[ID_TEXT];
	return team_add(ctx, lease, &by, req->who.role, in->email, in->name, role_parse(in->role), id);
}

static enum err role_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct team_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	return team_role(ctx, lease, &by, req->who.role, in->id, role_parse(in->role));
}

static enum err remove_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct team_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	return team_remove(ctx, lease, &by, req->who.role, in->id);
}

/* Runs the change and goes back to the page, or shows there what is wrong. */
static enum err team_change(struct req *req, struct rep *rep, change_work *work, const char *notice)
{
	const struct team_input *in = req->input;
	enum err err = change_run(&req->ctx, req->house.pool, work, req);
	if (err == OK) {
		who_forget(&req->ctx, &req->house, req->who.org_id);
		return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/team?notice=%s", notice));
	}
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	page_text(view, "email", in->email);
	page_text(view, "name", in->name);
	return team_show(req, rep, view);
}

static enum err team_invite(struct req *req, struct rep *rep)
{
	return team_change(req, rep, invite_run, "invited");
}

static enum err team_rerole(struct req *req, struct rep *rep)
{
	return team_change(req, rep, role_run, "changed");
}

static enum err team_drop(struct req *req, struct rep *rep)
{
	return team_change(req, rep, remove_run, "removed");
}

#define TAKES(fields) .input = (fields), .input_size = sizeof(struct team_input)
#define WRITES ACCESS_PAGE, .permission = PERMIT_MEMBER_WRITE, .class = CLASS_PAGE, .shape = REPLY_NOTHING, .status = 303, .form = true

const struct route TEAM_ROUTES[] = {
	{METHOD_GET, "/team", ACCESS_PAGE, .permission = PERMIT_MEMBER_READ, .class = CLASS_PAGE, TAKES(PAGE_INPUT), .run = team_page,
		.shape = REPLY_PAGE, .doc = "The organisation's people and what they may do"},
	{METHOD_POST, "/team", WRITES, TAKES(INVITE_INPUT), .run = team_invite, .doc = "Adds a person, who gets a mail with a link to set a password"},
	{METHOD_POST, "/team/:id", WRITES, TAKES(ROLE_INPUT), .run = team_rerole, .doc = "Changes a person's role; the last owner stays one"},
	{METHOD_POST, "/team/:id/remove", WRITES, TAKES(REMOVE_INPUT), .run = team_drop, .doc = "Removes a person and ends their sessions here"},
	ROUTE_END};
