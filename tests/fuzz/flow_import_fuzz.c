/* Files of flows from outside. The first byte chooses the format; what is read can be written as CSV and as JSON, and reads back the same. */
#include "retention/flow.h"
#include "retention/flow_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_object *imported(struct ctx *ctx, const char *format, const char *text)
{
	struct json_object *result, *errors, *flow;

	if (flow_import(ctx, NULL, NULL, format, text, &result) != OK || !json_object_object_get_ex(result, "errors", &errors) ||
		!json_object_object_get_ex(result, "flow", &flow) || !flow != (json_object_array_length(errors) > 0))
		abort();
	return flow;
}

static void check_back(struct ctx *ctx, struct json_object *flow)
{
	struct buffer csv = {0}, json = {0};

	flow_csv(flow, &csv);
	flow_json(flow, &json);
	if (!json_object_equal(flow, imported(ctx, "csv", csv.data)) || !json_object_equal(flow, imported(ctx, "json", json.data)))
		abort();
	buffer_free(&csv);
	buffer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = {"csv", "table", "json"};
	struct json_object *flow;
	struct ctx ctx;
	char *text;

	if (size == 0 || memchr(data, '\0', size) || !utf8_valid((const char *)data, size))
		return 0;
	ctx_init(&ctx);
	text = arena_memdup(&ctx.arena, data + 1, size - 1);
	flow = imported(&ctx, formats[data[0] % 3], text);
	if (flow)
		check_back(&ctx, flow);
	ctx_free(&ctx);
	return 0;
}
