#include "event/event.h"
#include "identity/parts.h"
#include "sql.h"
#include "who/secret.h"

#include <string.h>

#define LAST_SHOWN 4

enum err key_create(struct ctx *ctx, struct lease *lease, const struct key_new *new, struct key_made *made_out)
{
	char prefix[WHO_PREFIX_TEXT];
	const uint8_t *sealed;
	size_t sealed_bytes;
	PGresult *result;
	const char *signing = NULL;

	*made_out = (struct key_made){0};
	id_new(made_out->id);
	token_new(new->live ? TOKEN_KEY_LIVE : TOKEN_KEY_TEST, made_out->key);
	token_parse(made_out->key, prefix);
	if (new->widget) {
		token_new(TOKEN_SIGNING, made_out->signing_secret);
		secret_seal(ctx, new->org_id, made_out->signing_secret, strlen(made_out->signing_secret), &sealed, &sealed_bytes);
		signing = pg_bytes(ctx, sealed, sealed_bytes);
	}
	return pg_run(lease, &SQL_AUTH_KEY_CREATE,
		PARAMS(new->org_id, made_out->id, new->name, new->widget ? "widget" : "server", pg_bool(new->live), prefix,
			token_hash(ctx, made_out->key), made_out->key + strlen(made_out->key) - LAST_SHOWN,
			pg_array(ctx, new->origins, new->origin_count), pg_bool(new->signature_required), signing,
			pg_int(ctx, new->rate_per_minute), new->created_by, new->expires_at), &result);
}

static enum err note(struct lease *lease, const struct audit *by, const char *action, const char *id, const char *before, const char *after)
{
	struct audit audit = *by;

	audit.action = action;
	audit.entity = "api_key";
	audit.entity_id = id;
	audit.before = before;
	audit.after = after;
	return event_audit(lease, &audit);
}

enum err key_widget_only(struct ctx *ctx, bool widget, int origin_count, bool signature_required)
{
	if (!widget && origin_count)
		return fail_field(ctx, ERR_INVALID, "origins", "A server key has no origins: it is secret and not for browsers");
	if (!widget && signature_required)
		return fail_field(ctx, ERR_INVALID, "signatureRequired", "A server key signs no customers");
	return OK;
}

static enum err key_hold(struct lease *lease, const char *org_id, const char *id, PGresult **key_out)
{
	TRY(pg_run(lease, &SQL_AUTH_KEY_HOLD, PARAMS(org_id, id), key_out));
	return PQntuples(*key_out) ? OK : fail(lease->ctx, ERR_NOT_FOUND, "There is no such key that works");
}

static const char *edit_note(struct ctx *ctx, const char *name, const char *origins, const char *rate, bool signature)
{
	return audit_note(ctx, "name", name, "origins", origins, "ratePerMinute", rate, "signatureRequired", signature ? "yes" : "no", NULL);
}

enum err key_change(struct ctx *ctx, struct lease *lease, const struct audit *by, const struct key_edit *edit)
{
	const char *rate = edit->rate_per_minute ? pg_int(ctx, edit->rate_per_minute) : NULL;
	const char *origins = edit->origins_given ? pg_array(ctx, edit->origins, edit->origin_count) : NULL;
	bool signature;
	PGresult *old, *result;

	TRY(key_hold(lease, by->org_id, edit->id, &old));
	TRY(key_widget_only(ctx, strcmp(pg_text(old, 0, "kind"), "widget") == 0, edit->origin_count, edit->signature_required));
	signature = pg_true(old, 0, "signature_required");
	TRY(pg_run(lease, &SQL_AUTH_KEY_UPDATE, PARAMS(by->org_id, edit->id, edit->name, origins, rate,
		edit->signature_given ? pg_bool(edit->signature_required) : NULL), &result));
	return note(lease, by, "key.update", edit->id,
		edit_note(ctx, pg_text(old, 0, "name"), pg_text(old, 0, "origins"), pg_text(old, 0, "rate_per_minute"), signature),
		edit_note(ctx, edit->name ? edit->name : pg_text(old, 0, "name"), origins ? origins : pg_text(old, 0, "origins"),
			rate ? rate : pg_text(old, 0, "rate_per_minute"), edit->signature_given ? edit->signature_required : signature));
}

enum err key_revoke(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *id)
{
	PGresult *result;

	TRY(pg_run(lease, &SQL_AUTH_KEY_REVOKE, PARAMS(by->org_id, id), &result));
	if (!PQntuples(result))
		return fail(ctx, ERR_NOT_FOUND, "There is no such key, or it is revoked already");
	return note(lease, by, "key.revoke", id, NULL, NULL);
}

static enum err successor_make(struct ctx *ctx, struct lease *lease, const struct audit *by, const PGresult *old, struct key_turn *turn_out)
{
	const char *origins[WHO_ORIGINS];
	struct key_new new = {.org_id = by->org_id, .name = pg_text(old, 0, "name"), .created_by = by->actor_id,
		.widget = strcmp(pg_text(old, 0, "kind"), "widget") == 0, .live = pg_true(old, 0, "live"),
		.signature_required = pg_true(old, 0, "signature_required"), .origins = origins,
		.rate_per_minute = (int)pg_number(old, 0, "rate_per_minute", 0), .expires_at = pg_text(old, 0, "next_expires_at")};

	for (const char *at = pg_text(old, 0, "origins"); *at && new.origin_count < WHO_ORIGINS; at += *at == ' ') {
		size_t length = strcspn(at, " ");

		origins[new.origin_count++] = arena_memdup(&ctx->arena, at, length);
		at += length;
	}
	turn_out->expires_at = new.expires_at;
	return key_create(ctx, lease, &new, &turn_out->made);
}

enum err key_rotate(struct ctx *ctx, struct lease *lease, const struct audit *by, const char *id, int overlap_hours, struct key_turn *turn_out)
{
	PGresult *old, *result;

	TRY(key_hold(lease, by->org_id, id, &old));
	TRY(successor_make(ctx, lease, by, old, turn_out));
	TRY(pg_run(lease, &SQL_AUTH_KEY_ROTATED, PARAMS(by->org_id, id, turn_out->made.id, pg_int(ctx, overlap_hours)), &result));
	turn_out->replaced_expires_at = pg_text(result, 0, "expires_at");
	return note(lease, by, "key.rotate", id, NULL,
		audit_note(ctx, "rotatedTo", turn_out->made.id, "expiresAt", turn_out->replaced_expires_at, NULL));
}
