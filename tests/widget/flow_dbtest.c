/* What the widget shows of a flow that is published, scheduled, translated and branched, while its owner goes on changing it. */
#include "tests/widget/client.h"

#include "base/clock.h"
#include "retention/condition.h"
#include "retention/flow.h"
#include "web/budget.h"
#include "widget/family.h"

#include <pthread.h>
#include <stdatomic.h>
#include <zlib.h>

#define START "/api/v1/widget/start"
#define DECISION "/api/v1/widget/decision"

static struct house house;

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setting("STOA_WEB_DEADLINE", NULL);
	log_open("flow_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(4);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_WIDGET, message))
		fail_msg("%s", message);
	house.cache = cache_open(message);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	cache_close(house.cache);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static struct json_object *read_json(struct ctx *ctx, const char *text)
{
	struct json_object *value;

	if (json_read(ctx, text, strlen(text), JSON_DEPTH, &value) != OK)
		fail_msg("%s: %s", text, ctx->fault.detail);
	return value;
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, name, &value));
	return value;
}

/* --- the owner --- */

struct owner { struct tenant tenant; struct audit audit; char flow[ID_TEXT]; };

static enum err change(struct owner *owner, enum err (*what)(struct ctx *, struct lease *, const struct flow_change *, void *), void *argument)
{
	const struct flow_change change = {.by = &owner->audit, .id = owner->flow};
	struct lease lease;
	enum err err;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	err = pg_begin(&lease);
	if (err == OK)
		err = what(&setup, &lease, &change, argument);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	flows_forget(&setup, house.cache, owner->tenant.org_id);
	return err;
}

static enum err create(struct ctx *ctx, struct lease *lease, const struct flow_change *change, void *document)
{
	return flow_create(ctx, lease, change, document, (char *)(uintptr_t)change->id);
}

static enum err save_and_publish(struct ctx *ctx, struct lease *lease, const struct flow_change *change, void *document)
{
	TRY(flow_save(ctx, lease, change, document));
	return flow_publish(ctx, lease, change, true);
}

static enum err activate(struct ctx *ctx, struct lease *lease, const struct flow_change *change, void *times)
{
	const char *const *time = times;

	return flow_activate(ctx, lease, change, time[0], time[1]);
}

static void owner_add(struct owner *owner, const char *document)
{
	struct json_object *flow = read_json(&setup, document);

	tenant_add(&setup, pool, &owner->tenant);
	owner->audit = (struct audit){.org_id = owner->tenant.org_id, .actor_kind = "system"};
	assert_int_equal(change(owner, create, flow), OK);
	assert_int_equal(change(owner, save_and_publish, flow), OK);
}

/* --- sessions while versions come --- */

#define VISITORS 4
#define SESSIONS 60
#define VERSIONS 40

/* Version n: n % 7 + 1 pauses of n % 12 + 1 months. */
static struct json_object *version_document(int version)
{
	struct json_object *document = json_own(&setup, json_object_new_object()), *steps = json_object_new_array();

	json_object_object_add(document, "name", json_object_new_string("Changing"));
	json_object_object_add(document, "language", json_object_new_string("en"));
	for (int i = 0; i < version % 7 + 1; i++) {
		struct json_object *step = read_json(&setup, arena_printf(&setup.arena,
			"{\"type\":\"pause\",\"title\":\"Version %d\",\"message\":\"M\",\"config\":{\"months\":[%d]}}", version, version % 12 + 1));

		json_object_array_add(steps, json_object_get(step));
	}
	json_object_object_add(document, "steps", steps);
	return document;
}

struct visitor { struct owner *owner; int number, starts; _Atomic bool *over; };

/* A session is all of one version, and is decided as it began however many versions there are since. */
static void *visitor_run(void *argument)
{
	struct visitor *visitor = argument;
	struct caller starting, deciding;
	struct ctx ctx; /* of the bodies: a request's own ends with the next one */
	const char *key = visitor->owner->tenant.live.key;

	ctx_init(&ctx);
	caller_open(&starting);
	caller_open(&deciding);
	while (visitor->starts < SESSIONS || !*visitor->over) {
		struct json_object *steps, *last;
		int version;

		client_post(&starting, START, key, arena_printf(&ctx.arena, "{\"userId\":\"v%d-%d\"}", visitor->number, visitor->starts++));
		assert_status(&starting, 200);
		version = (int)json_int(starting.reply, "flowVersion", 0);
		steps = member(starting.reply, "steps");
		assert_int_equal(json_object_array_length(steps), version % 7 + 1);
		last = json_object_array_get_idx(steps, json_object_array_length(steps) - 1);
		assert_string_equal(json_text(last, "title", ""), arena_printf(&ctx.arena, "Version %d", version));
		/* Months of this version are offered, others are not. */
		client_post(&deciding, DECISION, key, arena_printf(&ctx.arena, "{\"session\":\"%s\",\"outcome\":\"accepted\",\"step\":%d,\"choice\":%d}",
			client_text(&starting, "session"), (int)json_int(last, "index", -1), (version + 1) % 12 + 1));
		assert_problem(&deciding, 422, "invalid", "choice");
		client_post(&deciding, DECISION, key, arena_printf(&ctx.arena, "{\"session\":\"%s\",\"outcome\":\"accepted\",\"step\":%d,\"choice\":%d}",
			client_text(&starting, "session"), (int)json_int(last, "index", -1), version % 12 + 1));
		assert_status(&deciding, 200);
	}
	caller_close(&starting);
	caller_close(&deciding);
	ctx_free(&ctx);
	return NULL;
}

/* Issue 4, Must show 5. */
static void sessions_finish_as_they_began(void **state)
{
	static struct owner owner;
	_Atomic bool over = false;
	struct visitor visitors[VISITORS];
	pthread_t threads[VISITORS];
	(void)state;

	owner_add(&owner, json_object_to_json_string(version_document(1)));
	for (int i = 0; i < VISITORS; i++) {
		visitors[i] = (struct visitor){.owner = &owner, .number = i, .over = &over};
		assert_int_equal(pthread_create(&threads[i], NULL, visitor_run, &visitors[i]), 0);
	}
	for (int version = 2; version <= VERSIONS; version++)
		assert_int_equal(change(&owner, save_and_publish, version_document(version)), OK);
	over = true;
	for (int i = 0; i < VISITORS; i++)
		pthread_join(threads[i], NULL);
	assert_string_equal(sql("select version from flow where id = '%s'", owner.flow), arena_printf(&setup.arena, "%d", VERSIONS));
	/* Several versions were met, and every session's decision is of its own. */
	assert_string_equal(sql("select count(distinct s.flow_version) > 1 and bool_and(d.choice = s.flow_version %% 12 + 1) from decision d "
		"join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id where d.org_id = '%s'", owner.tenant.org_id), "t");
}

/* --- times --- */

static int starts(struct owner *owner)
{
	struct caller caller;
	int status;

	caller_open(&caller);
	status = client_post(&caller, START, owner->tenant.live.key, "{\"userId\":\"u\"}");
	caller_close(&caller);
	return status;
}

static int flow_read(struct owner *owner)
{
	struct caller caller;
	int status;

	caller_open(&caller);
	status = client_get(&caller, arena_printf(&setup.arena, "/api/v1/widget/flow/%s", owner->flow), owner->tenant.live.key);
	caller_close(&caller);
	return status;
}

#define HOUR_US INT64_C(3600000000)

/* From the second on that its owner chose, however long the list of flows is kept. */
static void shown_in_its_time(void **state)
{
	static struct owner owner;
	char from[CLOCK_TEXT], until[CLOCK_TEXT];
	(void)state;

	owner_add(&owner, "{\"name\":\"F\",\"language\":\"en\",\"steps\":[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\"}]}");
	assert_int_equal(starts(&owner), 200);
	assert_int_equal(flow_read(&owner), 200);
	clock_format(clock_wall_us() + HOUR_US, from);
	clock_format(clock_wall_us() + 2 * HOUR_US, until);
	assert_int_equal(change(&owner, activate, (const char *[]){from, until}), OK);
	static const struct { int minutes, status; } rows[] = {{0, 404}, {59, 404}, {61, 200}, {119, 200}, {121, 404}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		clock_shift(rows[i].minutes * HOUR_US / 60);
		assert_int_equal(starts(&owner), rows[i].status);
		assert_int_equal(flow_read(&owner), rows[i].status);
	}
	assert_int_equal(change(&owner, activate, (const char *[]){NULL, NULL}), OK);
	assert_int_equal(starts(&owner), 200);
	assert_int_equal(flow_read(&owner), 200);
	clock_shift(0); /* last: to the limits of this key the past is over */
}

/* What every customer loads, by the documents' budget. */
static void small_on_its_way(void **state)
{
	static struct owner owner;
	struct caller caller;
	unsigned char packed[BUDGET_FLOW_COMPRESSED];
	uLongf bytes = sizeof packed;
	(void)state;

	owner_add(&owner, "{\"name\":\"F\",\"language\":\"en\",\"steps\":" EVERY_STEP "}");
	caller_open(&caller);
	client_get(&caller, arena_printf(&setup.arena, "/api/v1/widget/flow/%s", owner.flow), owner.tenant.live.key);
	assert_status(&caller, 200);
	if (compress2(packed, &bytes, (const unsigned char *)caller.rep.body.data, caller.rep.body.length, 6) != Z_OK)
		fail_msg("a flow of %zu bytes takes more than %d compressed", caller.rep.body.length, BUDGET_FLOW_COMPRESSED);
	caller_close(&caller);
}

/* --- languages --- */

static void shown_in_the_customers_language(void **state)
{
	static const struct { const char *wish, *language, *title, *option; } ROWS[] = {
		{"de-AT", "de", "Warum?", "a"}, {"en", "en", "Why?", "x"}, {"fr", "en", "Why?", "x"}, {"ar", "ar", "لماذا؟", "س"}};
	static struct owner owner;
	struct caller caller;
	(void)state;

	owner_add(&owner, "{\"name\":\"F\",\"language\":\"en\",\"steps\":[{\"type\":\"survey\",\"title\":\"Why?\",\"message\":\"M\",\"config\":{\"options\":["
		"{\"code\":\"unused\",\"text\":\"x\"}]},\"translations\":{\"de\":{\"title\":\"Warum?\",\"message\":\"N\",\"options\":{\"unused\":\"a\"}},"
		"\"fr\":{\"title\":\"Pourquoi ?\"},\"ar\":{\"title\":\"لماذا؟\",\"message\":\"م\",\"options\":{\"unused\":\"س\"}}}}]}");
	assert_string_equal(sql("select languages from flow where id = '%s'", owner.flow), "{en,ar,de}");
	caller_open(&caller);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct json_object *step, *option;

		client_post(&caller, START, owner.tenant.live.key, arena_printf(&setup.arena, "{\"userId\":\"u\",\"language\":\"%s\"}", ROWS[i].wish));
		assert_status(&caller, 200);
		assert_string_equal(client_text(&caller, "language"), ROWS[i].language);
		step = json_object_array_get_idx(member(caller.reply, "steps"), 0);
		assert_string_equal(json_text(step, "title", ""), ROWS[i].title);
		option = json_object_array_get_idx(member(member(step, "config"), "options"), 0);
		assert_string_equal(json_text(option, "text", ""), ROWS[i].option);
		assert_false(json_object_object_get_ex(step, "translations", NULL));
	}
	client_get(&caller, arena_printf(&setup.arena, "/api/v1/widget/flow/%s", owner.flow), owner.tenant.live.key);
	assert_null(strstr(caller.rep.body.data, "translations"));
	caller_close(&caller);
}

/* --- branches --- */

#define WHEN_ANSWER(op, value) "{\"fact\":\"answer\",\"op\":\"" op "\",\"value\":" value "}"

static const char BRANCHES[] = "{\"name\":\"F\",\"language\":\"en\",\"steps\":["
	"{\"type\":\"survey\",\"title\":\"S\",\"message\":\"M\",\"config\":{\"options\":[{\"code\":\"unused\",\"text\":\"x\"},{\"code\":\"other\",\"text\":\"y\"}]}},"
	"{\"type\":\"pause\",\"title\":\"P\",\"message\":\"M\",\"config\":{\"months\":[1]},\"when\":" WHEN_ANSWER("is", "\"unused\"") "},"
	"{\"type\":\"discount\",\"title\":\"D\",\"message\":\"M\",\"config\":{\"percentage\":20,\"duration\":\"once\"},\"when\":{\"all\":["
	WHEN_ANSWER("is_not", "\"unused\"") ",{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"pro\"}]}},"
	"{\"type\":\"downgrade\",\"title\":\"G\",\"message\":\"M\",\"when\":{\"fact\":\"value\",\"op\":\"at_least\",\"value\":5000}},"
	"{\"type\":\"confirm\",\"title\":\"C\",\"message\":\"M\"}]}";

/* Titles of the steps in their order, each with what is left of its condition. */
static const char *shown(const struct caller *caller)
{
	struct json_object *steps = member(caller->reply, "steps");
	const char *text = "";

	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i), *when = NULL;

		json_object_object_get_ex(step, "when", &when);
		text = arena_printf(&setup.arena, "%s%s%s", text, json_text(step, "title", ""), when ? "?" : "");
	}
	return text;
}

/* The server drops what cannot be; a decision is judged by what its session was shown and by the answer. */
static void branches(void **state)
{
	static const struct { const char *customer, *shown; } STARTS[] = {
		{"\"plan\":\"pro\",\"subscriptionValue\":4900", "SP?D?C"}, {"\"plan\":\"free\",\"subscriptionValue\":4900", "SP?C"},
		{"\"plan\":\"free\",\"subscriptionValue\":9000", "SP?GC"}};
	static const struct { const char *start, *decision; int status; const char *field; } ROWS[] = {
		{"pro", "\"outcome\":\"accepted\",\"step\":1,\"choice\":1,\"reasonCode\":\"unused\",\"path\":[{\"step\":0,\"answer\":\"answered\"},"
			"{\"step\":1,\"answer\":\"accepted\"}]", 200, ""},
		{"pro", "\"outcome\":\"accepted\",\"step\":2,\"reasonCode\":\"other\"", 200, ""},
		{"pro", "\"outcome\":\"accepted\",\"step\":2", 200, ""},
		{"pro", "\"outcome\":\"accepted\",\"step\":2,\"reasonCode\":\"unused\"", 422, "step"},
		{"pro", "\"outcome\":\"accepted\",\"step\":1,\"choice\":1,\"reasonCode\":\"other\"", 422, "step"},
		{"pro", "\"outcome\":\"accepted\",\"step\":1,\"choice\":1", 422, "step"},
		{"free", "\"outcome\":\"accepted\",\"step\":2,\"reasonCode\":\"other\"", 422, "step"},
		{"pro", "\"outcome\":\"accepted\",\"step\":3", 422, "step"},
		{"pro", "\"outcome\":\"declined\",\"reasonCode\":\"other\",\"path\":[{\"step\":0,\"answer\":\"answered\"},{\"step\":2,\"answer\":\"declined\"},"
			"{\"step\":4,\"answer\":\"answered\"}]", 200, ""},
		{"pro", "\"outcome\":\"declined\",\"reasonCode\":\"other\",\"path\":[{\"step\":0,\"answer\":\"answered\"},{\"step\":1,\"answer\":\"declined\"}]", 422,
			"path[1]"},
		{"free", "\"outcome\":\"cancelled\",\"path\":[{\"step\":0,\"answer\":\"shown\"},{\"step\":2,\"answer\":\"shown\"}]", 422, "path[1]"}};
	static struct owner owner;
	struct caller starting, deciding;
	(void)state;

	owner_add(&owner, BRANCHES);
	caller_open(&starting);
	caller_open(&deciding);
	for (size_t i = 0; i < sizeof STARTS / sizeof *STARTS; i++) {
		client_post(&starting, START, owner.tenant.live.key, arena_printf(&setup.arena, "{\"userId\":\"s%zu\",%s}", i, STARTS[i].customer));
		assert_status(&starting, 200);
		assert_string_equal(shown(&starting), STARTS[i].shown);
	}
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		client_post(&starting, START, owner.tenant.live.key,
			arena_printf(&setup.arena, "{\"userId\":\"d%zu\",\"plan\":\"%s\",\"subscriptionValue\":4900}", i, ROWS[i].start));
		client_post(&deciding, DECISION, owner.tenant.live.key,
			arena_printf(&setup.arena, "{\"session\":\"%s\",%s}", client_text(&starting, "session"), ROWS[i].decision));
		if (deciding.rep.status != ROWS[i].status || strcmp(client_text(&deciding, "field"), ROWS[i].field))
			fail_msg("%s: %d %s", ROWS[i].decision, deciding.rep.status, deciding.rep.body.data);
	}
	/* A smaller plan without a price is for a person to carry out. */
	client_post(&starting, START, owner.tenant.live.key, "{\"userId\":\"g\",\"subscriptionValue\":9000,\"stripeSubscriptionId\":\"sub_1\"}");
	client_post(&deciding, DECISION, owner.tenant.live.key,
		arena_printf(&setup.arena, "{\"session\":\"%s\",\"outcome\":\"accepted\",\"step\":3}", client_text(&starting, "session")));
	assert_status(&deciding, 200);
	assert_string_equal(client_text(&deciding, "status"), "manual");
	assert_string_equal(client_text(&deciding, "reason"), "the step names no price");
	caller_close(&starting);
	caller_close(&deciding);
}

static const char *file_read(struct ctx *ctx, const char *path)
{
	FILE *file = fopen(path, "r");
	char text[16384];
	size_t bytes;

	assert_non_null(file);
	bytes = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	return arena_memdup(&ctx->arena, text, bytes);
}

/* The same table as the browser's: tests/browser/branching.test.mjs. */
static void judges_as_the_widget_does(void **state)
{
	static const char *const answers[] = {"too_expensive", "unused", "other", NULL};
	struct json_object *cases;
	(void)state;

	cases = read_json(&setup, file_read(&setup, arena_printf(&setup.arena, "%s/tests/browser/when.json", getenv("STOA_ROOT"))));
	assert_true(json_object_array_length(cases) > 10);
	for (size_t i = 0; i < json_object_array_length(cases); i++) {
		struct json_object *row = json_object_array_get_idx(cases, i), *when = member(row, "when"), *holds = member(row, "holds"), *rest, *step;

		assert_int_equal(condition_check(&setup, when, "when", CONDITION_STEP), OK);
		assert_int_equal(condition_reduce(&setup, when, &(struct facts){.tenure_days = -1}, &rest), TRUTH_OPEN);
		step = json_own(&setup, json_object_new_object());
		json_object_object_add(step, "when", json_object_get(rest));
		for (size_t at = 0; at < 4; at++) {
			const struct facts facts = {.tenure_days = -1, .answered = true, .answer = answers[at]};
			bool expected = false;

			for (size_t held = 0; held < json_object_array_length(holds); held++) {
				const char *answer = json_object_get_string(json_object_array_get_idx(holds, held));

				expected |= answer && answers[at] ? strcmp(answer, answers[at]) == 0 : !answer == !answers[at];
			}
			if ((condition_reduce(&setup, when, &facts, NULL) == TRUTH_TRUE) != expected || flow_step_fits(&setup, step, answers[at]) != expected)
				fail_msg("%s: %s", json_object_to_json_string(when), answers[at] ? answers[at] : "skipped");
		}
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(sessions_finish_as_they_began),
		cmocka_unit_test(shown_in_its_time),
		cmocka_unit_test(small_on_its_way),
		cmocka_unit_test(shown_in_the_customers_language),
		cmocka_unit_test(branches),
		cmocka_unit_test(judges_as_the_widget_does)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
