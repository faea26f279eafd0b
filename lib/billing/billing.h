/* Billing: the mirror of what Stripe says of customers, subscriptions and money (document 003, section 5; stripe-and-retention.md).
 *
 * Events come at least once, in any order, in the shapes of whatever API version the endpoint has; the mirror ends up the same. Each row
 * keeps of when its snapshot is (as_of). A snapshot that is older never replaces a newer one; what is over at Stripe (a cancelled
 * subscription, a paid invoice, anything deleted) never comes back. `created` of an event has a resolution of one second: within it
 * a creation is older and a deletion newer than anything else (as_of lies 0 to 2 microseconds behind the second), and when two other
 * snapshots differ, the object is read from Stripe. Where it cannot be read, the one with the greater digest stays, whichever came first.
 *
 * What is derived (a subscription's plan and discounts, a customer's plan and worth, an invoice's refunds) is a function of the rows alone
 * and is made anew with every change of one of them. All writes to a mirror take turns by billing_lock(). */
#ifndef STOA_BILLING_BILLING_H
#define STOA_BILLING_BILLING_H

#include "job/job.h"
#include "job/schedule.h"
#include "stripe/stripe.h"
#include "who/who.h"

/* In lease's open transaction: nobody else writes to the mirror of this organisation and mode until it ends. */
enum err billing_lock(struct lease *lease, const char *org_id, bool live);

/* The widget's customer (retention_session.customer_ref) has this subscription (subscription_ref): their row gets Stripe's customer. Where
 * both had a row they become one, under the id of Stripe's; the other row is deleted, so what refers to customer.id must say what becomes of it.
 * When the subscription is not known yet, it is done the moment that it is. A customer who is linked stays so. In lease's open
 * transaction; takes billing_lock(). Harmless when repeated. NULL or "" as subscription_ref: nothing. */
enum err billing_link(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *customer_ref,
	const char *subscription_ref);

/* --- events --- */

#define BILLING_EVENT_BYTES (1 << 20)

/* Where Stripe sends events of one connection. */
struct billing_endpoint {
	char org_id[ID_TEXT];
	bool live;
	const char *account;    /* acct_…, or NULL when the key may not read it */
	const char *secrets[2]; /* whsec_…; NULL: none */
};

#define BILLING_SIGNATURE_S 300 /* how far the time of a signature may be away, either way */

/* An event's Stripe-Signature ("t=<unix>,v1=<hex>[,v1=…]") over the raw bytes of its body: any v1 under any of the secrets, each the whole
 * whsec_… as it is; other schemes count for nothing. ERR_FORBIDDEN says what does not fit; also when there is no secret. */
enum err billing_signature_check(struct ctx *ctx, const char *const *secrets, int secret_count, const char *header, const char *body,
	size_t bytes);

/* By the id in the address. ERR_NOT_FOUND: no such endpoint, or it has no secret yet. */
enum err billing_endpoint_find(struct ctx *ctx, struct pool *pool, const char *id, struct billing_endpoint *endpoint_out);

/* An event as it came, its signature verified. Stores it and its job in one transaction; one that is known changes nothing. ERR_BAD_INPUT: no
 * event can be read. ERR_INVALID: a thin event (v2), or one of the other mode or of another account. */
enum err billing_receive(struct ctx *ctx, struct pool *pool, const struct billing_endpoint *endpoint, const char *body, size_t bytes);

/* --- reading from Stripe --- */

/* Starts the first import (or again, what changed nothing meanwhile), or the check of the key's permissions, in lease's transaction or its
 * own. ERR_CONFLICT: there is no connection. id_out: the job's; the one that runs already where there is one. */
enum err billing_import_start(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT]);
enum err billing_check_start(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT]);
enum err billing_catch_up_start(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT]);

/* --- the connection --- */

struct billing_connection {
	const char *org_id;
	bool live;
	const char *secret_key; /* sk_live_…, rk_test_… */
	const char *account;    /* out: acct_…, or NULL */
	const char *last4;      /* out */
};
/* Whether the key can be one of this mode, and asks Stripe whose it is. ERR_INVALID (field secretKey); ERR_UPSTREAM. No lease in hand. */
enum err billing_key_check(struct ctx *ctx, struct net *net, struct billing_connection *connection);
/* Stores it sealed, makes the endpoint's address and starts the check of permissions, in lease's open transaction. ERR_CONFLICT (field
 * secretKey): it is of another account than the one whose customers are mirrored, also when that was disconnected meanwhile. */
enum err billing_connect(struct ctx *ctx, struct lease *lease, const struct billing_connection *connection);

/* Sets the endpoint's secret; the one before stays good for overlap_s. In lease's open transaction. ERR_INVALID (field secret): not of
 * Stripe's form. ERR_CONFLICT: there is no connection. endpoint_out: its id. */
enum err billing_secret_set(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *secret, int overlap_s,
	char endpoint_out[ID_TEXT]);
/* "https://stoa.example/api/v1/stripe/webhook/<id>". origin: without a slash at its end. */
const char *billing_address(struct ctx *ctx, const char *origin, const char *endpoint_id);
/* The types that an endpoint at Stripe should be given, separated by ", ". */
extern const char BILLING_EVENT_TYPES[];

/* What the import reads, in order. */
#define BILLING_PHASE_COUNT 8
extern const char *const BILLING_PHASES[BILLING_PHASE_COUNT];

extern const struct job_kind BILLING_JOBS[];
extern const struct schedule BILLING_SCHEDULES[];

#endif
