/* Clients: each asks in groups, every group under a key of its own (its first number), and repeats until it has an answer. */
#include "torture.h"

#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define THREADS 4
#define GROUP 8
#define BACKLOG 300      /* jobs that wait; more would only wait for each other */
#define AHEAD 20         /* of the storm, one part in: asking is to last as long as that does */
#define PATIENCE_MS 500  /* after which one asks all the same: also while nothing moves */

static pthread_t threads[THREADS];
static atomic_int next_group, repeats;

static enum err group_enqueue(struct ctx *ctx, struct lease *lease, int first, int count, int *made_out)
{
	const char *ids[GROUP];
	*made_out = 0;
	for (int i = 0; i < count; i++) {
		char id[ID_TEXT];
		TRY(mix_enqueue(ctx, lease, first + i, id, made_out));
		ids[i] = *id ? arena_strdup(&ctx->arena, id) : "00000000-0000-0000-0000-000000000000";
	}
	return pg_run_text(lease, "update asked set job_id = nullif(made.id, '00000000-0000-0000-0000-000000000000') "
		"from unnest($2::uuid[]) with ordinality made (id, place) where asked.n = $1::int + made.place - 1", 2,
		PARAMS(pg_int(ctx, first), pg_array(ctx, ids, count)), NULL);
}

/* Key and jobs commit together, so a repeat finds the key when the first time went well after all. */
static enum err group_ask(struct ctx *ctx, struct lease *lease, int first, int count, int *made_out)
{
	PGresult *fresh;
	TRY(pg_begin(lease));
	TRY(pg_run_text(lease, "insert into asked (n) select generate_series($1::int, $2::int) on conflict do nothing returning n", 2,
		PARAMS(pg_int(ctx, first), pg_int(ctx, first + count - 1)), &fresh));
	if (PQntuples(fresh))
		TRY(group_enqueue(ctx, lease, first, count, made_out));
	return pg_commit(lease);
}

/* Answers how many jobs that makes; when an answer was lost, what the last try made is what stands. */
static int group_insist(struct ctx *ctx, struct pool *pool, int first, int count)
{
	int made = 0;
	for (;;) {
		struct lease lease = {0};
		enum err err = lease_take(ctx, pool, &lease);
		if (err == OK)
			err = group_ask(ctx, &lease, first, count, &made);
		if (err != OK && err != ERR_UNAVAILABLE && err != ERR_UNCERTAIN && err != ERR_TIMEOUT && err != ERR_CONFLICT)
			LOG(LOG_ERROR, "ask", LOG_T("message", ctx->fault.internal));
		lease_return(&lease);
		ctx_reset(ctx);
		if (err == OK)
			return made;
		repeats++;
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

static bool is_ahead(int first)
{
	int blows = board->size.child_kills + board->size.backend_kills + board->size.stops;
	return first > (int64_t)board->size.asks * (board->struck + 3 + blows / AHEAD) / (blows + 1);
}

static void *client_main(void *argument)
{
	struct pool *pool = pool_open(1);
	struct ctx ctx;
	(void)argument;
	ctx_init(&ctx);
	for (int first; (first = atomic_fetch_add(&next_group, GROUP)) < board->size.asks;) {
		int left = board->size.asks - first, count = left < GROUP ? left : GROUP;
		while (is_ahead(first))
			nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
		for (int ms = 0; ms < PATIENCE_MS && board->made - board->finished > BACKLOG; ms += 5)
			nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);

		board->made += group_insist(&ctx, pool, first, count);
	}
	ctx_free(&ctx);
	pool_close(pool);
	return NULL;
}

void clients_start(void)
{
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, client_main, NULL))
			abort();
}

void clients_join(void)
{
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int clients_repeats(void)
{
	return repeats;
}
