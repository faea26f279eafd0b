#include "ops/family.h"

#include "observe/capacity.h"

static enum err capacity_show(struct req *req, struct rep *rep)
{
	struct capacity_plan *plan;
	TRY(capacity_ask(&req->ctx, req->input, &plan));
	return reply_json(req, rep, json_own(&req->ctx, capacity_json(plan)));
}

static const struct field CAPACITY_REPLY[] = {
	REPLY("model", FIELD_JSON, .required = true, .doc = "the inputs, those not given as document 001 has them; cores and memory (bytes) of a machine"),
	REPLY("cost", FIELD_JSON, .required = true,
		.doc = "what a request of each system costs in microseconds and a process in bytes, measured here or shipped, and where it comes from"),
	REPLY("figures", FIELD_JSON, .required = true,
		.doc = "one row a figure (and system): value, unit, formula, the formula with its numbers, and the source of the rule"),
	FIELD_END};

const struct route OPS_CAPACITY_ROUTES[] = {
	{METHOD_GET, "/api/v1/ops/capacity", ACCESS_PERMISSION, PERMIT_OPS_READ, .class = CLASS_OPS, .input = CAPACITY_QUERY_FIELDS,
		.input_size = sizeof(struct capacity_query), .run = capacity_show, .shape = REPLY_FIELDS, .reply = CAPACITY_REPLY,
		.doc = "What a number of users needs: processes, pools, PostgreSQL, memcached and machines, from measured costs"},
	ROUTE_END};
