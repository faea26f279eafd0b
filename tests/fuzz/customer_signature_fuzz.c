/* The host's signature header: nothing unsigned is accepted. */
#include "retention/retention.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx ctx;
	char *text;

	ctx_init(&ctx);
	text = arena_memdup(&ctx.arena, data, size);
	const struct signed_field fields[] = {{"userId", text}, {"plan", NULL}, {"email", "a@b.example"}};

	if (customer_signature_check(&ctx, "stoa_sig_secret", text, fields, 3) != ERR_FORBIDDEN || ctx.fault.err != ERR_FORBIDDEN)
		abort();
	ctx_free(&ctx);
	return 0;
}
