#include "retention/family.h"

#include "sql.h"

#define DAYS 30

struct summary_input {
	int64_t days;
	bool live, live_given;
};

static const struct field SUMMARY_INPUT[] = {
	INPUT(struct summary_input, days, "days", IN_QUERY, FIELD_INT, .least = 1, .most = 366, .doc = "days back from now, 30 unless given"),
	INPUT(struct summary_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct summary_input, live_given),
		.doc = "false: test data"),
	FIELD_END};

static enum err summary_get(struct req *req, struct rep *rep)
{
	const struct summary_input *input = req->input;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	return reply_row(req, rep, PARAMS(req->who.org_id, pg_bool(live), pg_int(&req->ctx, input->days ? input->days : DAYS)), "summary");
}

const struct route RETENTION_SUMMARY_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/retention/summary", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_ANALYTICS, .input = SUMMARY_INPUT, .input_size = sizeof(struct summary_input), .run = summary_get,
		.shape = REPLY_ROW, .rows = &SQL_RETENTION_SUMMARY,
		.doc = "Offers, acceptance, cancellations, saved revenue by currency and the save rate with its definition"},
	ROUTE_END};
