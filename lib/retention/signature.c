#include "retention/retention.h"

#include "base/clock.h"
#include "text/signature.h"
#include "who/secret.h"

#include <stdlib.h>
#include <string.h>

#define SIGNATURE_AGE_S 300

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
