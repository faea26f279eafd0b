/* The history: what is written of a metrics file, over restarts, machines, hours and months, and what is read from it. */
#include "observe/history.h"

#include "base/log.h"
#include "metric/metric.h"
#include "tests/lib/database.h"
#include "web/web.h"

#define NEAR(a, b) assert_true((a) - (b) < 1e-6 && (b) - (a) < 1e-6)
#define ROUTE "route=\"/api/v1/widget/start\",method=\"POST\""
#define KEY "POST /api/v1/widget/start"

static struct ctx ctx;
static struct pool *pool;
static char files[2][200];

/* As another machine, or as this one after a restart. */
static void machine(const char *name, const char *file, bool anew)
{
	char message[256];
	metric_close();
	if (anew)
		unlink(file);
	setting("STOA_WORKER_NAME", name);
	setting("STOA_METRICS_FILE", file);
	if (!metric_open(message))
		fail_msg("%s", message);
}

static int open_house(void **state)
{
	(void)state;
	serve_conf();
	snprintf(files[0], sizeof files[0], "%s/metrics.one", getenv("STOA_TEST_DIR"));
	snprintf(files[1], sizeof files[1], "%s/metrics.two", getenv("STOA_TEST_DIR"));
	setting("STOA_METRICS_FILE", files[0]);
	log_open("history_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&ctx);
	pool = pool_open(2);
	schema_make(&ctx, pool);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	metric_close();
	ctx_free(&ctx);
	pool_close(pool);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	ctx_reset(&ctx);
	ask(&ctx, pool, "truncate observe_node, observe_sample");
	machine("one", files[0], true);
	return 0;
}

static void asked(int fast, int slow, int failed)
{
	struct histogram *times = metric_histogram("stoa_http_request_duration_seconds", ROUTE ",class=\"widget\"", "h");
	for (int i = 0; i < fast; i++)
		histogram_observe(times, 100000);
	for (int i = 0; i < slow; i++)
		histogram_observe(times, 400000);
	counter_add(metric_counter("stoa_http_requests_total", ROUTE ",status=\"2xx\"", "h"), (uint64_t)(fast + slow - failed));
	counter_add(metric_counter("stoa_http_requests_total", ROUTE ",status=\"5xx\"", "h"), (uint64_t)failed);
}

static void sample_after(const char *interval)
{
	ask(&ctx, pool, arena_printf(&ctx.arena, "update observe_node set sampled_at = sampled_at - interval '%s'; "
		"update observe_sample set at = at - interval '%s' where step = 60", interval, interval));
	history_sample(&ctx, pool);
}

/* Everything of a kind in the last seconds, at one point. */
static const struct history_row *sums(const char *kind, const char *key, int64_t seconds)
{
	struct history_row *rows;
	int count;
	if (history_rows(&ctx, pool, kind, key, seconds, 0, &rows, &count) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	for (int i = 0; i < count; i++)
		if (!strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static void assert_asked(const char *kind, const char *key, int64_t count, int64_t failed, double slow)
{
	const struct history_row *row = sums(kind, key, 3600);
	assert_non_null(row);
	assert_int_equal(row->count, count);
	assert_int_equal(row->failed, failed);
	NEAR(row->slow, slow);
	assert_string_equal(row->class, "widget");
}

static void writes_what_came_since(void **state)
{
	(void)state;
	asked(50, 0, 0);
	history_sample(&ctx, pool);
	assert_null(sums("route", KEY, 3600)); /* what was there before the first sample is nobody's */
	asked(8, 2, 1);
	history_sample(&ctx, pool);
	assert_null(sums("route", KEY, 3600)); /* not twice in a minute */
	sample_after("1 minute");
	assert_asked("route", KEY, 10, 1, 2);
	assert_asked("class", "widget", 10, 1, 2);
	const struct history_row *row = sums("route", KEY, 3600);
	/* 100 ms and 400 ms lie in the buckets from 89.6 to 102.4 ms and from 358.4 to 409.6 ms: the 5th of 8 and one and a half of 2. */
	assert_int_equal(row->p50_us, 97600);
	assert_int_equal(row->p95_us, 396800);
	assert_int_equal(row->sum_us, 8 * 100000 + 2 * 400000);
	sample_after("1 minute");
	assert_asked("route", KEY, 10, 1, 2);
	assert_string_equal(ask(&ctx, pool, "select count(*) from observe_sample where kind in ('route', 'class')"), "2"); /* no rows of nothing */
}

/* Those at the door are answered, though nobody takes their time; also of a route that does nothing else. */
static void counts_what_is_turned_away(void **state)
{
	(void)state;
	history_sample(&ctx, pool);
	asked(6, 0, 0);
	counter_add(metric_counter("stoa_http_requests_total", ROUTE ",status=\"5xx\"", "h"), 4);
	counter_add(metric_counter("stoa_http_requests_total", "route=\"/x\",method=\"GET\",status=\"5xx\"", "h"), 3);
	metric_histogram("stoa_http_request_duration_seconds", "route=\"/x\",method=\"GET\",class=\"read\"", "h");
	metric_histogram("stoa_http_request_duration_seconds", "route=\"/never\",method=\"GET\",class=\"read\"", "h");
	sample_after("1 minute");
	assert_asked("route", KEY, 10, 4, 0);
	assert_int_equal(sums("route", KEY, 3600)->timed, 6);
	assert_null(sums("route", "GET /never", 3600));
	struct history_burn *burns;
	int count;
	assert_int_equal(history_burns(&ctx, pool, "class", &burns, &count), OK);
	assert_int_equal(count, 2);
	assert_string_equal(burns[0].key, "read");
	NEAR(burns[0].availability, 0);
	NEAR(burns[1].availability, 0.6);
}

static void restarts_count_from_nought(void **state)
{
	(void)state;
	asked(100, 0, 0);
	history_sample(&ctx, pool);
	machine("one", files[0], true);
	asked(3, 0, 0);
	sample_after("1 minute");
	assert_asked("route", KEY, 3, 0, 0);
	/* The same file, whose counter is lower than it was. */
	ask(&ctx, pool, "update observe_node set counted = jsonb_set(counted, '{route " KEY ",count}', '7')");
	asked(1, 0, 0);
	sample_after("1 minute");
	assert_asked("route", KEY, 3 + 4, 0, 0);
	/* A restart of the worker alone changes nothing. */
	machine("one", files[0], false);
	asked(2, 0, 0);
	sample_after("1 minute");
	assert_asked("route", KEY, 3 + 4 + 2, 0, 0);
}

static void machines_add_up(void **state)
{
	(void)state;
	gauge_set(metric_gauge("stoa_job_due", "queue=\"high\"", "h"), 7);
	history_sample(&ctx, pool);
	asked(5, 0, 0);
	sample_after("1 minute");
	machine("two", files[1], true);
	gauge_set(metric_gauge("stoa_job_due", "queue=\"high\"", "h"), 9);
	history_sample(&ctx, pool);
	asked(6, 1, 0);
	sample_after("1 minute");
	assert_asked("class", "widget", 12, 0, 1);
	/* Every machine sees the whole queue. */
	assert_int_equal(sums("queue", "high", 3600)->level, 9);
	struct history_node *nodes;
	int count;
	assert_int_equal(history_nodes(&ctx, pool, &nodes, &count), OK);
	assert_int_equal(count, 2);
	assert_string_equal(nodes[1].name, "two");
	assert_true(nodes[1].age_s >= 0 && nodes[1].age_s < 60);
	ask(&ctx, pool, "update observe_node set sampled_at = now() - interval '400 seconds' where node = 'two'; "
		"update observe_node set sampled_at = now() - interval '1 hour' where node = 'one'");
	int64_t age_s;
	assert_int_equal(history_age(&ctx, pool, &age_s), OK);
	assert_in_range(age_s, 400, 410);
}

static void other_kinds(void **state)
{
	(void)state;
	history_sample(&ctx, pool);
	counter_add(metric_counter("stoa_cache_lookups_total", "space=\"who\",result=\"local\"", "h"), 80);
	counter_add(metric_counter("stoa_cache_lookups_total", "space=\"who\",result=\"shared\"", "h"), 15);
	counter_add(metric_counter("stoa_cache_lookups_total", "space=\"who\",result=\"miss\"", "h"), 5);
	counter_add(metric_counter("stoa_db_slow_queries_total", "severity=\"critical\"", "h"), 2);
	counter_add(metric_counter("stoa_shed_total", "program=\"a\",class=\"list\",reason=\"queue\"", "h"), 4);
	counter_add(metric_counter("stoa_shed_total", "program=\"b\",class=\"list\",reason=\"queue\"", "h"), 3);
	counter_add(metric_counter("stoa_job_attempts_total", "kind=\"mail.send\",outcome=\"done\"", "h"), 9);
	counter_add(metric_counter("stoa_job_attempts_total", "kind=\"mail.send\",outcome=\"retry\"", "h"), 5);
	counter_add(metric_counter("stoa_job_attempts_total", "kind=\"mail.send\",outcome=\"dead\"", "h"), 1);
	gauge_set(metric_gauge("stoa_brownout", "part=\"analytics\"", "h"), 1);
	level_set(metric_level("stoa_pool_connections", "program=\"widget\",state=\"used\"", "h"), 6);
	level_set(metric_level("stoa_pool_connections", "program=\"widget\",state=\"size\"", "h"), 16);
	histogram_observe(metric_histogram("stoa_pool_wait_seconds", "program=\"widget\"", "h"), 20000);
	histogram_observe(metric_histogram("stoa_db_query_duration_seconds", "type=\"select\"", "h"), 3000);
	sample_after("1 minute");
	static const struct { const char *kind, *key; int64_t count, failed, level, most; } ROWS[] = {{"cache", "who", 100, 5, 0, 0},
		{"slow-query", "critical", 2, 0, 0, 0}, {"shed", "list", 7, 0, 0, 0}, {"job", "mail.send", 10, 1, 0, 0}, {"brownout", "analytics", 0, 0, 1, 0},
		{"pool", "widget", 1, 0, 6, 16}, {"query", "select", 1, 0, 0, 0}};
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const struct history_row *row = sums(ROWS[i].kind, ROWS[i].key, 3600);
		if (!row || row->count != ROWS[i].count || row->failed != ROWS[i].failed || row->level != ROWS[i].level || row->most != ROWS[i].most)
			fail_msg("%s %s", ROWS[i].kind, ROWS[i].key);
	}
}

static void hours_are_made_of_minutes(void **state)
{
	(void)state;
	history_sample(&ctx, pool);
	for (int i = 0; i < 3; i++) {
		asked(9, 1, 0);
		sample_after("1 minute");
	}
	asked(4, 0, 0);
	sample_after("2 hours");
	assert_string_equal(ask(&ctx, pool, "select sum(count) from observe_sample where step = 3600 and kind = 'route'"), "30");
	sample_after("1 minute");
	assert_string_equal(ask(&ctx, pool, "select sum(count) from observe_sample where step = 3600 and kind = 'route'"), "30"); /* once only */
	const struct history_row *month = sums("route", KEY, 30 * 86400), *day = sums("route", KEY, 86400);
	assert_int_equal(month->count, 34);
	assert_int_equal(day->count, 34);
	NEAR(month->slow, 3);
	assert_int_equal(month->p95_us, 380587);
	assert_int_equal(month->p50_us, day->p50_us);
	/* In points: the three minutes of then in one hour or two, and now. */
	struct history_row *rows;
	int count;
	assert_int_equal(history_rows(&ctx, pool, "class", "widget", 86400, 3600, &rows, &count), OK);
	assert_in_range(count, 2, 3);
	assert_int_equal(rows[0].at_s % 3600, 0);
	assert_int_equal(rows[count - 1].count, 4);
}

/* An hour's row every hour for 33 days: the same sums from hours and from days, which are few. */
static void days_are_made_of_hours(void **state)
{
	(void)state;
	ask(&ctx, pool, "insert into observe_sample select 3600, date_trunc('hour', now()) - make_interval(hours => i), kind, kind, 'one', 'widget', 10, 1, 0, 2, 1000, 3, 4, '{44,8,52,2}' "
		"from generate_series(1, 33 * 24) i, unnest('{class,route}'::text[]) kind");
	long hours = strtol(ask(&ctx, pool, "select count(*) from observe_sample where kind = 'class' and at >= now() - interval '30 days'"), NULL, 10);
	const struct history_row *before = sums("class", "class", 30 * 86400);
	assert_int_equal(before->count, 10 * hours);
	history_sample(&ctx, pool);
	assert_in_range(strtol(ask(&ctx, pool, "select count(*) from observe_sample where step = 86400 and kind = 'class'"), NULL, 10), 29, 33);
	const struct history_row *row = sums("class", "class", 30 * 86400);
	assert_int_equal(row->count, before->count);
	assert_int_equal(row->refused, hours);
	NEAR(row->slow, 2.0 * (double)hours);
	assert_int_equal(row->sum_us, 1000 * hours);
	assert_int_equal(row->timed, before->timed);
	assert_int_equal(row->p95_us, before->p95_us);
	assert_int_equal(row->level, 3);
	assert_int_equal(sums("class", "class", 86400)->count, 10 * strtol(ask(&ctx, pool,
		"select count(*) from observe_sample where step = 3600 and kind = 'class' and at >= now() - interval '24 hours'"), NULL, 10));
	assert_in_range(strtol(ask(&ctx, pool, "select count(*) from observe_pieces(30 * 86400, 86400) p, observe_sample s "
		"where s.step = p.step and s.at >= p.begins and s.at < p.ends and s.kind = 'class'"), NULL, 10), 29, 30 + 2 * 24);
	struct history_burn *burns;
	int count;
	assert_int_equal(history_burns(&ctx, pool, "class", &burns, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(burns->windows[WINDOW_30D].all, 10 * hours);
	NEAR(burns->windows[WINDOW_30D].bad, 2.0 * (double)hours);
	assert_in_range(burns->windows[WINDOW_3D].all, 710, 720);
	assert_in_range(burns->windows[WINDOW_6H].all, 50, 60);
	/* Points of less than a day are of hours all the while. */
	struct history_row *rows;
	assert_int_equal(history_rows(&ctx, pool, "class", "class", 7 * 86400, 7200, &rows, &count), OK);
	assert_in_range(count, 83, 85);
	assert_int_equal(rows[count / 2].count, 20);
}

static void old_ones_go(void **state)
{
	(void)state;
	history_sample(&ctx, pool);
	asked(1, 0, 0);
	sample_after("1 minute");
	sample_after("26 hours");
	assert_string_equal(ask(&ctx, pool, "select count(*) from observe_sample where step = 60 and at < now() - interval '25 hours'"), "0");
	assert_int_equal(sums("route", KEY, 30 * 86400)->count, 1);
	ask(&ctx, pool, "update observe_sample set at = at - interval '31 days' where step >= 3600; insert into observe_node values ('gone', now() - interval '31 days', '', '{}')");
	sample_after("1 minute");
	assert_string_equal(ask(&ctx, pool, "select count(*) from observe_sample where step >= 3600 and at < now() - interval '30 days'"), "0");
	assert_string_equal(ask(&ctx, pool, "select string_agg(node, ' ') from observe_node"), "one");
}

/* A statement that fails loses nothing: it is in the next sample. */
static void failures_lose_nothing(void **state)
{
	(void)state;
	history_sample(&ctx, pool);
	asked(5, 0, 0);
	ask(&ctx, pool, "alter table observe_sample add constraint broken check (kind <> 'route')");
	sample_after("1 minute");
	assert_int_equal(ctx.fault.err, OK);
	assert_null(sums("route", KEY, 3600));
	ask(&ctx, pool, "alter table observe_sample drop constraint broken");
	asked(1, 0, 0);
	history_sample(&ctx, pool);
	assert_asked("route", KEY, 6, 0, 0);
}

static void burn(const char *at, int step, const char *kind, const char *key, const char *class, int count, int failed, const char *slow)
{
	ask(&ctx, pool, arena_printf(&ctx.arena, "insert into observe_sample values (%d, now() - interval '%s', '%s', '%s', 'one', '%s', %d, 0, %d, %s, 0, 0, 0, '{}')", step,
		at, kind, key, class, count, failed, slow));
}

/* Objective 99.5 %: 5 of 1,000 are its budget. */
static void budgets_burn(void **state)
{
	struct history_burn *burns;
	int count;
	(void)state;
	burn("2 minutes", 60, "class", "widget", "widget", 100, 10, "0");       /* 5 m: 10 % = 20x */
	burn("40 minutes", 60, "class", "widget", "widget", 900, 6, "2.5");     /* 1 h: 18.5 of 1,000 = 3.7x */
	burn("5 hours", 60, "class", "widget", "widget", 1000, 1500, "600");    /* 6 h: 1,018.5 of 2,000: never more than all */
	burn("2 days", 3600, "class", "widget", "widget", 8000, 0, "0");
	burn("20 days", 3600, "class", "widget", "widget", 390000, 0, "0");
	burn("31 days", 3600, "class", "widget", "widget", 5000, 5000, "0");
	burn("1 minute", 60, "class", "page", "page", 10, 0, "0");
	burn("1 minute", 60, "class", "lost", "no such class", 10, 0, "0");
	assert_int_equal(history_burns(&ctx, pool, "class", &burns, &count), OK);
	assert_int_equal(count, 2);
	const struct history_burn *page = &burns[0], *widget = &burns[1];
	assert_string_equal(page->key, "page");
	NEAR(page->availability, 1);
	NEAR(page->left, 1);
	NEAR(page->lasts_s, -1);
	static const struct { enum history_window window; int64_t all; double bad, rate; } WINDOWS[] = {{WINDOW_5M, 100, 10, 20}, {WINDOW_30M, 100, 10, 20},
		{WINDOW_1H, 1000, 18.5, 3.7}, {WINDOW_6H, 2000, 1018.5, 101.85}, {WINDOW_3D, 10000, 1018.5, 20.37}, {WINDOW_30D, 400000, 1018.5, 0.50925}};
	for (size_t i = 0; i < sizeof WINDOWS / sizeof *WINDOWS; i++) {
		assert_int_equal(widget->windows[WINDOWS[i].window].all, WINDOWS[i].all);
		NEAR(widget->windows[WINDOWS[i].window].bad, WINDOWS[i].bad);
		NEAR(widget->windows[WINDOWS[i].window].rate, WINDOWS[i].rate);
	}
	NEAR(widget->left, 1 - 0.50925);
	NEAR(widget->availability, 1 - 1018.5 / 400000);
	NEAR(widget->lasts_s, (1 - 0.50925) * 30 * 86400 / 3.7);
	assert_false(widget->fires[0]); /* the hour burns at 3.7x only */
	assert_true(widget->fires[1]);  /* 6 h and 30 m are over 6x */
	assert_true(widget->fires[2]);
	assert_int_equal(history_burns(&ctx, pool, "route", &burns, &count), OK);
	assert_int_equal(count, 0);
}

/* What a row takes, with its indexes: the figures of history.h. */
static void rows_are_small(void **state)
{
	(void)state;
	ask(&ctx, pool, "insert into observe_sample select 60, now() - make_interval(mins => i), 'route', 'GET /api/v1/retention/analytics/' || j, 'machine', 'analytics', "
		"20, 0, 0, 0.5, 123456, 0, 0, '{30,1,31,4,32,9,33,4,34,1,38,1}' from generate_series(1, 50) i, generate_series(1, 100) j");
	long bytes = strtol(ask(&ctx, pool, "select pg_total_relation_size('observe_sample') / 5000"), NULL, 10);
	if (bytes < 50 || bytes > 450)
		fail_msg("a row takes %ld bytes", bytes);
	print_message("a row takes %ld bytes\n", bytes);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test_setup(writes_what_came_since, begin), cmocka_unit_test_setup(restarts_count_from_nought, begin),
		cmocka_unit_test_setup(machines_add_up, begin),
		cmocka_unit_test_setup(counts_what_is_turned_away, begin), cmocka_unit_test_setup(days_are_made_of_hours, begin), cmocka_unit_test_setup(other_kinds, begin), cmocka_unit_test_setup(hours_are_made_of_minutes, begin),
		cmocka_unit_test_setup(old_ones_go, begin), cmocka_unit_test_setup(failures_lose_nothing, begin), cmocka_unit_test_setup(budgets_burn, begin),
		cmocka_unit_test_setup(rows_are_small, begin)};
	return cmocka_run_group_tests(cases, open_house, close_house);
}
