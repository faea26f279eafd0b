#include "database.h"

#include "pg/rows.h"

struct row {
	const char *select, *json;
};

static const struct row ROWS[] = {
	{"true as yes, false as no, null::bool as unknown", "{\"yes\":true,\"no\":false,\"unknown\":null}"},
	{"1::int2 a, (-2147483648)::int4 b, 9007199254740991::int8 c", "{\"a\":1,\"b\":-2147483648,\"c\":9007199254740991}"},
	{"1.50::numeric a, -0.5::float8 b, 1e300::float8 c, 1e-7::float4 d", "{\"a\":1.50,\"b\":-0.5,\"c\":1e+300,\"d\":1e-07}"},
	{"'NaN'::numeric a, 'Infinity'::float8 b, '-Infinity'::float4 c, 'Infinity'::numeric d", "{\"a\":null,\"b\":null,\"c\":null,\"d\":null}"},
	{"'{\"a\": [1, null]}'::jsonb a, '[]'::json b, null::jsonb c", "{\"a\":{\"a\": [1, null]},\"b\":[],\"c\":null}"},
	{"E'quote \" backslash \\\\ line\\nend \\u0001 gr\\u00fc\\u00df'::text a", "{\"a\":\"quote \\\" backslash \\\\ line\\nend \\u0001 gr\xc3\xbc\xc3\x9f\"}"},
	{"'0190a5f2-0000-7000-8000-00000000abcd'::uuid id", "{\"id\":\"0190a5f2-0000-7000-8000-00000000abcd\"}"},
	{"'2026-11-21 08:15:00.123456+00'::timestamptz at", "{\"at\":\"2026-11-21T08:15:00.123456Z\"}"},
	{"'2026-11-21 08:15:00+02'::timestamptz at", "{\"at\":\"2026-11-21T06:15:00Z\"}"},
	{"'infinity'::timestamptz a, '-infinity'::timestamptz b", "{\"a\":null,\"b\":null}"},
	{"'0044-03-15 12:00:00+00 BC'::timestamptz at", "{\"at\":\"0044-03-15 12:00:00+00 BC\"}"},
	{"'2026-11-21'::date a, '08:15'::time b, '\\x00ff'::bytea c, '127.0.0.1'::inet d", "{\"a\":\"2026-11-21\",\"b\":\"08:15:00\",\"c\":\"\\\\x00ff\",\"d\":\"127.0.0.1\"}"},
	{"array['a', 'b c', '', null, 'NULL', 'q\"u\\o', '{,}']::text[] a", "{\"a\":[\"a\",\"b c\",\"\",null,\"NULL\",\"q\\\"u\\\\o\",\"{,}\"]}"},
	{"'{}'::text[] a, array[['a','b'],['c','d']] b, '[0:1]={x,y}'::text[] c", "{\"a\":[],\"b\":[[\"a\",\"b\"],[\"c\",\"d\"]],\"c\":[\"x\",\"y\"]}"},
	{"array[1, null, -3] a, '{}'::int8[] b, array[[1],[2]]::int2[] c", "{\"a\":[1,null,-3],\"b\":[],\"c\":[[1],[2]]}"},
	{"array['0190a5f2-0000-7000-8000-00000000abcd']::uuid[] a", "{\"a\":[\"0190a5f2-0000-7000-8000-00000000abcd\"]}"},
	{"1 as \"a \"\"quoted\"\" name\"", "{\"a \\\"quoted\\\" name\":1}"},
	{"", "{}"},
};

static struct ctx ctx;
static struct pool *pool;

static PGresult *run(struct lease *lease, const char *text)
{
	PGresult *result;
	if (pg_run_text(lease, text, 0, NULL, &result) != OK)
		fail_msg("%s: %s", text, ctx.fault.internal);
	return result;
}

static void test_types(void **state)
{
	struct lease lease;
	struct buffer out = {0};
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		buffer_reset(&out);
		rows_object(&out, run(&lease, arena_printf(&ctx.arena, "select %s", ROWS[i].select)), 0);
		assert_string_equal(out.data, ROWS[i].json);
		/* The server reads it as JSON too. */
		assert_int_equal(pg_run_text(&lease, "select $1::json", 1, PARAMS(out.data), NULL), OK);
	}
	lease_return(&lease);
	buffer_free(&out);
}

/* RFC 4180, and what a spreadsheet would run (OWASP ASVS 5.0, 1.2.10). */
static const struct row CSV[] = {
	{"1::int2 a, -2::int4 b, 3::int8 c, 1.50::numeric d, true e, null::text f", "a,b,c,d,e,f\r\n1,-2,3,1.50,true,\r\n"},
	{"'plain' a, 'a,b' b, 'say \"hi\"' c, E'two\nlines' d, '' e", "a,b,c,d,e\r\n\"plain\",\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"\"\r\n"},
	{"'=1+1' a, '+1' b, '-1' c, '@a' d, E'\t=1' e, E'\r=1' f, 'a=1' g, E'\n=1' h",
		"a,b,c,d,e,f,g,h\r\n\"'=1+1\",\"'+1\",\"'-1\",\"'@a\",\"'\t=1\",\"'\r=1\",\"a=1\",\"'\n=1\"\r\n"},
	{"'2026-11-21 08:15:00+00'::timestamptz at, '2026-11-21'::date as day, '{\"a\": 1}'::jsonb j",
		"at,day,j\r\n\"2026-11-21T08:15:00Z\",\"2026-11-21\",\"{\"\"a\"\": 1}\"\r\n"},
	{"7 as cursor, 1 as a, 2 as b", "a,b\r\n1,2\r\n"},
	{"1 as a, 7 as cursor", "a\r\n1\r\n"},
};

static void test_csv(void **state)
{
	struct lease lease;
	struct buffer out = {0};
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	for (size_t i = 0; i < sizeof CSV / sizeof *CSV; i++) {
		PGresult *result = run(&lease, arena_printf(&ctx.arena, "select %s", CSV[i].select));
		buffer_reset(&out);
		rows_csv_head(&out, result);
		rows_csv(&out, result, 0);
		assert_string_equal(out.data, CSV[i].json);
	}
	lease_return(&lease);
	buffer_free(&out);
}

static void test_zones(void **state)
{
	static const struct row ZONES[] = {
		{"Europe/Berlin", "{\"at\":\"2026-06-01T10:00:00+02:00\"}"},
		{"Asia/Kolkata", "{\"at\":\"2026-06-01T13:30:00+05:30\"}"},
		{"America/New_York", "{\"at\":\"2026-06-01T04:00:00-04:00\"}"},
	};
	struct lease lease;
	struct buffer out = {0};
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	for (size_t i = 0; i < sizeof ZONES / sizeof *ZONES; i++) {
		run(&lease, arena_printf(&ctx.arena, "set timezone to '%s'", ZONES[i].select));
		buffer_reset(&out);
		rows_object(&out, run(&lease, "select '2026-06-01 08:00:00Z'::timestamptz as at"), 0);
		assert_string_equal(out.data, ZONES[i].json);
	}
	run(&lease, "set timezone to 'UTC'");
	lease_return(&lease);
	buffer_free(&out);
}

static void test_arrays(void **state)
{
	static const struct {
		int first, count;
		const char *json;
	} PARTS[] = {
		{0, 3, "[{\"n\":1,\"t\":\"a1\"},{\"n\":2,\"t\":\"a2\"},{\"n\":3,\"t\":\"a3\"}]"},
		{1, 1, "[{\"n\":2,\"t\":\"a2\"}]"},
		{2, 20, "[{\"n\":3,\"t\":\"a3\"}]"},
		{3, 1, "[]"},
		{0, 0, "[]"},
	};
	struct lease lease;
	struct buffer out = {0};
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	PGresult *result = run(&lease, "select n, 'a' || n as t from generate_series(1, 3) n");
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
		buffer_reset(&out);
		rows_array(&out, result, PARTS[i].first, PARTS[i].count);
		assert_string_equal(out.data, PARTS[i].json);
	}
	lease_return(&lease);
	buffer_free(&out);
}

static void test_schema(void **state)
{
	static const struct {
		const char *type, *schema, *format;
	} TYPES[] = {
		{"text", "string", NULL}, {"uuid", "string", "uuid"}, {"timestamptz", "string", "date-time"}, {"date", "string", "date"},
		{"int2", "integer", NULL}, {"int4", "integer", NULL}, {"int8", "integer", NULL}, {"numeric", "number", NULL},
		{"float8", "number", NULL}, {"bool", "boolean", NULL}, {"text[]", "array", NULL}, {"int8[]", "array", NULL},
		{"jsonb", "object", NULL}, {"inet", "string", NULL},
	};
	struct lease lease;
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
		const char *format;
		PGresult *result = run(&lease, arena_printf(&ctx.arena, "select null::%s", TYPES[i].type));
		assert_string_equal(rows_type(PQftype(result, 0), &format), TYPES[i].schema);
		if (TYPES[i].format)
			assert_string_equal(format, TYPES[i].format);
		else
			assert_null(format);
	}
	lease_return(&lease);
}

static int setup(void **state)
{
	(void)state;
	ctx_init(&ctx);
	pool = pool_open(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ctx_free(&ctx);
	pool_close(pool);
	return 0;
}

int main(void)
{
	conf_add(PG_CONF);
	setting("STOA_DB_CONNECT_TIMEOUT", "10s");
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_types), cmocka_unit_test(test_csv), cmocka_unit_test(test_zones), cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_schema)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
