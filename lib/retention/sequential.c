#include "retention/sequential.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static double share(struct arm arm)
{
	return (double)arm.saved / (double)arm.customers;
}

/* Of the share: without the two customers more, an arm in which all stay would have none. */
static double variance(struct arm arm)
{
	double p = (double)(arm.saved + 1) / (double)(arm.customers + 2);

	return p * (1 - p) / (double)arm.customers;
}

struct comparison sequential_compare(struct arm control, struct arm arm, double alpha, double tau)
{
	struct comparison comparison = {.low = -1, .high = 1, .p = 1};
	double v, t = tau * tau, half, d;

	if (control.customers > 0 && arm.customers > 0)
		comparison.difference = share(arm) - share(control);
	comparison.enough = control.customers >= SEQUENTIAL_LEAST && arm.customers >= SEQUENTIAL_LEAST;
	if (!comparison.enough)
		return comparison;
	d = comparison.difference;
	v = variance(control) + variance(arm);
	half = sqrt(2 * v * (v + t) / t * (log(1 / alpha) + log((v + t) / v) / 2));
	comparison.low = fmax(-1, d - half);
	comparison.high = fmin(1, d + half);
	comparison.p = fmin(1, sqrt((v + t) / v) * exp(-t * d * d / (2 * v * (v + t))));
	comparison.verdict = fabs(d) < half ? 0 : d > 0 ? 1 : -1;
	return comparison;
}

int64_t sequential_sample(double p0, double effect, double alpha, double power)
{
	double p1 = p0 + effect <= 1 ? p0 + effect : p0 - effect, p = (p0 + p1) / 2;
	double a = gsl_cdf_ugaussian_Pinv(1 - alpha / 2) * sqrt(2 * p * (1 - p));
	double b = gsl_cdf_ugaussian_Pinv(power) * sqrt(p0 * (1 - p0) + p1 * (1 - p1));

	return (int64_t)ceil((a + b) * (a + b) / (effect * effect));
}
