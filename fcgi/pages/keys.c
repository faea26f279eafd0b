#include "pages/page.h"

#include "event/event.h"
#include "sql.h"

#include <string.h>

struct keys_input {
	const char *name, *kind, *mode, *origins, *signature;
	const char *id;
};

static const struct field KEYS_CREATE_INPUT[] = {
	INPUT(struct keys_input, name, "name", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120, .doc = "what the key is for"),
	INPUT(struct keys_input, kind, "kind", IN_BODY, FIELD_ENUM, .required = true, .choices = "widget|server", .doc = "kind of key"),
	INPUT(struct keys_input, mode, "mode", IN_BODY, FIELD_ENUM, .required = true, .choices = "live|test", .doc = "live or test data"),
	INPUT(struct keys_input, origins, "origins", IN_BODY, FIELD_LINES, .least = 0, .most = 4500, .doc = "origins that may use it, one a line"),
	INPUT(struct keys_input, signature, "signature", IN_BODY, FIELD_ENUM, .choices = "required", .doc = "customers must be signed"),
	FIELD_END};

static const struct field KEYS_REVOKE_INPUT[] = {
	INPUT(struct keys_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the key"),
	FIELD_END};

static enum err keys_show(struct req *req, struct rep *rep, struct json_object *view)
{
	PGresult *result;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_KEY_LIST, PARAMS(req->who.org_id), &result));
	struct json_object *keys = json_object_new_array();
	json_object_object_add(view, "keys", keys);
	json_object_object_add(view, "any", json_object_new_boolean(PQntuples(result) > 0));
	for (int row = 0; row < PQntuples(result); row++) {
		static const char *const TEXTS[] = {"id", "name", "prefix", "last4", "origins"};
		struct json_object *key = json_object_new_object();
		for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
			page_text(key, TEXTS[i], pg_text(result, row, TEXTS[i]));
		page_stamp(req, key, "created", pg_text(result, row, "created_at"));
		page_stamp(req, key, "used", pg_text(result, row, "last_used_at"));
		json_object_object_add(key, "widget", json_object_new_boolean(!strcmp(pg_text(result, row, "kind"), "widget")));
		json_object_object_add(key, "live", json_object_new_boolean(pg_true(result, row, "live")));
		json_object_object_add(key, "signed", json_object_new_boolean(pg_true(result, row, "signature_required")));
		json_object_object_add(key, "works", json_object_new_boolean(pg_true(result, row, "works")));
		json_object_object_add(key, "revoked", json_object_new_boolean(pg_true(result, row, "revoked")));
		json_object_array_add(keys, key);
	}
	page_text(view, "origin", page_origin(req));
	page_text(view, "script", asset_path("widget.js"));
	return page_show(req, rep, "keys", "Keys and embedding", view);
}

static enum err keys_page(struct req *req, struct rep *rep)
{
	return keys_show(req, rep, page_view(req));
}

/* Words of the form's text area as normal origins. */
static enum err read_origins(struct req *req, const char *text, const char **items, int *count_out)
{
	static const char GAPS[] = " ,\t\r\n";
	*count_out = 0;
	for (const char *at = text ? text : ""; *(at += strspn(at, GAPS)); at += strcspn(at, GAPS)) {
		const char *word = arena_memdup(&req->ctx.arena, at, strcspn(at, GAPS));
		char normal[264];
		if (*count_out == WHO_ORIGINS)
			return fail_field(&req->ctx, ERR_INVALID, "origins", "At most %d origins", WHO_ORIGINS);
		if (!origin_normal(word, normal))
			return fail_field(&req->ctx, ERR_INVALID, "origins", "\"%.80s\" is not an origin such as https://shop.example", word);
		items[(*count_out)++] = arena_strdup(&req->ctx.arena, normal);
	}
	return OK;
}

/* What the transactions of this page need. */
struct keys_change {
	struct req *req;
	const struct key_new *new;
	struct key_made *made;
};

static enum err note(struct lease *lease, struct req *req, const char *action, const char *id, const char *after)
{
	struct audit audit = audit_of(req, action, "api_key", id);
	audit.after = after;
	return event_audit(lease, &audit);
}

static enum err key_insert(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct keys_change *change = argument;
	TRY(key_create(ctx, lease, change->new, change->made));
	return note(lease, change->req, "key.create", change->made->id, audit_note(ctx, "name", change->new->name,
		"kind", change->new->widget ? "widget" : "server", "mode", change->new->live ? "live" : "test", NULL));
}

static enum err keys_make(struct req *req, struct key_made *made_out)
{
	const struct keys_input *in = req->input;
	const char *origins[WHO_ORIGINS];
	struct key_new new = {.org_id = req->who.org_id, .name = in->name, .created_by = req->who.account_id, .origins = origins};
	TRY(read_origins(req, in->origins, origins, &new.origin_count));
	new.widget = !strcmp(in->kind, "widget");
	new.live = !strcmp(in->mode, "live");
	new.signature_required = new.widget && in->signature;
	if (new.widget && !new.origin_count)
		return fail_field(&req->ctx, ERR_INVALID, "origins", "Name the origin of the pages that embed the widget, such as https://shop.example");
	struct keys_change change = {req, &new, made_out};
	TRY(change_run(&req->ctx, req->house.pool, key_insert, &change));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return OK;
}

/* Answers the page itself and no redirect, because the key is shown this once. */
static enum err keys_create(struct req *req, struct rep *rep)
{
	const struct keys_input *in = req->input;
	struct json_object *view = page_view(req);
	struct key_made made;
	enum err err = keys_make(req, &made);
	if (err != OK) {
		TRY(page_fault(req, rep, err, view));
		page_text(view, "name", in->name);
		page_text(view, "origins", in->origins);
		return keys_show(req, rep, view);
	}
	struct json_object *shown = json_object_new_object();
	page_text(shown, "name", in->name);
	page_text(shown, "key", made.key);
	page_text(shown, "secret", made.signing_secret[0] ? made.signing_secret : NULL);
	json_object_object_add(shown, "signed", json_object_new_boolean(in->signature != NULL));
	json_object_object_add(view, "made", shown);
	rep->status = 201;
	return keys_show(req, rep, view);
}

static enum err key_end(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct keys_input *in = req->input;
	PGresult *result;
	TRY(pg_run(lease, &SQL_AUTH_KEY_REVOKE, PARAMS(req->who.org_id, in->id), &result));
	if (!PQntuples(result))
		return fail(ctx, ERR_NOT_FOUND, "There is no such key, or it is revoked already");
	return note(lease, req, "key.revoke", in->id, NULL);
}

static enum err keys_revoke(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, key_end, req));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return reply_redirect(req, rep, 303, "/keys");
}

const struct route KEYS_ROUTES[] = {
	{METHOD_GET, "/keys", ACCESS_PAGE, .permission = PERMIT_KEY_READ, .class = CLASS_PAGE, .run = keys_page, .shape = REPLY_PAGE,
		.doc = "API keys and the snippet that embeds the widget"},
	{METHOD_POST, "/keys", ACCESS_PAGE, .permission = PERMIT_KEY_WRITE, .class = CLASS_PAGE, .input = KEYS_CREATE_INPUT,
		.input_size = sizeof(struct keys_input), .run = keys_create, .shape = REPLY_PAGE, .status = 201, .form = true,
		.doc = "Makes a key and shows it, once"},
	{METHOD_POST, "/keys/:id/revoke", ACCESS_PAGE, .permission = PERMIT_KEY_WRITE, .class = CLASS_PAGE, .input = KEYS_REVOKE_INPUT,
		.input_size = sizeof(struct keys_input), .run = keys_revoke, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Ends a key"},
	ROUTE_END};
