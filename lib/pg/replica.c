#include "pg/replica.h"

#include "base/clock.h"
#include "base/log.h"
#include "metric/metric.h"
#include "pg/connection.h"
#include "sql.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLICAS_MOST 16
#define LOOKS 128            /* at the primary that are remembered: longer than db.replica_lag can be */
#define LOOKS_A_LAG 8        /* how often is looked within db.replica_lag, */
#define REST_MOST_US 500000  /* and at least */
#define PATIENCE_MS 300      /* who waits for a replica has time left for the primary when that is found silent */
#define QUIET_US 10000000    /* after so long without a reader it is looked more seldom, */
#define QUIET_LOOK_US 5000000 /* so often */
#define TOKEN_TEXT 40

/* What was committed before the moment, by any machine's clock, is at or below the position. */
struct look {
	int64_t position, moment, at_us;
};

struct replica {
	char name[128];
	struct replicas *all;
	struct pool *pool;
	struct connection_plan plan;
	struct connection connection; /* to look with */
	atomic_bool gone;             /* it does not answer: nobody is to wait for it */
	_Atomic int64_t as_of, at_us; /* it has everything from before the moment, which was then; at_us 0: it is not to be asked */
	const char *_Atomic why;      /* it is not; NULL: it is */
	_Atomic int64_t lag_now_us;
	char message[256];            /* with the lock of all: why it does not answer, or "" */
	/* Its thread's: the first look that it has not reached, which may be forgotten by now; missed_us 0: it has reached all. */
	int64_t missed, missed_us;
	unsigned missed_history;
	pthread_t thread;
	struct gauge *up, *lag;
};

struct replicas {
	struct pool_moments moments;
	int64_t lag_us, skew_us, rest_us;
	struct connection_plan plan;
	struct connection connection; /* to the primary, to look with */
	pthread_mutex_t lock;         /* for what follows */
	pthread_cond_t changed;
	bool closing;
	unsigned turn;                /* looks at the primary, with those that failed */
	struct look looks[LOOKS];
	int look_count, look_next;
	char token[TOKEN_TEXT];       /* of the primary's history; "" = not known */
	unsigned history;             /* of the looks: how many there were */
	bool silent;                  /* the last look at the primary failed */
	_Atomic int64_t asked_us;     /* when somebody last wanted to read */
	pthread_t thread;
	int count;
	struct replica list[];
};

static const char UNKNOWN[] = "is not known yet", PRIMARY[] = "is no replica", BEHIND[] = "is too far behind", SILENT[] = "does not answer";
static const char ELSEWHERE[] = "follows another history", NO_PRIMARY[] = "cannot be compared: the primary does not answer";
static const char UP_HELP[] = "Whether plain reads may be asked of the replica: 1, or 0.";
static const char LAG_HELP[] = "By how much the replica is behind the primary, rounded up.";

/* --- looking --- */

/* NULL: message_out says why. */
static PGresult *ask(struct connection *connection, struct connection_plan *plan, const struct statement *statement,
	const char *const *params, char message_out[256])
{
	if (!connection->raw && !connection_open(connection, plan, message_out))
		return NULL;
	struct answer answer = connection_ask(connection, &(struct command){.statement = statement, .params = params});
	ExecStatusType status = PQresultStatus(answer.result);
	if (!answer.lost && !answer.silent && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK))
		return answer.result;
	const char *reason = answer.silent ? "no answer in time" : PQerrorMessage(connection->raw);
	snprintf(message_out, 256, "%.*s", (int)strcspn(reason, "\n"), reason);
	PQclear(answer.result);
	connection_close(connection);
	return NULL;
}

/* With the lock. Positions of another history tell nothing. */
static void history_is(struct replicas *replicas, const char *token)
{
	if (!strcmp(replicas->token, token))
		return;
	snprintf(replicas->token, sizeof replicas->token, "%s", token);
	replicas->look_count = replicas->look_next = 0;
	replicas->history++;
}

/* NULL: message_out. */
static PGresult *primary_ask(struct replicas *replicas, char message_out[256])
{
	struct connection *connection = &replicas->connection;
	PGresult *result = ask(connection, &replicas->plan, &SQL_WATCH_PRIMARY, NULL, message_out);
	if (!result || pg_text(result, 0, "token"))
		return result;
	PGresult *made = ask(connection, &replicas->plan, &SQL_WATCH_HISTORY,
		PARAMS(pg_text(result, 0, "system"), pg_text(result, 0, "timeline")), message_out);
	PQclear(result);
	PQclear(made);
	return made ? ask(connection, &replicas->plan, &SQL_WATCH_PRIMARY, NULL, message_out) : NULL;
}

static void primary_look(struct replicas *replicas)
{
	char message[256] = "";
	struct look look = {.moment = replicas->moments.next(replicas->moments.argument) - replicas->skew_us, .at_us = clock_mono_us()};
	PGresult *result = primary_ask(replicas, message);
	const char *token = result ? pg_text(result, 0, "token") : NULL;
	pthread_mutex_lock(&replicas->lock);
	bool changed = replicas->silent == !!token;
	replicas->silent = !token;
	if (token) {
		look.position = pg_number(result, 0, "position", 0);
		history_is(replicas, token);
		replicas->looks[replicas->look_next] = look;
		replicas->look_next = (replicas->look_next + 1) % LOOKS;
		replicas->look_count += replicas->look_count < LOOKS;
	}
	pthread_mutex_unlock(&replicas->lock);
	if (changed)
		LOG(token ? LOG_INFO : LOG_WARN, "db.watch", LOG_T("primary", token ? "answers" : "does not answer"), LOG_T("message", *message ? message : NULL));
	PQclear(result);
}

/* With the lock: the newest look that the position has reached, or NULL, and the one after it, or NULL. */
static const struct look *reached(const struct replicas *replicas, int64_t position, const struct look **missed_out)
{
	*missed_out = NULL;
	for (int i = 1; i <= replicas->look_count; i++) {
		const struct look *look = &replicas->looks[(replicas->look_next + LOOKS - i) % LOOKS];
		if (look->position <= position)
			return look;
		*missed_out = look;
	}
	return NULL;
}

/* With the lock. How long ago the first look was that a replica with this position has not reached; 0: it has reached all. */
static int64_t lag_of(struct replica *replica, int64_t position, const struct look *missed)
{
	bool still = replica->missed_us && replica->missed_history == replica->all->history && position < replica->missed;
	if (!missed) {
		replica->missed_us = 0;
	} else if (!still) {
		replica->missed = missed->position;
		replica->missed_us = missed->at_us;
		replica->missed_history = replica->all->history;
	}
	return replica->missed_us ? clock_mono_us() - replica->missed_us : 0;
}

/* With the lock. What it has replayed, against what the primary had when it was looked at. It is asked for as long as the last look that it
 * has reached is young, and behind for as long as the first that it has not reached is old. */
static const char *judge_position(struct replica *replica, int64_t position, int64_t *lag_us_out)
{
	struct replicas *all = replica->all;
	const struct look *missed, *look = reached(all, position, &missed);
	*lag_us_out = lag_of(replica, position, missed);
	if (look) {
		atomic_store(&replica->as_of, look->moment);
		atomic_store(&replica->at_us, look->at_us);
	} else {
		atomic_store(&replica->at_us, 0);
	}
	if (all->silent)
		return NO_PRIMARY;
	if (*lag_us_out > all->lag_us)
		return BEHIND;
	return look ? NULL : UNKNOWN;
}

/* With the lock. Why it is not to be asked; NULL: it is. result NULL: it does not answer. */
static const char *judge(struct replica *replica, const PGresult *result, int64_t *lag_us_out)
{
	const char *known = replica->all->token, *token = result ? pg_text(result, 0, "token") : NULL, *why = NULL;
	if (!result)
		why = SILENT;
	else if (!pg_true(result, 0, "follows"))
		why = PRIMARY;
	else if (!*known)
		why = replica->all->silent ? NO_PRIMARY : UNKNOWN;
	else if (!token || strcmp(token, known))
		why = ELSEWHERE;
	else
		return judge_position(replica, pg_number(result, 0, "position", 0), lag_us_out);
	atomic_store(&replica->at_us, 0);
	return why;
}

static void replica_look(struct replica *replica)
{
	char message[256] = "";
	int64_t lag_us = 0;
	PGresult *result = ask(&replica->connection, &replica->plan, &SQL_WATCH_REPLICA, NULL, message);
	pthread_mutex_lock(&replica->all->lock);
	const char *why = judge(replica, result, &lag_us);
	snprintf(replica->message, sizeof replica->message, "%s", message);
	pthread_mutex_unlock(&replica->all->lock);
	PQclear(result);
	atomic_store(&replica->gone, !result);
	gauge_set(replica->up, !why);
	gauge_set(replica->lag, (lag_us + 999999) / 1000000);
	atomic_store(&replica->lag_now_us, lag_us);
	if (atomic_exchange(&replica->why, why) != why)
		LOG(why ? LOG_WARN : LOG_INFO, "db.replica", LOG_T("replica", replica->name), LOG_T("state", why ? why : "serves"),
			LOG_T("message", *message ? message : NULL));
}

/* --- threads --- */

/* With the lock, until the time has come, a turn other than this one's begins, or it is over. */
static bool rest(struct replicas *replicas, int64_t until_us, const unsigned *turn)
{
	const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
	while (!replicas->closing && clock_mono_us() < until_us && (!turn || *turn == replicas->turn))
		pthread_cond_timedwait(&replicas->changed, &replicas->lock, &until);
	return !replicas->closing;
}

static void *primary_run(void *argument)
{
	struct replicas *replicas = argument;
	for (int64_t last_us = 0;;) {
		int64_t now_us = clock_mono_us();
		if (now_us - last_us >= QUIET_LOOK_US || now_us - atomic_load(&replicas->asked_us) < QUIET_US) {
			last_us = now_us;
			primary_look(replicas);
		}
		pthread_mutex_lock(&replicas->lock);
		if (last_us == now_us) {
			replicas->turn++;
			pthread_cond_broadcast(&replicas->changed);
		}
		bool on = rest(replicas, now_us + replicas->rest_us, NULL);
		pthread_mutex_unlock(&replicas->lock);
		if (!on)
			return NULL;
	}
}

/* Right after the primary; by itself where that hangs. */
static void *replica_run(void *argument)
{
	struct replica *replica = argument;
	struct replicas *all = replica->all;
	for (unsigned turn = 0;;) {
		pthread_mutex_lock(&all->lock);
		bool on = rest(all, clock_mono_us() + QUIET_LOOK_US, &turn);
		turn = all->turn;
		pthread_mutex_unlock(&all->lock);
		if (!on)
			return NULL;
		replica_look(replica);
	}
}

static void thread_start(pthread_t *thread, void *(*run)(void *argument), void *argument)
{
	sigset_t all, before;
	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(thread, NULL, run, argument))
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* --- reading --- */

int replicas_pick(struct replicas *replicas, struct ctx *ctx)
{
	struct reads *reads = &ctx->reads;
	int64_t now_us = clock_mono_us();
	atomic_store_explicit(&replicas->asked_us, now_us, memory_order_relaxed);
	for (int i = 0; i < replicas->count; i++) {
		int index = (int)((reads->by + (uint32_t)i) % (uint32_t)replicas->count);
		struct replica *replica = &replicas->list[index];
		/* In this order: the moment belongs to that time or a later one. */
		int64_t at_us = atomic_load(&replica->at_us), as_of = atomic_load(&replica->as_of);
		if (!at_us || now_us - at_us > replicas->lag_us || as_of <= reads->since)
			continue;
		if (!reads->as_of || as_of < reads->as_of)
			reads->as_of = as_of;
		return index;
	}
	return -1;
}

/* --- opening --- */

static void gauges_open(struct replica *replica)
{
	char labels[160];
	snprintf(labels, sizeof labels, "replica=\"%s\"", replica->name);
	replica->up = metric_gauge("stoa_db_replica_up", labels, UP_HELP);
	replica->lag = metric_gauge("stoa_db_replica_lag_seconds", labels, LAG_HELP);
}

static void replica_open(struct replicas *replicas, struct replica *replica, const char *where, int size)
{
	replica->all = replicas;
	replica->why = UNKNOWN;
	atomic_init(&replica->gone, false);
	replica->pool = pool_open_at(where, size, PATIENCE_MS, &replica->gone);
	connection_plan_make(&replica->plan, where);
	connection_plan_name(&replica->plan, replica->name, sizeof replica->name);
	replica->plan.patience_ms = PATIENCE_MS;
	connection_make(&replica->connection);
	gauges_open(replica);
}

struct replicas *replicas_open(struct pool_moments moments, int size)
{
	char *list = strdup(conf_string("db.replicas")), *rest_of = NULL, *places[REPLICAS_MOST];
	int count = 0;
	if (!list)
		abort();
	for (char *at = strtok_r(list, ";", &rest_of); at; at = strtok_r(NULL, ";", &rest_of)) {
		at += strspn(at, " \t");
		if (*at && count < REPLICAS_MOST)
			places[count++] = at;
		else if (*at)
			LOG(LOG_ERROR, "db.replicas", LOG_T("message", "there are more than 16: this one is not asked"), LOG_T("replica", at));
	}
	struct replicas *replicas = count ? calloc(1, sizeof *replicas + (size_t)count * sizeof *replicas->list) : NULL;
	if (count && !replicas)
		abort();
	if (replicas) {
		pthread_condattr_t monotonic;
		pthread_condattr_init(&monotonic);
		pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
		pthread_mutex_init(&replicas->lock, NULL);
		pthread_cond_init(&replicas->changed, &monotonic);
		pthread_condattr_destroy(&monotonic);
		replicas->moments = moments;
		replicas->lag_us = (int64_t)conf_ms("db.replica_lag") * 1000;
		replicas->skew_us = (int64_t)conf_ms("db.replica_skew") * 1000;
		replicas->rest_us = replicas->lag_us / LOOKS_A_LAG < REST_MOST_US ? replicas->lag_us / LOOKS_A_LAG : REST_MOST_US;
		replicas->count = count;
		connection_plan_make(&replicas->plan, NULL);
		replicas->plan.patience_ms = PATIENCE_MS;
		connection_make(&replicas->connection);
		for (int i = 0; i < count; i++)
			replica_open(replicas, &replicas->list[i], places[i], size);
		thread_start(&replicas->thread, primary_run, replicas);
		for (int i = 0; i < count; i++)
			thread_start(&replicas->list[i].thread, replica_run, &replicas->list[i]);
	}
	free(list);
	return replicas;
}

void replicas_close(struct replicas *replicas)
{
	if (!replicas)
		return;
	pthread_mutex_lock(&replicas->lock);
	replicas->closing = true;
	pthread_cond_broadcast(&replicas->changed);
	pthread_mutex_unlock(&replicas->lock);
	pthread_join(replicas->thread, NULL);
	for (int i = 0; i < replicas->count; i++)
		pthread_join(replicas->list[i].thread, NULL);
	for (int i = 0; i < replicas->count; i++) {
		struct replica *replica = &replicas->list[i];
		pool_close(replica->pool);
		connection_unmake(&replica->connection);
		connection_plan_free(&replica->plan);
	}
	connection_unmake(&replicas->connection);
	connection_plan_free(&replicas->plan);
	pthread_cond_destroy(&replicas->changed);
	pthread_mutex_destroy(&replicas->lock);
	free(replicas);
}

int pool_replica_states(const struct pool *pool, struct pool_replica *out, int most)
{
	struct replicas *replicas = pool_replicas(pool);
	int count = replicas_count(replicas);
	for (int i = 0; i < count && i < most; i++) {
		const struct replica *replica = &replicas->list[i];
		out[i] = (struct pool_replica){.name = replica->name, .why = atomic_load(&replica->why), .lag_us = atomic_load(&replica->lag_now_us)};
		pthread_mutex_lock(&replicas->lock);
		memcpy(out[i].message, replica->message, sizeof out[i].message);
		pthread_mutex_unlock(&replicas->lock);
		out[i].looked = out[i].why != UNKNOWN;
		out[i].primary = out[i].why == PRIMARY;
	}
	return count < most ? count : most;
}

int replicas_count(const struct replicas *replicas)
{
	return replicas ? replicas->count : 0;
}

struct pool *replicas_pool(const struct replicas *replicas, int index)
{
	return replicas->list[index].pool;
}
