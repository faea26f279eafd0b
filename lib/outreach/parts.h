/* Private to lib/outreach. */
#ifndef STOA_OUTREACH_PARTS_H
#define STOA_OUTREACH_PARTS_H

#include "base/clock.h"
#include "outreach/outreach.h"

/* One organisation and mode at one time, for a job. */
struct outreach {
	struct ctx *ctx;
	struct job *job;
	const char *org_id;
	bool live;
	int64_t now_s;
	char now[CLOCK_TEXT];
};

/* A transaction under the job's fence in which nobody else looks after this organisation and mode. */
enum err outreach_begin(const struct outreach *out, struct lease *lease_out);

typedef enum err outreach_lot(const struct outreach *out, struct lease *lease, bool *more_out);
/* Lot after lot, each in a transaction and with memory of its own, until there is no more or only left_ms of the attempt are left. */
enum err outreach_lots(const struct outreach *out, int left_ms, outreach_lot *lot);

/* Steps of a run; each commits by itself. */
enum err alerts_raise(const struct outreach *out);
enum err cases_keep(const struct outreach *out);
enum err retries_plan(const struct outreach *out);
enum err offers_plan(const struct outreach *out);
enum err reactivations_plan(const struct outreach *out);
enum err mails_hand(const struct outreach *out);

/* An event about a subscription or invoice; payload is a JSON object. */
enum err outreach_event(const struct outreach *out, struct lease *lease, const char *type, const char *entity, const char *entity_id,
	struct json_object *payload);
/* "alert.raised" for each row of alerts. */
enum err alerts_tell(const struct outreach *out, struct lease *lease, const PGresult *alerts);
/* "payment.recovered" for a row of a case that is recovered. */
enum err case_tell(const struct outreach *out, struct lease *lease, const PGresult *cases, int row);

struct stripe_reply;
/* A call with the organisation's key; ERR_UPSTREAM, with what to tell people, when no definite answer came. */
enum err outreach_stripe(const struct outreach *out, const char *secret_key, const char *method, const char *path, const char *form,
	const char *key, struct stripe_reply *reply_out);
/* The key in column key_sealed, or NULL: there is none, or it does not open. */
const char *outreach_secret_key(const struct outreach *out, const PGresult *row);

/* The job's payload {"org", "live", <name>}; ERR_INVALID (rejected) when there is none. */
enum err outreach_read(struct ctx *ctx, struct job *job, const char *name, struct outreach *out, const char **value_out);
/* The payload again. */
const char *outreach_payload(struct ctx *ctx, const char *org_id, bool live, const char *name, const char *value);

job_handler outreach_retry_run; /* payload {"org", "live", "invoice"} */
job_handler outreach_apply_run; /* payload {"org", "live", "offer"} */

#endif
