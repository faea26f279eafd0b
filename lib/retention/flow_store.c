#include "retention/flow_parts.h"

#include "base/clock.h"
#include "event/event.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MOST 255

/* What is kept of a document: the tidy one and its review, as JSON. */
struct kept { struct json_object *document; struct flow_review review; const char *text, *review_text, *name, *language; };

static const char *json_kept(struct ctx *ctx, struct json_object *value)
{
	struct buffer text = {0};
	const char *kept;

	json_write(&text, value);
	kept = arena_memdup(&ctx->arena, text.data, text.length);
	buffer_free(&text);
	return kept;
}

static enum err document_keep(struct ctx *ctx, struct lease *lease, const char *org_id, struct json_object *document, struct kept *kept_out)
{
	kept_out->document = flow_tidy(ctx, document);
	TRY(flow_review(ctx, lease, org_id, kept_out->document, &kept_out->review));
	if (kept_out->review.form)
		return fail_field(ctx, ERR_INVALID, kept_out->review.field, "%s", kept_out->review.message);
	kept_out->text = json_kept(ctx, kept_out->document);
	if (strlen(kept_out->text) > FLOW_DOCUMENT_BYTES)
		return fail_field(ctx, ERR_INVALID, "steps", "A flow has at most %d bytes", FLOW_DOCUMENT_BYTES);
	kept_out->review_text = json_kept(ctx, kept_out->review.json);
	kept_out->name = json_text(kept_out->document, "name", "");
	if (!*kept_out->name || utf8_length(kept_out->name, strlen(kept_out->name)) > NAME_MOST)
		return fail_field(ctx, ERR_INVALID, "name", "name must have 1 to %d characters", NAME_MOST);
	kept_out->language = flow_language_key(ctx, json_text(kept_out->document, "language", ""));
	if (!kept_out->language)
		kept_out->language = "en";
	return OK;
}

static enum err note(struct lease *lease, const struct flow_change *change, const char *action, const char *before, const char *after)
{
	struct audit audit = *change->by;

	audit.action = action;
	audit.entity = "flow";
	audit.entity_id = change->id;
	audit.before = before;
	audit.after = after;
	return event_audit(lease, &audit);
}

/* --- drafts --- */

enum err flow_create(struct ctx *ctx, struct lease *lease, const struct flow_change *change, struct json_object *document, char id_out[ID_TEXT])
{
	struct flow_change made = *change;
	struct kept kept;

	TRY(document_keep(ctx, lease, change->by->org_id, document, &kept));
	id_new(id_out);
	made.id = id_out;
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_INSERT,
		PARAMS(change->by->org_id, id_out, kept.name, kept.language, kept.text, kept.review_text, change->account_id), NULL));
	return note(lease, &made, "flow.create", NULL, audit_note(ctx, "name", kept.name, "language", kept.language, NULL));
}

/* Holds the flow and its draft until the transaction ends. */
static enum err hold(struct ctx *ctx, struct lease *lease, const struct flow_change *change, bool archived, PGresult **row_out)
{
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_HOLD, PARAMS(change->by->org_id, change->id), row_out));
	if (PQntuples(*row_out) == 0)
		return fail(ctx, ERR_NOT_FOUND, "No such flow");
	if (change->revision && strcmp(change->revision, pg_text(*row_out, 0, "revision")) != 0) {
		const char *by = pg_text(*row_out, 0, "changed_by");

		return fail(ctx, ERR_PRECONDITION, "The draft is at revision %s, saved by %s: read it again", pg_text(*row_out, 0, "revision"),
			by ? by : "an API key");
	}
	if (!archived && strcmp(pg_text(*row_out, 0, "status"), "archived") == 0)
		return fail(ctx, ERR_CONFLICT, "The flow is archived: take it back first");
	return OK;
}

static enum err draft_write(struct ctx *ctx, struct lease *lease, const struct flow_change *change, struct json_object *document)
{
	struct kept kept;

	TRY(document_keep(ctx, lease, change->by->org_id, document, &kept));
	return pg_run(lease, &SQL_RETENTION_FLOW_SAVE,
		PARAMS(change->by->org_id, change->id, kept.name, kept.language, kept.text, kept.review_text, change->account_id), NULL);
}

enum err flow_save(struct ctx *ctx, struct lease *lease, const struct flow_change *change, struct json_object *document)
{
	PGresult *row;

	TRY(hold(ctx, lease, change, false, &row));
	return draft_write(ctx, lease, change, document);
}

enum err flow_restore(struct ctx *ctx, struct lease *lease, const struct flow_change *change, int64_t version)
{
	struct json_object *document;
	const char *text;
	PGresult *row;

	TRY(hold(ctx, lease, change, false, &row));
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_VERSION, PARAMS(change->by->org_id, change->id, pg_int(ctx, version)), &row));
	if (PQntuples(row) == 0)
		return fail(ctx, ERR_NOT_FOUND, "The flow has no such version");
	text = pg_text(row, 0, "flow");
	TRY(json_read(ctx, text, strlen(text), JSON_DEPTH, &document));
	return draft_write(ctx, lease, change, document);
}

static enum err document_read(struct ctx *ctx, const PGresult *row, struct json_object **document_out)
{
	const char *text = pg_text(row, 0, "document");

	return json_read(ctx, text, strlen(text), JSON_DEPTH, document_out);
}

/* As many bytes of the name as leave room for the ending. */
static const char *name_of_copy(struct ctx *ctx, const char *name)
{
	static const char ending[] = " (copy)";
	size_t bytes = 0, most = NAME_MOST - (sizeof ending - 1);

	for (size_t step; most > 0 && (step = utf8_step(name + bytes, strlen(name + bytes))) > 0; most--)
		bytes += step;
	return arena_printf(&ctx->arena, "%.*s%s", (int)bytes, name, ending);
}

enum err flow_duplicate(struct ctx *ctx, struct lease *lease, const struct flow_change *change, char id_out[ID_TEXT])
{
	struct json_object *document;
	PGresult *row;

	TRY(hold(ctx, lease, change, true, &row));
	TRY(document_read(ctx, row, &document));
	json_object_object_add(document, "name", json_object_new_string(name_of_copy(ctx, json_text(document, "name", ""))));
	return flow_create(ctx, lease, change, document, id_out);
}

enum err flow_delete(struct ctx *ctx, struct lease *lease, const struct flow_change *change)
{
	struct json_object *document;
	PGresult *row;

	TRY(hold(ctx, lease, change, true, &row));
	if (pg_number(row, 0, "version", 0) > 0)
		return fail(ctx, ERR_CONFLICT, "A flow that was published is archived, not deleted: sessions are remembered with it");
	TRY(document_read(ctx, row, &document));
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_DELETE, PARAMS(change->by->org_id, change->id), NULL));
	return note(lease, change, "flow.delete", audit_note(ctx, "name", json_text(document, "name", ""), NULL), NULL);
}

/* --- what customers see --- */

static enum err status_set(struct ctx *ctx, struct lease *lease, const struct flow_change *change, const PGresult *row, const char *action,
	const char *status, const char *from, const char *until)
{
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_STATUS, PARAMS(change->by->org_id, change->id, status, from, until), NULL));
	return note(lease, change, action,
		audit_note(ctx, "status", pg_text(row, 0, "status"), "from", pg_text(row, 0, "active_from"), "until", pg_text(row, 0, "active_until"), NULL),
		audit_note(ctx, "status", status, "from", from, "until", until, NULL));
}

static enum err version_make(struct ctx *ctx, struct lease *lease, const struct flow_change *change, const PGresult *row, bool activate)
{
	struct json_object *document, *after = json_own(ctx, json_object_new_object());
	struct kept kept;
	PGresult *made;

	TRY(pg_run(lease, &SQL_RETENTION_FLOW_TESTED, PARAMS(change->by->org_id, change->id), &made));
	if (pg_true(made, 0, "tested"))
		return fail(ctx, ERR_CONFLICT, "An experiment runs with this flow: stop it before you publish");
	TRY(document_read(ctx, row, &document));
	TRY(document_keep(ctx, lease, change->by->org_id, document, &kept));
	if (kept.review.errors)
		return fail_field(ctx, ERR_INVALID, kept.review.field, "%s%s", kept.review.message,
			kept.review.errors == 1 ? "" : arena_printf(&ctx->arena, " (and %d more)", kept.review.errors - 1));
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_PUBLISH,
		PARAMS(change->by->org_id, change->id, flow_languages(ctx, json_array_at(kept.document, "steps"), kept.language), change->account_id,
			pg_bool(activate), kept.review_text), &made));
	json_object_object_add(after, "version", json_object_new_int64(pg_number(made, 0, "version", 0)));
	json_object_object_add(after, "name", json_object_new_string(kept.name));
	json_object_object_add(after, "activated", json_object_new_boolean(activate));
	return note(lease, change, "flow.publish", arena_printf(&ctx->arena, "{\"version\":%s}", pg_text(row, 0, "version")), json_kept(ctx, after));
}

enum err flow_publish(struct ctx *ctx, struct lease *lease, const struct flow_change *change, bool activate)
{
	PGresult *row;

	TRY(hold(ctx, lease, change, false, &row));
	if (pg_number(row, 0, "published", 0) != pg_number(row, 0, "revision", -1))
		return version_make(ctx, lease, change, row, activate);
	if (activate && strcmp(pg_text(row, 0, "status"), "active") != 0)
		return status_set(ctx, lease, change, row, "flow.activate", "active", NULL, NULL);
	return OK;
}

static enum err published_only(struct ctx *ctx, const PGresult *row)
{
	return pg_number(row, 0, "version", 0) > 0 ? OK : fail(ctx, ERR_CONFLICT, "The flow was never published");
}

enum err flow_activate(struct ctx *ctx, struct lease *lease, const struct flow_change *change, const char *from, const char *until)
{
	int64_t from_us = 0, until_us = 0;
	PGresult *row;

	if (from && !clock_parse(from, &from_us))
		return fail_field(ctx, ERR_INVALID, "from", "from must be a time such as 2026-12-01T00:00:00Z");
	if (until && !clock_parse(until, &until_us))
		return fail_field(ctx, ERR_INVALID, "until", "until must be a time such as 2026-12-24T00:00:00Z");
	if (until && (until_us <= from_us || until_us <= clock_wall_us()))
		return fail_field(ctx, ERR_INVALID, "until", "until must be a time to come, and later than from");
	TRY(hold(ctx, lease, change, false, &row));
	TRY(published_only(ctx, row));
	return status_set(ctx, lease, change, row, "flow.activate", "active", from, until);
}

enum err flow_deactivate(struct ctx *ctx, struct lease *lease, const struct flow_change *change)
{
	PGresult *row;

	TRY(hold(ctx, lease, change, false, &row));
	TRY(published_only(ctx, row));
	return status_set(ctx, lease, change, row, "flow.deactivate", "inactive", NULL, NULL);
}

enum err flow_archive(struct ctx *ctx, struct lease *lease, const struct flow_change *change, bool archived)
{
	const char *status;
	PGresult *row;

	TRY(hold(ctx, lease, change, true, &row));
	if (archived)
		return status_set(ctx, lease, change, row, "flow.archive", "archived", NULL, NULL);
	if (strcmp(pg_text(row, 0, "status"), "archived") != 0)
		return fail(ctx, ERR_CONFLICT, "The flow is not archived");
	status = pg_number(row, 0, "version", 0) > 0 ? "inactive" : "draft";
	return status_set(ctx, lease, change, row, "flow.unarchive", status, NULL, NULL);
}
