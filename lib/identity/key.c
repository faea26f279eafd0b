#include "identity/parts.h"
#include "sql.h"
#include "who/secret.h"

#include <string.h>

#define LAST_SHOWN 4

enum err key_create(struct ctx *ctx, struct lease *lease, const struct key_new *new, struct key_made *made_out)
{
	char prefix[WHO_PREFIX_TEXT];
	const uint8_t *sealed;
	size_t sealed_bytes;
	PGresult *result;
	const char *signing = NULL;

	*made_out = (struct key_made){0};
	id_new(made_out->id);
	token_new(new->live ? TOKEN_KEY_LIVE : TOKEN_KEY_TEST, made_out->key);
	token_parse(made_out->key, prefix);
	if (new->widget) {
		token_new(TOKEN_SIGNING, made_out->signing_secret);
		secret_seal(ctx, new->org_id, made_out->signing_secret, strlen(made_out->signing_secret), &sealed, &sealed_bytes);
		signing = pg_bytes(ctx, sealed, sealed_bytes);
	}
	return pg_run(lease, &SQL_AUTH_KEY_CREATE,
		PARAMS(new->org_id, made_out->id, new->name, new->widget ? "widget" : "server", pg_bool(new->live), prefix,
			token_hash(ctx, made_out->key), made_out->key + strlen(made_out->key) - LAST_SHOWN,
			pg_array(ctx, new->origins, new->origin_count), pg_bool(new->signature_required), signing,
			pg_int(ctx, new->rate_per_minute), new->created_by, new->expires_at), &result);
}
