#include "billing/billing.h"

#include "base/clock.h"
#include "text/signature.h"
#include "who/secret.h"

#include <stdlib.h>
#include <string.h>

enum err billing_signature_check(struct ctx *ctx, const char *const *secrets, int secret_count, const char *header, const char *body,
	size_t bytes)
{
	struct signature given = {0};
	struct buffer text = {0};
	bool match = false;

	if (!header || !signature_read(header, &given))
		return fail_field(ctx, ERR_FORBIDDEN, "Stripe-Signature", "The signature cannot be read: t=<unix>,v1=<hex> is expected");
	if (llabs(clock_wall_s() - given.time_s) > BILLING_SIGNATURE_S)
		return fail_field(ctx, ERR_FORBIDDEN, "Stripe-Signature", "The signature's time is more than %d s away", BILLING_SIGNATURE_S);
	text.limit = bytes + sizeof given.time + 1;
	buffer_text(&text, given.time);
	buffer_char(&text, '.');
	buffer_add(&text, body, bytes);
	for (int i = 0; i < secret_count && !text.failed; i++) {
		uint8_t mac[32];

		if (!secrets[i] || !*secrets[i])
			continue;
		hmac_sha256(secrets[i], strlen(secrets[i]), text.data, text.length, mac);
		for (int j = 0; j < given.count; j++)
			match |= secret_equal(mac, given.macs[j], sizeof mac);
	}
	buffer_free(&text);
	return match ? OK : fail_field(ctx, ERR_FORBIDDEN, "Stripe-Signature", "The signature does not fit the body");
}
