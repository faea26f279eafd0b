#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "web/target.h"

#include <string.h>

/* Percentiles must grow, and a goal must be reachable under the maximum; every row names the document it stands on. */
static void rows_make_sense(void **state)
{
	(void)state;
	for (enum latency_class class = CLASS_UNSET + 1; class < CLASS_COUNT; class++) {
		const struct target *target = target_of(class);
		assert_non_null(target->text);
		assert_true(target->goal_ms > 0 && target->max_ms >= target->goal_ms);
		assert_true(target->p50_ms <= target->p95_ms);
		assert_true(target->p95_ms <= target->p99_ms && target->p99_ms <= target->max_ms);
		assert_true(target->objective > 0.9 && target->objective < 1);
		assert_non_null(strstr(target->source, "00"));
		for (enum latency_class other = class + 1; other < CLASS_COUNT; other++)
			assert_string_not_equal(target->text, target_of(other)->text);
	}
}

static void documents_figures(void **state)
{
	(void)state;
	assert_int_equal(target_of(CLASS_WIDGET)->ttfb_ms, 100);
	assert_int_equal(target_of(CLASS_WIDGET)->goal_ms, 250);
	assert_int_equal(target_of(CLASS_AUTH)->p95_ms, 120);
	assert_int_equal(target_of(CLASS_READ)->p50_ms, 80);
	assert_int_equal(target_of(CLASS_LIST_)->p99_ms, 1000);
	assert_int_equal(target_of(CLASS_ANALYTICS)->goal_ms, 400);
	assert_null(target_of(CLASS_UNSET)->text);
	assert_null(target_of(CLASS_COUNT)->text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_make_sense), cmocka_unit_test(documents_figures)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
