#include "retention/condition_parts.h"

#include <string.h>

const struct condition_fact CONDITION_FACTS[] = {
	{"plan", FACT_TEXT, NULL, false},
	{"region", FACT_TEXT, NULL, false},
	{"language", FACT_TEXT, NULL, false},
	{"currency", FACT_TEXT, NULL, false},
	{"segment", FACT_CHOICE, "trial|low|medium|high", false},
	{"status", FACT_CHOICE, "trialing|active|past_due|unpaid|paused|canceled|incomplete|incomplete_expired", false},
	{"interval", FACT_CHOICE, "day|week|month|year", false},
	{"value", FACT_NUMBER, NULL, false},
	{"tenure", FACT_NUMBER, NULL, false},
	{"attempts", FACT_NUMBER, NULL, false},
	{"discounted", FACT_FLAG, NULL, false},
	{"paused", FACT_FLAG, NULL, false},
	{"attribute", FACT_ATTRIBUTE, NULL, false},
	{"answer", FACT_CHOICE, "too_expensive|missing_features|switched_service|unused|customer_service|too_complex|low_quality|other", true},
	{0}};

static const struct { const char *name; enum condition_op op; bool negated; } OPERATORS[] = {
	{"is", OP_IS, false}, {"is_not", OP_IS, true}, {"in", OP_IN, false}, {"not_in", OP_IN, true},
	{"at_least", OP_AT_LEAST, false}, {"below", OP_BELOW, false}, {"exists", OP_EXISTS, false}};

#define ATTRIBUTE "attribute."
#define MICRO 1000000

const char *condition_operators(enum fact_kind kind)
{
	static const char *const operators[] = {
		[FACT_TEXT] = "is|is_not|in|not_in|exists",
		[FACT_CHOICE] = "is|is_not|in|not_in|exists",
		[FACT_NUMBER] = "is|is_not|at_least|below|exists",
		[FACT_FLAG] = "is|is_not",
		[FACT_ATTRIBUTE] = "is|is_not|in|not_in|at_least|below|exists"};

	return operators[kind];
}

/* Whether a list like "a|b|c" holds the text. */
static bool listed(const char *list, const char *text)
{
	size_t length = strlen(text);

	while (*list) {
		size_t item = strcspn(list, "|");

		if (item == length && memcmp(list, text, item) == 0)
			return true;
		list += item + (list[item] == '|');
	}
	return false;
}

static const struct condition_fact *fact_find(const char *name)
{
	bool attribute = strncmp(name, ATTRIBUTE, strlen(ATTRIBUTE)) == 0;

	for (const struct condition_fact *fact = CONDITION_FACTS; fact->name; fact++)
		if (fact->kind == FACT_ATTRIBUTE ? attribute : strcmp(fact->name, name) == 0)
			return fact;
	return NULL;
}

bool decimal_read(const char *text, int64_t *micro_out)
{
	bool negative = *text == '-';
	size_t whole, part = 0; /* digits before and behind the point */
	int64_t micro = 0;

	text += negative;
	whole = strspn(text, "0123456789");
	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	if (whole < 1 || whole > 12 || part > 6 || text[whole + (part ? part + 1 : 0)])
		return false;
	for (size_t i = 0; i < whole; i++)
		micro = micro * 10 + (text[i] - '0');
	for (size_t i = 0; i < 6; i++)
		micro = micro * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
	*micro_out = negative ? -micro : micro;
	return true;
}

const char *scalar_text(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
	case json_type_int:
	case json_type_double:
	case json_type_boolean:
		return json_object_get_string(value);
	default:
		return NULL;
	}
}

enum condition_node condition_node(struct json_object *condition, struct json_object **inner_out)
{
	if (json_object_object_get_ex(condition, "all", inner_out))
		return NODE_ALL;
	if (json_object_object_get_ex(condition, "any", inner_out))
		return NODE_ANY;
	if (json_object_object_get_ex(condition, "not", inner_out))
		return NODE_NOT;
	*inner_out = condition;
	return NODE_COMPARE;
}

void compare_read(struct json_object *condition, struct compare *compare_out)
{
	const char *fact = json_text(condition, "fact", ""), *op = json_text(condition, "op", "");

	*compare_out = (struct compare){.fact = fact_find(fact), .op = OP_COUNT};
	if (compare_out->fact && compare_out->fact->kind == FACT_ATTRIBUTE)
		compare_out->attribute = fact + strlen(ATTRIBUTE);
	for (size_t i = 0; i < sizeof OPERATORS / sizeof *OPERATORS; i++)
		if (strcmp(OPERATORS[i].name, op) == 0) {
			compare_out->op = OPERATORS[i].op;
			compare_out->negated = OPERATORS[i].negated;
		}
	json_object_object_get_ex(condition, "value", &compare_out->value);
}

/* --- check --- */

struct check {
	struct ctx *ctx;
	enum condition_use use;
	int nodes;
};

static enum err check_fail(const struct check *check, const char *field, const char *what)
{
	return fail_field(check->ctx, ERR_INVALID, field, "%s %s", field, what);
}

static const char *below(const struct check *check, const char *field, const char *member)
{
	return arena_printf(&check->ctx->arena, "%s.%s", field, member);
}

static bool text_length_fits(const char *text, size_t bytes, size_t most)
{
	size_t length = utf8_length(text, bytes);

	return length >= 1 && length <= most;
}

static bool has_controls(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static bool name_fits(const char *name)
{
	return !has_controls(name) && text_length_fits(name, strlen(name), CONDITION_NAME);
}

static bool number_fits(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0 &&
	       json_object_get_int64(value) <= CONDITION_NUMBER;
}

static bool string_fits(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       text_length_fits(json_object_get_string(value), (size_t)json_object_get_string_len(value), CONDITION_TEXT);
}

static bool decimal_fits(struct json_object *value)
{
	int64_t micro;

	return scalar_text(value) && decimal_read(scalar_text(value), &micro);
}

bool attribute_fits(struct json_object *value, const char **text_out)
{
	*text_out = scalar_text(value);
	if (json_object_is_type(value, json_type_string))
		return utf8_length(*text_out, strlen(*text_out)) <= CONDITION_TEXT && !has_controls(*text_out);
	return json_object_is_type(value, json_type_boolean) || decimal_fits(value);
}

/* One value, not a list. */
static bool value_fits(const struct compare *compare, struct json_object *value)
{
	bool ordered = compare->op == OP_AT_LEAST || compare->op == OP_BELOW;

	if (compare->op == OP_EXISTS)
		return json_object_is_type(value, json_type_boolean);
	switch (compare->fact->kind) {
	case FACT_TEXT:
		return string_fits(value);
	case FACT_CHOICE:
		return json_object_is_type(value, json_type_string) && listed(compare->fact->choices, json_object_get_string(value));
	case FACT_NUMBER:
		return number_fits(value);
	case FACT_FLAG:
		return json_object_is_type(value, json_type_boolean);
	default:
		if (ordered)
			return decimal_fits(value);
		return json_object_is_type(value, json_type_boolean) || string_fits(value) ||
		       (!json_object_is_type(value, json_type_string) && decimal_fits(value));
	}
}

static enum err compare_check(const struct check *check, struct json_object *condition, const char *field)
{
	const char *fact = json_text(condition, "fact", ""), *op = json_text(condition, "op", "");
	struct compare compare;
	size_t items;

	compare_read(condition, &compare);
	if (!compare.fact)
		return check_fail(check, below(check, field, "fact"), "is not known");
	if (compare.fact->step_only && check->use != CONDITION_STEP)
		return check_fail(check, below(check, field, "fact"), "is known only while a flow runs");
	if (compare.attribute && !name_fits(fact + strlen(ATTRIBUTE)))
		return check_fail(check, below(check, field, "fact"), "has a name of no allowed length, or with control characters");
	if (compare.op == OP_COUNT || !listed(condition_operators(compare.fact->kind), op))
		return check_fail(check, below(check, field, "op"), "is not an operator of this fact");
	if (json_object_object_length(condition) != 3 || !compare.value)
		return check_fail(check, below(check, field, "value"), "is missing, or there is more than fact, op and value");
	if (compare.op != OP_IN && !value_fits(&compare, compare.value))
		return check_fail(check, below(check, field, "value"), "is not allowed for this fact and operator");
	if (compare.op != OP_IN)
		return OK;
	items = json_object_is_type(compare.value, json_type_array) ? json_object_array_length(compare.value) : 0;
	if (items < 1 || items > CONDITION_ITEMS)
		return check_fail(check, below(check, field, "value"), "must be a list of allowed length");
	for (size_t i = 0; i < items; i++)
		if (!value_fits(&compare, json_object_array_get_idx(compare.value, i)))
			return check_fail(check, arena_printf(&check->ctx->arena, "%s.value[%zu]", field, i), "is not allowed for this fact");
	return OK;
}

static enum err node_check(struct check *check, struct json_object *condition, const char *field, int depth)
{
	struct json_object *inner;
	enum condition_node node;
	const char *member;
	size_t items;

	if (!json_object_is_type(condition, json_type_object))
		return check_fail(check, field, "must be an object");
	if (depth > CONDITION_DEPTH)
		return check_fail(check, field, "lies too deep");
	if (++check->nodes > CONDITION_NODES)
		return check_fail(check, field, "is one part too many");
	node = condition_node(condition, &inner);
	if (node == NODE_COMPARE)
		return compare_check(check, condition, field);
	if (json_object_object_length(condition) != 1)
		return check_fail(check, field, "must have one member: all, any or not");
	member = below(check, field, node == NODE_ALL ? "all" : node == NODE_ANY ? "any" : "not");
	if (node == NODE_NOT)
		return node_check(check, inner, member, depth + 1);
	items = json_object_is_type(inner, json_type_array) ? json_object_array_length(inner) : 0;
	if (items < 1 || items > CONDITION_ITEMS)
		return check_fail(check, member, "must be a list of allowed length");
	for (size_t i = 0; i < items; i++)
		TRY(node_check(check, json_object_array_get_idx(inner, i), arena_printf(&check->ctx->arena, "%s[%zu]", member, i), depth + 1));
	return OK;
}

enum err condition_check(struct ctx *ctx, struct json_object *condition, const char *field, enum condition_use use)
{
	struct check check = {ctx, use, 0};

	return node_check(&check, condition, field, 1);
}

/* --- reduce --- */

/* A fact as it is compared: its text (NULL: not known), and its number when it reads as one. */
struct known {
	const char *text;
	bool number;
	int64_t micro;
};

static struct known known_number(int64_t number)
{
	/* Beyond what a condition may name, all are alike. */
	if (number > CONDITION_NUMBER)
		number = CONDITION_NUMBER + 1;
	return (struct known){"", true, (number < 0 ? -1 : number) * MICRO};
}

static struct known known_text(const char *text)
{
	return (struct known){.text = text};
}

static struct known known_attribute(struct json_object *attributes, const char *name)
{
	struct known known = {0};
	struct json_object *value = NULL;

	if (attributes && json_object_object_get_ex(attributes, name, &value))
		known.text = scalar_text(value);
	known.number = known.text && decimal_read(known.text, &known.micro);
	return known;
}

static struct known fact_known(const struct compare *compare, const struct facts *facts)
{
	const char *name = compare->fact->name;
	const struct { const char *name, *text; } texts[] = {{"plan", facts->plan}, {"region", facts->region}, {"language", facts->language},
		{"currency", facts->currency}, {"segment", facts->segment}, {"status", facts->status}, {"interval", facts->interval},
		{"answer", facts->answer}, {"discounted", facts->discounted ? "true" : "false"}, {"paused", facts->paused ? "true" : "false"}};

	if (compare->attribute)
		return known_attribute(facts->attributes, compare->attribute);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strcmp(texts[i].name, name) == 0)
			return known_text(texts[i].text);
	if (strcmp(name, "value") == 0)
		return known_number(facts->value_minor);
	if (strcmp(name, "attempts") == 0)
		return known_number(facts->attempts);
	return facts->tenure_days < 0 ? (struct known){0} : known_number(facts->tenure_days);
}

static bool equals(const struct known *known, struct json_object *value, bool by_text)
{
	const char *text = scalar_text(value);
	int64_t micro;

	if (!known->text || !text)
		return false;
	if (by_text && strcmp(known->text, text) == 0)
		return true;
	return known->number && decimal_read(text, &micro) && micro == known->micro;
}

static bool compare_holds(const struct compare *compare, const struct known *known)
{
	bool by_text = compare->fact->kind != FACT_NUMBER;
	int64_t micro = 0;

	switch (compare->op) {
	case OP_IS:
		return equals(known, compare->value, by_text);
	case OP_IN:
		for (size_t i = 0; i < json_object_array_length(compare->value); i++)
			if (equals(known, json_object_array_get_idx(compare->value, i), by_text))
				return true;
		return false;
	case OP_EXISTS:
		return (known->text != NULL) == json_object_get_boolean(compare->value);
	default:
		if (!known->text || !known->number || !decimal_read(scalar_text(compare->value), &micro))
			return false;
		return compare->op == OP_AT_LEAST ? known->micro >= micro : known->micro < micro;
	}
}

static enum truth truth_of(bool holds)
{
	return holds ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth reduce(struct ctx *ctx, struct json_object *condition, const struct facts *facts, struct json_object **rest_out);

static struct json_object *wrap(struct ctx *ctx, const char *member, struct json_object *inner)
{
	struct json_object *wrapped = json_own(ctx, json_object_new_object());

	json_object_object_add(wrapped, member, json_object_get(inner));
	return wrapped;
}

/* `deciding` ends it: false for all, true for any. */
static enum truth reduce_list(struct ctx *ctx, struct json_object *items, const struct facts *facts, enum truth deciding,
	struct json_object **rest_out)
{
	struct json_object *open = NULL, *rest = NULL;
	size_t count = 0;

	for (size_t i = 0; i < json_object_array_length(items); i++) {
		enum truth truth = reduce(ctx, json_object_array_get_idx(items, i), facts, &rest);

		if (truth == deciding)
			return deciding;
		if (truth != TRUTH_OPEN)
			continue;
		if (!open)
			open = json_own(ctx, json_object_new_array());
		json_object_array_add(open, json_object_get(rest));
		count++;
	}
	if (!count)
		return deciding == TRUTH_FALSE ? TRUTH_TRUE : TRUTH_FALSE;
	*rest_out = count == 1 ? json_object_array_get_idx(open, 0) : wrap(ctx, deciding == TRUTH_FALSE ? "all" : "any", open);
	return TRUTH_OPEN;
}

static enum truth reduce_compare(struct json_object *condition, const struct facts *facts, struct json_object **rest_out)
{
	struct compare compare;
	struct known known;

	compare_read(condition, &compare);
	if (compare.fact->step_only && !facts->answered) {
		*rest_out = condition;
		return TRUTH_OPEN;
	}
	known = fact_known(&compare, facts);
	return truth_of(compare_holds(&compare, &known) != compare.negated);
}

static enum truth reduce(struct ctx *ctx, struct json_object *condition, const struct facts *facts, struct json_object **rest_out)
{
	struct json_object *inner, *rest = NULL;
	enum truth truth;

	switch (condition_node(condition, &inner)) {
	case NODE_ALL:
		return reduce_list(ctx, inner, facts, TRUTH_FALSE, rest_out);
	case NODE_ANY:
		return reduce_list(ctx, inner, facts, TRUTH_TRUE, rest_out);
	case NODE_NOT:
		truth = reduce(ctx, inner, facts, &rest);
		if (truth == TRUTH_OPEN)
			*rest_out = wrap(ctx, "not", rest);
		return truth == TRUTH_OPEN ? TRUTH_OPEN : truth_of(truth == TRUTH_FALSE);
	default:
		return reduce_compare(condition, facts, rest_out);
	}
}

enum truth condition_reduce(struct ctx *ctx, struct json_object *condition, const struct facts *facts, struct json_object **rest_out)
{
	struct json_object *rest = NULL;
	enum truth truth = condition ? reduce(ctx, condition, facts, &rest) : TRUTH_TRUE;

	if (rest_out)
		*rest_out = truth == TRUTH_OPEN ? rest : NULL;
	return truth;
}
