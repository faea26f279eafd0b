/* What the database knows of a decision's application: the decision, the calls made for it, its outcome. Every write commits
 * under the job's fence. */
#ifndef STOA_RETENTION_LEDGER_H
#define STOA_RETENTION_LEDGER_H

#include "retention/change.h"

struct ledger {
	struct ctx *ctx;
	struct job *job;
	const char *org_id, *session_id;
	bool live;
};

struct pending {
	bool pending;             /* false: settled before, or no such decision */
	struct change_source source;
	const char *subscription; /* sub_…, or NULL */
	const char *secret_key;   /* unsealed, or NULL when there is no connection, or none that opens */
	bool sealed;              /* there is a key, but the house key does not open it */
	int64_t value_minor;
};
enum err ledger_load(const struct ledger *ledger, struct pending *pending_out);

#define OPERATION_SUBSCRIPTION "subscription"
#define OPERATION_COUPON "coupon"

struct operation {
	int number;               /* 0 = there is none */
	const char *key, *form;
	bool done, refused;       /* Stripe answered that it is done, or refused it */
	int64_t age_s;
};
/* The newest operation of a purpose. */
enum err ledger_last(const struct ledger *ledger, const char *purpose, struct operation *operation_out);
/* Commits a new operation with its idempotency key: before it is sent. */
enum err ledger_plan(const struct ledger *ledger, const char *purpose, const char *path, const char *form, struct operation *operation_out);
/* Notes Stripe's definite answer: done or refused. */
enum err ledger_answer(const struct ledger *ledger, const struct operation *operation, const struct stripe_reply *reply, bool done);

/* The end of it: "applied" with an effect, or "manual" with a reason. */
struct settlement { const char *status, *reason, *effect; int64_t saved_minor; };
enum err ledger_settle(const struct ledger *ledger, const struct settlement *settlement);

#endif
