/* The owner's responder: flows, sessions, decisions, figures, the connection to Stripe (inventory section D.3). */
#ifndef STOA_RETENTION_FAMILY_H
#define STOA_RETENTION_FAMILY_H

#include "web/web.h"
#include "who/audit.h"

extern const struct family FAMILY_RETENTION;
extern const struct route RETENTION_EXPERIMENT_ROUTES[], RETENTION_FLOW_ROUTES[], RETENTION_FLOW_FILE_ROUTES[], RETENTION_SESSION_ROUTES[], RETENTION_SUMMARY_ROUTES[],
	RETENTION_BRANDING_ROUTES[], RETENTION_CONNECTION_ROUTES[], RETENTION_ACTIVITY_ROUTES[], RETENTION_REPORT_ROUTES[], RETENTION_SEGMENT_ROUTES[], RETENTION_OFFER_ROUTES[], RETENTION_STRIPE_ROUTES[], RETENTION_OUTREACH_ROUTES[],
	RETENTION_REACH_ROUTES[];

#define ID_LAST "ffffffff-ffff-ffff-ffff-ffffffffffff"
#define LIST_LIMIT 20

/* Whose data is asked for: what the query says, else the caller's own mode. ERR_FORBIDDEN: a key of the other mode. */
enum err mode_choose(struct req *req, bool given, bool live, bool *live_out);

#endif
