/* Consent records: what a customer was shown and how it ended, kept for three years at least (California, AB 2863; lib/who/keep.h).
 *
 * One a session, written in the transaction of its decision and never changed. The document is JSON:
 *
 *     {"session", "at", "customer": hex of the keyed hash, "flow", "version", "types": [type of each step of that version],
 *      "order": "0,2,1" (the steps that were offered, in their order), "path": [what was seen and answered], "cancelNow": true, "outcome", "offer"}
 *
 * A version of a flow never changes, so its number says word for word what was shown. mac is HMAC-SHA-256 of the document's bytes under the
 * house key: who can write to the database alone cannot make one. */
#ifndef STOA_RETENTION_CONSENT_H
#define STOA_RETENTION_CONSENT_H

#include "pg/pg.h"
#include "text/json.h"

#define CONSENT_HASH_BYTES 32

struct consent {
	const char *org_id, *session_id, *customer, *flow_id;
	bool live, cancel_now;
	int flow_version;
	struct json_object *steps;   /* of that version */
	const char *order, *path;    /* path: JSON */
	const char *outcome, *offer; /* offer: that was accepted, or NULL */
};
/* In lease's transaction. */
enum err consent_write(struct ctx *ctx, struct lease *lease, const struct consent *consent);

/* Under which a customer stands in the records of a mode. */
void consent_customer(struct ctx *ctx, const char *org_id, bool live, const char *customer, uint8_t hash_out[CONSENT_HASH_BYTES]);
/* "erased-" and 32 hex digits of that hash: who the customer is after an erasure. Memory of ctx. */
const char *consent_pseudonym(struct ctx *ctx, const char *org_id, bool live, const char *customer);
/* Whether a record is as it was written. */
bool consent_intact(const char *document, const uint8_t *mac, size_t bytes);

/* Whether "Cancel now" stands beside offers: always, unless the organisation switched it off, and even then for customers of whom it is not
 * known that they live outside the United States and Canada (region missing, or beginning with US, CA or California): an offer to keep a
 * Californian is allowed only with a way to cancel shown at the same time (AB 2863). */
bool cancel_now_shown(bool switched_off, const char *region);

#endif
