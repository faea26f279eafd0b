/* A test for two shares that stays honest however often one looks: mixture sequential probability ratio test.
 *
 * R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Peeking at A/B Tests: Why it matters, and what to do about it", KDD 2017, section 5, and
 * "Always Valid Inference", Operations Research 70(3), 2022: with the shares x and y of two arms of n customers each, V = x(1-x) + y(1-y),
 * a mixture N(0, tau^2) over the difference gives
 *
 *     Lambda = sqrt(V / (V + n tau^2)) exp(n^2 tau^2 (y - x)^2 / (2 V (V + n tau^2)))
 *
 * and min(1, 1 / Lambda) is a p-value that may be read at any time: over the whole life of the test, the chance that it is ever at most
 * alpha while there is no difference is at most alpha. For arms of different sizes v = x(1-x)/n + y(1-y)/m, the variance of the
 * difference, takes the place of V / n. The interval is the set of differences that the test does not refuse:
 *
 *     (y - x) +- sqrt(2 v (v + tau^2) / tau^2 (ln(1 / alpha) + ln((v + tau^2) / v) / 2))
 *
 * The paper keeps the smallest p-value so far and the common part of all intervals; these are those of the moment, which are wider and so
 * as honest, and always say the same as each other.
 *
 * v is known only by the shares seen, so the promise is one for large numbers. For small ones the shares in v, and only there, are taken
 * with one customer more who stays and one who leaves, and a comparison is not made before each arm has SEQUENTIAL_LEAST 100customers.
 * tests/retention/sequential_simulation.c shows that the promise holds then.
 *
 * tau is the smallest difference that matters to the owner: the test is quickest for differences of about that size. */
#ifndef STOA_RETENTION_SEQUENTIAL_H
#define STOA_RETENTION_SEQUENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#define SEQUENTIAL_ALPHA 0.05
#define SEQUENTIAL_POWER 0.8
#define SEQUENTIAL_LEAST 100

struct arm { int64_t customers, saved; };

struct comparison {
	double difference; /* of the shares: arm less control */
	double low, high;  /* always-valid interval of the difference, within [-1, 1] */
	double p;          /* always-valid p-value */
	bool enough;       /* each arm has SEQUENTIAL_LEAST 100customers; otherwise low = -1, high = 1, p = 1 */
	int verdict;       /* 1: better, -1: worse, 0: not known (yet) */
};

/* alpha and tau above 0, alpha below 1. */
struct comparison sequential_compare(struct arm control, struct arm arm, double alpha, double tau);

/* Customers that each of two arms of one size needs for a test that is read once, at its end:
 *
 *     n = (z(1 - alpha/2) sqrt(2 p (1 - p)) + z(power) sqrt(p0 (1 - p0) + p1 (1 - p1)))^2 / effect^2,
 *
 * p1 = p0 + effect, p their mean (J. L. Fleiss, B. Levin, M. C. Paik, "Statistical Methods for Rates and Proportions", 3rd ed., 2003,
 * equation 4.14), rounded up. An effect that would lead above 1 is taken downwards. */
int64_t sequential_sample(double p0, double effect, double alpha, double power);

#endif
