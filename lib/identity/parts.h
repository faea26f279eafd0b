/* Private to lib/identity. */
#ifndef STOA_IDENTITY_PARTS_H
#define STOA_IDENTITY_PARTS_H

#include "identity/identity.h"

#define LIMIT_PERIOD_S 300

/* SHA-256 of the text as a bytea parameter. */
const char *token_hash(struct ctx *ctx, const char *token);
/* Counts a failed login; account_id NULL: the same work for nobody. */
enum err login_failed(struct ctx *ctx, struct pool *pool, const char *account_id);

#endif
