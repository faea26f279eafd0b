/* Segments, and the rules and the order of offers: what changes them, for the API and for the pages alike. Each is one step of lease's open
 * transaction, with its line of audit and its event; after the commit flows_forget(). */
#ifndef STOA_RETENTION_SEGMENT_H
#define STOA_RETENTION_SEGMENT_H

#include "retention/eligibility.h"
#include "who/audit.h"

#define SEGMENTS_MOST 200       /* of an organisation */
#define SEGMENT_SAMPLE 20
#define SEGMENT_BYTES 16384     /* of a condition as JSON */

/* by: who does it; action, entity, before and after are filled in here. */
struct segment_change {
	const struct audit *by;
	const char *id;
	const char *version;             /* the one to replace, in decimal; NULL: whichever */
	const char *name;                /* 1 to 120 characters, once an organisation, whatever their case */
	struct json_object *condition;   /* checked here: ERR_INVALID (field condition…) */
};
/* ERR_CONFLICT: the name is taken; ERR_INVALID: there are SEGMENTS_MOST already. */
enum err segment_create(struct ctx *ctx, struct lease *lease, const struct segment_change *change, char id_out[ID_TEXT]);
/* ERR_NOT_FOUND; ERR_PRECONDITION: it has been changed meanwhile. A running flow shows itself by the new condition at once. */
enum err segment_update(struct ctx *ctx, struct lease *lease, const struct segment_change *change);
/* ERR_CONFLICT: a flow asks for it. */
enum err segment_delete(struct ctx *ctx, struct lease *lease, const struct segment_change *change);

/* How many customers of a mode a checked condition (NULL: all) holds for, and SEGMENT_SAMPLE of them, the first by their ids: columns id, ref,
 * name, email (both null unless `names`), plan, value, currency, status, tenure, attempts. */
struct segment_preview { int64_t count; PGresult *sample; };
enum err segment_preview(struct ctx *ctx, struct pool *pool, const char *org_id, bool live, struct json_object *condition, bool names,
	struct segment_preview *preview_out);

/* An organisation's own rule for a type of offer ("discount"). ERR_INVALID names the field: acceptedMost (0 to 100), periodDays,
 * cooldownDays. */
enum err offer_rule_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *offer_type, const struct offer_rule *rule);
/* How offers are ordered, unless a flow says otherwise. floor: 1 to 50 per cent (ERR_INVALID). */
enum err offer_policy_put(struct ctx *ctx, struct lease *lease, const struct audit *by, bool adaptive, int floor);
/* How a flow's offers are ordered: "documented", "adaptive" or NULL, as the organisation says. ERR_NOT_FOUND. */
enum err flow_policy_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *flow_id, const char *policy);

#endif
