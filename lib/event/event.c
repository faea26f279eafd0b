#include "event/event.h"

#include "base/buffer.h"
#include "job/policies.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_BATCH 500 /* the limit in sql/event/sweep.sql */

/* The trigger on the table refuses to delete what is younger than 30 days. */
const struct conf_row EVENT_CONF[] = {
	{"event.keep", CONF_INT, "90", false, 30, 3650, "days for which events are kept"},
	CONF_END,
};

static const struct { const char *type, *actions; } TYPES[] = {
#define X(type, meaning, actions) {type, actions},
	EVENT_LIST(X)
#undef X
};
#define TYPE_COUNT (sizeof TYPES / sizeof *TYPES)

static bool type_known(const char *type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (strcmp(TYPES[i].type, type) == 0)
			return true;
	return false;
}

bool event_filter_known(const char *filter)
{
	size_t length = strlen(filter);

	if (length < 3 || strcmp(filter + length - 2, ".*") != 0)
		return type_known(filter);
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (strncmp(TYPES[i].type, filter, length - 1) == 0)
			return true;
	return false;
}

const char *event_types(struct ctx *ctx)
{
	const char *list = "";

	for (size_t i = 0; i < TYPE_COUNT; i++)
		list = arena_printf(&ctx->arena, "%s%s%s", list, i ? ", " : "", TYPES[i].type);
	return list;
}

const char *event_audited(struct ctx *ctx)
{
	const char *types[TYPE_COUNT];
	int count = 0;

	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (*TYPES[i].actions)
			types[count++] = TYPES[i].type;
	return pg_array(ctx, types, count);
}

static bool listed(const char *actions, const char *action)
{
	size_t length = strlen(action);

	for (const char *at = actions; *at; at += strcspn(at, "|"), at += *at == '|')
		if (strcspn(at, "|") == length && strncmp(at, action, length) == 0)
			return true;
	return false;
}

static const char *type_of(const char *action)
{
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (listed(TYPES[i].actions, action))
			return TYPES[i].type;
	return NULL;
}

#define WAKE_DELAY_MS 1000 /* what is written meanwhile is read with it */

/* Endpoints are told at once: each event has a job of its own, as a shared one would make every writer wait for every other's commit at its
 * unique key, and one that is already running may have looked before this event was there. */
static enum err wake(struct ctx *ctx, struct lease *lease, const struct event *event, const PGresult *added)
{
	if (pg_true(added, 0, "wanted"))
		TRY(job_enqueue(ctx, lease, &JOB_WEBHOOK_FAN, &(struct job_new){.org_id = event->org_id}, NULL));
	if (!pg_true(added, 0, "asleep"))
		return OK;
	return job_enqueue(ctx, lease, &JOB_EVENT_WAKE, &(struct job_new){.delay_ms = WAKE_DELAY_MS}, NULL);
}

enum err event_add(struct ctx *ctx, struct lease *lease, const struct event *event, char id_out[ID_TEXT])
{
	char id[ID_TEXT];
	PGresult *result;

	if (!type_known(event->type))
		return fail(ctx, ERR_INTERNAL, "There is no event of type %s", event->type);
	id_new(id);
	TRY(pg_run(lease, &SQL_EVENT_ADD,
		PARAMS(event->org_id, id, pg_bool(event->live), event->actor_kind, event->actor_id, event->entity, event->entity_id, event->type,
			event->payload, pg_int(ctx, event->version ? event->version : 1)), &result));
	if (id_out)
		memcpy(id_out, id, sizeof id);
	return wake(ctx, lease, event, result);
}

enum err event_audit(struct lease *lease, const struct audit *audit)
{
	struct ctx *ctx = lease->ctx;
	const char *type = type_of(audit->action);

	TRY(audit_write(lease, audit));
	if (!type)
		return OK;
	return event_add(ctx, lease, &(struct event){.org_id = audit->org_id, .live = true, .actor_kind = audit->actor_kind,
		.actor_id = audit->actor_id, .entity = audit->entity, .entity_id = audit->entity_id, .type = type,
		.payload = arena_printf(&ctx->arena, "{\"action\":\"%s\",\"before\":%s,\"after\":%s}", audit->action,
			audit->before ? audit->before : "null", audit->after ? audit->after : "null")}, NULL);
}

enum err event_sweep(struct ctx *ctx, struct pool *pool, bool *more_out)
{
	PGresult *result;

	TRY(pg_query(ctx, pool, &SQL_EVENT_SWEEP, PARAMS(pg_int(ctx, conf_int("event.keep"))), &result));
	*more_out = strtol(PQcmdTuples(result), NULL, 10) == SWEEP_BATCH;
	return OK;
}
