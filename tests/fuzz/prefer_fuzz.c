/* A Prefer field: whatever it holds, the wait is none or within its bounds. */
#include "web/web.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	int seconds = prefer_wait_s(text);

	if (seconds < -1 || seconds > 30)
		abort();
	if (seconds >= 0 && !strpbrk(text, "wW"))
		abort();
	free(text);
	return 0;
}
