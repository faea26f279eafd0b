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
 * Rows are kept event.keep days, and longer while a consumer has not read them. */
#ifndef STOA_EVENT_EVENT_H
#define STOA_EVENT_EVENT_H

#include "job/job.h"
#include "pg/pg.h"
#include "who/audit.h"

extern const struct conf_row EVENT_CONF[]; /* [event] keep */

/* Every type, with what it means and, after that, the audit actions that write it ("" = none): "a|b". */
#define EVENT_LIST(X) \
	X("offer.accepted", "a customer took an offer", "") \
	X("customer.cancelled", "a customer confirmed the cancellation or used Cancel now", "") \
	X("customer.saved", "an accepted offer stands at Stripe", "") \
	X("cancellation.applied", "a cancellation stands at Stripe", "") \
	X("decision.manual", "a decision needs a person: Stripe could not be asked or refused", "") \
	X("flow.created", "a flow was made", "") \
	X("flow.changed", "a flow was changed, activated or deactivated", "flow.activate|flow.deactivate") \
	X("connection.changed", "the connection with Stripe was made or replaced", "connection.put") \
	X("connection.removed", "the connection with Stripe was removed", "connection.delete") \
	X("organisation.changed", "the organisation was renamed", "organisation.update") \
	X("member.added", "a person became a member", "member.add") \
	X("member.changed", "a member's role was changed", "member.role") \
	X("member.removed", "a member was removed", "member.remove") \
	X("key.created", "an API key was made", "key.create") \
	X("key.changed", "an API key was changed", "key.update") \
	X("key.rotated", "an API key got a successor", "key.rotate") \
	X("key.revoked", "an API key was revoked", "key.revoke") \
	X("password.changed", "a member set a new password", "password.change|password.reset") \
	X("webhook.disabled", "an endpoint was disabled because deliveries kept failing", "") \
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

/* In lease's transaction (or its own when none is open), after the change itself. Wakes the consumers of an organisation that has any.
 * id_out (may be NULL) gets the event's id. ERR_INTERNAL: no such type. */
enum err event_add(struct ctx *ctx, struct lease *lease, const struct event *event, char id_out[ID_TEXT]);

/* audit_write(), and the event of its action where EVENT_LIST has one: payload {"before", "after"}. For changes without a mode. */
enum err event_audit(struct lease *lease, const struct audit *audit);

/* A type, or a group of them as "member.*". */
bool event_filter_known(const char *filter);
/* All types, separated by ", ". */
const char *event_types(struct ctx *ctx);

/* In lease's open transaction: gives positions, holds the consumer's row until the transaction ends and reads at most `most` events
 * behind its position, in order: org_id, id, live, at, actor_kind, actor_id, entity, entity_id, type, payload, schema_version, position.
 * from_out and to_out: the consumer's position, and that of the last row (the same when there is none). ERR_NOT_FOUND: no such
 * consumer. */
enum err event_read(struct ctx *ctx, struct lease *lease, const char *consumer, int most, PGresult **rows_out, int64_t *from_out,
	int64_t *to_out);
/* Sets the position, under the hold of event_read(); a lower one replays. */
enum err event_advance(struct ctx *ctx, struct lease *lease, const char *consumer, int64_t position);

/* Deletes a batch of what has been kept for long enough. more_out: there may be more. */
enum err event_sweep(struct ctx *ctx, struct pool *pool, bool *more_out);

#endif
