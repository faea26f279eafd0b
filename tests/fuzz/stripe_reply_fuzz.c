/* What Stripe, or whoever answers in its place, may send: read, judged as a subscription and as a coupon. */
#include "retention/change.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct ctx *ctx, struct json_object *body)
{
	const struct change changes[] = {
		{.kind = CHANGE_DISCOUNT, .decided_s = 1795219200, .percentage = 30, .months = 3, .duration = "repeating", .coupon = "stoa-30-repeating-3"},
		{.kind = CHANGE_PAUSE, .decided_s = 4000000000, .months = 3},
		{.kind = CHANGE_DOWNGRADE, .decided_s = 1795219200, .plan = "Basic", .price = "price_basic"},
		{.kind = CHANGE_EXTENSION, .decided_s = 4000000000, .days = 14},
		{.kind = CHANGE_CANCEL, .decided_s = 1795219200, .feedback = "unused"}};
	const char *reason;

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		struct change_plan plan = change_judge(ctx, &changes[i], body, "trial_end=4000000000&proration_behavior=none");
		struct json_object *effect;

		if (plan.verdict == CHANGE_WRITE ? !plan.form || !*plan.form : plan.verdict == CHANGE_MANUAL ? !plan.reason : !plan.effect)
			abort();
		if (plan.verdict == CHANGE_DONE && json_read(ctx, plan.effect, strlen(plan.effect), JSON_DEPTH, &effect) != OK)
			abort();
	}
	if (change_coupon_fits(&changes[0], body, &reason) != !reason)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 302, 400, 404, 409, 429, 500};
	struct ctx ctx;

	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		struct stripe_reply reply = {.status = statuses[i]};

		stripe_reply_read(&ctx, (const char *)data, size, &reply);
		if (ctx.fault.err != OK || (reply.definite && !reply.body))
			abort();
		if (i == 0 && reply.body)
			judge(&ctx, reply.body);
	}
	ctx_free(&ctx);
	return 0;
}
