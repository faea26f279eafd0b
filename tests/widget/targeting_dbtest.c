/* What a customer is shown: by segment, by what is known of them, by the rules of offers, in which order; and what the session keeps of it. */
#include "tests/widget/client.h"

#include "who/secret.h"
#include "widget/family.h"

#include <pthread.h>

#define START "/api/v1/widget/start"

static struct house house;
static struct caller client;

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setting("STOA_WEB_DEADLINE", NULL);
	log_open("targeting_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	caller_open(&client);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_WIDGET, message))
		fail_msg("%s", message);
	house.cache = cache_open(message);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	caller_close(&client);
	cache_close(house.cache);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

/* The types of the steps shown, "survey pause …". */
static const char *shown(void)
{
	struct json_object *steps = NULL;
	struct buffer out = {0};
	const char *text;

	assert_true(json_object_object_get_ex(client.reply, "steps", &steps));
	for (size_t i = 0; i < json_object_array_length(steps); i++)
		buffer_printf(&out, "%s%s", i ? " " : "", json_text(json_object_array_get_idx(steps, i), "type", "?"));
	text = arena_strdup(&setup.arena, out.data ? out.data : "");
	buffer_free(&out);
	return text;
}

static const char *start(const struct tenant *tenant, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *start(const struct tenant *tenant, const char *format, ...)
{
	va_list args;
	char *body;

	va_start(args, format);
	body = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	for (char *at = body; *at; at++)
		if (*at == '\'')
			*at = '"';
	client_post(&client, START, tenant->live.key, body);
	assert_status(&client, 200);
	return shown();
}

static const char *kept(const char *columns)
{
	return sql("select concat_ws('|', %s) from retention_session where id = '%s'", columns, client_text(&client, "sessionId"));
}

/* A customer u<n> of Stripe with one subscription, of USD 49 a month; columns and values are more of the subscription. */
static void subscriber(const struct tenant *tenant, const char *name, const char *columns, const char *values)
{
	sql("insert into customer (org_id, live, id, ref, stripe_ref, plan, value_minor, currency, attributes, customer_since) values ('%s', true, "
		"gen_random_uuid(), '%s', 'cus_%s', 'Pro', 4900, 'usd', '{\"seats\": \"5\", \"team\": \"red\"}', now() - interval '100 days')",
		tenant->org_id, name, name);
	sql("insert into subscription (org_id, live, ref, customer_ref, status, price_ref, plan, period, period_count, amount_minor, month_minor, currency, "
		"started_at, as_of%s%s) values ('%s', true, 'sub_%s', 'cus_%s', 'active', 'price_pro', 'Pro', 'month', 1, 4900, 4900, 'usd', now(), now()%s%s)",
		*columns ? ", " : "", columns, tenant->org_id, name, name, *values ? ", " : "", values);
}

#define ALL "survey pause discount downgrade extension support feedback confirm"

static void leaves_out_what_is_not_offered(void **state)
{
	static const struct { const char *name, *columns, *values, *shown; } ROWS[] = {
		{"plain", "", "", ALL},
		{"scheduled", "schedule_ref", "'sub_sched_1'", "survey support feedback confirm"},
		{"paused", "pause_behavior", "'void'", "survey support feedback confirm"},
		{"discounted", "discounts", "'[{\"coupon\": \"x\"}]'", "survey pause downgrade extension support feedback confirm"},
		{"was", "discounts, discount_ends_at", "'[{\"coupon\": \"x\"}]', now() - interval '1 day'", ALL},
		{"several", "items", "2", "survey pause discount extension support feedback confirm"}};
	struct tenant tenant;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		subscriber(&tenant, ROWS[i].name, ROWS[i].columns, ROWS[i].values);
		assert_string_equal(start(&tenant, "{'userId':'%s'}", ROWS[i].name), ROWS[i].shown);
	}
	/* By the subscription that is named, whoever names it; its worth and currency come from the mirror. */
	assert_string_equal(start(&tenant, "{'userId':'stranger','stripeSubscriptionId':'sub_paused'}"), ROWS[2].shown);
	assert_string_equal(kept("value_minor, currency, segment, step_order, tenure_days is null, attempts"), "4900|usd|medium|0,5,6,7|t|1");
	assert_string_equal(start(&tenant, "{'userId':'plain','subscriptionValue':900,'currency':'eur'}"),
		"survey support downgrade pause discount extension feedback confirm");
	assert_string_equal(kept("value_minor, currency, segment, tenure_days, attempts, policy, plan"), "900|eur|low|100|2|documented|Pro");
	/* A price that is theirs already; one that is dearer; one in another currency. */
	sql("insert into price (org_id, live, ref, amount_minor, currency, as_of) values ('%s', true, 'price_basic', 5000, 'usd', now())", tenant.org_id);
	sql("update flow set version = 2 where org_id = '%s'", tenant.org_id);
	sql("insert into flow_version (org_id, flow_id, version, steps) select org_id, flow_id, 2, steps from flow_version where org_id = '%s'", tenant.org_id);
	cache_invalidate(&setup, house.cache, flows_tag(&setup, tenant.org_id));
	subscriber(&tenant, "fresh", "", "");
	assert_string_equal(start(&tenant, "{'userId':'fresh'}"), "survey pause discount extension support feedback confirm");
}

static void heeds_what_was_accepted(void **state)
{
	struct tenant tenant;
	const char *session;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	start(&tenant, "{'userId':'v','subscriptionValue':4900,'currency':'usd'}");
	session = arena_strdup(&setup.arena, client_text(&client, "session"));
	client_post(&client, "/api/v1/widget/decision", tenant.live.key, arena_printf(&setup.arena,
		"{\"session\":\"%s\",\"outcome\":\"accepted\",\"step\":1,\"offerType\":\"discount\"}", session));
	assert_status(&client, 200);
	/* At once, whatever is cached: discount and extension wait 90 days, the pause 30. */
	assert_string_equal(start(&tenant, "{'userId':'v','subscriptionValue':4900}"), "survey support downgrade feedback confirm");
	sql("update decision set decided_at = now() - interval '89 days' where org_id = '%s'", tenant.org_id);
	sql("update retention_session set started_at = now() - interval '89 days' where org_id = '%s'", tenant.org_id);
	sql("insert into offer_rule (org_id, offer_type, enabled, period_days, cooldown_days, discounted) values ('%s', 'discount', true, 30, 0, true), "
		"('%s', 'support', false, 1, 0, true)", tenant.org_id, tenant.org_id);
	cache_invalidate(&setup, house.cache, flows_tag(&setup, tenant.org_id));
	cache_invalidate(&setup, house.cache, arena_printf(&setup.arena, "customer:%s+v", tenant.org_id));
	assert_string_equal(start(&tenant, "{'userId':'v','subscriptionValue':4900}"), "survey pause discount downgrade feedback confirm");
	/* One that was accepted from a mail counts too. */
	subscriber(&tenant, "m", "", "");
	sql("with m as (insert into outreach_mail (org_id, live, id, program, kind, customer_id, occasion, step, state, due_at, created_at) "
		"select org_id, live, gen_random_uuid(), 'retention', 'k', id, 'o', 1, 'sent', now(), now() from customer where org_id = '%s' and ref = 'm' "
		"returning *) insert into outreach_offer (org_id, live, id, customer_id, subscription_ref, percent, months, month_minor, currency, created_at, "
		"expires_at, state, accepted_at) select org_id, live, id, customer_id, 'sub_m', 20, 3, 4900, 'usd', now(), now(), 'applied', "
		"now() - interval '29 days' from m", tenant.org_id);
	assert_string_equal(start(&tenant, "{'userId':'m'}"), "survey discount downgrade feedback confirm");
	start(&tenant, "{'userId':'v','subscriptionValue':4900}");
	/* An offer that was left out is not to be had. */
	session = arena_strdup(&setup.arena, client_text(&client, "session"));
	client_post(&client, "/api/v1/widget/decision", tenant.live.key, arena_printf(&setup.arena,
		"{\"session\":\"%s\",\"outcome\":\"accepted\",\"step\":4,\"offerType\":\"extension\"}", session));
	assert_problem(&client, 422, "invalid", "step");
}

#define WHEN(condition) \
	"[{\"type\":\"pause\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"months\":[1]},\"when\":" condition "}," \
	"{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\"}]"

static void branches(void **state)
{
	struct tenant tenant;
	struct json_object *steps = NULL, *when = NULL;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, WHEN("{\"all\":[{\"fact\":\"attribute.seats\",\"op\":\"at_least\",\"value\":5},"
		"{\"fact\":\"attempts\",\"op\":\"at_least\",\"value\":2},{\"fact\":\"answer\",\"op\":\"is\",\"value\":\"unused\"}]}"));
	subscriber(&tenant, "a", "", "");
	assert_string_equal(start(&tenant, "{'userId':'a'}"), "confirm");
	assert_string_equal(start(&tenant, "{'userId':'a'}"), "pause confirm");
	json_object_object_get_ex(client.reply, "steps", &steps);
	assert_true(json_object_object_get_ex(json_object_array_get_idx(steps, 0), "when", &when));
	assert_string_equal(json_object_to_json_string_ext(when, JSON_C_TO_STRING_PLAIN), "{\"op\":\"is\",\"fact\":\"answer\",\"value\":\"unused\"}");
	/* What the host says goes before what is at Stripe. */
	assert_string_equal(start(&tenant, "{'userId':'a','attributes':{'seats':4,'vip':true}}"), "confirm");
	assert_string_equal(kept("attributes, attempts"), "{\"vip\": true, \"seats\": 4}|3");
	assert_string_equal(start(&tenant, "{'userId':'a','attributes':{'seats':'5.50'}}"), "pause confirm");
}

static void follows_segments(void **state)
{
	struct tenant tenant;
	const char *everybody, *red;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	everybody = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	red = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	sql("with s as (insert into segment (org_id, id, name, condition) values ('%s', gen_random_uuid(), 'Red', "
		"'{\"fact\": \"attribute.team\", \"op\": \"is\", \"value\": \"red\"}') returning org_id, id) update flow f set segment_id = s.id from s "
		"where f.org_id = s.org_id and f.id = '%s'", tenant.org_id, red);
	start(&tenant, "{'userId':'x','attributes':{'team':'red'}}");
	assert_string_equal(client_text(&client, "flowId"), red);
	start(&tenant, "{'userId':'x','attributes':{'team':'blue'}}");
	assert_string_equal(client_text(&client, "flowId"), everybody);
	/* A schedule of the flow. */
	sql("update flow set active_from = now() + interval '1 hour' where id = '%s'", red);
	cache_invalidate(&setup, house.cache, flows_tag(&setup, tenant.org_id));
	start(&tenant, "{'userId':'x','attributes':{'team':'red'}}");
	assert_string_equal(client_text(&client, "flowId"), everybody);
}

static void orders_adaptively(void **state)
{
	struct tenant tenant;
	int first = 0;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	sql("insert into offer_policy (org_id, policy, floor) values ('%s', 'adaptive', 1)", tenant.org_id);
	sql("insert into measure_step (org_id, live, dimension, value, day, step_type, currency, shown, accepted, declined, skipped, answered, saved, lost, "
		"saved_minor, paid_minor, refunded_minor) select '%s', true, 'segment', 'medium', current_date, t, 'usd', 1000, case t when 'extension' then "
		"900 else 10 end, 0, 0, 0, 0, 0, 0, 0, 0 from unnest(array['discount', 'pause', 'downgrade', 'extension', 'support']) t", tenant.org_id);
	for (int i = 0; i < 40; i++) {
		const char *order = start(&tenant, "{'userId':'w%d','subscriptionValue':4900}", i);

		assert_string_equal(kept("policy"), "adaptive");
		assert_int_equal(strlen(order), strlen(ALL));
		assert_true(strncmp(order, "survey ", 7) == 0 && strstr(order, " feedback confirm"));
		first += strncmp(order, "survey extension", 16) == 0;
	}
	assert_true(first >= 35); /* all but the floor's; P(more than 5 of 40 at 1 %) < 1e-6 */
	/* A flow may say otherwise. */
	sql("update flow set offer_policy = 'documented' where org_id = '%s'", tenant.org_id);
	cache_invalidate(&setup, house.cache, flows_tag(&setup, tenant.org_id));
	assert_string_equal(start(&tenant, "{'userId':'other','subscriptionValue':4900}"), ALL);
	assert_string_equal(kept("policy"), "documented");
}

static void obeys_experiments(void **state)
{
	struct tenant tenant;
	const char *flow, *experiment;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	experiment = sql("with e as (insert into experiment (org_id, id, name, flow_id, basis, minimum_effect) values ('%s', gen_random_uuid(), 'E', '%s', "
		"'raw', 5) returning org_id, id), v as (insert into experiment_variant (org_id, experiment_id, position, kind, name, weight) select org_id, id, n, "
		"case n when 0 then 'control' else 'holdout' end, 'v', 1 from e, generate_series(0, 1) n) select id from e", tenant.org_id, flow);
	sql("update experiment set status = 'running', started_at = now() where id = '%s'", experiment);
	for (int i = 0; i < 12; i++) {
		const char *steps = start(&tenant, "{'userId':'e%d','subscriptionValue':4900}", i), *row = kept("experiment_id, variant, step_order");

		assert_true(strncmp(row, experiment, 36) == 0);
		if (row[37] == '1') {
			assert_string_equal(steps, "survey feedback confirm");
			assert_string_equal(row + 39, "0,6,7");
		} else {
			assert_string_equal(steps, ALL);
		}
		assert_string_equal(start(&tenant, "{'userId':'e%d','subscriptionValue':4900,'plan':'x'}", i)[0] ? kept("experiment_id, variant") : "",
			arena_memdup(&setup.arena, row, 38));
	}
	assert_string_equal(sql("select count(distinct variant) from retention_session where org_id = '%s'", tenant.org_id), "2");
}

/* An offer that the rules or the mirror speak against by now is a person's to decide, however it was shown before. */
static void judges_again(void **state)
{
	static const struct { const char *rule, *subscription, *status; } ROWS[] = {
		{"0, false", "discounts = '[{\"coupon\": \"x\"}]'", "manual the subscription has a discount already"},
		{"0, true", "discounts = '[{\"coupon\": \"x\"}]'", "pending "},
		{"0, false", "discounts = '[{\"coupon\": \"x\"}]', discount_ends_at = now() - interval '1 hour'", "pending "},
		{"0, false", "discounts = '[]'", "pending "}};
	struct tenant tenant;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', true, 'x', '1234')", tenant.org_id);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *name = arena_printf(&setup.arena, "again%zu", i);

		sql("insert into offer_rule (org_id, offer_type, enabled, period_days, cooldown_days, discounted) values ('%s', 'discount', true, 1, %s) "
			"on conflict (org_id, offer_type) do update set discounted = excluded.discounted", tenant.org_id, ROWS[i].rule);
		cache_invalidate(&setup, house.cache, flows_tag(&setup, tenant.org_id));
		subscriber(&tenant, name, "", "");
		start(&tenant, "{'userId':'%s','stripeSubscriptionId':'sub_%s'}", name, name);
		sql("update subscription set %s where org_id = '%s' and ref = 'sub_%s'", ROWS[i].subscription, tenant.org_id, name);
		client_post(&client, "/api/v1/widget/decision", tenant.live.key, arena_printf(&setup.arena,
			"{\"session\":\"%s\",\"outcome\":\"accepted\",\"step\":1}", client_text(&client, "session")));
		assert_status(&client, 200);
		assert_string_equal(arena_printf(&setup.arena, "%s %s", client_text(&client, "status"), client_text(&client, "reason")), ROWS[i].status);
	}
}

static void *starter_run(void *argument)
{
	struct caller own;

	caller_open(&own);
	client_post(&own, START, argument, "{\"userId\":\"late\"}");
	caller_close(&own);
	return NULL;
}

/* What was read before somebody accepted an offer does not come back to the cache with the click that is counted after. */
static void keeps_nothing_old(void **state)
{
	struct tenant tenant;
	struct lease lease;
	pthread_t thread;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	subscriber(&tenant, "late", "", "");
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(pg_run_text(&lease, "lock table retention_session in share mode", 0, NULL, NULL), OK);
	pthread_create(&thread, NULL, starter_run, tenant.live.key);
	WAIT_FOR(strcmp(sql("select count(*)::text from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'retention_session'"), "1") == 0);
	sql("update subscription set discounts = '[{\"coupon\": \"x\"}]' where org_id = '%s'", tenant.org_id);
	cache_invalidate(&setup, house.cache, arena_printf(&setup.arena, "customer:%s+late", tenant.org_id));
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	pthread_join(thread, NULL);
	assert_string_equal(start(&tenant, "{'userId':'late'}"), "survey support pause downgrade extension feedback confirm");
	assert_string_equal(kept("attempts"), "2");
}

/* Nothing is left to show: they are asked by the widget itself, and their answer is carried out. */
static void asks_without_a_step(void **state)
{
	struct tenant tenant;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY_STRIPE,
		"[{\"type\":\"pause\",\"title\":\"T\",\"message\":\"M\",\"config\":{\"months\":[1]}}]");
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', true, 'x', '1234')", tenant.org_id);
	subscriber(&tenant, "paused", "pause_behavior", "'void'");
	assert_string_equal(start(&tenant, "{'userId':'paused','stripeSubscriptionId':'sub_paused'}"), "");
	client_post(&client, "/api/v1/widget/decision", tenant.live.key,
		arena_printf(&setup.arena, "{\"session\":\"%s\",\"outcome\":\"declined\",\"path\":[]}", client_text(&client, "session")));
	assert_status(&client, 200);
	assert_string_equal(client_text(&client, "status"), "pending");
}

/* Whoever was erased while the dialog stood open stays so. */
static void forgets_who_was_erased(void **state)
{
	struct tenant tenant;
	const char *id;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	start(&tenant, "{'userId':'jane@example.com'}");
	id = arena_strdup(&setup.arena, client_text(&client, "sessionId"));
	sql("update retention_session set customer_ref = 'erased-1', email = null where id = '%s'", id);
	client_post(&client, "/api/v1/widget/decision", tenant.live.key,
		arena_printf(&setup.arena, "{\"session\":\"%s\",\"outcome\":\"declined\"}", client_text(&client, "session")));
	assert_status(&client, 200);
	assert_string_equal(sql("select actor_id from audit_log where org_id = '%s' and entity_id = '%s'", tenant.org_id, id), "erased-1");
	assert_string_equal(sql("select actor_id || ' ' || (payload->>'customer') from event where org_id = '%s' and entity_id = '%s'", tenant.org_id, id),
		"erased-1 erased-1");
}

static void refuses_attributes(void **state)
{
	static const struct { const char *attributes, *field; int status; } ROWS[] = {
		{"[]", "attributes", 422}, {"\"x\"", "attributes", 400}, {"{\"a b\":1}", "attributes", 422}, {"{\"a=b\":1}", "attributes", 422},
		{"{\"a\":null}", "attributes.a", 422}, {"{\"a\":[1]}", "attributes.a", 422}, {"{\"a\":\"x\\ny\"}", "attributes.a", 422},
		{"{\"a\":1e9}", "attributes.a", 422}, {"{\"a\":1234567890123}", "attributes.a", 422}, {"{\"\":1}", "attributes", 422}};
	struct tenant tenant;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		client_post(&client, START, tenant.live.key, arena_printf(&setup.arena, "{\"userId\":\"u\",\"attributes\":%s}", ROWS[i].attributes));
		if (client.rep.status != ROWS[i].status || strcmp(client_text(&client, "field"), ROWS[i].field) != 0)
			fail_msg("%s: %d %s", ROWS[i].attributes, client.rep.status, client.rep.body.data);
	}
}

/* Each attribute is a signed field of its own: none can be changed, added or left out. */
static void signs_attributes(void **state)
{
	static const struct { const char *attributes; int status; } ROWS[] = {
		{"{\"seats\":5,\"team\":\"red\",\"vip\":true}", 200}, {"{\"vip\":true,\"team\":\"red\",\"seats\":5}", 200}, {"{\"seats\":6,\"team\":\"red\",\"vip\":true}", 403},
		{"{\"seats\":5,\"team\":\"red\"}", 403}, {"{\"seats\":5,\"team\":\"red\",\"vip\":true,\"more\":1}", 403}, {"{}", 403}};
	struct tenant tenant;
	uint8_t mac[32];
	char hex[65], text[256];
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	snprintf(text, sizeof text, "%lld\nattributes.seats=5\nattributes.team=red\nattributes.vip=true\nuserId=u", (long long)clock_wall_s());
	hmac_sha256(tenant.live.signing_secret, strlen(tenant.live.signing_secret), text, strlen(text), mac);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		client_post(&client, START, tenant.live.key, arena_printf(&setup.arena, "{\"userId\":\"u\",\"attributes\":%s,\"signature\":\"t=%.*s,v1=%s\"}",
			ROWS[i].attributes, (int)strcspn(text, "\n"), text, hex));
		assert_status(&client, ROWS[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(leaves_out_what_is_not_offered), cmocka_unit_test(heeds_what_was_accepted), cmocka_unit_test(branches),
		cmocka_unit_test(follows_segments), cmocka_unit_test(orders_adaptively), cmocka_unit_test(obeys_experiments), cmocka_unit_test(refuses_attributes),
		cmocka_unit_test(judges_again), cmocka_unit_test(keeps_nothing_old), cmocka_unit_test(asks_without_a_step), cmocka_unit_test(forgets_who_was_erased),
		cmocka_unit_test(signs_attributes)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
