/* Which flow a customer sees, and which of its steps in which order. What is cached here holds no customer's data. */
#ifndef STOA_WIDGET_CHOOSE_H
#define STOA_WIDGET_CHOOSE_H

#include "retention/adaptive.h"
#include "retention/eligibility.h"

struct flow_choice {
	const char *flow_id, *version, *language; /* version in decimal; language: the flow's own */
	bool cancel_at_stripe;
	bool adaptive;             /* how its offers are ordered */
};

/* Who asks, for whom. */
struct visit {
	struct ctx *ctx;
	const struct house *house;
	const char *org_id;
	bool live;
	const char *language;      /* two letters */
	enum segment segment;
	struct customer_state customer; /* its facts are complete: what the host says, and this click */
	struct offer_settings settings;
	const char *session_id;    /* decides what is drawn */
};

/* The active flow for this customer: in their language, else English, else any; of those that do not ask for another segment, plan
 * or region the one that names most of them, then the one ranked highest. ERR_NOT_FOUND: there is none. */
enum err flow_choose(const struct visit *visit, struct flow_choice *choice_out);

/* The steps that this customer may see, as a JSON array, in the order to show; their positions as text ("0,2,1"; "" for none); the language
 * that they are in. Left out are steps whose `when` does not hold, offers that are not made to this customer (retention/eligibility.h) and,
 * for the holdout of an experiment, all offers; when none is left the widget asks its own question, whether to cancel. A `when` that depends on the answer goes along as what is left of it. */
struct flow_shown { const char *order, *steps, *language; size_t steps_length; };
enum err flow_render(const struct visit *visit, const struct flow_choice *choice, bool holdout, struct flow_shown *shown_out);

/* How the organisation's widget looks (retention/branding.h), as a JSON object, or "null". */
enum err theme_fetch(const struct visit *visit, const char **theme_out);

/* Appends one step as the widget gets it: its position, then what is stored but for `when`; without its closing brace. */
void flow_step_write(struct buffer *out, struct json_object *step, int index);

#endif
