#include "retention/figures.h"

#include "sql.h"

#include <string.h>

#define HOUR_MS 3600000
#define TEXTS 2000
#define WORDS 40
#define SAMPLES 100

/* One member of an answer. */
struct part {
	const char *name;
	enum measure_figure figure;
	bool one; /* an object, not an array */
};

static enum err parts_write(struct lease *lease, const struct measure_scope *scope, const void *argument, struct buffer *out)
{
	for (const struct part *part = argument; part->name; part++) {
		PGresult *rows;

		TRY(measure_read(lease, part->figure, scope, &rows));
		buffer_printf(out, ",\"%s\":", part->name);
		if (part->one)
			rows_object(out, rows, 0);
		else
			rows_array(out, rows, 0, PQntuples(rows));
	}
	return OK;
}

#define PARTS(...) ((const struct part[]){__VA_ARGS__, {0}})
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ANSWER(verb, life, definitions_, parts_) \
	static enum err verb(struct req *req, struct rep *rep) \
	{ \
		return figures_reply(req, rep, &(struct figures){#verb, (life), (definitions_), parts_write, (parts_)}, ""); \
	}

#define COUNTS "sessions", "closed", "accepted", "standing", "abandoned", "saved", "deflected", "lost", "unknown", "waiting"

ANSWER(summary_get, HOUR_MS, NAMES(COUNTS, "accept_rate", "stay_rate", "save_rate", "deflect_rate", "users_saved", "value_minor", "saved_minor", "net_minor",
	"kept_net_minor", "per_user_minor"), PARTS({"summary", MEASURE_SUMMARY, true}, {"money", MEASURE_MONEY, false}))
ANSWER(offers_get, HOUR_MS / 2, NAMES("acceptance", "saved", "lost", "saved_minor", "net_minor"), PARTS({"offers", MEASURE_OFFERS, false},
	{"segments", MEASURE_SEGMENT_OFFERS, false}))
ANSWER(reasons_get, HOUR_MS, NAMES("sessions", "accepted"), PARTS({"reasons", MEASURE_REASONS, false}))
ANSWER(revenue_get, HOUR_MS, NAMES("saved_minor", "net_minor", "kept_net_minor", "per_user_minor"), PARTS({"money", MEASURE_MONEY, false},
	{"days", MEASURE_REVENUE, false}))
ANSWER(customers_get, HOUR_MS, NAMES("sessions", "accepted", "accept_rate", "users_saved"), PARTS({"days", MEASURE_DAYS, false}))
ANSWER(funnel_get, HOUR_MS, NAMES("sessions", "accepted", "standing", "saved"), PARTS({"stages", MEASURE_FUNNEL, false}, {"steps", MEASURE_STEPS, false}))
ANSWER(cohorts_get, HOUR_MS, NAMES("cohort", "accept_rate", "save_rate"), PARTS({"cohorts", MEASURE_COHORTS, false}))
ANSWER(retention_get, HOUR_MS, NAMES("survival"), PARTS({"weeks", MEASURE_RETENTION, false}))
ANSWER(breakdown_get, HOUR_MS / 4, NAMES(COUNTS, "accept_rate", "stay_rate", "save_rate", "saved_minor", "net_minor", "ranking"),
	PARTS({"breakdown", MEASURE_BREAKDOWN, false}))

/* Words are for everybody who may see figures; whole texts are not. */
static enum err feedback_write(struct lease *lease, const struct measure_scope *scope, const void *argument, struct buffer *out)
{
	const char *const *params = measure_params(lease->ctx, scope);
	PGresult *words, *texts;

	TRY(pg_run(lease, &SQL_MEASURE_FEEDBACK_WORDS, PARAMS(params[0], params[1], params[2], params[3], params[4], pg_int(lease->ctx, TEXTS),
		pg_int(lease->ctx, WORDS)), &words));
	buffer_text(out, ",\"words\":");
	rows_array(out, words, 0, PQntuples(words));
	buffer_text(out, ",\"texts\":");
	if (!argument) {
		buffer_text(out, "[]");
		return OK;
	}
	TRY(pg_run(lease, &SQL_MEASURE_FEEDBACK_TEXTS, PARAMS(params[0], params[1], params[2], params[3], params[4], pg_int(lease->ctx, SAMPLES)), &texts));
	rows_array(out, texts, 0, PQntuples(texts));
	return OK;
}

static enum err feedback_get(struct req *req, struct rep *rep)
{
	bool words = who_may(&req->who, PERMIT_CUSTOMER_TEXT);

	return figures_reply(req, rep, &(struct figures){"feedback_get", HOUR_MS, NAMES("sessions"), feedback_write, words ? "words" : NULL},
		words ? "words" : "");
}

static const struct field RANGE_INPUT[] = {FIGURES_RANGE, FIGURES_CURRENCY(false), FIELD_END};

#define REPLY_OF(name, ...) static const struct field name[] = {FIGURES_REPLY_HEAD, __VA_ARGS__, FIGURES_REPLY_DEFINITIONS, FIELD_END}

REPLY_OF(SUMMARY_REPLY,
	REPLY("summary", FIELD_JSON, .required = true, .doc = "object: sessions, closed, open, accepted, standing, declined, dismissed, cancelled, abandoned, pending, "
		"manual, waiting, saved, deflected, lost, unknown, users_saved, accept_rate, stay_rate, save_rate, deflect_rate (percent or null), and by currency "
		"value_minor, saved_minor, net_minor, kept_net_minor"),
	REPLY("money", FIELD_JSON, .required = true, .doc = "array, a currency each: currency, sessions, accepted, users_saved, value_minor, saved_minor, "
		"per_user_minor, paid_minor, refunded_minor, net_minor, kept_net_minor"));
REPLY_OF(OFFERS_REPLY,
	REPLY("offers", FIELD_JSON, .required = true, .doc = "array, a type each: offer_type, shown, accepted, declined, skipped, acceptance (percent), saved, lost, and "
		"by currency saved_minor, per_accept_minor, net_minor"),
	REPLY("segments", FIELD_JSON, .required = true, .doc = "array: segment, offer_type, shown, accepted, acceptance, best (the highest acceptance of its segment)"));
REPLY_OF(REASONS_REPLY,
	REPLY("reasons", FIELD_JSON, .required = true, .doc = "array: reason_code, sessions, percent (of those who said why), accepted, cancels"));
REPLY_OF(REVENUE_REPLY,
	REPLY("money", FIELD_JSON, .required = true, .doc = "array, a currency each, as in the summary"),
	REPLY("days", FIELD_JSON, .required = true, .doc = "array, a currency and day each, without gaps: currency, day, saved_minor, net_minor, kept_net_minor"));
REPLY_OF(CUSTOMERS_REPLY,
	REPLY("days", FIELD_JSON, .required = true, .doc = "array, a day each, without gaps: day, sessions, accepted, stayed, cancels, users_saved, accept_rate"));
REPLY_OF(FUNNEL_REPLY,
	REPLY("stages", FIELD_JSON, .required = true, .doc = "array: stage (started, answered, offered, accepted, standing, saved), sessions, percent of those started"),
	REPLY("steps", FIELD_JSON, .required = true, .doc = "array: step_type, shown, accepted, declined, skipped, answered, percent of the sessions"));
REPLY_OF(COHORTS_REPLY,
	REPLY("cohorts", FIELD_JSON, .required = true, .doc = "array, a month each: month, sessions, accepted, saved, deflected, lost, unknown, waiting, accept_rate, save_rate, "
		"known, after4, after8, after13, after26, after52 (percent still subscribed after so many weeks; null: too early)"));
REPLY_OF(RETENTION_REPLY,
	REPLY("weeks", FIELD_JSON, .required = true, .doc = "array: kind (the accepted offer, else how the session ended), week, at_risk, ended, survival (percent, Kaplan-Meier); "
		"filters do not count"));
REPLY_OF(BREAKDOWN_REPLY,
	REPLY("breakdown", FIELD_JSON, .required = true, .doc = "array: dimension (flow, segment, plan, language, policy, experiment, variant), value, sessions, accepted, cancels, "
		"accept_rate, stay_rate, saved, deflected, lost, save_rate, ranking (of a flow), and by currency saved_minor, net_minor; filters do not count"));
REPLY_OF(FEEDBACK_REPLY,
	REPLY("words", FIELD_JSON, .required = true, .doc = "array: word, stem, texts (that hold it), percent, of the newest 2,000 texts"),
	REPLY("texts", FIELD_JSON, .required = true, .doc = "array, the newest 100, empty for those who may not read customers' words: session, at, language, outcome, "
		"reason_code, reason_text, feedback"));

#define ROUTE(name, latency, handler_, reply_, doc_) \
	{.method = METHOD_GET, .path = "/api/v1/retention/analytics/" name, .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ, \
		.class = (latency), .input = RANGE_INPUT, .input_size = sizeof(struct figures_input), .run = (handler_), .shape = REPLY_FIELDS, \
		.reply = (reply_), .doc = (doc_)}

const struct route RETENTION_ANALYTICS_ROUTES[] = {
	ROUTE("summary", CLASS_ANALYTICS, summary_get, SUMMARY_REPLY, "What became of the sessions: outcomes, rates, money by currency, with their definitions"),
	ROUTE("offers", CLASS_OFFERS, offers_get, OFFERS_REPLY, "Offers by type, and by segment"),
	ROUTE("reasons", CLASS_REASONS, reasons_get, REASONS_REPLY, "Why customers clicked Cancel"),
	ROUTE("revenue", CLASS_SERIES, revenue_get, REVENUE_REPLY, "Estimated and really paid revenue, by currency and day"),
	ROUTE("customers", CLASS_SERIES, customers_get, CUSTOMERS_REPLY, "Sessions and customers saved, a day each"),
	ROUTE("funnel", CLASS_ANALYTICS, funnel_get, FUNNEL_REPLY, "How far sessions came, and what each type of step did"),
	ROUTE("cohorts", CLASS_ANALYTICS, cohorts_get, COHORTS_REPLY, "Sessions by month, and who was still there weeks later"),
	ROUTE("retention", CLASS_ANALYTICS, retention_get, RETENTION_REPLY, "Retention curves by offer, from billing"),
	ROUTE("breakdown", CLASS_ANALYTICS, breakdown_get, BREAKDOWN_REPLY, "The figures by flow, segment, plan, language, policy, experiment and variant"),
	ROUTE("feedback", CLASS_ANALYTICS, feedback_get, FEEDBACK_REPLY, "What customers wrote: words that come up, and the newest texts"),
	ROUTE_END};
