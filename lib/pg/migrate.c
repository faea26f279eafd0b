#include "pg/migrate.h"

#include "base/clock.h"

#include <sodium.h>
#include <string.h>

/* Any number that no other program uses as an advisory lock in this database: "stoa". */
#define LOCK "select pg_advisory_xact_lock(x'73746f61'::int)"
#define CHECKSUM_TEXT (2 * crypto_hash_sha256_BYTES + 1)

static void checksum(const struct migration *migration, char out[CHECKSUM_TEXT])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const uint8_t *)migration->text, strlen(migration->text));
	sodium_bin2hex(out, CHECKSUM_TEXT, hash, sizeof hash);
}

static const struct migration *find(int64_t number)
{
	for (const struct migration *at = MIGRATIONS; at->number; at++) {
		if (at->number == number)
			return at;
	}
	return NULL;
}

/* The applied ones by number; NULL when there is no table yet. */
static enum err applied(struct lease *lease, PGresult **rows_out)
{
	PGresult *table;
	*rows_out = NULL;
	TRY(pg_run_text(lease, "select to_regclass('schema_migration') is not null as there", 0, NULL, &table));
	if (!pg_true(table, 0, "there"))
		return OK;
	return pg_run_text(lease, "select number, name, checksum from schema_migration order by number", 0, NULL, rows_out);
}

static enum err verify(struct ctx *ctx, const PGresult *rows)
{
	for (int i = 0; rows && i < PQntuples(rows); i++) {
		const struct migration *migration = find(pg_number(rows, i, "number", 0));
		const char *name = pg_text(rows, i, "name");
		if (!migration)
			return fail(ctx, ERR_CONFLICT, "The database is newer than this program: it has migration %s", name);
		char expected[CHECKSUM_TEXT];
		checksum(migration, expected);
		if (strcmp(pg_text(rows, i, "checksum"), expected))
			return fail(ctx, ERR_CONFLICT, "Migration %s was changed after it had been applied", name);
	}
	return OK;
}

static bool is_applied(const PGresult *rows, int number)
{
	for (int i = 0; rows && i < PQntuples(rows); i++) {
		if (pg_number(rows, i, "number", 0) == number)
			return true;
	}
	return false;
}

static const struct migration *next_of(const PGresult *rows)
{
	const struct migration *at = MIGRATIONS;
	while (at->number && is_applied(rows, at->number))
		at++;
	return at->number ? at : NULL;
}

static enum err apply(struct ctx *ctx, struct lease *lease, const struct migration *migration, FILE *out)
{
	char sum[CHECKSUM_TEXT];
	checksum(migration, sum);
	int64_t began_us = clock_mono_us();
	enum err err = pg_run_text(lease, migration->text, 0, NULL, NULL);
	if (err != OK) {
		ctx_explain(ctx, "migration %s", migration->name);
		return err;
	}
	int64_t ms = (clock_mono_us() - began_us) / 1000;
	TRY(pg_run_text(lease, "insert into schema_migration (number, name, checksum, ms) values ($1::int, $2, $3, $4::int)", 4,
		PARAMS(pg_int(ctx, migration->number), migration->name, sum, pg_int(ctx, ms)), NULL));
	if (out)
		fprintf(out, "applied %s in %lld ms\n", migration->name, (long long)ms);
	return OK;
}

/* One transaction: takes the lock, looks again, applies the next one. */
static enum err step(struct ctx *ctx, struct lease *lease, bool *more_out, FILE *out)
{
	PGresult *rows;
	TRY(pg_run_text(lease, LOCK, 0, NULL, NULL));
	TRY(applied(lease, &rows));
	TRY(verify(ctx, rows));
	if (!rows)
		TRY(pg_run_text(lease, "create table schema_migration (number int primary key, name text not null, "
			"checksum text not null, applied_at timestamptz not null default now(), ms int not null)", 0, NULL, NULL));
	const struct migration *migration = next_of(rows);
	*more_out = migration != NULL;
	return migration ? apply(ctx, lease, migration, out) : OK;
}

static enum err run_all(struct ctx *ctx, struct lease *lease, FILE *out)
{
	for (bool more = true; more;) {
		TRY(pg_begin_unhurried(lease));
		TRY(step(ctx, lease, &more, out));
		TRY(pg_commit(lease));
	}
	return OK;
}

static enum err print_plan(struct ctx *ctx, struct lease *lease, FILE *out)
{
	PGresult *rows;
	TRY(applied(lease, &rows));
	TRY(verify(ctx, rows));
	for (const struct migration *at = MIGRATIONS; at->number && out; at++) {
		if (!is_applied(rows, at->number))
			fprintf(out, "would apply %s\n", at->name);
	}
	return OK;
}

enum err migrate_run(struct ctx *ctx, struct pool *pool, bool plan, FILE *out)
{
	struct lease lease;
	TRY(lease_take(ctx, pool, &lease));
	enum err err = plan ? print_plan(ctx, &lease, out) : run_all(ctx, &lease, out);
	lease_return(&lease);
	return err;
}

enum err migrate_state(struct ctx *ctx, struct pool *pool, int *applied_out, int *known_out)
{
	struct lease lease;
	PGresult *rows = NULL;
	*applied_out = *known_out = 0;
	for (const struct migration *at = MIGRATIONS; at->number; at++)
		*known_out = at->number;
	TRY(lease_take(ctx, pool, &lease));
	enum err err = applied(&lease, &rows);
	lease_return(&lease);
	if (err == OK && rows && PQntuples(rows))
		*applied_out = (int)pg_number(rows, PQntuples(rows) - 1, "number", 0);
	return err;
}
