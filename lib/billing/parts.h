/* Private to lib/billing. */
#ifndef STOA_BILLING_PARTS_H
#define STOA_BILLING_PARTS_H

#include "billing/billing.h"

#include "job/house.h"
#include "job/policies.h"
#include "text/json.h"

/* Tables of the mirror. */
enum billing_kind { BILLING_CUSTOMER, BILLING_PRODUCT, BILLING_PRICE, BILLING_COUPON, BILLING_DISCOUNT, BILLING_SUBSCRIPTION, BILLING_SCHEDULE,
	BILLING_INVOICE, BILLING_CHARGE, BILLING_DISPUTE, BILLING_PAYMENT, BILLING_KINDS };

#define BILLING_DEPTH 32 /* Stripe's objects nest deeper than ours */

/* --- reading --- */

/* What one object of Stripe says, as rows of sql/billing/put_*.sql. */
struct billing_rows {
	enum billing_kind kind;
	const char *ref;                       /* of the object itself, whose row is the only one of its kind that is its own snapshot; "" for a payment */
	struct json_object *own;               /* array with that row; NULL: it only points at ref, which must be read */
	struct json_object *with[BILLING_KINDS]; /* arrays of what stands inside, or NULL */
};

/* Whether events of this type are taken, and of what. */
bool billing_type_known(const char *type);
/* When the snapshot of an event is: microseconds since 1970. */
int64_t billing_as_of(const char *type, int64_t created_s);
/* Reads an object by its "object" member, in the shapes of every API version from 2020 on; rows are owned by ctx. deleted: the event says
 * that it is gone. ERR_INVALID says what cannot be used. */
enum err billing_read(struct ctx *ctx, struct json_object *object, bool deleted, struct billing_rows *rows_out);
/* A month's share of an amount (in millionths of a minor unit) each period, times quantity, rounded half up: a year has 12 months, 52 weeks, 365
 * days. 0 for a period that is none. */
int64_t billing_month_share(__int128 amount_e6, int64_t quantity, const char *period, int64_t period_count);

/* --- storing --- */

struct mirror {
	struct ctx *ctx;
	struct lease *lease;
	const char *org_id;
	bool live;
};

#define MIRROR_LEAVE NULL     /* how a tie ends: nothing is written */
#define MIRROR_PRINT "print"  /* the greater digest stays */

/* Writes rows and what follows from them. as_of_us of the snapshot. how: MIRROR_*, or the version of the row to be replaced whatever its age.
 * tie_out (may be NULL): the version of the own row when it is a tie and nothing of rows was written, else NULL. */
enum err mirror_put(const struct mirror *mirror, const struct billing_rows *rows, int64_t as_of_us, const char *how, const char **tie_out);
/* The same for a page of a list. */
enum err mirror_put_all(const struct mirror *mirror, const struct billing_rows *rows, int count, int64_t as_of_us);

/* --- Stripe --- */

struct stripe_caller {
	struct ctx *ctx;
	struct job *job;
	const char *org_id;
	bool live;
	const char *secret_key; /* NULL: there is no connection, or its key does not open */
};

/* org and live of a job's payload, and the connection's key. */
enum err caller_load(struct ctx *ctx, struct job *job, struct stripe_caller *caller_out);
/* GET. ERR_UPSTREAM and the like: try again later. OK: reply->definite. */
enum err caller_get(const struct stripe_caller *caller, const char *path, const char *query, struct stripe_reply *reply_out);
/* When what a reply tells is surely as old as: microseconds since 1970. */
int64_t reply_as_of(const struct stripe_reply *reply);

/* The object's own address, or NULL when the kind has none. */
const char *billing_path(struct ctx *ctx, enum billing_kind kind, const char *ref);

/* Stores one event of a connection in lease's open transaction. known_out: it was there. */
enum err event_store(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *source, struct json_object *event,
	const char *text, bool *new_out);

/* --- jobs --- */

enum err stripe_event_run(struct ctx *ctx, struct job *job);
enum err stripe_import_run(struct ctx *ctx, struct job *job);
enum err stripe_catch_up_run(struct ctx *ctx, struct job *job);
enum err stripe_check_run(struct ctx *ctx, struct job *job);
enum err stripe_round_run(struct ctx *ctx, struct job *job);

#endif
