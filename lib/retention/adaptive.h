/* Adaptive order of offers: Thompson sampling (Thompson 1933; Chapelle and Li, "An Empirical Evaluation of Thompson Sampling", NIPS 2011).
 *
 * For each value segment and type of offer the chance that it is accepted when it is shown has the posterior Beta(1 + accepted,
 * 1 + shown - accepted), counted over the last 90 days of the mode's sessions. A session draws one number from each posterior and shows its
 * offers in falling order of the numbers. In `floor` per cent of sessions the order is random instead, every order being as likely,
 * so that no offer is ever given up: each gets at least floor/k per cent of the first places among k offers. */
#ifndef STOA_RETENTION_ADAPTIVE_H
#define STOA_RETENTION_ADAPTIVE_H

#include "retention/retention.h"

#define ADAPTIVE_DAYS 90

/* All types of offer, for estimates of an organisation as a whole. */
#define ADAPTIVE_TYPES 5
extern const enum step_type ADAPTIVE_OFFERS[ADAPTIVE_TYPES];

struct offer_count { int64_t shown, accepted; };
/* How often each type was shown and accepted in each segment. */
struct offer_counts { struct offer_count of[SEGMENT_COUNT][STEP_COUNT]; };
/* Out of the daily sums (measure_step), cached for 30 minutes (document 003 §4). */
enum err offer_counts_load(struct ctx *ctx, const struct house *house, const char *org_id, bool live, struct offer_counts *counts_out);

/* Orders `count` offers, given by their types; order_out gets their indexes. seed decides it: the same gives the same order. Types
 * that repeat share a posterior and each draw their own number. */
void adaptive_order(const struct offer_count counts[STEP_COUNT], const enum step_type *types, int count, int floor_percent, uint64_t seed,
	int *order_out);
/* A seed out of a session's id. */
uint64_t adaptive_seed(const char *session_id);

/* What is known of one type: the posterior's mean and its central 95 % (credible interval), and the share of sessions in which the type
 * comes first among `types`, the floor included; all in [0, 1]. */
struct offer_estimate { double mean, low, high, first; };
void adaptive_estimate(const struct offer_count counts[STEP_COUNT], const enum step_type *types, int count, int floor_percent,
	struct offer_estimate *estimates_out);

#endif
