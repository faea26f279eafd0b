/* Flows from outside: a review never fails, what is of the form can be tidied, translated and ordered, and a second review says the same. */
#include "retention/flow.h"
#include "retention/retention.h"

#include <stdlib.h>

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

/* No translation is left, and nothing but texts has changed. */
static void check_languages(struct ctx *ctx, struct json_object *steps)
{
	static const char *const languages[] = {"en", "de", "xx"};

	for (size_t i = 0; i < 3; i++) {
		struct json_object *shown = flow_localise(ctx, steps, "en", languages[i]);

		if (json_object_array_length(shown) != json_object_array_length(steps))
			abort();
		for (size_t at = 0; at < json_object_array_length(steps); at++)
			flow_step_fits(ctx, json_object_array_get_idx(steps, at), languages[i]);
		for (size_t at = 0; at < json_object_array_length(shown); at++)
			if (json_object_object_get_ex(json_object_array_get_idx(shown, at), "translations", NULL))
				abort();
	}
}

static void check(struct ctx *ctx, struct json_object *document)
{
	struct flow_review review, again;
	struct json_object *tidy = flow_tidy(ctx, document), *steps = NULL;

	if (flow_review(ctx, NULL, NULL, document, &review) != OK || flow_review(ctx, NULL, NULL, tidy, &again) != OK)
		abort();
	if (!json_object_equal(review.json, again.json) || !json_object_equal(tidy, flow_tidy(ctx, tidy)))
		abort();
	if (review.form && !review.errors)
		abort();
	if (review.form || !json_object_object_get_ex(tidy, "steps", &steps))
		return;
	check_order(steps);
	check_languages(ctx, steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *document;
	struct ctx ctx;

	ctx_init(&ctx);
	if (json_read(&ctx, (const char *)data, size, JSON_DEPTH, &document) == OK)
		check(&ctx, document);
	ctx_free(&ctx);
	return 0;
}
