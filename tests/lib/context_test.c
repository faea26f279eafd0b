#include "base/clock.h"
#include "base/context.h"

/* Before cmocka.h, which has a fail() of its own. */
static enum err inner(struct ctx *ctx)
{
	return fail_field(ctx, ERR_INVALID, "plan", "%s is not a plan", "gold");
}

static enum err outer(struct ctx *ctx)
{
	TRY(OK);
	TRY(inner(ctx));
	return OK;
}

static enum err fail_with(struct ctx *ctx, enum err err)
{
	return fail(ctx, err, "%0*d", 1000, 1);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void keeps_the_first_fault(void **state)
{
	struct ctx ctx;

	(void)state;
	ctx_init(&ctx);
	assert_int_equal(outer(&ctx), ERR_INVALID);
	ctx_explain(&ctx, "row %d", 7);
	assert_int_equal(fail_with(&ctx, ERR_INTERNAL), ERR_INTERNAL);
	ctx_explain(&ctx, "and more");
	assert_int_equal(ctx.fault.err, ERR_INVALID);
	assert_string_equal(ctx.fault.detail, "gold is not a plan");
	assert_string_equal(ctx.fault.field, "plan");
	assert_string_equal(ctx.fault.internal, "row 7; and more");
	assert_non_null(strstr(ctx.fault.file, "context_test.c"));
	assert_in_range(ctx.fault.line, 5, 9);
	ctx_forgive(&ctx);
	assert_int_equal(ctx.fault.err, OK);
	assert_string_equal(ctx.fault.internal, "");
	assert_int_equal(fail_with(&ctx, ERR_GONE), ERR_GONE);
	assert_int_equal(ctx.fault.err, ERR_GONE);
	ctx_free(&ctx);
}

static void long_faults_are_cut(void **state)
{
	struct ctx ctx;

	(void)state;
	ctx_init(&ctx);
	fail_with(&ctx, ERR_INTERNAL);
	for (int i = 0; i < 20; i++)
		ctx_explain(&ctx, "%0*d", 100, 1);
	assert_int_equal(strlen(ctx.fault.detail), sizeof ctx.fault.detail - 1);
	assert_int_equal(strlen(ctx.fault.internal), sizeof ctx.fault.internal - 1);
	ctx_free(&ctx);
}

static void count_up(void *handle)
{
	++*(int *)handle;
}

static void reset_begins_anew(void **state)
{
	struct ctx ctx;
	char id[ID_TEXT];
	int released = 0;

	(void)state;
	ctx_init(&ctx);
	assert_true(id_valid(ctx.id));
	memcpy(id, ctx.id, sizeof id);
	arena_defer(&ctx.arena, count_up, &released);
	ctx.deadline_us = 1;
	ctx.queries = ctx.cache_hits = ctx.cache_misses = 3;
	ctx.pool_wait_us = 9;
	ctx.trace[0] = 'x';
	fail_with(&ctx, ERR_GONE);
	ctx_reset(&ctx);
	assert_int_equal(released, 1);
	assert_true(strcmp(ctx.id, id) > 0);
	assert_int_equal(ctx.deadline_us, 0);
	assert_int_equal(ctx.queries + ctx.cache_hits + ctx.cache_misses, 0);
	assert_int_equal(ctx.pool_wait_us, 0);
	assert_string_equal(ctx.trace, "");
	assert_int_equal(ctx.fault.err, OK);
	ctx_free(&ctx);
}

static void knows_what_time_is_left(void **state)
{
	struct ctx ctx;
	int left;

	(void)state;
	ctx_init(&ctx);
	assert_int_equal(ctx_left_ms(&ctx, 250), 250);
	ctx.deadline_us = clock_mono_us() - 5000000;
	assert_int_equal(ctx_left_ms(&ctx, 250), 0);
	ctx.deadline_us = clock_mono_us() + (int64_t)3600 * 1000000;
	assert_int_equal(ctx_left_ms(&ctx, 250), 250);
	left = ctx_left_ms(&ctx, 7200000);
	assert_in_range(left, 1, 3600000);
	ctx_free(&ctx);
}

static void every_error_is_complete(void **state)
{
	(void)state;
	for (int i = OK; i < ERR_COUNT; i++) {
		assert_in_range(error_status(i), 200, 599);
		assert_true(i == OK ? error_status(i) == 200 : error_status(i) >= 400);
		assert_true(*error_title(i) && *error_name(i));
		assert_int_equal(strspn(error_code(i), "abcdefghijklmnopqrstuvwxyz-"), strlen(error_code(i)));
		for (int j = OK; j < i; j++)
			assert_string_not_equal(error_code(i), error_code(j));
	}
	assert_string_equal(error_name(ERR_NOT_FOUND), "ERR_NOT_FOUND");
	assert_int_equal(error_status(ERR_NOT_FOUND), 404);
	assert_int_equal(error_status((enum err)9999), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_first_fault),
		cmocka_unit_test(long_faults_are_cut),
		cmocka_unit_test(reset_begins_anew),
		cmocka_unit_test(knows_what_time_is_left),
		cmocka_unit_test(every_error_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
