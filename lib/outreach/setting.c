#include "outreach/outreach.h"

#include "base/zone.h"
#include "sql.h"

#include <string.h>

static enum err hour_check(struct ctx *ctx, const char *field, int hour)
{
	return hour >= 0 && hour <= 23 ? OK : fail_field(ctx, ERR_INVALID, field, "An hour is 0 to 23");
}

enum err outreach_policy_put(struct ctx *ctx, struct lease *lease, const char *org_id, const struct outreach_policy *policy)
{
	struct zone zone;
	struct buffer trial = {0};

	if (!zone_open(policy->time_zone, &zone))
		return fail_field(ctx, ERR_INVALID, "timeZone", "There is no such time zone; they are named as Europe/Berlin");
	if (policy->return_url && strncmp(policy->return_url, "https://", 8) != 0)
		return fail_field(ctx, ERR_INVALID, "returnUrl", "An address that begins with https:// is needed");
	TRY(hour_check(ctx, "quietFrom", policy->quiet_from));
	TRY(hour_check(ctx, "quietUntil", policy->quiet_until));
	/* What no mail could be made with is refused here, not when the first one is due. */
	enum err err = mail_compose(ctx, &(struct mail){.to = "nobody@example.com", .subject = "", .text = "", .id = "trial",
		.from_name = policy->sender_name, .reply_to = policy->reply_to, .live = true}, "nobody@example.com", &trial);
	buffer_free(&trial);
	if (err != OK) {
		ctx_forgive(ctx);
		return fail_field(ctx, ERR_INVALID, "replyTo", "This is no mail address");
	}
	return pg_run(lease, &SQL_OUTREACH_POLICY_PUT, PARAMS(org_id, policy->sender_name, policy->reply_to, policy->time_zone,
		pg_int(ctx, policy->quiet_from), pg_int(ctx, policy->quiet_until), pg_int(ctx, policy->customer_cap),
		pg_int(ctx, policy->organisation_cap), policy->return_url), NULL);
}

struct bounds { const char *program; int count_least, count_most, least, most; };
static const struct bounds BOUNDS[] = {{"payment", 1, OUTREACH_DAYS, 0, 28}, {"retention", 1, 1, 1, 7}, {"reactivation", 1, 2, 1, 180}};

static const struct bounds *bounds_of(const char *program)
{
	for (size_t i = 0; i < sizeof BOUNDS / sizeof *BOUNDS; i++)
		if (strcmp(BOUNDS[i].program, program) == 0)
			return &BOUNDS[i];
	return NULL;
}

static enum err days_check(struct ctx *ctx, const struct bounds *bounds, const struct outreach_change *change)
{
	if (change->day_count < bounds->count_least || change->day_count > bounds->count_most)
		return fail_field(ctx, ERR_INVALID, "days", "%d to %d days are needed", bounds->count_least, bounds->count_most);
	for (int i = 0; i < change->day_count; i++) {
		if (change->days[i] < bounds->least || change->days[i] > bounds->most)
			return fail_field(ctx, ERR_INVALID, "days", "A day is %d to %d", bounds->least, bounds->most);
		if (i && change->days[i] <= change->days[i - 1])
			return fail_field(ctx, ERR_INVALID, "days", "Each day comes after the one before");
	}
	return OK;
}

static enum err number_check(struct ctx *ctx, const int64_t *number, const char *field, bool fits, int least, int most)
{
	if (!number)
		return OK;
	if (!fits)
		return fail_field(ctx, ERR_INVALID, field, "This program has none");
	return *number >= least && *number <= most ? OK : fail_field(ctx, ERR_INVALID, field, "%d to %d", least, most);
}

static enum err change_check(struct ctx *ctx, const struct bounds *bounds, const struct outreach_change *change)
{
	bool payment = strcmp(bounds->program, "payment") == 0, retention = strcmp(bounds->program, "retention") == 0;

	if (change->days)
		TRY(days_check(ctx, bounds, change));
	TRY(number_check(ctx, change->months, "months", retention, 1, 12));
	TRY(number_check(ctx, change->retries, "retries", payment, 0, 4));
	TRY(number_check(ctx, change->retry_hour, "retryHour", payment, 0, 23));
	for (int i = 0; change->percents && i < 3; i++) {
		TRY(number_check(ctx, &change->percents[i], "percents", retention, 5, 60));
		if (i && change->percents[i] < change->percents[i - 1])
			return fail_field(ctx, ERR_INVALID, "percents", "A customer of more value is not offered less");
	}
	return OK;
}

static const char *array(struct ctx *ctx, const int64_t *numbers, int count)
{
	const char *texts[OUTREACH_DAYS];

	if (!numbers)
		return NULL;
	for (int i = 0; i < count; i++)
		texts[i] = pg_int(ctx, numbers[i]);
	return pg_array(ctx, texts, count);
}

static const char *number(struct ctx *ctx, const int64_t *value)
{
	return value ? pg_int(ctx, *value) : NULL;
}

enum err outreach_program_put(struct ctx *ctx, struct lease *lease, const char *org_id, const char *program, const struct outreach_change *change)
{
	const struct bounds *bounds = bounds_of(program);
	PGresult *policy;

	if (!bounds)
		return fail_field(ctx, ERR_INVALID, "program", "There is no such program");
	TRY(change_check(ctx, bounds, change));
	TRY(pg_run(lease, &SQL_OUTREACH_POLICY_GET, PARAMS(org_id), &policy));
	if (change->enabled && *change->enabled && strcmp(program, "reactivation") == 0 && PQntuples(policy) && !pg_text(policy, 0, "return_url"))
		return fail_field(ctx, ERR_INVALID, "enabled", "First say where customers subscribe again (returnUrl)");
	return pg_run(lease, &SQL_OUTREACH_PROGRAM_PUT, PARAMS(org_id, program, change->enabled ? pg_bool(*change->enabled) : NULL,
		array(ctx, change->days, change->day_count), array(ctx, change->percents, 3), number(ctx, change->months), number(ctx, change->retries),
		number(ctx, change->retry_hour)), NULL);
}
