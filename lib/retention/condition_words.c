#include "retention/condition_parts.h"

#include <string.h>

enum language { ENGLISH, GERMAN, LANGUAGE_COUNT };
typedef const char *const words[LANGUAGE_COUNT];

struct named { const char *name; words words; };

static const struct named FACTS[] = {
	{"plan", {"the plan", "der Tarif"}},
	{"region", {"the region", "die Region"}},
	{"language", {"the language", "die Sprache"}},
	{"currency", {"the currency", "die Währung"}},
	{"segment", {"the value segment", "die Wertklasse"}},
	{"status", {"the subscription", "das Abo"}},
	{"interval", {"the billing interval", "der Abrechnungszeitraum"}},
	{"value", {"the monthly value", "der Monatswert"}},
	{"tenure", {"the time as a customer, in days,", "die Zeit als Kunde in Tagen"}},
	{"attempts", {"the number of clicks on Cancel in 30 days", "die Zahl der Klicks auf „Kündigen“ in 30 Tagen"}},
	{"answer", {"the reason", "der Grund"}},
	{NULL, {NULL, NULL}}};

static const struct named VALUES[] = {
	{"segment.trial", {"trial", "Testphase"}}, {"segment.low", {"low", "niedrig"}}, {"segment.medium", {"medium", "mittel"}},
	{"segment.high", {"high", "hoch"}},
	{"status.trialing", {"on trial", "in der Testphase"}}, {"status.active", {"active", "aktiv"}},
	{"status.past_due", {"past due", "überfällig"}}, {"status.unpaid", {"unpaid", "unbezahlt"}},
	{"status.paused", {"paused", "pausiert"}}, {"status.canceled", {"cancelled", "gekündigt"}},
	{"status.incomplete", {"incomplete", "unvollständig"}}, {"status.incomplete_expired", {"never completed", "nie abgeschlossen"}},
	{"interval.day", {"a day", "ein Tag"}}, {"interval.week", {"a week", "eine Woche"}}, {"interval.month", {"a month", "ein Monat"}},
	{"interval.year", {"a year", "ein Jahr"}},
	{"answer.too_expensive", {"too expensive", "zu teuer"}}, {"answer.missing_features", {"missing features", "fehlende Funktionen"}},
	{"answer.switched_service", {"switched to another service", "Wechsel zu einem anderen Dienst"}},
	{"answer.unused", {"not used", "nicht genutzt"}}, {"answer.customer_service", {"customer service", "Kundendienst"}},
	{"answer.too_complex", {"too complex", "zu kompliziert"}}, {"answer.low_quality", {"low quality", "mangelnde Qualität"}},
	{"answer.other", {"another reason", "ein anderer Grund"}},
	{NULL, {NULL, NULL}}};

/* Operators and their negations, between a fact and its value. */
static words OPERATORS[OP_COUNT][2] = {
	[OP_IS] = {{" is ", " ist "}, {" is not ", " ist nicht "}},
	[OP_IN] = {{" is one of ", " ist eines von "}, {" is none of ", " ist keines von "}},
	[OP_AT_LEAST] = {{" is at least ", " ist mindestens "}, {NULL, NULL}},
	[OP_BELOW] = {{" is below ", " ist unter "}, {NULL, NULL}}};

static words KNOWN = {" is known", " ist bekannt"}, UNKNOWN = {" is not known", " ist nicht bekannt"};
static words ATTRIBUTE = {"the attribute ", "das Merkmal "};
static words DISCOUNTED[2] = {{"there is no discount yet", "es gibt noch keinen Rabatt"}, {"there is a discount already", "es gibt schon einen Rabatt"}};
static words PAUSED[2] = {{"the subscription is not paused", "das Abo ist nicht pausiert"}, {"the subscription is paused", "das Abo ist pausiert"}};
static words AND = {" and ", " und "}, OR = {" or ", " oder "}, NOT = {"not (", "nicht ("};
static words OPEN_QUOTE = {"“", "„"}, CLOSE_QUOTE = {"”", "“"};

static const char *word_of(const struct named *list, const char *name, enum language language)
{
	for (; list->name; list++)
		if (strcmp(list->name, name) == 0)
			return list->words[language];
	return NULL;
}

static void quote(const char *text, enum language language, struct buffer *out)
{
	buffer_text(out, OPEN_QUOTE[language]);
	buffer_text(out, text);
	buffer_text(out, CLOSE_QUOTE[language]);
}

static void value_words(const struct compare *compare, struct json_object *value, enum language language, struct buffer *out)
{
	const char *word = NULL;

	if (compare->fact->kind == FACT_CHOICE) {
		struct buffer name = {0};

		buffer_printf(&name, "%s.%s", compare->fact->name, json_object_get_string(value));
		word = word_of(VALUES, name.data, language);
		buffer_free(&name);
	}
	if (word) {
		quote(word, language, out);
	} else if (strcmp(compare->fact->name, "value") == 0) {
		int64_t minor = json_object_get_int64(value);

		/* The major unit with two decimals, as the value segments have it (inventory D.4). */
		buffer_int(out, minor / 100);
		buffer_printf(out, "%c%02d", language == GERMAN ? ',' : '.', (int)(minor % 100));
	} else if (json_object_is_type(value, json_type_string)) {
		quote(json_object_get_string(value), language, out);
	} else {
		buffer_text(out, scalar_text(value));
	}
}

static void fact_words(const struct compare *compare, enum language language, struct buffer *out)
{
	if (!compare->attribute) {
		buffer_text(out, word_of(FACTS, compare->fact->name, language));
		return;
	}
	buffer_text(out, ATTRIBUTE[language]);
	quote(compare->attribute, language, out);
}

static void compare_words(struct json_object *condition, enum language language, struct buffer *out)
{
	struct compare compare;

	compare_read(condition, &compare);
	if (compare.fact->kind == FACT_FLAG) {
		bool holds = json_object_get_boolean(compare.value) != compare.negated;

		buffer_text(out, (strcmp(compare.fact->name, "paused") == 0 ? PAUSED : DISCOUNTED)[holds][language]);
		return;
	}
	fact_words(&compare, language, out);
	if (compare.op == OP_EXISTS) {
		buffer_text(out, (json_object_get_boolean(compare.value) ? KNOWN : UNKNOWN)[language]);
		return;
	}
	buffer_text(out, OPERATORS[compare.op][compare.negated][language]);
	if (compare.op != OP_IN) {
		value_words(&compare, compare.value, language, out);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(compare.value); i++) {
		if (i)
			buffer_text(out, ", ");
		value_words(&compare, json_object_array_get_idx(compare.value, i), language, out);
	}
}

static void node_words(struct json_object *condition, enum language language, bool inside, struct buffer *out)
{
	struct json_object *inner;
	enum condition_node node = condition_node(condition, &inner);
	bool brackets;

	if (node == NODE_COMPARE) {
		compare_words(condition, language, out);
		return;
	}
	if (node == NODE_NOT) {
		buffer_text(out, NOT[language]);
		node_words(inner, language, false, out);
		buffer_char(out, ')');
		return;
	}
	brackets = inside && json_object_array_length(inner) > 1;
	if (brackets)
		buffer_char(out, '(');
	for (size_t i = 0; i < json_object_array_length(inner); i++) {
		if (i)
			buffer_text(out, (node == NODE_ALL ? AND : OR)[language]);
		node_words(json_object_array_get_idx(inner, i), language, json_object_array_length(inner) > 1 || inside, out);
	}
	if (brackets)
		buffer_char(out, ')');
}

void condition_words(struct json_object *condition, const char *language, struct buffer *out)
{
	node_words(condition, strcmp(language, "de") == 0 ? GERMAN : ENGLISH, false, out);
}
