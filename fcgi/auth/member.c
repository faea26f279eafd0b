#include "auth/family.h"
#include "web/budget.h"

#include "sql.h"

#define ROLES "owner|admin|analyst|readonly"

struct member_list_input {
	int64_t limit;
	const char *cursor;
};

static const struct field LIST_INPUT[] = {
	INPUT(struct member_list_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct member_list_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	FIELD_END};

struct member_input {
	const char *id, *email, *name, *role;
};

static const struct field CREATE_INPUT[] = {
	INPUT(struct member_input, email, "email", IN_BODY, FIELD_EMAIL, .required = true, .doc = "the person's e-mail address"),
	INPUT(struct member_input, name, "name", IN_BODY, FIELD_TEXT, .most = 120, .doc = "the person's name, unless they have an account"),
	INPUT(struct member_input, role, "role", IN_BODY, FIELD_ENUM, .required = true, .choices = ROLES, .doc = "what the person may do"),
	FIELD_END};

static const struct field ROLE_INPUT[] = {
	INPUT(struct member_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the person"),
	INPUT(struct member_input, role, "role", IN_BODY, FIELD_ENUM, .required = true, .choices = ROLES, .doc = "the new role"),
	FIELD_END};

static const struct field REMOVE_INPUT[] = {
	INPUT(struct member_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the person"),
	FIELD_END};

struct member_change {
	struct req *req;
	const struct member_input *input;
	char account_id[ID_TEXT];
};

static enum err member_list(struct req *req, struct rep *rep)
{
	const struct member_list_input *input = req->input;
	int limit = auth_list_limit(input->limit);

	return reply_list(req, rep, PARAMS(req->who.org_id, input->cursor, pg_int(&req->ctx, limit)), limit);
}

static enum err create_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct member_change *change = argument;
	const struct member_input *input = change->input;
	const struct audit by = audit_of(change->req, NULL, NULL, NULL);

	return team_add(ctx, lease, &by, change->req->who.role, input->email, input->name, role_parse(input->role), change->account_id);
}

static enum err member_create(struct req *req, struct rep *rep)
{
	struct member_change change = {.req = req, .input = req->input};

	TRY(change_run(&req->ctx, req->house.pool, create_run, &change));
	return reply_row(req, rep, PARAMS(req->who.org_id, change.account_id), "member");
}

static enum err role_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct member_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	return team_role(ctx, lease, &by, req->who.role, input->id, role_parse(input->role));
}

static enum err member_update(struct req *req, struct rep *rep)
{
	const struct member_input *input = req->input;

	TRY(change_run(&req->ctx, req->house.pool, role_run, req));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return reply_row(req, rep, PARAMS(req->who.org_id, input->id), "member");
}

static enum err remove_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct member_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	return team_remove(ctx, lease, &by, req->who.role, input->id);
}

static enum err member_delete(struct req *req, struct rep *rep)
{
	(void)rep;
	TRY(change_run(&req->ctx, req->house.pool, remove_run, req));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return OK;
}

const struct route AUTH_MEMBER_ROUTES[] = {
	{METHOD_GET, "/api/v1/users", ACCESS_PERMISSION, PERMIT_MEMBER_READ, CLASS_LIST_, .input = LIST_INPUT,
		.input_size = sizeof(struct member_list_input), .run = member_list, .shape = REPLY_LIST, .rows = &SQL_AUTH_MEMBER_LIST,
		.doc = "The organisation's people, the newest accounts first"},
	{METHOD_POST, "/api/v1/users", ACCESS_PERMISSION, PERMIT_MEMBER_WRITE, CLASS_WRITE, .input = CREATE_INPUT,
		.input_size = sizeof(struct member_input), .run = member_create, .shape = REPLY_ROW, .rows = &SQL_AUTH_MEMBER_GET, .status = 201,
		.budget = &BUDGET_RULED, .doc = "Adds a person, who gets a mail with a link to set a password"},
	{METHOD_PATCH, "/api/v1/users/:id", ACCESS_PERMISSION, PERMIT_MEMBER_WRITE, CLASS_WRITE, .input = ROLE_INPUT,
		.input_size = sizeof(struct member_input), .run = member_update, .shape = REPLY_ROW, .rows = &SQL_AUTH_MEMBER_GET,
		.budget = &BUDGET_RULED, .doc = "Changes a person's role; the last owner stays one"},
	{METHOD_DELETE, "/api/v1/users/:id", ACCESS_PERMISSION, PERMIT_MEMBER_WRITE, CLASS_WRITE, .input = REMOVE_INPUT,
		.input_size = sizeof(struct member_input), .run = member_delete, .shape = REPLY_NOTHING,
		.budget = &BUDGET_RULED, .doc = "Removes a person and ends their sessions here; an account without organisation is deleted"},
	ROUTE_END};
