#include "auth/family.h"
#include "web/budget.h"

#include "sql.h"

#include <string.h>

#define SERVER_KEY_DAYS 90 /* inventory D.2: keys expire after 90 days */
#define OVERLAP_HOURS 24

struct key_list_input {
	int64_t limit;
	const char *cursor;
};

static const struct field LIST_INPUT[] = {
	INPUT(struct key_list_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct key_list_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	FIELD_END};

struct key_input {
	const char *id, *name, *kind, *expires_at;
	struct json_object *origins;
	int64_t days, rate_per_minute, overlap_hours;
	bool live, signature_required;
	bool signature_given, overlap_given;
};

#define KEY_NAME(...) \
	INPUT(struct key_input, name, "name", IN_BODY, FIELD_TEXT, .least = 1, .most = 120, .doc = "what the key is for", __VA_ARGS__)
#define KEY_ORIGINS \
	INPUT(struct key_input, origins, "origins", IN_BODY, FIELD_TEXTS, .least = 0, .most = WHO_ORIGINS, \
		.doc = "widget keys: origins of the pages that embed the widget, such as https://shop.example")
#define KEY_RATE \
	INPUT(struct key_input, rate_per_minute, "ratePerMinute", IN_BODY, FIELD_INT, .least = 1, .most = 100000000, \
		.doc = "requests a minute before it is slowed, 1000 unless given")
#define KEY_SIGNATURE \
	INPUT(struct key_input, signature_required, "signatureRequired", IN_BODY, FIELD_BOOL, \
		.present = offsetof(struct key_input, signature_given), \
		.doc = "widget keys: the host page must sign its customers; a live key's default is true")

static const struct field CREATE_INPUT[] = {
	KEY_NAME(.required = true),
	INPUT(struct key_input, kind, "kind", IN_BODY, FIELD_ENUM, .required = true, .choices = "widget|server",
		.doc = "widget: public, in the host's page; server: secret"),
	INPUT(struct key_input, live, "live", IN_BODY, FIELD_BOOL, .required = true, .doc = "live or test data"),
	KEY_ORIGINS,
	INPUT(struct key_input, expires_at, "expiresAt", IN_BODY, FIELD_TEXT, .least = 20, .most = 35, .doc = "last moment, RFC 3339"),
	INPUT(struct key_input, days, "days", IN_BODY, FIELD_INT, .least = 1, .most = 3650,
		.doc = "life in days, instead of expiresAt; without both a server key lives 90 days and a widget key for ever"),
	KEY_SIGNATURE,
	KEY_RATE,
	FIELD_END};

static const struct field UPDATE_INPUT[] = {
	INPUT(struct key_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the key"),
	KEY_NAME(.required = false),
	KEY_ORIGINS,
	KEY_SIGNATURE,
	KEY_RATE,
	FIELD_END};

static const struct field ROTATE_INPUT[] = {
	INPUT(struct key_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the key"),
	INPUT(struct key_input, overlap_hours, "overlapHours", IN_BODY, FIELD_INT, .least = 0, .most = 720,
		.present = offsetof(struct key_input, overlap_given), .doc = "hours for which the old key goes on working, 24 unless given"),
	FIELD_END};

static const struct field REVOKE_INPUT[] = {
	INPUT(struct key_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the key"),
	FIELD_END};

static const struct field MADE_REPLY[] = {
	REPLY("id", FIELD_ID, .doc = "the key's id"),
	REPLY("key", FIELD_TEXT, .doc = "the key itself, shown this once"),
	REPLY("signingSecret", FIELD_TEXT, .nullable = true, .doc = "of a widget key, to sign customers with, shown this once"),
	REPLY("expiresAt", FIELD_TEXT, .nullable = true, .doc = "last moment, RFC 3339; null: never"),
	REPLY("replaces", FIELD_ID, .nullable = true, .doc = "the key that this one was rotated from"),
	REPLY("replacedExpiresAt", FIELD_TEXT, .nullable = true, .doc = "until when that one works, RFC 3339"),
	FIELD_END};

struct key_making {
	struct req *req;
	const struct key_input *input;
	struct key_new new;
	const char *origins[WHO_ORIGINS];
	struct key_made made;
	const char *replaced_expires_at;
};

static bool origin_listed(const struct key_making *change, const char *origin)
{
	for (int i = 0; i < change->new.origin_count; i++)
		if (strcmp(change->origins[i], origin) == 0)
			return true;
	return false;
}

/* The input's origins in their normal form, each once. */
static enum err origins_read(struct key_making *change)
{
	struct ctx *ctx = &change->req->ctx;
	struct json_object *list = change->input->origins;
	size_t count = list ? json_object_array_length(list) : 0;
	char normal[264];

	change->new.origins = change->origins;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(list, i));

		if (!origin_normal(text, normal))
			return fail_field(ctx, ERR_INVALID, "origins", "\"%.80s\" is not an origin such as https://shop.example", text);
		if (!origin_listed(change, normal))
			change->origins[change->new.origin_count++] = arena_strdup(&ctx->arena, normal);
	}
	return OK;
}

static bool digits_like(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++)
		if (*pattern == '0' ? !(*text >= '0' && *text <= '9') : *text != *pattern)
			return false;
	return true;
}

/* The form alone; whether the day exists is PostgreSQL's to say. RFC 3339, section 5.6. */
static bool time_formed(const char *text)
{
	if (!digits_like(text, "0000-00-00T00:00:00"))
		return false;
	text += 19;
	if (*text == '.') {
		size_t digits = strspn(text + 1, "0123456789");

		if (digits < 1 || digits > 9)
			return false;
		text += 1 + digits;
	}
	if (strcmp(text, "Z") == 0)
		return true;
	return (*text == '+' || *text == '-') && digits_like(text + 1, "00:00") && !text[6];
}

static enum err expiry_read(struct lease *lease, struct key_making *change)
{
	struct ctx *ctx = lease->ctx;
	const struct key_input *input = change->input;
	int64_t days = input->days;
	PGresult *result;

	if (input->expires_at && days)
		return fail_field(ctx, ERR_INVALID, "days", "Either expiresAt or days, not both");
	if (input->expires_at && !time_formed(input->expires_at))
		return fail_field(ctx, ERR_INVALID, "expiresAt", "expiresAt is not a time such as 2027-01-31T12:00:00Z");
	if (!input->expires_at && !days && change->new.widget)
		return OK;
	TRY(pg_run(lease, &SQL_AUTH_KEY_EXPIRY, PARAMS(input->expires_at, pg_int(ctx, days ? days : SERVER_KEY_DAYS)), &result));
	if (!pg_true(result, 0, "future"))
		return fail_field(ctx, ERR_INVALID, "expiresAt", "expiresAt has passed already");
	change->new.expires_at = pg_text(result, 0, "at");
	return OK;
}

static const char *key_note(struct ctx *ctx, const struct key_new *new)
{
	return audit_note(ctx, "name", new->name, "kind", new->widget ? "widget" : "server", "mode", new->live ? "live" : "test",
		"origins", pg_array(ctx, new->origins, new->origin_count), "signatureRequired", new->signature_required ? "yes" : "no",
		"expiresAt", new->expires_at, NULL);
}

static enum err create_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct key_making *change = argument;

	TRY(expiry_read(lease, change));
	TRY(key_create(ctx, lease, &change->new, &change->made));
	return auth_audit(lease, change->req, "key.create", "api_key", change->made.id, NULL, key_note(ctx, &change->new));
}

/* PostgreSQL's own spelling of a time as RFC 3339 in UTC. */
static struct json_object *time_json(struct ctx *ctx, const char *text)
{
	char *copy;

	if (!text)
		return NULL;
	copy = arena_strdup(&ctx->arena, text);
	copy[strcspn(copy, " ")] = 'T';
	return json_object_new_string(arena_printf(&ctx->arena, "%.*sZ", (int)strcspn(copy, "+"), copy));
}

static enum err made_reply(struct req *req, struct rep *rep, const struct key_making *change)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	const struct key_made *made = &change->made;
	const char *replaces = change->replaced_expires_at ? change->input->id : NULL;

	json_object_object_add(reply, "id", json_object_new_string(made->id));
	json_object_object_add(reply, "key", json_object_new_string(made->key));
	json_object_object_add(reply, "signingSecret", *made->signing_secret ? json_object_new_string(made->signing_secret) : NULL);
	json_object_object_add(reply, "expiresAt", time_json(&req->ctx, change->new.expires_at));
	json_object_object_add(reply, "replaces", replaces ? json_object_new_string(replaces) : NULL);
	json_object_object_add(reply, "replacedExpiresAt", time_json(&req->ctx, change->replaced_expires_at));
	return reply_json(req, rep, reply);
}

static enum err key_make(struct req *req, struct rep *rep)
{
	const struct key_input *input = req->input;
	struct key_making change = {.req = req, .input = input};
	struct key_new *new = &change.new;

	*new = (struct key_new){.org_id = req->who.org_id, .name = input->name, .created_by = req->who.account_id, .live = input->live,
		.widget = strcmp(input->kind, "widget") == 0, .rate_per_minute = (int)input->rate_per_minute};
	new->signature_required = input->signature_given ? input->signature_required : new->widget && new->live;
	TRY(origins_read(&change));
	TRY(key_widget_only(&req->ctx, new->widget, new->origin_count, input->signature_required));
	TRY(change_run(&req->ctx, req->house.pool, create_run, &change));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return made_reply(req, rep, &change);
}

static enum err rotate_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct key_making *change = argument;
	const struct key_input *input = change->input;
	const struct audit by = audit_of(change->req, NULL, NULL, NULL);
	struct key_turn turn = {0};

	TRY(key_rotate(ctx, lease, &by, input->id, input->overlap_given ? (int)input->overlap_hours : OVERLAP_HOURS, &turn));
	change->made = turn.made;
	change->new.expires_at = turn.expires_at;
	change->replaced_expires_at = turn.replaced_expires_at;
	return OK;
}

static enum err key_turned(struct req *req, struct rep *rep)
{
	struct key_making change = {.req = req, .input = req->input};

	TRY(change_run(&req->ctx, req->house.pool, rotate_run, &change));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return made_reply(req, rep, &change);
}

static enum err update_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct key_making *change = argument;
	const struct key_input *input = change->input;
	const struct audit by = audit_of(change->req, NULL, NULL, NULL);
	const struct key_edit edit = {.id = input->id, .name = input->name, .origins = change->origins, .origin_count = change->new.origin_count,
		.origins_given = input->origins, .signature_given = input->signature_given, .signature_required = input->signature_required,
		.rate_per_minute = input->rate_per_minute};

	return key_change(ctx, lease, &by, &edit);
}

static enum err key_update(struct req *req, struct rep *rep)
{
	const struct key_input *input = req->input;
	struct key_making change = {.req = req, .input = input};

	if (!input->name && !input->origins && !input->rate_per_minute && !input->signature_given)
		return fail(&req->ctx, ERR_INVALID, "Nothing is to be changed");
	TRY(origins_read(&change));
	TRY(change_run(&req->ctx, req->house.pool, update_run, &change));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return reply_row(req, rep, PARAMS(req->who.org_id, input->id), "key");
}

static enum err revoke_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	return key_revoke(ctx, lease, &by, ((const struct key_input *)req->input)->id);
}

static enum err key_delete(struct req *req, struct rep *rep)
{
	(void)rep;
	TRY(change_run(&req->ctx, req->house.pool, revoke_run, req));
	who_forget(&req->ctx, &req->house, req->who.org_id);
	return OK;
}

static enum err key_list(struct req *req, struct rep *rep)
{
	const struct key_list_input *input = req->input;
	int limit = auth_list_limit(input->limit);

	return reply_list(req, rep, PARAMS(req->who.org_id, input->cursor, pg_int(&req->ctx, limit)), limit);
}

const struct route AUTH_KEY_ROUTES[] = {
	{METHOD_GET, "/api/v1/orgs/keys", ACCESS_PERMISSION, PERMIT_KEY_READ, CLASS_ADMIN, .input = LIST_INPUT,
		.input_size = sizeof(struct key_list_input), .run = key_list, .shape = REPLY_LIST, .rows = &SQL_AUTH_KEY_LIST,
		.doc = "The organisation's API keys, newest first, by prefix and last characters"},
	{METHOD_POST, "/api/v1/orgs/keys", ACCESS_PERMISSION, PERMIT_KEY_WRITE, CLASS_ADMIN, .input = CREATE_INPUT,
		.input_size = sizeof(struct key_input), .run = key_make, .shape = REPLY_FIELDS, .reply = MADE_REPLY, .status = 201,
		.budget = &BUDGET_CHANGE, .doc = "Makes an API key, which is shown this once"},
	{METHOD_POST, "/api/v1/orgs/keys/:id/rotate", ACCESS_PERMISSION, PERMIT_KEY_WRITE, CLASS_ADMIN, .input = ROTATE_INPUT,
		.input_size = sizeof(struct key_input), .run = key_turned, .shape = REPLY_FIELDS, .reply = MADE_REPLY, .status = 201,
		.budget = &BUDGET_CHANGE, .doc = "Makes a successor with a new secret; the old key goes on working for a while"},
	{METHOD_PATCH, "/api/v1/orgs/keys/:id", ACCESS_PERMISSION, PERMIT_KEY_WRITE, CLASS_ADMIN, .input = UPDATE_INPUT,
		.input_size = sizeof(struct key_input), .run = key_update, .shape = REPLY_ROW, .rows = &SQL_AUTH_KEY_GET,
		.budget = &BUDGET_CHANGE, .doc = "Changes a key's name, origins, rate or whether customers must be signed"},
	{METHOD_DELETE, "/api/v1/orgs/keys/:id", ACCESS_PERMISSION, PERMIT_KEY_WRITE, CLASS_ADMIN, .input = REVOKE_INPUT,
		.input_size = sizeof(struct key_input), .run = key_delete, .shape = REPLY_NOTHING, .budget = &BUDGET_CHANGE, .doc = "Revokes a key for good"},
	ROUTE_END};
