/* Thompson sampling by simulation with fixed seeds: it finds the best offer, never gives one up, and says what it does. */
#include "tests/retention/cases.h"

#include "retention/adaptive.h"

#include <math.h>
#include <string.h>

#define ROUNDS 6000

/* splitmix64 (Steele, Lea, Flood 2014): the simulated customers. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static bool happens(uint64_t *state, double chance)
{
	return (double)(next(state) >> 11) / 9007199254740992.0 < chance;
}

static const enum step_type TYPES[] = {STEP_DISCOUNT, STEP_PAUSE, STEP_DOWNGRADE, STEP_SUPPORT};
#define COUNT 4

struct run { int first[COUNT]; struct offer_count counts[STEP_COUNT]; };

/* Customers who take each type with its chance, are shown one after another until they take one; counted as they come. */
static struct run simulate(const double chances[COUNT], int floor, uint64_t seed, int rounds, int counted_from)
{
	struct run run = {0};

	for (int round = 0; round < rounds; round++) {
		int order[FLOW_STEPS];

		adaptive_order(run.counts, TYPES, COUNT, floor, next(&seed), order);
		run.first[order[0]] += round >= counted_from;
		for (int i = 0; i < COUNT; i++) {
			bool accepted = happens(&seed, chances[order[i]]);

			run.counts[TYPES[order[i]]].shown++;
			run.counts[TYPES[order[i]]].accepted += accepted;
			if (accepted)
				break;
		}
	}
	return run;
}

static void finds_the_best(void **state)
{
	static const double CHANCES[][COUNT] = {{0.30, 0.20, 0.10, 0.05}, {0.05, 0.10, 0.20, 0.30}, {0.02, 0.08, 0.03, 0.02}};
	static const int BEST[] = {0, 3, 1};
	(void)state;

	for (size_t row = 0; row < sizeof BEST / sizeof *BEST; row++)
		for (uint64_t seed = 1; seed <= 3; seed++) {
			struct run run = simulate(CHANCES[row], 10, seed, ROUNDS, ROUNDS / 2);

			/* All but the floor's part: 90 % and a quarter of 10 %. */
			if (run.first[BEST[row]] < 0.85 * ROUNDS / 2)
				fail_msg("row %zu seed %d: the best came first in %d of %d", row, (int)seed, run.first[BEST[row]], ROUNDS / 2);
		}
}

static void keeps_the_floor(void **state)
{
	/* One is certain, the others never: but for the floor nobody would see them again. 5 standard deviations of a binomial. */
	static const double chances[COUNT] = {1, 0, 0, 0};
	static const int FLOORS[] = {1, 10, 50};
	(void)state;

	for (size_t row = 0; row < sizeof FLOORS / sizeof *FLOORS; row++) {
		struct run run = simulate(chances, FLOORS[row], 7, ROUNDS, 0);
		double share = FLOORS[row] / 100.0 / COUNT, expected = share * ROUNDS, slack = 5 * sqrt(ROUNDS * share * (1 - share));

		for (int i = 1; i < COUNT; i++)
			if (run.first[i] < expected - slack || (FLOORS[row] > 1 && run.first[i] > expected + slack + 20))
				fail_msg("floor %d: %d came first %d times, not about %g", FLOORS[row], i, run.first[i], expected);
	}
}

static void is_a_permutation_of_its_seed(void **state)
{
	static const enum step_type twice[] = {STEP_DISCOUNT, STEP_DISCOUNT, STEP_PAUSE};
	struct offer_count counts[STEP_COUNT] = {[STEP_DISCOUNT] = {10, 5}, [STEP_PAUSE] = {3, 9}}; /* more accepted than shown: odd, and no harm */
	int order[FLOW_STEPS], again[FLOW_STEPS], seen = 0;
	(void)state;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		adaptive_order(counts, twice, 3, 10, seed << 32 | seed, order);
		adaptive_order(counts, twice, 3, 10, seed << 32 | seed, again);
		assert_memory_equal(order, again, 3 * sizeof *order);
		assert_int_equal(1 << order[0] | 1 << order[1] | 1 << order[2], 7);
		seen |= 1 << (order[0] * 3 + order[1]);
	}
	adaptive_order(counts, twice, 0, 10, 1, order);
	assert_true(seen == (1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7));
	assert_int_not_equal(adaptive_seed("01900000-0000-7000-8000-000000000001"), adaptive_seed("01900000-0000-7000-8000-000000000002"));
}

static bool near(double a, double b, double most)
{
	return fabs(a - b) <= most;
}

static void estimates(void **state)
{
	/* Beta(1, 1) is even: mean 1/2, 95 % from 0.025 to 0.975, and of k alike each is first in 1/k. Beta(4, 8): 3 of 10; its quantiles out of
	 * the binomial sum. P(Beta(2,1) > Beta(1,1)) = 2/3: the integral of 2x·x. */
	struct offer_count counts[STEP_COUNT] = {[STEP_PAUSE] = {10, 3}, [STEP_SUPPORT] = {1, 1}};
	static const enum step_type fresh[] = {STEP_DISCOUNT, STEP_DOWNGRADE, STEP_EXTENSION}, two[] = {STEP_SUPPORT, STEP_DISCOUNT},
		one[] = {STEP_PAUSE};
	struct offer_estimate estimate[3];
	double sum = 0;
	(void)state;

	adaptive_estimate(counts, fresh, 3, 10, estimate);
	for (int i = 0; i < 3; i++) {
		assert_true(near(estimate[i].mean, 0.5, 1e-9) && near(estimate[i].low, 0.025, 1e-6) && near(estimate[i].high, 0.975, 1e-6));
		assert_true(near(estimate[i].first, 1.0 / 3, 1e-3));
		sum += estimate[i].first;
	}
	assert_true(near(sum, 1, 1e-3));
	adaptive_estimate(counts, one, 1, 10, estimate);
	assert_true(near(estimate[0].mean, 1.0 / 3, 1e-9) && near(estimate[0].first, 1, 1e-3));
	assert_true(near(estimate[0].low, 0.109263, 1e-5) && near(estimate[0].high, 0.609743, 1e-5));
	adaptive_estimate(counts, two, 2, 0, estimate);
	assert_true(near(estimate[0].first, 2.0 / 3, 1e-3) && near(estimate[1].first, 1.0 / 3, 1e-3));
	adaptive_estimate(counts, two, 2, 50, estimate);
	assert_true(near(estimate[0].first, 1.0 / 3 + 0.25, 1e-3));
	/* What it says is what it does. */
	struct run run = {.counts = {[STEP_DISCOUNT] = {40, 10}, [STEP_PAUSE] = {40, 12}, [STEP_DOWNGRADE] = {40, 8}, [STEP_SUPPORT] = {40, 11}}};
	struct offer_estimate said[COUNT];
	uint64_t seed = 11;

	adaptive_estimate(run.counts, TYPES, COUNT, 10, said);
	for (int round = 0; round < 20000; round++) {
		int order[FLOW_STEPS];

		adaptive_order(run.counts, TYPES, COUNT, 10, next(&seed), order);
		run.first[order[0]]++;
	}
	for (int i = 0; i < COUNT; i++)
		assert_true(near(run.first[i] / 20000.0, said[i].first, 5 * sqrt(0.25 / 20000)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_best), cmocka_unit_test(keeps_the_floor),
		cmocka_unit_test(is_a_permutation_of_its_seed), cmocka_unit_test(estimates)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
