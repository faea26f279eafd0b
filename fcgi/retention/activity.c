#include "retention/family.h"

#include "base/clock.h"
#include "base/zone.h"
#include "sql.h"

#include <ctype.h>
#include <string.h>

#define LIMIT 100
#define DAYS 14

struct activity_input {
	const char *from, *to, *cursor;
	int64_t limit;
	bool live, live_given;
};

static const struct field ACTIVITY_INPUT[] = {
	INPUT(struct activity_input, from, "from", IN_QUERY, FIELD_TEXT, .least = 10, .most = 10,
		.doc = "first day, 2026-11-01; 13 days before the last unless given"),
	INPUT(struct activity_input, to, "to", IN_QUERY, FIELD_TEXT, .least = 10, .most = 10, .doc = "last day (UTC), today unless given"),
	INPUT(struct activity_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 1000, .doc = "rows, 100 unless given"),
	INPUT(struct activity_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	INPUT(struct activity_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct activity_input, live_given),
		.doc = "false: test data"),
	FIELD_END};

/* "2026-11-21" of year 1 to 9999. */
static enum err day_read(struct ctx *ctx, const char *field, const char *text, int64_t *days_out)
{
	static const char FORM[] = "dddd-dd-dd";
	int part[3] = {0}, at = 0;

	for (int i = 0; FORM[i]; i++) {
		if (FORM[i] == '-' ? text[i] != '-' : !isdigit((unsigned char)text[i]))
			return fail_field(ctx, ERR_INVALID, field, "%s must be a day such as 2026-11-21", field);
		if (FORM[i] == '-')
			at++;
		else
			part[at] = part[at] * 10 + (text[i] - '0');
	}
	if (part[0] < 1 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > date_month_length(part[0], part[1]))
		return fail_field(ctx, ERR_INVALID, field, "%s is no day of the calendar", field);
	*days_out = date_days(part[0], part[1], part[2]);
	return OK;
}

static const char *day_text(struct ctx *ctx, int64_t days)
{
	int64_t year;
	int month, day;

	date_of(days, &year, &month, &day);
	return arena_printf(&ctx->arena, "%04lld-%02d-%02d", (long long)(year < 1 ? 1 : year), month, day);
}

static enum err activity_list(struct req *req, struct rep *rep)
{
	const struct activity_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIMIT;
	int64_t from, to = clock_wall_s() / 86400;
	struct ctx *ctx = &req->ctx;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	if (input->to)
		TRY(day_read(ctx, "to", input->to, &to));
	from = to - DAYS + 1;
	if (input->from)
		TRY(day_read(ctx, "from", input->from, &from));
	if (from > to)
		return fail_field(ctx, ERR_INVALID, "from", "from must not lie behind to");
	return reply_list(req, rep, PARAMS(req->who.org_id, pg_bool(live), day_text(ctx, from), day_text(ctx, to), input->cursor,
		pg_int(ctx, limit)), limit);
}

const struct route RETENTION_ACTIVITY_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/retention/activity", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_LIST_, .input = ACTIVITY_INPUT, .input_size = sizeof(struct activity_input), .run = activity_list,
		.shape = REPLY_LIST, .rows = &SQL_RETENTION_ACTIVITY,
		.doc = "Events of each type a day (UTC), the newest days first; counted a moment after they happen"},
	ROUTE_END};
