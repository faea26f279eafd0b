#include "auth/family.h"

#include "retention/retention.h"
#include "web/budget.h"
#include "who/secret.h"

struct register_input {
	const char *organisation, *name, *email, *password;
};

static const struct field REGISTER_INPUT[] = {
	INPUT(struct register_input, organisation, "organisation", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120,
		.doc = "name of the new organisation"),
	INPUT(struct register_input, name, "name", IN_BODY, FIELD_TEXT, .most = 120, .doc = "the owner's name"),
	INPUT(struct register_input, email, "email", IN_BODY, FIELD_EMAIL, .required = true, .doc = "the owner's e-mail address"),
	INPUT(struct register_input, password, "password", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 1000,
		.doc = "12 to 128 characters"),
	FIELD_END};

struct registration {
	const struct organisation_new *new;
	struct session_tokens *tokens;
};

static enum err allowed(struct ctx *ctx, struct lease *lease, void *argument)
{
	(void)argument;
	return organisation_may_register(ctx, lease);
}

static enum err register_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct registration *registration = argument;
	char org_id[ID_TEXT], account_id[ID_TEXT];

	TRY(organisation_may_register(ctx, lease));
	TRY(organisation_create(ctx, lease, registration->new, org_id, account_id));
	TRY(flow_starters_add(ctx, lease, org_id, account_id));
	return session_start(ctx, lease, org_id, account_id, ROLE_OWNER, registration->new->client, registration->tokens);
}

/* Asks first, so that a house that is closed does not hash passwords for strangers. */
static enum err register_create(struct req *req, struct rep *rep)
{
	const struct rate_limit limit = {.per_period = (int)conf_int("who.registrations_per_address"), .period_s = 3600};
	const struct register_input *input = req->input;
	const struct client client = auth_client(req);
	char hash[PASSWORD_HASH_TEXT];
	const struct organisation_new new = {.name = input->organisation, .email = input->email, .person = input->name,
		.password_hash = hash, .client = &client};
	struct session_tokens tokens;
	struct registration registration = {.new = &new, .tokens = &tokens};

	TRY(client_allowed(&req->ctx, "register", &limit, &client));
	TRY(change_run(&req->ctx, req->house.pool, allowed, NULL));
	TRY(password_check(&req->ctx, input->password, input->email));
	TRY(password_hash(&req->ctx, input->password, hash));
	TRY(change_run(&req->ctx, req->house.pool, register_run, &registration));
	return auth_tokens_reply(req, rep, &tokens);
}

const struct route AUTH_REGISTER_ROUTES[] = {
	{METHOD_POST, "/api/v1/auth/register", ACCESS_PUBLIC, .class = CLASS_AUTH, .input = REGISTER_INPUT,
		.input_size = sizeof(struct register_input), .run = register_create, .shape = REPLY_FIELDS, .reply = AUTH_TOKENS_REPLY, .status = 201,
		.budget = &BUDGET_REGISTER, .doc = "Makes an organisation with its first owner, where registration is open, and signs in"},
	ROUTE_END};
