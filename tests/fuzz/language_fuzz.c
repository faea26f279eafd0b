/* Any header leads to a language of ours. */
#include "text/language.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *header = strndup((const char *)data, size);
	const char *code = header ? language_accepted(header) : NULL;

	if (!code || code != language_of(code))
		abort();
	free(header);
	return 0;
}
