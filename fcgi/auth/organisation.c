#include "auth/family.h"

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

static enum err organisation_rename(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct organisation_input *input = req->input;
	const char *org_id = req->who.org_id;
	PGresult *before, *result;

	TRY(pg_run(lease, &SQL_AUTH_ORGANISATION_NAME, PARAMS(org_id), &before));
	if (!PQntuples(before))
		return fail(ctx, ERR_NOT_FOUND, "There is no such organisation");
	TRY(pg_run(lease, &SQL_AUTH_ORGANISATION_UPDATE, PARAMS(org_id, input->name), &result));
	return auth_audit(lease, req, "organisation.update", "organisation", org_id, audit_note(ctx, "name", pg_text(before, 0, "name"), NULL),
		audit_note(ctx, "name", input->name, NULL));
}

static enum err organisation_update(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, organisation_rename, req));
	return organisation_get(req, rep);
}

const struct route AUTH_ORGANISATION_ROUTES[] = {
	{METHOD_GET, "/api/v1/orgs/current", ACCESS_SESSION, .class = CLASS_READ, .run = organisation_get, .shape = REPLY_ROW,
		.rows = &SQL_AUTH_ORGANISATION_GET, .doc = "The session's organisation"},
	{METHOD_PATCH, "/api/v1/orgs/current", ACCESS_PERMISSION, PERMIT_ORG_WRITE, CLASS_WRITE, .input = ORGANISATION_INPUT,
		.input_size = sizeof(struct organisation_input), .run = organisation_update, .shape = REPLY_ROW,
		.rows = &SQL_AUTH_ORGANISATION_GET, .doc = "Renames the organisation"},
	ROUTE_END};
