#include "ops/family.h"

#include "observe/profile.h"
#include "web/budget.h"

struct profile_input {
	const char *route, *statement;
	int64_t plans;
};

static const struct field PROFILE_INPUT[] = {
	INPUT(struct profile_input, route, "route", IN_QUERY, FIELD_TEXT, .least = 1, .most = 136, .doc = "only this route, as \"GET /api/v1/retention/flows\", and what concerns it"),
	INPUT(struct profile_input, statement, "statement", IN_QUERY, FIELD_TEXT, .least = 1, .most = 63, .doc = "explains this statement, as \"retention_flow_get\""),
	INPUT(struct profile_input, plans, "plans", IN_QUERY, FIELD_INT, .least = 0, .most = 10,
		.doc = "explains so many of the statements that took most time; none unless given, since each asks PostgreSQL"),
	FIELD_END};

static const struct field PROFILE_REPLY[] = {
	REPLY("spanSeconds", FIELD_INT, .nullable = true, .doc = "seconds that the figures are of; null: since the metrics file began"),
	REPLY("routes", FIELD_JSON, .required = true,
		.doc = "one row a route and a kind of job, the one that took most time first: requests, seconds in all and by part, and its statements"),
	REPLY("plans", FIELD_JSON, .required = true, .doc = "the statements that were explained, by generic plans, which hold no parameters"),
	REPLY("findings", FIELD_JSON, .required = true,
		.doc = "what is wrong, the dearest first: kind, severity, evidence in words and numbers, the setting or file to change, and what that should gain"),
	REPLY("cache", FIELD_JSON, .required = true, .doc = "look-ups and hits of each space of the cache, with the target of its type of data"),
	REPLY("databaseFault", FIELD_TEXT, .nullable = true, .doc = "why PostgreSQL told nothing; null: it did"), FIELD_END};

static enum err profile_show(struct req *req, struct rep *rep)
{
	const struct profile_input *in = req->input;
	struct ctx *ctx = &req->ctx;
	struct profile *profile = profile_make(ctx, NULL, profile_read(ctx), 0);
	struct profile_report report;
	profile_report(ctx, req->house.pool, profile, &(struct profile_wish){.route = in->route, .plans = (int)in->plans, .statement = in->statement}, &report);
	return reply_json(req, rep, json_own(ctx, profile_json(ctx, &report, in->route)));
}

static const struct budget PROFILE_BUDGET = {.most = {[BUDGET_QUERIES] = 100, [BUDGET_BYTES] = 1 << 20},
	.why = "reads the catalogue once and explains up to ten statements when asked to; it tells of every route"};

const struct route OPS_PROFILE_ROUTES[] = {
	{METHOD_GET, "/api/v1/ops/profile", ACCESS_PERMISSION, PERMIT_OPS_READ, .class = CLASS_ANALYTICS, .input = PROFILE_INPUT,
		.input_size = sizeof(struct profile_input), .run = profile_show, .shape = REPLY_FIELDS, .reply = PROFILE_REPLY, .budget = &PROFILE_BUDGET,
		.doc = "Where each route's time goes, what is wrong and what to change: of every organisation, as this machine counted"},
	ROUTE_END};
