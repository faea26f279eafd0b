/* To whom an offer is made (issue 4, "Targeting and offers"). What is left out here is never shown; what is shown is judged again at Stripe
 * when it is accepted (retention/change.h), since the mirror may be behind. */
#ifndef STOA_RETENTION_ELIGIBILITY_H
#define STOA_RETENTION_ELIGIBILITY_H

#include "retention/condition.h"
#include "retention/retention.h"

/* An organisation's rule for a type of offer. Without one of its own:
 *
 *               most accepted      cool-down   also to discounted customers
 *     discount  1 in 365 days      90 days     no
 *     pause     2 in 365 days      30 days     yes
 *     downgrade any number         0 days      yes
 *     extension 1 in 365 days      90 days     yes
 *     support   any number         0 days      yes
 */
struct offer_rule {
	bool enabled;
	int accepted_most;    /* by a customer within period_days; 0 = any number */
	int period_days;
	int cooldown_days;    /* after an accepted offer of any type but support */
	bool discounted;
};
#define OFFER_DAYS_MOST 730
struct offer_rules { struct offer_rule of[STEP_COUNT]; };
/* Those without a row of their own. */
extern const struct offer_rules OFFER_RULES;

/* Reads an organisation's rules, and how its offers are ordered (retention/adaptive.h). Cached for 5 minutes under flows_tag(). */
struct offer_settings { struct offer_rules rules; bool adaptive; int floor; };
enum err offer_settings_load(struct ctx *ctx, const struct house *house, const char *org_id, struct offer_settings *settings_out);
#define OFFER_FLOOR 10 /* per cent, unless the organisation says otherwise */

/* What is known of a customer besides what the host says. */
struct customer_state {
	struct facts facts;        /* of the mirror, `attempts` without this click; segment is not set */
	bool valued;               /* value_minor is known */
	bool scheduled;            /* a schedule manages the subscription */
	const char *price;         /* the subscription's, at Stripe */
	int64_t amount_minor;      /* of that price each period; 0: not known */
	int items;                 /* of the subscription; 0: none is known */
	struct accepted { enum step_type offer; int64_t at_s; } *accepted; /* newest first, of the last 2 years */
	int accepted_count;
};
/* The row of sql/retention/customer_state.sql as texts, each ended by NUL: what a cache keeps. */
enum err customer_state_fetch(struct ctx *ctx, struct pool *pool, const char *org_id, bool live, const char *customer_ref,
	const char *subscription_ref, struct buffer *out);
/* Reads them; the state points into text, or is memory of ctx. False: that is no such text. The attributes
 * come as JSON text or NULL, not in facts: most conditions ask for none. */
bool customer_state_read(struct ctx *ctx, const char *text, size_t bytes, struct customer_state *state_out, const char **attributes_out);
/* The number of clicks in a text of customer_state_fetch(), put up by one in place (up to 9999). */
void customer_state_click(char *text);
#define CUSTOMER_STATE_BYTES 32768

/* An offer as its step has it. */
struct offer {
	enum step_type type;
	const char *currency;      /* of its amount or price; NULL: it names none */
	const char *price;         /* downgrade */
	int64_t amount_minor;      /* downgrade: of that price each period; 0: not known */
};

enum eligible {
	ELIGIBLE,
	ELIGIBLE_OFF,        /* the rule says to nobody */
	ELIGIBLE_SCHEDULE,   /* a schedule manages the subscription */
	ELIGIBLE_STATUS,     /* it is neither active nor on trial */
	ELIGIBLE_PAUSED,
	ELIGIBLE_DISCOUNTED,
	ELIGIBLE_ITEMS,      /* downgrade: the subscription has several items */
	ELIGIBLE_PRICE,      /* downgrade: to the price that they have, or to one no lower */
	ELIGIBLE_CURRENCY,   /* the amount is in another currency than the subscription */
	ELIGIBLE_MOST,       /* accepted as often as the rule allows */
	ELIGIBLE_COOLDOWN    /* an offer was accepted a short time ago */
};
/* Whether an offer is made to this customer at now_s (Unix time). Support changes nothing at Stripe, so only its rule counts. What is
 * not known stands in nobody's way. */
enum eligible offer_eligible(const struct offer_rules *rules, const struct customer_state *customer, const struct offer *offer, int64_t now_s);

#endif
