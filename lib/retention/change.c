#include "retention/change.h"

#include "base/clock.h"
#include "text/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S INT64_C(86400)
#define TIME_MOST_S INT64_C(253402300800) /* the year 10000 */
#define TRIAL_MOST_S (730 * DAY_S) /* Stripe: a trial ends at most two years from now */

int64_t months_after(int64_t from_s, int months)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	time_t from = (time_t)from_s;
	struct tm tm;
	int month, year, last;

	gmtime_r(&from, &tm);
	month = tm.tm_mon + months;
	year = tm.tm_year + 1900 + month / 12;
	month %= 12;
	last = lengths[month] + (month == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	tm.tm_year = year - 1900;
	tm.tm_mon = month;
	tm.tm_mday = tm.tm_mday < last ? tm.tm_mday : last;
	return timegm(&tm);
}

static const char *coupon_id(struct ctx *ctx, const struct change *change)
{
	if (strcmp(change->duration, "repeating") == 0)
		return arena_printf(&ctx->arena, "stoa-%d-repeating-%d", change->percentage, change->months);
	return arena_printf(&ctx->arena, "stoa-%d-%s", change->percentage, change->duration);
}

static void offer_read(struct ctx *ctx, const struct change_source *source, struct json_object *config, struct change *change)
{
	switch (change->kind) {
	case CHANGE_DISCOUNT:
		change->percentage = (int)json_int(config, "percentage", 0);
		change->duration = json_text(config, "duration", "");
		change->months = (int)json_int(config, "months", 0);
		change->coupon = json_text(config, "coupon", NULL);
		change->coupon_own = !change->coupon;
		if (change->coupon_own)
			change->coupon = coupon_id(ctx, change);
		break;
	case CHANGE_PAUSE:
		change->months = (int)source->choice;
		break;
	case CHANGE_DOWNGRADE:
		change->plan = json_text(config, "plan", "");
		change->price = json_text(config, "price", "");
		break;
	case CHANGE_EXTENSION:
		change->days = (int)json_int(config, "days", 0);
		break;
	case CHANGE_CANCEL:
		break;
	}
}

bool change_read(struct ctx *ctx, const struct change_source *source, struct change *change_out)
{
	static const char *const kinds[] = {"discount", "pause", "downgrade", "extension"};
	struct json_object *config = NULL;

	*change_out = (struct change){.live = source->live, .decided_s = source->decided_s};
	if (strcmp(source->outcome, "declined") == 0 || strcmp(source->outcome, "cancelled") == 0) {
		change_out->kind = CHANGE_CANCEL;
		change_out->feedback = source->reason_code && reason_known(source->reason_code) ? source->reason_code : NULL;
		change_out->comment = source->comment;
		return true;
	}
	if (strcmp(source->outcome, "accepted") != 0 || !source->offer_type || !source->step)
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i], source->offer_type) == 0) {
			change_out->kind = (enum change_kind)i;
			json_object_object_get_ex(source->step, "config", &config);
			offer_read(ctx, source, config, change_out);
			return true;
		}
	return false;
}

/* --- reading a subscription --- */

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	return object && json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, name, &value) ? value : NULL;
}

static size_t array_length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

/* An id where Stripe shows either an id or the expanded object. */
static const char *reference(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : json_text(value, "id", NULL);
}

static struct json_object *items(struct json_object *subscription)
{
	return member(member(subscription, "items"), "data");
}

/* A Unix time; 0 when there is none or it is out of all reason. */
static int64_t time_at(struct json_object *object, const char *name)
{
	int64_t time_s = json_int(object, name, 0);

	return time_s > 0 && time_s < TIME_MOST_S ? time_s : 0;
}

/* Since basil the period stands on the items; the subscription ends with the first of them. */
static int64_t period_end(struct json_object *subscription)
{
	int64_t end = time_at(subscription, "current_period_end");

	for (size_t i = 0; i < array_length(items(subscription)); i++) {
		int64_t own = time_at(json_object_array_get_idx(items(subscription), i), "current_period_end");

		if (own && (!end || own < end))
			end = own;
	}
	return end;
}

static const char *discount_coupon(struct json_object *discount)
{
	struct json_object *coupon = member(member(discount, "source"), "coupon");

	return reference(coupon ? coupon : member(discount, "coupon")); /* before clover: discount.coupon */
}

static bool is_cancelling(struct json_object *subscription)
{
	return json_flag(subscription, "cancel_at_period_end", false) || time_at(subscription, "cancel_at");
}

/* --- plans --- */

static struct change_plan plan_manual(const char *reason)
{
	return (struct change_plan){.verdict = CHANGE_MANUAL, .reason = reason};
}

static const char *time_text(struct ctx *ctx, int64_t time_s)
{
	char *text = arena_alloc(&ctx->arena, CLOCK_TEXT);

	clock_format(time_s * 1000000, text);
	return text;
}

static const char *time_json(struct ctx *ctx, int64_t time_s)
{
	return time_s ? arena_printf(&ctx->arena, "\"%s\"", time_text(ctx, time_s)) : "null";
}

/* A write if the form holds anything, else what is there already is the effect. An offer that is taken also takes the
 * cancellation back. */
static struct change_plan plan_finish(struct ctx *ctx, struct buffer *form, struct json_object *subscription, const char *effect)
{
	struct change_plan plan = {.verdict = CHANGE_DONE, .effect = effect};

	if (json_flag(subscription, "cancel_at_period_end", false))
		stripe_param(form, "cancel_at_period_end", "false");
	else if (time_at(subscription, "cancel_at"))
		stripe_param(form, "cancel_at", NULL);
	if (form->length) {
		plan.verdict = CHANGE_WRITE;
		plan.form = arena_memdup(&ctx->arena, form->data, form->length);
	}
	buffer_free(form);
	return plan;
}

static struct change_plan judge_discount(struct ctx *ctx, const struct change *change, struct json_object *subscription, const char *sent)
{
	struct json_object *discounts = member(subscription, "discounts"), *mine = NULL;
	struct buffer form = {0};
	char name[48];
	size_t count = array_length(discounts);
	const char *effect;

	for (size_t i = 0; i < count; i++) {
		struct json_object *discount = json_object_array_get_idx(discounts, i);
		const char *coupon = discount_coupon(discount);

		if (!reference(discount))
			return plan_manual("Stripe shows a discount that cannot be kept");
		if (coupon && strcmp(coupon, change->coupon) == 0)
			mine = discount;
	}
	if (change->alone && count && !mine && !sent)
		return plan_manual("the subscription has a discount already");
	/* A populated list takes the place of the one that is there, so what is there is sent again. */
	for (size_t i = 0; i < count && !mine; i++) {
		snprintf(name, sizeof name, "discounts[%zu][discount]", i);
		stripe_param(&form, name, reference(json_object_array_get_idx(discounts, i)));
	}
	if (!mine) {
		snprintf(name, sizeof name, "discounts[%zu][coupon]", count);
		stripe_param(&form, name, change->coupon);
	}
	effect = arena_printf(&ctx->arena, "{\"kind\":\"discount\",\"percentage\":%d,\"endsAt\":%s}", change->percentage,
		time_json(ctx, time_at(mine, "end")));
	return plan_finish(ctx, &form, subscription, effect);
}

static struct change_plan judge_pause(struct ctx *ctx, const struct change *change, struct json_object *subscription)
{
	struct json_object *pause = member(subscription, "pause_collection");
	int64_t target = months_after(change->decided_s, change->months);
	struct buffer form = {0};

	if (pause && (strcmp(json_text(pause, "behavior", ""), "void") != 0 || json_int(pause, "resumes_at", 0) != target))
		return plan_manual("the subscription is paused already");
	if (!pause && target <= clock_wall_s())
		return plan_manual("the end of the pause has passed");
	if (!pause) {
		stripe_param(&form, "pause_collection[behavior]", "void");
		stripe_param_int(&form, "pause_collection[resumes_at]", target);
	}
	return plan_finish(ctx, &form, subscription,
		arena_printf(&ctx->arena, "{\"kind\":\"pause\",\"months\":%d,\"resumesAt\":%s}", change->months, time_json(ctx, target)));
}

static struct change_plan judge_downgrade(struct ctx *ctx, const struct change *change, struct json_object *subscription)
{
	struct json_object *list = items(subscription), *item, *effect;
	struct change_plan plan;
	struct buffer form = {0};
	const char *price, *id;

	if (array_length(list) != 1 || json_flag(member(subscription, "items"), "has_more", false))
		return plan_manual("the subscription has several items");
	item = json_object_array_get_idx(list, 0);
	price = json_text(member(item, "price"), "id", "");
	id = json_text(item, "id", "");
	if (!stripe_id(id, "si_"))
		return plan_manual("Stripe shows an item without an id");
	if (strcmp(price, change->price) != 0) {
		stripe_param(&form, "items[0][id]", id);
		stripe_param(&form, "items[0][price]", change->price);
		stripe_param(&form, "proration_behavior", "create_prorations");
	}
	effect = json_own(ctx, json_object_new_object());
	json_object_object_add(effect, "kind", json_object_new_string("downgrade"));
	json_object_object_add(effect, "plan", json_object_new_string(change->plan));
	json_object_object_add(effect, "price", json_object_new_string(change->price));
	plan = plan_finish(ctx, &form, subscription,
		arena_strdup(&ctx->arena, json_object_to_json_string_ext(effect, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
	return plan;
}

/* The end that an earlier try asked for; 0: there was none. */
static int64_t sent_trial_end(struct ctx *ctx, const char *sent)
{
	struct pairs pairs;
	const char *value;

	if (!sent || url_pairs(ctx, sent, strlen(sent), &pairs) != OK) {
		ctx_forgive(ctx);
		return 0;
	}
	value = pairs_find(&pairs, "trial_end");
	return value ? strtoll(value, NULL, 10) : 0;
}

static struct change_plan judge_extension(struct ctx *ctx, const struct change *change, struct json_object *subscription, const char *sent)
{
	int64_t target = sent_trial_end(ctx, sent), trial_end = time_at(subscription, "trial_end"), now = clock_wall_s();
	struct buffer form = {0};

	if (!target) {
		bool trial = strcmp(json_text(subscription, "status", ""), "trialing") == 0 && trial_end > now;
		int64_t base = trial ? trial_end : period_end(subscription);

		target = (base > change->decided_s ? base : change->decided_s) + change->days * DAY_S;
	}
	if (trial_end != target && target > now + TRIAL_MOST_S)
		return plan_manual("Stripe extends by at most two years");
	if (trial_end != target && target <= now)
		return plan_manual("the end of the extension has passed");
	if (trial_end != target) {
		stripe_param_int(&form, "trial_end", target);
		stripe_param(&form, "proration_behavior", "none");
	}
	return plan_finish(ctx, &form, subscription,
		arena_printf(&ctx->arena, "{\"kind\":\"extension\",\"days\":%d,\"until\":%s}", change->days, time_json(ctx, target)));
}

static struct change_plan cancel_done(struct ctx *ctx, int64_t end_s)
{
	return (struct change_plan){.verdict = CHANGE_DONE,
		.effect = arena_printf(&ctx->arena, "{\"kind\":\"cancel\",\"endsAt\":%s}", time_json(ctx, end_s))};
}

static struct change_plan judge_cancel(struct ctx *ctx, const struct change *change, struct json_object *subscription)
{
	struct change_plan plan = {.verdict = CHANGE_WRITE};
	struct buffer form = {0};
	int64_t end = time_at(subscription, "cancel_at");

	if (is_cancelling(subscription))
		return cancel_done(ctx, end ? end : period_end(subscription));
	stripe_param(&form, "cancel_at_period_end", "true");
	if (change->feedback)
		stripe_param(&form, "cancellation_details[feedback]", change->feedback);
	if (change->comment)
		stripe_param(&form, "cancellation_details[comment]", change->comment);
	plan.form = arena_memdup(&ctx->arena, form.data, form.length);
	buffer_free(&form);
	return plan;
}

/* What forbids any change by us. */
static const char *blocker(struct ctx *ctx, const struct change *change, struct json_object *subscription)
{
	const char *status = json_text(subscription, "status", "unknown");

	if (json_flag(subscription, "livemode", !change->live) != change->live)
		return "the subscription is of the other mode";
	if (strcmp(status, "active") != 0 && strcmp(status, "trialing") != 0)
		return arena_printf(&ctx->arena, "the subscription is %.32s", status);
	if (member(subscription, "schedule"))
		return "a schedule manages the subscription";
	if (member(subscription, "pending_update"))
		return "the subscription has an update that waits for payment";
	if (member(subscription, "pause_collection") && change->kind != CHANGE_PAUSE)
		return "the subscription is paused";
	return NULL;
}

struct change_plan change_judge(struct ctx *ctx, const struct change *change, struct json_object *subscription, const char *sent)
{
	const char *status = json_text(subscription, "status", ""), *reason;

	if (change->kind == CHANGE_CANCEL && strcmp(status, "canceled") == 0 &&
		json_flag(subscription, "livemode", !change->live) == change->live)
		return cancel_done(ctx, time_at(subscription, "ended_at"));
	reason = blocker(ctx, change, subscription);
	if (reason)
		return plan_manual(reason);
	switch (change->kind) {
	case CHANGE_DISCOUNT:
		return judge_discount(ctx, change, subscription, sent);
	case CHANGE_PAUSE:
		return judge_pause(ctx, change, subscription);
	case CHANGE_DOWNGRADE:
		return judge_downgrade(ctx, change, subscription);
	case CHANGE_EXTENSION:
		return judge_extension(ctx, change, subscription, sent);
	case CHANGE_CANCEL:
		break;
	}
	return judge_cancel(ctx, change, subscription);
}

static double percent_off(struct json_object *coupon)
{
	struct json_object *value = member(coupon, "percent_off");

	return value ? json_object_get_double(value) : 0;
}

bool change_coupon_fits(const struct change *change, struct json_object *coupon, const char **reason_out)
{
	*reason_out = NULL;
	if (!json_flag(coupon, "valid", false))
		*reason_out = "the coupon is not valid any more";
	else if (percent_off(coupon) != change->percentage || strcmp(json_text(coupon, "duration", ""), change->duration) != 0 ||
		 (strcmp(change->duration, "repeating") == 0 && json_int(coupon, "duration_in_months", 0) != change->months))
		*reason_out = "the coupon at Stripe differs from the offer";
	return !*reason_out;
}

const char *change_coupon_form(struct ctx *ctx, const struct change *change)
{
	struct buffer form = {0};
	const char *text;

	stripe_param(&form, "id", change->coupon);
	stripe_param_int(&form, "percent_off", change->percentage);
	stripe_param(&form, "duration", change->duration);
	if (strcmp(change->duration, "repeating") == 0)
		stripe_param_int(&form, "duration_in_months", change->months);
	stripe_param(&form, "name", arena_printf(&ctx->arena, "%d%% off", change->percentage));
	text = arena_memdup(&ctx->arena, form.data, form.length);
	buffer_free(&form);
	return text;
}
