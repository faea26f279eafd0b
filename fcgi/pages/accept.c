#include "pages/reach.h"

#include "base/clock.h"
#include "identity/identity.h"
#include "outreach/outreach.h"
#include "sql.h"

#include <string.h>

struct offer_input {
	const char *token;
};

static const struct field OFFER_INPUT[] = {
	INPUT(struct offer_input, token, "token", IN_QUERY, FIELD_TEXT, .required = true, .least = 1, .most = 200, .doc = "from the mail"), FIELD_END};

static enum err offer_show(struct req *req, struct rep *rep, struct json_object *view)
{
	return page_show(req, rep, "accept", "An offer for you", view);
}

/* A link that is none, or is cut. */
static enum err offer_bad(struct req *req, struct rep *rep, enum err err)
{
	struct json_object *view = page_view(req);

	TRY(page_fault(req, rep, err, view));
	return offer_show(req, rep, view);
}

static enum err offer_load(struct req *req, const struct outreach_token *token, struct json_object *view)
{
	const struct offer_input *in = req->input;
	char now[CLOCK_TEXT];
	PGresult *row;

	clock_format(clock_wall_us(), now);
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_OFFER_GET, PARAMS(token->org_id, pg_bool(token->live), token->id, now), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_GONE, "This offer is over");
	bool taken = strcmp(pg_text(row, 0, "state"), "offered") != 0;
	page_text(view, "organisation", pg_text(row, 0, "organisation"));
	page_text(view, "plan", pg_text(row, 0, "plan"));
	page_text(view, "percent", pg_text(row, 0, "percent"));
	page_text(view, "months", pg_text(row, 0, "months"));
	int64_t minor = pg_number(row, 0, "month_minor", 0), off = minor * pg_number(row, 0, "percent", 0) / 100;
	page_text(view, "price", page_money(req, minor, pg_text(row, 0, "currency")));
	page_text(view, "reduced", page_money(req, minor - off, pg_text(row, 0, "currency")));
	page_text(view, "token", in->token);
	json_object_object_add(view, "taken", json_object_new_boolean(taken));
	json_object_object_add(view, "open", json_object_new_boolean(!taken && !pg_true(row, 0, "expired")));
	return OK;
}

/* Changes nothing: programs that look through mail open links. */
static enum err offer_page(struct req *req, struct rep *rep)
{
	const struct offer_input *in = req->input;
	struct json_object *view = page_view(req);
	struct outreach_token token;
	enum err err = outreach_token_read(&req->ctx, in->token, &token);

	if (err == OK)
		err = offer_load(req, &token, view);
	return err == OK ? offer_show(req, rep, view) : offer_bad(req, rep, err);
}

static enum err accept_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	return outreach_offer_accept(ctx, lease, argument);
}

static enum err offer_accept(struct req *req, struct rep *rep)
{
	const struct offer_input *in = req->input;
	struct outreach_token token;
	enum err err = outreach_token_read(&req->ctx, in->token, &token);

	if (err == OK)
		err = change_run(&req->ctx, req->house.pool, accept_run, &token);
	return err == OK ? reply_redirect(req, rep, 303, reach_link(req, "/offer", "token", in->token, NULL)) : offer_bad(req, rep, err);
}

const struct route ACCEPT_ROUTES[] = {
	{METHOD_GET, "/offer", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = OFFER_INPUT, .input_size = sizeof(struct offer_input), .run = offer_page,
		.shape = REPLY_PAGE, .doc = "The page that a mail with an offer links to"},
	{METHOD_POST, "/offer", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = OFFER_INPUT, .input_size = sizeof(struct offer_input), .run = offer_accept,
		.shape = REPLY_NOTHING, .status = 303, .form = true, .doc = "Takes the offer"},
	ROUTE_END};
