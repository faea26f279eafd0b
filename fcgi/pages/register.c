#include "pages/page.h"

#include "retention/retention.h"
#include "web/budget.h"
#include "who/secret.h"

struct register_input {
	const char *organisation, *name, *email, *password;
};

static const struct field REGISTER_INPUT[] = {
	INPUT(struct register_input, organisation, "organisation", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120, .doc = "name of the organisation"),
	INPUT(struct register_input, name, "name", IN_BODY, FIELD_TEXT, .least = 1, .most = 120, .doc = "the person's name"),
	INPUT(struct register_input, email, "email", IN_BODY, FIELD_EMAIL, .required = true, .doc = "the person's address"),
	INPUT(struct register_input, password, "password", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 1000, .doc = "at least 12 characters"),
	FIELD_END};

static enum err register_show(struct req *req, struct rep *rep, struct json_object *view)
{
	const struct register_input *in = req->input;
	if (in) {
		page_text(view, "org_name", in->organisation);
		page_text(view, "name", in->name);
		page_text(view, "email", in->email);
	}
	return page_show(req, rep, "register", "Register", view);
}

static enum err allowed(struct ctx *ctx, struct lease *lease, void *argument)
{
	(void)argument;
	return organisation_may_register(ctx, lease);
}

/* Closed registration answers 403 at once instead of after the form is filled. */
static enum err register_page(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, allowed, NULL));
	return register_show(req, rep, page_view(req));
}

/* What the transaction of a registration needs and makes. */
struct registration {
	struct organisation_new new;
	struct session_tokens tokens;
};

/* The organisation with its owner, the flows that it begins with, and the owner's first session. */
static enum err organisation_add(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct registration *registration = argument;
	char org_id[ID_TEXT], account_id[ID_TEXT];
	TRY(organisation_may_register(ctx, lease));
	TRY(organisation_create(ctx, lease, &registration->new, org_id, account_id));
	TRY(flow_starters_add(ctx, lease, org_id, account_id));
	return session_start(ctx, lease, org_id, account_id, ROLE_OWNER, registration->new.client, &registration->tokens);
}

static enum err register_create(struct req *req, const struct client *client, struct session_tokens *tokens_out)
{
	const struct rate_limit limit = {.per_period = (int)conf_int("who.registrations_per_address"), .period_s = 3600};
	const struct register_input *in = req->input;
	char hash[PASSWORD_HASH_TEXT];
	struct registration registration = {.new = {in->organisation, in->email, in->name, hash, client}};
	TRY(client_allowed(&req->ctx, "register", &limit, client));
	TRY(change_run(&req->ctx, req->house.pool, allowed, NULL));
	TRY(password_check(&req->ctx, in->password, in->email));
	TRY(password_hash(&req->ctx, in->password, hash));
	TRY(change_run(&req->ctx, req->house.pool, organisation_add, &registration));
	*tokens_out = registration.tokens;
	return OK;
}

static enum err register_make(struct req *req, struct rep *rep)
{
	struct client client = page_client(req);
	struct session_tokens tokens;
	enum err err = register_create(req, &client, &tokens);
	if (err != OK) {
		struct json_object *view = page_view(req);
		TRY(page_fault(req, rep, err, view));
		return register_show(req, rep, view);
	}
	cookie_set(req, rep, &tokens);
	return reply_redirect(req, rep, 303, "/keys");
}

const struct route REGISTER_ROUTES[] = {
	{METHOD_GET, "/register", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .run = register_page, .shape = REPLY_PAGE,
		.doc = "The page that registers an organisation, where that is allowed"},
	{METHOD_POST, "/register", ACCESS_PAGE_PUBLIC, .class = CLASS_PAGE, .input = REGISTER_INPUT,
		.input_size = sizeof(struct register_input), .run = register_make, .shape = REPLY_PAGE, .status = 303, .form = true,
		.budget = &BUDGET_REGISTER, .doc = "Makes an organisation with its first owner and signs in"},
	ROUTE_END};
