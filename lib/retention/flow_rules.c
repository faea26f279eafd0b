#include "retention/flow_parts.h"

#include "retention/condition.h"
#include "stripe/stripe.h"

#include <string.h>

const struct config_row FLOW_CONFIG[] = {
	{STEP_SURVEY, "options", CONFIG_OPTIONS, NEED_REQUIRED, 1, 12},
	{STEP_SURVEY, "allowText", CONFIG_FLAG, NEED_NOT, 0, 0},
	{STEP_DISCOUNT, "percentage", CONFIG_NUMBER, NEED_REQUIRED, 1, 100},
	{STEP_DISCOUNT, "duration", CONFIG_DURATION, NEED_REQUIRED, 0, 0},
	{STEP_DISCOUNT, "months", CONFIG_NUMBER, NEED_NOT, 1, 36},
	{STEP_DISCOUNT, "coupon", CONFIG_COUPON, NEED_NOT, 0, 0},
	{STEP_PAUSE, "months", CONFIG_MONTHS, NEED_REQUIRED, 1, 6},
	{STEP_DOWNGRADE, "plan", CONFIG_TEXT, NEED_WISHED, 1, 64},
	{STEP_DOWNGRADE, "price", CONFIG_PRICE, NEED_WISHED, 0, 0},
	{STEP_DOWNGRADE, "amountMinor", CONFIG_NUMBER, NEED_NOT, 0, 100000000000},
	{STEP_DOWNGRADE, "currency", CONFIG_CURRENCY, NEED_NOT, 0, 0},
	{STEP_EXTENSION, "days", CONFIG_NUMBER, NEED_REQUIRED, 1, 730},
	{STEP_SUPPORT, "url", CONFIG_URL, NEED_NOT, 0, 0},
	{STEP_SUPPORT, "email", CONFIG_EMAIL, NEED_NOT, 0, 0},
	{STEP_FEEDBACK, "required", CONFIG_FALSE, NEED_NOT, 0, 0},
	{STEP_FEEDBACK, "placeholder", CONFIG_TEXT, NEED_NOT, 1, 200},
	{0, NULL, 0, 0, 0, 0},
};

const struct flow_text FLOW_TEXTS[TEXT_COUNT] = {
	{"title", 200, false}, {"message", 2000, true}, {"buttonText", 60, false}, {"placeholder", 200, false}};

#define PAUSE_MONTHS_MOST 12
#define VALUE_TEXT_MOST 2000

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

const struct config_row *flow_config_row(enum step_type type, const char *name)
{
	for (const struct config_row *row = FLOW_CONFIG; row->name; row++)
		if (row->type == type && strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

struct json_object *json_object_at(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, name, &value) &&
		json_object_is_type(value, json_type_object) ? value : NULL;
}

struct json_object *json_array_at(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, name, &value) &&
		json_object_is_type(value, json_type_array) ? value : NULL;
}

/* --- values --- */

static bool controls(const char *text, size_t bytes, bool lines)
{
	for (size_t i = 0; i < bytes; i++)
		if (((unsigned char)text[i] < 0x20 || text[i] == 0x7f) && !(lines && text[i] == '\n'))
			return true;
	return false;
}

/* A string without control characters. */
static bool text_has_form(struct json_object *value, bool lines)
{
	return json_object_is_type(value, json_type_string) &&
	       !controls(json_object_get_string(value), (size_t)json_object_get_string_len(value), lines);
}

void text_review(struct issues *issues, int step, const char *name, struct json_object *value, int64_t most, bool lines)
{
	const char *text;

	if (!text_has_form(value, lines)) {
		issue_add(issues, ISSUE_FORM, step, name, "form", "must be a text without control characters");
		return;
	}
	text = json_object_get_string(value);
	if (text[strspn(text, " \n")] == '\0')
		issue_add(issues, ISSUE_ERROR, step, name, "missing", "is empty");
	else if ((int64_t)utf8_length(text, (size_t)json_object_get_string_len(value)) > most)
		json_object_object_add(issue_add(issues, ISSUE_ERROR, step, name, "length", "may have at most %lld characters", (long long)most),
			"most", json_object_new_int64(most));
}

void number_review(struct issues *issues, int step, const char *name, struct json_object *value, int64_t least, int64_t most)
{
	struct json_object *issue;

	if (!json_object_is_type(value, json_type_int)) {
		issue_add(issues, ISSUE_FORM, step, name, "form", "must be a whole number");
		return;
	}
	if (json_object_get_int64(value) >= least && json_object_get_int64(value) <= most)
		return;
	issue = issue_add(issues, ISSUE_ERROR, step, name, "number", "must be a whole number from %lld to %lld", (long long)least,
		(long long)most);
	json_object_object_add(issue, "least", json_object_new_int64(least));
	json_object_object_add(issue, "most", json_object_new_int64(most));
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

	return strlen(text) <= 254 && at && at > text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, " \"<>,;");
}

/* What a text of this kind must be, or NULL when it is. */
static const char *text_fault(enum config_kind kind, const char *text)
{
	switch (kind) {
	case CONFIG_COUPON:
		return stripe_coupon_id(text) ? NULL : "is no coupon's id at Stripe";
	case CONFIG_PRICE:
		return stripe_id(text, "price_") || stripe_id(text, "plan_") ? NULL : "is no price's id at Stripe (price_…)";
	case CONFIG_CURRENCY:
		return currency_fits(text) ? NULL : "must be three lower-case letters";
	case CONFIG_DURATION:
		return one_of(text, DURATIONS) ? NULL : "must be one of once, repeating, forever";
	case CONFIG_URL:
		return url_fits(text) ? NULL : "must be an http or https address";
	case CONFIG_EMAIL:
		return email_fits(text) ? NULL : "must be an e-mail address";
	default:
		return NULL;
	}
}

static void config_text_review(struct issues *issues, int step, const char *name, struct json_object *value, const struct config_row *row)
{
	const char *fault;

	text_review(issues, step, name, value, row->kind == CONFIG_TEXT ? row->most : VALUE_TEXT_MOST, false);
	fault = text_has_form(value, false) ? text_fault(row->kind, json_object_get_string(value)) : NULL;
	if (fault)
		issue_add(issues, ISSUE_ERROR, step, name, "value", "%s", fault);
}

static void flag_review(struct issues *issues, int step, const char *name, struct json_object *value, const struct config_row *row)
{
	if (!json_object_is_type(value, json_type_boolean))
		issue_add(issues, ISSUE_FORM, step, name, "form", "must be true or false");
	else if (row->kind == CONFIG_FALSE && json_object_get_boolean(value))
		issue_add(issues, ISSUE_ERROR, step, name, "value", "must be false: nobody has to say anything in order to cancel");
}

static void months_review(struct issues *issues, int step, const char *name, struct json_object *value, const struct config_row *row)
{
	size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
	bool fits = (int64_t)count >= row->least && (int64_t)count <= row->most;
	unsigned seen = 0;

	if (!json_object_is_type(value, json_type_array))
		issue_add(issues, ISSUE_FORM, step, name, "form", "must be a list of whole numbers");
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		int64_t month = json_object_is_type(item, json_type_int) ? json_object_get_int64(item) : 0;

		if (!json_object_is_type(item, json_type_int)) {
			issue_add(issues, ISSUE_FORM, step, name, "form", "must be a list of whole numbers");
			return;
		}
		if (month < 1 || month > PAUSE_MONTHS_MOST || seen >> month & 1)
			fits = false;
		else
			seen |= 1u << month;
	}
	if (json_object_is_type(value, json_type_array) && !fits)
		issue_add(issues, ISSUE_ERROR, step, name, "value", "must hold 1 to %lld different numbers of months, each from 1 to %d",
			(long long)row->most, PAUSE_MONTHS_MOST);
}

static bool code_has_form(const char *code)
{
	size_t length = strlen(code);

	return length >= 1 && length <= OPTION_CODE_MOST && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static void option_review(struct issues *issues, int step, const char *name, struct json_object *options, size_t at)
{
	struct json_object *option = json_object_array_get_idx(options, at), *text = NULL;
	const char *code = json_text(option, "code", "");
	struct ctx *ctx = issues->ctx;

	name = arena_printf(&ctx->arena, "%s[%zu]", name, at);
	json_object_object_get_ex(option, "text", &text);
	if (!json_object_is_type(option, json_type_object) || !code_has_form(code) || json_object_object_length(option) != 1 + (text ? 1 : 0)) {
		issue_add(issues, ISSUE_FORM, step, name, "form", "must hold a code and its text");
		return;
	}
	if (text)
		text_review(issues, step, arena_printf(&ctx->arena, "%s.text", name), text, OPTION_TEXT_MOST, false);
	else
		issue_add(issues, ISSUE_ERROR, step, arena_printf(&ctx->arena, "%s.text", name), "missing", "is missing");
	name = arena_printf(&ctx->arena, "%s.code", name);
	if (!reason_known(code))
		issue_add(issues, ISSUE_ERROR, step, name, "value", "must be one of too_expensive, missing_features, switched_service, unused, "
			"customer_service, too_complex, low_quality, other");
	for (size_t before = 0; before < at; before++)
		if (strcmp(json_text(json_object_array_get_idx(options, before), "code", ""), code) == 0) {
			issue_add(issues, ISSUE_ERROR, step, name, "once", "stands there twice");
			return;
		}
}

static void options_review(struct issues *issues, int step, const char *name, struct json_object *value, const struct config_row *row)
{
	size_t count = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;

	if (!json_object_is_type(value, json_type_array) || (int64_t)count > row->most)
		issue_add(issues, ISSUE_FORM, step, name, "form", "must be a list of at most %lld options", (long long)row->most);
	else
		for (size_t i = 0; i < count; i++)
			option_review(issues, step, name, value, i);
}

static void config_value_review(struct issues *issues, int step, const struct config_row *row, struct json_object *value)
{
	const char *name = arena_printf(&issues->ctx->arena, "config.%s", row->name);

	switch (row->kind) {
	case CONFIG_NUMBER:
		number_review(issues, step, name, value, row->least, row->most);
		break;
	case CONFIG_FLAG:
	case CONFIG_FALSE:
		flag_review(issues, step, name, value, row);
		break;
	case CONFIG_MONTHS:
		months_review(issues, step, name, value, row);
		break;
	case CONFIG_OPTIONS:
		options_review(issues, step, name, value, row);
		break;
	default:
		config_text_review(issues, step, name, value, row);
	}
}

/* --- a step --- */

/* Rules between members of one config. */
static void config_rules(struct issues *issues, int step, enum step_type type, struct json_object *config)
{
	bool repeating = strcmp(json_text(config, "duration", ""), "repeating") == 0;
	bool months = config && json_object_object_get_ex(config, "months", NULL);
	bool url = config && json_object_object_get_ex(config, "url", NULL), email = config && json_object_object_get_ex(config, "email", NULL);

	if (type == STEP_DISCOUNT && repeating && !months)
		issue_add(issues, ISSUE_ERROR, step, "config.months", "missing", "is missing: for how many months");
	if (type == STEP_DISCOUNT && !repeating && months)
		issue_add(issues, ISSUE_ERROR, step, "config.months", "value", "is for a repeating discount only");
	if (type == STEP_SUPPORT && url && email)
		issue_add(issues, ISSUE_ERROR, step, "config", "several", "may hold url or email, not both");
	if (type == STEP_SUPPORT && !url && !email)
		issue_add(issues, ISSUE_ERROR, step, "config", "missing", "must hold url or email");
}

static void config_review(struct issues *issues, int step, enum step_type type, struct json_object *config)
{
	if (config) {
		json_object_object_foreach(config, name, value) {
			const struct config_row *row = flow_config_row(type, name);

			if (row)
				config_value_review(issues, step, row, value);
			else
				issue_add(issues, ISSUE_FORM, step, "config", "form", "holds \"%.40s\", which a step of this type does not have", name);
		}
	}
	for (const struct config_row *row = FLOW_CONFIG; row->name; row++)
		if (row->type == type && row->need && !(config && json_object_object_get_ex(config, row->name, NULL)))
			issue_add(issues, row->need == NEED_WISHED ? ISSUE_WARNING : ISSUE_ERROR, step,
				arena_printf(&issues->ctx->arena, "config.%s", row->name), "missing",
				row->need == NEED_WISHED ? "is missing: a person will have to carry it out" : "is missing");
	config_rules(issues, step, type, config);
}

bool condition_asks_answer(struct json_object *condition)
{
	static const char *const groups[] = {"all", "any"};

	for (size_t i = 0; i < 2; i++) {
		struct json_object *members = json_array_at(condition, groups[i]);

		for (size_t at = 0; members && at < json_object_array_length(members); at++)
			if (condition_asks_answer(json_object_array_get_idx(members, at)))
				return true;
	}
	if (json_object_at(condition, "not"))
		return condition_asks_answer(json_object_at(condition, "not"));
	return strcmp(json_text(condition, "fact", ""), "answer") == 0;
}

/* Of a condition only what is about the answer; the rest is open. */
static enum truth answer_judge(struct ctx *ctx, struct json_object *when, const struct facts *facts)
{
	struct json_object *members = json_array_at(when, "all"), *other = json_object_at(when, "not");
	bool all = members, open = false;

	if (other) {
		enum truth truth = answer_judge(ctx, other, facts);

		return truth == TRUTH_OPEN ? truth : truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
	}
	if (!all)
		members = json_array_at(when, "any");
	if (!members)
		return strcmp(json_text(when, "fact", ""), "answer") == 0 ? condition_reduce(ctx, when, facts, NULL) : TRUTH_OPEN;
	for (size_t i = 0; i < json_object_array_length(members); i++) {
		enum truth truth = answer_judge(ctx, json_object_array_get_idx(members, i), facts);

		if (truth == (all ? TRUTH_FALSE : TRUTH_TRUE))
			return truth;
		open |= truth == TRUTH_OPEN;
	}
	return open ? TRUTH_OPEN : all ? TRUTH_TRUE : TRUTH_FALSE;
}

bool flow_step_fits(struct ctx *ctx, struct json_object *step, const char *answer)
{
	const struct facts facts = {.answered = true, .answer = answer};
	struct json_object *when = json_object_at(step, "when");

	return !when || answer_judge(ctx, when, &facts) != TRUTH_FALSE;
}

static void when_review(struct issues *issues, int step, enum step_type type, struct json_object *when)
{
	struct ctx *ctx = issues->ctx;

	if (!json_object_is_type(when, json_type_object))
		issue_add(issues, ISSUE_FORM, step, "when", "form", "must be an object");
	else if (type == STEP_CONFIRM)
		issue_add(issues, ISSUE_ERROR, step, "when", "condition", "cannot be: whoever wants to cancel always can");
	else if (condition_check(ctx, when, "when", CONDITION_STEP) != OK) {
		const char *field = arena_strdup(&ctx->arena, ctx->fault.field), *detail = arena_strdup(&ctx->arena, ctx->fault.detail);
		size_t length = strlen(field);

		/* The detail begins with the field, as an issue's message does by itself. */
		if (length && strncmp(detail, field, length) == 0 && detail[length] == ' ')
			detail += length + 1;
		ctx_forgive(ctx);
		issue_add(issues, ISSUE_ERROR, step, length ? field : "when", "condition", "%s", detail);
	} else if (type == STEP_SURVEY && condition_asks_answer(when))
		issue_add(issues, ISSUE_ERROR, step, "when", "condition", "cannot ask for the answer that this step is to get");
}

static void texts_review(struct issues *issues, int index, struct json_object *step)
{
	for (int i = 0; i < TEXT_PLACEHOLDER; i++) {
		struct json_object *value = NULL;

		if (json_object_object_get_ex(step, FLOW_TEXTS[i].name, &value))
			text_review(issues, index, FLOW_TEXTS[i].name, value, FLOW_TEXTS[i].most, FLOW_TEXTS[i].lines);
		else if (i != TEXT_BUTTON)
			issue_add(issues, ISSUE_ERROR, index, FLOW_TEXTS[i].name, "missing", "is missing");
	}
}

static void options_translated(struct issues *issues, int index, const char *path, struct json_object *options)
{
	json_object_object_foreach(options, code, text)
		if (code_has_form(code))
			text_review(issues, index, arena_printf(&issues->ctx->arena, "%s.%s", path, code), text, OPTION_TEXT_MOST, false);
		else
			issue_add(issues, ISSUE_FORM, index, path, "form", "must hold texts by the options' codes");
}

static void translation_review(struct issues *issues, int index, const char *path, struct json_object *texts)
{
	json_object_object_foreach(texts, name, value) {
		const char *field = arena_printf(&issues->ctx->arena, "%s.%.40s", path, name);
		int at = 0;

		while (at < TEXT_COUNT && strcmp(FLOW_TEXTS[at].name, name))
			at++;
		if (at < TEXT_COUNT)
			text_review(issues, index, field, value, FLOW_TEXTS[at].most, FLOW_TEXTS[at].lines);
		else if (strcmp(name, "options") == 0 && json_object_is_type(value, json_type_object))
			options_translated(issues, index, field, value);
		else
			issue_add(issues, ISSUE_FORM, index, path, "form", "holds \"%.40s\", which is no text of a step", name);
	}
}

static void translations_review(struct issues *issues, int index, struct json_object *translations)
{
	if (!json_object_is_type(translations, json_type_object)) {
		issue_add(issues, ISSUE_FORM, index, "translations", "form", "must be an object");
		return;
	}
	json_object_object_foreach(translations, language, texts) {
		const char *path = arena_printf(&issues->ctx->arena, "translations.%.8s", language);

		if (strlen(language) != 2 || strspn(language, "abcdefghijklmnopqrstuvwxyz") != 2 || !json_object_is_type(texts, json_type_object))
			issue_add(issues, ISSUE_FORM, index, "translations", "form", "must hold objects by languages of two lower-case letters");
		else
			translation_review(issues, index, path, texts);
	}
}

enum step_type step_review(struct issues *issues, int index, struct json_object *step)
{
	static const char *const members[] = {"type", "title", "message", "buttonText", "config", "when", "translations", NULL};
	struct json_object *config = NULL, *value = NULL;
	enum step_type type;

	if (!json_object_is_type(step, json_type_object)) {
		issue_add(issues, ISSUE_FORM, index, "", "form", "must be an object");
		return STEP_COUNT;
	}
	json_object_object_foreach(step, name, member) {
		(void)member;
		if (!one_of(name, members))
			issue_add(issues, ISSUE_FORM, index, "", "form", "holds \"%.40s\", which is not known", name);
	}
	if (!step_parse(json_text(step, "type", NULL), &type)) {
		issue_add(issues, ISSUE_FORM, index, "type", "form",
			"must be one of survey, discount, pause, downgrade, extension, support, feedback, confirm");
		return STEP_COUNT;
	}
	texts_review(issues, index, step);
	if (json_object_object_get_ex(step, "config", &config) && !json_object_is_type(config, json_type_object))
		issue_add(issues, ISSUE_FORM, index, "config", "form", "must be an object");
	else
		config_review(issues, index, type, config);
	if (json_object_object_get_ex(step, "when", &value))
		when_review(issues, index, type, value);
	if (json_object_object_get_ex(step, "translations", &value))
		translations_review(issues, index, value);
	return type;
}
