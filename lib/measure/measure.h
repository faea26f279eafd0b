/* Measure: what became of each click on Cancel, and every figure that is made of it (inventory D.4; stripe-and-retention.md, "How each
 * defines success").
 *
 * Truth. A session has two outcomes. The raw one is what the customer did in the dialog: accepted (an offer), declined (every offer, then
 * cancelled), cancelled (with Cancel now), dismissed (closed the dialog), abandoned (nothing within the hour of its token). The verdict is
 * what billing showed MEASURE_DUE_DAYS later, judged by the mirror of Stripe (lib/billing): saved (an offer was accepted and the
 * subscription ran), deflected (none was, and it ran), lost (it had ended or been told to end), unknown (no subscription known), waiting
 * (the days are not over). A verdict is a function of the session and of the mirror, so late or shuffled events of billing lead to the
 * same one. Money is never added across currencies; amounts are minor units.
 *
 * Keeping. The job "measure.pass" runs a second after decisions, and every minute for what writes no event: it notices new sessions,
 * judges what measure_dirty says may have changed, and what has come due; session_outcome holds the result and triggers keep the sums a day
 * (sql/schema/0016). All in one transaction under the job's fence. It also keeps the widget's customers (customer.attempts, churn_risk),
 * links them to Stripe's, and writes the events churn.predicted and flow.started. While the part analytics is switched off
 * (job_house.analytics_off) it rests, and works off afterwards what has come meanwhile.
 *
 * Days are UTC. A session counts on the day on which it started. */
#ifndef STOA_MEASURE_MEASURE_H
#define STOA_MEASURE_MEASURE_H

#include "job/job.h"
#include "job/schedule.h"
#include "pg/pg.h"
#include "text/json.h"

#define MEASURE_DUE_DAYS 30
#define MEASURE_RISK 70 /* churn.predicted is written when a customer's risk comes to this */

extern const struct job_kind MEASURE_JOBS[];
extern const struct schedule MEASURE_SCHEDULES[];

/* --- reading --- */

/* What figures are asked of. Filters that are NULL do not count. With at most one filter the sums are read, whose number does not grow with
 * that of sessions; with more, the sessions themselves. */
struct measure_scope {
	const char *org_id;
	bool live;
	const char *from, *to; /* days, "2026-11-01", both included */
	const char *currency;  /* money, and sessions counted, in this one only; NULL: all */
	const char *flow, *segment, *plan, *language, *policy, *experiment;
	const char *variant;   /* "<experiment>:<number>" */
};

/* Rows by figure. Rates are percentages with one decimal, null where there is nothing to divide by. Money columns end in _minor; a
 * jsonb one is an object by currency, {"eur": 1200}. net_minor is paid less refunded. */
#define MEASURE_FIGURES(X) \
	/* one row: from, to, live, sessions, closed (not open any more), open, accepted, standing (accepted and applied at Stripe, or with nothing to do there), \
	 * declined, dismissed, cancelled, abandoned, pending, manual, waiting, saved, deflected, lost, unknown, users_saved (customers who accepted), \
	 * accept_rate, stay_rate, save_rate, deflect_rate, value_minor, saved_minor, net_minor, kept_net_minor (jsonb) */ \
	X(MEASURE_SUMMARY, SUMMARY) \
	/* a row a currency that money is known in: currency, sessions, accepted, users_saved, value_minor, saved_minor, per_user_minor, \
	 * paid_minor, refunded_minor, net_minor, kept_net_minor (after sessions that accepted) */ \
	X(MEASURE_MONEY, MONEY) \
	/* a row a day, without gaps: day, sessions, accepted, stayed, cancels, users_saved, accept_rate */ \
	X(MEASURE_DAYS, DAYS) \
	/* a row a currency and day, without gaps: currency, day, saved_minor, net_minor, kept_net_minor */ \
	X(MEASURE_REVENUE, REVENUE) \
	/* a row an offer type: offer_type, shown, accepted, declined, skipped, acceptance, saved, lost, saved_minor, per_accept_minor, net_minor (jsonb) */ \
	X(MEASURE_OFFERS, OFFERS) \
	/* a row a segment and offer type: segment, offer_type, shown, accepted, acceptance, best; only the filter by segment counts */ \
	X(MEASURE_SEGMENT_OFFERS, SEGMENT_OFFERS) \
	/* a row a reason: reason_code, sessions, percent, accepted, cancels */ \
	X(MEASURE_REASONS, REASONS) \
	/* a row a stage in its order: stage (started, answered, offered, accepted, standing, saved), sessions, percent (of started) */ \
	X(MEASURE_FUNNEL, FUNNEL) \
	/* a row a type of step: step_type, shown, accepted, declined, skipped, answered, percent (of sessions) */ \
	X(MEASURE_STEPS, STEPS) \
	/* a row a month: month, sessions, accepted, saved, deflected, lost, unknown, waiting, accept_rate, save_rate; of those who accepted an \
	 * offer: known (subscription known at Stripe), after4, after8, after13, after26, after52: percent whose subscription still ran after so \
	 * many weeks, whatever the filters; null: too early */ \
	X(MEASURE_COHORTS, COHORTS) \
	/* a row a kind (offer, or how the session ended) and week, 0 to 52: kind, week, at_risk, ended, survival (percent at the week's end, \
	 * Kaplan-Meier), whatever the filters */ \
	X(MEASURE_RETENTION, RETENTION) \
	/* a row a flow, segment, plan, language, experiment and variant that has sessions: dimension, value, sessions, accepted, accept_rate, \
	 * stay_rate, saved, deflected, lost, save_rate, cancels, ranking (of a flow; else null), saved_minor, net_minor (jsonb), whatever the \
	 * filters */ \
	X(MEASURE_BREAKDOWN, BREAKDOWN)

enum measure_figure {
#define X(name, statement) name,
	MEASURE_FIGURES(X)
#undef X
	MEASURE_FIGURE_COUNT
};

/* The statement of a figure, for a route's rows; measure_params() gives its parameters, memory of ctx. */
const struct statement *measure_statement(enum measure_figure figure);
const char *const *measure_params(struct ctx *ctx, const struct measure_scope *scope);
/* Runs it. */
enum err measure_read(struct lease *lease, enum measure_figure figure, const struct measure_scope *scope, PGresult **rows_out);

/* Counts of one variant, for a test: raw and validated. Sessions still open are left out. */
struct measure_variant {
	int64_t sessions;      /* closed */
	int64_t cancels;       /* declined or cancelled */
	int64_t judged;        /* saved, deflected or lost */
	int64_t lost;
};
/* Of all time, of the variants 0 to count - 1. */
enum err measure_variants(struct lease *lease, const char *org_id, bool live, const char *experiment_id, int count,
	struct measure_variant *variants_out);

/* The cache tag of an organisation's figures: forgotten when they change. Memory of ctx. */
const char *measure_tag(struct ctx *ctx, const char *org_id, bool live);

/* What each figure means, to be printed beside it: "accept_rate", "save_rate", …; NULL: there is no such figure. language "de", else
 * English. */
const char *measure_definition(const char *figure, const char *language);
/* All of them, {"accept_rate": "…"}; owned by ctx. */
struct json_object *measure_definitions(struct ctx *ctx, const char *language);

/* --- formulas (inventory D.4); the ranking of a flow, round(0.6 × acceptance % + 0.4 × min(revenue / 10, 100)), is measure_ranking() in
 * sql/schema/0016 --- */

struct measure_roi {
	double monthly_percent;      /* (revenue / days × 30 − cost) / cost × 100 */
	double multiplier;           /* revenue / cost of the period, which is cost / 30 × days */
	int64_t cost_per_user_minor; /* cost of the period / customers saved, rounded half up; -1: none was */
	int64_t break_even_days;     /* ceil(cost / revenue a day); -1: never */
};
/* revenue and cost (a month of 30 days) in minor units of one currency. False: cost or days is not above 0. */
bool measure_roi(int64_t revenue_minor, int days, int64_t cost_minor, int64_t users, struct measure_roi *roi_out);

/* A straight line through values of days 0 … count - 1 (least squares, GSL's gsl_fit_linear), drawn on for `days` more, with the interval
 * in which a single day's value lies with probability `level`: y ± t(count − 2) · s · √(1 + 1/n + (x − x̄)²/Sxx). */
struct measure_line {
	double slope, start;     /* a day; at day 0 */
	double deviation;        /* s, the residuals' standard error */
};
struct measure_point { double value, low, high; };
/* points_out has `days` of them; total_out (may be NULL) is their sum with its own interval, which is narrower than the sum of theirs,
 * because days vary independently. False: fewer than 3 values. */
bool measure_forecast(const double *values, int count, int days, double level, struct measure_line *line_out,
	struct measure_point *points_out, struct measure_point *total_out);

/* Churn risk, 0 to 100: 0.4·min(20·attempts, 100) + 0.3·(value > 50: 30, > 20: 50, else 70) + 0.2·(100 − acceptance %, 30 when nothing was
 * offered) + 0.1·min(25·attempts, 100), rounded half up; value a month in units of 100 minor ones. */
struct measure_risk {
	int score;
	double attempts, value, acceptance, repetition; /* the four parts, weighted */
};
void measure_risk(int64_t attempts, int64_t value_minor, int64_t shown, int64_t accepted, struct measure_risk *risk_out);

/* --- rebuilding --- */

/* Judges every session of the organisation (NULL: of all) again and makes its sums anew, in transactions of a day each; no job need run.
 * said (may be NULL) hears of each organisation's end. The lease has no transaction open. */
enum err measure_rebuild(struct ctx *ctx, struct pool *pool, const char *org_id,
	void (*said)(void *argument, const char *org_id, int64_t sessions), void *argument);

#endif
