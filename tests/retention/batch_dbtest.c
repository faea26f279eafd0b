/* Group commit: every row in, a bad one alone out, and an honest no without PostgreSQL. */
#include "tests/lib/database.h"

#include "base/log.h"
#include "retention/batch.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 16
#define ROUNDS 40

static struct ctx setup;
static struct pool *pool;
static struct batch *batch;

static int open_house(void **state)
{
	(void)state;
	conf_add(PG_CONF);
	log_open("batch_dbtest", "/dev/null", LOG_ERROR);
	setting("STOA_DB_POOL_SIZE", "4");
	ctx_init(&setup);
	pool = pool_open(0);
	schema_make(&setup, pool);
	batch = batch_open(pool);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	batch_close(batch);
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

#define ORG "01900000-0000-7000-8000-000000000001"

static struct session_row row_of(char id[ID_TEXT], const char *customer, const char *segment)
{
	id_new(id);
	return (struct session_row){.values = {[SESSION_ORG] = ORG, [SESSION_LIVE] = "t", [SESSION_ID] = id, [SESSION_KEY] = ORG,
		[SESSION_CUSTOMER] = customer, [SESSION_EMAIL] = "a\"b\\c,{}'@x", [SESSION_PLAN] = "", [SESSION_REGION] = "NULL",
		[SESSION_LANGUAGE] = "en", [SESSION_SEGMENT] = segment, [SESSION_VALUE] = "4900", [SESSION_SIGNED] = "f", [SESSION_FLOW] = ORG,
		[SESSION_VERSION] = "1", [SESSION_ORDER] = "0,1", [SESSION_POLICY] = "documented", [SESSION_CANCEL_NOW] = "t", [SESSION_ATTEMPTS] = "1",
		[SESSION_ATTRIBUTES] = "{\"a\":\"\\\\b\"}"}};
}

struct writer {
	pthread_barrier_t *barrier;
	int number;
	atomic_int *wrong;
};

/* Every third thread sends what PostgreSQL refuses. */
static void *writer_run(void *argument)
{
	struct writer *writer = argument;
	bool bad = writer->number % 3 == 0;
	struct ctx ctx;
	char id[ID_TEXT], customer[32];

	ctx_init(&ctx);
	for (int round = 0; round < ROUNDS; round++) {
		snprintf(customer, sizeof customer, "%d-%d", writer->number, round);
		struct session_row row = row_of(id, customer, bad && round % 2 ? "enormous" : "low");
		if (bad && round % 2 == 0)
			row.values[SESSION_VALUE] = "many";
		pthread_barrier_wait(writer->barrier);
		enum err err = batch_write(&ctx, batch, &row);
		if (err != (bad ? ERR_INVALID : OK) || ctx.fault.err != err)
			atomic_fetch_add(writer->wrong, 1);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
	return NULL;
}

static void bad_rows_fail_alone(void **state)
{
	pthread_barrier_t barrier;
	pthread_t threads[THREADS];
	struct writer writers[THREADS];
	atomic_int wrong = 0;
	(void)state;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){&barrier, i, &wrong};
		pthread_create(&threads[i], NULL, writer_run, &writers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(wrong, 0);
	assert_string_equal(ask(&setup, pool, "select count(*) || ' ' || count(distinct customer_ref) from retention_session"), "400 400");
	assert_string_equal(ask(&setup, pool, "select distinct concat_ws('|', email, plan = '', region, currency is null) from retention_session"),
		"a\"b\\c,{}'@x|t|NULL|t");
}

static void *good_run(void *argument)
{
	struct writer *writer = argument;
	struct ctx ctx;
	char id[ID_TEXT], customer[32];

	ctx_init(&ctx);
	for (int round = 0; round < 200; round++) {
		snprintf(customer, sizeof customer, "g%d-%d", writer->number, round);
		struct session_row row = row_of(id, customer, "high");
		if (batch_write(&ctx, batch, &row) != OK)
			atomic_fetch_add(writer->wrong, 1);
		ctx_reset(&ctx);
	}
	ctx_free(&ctx);
	return NULL;
}

static void rows_share_statements(void **state)
{
	pthread_t threads[THREADS];
	struct writer writers[THREADS];
	atomic_int wrong = 0;
	uint64_t statements, rows, statements_before, rows_before;
	(void)state;

	batch_count(batch, &statements_before, &rows_before);
	for (int i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){NULL, i, &wrong};
		pthread_create(&threads[i], NULL, good_run, &writers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	batch_count(batch, &statements, &rows);
	assert_int_equal(wrong, 0);
	assert_int_equal(rows - rows_before, THREADS * 200);
	assert_true(statements - statements_before < (rows - rows_before) / 2);
	assert_string_equal(ask(&setup, pool, "select count(*) from retention_session where segment = 'high'"), "3200");
}

/* The same row twice is there once. */
static void repeats_do_nothing(void **state)
{
	char id[ID_TEXT];
	struct session_row row = row_of(id, "twice", "low");
	(void)state;

	assert_int_equal(batch_write(&setup, batch, &row), OK);
	assert_int_equal(batch_write(&setup, batch, &row), OK);
	assert_string_equal(ask(&setup, pool, "select count(*) from retention_session where customer_ref = 'twice'"), "1");
}

static void says_when_postgresql_is_gone(void **state)
{
	char id[ID_TEXT];
	struct session_row row = row_of(id, "gone", "low");
	(void)state;

	services("down");
	assert_int_equal(batch_write(&setup, batch, &row), ERR_UNAVAILABLE);
	assert_true(setup.fault.retry_after_s > 0);
	ctx_reset(&setup);
	services("up");
	WAIT_FOR((ctx_reset(&setup), batch_write(&setup, batch, &row)) == OK);
	assert_string_equal(ask(&setup, pool, "select count(*) from retention_session where customer_ref = 'gone'"), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bad_rows_fail_alone), cmocka_unit_test(rows_share_statements),
		cmocka_unit_test(repeats_do_nothing), cmocka_unit_test(says_when_postgresql_is_gone)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
