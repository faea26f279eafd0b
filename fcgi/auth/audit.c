#include "auth/family.h"

#include "sql.h"

struct audit_input {
	int64_t limit;
	const char *cursor, *action;
};

static const struct field AUDIT_INPUT[] = {
	INPUT(struct audit_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct audit_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	INPUT(struct audit_input, action, "action", IN_QUERY, FIELD_TEXT, .most = 64, .doc = "only this action, such as key.create"),
	FIELD_END};

static enum err audit_list(struct req *req, struct rep *rep)
{
	const struct audit_input *input = req->input;
	int limit = auth_list_limit(input->limit);

	return reply_list(req, rep, PARAMS(req->who.org_id, input->cursor, input->action, pg_int(&req->ctx, limit)), limit);
}

const struct route AUTH_AUDIT_ROUTES[] = {
	{METHOD_GET, "/api/v1/orgs/audit", ACCESS_PERMISSION, PERMIT_AUDIT_READ, CLASS_LIST_, .input = AUDIT_INPUT,
		.input_size = sizeof(struct audit_input), .run = audit_list, .shape = REPLY_LIST, .rows = &SQL_AUTH_AUDIT_LIST,
		.doc = "Who changed what, newest first; append-only"},
	ROUTE_END};
