#include "auth/family.h"
#include "web/budget.h"

struct change_input {
	const char *old_password, *password;
};

static const struct field CHANGE_INPUT[] = {
	INPUT(struct change_input, old_password, "oldPassword", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 1000,
		.doc = "the password so far"),
	INPUT(struct change_input, password, "password", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 1000,
		.doc = "the new one, 12 to 128 characters"),
	FIELD_END};

struct forgot_input {
	const char *email;
};

static const struct field FORGOT_INPUT[] = {
	INPUT(struct forgot_input, email, "email", IN_BODY, FIELD_EMAIL, .required = true, .doc = "the account's e-mail address"),
	FIELD_END};

struct reset_input {
	const char *token, *password;
};

static const struct field RESET_INPUT[] = {
	INPUT(struct reset_input, token, "token", IN_BODY, FIELD_TEXT, .required = true, .doc = "from the link in the mail"),
	INPUT(struct reset_input, password, "password", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 1000,
		.doc = "the new password, 12 to 128 characters"),
	FIELD_END};

static enum err password_change_run(struct req *req, struct rep *rep)
{
	const struct change_input *input = req->input;
	const struct client client = auth_client(req);

	(void)rep;
	return password_change(&req->ctx, &req->house, &req->who, input->old_password, input->password, &client);
}

static enum err password_forgot_run(struct req *req, struct rep *rep)
{
	const struct forgot_input *input = req->input;
	const struct client client = auth_client(req);

	(void)rep;
	return password_forgot(&req->ctx, &req->house, input->email, conf_string("web.public_url"), &client);
}

static enum err password_reset_run(struct req *req, struct rep *rep)
{
	const struct reset_input *input = req->input;
	const struct client client = auth_client(req);

	(void)rep;
	return password_reset(&req->ctx, &req->house, input->token, input->password, &client);
}

const struct route AUTH_PASSWORD_ROUTES[] = {
	{METHOD_POST, "/api/v1/auth/password", ACCESS_SESSION, .class = CLASS_AUTH, .input = CHANGE_INPUT,
		.input_size = sizeof(struct change_input), .run = password_change_run, .shape = REPLY_NOTHING,
		.budget = &BUDGET_CHANGE, .doc = "Changes the person's password and ends their other sessions"},
	{METHOD_POST, "/api/v1/auth/password/forgot", ACCESS_PUBLIC, .class = CLASS_AUTH, .input = FORGOT_INPUT,
		.input_size = sizeof(struct forgot_input), .run = password_forgot_run, .shape = REPLY_NOTHING, .status = 202,
		.doc = "Mails a link to set a new password, if the address has an account; the answer does not tell"},
	{METHOD_POST, "/api/v1/auth/password/reset", ACCESS_PUBLIC, .class = CLASS_AUTH, .input = RESET_INPUT,
		.input_size = sizeof(struct reset_input), .run = password_reset_run, .shape = REPLY_NOTHING,
		.budget = &BUDGET_RULED, .doc = "Sets a new password with the token of a mail, ends a lock and every session of the person"},
	ROUTE_END};
