/* The owner's family through the dispatcher, against a real database and a stand-in for Stripe's account. */
#include "config.h"

#include "tests/lib/answer.h"
#include "tests/widget/client.h"

#include "retention/family.h"
#include "who/secret.h"

#define FLOWS "/api/v1/retention/flows"
#define FLOW "{\"name\":\"Flow\",\"language\":\"en\",\"steps\":" EVERY_STEP "}"

static struct house house;
static struct tenant tenant, other;
static char analyst[WHO_TOKEN_TEXT], admin[WHO_TOKEN_TEXT];

static void person_add(const char *email, enum role role, char access[WHO_TOKEN_TEXT])
{
	struct session_tokens tokens;
	char account_id[ID_TEXT];
	struct lease lease;

	id_new(account_id);
	sql("with a as (insert into account (id, email, password_hash) values ('%s', '%s', 'x') returning id) insert into membership (org_id, "
		"account_id, role) select '%s', id, '%s' from a", account_id, email, tenant.org_id, role_text(role));
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(session_start(&setup, &lease, tenant.org_id, account_id, role, &(struct client){0}, &tokens), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	snprintf(access, WHO_TOKEN_TEXT, "%s", tokens.access);
}

static int open_house(void **state)
{
	char message[256];
	(void)state;

	stripe_open();
	serve_conf();
	conf_add(IDENTITY_CONF);
	setenv("STOA_STRIPE_TRIES", "1", 1);
	setenv("STOA_NET_BREAKER_FAILURES", "1000", 1);
	setting("STOA_WEB_ANONYMOUS_PER_MINUTE", "0");
	log_open("retention_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_RETENTION, message))
		fail_msg("%s", message);
	house.cache = cache_open(message);
	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	person_add("ann@example.com", ROLE_ANALYST, analyst);
	person_add("adam@example.com", ROLE_ADMIN, admin);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	cache_close(house.cache);
	serve_close();
	shutdown(stripe.socket, SHUT_RDWR);
	pthread_join(stripe.thread, NULL);
	close(stripe.socket);
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static int person_send(struct caller *caller, const char *method, const char *target, const char *token, const char *body)
{
	return client_send(caller, method, target, NULL, body, body ? strlen(body) : 0,
		(const char *const[]){"Authorization", arena_printf(&setup.arena, "Bearer %s", token), NULL});
}

static struct json_object *data_of(const struct caller *caller)
{
	struct json_object *data = NULL;

	assert_true(json_object_object_get_ex(caller->reply, "data", &data));
	return data;
}

static int matched(struct caller *caller, const char *method, const char *target, const char *key, const char *body, const char *revision)
{
	return client_send(caller, method, target, key, body, body ? strlen(body) : 0, (const char *const[]){"If-Match", revision, NULL});
}

static int flow_put(struct caller *caller, const char *target, const char *key, const char *body, const char *revision)
{
	return matched(caller, "PUT", target, key, body, revision);
}

static int flow_do(struct caller *caller, const char *target, const char *what, const char *body)
{
	return client_send(caller, "POST", arena_printf(&setup.arena, "%s/%s", target, what), tenant.server.key, body, body ? strlen(body) : 0, NULL);
}

static const char *flow_made(struct caller *caller, const char *body)
{
	client_post(caller, FLOWS, tenant.server.key, body);
	assert_status(caller, 201);
	return arena_strdup(&setup.arena, client_value(caller, "Location"));
}

static const char *member(const struct caller *caller, const char *name)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(data_of(caller), name, &value);
	return value ? json_object_get_string(value) : "";
}

/* "status state version revision changed" */
static void assert_flow(struct caller *caller, const char *expected)
{
	const char *is = arena_printf(&setup.arena, "%s %s %s %s %s", member(caller, "status"), member(caller, "state"), member(caller, "version"),
		member(caller, "revision"), member(caller, "changed"));

	assert_status(caller, 200);
	assert_string_equal(is, expected);
	assert_string_equal(client_value(caller, "ETag"), arena_printf(&setup.arena, "\"%s\"", member(caller, "revision")));
}

#define TWO "{\"name\":\"Two\",\"language\":\"de\",\"segment\":\"high\",\"plan\":\"pro\",\"region\":\"eu\",\"rankingScore\":7," \
	"\"cancelAt\":\"stripe\",\"steps\":[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\"}]}"

/* A draft changes as it is saved; what customers see changes as it is published. */
static void flows_live(void **state)
{
	struct caller caller;
	const char *id, *target;
	(void)state;

	caller_open(&caller);
	target = flow_made(&caller, FLOW);
	id = target + strlen(FLOWS "/");
	assert_string_equal(client_value(&caller, "ETag"), "\"1\"");
	client_get(&caller, target, tenant.server.key);
	assert_flow(&caller, "draft draft 0 1 true");
	flow_do(&caller, target, "activate", NULL);
	assert_problem(&caller, 409, "conflict", "");

	flow_put(&caller, target, tenant.server.key, TWO, "\"1\"");
	assert_flow(&caller, "draft draft 0 2 true");
	assert_string_equal(sql("select name || version from flow where id = '%s'", id), "Two0");
	/* The same once more changes nothing. */
	flow_put(&caller, target, tenant.server.key, TWO, "W/\"2\"");
	assert_flow(&caller, "draft draft 0 2 true");
	flow_put(&caller, target, tenant.server.key, FLOW, "\"1\"");
	assert_problem(&caller, 412, "precondition-failed", "");
	assert_string_equal(client_text(&caller, "detail"), "The draft is at revision 2, saved by an API key: read it again");
	flow_put(&caller, target, tenant.server.key, FLOW, "\"x\"");
	assert_problem(&caller, 412, "precondition-failed", "If-Match");
	client_send(&caller, "PUT", target, tenant.server.key, FLOW, strlen(FLOW), NULL);
	assert_status(&caller, 400);

	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, NULL, "\"2\"");
	assert_flow(&caller, "inactive inactive 1 2 false");
	assert_string_equal(sql("select concat_ws('|', name, language, segment, plan, region, ranking_score, cancel_at, version, languages::text) "
		"from flow where id = '%s'", id), "Two|de|high|pro|eu|7|stripe|1|{de}");
	flow_do(&caller, target, "activate", NULL);
	assert_flow(&caller, "active active 1 2 false");
	flow_put(&caller, target, tenant.server.key, FLOW, "\"2\"");
	assert_flow(&caller, "active active 1 3 true");
	assert_string_equal(sql("select name || version from flow where id = '%s'", id), "Two1");
	/* Publishing twice makes one version; what was published stays what it was. */
	for (int i = 0; i < 2; i++) {
		matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, "{\"activate\":true}", "\"3\"");
		assert_flow(&caller, "active active 2 3 false");
	}
	assert_string_equal(sql("select string_agg(jsonb_array_length(steps)::text, ',' order by version) from flow_version where flow_id = '%s'", id),
		"1,8");
	flow_do(&caller, target, "deactivate", NULL);
	assert_flow(&caller, "inactive inactive 2 3 false");
	assert_string_equal(sql("select string_agg(action, ',' order by id) from audit_log where entity_id = '%s'", id),
		"flow.create,flow.publish,flow.activate,flow.publish,flow.deactivate");
	assert_string_equal(sql("select string_agg(type, ',' order by id) from event where entity_id = '%s'", id),
		"flow.created,flow.published,flow.changed,flow.published,flow.changed");
	caller_close(&caller);
}

/* Its history, and the way back. */
static void flows_versions(void **state)
{
	struct caller caller;
	struct json_object *flow, *row;
	const char *target;
	(void)state;

	caller_open(&caller);
	target = flow_made(&caller, FLOW);
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, NULL, "1");
	flow_put(&caller, target, tenant.server.key, TWO, "1");
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, NULL, "2");
	assert_flow(&caller, "inactive inactive 2 2 false");

	client_get(&caller, arena_printf(&setup.arena, "%s/versions", target), tenant.server.key);
	assert_status(&caller, 200);
	assert_int_equal(json_object_array_length(data_of(&caller)), 2);
	row = json_object_array_get_idx(data_of(&caller), 0);
	assert_int_equal(json_int(row, "version", 0), 2);
	assert_string_equal(json_text(row, "name", ""), "Two");
	assert_int_equal(json_int(row, "steps", 0), 1);
	client_get(&caller, arena_printf(&setup.arena, "%s/versions?limit=1", target), tenant.server.key);
	assert_int_equal(json_object_array_length(data_of(&caller)), 1);

	client_get(&caller, arena_printf(&setup.arena, "%s/versions/1", target), tenant.server.key);
	assert_status(&caller, 200);
	assert_true(json_object_object_get_ex(data_of(&caller), "flow", &flow));
	assert_string_equal(json_text(flow, "name", ""), "Flow");
	client_get(&caller, arena_printf(&setup.arena, "%s/versions/3", target), tenant.server.key);
	assert_problem(&caller, 404, "not-found", "");
	client_get(&caller, arena_printf(&setup.arena, "%s/versions/1", target), other.server.key);
	assert_problem(&caller, 404, "not-found", "");
	client_get(&caller, arena_printf(&setup.arena, "%s/versions", target), other.server.key);
	assert_problem(&caller, 404, "not-found", "");

	matched(&caller, "POST", arena_printf(&setup.arena, "%s/versions/1/restore", target), tenant.server.key, NULL, "1");
	assert_problem(&caller, 412, "precondition-failed", "");
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/versions/1/restore", target), tenant.server.key, NULL, "2");
	assert_flow(&caller, "inactive inactive 2 3 true");
	assert_true(json_object_object_get_ex(data_of(&caller), "draft", &flow));
	assert_string_equal(json_text(flow, "name", ""), "Flow");
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/versions/9/restore", target), tenant.server.key, NULL, "3");
	assert_problem(&caller, 404, "not-found", "");
	caller_close(&caller);
}

/* A draft may be incomplete; what customers see may not. */
static void flows_drafts(void **state)
{
	struct caller caller;
	struct json_object *review, *errors;
	const char *target;
	(void)state;

	caller_open(&caller);
	target = flow_made(&caller, "{\"name\":\"Half\",\"language\":\"en\",\"steps\":[{\"type\":\"discount\",\"config\":{\"percentage\":0}},"
		"{\"type\":\"downgrade\",\"title\":\"T\",\"message\":\"M\"}]}");
	assert_true(json_object_object_get_ex(data_of(&caller), "review", &review));
	assert_true(json_object_object_get_ex(review, "errors", &errors));
	assert_int_equal(json_object_array_length(errors), 4); /* title, message, percentage, duration */
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, NULL, "1");
	assert_problem(&caller, 422, "invalid", "steps[0].title");
	assert_string_equal(client_text(&caller, "detail"), "steps[0].title is missing (and 3 more)");
	client_get(&caller, target, tenant.server.key);
	assert_flow(&caller, "draft draft 0 1 true");
	client_get(&caller, FLOWS "?status=draft&limit=1", tenant.server.key);
	review = json_object_array_get_idx(data_of(&caller), 0);
	assert_int_equal(json_int(review, "errors", 0), 4);
	assert_int_equal(json_int(review, "warnings", 0), 3); /* plan, price, no confirm step */
	caller_close(&caller);
}

static void flows_archive(void **state)
{
	struct caller caller;
	const char *target, *copy;
	(void)state;

	caller_open(&caller);
	target = flow_made(&caller, FLOW);
	flow_do(&caller, target, "duplicate", NULL);
	assert_status(&caller, 201);
	copy = arena_strdup(&setup.arena, client_value(&caller, "Location"));
	assert_string_not_equal(copy, target);
	assert_string_equal(member(&caller, "name"), "Flow (copy)");
	client_send(&caller, "DELETE", copy, other.server.key, NULL, 0, NULL);
	assert_problem(&caller, 404, "not-found", "");
	assert_int_equal(client_send(&caller, "DELETE", copy, tenant.server.key, NULL, 0, NULL), 204);
	assert_int_equal(client_get(&caller, copy, tenant.server.key), 404);

	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, "{\"activate\":true}", "1");
	assert_flow(&caller, "active active 1 1 false");
	client_send(&caller, "DELETE", target, tenant.server.key, NULL, 0, NULL);
	assert_problem(&caller, 409, "conflict", "");
	flow_do(&caller, target, "unarchive", NULL);
	assert_problem(&caller, 409, "conflict", "");
	flow_do(&caller, target, "archive", NULL);
	assert_flow(&caller, "archived archived 1 1 false");
	flow_put(&caller, target, tenant.server.key, TWO, "1");
	assert_problem(&caller, 409, "conflict", "");
	flow_do(&caller, target, "activate", NULL);
	assert_problem(&caller, 409, "conflict", "");
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, NULL, "1");
	assert_problem(&caller, 409, "conflict", "");
	flow_do(&caller, target, "unarchive", NULL);
	assert_flow(&caller, "inactive inactive 1 1 false");
	caller_close(&caller);
}

static void flows_schedule(void **state)
{
	static const struct { const char *body, *field; } bad[] = {
		{"{\"from\":\"2126-01-01 00:00:00Z\"}", "from"}, {"{\"from\":\"2126-02-30T00:00:00Z\"}", "from"},
		{"{\"until\":\"2020-01-01T00:00:00Z\"}", "until"}, {"{\"from\":\"2126-01-02T00:00:00Z\",\"until\":\"2126-01-01T00:00:00Z\"}", "until"}};
	struct caller caller;
	const char *target;
	(void)state;

	caller_open(&caller);
	target = flow_made(&caller, FLOW);
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, NULL, "1");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		flow_do(&caller, target, "activate", bad[i].body);
		assert_problem(&caller, 422, "invalid", bad[i].field);
	}
	flow_do(&caller, target, "activate", "{\"from\":\"2126-01-01T00:00:00+01:00\",\"until\":\"2126-01-01T00:00:00Z\"}");
	assert_flow(&caller, "active scheduled 1 1 false");
	assert_string_equal(member(&caller, "active_from"), "2125-12-31T23:00:00Z");
	sql("update flow set active_from = now() - interval '2 days', active_until = now() - interval '1 day' where id = '%s'", target + strlen(FLOWS "/"));
	client_get(&caller, target, tenant.server.key);
	assert_flow(&caller, "active ended 1 1 false");
	/* Publishing keeps the times; activating sets them anew. */
	flow_put(&caller, target, tenant.server.key, TWO, "1");
	matched(&caller, "POST", arena_printf(&setup.arena, "%s/publish", target), tenant.server.key, NULL, "2");
	assert_flow(&caller, "active ended 2 2 false");
	flow_do(&caller, target, "activate", NULL);
	assert_flow(&caller, "active active 2 2 false");
	caller_close(&caller);
}

static void flows_refuse(void **state)
{
	static const struct { const char *body; int status; const char *field; } ROWS[] = {
		{"{}", 400, "name"}, {"{\"name\":\"\",\"language\":\"en\",\"steps\":[]}", 422, "name"},
		{"{\"name\":\"F\",\"language\":\"e\",\"steps\":" EVERY_STEP "}", 422, "language"},
		{"{\"name\":\"F\",\"language\":\"en\",\"steps\":{}}", 201, ""},
		{"{\"name\":\"F\",\"language\":\"en\",\"steps\":{\"a\":1}}", 422, "steps"},
		{"{\"name\":\"F\",\"language\":\"en\",\"steps\":[{\"type\":\"pause\",\"config\":{\"months\":[\"1\"]}}]}", 422, "steps[0].config.months"},
		{"{\"name\":\"F\",\"language\":\"en\",\"segment\":\"vast\",\"steps\":" EVERY_STEP "}", 422, "segment"},
		{"{\"name\":\"F\",\"language\":\"en\",\"rankingScore\":101,\"steps\":" EVERY_STEP "}", 422, "rankingScore"},
		{"{\"name\":\"F\",\"language\":\"en\",\"status\":\"active\",\"steps\":" EVERY_STEP "}", 400, "status"}};
	struct caller caller;
	const char *id;
	(void)state;

	caller_open(&caller);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		client_post(&caller, FLOWS, tenant.server.key, ROWS[i].body);
		assert_status(&caller, ROWS[i].status);
		assert_string_equal(client_text(&caller, "field"), ROWS[i].field);
	}
	/* Who may. */
	assert_int_equal(client_post(&caller, FLOWS, NULL, FLOW), 401);
	assert_int_equal(client_post(&caller, FLOWS, tenant.live.key, FLOW), 403);
	assert_int_equal(person_send(&caller, "POST", FLOWS, analyst, FLOW), 403);
	assert_int_equal(person_send(&caller, "POST", FLOWS, admin, FLOW), 201);
	id = arena_strdup(&setup.arena, json_text(data_of(&caller), "id", ""));
	assert_string_equal(member(&caller, "changed_by"), "adam@example.com");
	assert_string_equal(sql("select actor_kind || (actor_id = (select id::text from account where email = 'adam@example.com')) from audit_log "
		"where entity_id = '%s'", id), "sessiontrue");
	/* Whoever comes too late hears who was first. */
	flow_put(&caller, arena_printf(&setup.arena, FLOWS "/%s", id), tenant.server.key, TWO, "7");
	assert_string_equal(client_text(&caller, "detail"), "The draft is at revision 1, saved by adam@example.com: read it again");
	/* Another organisation's flow is not there. */
	assert_int_equal(client_get(&caller, arena_printf(&setup.arena, FLOWS "/%s", id), other.server.key), 404);
	assert_int_equal(flow_put(&caller, arena_printf(&setup.arena, FLOWS "/%s", id), other.server.key, FLOW, "\"1\""), 404);
	assert_int_equal(client_send(&caller, "POST", arena_printf(&setup.arena, FLOWS "/%s/activate", id), other.server.key, NULL, 0, NULL), 404);
	assert_string_equal(sql("select status || version from flow where id = '%s'", id), "draft0");
	caller_close(&caller);
}

#define EDITORS 4
#define EDITS 12

/* Reads, adds a step of its own and saves, again and again: what others saved meanwhile is never overwritten. */
static void *flow_editor(void *argument)
{
	const char *const *given = argument;
	struct caller caller;
	struct ctx ctx;

	ctx_init(&ctx);
	caller_open(&caller);
	for (int done = 0; done < EDITS / EDITORS;) {
		struct json_object *draft = NULL, *steps = NULL, *step = json_object_new_object();
		const char *etag, *body;

		assert_int_equal(client_get(&caller, given[0], tenant.server.key), 200);
		json_object_object_get_ex(data_of(&caller), "draft", &draft);
		json_object_object_get_ex(draft, "steps", &steps);
		json_object_object_add(step, "type", json_object_new_string("extension"));
		json_object_object_add(step, "title", json_object_new_string(arena_printf(&ctx.arena, "%s%d", given[1], done)));
		json_object_array_add(steps, step);
		body = arena_strdup(&ctx.arena, json_object_to_json_string_ext(draft, JSON_C_TO_STRING_PLAIN));
		etag = arena_strdup(&ctx.arena, client_value(&caller, "ETag"));
		if (flow_put(&caller, given[0], tenant.server.key, body, etag) == 200)
			done++;
		else
			assert_problem(&caller, 412, "precondition-failed", "");
	}
	caller_close(&caller);
	ctx_free(&ctx);
	return NULL;
}

/* Several people edit one flow, and every edit is there at the end (issue 4, Must show 5). */
static void nobodys_work_is_lost(void **state)
{
	static const char *const names[EDITORS] = {"a", "b", "c", "d"};
	const char *given[EDITORS][2], *target;
	pthread_t threads[EDITORS];
	struct caller caller;
	(void)state;

	caller_open(&caller);
	target = flow_made(&caller, TWO);
	for (int i = 0; i < EDITORS; i++) {
		given[i][0] = target;
		given[i][1] = names[i];
		assert_int_equal(pthread_create(&threads[i], NULL, flow_editor, given[i]), 0);
	}
	for (int i = 0; i < EDITORS; i++)
		pthread_join(threads[i], NULL);
	client_get(&caller, target, tenant.server.key);
	assert_flow(&caller, "draft draft 0 13 true");
	assert_string_equal(sql("select string_agg(s ->> 'title', '' order by s ->> 'title') from flow_draft, jsonb_array_elements(document -> 'steps') s "
		"where flow_id = '%s'", target + strlen(FLOWS "/")), "Ta0a1a2b0b1b2c0c1c2d0d1d2");
	caller_close(&caller);
}

/* Pages of a list, each row once. */
static void flows_page(void **state)
{
	struct caller caller;
	char target[512] = FLOWS "?limit=2";
	struct tenant owner;
	int rows = 0, pages = 0;
	(void)state;

	tenant_add(&setup, pool, &owner);
	for (int i = 0; i < 5; i++)
		flow_add(&setup, pool, owner.org_id, "en", ANYBODY, EVERY_STEP);
	caller_open(&caller);
	for (const char *next = target; next && pages < 9; pages++) {
		struct json_object *meta = NULL;

		client_get(&caller, target, owner.server.key);
		assert_status(&caller, 200);
		rows += (int)json_object_array_length(data_of(&caller));
		assert_true(json_object_object_get_ex(caller.reply, "meta", &meta));
		next = json_text(meta, "next", NULL);
		if (next)
			snprintf(target, sizeof target, FLOWS "?limit=2&cursor=%s", next);
	}
	assert_int_equal(rows, 5);
	assert_int_equal(pages, 3);
	assert_int_equal(client_get(&caller, FLOWS "?cursor=nonsense", owner.server.key), 400);
	assert_int_equal(client_get(&caller, FLOWS "?limit=0", owner.server.key), 422);
	assert_int_equal(client_get(&caller, FLOWS "?limit=101", owner.server.key), 422);
	caller_close(&caller);
}

#define SESSIONS "/api/v1/retention/sessions"
#define DECISIONS "/api/v1/retention/decisions"

/* Sessions numbered 1 to count of one mode, the last one newest. */
static void sessions_add(const char *org_id, bool live, int count)
{
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, value_minor, currency, signed, flow_id, "
		"flow_version, step_order) select '%s', %s, ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '%s', 'c' || n, 'en', 'low', 4900, "
		"'usd', false, '%s', 1, '0' from generate_series(1, %d) n", org_id, live ? "true" : "false", org_id, org_id, count);
}

static void sessions_read(void **state)
{
	struct caller caller;
	struct tenant owner;
	struct json_object *first;
	(void)state;

	tenant_add(&setup, pool, &owner);
	sessions_add(owner.org_id, true, 25);
	sessions_add(owner.org_id, false, 3);
	caller_open(&caller);
	client_get(&caller, SESSIONS "?limit=20", owner.server.key);
	assert_status(&caller, 200);
	assert_int_equal(json_object_array_length(data_of(&caller)), 20);
	first = json_object_array_get_idx(data_of(&caller), 0);
	assert_string_equal(json_text(first, "customer_ref", ""), "c25");
	assert_int_equal(json_object_object_length(first), 11);
	client_get(&caller, SESSIONS, owner.server_test.key);
	assert_int_equal(json_object_array_length(data_of(&caller)), 3);
	/* A key sees its own mode only. */
	client_get(&caller, SESSIONS "?live=true", owner.server_test.key);
	assert_problem(&caller, 403, "forbidden", "live");
	client_get(&caller, SESSIONS "?live=false", owner.server.key);
	assert_problem(&caller, 403, "forbidden", "live");
	client_get(&caller, SESSIONS "/01900000-0000-7000-8000-000000000025", owner.server.key);
	assert_status(&caller, 200);
	assert_string_equal(json_text(data_of(&caller), "customer_ref", ""), "c25");
	client_get(&caller, SESSIONS "/01900000-0000-7000-8000-000000000025", owner.server_test.key);
	assert_problem(&caller, 404, "not-found", "");
	client_get(&caller, SESSIONS "/01900000-0000-7000-8000-000000000025", other.server.key);
	assert_problem(&caller, 404, "not-found", "");
	/* One statement a read. */
	client_get(&caller, SESSIONS "?limit=20", owner.server.key);
	assert_int_equal(caller.req.ctx.queries, 1);
	client_get(&caller, SESSIONS "/01900000-0000-7000-8000-000000000025", owner.server.key);
	assert_int_equal(caller.req.ctx.queries, 1);
	caller_close(&caller);
}

/* Decisions of the tenant that has people: 2 shown offers, figures worked out by hand. */
static void decisions_are_listed(void **state)
{
	struct caller caller;
	struct json_object *row;
	(void)state;

	sessions_add(tenant.org_id, true, 8);
	sql("insert into decision (org_id, live, session_id, outcome, offer_type, reason_code, reason_text, feedback, request_hash, status, value_minor, "
		"saved_minor, currency, decided_at) select '%s', true, ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, outcome, offer, 'unused', "
		"'my words', 'more words', 'x', status, 4900, saved, currency, now() - age from (values "
		"(1, 'accepted', 'discount', 'applied', 980, 'usd', interval '1 day'), (2, 'accepted', 'pause', 'applied', 4900, 'usd', interval '2 days'), "
		"(3, 'accepted', 'support', 'recorded', 100, 'eur', interval '1 day'), (4, 'accepted', 'pause', 'pending', 0, 'usd', interval '1 day'), "
		"(5, 'accepted', 'pause', 'manual', 0, 'usd', interval '1 day'), (6, 'declined', null, 'recorded', 0, 'usd', interval '1 day'), "
		"(7, 'cancelled', null, 'recorded', 0, null, interval '1 day'), (8, 'dismissed', null, 'recorded', 0, 'usd', interval '40 days')) "
		"as t (n, outcome, offer, status, saved, currency, age)", tenant.org_id);
	sql("insert into offer_event (org_id, live, session_id, step, offer_type, answer) select '%s', true, session_id, s, 'pause', 'shown' "
		"from decision, generate_series(1, 2) s where org_id = '%s' and outcome = 'accepted'", tenant.org_id, tenant.org_id);
	caller_open(&caller);
	/* A customer's own words are not for analysts; the reason is. */
	static const struct { const char *token; bool words; } READERS[] = {{analyst, false}, {admin, true}};
	for (int i = 0; i < 2; i++) {
		person_send(&caller, "GET", DECISIONS "?limit=3", READERS[i].token, NULL);
		assert_status(&caller, 200);
		assert_int_equal(json_object_array_length(data_of(&caller)), 3);
		row = json_object_array_get_idx(data_of(&caller), 0);
		assert_string_equal(json_text(row, "outcome", ""), "dismissed");
		assert_string_equal(json_text(row, "reason_code", ""), "unused");
		assert_string_equal(json_text(row, "reason_text", "-"), READERS[i].words ? "my words" : "-");
		assert_string_equal(json_text(row, "feedback", "-"), READERS[i].words ? "more words" : "-");
	}
	/* Nor is who it was. */
	static const char *const PATHS[] = {SESSIONS "?limit=1", SESSIONS "/01900000-0000-7000-8000-000000000008"};
	for (int i = 0; i < 4; i++) {
		person_send(&caller, "GET", PATHS[i / 2], READERS[i % 2].token, NULL);
		assert_status(&caller, 200);
		assert_string_equal(json_text(i / 2 ? data_of(&caller) : json_object_array_get_idx(data_of(&caller), 0), "customer_ref", "-"),
			READERS[i % 2].words ? "c8" : "-");
	}
	/* One that waits for a person is settled once; its value is worth what the offer keeps. */
	static const char AT[] = DECISIONS "/01900000-0000-7000-8000-00000000000%d/settle";
	static const struct { int number; const char *token, *body; int status; } HANDS[] = {
		{5, analyst, "{\"carriedOut\": true}", 403}, {5, admin, "{\"carriedOut\": true, \"live\": false}", 404}, {5, admin, "{}", 400},
		{5, admin, "{\"carriedOut\": true}", 204}, {5, admin, "{\"carriedOut\": true}", 204}, {5, admin, "{\"carriedOut\": false}", 409},
		{4, admin, "{\"carriedOut\": true}", 409}, {9, admin, "{\"carriedOut\": true}", 404}};
	for (size_t i = 0; i < sizeof HANDS / sizeof *HANDS; i++) {
		person_send(&caller, "POST", arena_printf(&setup.arena, AT, HANDS[i].number), HANDS[i].token, HANDS[i].body);
		assert_status(&caller, HANDS[i].status);
	}
	assert_string_equal(sql("select status || ' ' || saved_minor from decision where org_id = '%s' and session_id::text like '%%5' and live", tenant.org_id),
		"applied 4900");
	assert_string_equal(sql("select count(*) from event where org_id = '%s' and type = 'customer.saved' and actor_kind = 'session'", tenant.org_id), "1");
	person_send(&caller, "GET", DECISIONS "?live=false", analyst, NULL);
	assert_int_equal(json_object_array_length(data_of(&caller)), 0);
	client_get(&caller, DECISIONS, other.server.key);
	assert_int_equal(json_object_array_length(data_of(&caller)), 0);
	caller_close(&caller);
}

#define CONNECTION "/api/v1/retention/connection/"

static int connection_put(struct caller *caller, const char *mode, const char *key)
{
	return person_send(caller, "PUT", arena_printf(&setup.arena, CONNECTION "%s", mode), admin,
		arena_printf(&setup.arena, "{\"secretKey\":\"%s\"}", key));
}

static void connections(void **state)
{
	struct caller caller;
	const uint8_t *sealed;
	const char *opened;
	size_t bytes;
	PGresult *result;
	struct lease lease;
	(void)state;

	caller_open(&caller);
	STRIPE_SAYS("200 OK", "{\"id\":\"acct_1Pgc\",\"object\":\"account\"}");
	static const char *const bad[][2] = {{"test", "sk_live_1234567890"}, {"live", "sk_test_1234567890"}, {"live", "pk_live_1234567890"},
		{"test", "sk_test_12345678 0"}, {"test", "sk_test_1"}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		connection_put(&caller, bad[i][0], bad[i][1]);
		assert_problem(&caller, 422, "invalid", "secretKey");
		assert_null(strstr(caller.rep.body.data, bad[i][1]));
	}
	assert_int_equal(connection_put(&caller, "both", "sk_test_1234567890"), 422);
	assert_int_equal(person_send(&caller, "GET", CONNECTION "test", admin, NULL), 404);

	assert_int_equal(connection_put(&caller, "test", "sk_test_1234567890"), 200);
	assert_string_equal(json_text(data_of(&caller), "last4", ""), "7890");
	assert_string_equal(json_text(data_of(&caller), "account", ""), "acct_1Pgc");
	assert_null(strstr(caller.rep.body.data, "123456"));
	/* Stored sealed, bound to the organisation. */
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "select key_sealed from stripe_connection", 0, NULL, &result), OK);
	lease_return(&lease);
	assert_true(pg_data(&setup, result, 0, "key_sealed", &sealed, &bytes));
	assert_int_equal(secret_unseal(&setup, tenant.org_id, sealed, bytes, &opened, &bytes), OK);
	assert_string_equal(opened, "sk_test_1234567890");
	/* Another in its place; a restricted key that may not read the account is taken. */
	STRIPE_SAYS("403 Forbidden", "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no permission\"}}");
	assert_int_equal(connection_put(&caller, "test", "rk_test_123456abcd"), 200);
	assert_string_equal(json_text(data_of(&caller), "last4", ""), "abcd");
	/* Refused, unreadable, silent: nothing changes. */
	STRIPE_SAYS("401 Unauthorized", "{\"error\":{\"message\":\"Invalid API Key\"}}");
	connection_put(&caller, "test", "sk_test_0000000000");
	assert_problem(&caller, 422, "invalid", "secretKey");
	STRIPE_SAYS("200 OK", "<html>");
	assert_int_equal(connection_put(&caller, "test", "sk_test_0000000000"), 502);
	STRIPE_SAYS("500 Oops", "{}");
	assert_int_equal(connection_put(&caller, "test", "sk_test_0000000000"), 502);
	atomic_store(&stripe.answer, NULL);
	assert_int_equal(connection_put(&caller, "test", "sk_test_0000000000"), 502);
	assert_string_equal(sql("select key_last4 from stripe_connection"), "abcd");

	assert_int_equal(person_send(&caller, "GET", CONNECTION "test", analyst, NULL), 200);
	assert_int_equal(person_send(&caller, "DELETE", CONNECTION "test", analyst, NULL), 403);
	assert_int_equal(client_send(&caller, "DELETE", CONNECTION "test", tenant.server_test.key, NULL, 0, NULL), 403);
	assert_int_equal(client_get(&caller, CONNECTION "test", tenant.server.key), 403);
	assert_int_equal(person_send(&caller, "DELETE", CONNECTION "live", admin, NULL), 404);
	assert_int_equal(person_send(&caller, "DELETE", CONNECTION "test", admin, NULL), 204);
	assert_int_equal(person_send(&caller, "GET", CONNECTION "test", admin, NULL), 404);
	assert_string_equal(sql("select string_agg(action || (after->>'last4'), ',' order by id) from audit_log where entity = 'stripe_connection'"),
		"connection.put7890,connection.putabcd,connection.deleteabcd");
	assert_string_equal(sql("select string_agg(type, ',' order by seq) from event where entity = 'stripe_connection'"),
		"connection.changed,connection.changed,connection.removed");
	caller_close(&caller);
}

/* Read before anything is stored, stored, refused, and not for those who only look. */
static void branding(void **state)
{
	struct caller caller;
	(void)state;

	caller_open(&caller);
	assert_int_equal(person_send(&caller, "GET", "/api/v1/retention/branding", analyst, NULL), 200);
	assert_string_equal(client_text(&caller, "accent"), "#003a78");
	assert_string_equal(client_text(&caller, "accentText"), "#ffffff");
	assert_int_equal(person_send(&caller, "PUT", "/api/v1/retention/branding", admin,
		"{\"accent\":\"#1f7a4d\",\"accentDark\":\"#6fdc9f\",\"radius\":3,\"font\":\"Inter\"}"), 200);
	assert_string_equal(client_text(&caller, "accentDarkText"), "#0a1626");
	person_send(&caller, "PUT", "/api/v1/retention/branding", admin, "{\"accent\":\"#ffffff\",\"accentDark\":\"#6fdc9f\",\"radius\":3}");
	assert_problem(&caller, 422, "invalid", "accent");
	assert_int_equal(person_send(&caller, "PUT", "/api/v1/retention/branding", analyst,
		"{\"accent\":\"#1f7a4d\",\"accentDark\":\"#6fdc9f\",\"radius\":3}"), 403);
	assert_int_equal(client_get(&caller, "/api/v1/retention/branding", tenant.server.key), 200);
	assert_string_equal(client_text(&caller, "font"), "Inter");
	assert_int_equal(client_get(&caller, "/api/v1/retention/branding", other.server.key), 200);
	assert_string_equal(client_text(&caller, "font"), "");
	caller_close(&caller);
}

/* Days, modes, pages and bad input; the numbers are those of event_daily. */
static void activity(void **state)
{
	static const struct { const char *query; int status; const char *field, *rows; } ROWS[] = {
		{"", 200, "", "0 key.created 3;0 customer.saved 5;1 customer.saved 7;13 customer.saved 11;"},
		{"?live=false", 200, "", "2 key.created 17;"},
		{"?from=%3$s&to=%2$s", 200, "", "1 customer.saved 7;13 customer.saved 11;14 customer.saved 13;"},
		{"?from=%3$s", 200, "", "0 key.created 3;0 customer.saved 5;1 customer.saved 7;13 customer.saved 11;14 customer.saved 13;"},
		{"?to=%2$s", 200, "", "1 customer.saved 7;13 customer.saved 11;14 customer.saved 13;"},
		{"?from=%1$s&to=%1$s", 200, "", "0 key.created 3;0 customer.saved 5;"},
		{"?from=2026-02-29", 422, "from", ""}, {"?from=2026-13-01", 422, "from", ""}, {"?to=2026-00-10", 422, "to", ""},
		{"?to=2026-1-100", 422, "to", ""}, {"?to=yesterday!", 422, "to", ""}, {"?to=2026-11-21x", 422, "to", ""}, {"?from=2026-11-0", 422, "from", ""},
		{"?from=%1$s&to=%2$s", 422, "from", ""}, {"?limit=0", 422, "limit", ""}, {"?limit=1001", 422, "limit", ""}, {"?cursor=x", 400, "cursor", ""},
		{"?to=0001-01-01", 200, "", ""}};
	const char *days[3];
	struct caller caller;

	(void)state;
	caller_open(&caller);
	sql("insert into event_daily (org_id, live, day, type, count) select '%s', live, (now() at time zone 'UTC')::date - days, type, count from "
		"(values (true, 0, 'key.created', 3), (true, 0, 'customer.saved', 5), (true, 1, 'customer.saved', 7), (true, 13, 'customer.saved', 11), "
		"(true, 14, 'customer.saved', 13), (false, 2, 'key.created', 17), (true, 0, 'member.added', 0)) v (live, days, type, count)", tenant.org_id);
	sql("insert into event_daily values ('%s', true, now(), 'offer.accepted', 1000)", other.org_id);
	for (int i = 0; i < 3; i++)
		days[i] = arena_strdup(&setup.arena, sql("select (now() at time zone 'UTC')::date - %d", (int[]){0, 1, 14}[i]));
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *list = "", *query = arena_strdup(&setup.arena, ROWS[i].query);

		for (int day = 0; day < 3; day++) {
			char mark[] = "%1$s";

			mark[1] = (char)('1' + day);
			for (const char *at; (at = strstr(query, mark));)
				query = arena_printf(&setup.arena, "%.*s%s%s", (int)(at - query), query, days[day], at + 4);
		}
		person_send(&caller, "GET", arena_printf(&setup.arena, "/api/v1/retention/activity%s", query), analyst, NULL);
		assert_status(&caller, ROWS[i].status);
		assert_string_equal(client_text(&caller, "field"), ROWS[i].field);
		for (int row = 0; ROWS[i].status == 200 && row < (int)json_object_array_length(json_object_object_get(caller.reply, "data")); row++) {
			struct json_object *item = json_object_array_get_idx(json_object_object_get(caller.reply, "data"), (size_t)row);

			list = arena_printf(&setup.arena, "%s%s %s %lld;", list, sql("select '%s'::date - '%s'::date", days[0], json_text(item, "day", "")),
				json_text(item, "type", ""), (long long)json_int(item, "count", -1));
		}
		if (strcmp(list, ROWS[i].rows) != 0)
			fail_msg("row %zu: %s", i, list);
	}
	/* Page by page: each row once. */
	const char *cursor = "", *seen = "";
	for (int page = 0; cursor && page < 6; page++) {
		person_send(&caller, "GET", arena_printf(&setup.arena, "/api/v1/retention/activity?limit=1%s%s", *cursor ? "&cursor=" : "", cursor), analyst, NULL);
		assert_status(&caller, 200);
		struct json_object *item = json_object_array_get_idx(json_object_object_get(caller.reply, "data"), 0);
		seen = arena_printf(&setup.arena, "%s%lld ", seen, (long long)json_int(item, "count", -1));
		cursor = json_text(json_object_object_get(caller.reply, "meta"), "next", NULL);
		cursor = cursor ? arena_strdup(&setup.arena, cursor) : NULL;
	}
	assert_string_equal(seen, "3 5 7 11 ");
	caller_close(&caller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(flows_live), cmocka_unit_test(flows_versions), cmocka_unit_test(flows_drafts),
		cmocka_unit_test(flows_archive), cmocka_unit_test(flows_schedule), cmocka_unit_test(nobodys_work_is_lost), cmocka_unit_test(flows_refuse), cmocka_unit_test(flows_page),
		cmocka_unit_test(sessions_read), cmocka_unit_test(decisions_are_listed), cmocka_unit_test(connections), cmocka_unit_test(branding),
		cmocka_unit_test(activity)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
