#include "webhook/webhook.h"

#include "base/buffer.h"
#include "who/secret.h"

#include <sodium.h>
#include <string.h>

#define PREFIX "whsec_"
#define KEY_MOST 64

void webhook_secret_new(char out[WEBHOOK_SECRET_TEXT])
{
	uint8_t key[WEBHOOK_SECRET_BYTES];

	randombytes_buf(key, sizeof key);
	memcpy(out, PREFIX, strlen(PREFIX));
	sodium_bin2base64(out + strlen(PREFIX), WEBHOOK_SECRET_TEXT - strlen(PREFIX), key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(key, sizeof key);
}

const char *webhook_sign(struct ctx *ctx, const char *secret, const char *id, int64_t timestamp_s, const char *body, size_t bytes)
{
	uint8_t key[KEY_MOST], mac[SECRET_MAC_BYTES];
	char text[sodium_base64_ENCODED_LEN(SECRET_MAC_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	struct buffer content = {0};
	size_t key_bytes;

	if (strncmp(secret, PREFIX, strlen(PREFIX)) != 0 ||
		sodium_base642bin(key, sizeof key, secret + strlen(PREFIX), strlen(secret) - strlen(PREFIX), NULL, &key_bytes, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0 || key_bytes < 24)
		return NULL;
	buffer_printf(&content, "%s.%lld.", id, (long long)timestamp_s);
	buffer_add(&content, body, bytes);
	hmac_sha256(key, key_bytes, content.data, content.length, mac);
	buffer_free(&content);
	sodium_memzero(key, sizeof key);
	sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
	return arena_printf(&ctx->arena, "v1,%s", text);
}
