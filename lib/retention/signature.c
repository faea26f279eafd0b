#include "retention/retention.h"

#include "base/clock.h"
#include "who/secret.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE_AGE_S 300
#define SIGNATURES_MOST 8
#define SIGNATURE_HEX 64

struct signature {
	char time[24]; /* as sent: it is part of what is signed */
	int64_t time_s;
	uint8_t macs[SIGNATURES_MOST][32];
	int count;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_read(const char *text, uint8_t out[32])
{
	for (int i = 0; i < 32; i++) {
		int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool time_read(const char *text, size_t length, struct signature *signature)
{
	if (length < 1 || length > 15 || signature->time[0])
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	memcpy(signature->time, text, length);
	signature->time_s = strtoll(signature->time, NULL, 10);
	return true;
}

/* Unknown schemes are passed over, as Stripe's clients do; an ill-formed t or v1 is refused. */
static bool signature_read(const char *text, struct signature *signature)
{
	while (*text) {
		size_t length = strcspn(text, ",");

		if (strncmp(text, "t=", 2) == 0) {
			if (!time_read(text + 2, length - 2, signature))
				return false;
		} else if (strncmp(text, "v1=", 3) == 0) {
			if (length != 3 + SIGNATURE_HEX || signature->count == SIGNATURES_MOST ||
				!hex_read(text + 3, signature->macs[signature->count]))
				return false;
			signature->count++;
		}
		text += length;
		if (*text == ',')
			text++;
	}
	return signature->time[0] && signature->count > 0;
}

static int field_compare(const void *a, const void *b)
{
	return strcmp(((const struct signed_field *)a)->name, ((const struct signed_field *)b)->name);
}

enum err customer_signature_check(struct ctx *ctx, const char *secret, const char *signature,
	const struct signed_field *fields, int count)
{
	struct signature given = {0};
	struct buffer text = {0};
	struct signed_field *sorted = arena_array(&ctx->arena, (size_t)count + 1, sizeof *sorted);
	uint8_t mac[32];
	bool match = false;

	if (!secret || !*secret)
		return fail(ctx, ERR_FORBIDDEN, "The key has no signing secret");
	if (!signature_read(signature, &given))
		return fail_field(ctx, ERR_FORBIDDEN, "signature", "The signature cannot be read: t=<unix>,v1=<hex> is expected");
	if (llabs(clock_wall_s() - given.time_s) > SIGNATURE_AGE_S)
		return fail_field(ctx, ERR_FORBIDDEN, "signature", "The signature's time is more than %d s away", SIGNATURE_AGE_S);
	for (int i = 0; i < count; i++)
		sorted[i] = fields[i];
	qsort(sorted, (size_t)count, sizeof *sorted, field_compare);
	buffer_text(&text, given.time);
	for (int i = 0; i < count; i++)
		if (sorted[i].value) {
			buffer_char(&text, '\n');
			buffer_text(&text, sorted[i].name);
			buffer_char(&text, '=');
			buffer_text(&text, sorted[i].value);
		}
	hmac_sha256(secret, strlen(secret), text.data, text.length, mac);
	buffer_free(&text);
	for (int i = 0; i < given.count; i++)
		match |= secret_equal(mac, given.macs[i], sizeof mac);
	return match ? OK : fail_field(ctx, ERR_FORBIDDEN, "signature", "The signature does not fit what was sent");
}
