/* What analytics and ROI share: which sessions are asked about, and answers that are kept until they change. */
#ifndef STOA_RETENTION_FIGURES_H
#define STOA_RETENTION_FIGURES_H

#include "measure/measure.h"
#include "retention/family.h"

#define FIGURES_DAYS 30
#define FIGURES_MOST 1100 /* days at once */

struct figures_input {
	const char *from, *to, *currency, *flow, *segment, *plan, *language, *policy, *experiment, *definitions, *basis;
	int64_t variant, cost, horizon;
	bool variant_given, live, live_given;
};

#define FIGURES_FIELD(member, name, type, ...) INPUT(struct figures_input, member, name, IN_QUERY, type, __VA_ARGS__)
#define FIGURES_RANGE \
	FIGURES_FIELD(from, "from", FIELD_TEXT, .least = 10, .most = 10, .doc = "first day (UTC), 2026-11-01; 29 days before the last unless given"), \
	FIGURES_FIELD(to, "to", FIELD_TEXT, .least = 10, .most = 10, .doc = "last day (UTC), today unless given"), \
	FIGURES_FIELD(live, "live", FIELD_BOOL, .present = offsetof(struct figures_input, live_given), .doc = "false: test data"), \
	FIGURES_FIELD(flow, "flow", FIELD_ID, .doc = "only sessions of this flow"), \
	FIGURES_FIELD(segment, "segment", FIELD_ENUM, .choices = "trial|low|medium|high", .doc = "only customers of this segment"), \
	FIGURES_FIELD(plan, "plan", FIELD_TEXT, .least = 1, .most = 64, .doc = "only customers of this plan"), \
	FIGURES_FIELD(language, "language", FIELD_TEXT, .least = 2, .most = 2, .doc = "only sessions in this language"), \
	FIGURES_FIELD(policy, "policy", FIELD_ENUM, .choices = "documented|adaptive", .doc = "only sessions whose offers were ordered so"), \
	FIGURES_FIELD(experiment, "experiment", FIELD_ID, .doc = "only sessions of this experiment"), \
	FIGURES_FIELD(variant, "variant", FIELD_INT, .least = 0, .most = 100, .present = offsetof(struct figures_input, variant_given), \
		.doc = "only this variant of the experiment"), \
	FIGURES_FIELD(definitions, "definitions", FIELD_ENUM, .choices = "en|de", .doc = "language of the definitions, en unless given")
#define FIGURES_CURRENCY(required_) \
	FIGURES_FIELD(currency, "currency", FIELD_TEXT, .required = (required_), .least = 3, .most = 3, .doc = "three lower-case letters; amounts are never added across currencies")

#define FIGURES_REPLY_HEAD \
	REPLY("from", FIELD_TEXT, .required = true, .doc = "first day"), \
	REPLY("to", FIELD_TEXT, .required = true, .doc = "last day, included"), \
	REPLY("zone", FIELD_ENUM, .required = true, .choices = "UTC", .doc = "of the days; a session counts on the day on which it started"), \
	REPLY("live", FIELD_BOOL, .required = true, .doc = "false: test data")
#define FIGURES_REPLY_DEFINITIONS \
	REPLY("definitions", FIELD_JSON, .required = true, .doc = "object: what each figure means, by its name")

/* Days between from and to, both included. */
enum err figures_scope(struct req *req, const struct figures_input *input, struct measure_scope *scope_out, int *days_out);

/* An answer: writes members behind the head, each with a comma before it, with a lease in hand. */
struct figures {
	const char *name;               /* in the cache */
	int life_ms;                    /* longest time that it is kept (document 003, section 4) */
	const char *const *definitions; /* names, NULL-ended */
	enum err (*write)(struct lease *lease, const struct measure_scope *scope, const void *argument, struct buffer *out);
	const void *argument;           /* for write */
};
/* extra: what else the answer depends on, part of the cache's key; "" for nothing. */
enum err figures_reply(struct req *req, struct rep *rep, const struct figures *figures, const char *extra);

#endif
