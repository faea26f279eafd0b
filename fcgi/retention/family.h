/* The owner's responder: flows, sessions, decisions, figures, the connection to Stripe (inventory section D.3). */
#ifndef STOA_RETENTION_FAMILY_H
#define STOA_RETENTION_FAMILY_H

#include "web/web.h"
#include "who/audit.h"

extern const struct family FAMILY_RETENTION;
extern const struct route RETENTION_PRIVACY_ROUTES[], RETENTION_EXPERIMENT_ROUTES[], RETENTION_FLOW_ROUTES[], RETENTION_FLOW_FILE_ROUTES[], RETENTION_SESSION_ROUTES[],
	RETENTION_BRANDING_ROUTES[], RETENTION_CONNECTION_ROUTES[], RETENTION_ACTIVITY_ROUTES[], RETENTION_REPORT_ROUTES[], RETENTION_SEGMENT_ROUTES[], RETENTION_OFFER_ROUTES[], RETENTION_STRIPE_ROUTES[], RETENTION_OUTREACH_ROUTES[],
	RETENTION_REACH_ROUTES[], RETENTION_ANALYTICS_ROUTES[], RETENTION_ROI_ROUTES[], RETENTION_RISK_ROUTES[];

#define ID_LAST "ffffffff-ffff-ffff-ffff-ffffffffffff"
#define LIST_LIMIT 20

/* Whose data is asked for: what the query says, else the caller's own mode. ERR_FORBIDDEN: a key of the other mode. */
enum err mode_choose(struct req *req, bool given, bool live, bool *live_out);
/* "2026-11-21" of year 1 to 9999, as days since 1970. ERR_INVALID names the field. And back, in memory of ctx. */
enum err day_read(struct ctx *ctx, const char *field, const char *text, int64_t *days_out);
const char *day_text(struct ctx *ctx, int64_t days);

#endif
