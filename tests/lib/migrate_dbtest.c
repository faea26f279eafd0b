#include "database.h"

#include <pthread.h>

struct fixture {
	struct ctx ctx;
	struct pool *pool;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	ctx_init(&fixture->ctx);
	fixture->pool = pool_open(2);
	schema_clear(&fixture->ctx, fixture->pool);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	ctx_free(&fixture->ctx);
	pool_close(fixture->pool);
	free(fixture);
	return 0;
}

static int known(void)
{
	int count = 0;
	while (MIGRATIONS[count].number)
		count++;
	return count;
}

/* What a run prints, owned by the caller. */
static enum err migrate(struct fixture *fixture, bool plan, char **text_out)
{
	size_t length;
	FILE *out = open_memstream(text_out, &length);
	ctx_reset(&fixture->ctx);
	enum err err = migrate_run(&fixture->ctx, fixture->pool, plan, out);
	fclose(out);
	return err;
}

static int lines(const char *text, const char *verb)
{
	int count = 0;
	for (const char *at = text; (at = strstr(at, verb)); at++)
		count++;
	return count;
}

static void expect(struct fixture *fixture, bool plan, enum err err, const char *verb, int count)
{
	char *text;
	enum err got = migrate(fixture, plan, &text);
	if (got != err || lines(text, verb) != count)
		fail_msg("%s: %s\n%s", error_name(got), fixture->ctx.fault.detail, text);
	free(text);
}

static void test_apply(void **state)
{
	struct fixture *fixture = *state;
	int applied, newest;
	assert_int_equal(migrate_state(&fixture->ctx, fixture->pool, &applied, &newest), OK);
	assert_int_equal(applied, 0);
	assert_int_equal(newest, MIGRATIONS[known() - 1].number);
	expect(fixture, true, OK, "would apply ", known());
	assert_string_equal(ask(&fixture->ctx, fixture->pool, "select count(*) from pg_tables where schemaname = 'public'"), "0");
	expect(fixture, false, OK, "applied ", known());
	expect(fixture, false, OK, "appl", 0);
	expect(fixture, true, OK, "appl", 0);
	assert_int_equal(migrate_state(&fixture->ctx, fixture->pool, &applied, &newest), OK);
	assert_int_equal(applied, newest);
	assert_int_equal((int)strtol(ask(&fixture->ctx, fixture->pool, "select count(*) from schema_migration where ms >= 0 "
		"and checksum ~ '^[0-9a-f]{64}$' and applied_at > now() - interval '1 hour'"), NULL, 10), known());
}

static void test_changed(void **state)
{
	struct fixture *fixture = *state;
	char *before;
	assert_int_equal(migrate(fixture, false, &before), OK);
	free(before);
	ask(&fixture->ctx, fixture->pool, "update schema_migration set checksum = repeat('0', 64) where number = 1;"
		"delete from schema_migration where number = (select max(number) from schema_migration)");
	expect(fixture, true, ERR_CONFLICT, "appl", 0);
	expect(fixture, false, ERR_CONFLICT, "appl", 0);
	assert_non_null(strstr(fixture->ctx.fault.detail, MIGRATIONS[0].name));
	assert_int_equal((int)strtol(ask(&fixture->ctx, fixture->pool, "select count(*) from schema_migration"), NULL, 10), known() - 1);
}

static void test_newer(void **state)
{
	struct fixture *fixture = *state;
	expect(fixture, false, OK, "applied ", known());
	ask(&fixture->ctx, fixture->pool, "insert into schema_migration (number, name, checksum, ms) values (9999, '9999_future', '', 0)");
	expect(fixture, false, ERR_CONFLICT, "appl", 0);
	assert_non_null(strstr(fixture->ctx.fault.detail, "9999_future"));
}

/* One that fails leaves nothing of itself behind, and what was applied before it stays. */
static void test_failing(void **state)
{
	struct fixture *fixture = *state;
	ask(&fixture->ctx, fixture->pool, "create table worker (in_the_way int)"); /* 0002 makes job first, then worker */
	expect(fixture, false, ERR_INTERNAL, "applied ", 1);
	assert_non_null(strstr(fixture->ctx.fault.internal, "worker"));
	assert_string_equal(ask(&fixture->ctx, fixture->pool, "select to_regclass('job') is null"), "t");
	ask(&fixture->ctx, fixture->pool, "drop table worker");
	expect(fixture, false, OK, "applied ", known() - 1);
}

struct migrator {
	struct fixture fixture;
	pthread_t thread;
	char *text;
	enum err err;
};

static void *migrator_main(void *argument)
{
	struct migrator *migrator = argument;
	ctx_init(&migrator->fixture.ctx);
	migrator->err = migrate(&migrator->fixture, false, &migrator->text);
	ctx_free(&migrator->fixture.ctx);
	return NULL;
}

static void test_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct migrator migrators[4];
	int applied = 0;
	struct pool *pool = pool_open(4);
	for (int i = 0; i < 4; i++) {
		migrators[i] = (struct migrator){.fixture.pool = pool};
		assert_int_equal(pthread_create(&migrators[i].thread, NULL, migrator_main, &migrators[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(migrators[i].thread, NULL);
		assert_int_equal(migrators[i].err, OK);
		applied += lines(migrators[i].text, "applied ");
		free(migrators[i].text);
	}
	pool_close(pool);
	assert_int_equal(applied, known());
	assert_int_equal((int)strtol(ask(&fixture->ctx, fixture->pool, "select count(*) from schema_migration"), NULL, 10), known());
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	conf_add(PG_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	const struct CMUnitTest tests[] = {CASE(test_apply), CASE(test_changed), CASE(test_newer), CASE(test_failing), CASE(test_at_once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
