#include "base/log.h"
#include "identity/parts.h"
#include "mail/outbox.h"
#include "sql.h"
#include "text/json.h"

#include <ctype.h>
#include <string.h>

static const char *const REASONS[] = {[PASSWORD_FORGOTTEN] = "forgotten", [PASSWORD_INVITED] = "invited"};

const struct job_kind IDENTITY_JOBS[] = {{&JOB_PASSWORD_MAIL, password_mail_run}, {&JOB_HOUSE_CLEANUP, house_cleanup_run}, {0}};

/* One waiting mail an address and reason is enough. */
static const char *unique_key(struct ctx *ctx, enum password_mail why, const char *email)
{
	char *key = arena_printf(&ctx->arena, "%s:%s", REASONS[why], email);

	for (char *at = key; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return key;
}

enum err password_mail_enqueue(struct ctx *ctx, struct lease *lease, enum password_mail why, const char *email,
	const char *org_id, const char *public_url)
{
	struct json_object *payload = json_own(ctx, json_object_new_object());
	size_t length = strlen(public_url);

	if (!length)
		return fail(ctx, ERR_UNAVAILABLE, "No link can be mailed: web.public_url is not set");
	length -= public_url[length - 1] == '/';
	json_object_object_add(payload, "why", json_object_new_string(REASONS[why]));
	json_object_object_add(payload, "email", json_object_new_string(email));
	json_object_object_add(payload, "url", json_object_new_string_len(public_url, (int)length));
	return job_enqueue(ctx, lease, &JOB_PASSWORD_MAIL,
		&(struct job_new){.org_id = org_id, .unique_key = unique_key(ctx, why, email),
			.payload = json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PLAIN)}, NULL);
}

enum err password_forgot(struct ctx *ctx, const struct house *house, const char *email, const char *public_url,
	const struct client *client)
{
	const struct rate_limit limit = {.per_period = (int)conf_int("who.logins_per_address"), .period_s = LIMIT_PERIOD_S};
	struct lease lease = {0};
	enum err err;

	TRY(client_allowed(ctx, "forgot", &limit, client));
	TRY(lease_take(ctx, house->pool, &lease));
	err = password_mail_enqueue(ctx, &lease, PASSWORD_FORGOTTEN, email, NULL, public_url);
	lease_return(&lease);
	return err;
}

static enum err organisation_name(struct ctx *ctx, const struct job *job, const char **name_out)
{
	PGresult *result;

	TRY(pg_query(ctx, job->pool, &SQL_AUTH_ORGANISATION_GET, PARAMS(job->org_id), &result));
	*name_out = PQntuples(result) ? pg_text(result, 0, "name") : "an organisation";
	return OK;
}

/* In the language of whoever has the address. */
static enum err mail_make(struct ctx *ctx, const struct job *job, bool invited, const char *token, struct mail_new *new_out)
{
	const char *url = json_text(job->payload, "url", ""), *email = json_text(job->payload, "email", ""), *organisation;
	struct json_object *view = json_own(ctx, json_object_new_object());
	PGresult *person;

	*new_out = (struct mail_new){.org_id = job->org_id[0] ? job->org_id : MAIL_HOUSE,
		.kind = invited ? "password.invited" : "password.forgotten", .transactional = true, .mail = {.to = email, .live = true}};
	TRY(pg_query(ctx, job->pool, &SQL_MAIL_LANGUAGE, PARAMS(email), &person));
	json_object_object_add(view, "url", json_object_new_string(url));
	json_object_object_add(view, "link", json_object_new_string(arena_printf(&ctx->arena, "%s/password/reset?token=%s", url, token)));
	if (invited) {
		TRY(organisation_name(ctx, job, &organisation));
		json_object_object_add(view, "organisation", json_object_new_string(organisation));
	}
	if (PQntuples(person))
		new_out->mail.to_name = pg_text(person, 0, "name");
	return mail_render(ctx, &(struct mail_words){.name = invited ? "password-invited" : "password-forgotten",
		.language = PQntuples(person) ? pg_text(person, 0, "language") : "en", .view = view}, &new_out->mail);
}

/* A token that nobody received is taken back, so that attempts do not use up the account's links. */
static void token_drop(struct ctx *ctx, struct pool *pool, const char *token)
{
	struct ctx own;
	PGresult *result;

	ctx_init(&own);
	if (pg_query(&own, pool, &SQL_AUTH_RESET_DROP, PARAMS(token_hash(&own, token)), &result) != OK)
		LOG(LOG_WARN, "reset-kept", LOG_T("job", ctx->id));
	ctx_free(&own);
}

enum err password_mail_run(struct ctx *ctx, struct job *job)
{
	const char *email = json_text(job->payload, "email", "");
	bool invited = strcmp(json_text(job->payload, "why", ""), REASONS[PASSWORD_INVITED]) == 0;
	char token[WHO_TOKEN_TEXT];
	struct mail_new new;
	bool sent = false;
	enum err err;

	err = password_reset_create(ctx, job->pool, email, invited ? INVITATION_LIFE_S : RESET_LIFE_S, token);
	if (err == ERR_NOT_FOUND || err == ERR_RATE_LIMITED) {
		ctx_forgive(ctx);
		return OK;
	}
	TRY(err);
	err = mail_make(ctx, job, invited, token, &new);
	if (err == OK)
		err = mail_send_within(ctx, job, &new, &sent);
	if (!sent)
		token_drop(ctx, job->pool, token);
	return err;
}
