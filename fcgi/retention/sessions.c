#include "retention/family.h"

#include "identity/identity.h"
#include "retention/retention.h"
#include "web/budget.h"
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

struct settle_input {
	const char *id;
	bool carried_out, live, live_given;
};

static const struct field SETTLE_INPUT[] = {
	INPUT(struct settle_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the decision's session"),
	INPUT(struct settle_input, carried_out, "carriedOut", IN_BODY, FIELD_BOOL, .required = true,
		.doc = "true: it has been carried out and stands; false: it will not be"),
	INPUT(struct settle_input, live, "live", IN_BODY, FIELD_BOOL, .present = offsetof(struct settle_input, live_given), .doc = "false: test data"),
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

static enum err settle_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	return decision_hand(ctx, lease, argument);
}

static enum err decision_settle(struct req *req, struct rep *rep)
{
	const struct settle_input *input = req->input;
	struct audit by = audit_of(req, NULL, NULL, NULL);
	struct hand hand = {.by = &by, .session_id = input->id, .done = input->carried_out};

	TRY(mode_choose(req, input->live_given, input->live, &hand.live));
	rep->status = 204;
	return change_run(&req->ctx, req->house.pool, settle_run, &hand);
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
	{.method = METHOD_POST, .path = "/api/v1/retention/decisions/:id/settle", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_WRITE,
		.class = CLASS_WRITE, .input = SETTLE_INPUT, .input_size = sizeof(struct settle_input), .run = decision_settle, .shape = REPLY_NOTHING,
		.budget = &BUDGET_CHANGE, .doc = "Tells that a decision that waited for a person was carried out, or will not be; the same once more changes nothing"},
	ROUTE_END};
