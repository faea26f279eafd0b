/* A Stripe-Signature header of anybody's: read, and never good without the secret. */
#include "billing/billing.h"

#include "text/signature.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const secrets[] = {"whsec_nobody_knows_this_one", NULL};
	struct signature signature = {0};
	struct ctx ctx;

	ctx_init(&ctx);
	const char *header = arena_memdup(&ctx.arena, data, size);
	if (signature_read(header, &signature) && (signature.count < 1 || signature.count > SIGNATURES_MOST || signature.time_s < 0 ||
		strlen(signature.time) > 15))
		abort();
	if (billing_signature_check(&ctx, secrets, 2, header, "{}", 2) == OK)
		abort();
	ctx_free(&ctx);
	return 0;
}
