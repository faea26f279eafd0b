#include "consumer/consumer.h"

#include "mail/outbox.h"
#include "sql.h"

#include <string.h>

/* What a person wants to read at eight: what asks for a deed or touches who may do what, and, for those who chose all, how many customers
 * stayed and went. page: where to go on. */
static const struct { const char *type, *page; bool important; } TYPES[] = {
	{"decision.manual", "/", true},
	{"webhook.disabled", NULL, true},
	{"webhook.created", NULL, true},
	{"member.added", NULL, true},
	{"member.changed", NULL, true},
	{"member.removed", NULL, true},
	{"key.created", "/keys", true},
	{"connection.changed", NULL, true},
	{"connection.removed", NULL, true},
	{"customer.saved", "/", false},
	{"customer.cancelled", "/", false},
};
#define TYPE_COUNT (sizeof TYPES / sizeof *TYPES)

static const char *types_of(struct ctx *ctx, bool all)
{
	const char *types[TYPE_COUNT];
	int count = 0;

	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (all || TYPES[i].important)
			types[count++] = TYPES[i].type;
	return pg_array(ctx, types, count);
}

static const char *page_url(struct ctx *ctx, const char *page)
{
	const char *url = conf_string("web.public_url");
	size_t length = strlen(url);

	if (!page || !length)
		return NULL;
	return arena_printf(&ctx->arena, "%.*s%s", (int)(length - (url[length - 1] == '/')), url, page);
}

static enum err line_add(struct ctx *ctx, struct lease *lease, const PGresult *lines, int row)
{
	const char *type = pg_text(lines, row, "type");
	size_t at = 0;

	while (strcmp(TYPES[at].type, type))
		at++;
	return mail_digest_count(lease, &(struct mail_digest){.org_id = pg_text(lines, row, "org_id"), .account_id = pg_text(lines, row, "account_id"),
		.live = pg_true(lines, row, "live"), .body = TYPES[at].important ? pg_text(lines, row, "detail") : NULL,
		.url = page_url(ctx, TYPES[at].page)}, type, pg_number(lines, row, "count", 1), pg_text(lines, row, "language"));
}

static enum err notify_run(struct ctx *ctx, struct lease *lease, const struct event_batch *batch)
{
	PGresult *lines;

	TRY(pg_run(lease, &SQL_CONSUMER_NOTIFY, PARAMS(pg_int(ctx, batch->from), pg_int(ctx, batch->to), pg_int(ctx, batch->reached),
		types_of(ctx, true), types_of(ctx, false)), &lines));
	for (int row = 0; row < PQntuples(lines); row++)
		TRY(line_add(ctx, lease, lines, row));
	return OK;
}

const struct consumer CONSUMER_NOTIFY = {
	.name = "notify",
	.doc = "lines in the digests of owners and admins",
	.replay = "tells nobody anything twice, unless --again asks for it; what was passed over is told",
	.run = notify_run,
	.heeds_reached = true,
};
