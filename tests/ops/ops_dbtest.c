/* The ops family through the dispatcher: health with and without its services, figures, targets, the doctor's probe. */
#include "config.h"

#include "tests/widget/client.h"

#include "ops/family.h"

static struct ctx setup;
static struct pool *pool;
static struct tenant tenant;
static struct caller caller;

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setenv("STOA_OPS_ALLOW", "192.0.2.0/24", 1);
	setting("STOA_WEB_TRUSTED_PROXY", NULL);
	log_open("ops_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	caller_open(&caller);
	pool = pool_open(1);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_OPS, message))
		fail_msg("%s", message);
	tenant_add(&setup, pool, &tenant);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	caller_close(&caller);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static const char *check_state(const char *name)
{
	struct json_object *checks = NULL, *check = NULL;

	assert_true(json_object_object_get_ex(caller.reply, "checks", &checks));
	assert_true(json_object_object_get_ex(checks, name, &check));
	return json_text(check, "state", "");
}

static void assert_ready(int status, const char *whole, const char *database, const char *migrations, const char *cache, const char *worker)
{
	client_get(&caller, "/health/ready", NULL);
	assert_status(&caller, status);
	assert_string_equal(client_text(&caller, "status"), whole);
	assert_string_equal(check_state("database"), database);
	assert_string_equal(check_state("migrations"), migrations);
	assert_string_equal(check_state("cache"), cache);
	assert_string_equal(check_state("worker"), worker);
}

static void lives(void **state)
{
	(void)state;
	client_get(&caller, "/health", NULL);
	assert_status(&caller, 200);
	assert_string_equal(client_text(&caller, "status"), "ok");
	assert_string_equal(client_text(&caller, "version"), PACKAGE_VERSION);
	client_send(&caller, "HEAD", "/health", NULL, NULL, 0, NULL);
	assert_status(&caller, 200);
}

static void is_ready_as_far_as_its_services(void **state)
{
	(void)state;
	assert_ready(200, "degraded", "ok", "ok", "ok", "never-seen");
	ask(&setup, pool, "insert into worker (name, host, pid, threads) values ('w', 'h', 1, 1)");
	assert_ready(200, "ready", "ok", "ok", "ok", "ok");
	ask(&setup, pool, "update worker set seen_at = now() - interval '61 seconds'");
	assert_ready(200, "degraded", "ok", "ok", "ok", "silent");
	ask(&setup, pool, "update worker set seen_at = now()");
	ask(&setup, pool, "create table kept as select * from schema_migration; delete from schema_migration where number = (select max(number) from kept)");
	assert_ready(503, "unavailable", "ok", "behind", "ok", "ok");
	ask(&setup, pool, "insert into schema_migration select * from kept where number = (select max(number) from kept)");
	ask(&setup, pool, "insert into schema_migration (number, name, checksum, ms) values (9999, 'later', 'x', 0)");
	/* stoa migrate comes before the programs of a version: those of the one before must not all leave the balancer. */
	assert_ready(200, "degraded", "ok", "ahead", "ok", "ok");
	ask(&setup, pool, "delete from schema_migration where number = 9999; drop table kept");
	assert_ready(200, "ready", "ok", "ok", "ok", "ok");
}

static void says_what_is_down(void **state)
{
	(void)state;
	services("down");
	client_get(&caller, "/health/ready", NULL);
	assert_status(&caller, 503);
	assert_string_equal(client_text(&caller, "status"), "unavailable");
	assert_string_equal(check_state("database"), "down");
	assert_string_equal(check_state("migrations"), "unknown");
	assert_string_equal(check_state("cache"), "down");
	assert_string_equal(check_state("worker"), "unknown");
	client_get(&caller, "/health", NULL);
	assert_status(&caller, 200);
	services("up");
	WAIT_FOR(client_get(&caller, "/health/ready", NULL) == 200 && strcmp(client_text(&caller, "status"), "ready") == 0);
}

static void shows_figures_to_whom_it_may(void **state)
{
	struct json_object *routes = NULL;
	bool found = false;
	(void)state;

	client_get(&caller, "/metrics", NULL);
	assert_status(&caller, 200);
	assert_non_null(strstr(client_value(&caller, "Content-Type"), "version=0.0.4"));
	assert_non_null(strstr(caller.rep.body.data, "stoa_http_requests_total{route=\"/health\",method=\"GET\",status=\"2xx\"}"));
	assert_non_null(strstr(caller.rep.body.data, "\n# TYPE stoa_http_request_duration_seconds histogram\n"));
	client_get(&caller, "/api/v1/ops/slo", NULL);
	assert_problem(&caller, 401, "unauthenticated", "");
	client_get(&caller, "/api/v1/ops/slo", tenant.live.key);
	assert_problem(&caller, 403, "forbidden", "");
	client_get(&caller, "/api/v1/ops/slo", tenant.server.key);
	assert_status(&caller, 200);
	assert_true(json_object_object_get_ex(caller.reply, "routes", &routes));
	for (size_t i = 0; i < json_object_array_length(routes); i++) {
		struct json_object *row = json_object_array_get_idx(routes, i);

		if (strcmp(json_text(row, "route", ""), "/health") != 0)
			continue;
		found = true;
		assert_string_equal(json_text(row, "class", ""), "ops");
		assert_string_equal(json_text(row, "method", ""), "GET");
		assert_true(json_int(row, "count", 0) >= 2);
	}
	assert_true(found);
}

/* The widget's objective allows 5 bad ones of 1,000. */
static void shows_history_and_budgets(void **state)
{
	struct json_object *rows = NULL, *row, *windows = NULL, *hour = NULL, *alerts = NULL;
	(void)state;

	ask(&setup, pool, "insert into observe_sample (step, at, kind, key, node, class, count, refused, failed, slow, sum_us, level, most, buckets) "
		"select 60, now() - make_interval(mins => m), kind, case kind when 'class' then 'widget' else 'POST /api/v1/widget/start' end, 'one', 'widget', "
		"500, 0, 2, 0.5, 50000000, 0, 0, '{44,500}' from unnest('{10,40}'::int[]) m, unnest('{class,route}'::text[]) kind");
	client_get(&caller, "/api/v1/ops/slo/burn", tenant.live.key);
	assert_problem(&caller, 403, "forbidden", "");
	client_get(&caller, "/api/v1/ops/slo/burn", tenant.server.key);
	assert_status(&caller, 200);
	assert_true(json_object_object_get_ex(caller.reply, "rows", &rows));
	assert_int_equal(json_object_array_length(rows), 1);
	row = json_object_array_get_idx(rows, 0);
	assert_string_equal(json_text(row, "key", ""), "widget");
	assert_true(json_object_object_get_ex(row, "windows", &windows) && json_object_object_get_ex(windows, "1h", &hour));
	assert_int_equal(json_int(hour, "all", 0), 1000);
	json_object_object_get_ex(hour, "burnRate", &hour);
	assert_true(json_object_get_double(hour) > 0.9999 && json_object_get_double(hour) < 1.0001);
	assert_true(json_object_object_get_ex(row, "alerts", &alerts));
	assert_int_equal(json_object_array_length(alerts), 0);
	client_get(&caller, "/api/v1/ops/slo/history?range=1h&key=widget", tenant.server.key);
	assert_status(&caller, 200);
	assert_int_equal(json_int(caller.reply, "stepSeconds", 0), 60);
	json_object_object_get_ex(caller.reply, "rows", &rows);
	assert_int_equal(json_object_array_length(rows), 2);
	row = json_object_array_get_idx(rows, 0);
	assert_int_equal(json_int(row, "count", 0), 500);
	assert_string_equal(json_text(row, "class", ""), "widget");
	assert_non_null(strstr(json_text(row, "at", ""), "T"));
	client_get(&caller, "/api/v1/ops/slo/history?kind=route", tenant.server.key);
	json_object_object_get_ex(caller.reply, "rows", &rows);
	assert_int_equal(json_object_array_length(rows), 1);
	assert_int_equal(json_int(json_object_array_get_idx(rows, 0), "count", 0), 1000);
	client_get(&caller, "/api/v1/ops/slo/history?kind=everything", tenant.server.key);
	assert_status(&caller, 422);
	client_get(&caller, "/api/v1/ops/slo/history?range=1y", tenant.server.key);
	assert_status(&caller, 422);
}

static void lists_targets(void **state)
{
	struct json_object *targets = NULL;
	(void)state;

	client_get(&caller, "/api/v1/ops/targets", NULL);
	assert_status(&caller, 200);
	assert_true(json_object_object_get_ex(caller.reply, "targets", &targets));
	assert_int_equal(json_object_array_length(targets), CLASS_COUNT - 1);
	assert_string_equal(json_text(json_object_array_get_idx(targets, 0), "class", ""), "widget");
	assert_int_equal(json_int(json_object_array_get_idx(targets, 0), "p95Ms", 0), 250);
	assert_true(*json_text(json_object_array_get_idx(targets, 0), "source", ""));
}

static void tells_capacity(void **state)
{
	struct json_object *figures = NULL, *model = NULL;
	bool found = false;
	(void)state;

	client_get(&caller, "/api/v1/ops/capacity", tenant.live.key);
	assert_problem(&caller, 403, "forbidden", "");
	client_get(&caller, "/api/v1/ops/capacity?users=100000&memory=8g", tenant.server.key);
	assert_status(&caller, 200);
	assert_true(json_object_object_get_ex(caller.reply, "model", &model));
	assert_int_equal(json_int(model, "memory", 0), INT64_C(8) << 30);
	assert_true(json_object_object_get_ex(caller.reply, "figures", &figures));
	for (size_t i = 0; i < json_object_array_length(figures); i++) {
		struct json_object *row = json_object_array_get_idx(figures, i);

		if (strcmp(json_text(row, "figure", ""), "designUsers") == 0) {
			found = true;
			assert_int_equal(json_int(row, "value", 0), 7500);
		}
	}
	assert_true(found);
	client_get(&caller, "/api/v1/ops/capacity?headroom=0.5", tenant.server.key);
	assert_problem(&caller, 422, "invalid", "headroom");
}

static void tells_where_time_goes(void **state)
{
	struct json_object *routes = NULL, *parts = NULL, *plans = NULL, *findings = NULL;
	bool found = false;
	(void)state;

	client_get(&caller, "/api/v1/ops/profile", NULL);
	assert_problem(&caller, 401, "unauthenticated", "");
	client_get(&caller, "/api/v1/ops/profile", tenant.live.key);
	assert_problem(&caller, 403, "forbidden", "");
	client_get(&caller, "/api/v1/ops/profile?plans=11", tenant.server.key);
	assert_problem(&caller, 422, "invalid", "plans");
	client_get(&caller, "/api/v1/ops/profile?plans=2&statement=job_depth", tenant.server.key);
	assert_status(&caller, 200);
	assert_true(json_object_object_get_ex(caller.reply, "routes", &routes));
	for (size_t i = 0; i < json_object_array_length(routes); i++) {
		struct json_object *row = json_object_array_get_idx(routes, i);

		if (strcmp(json_text(row, "route", ""), "/health") != 0)
			continue;
		found = true;
		assert_true(json_int(row, "requests", 0) >= 2);
		assert_true(json_object_object_get_ex(row, "partSeconds", &parts));
		assert_true(json_object_object_get_ex(parts, "own", NULL));
	}
	assert_true(found);
	assert_true(json_object_object_get_ex(caller.reply, "plans", &plans));
	assert_true(json_object_array_length(plans) >= 1 && json_object_array_length(plans) <= 3);
	assert_non_null(strstr(caller.rep.body.data, "\"Node Type\""));
	client_get(&caller, "/api/v1/ops/profile?route=GET%20/health", tenant.server.key);
	assert_true(json_object_object_get_ex(caller.reply, "routes", &routes));
	assert_int_equal(json_object_array_length(routes), 1);
	assert_true(json_object_object_get_ex(caller.reply, "plans", &plans));
	assert_int_equal(json_object_array_length(plans), 0);
	/* What is lost is found here, too. */
	ask(&setup, pool, "drop index retention_session_customer");
	client_get(&caller, "/api/v1/ops/profile", tenant.server.key);
	assert_true(json_object_object_get_ex(caller.reply, "findings", &findings));
	assert_int_equal(json_object_array_length(findings), 1);
	struct json_object *finding = json_object_array_get_idx(findings, 0);
	assert_string_equal(json_text(finding, "kind", ""), "lost-index");
	ask(&setup, pool, json_text(finding, "change", ""));
	client_get(&caller, "/api/v1/ops/profile", tenant.server.key);
	assert_true(json_object_object_get_ex(caller.reply, "findings", &findings));
	assert_int_equal(json_object_array_length(findings), 0);
}

/* Nothing of a credential comes back, only that there was one. */
static void probes(void **state)
{
	struct json_object *value = NULL;
	(void)state;

	client_get(&caller, "/api/v1/ops/probe", "stoa_live_secret");
	assert_status(&caller, 200);
	assert_true(json_object_object_get_ex(caller.reply, "apiKey", &value) && json_object_get_boolean(value));
	assert_true(json_object_object_get_ex(caller.reply, "authorization", &value) && !json_object_get_boolean(value));
	assert_true(json_object_object_get_ex(caller.reply, "https", &value) && json_object_get_boolean(value));
	assert_string_equal(client_text(&caller, "address"), "192.0.2.1");
	assert_null(strstr(caller.rep.body.data, "secret"));
	client_post(&caller, "/api/v1/ops/probe", NULL, "{\"fill\":\"\xc3\xa9x\"}");
	assert_status(&caller, 200);
	assert_int_equal(json_int(caller.reply, "bytes", 0), 14);
	assert_int_equal(json_int(caller.reply, "fill", 0), 3);
	client_post(&caller, "/api/v1/ops/probe", NULL, "{}");
	assert_problem(&caller, 400, "bad-input", "fill");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(lives), cmocka_unit_test(is_ready_as_far_as_its_services), cmocka_unit_test(shows_figures_to_whom_it_may),
		cmocka_unit_test(shows_history_and_budgets), cmocka_unit_test(lists_targets), cmocka_unit_test(tells_capacity), cmocka_unit_test(tells_where_time_goes), cmocka_unit_test(probes), cmocka_unit_test(says_what_is_down)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
