#include "auth/family.h"

#include "sql.h"
#include "text/language.h"
#include "web/budget.h"

struct login_input {
	const char *email, *password, *organisation_id;
};

static const struct field LOGIN_INPUT[] = {
	INPUT(struct login_input, email, "email", IN_BODY, FIELD_EMAIL, .required = true, .doc = "e-mail address"),
	INPUT(struct login_input, password, "password", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 1000, .doc = "password"),
	INPUT(struct login_input, organisation_id, "organisationId", IN_BODY, FIELD_ID,
		.doc = "for people of several organisations; else the one joined first"),
	FIELD_END};

struct refresh_input {
	const char *refresh_token;
};

static const struct field REFRESH_INPUT[] = {
	INPUT(struct refresh_input, refresh_token, "refreshToken", IN_BODY, FIELD_TEXT, .required = true, .doc = "the newest refresh token"),
	FIELD_END};

struct session_list_input {
	int64_t limit;
	const char *cursor;
};

static const struct field LIST_INPUT[] = {
	INPUT(struct session_list_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct session_list_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	FIELD_END};

struct session_input {
	const char *id;
};

static const struct field SESSION_INPUT[] = {
	INPUT(struct session_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the session"),
	FIELD_END};

static const struct field SETTINGS_INPUT[] = {
	INPUT(struct account_settings, language, "language", IN_BODY, FIELD_ENUM, .choices = LANGUAGES, .doc = "of mails to the person"),
	INPUT(struct account_settings, time_zone, "timeZone", IN_BODY, FIELD_TEXT, .least = 1, .most = 63,
		.doc = "IANA name such as Europe/Berlin; digests come at 08:00 there"),
	INPUT(struct account_settings, notify, "notify", IN_BODY, FIELD_ENUM, .choices = NOTIFY_CHOICES,
		.doc = "what the daily digest tells owners and admins: all, important (what asks for a deed or changes who may do what) or none"),
	INPUT(struct account_settings, name, "name", IN_BODY, FIELD_TEXT, .least = 1, .most = 120, .doc = "the person's name"),
	FIELD_END};

static enum err session_login_run(struct req *req, struct rep *rep)
{
	const struct login_input *input = req->input;
	const struct client client = auth_client(req);
	struct session_tokens tokens;

	TRY(session_login(&req->ctx, &req->house, input->email, input->password, input->organisation_id, &client, &tokens));
	return auth_tokens_reply(req, rep, &tokens);
}

static enum err session_refresh_run(struct req *req, struct rep *rep)
{
	const struct refresh_input *input = req->input;
	const struct client client = auth_client(req);
	struct session_tokens tokens;

	TRY(session_refresh(&req->ctx, &req->house, input->refresh_token, &client, &tokens));
	return auth_tokens_reply(req, rep, &tokens);
}

static enum err session_logout(struct req *req, struct rep *rep)
{
	const struct client client = auth_client(req);

	(void)rep;
	return session_revoke(&req->ctx, &req->house, req->who.org_id, req->who.session_id, req->who.account_id, &client);
}

static enum err session_me(struct req *req, struct rep *rep)
{
	return reply_row(req, rep, PARAMS(req->who.org_id, req->who.session_id), "session");
}

static enum err session_settings(struct req *req, struct rep *rep)
{
	TRY(account_settings_set(&req->ctx, &req->house, req->who.account_id, req->input));
	return session_me(req, rep);
}

static enum err session_list(struct req *req, struct rep *rep)
{
	const struct session_list_input *input = req->input;
	int limit = auth_list_limit(input->limit);

	return reply_list(req, rep,
		PARAMS(req->who.org_id, req->who.account_id, req->who.session_id, input->cursor, pg_int(&req->ctx, limit)), limit);
}

static enum err session_end(struct req *req, struct rep *rep)
{
	const struct session_input *input = req->input;
	const struct client client = auth_client(req);

	(void)rep;
	return session_revoke(&req->ctx, &req->house, req->who.org_id, input->id, req->who.account_id, &client);
}

const struct route AUTH_SESSION_ROUTES[] = {
	{METHOD_POST, "/api/v1/auth/login", ACCESS_PUBLIC, .class = CLASS_AUTH, .input = LOGIN_INPUT, .input_size = sizeof(struct login_input),
		.run = session_login_run, .shape = REPLY_FIELDS, .reply = AUTH_TOKENS_REPLY, .budget = &BUDGET_RULED, .doc = "Signs a person in"},
	{METHOD_POST, "/api/v1/auth/refresh", ACCESS_PUBLIC, .class = CLASS_AUTH, .input = REFRESH_INPUT,
		.input_size = sizeof(struct refresh_input), .run = session_refresh_run, .shape = REPLY_FIELDS, .reply = AUTH_TOKENS_REPLY,
		.budget = &BUDGET_CHANGE, .doc = "Answers new tokens and ends the old ones; the same refresh token a second time ends the session"},
	{METHOD_POST, "/api/v1/auth/logout", ACCESS_SESSION, .class = CLASS_AUTH, .run = session_logout, .shape = REPLY_NOTHING,
		.budget = &BUDGET_CHANGE, .doc = "Ends this session"},
	{METHOD_GET, "/api/v1/auth/me", ACCESS_SESSION, .class = CLASS_AUTH, .run = session_me, .shape = REPLY_ROW, .rows = &SQL_AUTH_ME,
		.doc = "The person, organisation and role of this session"},
	{METHOD_PATCH, "/api/v1/auth/me", ACCESS_SESSION, .class = CLASS_WRITE, .input = SETTINGS_INPUT,
		.input_size = sizeof(struct account_settings), .run = session_settings, .shape = REPLY_ROW, .rows = &SQL_AUTH_ME,
		.doc = "Changes the person's name, language, time zone and what the digest tells them"},
	{METHOD_GET, "/api/v1/auth/sessions", ACCESS_SESSION, .class = CLASS_AUTH, .input = LIST_INPUT,
		.input_size = sizeof(struct session_list_input), .run = session_list, .shape = REPLY_LIST, .rows = &SQL_AUTH_SESSION_LIST,
		.doc = "The person's own sessions that can be used, newest first"},
	{METHOD_DELETE, "/api/v1/auth/sessions/:id", ACCESS_SESSION, .class = CLASS_AUTH, .input = SESSION_INPUT,
		.input_size = sizeof(struct session_input), .run = session_end, .shape = REPLY_NOTHING, .doc = "Ends one of the person's own sessions"},
	ROUTE_END};
