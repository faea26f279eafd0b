/* Private to lib/identity. */
#ifndef STOA_IDENTITY_PARTS_H
#define STOA_IDENTITY_PARTS_H

#include "identity/identity.h"
#include "who/rate.h"

#define LIMIT_PERIOD_S 300

/* SHA-256 of the text as a bytea parameter. */
const char *token_hash(struct ctx *ctx, const char *token);
/* Takes one cell of the client address's limit. ERR_RATE_LIMITED with Retry-After. */
enum err address_allowed(struct ctx *ctx, const char *what, const struct rate_limit *limit, const struct client *client);
/* Counts a failed login; account_id NULL: the same work for nobody. */
enum err login_failed(struct ctx *ctx, struct pool *pool, const char *account_id);

#endif
