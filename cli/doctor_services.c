#include "doctor.h"

#include "base/clock.h"
#include "pg/migrate.h"
#include "sql.h"

#include <inttypes.h>
#include <unistd.h>

#define WORKER_SILENT_S 60
#define CLOCK_OFF_US 2000000
#define REPLICAS_SHOWN 16
#define REPLICAS_WAIT_US 3000000
#define REPLICAS_LOOK_US 50000

static void look_at_clock(struct doctor *doctor, struct pool *pool)
{
	PGresult *result;
	int64_t before_us = clock_wall_us();
	if (pg_query(&doctor->cli->ctx, pool, &SQL_OPS_CLOCK, NULL, &result) != OK)
		return;
	int64_t after_us = clock_wall_us(), theirs_us = pg_number(result, 0, "now_us", 0);
	int64_t off_us = theirs_us < before_us ? before_us - theirs_us : theirs_us > after_us ? theirs_us - after_us : 0;
	if (off_us > CLOCK_OFF_US)
		doctor_bad(doctor, "clock", "Run an NTP client on both machines: tokens, signatures and leases compare their times.",
			"PostgreSQL's clock and ours differ by %" PRId64 " s", off_us / 1000000);
	else
		doctor_good(doctor, "clock", "PostgreSQL's and ours agree");
}

static void look_at_worker(struct doctor *doctor, struct pool *pool)
{
	PGresult *result;
	if (pg_query(&doctor->cli->ctx, pool, &SQL_OPS_WORKER_AGE, NULL, &result) != OK)
		return;
	int64_t age_s = pg_number(result, 0, "age_s", -1);
	const char *remedy = "Start stoa-worker (or add it to cron): until then nothing is applied at Stripe and no mail is sent.";
	if (age_s < 0)
		doctor_bad(doctor, "worker", remedy, "none runs on this database");
	else if (age_s >= WORKER_SILENT_S)
		doctor_bad(doctor, "worker", remedy, "last seen %" PRId64 " s ago", age_s);
	else
		doctor_good(doctor, "worker", "seen %" PRId64 " s ago", age_s);
}

/* False: it is of no use to ask it more. */
static bool look_at_database(struct doctor *doctor, struct pool *pool)
{
	struct ctx *ctx = &doctor->cli->ctx;
	int applied, known;
	if (migrate_state(ctx, pool, &applied, &known) != OK) {
		doctor_bad(doctor, "database", "Start PostgreSQL, or correct db.url; the message is the server's or libpq's.", "%s: %s",
			ctx->fault.detail, ctx->fault.internal);
		ctx_forgive(ctx);
		return false;
	}
	doctor_good(doctor, "database", "answers");
	if (applied < known)
		doctor_bad(doctor, "migrations", "Run `stoa migrate` (first `stoa migrate --plan` to see what it does).",
			"the database is at %04d, this version needs %04d", applied, known);
	else if (applied > known)
		doctor_bad(doctor, "migrations", "Install the version of Stoa that migrated it, or restore the backup from before.",
			"the database is at %04d, newer than this version's %04d", applied, known);
	else
		doctor_good(doctor, "migrations", "%04d, up to date", applied);
	return applied >= known;
}

static int64_t moment_next(void *argument)
{
	int64_t *last = argument;
	return ++*last;
}

static void look_at_replicas(struct doctor *doctor, struct pool *pool)
{
	struct pool_replica replicas[REPLICAS_SHOWN];
	int64_t last = 0, until_us = clock_mono_us() + REPLICAS_WAIT_US;
	if (!pool_replicate(pool, (struct pool_moments){moment_next, &last}))
		return;
	int count, looked;
	do {
		usleep(REPLICAS_LOOK_US);
		looked = 0;
		count = pool_replica_states(pool, replicas, REPLICAS_SHOWN);
		for (int i = 0; i < count; i++)
			looked += replicas[i].looked;
	} while (looked < count && clock_mono_us() < until_us);
	for (int i = 0; i < count; i++) {
		const char *name = arena_printf(&doctor->cli->ctx.arena, "replica %s", replicas[i].name);
		if (replicas[i].primary)
			doctor_good(doctor, name, "is the primary, or was promoted: not asked as a replica");
		else if (replicas[i].why)
			doctor_bad(doctor, name, "Start it as a standby of the primary, see its log, or take it out of db.replicas; until then the primary "
				"answers its reads.", "%s%s%s", replicas[i].why, *replicas[i].message ? ": " : "", replicas[i].message);
		else
			doctor_good(doctor, name, "%.1f s behind", (double)replicas[i].lag_us / 1e6);
	}
}

static void look_at_cache(struct doctor *doctor)
{
	char message[256] = "";
	struct cache *cache = cache_open(message);
	if (!cache) {
		doctor_bad(doctor, "cache", "Correct cache.shared.", "%s", message);
		return;
	}
	struct cache_state state;
	cache_state(cache, &state);
	if (!state.configured)
		doctor_good(doctor, "cache", "no memcached: each process caches for itself");
	else if (cache_ping(cache))
		doctor_good(doctor, "cache", "memcached answers");
	else
		doctor_bad(doctor, "cache", "Start memcached, or correct cache.servers. Everything works without it, but slower.",
			"memcached does not answer");
	cache_close(cache);
}

void doctor_services(struct doctor *doctor)
{
	struct pool *pool = pool_open(1);
	if (look_at_database(doctor, pool)) {
		look_at_clock(doctor, pool);
		look_at_worker(doctor, pool);
	}
	look_at_replicas(doctor, pool);
	ctx_reset(&doctor->cli->ctx);
	pool_close(pool);
	look_at_cache(doctor);
}
