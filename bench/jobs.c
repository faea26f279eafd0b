/* What the queue does in a second: jobs that do nothing, through lib/job, for bench/jobs.mjs. Reads the house's configuration; prints one line
 * of figures, separated by spaces.
 *
 * jobs kinds                             the kinds, queues and limits that its worker claims with, as array literals
 * jobs enqueue CONNECTIONS SECONDS BATCH jobs a second; a batch of one is job_enqueue()
 * jobs work THREADS SECONDS              jobs a second that a worker begins and ends, of those that wait already
 * jobs flow JOBS CONNECTIONS THREADS     jobs a second from the first one's enqueuing, one at a time, to the last one's end
 * jobs latency JOBS THREADS              ms from before a commit to the handler's begin: median, p99, longest; one job now and then
 * jobs claim STEPS                       µs that a claim of one job takes: median, p99; each step enqueues, claims and ends one */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/policies.h"
#include "metric/metric.h"
#include "sql.h"
#include "web/web.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define KINDS 64
#define BATCH_MOST 1000
#define SPACING_MOST_MS 100 /* between two jobs of latency; below the 20 ms in which a process says it once, too */

static const struct job_policy NOTHING = {"bench.nothing", JOB_DEFAULT, {3, 1000, 1000}, 30000};
static struct job_kind kinds[KINDS];
static atomic_int begun;
static int64_t *began_us; /* by the job's payload; NULL: nobody asks */

static enum err run_nothing(struct ctx *ctx, struct job *job)
{
	(void)ctx;
	if (began_us)
		began_us[json_object_get_int(json_object_object_get(job->payload, "n"))] = clock_mono_us();
	begun++;
	return OK;
}

static void die(const char *what)
{
	fprintf(stderr, "jobs: %s\n", what);
	exit(1);
}

static void must(const struct ctx *ctx, enum err err)
{
	if (err != OK)
		die(ctx->fault.internal[0] ? ctx->fault.internal : ctx->fault.detail);
}

/* --- a worker in a thread, and threads that enqueue --- */

struct crew {
	pthread_t thread;
	struct worker_set set;
};

static void *crew_main(void *argument)
{
	struct crew *crew = argument;
	struct ctx ctx;
	ctx_init(&ctx);
	must(&ctx, worker_run(&ctx, &crew->set));
	ctx_free(&ctx);
	return NULL;
}

static void crew_start(struct crew *crew, int threads)
{
	crew->set = (struct worker_set){.kinds = kinds, .pool = pool_open(threads), .threads = threads, .stop_fd = eventfd(0, EFD_CLOEXEC)};
	if (pthread_create(&crew->thread, NULL, crew_main, crew))
		die("no thread");
}

static void crew_stop(struct crew *crew)
{
	eventfd_write(crew->set.stop_fd, 1);
	pthread_join(crew->thread, NULL);
	close(crew->set.stop_fd);
	pool_close(crew->set.pool);
}

struct sender {
	pthread_t thread;
	struct pool *pool;
	int batch;
	int64_t until_us; /* or, when 0, until so many are made */
	int count;
	int made;
};

static void *sender_main(void *argument)
{
	static const struct job_new JOBS[BATCH_MOST];
	struct sender *sender = argument;
	struct ctx ctx;
	ctx_init(&ctx);
	while (sender->until_us ? clock_mono_us() < sender->until_us : sender->made < sender->count) {
		struct lease lease;
		must(&ctx, lease_take(&ctx, sender->pool, &lease));
		must(&ctx, sender->batch == 1 ? job_enqueue(&ctx, &lease, &NOTHING, JOBS, NULL)
			: job_enqueue_many(&ctx, &lease, &NOTHING, JOBS, sender->batch, NULL));
		lease_return(&lease);
		ctx_reset(&ctx);
		sender->made += sender->batch;
	}
	ctx_free(&ctx);
	return NULL;
}

/* How many were enqueued. */
static int send_all(struct pool *pool, int connections, struct sender like)
{
	struct sender *senders = calloc((size_t)connections, sizeof *senders);
	int made = 0;
	if (!senders)
		die("no memory");
	for (int i = 0; i < connections; i++) {
		senders[i] = like;
		senders[i].pool = pool;
		if (pthread_create(&senders[i].thread, NULL, sender_main, &senders[i]))
			die("no thread");
	}
	for (int i = 0; i < connections; i++) {
		pthread_join(senders[i].thread, NULL);
		made += senders[i].made;
	}
	free(senders);
	return made;
}

/* --- the figures --- */

static int by_size(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return (a > b) - (a < b);
}

static double rate(int count, int64_t since_us)
{
	return count / ((double)(clock_mono_us() - since_us) / 1000000);
}

/* What a worker claims with. */
static void arrays_of(struct ctx *ctx, const char *arrays_out[3])
{
	const char *names[KINDS], *queues[KINDS], *limits[KINDS];
	int count = 0;
	for (; kinds[count].policy; count++) {
		names[count] = kinds[count].policy->kind;
		queues[count] = pg_int(ctx, kinds[count].policy->queue);
		limits[count] = pg_int(ctx, kinds[count].policy->at_once);
	}
	arrays_out[0] = pg_array(ctx, names, count);
	arrays_out[1] = pg_array(ctx, queues, count);
	arrays_out[2] = pg_array(ctx, limits, count);
}

static void print_kinds(struct ctx *ctx)
{
	const char *arrays[3];
	arrays_of(ctx, arrays);
	printf("%s %s %s\n", arrays[0], arrays[1], arrays[2]);
}

static void enqueue(int connections, int seconds, int batch)
{
	struct pool *pool = pool_open(connections);
	int64_t since_us = clock_mono_us();
	int made = send_all(pool, connections, (struct sender){.batch = batch, .until_us = since_us + seconds * INT64_C(1000000)});
	printf("%.1f\n", rate(made, since_us));
	pool_close(pool);
}

static void work(int threads, int seconds)
{
	struct crew crew;
	crew_start(&crew, threads);
	while (!begun)
		usleep(1000);
	int before = begun;
	int64_t since_us = clock_mono_us();
	sleep((unsigned)seconds);
	printf("%.1f\n", rate(begun - before, since_us));
	crew_stop(&crew);
}

static void flow(int count, int connections, int threads)
{
	struct pool *pool = pool_open(connections);
	struct crew crew;
	crew_start(&crew, threads);
	int64_t since_us = clock_mono_us();
	int made = send_all(pool, connections, (struct sender){.batch = 1, .count = count / connections});
	while (begun < made)
		usleep(1000);
	crew_stop(&crew); /* the last ones are settled */
	printf("%.1f\n", rate(made, since_us));
	pool_close(pool);
}

static void latency(struct ctx *ctx, int count, int threads)
{
	struct pool *pool = pool_open(1);
	int64_t *sent_us = calloc((size_t)count, sizeof *sent_us);
	struct crew crew;
	began_us = calloc((size_t)count, sizeof *began_us);
	if (!sent_us || !began_us)
		die("no memory");
	crew_start(&crew, threads);
	usleep(1000000); /* it listens */
	srandom(1);
	for (int i = 0; i < count; i++) {
		struct lease lease;
		must(ctx, lease_take(ctx, pool, &lease));
		must(ctx, pg_begin(&lease));
		must(ctx, job_enqueue(ctx, &lease, &NOTHING, &(struct job_new){.payload = arena_printf(&ctx->arena, "{\"n\":%d}", i)}, NULL));
		sent_us[i] = clock_mono_us();
		must(ctx, pg_commit(&lease));
		lease_return(&lease);
		ctx_reset(ctx);
		usleep((unsigned)(random() % (SPACING_MOST_MS * 1000)));
	}
	while (begun < count)
		usleep(1000);
	crew_stop(&crew);
	for (int i = 0; i < count; i++)
		sent_us[i] = began_us[i] - sent_us[i];
	qsort(sent_us, (size_t)count, sizeof *sent_us, by_size);
	printf("%.2f %.2f %.2f\n", (double)sent_us[count / 2] / 1000, (double)sent_us[(size_t)count * 99 / 100] / 1000,
		(double)sent_us[count - 1] / 1000);
	free(sent_us);
	free(began_us);
	pool_close(pool);
}

static int64_t claim_once(struct ctx *ctx, struct pool *pool, const char *const *arrays)
{
	struct lease lease;
	PGresult *rows;
	must(ctx, lease_take(ctx, pool, &lease));
	must(ctx, job_enqueue(ctx, &lease, &NOTHING, &(struct job_new){0}, NULL));
	int64_t since_us = clock_mono_us();
	must(ctx, pg_run(&lease, &SQL_JOB_CLAIM, PARAMS(arrays[0], arrays[1], arrays[2], "bench", "30000", "0", "1"), &rows));
	int64_t took_us = clock_mono_us() - since_us;
	if (PQntuples(rows) != 1)
		die("nothing to claim");
	must(ctx, pg_run(&lease, &SQL_JOB_DONE, PARAMS(pg_text(rows, 0, "id"), pg_text(rows, 0, "attempt"), NULL, NULL, NULL, "bench", "30000"), NULL));
	lease_return(&lease);
	return took_us;
}

static void claims(struct ctx *ctx, int steps)
{
	struct pool *pool = pool_open(1);
	int64_t *took_us = calloc((size_t)steps, sizeof *took_us);
	const char *arrays[3];
	struct ctx own;
	if (!took_us)
		die("no memory");
	ctx_init(&own);
	arrays_of(ctx, arrays);
	for (int i = 0; i < steps; i++) {
		took_us[i] = claim_once(&own, pool, arrays);
		ctx_reset(&own);
	}
	qsort(took_us, (size_t)steps, sizeof *took_us, by_size);
	printf("%" PRId64 " %" PRId64 "\n", took_us[steps / 2], took_us[(size_t)steps * 99 / 100]);
	free(took_us);
	ctx_free(&own);
	pool_close(pool);
}

/* The worker knows all kinds of the house and one of ours. */
static void start(void)
{
	char message[256];
	int count = 0;
	serve_conf();
	if (!conf_load(NULL, message) || !metric_open(message))
		die(message);
	if (!log_open("jobs", conf_string("worker.log_file"), LOG_INFO))
		die("worker.log_file cannot be opened");
	for (; JOB_POLICIES[count] && count < KINDS - 2; count++)
		kinds[count] = (struct job_kind){JOB_POLICIES[count], run_nothing};
	kinds[count] = (struct job_kind){&NOTHING, run_nothing};
}

static int number(const char *text, int most)
{
	char *end;
	long value = strtol(text, &end, 10);
	if (end == text || *end || value < 1 || value > most)
		die("a number is wrong");
	return (int)value;
}

int main(int argc, char **argv)
{
	struct ctx ctx;
	const char *verb = argc > 1 ? argv[1] : "";
	start();
	ctx_init(&ctx);
	if (!strcmp(verb, "kinds") && argc == 2)
		print_kinds(&ctx);
	else if (!strcmp(verb, "enqueue") && argc == 5)
		enqueue(number(argv[2], 100), number(argv[3], 3600), number(argv[4], BATCH_MOST));
	else if (!strcmp(verb, "work") && argc == 4)
		work(number(argv[2], 100), number(argv[3], 3600));
	else if (!strcmp(verb, "flow") && argc == 5)
		flow(number(argv[2], 10000000), number(argv[3], 100), number(argv[4], 100));
	else if (!strcmp(verb, "latency") && argc == 4)
		latency(&ctx, number(argv[2], 1000000), number(argv[3], 100));
	else if (!strcmp(verb, "claim") && argc == 3)
		claims(&ctx, number(argv[2], 1000000));
	else
		die("kinds | enqueue CONNECTIONS SECONDS BATCH | work THREADS SECONDS | flow JOBS CONNECTIONS THREADS | latency JOBS THREADS | claim STEPS");
	ctx_free(&ctx);
	metric_close();
	return 0;
}
