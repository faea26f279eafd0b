/* Conditions: what is accepted, how they are judged, what is left for the widget, and their words. */
#include "tests/retention/cases.h"

#include "retention/condition.h"
#include "retention/retention.h"

#include <string.h>

static struct ctx ctx;

static int begin(void **state)
{
	(void)state;
	ctx_init(&ctx);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ctx_free(&ctx);
	return 0;
}

/* Written with ' for ". */
static struct json_object *json(const char *quoted)
{
	char *text = arena_strdup(&ctx.arena, quoted);
	struct json_object *value;

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	if (json_read(&ctx, text, strlen(text), JSON_DEPTH, &value) != OK)
		fail_msg("%s: %s", text, ctx.fault.detail);
	return value;
}

static const char *plain(struct json_object *value)
{
	return value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "";
}

static void names_what_is_wrong(void **state)
{
	static const struct { const char *condition, *field; enum condition_use use; } ROWS[] = {
		{"{'fact':'plan','op':'is','value':'pro'}", NULL, CONDITION_SEGMENT},
		{"{'all':[{'fact':'value','op':'at_least','value':0},{'not':{'any':[{'fact':'status','op':'in','value':['active']}]}}]}", NULL, 0},
		{"{'fact':'answer','op':'is','value':'unused'}", NULL, CONDITION_STEP},
		{"{'fact':'attribute.seats','op':'at_least','value':2.5}", NULL, CONDITION_SEGMENT},
		{"{'fact':'attribute.seats','op':'is','value':true}", NULL, CONDITION_SEGMENT},
		{"{'fact':'attribute.a b','op':'in','value':['x',3,false]}", NULL, CONDITION_SEGMENT},
		{"{'fact':'tenure','op':'exists','value':false}", NULL, CONDITION_SEGMENT},
		{"[]", "when", 0},
		{"{}", "when.fact", 0},
		{"{'fact':'answer','op':'is','value':'unused'}", "when.fact", CONDITION_SEGMENT},
		{"{'fact':'answer','op':'is','value':'bored'}", "when.value", CONDITION_STEP},
		{"{'fact':'Plan','op':'is','value':'pro'}", "when.fact", 0},
		{"{'fact':'attribute','op':'is','value':'pro'}", "when.fact", 0},
		{"{'fact':'attribute.','op':'is','value':'pro'}", "when.fact", 0},
		{"{'fact':'attribute.12345678901234567890123456789012345678901','op':'is','value':'pro'}", "when.fact", 0},
		{"{'fact':'plan','op':'at_least','value':'pro'}", "when.op", 0},
		{"{'fact':'plan','op':'IS','value':'pro'}", "when.op", 0},
		{"{'fact':'paused','op':'exists','value':true}", "when.op", 0},
		{"{'fact':'value','op':'in','value':[1]}", "when.op", 0},
		{"{'fact':'plan','op':'is'}", "when.value", 0},
		{"{'fact':'plan','op':'is','value':'pro','more':1}", "when.value", 0},
		{"{'fact':'plan','op':'is','value':''}", "when.value", 0},
		{"{'fact':'plan','op':'is','value':3}", "when.value", 0},
		{"{'fact':'plan','op':'is','value':null}", "when.value", 0},
		{"{'fact':'plan','op':'in','value':'pro'}", "when.value", 0},
		{"{'fact':'plan','op':'in','value':[]}", "when.value", 0},
		{"{'fact':'plan','op':'in','value':['a',['b']]}", "when.value[1]", 0},
		{"{'fact':'segment','op':'is','value':'big'}", "when.value", 0},
		{"{'fact':'segment','op':'is','value':'trial|low'}", "when.value", 0},
		{"{'fact':'value','op':'below','value':-1}", "when.value", 0},
		{"{'fact':'value','op':'below','value':1000000000000}", "when.value", 0},
		{"{'fact':'value','op':'below','value':1.5}", "when.value", 0},
		{"{'fact':'paused','op':'is','value':'true'}", "when.value", 0},
		{"{'fact':'attribute.seats','op':'below','value':'many'}", "when.value", 0},
		{"{'fact':'attribute.seats','op':'below','value':1.1234567}", "when.value", 0},
		{"{'fact':'attribute.seats','op':'is','value':1e3}", "when.value", 0},
		{"{'all':[]}", "when.all", 0},
		{"{'any':{}}", "when.any", 0},
		{"{'all':[{'fact':'plan','op':'is','value':'a'},{'any':[7]}]}", "when.all[1].any[0]", 0},
		{"{'all':[{'fact':'plan','op':'is','value':'a'}],'any':[{'fact':'plan','op':'is','value':'a'}]}", "when", 0},
		{"{'not':{'not':{'not':{'not':{'fact':'plan','op':'is','value':'a'}}}}}", NULL, 0},
		{"{'not':{'not':{'not':{'not':{'not':{'fact':'plan','op':'is','value':'a'}}}}}}", "when.not.not.not.not.not", 0}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		enum err err = condition_check(&ctx, json(ROWS[i].condition), "when", ROWS[i].use);

		if (err != (ROWS[i].field ? ERR_INVALID : OK) || strcmp(ctx.fault.field, ROWS[i].field ? ROWS[i].field : "") != 0)
			fail_msg("%s: %s at '%s'", ROWS[i].condition, error_name(err), ctx.fault.field);
		ctx_forgive(&ctx);
	}
}

static void is_bounded(void **state)
{
	struct buffer text = {0};
	struct json_object *value;
	(void)state;

	/* 3 lists of 19 are 61 parts with the 4 around them. */
	for (int wide = 18; wide <= 19; wide++) {
		buffer_reset(&text);
		buffer_text(&text, "{\"all\":[");
		for (int list = 0; list < 3; list++) {
			buffer_text(&text, list ? ",{\"any\":[" : "{\"any\":[");
			for (int i = 0; i < wide; i++)
				buffer_printf(&text, "%s{\"fact\":\"value\",\"op\":\"is\",\"value\":%d}", i ? "," : "", i);
			buffer_text(&text, "]}");
		}
		buffer_text(&text, "]}");
		assert_int_equal(json_read(&ctx, text.data, text.length, JSON_DEPTH, &value), OK);
		assert_int_equal(condition_check(&ctx, value, "c", CONDITION_SEGMENT), wide == 18 ? OK : ERR_INVALID);
	}
	assert_string_equal(ctx.fault.field, "c.all[2].any[18]");
	ctx_forgive(&ctx);
	buffer_free(&text);
	assert_string_equal(CONDITION_FACTS[13].name, "answer");
	for (const char *code = CONDITION_FACTS[13].choices; *code;) {
		size_t length = strcspn(code, "|");

		assert_true(reason_known(arena_memdup(&ctx.arena, code, length)));
		code += length + (code[length] == '|');
	}
}

static void judges(void **state)
{
	const struct facts facts = {.plan = "pro", .language = "de", .segment = "medium", .status = "active", .interval = "month",
		.value_minor = 4900, .tenure_days = 30, .attempts = 2, .discounted = true,
		.attributes = json("{'seats':5,'price':'1.50','beta':true,'note':'x','empty':'','none':null,'list':[1]}")};
	static const struct { const char *condition; bool holds; } ROWS[] = {
		{"{'fact':'plan','op':'is','value':'pro'}", true}, {"{'fact':'plan','op':'is','value':'Pro'}", false},
		{"{'fact':'plan','op':'is_not','value':'pro'}", false}, {"{'fact':'plan','op':'in','value':['a','pro']}", true},
		{"{'fact':'plan','op':'not_in','value':['a','pro']}", false}, {"{'fact':'plan','op':'exists','value':true}", true},
		{"{'fact':'region','op':'is','value':'eu'}", false}, {"{'fact':'region','op':'is_not','value':'eu'}", true},
		{"{'fact':'region','op':'not_in','value':['eu']}", true}, {"{'fact':'region','op':'exists','value':false}", true},
		{"{'fact':'value','op':'at_least','value':4900}", true}, {"{'fact':'value','op':'at_least','value':4901}", false},
		{"{'fact':'value','op':'below','value':4901}", true}, {"{'fact':'value','op':'below','value':4900}", false},
		{"{'fact':'value','op':'is','value':4900}", true}, {"{'fact':'tenure','op':'at_least','value':30}", true},
		{"{'fact':'attempts','op':'is','value':2}", true}, {"{'fact':'attempts','op':'is_not','value':2}", false},
		{"{'fact':'discounted','op':'is','value':true}", true}, {"{'fact':'paused','op':'is','value':false}", true},
		{"{'fact':'paused','op':'is_not','value':false}", false},
		{"{'fact':'attribute.seats','op':'is','value':5}", true}, {"{'fact':'attribute.seats','op':'is','value':'5'}", true},
		{"{'fact':'attribute.seats','op':'is','value':5.0}", true}, {"{'fact':'attribute.seats','op':'below','value':5.000001}", true},
		{"{'fact':'attribute.price','op':'is','value':1.5}", true}, {"{'fact':'attribute.price','op':'at_least','value':1.6}", false},
		{"{'fact':'attribute.price','op':'is','value':'1.5'}", true}, {"{'fact':'attribute.beta','op':'is','value':true}", true},
		{"{'fact':'attribute.beta','op':'is','value':'true'}", true}, {"{'fact':'attribute.beta','op':'is','value':false}", false},
		{"{'fact':'attribute.note','op':'at_least','value':0}", false}, {"{'fact':'attribute.note','op':'in','value':[1,'x']}", true},
		{"{'fact':'attribute.empty','op':'exists','value':true}", true}, {"{'fact':'attribute.none','op':'exists','value':true}", false},
		{"{'fact':'attribute.list','op':'exists','value':true}", false}, {"{'fact':'attribute.gone','op':'is_not','value':1}", true},
		{"{'not':{'fact':'plan','op':'is','value':'pro'}}", false},
		{"{'all':[{'fact':'plan','op':'is','value':'pro'},{'fact':'language','op':'is','value':'en'}]}", false},
		{"{'any':[{'fact':'plan','op':'is','value':'x'},{'fact':'language','op':'is','value':'de'}]}", true}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *condition = json(ROWS[i].condition);

		assert_int_equal(condition_check(&ctx, condition, "c", CONDITION_STEP), OK);
		if (condition_reduce(&ctx, condition, &facts, NULL) != (ROWS[i].holds ? TRUTH_TRUE : TRUTH_FALSE))
			fail_msg("%s", ROWS[i].condition);
	}
	assert_int_equal(condition_reduce(&ctx, NULL, &facts, NULL), TRUTH_TRUE);
	/* Nothing known at all. */
	assert_int_equal(condition_reduce(&ctx, json("{'fact':'tenure','op':'below','value':9}"), &(struct facts){.tenure_days = -1}, NULL),
		TRUTH_FALSE);
	assert_int_equal(condition_reduce(&ctx, json("{'fact':'value','op':'at_least','value':999999999999}"),
		&(struct facts){.value_minor = INT64_MAX}, NULL), TRUTH_TRUE);
	assert_int_equal(condition_reduce(&ctx, json("{'fact':'value','op':'is','value':999999999999}"),
		&(struct facts){.value_minor = INT64_MAX}, NULL), TRUTH_FALSE);
}

#define UNUSED "{'fact':'answer','op':'is','value':'unused'}"
#define PRO "{'fact':'plan','op':'is','value':'pro'}"
#define OTHER "{'fact':'plan','op':'is','value':'other'}"

static void leaves_what_depends_on_the_answer(void **state)
{
	static const struct { const char *condition; enum truth truth; const char *rest; } ROWS[] = {
		{UNUSED, TRUTH_OPEN, UNUSED},
		{"{'all':[" PRO "," UNUSED "]}", TRUTH_OPEN, UNUSED},
		{"{'all':[" OTHER "," UNUSED "]}", TRUTH_FALSE, ""},
		{"{'all':[" UNUSED "," OTHER "]}", TRUTH_FALSE, ""},
		{"{'any':[" UNUSED "," PRO "]}", TRUTH_TRUE, ""},
		{"{'any':[" UNUSED "," OTHER "]}", TRUTH_OPEN, UNUSED},
		{"{'not':" UNUSED "}", TRUTH_OPEN, "{'not':" UNUSED "}"},
		{"{'any':[" UNUSED "," OTHER ",{'not':" UNUSED "}]}", TRUTH_OPEN, "{'any':[" UNUSED ",{'not':" UNUSED "}]}"},
		{"{'all':[{'any':[" UNUSED "," PRO "]},{'all':[" PRO "]}]}", TRUTH_TRUE, ""}};
	struct facts facts = {.plan = "pro"};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *condition = json(ROWS[i].condition), *rest;

		facts.answered = false;
		assert_int_equal(condition_reduce(&ctx, condition, &facts, &rest), ROWS[i].truth);
		assert_string_equal(plain(rest), *ROWS[i].rest ? plain(json(ROWS[i].rest)) : "");
		/* What is left judges an answer as the whole would. */
		facts.answered = true;
		for (int answer = 0; answer < 3 && rest; answer++) {
			facts.answer = (const char *const[]){NULL, "unused", "other"}[answer];
			assert_int_equal(condition_reduce(&ctx, rest, &facts, NULL), condition_reduce(&ctx, condition, &facts, NULL));
		}
	}
}

static void speaks(void **state)
{
	static const struct { const char *condition, *english, *german; } ROWS[] = {
		{PRO, "the plan is “pro”", "der Tarif ist „pro“"},
		{"{'all':[{'fact':'value','op':'at_least','value':4905},{'any':[{'fact':'segment','op':'in','value':['low','high']},"
			"{'fact':'discounted','op':'is_not','value':true}]},{'not':{'fact':'attribute.seats','op':'below','value':5}}]}",
			"the monthly value is at least 49.05 and (the value segment is one of “low”, “high” or there is no discount yet) and "
			"not (the attribute “seats” is below 5)",
			"der Monatswert ist mindestens 49,05 und (die Wertklasse ist eines von „niedrig“, „hoch“ oder es gibt noch keinen Rabatt) und "
			"nicht (das Merkmal „seats“ ist unter 5)"},
		{"{'any':[{'fact':'region','op':'exists','value':false},{'fact':'answer','op':'is_not','value':'unused'}]}",
			"the region is not known or the reason is not “not used”", "die Region ist nicht bekannt oder der Grund ist nicht „nicht genutzt“"}};
	struct buffer text = {0};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		for (int german = 0; german < 2; german++) {
			buffer_reset(&text);
			condition_words(json(ROWS[i].condition), german ? "de" : "fr", &text);
			assert_string_equal(text.data, german ? ROWS[i].german : ROWS[i].english);
		}
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names_what_is_wrong), cmocka_unit_test(is_bounded), cmocka_unit_test(judges),
		cmocka_unit_test(leaves_what_depends_on_the_answer), cmocka_unit_test(speaks)};

	return cmocka_run_group_tests(tests, begin, end);
}
