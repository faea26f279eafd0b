#include "retention/family.h"

#include "retention/retention.h"
#include "sql.h"

struct risk_input {
	const char *cursor;
	int64_t limit;
	bool live, live_given;
};

static const struct field RISK_INPUT[] = {
	INPUT(struct risk_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct risk_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	INPUT(struct risk_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct risk_input, live_given), .doc = "false: test data"),
	FIELD_END};

/* What the documented order would show first, had a flow every offer. */
static const char *first_offer(struct ctx *ctx, enum segment segment)
{
	struct json_object *steps = json_own(ctx, json_object_new_array());
	int order[FLOW_STEPS];

	for (enum step_type type = STEP_DISCOUNT; type <= STEP_SUPPORT; type++) {
		struct json_object *step = json_object_new_object();

		json_object_object_add(step, "type", json_object_new_string(step_text(type)));
		json_object_array_add(steps, step);
	}
	flow_order(steps, segment, 1, order);
	return step_text(STEP_DISCOUNT + (enum step_type)order[0]);
}

static enum err risk_list(struct req *req, struct rep *rep)
{
	const struct risk_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;
	struct ctx *ctx = &req->ctx;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	return reply_list(req, rep, PARAMS(req->who.org_id, pg_bool(live), input->cursor, pg_int(ctx, limit + 1),
		pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT)), first_offer(ctx, SEGMENT_TRIAL), first_offer(ctx, SEGMENT_LOW),
		first_offer(ctx, SEGMENT_MEDIUM), first_offer(ctx, SEGMENT_HIGH)), limit);
}

const struct route RETENTION_RISK_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/retention/risk", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_LIST_, .input = RISK_INPUT, .input_size = sizeof(struct risk_input), .run = risk_list,
		.shape = REPLY_LIST, .rows = &SQL_MEASURE_RISK_LIST,
		.doc = "Customers by churn risk, the highest first, with what it is made of and the offer to make; who they are only for those who may know"},
	ROUTE_END};
