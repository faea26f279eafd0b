#include "pages/page.h"

#include "mail/outbox.h"

struct unsubscribe_input {
	const char *token, *one_click;
};

static const struct field PAGE_INPUT[] = {
	INPUT(struct unsubscribe_input, token, "token", IN_QUERY, FIELD_TEXT, .required = true, .least = 1, .most = 600, .doc = "from the mail"),
	FIELD_END};

static const struct field SET_INPUT[] = {
	INPUT(struct unsubscribe_input, token, "token", IN_QUERY, FIELD_TEXT, .required = true, .least = 1, .most = 600, .doc = "from the mail"),
	INPUT(struct unsubscribe_input, one_click, "List-Unsubscribe", IN_BODY, FIELD_TEXT, .least = 1, .most = 40,
		.doc = "One-Click, from a mail program (RFC 8058)"),
	FIELD_END};

static enum err show(struct req *req, struct rep *rep, struct json_object *view)
{
	return page_show(req, rep, "unsubscribe", "Unsubscribe", view);
}

/* What the token says goes into view; false: the page says why not. */
static enum err token_read(struct req *req, struct rep *rep, struct json_object *view, struct mail_unsubscribe *from_out, bool *good_out)
{
	const struct unsubscribe_input *in = req->input;
	enum err err = mail_unsubscribe_read(&req->ctx, in->token, from_out);
	*good_out = err == OK;
	if (err != OK)
		return page_fault(req, rep, err, view);
	page_text(view, "address", from_out->address);
	page_text(view, "kind", from_out->kind);
	return OK;
}

/* Changes nothing: programs that look through mail open links. */
static enum err unsubscribe_page(struct req *req, struct rep *rep)
{
	const struct unsubscribe_input *in = req->input;
	struct json_object *view = page_view(req);
	struct mail_unsubscribe from;
	bool good;
	TRY(token_read(req, rep, view, &from, &good));
	if (good)
		page_text(view, "token", in->token);
	return show(req, rep, view);
}

static enum err unsubscribe_set(struct req *req, struct rep *rep)
{
	struct json_object *view = page_view(req);
	struct mail_unsubscribe from;
	struct lease lease;
	bool good;
	TRY(token_read(req, rep, view, &from, &good));
	if (!good)
		return show(req, rep, view);
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = mail_suppress(&lease, from.org_id, from.address, from.kind, "unsubscribe");
	lease_return(&lease);
	TRY(err);
	json_object_object_add(view, "done", json_object_new_boolean(true));
	return show(req, rep, view);
}

const struct route UNSUBSCRIBE_ROUTES[] = {
	{METHOD_GET, "/unsubscribe", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = PAGE_INPUT,
		.input_size = sizeof(struct unsubscribe_input), .run = unsubscribe_page, .shape = REPLY_PAGE,
		.doc = "The page that mails link to, with a button to get no more of their kind"},
	{METHOD_POST, "/unsubscribe", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = SET_INPUT,
		.input_size = sizeof(struct unsubscribe_input), .run = unsubscribe_set, .shape = REPLY_PAGE, .form = true, .one_click = true,
		.doc = "Ends mails of this kind to this address; the button's, or a mail program's (RFC 8058)"},
	ROUTE_END};
