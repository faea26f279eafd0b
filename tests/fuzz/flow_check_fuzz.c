/* Flows from outside: what is accepted can be ordered and shown. */
#include "retention/retention.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(struct json_object *steps)
{
	int order[FLOW_STEPS];

	for (int segment = 0; segment < SEGMENT_COUNT; segment++)
		for (int attempts = 1; attempts <= 2; attempts++) {
			int count = flow_order(steps, (enum segment)segment, attempts, order);
			bool seen[FLOW_STEPS] = {false};

			if (count != (int)json_object_array_length(steps))
				abort();
			for (int i = 0; i < count; i++) {
				if (order[i] < 0 || order[i] >= count || seen[order[i]])
					abort();
				seen[order[i]] = true;
			}
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *steps;
	struct ctx ctx;
	enum err err;

	ctx_init(&ctx);
	if (json_read(&ctx, (const char *)data, size, JSON_DEPTH, &steps) == OK) {
		err = flow_check(&ctx, steps);
		if (err == OK)
			check_order(steps);
		else if (err != ERR_INVALID || strncmp(ctx.fault.field, "steps", 5) != 0)
			abort();
	}
	ctx_free(&ctx);
	return 0;
}
