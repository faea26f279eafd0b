/* The books of the torture: what was asked for against what became of it, and how long each blow kept a job. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECOVERY_MOST_S 40.0

/* Each must answer 0. */
static const struct { const char *name, *text; } INVARIANTS[] = {
	{"lost: acknowledged, but no effect of it or of the job whose key it shares",
		"select count(*) from asked a left join effect e on e.job_id = a.job_id left join (select unique_key, max(finished_at) as finished_at "
		"from job join effect on job_id = id where kind = 'torture.unique' group by unique_key) same on a.job_id is null "
		"and same.unique_key = 'key-' || a.n / 50 % 20 where e.job_id is null and not coalesce(same.finished_at >= a.at, false)"},
	{"lost: links of chains without an effect",
		"select count(*) from job head, generate_series(0, 2) link (place) where head.kind = 'torture.chain' and (head.payload->>'more')::int = 2 "
		"and not exists (select from effect e where e.n = (head.payload->>'n')::int + link.place * (select count(*) from asked))"},
	{"twice: jobs with more than one effect", "select count(*) from (select from effect group by job_id having count(*) > 1) twice"},
	{"twice: numbers asked for once with more than one effect", "select count(*) from (select from effect group by n having count(*) > 1) twice"},
	{"effects of jobs that nobody enqueued", "select count(*) from effect e where not exists (select from job j where j.id = e.job_id)"},
	{"jobs not done", "select count(*) from job where state <> 'done'"},
	{"done without an effect", "select count(*) from job j where state = 'done' and not exists (select from effect e where e.job_id = j.id)"},
};

static const char *const BLOWS[] = {[BLOW_CHILD] = "child killed", [BLOW_BACKEND] = "back-end killed", [BLOW_STOP] = "PostgreSQL stopped"};

/* What a type of blow did. */
struct harm {
	int blows, hit;  /* hit: at least one attempt ended by it */
	int attempts;    /* that ended by it */
	double *seconds; /* from the blow to the job's next attempt, or to its end */
	int count;
};

static PGresult *rows_of(struct ctx *ctx, struct pool *pool, const char *text)
{
	struct lease lease;
	PGresult *rows;
	if (lease_take(ctx, pool, &lease) != OK || pg_run_text(&lease, text, 0, NULL, &rows) != OK) {
		fprintf(stderr, "torture: %s: %s\n", text, ctx->fault.internal);
		exit(1);
	}
	lease_return(&lease);
	return rows;
}

static long value_of(struct ctx *ctx, struct pool *pool, const char *text)
{
	return strtol(PQgetvalue(rows_of(ctx, pool, text), 0, 0), NULL, 10);
}

/* The blow that ended an attempt, by what the job's history says: the death of the worker that went silent, else the last one at the
 * database before. -1: none. */
static int blame(const struct blow *blows, int count, int64_t at_us, const char *message)
{
	const char *colon = strrchr(message, ':');
	long pid = !strncmp(message, "worker ", 7) && colon ? strtol(colon + 1, NULL, 10) : 0;
	int other = -1;
	for (int i = count - 1; i >= 0; i--) {
		if (blows[i].at_us > at_us)
			continue;
		if (blows[i].type == BLOW_CHILD && blows[i].pid == pid)
			return i;
		if (blows[i].type != BLOW_CHILD && other < 0)
			other = i;
	}
	return other;
}

static int64_t next_us(int n, int attempt, int64_t finished_us)
{
	for (int later = attempt + 1; later < ATTEMPTS_SEEN; later++)
		if (board->begun[n][later])
			return board->begun[n][later];
	return finished_us;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static void harm_add(struct harm *harm, double seconds)
{
	harm->attempts++;
	harm->seconds[harm->count++] = seconds < 0 ? 0 : seconds;
}

/* Reads every accident in the histories. Answers how many had no blow before them. */
static int harm_read(const PGresult *rows, const struct blow *blows, int count, struct harm harms[BLOW_TYPES])
{
	bool *hit = calloc((size_t)count + 1, sizeof *hit);
	int unexplained = 0;
	for (int type = 0; type < BLOW_TYPES; type++)
		harms[type] = (struct harm){.seconds = calloc((size_t)PQntuples(rows) + 1, sizeof(double))};
	for (int i = 0; i < count; i++)
		harms[blows[i].type].blows++;
	for (int row = 0; row < PQntuples(rows); row++) {
		int n = (int)pg_number(rows, row, "n", 0), attempt = (int)pg_number(rows, row, "attempt", 0);
		int by = blame(blows, count, pg_number(rows, row, "at_us", 0), pg_text(rows, row, "message"));
		if (by < 0) {
			unexplained++;
			continue;
		}
		struct harm *harm = &harms[blows[by].type];
		harm->hit += !hit[by];
		hit[by] = true;
		harm_add(harm, (double)(next_us(n, attempt, pg_number(rows, row, "finished_us", 0)) - blows[by].at_us) / 1e6);
	}
	free(hit);
	return unexplained;
}

static void line(long value, const char *name)
{
	printf("%8ld  %s\n", value, name);
}

/* Answers the greatest p99, in seconds. */
static double harm_print(struct harm harms[BLOW_TYPES])
{
	double worst = 0;
	for (int type = 0; type < BLOW_TYPES; type++) {
		struct harm *harm = &harms[type];
		qsort(harm->seconds, (size_t)harm->count, sizeof *harm->seconds, compare);
		printf("%8d  times %s, %d of which ended %d attempts", harm->blows, BLOWS[type], harm->hit, harm->attempts);
		if (harm->count) {
			double p99 = harm->seconds[harm->count * 99 / 100];
			printf("; to the next attempt: p50 %.2f s, p99 %.2f s, most %.2f s", harm->seconds[harm->count / 2], p99,
				harm->seconds[harm->count - 1]);
			worst = p99 > worst ? p99 : worst;
		}
		printf("\n");
		free(harm->seconds);
	}
	return worst;
}

/* Stops while jobs ran that ended later, in the same attempt or another. */
static int stops_at_work(struct ctx *ctx, struct pool *pool, const struct blow *blows, int count)
{
	int found = 0;
	for (int i = 0; i < count; i++)
		found += blows[i].type == BLOW_STOP && value_of(ctx, pool, arena_printf(&ctx->arena, "select count(*) from job, "
			"(select timestamptz 'epoch' + %lld * interval '1 microsecond' as at) blow where started_at <= at and finished_at > at",
			(long long)blows[i].at_us)) > 0;
	return found;
}

static bool invariants_print(struct ctx *ctx, struct pool *pool)
{
	bool hold = true;
	for (size_t i = 0; i < sizeof INVARIANTS / sizeof *INVARIANTS; i++) {
		long value = value_of(ctx, pool, INVARIANTS[i].text);
		line(value, INVARIANTS[i].name);
		printf("          %s\n", INVARIANTS[i].text);
		hold = hold && value == 0;
	}
	return hold;
}

bool ledger_print(struct ctx *ctx, struct pool *pool, const struct blow *blows, int count, bool whole)
{
	struct harm harms[BLOW_TYPES];
	rows_of(ctx, pool, "analyze");
	int busy = 0, unexplained = harm_read(rows_of(ctx, pool, "select (payload->>'n')::int as n, (e->>'attempt')::int as attempt, "
		"e->>'message' as message, (extract(epoch from (e->>'time')::timestamptz) * 1000000)::bigint as at_us, "
		"(extract(epoch from finished_at) * 1000000)::bigint as finished_us from job, jsonb_array_elements(errors) e "
		"where e->>'message' <> '" FAILURE_WANTED "'"), blows, count, harms);
	bool hit = true;
	for (int i = 0; i < count; i++)
		busy += blows[i].busy;
	line(board->size.asks, "jobs asked for and acknowledged");
	line(clients_repeats(), "requests repeated, eight jobs each, because the answer was a failure or none");
	line(value_of(ctx, pool, "select count(*) from asked where job_id is null"), "of the jobs, for a key that waited or ran already");
	line(value_of(ctx, pool, "select count(*) from job"), "jobs enqueued, with those that jobs enqueued");
	line(value_of(ctx, pool, "select sum(attempt) from job"), "attempts begun");
	line(value_of(ctx, pool, "select sum(attempt - 1) from job"), "re-executions: attempts beyond a job's first");
	line(value_of(ctx, pool, "select count(*) from job, jsonb_array_elements(errors) e where e->>'message' = '" FAILURE_WANTED "'"),
		"of these, because the job was made to fail");
	line(value_of(ctx, pool, "select count(*) from effect e join job j on j.id = e.job_id where e.attempt < j.attempt"),
		"jobs executed again although their effect stood");
	int at_work[BLOW_TYPES] = {[BLOW_BACKEND] = busy, [BLOW_STOP] = stops_at_work(ctx, pool, blows, count)};
	for (int type = 0; type < BLOW_TYPES; type++)
		hit = hit && (harms[type].hit || at_work[type] || !harms[type].blows);
	line(busy, "back-ends were at work when they were killed");
	line(at_work[BLOW_STOP], "times PostgreSQL was stopped while jobs ran that ended later");
	double p99 = harm_print(harms);
	line(unexplained, "accidents without a blow before them");
	line(value_of(ctx, pool, "select count(*) from effect"), "effects");
	bool hold = invariants_print(ctx, pool);
	printf("recovery p99 %.2f s; at most %.0f s wanted\n", p99, RECOVERY_MOST_S);
	if (!hit)
		printf("a kind of blow hit nothing: this proves nothing\n");
	return hold && hit && !(whole && p99 > RECOVERY_MOST_S);
}
