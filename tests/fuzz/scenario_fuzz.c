/* Scenario files: what is taken has phases that last, journeys that ask, and texts that can be made; what is refused says where. */
#include "cli/bench/values.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_steps(struct draw *draw, struct value *values, const struct steps *steps)
{
	for (int i = 0; i < steps->count; i++) {
		const struct step *step = &steps->items[i];
		struct buffer out = {.limit = 1 << 20};
		if (!step->pause && !step->method)
			abort();
		values_render(draw, values, &step->path, &out);
		for (int at = 0; at < step->header_count; at++)
			values_render(draw, values, &step->headers[at].value, &out);
		values_render(draw, values, &step->body, &out);
		buffer_free(&out);
	}
}

static void check(const struct scenario *scenario)
{
	struct draw draw;
	struct value *values = values_new(scenario);
	draw_open(&draw, scenario);
	if (!scenario->phase_count || !scenario->journey_count || scenario->users < 1)
		abort();
	for (int i = 0; i < scenario->phase_count; i++)
		if (scenario->phases[i].us <= 0 || scenario->phases[i].from < 0 || scenario->phases[i].to < 0)
			abort();
	check_steps(&draw, values, &scenario->once);
	check_steps(&draw, values, &scenario->setup);
	for (int i = 0; i < scenario->journey_count; i++) {
		if (!scenario->journeys[i].steps.requests || scenario->journeys[i].weight <= 0)
			abort();
		values_begin(scenario, values);
		check_steps(&draw, values, &scenario->journeys[i].steps);
	}
	draw_close(&draw);
	values_free(scenario, values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const SET[] = {"key=k", "secret=s", NULL};
	const struct scenario_options none = {.time_scale = 1, .rate_scale = 1}, some = {.set = SET, .time_scale = 0.5, .rate_scale = 3};
	struct ctx ctx;
	struct scenario scenario;

	ctx_init(&ctx);
	if (scenario_read(&ctx, "f", NULL, (const char *)data, size, &none, &scenario) == OK)
		check(&scenario);
	else if (strncmp(ctx.fault.detail, "f", 1) && !strstr(ctx.fault.detail, "--set"))
		abort();
	ctx_reset(&ctx);
	if (scenario_read(&ctx, "f", NULL, (const char *)data, size, &some, &scenario) == OK)
		check(&scenario);
	ctx_free(&ctx);
	return 0;
}
