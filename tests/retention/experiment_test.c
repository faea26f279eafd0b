/* Who sees which variant: the documented hash, computed by hand with sha256sum, and the shares. */
#include "tests/retention/cases.h"

#include "base/id.h"
#include "retention/experiment.h"

#include <math.h>
#include <stdio.h>

#define ID "01890a5d-ac96-774b-bcce-b302099a8057"

/* printf 'ID\nREF' | sha256sum: the first 53 bits, through 2^53. */
static void points(void **state)
{
	static const struct { const char *ref; double point; } ROWS[] = {
		{"cus_1", 0.9366392698437715}, {"cus_2", 0.7991146851213139}, {"Zo\xc3\xab", 0.8268620972797858}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_true(experiment_point(ID, ROWS[i].ref) == ROWS[i].point);
}

static void shares(void **state)
{
	static const struct { int weights[EXPERIMENT_VARIANTS], count; double point; int variant; } ROWS[] = {
		{{1, 1}, 2, 0, 0}, {{1, 1}, 2, 0.4999999, 0}, {{1, 1}, 2, 0.5, 1}, {{1, 1}, 2, 0.9999999999999999, 1},
		{{80, 15, 5}, 3, 0.7999, 0}, {{80, 15, 5}, 3, 0.8, 1}, {{80, 15, 5}, 3, 0.9499, 1}, {{80, 15, 5}, 3, 0.95, 2},
		{{1000, 1}, 2, 0.999, 0}, {{1000, 1}, 2, 0.9991, 1},
		{{1, 1, 1, 1, 1, 1, 1, 1}, 8, 0.8749, 6}, {{1, 1, 1, 1, 1, 1, 1, 1}, 8, 0.875, 7}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(experiment_variant(ROWS[i].weights, ROWS[i].count, ROWS[i].point), ROWS[i].variant);
}

/* 100,000 customers: each share within four standard errors, and two experiments divide them independently. */
static void evenness(void **state)
{
	static const int weights[] = {50, 30, 20};
	int seen[3][3] = {{0}}, n = 100000;
	(void)state;

	for (int i = 0; i < n; i++) {
		char ref[32];

		snprintf(ref, sizeof ref, "customer-%d", i);
		seen[experiment_variant(weights, 3, experiment_point(ID, ref))]
			[experiment_variant(weights, 3, experiment_point("01890a5d-ac96-774b-bcce-b302099a8058", ref))]++;
	}
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++) {
			double share = weights[i] * weights[j] / 10000.0;

			assert_true(fabs(seen[i][j] - n * share) < 4 * sqrt(n * share * (1 - share)));
		}
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {cmocka_unit_test(points), cmocka_unit_test(shares), cmocka_unit_test(evenness)};

	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
