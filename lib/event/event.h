/* Events: what happened, for whoever cares (webhooks, notifications, analytics); append-only, written in the transaction of the change.
 *
 * Reading in order. Numbers drawn from a sequence are not committed in their order, so a reader that remembers the greatest one
 * that it has seen loses what commits behind it (O. Dudycz, "How Postgres sequences issues can impact your messaging guarantees",
 * event-driven.io, 2022). Its remedy, to order by transaction id and to read only below pg_snapshot_xmin(), has three costs: one
 * long transaction anywhere in the cluster holds up every reader; of two changes that wait for each other the one that began to write
 * first comes first, though it happened last; and ids from before a restored dump lie above those of the new cluster. So the
 * order is given when an event is first seen committed: under an advisory lock the reader gives what has no position yet the next
 * ones, within one look in the order of the rows' own sequence. Nothing can come behind a position, the positions have the order of
 * commits, and of two changes that exclude each other by a lock, the one that happened later has the greater one, because an event
 * is written after its change. A consumer's position is thus one number; moving it back replays.
 *
 * What is written: EVENT_LIST. A widget's start writes none: it is the product's hottest path, its session row is the durable record, and
 * nothing has changed for anybody yet.
 *
 * Consumers. Each is a row of event_consumer and a handler that gets events in order, a batch at a time; its position moves in the
 * transaction of its effects. Whoever writes an event wakes them: at most one "event.wake" waits at a time, runs a second later and enqueues
 * an "event.consume" for each that has something to read; once a minute it runs anyway, for what was written while it was running.
 *
 * An event that cannot be handled. A batch that fails is read again event by event, so that only the one at fault waits. After EVENT_TRIES
 * failures, in about half a minute by the job's waits, it is passed over: kept in event_skipped with the reason, logged as an error, shown by
 * `stoa events`, and handled when the consumer is moved back to it. A database that is away, and time that runs out, are no event's
 * fault: those failures count for nothing, are shown all the same, and nothing is passed over. stoa_event_read_total, _failures_total and
 * _skipped_total, by consumer, are for alerts.
 *
 * Rows are kept event.keep days, and longer while a consumer has not read them. */
#ifndef STOA_EVENT_EVENT_H
#define STOA_EVENT_EVENT_H

#include "job/job.h"
#include "pg/pg.h"
#include "who/audit.h"

extern const struct conf_row EVENT_CONF[]; /* [event] keep */

/* Every type, with what it means and, after that, the audit actions whose lines are written with it: "a|b". event_audit() writes both. "": a
 * line is written by the consumer "audit" when house or customer made the change, and none when a person did. */
#define EVENT_LIST(X) \
	X("offer.accepted", "a customer took an offer", "") \
	X("customer.cancelled", "a customer confirmed the cancellation or used Cancel now", "cancel.now|cancel.confirm") \
	X("customer.saved", "an accepted offer stands at Stripe", "decision.apply") \
	X("cancellation.applied", "a cancellation stands at Stripe", "decision.apply") \
	X("decision.manual", "a decision needs a person: Stripe could not be asked or refused", "decision.leave") \
	X("decision.left", "a person settled a decision as not carried out", "decision.drop") \
	X("payment.recovered", "an unpaid invoice whose recovery was under way is paid", "") \
	X("alert.raised", "a subscription is about to end by cancellation or with its trial, or has ended", "") \
	X("outreach.changed", "settings, a program or a text of outreach were changed, or a customer's mails paused", \
		"outreach.put|outreach.program|outreach.wording|customer.pause") \
	X("flow.started", "a customer clicked on Cancel; written only where an enabled endpoint names it", "") \
	X("churn.predicted", "a customer's churn risk came to 70 or more", "") \
	X("flow.created", "a flow was made", "flow.create") \
	X("flow.published", "a flow got another version, for customers to see while it is active", "flow.publish") \
	X("flow.changed", "a flow was activated, deactivated, archived or taken back", \
		"flow.activate|flow.deactivate|flow.archive|flow.unarchive") \
	X("flow.removed", "a flow that was never published was deleted", "flow.delete") \
	X("experiment.created", "an experiment was made", "experiment.create") \
	X("experiment.changed", "an experiment was changed, started, stopped or deleted", \
		"experiment.update|experiment.start|experiment.stop|experiment.delete") \
	X("experiment.promoted", "the winner of an experiment took the control's place", "experiment.promote") \
	X("branding.changed", "the appearance of the widget was changed", "branding.put") \
	X("segment.created", "a segment of customers was made", "segment.create") \
	X("segment.changed", "a segment's name or condition was changed", "segment.update") \
	X("segment.removed", "a segment was deleted", "segment.delete") \
	X("offer.changed", "the rules or the order of offers were changed", "offer.rule|offer.policy|flow.policy") \
	X("coupon.created", "a coupon was made at Stripe", "coupon.create") \
	X("privacy.changed", "periods of keeping data, or Cancel now, were changed", "privacy.put") \
	X("customer.erased", "a customer's data were erased", "") \
	X("connection.changed", "the connection with Stripe was made or replaced, or its endpoint got another secret", "connection.put|connection.secret") \
	X("connection.removed", "the connection with Stripe was removed", "connection.delete") \
	X("organisation.changed", "the organisation was renamed", "organisation.update") \
	X("member.added", "a person became a member", "member.add") \
	X("member.changed", "a member's role was changed", "member.role") \
	X("member.removed", "a member was removed", "member.remove") \
	X("key.created", "an API key was made", "key.create") \
	X("key.changed", "an API key was changed", "key.update") \
	X("key.rotated", "an API key got a successor", "key.rotate") \
	X("key.revoked", "an API key was revoked", "key.revoke") \
	X("password.changed", "a member set a new password", "password.change|password.reset|password.assign") \
	X("webhook.created", "an endpoint was made", "webhook.create") \
	X("webhook.changed", "an endpoint was changed, or got another secret", "webhook.update|webhook.rotate") \
	X("webhook.removed", "an endpoint was deleted", "webhook.delete") \
	X("webhook.disabled", "an endpoint was disabled because deliveries kept failing", "webhook.disable") \
	X("webhook.test", "the test button of an endpoint", "")

struct event {
	const char *org_id;
	bool live;              /* of the mode that it happened in; what has no mode (people, keys, flows) is live */
	const char *actor_kind; /* as struct audit */
	const char *actor_id;
	const char *entity;     /* "decision" */
	const char *entity_id;  /* or NULL */
	const char *type;       /* one of EVENT_LIST */
	const char *payload;    /* a JSON object; never a secret or a customer's own words */
	int version;            /* of the payload's schema; 0 = 1 */
};

/* In lease's transaction (or its own when none is open), after the change itself. Wakes the consumers.
 * id_out (may be NULL) gets the event's id. ERR_INTERNAL: no such type. */
enum err event_add(struct ctx *ctx, struct lease *lease, const struct event *event, char id_out[ID_TEXT]);

/* audit_write(), and the event of its action where EVENT_LIST has one: payload {"before", "after"}. For changes without a mode. */
enum err event_audit(struct lease *lease, const struct audit *audit);

/* A type, or a group of them as "member.*". */
bool event_filter_known(const char *filter);
/* All types, separated by ", ". */
const char *event_types(struct ctx *ctx);

struct event_batch {
	PGresult *rows;        /* in order: org_id, id, live, at, actor_kind, actor_id, entity, entity_id, type, payload, schema_version, position */
	int64_t from, to;      /* the rows are those of the positions behind `from` up to `to`; the same when there is none */
	int64_t reached;       /* what lies at this position or below was read before */
	void *house;           /* the worker's */
};

struct consumer {
	const char *name;   /* its row of event_consumer, which a migration makes */
	const char *doc;    /* what it does, a line */
	const char *replay; /* what moving it back does, a line */
	/* In lease's open transaction, which commits with the position. */
	enum err (*run)(struct ctx *ctx, struct lease *lease, const struct event_batch *batch);
	/* Takes back what the events behind `from` up to `to` did, before they are read again; NULL: nothing is to be. */
	enum err (*rewind)(struct ctx *ctx, struct lease *lease, int64_t from, int64_t to);
	bool heeds_reached; /* does nothing for what it has read before, unless that is asked for */
};

#define EVENT_TRIES 5

/* Reads on for this consumer until nothing is left or the attempt's time is up; for a job's handler. Fails when an event does, so that the
 * job is tried again. Any number may run at once: they take turns. */
enum err event_consume(struct ctx *ctx, struct job *job, const struct consumer *consumer);
/* Enqueues "event.consume" for every consumer that has something to read: the handler of "event.wake". */
enum err event_wake_run(struct ctx *ctx, struct job *job);
/* Moves a consumer back, so that it reads on behind `position`; again: what it has read before has its effects once more. In a transaction of
 * its own. ERR_NOT_FOUND: no such consumer. ERR_INVALID: it has not come that far; or `again` where it means nothing. */
enum err event_rewind(struct ctx *ctx, struct lease *lease, const struct consumer *consumer, int64_t position, bool again, int64_t *was_out);

/* What a consumer is made of. event_order(): gives positions to what has been committed, in a transaction of its own. event_read(): holds the
 * consumer's row until lease's open transaction ends and reads at most `most` events behind its position; ERR_NOT_FOUND: no such consumer. */
enum err event_order(struct lease *lease);
enum err event_read(struct ctx *ctx, struct lease *lease, const char *consumer, int most, struct event_batch *batch_out);
/* Sets the position, under the hold of event_read(); a lower one replays. */
enum err event_advance(struct ctx *ctx, struct lease *lease, const char *consumer, int64_t position);

/* The types that leave a line of audit with the change, as a text[] parameter. */
const char *event_audited(struct ctx *ctx);

/* Deletes a batch of what has been kept for long enough. more_out: there may be more. */
enum err event_sweep(struct ctx *ctx, struct pool *pool, bool *more_out);

#endif
