/* What a decision asks of a subscription at Stripe, and what it takes: no input or output, so that tables can test it. */
#ifndef STOA_RETENTION_CHANGE_H
#define STOA_RETENTION_CHANGE_H

#include "retention/retention.h"

enum change_kind { CHANGE_DISCOUNT, CHANGE_PAUSE, CHANGE_DOWNGRADE, CHANGE_EXTENSION, CHANGE_CANCEL };

struct change {
	enum change_kind kind;
	bool live;
	int64_t decided_s;         /* when the customer decided; targets are counted from there */
	/* of the kind */
	int percentage, months, days;
	const char *duration, *coupon;  /* discount: once|repeating|forever; the coupon's id at Stripe, chosen or derived */
	bool coupon_own;           /* derived: created when it is not there */
	bool alone;                /* discount: not beside another one */
	const char *plan, *price;  /* downgrade */
	const char *feedback, *comment; /* cancel; NULL = none */
};

/* From a decision: its outcome and offer, the accepted step as stored, the months chosen, the reason. False: not one that Stripe has to
 * do with. */
struct change_source {
	const char *outcome, *offer_type, *reason_code, *comment;
	struct json_object *step;
	int64_t choice, decided_s;
	bool live;
};
bool change_read(struct ctx *ctx, const struct change_source *source, struct change *change_out);

enum change_verdict {
	CHANGE_WRITE,  /* form is what to send */
	CHANGE_DONE,   /* the subscription shows it: effect tells how */
	CHANGE_MANUAL  /* reason says why a person has to do it */
};

struct change_plan {
	enum change_verdict verdict;
	const char *form;
	const char *effect; /* JSON */
	const char *reason;
};

/* Judges a subscription as Stripe shows it now (discounts expanded). sent is the form of an earlier try that may have had its
 * effect, or NULL: the targets that it named are kept. Used before writing and for reading back. */
struct change_plan change_judge(struct ctx *ctx, const struct change *change, struct json_object *subscription, const char *sent);

/* Judges a coupon that is there already. */
bool change_coupon_fits(const struct change *change, struct json_object *coupon, const char **reason_out);
/* The form that creates our own coupon. */
const char *change_coupon_form(struct ctx *ctx, const struct change *change);

/* The same day and time `months` later, or that month's last day (31 January + 1 = 28 February); UTC. */
int64_t months_after(int64_t from_s, int months);

#endif
