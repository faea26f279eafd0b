#include "pages/page.h"

#include "retention/branding.h"
#include "retention/retention.h"

#include <string.h>

struct branding_input {
	const char *accent, *accent_dark, *font, *saved;
	int64_t radius;
};

static const struct field PAGE_INPUT[] = {
	INPUT(struct branding_input, saved, "saved", IN_QUERY, FIELD_ENUM, .choices = "yes", .doc = "after the form"),
	FIELD_END};
static const struct field SAVE_INPUT[] = {
	INPUT(struct branding_input, accent, "accent", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 7, .doc = "colour of buttons on a light ground"),
	INPUT(struct branding_input, accent_dark, "accentDark", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 7,
		.doc = "colour of buttons on a dark ground"),
	INPUT(struct branding_input, radius, "radius", IN_BODY, FIELD_INT, .required = true, .least = 0, .most = BRANDING_RADIUS,
		.doc = "radius of corners, CSS pixels"),
	INPUT(struct branding_input, font, "font", IN_BODY, FIELD_TEXT, .least = 0, .most = 100, .doc = "CSS font-family; empty: the system's"),
	FIELD_END};

static enum err branding_show(struct req *req, struct rep *rep, struct json_object *view, const struct branding *branding)
{
	page_text(view, "accent", branding->accent);
	page_text(view, "accentDark", branding->accent_dark);
	page_text(view, "font", branding->font);
	json_object_object_add(view, "radius", json_object_new_int(branding->radius));
	json_object_object_add(view, "radius_most", json_object_new_int(BRANDING_RADIUS));
	return page_show(req, rep, "branding", "Appearance", view);
}

static enum err branding_page(struct req *req, struct rep *rep)
{
	const struct branding_input *in = req->input;
	struct json_object *view = page_view(req);
	struct branding branding;
	TRY(branding_get(&req->ctx, req->house.pool, req->who.org_id, &branding, NULL));
	page_text(view, "notice", in->saved ? tr(req, "The widget looks like this now.") : NULL);
	return branding_show(req, rep, view, &branding);
}

static enum err save_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct branding_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	return branding_put(ctx, lease, &by, &(struct branding){in->accent, in->accent_dark, (int)in->radius, in->font ? in->font : ""});
}

static enum err branding_save(struct req *req, struct rep *rep)
{
	const struct branding_input *in = req->input;
	enum err err = change_run(&req->ctx, req->house.pool, save_run, req);
	if (err == OK) {
		flows_forget(&req->ctx, req->house.cache, req->who.org_id);
		return reply_redirect(req, rep, 303, "/settings/branding?saved=yes");
	}
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	return branding_show(req, rep, view, &(struct branding){in->accent, in->accent_dark, (int)in->radius, in->font ? in->font : ""});
}

#define TAKES(fields) .input = (fields), .input_size = sizeof(struct branding_input)

const struct route BRANDING_ROUTES[] = {
	{METHOD_GET, "/settings/branding", ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE, TAKES(PAGE_INPUT),
		.run = branding_page, .shape = REPLY_PAGE, .doc = "How the widget looks"},
	{METHOD_POST, "/settings/branding", ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, TAKES(SAVE_INPUT),
		.run = branding_save, .shape = REPLY_NOTHING, .status = 303, .form = true, .doc = "Sets how the widget looks"},
	ROUTE_END};
