/* Who: the identity behind a request, and what it may do (design, "Core types").
 *
 * Tokens are opaque, 256 bits, stored as SHA-256 and cached for at most 30 s. Formats:
 *   stoa_at_<43>    access token of a session, 1 h        stoa_rt_<43>   refresh token, 30 days, single use
 *   stoa_live_<8>_<43>, stoa_test_<8>_<43>                API key; the 8 characters are its indexed prefix
 *   stoa_pr_<43>    password reset, 1 h, single use
 *   stoa_sig_<43>   signing secret of a widget key, sealed; the whole text is the HMAC key
 * (<43> = 32 random bytes in base64url.) A token's random part decides; nothing is read from the rest but its kind. */
#ifndef STOA_WHO_WHO_H
#define STOA_WHO_WHO_H

#include "base/zone.h"
#include "mc/cache.h"
#include "pg/pg.h"

/* Roles and permissions: one table; later rooms add rows. Columns: permission, text, then who has it. */
enum role { ROLE_NONE, ROLE_READONLY, ROLE_ANALYST, ROLE_ADMIN, ROLE_OWNER, ROLE_COUNT };

/* permission, text, owner, admin, analyst, readonly, server key, widget key */
#define PERMISSION_LIST(X) \
	X(PERMIT_WIDGET_USE, "widget:use", 0, 0, 0, 0, 0, 1) \
	X(PERMIT_RETENTION_READ, "retention:read", 1, 1, 1, 1, 1, 0) \
	X(PERMIT_RETENTION_WRITE, "retention:write", 1, 1, 0, 0, 1, 0) \
	X(PERMIT_CUSTOMER_TEXT, "customer:text", 1, 1, 0, 0, 1, 0) \
	X(PERMIT_CONNECTION_WRITE, "connection:write", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_KEY_READ, "key:read", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_KEY_WRITE, "key:write", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_MEMBER_READ, "member:read", 1, 1, 1, 1, 0, 0) \
	X(PERMIT_MEMBER_WRITE, "member:write", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_ORG_WRITE, "org:write", 1, 0, 0, 0, 0, 0) \
	X(PERMIT_AUDIT_READ, "audit:read", 1, 0, 0, 0, 0, 0) \
	X(PERMIT_OPS_READ, "ops:read", 1, 1, 0, 0, 1, 0) \
	X(PERMIT_WEBHOOK_READ, "webhook:read", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_WEBHOOK_WRITE, "webhook:write", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_JOB_FOLLOW, "job:follow", 1, 1, 1, 1, 1, 0) \
	X(PERMIT_JOB_READ, "job:read", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_JOB_WRITE, "job:write", 1, 1, 0, 0, 0, 0) \
	X(PERMIT_HOUSE_OPERATE, "house:operate", 0, 0, 0, 0, 0, 0)

enum permission {
#define X(name, text, ...) name,
	PERMISSION_LIST(X)
#undef X
	PERMISSION_COUNT
};

#define WHO_TOKEN_TEXT 64 /* room for a token of any kind but API keys */
#define WHO_KEY_TEXT 72   /* room for an API key */
#define WHO_PREFIX_TEXT 9 /* room for an API key's prefix */

enum token_kind { TOKEN_NONE, TOKEN_ACCESS, TOKEN_REFRESH, TOKEN_RESET, TOKEN_SIGNING, TOKEN_KEY_LIVE, TOKEN_KEY_TEST };

/* The kind by its form alone; TOKEN_NONE when it is none of ours. prefix_out (may be NULL) gets an API key's prefix. */
enum token_kind token_parse(const char *text, char prefix_out[WHO_PREFIX_TEXT]);
/* A new random token; out has WHO_KEY_TEXT bytes for API keys, else WHO_TOKEN_TEXT. */
void token_new(enum token_kind kind, char *out);

enum who_kind { WHO_NOBODY, WHO_SESSION, WHO_SERVER_KEY, WHO_WIDGET_KEY };

#define WHO_ORIGINS 16

struct who {
	enum who_kind kind;
	char org_id[ID_TEXT];
	char account_id[ID_TEXT]; /* of a session */
	char session_id[ID_TEXT]; /* of a session */
	char key_id[ID_TEXT];     /* of a key */
	enum role role;           /* of a session */
	char language[3];         /* of a session's person: one of LANGUAGES; else "" */
	char zone[ZONE_NAME];     /* of a session's person: IANA name; else "" */
	uint64_t permissions;     /* bit 1 << enum permission */
	bool live;                /* live or test data; sessions: live unless the request asks for test */
	bool signature_required;  /* widget key: start must be signed */
	int rate_per_minute;      /* of a key; 0 = the class's default */
	char origins[WHO_ORIGINS][264]; /* widget key: normal origins; none = no browser may use it */
	int origin_count;
};

const char *permission_text(enum permission permission);
const char *role_text(enum role role);
enum role role_parse(const char *text); /* ROLE_NONE when unknown */
uint64_t role_permissions(enum role role);
uint64_t key_permissions(bool widget);
/* What an operator (account.operator: who runs the installation) may besides what the role allows: the jobs of all organisations. */
uint64_t operator_permissions(void);
bool who_may(const struct who *who, enum permission permission);

/* What identity needs of its program. */
struct house {
	struct pool *pool;
	struct cache *cache;
};

/* Resolves "Authorization: Bearer …" or X-API-Key, or an access token from the page cookie. ERR_UNAUTHENTICATED: unknown,
 * expired or revoked, without saying which. One cached lookup; the token's prefix decides the kind. */
enum err who_resolve(struct ctx *ctx, const struct house *house, const char *token, struct who *who_out);
/* Makes a revoked session, key or changed role effective at once on this machine (else within 30 s). */
void who_forget(struct ctx *ctx, const struct house *house, const char *org_id);

/* True when some widget key of this mode-less origin is allowed: for CORS preflights, which carry no key. Cached. */
enum err who_origin_known(struct ctx *ctx, const struct house *house, const char *origin, bool *known_out);

#endif
