/* Flows by the API: reviews, templates, files; against a real database. The events: flow.created. */
#include "tests/widget/client.h"

#include "retention/family.h"

#define FLOWS "/api/v1/retention/flows"

static struct tenant tenant, other;

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	setting("STOA_WEB_ANONYMOUS_PER_MINUTE", "0");
	log_open("flow_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_RETENTION, message))
		fail_msg("%s", message);
	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, name, &value));
	return value;
}

static struct json_object *reply_of(struct caller *caller, const char *what, const char *body)
{
	client_post(caller, arena_printf(&setup.arena, FLOWS "/%s", what), tenant.server.key, body);
	assert_status(caller, 200);
	return caller->reply;
}

/* What Stripe does not have is warned of, in each mode that is connected. */
static void validates(void **state)
{
	static const char body[] = "{\"flow\":{\"name\":\"F\",\"language\":\"en\",\"steps\":["
		"{\"type\":\"discount\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"percentage\":20,\"duration\":\"once\",\"coupon\":\"GOOD\"}},"
		"{\"type\":\"discount\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"percentage\":0,\"duration\":\"once\",\"coupon\":\"OVER\"}},"
		"{\"type\":\"downgrade\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"plan\":\"P\",\"price\":\"price_2\"}},"
		"{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\"}]}}";
	struct caller caller;
	struct json_object *warnings;
	(void)state;

	caller_open(&caller);
	reply_of(&caller, "validate", body);
	assert_int_equal(json_object_array_length(member(caller.reply, "errors")), 1);
	assert_int_equal(json_object_array_length(member(caller.reply, "warnings")), 0);
	sql("insert into price (org_id, live, ref, currency, as_of) values ('%s', true, 'price_1', 'usd', now()), ('%s', true, 'price_2', 'usd', now())",
		tenant.org_id, other.org_id);
	sql("insert into coupon (org_id, live, ref, duration, valid, as_of) values ('%s', true, 'GOOD', 'once', true, now()), "
		"('%s', true, 'OVER', 'once', false, now())", tenant.org_id, tenant.org_id);
	reply_of(&caller, "validate", body);
	warnings = member(caller.reply, "warnings");
	assert_int_equal(json_object_array_length(warnings), 2);
	assert_string_equal(json_text(json_object_array_get_idx(warnings, 0), "message", ""),
		"steps[1].config.coupon is no coupon that Stripe has in live mode");
	assert_string_equal(json_text(json_object_array_get_idx(warnings, 1), "code", ""), "unknown-price");
	assert_string_equal(json_text(json_object_array_get_idx(warnings, 1), "ref", ""), "price_2");
	/* A test mode with anything in it is looked at too. */
	sql("insert into price (org_id, live, ref, currency, as_of) values ('%s', false, 'price_2', 'usd', now())", tenant.org_id);
	reply_of(&caller, "validate", body);
	assert_int_equal(json_object_array_length(member(caller.reply, "warnings")), 4);
	/* Nothing is kept, and whatever is sent is answered. */
	assert_string_equal(sql("select count(*) from flow where org_id = '%s'", tenant.org_id), "0");
	reply_of(&caller, "validate", "{\"flow\":[]}");
	assert_int_equal(json_object_array_length(member(caller.reply, "errors")), 1);
	caller_close(&caller);
}

static void templates(void **state)
{
	struct caller caller;
	struct json_object *data;
	(void)state;

	caller_open(&caller);
	client_get(&caller, FLOWS "/templates", tenant.server.key);
	assert_status(&caller, 200);
	assert_int_equal(json_object_array_length(member(caller.reply, "templates")), 11);
	client_post(&caller, FLOWS "/from-template", tenant.server.key, "{\"template\":\"unused\",\"language\":\"de\"}");
	assert_status(&caller, 201);
	data = member(caller.reply, "data");
	assert_string_equal(json_text(data, "name", ""), "Grund: zu selten genutzt");
	assert_string_equal(json_text(data, "status", ""), "draft");
	assert_string_equal(sql("select type || (payload -> 'after' ->> 'name') from event where entity_id = '%s'", json_text(data, "id", "")),
		"flow.createdGrund: zu selten genutzt");
	client_send(&caller, "POST", arena_printf(&setup.arena, FLOWS "/%s/publish", json_text(data, "id", "")), tenant.server.key, NULL, 0,
		(const char *const[]){"If-Match", "1", NULL});
	assert_status(&caller, 200);
	client_post(&caller, FLOWS "/from-template", tenant.server.key, "{\"template\":\"nothing\",\"language\":\"de\"}");
	assert_problem(&caller, 422, "invalid", "template");
	caller_close(&caller);
}

/* A file is looked at, saved, exported, and read again. */
static void files(void **state)
{
	struct caller caller;
	const char *made, *csv, *json;
	struct json_object *draft, *again;
	(void)state;

	caller_open(&caller);
	reply_of(&caller, "import", "{\"format\":\"csv\",\"text\":\"type,title,message\\npauze,T,M\\n\"}");
	assert_null(member(caller.reply, "flow"));
	assert_int_equal(json_int(json_object_array_get_idx(member(caller.reply, "errors"), 0), "line", 0), 2);
	reply_of(&caller, "import", "{\"format\":\"table\",\"text\":\"type\\ttitle\\tmessage\\tmonths\\tflow.name\\tlanguage\\npause\\t=T\\tM\\t1 3\\tMine, too\\tde\\n\"}");
	assert_int_equal(json_object_array_length(member(caller.reply, "errors")), 0);
	client_post(&caller, FLOWS, tenant.server.key,
		arena_strdup(&setup.arena, json_object_to_json_string_ext(member(caller.reply, "flow"), JSON_C_TO_STRING_PLAIN)));
	assert_status(&caller, 201);
	made = arena_strdup(&setup.arena, client_value(&caller, "Location"));
	draft = json_own(&setup, json_object_get(member(member(caller.reply, "data"), "draft")));

	client_get(&caller, arena_printf(&setup.arena, "%s/csv", made), tenant.server.key);
	assert_status(&caller, 200);
	assert_string_equal(client_value(&caller, "Content-Type"), "text/csv; charset=utf-8; header=present");
	csv = json_object_to_json_string(json_own(&setup, json_object_new_string(arena_strdup(&setup.arena, caller.rep.body.data))));
	client_get(&caller, arena_printf(&setup.arena, "%s/json", made), tenant.server.key);
	assert_status(&caller, 200);
	json = json_object_to_json_string(json_own(&setup, json_object_new_string(arena_strdup(&setup.arena, caller.rep.body.data))));
	for (int i = 0; i < 2; i++) {
		reply_of(&caller, "import", arena_printf(&setup.arena, "{\"format\":\"%s\",\"text\":%s}", i ? "json" : "csv", i ? json : csv));
		again = member(caller.reply, "flow");
		if (!json_object_equal(draft, again))
			fail_msg("%s\n%s", json_object_to_json_string(draft), json_object_to_json_string(again));
	}
	assert_int_equal(client_get(&caller, arena_printf(&setup.arena, "%s/csv?version=1", made), tenant.server.key), 404);
	assert_int_equal(client_get(&caller, arena_printf(&setup.arena, "%s/csv", made), other.server.key), 404);
	client_send(&caller, "POST", arena_printf(&setup.arena, "%s/publish", made), tenant.server.key, NULL, 0, (const char *const[]){"If-Match", "1", NULL});
	assert_int_equal(client_get(&caller, arena_printf(&setup.arena, "%s/json?version=1", made), tenant.server.key), 200);
	assert_int_equal(client_get(&caller, arena_printf(&setup.arena, "%s/json?version=1", made), other.server.key), 404);
	/* A file from an address is no format. */
	client_post(&caller, FLOWS "/import", tenant.server.key, "{\"format\":\"url\",\"text\":\"http://169.254.169.254/\"}");
	assert_problem(&caller, 422, "invalid", "format");
	caller_close(&caller);
}

/* One organisation's flow is nobody else's, whatever is asked of it. */
static void nobody_elses(void **state)
{
	static const struct { const char *method, *path; int own; } ROUTES[] = {
		{"GET", "/api/v1/retention/flows/%s", 200}, {"GET", "/api/v1/retention/flows/%s/versions", 200},
		{"GET", "/api/v1/retention/flows/%s/versions/1", 200}, {"GET", "/api/v1/retention/flows/%s/csv", 200},
		{"GET", "/api/v1/retention/flows/%s/json", 200}, {"POST", "/api/v1/retention/flows/%s/versions/1/restore", 200},
		{"POST", "/api/v1/retention/flows/%s/publish", 200}, {"POST", "/api/v1/retention/flows/%s/activate", 200},
		{"POST", "/api/v1/retention/flows/%s/deactivate", 200}, {"POST", "/api/v1/retention/flows/%s/duplicate", 201},
		{"POST", "/api/v1/retention/flows/%s/archive", 200}, {"POST", "/api/v1/retention/flows/%s/unarchive", 200},
		{"DELETE", "/api/v1/retention/flows/%s", 409}};
	const char *const match[] = {"If-Match", "1", NULL};
	struct caller caller;
	const char *flow = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	(void)state;

	caller_open(&caller);
	for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
		char target[256];

		snprintf(target, sizeof target, "%.*s%s%s", (int)(strstr(ROUTES[i].path, "%s") - ROUTES[i].path), ROUTES[i].path, flow,
			strstr(ROUTES[i].path, "%s") + 2);
		client_send(&caller, ROUTES[i].method, target, other.server.key, NULL, 0, match);
		assert_problem(&caller, 404, "not-found", "");
		assert_int_equal(client_send(&caller, ROUTES[i].method, target, NULL, NULL, 0, match), 401);
		if (client_send(&caller, ROUTES[i].method, target, tenant.server.key, NULL, 0, match) != ROUTES[i].own)
			fail_msg("%s %s: %d %s", ROUTES[i].method, target, caller.rep.status, caller.rep.body.data);
	}
	/* No widget's key asks for a review. */
	assert_int_equal(client_post(&caller, "/api/v1/retention/flows/validate", tenant.live.key, "{\"flow\":{}}"), 403);
	caller_close(&caller);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(validates), cmocka_unit_test(templates), cmocka_unit_test(files),
		cmocka_unit_test(nobody_elses)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
