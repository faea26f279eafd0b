/* What json_read() accepts, it writes and reads again to the same text. */
#include "text/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx ctx;
	struct buffer first = {0}, second = {0};
	struct json_object *value;

	ctx_init(&ctx);
	if (json_read(&ctx, (const char *)data, size, JSON_DEPTH, &value) == OK) {
		json_write(&first, value);
		if (!utf8_valid(first.data, first.length) ||
			json_read(&ctx, first.data, first.length, JSON_DEPTH, &value) != OK)
			abort();
		json_write(&second, value);
		if (first.length != second.length || memcmp(first.data, second.data, first.length))
			abort();
	} else if (strstr(ctx.fault.detail, "JSON, byte") == NULL && strstr(ctx.fault.detail, "twice") == NULL &&
		strstr(ctx.fault.detail, "out of range") == NULL) {
		abort(); /* json-c refused what the check before it let through */
	}
	buffer_free(&first);
	buffer_free(&second);
	ctx_free(&ctx);
	return 0;
}
