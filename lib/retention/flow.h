/* Flows as their owner writes them: the document, what is right about it, its languages, templates, files.
 *
 * The document is one JSON object everywhere: the body that saves a draft, what a version holds, what is exported and imported.
 *
 *     {"name", "language", "segment", "segmentId", "plan", "region", "rankingScore", "cancelAt",
 *      "steps": [{"type", "title", "message", "buttonText", "config": {…}, "when": condition,
 *                 "translations": {"de": {"title", "message", "buttonText", "placeholder", "options": {"too_expensive": "…"}}}}]}
 *
 * name, language and steps are needed. language is the one that the steps are written in. A step's config is as its type has it
 * (retention/flow_rules.c's table); `when` is a condition (retention/condition.h): the step is shown only where it holds. What is null, an
 * empty text, an empty list or an empty object is the same as what is not there, and is left out when a document is kept.
 *
 * Three degrees of wrong. A document that is not of this form is refused everywhere. One that is, with values that are missing or break a
 * rule ("errors"), may be kept as a draft and not published. "warnings" are for the owner to judge. */
#ifndef STOA_RETENTION_FLOW_H
#define STOA_RETENTION_FLOW_H

#include "pg/pg.h"
#include "text/json.h"
#include "who/audit.h"

#define FLOW_STEPS_MANY 10             /* more are warned of (inventory D.4) */
#define FLOW_DOCUMENT_BYTES 262144     /* of a document as JSON */
#define FLOW_WIDGET_BYTES 10240        /* of the steps in one language, compressed: document 003, §1 */

/* A review is {"errors": [issue…], "warnings": [issue…], "languages": [language…]}.
 *
 * issue: {"code", "field", "step", "name", "message"}: what is wrong, for programs; where, "steps[2].config.percentage"; the step's index
 * or null; the field within the step, "config.percentage"; an English sentence that names the field. Codes, and more members where
 * they have any: "form" (not of the document's form), "missing", "value", "number" {least, most}, "length" {most}, "once", "several"
 * (one of several), "condition", "many-steps", "language", "no-confirm", "untranslated" {language, missing}, "unknown-coupon",
 * "unknown-price" {mode, ref}, "too-large" {bytes, most}, "no-steps".
 *
 * language: {"language", "texts", "translated", "complete", "missing": ["steps[0].title", …]}: how many texts there are, and how many of
 * them are there in this language. The document's own comes first and is complete. */
struct flow_review {
	struct json_object *json;  /* belongs to ctx */
	int errors, warnings;
	const char *form;          /* the first field that is not of the form, or NULL */
	const char *message;       /* of that field, else of the first error, or NULL */
	const char *field;         /* as message */
};

/* Reviews a document, which flow_tidy() may have been through. lease (NULL: not) is asked whether coupons and prices are known of Stripe's
 * in org_id's mirror; a mode without any is not connected, and nothing is said of it. */
enum err flow_review(struct ctx *ctx, struct lease *lease, const char *org_id, struct json_object *document, struct flow_review *review_out);

/* A copy without what is the same as nothing; belongs to ctx. Any JSON value goes through it. */
struct json_object *flow_tidy(struct ctx *ctx, struct json_object *document);

/* "de" of "de", "de-AT" or "DE_at": how customers' languages are told apart. NULL: it is none. */
const char *flow_language_key(struct ctx *ctx, const char *language);

/* Whether every text of the steps, which are in `own`, is there in `language`: the widget shows a flow in one language only. */
bool flow_speaks(struct ctx *ctx, struct json_object *steps, const char *own, const char *language);
/* The steps in `language` where flow_speaks(), else in their own, without translations. Belongs to ctx. */
struct json_object *flow_localise(struct ctx *ctx, struct json_object *steps, const char *own, const char *language);
/* Its own key, then those that it speaks, as a text[] parameter. */
const char *flow_languages(struct ctx *ctx, struct json_object *steps, const char *own);

/* False: the step's `when` does not hold after this answer of the survey (NULL: none), whatever else is known. */
bool flow_step_fits(struct ctx *ctx, struct json_object *step, const char *answer);

/* --- what is kept: a draft with its revision, and versions that never change --- */

/* Who changes which flow. */
struct flow_change {
	const struct audit *by;     /* whose organisation; action, entity and what follows are written here */
	const char *account_id;     /* the person, or NULL */
	const char *id;             /* the flow; not for flow_create() */
	const char *revision;       /* that its draft must be at, in decimal; NULL: any */
};

/* Each in lease's open transaction, with its line of audit and its event; drafts leave neither. After the commit: flows_forget().
 * ERR_NOT_FOUND; ERR_CONFLICT: the flow's state forbids it; ERR_PRECONDITION: the draft is at another revision, the detail says at which
 * and who saved it; ERR_INVALID names the field of a document that is not of the form or, publishing, holds an error. */
enum err flow_create(struct ctx *ctx, struct lease *lease, const struct flow_change *change, struct json_object *document, char id_out[ID_TEXT]);
enum err flow_save(struct ctx *ctx, struct lease *lease, const struct flow_change *change, struct json_object *document);
/* The draft becomes the next version, unless it is the last one already; activate: customers see it at once. ERR_CONFLICT too while an
 * experiment runs with the flow (retention/experiment.h). */
enum err flow_publish(struct ctx *ctx, struct lease *lease, const struct flow_change *change, bool activate);
/* Customers see the published version; from and until: RFC 3339 or NULL. */
enum err flow_activate(struct ctx *ctx, struct lease *lease, const struct flow_change *change, const char *from, const char *until);
enum err flow_deactivate(struct ctx *ctx, struct lease *lease, const struct flow_change *change);
enum err flow_archive(struct ctx *ctx, struct lease *lease, const struct flow_change *change, bool archived);
/* A new flow with a copy of the draft. */
enum err flow_duplicate(struct ctx *ctx, struct lease *lease, const struct flow_change *change, char id_out[ID_TEXT]);
/* Only what was never published. */
enum err flow_delete(struct ctx *ctx, struct lease *lease, const struct flow_change *change);
/* The draft becomes what a version was. */
enum err flow_restore(struct ctx *ctx, struct lease *lease, const struct flow_change *change, int64_t version);

#endif
