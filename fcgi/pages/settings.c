#include "pages/page.h"

#include "base/zone.h"
#include "sql.h"
#include "text/language.h"

#include <string.h>

static const struct field SETTINGS_INPUT[] = {
	INPUT(struct account_settings, language, "language", IN_BODY, FIELD_ENUM, .required = true, .choices = LANGUAGES, .doc = "of mails"),
	INPUT(struct account_settings, time_zone, "timeZone", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 63, .doc = "IANA name"),
	INPUT(struct account_settings, notify, "notify", IN_BODY, FIELD_ENUM, .required = true, .choices = NOTIFY_CHOICES,
		.doc = "what the digest tells"),
	INPUT(struct account_settings, name, "name", IN_BODY, FIELD_TEXT, .least = 0, .most = 120, .doc = "the person's name"),
	FIELD_END};

struct password_input {
	const char *old_password, *password;
};

static const struct field PASSWORD_INPUT[] = {
	INPUT(struct password_input, old_password, "oldPassword", IN_BODY, FIELD_TEXT, .required = true, .least = 0, .most = 1000,
		.doc = "the password so far"),
	INPUT(struct password_input, password, "password", IN_BODY, FIELD_TEXT, .required = true, .least = 0, .most = 1000, .doc = "the new one"),
	FIELD_END};

struct organisation_input {
	const char *name;
};

static const struct field ORGANISATION_INPUT[] = {
	INPUT(struct organisation_input, name, "name", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120, .doc = "its new name"),
	FIELD_END};

struct saved_input {
	const char *saved;
};

static const struct field PAGE_INPUT[] = {
	INPUT(struct saved_input, saved, "saved", IN_QUERY, FIELD_ENUM, .choices = "yes|password|organisation", .doc = "after the form"),
	FIELD_END};

static void zone_add(void *argument, const char *text)
{
	json_object_array_add(argument, json_object_new_string(text));
}

struct choice {
	const char *value, *label;
};

static struct json_object *choices(const struct req *req, const struct choice *rows, size_t count, const char *current)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "value", rows[i].value);
		page_text(item, "label", tr(req, rows[i].label));
		json_object_object_add(item, "current", json_object_new_boolean(current && !strcmp(current, rows[i].value)));
		json_object_array_add(list, item);
	}
	return list;
}

/* What was sent, where the form comes back with a fault; else what is stored. */
static enum err settings_show(struct req *req, struct rep *rep, struct json_object *view, const struct account_settings *sent)
{
	static const struct choice TONGUES[] = {{"en", "English"}, {"de", "Deutsch"}, {"fr", "Français"}, {"es", "Español"}};
	static const struct choice NOTICES[] = {
		{"important", TR("What needs someone, and changes of people, keys and connections")},
		{"all", TR("All of that, and how many customers stayed and went")},
		{"none", TR("Nothing")}};
	PGresult *me;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_AUTH_ME, PARAMS(req->who.org_id, req->who.session_id), &me));
	if (!PQntuples(me))
		return fail(&req->ctx, ERR_UNAUTHENTICATED, "This session has ended");
	struct json_object *zones = json_object_new_array();
	json_object_array_add(zones, json_object_new_string("UTC"));
	zone_names(zone_add, zones);
	json_object_object_add(view, "zones", zones);
	json_object_object_add(view, "languages", choices(req, TONGUES, sizeof TONGUES / sizeof *TONGUES, sent ? sent->language : pg_text(me, 0, "language")));
	json_object_object_add(view, "notices", choices(req, NOTICES, sizeof NOTICES / sizeof *NOTICES, sent ? sent->notify : pg_text(me, 0, "notify")));
	page_text(view, "own_name", sent && sent->name ? sent->name : pg_text(me, 0, "name"));
	page_text(view, "org_name", pg_text(me, 0, "organisationName"));
	page_text(view, "zone", sent ? sent->time_zone : pg_text(me, 0, "timeZone"));
	return page_show(req, rep, "settings", "Settings", view);
}

static enum err settings_page(struct req *req, struct rep *rep)
{
	const struct saved_input *in = req->input;
	struct json_object *view = page_view(req);
	page_text(view, "notice", !in->saved ? NULL : !strcmp(in->saved, "password") ? tr(req, "Your password is changed; your other sessions have ended.") :
		!strcmp(in->saved, "organisation") ? tr(req, "The organisation has its new name.") : tr(req, "Your settings are saved."));
	return settings_show(req, rep, view, NULL);
}

static enum err settings_save(struct req *req, struct rep *rep)
{
	struct json_object *view = page_view(req);
	enum err err = account_settings_set(&req->ctx, &req->house, req->who.account_id, req->input);
	if (err == OK)
		return reply_redirect(req, rep, 303, "/settings?saved=yes");
	TRY(page_fault(req, rep, err, view));
	return settings_show(req, rep, view, req->input);
}

static enum err password_save(struct req *req, struct rep *rep)
{
	const struct password_input *in = req->input;
	const struct client client = page_client(req);
	struct json_object *view = page_view(req);
	enum err err = password_change(&req->ctx, &req->house, &req->who, in->old_password, in->password, &client);
	if (err == OK)
		return reply_redirect(req, rep, 303, "/settings?saved=password");
	TRY(page_fault(req, rep, err, view));
	return settings_show(req, rep, view, NULL);
}

static enum err rename_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct organisation_input *in = req->input;
	struct audit by = audit_of(req, NULL, NULL, NULL);
	return organisation_rename(ctx, lease, &by, in->name);
}

static enum err organisation_save(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, rename_run, req));
	return reply_redirect(req, rep, 303, "/settings?saved=organisation");
}

const struct route SETTINGS_ROUTES[] = {
	{METHOD_GET, "/settings", ACCESS_PAGE, .class = CLASS_PAGE, .input = PAGE_INPUT,
		.input_size = sizeof(struct saved_input), .run = settings_page, .shape = REPLY_PAGE,
		.doc = "The person's name, password, language, time zone and what the daily digest tells them"},
	{METHOD_POST, "/settings", ACCESS_PAGE, .class = CLASS_PAGE, .input = SETTINGS_INPUT,
		.input_size = sizeof(struct account_settings), .run = settings_save, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Saves them, all but the password"},
	{METHOD_POST, "/settings/password", ACCESS_PAGE, .class = CLASS_PAGE, .input = PASSWORD_INPUT, .input_size = sizeof(struct password_input),
		.run = password_save, .shape = REPLY_NOTHING, .status = 303, .form = true, .doc = "Changes the person's password and ends their other sessions"},
	{METHOD_POST, "/settings/organisation", ACCESS_PAGE, .permission = PERMIT_ORG_WRITE, .class = CLASS_PAGE, .input = ORGANISATION_INPUT,
		.input_size = sizeof(struct organisation_input), .run = organisation_save, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Renames the organisation"},
	ROUTE_END};
