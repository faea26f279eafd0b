#include "outreach/parts.h"

#include "base/log.h"
#include "sql.h"
#include "text/language.h"

#include <string.h>

/* A run goes on for as long as its attempt has time. */
#define LEFT_MS 10000

static enum err drop(const struct outreach *out, struct lease *lease, const char *id, const char *state, const char *reason)
{
	return pg_run(lease, &SQL_OUTREACH_MAIL_DROP, PARAMS(out->org_id, pg_bool(out->live), id, state, reason, out->now), NULL);
}

static enum err hold(const struct outreach *out, struct lease *lease, const char *id, int64_t until_s, const char *why)
{
	return pg_run(lease, &SQL_OUTREACH_MAIL_HOLD, PARAMS(out->org_id, pg_bool(out->live), id, pg_int(out->ctx, until_s), why), NULL);
}

/* Where its button leads. */
static const char *link_of(const struct outreach *out, const PGresult *row)
{
	const char *program = pg_text(row, 0, "program"), *url;
	struct outreach_token token = {.live = out->live};

	if (strcmp(program, "payment") == 0) {
		url = pg_text(row, 0, "hosted_url");
		return url && strncmp(url, "https://", 8) == 0 ? url : NULL;
	}
	if (strcmp(program, "reactivation") == 0)
		return pg_text(row, 0, "return_url");
	memcpy(token.org_id, out->org_id, ID_TEXT);
	memcpy(token.id, pg_text(row, 0, "id"), ID_TEXT);
	return outreach_offer_link(out->ctx, &token);
}

static enum err compose(const struct outreach *out, struct lease *lease, const PGresult *row, struct mail_new *new)
{
	struct ctx *ctx = out->ctx;
	const char *kind = pg_text(row, 0, "kind"), *language = language_of(pg_text(row, 0, "language")), *sender = pg_text(row, 0, "sender_name");
	const struct outreach_subject about = {.name = pg_text(row, 0, "name"), .plan = pg_text(row, 0, "plan"), .organisation = sender,
		.currency = pg_text(row, 0, "currency"), .amount_minor = pg_number(row, 0, "due_minor", 0),
		.date_s = pg_number(row, 0, "ends_s", 0), .percent = (int)pg_number(row, 0, "percent", 0),
		.months = (int)pg_number(row, 0, "months", 0), .link = link_of(out, row)};
	struct outreach_words words;

	*new = (struct mail_new){.org_id = out->org_id, .kind = arena_printf(&ctx->arena, "outreach.%s", pg_text(row, 0, "program")),
		.mail = {.to = pg_text(row, 0, "email"), .to_name = about.name, .from_name = sender, .reply_to = pg_text(row, 0, "reply_to"),
			.live = out->live}};
	TRY(outreach_words_get(ctx, lease, out->org_id, kind, language, &words));
	return outreach_render(ctx, &words, kind, language, &about, mail_unsubscribe_link(ctx, out->org_id, new->kind, new->mail.to), &new->mail);
}

static enum err hand(const struct outreach *out, struct lease *lease, const PGresult *row)
{
	const char *id = pg_text(row, 0, "id");
	struct mail_new new;
	char mail[ID_TEXT];

	TRY(compose(out, lease, row, &new));
	enum err err = mail_enqueue(out->ctx, lease, &new, mail);
	if (err == OK)
		return pg_run(lease, &SQL_OUTREACH_MAIL_HANDED, PARAMS(out->org_id, pg_bool(out->live), id, mail, out->now), NULL);
	if (err != ERR_INVALID)
		return err;
	/* An address or a name that no mail can be made of will be none tomorrow either. */
	LOG(LOG_WARN, "outreach.dropped", LOG_T("mail", id), LOG_T("detail", out->ctx->fault.detail));
	ctx_forgive(out->ctx);
	return drop(out, lease, id, "failed", "malformed");
}

/* Decides about one mail. */
static enum err one(const struct outreach *out, struct lease *lease, bool *more_out)
{
	PGresult *row;

	TRY(pg_run(lease, &SQL_OUTREACH_MAIL_NEXT, PARAMS(out->org_id, pg_bool(out->live), out->now), &row));
	*more_out = PQntuples(row) > 0;
	if (!*more_out)
		return OK;
	const char *id = pg_text(row, 0, "id"), *stale = pg_text(row, 0, "stale");
	if (stale)
		return drop(out, lease, id, "cancelled", stale);
	if (!pg_text(row, 0, "email") || pg_true(row, 0, "paused"))
		return drop(out, lease, id, "suppressed", pg_text(row, 0, "email") ? "paused" : "no-address");
	const char *zone = outreach_zone(out->ctx, pg_text(row, 0, "own_zone"), pg_text(row, 0, "region"), pg_text(row, 0, "time_zone"));
	int from = (int)pg_number(row, 0, "quiet_from", 0), until = (int)pg_number(row, 0, "quiet_until", 0);
	int64_t awake_s = outreach_awake_s(zone, out->now_s, from, until);
	if (awake_s > out->now_s)
		return hold(out, lease, id, awake_s, "quiet-hours");
	bool customer = pg_number(row, 0, "customer_sent", 0) >= pg_number(row, 0, "customer_cap", 1);
	if (customer || pg_number(row, 0, "organisation_sent", 0) >= pg_number(row, 0, "organisation_cap", 1))
		return hold(out, lease, id, outreach_awake_s(zone, pg_number(row, 0, "tomorrow_s", 0), from, until),
			customer ? "customer-cap" : "organisation-cap");
	return hand(out, lease, row);
}

enum err mails_hand(const struct outreach *out)
{
	return outreach_lots(out, LEFT_MS, one);
}
