/* What requests have used: parts that add up, also of those whose statement many share, statements by route, budgets, and one line of a slow
 * request that says where its time went. */
#include "tests/lib/database.h"

#include "base/log.h"
#include "metric/work.h"
#include "web/budget.h"
#include "web/web.h"

#include <json-c/json.h>
#include <time.h>

#define SLEEP_MS 20
#define SLOW_MS 15

/* db.prepare is off in this test, so the numbers are of no account. */
static const struct statement ROW = {.name = "test_row", .text = "select 1 as a", .number = 0};
static const struct statement SLEEP = {.name = "test_sleep", .text = "select pg_sleep(0.02), 1 as a", .number = 1};

static enum err answer_row(struct req *req, struct rep *rep)
{
	return reply_row(req, rep, NULL, "thing");
}

struct many_input { int64_t queries, bytes; };
static const struct field MANY_INPUT[] = {
	INPUT(struct many_input, queries, "queries", IN_QUERY, FIELD_INT, .least = 0, .most = 100, .doc = "x"),
	INPUT(struct many_input, bytes, "bytes", IN_QUERY, FIELD_INT, .least = 0, .most = 1000000, .doc = "x"), FIELD_END};

static enum err answer_many(struct req *req, struct rep *rep)
{
	const struct many_input *input = req->input;
	for (int i = 0; i < input->queries; i++)
		TRY(pg_query(&req->ctx, req->house.pool, &ROW, NULL, NULL));
	char *text = arena_alloc(&req->ctx.arena, (size_t)input->bytes + 1);
	memset(text, 'x', (size_t)input->bytes);
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	json_object_object_add(reply, "text", json_object_new_string(text));
	return reply_json(req, rep, reply);
}

#define SPIN_US 3000

static int64_t own_cpu_us(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

/* Two parts; the second, which is made while the reply is sent, takes a while. */
static enum err late_more(struct ctx *ctx, const struct req *of, void *part, struct buffer *out, bool *done_out)
{
	int64_t until_us = own_cpu_us() + SPIN_US;
	(void)ctx;
	(void)of;
	while (*(int *)part && own_cpu_us() < until_us)
		;
	buffer_text(out, "x");
	*done_out = ++*(int *)part == 2;
	return OK;
}

static enum err answer_late(struct req *of, struct rep *to)
{
	return reply_stream(of, to, late_more, arena_alloc(&of->ctx.arena, sizeof(int)));
}

static const struct budget OWN = {.most = {[BUDGET_QUERIES] = 9}, .why = "the test asks so often"};
static const struct budget UNREASONED = {.most = {[BUDGET_QUERIES] = 9}};
static const struct field REPLY_ANY[] = {REPLY("text", FIELD_TEXT, .doc = "x"), FIELD_END};

#define MANY(path_, ...) \
	{METHOD_GET, (path_), ACCESS_PUBLIC, .class = CLASS_READ, .run = answer_many, .input = MANY_INPUT, .input_size = sizeof(struct many_input), \
		.shape = REPLY_FIELDS, .reply = REPLY_ANY, .limit = &LIMIT_NONE, .doc = "x", ##__VA_ARGS__}
#define ONE(path_, class_, rows_) \
	{METHOD_GET, (path_), ACCESS_PUBLIC, .class = (class_), .run = answer_row, .shape = REPLY_ROW, .rows = (rows_), .limit = &LIMIT_NONE, .doc = "x"}

static const struct route ROUTES[] = {
	MANY("/many"), MANY("/own", .budget = &OWN), ONE("/shared", CLASS_READ, &SLEEP), ONE("/alone", CLASS_OPS, &SLEEP),
	{METHOD_GET, "/late", ACCESS_PUBLIC, .class = CLASS_UPLOAD, .run = answer_late, .shape = REPLY_PLAIN, .limit = &LIMIT_NONE, .doc = "x"}, ROUTE_END};
static const struct route *const TABLES[] = {ROUTES, NULL};
static const struct family FAMILY = {.name = "test", .doc = "A test.", .tables = TABLES};
static const struct route UNREASONED_ROUTES[] = {MANY("/many", .budget = &UNREASONED), ROUTE_END};
static const struct route *const UNREASONED_TABLES[] = {UNREASONED_ROUTES, NULL};
static const struct family UNREASONED_FAMILY = {.name = "test", .doc = "A test.", .tables = UNREASONED_TABLES};

static struct req req;
static struct rep rep;
static char log_path[256];

static const char *no_header(const struct req *of, const char *name)
{
	(void)of;
	(void)name;
	return NULL;
}

static int ask_for(const char *path, const char *query)
{
	ctx_reset(&req.ctx);
	struct ctx ctx = req.ctx;
	req = (struct req){.ctx = ctx, .method = "GET", .uri_path = path, .query = query, .body = "", .header = no_header, .address = "192.0.2.1"};
	dispatch(&req, &rep);
	return rep.status;
}

static struct metric_value found(const char *name, const char *format, ...)
{
	struct metric_value value = {0};
	char labels[240];
	va_list args;
	va_start(args, format);
	vsnprintf(labels, sizeof labels, format, args);
	va_end(args);
	metric_find(name, labels, &value);
	return value;
}

static double part_us(const char *route, const char *part)
{
	return 1e6 * found("stoa_http_request_part_seconds", "route=\"%s\",method=\"GET\",part=\"%s\"", route, part).sum_s;
}

static void parts_add_up(void **state)
{
	(void)state;
	static const char *const PATHS[] = {"/many", "/shared", "/alone"};
	for (size_t i = 0; i < 3; i++) {
		const char *path = PATHS[i];
		double sum_us = 0;
		for (int n = 0; n < 20; n++)
			assert_int_equal(ask_for(path, i ? "" : "queries=2&bytes=100"), 200);
		for (int part = 0; part < WORK_DURATION_PARTS; part++)
			sum_us += part_us(path, work_part_text(part));
		struct metric_value whole = found("stoa_http_request_duration_seconds", "route=\"%s\",method=\"GET\",class=\"%s\"", path, i == 2 ? "ops" : "read");
		assert_int_equal(whole.count, 20);
		assert_true(sum_us > 1e6 * whole.sum_s - 1 && sum_us < 1e6 * whole.sum_s + 1);
		assert_true(part_us(path, "query") > 0 && part_us(path, "own") > 0 && part_us(path, "render") > 0 && part_us(path, "write") > 0);
		if (i)
			assert_true(part_us(path, "query") >= 20 * SLEEP_MS * 1000);
		struct metric_value statement = found("stoa_statement_seconds", "statement=\"%s\",route=\"%s\",method=\"GET\"", i ? "test_sleep" : "test_row", path);
		assert_int_equal(statement.count, i ? 20 : 40);
		assert_true(1e6 * statement.sum_s > part_us(path, "query") - 1 && 1e6 * statement.sum_s < part_us(path, "query") + 1);
	}
	/* One of WORK_CPU_EVERY, over all routes. */
	uint64_t looked = 0;
	for (size_t i = 0; i < 3; i++)
		looked += found("stoa_http_request_part_seconds", "route=\"%s\",method=\"GET\",part=\"cpu\"", PATHS[i]).count;
	assert_true(looked >= 60 / WORK_CPU_EVERY - 1 && looked <= 60 / WORK_CPU_EVERY + 1);
}

/* From the request's arrival to the reply's end, not only the handler's. */
static void processor_time_is_whole(void **state)
{
	(void)state;
	for (int n = 0; n < WORK_CPU_EVERY; n++)
		assert_int_equal(ask_for("/late", ""), 200);
	struct metric_value cpu = found("stoa_http_request_part_seconds", "route=\"/late\",method=\"GET\",part=\"cpu\"");
	assert_int_equal(cpu.count, 1);
	assert_true(1e6 * cpu.sum_s >= SPIN_US);
}

static struct budget_use uses[BUDGETS];

static void use_keep(void *argument, const struct budget_use *use)
{
	if (!strcmp(use->route, argument))
		uses[use->budget] = *use;
}

/* The lines since the last call with this event: how many, and the last. */
static struct json_object *line_of(const char *event, int *count_out)
{
	FILE *file = fopen(log_path, "r");
	struct json_object *last = NULL;
	char line[5000];
	*count_out = 0;
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		struct json_object *parsed = json_tokener_parse(line);
		if (strcmp(json_object_get_string(json_object_object_get(parsed, "event")), event)) {
			json_object_put(parsed);
			continue;
		}
		json_object_put(last);
		last = parsed;
		++*count_out;
	}
	fclose(file);
	assert_int_equal(truncate(log_path, 0), 0);
	return last;
}

static int64_t number_of(struct json_object *line, const char *name)
{
	return json_object_get_int64(json_object_object_get(line, name));
}

static void budgets_are_kept(void **state)
{
	static const struct { const char *path, *query; enum budget_of budget; int64_t peak, most; int exceeded; bool logged; } ROWS[] = {
		{"/many", "queries=4", BUDGET_QUERIES, 4, 5, 0, false},
		{"/many", "queries=5", BUDGET_QUERIES, 5, 5, 1, true},
		{"/many", "queries=5", BUDGET_QUERIES, 5, 5, 2, false}, /* once a minute */
		{"/many", "queries=3", BUDGET_QUERIES, 5, 5, 2, false},
		{"/many", "bytes=102388", BUDGET_BYTES, 102399, 102400, 0, false}, /* {"text":""} takes 11 */
		{"/many", "bytes=102389", BUDGET_BYTES, 102400, 102400, 1, false},
		{"/own", "queries=8", BUDGET_QUERIES, 8, 9, 0, false},
		{"/own", "queries=9", BUDGET_QUERIES, 9, 9, 1, true}};
	char message[256];
	int count;
	(void)state;
	json_object_put(line_of("budget.exceeded", &count));
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(ask_for(ROWS[i].path, ROWS[i].query), 200);
		budget_each(use_keep, (void *)ROWS[i].path);
		const struct budget_use *use = &uses[ROWS[i].budget];
		assert_int_equal(use->peak, ROWS[i].peak);
		assert_int_equal(use->most, ROWS[i].most);
		assert_int_equal(use->exceeded, ROWS[i].exceeded);
		assert_string_equal(use->method, "GET");
		struct json_object *line = line_of("budget.exceeded", &count);
		assert_int_equal(count, ROWS[i].logged);
		if (line) {
			assert_int_equal(number_of(line, "used"), ROWS[i].peak);
			assert_int_equal(number_of(line, "most"), ROWS[i].most);
		}
		json_object_put(line);
	}
	assert_true(uses[BUDGET_MEMORY].peak > 9 * 100);
	assert_string_equal(budget_why(&ROUTES[1]), OWN.why);
	assert_null(budget_why(&ROUTES[0]));
	assert_false(route_check(&UNREASONED_FAMILY, message));
	assert_non_null(strstr(message, "without a reason"));
}

static void a_slow_request_says_where_its_time_went(void **state)
{
	static const char *const PARTS[] = {"accept_us", "who_us", "pool_us", "query_us", "cache_us", "outbound_us", "render_us", "own_us"};
	int count;
	int64_t sum_us = 0;
	(void)state;
	json_object_put(line_of("request", &count));
	assert_int_equal(ask_for("/many", "queries=1"), 200);
	struct json_object *line = line_of("request", &count);
	assert_int_equal(count, 1);
	bool slow = number_of(line, "duration_us") > SLOW_MS * 1000;
	assert_string_equal(json_object_get_string(json_object_object_get(line, "level")), slow ? "warn" : "info");
	assert_int_equal(json_object_object_get(line, "query_us") != NULL, slow);
	json_object_put(line);
	assert_int_equal(ask_for("/alone", ""), 200);
	line = line_of("request", &count);
	assert_int_equal(count, 1);
	assert_string_equal(json_object_get_string(json_object_object_get(line, "level")), "warn");
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
		assert_non_null(json_object_object_get(line, PARTS[i]));
		sum_us += number_of(line, PARTS[i]);
	}
	assert_int_equal(sum_us, number_of(line, "duration_us"));
	assert_true(number_of(line, "query_us") >= SLEEP_MS * 1000);
	json_object_put(line);
}

static int open_house(void **state)
{
	char message[256];
	(void)state;
	serve_conf();
	snprintf(log_path, sizeof log_path, "%s/usage.log", getenv("STOA_TEST_DIR"));
	setenv("STOA_DB_PREPARE", "off", 1);
	setenv("STOA_METRICS_FILE", "", 1);
	setting("STOA_WEB_SLOW", "15ms"); /* SLOW_MS */
	ctx_init(&req.ctx);
	if (!log_open("usage_dbtest", log_path, LOG_INFO) || !serve_open(&FAMILY, message))
		fail_msg("%s", message);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	ctx_free(&req.ctx);
	reply_free(&rep);
	serve_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(parts_add_up),
		cmocka_unit_test(processor_time_is_whole),
		cmocka_unit_test(budgets_are_kept),
		cmocka_unit_test(a_slow_request_says_where_its_time_went)};
	return cmocka_run_group_tests(cases, open_house, close_house);
}
