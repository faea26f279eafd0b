/* The query monitor: what statements took is counted by type and by unit of work, slow ones are logged without their parameters. */
#include "tests/lib/database.h"

#include "metric/metric.h"
#include "pg/monitor.h"
#include "sql.h"

#include <json-c/json.h>

static struct pool *pool;
static char log_path[] = "/tmp/stoa-monitor-test-XXXXXX";

static void types_are_read(void **state)
{
	static const struct { const char *text; enum statement_type type; } ROWS[] = {
		{"select 1", TYPE_SELECT}, {"  -- a comment: insert\nSELECT 1", TYPE_SELECT}, {"insert into a values (1)", TYPE_INSERT},
		{"insert into a select 1 on conflict (id) do update set b = 1", TYPE_INSERT}, {"update a set b = 1", TYPE_UPDATE},
		{"delete from a", TYPE_DELETE}, {"select 1 from a for update", TYPE_SELECT},
		{"with x as (select 1 from a for update skip locked) update a set b = 1", TYPE_UPDATE},
		{"with x as (select 'insert', \"delete\" from a) select 1 from x", TYPE_SELECT}, {"with gone as (delete from a returning id) select 1", TYPE_DELETE},
		{"begin", TYPE_OTHER}, {"commit", TYPE_OTHER}, {"listen a", TYPE_OTHER}, {"", TYPE_OTHER}, {"copy a from stdin", TYPE_INSERT},
		{"values (1)", TYPE_SELECT}, {"selected", TYPE_OTHER}, {"'", TYPE_OTHER}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		if (statement_type(ROWS[i].text) != ROWS[i].type)
			fail_msg("%s: %d", ROWS[i].text, statement_type(ROWS[i].text));
	for (int i = 0; SQL_ALL[i]; i++)
		if (statement_type(SQL_ALL[i]->text) == TYPE_OTHER)
			fail_msg("%s is of no type", SQL_ALL[i]->name);
}

/* The lines since the last call, parsed: the last one; NULL when there is none. */
static struct json_object *line_read(int *count_out)
{
	FILE *file = fopen(log_path, "r");
	struct json_object *last = NULL;
	char line[5000];
	*count_out = 0;
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		json_object_put(last);
		last = json_tokener_parse(line);
		++*count_out;
	}
	fclose(file);
	assert_int_equal(truncate(log_path, 0), 0);
	return last;
}

static const char *text_of(struct json_object *line, const char *name)
{
	return json_object_get_string(json_object_object_get(line, name));
}

static uint64_t count_of(const char *name, const char *labels)
{
	struct metric_value value = {0};
	metric_find(name, labels, &value);
	return value.count;
}

static void slow_ones_are_told(void **state)
{
	static const struct { int64_t us; const char *level; } ROWS[] = {
		{99999, NULL}, {100000, "warn"}, {499999, "warn"}, {500000, "error"}, {999999, "error"}, {1000000, "critical"}, {7000000, "critical"}};
	static const struct statement SECRET = {.name = "test_secret", .text = "select $1::text", .params = 1, .number = 5000};
	struct command command = {.statement = &SECRET, .params = PARAMS("a customer's address")};
	struct ctx ctx;
	(void)state;
	ctx_init(&ctx);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char labels[40];
		int count;
		snprintf(labels, sizeof labels, "severity=\"%s\"", ROWS[i].level ? ROWS[i].level : "warn");
		uint64_t before = count_of("stoa_db_slow_queries_total", labels);
		monitor_took(&ctx, &command, ROWS[i].us);
		struct json_object *line = line_read(&count);
		assert_int_equal(count, ROWS[i].level ? 1 : 0);
		assert_int_equal(count_of("stoa_db_slow_queries_total", labels) - before, ROWS[i].level ? 1 : 0);
		if (ROWS[i].level) {
			assert_string_equal(text_of(line, "event"), "db.slow");
			assert_string_equal(text_of(line, "level"), ROWS[i].level);
			assert_string_equal(text_of(line, "statement"), "test_secret");
			assert_string_equal(text_of(line, "id"), ctx.id);
			assert_int_equal(json_object_get_int64(json_object_object_get(line, "duration_us")), ROWS[i].us);
			assert_null(strstr(json_object_to_json_string(line), "address"));
		}
		json_object_put(line);
	}
	assert_int_equal(ctx.statements[0].count, 7);
	int count;
	monitor_took(&ctx, &(struct command){.text = "create table large ()"}, 5000000);
	assert_null(line_read(&count));
	ctx_free(&ctx);
}

static void a_unit_of_work_knows_its_statements(void **state)
{
	struct ctx ctx;
	struct lease lease;
	(void)state;
	uint64_t selects = count_of("stoa_db_query_duration_seconds", "type=\"select\""), others = count_of("stoa_db_query_duration_seconds", "type=\"other\"");
	ctx_init(&ctx);
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pg_run_text(&lease, "select repeat('x', 100000) as long", 0, NULL, NULL), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	assert_int_equal(ctx.queries, 5);
	static const struct { const char *name; uint32_t count; } ROWS[] = {{"begin", 1}, {"text", 3}, {"commit", 1}};
	int64_t sum_us = 0;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_string_equal(ctx.statements[i].name, ROWS[i].name);
		assert_int_equal(ctx.statements[i].count, ROWS[i].count);
		sum_us += ctx.statements[i].us;
	}
	assert_null(ctx.statements[3].name);
	assert_int_equal(ctx.part_us[SPENT_QUERY], sum_us);
	assert_true(sum_us > 0);
	assert_true(ctx.result_bytes > 300000);
	assert_int_equal(count_of("stoa_db_query_duration_seconds", "type=\"select\"") - selects, 3);
	assert_int_equal(count_of("stoa_db_query_duration_seconds", "type=\"other\"") - others, 2);
	ctx_free(&ctx);
}

static void errors_are_counted_by_class(void **state)
{
	static const struct { const char *text, *labels; } ROWS[] = {
		{"select 1 / 0", "class=\"22\""}, {"select nothing from nowhere", "class=\"42\""}, {"select pg_terminate_backend(pg_backend_pid())", "class=\"57\""}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		struct lease lease;
		ctx_init(&ctx);
		uint64_t before = count_of("stoa_db_errors_total", ROWS[i].labels);
		assert_int_equal(lease_take(&ctx, pool, &lease), OK);
		assert_int_not_equal(pg_run_text(&lease, ROWS[i].text, 0, NULL, NULL), OK);
		lease_return(&lease);
		assert_true(count_of("stoa_db_errors_total", ROWS[i].labels) > before);
		ctx_free(&ctx);
	}
}

static void connections_are_counted(void **state)
{
	struct ctx ctx;
	struct lease lease;
	(void)state;
	uint64_t made = count_of("stoa_db_connects_total", "result=\"connected\""), failed = count_of("stoa_db_connects_total", "result=\"failed\"");
	uint64_t closed = count_of("stoa_db_connection_lifetime_seconds", "");
	ctx_init(&ctx);
	struct pool *own = pool_open(1);
	assert_int_equal(lease_take(&ctx, own, &lease), OK);
	lease_return(&lease);
	assert_true(ctx.pool_wait_us > 0); /* connecting is a wait for a connection */
	pool_close(own);
	assert_int_equal(count_of("stoa_db_connects_total", "result=\"connected\"") - made, 1);
	assert_int_equal(count_of("stoa_db_connection_lifetime_seconds", "") - closed, 1);
	const char *url = getenv("STOA_DB_URL");
	char *kept = url ? strdup(url) : NULL;
	setting("STOA_DB_URL", "host=/nonexistent");
	own = pool_open(1);
	assert_int_equal(lease_take(&ctx, own, &lease), ERR_UNAVAILABLE);
	pool_close(own);
	setting("STOA_DB_URL", kept);
	free(kept);
	assert_int_equal(count_of("stoa_db_connects_total", "result=\"failed\"") - failed, 1);
	ctx_free(&ctx);
}

static int open_house(void **state)
{
	char message[256];
	int fd = mkstemp(log_path);
	(void)state;
	conf_add(PG_CONF);
	conf_add(METRIC_CONF);
	setting("STOA_METRICS_FILE", "");
	pool = pool_open(2);
	return fd >= 0 && !close(fd) && log_open("monitor_dbtest", log_path, LOG_INFO) && metric_open(message) ? 0 : -1;
}

static int close_house(void **state)
{
	(void)state;
	pool_close(pool);
	metric_close();
	log_open("monitor_dbtest", NULL, LOG_INFO);
	return unlink(log_path);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(types_are_read),
		cmocka_unit_test(slow_ones_are_told),
		cmocka_unit_test(a_unit_of_work_knows_its_statements),
		cmocka_unit_test(errors_are_counted_by_class),
		cmocka_unit_test(connections_are_counted)};
	return cmocka_run_group_tests(cases, open_house, close_house);
}
