/* Experiments: some customers of a flow see another one, or no offer at all, so that an owner learns what a change is worth.
 *
 * An experiment is about one flow, its control: it takes part in the sessions that would be shown this flow, of the customers that its
 * condition (retention/condition.h) fits. Its variants have weights: the control (position 0, the flow unchanged), other flows, and at
 * most one holdout, which sees no offer. It has no mode, like flows: test sessions take part, and are counted by themselves.
 *
 * Who sees what. SHA-256 over the experiment's id (36 characters, lower case), a line feed and the customer's ref; the first 53 bits, as a
 * whole number, divided by 2^53 give a point in [0, 1). The variants in their order share [0, 1) by their weights, and the customer sees the
 * one on whose share the point lies. So a customer always sees the same, on every machine and in both modes, without a row that says so;
 * and two experiments divide the customers independently. Nothing of this may change while an experiment runs: not the weights,
 * not the order, not the flows: none of them is published again meanwhile (flow_publish()). */
#ifndef STOA_RETENTION_EXPERIMENT_H
#define STOA_RETENTION_EXPERIMENT_H

#include "base/context.h"
#include "who/who.h"

#define EXPERIMENT_VARIANTS 8 /* at most */

/* The customer's point in [0, 1). */
double experiment_point(const char *experiment_id, const char *customer_ref);
/* The variant on whose share the point lies. The weights' sum is above 0. */
int experiment_variant(const int weights[], int count, double point);

struct facts; /* retention/condition.h */

struct experiment_choice {
	const char *experiment_id; /* NULL: none runs here for this customer, and nothing else is set */
	int variant;               /* its position: retention_session.variant */
	bool holdout;              /* no offer is shown: survey, feedback and confirm only, or the widget's own question */
	const char *flow_id;       /* the flow to show in place of the one that was asked about; NULL: that one, unchanged */
	const char *version, *language; /* flow_id's; version in decimal */
	bool cancel_at_stripe;     /* flow_id's */
};

/* For a session that would be shown flow_id: the experiment that has been running longest of those that fit, and what this customer
 * sees in it. Of several that fit only one takes a session. The list of those that run is cached under the organisation's flow tag
 * (flows_forget() after a change), so a call costs no query. Memory of ctx. */
enum err experiment_choose(struct ctx *ctx, const struct house *house, const char *org_id, const char *flow_id,
	const struct facts *facts, const char *customer_ref, struct experiment_choice *choice_out);

#endif
