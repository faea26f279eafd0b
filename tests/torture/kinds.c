/* The jobs: each leaves its effect under the fence, and can tell by it that an attempt before did so already. */
#include "torture.h"

#include "base/clock.h"
#include "text/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define TRIES {.attempts = 100, .base_ms = 50, .cap_ms = 2000}

static const struct job_policy PLAIN = {"torture.plain", JOB_DEFAULT, TRIES, 60000};
static const struct job_policy LINK = {"torture.chain", JOB_HIGH, TRIES, 60000};
static const struct job_policy FAILS = {"torture.fails", JOB_HIGH, TRIES, 60000};
static const struct job_policy UNIQUE = {"torture.unique", JOB_LOW, TRIES, 60000};
static const struct job_policy DELAYED = {"torture.delayed", JOB_DEFAULT, TRIES, 60000};
static const struct job_policy LONG = {"torture.long", JOB_LOW, TRIES, 60000};
static const struct job_policy HOLDS = {"torture.holds", JOB_DEFAULT, TRIES, 60000};

static int number(const struct job *job, const char *name)
{
	return json_object_get_int(json_object_object_get(job->payload, name));
}

static const char *payload(struct ctx *ctx, int n, int more, int ms)
{
	return arena_printf(&ctx->arena, "{\"n\": %d, \"more\": %d, \"ms\": %d}", n, more, ms);
}

static enum err chain_on(struct ctx *ctx, struct lease *lease, const struct job *job)
{
	int more = number(job, "more");
	if (more < 1)
		return OK;
	return job_enqueue(ctx, lease, &LINK, &(struct job_new){.payload = payload(ctx, number(job, "n") + board->size.asks, more - 1, 0)}, NULL);
}

/* held_ms: how long the effect stays uncommitted. */
static enum err effect_write(struct ctx *ctx, struct lease *lease, const struct job *job, int held_ms)
{
	PGresult *fresh;
	enum err err;
	TRY(pg_begin(lease));
	TRY(job_fence(lease, job));
	TRY(pg_run_text(lease, "insert into effect (job_id, n, attempt) select $1::uuid, $2::int, $3::int "
		"where not exists (select from effect where job_id = $1::uuid) returning n", 3,
		PARAMS(job->id, pg_int(ctx, number(job, "n")), pg_int(ctx, job->attempt)), &fresh));
	if (PQntuples(fresh))
		TRY(chain_on(ctx, lease, job));
	if (held_ms)
		TRY(pg_run_text(lease, "select pg_sleep($1::int / 1000.0)", 1, PARAMS(pg_int(ctx, held_ms)), NULL));
	err = pg_commit(lease);
	if (err == OK && PQntuples(fresh))
		board->finished++;
	return err;
}

static enum err effect_once(struct ctx *ctx, const struct job *job, int held_ms)
{
	struct lease lease;
	TRY(lease_take(ctx, job->pool, &lease));
	enum err err = effect_write(ctx, &lease, job, held_ms);
	lease_return(&lease);
	return err;
}

static void begin_note(const struct job *job)
{
	int n = number(job, "n");
	if (job->attempt < ATTEMPTS_SEEN)
		board->begun[n][job->attempt] = clock_wall_us();
}

static enum err run_plain(struct ctx *ctx, struct job *job)
{
	begin_note(job);
	return effect_once(ctx, job, 0);
}

static enum err run_fails(struct ctx *ctx, struct job *job)
{
	begin_note(job);
	if (job->attempt <= 1 + number(job, "n") % 2)
		return fail(ctx, ERR_UPSTREAM, FAILURE_WANTED);
	return effect_once(ctx, job, 0);
}

static enum err run_long(struct ctx *ctx, struct job *job)
{
	int ms = number(job, "ms");
	begin_note(job);
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
	return effect_once(ctx, job, 0);
}

static enum err run_holds(struct ctx *ctx, struct job *job)
{
	begin_note(job);
	return effect_once(ctx, job, number(job, "ms"));
}

const struct job_kind TORTURE_KINDS[] = {{&PLAIN, run_plain}, {&LINK, run_plain}, {&FAILS, run_fails}, {&UNIQUE, run_plain},
	{&DELAYED, run_plain}, {&LONG, run_long}, {&HOLDS, run_holds}, {0}};

enum err mix_enqueue(struct ctx *ctx, struct lease *lease, int n, char id_out[ID_TEXT], int *made)
{
	int of = n % 50, spread = n * 37 % 1000;
	struct job_new new = {.payload = payload(ctx, n, 0, 0)};
	const struct job_policy *policy = &PLAIN;
	if (of < 8) {
		policy = &LINK;
		new.payload = payload(ctx, n, CHAIN - 1, 0);
	} else if (of < 14) {
		policy = &FAILS;
	} else if (of < 19) {
		policy = &UNIQUE;
		new.unique_key = arena_printf(&ctx->arena, "key-%d", n / 50 % UNIQUE_KEYS);
		new.delay_ms = spread / 4;
	} else if (of < 24) {
		policy = &DELAYED;
		new.delay_ms = 200 + spread * 2;
	} else if (of < 25) {
		policy = &LONG;
		new.payload = payload(ctx, n, 0, 200 + spread);
	} else if (of < 26) {
		policy = &HOLDS;
		new.payload = payload(ctx, n, 0, 100 + spread / 4);
	}
	TRY(job_enqueue(ctx, lease, policy, &new, id_out));
	*made += !*id_out ? 0 : policy == &LINK ? CHAIN : 1;
	return OK;
}
