/* The pass over what is new and what has changed. */
#include "measure/parts.h"

#include "base/log.h"
#include "event/event.h"
#include "job/house.h"
#include "job/policies.h"
#include "retention/retention.h"
#include "sql.h"
#include "who/audit.h"

#include <string.h>

#define BATCH 500
/* A session's row is committed moments after its transaction began; a statement may take db.statement_timeout, a commit whatever the disk takes.
 * What comes later still is found by the sweep. */
#define LATE_S 120
#define WINDOW_S 600
#define SWEEP_S 93600
#define SPARE_MS 10000 /* the last transaction of an attempt must fit */

/* --- noticing new sessions --- */

static enum err notice(struct lease *lease, bool *more_out)
{
	struct ctx *ctx = lease->ctx;
	PGresult *state, *times;

	TRY(pg_run(lease, &SQL_MEASURE_HOLD, PARAMS(pg_int(ctx, LATE_S), pg_int(ctx, WINDOW_S)), &state));
	*more_out = pg_true(state, 0, "more");
	TRY(pg_run(lease, &SQL_MEASURE_NOTICE, PARAMS(pg_text(state, 0, "since"), pg_text(state, 0, "until")), NULL));
	if (pg_true(state, 0, "sweep") && !*more_out) {
		TRY(pg_run(lease, &SQL_MEASURE_WINDOWS, PARAMS(pg_int(ctx, SWEEP_S), pg_int(ctx, WINDOW_S)), &times));
		for (int row = 0; row < PQntuples(times); row++)
			TRY(pg_run(lease, &SQL_MEASURE_NOTICE, PARAMS(pg_text(times, row, "since"), pg_text(times, row, "until")), NULL));
	}
	return pg_run(lease, &SQL_MEASURE_NOTICED, PARAMS(pg_text(state, 0, "until"), pg_bool(pg_true(state, 0, "sweep") && !*more_out)), NULL);
}

static enum err notice_all(struct ctx *ctx, struct job *job)
{
	bool more = true;

	while (more && ctx_left_ms(ctx, SPARE_MS) >= SPARE_MS) {
		struct lease lease;

		TRY(job_begin(ctx, job, &lease));
		TRY(job_commit(&lease, notice(&lease, &more)));
	}
	return OK;
}

/* --- judging --- */

/* Sessions whose subscription has become or is no longer theirs. */
struct movers {
	const char **orgs, **modes, **ids, **subscriptions;
	int count;
};

static void mover_add(struct movers *movers, const PGresult *changed, int row, const char *subscription)
{
	movers->orgs[movers->count] = pg_text(changed, row, "org_id");
	movers->modes[movers->count] = pg_text(changed, row, "live");
	movers->ids[movers->count] = pg_text(changed, row, "session_id");
	movers->subscriptions[movers->count++] = subscription;
}

static enum err neighbours(struct lease *lease, const PGresult *changed)
{
	struct ctx *ctx = lease->ctx;
	size_t most = 2 * (size_t)PQntuples(changed) + 1;
	struct movers movers = {arena_array(&ctx->arena, most, sizeof(char *)), arena_array(&ctx->arena, most, sizeof(char *)),
		arena_array(&ctx->arena, most, sizeof(char *)), arena_array(&ctx->arena, most, sizeof(char *)), 0};

	for (int row = 0; row < PQntuples(changed); row++) {
		if (pg_true(changed, row, "joined"))
			mover_add(&movers, changed, row, pg_text(changed, row, "subscription_ref"));
		if (pg_text(changed, row, "left_ref"))
			mover_add(&movers, changed, row, pg_text(changed, row, "left_ref"));
	}
	if (!movers.count)
		return OK;
	return pg_run(lease, &SQL_MEASURE_BEFORE, PARAMS(pg_array(ctx, movers.orgs, movers.count), pg_array(ctx, movers.modes, movers.count),
		pg_array(ctx, movers.ids, movers.count), pg_array(ctx, movers.subscriptions, movers.count)), NULL);
}

enum err measure_judge(struct lease *lease, const struct measure_sessions *sessions, PGresult **changed_out)
{
	struct ctx *ctx = lease->ctx;

	TRY(pg_run(lease, &SQL_MEASURE_JUDGE, PARAMS(sessions->orgs, sessions->modes, sessions->ids, pg_int(ctx, WIDGET_SESSION_S),
		pg_int(ctx, MEASURE_DUE_DAYS)), changed_out));
	return neighbours(lease, *changed_out);
}

/* Only for those who asked for it by name: it would be the most frequent event of all. */
static enum err announce(struct lease *lease, const PGresult *changed)
{
	struct ctx *ctx = lease->ctx;

	for (int row = 0; row < PQntuples(changed); row++) {
		const char *customer = pg_text(changed, row, "customer_ref");

		if (!pg_true(changed, row, "announce"))
			continue;
		TRY(event_add(ctx, lease, &(struct event){.org_id = pg_text(changed, row, "org_id"), .live = pg_true(changed, row, "live"),
			.actor_kind = "customer", .actor_id = customer, .entity = "session", .entity_id = pg_text(changed, row, "session_id"),
			.type = "flow.started", .payload = audit_note(ctx, "customer", customer, "subscription", pg_text(changed, row, "subscription_ref"),
				"flow", pg_text(changed, row, "flow_id"), "segment", pg_text(changed, row, "segment"), "language",
				pg_text(changed, row, "language"), NULL)}, NULL));
	}
	return OK;
}

static enum err take(struct lease *lease, int most, int64_t *taken_out, int64_t *spread_out)
{
	struct ctx *ctx = lease->ctx;
	PGresult *notes, *changed;

	TRY(pg_run(lease, &SQL_MEASURE_HOLD, PARAMS("0", "0"), NULL));
	TRY(pg_run(lease, &SQL_MEASURE_TAKE, PARAMS(pg_int(ctx, most)), &notes));
	*taken_out = pg_number(notes, 0, "taken", 0);
	*spread_out = pg_number(notes, 0, "spread", 0);
	if (*taken_out == *spread_out)
		return OK;
	const struct measure_sessions sessions = {pg_text(notes, 0, "orgs"), pg_text(notes, 0, "modes"), pg_text(notes, 0, "sessions")};
	TRY(measure_judge(lease, &sessions, &changed));
	return announce(lease, changed);
}

/* A note that cannot be worked off must not hold up everybody's figures. */
static enum err skip(struct lease *lease)
{
	PGresult *note;

	TRY(pg_run(lease, &SQL_MEASURE_SKIP, NULL, &note));
	if (PQntuples(note))
		LOG(LOG_ERROR, "measure.skipped", LOG_T("org", pg_text(note, 0, "org_id")), LOG_T("kind", pg_text(note, 0, "kind")),
			LOG_T("ref", pg_text(note, 0, "ref")), LOG_T("detail", lease->ctx->fault.detail), LOG_T("message", lease->ctx->fault.internal));
	return OK;
}

struct pass {
	struct ctx *ctx;
	struct job *job;
	int most; /* notes a batch: one, while the batch at fault is gone through */
	int alone;
	bool ripened; /* nothing else has come due */
};

static bool note_fault(enum err err)
{
	return err == ERR_INVALID || err == ERR_INTERNAL || err == ERR_BAD_INPUT;
}

static enum err take_batch(struct pass *pass, struct ctx *ctx, bool *more_out)
{
	int64_t taken = 0, spread = 0;
	struct lease lease;
	enum err err;

	TRY(job_begin(ctx, pass->job, &lease));
	err = job_commit(&lease, take(&lease, pass->most, &taken, &spread));
	*more_out = taken > 0;
	if (note_fault(err)) {
		*more_out = true;
		if (pass->most == 1) {
			TRY(job_begin(ctx, pass->job, &lease));
			TRY(job_commit(&lease, skip(&lease)));
		} else {
			pass->alone = pass->most;
			pass->most = 1;
		}
		ctx_forgive(ctx);
		err = OK;
	}
	if (err == OK && pass->alone && !--pass->alone)
		pass->most = BATCH;
	return err;
}

static enum err ripe(struct lease *lease, int *count_out)
{
	struct ctx *ctx = lease->ctx;
	PGresult *result;

	TRY(pg_run(lease, &SQL_MEASURE_HOLD, PARAMS("0", "0"), NULL));
	TRY(pg_run(lease, &SQL_MEASURE_RIPE, PARAMS(pg_int(ctx, BATCH), pg_int(ctx, WIDGET_SESSION_S)), &result));
	*count_out = PQntuples(result);
	return OK;
}

static enum err ripe_batch(struct pass *pass, struct ctx *ctx, bool *any_out)
{
	struct lease lease;
	int count = 0;

	*any_out = false;
	if (pass->ripened)
		return OK;
	TRY(job_begin(ctx, pass->job, &lease));
	TRY(job_commit(&lease, ripe(&lease, &count)));
	*any_out = count > 0;
	pass->ripened = count < BATCH;
	return OK;
}

/* --- telling caches --- */

static enum err tell(struct lease *lease, struct cache *cache)
{
	PGresult *stale;

	TRY(pg_run(lease, &SQL_MEASURE_STALE, NULL, &stale));
	for (int row = 0; row < PQntuples(stale); row++)
		cache_invalidate(lease->ctx, cache, measure_tag(lease->ctx, pg_text(stale, row, "org_id"), pg_true(stale, row, "live")));
	return OK;
}

/* Forgotten before the note of it is: a process that dies between the two does it again. */
static enum err tell_caches(struct ctx *ctx, struct job *job)
{
	struct lease lease;

	TRY(job_begin(ctx, job, &lease));
	return job_commit(&lease, tell(&lease, ((struct job_house *)job->house)->cache));
}

/* --- the job --- */

/* One look at everything that may wait; busy_out: something did. */
static enum err look(struct pass *pass, struct ctx *ctx, bool *busy_out)
{
	bool notes, customers, due = false;

	TRY(take_batch(pass, ctx, &notes));
	TRY(measure_customers(ctx, pass->job, &customers));
	if (!notes && !customers)
		TRY(ripe_batch(pass, ctx, &due));
	*busy_out = notes || customers || due;
	return OK;
}

static enum err pass_run(struct ctx *ctx, struct job *job)
{
	struct pass pass = {.ctx = ctx, .job = job, .most = BATCH};
	struct ctx own;
	enum err err = notice_all(ctx, job);
	bool busy = true;

	ctx_init(&own);
	memcpy(own.id, ctx->id, sizeof own.id);
	while (err == OK && busy && ctx_left_ms(ctx, SPARE_MS) >= SPARE_MS) {
		own.deadline_us = ctx->deadline_us;
		err = look(&pass, &own, &busy);
		if (err != OK) {
			fail(ctx, err, "%s", own.fault.detail);
			ctx_explain(ctx, "%s", own.fault.internal);
		}
		ctx_reset(&own);
	}
	ctx_free(&own);
	TRY(err);
	return tell_caches(ctx, job);
}

const struct job_kind MEASURE_JOBS[] = {{&JOB_MEASURE_PASS, pass_run}, {0}};

const struct schedule MEASURE_SCHEDULES[] = {
	{.name = "measure.pass", .cron = "* * * * *", .zone = "UTC", .policy = &JOB_MEASURE_PASS, .missed = SCHEDULE_ONCE},
	{0},
};
