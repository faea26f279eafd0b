#include "outreach/parts.h"

#include "sql.h"
#include "text/json.h"

#define ALERTS_AT_ONCE 2000 /* a transaction: each looks at all subscriptions, and each alert may write an event */
#define LEFT_MS 60000       /* of an attempt for the steps that follow: the next run raises the rest */
#define READ_AT_ONCE 5000

static struct json_object *alert_payload(const PGresult *alerts, int row)
{
	static const char *const TEXTS[] = {"kind", "priority", "reason", "subscription_ref", "customer_ref", "currency"};
	static const char *const NAMES[] = {"kind", "priority", "reason", "subscription", "customer", "currency"};
	struct json_object *payload = json_object_new_object();

	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		json_object_object_add(payload, NAMES[i], json_object_new_string(pg_text(alerts, row, TEXTS[i])));
	json_object_object_add(payload, "days", json_object_new_int64(pg_number(alerts, row, "boundary", 0)));
	json_object_object_add(payload, "valueMinor", json_object_new_int64(pg_number(alerts, row, "month_minor", 0)));
	return payload;
}

/* A renewal is no news to other programs. */
enum err alerts_tell(const struct outreach *out, struct lease *lease, const PGresult *alerts)
{
	for (int i = 0; i < PQntuples(alerts); i++)
		if (pg_text(alerts, i, "reason")[0] != 'r')
			TRY(outreach_event(out, lease, "alert.raised", "alert", pg_text(alerts, i, "id"), json_own(out->ctx, alert_payload(alerts, i))));
	return OK;
}

static enum err some_raise(const struct outreach *out, struct lease *lease, bool *more_out)
{
	PGresult *alerts;

	TRY(pg_run(lease, &SQL_OUTREACH_ALERTS_RAISE, PARAMS(out->org_id, pg_bool(out->live), out->now, pg_int(out->ctx, ALERTS_AT_ONCE)), &alerts));
	*more_out = PQntuples(alerts) == ALERTS_AT_ONCE;
	return alerts_tell(out, lease, alerts);
}

enum err alerts_raise(const struct outreach *out)
{
	return outreach_lots(out, LEFT_MS, some_raise);
}

/* --- reading --- */

enum err outreach_alerts_read(struct ctx *ctx, struct pool *pool, const char *org_id, const char *live, const char *priority, const char *by)
{
	int64_t marked = READ_AT_ONCE;

	while (marked >= READ_AT_ONCE) {
		PGresult *row;

		TRY(pg_query(ctx, pool, &SQL_OUTREACH_ALERTS_READ, PARAMS(org_id, live, priority, by, pg_int(ctx, READ_AT_ONCE)), &row));
		marked = pg_number(row, 0, "marked", 0);
	}
	return OK;
}
