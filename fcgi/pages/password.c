#include "pages/page.h"

struct password_input {
	const char *email, *token, *password;
};

static const struct field FORGOT_INPUT[] = {
	INPUT(struct password_input, email, "email", IN_BODY, FIELD_TEXT, .least = 1, .most = 254, .doc = "e-mail address"),
	FIELD_END};

static const struct field RESET_PAGE_INPUT[] = {
	INPUT(struct password_input, token, "token", IN_QUERY, FIELD_TEXT, .required = true, .least = 1, .most = 100, .doc = "from the mail"),
	FIELD_END};

static const struct field RESET_INPUT[] = {
	INPUT(struct password_input, token, "token", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 100, .doc = "from the mail"),
	INPUT(struct password_input, password, "password", IN_BODY, FIELD_TEXT, .least = 1, .most = 1000, .doc = "the new password"),
	FIELD_END};

static enum err forgot_page(struct req *req, struct rep *rep)
{
	return page_show(req, rep, "forgot", "Forgotten password", page_view(req));
}

/* The same answer whether or not the address is known. */
static enum err forgot_send(struct req *req, struct rep *rep)
{
	const struct password_input *in = req->input;
	struct json_object *view = page_view(req);
	struct client client = page_client(req);
	enum err err = password_forgot(&req->ctx, &req->house, in->email ? in->email : "", conf_string("web.public_url"), &client);
	if (err == OK)
		json_object_object_add(view, "sent", json_object_new_boolean(true));
	else
		TRY(page_fault(req, rep, err, view));
	page_text(view, "email", in->email);
	return page_show(req, rep, "forgot", "Forgotten password", view);
}

static enum err reset_show(struct req *req, struct rep *rep, struct json_object *view)
{
	const struct password_input *in = req->input;
	page_text(view, "token", in->token);
	return page_show(req, rep, "reset", "New password", view);
}

static enum err reset_page(struct req *req, struct rep *rep)
{
	return reset_show(req, rep, page_view(req));
}

static enum err reset_set(struct req *req, struct rep *rep)
{
	const struct password_input *in = req->input;
	struct client client = page_client(req);
	enum err err = password_reset(&req->ctx, &req->house, in->token, in->password ? in->password : "", &client);
	if (err != OK) {
		struct json_object *view = page_view(req);
		TRY(page_fault(req, rep, err, view));
		return reset_show(req, rep, view);
	}
	cookie_clear(rep);
	return reply_redirect(req, rep, 303, "/login?notice=reset");
}

const struct route PASSWORD_ROUTES[] = {
	{METHOD_GET, "/password/forgot", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .run = forgot_page, .shape = REPLY_PAGE,
		.doc = "The page that asks for a password mail"},
	{METHOD_POST, "/password/forgot", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = FORGOT_INPUT,
		.input_size = sizeof(struct password_input), .run = forgot_send, .shape = REPLY_PAGE, .form = true,
		.doc = "Sends a mail with a link to set a password, if the address has an account"},
	{METHOD_GET, "/password/reset", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = RESET_PAGE_INPUT,
		.input_size = sizeof(struct password_input), .run = reset_page, .shape = REPLY_PAGE, .doc = "The page that the mail links to"},
	{METHOD_POST, "/password/reset", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = RESET_INPUT,
		.input_size = sizeof(struct password_input), .run = reset_set, .shape = REPLY_PAGE, .status = 303, .form = true,
		.doc = "Sets the password and ends every session of the person"},
	ROUTE_END};
