#include "mail/outbox.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/policies.h"
#include "mail/parts.h"
#include "sql.h"
#include "text/json.h"

#include <string.h>

#define KIND "digest"

const struct schedule MAIL_SCHEDULES[] = {
	{.name = "mail.sweep", .cron = "* * * * *", .zone = "UTC", .policy = &JOB_MAIL_SWEEP, .missed = SCHEDULE_ONCE},
	{0},
};

static bool is_link(const char *url)
{
	return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

enum err mail_digest_add(struct lease *lease, const struct mail_digest *entry)
{
	char id[ID_TEXT], now[CLOCK_TEXT];
	PGresult *rows;
	if (entry->url && !is_link(entry->url))
		return fail(lease->ctx, ERR_INVALID, "A digest's link must be http or https");
	id_new(id);
	clock_format(clock_wall_us(), now);
	TRY(pg_run(lease, &SQL_MAIL_DIGEST_ADD, PARAMS(entry->org_id, id, entry->account_id, pg_bool(entry->live), entry->title,
		entry->body ? entry->body : "", entry->url, now), &rows));
	return PQntuples(rows) ? OK : fail(lease->ctx, ERR_NOT_FOUND, "No such member");
}

static struct job_new digest_job(struct ctx *ctx, const PGresult *due, int row)
{
	struct json_object *payload = json_own(ctx, json_object_new_object());
	const char *org_id = pg_text(due, row, "org_id"), *account_id = pg_text(due, row, "account_id");
	bool live = pg_true(due, row, "live");
	json_object_object_add(payload, "account", json_object_new_string(account_id));
	json_object_object_add(payload, "live", json_object_new_boolean(live));
	return (struct job_new){.org_id = org_id, .unique_key = arena_printf(&ctx->arena, "%s:%s:%d", org_id, account_id, live),
		.payload = json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PLAIN)};
}

static enum err notice_render(struct ctx *ctx, const char *topic, int64_t count, const char *language, const char **title_out)
{
	struct json_object *view = json_own(ctx, json_object_new_object());
	char *flag = arena_strdup(&ctx->arena, topic);
	for (char *at = flag; *at; at++)
		if (*at == '.')
			*at = '_';
	json_object_object_add(view, flag, json_object_new_boolean(true));
	json_object_object_add(view, "count", json_object_new_int64(count));
	json_object_object_add(view, "one", json_object_new_boolean(count == 1));
	return mail_phrase(ctx, &(struct mail_words){.name = "notice", .language = language, .view = view}, title_out);
}

enum err mail_digest_count(struct lease *lease, const struct mail_digest *entry, const char *topic, int64_t count, const char *language)
{
	struct ctx *ctx = lease->ctx;
	char id[ID_TEXT], now[CLOCK_TEXT];
	const char *title;
	PGresult *rows;
	id_new(id);
	clock_format(clock_wall_us(), now);
	TRY(pg_run(lease, &SQL_MAIL_DIGEST_COUNT, PARAMS(entry->org_id, id, entry->account_id, pg_bool(entry->live), topic, pg_int(ctx, count),
		entry->body ? entry->body : "", entry->url, now), &rows));
	if (!PQntuples(rows))
		return fail(ctx, ERR_NOT_FOUND, "No such member");
	TRY(notice_render(ctx, topic, pg_number(rows, 0, "count", count), language, &title));
	return pg_run(lease, &SQL_MAIL_DIGEST_TITLE, PARAMS(entry->org_id, pg_text(rows, 0, "id"), title), NULL);
}

static enum err due_enqueue(struct ctx *ctx, struct lease *lease, const PGresult *due)
{
	int count = PQntuples(due);
	struct job_new *jobs = arena_array(&ctx->arena, (size_t)count, sizeof *jobs);
	for (int row = 0; row < count; row++)
		jobs[row] = digest_job(ctx, due, row);
	return job_enqueue_many(ctx, lease, &JOB_MAIL_DIGEST, jobs, count, NULL);
}

enum err mail_sweep(struct ctx *ctx, struct pool *pool)
{
	char now[CLOCK_TEXT];
	struct lease lease;
	PGresult *due;
	clock_format(clock_wall_us(), now);
	TRY(lease_take(ctx, pool, &lease));
	enum err err = pg_run(&lease, &SQL_MAIL_DIGEST_DUE, PARAMS(now), &due);
	if (err == OK)
		err = due_enqueue(ctx, &lease, due);
	if (err == OK)
		err = pg_run(&lease, &SQL_MAIL_PURGE, NULL, NULL);
	lease_return(&lease);
	return err;
}

enum err mail_sweep_run(struct ctx *ctx, struct job *job)
{
	return mail_sweep(ctx, job->pool);
}

static struct json_object *digest_view(const PGresult *person, const PGresult *entries)
{
	struct json_object *view = json_object_new_object(), *list = json_object_new_array();
	int shown = PQntuples(entries);
	int64_t total = pg_number(entries, 0, "total", shown);
	const char *const NAMES[] = {"title", "body", "url"};
	for (int row = 0; row < shown; row++) {
		struct json_object *entry = json_object_new_object();
		for (int i = 0; i < 3; i++) {
			const char *text = pg_text(entries, row, NAMES[i]);
			json_object_object_add(entry, NAMES[i], json_object_new_string(text ? text : ""));
		}
		json_object_array_add(list, entry);
	}
	json_object_object_add(view, "entries", list);
	json_object_object_add(view, "count", json_object_new_int64(total));
	json_object_object_add(view, "one", json_object_new_boolean(total == 1));
	json_object_object_add(view, "more", json_object_new_int64(total - shown));
	json_object_object_add(view, "name", json_object_new_string(pg_text(person, 0, "name")));
	json_object_object_add(view, "organisation", json_object_new_string(pg_text(person, 0, "organisation")));
	return view;
}

/* In the job's transaction: what is taken from the table is in the outbox, or stays. */
static enum err digest_make(struct ctx *ctx, struct lease *lease, struct job *job, const char *account_id, bool live)
{
	PGresult *person, *entries;
	char id[ID_TEXT];
	TRY(pg_run(lease, &SQL_MAIL_DIGEST_PERSON, PARAMS(job->org_id, account_id), &person));
	TRY(pg_run(lease, &SQL_MAIL_DIGEST_TAKE, PARAMS(job->org_id, account_id, pg_bool(live)), &entries));
	if (!PQntuples(person) || !PQntuples(entries))
		return OK;
	const char *address = pg_text(person, 0, "email");
	struct mail_new new = {.org_id = job->org_id, .kind = KIND,
		.mail = {.to = address, .to_name = pg_text(person, 0, "name"), .live = live}};
	TRY(mail_render(ctx, &(struct mail_words){.name = "digest", .language = pg_text(person, 0, "language"),
		.unsubscribe = mail_unsubscribe_link(ctx, job->org_id, KIND, address),
		.view = json_own(ctx, digest_view(person, entries))}, &new.mail));
	enum err err = mail_enqueue(ctx, lease, &new, id);
	if (err != ERR_INVALID)
		return err;
	/* Nothing was written. No later attempt would be let through either, and what waits would make the sweep enqueue one for ever. */
	LOG(LOG_WARN, "mail.digest-dropped", LOG_T("job", ctx->id), LOG_T("account", account_id), LOG_T("detail", ctx->fault.detail));
	ctx_forgive(ctx);
	return OK;
}

enum err mail_digest_run(struct ctx *ctx, struct job *job)
{
	struct lease lease;
	TRY(job_begin(ctx, job, &lease));
	return job_commit(&lease, digest_make(ctx, &lease, job, json_text(job->payload, "account", MAIL_HOUSE),
		json_flag(job->payload, "live", false)));
}
