#include "web/site.h"

#include "who/secret.h"

#include <sodium.h>
#include <string.h>

#define CURSOR_MAC 16
#define CURSOR_MOST 512 /* bytes of a value */

static void cursor_mac(struct ctx *ctx, const struct route *route, const char *value, uint8_t mac_out[SECRET_MAC_BYTES])
{
	const char *bound = arena_printf(&ctx->arena, "%s\n%s", route->path, value);
	secret_mac(SECRET_CURSOR, bound, strlen(bound), mac_out);
}

const char *cursor_make(struct ctx *ctx, const struct route *route, const char *value)
{
	size_t length = strlen(value);
	uint8_t mac[SECRET_MAC_BYTES];
	uint8_t *packed = arena_alloc(&ctx->arena, CURSOR_MAC + length);
	cursor_mac(ctx, route, value, mac);
	memcpy(packed, mac, CURSOR_MAC);
	memcpy(packed + CURSOR_MAC, value, length);
	size_t room = sodium_base64_encoded_len(CURSOR_MAC + length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = arena_alloc(&ctx->arena, room);
	return sodium_bin2base64(text, room, packed, CURSOR_MAC + length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

const char *cursor_read(struct ctx *ctx, const struct route *route, const char *text)
{
	uint8_t packed[CURSOR_MAC + CURSOR_MOST], mac[SECRET_MAC_BYTES];
	size_t length;
	if (sodium_base642bin(packed, sizeof packed, text, strlen(text), NULL, &length, NULL,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING) || length <= CURSOR_MAC)
		return NULL;
	const char *value = arena_memdup(&ctx->arena, packed + CURSOR_MAC, length - CURSOR_MAC);
	cursor_mac(ctx, route, value, mac);
	return secret_equal(mac, packed, CURSOR_MAC) ? value : NULL;
}
