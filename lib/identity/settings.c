#include "identity/identity.h"

#include "base/zone.h"
#include "sql.h"

static enum err zone_refuse(struct ctx *ctx, const char *name)
{
	return fail_field(ctx, ERR_INVALID, "timeZone", "\"%.63s\" is not a time zone such as Europe/Berlin", name);
}

/* Pages are written in the language and zone that their reader's session is cached with. */
static enum err sessions_forget(struct ctx *ctx, const struct house *house, const char *account_id)
{
	PGresult *orgs;

	TRY(pg_query(ctx, house->pool, &SQL_AUTH_MEMBERSHIP_ORGS, PARAMS(account_id), &orgs));
	for (int row = 0; row < PQntuples(orgs); row++)
		who_forget(ctx, house, pg_text(orgs, row, "org_id"));
	return OK;
}

/* The database knows zones too, by its own copy of the tables or the system's: both must have this one. */
enum err account_settings_set(struct ctx *ctx, const struct house *house, const char *account_id, const struct account_settings *settings)
{
	struct zone zone;
	enum err err;

	if (!settings->language && !settings->time_zone && !settings->notify && !settings->name)
		return fail(ctx, ERR_INVALID, "Nothing is to be changed");
	if (settings->time_zone && !zone_open(settings->time_zone, &zone))
		return zone_refuse(ctx, settings->time_zone);
	err = pg_query(ctx, house->pool, &SQL_AUTH_ACCOUNT_SETTINGS, PARAMS(account_id, settings->language, settings->time_zone, settings->notify,
		settings->name), NULL);
	if (err == OK)
		return sessions_forget(ctx, house, account_id);
	if (err != ERR_INVALID || !settings->time_zone)
		return err;
	ctx_forgive(ctx);
	return zone_refuse(ctx, settings->time_zone);
}
