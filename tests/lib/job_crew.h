/* What the tests of the queue share: a schema with a table of runs, workers in threads. The test defines KINDS. */
#ifndef STOA_TESTS_JOB_CREW_H
#define STOA_TESTS_JOB_CREW_H

#include "database.h"

#include "job/job.h"

#include <pthread.h>
#include <sys/eventfd.h>

extern const struct job_kind KINDS[];

struct fixture {
	struct ctx ctx;
	struct pool *pool;
};

/* Every run leaves a row, outside any transaction of the job's. */
static inline void note(struct ctx *ctx, struct job *job)
{
	if (pg_query(ctx, job->pool, &(struct statement){"test_note",
		"insert into run (job_id, kind, attempt, payload) values ($1::uuid, $2, $3::int, $4::jsonb)", 4, 0, false},
		PARAMS(job->id, job->kind, pg_int(ctx, job->attempt), json_object_to_json_string(job->payload)), NULL) != OK)
		fail_msg("%s", ctx->fault.internal);
}

static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	ctx_init(&fixture->ctx);
	fixture->pool = pool_open(6);
	schema_make(&fixture->ctx, fixture->pool);
	ask(&fixture->ctx, fixture->pool, "create table run (n serial, job_id uuid, kind text, attempt int, payload jsonb, primary key (job_id, attempt));"
		"create table effect (job_id uuid primary key); create table go (yes bool)");
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	ctx_free(&fixture->ctx);
	pool_close(fixture->pool);
	free(fixture);
	return 0;
}

static inline const char *value(struct fixture *fixture, const char *text)
{
	return ask(&fixture->ctx, fixture->pool, text);
}

/* The new job's id, valid until the next call; empty for a duplicate. */
static inline const char *enqueue(struct fixture *fixture, const struct job_policy *policy, struct job_new new)
{
	static char id[ID_TEXT];
	struct lease lease;
	assert_int_equal(lease_take(&fixture->ctx, fixture->pool, &lease), OK);
	if (job_enqueue(&fixture->ctx, &lease, policy, &new, id) != OK)
		fail_msg("%s", fixture->ctx.fault.internal);
	lease_return(&lease);
	return id;
}

static inline void drain(struct fixture *fixture, int threads)
{
	assert_int_equal(worker_run(&fixture->ctx, &(struct worker_set){.kinds = KINDS, .pool = fixture->pool, .threads = threads,
		.stop_fd = -1, .drain = true}), OK);
}

/* Drains until no job waits, because retries come due a moment later. */
static inline void drain_all(struct fixture *fixture)
{
	WAIT_FOR((drain(fixture, 2), !strcmp(value(fixture, "select count(*) from job where state in ('waiting', 'running')"), "0")));
}

/* A worker in a thread. */
struct crew {
	struct fixture fixture;
	pthread_t thread;
	struct worker_set set;
	enum err err;
};

static inline void *crew_main(void *argument)
{
	struct crew *crew = argument;
	ctx_init(&crew->fixture.ctx);
	crew->err = worker_run(&crew->fixture.ctx, &crew->set);
	ctx_free(&crew->fixture.ctx);
	return NULL;
}

static inline void crew_start(struct crew *crew, int threads, bool until_drained)
{
	*crew = (struct crew){.fixture.pool = pool_open(threads * 2)};
	crew->set = (struct worker_set){.kinds = KINDS, .pool = crew->fixture.pool, .threads = threads,
		.stop_fd = eventfd(0, 0), .drain = until_drained};
	assert_int_equal(pthread_create(&crew->thread, NULL, crew_main, crew), 0);
}

static inline void crew_join(struct crew *crew)
{
	pthread_join(crew->thread, NULL);
	assert_int_equal(crew->err, OK);
	close(crew->set.stop_fd);
	pool_close(crew->fixture.pool);
}

static inline void crew_stop(struct crew *crew)
{
	eventfd_write(crew->set.stop_fd, 1);
	crew_join(crew);
}

#endif
