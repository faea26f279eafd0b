#include "retention/retention.h"

#include "stripe/stripe.h"

#include <string.h>

/* What a step's config may hold. NUMBER bounds are values; TEXT and ITEMS bounds are characters and items. */
enum config_kind {
	CONFIG_NUMBER,
	CONFIG_TEXT,
	CONFIG_FLAG,
	CONFIG_FALSE,   /* only false: a customer may always leave feedback empty */
	CONFIG_COUPON,  /* a coupon's id at Stripe */
	CONFIG_PRICE,   /* a price's id at Stripe */
	CONFIG_CURRENCY,
	CONFIG_DURATION,
	CONFIG_URL,
	CONFIG_EMAIL,
	CONFIG_MONTHS,  /* distinct numbers of months */
	CONFIG_OPTIONS  /* [{code, text}], distinct codes of Stripe's feedback values */
};

static const struct config_row {
	enum step_type type;
	const char *name;
	enum config_kind kind;
	bool required;
	int64_t least, most;
} CONFIG[] = {
	{STEP_SURVEY, "options", CONFIG_OPTIONS, true, 1, 12},
	{STEP_SURVEY, "allowText", CONFIG_FLAG, false, 0, 0},
	{STEP_DISCOUNT, "percentage", CONFIG_NUMBER, true, 1, 100},
	{STEP_DISCOUNT, "duration", CONFIG_DURATION, true, 0, 0},
	{STEP_DISCOUNT, "months", CONFIG_NUMBER, false, 1, 36},
	{STEP_DISCOUNT, "coupon", CONFIG_COUPON, false, 0, 0},
	{STEP_PAUSE, "months", CONFIG_MONTHS, true, 1, 6},
	{STEP_DOWNGRADE, "plan", CONFIG_TEXT, true, 1, 64},
	{STEP_DOWNGRADE, "price", CONFIG_PRICE, true, 0, 0},
	{STEP_DOWNGRADE, "amountMinor", CONFIG_NUMBER, false, 0, 100000000000},
	{STEP_DOWNGRADE, "currency", CONFIG_CURRENCY, false, 0, 0},
	{STEP_EXTENSION, "days", CONFIG_NUMBER, true, 1, 730},
	{STEP_SUPPORT, "url", CONFIG_URL, false, 0, 0},
	{STEP_SUPPORT, "email", CONFIG_EMAIL, false, 0, 0},
	{STEP_FEEDBACK, "required", CONFIG_FALSE, false, 0, 0},
	{STEP_FEEDBACK, "placeholder", CONFIG_TEXT, false, 1, 200},
};
#define CONFIG_ROWS (sizeof CONFIG / sizeof *CONFIG)

#define PAUSE_MONTHS_MOST 12
#define TITLE_MOST 200
#define MESSAGE_MOST 2000
#define BUTTON_MOST 60
#define OPTION_MOST 200

static const char *const REASONS[] = {"too_expensive", "missing_features", "switched_service", "unused",
	"customer_service", "too_complex", "low_quality", "other", NULL};
static const char *const DURATIONS[] = {"once", "repeating", "forever", NULL};

static bool one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

bool reason_known(const char *code)
{
	return one_of(code, REASONS);
}

/* A string of least to most characters without control characters; line feeds only where `lines`. */
static bool text_fits(struct json_object *value, size_t least, size_t most, bool lines)
{
	const char *text;
	size_t bytes, length;

	if (!json_object_is_type(value, json_type_string))
		return false;
	text = json_object_get_string(value);
	bytes = (size_t)json_object_get_string_len(value);
	for (size_t i = 0; i < bytes; i++)
		if (((unsigned char)text[i] < 0x20 || text[i] == 0x7f) && !(lines && text[i] == '\n'))
			return false;
	length = utf8_length(text, bytes);
	return length >= least && length <= most;
}

static bool number_fits(struct json_object *value, int64_t least, int64_t most)
{
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= least &&
	       json_object_get_int64(value) <= most;
}

static bool currency_fits(const char *text)
{
	return strlen(text) == 3 && strspn(text, "abcdefghijklmnopqrstuvwxyz") == 3;
}

static bool url_fits(const char *text)
{
	size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;

	return scheme && text[scheme] && !strpbrk(text, " \"<>\\^`{|}");
}

static bool email_fits(const char *text)
{
	const char *at = strchr(text, '@');

	return at && at > text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, " \"<>,;");
}

static bool months_fit(struct json_object *value, const struct config_row *row)
{
	size_t count;
	unsigned seen = 0;

	if (!json_object_is_type(value, json_type_array))
		return false;
	count = json_object_array_length(value);
	for (size_t i = 0; i < count; i++) {
		struct json_object *month = json_object_array_get_idx(value, i);

		if (!number_fits(month, 1, PAUSE_MONTHS_MOST) || seen >> json_object_get_int(month) & 1)
			return false;
		seen |= 1u << json_object_get_int(month);
	}
	return (int64_t)count >= row->least && (int64_t)count <= row->most;
}

static bool options_fit(struct json_object *value, const struct config_row *row)
{
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return false;
	count = json_object_array_length(value);
	for (size_t i = 0; i < count; i++) {
		struct json_object *option = json_object_array_get_idx(value, i), *text = NULL;
		const char *code = json_text(option, "code", "");

		if (!json_object_is_type(option, json_type_object) || json_object_object_length(option) != 2 || !reason_known(code) ||
			!json_object_object_get_ex(option, "text", &text) || !text_fits(text, 1, OPTION_MOST, false))
			return false;
		for (size_t before = 0; before < i; before++)
			if (strcmp(json_text(json_object_array_get_idx(value, before), "code", ""), code) == 0)
				return false;
	}
	return (int64_t)count >= row->least && (int64_t)count <= row->most;
}

static bool config_text_fits(struct json_object *value, const struct config_row *row)
{
	const char *text;

	if (!text_fits(value, 1, row->kind == CONFIG_TEXT ? (size_t)row->most : 2000, false))
		return false;
	text = json_object_get_string(value);
	switch (row->kind) {
	case CONFIG_COUPON:
		return stripe_coupon_id(text);
	case CONFIG_PRICE:
		return stripe_id(text, "price_") || stripe_id(text, "plan_");
	case CONFIG_CURRENCY:
		return currency_fits(text);
	case CONFIG_DURATION:
		return one_of(text, DURATIONS);
	case CONFIG_URL:
		return url_fits(text);
	case CONFIG_EMAIL:
		return strlen(text) <= 254 && email_fits(text);
	default:
		return true;
	}
}

static bool config_fits(struct json_object *value, const struct config_row *row)
{
	switch (row->kind) {
	case CONFIG_NUMBER:
		return number_fits(value, row->least, row->most);
	case CONFIG_FLAG:
		return json_object_is_type(value, json_type_boolean);
	case CONFIG_FALSE:
		return json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value);
	case CONFIG_MONTHS:
		return months_fit(value, row);
	case CONFIG_OPTIONS:
		return options_fit(value, row);
	default:
		return config_text_fits(value, row);
	}
}

static enum err step_fail(struct ctx *ctx, int index, const char *path, const char *what)
{
	const char *field = arena_printf(&ctx->arena, "steps[%d]%s%s", index, *path ? "." : "", path);

	return fail_field(ctx, ERR_INVALID, field, "%s %s", field, what);
}

static const struct config_row *config_row(enum step_type type, const char *name)
{
	for (size_t i = 0; i < CONFIG_ROWS; i++)
		if (CONFIG[i].type == type && strcmp(CONFIG[i].name, name) == 0)
			return &CONFIG[i];
	return NULL;
}

/* Rules between members of one config. */
static enum err config_rules(struct ctx *ctx, int index, enum step_type type, struct json_object *config)
{
	bool repeating = strcmp(json_text(config, "duration", ""), "repeating") == 0;
	bool months = json_object_object_get_ex(config, "months", NULL);

	if (type == STEP_DISCOUNT && repeating != months)
		return step_fail(ctx, index, "config.months", "is for a repeating discount, and needed there");
	if (type == STEP_SUPPORT && (!config || json_object_object_length(config) != 1))
		return step_fail(ctx, index, "config", "must hold either url or email");
	return OK;
}

static const char *config_path(struct ctx *ctx, const struct config_row *row)
{
	return arena_printf(&ctx->arena, "config.%s", row->name);
}

static enum err config_check(struct ctx *ctx, int index, enum step_type type, struct json_object *config)
{
	if (config) {
		json_object_object_foreach(config, name, value) {
			const struct config_row *row = config_row(type, name);

			if (!row)
				return step_fail(ctx, index, "config", "holds a member that this type of step does not have");
			if (!config_fits(value, row))
				return step_fail(ctx, index, config_path(ctx, row), "has a value that is not allowed");
		}
	}
	for (size_t i = 0; i < CONFIG_ROWS; i++)
		if (CONFIG[i].type == type && CONFIG[i].required && !(config && json_object_object_get_ex(config, CONFIG[i].name, NULL)))
			return step_fail(ctx, index, config_path(ctx, &CONFIG[i]), "is missing");
	return config_rules(ctx, index, type, config);
}

static enum err text_check(struct ctx *ctx, int index, struct json_object *step, const char *name, bool required, size_t most,
	bool lines)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(step, name, &value))
		return required ? step_fail(ctx, index, name, "is missing") : OK;
	if (!text_fits(value, 1, most, lines))
		return step_fail(ctx, index, name, "must be text of an allowed length without control characters");
	return OK;
}

static enum err step_check(struct ctx *ctx, int index, struct json_object *step, enum step_type *type_out)
{
	static const char *const members[] = {"type", "title", "message", "buttonText", "config", NULL};
	struct json_object *config = NULL;

	if (!json_object_is_type(step, json_type_object))
		return step_fail(ctx, index, "", "must be an object");
	json_object_object_foreach(step, name, value) {
		(void)value;
		if (!one_of(name, members))
			return step_fail(ctx, index, "", "holds a member that is not known");
	}
	if (!step_parse(json_text(step, "type", NULL), type_out))
		return step_fail(ctx, index, "type", "must be one of survey, discount, pause, downgrade, extension, support, feedback, confirm");
	TRY(text_check(ctx, index, step, "title", true, TITLE_MOST, false));
	TRY(text_check(ctx, index, step, "message", true, MESSAGE_MOST, true));
	TRY(text_check(ctx, index, step, "buttonText", false, BUTTON_MOST, false));
	if (json_object_object_get_ex(step, "config", &config) && !json_object_is_type(config, json_type_object))
		return step_fail(ctx, index, "config", "must be an object");
	return config_check(ctx, index, *type_out, config);
}

enum err flow_check(struct ctx *ctx, struct json_object *steps)
{
	int seen[STEP_COUNT] = {0};
	size_t count;

	if (!json_object_is_type(steps, json_type_array))
		return fail_field(ctx, ERR_INVALID, "steps", "steps must be an array");
	count = json_object_array_length(steps);
	if (count < 1 || count > FLOW_STEPS)
		return fail_field(ctx, ERR_INVALID, "steps", "A flow has 1 to %d steps", FLOW_STEPS);
	for (size_t i = 0; i < count; i++) {
		enum step_type type;

		TRY(step_check(ctx, (int)i, json_object_array_get_idx(steps, i), &type));
		if (seen[type]++ && !step_is_offer(type))
			return step_fail(ctx, (int)i, "type", "may occur once");
	}
	return OK;
}

const char *flows_tag(struct ctx *ctx, const char *org_id)
{
	return arena_printf(&ctx->arena, "flow:%s", org_id);
}

void flows_forget(struct ctx *ctx, struct cache *cache, const char *org_id)
{
	if (cache)
		cache_invalidate(ctx, cache, flows_tag(ctx, org_id));
}
