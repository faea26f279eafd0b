/* The widget family through the dispatcher, against a real database. */
#include "tests/widget/client.h"

#include "who/secret.h"
#include "widget/family.h"

#include <pthread.h>
#include <stdatomic.h>

#define START "/api/v1/widget/start"
#define DECISION "/api/v1/widget/decision"
#define BODY "{\"userId\":\"u\",\"subscriptionValue\":4900,\"currency\":\"usd\",\"stripeSubscriptionId\":\"sub_1\"}"

static struct house house;

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setting("STOA_WEB_DEADLINE", NULL);
	log_open("widget_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
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
	cache_close(house.cache);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static void start(struct caller *client, const char *key, const char *body)
{
	client_post(client, START, key, body);
	assert_status(client, 200);
}

static struct json_object *step_at(const struct caller *client, size_t index)
{
	struct json_object *steps = NULL;

	assert_true(json_object_object_get_ex(client->reply, "steps", &steps));
	return json_object_array_get_idx(steps, index);
}

static void starts(void **state)
{
	static const char *const order[] = {"survey", "pause", "discount", "downgrade", "extension", "support", "feedback", "confirm"};
	static const char *const again[] = {"survey", "support", "pause", "discount", "downgrade", "extension", "feedback", "confirm"};
	struct tenant tenant;
	struct caller client;
	const char *flow;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	caller_open(&client);
	client_post(&client, START, tenant.live.key, BODY);
	assert_problem(&client, 404, "not-found", "");
	flow = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	cache_invalidate(&setup, house.cache, arena_printf(&setup.arena, "flow:%s", tenant.org_id));
	start(&client, tenant.live.key, BODY);
	assert_string_equal(client_text(&client, "flowId"), flow);
	assert_string_equal(client_text(&client, "mode"), "live");
	assert_string_equal(client_text(&client, "segment"), "medium");
	assert_string_equal(client_text(&client, "language"), "en");
	assert_string_equal(client_text(&client, "cancelAt"), "host");
	assert_int_equal(json_int(client.reply, "flowVersion", 0), 1);
	for (size_t i = 0; i < 8; i++) {
		assert_string_equal(json_text(step_at(&client, i), "type", ""), order[i]);
		assert_true(json_object_object_get_ex(step_at(&client, i), "config", NULL));
	}
	assert_int_equal(json_int(step_at(&client, 1), "index", -1), 2);
	assert_string_equal(sql("select concat_ws('|', live, customer_ref, subscription_ref, email, language, segment, value_minor, currency, "
		"signed, flow_id, flow_version, step_order) from retention_session where id = '%s'", client_text(&client, "sessionId")),
		arena_printf(&setup.arena, "t|u|sub_1|en|medium|4900|usd|f|%s|1|0,2,1,3,4,5,6,7", flow));
	/* The second click in 30 days: support comes first. */
	start(&client, tenant.live.key, BODY);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(json_text(step_at(&client, i), "type", ""), again[i]);
	/* Another customer's first, and the same customer's first of the other mode. */
	start(&client, tenant.test.key, BODY);
	assert_string_equal(json_text(step_at(&client, 1), "type", ""), "pause");
	assert_string_equal(client_text(&client, "mode"), "test");
	start(&client, tenant.live.key, "{\"userId\":\"v\"}");
	assert_string_equal(json_text(step_at(&client, 1), "type", ""), "extension");
	assert_string_equal(client_text(&client, "segment"), "trial");
	assert_string_equal(sql("select value_minor is null and currency is null and subscription_ref is null from retention_session "
		"where id = '%s'", client_text(&client, "sessionId")), "t");
	caller_close(&client);
}

static void old_sessions_do_not_count(void **state)
{
	struct tenant tenant;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, "
		"started_at) select '%s', true, gen_random_uuid(), '%s', c, 'en', 'low', false, gen_random_uuid(), 1, '0', now() - age "
		"from (values ('old', interval '31 days'), ('new', interval '29 days')) as t (c, age)", tenant.org_id, tenant.live.id);
	caller_open(&client);
	start(&client, tenant.live.key, "{\"userId\":\"old\"}");
	assert_string_equal(json_text(step_at(&client, 1), "type", ""), "extension");
	start(&client, tenant.live.key, "{\"userId\":\"new\"}");
	assert_string_equal(json_text(step_at(&client, 1), "type", ""), "support");
	caller_close(&client);
}

static void chooses(void **state)
{
	static const struct { const char *language, *targeting; } FLOWS[] = {
		{"en", "null, null, null, 90, 'host'"},             /* 0 */
		{"en", "null, 'pro', null, 10, 'host'"},            /* 1 */
		{"en", "'high', 'pro', null, 5, 'host'"},           /* 2 */
		{"en", "null, null, 'eu', 20, 'host'"},             /* 3 */
		{"de", "null, null, null, 1, 'host'"},              /* 4 */
		{"fr", "'low', null, null, 100, 'host'"},           /* 5 */
		{"en", "null, 'pro', null, 9, 'host'"},             /* 6: ranked below 1 */
	};
	static const struct { const char *body; int flow; const char *language; } ROWS[] = {
		{"{\"userId\":\"u\"}", 0, "en"},
		{"{\"userId\":\"u\",\"language\":\"en-GB\"}", 0, "en"},
		{"{\"userId\":\"u\",\"language\":\"EN\"}", 0, "en"},
		{"{\"userId\":\"u\",\"plan\":\"pro\"}", 1, "en"},
		{"{\"userId\":\"u\",\"plan\":\"Pro\"}", 0, "en"},
		{"{\"userId\":\"u\",\"plan\":\"pro\",\"subscriptionValue\":10000}", 2, "en"},
		{"{\"userId\":\"u\",\"plan\":\"pro\",\"subscriptionValue\":9999}", 1, "en"},
		{"{\"userId\":\"u\",\"region\":\"eu\"}", 3, "en"},
		{"{\"userId\":\"u\",\"region\":\"us\"}", 0, "en"},
		{"{\"userId\":\"u\",\"region\":\"eu\",\"plan\":\"pro\"}", 3, "en"}, /* one target each: the rank decides */
		{"{\"userId\":\"u\",\"language\":\"de-AT\",\"plan\":\"pro\"}", 4, "de"},
		{"{\"userId\":\"u\",\"language\":\"fr\",\"subscriptionValue\":500}", 5, "fr"},
		{"{\"userId\":\"u\",\"language\":\"fr\"}", 0, "en"},
		{"{\"userId\":\"u\",\"language\":\"fil\"}", 0, "en"},
		{"{\"userId\":\"u\",\"language\":\"zh\"}", 0, "en"},
		{"{\"userId\":\"u\",\"plan\":\"\",\"region\":\"\"}", 0, "en"}};
	const char *flows[sizeof FLOWS / sizeof *FLOWS];
	struct tenant tenant, other;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	for (size_t i = 0; i < sizeof FLOWS / sizeof *FLOWS; i++)
		flows[i] = flow_add(&setup, pool, tenant.org_id, FLOWS[i].language, FLOWS[i].targeting, EVERY_STEP);
	const char *only = flow_add(&setup, pool, other.org_id, "es", ANYBODY, EVERY_STEP);
	caller_open(&client);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		start(&client, tenant.live.key, ROWS[i].body);
		if (strcmp(client_text(&client, "flowId"), flows[ROWS[i].flow]) != 0)
			fail_msg("%s: another flow than %d", ROWS[i].body, ROWS[i].flow);
		assert_string_equal(client_text(&client, "language"), ROWS[i].language);
	}
	/* Neither the wanted language nor English: any. */
	start(&client, other.live.key, BODY);
	assert_string_equal(client_text(&client, "flowId"), only);
	caller_close(&client);
}

static void refuses_input(void **state)
{
	static const struct { const char *body; int status; const char *code, *field; } ROWS[] = {
		{"{}", 400, "bad-input", "userId"},
		{"{\"userId\":\"\"}", 422, "invalid", "userId"},
		{"{\"userId\":7}", 400, "bad-input", "userId"},
		{"{\"userId\":\"u\",\"subscriptionValue\":-1}", 422, "invalid", "subscriptionValue"},
		{"{\"userId\":\"u\",\"subscriptionValue\":49.5}", 400, "bad-input", "subscriptionValue"},
		{"{\"userId\":\"u\",\"subscriptionValue\":null}", 400, "bad-input", "subscriptionValue"},
		{"{\"userId\":\"u\",\"currency\":\"USD\"}", 422, "invalid", "currency"},
		{"{\"userId\":\"u\",\"currency\":\"us\"}", 422, "invalid", "currency"},
		{"{\"userId\":\"u\",\"email\":\"nobody\"}", 422, "invalid", "email"},
		{"{\"userId\":\"u\",\"language\":\"e\"}", 422, "invalid", "language"},
		{"{\"userId\":\"u\",\"price\":1}", 400, "bad-input", "price"},
		{"{\"userId\":\"u\",\"userId\":\"v\"}", 400, "bad-input", ""},
		{"{\"userId\":\"a\\nb\"}", 422, "invalid", "userId"},
		{"[]", 400, "bad-input", ""}, {"{", 400, "bad-input", ""}, {"", 400, "bad-input", ""}};
	struct tenant tenant;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	caller_open(&client);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		client_post(&client, START, tenant.live.key, ROWS[i].body);
		assert_status(&client, ROWS[i].status);
		assert_string_equal(client_text(&client, "code"), ROWS[i].code);
		if (*ROWS[i].field)
			assert_string_equal(client_text(&client, "field"), ROWS[i].field);
	}
	assert_string_equal(sql("select count(*) from retention_session where org_id = '%s'", tenant.org_id), "0");
	/* Who may: only a widget key, from its origins. */
	client_post(&client, START, NULL, BODY);
	assert_problem(&client, 401, "unauthenticated", "");
	client_post(&client, START, tenant.server.key, BODY);
	assert_problem(&client, 403, "forbidden", "");
	client_send(&client, "POST", START, tenant.live.key, BODY, strlen(BODY), (const char *const[]){"Origin", "https://evil.example", NULL});
	assert_problem(&client, 403, "forbidden", "");
	client_send(&client, "POST", START, tenant.live.key, BODY, strlen(BODY), (const char *const[]){"Origin", "https://shop.example", NULL});
	assert_status(&client, 200);
	caller_close(&client);
}

static void needs_signature(void **state)
{
	struct tenant tenant;
	struct caller client;
	char text[256], body[1024];
	uint8_t mac[32];
	int64_t now = clock_wall_s();
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	caller_open(&client);
	sql("update api_key set signature_required = true where id = '%s'", tenant.live.id);
	client_post(&client, START, tenant.live.key, "{\"userId\":\"u\"}");
	assert_problem(&client, 403, "forbidden", "signature");
	int length = snprintf(text, sizeof text, "%lld\nemail=a@b.example\nplan=\nsubscriptionValue=4900\nuserId=u", (long long)now);
	hmac_sha256(tenant.live.signing_secret, strlen(tenant.live.signing_secret), text, (size_t)length, mac);
	for (int user = 'u'; user <= 'v'; user++) {
		length = snprintf(body, sizeof body, "{\"userId\":\"%c\",\"plan\":\"\",\"email\":\"a@b.example\",\"subscriptionValue\":4900,"
			"\"signature\":\"t=%lld,v1=", user, (long long)now);
		for (int i = 0; i < 32; i++)
			length += snprintf(body + length, sizeof body - (size_t)length, "%02x", mac[i]);
		snprintf(body + length, sizeof body - (size_t)length, "\"}");
		client_post(&client, START, tenant.live.key, body);
		if (user == 'v')
			assert_problem(&client, 403, "forbidden", "signature");
		else
			assert_status(&client, 200);
	}
	assert_string_equal(sql("select string_agg(customer_ref || signed, ',') from retention_session where org_id = '%s'", tenant.org_id), "utrue");
	/* A signature that is not required is checked all the same. */
	client_post(&client, START, tenant.test.key, "{\"userId\":\"u\",\"signature\":\"t=1,v1=00\"}");
	assert_problem(&client, 403, "forbidden", "signature");
	caller_close(&client);
}

static void reads_flows(void **state)
{
	struct tenant tenant, other;
	struct caller client;
	const char *flow, *etag;
	char target[128];
	(void)state;

	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	flow = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	caller_open(&client);
	snprintf(target, sizeof target, "/api/v1/widget/flow/%s", flow);
	client_get(&client, target, tenant.live.key);
	assert_status(&client, 200);
	assert_string_equal(client_text(&client, "name"), "Flow");
	assert_string_equal(json_text(step_at(&client, 1), "type", ""), "discount");
	assert_int_equal(json_int(step_at(&client, 1), "index", -1), 1);
	etag = arena_strdup(&setup.arena, client_value(&client, "ETag"));
	client_send(&client, "GET", target, tenant.live.key, NULL, 0, (const char *const[]){"If-None-Match", etag, NULL});
	assert_status(&client, 304);
	client_get(&client, target, other.live.key);
	assert_problem(&client, 404, "not-found", "");
	sql("update flow set status = 'draft' where id = '%s'", flow);
	cache_invalidate(&setup, house.cache, arena_printf(&setup.arena, "flow:%s", tenant.org_id));
	client_get(&client, target, tenant.live.key);
	assert_problem(&client, 404, "not-found", "");
	client_get(&client, "/api/v1/widget/flow/nonsense", tenant.live.key);
	assert_status(&client, 400);
	caller_close(&client);
}

/* A decision's body on a fresh session of this key. */
static const char *decision_on(struct caller *client, const char *key, const char *members)
{
	start(client, key, BODY);
	return arena_printf(&setup.arena, "{\"session\":\"%s\",%s}", client_text(client, "session"), members);
}

static void decides(void **state)
{
	static const struct { const char *members, *row; int offers, jobs; } ROWS[] = {
		{"\"outcome\":\"dismissed\"", "dismissed||||recorded||0", 0, 0},
		{"\"outcome\":\"cancelled\",\"step\":1,\"path\":[{\"step\":0,\"answer\":\"skipped\",\"ms\":5},{\"step\":1,\"answer\":\"shown\",\"ms\":7}]",
			"cancelled|1|||recorded||0", 1, 0},
		{"\"outcome\":\"declined\",\"reasonCode\":\"unused\",\"reasonText\":\"a\\nb\",\"feedback\":\"f\"", "declined||||recorded||0", 0, 0},
		{"\"outcome\":\"accepted\",\"step\":1,\"offerType\":\"discount\",\"path\":[{\"step\":1,\"answer\":\"accepted\",\"ms\":9}]",
			"accepted|1|discount||pending||0", 1, 1},
		{"\"outcome\":\"accepted\",\"step\":2,\"choice\":3", "accepted|2|pause|3|pending||0", 1, 1},
		{"\"outcome\":\"accepted\",\"step\":3", "accepted|3|downgrade||pending||0", 1, 1},
		{"\"outcome\":\"accepted\",\"step\":4", "accepted|4|extension||pending||0", 1, 1},
		{"\"outcome\":\"accepted\",\"step\":5", "accepted|5|support||recorded||4900", 1, 0},
		{"\"outcome\":\"accepted\",\"step\":6,\"feedback\":\"f\"", "accepted|6|feedback||recorded||0", 0, 0}};
	struct tenant tenant;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	offers_open(&setup, pool, tenant.org_id);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', true, 'x', '1234')", tenant.org_id);
	caller_open(&client);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *body = decision_on(&client, tenant.live.key, ROWS[i].members), *first, *id;

		id = arena_strdup(&setup.arena, client_text(&client, "sessionId"));
		client_post(&client, DECISION, tenant.live.key, body);
		assert_status(&client, 200);
		assert_string_equal(client_text(&client, "decision"), id);
		assert_true(json_flag(client.reply, "success", false));
		assert_false(json_flag(client.reply, "subscriptionUpdated", true));
		assert_int_equal(json_int(client.reply, "revenueSaved", -1), 0);
		assert_string_equal(client_text(&client, "currency"), "usd");
		first = arena_strdup(&setup.arena, client.rep.body.data);
		assert_string_equal(sql("select concat(outcome, '|', step, '|', offer_type, '|', choice, '|', status, '|', status_reason, '|', "
			"saved_minor) from decision where session_id = '%s'", id), ROWS[i].row);
		assert_string_equal(sql("select count(*) = %d from offer_event where session_id = '%s'", ROWS[i].offers, id), "t");
		assert_string_equal(sql("select count(*) = %d from job where payload->>'session' = '%s'", ROWS[i].jobs, id), "t");
		assert_string_equal(sql("select count(*) from audit_log where entity_id = '%s'", id),
			strstr(ROWS[i].members, "cancelled") || strstr(ROWS[i].members, "declined") ? "1" : "0");
		assert_string_equal(sql("select coalesce(string_agg(type || live, ','), '') from event where entity_id = '%s'", id),
			strstr(ROWS[i].members, "cancelled") || strstr(ROWS[i].members, "declined") ? "customer.cancelledtrue" :
			strstr(ROWS[i].row, "accepted|") && !strstr(ROWS[i].row, "|feedback|") ? "offer.acceptedtrue" : "");
		/* The same again is answered the same, also after the job has been there; another body is refused. */
		sql("update decision set status = 'applied', settled_at = clock_timestamp() where session_id = '%s' and status = 'pending'", id);
		client_post(&client, DECISION, tenant.live.key, body);
		assert_status(&client, 200);
		assert_string_equal(client.rep.body.data, first);
		client_post(&client, DECISION, tenant.live.key, arena_printf(&setup.arena, "%.*s,\"path\":[]}", (int)strlen(body) - 1, body));
		assert_true(client.rep.status == 409 || strstr(ROWS[i].members, "path"));
		assert_string_equal(sql("select count(*) = %d from job where payload->>'session' = '%s'", ROWS[i].jobs, id), "t");
	}
	caller_close(&client);
}

static void leaves_to_people(void **state)
{
	struct tenant tenant;
	struct caller client;
	static const struct { bool connected; const char *start, *reason; } ROWS[] = {
		{false, BODY, "no Stripe connection"},
		{true, "{\"userId\":\"u\"}", "no subscription given"},
		{true, "{\"userId\":\"u\",\"stripeSubscriptionId\":\"sub_1/x\"}", "the subscription given is not one of Stripe's"},
		{true, "{\"userId\":\"u\",\"stripeSubscriptionId\":\"cus_1\"}", "the subscription given is not one of Stripe's"}};
	static const char *const outcomes[] = {"\"outcome\":\"accepted\",\"step\":1", "\"outcome\":\"declined\"", "\"outcome\":\"cancelled\""};
	(void)state;

	tenant_add(&setup, pool, &tenant);
	offers_open(&setup, pool, tenant.org_id);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY_STRIPE, EVERY_STEP);
	caller_open(&client);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		if (ROWS[i].connected)
			sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', true, 'x', '1234') on conflict do nothing",
				tenant.org_id);
		for (int outcome = 0; outcome < 3; outcome++) {
			start(&client, tenant.live.key, ROWS[i].start);
			assert_string_equal(client_text(&client, "cancelAt"), "stripe");
			const char *body = arena_printf(&setup.arena, "{\"session\":\"%s\",%s}", client_text(&client, "session"), outcomes[outcome]);

			client_post(&client, DECISION, tenant.live.key, body);
			assert_status(&client, 200);
			assert_string_equal(client_text(&client, "status"), "manual");
			assert_string_equal(client_text(&client, "reason"), ROWS[i].reason);
			/* Repeated, it is read back: to the same bytes. */
			const char *first = arena_strdup(&setup.arena, client.rep.body.data);

			client_post(&client, DECISION, tenant.live.key, body);
			assert_string_equal(client.rep.body.data, first);
		}
	}
	/* Connected and subscribed: a cancellation too is Stripe's to do, as the customer was told at the start. */
	start(&client, tenant.live.key, BODY);
	sql("update flow set cancel_at = 'host' where org_id = '%s'", tenant.org_id);
	client_post(&client, DECISION, tenant.live.key,
		arena_printf(&setup.arena, "{\"session\":\"%s\",%s}", client_text(&client, "session"), outcomes[1]));
	assert_string_equal(client_text(&client, "status"), "pending");
	caller_close(&client);
}

static void refuses_decisions(void **state)
{
	static const struct { const char *members, *field; } ROWS[] = {
		{"\"outcome\":\"accepted\"", "step"}, {"\"outcome\":\"accepted\",\"step\":0", "step"}, {"\"outcome\":\"accepted\",\"step\":7", "step"},
		{"\"outcome\":\"accepted\",\"step\":8", "step"}, {"\"outcome\":\"accepted\",\"step\":-1", "step"},
		{"\"outcome\":\"accepted\",\"step\":1,\"offerType\":\"pause\"", "offerType"}, {"\"outcome\":\"dismissed\",\"offerType\":\"pause\"", "offerType"},
		{"\"outcome\":\"accepted\",\"step\":2", "choice"}, {"\"outcome\":\"accepted\",\"step\":2,\"choice\":2", "choice"},
		{"\"outcome\":\"accepted\",\"step\":1,\"choice\":1", "choice"}, {"\"outcome\":\"dismissed\",\"step\":2,\"choice\":1", "choice"},
		{"\"outcome\":\"declined\",\"reasonCode\":\"low_quality\"", "reasonCode"}, {"\"outcome\":\"won\"", "outcome"},
		{"\"outcome\":\"dismissed\",\"path\":{}", "path"}, {"\"outcome\":\"dismissed\",\"path\":[7]", "path[0]"},
		{"\"outcome\":\"dismissed\",\"path\":[{\"step\":0}]", "path[0]"}, {"\"outcome\":\"dismissed\",\"path\":[{\"step\":0,\"answer\":\"maybe\"}]", "path[0]"},
		{"\"outcome\":\"dismissed\",\"path\":[{\"step\":8,\"answer\":\"shown\"}]", "path[0]"},
		{"\"outcome\":\"dismissed\",\"path\":[{\"step\":0,\"answer\":\"shown\"},{\"step\":1,\"answer\":\"accepted\"}]", "path[1]"},
		{"\"outcome\":\"dismissed\",\"path\":[{\"step\":0,\"answer\":\"shown\",\"ms\":-1}]", "path[0]"},
		{"\"outcome\":\"dismissed\",\"path\":[{\"step\":0,\"answer\":\"shown\",\"x\":1}]", "path[0]"}};
	struct tenant tenant;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	caller_open(&client);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		client_post(&client, DECISION, tenant.live.key, decision_on(&client, tenant.live.key, ROWS[i].members));
		if (client.rep.status != 422 || strcmp(client_text(&client, "field"), ROWS[i].field) != 0)
			fail_msg("%s: %d %s", ROWS[i].members, client.rep.status, client.rep.body.data);
	}
	assert_string_equal(sql("select count(*) from decision where org_id = '%s'", tenant.org_id), "0");
	/* What no editor writes: a survey without options has no reason that could be given. */
	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, "[{\"type\":\"survey\",\"title\":\"Why?\",\"message\":\"m\",\"config\":{}}]");
	client_post(&client, DECISION, tenant.live.key, decision_on(&client, tenant.live.key, "\"outcome\":\"declined\",\"reasonCode\":\"other\""));
	assert_problem(&client, 422, "invalid", "reasonCode");
	caller_close(&client);
}

/* Survey, feedback and its text only where the flow asks. */
static void asks_only_what_it_asks(void **state)
{
	static const char *const members[] = {"\"reasonCode\":\"unused\"", "\"reasonText\":\"x\"", "\"feedback\":\"x\""};
	static const char *const fields[] = {"reasonCode", "reasonText", "feedback"};
	struct tenant tenant;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, "[{\"type\":\"confirm\",\"title\":\"T\",\"message\":\"M\"}]");
	caller_open(&client);
	for (int i = 0; i < 3; i++) {
		client_post(&client, DECISION, tenant.live.key,
			decision_on(&client, tenant.live.key, arena_printf(&setup.arena, "\"outcome\":\"declined\",%s", members[i])));
		assert_problem(&client, 422, "invalid", fields[i]);
	}
	caller_close(&client);
}

static void tokens_bind(void **state)
{
	struct tenant tenant, other;
	struct caller client;
	const char *body, *token, *id;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	caller_open(&client);
	body = decision_on(&client, tenant.live.key, "\"outcome\":\"dismissed\"");
	token = arena_strdup(&setup.arena, client_text(&client, "session"));
	id = arena_strdup(&setup.arena, client_text(&client, "sessionId"));
	const char *const headers[] = {"X-Stoa-Session", token, NULL};
	/* Another organisation's key, the other mode's key, an altered token. */
	client_post(&client, DECISION, other.live.key, body);
	assert_problem(&client, 401, "unauthenticated", "");
	client_post(&client, DECISION, tenant.test.key, body);
	assert_problem(&client, 401, "unauthenticated", "");
	client_post(&client, DECISION, tenant.live.key, "{\"session\":\"AQEAAAA\",\"outcome\":\"dismissed\"}");
	assert_problem(&client, 401, "unauthenticated", "");
	client_send(&client, "GET", DECISION, tenant.live.key, NULL, 0, headers);
	assert_problem(&client, 404, "not-found", "");
	client_send(&client, "GET", DECISION, other.live.key, NULL, 0, headers);
	assert_problem(&client, 401, "unauthenticated", "");
	client_get(&client, DECISION, tenant.live.key);
	assert_status(&client, 400);
	clock_shift((WIDGET_SESSION_S + 1) * INT64_C(1000000));
	client_post(&client, DECISION, tenant.live.key, body);
	assert_problem(&client, 410, "gone", "");
	clock_shift(0);
	assert_string_equal(sql("select count(*) from decision where session_id = '%s'", id), "0");
	client_post(&client, DECISION, tenant.live.key, body);
	assert_status(&client, 200);
	sql("update decision set status = 'manual', status_reason = 'because', effect = '{\"kind\":\"pause\"}', saved_minor = 5 "
		"where session_id = '%s'", id);
	client_send(&client, "GET", DECISION, tenant.live.key, NULL, 0, headers);
	assert_status(&client, 200);
	assert_string_equal(client_text(&client, "status"), "manual");
	assert_string_equal(client_text(&client, "reason"), "because");
	assert_int_equal(json_int(client.reply, "revenueSaved", 0), 5);
	caller_close(&client);
}

#define RACERS 8

struct race {
	pthread_barrier_t barrier;
	const char *key, *token;
	atomic_int won, lost, other;
};

static void *racer_run(void *argument)
{
	static atomic_int number;
	struct race *race = argument;
	struct caller client;
	char body[1024];

	caller_open(&client);
	/* Each says something of its own. */
	int own = atomic_fetch_add(&number, 1) % RACERS;
	snprintf(body, sizeof body, "{\"session\":\"%s\",\"outcome\":\"accepted\",\"step\":2,\"choice\":1,\"feedback\":\"%d\"}", race->token, own);
	pthread_barrier_wait(&race->barrier);
	int status = client_post(&client, DECISION, race->key, body);
	atomic_fetch_add(status == 200 ? &race->won : status == 409 ? &race->lost : &race->other, 1);
	caller_close(&client);
	return NULL;
}

static void one_decision_wins(void **state)
{
	struct tenant tenant;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	offers_open(&setup, pool, tenant.org_id);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', true, 'x', '1234')", tenant.org_id);
	caller_open(&client);
	for (int round = 0; round < 10; round++) {
		struct race race = {.key = tenant.live.key};
		pthread_t threads[RACERS];

		start(&client, tenant.live.key, BODY);
		race.token = client_text(&client, "session");
		pthread_barrier_init(&race.barrier, NULL, RACERS);
		for (int i = 0; i < RACERS; i++)
			pthread_create(&threads[i], NULL, racer_run, &race);
		for (int i = 0; i < RACERS; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&race.barrier);
		assert_int_equal(race.won, 1);
		assert_int_equal(race.lost, RACERS - 1);
		assert_string_equal(sql("select count(*) || ' ' || (select count(*) from job where payload->>'session' = d.session_id::text) || ' ' || "
			"(select count(*) from offer_event o where o.session_id = d.session_id) from decision d where session_id = '%s' "
			"group by session_id", client_text(&client, "sessionId")), "1 1 1");
	}
	caller_close(&client);
}

/* Starts in many threads: every answer has its row, with what that thread sent. */
static void *starter_run(void *argument)
{
	struct race *race = argument;
	struct caller client;
	char body[256];

	caller_open(&client);
	pthread_barrier_wait(&race->barrier);
	for (int i = 0; i < 50; i++) {
		snprintf(body, sizeof body, "{\"userId\":\"%p-%d\",\"subscriptionValue\":%d}", (void *)&client, i, i);
		if (client_post(&client, START, race->key, body) == 200)
			atomic_fetch_add(&race->won, 1);
		struct lease lease;
		PGresult *result;
		if (lease_take(&client.req.ctx, pool, &lease) != OK)
			continue;
		const char *text = arena_printf(&client.req.ctx.arena, "select customer_ref || value_minor from retention_session where id = '%s'",
			client_text(&client, "sessionId"));
		char expected[64];
		snprintf(expected, sizeof expected, "%p-%d%d", (void *)&client, i, i);
		if (pg_run_text(&lease, text, 0, NULL, &result) == OK && PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), expected) == 0)
			atomic_fetch_add(&race->lost, 1);
		lease_return(&lease);
	}
	caller_close(&client);
	return NULL;
}

static void every_answer_has_its_row(void **state)
{
	struct tenant tenant;
	struct race race = {0};
	pthread_t threads[RACERS];
	uint64_t statements, rows;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	race.key = tenant.live.key;
	pthread_barrier_init(&race.barrier, NULL, RACERS);
	for (int i = 0; i < RACERS; i++)
		pthread_create(&threads[i], NULL, starter_run, &race);
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&race.barrier);
	assert_int_equal(race.won, RACERS * 50);
	assert_int_equal(race.lost, RACERS * 50);
	assert_string_equal(sql("select count(*) from retention_session where org_id = '%s'", tenant.org_id), "400");
	batch_count(widget_batch(), &statements, &rows);
	assert_true(statements < rows);
}

/* Without PostgreSQL the widget is told to fail open, and comes back by itself. */
static void survives_postgresql(void **state)
{
	struct tenant tenant;
	struct caller client;
	(void)state;

	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	caller_open(&client);
	start(&client, tenant.live.key, BODY);
	services("down");
	client_post(&client, START, tenant.live.key, BODY);
	assert_problem(&client, 503, "unavailable", "");
	assert_string_not_equal(client_value(&client, "Retry-After"), "");
	services("up");
	WAIT_FOR(client_post(&client, START, tenant.live.key, BODY) == 200);
	caller_close(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(starts), cmocka_unit_test(old_sessions_do_not_count), cmocka_unit_test(chooses),
		cmocka_unit_test(refuses_input), cmocka_unit_test(needs_signature), cmocka_unit_test(reads_flows), cmocka_unit_test(decides),
		cmocka_unit_test(leaves_to_people), cmocka_unit_test(refuses_decisions), cmocka_unit_test(asks_only_what_it_asks),
		cmocka_unit_test(tokens_bind), cmocka_unit_test(one_decision_wins), cmocka_unit_test(every_answer_has_its_row),
		cmocka_unit_test(survives_postgresql)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
