#include "retention/family.h"

#include "base/clock.h"
#include "sql.h"

#define LIMIT 100
#define DAYS 14

struct activity_input {
	const char *from, *to, *cursor;
	int64_t limit;
	bool live, live_given;
};

static const struct field ACTIVITY_INPUT[] = {
	INPUT(struct activity_input, from, "from", IN_QUERY, FIELD_TEXT, .least = 10, .most = 10,
		.doc = "first day, 2026-11-01; 13 days before the last unless given"),
	INPUT(struct activity_input, to, "to", IN_QUERY, FIELD_TEXT, .least = 10, .most = 10, .doc = "last day (UTC), today unless given"),
	INPUT(struct activity_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 1000, .doc = "rows, 100 unless given"),
	INPUT(struct activity_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	INPUT(struct activity_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct activity_input, live_given),
		.doc = "false: test data"),
	FIELD_END};

static enum err activity_list(struct req *req, struct rep *rep)
{
	const struct activity_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIMIT;
	int64_t from, to = clock_wall_s() / 86400;
	struct ctx *ctx = &req->ctx;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	if (input->to)
		TRY(day_read(ctx, "to", input->to, &to));
	from = to - DAYS + 1;
	if (input->from)
		TRY(day_read(ctx, "from", input->from, &from));
	if (from > to)
		return fail_field(ctx, ERR_INVALID, "from", "from must not lie behind to");
	return reply_list(req, rep, PARAMS(req->who.org_id, pg_bool(live), day_text(ctx, from), day_text(ctx, to), input->cursor,
		pg_int(ctx, limit)), limit);
}

const struct route RETENTION_ACTIVITY_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/retention/activity", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_LIST_, .input = ACTIVITY_INPUT, .input_size = sizeof(struct activity_input), .run = activity_list,
		.shape = REPLY_LIST, .rows = &SQL_RETENTION_ACTIVITY,
		.doc = "Events of each type a day (UTC), the newest days first; counted a moment after they happen"},
	ROUTE_END};
