#include "auth/family.h"

#include <stdio.h>
#include <string.h>

static const struct route *const TABLES[] = {AUTH_REGISTER_ROUTES, AUTH_SESSION_ROUTES, AUTH_PASSWORD_ROUTES, AUTH_ORGANISATION_ROUTES,
	AUTH_MEMBER_ROUTES, AUTH_KEY_ROUTES, AUTH_AUDIT_ROUTES, AUTH_WEBHOOK_ROUTES, NULL};

static bool settings_check(const struct house *house, char message_out[256])
{
	const char *registration = conf_string("who.registration");

	(void)house;
	if (strcmp(registration, "open") == 0 || strcmp(registration, "closed") == 0)
		return guard_open(message_out);
	snprintf(message_out, 256, "who.registration must be open or closed");
	return false;
}

const struct family FAMILY_AUTH = {
	.name = "auth",
	.doc = "Organisations, people, roles, sessions, API keys, audit.",
	.tables = TABLES,
	.open = settings_check,
};

int auth_list_limit(int64_t asked)
{
	return asked ? (int)asked : AUTH_LIST_LIMIT;
}

struct client auth_client(const struct req *req)
{
	return (struct client){.address = req->address, .agent = req->header(req, "User-Agent")};
}

enum err auth_audit(struct lease *lease, struct req *req, const char *action, const char *entity, const char *entity_id,
	const char *before, const char *after)
{
	struct audit audit = audit_of(req, action, entity, entity_id);

	audit.before = before;
	audit.after = after;
	return event_audit(lease, &audit);
}

const struct field AUTH_TOKENS_REPLY[] = {
	REPLY("accessToken", FIELD_TEXT, .doc = "Authorization: Bearer <this>"),
	REPLY("tokenType", FIELD_ENUM, .choices = "Bearer", .doc = "always Bearer"),
	REPLY("expiresIn", FIELD_INT, .doc = "life of the access token, seconds"),
	REPLY("refreshToken", FIELD_TEXT, .doc = "good for one POST /api/v1/auth/refresh"),
	REPLY("refreshExpiresIn", FIELD_INT, .doc = "life of the refresh token, seconds"),
	REPLY("organisationId", FIELD_ID, .doc = "the organisation that the session is for"),
	REPLY("userId", FIELD_ID, .doc = "the person"),
	REPLY("sessionId", FIELD_ID, .doc = "the session, as in GET /api/v1/auth/sessions"),
	REPLY("role", FIELD_ENUM, .choices = "owner|admin|analyst|readonly", .doc = "the person's role in the organisation"),
	FIELD_END};

enum err auth_tokens_reply(struct req *req, struct rep *rep, const struct session_tokens *tokens)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());

	json_object_object_add(reply, "accessToken", json_object_new_string(tokens->access));
	json_object_object_add(reply, "tokenType", json_object_new_string("Bearer"));
	json_object_object_add(reply, "expiresIn", json_object_new_int(tokens->access_s));
	json_object_object_add(reply, "refreshToken", json_object_new_string(tokens->refresh));
	json_object_object_add(reply, "refreshExpiresIn", json_object_new_int(tokens->refresh_s));
	json_object_object_add(reply, "organisationId", json_object_new_string(tokens->org_id));
	json_object_object_add(reply, "userId", json_object_new_string(tokens->account_id));
	json_object_object_add(reply, "sessionId", json_object_new_string(tokens->session_id));
	json_object_object_add(reply, "role", json_object_new_string(role_text(tokens->role)));
	return reply_json(req, rep, reply);
}
