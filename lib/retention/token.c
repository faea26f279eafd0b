#include "retention/retention.h"

#include "base/clock.h"
#include "who/secret.h"

#include <sodium.h>
#include <string.h>

/* Layout: version, flags, flow version (4), expiry (8), four ids (64), customer and subscription each with a length of two
 * bytes before it, MAC (32). Numbers big-endian. */
#define TOKEN_VERSION 1
#define TOKEN_LIVE 1
#define TOKEN_CANCEL_AT_STRIPE 2
#define TOKEN_FIXED (2 + 4 + 8 + 4 * ID_BYTES + 2 + 2)
#define TOKEN_REF_BYTES 1024
#define TOKEN_BYTES (TOKEN_FIXED + 2 * TOKEN_REF_BYTES + SECRET_MAC_BYTES)

static uint8_t *number_put(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		*at++ = (uint8_t)(value >> (8 * i));
	return at;
}

static uint64_t number_get(const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static uint8_t *text_put(uint8_t *at, const char *text, size_t length)
{
	at = number_put(at, length, 2);
	memcpy(at, text, length);
	return at + length;
}

const char *widget_token_make(struct ctx *ctx, const struct widget_token *token)
{
	uint8_t bytes[TOKEN_BYTES], *at = bytes;
	const char *const ids[] = {token->org_id, token->key_id, token->session_id, token->flow_id};
	size_t customer = strnlen(token->customer, TOKEN_REF_BYTES), subscription = strnlen(token->subscription, TOKEN_REF_BYTES);
	size_t room;
	char *text;

	*at++ = TOKEN_VERSION;
	*at++ = (uint8_t)((token->live ? TOKEN_LIVE : 0) | (token->cancel_at_stripe ? TOKEN_CANCEL_AT_STRIPE : 0));
	at = number_put(at, (uint32_t)token->flow_version, 4);
	at = number_put(at, (uint64_t)token->expires_s, 8);
	for (int i = 0; i < 4; i++, at += ID_BYTES)
		if (!id_parse(ids[i], at))
			memset(at, 0, ID_BYTES);
	at = text_put(at, token->customer, customer);
	at = text_put(at, token->subscription, subscription);
	secret_mac(SECRET_WIDGET_SESSION, bytes, (size_t)(at - bytes), at);
	at += SECRET_MAC_BYTES;
	room = sodium_base64_ENCODED_LEN((size_t)(at - bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	text = arena_alloc(&ctx->arena, room);
	return sodium_bin2base64(text, room, bytes, (size_t)(at - bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Reads a counted text; false when it passes the end or holds a NUL. */
static bool text_get(struct ctx *ctx, const uint8_t **at, const uint8_t *end, const char **text_out)
{
	size_t length;

	if (end - *at < 2)
		return false;
	length = number_get(*at, 2);
	*at += 2;
	if (length > TOKEN_REF_BYTES || (size_t)(end - *at) < length || memchr(*at, 0, length))
		return false;
	*text_out = arena_memdup(&ctx->arena, *at, length);
	*at += length;
	return true;
}

static bool widget_token_parse(struct ctx *ctx, const uint8_t *bytes, size_t length, struct widget_token *token)
{
	const uint8_t *at = bytes, *end = bytes + length;
	char *const ids[] = {token->org_id, token->key_id, token->session_id, token->flow_id};

	if (length < TOKEN_FIXED || at[0] != TOKEN_VERSION || at[1] > 3)
		return false;
	token->live = at[1] & TOKEN_LIVE;
	token->cancel_at_stripe = at[1] & TOKEN_CANCEL_AT_STRIPE;
	token->flow_version = (int)number_get(at + 2, 4);
	token->expires_s = (int64_t)number_get(at + 6, 8);
	at += 14;
	for (int i = 0; i < 4; i++, at += ID_BYTES)
		id_format(at, ids[i]);
	return text_get(ctx, &at, end, &token->customer) && text_get(ctx, &at, end, &token->subscription) && at == end;
}

enum err widget_token_read(struct ctx *ctx, const char *text, struct widget_token *token_out)
{
	uint8_t bytes[TOKEN_BYTES], mac[SECRET_MAC_BYTES];
	const char *end;
	size_t length = 0;

	memset(token_out, 0, sizeof *token_out);
	if (sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &length, &end,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
		*end || length <= SECRET_MAC_BYTES)
		return fail(ctx, ERR_UNAUTHENTICATED, "The session token is not valid");
	length -= SECRET_MAC_BYTES;
	secret_mac(SECRET_WIDGET_SESSION, bytes, length, mac);
	if (!secret_equal(mac, bytes + length, sizeof mac) || !widget_token_parse(ctx, bytes, length, token_out))
		return fail(ctx, ERR_UNAUTHENTICATED, "The session token is not valid");
	if (clock_wall_s() >= token_out->expires_s)
		return fail(ctx, ERR_GONE, "The session has expired; start again");
	return OK;
}
