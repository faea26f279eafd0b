#define _GNU_SOURCE
/* What a receiver answers, head and body: the log of it is text that PostgreSQL takes, within its bounds, and headers are one flat object
 * of JSON that shows nothing of a cookie. */
#include "text/json.h"
#include "webhook/parts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(const char *text)
{
	demand(strlen(text) <= WEBHOOK_LOG_BYTES);
	demand(utf8_valid(text, strlen(text)));
}

static void check_headers(const char *json)
{
	struct json_object *object;

	demand(utf8_valid(json, strlen(json)));
	object = json_tokener_parse(json);
	demand(json_object_is_type(object, json_type_object));
	json_object_object_foreach(object, name, value) {
		check_text(json_object_get_string(value));
		demand(!strcasestr(name, "cookie") || strcmp(json_object_get_string(value), "[hidden]") == 0);
	}
	json_object_put(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctx ctx;
	struct call call = {0};
	char *at;

	ctx_init(&ctx);
	check_text(log_text(&ctx, (const char *)data, size));
	/* Lines are names and values in turn, as curl hands them over: without NUL or line feed. */
	at = arena_memdup(&ctx.arena, data, size);
	while (*at && call.response_header_count < CALL_RESPONSE_HEADERS) {
		char *colon = at + strcspn(at, ":\n"), *end = colon + strcspn(colon, "\n");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		call.response_headers[call.response_header_count].value = *colon ? colon + 1 : "";
		*colon = '\0';
		call.response_headers[call.response_header_count++].name = at;
		at = next;
	}
	check_headers(log_response_headers(&ctx, &call));
	ctx_free(&ctx);
	return 0;
}
