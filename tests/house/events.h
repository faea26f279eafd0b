/* Every route that changes something, with the event that it leaves or why there is none. tests/house/isolation_dbtest.c calls them and looks;
 * what it cannot bring about by itself names the test that does. */
#ifndef STOA_TESTS_EVENTS_H
#define STOA_TESTS_EVENTS_H

#include <stddef.h>

struct write {
	const char *route;  /* method and path */
	const char *event;  /* NULL: none, see reason */
	const char *reason;
	const char *test;   /* of the event, where the call takes more than fields that keep their rules */
};

#define AUTH_TEST "tests/auth/auth_dbtest.c"
#define RETENTION_TEST "tests/retention/retention_dbtest.c"
#define RETENTION_FLOW_TEST "tests/retention/flow_dbtest.c"
#define OWN_SESSION "a person's own session: audited, and nothing to anybody else"
#define DRAFT "a draft, which only its editors see: it tells who saved it, and publishing it is told"
#define HOUSE "the house's own work: jobs belong to no organisation's history"

static const struct write WRITES[] = {
	{"POST /api/v1/auth/register", NULL, "nobody is there yet to hear of an organisation; audited", NULL},
	{"POST /register", NULL, "nobody is there yet to hear of an organisation; audited", NULL},
	{"POST /api/v1/auth/login", NULL, OWN_SESSION, NULL},
	{"POST /login", NULL, OWN_SESSION, NULL},
	{"POST /api/v1/auth/refresh", NULL, OWN_SESSION, NULL},
	{"POST /api/v1/auth/logout", NULL, OWN_SESSION, NULL},
	{"POST /logout", NULL, OWN_SESSION, NULL},
	{"DELETE /api/v1/auth/sessions/:id", NULL, OWN_SESSION, NULL},
	{"PATCH /api/v1/auth/me", NULL, "a person's own choices, which concern nobody else", NULL},
	{"POST /settings", NULL, "a person's own choices, which concern nobody else", NULL},
	{"POST /api/v1/auth/password", "password.changed", NULL, AUTH_TEST},
	{"POST /api/v1/auth/password/forgot", NULL, "only asks for a mail", NULL},
	{"POST /password/forgot", NULL, "only asks for a mail", NULL},
	{"POST /api/v1/auth/password/reset", "password.changed", NULL, AUTH_TEST},
	{"POST /password/reset", "password.changed", NULL, AUTH_TEST},
	{"PATCH /api/v1/orgs/current", "organisation.changed", NULL, NULL},
	{"POST /api/v1/users", "member.added", NULL, NULL},
	{"PATCH /api/v1/users/:id", "member.changed", NULL, NULL},
	{"DELETE /api/v1/users/:id", "member.removed", NULL, NULL},
	{"PUT /api/v1/retention/branding", "branding.changed", NULL, NULL},
	{"POST /settings/branding", "branding.changed", NULL, NULL},
	{"POST /team", "member.added", NULL, NULL},
	{"POST /team/:id", "member.changed", NULL, NULL},
	{"POST /team/:id/remove", "member.removed", NULL, NULL},
	{"POST /api/v1/orgs/keys", "key.created", NULL, NULL},
	{"POST /keys", "key.created", NULL, NULL},
	{"POST /api/v1/orgs/keys/:id/rotate", "key.rotated", NULL, NULL},
	{"PATCH /api/v1/orgs/keys/:id", "key.changed", NULL, NULL},
	{"DELETE /api/v1/orgs/keys/:id", "key.revoked", NULL, NULL},
	{"POST /keys/:id", "key.changed", NULL, NULL},
	{"POST /keys/:id/rotate", "key.rotated", NULL, NULL},
	{"POST /keys/:id/revoke", "key.revoked", NULL, NULL},
	{"POST /api/v1/orgs/webhooks", "webhook.created", NULL, NULL},
	{"PATCH /api/v1/orgs/webhooks/:id", "webhook.changed", NULL, NULL},
	{"POST /api/v1/orgs/webhooks/:id/rotate", "webhook.changed", NULL, NULL},
	{"DELETE /api/v1/orgs/webhooks/:id", "webhook.removed", NULL, NULL},
	{"POST /api/v1/orgs/webhooks/:id/test", "webhook.test", NULL, NULL},
	{"POST /api/v1/orgs/deliveries/:id/resend", NULL, "an event once more is no new one; audited", NULL},
	{"POST /webhooks", "webhook.created", NULL, NULL},
	{"POST /webhooks/:id", "webhook.changed", NULL, NULL},
	{"POST /webhooks/:id/switch", "webhook.changed", NULL, NULL},
	{"POST /webhooks/:id/rotate", "webhook.changed", NULL, NULL},
	{"POST /webhooks/:id/test", "webhook.test", NULL, NULL},
	{"POST /deliveries/:id/resend", NULL, "an event once more is no new one; audited", NULL},
	{"POST /webhooks/:id/delete", "webhook.removed", NULL, NULL},
	{"POST /api/v1/widget/start", NULL, "the hottest path; its session row is the record, and nothing has changed for anybody", NULL},
	{"POST /api/v1/widget/decision", "offer.accepted", NULL, "tests/widget/widget_dbtest.c"},
	{"POST /api/v1/retention/flows", "flow.created", NULL, NULL},
	{"PUT /api/v1/retention/flows/:id", NULL, DRAFT, NULL},
	{"DELETE /api/v1/retention/flows/:id", "flow.removed", NULL, NULL},
	{"POST /api/v1/retention/flows/:id/publish", "flow.published", NULL, NULL},
	{"POST /api/v1/retention/flows/:id/activate", "flow.changed", NULL, NULL},
	{"POST /api/v1/retention/flows/:id/deactivate", "flow.changed", NULL, NULL},
	{"POST /api/v1/retention/flows/:id/archive", "flow.changed", NULL, NULL},
	{"POST /api/v1/retention/flows/:id/unarchive", "flow.changed", NULL, NULL},
	{"POST /api/v1/retention/flows/validate", NULL, "keeps nothing", NULL},
	{"POST /api/v1/retention/flows/import", NULL, "keeps nothing: what it reads is saved by itself", NULL},
	{"POST /api/v1/retention/flows/from-template", "flow.created", NULL, RETENTION_FLOW_TEST},
	{"POST /api/v1/retention/flows/:id/duplicate", "flow.created", NULL, NULL},
	{"POST /api/v1/retention/flows/:id/versions/:version/restore", NULL, DRAFT, NULL},
	{"POST /api/v1/retention/experiments", "experiment.created", NULL, NULL},
	{"PUT /api/v1/retention/experiments/:id", "experiment.changed", NULL, NULL},
	{"DELETE /api/v1/retention/experiments/:id", "experiment.changed", NULL, NULL},
	{"POST /api/v1/retention/experiments/:id/start", "experiment.changed", NULL, NULL},
	{"POST /api/v1/retention/experiments/:id/stop", "experiment.changed", NULL, NULL},
	{"POST /api/v1/retention/experiments/:id/promote", "experiment.promoted", NULL, NULL},
	{"POST /flows", "flow.created", NULL, NULL},
	{"POST /flows/:id", NULL, DRAFT, NULL},
	{"POST /flows/:id/publish", "flow.published", NULL, NULL},
	{"POST /flows/:id/restore", NULL, DRAFT, NULL},
	{"POST /flows/:id/state", "flow.changed", NULL, NULL},
	{"POST /flows/:id/copy", "flow.created", NULL, NULL},
	{"POST /flows/:id/delete", "flow.removed", NULL, NULL},
	{"POST /experiments", "experiment.created", NULL, "tests/pages/experiments_dbtest.c"},
	{"POST /experiments/:id", "experiment.changed", NULL, NULL},
	{"POST /experiments/:id/step", "experiment.changed", NULL, NULL},
	{"POST /experiments/:id/promote", "experiment.promoted", NULL, NULL},
	{"POST /api/v1/retention/reports", NULL, "a file for the person who asks for it", NULL},
	{"POST /reports", NULL, "a file for the person who asks for it", NULL},
	{"PUT /api/v1/retention/connection/:mode", "connection.changed", NULL, RETENTION_TEST},
	{"DELETE /api/v1/retention/connection/:mode", "connection.removed", NULL, NULL},
	{"PUT /api/v1/retention/stripe/:mode/secret", "connection.changed", NULL, "tests/stripe/webhook_dbtest.c"},
	{"POST /api/v1/retention/stripe/:mode/check", NULL, "asks what a key may do", NULL},
	{"POST /api/v1/retention/stripe/:mode/import", NULL, "copies what is at Stripe; followed as a job", NULL},
	{"POST /api/v1/stripe/webhook/:endpoint", NULL, "Stripe's own events, kept in stripe_event", NULL},
	{"POST /api/v1/retention/alerts/:id/read", NULL, "a mark for readers; nothing has changed for anybody", NULL},
	{"POST /api/v1/retention/alerts/read", NULL, "a mark for readers; nothing has changed for anybody", NULL},
	{"POST /api/v1/retention/customers/:id/pause", "outreach.changed", NULL, NULL},
	{"PUT /api/v1/retention/outreach/settings", "outreach.changed", NULL, "tests/outreach/api_dbtest.c"},
	{"PATCH /api/v1/retention/outreach/programs/:program", "outreach.changed", NULL, "tests/outreach/api_dbtest.c"},
	{"PUT /api/v1/retention/outreach/wordings/:kind/:language", "outreach.changed", NULL, NULL},
	{"DELETE /api/v1/retention/outreach/wordings/:kind/:language", "outreach.changed", NULL, NULL},
	{"POST /unsubscribe", NULL, "an address' own wish about mail; kept in mail_suppression", NULL},
	{"POST /api/v1/ops/probe", NULL, "changes nothing", NULL},
	{"POST /api/v1/jobs/:id/cancel", NULL, HOUSE, NULL},
	{"POST /api/v1/jobs/:id/replay", NULL, HOUSE, NULL},
	{"POST /api/v1/ops/replays", NULL, HOUSE, NULL},
	{"PUT /api/v1/ops/pauses", NULL, HOUSE, NULL},
	{"POST /jobs", NULL, HOUSE, NULL},
	{"POST /jobs/:id/cancel", NULL, HOUSE, NULL},
	{"POST /jobs/:id/replay", NULL, HOUSE, NULL},
};
#define WRITE_COUNT (sizeof WRITES / sizeof *WRITES)

#endif
