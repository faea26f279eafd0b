/* Which flow a customer sees, and its steps as JSON. Everything here is cached and holds no customer's data. */
#ifndef STOA_WIDGET_CHOOSE_H
#define STOA_WIDGET_CHOOSE_H

#include "retention/retention.h"

struct flow_choice {
	const char *flow_id, *version, *language; /* version in decimal */
	bool cancel_at_stripe;
};

/* The active flow for this customer: in their language, else English, else any; of those that do not ask for another segment, plan
 * or region the one that names most of them, then the one ranked highest. ERR_NOT_FOUND: there is none. plan and region may be NULL. */
enum err flow_choose(struct ctx *ctx, const struct house *house, const char *org_id, const char *language,
	enum segment segment, const char *plan, const char *region, struct flow_choice *choice_out);

/* The steps of a version in a segment's order, as a JSON array, and their order as text ("0,2,1"). */
enum err flow_render(struct ctx *ctx, const struct house *house, const char *org_id, const struct flow_choice *choice,
	enum segment segment, bool repeated, const char **order_out, const char **steps_out, size_t *steps_length_out);

/* Appends one step as the widget gets it: its position, then what is stored. */
void flow_step_write(struct buffer *out, struct json_object *step, int index);

#endif
