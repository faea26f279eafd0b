/* What changes experiments, for the API and for the pages alike. Each is one transaction with its line of audit and its event, and forgets
 * what is cached of the organisation's flows.
 *
 * A draft is written; it runs; it is stopped, or promoted: then the flow of the variant that won takes the control's place. Nothing of an
 * experiment that has started changes but its state, so that its customers and its figures stay what they are: another question is another
 * experiment. */
#ifndef STOA_RETENTION_EXPERIMENT_STORE_H
#define STOA_RETENTION_EXPERIMENT_STORE_H

#include "retention/experiment.h"
#include "text/json.h"
#include "who/audit.h"

struct experiment_arm {
	const char *kind;    /* control, flow or holdout */
	const char *name;    /* 1 to 120 characters */
	const char *flow_id; /* of kind flow; else NULL */
	int64_t weight;      /* 1 to 1000 */
};

struct experiment_draft {
	const char *name, *hypothesis; /* 1 to 255 characters; up to 2000, may be NULL */
	const char *flow_id;           /* the control */
	struct json_object *condition; /* who takes part; NULL: all */
	const char *basis;             /* raw: what the dialog was answered; validated: what billing showed 30 days later */
	int64_t minimum_effect;        /* percentage points, 1 to 50: the smallest difference that matters */
	struct experiment_arm variants[EXPERIMENT_VARIANTS];
	int count;
};

/* by: who does it; its action, entity, before and after are filled in. */
struct experiment_change {
	struct ctx *ctx;
	const struct house *house;
	const struct audit *by;
};

/* ERR_INVALID names what breaks a rule of the variants or the condition: "variants[1].weight". The first variant is the control and the only one, at most one is a
 * holdout, and no flow stands in two. */
enum err experiment_create(const struct experiment_change *change, const struct experiment_draft *draft, char id_out[ID_TEXT]);
/* version: the one that is replaced, as a parameter ("7"). ERR_PRECONDITION: it is another meanwhile; ERR_CONFLICT: it has started. */
enum err experiment_save(const struct experiment_change *change, const char *id, const char *version, const struct experiment_draft *draft);
/* Only a draft: ERR_CONFLICT. */
enum err experiment_delete(const struct experiment_change *change, const char *id);
/* ERR_CONFLICT says what is missing, its field in which variant: every flow must be published, the control shown, and the others be for the control's language and
 * targets, or they could not take its place. */
enum err experiment_start(const struct experiment_change *change, const char *id);
enum err experiment_stop(const struct experiment_change *change, const char *id);
/* variant: its position. The control's promotion leaves flows as they are. ERR_CONFLICT: a draft, promoted already, the holdout, or the
 * flow cannot be shown any more, or not to the control's customers. */
enum err experiment_promote(const struct experiment_change *change, const char *id, int64_t variant);

#endif
