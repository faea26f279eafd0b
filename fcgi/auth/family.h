/* Identity over HTTP: organisations, people, roles, sessions, API keys, audit. */
#ifndef STOA_AUTH_FAMILY_H
#define STOA_AUTH_FAMILY_H

#include "event/event.h"
#include "identity/identity.h"
#include "web/web.h"
#include "who/audit.h"

extern const struct family FAMILY_AUTH;
extern const struct route AUTH_REGISTER_ROUTES[], AUTH_SESSION_ROUTES[], AUTH_PASSWORD_ROUTES[], AUTH_ORGANISATION_ROUTES[],
	AUTH_MEMBER_ROUTES[], AUTH_KEY_ROUTES[], AUTH_AUDIT_ROUTES[],
	AUTH_WEBHOOK_ROUTES[];

/* Rows of a page of a list unless the client asks for another number. */
#define AUTH_LIST_LIMIT 20
int auth_list_limit(int64_t asked);

/* The caller as identity wants to know it. */
struct client auth_client(const struct req *req);
/* One line of audit about a change that the request makes, and its event; before and after as in struct audit. */
enum err auth_audit(struct lease *lease, struct req *req, const char *action, const char *entity, const char *entity_id,
	const char *before, const char *after);

/* Replies of login, refresh and register. */
extern const struct field AUTH_TOKENS_REPLY[];
enum err auth_tokens_reply(struct req *req, struct rep *rep, const struct session_tokens *tokens);

#endif
