#include "retention/family.h"

#include "sql.h"

struct list_input {
	const char *cursor;
	int64_t limit;
	bool live, live_given;
};

static const struct field LIST_INPUT[] = {
	INPUT(struct list_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct list_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	INPUT(struct list_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct list_input, live_given),
		.doc = "false: test data"),
	FIELD_END};

struct item_input {
	const char *id;
	bool live, live_given;
};

static const struct field ITEM_INPUT[] = {
	INPUT(struct item_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the session"),
	INPUT(struct item_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct item_input, live_given),
		.doc = "false: test data"),
	FIELD_END};

static enum err sessions_list(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	return reply_list(req, rep,
		PARAMS(req->who.org_id, pg_bool(live), input->cursor ? input->cursor : ID_LAST, pg_int(&req->ctx, limit + 1),
			pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT))), limit);
}

static enum err sessions_get(struct req *req, struct rep *rep)
{
	const struct item_input *input = req->input;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	return reply_row(req, rep, PARAMS(req->who.org_id, pg_bool(live), input->id, pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT))), "session");
}

static enum err decisions_list(struct req *req, struct rep *rep)
{
	const struct list_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	return reply_list(req, rep,
		PARAMS(req->who.org_id, pg_bool(live), input->cursor ? input->cursor : ID_LAST, pg_int(&req->ctx, limit + 1),
			pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT))), limit);
}

const struct route RETENTION_SESSION_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/retention/sessions", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_LIST_, .input = LIST_INPUT, .input_size = sizeof(struct list_input), .run = sessions_list,
		.shape = REPLY_LIST, .rows = &SQL_RETENTION_SESSIONS_LIST, 
		.doc = "Lists the widget's sessions, newest first; whose they are only for those who may know"},
	{.method = METHOD_GET, .path = "/api/v1/retention/sessions/:id", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_READ, .input = ITEM_INPUT, .input_size = sizeof(struct item_input), .run = sessions_get,
		.shape = REPLY_ROW, .rows = &SQL_RETENTION_SESSION_GET, .doc = "Reads one session; whose it is only for those who may know"},
	{.method = METHOD_GET, .path = "/api/v1/retention/decisions", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_LIST_, .input = LIST_INPUT, .input_size = sizeof(struct list_input), .run = decisions_list,
		.shape = REPLY_LIST, .rows = &SQL_RETENTION_DECISIONS_LIST,
		.doc = "Lists what customers decided, newest session first; their own words only for those who may read them"},
	ROUTE_END};
