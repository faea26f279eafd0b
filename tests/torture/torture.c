/* torture [JOBS CHILD-KILLS BACK-END-KILLS STOPS]: jobs of all kinds under a supervisor whose children are killed with SIGKILL, on a
 * PostgreSQL whose back-ends are terminated and which is stopped as by a crash, at random, while clients go on asking. Then the books:
 * every acknowledged job has its effect exactly once. Run by tests/torture/run; exits 1 when the books do not balance. */
#include "torture.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/supervisor.h"
#include "pg/migrate.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS "torture-worker" /* application_name of the back-ends of workers */
#define STALL_S 180              /* without any progress */
#define SPACING_US 250000        /* between blows, about */
#define WORK 10                  /* jobs under way that a blow waits for */
#define PATIENCE_US 1000000      /* so long, since the clients may wait for the blow */
#define STOP_TRIES 1000          /* looks for a running job before PostgreSQL is stopped all the same */

struct board *board;

static const struct size TENTH = {8100, 100, 5, 1};

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

_Noreturn static void die(const char *what, const char *why)
{
	fprintf(stderr, "torture: %s: %s\n", what, why);
	exit(1);
}

/* --- the workers --- */

/* A child of the supervisor. */
static int child_main(void *argument, int stop_fd)
{
	struct ctx ctx;
	int slot = 0, free_slot = 0;
	(void)argument;
	setenv("PGAPPNAME", WORKERS, 1);
	while (slot < CHILDREN && !atomic_compare_exchange_strong(&board->pids[slot], &free_slot, getpid())) {
		free_slot = 0;
		slot++;
	}
	struct pool *pool = pool_open(0);
	ctx_init(&ctx);
	enum err err = worker_run(&ctx, &(struct worker_set){.kinds = TORTURE_KINDS, .pool = pool, .stop_fd = stop_fd});
	ctx_free(&ctx);
	pool_close(pool);
	if (slot < CHILDREN)
		board->pids[slot] = 0;
	return err == OK ? 0 : 1;
}

static pid_t supervisor_start(void)
{
	pid_t pid = fork();
	if (pid < 0)
		die("fork", strerror(errno));
	if (!pid)
		exit(supervisor_run(&(struct supervisor_set){.kinds = TORTURE_KINDS, .child = child_main}));
	return pid;
}

/* --- the storm --- */

struct storm {
	struct ctx ctx;
	struct pool *pool;
	pid_t supervisor;
	pid_t restart;       /* of PostgreSQL, under way */
	struct blow *blows;
	int waited;          /* looks so far for a job to stop PostgreSQL under */
	int count;
};

static void record(struct storm *storm, enum blow_type type, pid_t pid, bool busy)
{
	storm->blows[storm->count++] = (struct blow){.type = type, .at_us = clock_wall_us(), .pid = pid, .busy = busy};
}

/* Numbers are given anew, so a slot whose owner died by itself may name a stranger. */
static bool is_child_of(pid_t pid, pid_t parent)
{
	char path[64];
	int found = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d %*[^)]) %*c %d", &found) != 1)
		found = 0;
	fclose(file);
	return found == parent;
}

static bool child_kill(struct storm *storm)
{
	int slot = (int)randombytes_uniform(CHILDREN);
	for (int tries = 0; tries < CHILDREN; tries++, slot = (slot + 1) % CHILDREN) {
		pid_t pid = board->pids[slot];
		if (!pid || !is_child_of(pid, storm->supervisor))
			continue;
		record(storm, BLOW_CHILD, pid, false);
		kill(pid, SIGKILL);
		board->pids[slot] = 0;
		return true;
	}
	return false;
}

/* One in three is taken whatever it does, the others at work. */
static bool backend_kill(struct storm *storm)
{
	struct lease lease;
	PGresult *rows;
	bool done = false, any = storm->count % 3 == 0;
	ctx_reset(&storm->ctx);
	if (lease_take(&storm->ctx, storm->pool, &lease) != OK)
		return false;
	if (pg_run_text(&lease, "select pid, state <> 'idle' as busy, pg_terminate_backend(pid) as sent from (select pid, state from pg_stat_activity "
		"where application_name = '" WORKERS "' and ($1::boolean or state <> 'idle') order by random() limit 1) victim", 1,
		PARAMS(pg_bool(any)), &rows) == OK && PQntuples(rows) && pg_true(rows, 0, "sent")) {
		record(storm, BLOW_BACKEND, (pid_t)pg_number(rows, 0, "pid", 0), pg_true(rows, 0, "busy"));
		done = true;
	}
	lease_return(&lease);
	return done;
}

static bool restart_is_over(struct storm *storm, bool wait)
{
	int status;
	if (!storm->restart)
		return true;
	if (waitpid(storm->restart, &status, wait ? 0 : WNOHANG) != storm->restart)
		return false;
	storm->restart = 0;
	if (status)
		die("postgres", "it did not stop and start");
	return true;
}

static bool job_runs(struct storm *storm)
{
	struct lease lease;
	PGresult *rows;
	ctx_reset(&storm->ctx);
	if (lease_take(&storm->ctx, storm->pool, &lease) != OK)
		return false;
	bool runs = pg_run_text(&lease, "select from job where state = 'running' and started_at is not null limit 1", 0, NULL, &rows) == OK && PQntuples(rows);
	lease_return(&lease);
	return runs;
}

/* While a job runs, if one does within some seconds. */
static bool postgres_stop(struct storm *storm)
{
	char path[4096];
	if (!restart_is_over(storm, true) || (storm->waited++ < STOP_TRIES && !job_runs(storm)))
		return false;
	storm->waited = 0;
	snprintf(path, sizeof path, "%s/tests/torture/postgres", getenv("STOA_ROOT"));
	record(storm, BLOW_STOP, 0, false);
	storm->restart = fork();
	if (!storm->restart) {
		execl("/bin/sh", "sh", path, getenv("STOA_TEST_DIR"), (char *)NULL);
		_exit(127);
	}
	return storm->restart > 0;
}

static bool strike(struct storm *storm, enum blow_type type)
{
	switch (type) {
	case BLOW_CHILD: return child_kill(storm);
	case BLOW_BACKEND: return backend_kill(storm);
	default: return postgres_stop(storm);
	}
}

/* All blows in random order. */
static enum blow_type *shuffle(int count)
{
	enum blow_type *order = calloc((size_t)count + 1, sizeof *order);
	for (int i = 0; i < count; i++)
		order[i] = i < board->size.child_kills ? BLOW_CHILD : i < board->size.child_kills + board->size.backend_kills ? BLOW_BACKEND : BLOW_STOP;
	for (int i = count - 1; i > 0; i--) {
		int other = (int)randombytes_uniform((uint32_t)i + 1);
		enum blow_type kept = order[i];
		order[i] = order[other];
		order[other] = kept;
	}
	return order;
}

/* Dies when nothing has moved for too long. */
static void watch_progress(int now)
{
	static int last = -1;
	static int64_t since_us;
	if (now != last) {
		last = now;
		since_us = clock_mono_us();
	} else if (clock_mono_us() - since_us > STALL_S * INT64_C(1000000)) {
		die("stalled", "no job was finished for minutes");
	}
}

/* The blows are spread over the work, so that each finds some, and not so dense that no child lives. */
static void rage(struct storm *storm)
{
	int count = board->size.child_kills + board->size.backend_kills + board->size.stops;
	enum blow_type *order = shuffle(count);
	for (int i = 0; i < count; i++) {
		int64_t due = (int64_t)board->size.asks * (4 * i + (int)randombytes_uniform(4) + 1) / (4 * count);
		int64_t due_us = clock_mono_us() + SPACING_US / 2 + randombytes_uniform(SPACING_US);
		while (board->finished < due || clock_mono_us() < due_us || (board->made - board->finished < WORK && clock_mono_us() < due_us + PATIENCE_US)) {
			watch_progress(board->finished);
			pause_ms(1);
		}
		while (!strike(storm, order[i])) {
			watch_progress(board->finished);
			restart_is_over(storm, false);
			pause_ms(5);
		}
		board->struck++;
	}
	restart_is_over(storm, true);
	free(order);
}

/* --- the rest --- */

static long ask(struct ctx *ctx, struct pool *pool, const char *text)
{
	struct lease lease;
	PGresult *rows;
	ctx_reset(ctx);
	if (lease_take(ctx, pool, &lease) != OK)
		return -1;
	long value = pg_run_text(&lease, text, 0, NULL, &rows) == OK && PQntuples(rows) ? strtol(PQgetvalue(rows, 0, 0), NULL, 10) : -1;
	lease_return(&lease);
	return value;
}

/* In a process of its own, so that the supervisor inherits no connection. */
static void tables_make(void)
{
	pid_t pid = fork();
	int status;
	if (!pid) {
		struct ctx ctx;
		struct pool *pool = pool_open(1);
		ctx_init(&ctx);
		bool done = migrate_run(&ctx, pool, false, NULL) == OK
			&& ask(&ctx, pool, "create table asked (n int primary key, job_id uuid, at timestamptz not null default now()); "
				"create table effect (job_id uuid not null, n int not null, attempt int not null, at timestamptz not null default now()); "
				"create index on effect (job_id); create index on effect (n); select 1") == 1;
		if (!done)
			fprintf(stderr, "torture: %s %s\n", ctx.fault.detail, ctx.fault.internal);
		ctx_free(&ctx);
		pool_close(pool);
		exit(done ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("tables", "they cannot be made");
}

static void board_make(const struct size *size)
{
	size_t bytes = sizeof *board + (size_t)size->asks * CHAIN * sizeof *board->begun;
	board = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		die("mmap", strerror(errno));
	board->size = *size;
}

static void settings_open(void)
{
	char message[256], log[4096];
	/* Enough children for a blow to miss most of them; leases and all that recovery rests on are the defaults. */
	setenv("STOA_WORKER_MIN", "6", 0);
	setenv("STOA_WORKER_MAX", "8", 0);
	conf_add(PG_CONF);
	conf_add(JOB_CONF);
	snprintf(log, sizeof log, "%s/torture.log", getenv("STOA_TEST_DIR"));
	if (!conf_load(NULL, message) || !log_open("torture", log, LOG_WARN))
		die("settings", message);
}

static void wait_for_rest(struct storm *storm)
{
	while (ask(&storm->ctx, storm->pool, "select count(*) from job where state in ('waiting', 'running')") != 0) {
		watch_progress(board->finished);
		pause_ms(200);
	}
}

static void supervisor_stop(pid_t pid)
{
	int status;
	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid || status)
		die("supervisor", "it did not end well");
}

int main(int argc, char **argv)
{
	struct size size = TENTH;
	if (argc > 4)
		size = (struct size){(int)strtol(argv[1], NULL, 10), (int)strtol(argv[2], NULL, 10), (int)strtol(argv[3], NULL, 10),
			(int)strtol(argv[4], NULL, 10)};
	int64_t began_us = clock_mono_us();
	int blows = size.child_kills + size.backend_kills + size.stops;
	board_make(&size);
	settings_open();
	tables_make();
	struct storm storm = {.supervisor = supervisor_start(), .blows = calloc((size_t)blows + 1, sizeof *storm.blows)};
	storm.pool = pool_open(2);
	ctx_init(&storm.ctx);
	clients_start();
	rage(&storm);
	clients_join();
	int64_t calm_us = clock_mono_us();
	wait_for_rest(&storm);
	int64_t end_us = clock_mono_us();
	supervisor_stop(storm.supervisor);
	bool balanced = ledger_print(&storm.ctx, storm.pool, storm.blows, storm.count, argc > 4);
	printf("%.1f s of storm, %.1f s until the last job was done\n", (double)(calm_us - began_us) / 1e6, (double)(end_us - calm_us) / 1e6);
	free(storm.blows);
	ctx_free(&storm.ctx);
	pool_close(storm.pool);
	return balanced ? 0 : 1;
}
