#include "pages/page.h"

struct login_input {
	const char *email, *password, *next;
	const char *notice;
};

static const struct field LOGIN_PAGE_INPUT[] = {
	INPUT(struct login_input, next, "next", IN_QUERY, FIELD_TEXT, .least = 1, .most = 2000, .doc = "path to go to afterwards"),
	INPUT(struct login_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "out|reset", .doc = "what was just done"),
	FIELD_END};

static const struct field LOGIN_INPUT[] = {
	INPUT(struct login_input, email, "email", IN_BODY, FIELD_TEXT, .least = 1, .most = 254, .doc = "e-mail address"),
	INPUT(struct login_input, password, "password", IN_BODY, FIELD_TEXT, .least = 1, .most = 1000, .doc = "password"),
	INPUT(struct login_input, next, "next", IN_BODY, FIELD_TEXT, .least = 1, .most = 2000, .doc = "path to go to afterwards"),
	FIELD_END};

static enum err login_show(struct req *req, struct rep *rep, struct json_object *view)
{
	const struct login_input *in = req->input;
	page_text(view, "next", in->next ? page_next(req, in->next) : NULL);
	page_text(view, "email", in->email);
	return page_show(req, rep, "login", "Sign in", view);
}

/* An hour after signing in the access token ends; the refresh token carries on without asking again. */
static enum err login_renew(struct req *req, struct rep *rep, bool *done_out)
{
	const struct login_input *in = req->input;
	const char *refresh = cookie_refresh(req);
	struct session_tokens tokens;
	*done_out = false;
	if (!refresh || !in->next)
		return OK;
	struct client client = page_client(req);
	enum err err = session_refresh(&req->ctx, &req->house, refresh, &client, &tokens);
	if (err == ERR_UNAUTHENTICATED) {
		ctx_forgive(&req->ctx);
		cookie_clear(rep);
		return OK;
	}
	TRY(err);
	cookie_set(req, rep, &tokens);
	*done_out = true;
	return reply_redirect(req, rep, 303, page_next(req, in->next));
}

static enum err login_page(struct req *req, struct rep *rep)
{
	const struct login_input *in = req->input;
	if (req->who.kind == WHO_SESSION)
		return reply_redirect(req, rep, 303, page_next(req, in->next));
	bool renewed;
	TRY(login_renew(req, rep, &renewed));
	if (renewed)
		return OK;
	struct json_object *view = page_view(req);
	if (in->notice)
		page_text(view, "notice", in->notice[0] == 'o' ? tr(req, "You are signed out.") :
			tr(req, "Your password has been changed. Sign in with the new one."));
	return login_show(req, rep, view);
}

static enum err login_enter(struct req *req, struct rep *rep)
{
	const struct login_input *in = req->input;
	struct session_tokens tokens;
	struct client client = page_client(req);
	enum err err = session_login(&req->ctx, &req->house, in->email ? in->email : "", in->password ? in->password : "", NULL, &client,
		&tokens);
	if (err != OK) {
		struct json_object *view = page_view(req);
		TRY(page_fault(req, rep, err, view));
		return login_show(req, rep, view);
	}
	cookie_set(req, rep, &tokens);
	return reply_redirect(req, rep, 303, page_next(req, in->next));
}

static enum err login_leave(struct req *req, struct rep *rep)
{
	struct client client = page_client(req);
	enum err err = session_revoke(&req->ctx, &req->house, req->who.org_id, req->who.session_id, req->who.account_id, &client);
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	ctx_forgive(&req->ctx);
	cookie_clear(rep);
	return reply_redirect(req, rep, 303, "/login?notice=out");
}

const struct route LOGIN_ROUTES[] = {
	{METHOD_GET, "/login", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = LOGIN_PAGE_INPUT,
		.input_size = sizeof(struct login_input), .run = login_page, .shape = REPLY_PAGE, .doc = "The sign-in page"},
	{METHOD_POST, "/login", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = LOGIN_INPUT,
		.input_size = sizeof(struct login_input), .run = login_enter, .shape = REPLY_PAGE, .status = 303, .form = true,
		.doc = "Signs in and sets the session cookie"},
	{METHOD_POST, "/logout", ACCESS_PAGE, .class = CLASS_PAGE, .run = login_leave, .shape = REPLY_NOTHING, .status = 303,
		.form = true, .doc = "Ends the session"},
	ROUTE_END};
