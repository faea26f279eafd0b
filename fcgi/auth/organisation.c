#include "auth/family.h"
#include "web/budget.h"

#include "sql.h"

struct organisation_input {
	const char *name;
};

static const struct field ORGANISATION_INPUT[] = {
	INPUT(struct organisation_input, name, "name", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120, .doc = "new name"),
	FIELD_END};

static enum err organisation_get(struct req *req, struct rep *rep)
{
	return reply_row(req, rep, PARAMS(req->who.org_id), "organisation");
}

static enum err rename_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct organisation_input *input = req->input;
	struct audit by = audit_of(req, NULL, NULL, NULL);

	return organisation_rename(ctx, lease, &by, input->name);
}

static enum err organisation_update(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, rename_run, req));
	return organisation_get(req, rep);
}

const struct route AUTH_ORGANISATION_ROUTES[] = {
	{METHOD_GET, "/api/v1/orgs/current", ACCESS_SESSION, .class = CLASS_READ, .run = organisation_get, .shape = REPLY_ROW,
		.rows = &SQL_AUTH_ORGANISATION_GET, .doc = "The session's organisation"},
	{METHOD_PATCH, "/api/v1/orgs/current", ACCESS_PERMISSION, PERMIT_ORG_WRITE, CLASS_WRITE, .input = ORGANISATION_INPUT,
		.input_size = sizeof(struct organisation_input), .run = organisation_update, .shape = REPLY_ROW,
		.rows = &SQL_AUTH_ORGANISATION_GET, .budget = &BUDGET_RULED, .doc = "Renames the organisation"},
	ROUTE_END};
