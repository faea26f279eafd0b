#include "pages/page.h"

#include "event/event.h"
#include "sql.h"

#include <string.h>

struct keys_input {
	const char *name, *kind, *mode, *origins, *signature;
	int64_t rate, hours;
	const char *id;
};

static const struct field KEYS_CREATE_INPUT[] = {
	INPUT(struct keys_input, name, "name", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120, .doc = "what the key is for"),
	INPUT(struct keys_input, kind, "kind", IN_BODY, FIELD_ENUM, .required = true, .choices = "widget|server", .doc = "kind of key"),
	INPUT(struct keys_input, mode, "mode", IN_BODY, FIELD_ENUM, .required = true, .choices = "live|test", .doc = "live or test data"),
	INPUT(struct keys_input, origins, "origins", IN_BODY, FIELD_LINES, .least = 0, .most = 4500, .doc = "origins that may use it, one a line"),
	INPUT(struct keys_input, signature, "signature", IN_BODY, FIELD_ENUM, .choices = "required", .doc = "customers must be signed"),
	FIELD_END};

static const struct field KEY_SAVE_INPUT[] = {
	INPUT(struct keys_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the key"),
	INPUT(struct keys_input, name, "name", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120, .doc = "what the key is for"),
	INPUT(struct keys_input, origins, "origins", IN_BODY, FIELD_LINES, .least = 0, .most = 4500, .doc = "widget keys: origins that may use it, one a line"),
	INPUT(struct keys_input, signature, "signature", IN_BODY, FIELD_ENUM, .choices = "required", .doc = "customers must be signed"),
	INPUT(struct keys_input, rate, "rate", IN_BODY, FIELD_INT, .required = true, .least = 1, .most = 100000000, .doc = "requests a minute"),
	FIELD_END};
static const struct field KEY_TURN_INPUT[] = {
	INPUT(struct keys_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the key"),
	INPUT(struct keys_input, hours, "hours", IN_BODY, FIELD_INT, .required = true, .least = 0, .most = 720,
		.doc = "hours for which the old key goes on working"),
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
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	return key_revoke(ctx, lease, &by, in->id);
}

static enum err keys_revoke(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, key_end, req));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return reply_redirect(req, rep, 303, "/keys");
}

/* --- one key --- */

/* What a form sent stays in the view. */
static enum err key_show(struct req *req, struct rep *rep, struct json_object *view)
{
	const struct keys_input *in = req->input;
	PGresult *row;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_KEY_GET, PARAMS(req->who.org_id, in->id), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such key that works");
	page_text(view, "id", in->id);
	page_text(view, "prefix", pg_text(row, 0, "prefix"));
	page_text(view, "last4", pg_text(row, 0, "last4"));
	json_object_object_add(view, "widget", json_object_new_boolean(!strcmp(pg_text(row, 0, "kind"), "widget")));
	json_object_object_add(view, "live", json_object_new_boolean(pg_true(row, 0, "live")));
	page_stamp(req, view, "expires", pg_text(row, 0, "expires_at"));
	if (!json_object_object_get(view, "name")) {
		page_text(view, "name", pg_text(row, 0, "name"));
		page_text(view, "origins", pg_text(row, 0, "origins"));
		page_text(view, "rate", pg_text(row, 0, "rate_per_minute"));
		json_object_object_add(view, "signed", json_object_new_boolean(pg_true(row, 0, "signature_required")));
	}
	json_object_object_add(view, "on_keys", json_object_new_boolean(true));
	return page_show(req, rep, "key", "Key", view);
}

static enum err key_page(struct req *req, struct rep *rep)
{
	return key_show(req, rep, page_view(req));
}

static enum err edit_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct keys_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	const char *origins[WHO_ORIGINS];
	struct key_edit edit = {.id = in->id, .name = in->name, .origins = origins, .origins_given = in->origins, .rate_per_minute = in->rate,
		.signature_given = in->origins, .signature_required = in->signature};
	TRY(read_origins(req, in->origins, origins, &edit.origin_count));
	return key_change(ctx, lease, &by, &edit);
}

static enum err key_save(struct req *req, struct rep *rep)
{
	const struct keys_input *in = req->input;
	enum err err = change_run(&req->ctx, req->house.pool, edit_run, req);
	if (err == OK) {
		who_forget(&req->ctx, &req->house, req->who.org_id);
		return reply_redirect(req, rep, 303, "/keys");
	}
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	page_text(view, "name", in->name);
	page_text(view, "origins", in->origins);
	page_text(view, "rate", pg_int(&req->ctx, in->rate));
	json_object_object_add(view, "signed", json_object_new_boolean(in->signature != NULL));
	return key_show(req, rep, view);
}

struct key_turning {
	struct req *req;
	struct key_turn turn;
};

static enum err turn_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct key_turning *turning = argument;
	const struct keys_input *in = turning->req->input;
	const struct audit by = audit_of(turning->req, NULL, NULL, NULL);
	return key_rotate(ctx, lease, &by, in->id, (int)in->hours, &turning->turn);
}

/* Like a new one, the successor is shown on the list, this once. */
static enum err key_turn_over(struct req *req, struct rep *rep)
{
	struct key_turning turning = {.req = req};
	TRY(change_run(&req->ctx, req->house.pool, turn_run, &turning));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	struct json_object *view = page_view(req), *shown = json_object_new_object();
	page_text(shown, "name", tr(req, "Successor"));
	page_text(shown, "key", turning.turn.made.key);
	page_text(shown, "secret", *turning.turn.made.signing_secret ? turning.turn.made.signing_secret : NULL);
	json_object_object_add(view, "made", shown);
	return keys_show(req, rep, view);
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
	{METHOD_GET, "/keys/:id", ACCESS_PAGE, .permission = PERMIT_KEY_WRITE, .class = CLASS_PAGE, .input = KEYS_REVOKE_INPUT,
		.input_size = sizeof(struct keys_input), .run = key_page, .shape = REPLY_PAGE, .doc = "A key, to change or replace it"},
	{METHOD_POST, "/keys/:id", ACCESS_PAGE, .permission = PERMIT_KEY_WRITE, .class = CLASS_PAGE, .input = KEY_SAVE_INPUT,
		.input_size = sizeof(struct keys_input), .run = key_save, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Changes a key's name, origins, rate or whether customers must be signed"},
	{METHOD_POST, "/keys/:id/rotate", ACCESS_PAGE, .permission = PERMIT_KEY_WRITE, .class = CLASS_PAGE, .input = KEY_TURN_INPUT,
		.input_size = sizeof(struct keys_input), .run = key_turn_over, .shape = REPLY_PAGE, .form = true,
		.doc = "Makes a successor and shows it, once; the old key goes on working for a while"},
	ROUTE_END};
