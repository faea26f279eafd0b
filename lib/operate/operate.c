#include "operate/operate.h"

#include "event/event.h"
#include "identity/identity.h"
#include "sql.h"

#include <string.h>

static const char *const OUTCOMES[OPERATE_OUTCOMES] = {"done", "dead", "cancelled"};

enum err operate_scope(struct ctx *ctx, const struct who *who, const char *asked, const char **scope_out)
{
	bool house = asked && !strcmp(asked, "house");
	if (house && !who_may(who, PERMIT_HOUSE_OPERATE))
		return fail(ctx, ERR_FORBIDDEN, "The whole house is for operators");
	*scope_out = house ? NULL : who->org_id;
	return OK;
}

static enum err figures_read(struct ctx *ctx, struct lease *lease, const char *scope, struct operate_queue queues_out[JOB_QUEUES])
{
	PGresult *depths, *ends, *pauses;
	TRY(pg_run(lease, scope ? &SQL_OPERATE_DEPTH : &SQL_JOB_DEPTH, scope ? PARAMS(scope) : NULL, &depths));
	TRY(pg_run(lease, &SQL_OPERATE_FINISHED, PARAMS(scope), &ends));
	TRY(pg_run(lease, &SQL_JOB_PAUSES, NULL, &pauses));
	for (int row = 0; row < JOB_QUEUES; row++) {
		struct operate_queue *queue = &queues_out[row];
		*queue = (struct operate_queue){.waiting = pg_number(depths, row, "waiting", 0), .due = pg_number(depths, row, "due", 0),
			.running = pg_number(depths, row, "running", 0), .dead = pg_number(depths, row, "dead", 0),
			.oldest_s = pg_number(depths, row, "oldest_s", 0)};
		for (int outcome = 0; outcome < OPERATE_OUTCOMES; outcome++) {
			queue->minute[outcome] = pg_number(ends, row, arena_printf(&ctx->arena, "%s_minute", OUTCOMES[outcome]), 0);
			queue->hour[outcome] = pg_number(ends, row, arena_printf(&ctx->arena, "%s_hour", OUTCOMES[outcome]), 0);
		}
	}
	for (int row = 0; row < PQntuples(pauses); row++)
		if (pg_text(pauses, row, "queue"))
			queues_out[pg_number(pauses, row, "queue", JOB_DEFAULT)].paused = true;
	return OK;
}

enum err operate_queues(struct ctx *ctx, struct pool *pool, const char *scope, struct operate_queue queues_out[JOB_QUEUES])
{
	struct lease lease;
	TRY(lease_take(ctx, pool, &lease));
	enum err err = figures_read(ctx, &lease, scope, queues_out);
	lease_return(&lease);
	return err;
}

const char *operate_depth(enum job_queue queue, int64_t due)
{
	const struct job_depth_target *target = &JOB_DEPTH_TARGET[queue];
	return due < target->target ? "well" : due <= target->alert ? "over" : "alert";
}

struct action {
	const char *scope, *id, *kind;
	enum job_queue queue;
	bool running, pause;
	const struct audit *by;
};

static enum err note(struct lease *lease, const struct action *action, const char *verb, const char *entity, const char *entity_id,
	const char *before, const char *after)
{
	struct audit line = *action->by;
	line.action = verb;
	line.entity = entity;
	line.entity_id = entity_id;
	line.before = before;
	line.after = after;
	return event_audit(lease, &line);
}

/* Locks the job, so that it stays as it is noted. */
static enum err hold(struct ctx *ctx, struct lease *lease, const struct action *action, const char **before_out)
{
	PGresult *job = NULL;
	if (id_valid(action->id))
		TRY(pg_run(lease, &SQL_OPERATE_JOB_HOLD, PARAMS(action->scope, action->id), &job));
	if (!job || !PQntuples(job))
		return fail(ctx, ERR_NOT_FOUND, "There is no such job");
	*before_out = audit_note(ctx, "kind", pg_text(job, 0, "kind"), "state", pg_text(job, 0, "state"), NULL);
	return OK;
}

static enum err cancel_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct action *action = argument;
	const char *before;
	TRY(hold(ctx, lease, action, &before));
	TRY(job_cancel(ctx, lease, action->id, &action->running));
	return note(lease, action, "job.cancel", "job", action->id, before, NULL);
}

enum err operate_cancel(struct ctx *ctx, struct pool *pool, const char *scope, const char *id, const struct audit *by, bool *running_out)
{
	struct action action = {.scope = scope, .id = id, .by = by};
	TRY(change_run(ctx, pool, cancel_run, &action));
	*running_out = action.running;
	return OK;
}

static enum err replay_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct action *action = argument;
	const char *before;
	TRY(hold(ctx, lease, action, &before));
	TRY(job_replay(ctx, lease, action->id));
	return note(lease, action, "job.replay", "job", action->id, before, NULL);
}

enum err operate_replay(struct ctx *ctx, struct pool *pool, const char *scope, const char *id, const struct audit *by)
{
	return change_run(ctx, pool, replay_run, &(struct action){.scope = scope, .id = id, .by = by});
}

static enum err replay_all_note(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct action *action = argument;
	return note(lease, action, "job.replay-all", "job", NULL, NULL,
		audit_note(ctx, "kind", action->kind, "scope", action->scope ? "organisation" : "house", NULL));
}

enum err operate_replay_all(struct ctx *ctx, struct pool *pool, const char *scope, const char *kind, const struct audit *by,
	int64_t *count_out)
{
	struct lease lease;
	TRY(change_run(ctx, pool, replay_all_note, &(struct action){.scope = scope, .kind = kind, .by = by}));
	TRY(lease_take(ctx, pool, &lease));
	enum err err = job_replay_all(ctx, &lease, scope, kind, count_out);
	lease_return(&lease);
	return err;
}

static enum err pause_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct action *action = argument;
	TRY((action->pause ? job_pause : job_resume)(ctx, lease, action->kind, action->queue));
	return note(lease, action, action->pause ? "job.pause" : "job.resume", action->kind ? "job_kind" : "job_queue",
		action->kind ? action->kind : JOB_DEPTH_TARGET[action->queue].queue, NULL, NULL);
}

enum err operate_pause(struct ctx *ctx, struct pool *pool, const char *kind, enum job_queue queue, bool pause, const struct audit *by)
{
	return change_run(ctx, pool, pause_run, &(struct action){.kind = kind, .queue = queue, .pause = pause, .by = by});
}
