#include "measure/parts.h"

#include "sql.h"

#include <stdlib.h>

#define BATCH 1000
#define ID_FIRST "00000000-0000-0000-0000-000000000000"

/* A piece of work in a transaction of its own, while nobody else judges. */
struct piece {
	const char *org_id, *live;
	const char *from;       /* a session's id, or a day */
	int64_t count;          /* out: sessions */
	const char *last;       /* out: NULL when there was none */
};

typedef enum err piece_work(struct lease *lease, struct piece *piece);

static enum err piece_run(struct ctx *ctx, struct pool *pool, piece_work *work, struct piece *piece)
{
	struct lease lease;
	enum err err;

	TRY(lease_take(ctx, pool, &lease));
	err = pg_begin_unhurried(&lease);
	if (err == OK)
		err = pg_run(&lease, &SQL_MEASURE_HOLD, PARAMS("0", "0"), NULL);
	if (err == OK)
		err = work(&lease, piece);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	return err;
}

static enum err sessions_piece(struct lease *lease, struct piece *piece)
{
	PGresult *next, *changed;

	TRY(pg_run(lease, &SQL_MEASURE_REBUILD_SESSIONS, PARAMS(piece->org_id, piece->live, piece->from, pg_int(lease->ctx, BATCH)), &next));
	piece->count = pg_number(next, 0, "count", 0);
	piece->last = pg_text(next, 0, "last");
	if (!piece->last)
		return OK;
	const struct measure_sessions sessions = {pg_text(next, 0, "orgs"), pg_text(next, 0, "modes"), pg_text(next, 0, "sessions")};
	return measure_judge(lease, &sessions, &changed);
}

static enum err days_piece(struct lease *lease, struct piece *piece)
{
	const char *days = pg_int(lease->ctx, piece->count);

	TRY(pg_run(lease, &SQL_MEASURE_REBUILD_CLEAR, PARAMS(piece->org_id, piece->live, piece->from, days), NULL));
	return pg_run(lease, &SQL_MEASURE_REBUILD_DAY, PARAMS(piece->org_id, piece->live, piece->from, days), NULL);
}

static enum err sessions_all(struct ctx *ctx, struct pool *pool, const char *org_id, const char *live, int64_t *count_out)
{
	char from[ID_TEXT] = ID_FIRST;
	struct ctx own;
	enum err err = OK;
	bool more = true;

	ctx_init(&own);
	while (err == OK && more) {
		struct piece piece = {.org_id = org_id, .live = live, .from = from};

		err = piece_run(&own, pool, sessions_piece, &piece);
		if (err != OK)
			fail(ctx, err, "%s %s", own.fault.detail, own.fault.internal);
		more = err == OK && piece.last;
		if (more) {
			snprintf(from, sizeof from, "%s", piece.last);
			*count_out += piece.count;
		}
		ctx_reset(&own);
	}
	ctx_free(&own);
	return err;
}

/* Counts all sessions: outside of pieces, so that nobody waits for it. */
static enum err days_read(struct ctx *ctx, struct pool *pool, const char *org_id, const char *live, PGresult **pieces_out)
{
	struct lease lease;

	TRY(lease_take(ctx, pool, &lease));
	enum err err = pg_begin_unhurried(&lease);
	if (err == OK)
		err = pg_run(&lease, &SQL_MEASURE_REBUILD_DAYS, PARAMS(org_id, live, pg_int(ctx, BATCH)), pieces_out);
	lease_return(&lease);
	return err;
}

static enum err days_all(struct ctx *ctx, struct pool *pool, const char *org_id, const char *live)
{
	PGresult *pieces;

	TRY(days_read(ctx, pool, org_id, live, &pieces));
	for (int row = 0; row < PQntuples(pieces); row++) {
		struct piece piece = {.org_id = org_id, .live = live, .from = pg_text(pieces, row, "day"), .count = pg_number(pieces, row, "days", 1)};

		TRY(piece_run(ctx, pool, days_piece, &piece));
	}
	return OK;
}

enum err measure_rebuild(struct ctx *ctx, struct pool *pool, const char *org_id,
	void (*said)(void *argument, const char *org_id, int64_t sessions), void *argument)
{
	PGresult *organisations;

	TRY(pg_query(ctx, pool, &SQL_MEASURE_ORGANISATIONS, PARAMS(org_id), &organisations));
	if (org_id && !PQntuples(organisations))
		return fail(ctx, ERR_NOT_FOUND, "No such organisation");
	for (int row = 0; row < PQntuples(organisations); row++) {
		const char *id = pg_text(organisations, row, "org_id");
		int64_t sessions = 0;

		for (int mode = 0; mode < 2; mode++) {
			TRY(sessions_all(ctx, pool, id, pg_bool(mode == 0), &sessions));
			TRY(days_all(ctx, pool, id, pg_bool(mode == 0)));
		}
		if (said)
			said(argument, id, sessions);
	}
	return OK;
}
