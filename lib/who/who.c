#include "who/who.h"

#include "base/clock.h"
#include "sql.h"
#include "text/url.h"
#include "who/record.h"
#include "who/secret.h"

#include <stdio.h>
#include <string.h>

#define HASH_BYTES 32
#define ORIGINS_TAG "who:origins"

/* An identity is never older than the first, which starts when it is read. */
#define LIFE_MS 30000
#define LOCAL_LIFE_MS 10000

struct lookup {
	const struct house *house;
	enum token_kind kind;
	char prefix[WHO_PREFIX_TEXT];
	uint8_t hash[HASH_BYTES];
	char origin[264];
};

static void hex_write(const uint8_t *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = 0;
}

static void text_copy(char *out, size_t room, const char *text)
{
	size_t length = strnlen(text, room - 1);

	memcpy(out, text, length);
	out[length] = 0;
}

/* Not on the hot path: a loader runs when nothing is cached. A replica that refuses the write changes nothing. */
static void touch(struct ctx *ctx, const struct house *house, const struct statement *statement, const char *org_id, const char *id)
{
	PGresult *result;

	if (pg_query(ctx, house->pool, statement, PARAMS(org_id, id), &result) != OK)
		ctx_forgive(ctx);
}

static enum err keep(struct ctx *ctx, const struct who *who, int64_t expires_us, struct cached *value_out)
{
	char record[RECORD_MOST];

	value_out->length = record_write(who, expires_us, record);
	value_out->data = arena_memdup(&ctx->arena, record, value_out->length);
	cache_tag(ctx, value_out, arena_printf(&ctx->arena, "who:%s", who->org_id));
	return OK;
}

static enum err session_load(struct ctx *ctx, const struct lookup *lookup, struct cached *value_out)
{
	struct who who = {.kind = WHO_SESSION, .live = true};
	PGresult *result;

	TRY(pg_query(ctx, lookup->house->pool, &SQL_WHO_SESSION, PARAMS(pg_bytes(ctx, lookup->hash, HASH_BYTES)), &result));
	value_out->absent = PQntuples(result) == 0;
	if (value_out->absent)
		return OK;
	text_copy(who.org_id, ID_TEXT, pg_text(result, 0, "org_id"));
	text_copy(who.session_id, ID_TEXT, pg_text(result, 0, "id"));
	text_copy(who.account_id, ID_TEXT, pg_text(result, 0, "account_id"));
	text_copy(who.language, sizeof who.language, pg_text(result, 0, "language"));
	text_copy(who.zone, sizeof who.zone, pg_text(result, 0, "time_zone"));
	who.role = role_parse(pg_text(result, 0, "role"));
	if (pg_true(result, 0, "operator"))
		who.permissions = operator_permissions();
	if (pg_true(result, 0, "stale"))
		touch(ctx, lookup->house, &SQL_WHO_SESSION_TOUCH, who.org_id, who.session_id);
	return keep(ctx, &who, pg_number(result, 0, "expires_us", 0), value_out);
}

static void origins_split(const char *text, struct who *who)
{
	while (*text && who->origin_count < WHO_ORIGINS) {
		size_t length = strcspn(text, " ");

		if (length < sizeof who->origins[0]) {
			memcpy(who->origins[who->origin_count], text, length);
			who->origins[who->origin_count++][length] = 0;
		}
		text += length + (text[length] == ' ');
	}
}

static bool row_is_key(struct ctx *ctx, const PGresult *result, int row, const struct lookup *lookup)
{
	const uint8_t *hash;
	size_t bytes;

	return pg_data(ctx, result, row, "key_hash", &hash, &bytes) && bytes == HASH_BYTES
		&& secret_equal(hash, lookup->hash, HASH_BYTES) && pg_true(result, row, "live") == (lookup->kind == TOKEN_KEY_LIVE);
}

static enum err key_load(struct ctx *ctx, const struct lookup *lookup, struct cached *value_out)
{
	struct who who = {0};
	PGresult *result;
	int row = 0;

	TRY(pg_query(ctx, lookup->house->pool, &SQL_WHO_KEY, PARAMS(lookup->prefix), &result));
	while (row < PQntuples(result) && !row_is_key(ctx, result, row, lookup))
		row++;
	value_out->absent = row == PQntuples(result);
	if (value_out->absent)
		return OK;
	who.kind = strcmp(pg_text(result, row, "kind"), "widget") == 0 ? WHO_WIDGET_KEY : WHO_SERVER_KEY;
	who.live = pg_true(result, row, "live");
	who.signature_required = pg_true(result, row, "signature_required");
	who.rate_per_minute = (int)pg_number(result, row, "rate_per_minute", 0);
	text_copy(who.org_id, ID_TEXT, pg_text(result, row, "org_id"));
	text_copy(who.key_id, ID_TEXT, pg_text(result, row, "id"));
	origins_split(pg_text(result, row, "origins"), &who);
	if (pg_true(result, row, "stale"))
		touch(ctx, lookup->house, &SQL_WHO_KEY_TOUCH, who.org_id, who.key_id);
	return keep(ctx, &who, pg_number(result, row, "expires_us", 0), value_out);
}

static enum err lookup_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct lookup *lookup = argument;

	return lookup->kind == TOKEN_ACCESS ? session_load(ctx, lookup, value_out) : key_load(ctx, lookup, value_out);
}

static enum err refuse(struct ctx *ctx)
{
	return fail(ctx, ERR_UNAUTHENTICATED, "The token is unknown, expired or revoked");
}

enum err who_resolve(struct ctx *ctx, const struct house *house, const char *token, struct who *who_out)
{
	struct lookup lookup = {.house = house, .kind = token_parse(token, lookup.prefix)};
	char key[2 * HASH_BYTES + 1];
	const struct cache_plan plan = {.space = "who", .key = key, .life_ms = LIFE_MS, .local_ms = LOCAL_LIFE_MS};
	struct cached value = {0};
	int64_t expires_us;

	if (lookup.kind != TOKEN_ACCESS && lookup.kind != TOKEN_KEY_LIVE && lookup.kind != TOKEN_KEY_TEST)
		return refuse(ctx);
	sha256(token, strlen(token), lookup.hash);
	hex_write(lookup.hash, HASH_BYTES, key);
	TRY(cache_fetch(ctx, house->cache, &plan, lookup_load, &lookup, &value));
	if (value.absent)
		return refuse(ctx);
	if (!record_read(value.data, value.length, who_out, &expires_us)) {
		/* Another release writes other records into the same memcached. */
		value = (struct cached){0};
		TRY(lookup_load(ctx, &lookup, &value));
		if (value.absent || !record_read(value.data, value.length, who_out, &expires_us))
			return refuse(ctx);
	}
	if (expires_us && expires_us <= clock_wall_us())
		return refuse(ctx);
	return OK;
}

void who_forget(struct ctx *ctx, const struct house *house, const char *org_id)
{
	if (!house->cache)
		return;
	cache_invalidate(ctx, house->cache, arena_printf(&ctx->arena, "who:%s", org_id));
	cache_invalidate(ctx, house->cache, ORIGINS_TAG);
}

static enum err origin_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct lookup *lookup = argument;
	PGresult *result;

	TRY(pg_query(ctx, lookup->house->pool, &SQL_WHO_ORIGIN, PARAMS(lookup->origin), &result));
	value_out->absent = !pg_true(result, 0, "known");
	value_out->data = "";
	return OK;
}

enum err who_origin_known(struct ctx *ctx, const struct house *house, const char *origin, bool *known_out)
{
	struct lookup lookup = {.house = house};
	const struct cache_plan plan = {
		.space = "origin", .key = lookup.origin, .tags = {ORIGINS_TAG}, .life_ms = LIFE_MS, .local_ms = LOCAL_LIFE_MS};
	struct cached value = {0};

	*known_out = false;
	if (!origin_normal(origin, lookup.origin))
		return OK;
	TRY(cache_fetch(ctx, house->cache, &plan, origin_load, &lookup, &value));
	*known_out = !value.absent;
	return OK;
}
