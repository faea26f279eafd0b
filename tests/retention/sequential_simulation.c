/* What the sequential test promises, by simulation: how often it finds a difference that is not there although somebody looks after
 * every single customer, and how often it finds one that is; beside the naive test (two shares, z, alpha 5 %) that is read as often.
 *
 * sequential_simulation [RUNS]: experiments a row, 400 unless given (10,000 is the full size, two minutes). Fails when the sequential test's
 * false positives exceed alpha by more than four standard errors of the simulation, when looking does not spoil the naive test (then the
 * simulation looks at nothing), or when the power at twice the sample that the page names is below 80 %. */
#include "retention/sequential.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>

struct setup {
	double p0, p1;  /* the shares in truth */
	double tau;     /* the effect that the owner asked for */
	int every;      /* customers of the control for one of the variant */
	int64_t most;   /* customers of the variant, at the end */
};

struct found {
	double sequential, naive, naive_once; /* ever, ever, at the end: shares of the runs */
	double mean;                          /* customers of the variant until the sequential test found, or all */
	int64_t left;                         /* no answer at the end */
};

static bool naive_finds(struct arm control, struct arm arm, double z)
{
	double x = (double)control.saved / (double)control.customers, y = (double)arm.saved / (double)arm.customers;
	double v = x * (1 - x) / (double)control.customers + y * (1 - y) / (double)arm.customers;

	return v > 0 && fabs(y - x) >= z * sqrt(v);
}

/* One experiment, read after every customer. */
static void run(gsl_rng *dice, const struct setup *setup, double z, struct found *found)
{
	struct arm control = {0}, arm = {0};
	bool naive = false, sequential = false;

	while (arm.customers < setup->most) {
		bool of_control = (control.customers + arm.customers) % (setup->every + 1) < setup->every;
		struct arm *next = of_control ? &control : &arm;

		next->customers++;
		next->saved += gsl_rng_uniform(dice) < (of_control ? setup->p0 : setup->p1);
		if (control.customers < SEQUENTIAL_LEAST || arm.customers < SEQUENTIAL_LEAST)
			continue;
		naive = naive || naive_finds(control, arm, z);
		if (!sequential && sequential_compare(control, arm, SEQUENTIAL_ALPHA, setup->tau).verdict) {
			sequential = true;
			found->mean += (double)arm.customers;
		}
	}
	found->sequential += sequential;
	found->naive += naive;
	found->naive_once += naive_finds(control, arm, z);
	if (!sequential)
		found->mean += (double)arm.customers;
}

static struct found simulate(const struct setup *setup, int runs, unsigned long seed)
{
	gsl_rng *dice = gsl_rng_alloc(gsl_rng_taus2);
	double z = gsl_cdf_ugaussian_Pinv(1 - SEQUENTIAL_ALPHA / 2);
	struct found found = {0};

	gsl_rng_set(dice, seed);
	for (int i = 0; i < runs; i++)
		run(dice, setup, z, &found);
	gsl_rng_free(dice);
	found.sequential /= runs;
	found.naive /= runs;
	found.naive_once /= runs;
	found.mean /= runs;
	return found;
}

static int false_positives(int runs)
{
	static const struct setup setups[] = {
		{0.05, 0.05, 0.05, 9, 1000}, {0.10, 0.10, 0.05, 1, 5000}, {0.30, 0.30, 0.05, 1, 5000}, {0.50, 0.50, 0.05, 1, 5000},
		{0.90, 0.90, 0.05, 1, 5000}, {0.30, 0.30, 0.20, 1, 5000}, {0.30, 0.30, 0.05, 3, 2500}, {0.10, 0.10, 0.10, 9, 1000}};
	double most = SEQUENTIAL_ALPHA + 4 * sqrt(SEQUENTIAL_ALPHA * (1 - SEQUENTIAL_ALPHA) / runs);
	int faults = 0;

	printf("No difference, read after every customer; alpha = %.0f %%, %d runs a row\n", 100 * SEQUENTIAL_ALPHA, runs);
	printf("%10s %8s %12s %10s | %12s %12s %12s\n", "save rate", "effect", "control:arm", "customers", "sequential", "naive", "naive, once");
	for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
		struct found found = simulate(&setups[i], runs, 1 + i);

		printf("%8.0f %% %6.0f %% %10d:1 %10lld | %10.2f %% %10.2f %% %10.2f %%\n", 100 * setups[i].p0, 100 * setups[i].tau, setups[i].every,
			(long long)setups[i].most, 100 * found.sequential, 100 * found.naive, 100 * found.naive_once);
		if (found.sequential > most)
			faults++, printf("FAULT: above %.2f %%\n", 100 * most);
		if (found.naive < 2 * SEQUENTIAL_ALPHA)
			faults++, printf("FAULT: the naive test should be spoilt\n");
	}
	return faults;
}

static int power(int runs)
{
	static const struct setup setups[] = {{0.30, 0.35, 0.05, 1, 0}, {0.30, 0.40, 0.10, 1, 0}, {0.10, 0.15, 0.05, 1, 0}, {0.50, 0.55, 0.05, 1, 0}};
	static const double sizes[] = {1, 1.5, 2};
	double least = SEQUENTIAL_POWER - 4 * sqrt(SEQUENTIAL_POWER * (1 - SEQUENTIAL_POWER) / runs);
	int faults = 0;

	printf("\nA difference as large as the owner asked for; n = the sample that the page names\n");
	printf("%18s %10s | %12s %14s %12s\n", "save rates", "customers", "sequential", "mean to find", "naive, once");
	for (size_t i = 0; i < sizeof setups / sizeof *setups; i++)
		for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
			struct setup setup = setups[i];
			struct found found;

			setup.most = (int64_t)(sizes[j] * (double)sequential_sample(setup.p0, setup.tau, SEQUENTIAL_ALPHA, SEQUENTIAL_POWER));
			found = simulate(&setup, runs, 100 + 10 * i + j);
			printf("%6.0f %% and %4.0f %% %5lld=%.1fn | %10.2f %% %14.0f %10.2f %%\n", 100 * setup.p0, 100 * setup.p1, (long long)setup.most, sizes[j],
				100 * found.sequential, found.mean, 100 * found.naive_once);
			if (sizes[j] == 2 && found.sequential < least)
				faults++, printf("FAULT: below %.2f %%\n", 100 * least);
		}
	return faults;
}

int main(int argc, char **argv)
{
	long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 400;

	if (runs < 100 || runs > 1000000) {
		fprintf(stderr, "usage: sequential_simulation [RUNS, 100 to 1000000]\n");
		return 2;
	}
	return false_positives((int)runs) + power((int)runs) ? 1 : 0;
}
