#include "retention/report.h"

#include "base/log.h"
#include "job/policies.h"
#include "mail/outbox.h"
#include "pg/rows.h"
#include "sql.h"
#include "text/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 2000
#define DAY_S 86400
/* More sessions than fit the bytes: an id and a time alone take 60. */
#define SESSIONS_MOST (REPORT_BYTES / 60)

/* One line of the table of days. */
struct day {
	char day[11], currency[4];
	int64_t sessions, saved_minor;
	int64_t outcomes[4];
};
static const char *const OUTCOMES[4] = {"accepted", "dismissed", "cancelled", "undecided"};

struct report {
	struct ctx *ctx;
	struct job *job;
	const char *org_id, *from, *to, *account_id;
	bool live, customers;
	char first[ID_TEXT], last[ID_TEXT]; /* ids between which the sessions are; first moves on */
	struct buffer sessions, days;
	struct day *lines;
	int line_count, line_room;
	int64_t done, expected;
};

/* --- asking --- */

/* Strict: "2026-02-30" is none. */
static bool day_read(const char *text, int64_t *start_s_out)
{
	struct tm day = {0};
	char again[32];
	if (strlen(text) != 10 || sscanf(text, "%4d-%2d-%2d", &day.tm_year, &day.tm_mon, &day.tm_mday) != 3 || day.tm_year < 2000)
		return false;
	day.tm_year -= 1900;
	day.tm_mon--;
	*start_s_out = timegm(&day);
	return strftime(again, sizeof again, "%Y-%m-%d", &day) && strcmp(again, text) == 0;
}

static enum err days_check(struct ctx *ctx, const char *from, const char *to)
{
	int64_t from_s, to_s;
	if (!day_read(from, &from_s))
		return fail_field(ctx, ERR_INVALID, "from", "from must be a day such as 2026-01-31, from 2000 on");
	if (!day_read(to, &to_s))
		return fail_field(ctx, ERR_INVALID, "to", "to must be a day such as 2026-01-31, from 2000 on");
	if (to_s < from_s)
		return fail_field(ctx, ERR_INVALID, "to", "to is before from");
	if ((to_s - from_s) / DAY_S >= REPORT_DAYS)
		return fail_field(ctx, ERR_INVALID, "to", "A report covers at most %d days", REPORT_DAYS);
	return OK;
}

enum err report_enqueue(struct ctx *ctx, struct lease *lease, const struct report_new *new, char id_out[ID_TEXT])
{
	struct json_object *payload = json_own(ctx, json_object_new_object());
	TRY(days_check(ctx, new->from, new->to));
	json_object_object_add(payload, "org", json_object_new_string(new->org_id));
	json_object_object_add(payload, "live", json_object_new_boolean(new->live));
	json_object_object_add(payload, "from", json_object_new_string(new->from));
	json_object_object_add(payload, "to", json_object_new_string(new->to));
	json_object_object_add(payload, "customers", json_object_new_boolean(new->customers));
	if (new->account_id)
		json_object_object_add(payload, "account", json_object_new_string(new->account_id));
	return job_enqueue(ctx, lease, &JOB_REPORT_MAKE, &(struct job_new){.org_id = new->org_id,
		.payload = json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PLAIN)}, id_out);
}

const char *report_page(struct ctx *ctx, const char *id)
{
	return arena_printf(&ctx->arena, "/reports/%s", id);
}

/* --- CSV --- */

static void days_write(struct report *report)
{
	buffer_text(&report->days, "day,currency,sessions,accepted,dismissed,cancelled,undecided,saved_minor\r\n");
	for (int i = 0; i < report->line_count; i++) {
		const struct day *line = &report->lines[i];
		buffer_printf(&report->days, "%s,", line->day);
		if (*line->currency)
			buffer_csv(&report->days, line->currency);
		buffer_printf(&report->days, ",%lld", (long long)line->sessions);
		for (int outcome = 0; outcome < 4; outcome++)
			buffer_printf(&report->days, ",%lld", (long long)line->outcomes[outcome]);
		buffer_printf(&report->days, ",%lld\r\n", (long long)line->saved_minor);
	}
}

/* --- reading --- */

/* Sessions come in the order of time, so that the line is among the last ones. */
static struct day *day_line(struct report *report, const char *started_at, const char *currency)
{
	for (int i = report->line_count - 1; i >= 0; i--)
		if (strncmp(report->lines[i].day, started_at, 10) == 0 && strcmp(report->lines[i].currency, currency) == 0)
			return &report->lines[i];
	if (report->line_count == report->line_room) {
		struct day *lines = arena_array(&report->ctx->arena, (size_t)report->line_room * 2 + 64, sizeof *lines);
		if (report->line_count)
			memcpy(lines, report->lines, (size_t)report->line_count * sizeof *lines);
		report->lines = lines;
		report->line_room = report->line_room * 2 + 64;
	}
	struct day *line = &report->lines[report->line_count++];
	*line = (struct day){0};
	snprintf(line->day, sizeof line->day, "%s", started_at);
	snprintf(line->currency, sizeof line->currency, "%s", currency);
	return line;
}

static void session_count(struct report *report, const PGresult *rows, int row)
{
	const char *currency = pg_text(rows, row, "currency"), *outcome = pg_text(rows, row, "outcome");
	struct day *line = day_line(report, pg_text(rows, row, "started_at"), currency ? currency : "");
	int index = 0;
	if (strcmp(outcome, "declined") == 0)
		outcome = "cancelled";
	while (index < 3 && strcmp(OUTCOMES[index], outcome) != 0)
		index++;
	line->sessions++;
	line->outcomes[index]++;
	line->saved_minor += pg_number(rows, row, "saved_minor", 0);
}

static enum err batch_take(struct report *report, const PGresult *rows)
{
	struct ctx *ctx = report->ctx;
	int count = PQntuples(rows);
	if (!report->sessions.length)
		rows_csv_head(&report->sessions, rows);
	for (int row = 0; row < count; row++) {
		rows_csv(&report->sessions, rows, row);
		session_count(report, rows, row);
	}
	if (report->sessions.failed)
		return job_reject(ctx, report->job, fail(ctx, ERR_TOO_LARGE, "The report is larger than %d MiB: choose fewer days",
			(int)(REPORT_BYTES >> 20)));
	if (count)
		snprintf(report->first, sizeof report->first, "%s", pg_text(rows, count - 1, "session"));
	report->done += count;
	job_progress(ctx, report->job, (int)(report->expected ? report->done * 99 / report->expected : 99),
		arena_printf(&ctx->arena, "%lld of %lld sessions", (long long)report->done, (long long)report->expected));
	return OK;
}

/* Every batch is a unit of work of its own, so that the rows of earlier ones do not stay in memory. */
static enum err batch_read(struct report *report, struct ctx *own, bool *more_out)
{
	struct ctx *ctx = report->ctx;
	PGresult *rows;
	ctx_reset(own);
	own->deadline_us = ctx->deadline_us;
	enum err err = pg_query(own, report->job->pool, &SQL_RETENTION_REPORT_SESSIONS, PARAMS(report->org_id, pg_bool(report->live),
		report->first, report->last, report->from, report->to, pg_bool(report->customers), pg_int(own, BATCH)), &rows);
	ctx->queries++;
	if (err != OK) {
		fail(ctx, err, "%s", own->fault.detail);
		ctx_explain(ctx, "%s", own->fault.internal);
		return err;
	}
	*more_out = PQntuples(rows) == BATCH;
	return batch_take(report, rows);
}

static enum err sessions_read(struct report *report)
{
	struct ctx own;
	bool more = true;
	enum err err = OK;
	ctx_init(&own);
	while (err == OK && more) {
		if (job_cancelled(report->ctx, report->job))
			err = fail(report->ctx, ERR_GONE, "Cancelled");
		else if (!ctx_left_ms(report->ctx, 1))
			err = fail(report->ctx, ERR_TIMEOUT, "The report took too long: choose fewer days");
		else
			err = batch_read(report, &own, &more);
	}
	ctx_free(&own);
	return err;
}

/* The smallest id of a moment: its first 48 bits are milliseconds (RFC 9562, section 5.7). */
static void id_at(int64_t s, char out[ID_TEXT])
{
	unsigned long long ms = (unsigned long long)s * 1000;
	snprintf(out, ID_TEXT, "%08llx-%04llx-0000-0000-000000000000", ms >> 16 & 0xffffffff, ms & 0xffff);
}

/* An id was given by a responder's clock and the time by the database's: a day to both sides makes up for it. */
static enum err collect(struct report *report)
{
	int64_t from_s = 0, to_s = 0;
	PGresult *count;
	if (!day_read(report->from, &from_s) || !day_read(report->to, &to_s))
		return job_reject(report->ctx, report->job, fail(report->ctx, ERR_INVALID, "The job's days cannot be read"));
	id_at(from_s - DAY_S, report->first);
	id_at(to_s + 2 * DAY_S, report->last);
	TRY(pg_query(report->ctx, report->job->pool, &SQL_RETENTION_REPORT_COUNT, PARAMS(report->org_id, pg_bool(report->live), report->first,
		report->last, report->from, report->to, pg_int(report->ctx, SESSIONS_MOST)), &count));
	report->expected = pg_number(count, 0, "sessions", 0);
	TRY(sessions_read(report));
	days_write(report);
	return OK;
}

/* --- keeping --- */

static const char *file_path(const struct report *report, const char *part)
{
	return arena_printf(&report->ctx->arena, "/api/v1/retention/reports/%s%s", report->job->id, part);
}

static struct json_object *totals_make(const struct report *report)
{
	struct json_object *totals = json_own(report->ctx, json_object_new_object()), *saved = json_object_new_object();
	int64_t outcomes[4] = {0};
	for (int i = 0; i < report->line_count; i++) {
		const struct day *line = &report->lines[i];
		for (int outcome = 0; outcome < 4; outcome++)
			outcomes[outcome] += line->outcomes[outcome];
		if (line->saved_minor)
			json_object_object_add(saved, line->currency, json_object_new_int64(json_int(saved, line->currency, 0) + line->saved_minor));
	}
	json_object_object_add(totals, "from", json_object_new_string(report->from));
	json_object_object_add(totals, "to", json_object_new_string(report->to));
	json_object_object_add(totals, "live", json_object_new_boolean(report->live));
	json_object_object_add(totals, "sessions", json_object_new_int64(report->done));
	for (int outcome = 0; outcome < 4; outcome++)
		json_object_object_add(totals, OUTCOMES[outcome], json_object_new_int64(outcomes[outcome]));
	json_object_object_add(totals, "saved", saved);
	json_object_object_add(totals, "bytes", json_object_new_int64((int64_t)report->sessions.length));
	json_object_object_add(totals, "csv", json_object_new_string(file_path(report, "")));
	json_object_object_add(totals, "daysCsv", json_object_new_string(file_path(report, "?part=days")));
	return totals;
}

static struct json_object *mail_view(const struct report *report, const char *organisation, bool attached)
{
	struct ctx *ctx = report->ctx;
	struct json_object *view = json_own(ctx, json_object_new_object());
	const char *base = conf_string("web.public_url");
	json_object_object_add(view, "organisation", json_object_new_string(organisation));
	json_object_object_add(view, "from", json_object_new_string(report->from));
	json_object_object_add(view, "to", json_object_new_string(report->to));
	json_object_object_add(view, "sessions", json_object_new_int64(report->done));
	json_object_object_add(view, "attached", json_object_new_boolean(attached));
	if (*base)
		json_object_object_add(view, "url", json_object_new_string(arena_printf(&ctx->arena, "%.*s%s",
			(int)(strlen(base) - (base[strlen(base) - 1] == '/')), base, report_page(ctx, report->job->id))));
	return view;
}

static const char *file_name(const struct report *report, const char *part)
{
	return arena_printf(&report->ctx->arena, "%s-%s-%s.csv", part, report->from, report->to);
}

/* Only to who is still a member. An address or words that make no mail are no reason to go without the report. */
static enum err mail_add(const struct report *report, struct lease *lease)
{
	struct ctx *ctx = report->ctx;
	const struct mail_attachment files[] = {
		{file_name(report, "sessions"), "text/csv; charset=utf-8", report->sessions.data, report->sessions.length},
		{file_name(report, "days"), "text/csv; charset=utf-8", report->days.data, report->days.length}};
	bool attached = report->sessions.length + report->days.length <= MAIL_ATTACHED_MOST;
	char id[ID_TEXT];
	PGresult *person;
	TRY(pg_run(lease, &SQL_MAIL_DIGEST_PERSON, PARAMS(report->org_id, report->account_id), &person));
	if (!PQntuples(person))
		return OK;
	struct mail_new new = {.org_id = report->org_id, .kind = "report", .transactional = true,
		.mail = {.to = pg_text(person, 0, "email"), .to_name = pg_text(person, 0, "name"), .live = report->live,
			.attachments = files, .attachment_count = attached ? 2 : 0}};
	enum err err = mail_render(ctx, &(struct mail_words){.name = "report", .language = pg_text(person, 0, "language"),
		.view = mail_view(report, pg_text(person, 0, "organisation"), attached)}, &new.mail);
	if (err == OK)
		err = mail_enqueue(ctx, lease, &new, id);
	if (err != ERR_INVALID && err != ERR_INTERNAL && !(err == ERR_UNAVAILABLE && !new.mail.text))
		return err;
	LOG(LOG_WARN, "report.mail", LOG_T("job", ctx->id), LOG_T("detail", ctx->fault.detail));
	ctx_forgive(ctx);
	return OK;
}

static enum err write(const struct report *report, struct lease *lease, const char *totals)
{
	const char *id = report->job->id;
	TRY(pg_run(lease, &SQL_RETENTION_REPORT_LOCK, PARAMS(report->org_id), NULL));
	TRY(pg_run(lease, &SQL_RETENTION_REPORT_ADD, PARAMS(report->org_id, id, pg_bool(report->live), report->from, report->to,
		pg_bool(report->customers), totals, report->sessions.data, report->days.data), NULL));
	TRY(pg_run(lease, &SQL_RETENTION_REPORT_TRIM, PARAMS(report->org_id, pg_int(report->ctx, REPORT_KEPT)), NULL));
	return report->account_id ? mail_add(report, lease) : OK;
}

static enum err keep(const struct report *report)
{
	struct json_object *totals = totals_make(report);
	struct lease lease;
	TRY(job_result(report->ctx, report->job, totals));
	TRY(job_begin(report->ctx, report->job, &lease));
	return job_commit(&lease, write(report, &lease, json_object_to_json_string_ext(totals, JSON_C_TO_STRING_PLAIN)));
}

/* An earlier attempt may have come to the end without its worker living to say so. */
static enum err made_already(const struct report *report, bool *made_out)
{
	struct json_object *totals;
	PGresult *row;
	TRY(pg_query(report->ctx, report->job->pool, &SQL_RETENTION_REPORT_GET, PARAMS(report->org_id, report->job->id, "t", NULL), &row));
	*made_out = PQntuples(row) > 0;
	if (!*made_out)
		return OK;
	const char *text = pg_text(row, 0, "totals");
	TRY(json_read(report->ctx, text, strlen(text), 4, &totals));
	return job_result(report->ctx, report->job, totals);
}

enum err report_make_run(struct ctx *ctx, struct job *job)
{
	struct report report = {.ctx = ctx, .job = job, .org_id = json_text(job->payload, "org", ""),
		.from = json_text(job->payload, "from", ""), .to = json_text(job->payload, "to", ""),
		.account_id = json_text(job->payload, "account", NULL), .live = json_flag(job->payload, "live", false),
		.customers = json_flag(job->payload, "customers", false), .sessions.limit = REPORT_BYTES};
	bool made;
	TRY(made_already(&report, &made));
	if (made)
		return OK;
	enum err err = collect(&report);
	if (err == OK)
		err = keep(&report);
	buffer_free(&report.sessions);
	buffer_free(&report.days);
	return err;
}
