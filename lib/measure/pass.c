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

#define BATCH 500    /* notes judged by one statement; fewer when that takes too long */
/* A session is committed moments after its transaction began: a statement may take db.statement_timeout, a commit whatever the disk takes. What
 * comes later still is found by the hourly sweep. */
#define LATE_S 30
#define SWEEP_S 7200
#define WINDOW_S 600   /* looked at by one statement; shorter when that takes too long */
#define SPARE_MS 10000 /* the last transaction of an attempt must fit */

struct pass {
	struct ctx *ctx;
	struct job *job;
	int window_s;
	int batch;     /* notes at once … */
	int alone;     /* … but one by one for so many: they hold one that is at fault */
	bool ripened;  /* nothing else has come due */
};

/* What is left is the next pass's. */
static bool goes_on(const struct pass *pass)
{
	const struct job_house *house = pass->job->house;

	return ctx_left_ms(pass->ctx, SPARE_MS) >= SPARE_MS && !(house->analytics_off && house->analytics_off());
}

/* --- noticing new sessions --- */

/* What a transaction notices: from the mark on, or of the sweep, behind `done_s` seconds of it. */
struct look {
	int done_s;
	bool sweep_due; /* out */
	bool more;      /* out */
};

static enum err notice(struct lease *lease, const struct pass *pass, struct look *look)
{
	struct ctx *ctx = lease->ctx;
	PGresult *state;

	TRY(pg_run(lease, &SQL_MEASURE_HOLD, PARAMS(pg_int(ctx, LATE_S), pg_int(ctx, pass->window_s)), &state));
	look->more = pg_true(state, 0, "more");
	look->sweep_due = pg_true(state, 0, "sweep");
	TRY(pg_run(lease, &SQL_MEASURE_NOTICE, PARAMS(pg_text(state, 0, "since"), pg_text(state, 0, "until")), NULL));
	return pg_run(lease, &SQL_MEASURE_NOTICED, PARAMS(pg_text(state, 0, "until"), "f"), NULL);
}

static enum err sweep(struct lease *lease, const struct pass *pass, struct look *look)
{
	struct ctx *ctx = lease->ctx;
	PGresult *window;

	look->more = look->done_s + pass->window_s < SWEEP_S;
	TRY(pg_run(lease, &SQL_MEASURE_HOLD, PARAMS("0", "0"), NULL));
	TRY(pg_run(lease, &SQL_MEASURE_WINDOW, PARAMS(pg_int(ctx, look->done_s), pg_int(ctx, pass->window_s)), &window));
	TRY(pg_run(lease, &SQL_MEASURE_NOTICE, PARAMS(pg_text(window, 0, "since"), pg_text(window, 0, "until")), NULL));
	return look->more ? OK : pg_run(lease, &SQL_MEASURE_NOTICED, PARAMS(NULL, "t"), NULL);
}

typedef enum err noticing(struct lease *lease, const struct pass *pass, struct look *look);

/* Window after window, each in a transaction of its own. */
static enum err windows(struct pass *pass, noticing *verb, struct look *look)
{
	look->more = true;
	while (look->more && goes_on(pass)) {
		struct lease lease;

		TRY(job_begin(pass->ctx, pass->job, &lease));
		enum err err = job_commit(&lease, verb(&lease, pass, look));
		if (err == OK) {
			look->done_s += pass->window_s;
		} else if (err == ERR_TIMEOUT && pass->window_s > 1) {
			pass->window_s = pass->window_s > 10 ? pass->window_s / 10 : 1;
			look->more = true;
			ctx_forgive(pass->ctx);
		} else {
			return err;
		}
	}
	return OK;
}

static enum err notice_all(struct pass *pass)
{
	struct look news = {0}, late = {0};

	TRY(windows(pass, notice, &news));
	return news.sweep_due && !news.more ? windows(pass, sweep, &late) : OK;
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

static bool note_fault(enum err err)
{
	return err == ERR_INVALID || err == ERR_INTERNAL || err == ERR_BAD_INPUT;
}

/* What a batch's failure tells: too much at once, or a note that is at fault. */
static enum err take_failed(struct pass *pass, struct ctx *ctx, enum err err)
{
	struct lease lease;

	if (err == ERR_TIMEOUT && pass->batch > 1 && !pass->alone) {
		pass->batch = pass->batch > 4 ? pass->batch / 4 : 1;
	} else if (note_fault(err) && pass->alone) {
		TRY(job_begin(ctx, pass->job, &lease));
		TRY(job_commit(&lease, skip(&lease)));
		pass->alone--;
	} else if (note_fault(err)) {
		pass->alone = pass->batch;
	} else {
		return err;
	}
	ctx_forgive(ctx);
	return OK;
}

static enum err take_batch(struct pass *pass, struct ctx *ctx, bool *more_out)
{
	int64_t taken = 0, spread = 0;
	struct lease lease;
	enum err err;

	TRY(job_begin(ctx, pass->job, &lease));
	err = job_commit(&lease, take(&lease, pass->alone ? 1 : pass->batch, &taken, &spread));
	*more_out = err != OK || taken > 0;
	if (err != OK)
		return take_failed(pass, ctx, err);
	pass->alone -= pass->alone > 0;
	return OK;
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
static enum err work(struct pass *pass, struct ctx *ctx, bool *busy_out)
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
	struct pass pass = {.ctx = ctx, .job = job, .window_s = WINDOW_S, .batch = BATCH};
	struct ctx own;
	enum err err = notice_all(&pass);
	bool busy = true;

	ctx_init(&own);
	memcpy(own.id, ctx->id, sizeof own.id);
	while (err == OK && busy && goes_on(&pass)) {
		own.deadline_us = ctx->deadline_us;
		err = work(&pass, &own, &busy);
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
