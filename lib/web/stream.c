#include "web/site.h"

#include "base/clock.h"
#include "base/log.h"
#include "web/usage.h"

#include <string.h>

#define CSV_ROWS 1000 /* a part */

/* A unit of work of its own, so that what earlier parts needed does not stay in memory. */
static enum err part_make(struct req *req, struct rep *rep, struct ctx *part)
{
	bool done = false;
	ctx_init(part);
	memcpy(part->id, req->ctx.id, sizeof part->id);
	memcpy(part->trace, req->ctx.trace, sizeof part->trace);
	part->deadline_us = clock_mono_us() + site_one()->deadline_us;
	buffer_reset(&rep->body);
	part->reads = (struct reads){.since = req->ctx.reads.since, .by = req->ctx.reads.by};
	enum err err = rep->more(part, req, rep->more_state, &rep->body, &done);
	if (err == OK && rep->body.failed)
		err = fail(part, ERR_INTERNAL, "A part of the reply is too large");
	if (done || err != OK)
		rep->more = NULL;
	ctx_add(&req->ctx, part);
	rep->streamed += rep->body.length;
	return err;
}

enum err reply_stream(struct req *req, struct rep *rep, stream_more *more, void *state)
{
	struct site *site = site_one();
	struct ctx part;
	rep->type = BODY_TEXT;
	rep->more = more;
	rep->more_state = state;
	rep->streamed = 0;
	enum err err = part_make(req, rep, &part);
	if (err != OK)
		req->ctx.fault = part.fault;
	ctx_free(&part);
	if (err != OK || !rep->more)
		return err;
	if (atomic_fetch_add_explicit(&site->streams, 1, memory_order_relaxed) >= site->streams_most) {
		atomic_fetch_sub_explicit(&site->streams, 1, memory_order_relaxed);
		rep->more = NULL;
		fail(&req->ctx, ERR_UNAVAILABLE, "Too many files are on their way at once: try again in a moment");
		req->ctx.fault.retry_after_s = 5;
		return ERR_UNAVAILABLE;
	}
	rep->streams = true;
	return OK;
}

bool reply_more(struct req *req, struct rep *rep)
{
	struct ctx part;
	if (!rep->more)
		return false;
	enum err err = part_make(req, rep, &part);
	rep->cut = err != OK;
	if (rep->cut)
		LOG(LOG_ERROR, "stream.cut", LOG_T("id", part.id), LOG_T("error", error_name(err)), LOG_T("detail", part.fault.detail),
			LOG_T("internal", part.fault.internal[0] ? part.fault.internal : NULL));
	ctx_free(&part);
	return err == OK;
}

void reply_over(struct req *req, struct rep *rep)
{
	usage_sent(req);
	if (!rep->streams)
		return;
	atomic_fetch_sub_explicit(&site_one()->streams, 1, memory_order_relaxed);
	rep->streams = false;
	rep->more = NULL;
	LOG(LOG_INFO, "streamed", LOG_T("id", req->ctx.id), LOG_N("bytes", rep->streamed), LOG_N("duration_us", clock_mono_us() - req->start_us));
}

struct csv {
	struct csv_rows rows;
	const char **params;
	struct buffer cursor; /* of the last row; the arena's memory of a part does not last */
	bool begun;
};

static enum err csv_more(struct ctx *ctx, const struct req *req, void *state, struct buffer *out, bool *done_out)
{
	struct csv *csv = state;
	const struct csv_rows *rows = &csv->rows;
	PGresult *result;
	TRY(pg_query(ctx, req->house.pool, rows->statement, csv->params, &result));
	int count = PQntuples(result);
	if (!csv->begun)
		rows_csv_head(out, result);
	csv->begun = true;
	for (int row = 0; row < count; row++)
		rows_csv(out, result, row);
	*done_out = count < CSV_ROWS;
	if (*done_out)
		return OK;
	const char *last = pg_text(result, count - 1, PQfnumber(result, "cursor") >= 0 ? "cursor" : "id");
	buffer_reset(&csv->cursor);
	buffer_text(&csv->cursor, last);
	csv->params[rows->cursor - 1] = csv->cursor.data;
	return OK;
}

static void csv_free(void *state)
{
	buffer_free(&((struct csv *)state)->cursor);
}

void reply_file(struct req *req, struct rep *rep, const char *file)
{
	reply_header(rep, "Content-Type", "text/csv; charset=utf-8; header=present");
	reply_header(rep, "Content-Disposition", arena_printf(&req->ctx.arena, "attachment; filename=\"%s\"", file));
	rep->type = BODY_TEXT;
}

enum err reply_csv(struct req *req, struct rep *rep, const struct csv_rows *rows)
{
	struct arena *arena = &req->ctx.arena;
	struct csv *csv = arena_alloc(arena, sizeof *csv);
	csv->rows = *rows;
	csv->params = arena_alloc(arena, (size_t)rows->statement->params * sizeof *csv->params);
	for (int i = 0; i < rows->statement->params; i++)
		csv->params[i] = rows->params[i] ? arena_strdup(arena, rows->params[i]) : NULL;
	csv->params[rows->limit - 1] = pg_int(&req->ctx, CSV_ROWS);
	arena_defer(arena, csv_free, csv);
	reply_file(req, rep, rows->file);
	return reply_stream(req, rep, csv_more, csv);
}
