#include "pg/pipeline.h"

#include "base/clock.h"
#include "base/log.h"
#include "pg/connection.h"
#include "pg/monitor.h"
#include "pg/replica.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* Questions that share a Sync: more would make the first wait for nothing, since the server sends in pieces of 8 KiB. */
#define TOGETHER_MOST 16
/* Another connection is worth its thread's waking up when so many wait, or when those at work may be held up. */
#define COMPANY 8
#define LATE_US 300

struct question {
	struct question *next;
	struct ctx *ctx;
	const struct statement *statement;
	const char *const *params;
	pipeline_done *done;
	void *argument;
	int64_t since_us;
};

struct pipeline {
	struct pool *pool;
	int64_t wait_us; /* in line, at most */
	pthread_mutex_t lock;
	pthread_cond_t asked;
	struct question *first, **last;
	int queued, count;
	int sleeping, waking; /* threads; waking: of those, told to wake up */
	int64_t took_us;      /* monotonic: when a thread last took questions */
	bool closing;
	struct pipeline *primary;   /* of one to a replica: answers what that does not; else NULL */
	struct pipeline **replicas; /* of the primary's, by their number */
	int replica_count;
	pthread_t threads[];
};

bool pipeline_takes(const struct statement *statement)
{
	return command_repeatable(&(struct command){.statement = statement});
}

/* What a question waits for others, in line or behind them on the connection, is a wait for a place. */
static void waited(struct question *question, int64_t until_us)
{
	if (until_us > question->since_us)
		question->ctx->pool_wait_us += until_us - question->since_us;
	question->since_us = until_us;
}

static void enqueue(struct pipeline *pipeline, struct question *question)
{
	pthread_mutex_lock(&pipeline->lock);
	*pipeline->last = question;
	pipeline->last = &question->next;
	pipeline->queued++;
	int awake = pipeline->count - pipeline->sleeping + pipeline->waking;
	bool wake = awake < pipeline->count &&
		(!awake || pipeline->queued >= COMPANY || question->since_us - pipeline->took_us > LATE_US);
	pipeline->waking += wake;
	pthread_mutex_unlock(&pipeline->lock);
	if (wake)
		pthread_cond_signal(&pipeline->asked);
}

/* What a replica did not answer, for the primary. */
static void go_home(struct pipeline *pipeline, struct question *question)
{
	question->next = NULL;
	question->ctx->reads.since = 0;
	ctx_forgive(question->ctx);
	enqueue(pipeline->primary, question);
}

/* One after the other, as everybody else does, until PostgreSQL is gone. */
static void ask_singly(struct pipeline *pipeline, struct lease *lease, struct question *question, enum err gone)
{
	struct ctx *own = lease->ctx;
	for (struct question *next; question; question = next) {
		PGresult *result = NULL;
		enum err err;
		next = question->next;
		waited(question, clock_mono_us());
		lease->ctx = question->ctx;
		if (gone == OK)
			err = pg_run(lease, question->statement, question->params, &result);
		else
			err = command_report(lease, &(struct command){.statement = question->statement}, NULL, gone);
		if (err == ERR_UNAVAILABLE || (err == ERR_TIMEOUT && lease->connection->worn))
			gone = err;
		/* A statement that the server ended for its length would be as long at the primary. */
		if (pipeline->primary && err != OK && (gone != OK || err != ERR_TIMEOUT))
			go_home(pipeline, question);
		else
			question->done(question->argument, err, result);
	}
	lease->ctx = own;
}

static void answered_since(struct question *question, int64_t from_us)
{
	struct ctx *ctx = question->ctx;
	ctx->seen_us = clock_mono_us();
	ctx_spent(ctx, SPENT_QUERY, ctx->seen_us - from_us);
	monitor_took(ctx, &(struct command){.statement = question->statement}, ctx->seen_us - from_us);
}

/* Returns what is unanswered yet: from the first that failed on, which undid those behind it. */
static struct question *ask_together(const struct pipeline *pipeline, struct lease *lease, struct question *question, bool *silent_out)
{
	struct connection *connection = lease->connection;
	if (!connection_pipeline_begin(connection))
		return question;
	bool sent = true;
	for (struct question *at = question; at && sent; at = at->next)
		sent = connection_pipeline_add(connection, at->statement, at->params);
	sent = sent && connection_pipeline_send(connection);
	int64_t before_us = clock_mono_us();
	while (sent && question) {
		PGresult *result = connection_pipeline_next(connection, question->ctx->deadline_us, silent_out);
		if (!result)
			break;
		struct question *answered = question;
		question = question->next;
		answered->ctx->queries++;
		answered->ctx->reads.replica += answered->statement->reads && pipeline->primary;
		answered->ctx->reads.primary += answered->statement->reads && !pipeline->primary;
		result_keep(answered->ctx, result);
		waited(answered, before_us);
		answered_since(answered, before_us);
		answered->done(answered->argument, OK, result);
		before_us = clock_mono_us();
	}
	connection_pipeline_end(connection);
	return question;
}

static bool all_prepared(struct connection *connection, const struct question *question)
{
	while (question && connection_prepared(connection, question->statement))
		question = question->next;
	return !question;
}

/* Waits for questions. False: there are none, and none will come. */
static bool questions_come(struct pipeline *pipeline)
{
	pthread_mutex_lock(&pipeline->lock);
	while (!pipeline->first && !pipeline->closing) {
		pipeline->sleeping++;
		pthread_cond_wait(&pipeline->asked, &pipeline->lock);
		pipeline->sleeping--;
		pipeline->waking -= pipeline->waking > 0;
	}
	bool some = pipeline->first;
	pthread_mutex_unlock(&pipeline->lock);
	return some;
}

/* A share of what waits, so that no connection idles while another has a long list. NULL: others took it all. */
static struct question *take(struct pipeline *pipeline)
{
	pthread_mutex_lock(&pipeline->lock);
	struct question *first = pipeline->first, **end = &pipeline->first;
	int count = (pipeline->queued + pipeline->count - 1) / pipeline->count;
	count = count < TOGETHER_MOST ? count : TOGETHER_MOST;
	for (int i = 0; i < count; i++)
		end = &(*end)->next;
	pipeline->first = *end;
	*end = NULL;
	if (!pipeline->first)
		pipeline->last = &pipeline->first;
	pipeline->queued -= count;
	pipeline->took_us = clock_mono_us();
	pthread_mutex_unlock(&pipeline->lock);
	return first;
}

static void refuse(struct pipeline *pipeline, struct question *question, const struct ctx *ctx, enum err err)
{
	for (struct question *next; question; question = next) {
		next = question->next;
		waited(question, clock_mono_us());
		if (pipeline->primary) {
			go_home(pipeline, question);
			continue;
		}
		question->ctx->fault = ctx->fault;
		question->done(question->argument, err, NULL);
	}
}

/* A connection first: who waits for one that is slow to open is still in line, where pipeline_look() finds them. */
static void ask(struct pipeline *pipeline, struct ctx *ctx)
{
	struct lease lease;
	enum err err = lease_take(ctx, pipeline->pool, &lease);
	struct question *question = take(pipeline);
	if (err != OK) {
		refuse(pipeline, question, ctx, err);
		return;
	}
	bool silent = false;
	if (question && question->next && all_prepared(lease.connection, question))
		question = ask_together(pipeline, &lease, question, &silent);
	ask_singly(pipeline, &lease, question, silent ? ERR_TIMEOUT : OK);
	lease_return(&lease);
}

static void *pipeline_run(void *argument)
{
	struct pipeline *pipeline = argument;
	struct log_hold hold;
	struct ctx ctx;
	ctx_init(&ctx);
	while (questions_come(pipeline)) {
		log_hold(&hold);
		ask(pipeline, &ctx);
		log_release();
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
	return NULL;
}

static struct pipeline *open_one(struct pool *pool, int connections, struct pipeline *primary)
{
	struct pipeline *pipeline = calloc(1, sizeof *pipeline + (size_t)connections * sizeof *pipeline->threads);
	sigset_t all, before;
	if (!pipeline)
		abort();
	pipeline->pool = pool;
	pipeline->primary = primary;
	pipeline->wait_us = (int64_t)conf_ms("db.pool_wait") * 1000;
	pipeline->count = connections;
	pipeline->last = &pipeline->first;
	pthread_mutex_init(&pipeline->lock, NULL);
	pthread_cond_init(&pipeline->asked, NULL);
	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (int i = 0; i < connections; i++)
		if (pthread_create(&pipeline->threads[i], NULL, pipeline_run, pipeline))
			abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pipeline;
}

struct pipeline *pipeline_open(struct pool *pool, int connections)
{
	struct pipeline *pipeline = open_one(pool, connections, NULL);
	pipeline->replica_count = replicas_count(pool_replicas(pool));
	pipeline->replicas = calloc((size_t)pipeline->replica_count + 1, sizeof(struct pipeline *));
	if (!pipeline->replicas)
		abort();
	for (int i = 0; i < pipeline->replica_count; i++)
		pipeline->replicas[i] = open_one(replicas_pool(pool_replicas(pool), i), connections, pipeline);
	return pipeline;
}

void pipeline_look(struct pipeline *pipeline)
{
	for (int i = 0; i < pipeline->replica_count; i++)
		pipeline_look(pipeline->replicas[i]);
	int64_t now_us = clock_mono_us();
	struct question *late, **end = &late;
	pthread_mutex_lock(&pipeline->lock);
	late = pipeline->first;
	while (*end && now_us - (*end)->since_us > pipeline->wait_us) {
		end = &(*end)->next;
		pipeline->queued--;
	}
	pipeline->first = *end;
	*end = NULL;
	if (!pipeline->first)
		pipeline->last = &pipeline->first;
	pthread_mutex_unlock(&pipeline->lock);
	for (struct question *next; late; late = next) {
		next = late->next;
		waited(late, now_us);
		if (pipeline->primary) {
			go_home(pipeline, late);
			continue;
		}
		fail(late->ctx, ERR_UNAVAILABLE, "The database cannot be reached for the moment");
		late->ctx->fault.retry_after_s = 1;
		ctx_explain(late->ctx, "no connection of the pipeline came free in time");
		late->done(late->argument, ERR_UNAVAILABLE, NULL);
	}
}

void pipeline_close(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	for (int i = 0; i < pipeline->replica_count; i++)
		pipeline_close(pipeline->replicas[i]);
	pthread_mutex_lock(&pipeline->lock);
	pipeline->closing = true;
	pthread_cond_broadcast(&pipeline->asked);
	pthread_mutex_unlock(&pipeline->lock);
	for (int i = 0; i < pipeline->count; i++)
		pthread_join(pipeline->threads[i], NULL);
	pthread_cond_destroy(&pipeline->asked);
	pthread_mutex_destroy(&pipeline->lock);
	free(pipeline->replicas);
	free(pipeline);
}

void pipeline_ask(struct ctx *ctx, struct pipeline *pipeline, const struct statement *statement, const char *const *params,
	pipeline_done *done, void *argument)
{
	struct question *question = arena_alloc(&ctx->arena, sizeof *question);
	*question = (struct question){.ctx = ctx, .statement = statement, .params = params, .done = done, .argument = argument,
		.since_us = clock_mono_us()};
	int replica = ctx->reads.since && pipeline->replica_count && statement->reads ? replicas_pick(pool_replicas(pipeline->pool), ctx) : -1;
	enqueue(replica < 0 ? pipeline : pipeline->replicas[replica], question);
}
