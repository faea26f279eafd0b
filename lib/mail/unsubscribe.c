#include "mail/outbox.h"

#include "who/secret.h"

#include <sodium.h>
#include <string.h>

/* Layout: version, organisation, length of the kind, kind, address, MAC. */
#define TOKEN_VERSION 1
#define KIND_MOST 60
#define ADDRESS_MOST 254
#define TOKEN_HEAD (1 + ID_BYTES + 1)
#define TOKEN_BYTES (TOKEN_HEAD + KIND_MOST + ADDRESS_MOST + SECRET_MAC_BYTES)

const char *mail_unsubscribe_make(struct ctx *ctx, const struct mail_unsubscribe *from)
{
	uint8_t bytes[TOKEN_BYTES] = {TOKEN_VERSION};
	size_t kind = strnlen(from->kind, KIND_MOST), address = strnlen(from->address, ADDRESS_MOST);
	size_t length = TOKEN_HEAD + kind + address;
	id_parse(from->org_id, bytes + 1);
	bytes[TOKEN_HEAD - 1] = (uint8_t)kind;
	memcpy(bytes + TOKEN_HEAD, from->kind, kind);
	memcpy(bytes + TOKEN_HEAD + kind, from->address, address);
	secret_mac(SECRET_UNSUBSCRIBE, bytes, length, bytes + length);
	length += SECRET_MAC_BYTES;
	size_t room = sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return sodium_bin2base64(arena_alloc(&ctx->arena, room), room, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err mail_unsubscribe_read(struct ctx *ctx, const char *token, struct mail_unsubscribe *out)
{
	uint8_t bytes[TOKEN_BYTES], mac[SECRET_MAC_BYTES];
	size_t length;
	bool good = sodium_base642bin(bytes, sizeof bytes, token, strlen(token), NULL, &length, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 && length > TOKEN_HEAD + SECRET_MAC_BYTES;
	if (good) {
		length -= SECRET_MAC_BYTES;
		secret_mac(SECRET_UNSUBSCRIBE, bytes, length, mac);
		good = secret_equal(mac, bytes + length, SECRET_MAC_BYTES) && bytes[0] == TOKEN_VERSION &&
			length > (size_t)TOKEN_HEAD + bytes[TOKEN_HEAD - 1];
	}
	if (!good)
		return fail(ctx, ERR_GONE, "This link is not one of ours, or was cut");
	size_t kind = bytes[TOKEN_HEAD - 1];
	id_format(bytes + 1, out->org_id);
	out->kind = arena_memdup(&ctx->arena, bytes + TOKEN_HEAD, kind);
	out->address = arena_memdup(&ctx->arena, bytes + TOKEN_HEAD + kind, length - TOKEN_HEAD - kind);
	return OK;
}

const char *mail_unsubscribe_link(struct ctx *ctx, const char *org_id, const char *kind, const char *address)
{
	const char *url = conf_string("web.public_url");
	size_t length = strlen(url);
	struct mail_unsubscribe from = {.kind = kind, .address = address};
	if (!length)
		return NULL;
	memcpy(from.org_id, org_id, sizeof from.org_id);
	return arena_printf(&ctx->arena, "%.*s/unsubscribe?token=%s", (int)(length - (url[length - 1] == '/')), url,
		mail_unsubscribe_make(ctx, &from));
}
