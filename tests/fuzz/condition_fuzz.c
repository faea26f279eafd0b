/* Conditions from outside: what is accepted can be judged, said and asked of PostgreSQL; what is left of it is a condition that judges
 * each answer as the whole does. */
#include "retention/condition.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct ctx *ctx, struct json_object *condition)
{
	struct facts facts = {.plan = "pro", .status = "active", .value_minor = 4900, .tenure_days = 3, .attempts = 1, .paused = true,
		.attributes = condition};
	struct json_object *rest, *none;
	enum truth truth = condition_reduce(ctx, condition, &facts, &rest);

	if ((truth == TRUTH_OPEN) != (rest != NULL) || (rest && condition_check(ctx, rest, "rest", CONDITION_STEP) != OK))
		abort();
	facts.answered = true;
	for (int i = 0; i < 3; i++) {
		facts.answer = (const char *const[]){NULL, "unused", "other"}[i];
		enum truth whole = condition_reduce(ctx, condition, &facts, &none);

		if (whole == TRUTH_OPEN || none || whole != (rest ? condition_reduce(ctx, rest, &facts, NULL) : truth))
			abort();
	}
}

static void write(struct ctx *ctx, struct json_object *condition)
{
	struct condition_sql sql;
	struct buffer words = {0};

	condition_sql(ctx, condition, "01900000-0000-7000-8000-000000000001", true, &sql);
	if (sql.count < 2 || sql.count > CONDITION_PARAMS || !utf8_valid(sql.text, strlen(sql.text)))
		abort();
	condition_words(condition, "en", &words);
	condition_words(condition, "de", &words);
	if (!words.length || !utf8_valid(words.data, words.length))
		abort();
	buffer_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *condition;
	struct ctx ctx;

	ctx_init(&ctx);
	if (json_read(&ctx, (const char *)data, size, JSON_DEPTH, &condition) == OK) {
		enum err step = condition_check(&ctx, condition, "when", CONDITION_STEP);

		if (step == OK) {
			judge(&ctx, condition);
			if (condition_check(&ctx, condition, "when", CONDITION_SEGMENT) == OK)
				write(&ctx, condition);
		} else if (step != ERR_INVALID || strncmp(ctx.fault.field, "when", 4) != 0) {
			abort();
		}
	}
	ctx_free(&ctx);
	return 0;
}
