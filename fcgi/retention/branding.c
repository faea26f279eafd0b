#include "retention/branding.h"
#include "retention/family.h"

#include "identity/identity.h"
#include "retention/retention.h"
#include "web/budget.h"
#include "sql.h"

struct branding_input {
	const char *accent, *accent_dark, *font;
	int64_t radius;
};

static const struct field PUT_INPUT[] = {
	INPUT(struct branding_input, accent, "accent", IN_BODY, FIELD_TEXT, .required = true, .least = 7, .most = 7, .doc = "colour of buttons on a light ground, as #003a78"),
	INPUT(struct branding_input, accent_dark, "accentDark", IN_BODY, FIELD_TEXT, .required = true, .least = 7, .most = 7,
		.doc = "colour of buttons on a dark ground, as #8fc1ff"),
	INPUT(struct branding_input, radius, "radius", IN_BODY, FIELD_INT, .required = true, .least = 0, .most = BRANDING_RADIUS,
		.doc = "radius of corners, CSS pixels"),
	INPUT(struct branding_input, font, "font", IN_BODY, FIELD_TEXT, .least = 0, .most = 100, .doc = "CSS font-family; empty: the system's"),
	FIELD_END};

static const struct field REPLY_FORM[] = {
	REPLY("accent", FIELD_TEXT, .required = true, .doc = "colour of buttons on a light ground"),
	REPLY("accentText", FIELD_TEXT, .required = true, .doc = "of words on it, derived"),
	REPLY("accentDark", FIELD_TEXT, .required = true, .doc = "colour of buttons on a dark ground"),
	REPLY("accentDarkText", FIELD_TEXT, .required = true, .doc = "of words on it, derived"),
	REPLY("radius", FIELD_INT, .required = true, .doc = "radius of corners, CSS pixels"),
	REPLY("font", FIELD_TEXT, .required = true, .doc = "CSS font-family; empty: the system's"),
	FIELD_END};

static enum err branding_read(struct req *req, struct rep *rep)
{
	struct branding branding;

	TRY(branding_get(&req->ctx, req->house.pool, req->who.org_id, &branding, NULL));
	rep->type = BODY_JSON;
	buffer_text(&rep->body, branding_theme(&req->ctx, &branding));
	return OK;
}

static enum err put_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct branding_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	return branding_put(ctx, lease, &by,
		&(struct branding){input->accent, input->accent_dark, (int)input->radius, input->font ? input->font : ""});
}

static enum err branding_write(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, put_run, req));
	flows_forget(&req->ctx, req->house.cache, req->who.org_id);
	return branding_read(req, rep);
}

const struct route RETENTION_BRANDING_ROUTES[] = {
	{METHOD_GET, "/api/v1/retention/branding", ACCESS_PERMISSION, PERMIT_RETENTION_READ, CLASS_ADMIN, .run = branding_read,
		.shape = REPLY_FIELDS, .reply = REPLY_FORM, .doc = "How the widget looks"},
	{METHOD_PUT, "/api/v1/retention/branding", ACCESS_PERMISSION, PERMIT_RETENTION_WRITE, CLASS_ADMIN, .input = PUT_INPUT,
		.input_size = sizeof(struct branding_input), .run = branding_write, .shape = REPLY_FIELDS, .reply = REPLY_FORM,
		.budget = &BUDGET_CHANGE, .doc = "Sets how the widget looks; customers see it at once"},
	ROUTE_END};
