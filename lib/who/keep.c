#include "who/keep.h"

#include "sql.h"

#include <string.h>

#define DELETED "deleted"

const struct keep_rule KEEP_RULES[] = {
	{"words", "what customers wrote: reasons and feedback", DELETED, 730, 30, 3650, &SQL_WHO_KEEP_WORDS},
	{"sessions", "who clicked on Cancel: reference, mail address, attributes", "made anonymous; the figures stay", 1095, 90, 3650,
		&SQL_WHO_KEEP_SESSIONS},
	{"consent", "consent records: what a customer was shown and decided", DELETED, 1825, 1096, 3650, &SQL_WHO_KEEP_CONSENT},
	{"alerts", "alerts about subscriptions", DELETED, 365, 30, 3650, &SQL_WHO_KEEP_ALERTS},
	{"outreach", "mails to customers: that they were sent, and what they offered", DELETED, 730, 90, 3650, &SQL_WHO_KEEP_OUTREACH},
	{"events", "events, with the customer's reference", DELETED, 90, 30, 3650, .conf = "event.keep"},
	{"webhooks", "deliveries to your webhooks, with what was sent", DELETED, 30, 1, 3650, .conf = "webhook.keep"},
	{"stripe", "what Stripe's events said", DELETED, 30, 1, 3650, .conf = "stripe.keep"},
	{0}};

#define WORK "your own work: it stays until you delete it"
#define BOOKS "the mirror of Stripe, which the figures of money need; an erasure takes the name and the mail address away"
#define FIGURES "sums without anybody's data"
#define ACCESS "needed for as long as somebody has access"
#define SETTING "a setting of yours"
#define BRIEF "goes by itself within days"

const struct keep_table KEEP_TABLES[] = {
	{"decision", "words", NULL},
	{"retention_session", "sessions", NULL},
	{"session_outcome", "sessions", NULL},
	{"consent_record", "consent", NULL},
	{"alert", "alerts", NULL},
	{"outreach_mail", "outreach", NULL},
	{"outreach_offer", "outreach", NULL},
	{"event", "events", NULL},
	{"event_skipped", "events", NULL},
	{"webhook_delivery", "webhooks", NULL},
	{"webhook_attempt", "webhooks", NULL},
	{"stripe_event", "stripe", NULL},
	{"flow", NULL, WORK},
	{"flow_draft", NULL, WORK},
	{"flow_version", NULL, "says what a customer was shown, so it never changes"},
	{"segment", NULL, WORK},
	{"experiment", NULL, WORK},
	{"experiment_variant", NULL, WORK},
	{"customer", NULL, "the mirror of Stripe, and who was known to the widget only: these go with the last of their sessions"},
	{"subscription", NULL, BOOKS},
	{"subscription_claim", NULL, BOOKS},
	{"invoice", NULL, BOOKS},
	{"invoice_payment", NULL, BOOKS},
	{"charge", NULL, BOOKS},
	{"dispute", NULL, BOOKS},
	{"discount", NULL, BOOKS},
	{"schedule_plan", NULL, BOOKS},
	{"product", NULL, BOOKS},
	{"price", NULL, BOOKS},
	{"coupon", NULL, BOOKS},
	{"outreach_case", NULL, BOOKS},
	{"stripe_operation", NULL, "what was done at Stripe for a session, to answer for it; it names the subscription only"},
	{"coupon_request", NULL, "what was done at Stripe, to answer for it; it names no customer"},
	{"offer_event", NULL, "what was offered and answered in a session, which names nobody"},
	{"measure_day", NULL, FIGURES},
	{"measure_step", NULL, FIGURES},
	{"measure_reason", NULL, FIGURES},
	{"measure_gone", NULL, FIGURES},
	{"event_daily", NULL, FIGURES},
	{"audit_log", NULL, "who did what: it never changes, but that an erasure takes the customer's reference away"},
	{"organisation", NULL, SETTING},
	{"offer_rule", NULL, SETTING},
	{"offer_policy", NULL, SETTING},
	{"outreach_setting", NULL, SETTING},
	{"outreach_program", NULL, SETTING},
	{"outreach_wording", NULL, SETTING},
	{"branding", NULL, SETTING},
	{"privacy_setting", NULL, SETTING},
	{"keep_period", NULL, SETTING},
	{"schedule", NULL, SETTING},
	{"webhook_endpoint", NULL, SETTING},
	{"stripe_connection", NULL, SETTING},
	{"stripe_endpoint", NULL, SETTING},
	{"mail_suppression", NULL, "an address that wants no mail: to forget it would be to write to it again"},
	{"membership", NULL, ACCESS},
	{"api_key", NULL, ACCESS},
	{"session", NULL, BRIEF},
	{"password_reset", NULL, BRIEF},
	{"mail", NULL, BRIEF},
	{"mail_digest_entry", NULL, BRIEF},
	{"report", NULL, BRIEF},
	{"job", NULL, BRIEF},
	{"measure_dirty", NULL, BRIEF},
	{"measure_stale", NULL, BRIEF},
	{"stripe_sync", NULL, "how far reading from Stripe has come"},
	{"keep_mark", NULL, "how far sessions have been made anonymous"},
	{0}};

const struct keep_rule *keep_rule(const char *name)
{
	for (const struct keep_rule *rule = KEEP_RULES; rule->name; rule++)
		if (strcmp(rule->name, name) == 0)
			return rule;
	return NULL;
}

enum err keep_days(struct ctx *ctx, struct pool *pool, const char *org_id, int days_out[KEEP_RULES_MOST])
{
	PGresult *rows;

	TRY(pg_query(ctx, pool, &SQL_WHO_KEEP_PERIODS, PARAMS(org_id), &rows));
	for (int i = 0; KEEP_RULES[i].name; i++) {
		days_out[i] = KEEP_RULES[i].conf ? (int)conf_int(KEEP_RULES[i].conf) : KEEP_RULES[i].days;
		for (int row = 0; !KEEP_RULES[i].conf && row < PQntuples(rows); row++)
			if (strcmp(pg_text(rows, row, "name"), KEEP_RULES[i].name) == 0)
				days_out[i] = (int)pg_number(rows, row, "days", days_out[i]);
	}
	return OK;
}

enum err keep_put(struct ctx *ctx, struct lease *lease, const char *org_id, const char *name, int64_t days)
{
	const struct keep_rule *rule = keep_rule(name);

	if (!rule || rule->conf)
		return fail_field(ctx, ERR_INVALID, name, "The organisation has no such period");
	if (days < rule->least || days > rule->most)
		return fail_field(ctx, ERR_INVALID, name, "A period is outside its bounds");
	return pg_run(lease, &SQL_WHO_KEEP_PUT, PARAMS(org_id, name, pg_int(ctx, days)), NULL);
}
