/* Tokens and API keys as clients send them. */
#include "who/who.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char prefix[WHO_PREFIX_TEXT] = "";

	memcpy(text, data, size);
	text[size] = 0;
	switch (token_parse(text, prefix)) {
	case TOKEN_KEY_LIVE:
	case TOKEN_KEY_TEST:
		if (strlen(prefix) != WHO_PREFIX_TEXT - 1 || strlen(text) >= WHO_KEY_TEXT)
			abort();
		break;
	case TOKEN_NONE:
		break;
	default:
		if (*prefix || strlen(text) >= WHO_TOKEN_TEXT)
			abort();
	}
	free(text);
	return 0;
}
