/* What an experiment has shown so far. The unit is the customer: one counts once in the variant that they see, by their first session in
 * the experiment, however often they come back.
 *
 * Stayed. raw: the first session did not end in a cancellation (an offer was accepted, the dialog closed or left); known as soon as that
 * session is over. validated: billing showed 30 days later that the subscription ran (saved or deflected, lib/measure); customers whose
 * days are not over, or whose subscription is not known, do not count. The holdout sees no offer, so what is compared is who stayed, not
 * who accepted. The test reads the experiment's basis only, which was chosen before the start: to look at both and believe the better one
 * would be to look twice. */
#ifndef STOA_RETENTION_EXPERIMENT_RESULT_H
#define STOA_RETENTION_EXPERIMENT_RESULT_H

#include "pg/pg.h"
#include "retention/experiment.h"
#include "retention/sequential.h"
#include "text/json.h"

struct experiment_outcome {
	int64_t sessions, customers;    /* all of them */
	int64_t accepted;               /* customers who accepted an offer in their first session */
	struct arm raw, validated;      /* customers that count so, and those of them who stayed */
	int64_t waiting, unknown;       /* customers who do not count as validated: their 30 days are not over; no subscription is known */
	struct arm counted;             /* raw or validated: by the basis */
	struct comparison against;      /* the control; of the control itself nothing */
};

struct experiment_day {
	const char *day;                /* "2026-11-21", UTC */
	struct arm counted[EXPERIMENT_VARIANTS];          /* up to the end of that day */
	struct comparison against[EXPERIMENT_VARIANTS];
};

struct experiment_result {
	PGresult *experiment;           /* a row of SQL_RETENTION_EXPERIMENT_GET */
	struct json_object *variants;   /* its variants, an array */
	PGresult *revenue;              /* variant, currency, net_minor: paid after their sessions, less refunds */
	int count;
	struct experiment_outcome outcomes[EXPERIMENT_VARIANTS];
	bool validated;                 /* the basis */
	double effect;                  /* the smallest difference that matters, a share */
	double alpha;                   /* of each comparison: SEQUENTIAL_ALPHA divided by their number (Bonferroni), so that it holds for all of them together */
	int64_t sample;                 /* customers each variant needs: sequential_sample() */
	double baseline;                /* the control's share that stayed, as far as it is known */
	bool assumed;                   /* it is not: 50 %, which asks for the largest sample */
	double split_p;                 /* chi-square test of the customers against the weights */
	bool split_bad;                 /* below SPLIT_ALPHA: something keeps customers out of a variant, and no comparison can be trusted */
	struct experiment_day *days;    /* days on which somebody counted, in order */
	int day_count;
};

#define SPLIT_ALPHA 0.001

/* ERR_NOT_FOUND. Memory of ctx. */
enum err experiment_result(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *id,
	struct experiment_result *result_out);

/* "control", "early" (too few to compare), "open" (no difference shown so far), "better" or "worse". */
const char *experiment_verdict(const struct experiment_result *result, int variant);

/* {"basis", "alpha", …, "variants": […], "days": […]} as the API documents it; belongs to ctx. */
struct json_object *experiment_result_json(struct ctx *ctx, const struct experiment_result *result);

#endif
