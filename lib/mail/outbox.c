#include "mail/outbox.h"

#include "base/log.h"
#include "job/policies.h"
#include "mail/parts.h"
#include "sql.h"
#include "text/json.h"
#include "who/secret.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

const struct job_kind MAIL_JOBS[] = {
	{&JOB_MAIL_SEND, mail_send_run}, {&JOB_MAIL_DIGEST, mail_digest_run}, {&JOB_MAIL_SWEEP, mail_sweep_run}, {0}};

/* --- content --- */

static void member_add(struct json_object *object, const char *name, const char *text)
{
	if (text)
		json_object_object_add(object, name, json_object_new_string(text));
}

static struct json_object *attachment_json(struct ctx *ctx, const struct mail_attachment *part)
{
	struct json_object *object = json_object_new_object();
	size_t room = sodium_base64_ENCODED_LEN(part->bytes, sodium_base64_VARIANT_ORIGINAL);
	char *data = arena_alloc(&ctx->arena, room);
	member_add(object, "name", part->name);
	member_add(object, "type", part->type);
	member_add(object, "data", sodium_bin2base64(data, room, part->data, part->bytes, sodium_base64_VARIANT_ORIGINAL));
	return object;
}

/* The sealed content as a bytea parameter. */
static const char *content_seal(struct ctx *ctx, const char *org_id, const struct mail *mail)
{
	struct json_object *object = json_own(ctx, json_object_new_object()), *parts = json_object_new_array();
	const uint8_t *sealed;
	size_t bytes;
	member_add(object, "name", mail->to_name);
	member_add(object, "sender", mail->from_name);
	member_add(object, "subject", mail->subject);
	member_add(object, "text", mail->text);
	member_add(object, "html", mail->html);
	member_add(object, "replyTo", mail->reply_to);
	member_add(object, "unsubscribe", mail->unsubscribe);
	for (int i = 0; i < mail->attachment_count; i++)
		json_object_array_add(parts, attachment_json(ctx, &mail->attachments[i]));
	json_object_object_add(object, "attachments", parts);
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	secret_seal(ctx, org_id, text, strlen(text), &sealed, &bytes);
	return pg_bytes(ctx, sealed, bytes);
}

static enum err attachments_read(struct ctx *ctx, struct json_object *parts, struct mail *mail)
{
	int count = (int)json_object_array_length(parts);
	struct mail_attachment *all = arena_array(&ctx->arena, (size_t)count + 1, sizeof *all);
	for (int i = 0; i < count; i++) {
		struct json_object *part = json_object_array_get_idx(parts, (size_t)i);
		const char *text = json_text(part, "data", "");
		size_t length = strlen(text);
		unsigned char *data = arena_alloc(&ctx->arena, length + 1);
		all[i] = (struct mail_attachment){.name = json_text(part, "name", ""), .type = json_text(part, "type", ""), .data = data};
		if (sodium_base642bin(data, length + 1, text, length, NULL, &all[i].bytes, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
			return fail(ctx, ERR_INTERNAL, "An attachment of the outbox is damaged");
	}
	mail->attachments = all;
	mail->attachment_count = count;
	return OK;
}

static enum err content_unseal(struct ctx *ctx, const char *org_id, const PGresult *row, struct mail *mail)
{
	struct json_object *object;
	const uint8_t *sealed;
	const char *text;
	size_t bytes;
	if (!pg_data(ctx, row, 0, "content", &sealed, &bytes))
		return fail(ctx, ERR_GONE, "The mail's content is gone");
	TRY(secret_unseal(ctx, org_id, sealed, bytes, &text, &bytes));
	TRY(json_read(ctx, text, bytes, 4, &object));
	mail->to_name = json_text(object, "name", NULL);
	mail->from_name = json_text(object, "sender", NULL);
	mail->subject = json_text(object, "subject", "");
	mail->text = json_text(object, "text", "");
	mail->html = json_text(object, "html", NULL);
	mail->reply_to = json_text(object, "replyTo", NULL);
	mail->unsubscribe = json_text(object, "unsubscribe", NULL);
	return attachments_read(ctx, json_object_object_get(object, "attachments"), mail);
}

/* --- enqueueing --- */

static enum err composes(struct ctx *ctx, const struct mail *mail)
{
	struct buffer out = {0};
	enum err err = mail_compose(ctx, mail, conf_string("mail.from"), &out);
	buffer_free(&out);
	return err;
}

static enum err row_add(struct lease *lease, const struct mail_new *new, const char *content)
{
	return pg_run(lease, &SQL_MAIL_QUEUE, PARAMS(new->org_id, new->mail.id, new->kind, pg_bool(new->transactional),
		pg_bool(new->mail.live), new->mail.to, content), NULL);
}

enum err mail_enqueue(struct ctx *ctx, struct lease *lease, struct mail_new *new, char id_out[ID_TEXT])
{
	id_new(id_out);
	new->mail.id = id_out;
	TRY(composes(ctx, &new->mail));
	TRY(row_add(lease, new, content_seal(ctx, new->org_id, &new->mail)));
	struct json_object *payload = json_own(ctx, json_object_new_object());
	member_add(payload, "org", new->org_id);
	member_add(payload, "mail", id_out);
	bool house = strcmp(new->org_id, MAIL_HOUSE) == 0;
	return job_enqueue(ctx, lease, &JOB_MAIL_SEND, &(struct job_new){.org_id = house ? NULL : new->org_id, .unique_key = id_out,
		.payload = json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PLAIN)}, NULL);
}

enum err mail_suppress(struct lease *lease, const char *org_id, const char *address, const char *kind, const char *reason)
{
	return pg_run(lease, &SQL_MAIL_SUPPRESS, PARAMS(org_id, address, kind, reason), NULL);
}

/* --- sending --- */

struct settling {
	const char *org_id, *id, *address;
	const char *state, *reply;
	bool keep, bad_address;
};

static enum err settle_once(struct ctx *ctx, struct pool *pool, const struct settling *to)
{
	struct lease lease;
	TRY(lease_take(ctx, pool, &lease));
	enum err err = pg_begin(&lease);
	if (err == OK)
		err = pg_run(&lease, &SQL_MAIL_SETTLE, PARAMS(to->org_id, to->id, to->state, to->reply, pg_bool(to->keep)), NULL);
	if (err == OK && to->bad_address)
		err = mail_suppress(&lease, MAIL_HOUSE, to->address, MAIL_EVERY_KIND, "bounce");
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	return err;
}

/* In a unit of work of its own: the attempt's may be past its deadline. What has been sent must not be sent again because the
 * database was away for a moment, so this is patient; repeating it is harmless. */
static enum err settle(struct ctx *ctx, struct job *job, const struct settling *to)
{
	static const struct retry_policy PATIENCE = {.attempts = 6, .base_ms = 100, .cap_ms = 2000};
	struct ctx own;
	enum err err;
	ctx_init(&own);
	for (int attempt = 1; (err = settle_once(&own, job->pool, to)) != OK && attempt < PATIENCE.attempts; attempt++) {
		int ms = retry_wait_ms(&PATIENCE, attempt);
		nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
		ctx_reset(&own);
	}
	if (err != OK) {
		LOG(LOG_ERROR, "mail.unrecorded", LOG_T("job", ctx->id), LOG_T("mail", to->id), LOG_T("state", to->state),
			LOG_T("internal", own.fault.internal));
		err = fail(ctx, err, "%s", own.fault.detail);
	}
	ctx_free(&own);
	return err;
}

static enum err send_and_settle(struct ctx *ctx, struct job *job, const struct mail *mail, struct settling *to)
{
	struct mail_reply reply;
	enum err err = mail_send(ctx, mail, &reply);
	bool for_good = err == ERR_INVALID || (err != OK && reply.refused);
	to->bad_address = err != OK && reply.bad_address;
	to->state = err == OK ? "sent" : for_good || job->last ? "failed" : "queued";
	to->reply = reply.text[0] ? reply.text : err == OK ? NULL : ctx->fault.detail;
	to->keep = err != OK && !for_good;
	enum err settled = settle(ctx, job, to);
	if (err == OK)
		return settled;
	return for_good ? job_reject(ctx, job, err) : err;
}

/* One attempt at the mail of this row; content NULL: it is in the row. */
static enum err row_send(struct ctx *ctx, struct job *job, const char *org_id, const char *id, const struct mail *content,
	bool *sent_out)
{
	PGresult *row;
	struct mail mail = content ? *content : (struct mail){0};
	*sent_out = false;
	TRY(pg_query(ctx, job->pool, &SQL_MAIL_READY, PARAMS(org_id, id), &row));
	if (!PQntuples(row))
		return job_reject(ctx, job, fail(ctx, ERR_NOT_FOUND, "The mail is not in the outbox"));
	const char *state = pg_text(row, 0, "state"), *suppressed = pg_text(row, 0, "suppressed");
	struct settling to = {.org_id = org_id, .id = id, .address = pg_text(row, 0, "address")};
	if (strcmp(state, "queued") != 0 && strcmp(state, "failed") != 0) {
		*sent_out = strcmp(state, "sent") == 0;
		return OK;
	}
	to.state = !pg_true(row, 0, "live") ? "not-sent" : "suppressed";
	to.reply = !pg_true(row, 0, "live") ? "not sent: test mode" : suppressed;
	if (to.reply)
		return settle(ctx, job, &to);
	if (!content && content_unseal(ctx, org_id, row, &mail) != OK)
		return job_reject(ctx, job, ctx->fault.err);
	mail.id = id;
	mail.to = to.address;
	mail.live = true;
	enum err err = send_and_settle(ctx, job, &mail, &to);
	*sent_out = strcmp(to.state, "sent") == 0;
	return err;
}

enum err mail_send_run(struct ctx *ctx, struct job *job)
{
	bool sent;
	return row_send(ctx, job, json_text(job->payload, "org", MAIL_HOUSE), json_text(job->payload, "mail", MAIL_HOUSE), NULL, &sent);
}

enum err mail_send_within(struct ctx *ctx, struct job *job, struct mail_new *new, bool *sent_out)
{
	struct lease lease;
	*sent_out = false;
	new->mail.id = job->id;
	TRY(lease_take(ctx, job->pool, &lease));
	enum err err = row_add(&lease, new, NULL);
	lease_return(&lease);
	return err == OK ? row_send(ctx, job, new->org_id, job->id, &new->mail, sent_out) : err;
}
