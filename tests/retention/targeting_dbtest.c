/* The API of segments, rules and order of offers, and coupons, through the dispatcher, with a stand-in for Stripe. */
#include "config.h"

#include "tests/widget/client.h"

#include "retention/family.h"
#include "who/secret.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define PRO "{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"pro\"}"

static struct tenant tenant, other;
static struct caller client;
static char analyst[WHO_TOKEN_TEXT + 8];

/* Answers every connection with what the test wants, and keeps what it was asked last. */
static struct { int socket; pthread_t thread; _Atomic(const char *) answer; char asked[8192]; atomic_int calls; } stripe;

static void *stripe_run(void *unused)
{
	(void)unused;

	for (int peer; (peer = accept(stripe.socket, NULL, NULL)) >= 0; close(peer)) {
		const char *answer = atomic_load(&stripe.answer);
		ssize_t got = read(peer, stripe.asked, sizeof stripe.asked - 1);

		stripe.asked[got > 0 ? got : 0] = '\0';
		atomic_fetch_add(&stripe.calls, 1);
		if (got > 0 && answer && write(peer, answer, strlen(answer)) < 0)
			continue;
	}
	return NULL;
}

#define STRIPE_SAYS(status, body) atomic_store(&stripe.answer, "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body)

static void stripe_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	char url[64];

	stripe.socket = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(stripe.socket, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(stripe.socket, 16), 0);
	assert_int_equal(getsockname(stripe.socket, (struct sockaddr *)&address, &length), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
	setenv("STOA_STRIPE_API_BASE", url, 1);
	pthread_create(&stripe.thread, NULL, stripe_run, NULL);
}

static void analyst_add(void)
{
	struct session_tokens tokens;
	char account_id[ID_TEXT];
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_add(&setup, &lease, tenant.org_id, "ana@example.com", "Ana", ROLE_ANALYST, account_id), OK);
	assert_int_equal(session_start(&setup, &lease, tenant.org_id, account_id, ROLE_ANALYST, &(struct client){0}, &tokens), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	sql("update account set language = 'de' where id = '%s'", account_id);
	snprintf(analyst, sizeof analyst, "Bearer %s", tokens.access);
}

static int open_house(void **state)
{
	char message[256];
	(void)state;

	serve_conf();
	stripe_open();
	setenv("STOA_STRIPE_TRIES", "1", 1);
	setting("STOA_WEB_SESSION_PER_MINUTE", "0");
	log_open("targeting_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	caller_open(&client);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_RETENTION, message))
		fail_msg("%s", message);
	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	analyst_add();
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	shutdown(stripe.socket, SHUT_RDWR);
	pthread_join(stripe.thread, NULL);
	close(stripe.socket);
	caller_close(&client);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static void call(const char *method, const char *path, const char *body, int status)
{
	const char *target = path;

	client_send(&client, method, target, tenant.server.key, body, body ? strlen(body) : 0, NULL);
	assert_status(&client, status);
}

static struct json_object *data(const char *name)
{
	struct json_object *object = NULL, *value = NULL;

	json_object_object_get_ex(client.reply, "data", &object);
	json_object_object_get_ex(object ? object : client.reply, name, &value);
	return value;
}

static void keeps_segments(void **state)
{
	const char *id, *path;
	(void)state;

	call("POST", "/api/v1/retention/segments", "{\"name\":\"Pro users\",\"condition\":" PRO "}", 201);
	assert_string_equal(client_value(&client, "ETag"), "\"1\"");
	id = arena_strdup(&setup.arena, json_object_get_string(data("id")));
	path = arena_printf(&setup.arena, "/api/v1/retention/segments/%s", id);
	assert_string_equal(sql("select string_agg(type, ' ') from event where entity_id = '%s'", id), "segment.created");
	call("POST", "/api/v1/retention/segments", "{\"name\":\"pro USERS\",\"condition\":" PRO "}", 409);
	assert_problem(&client, 409, "conflict", "name");
	call("POST", "/api/v1/retention/segments", "{\"name\":\"x\",\"condition\":{\"all\":[{\"fact\":\"plan\",\"op\":\"is\",\"value\":7}]}}", 422);
	assert_problem(&client, 422, "invalid", "condition.all[0].value");
	call("POST", "/api/v1/retention/segments", "{\"name\":\"x\",\"condition\":{\"fact\":\"answer\",\"op\":\"is\",\"value\":\"unused\"}}", 422);
	assert_problem(&client, 422, "invalid", "condition.fact");
	/* Two people, one version; and nobody writes without one. */
	call("PUT", path, "{\"name\":\"Blind\",\"condition\":" PRO "}", 400);
	client_send(&client, "PUT", path, tenant.server.key, "{\"name\":\"Pros\",\"condition\":" PRO "}",
		strlen("{\"name\":\"Pros\",\"condition\":" PRO "}"), (const char *const[]){"If-Match", "\"1\"", NULL});
	assert_status(&client, 200);
	assert_string_equal(client_value(&client, "ETag"), "\"2\"");
	client_send(&client, "PUT", path, tenant.server.key, "{\"name\":\"Others\",\"condition\":" PRO "}",
		strlen("{\"name\":\"Others\",\"condition\":" PRO "}"), (const char *const[]){"If-Match", "\"1\"", NULL});
	assert_problem(&client, 412, "precondition-failed", "");
	assert_string_equal(sql("select before ->> 'name' || '>' || (after ->> 'name') from audit_log where action = 'segment.update'"), "Pro users>Pros");
	call("GET", "/api/v1/retention/segments", NULL, 200);
	assert_int_equal(json_object_array_length(data("data") ? data("data") : json_object_object_get(client.reply, "data")), 1);
	client_get(&client, path, other.server.key);
	assert_problem(&client, 404, "not-found", "");
	/* Not while a flow is for it, as published or as drafted. */
	const char *flow = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	sql("update flow_draft set document = document || '{\"segmentId\": \"%s\"}' where flow_id = '%s'", id, flow);
	call("DELETE", path, NULL, 409);
	sql("update flow_draft set document = document - 'segmentId' where flow_id = '%s'", flow);
	sql("update flow set segment_id = '%s' where id = '%s'", id, flow);
	call("DELETE", path, NULL, 409);
	sql("update flow set segment_id = null where id = '%s'", flow);
	call("DELETE", path, NULL, 204);
	call("DELETE", path, NULL, 404);
	assert_string_equal(sql("select string_agg(type, ' ' order by seq) from event where entity_id = '%s'", id), "segment.created segment.changed segment.removed");
}

static void counts_before_saving(void **state)
{
	const char *body = "{\"condition\":{\"all\":[" PRO ",{\"fact\":\"value\",\"op\":\"at_least\",\"value\":4900}]}}";
	const char *headers[] = {"Authorization", analyst, NULL};
	struct json_object *sample;
	(void)state;

	sql("insert into customer (org_id, live, id, ref, name, email, plan, value_minor, currency, deleted_at) select case when n %% 5 = 0 then '%s' else '%s' end::uuid, "
		"n %% 7 > 0, gen_random_uuid(), 'c' || n, 'Name ' || n, n || '@example.com', case when n %% 2 = 0 then 'pro' else 'free' end, n * 100, 'usd', "
		"case when n = 98 then now() end from generate_series(1, 100) n", other.org_id, tenant.org_id);
	/* Even, from 49 on, of ours, live and not gone: by hand, from 50 to 100: 26 even ones, less 6 divisible by 5 (50, 60, …, 100), less 56, 84 and 98
	 * of the other mode (70 is gone already). */
	call("POST", "/api/v1/retention/segment-preview", body, 200);
	assert_int_equal(json_int(client.reply, "count", -1), 17);
	assert_string_equal(client_text(&client, "words"), "the plan is “pro” and the monthly value is at least 49.00");
	sample = data("sample");
	assert_int_equal(json_object_array_length(sample), 17);
	assert_true(strncmp(json_text(json_object_array_get_idx(sample, 0), "name", ""), "Name ", 5) == 0);
	/* An analyst sees how many, not who. */
	client_send(&client, "POST", "/api/v1/retention/segment-preview", NULL, body, strlen(body), headers);
	assert_status(&client, 200);
	assert_int_equal(json_int(client.reply, "count", -1), 17);
	assert_string_equal(client_text(&client, "words"), "der Tarif ist „pro“ und der Monatswert ist mindestens 49,00");
	assert_null(strstr(client.rep.body.data, "Name "));
	assert_null(strstr(client.rep.body.data, "@example.com"));
	call("POST", "/api/v1/retention/segment-preview", "{\"condition\":{\"fact\":\"plan\",\"op\":\"exists\",\"value\":true},\"live\":false}", 403);
	assert_string_equal(sql("select count(*) from segment"), "0");
}

static void sets_rules_and_order(void **state)
{
	struct json_object *rule;
	const char *flow;
	(void)state;

	call("GET", "/api/v1/retention/offers", NULL, 200);
	assert_string_equal(client_text(&client, "policy"), "documented");
	assert_int_equal(json_int(client.reply, "floor", 0), 10);
	rule = json_object_array_get_idx(data("rules"), 0);
	assert_string_equal(json_text(rule, "type", ""), "discount");
	assert_int_equal(json_int(rule, "cooldownDays", 0), 90);
	call("PUT", "/api/v1/retention/offers/discount", "{\"enabled\":true,\"acceptedMost\":2,\"periodDays\":30,\"cooldownDays\":7,\"discounted\":true}", 200);
	rule = json_object_array_get_idx(data("rules"), 0);
	assert_int_equal(json_int(rule, "acceptedMost", 0), 2);
	assert_true(json_flag(rule, "discounted", false));
	call("PUT", "/api/v1/retention/offers/pause", "{\"enabled\":false,\"acceptedMost\":null,\"discounted\":true}", 200);
	assert_false(json_flag(json_object_array_get_idx(data("rules"), 1), "enabled", true));
	call("PUT", "/api/v1/retention/offers/survey", "{\"enabled\":false,\"discounted\":true}", 422);
	call("PUT", "/api/v1/retention/offers/pause", "{\"enabled\":false,\"periodDays\":731,\"discounted\":true}", 422);
	assert_problem(&client, 422, "invalid", "periodDays");
	call("PUT", "/api/v1/retention/offer-policy", "{\"policy\":\"adaptive\",\"floor\":20}", 200);
	assert_string_equal(client_text(&client, "policy"), "adaptive");
	call("PUT", "/api/v1/retention/offer-policy", "{\"policy\":\"adaptive\",\"floor\":51}", 422);
	flow = flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	call("PUT", arena_printf(&setup.arena, "/api/v1/retention/flows/%s/offer-policy", flow), "{\"policy\":\"adaptive\"}", 200);
	assert_string_equal(sql("select offer_policy from flow where id = '%s'", flow), "adaptive");
	call("PUT", arena_printf(&setup.arena, "/api/v1/retention/flows/%s/offer-policy", flow), "{\"policy\":null}", 200);
	assert_string_equal(sql("select coalesce(offer_policy, '-') from flow where id = '%s'", flow), "-");
	call("PUT", "/api/v1/retention/flows/01900000-0000-7000-8000-000000000009/offer-policy", "{\"policy\":null}", 404);
	assert_string_equal(sql("select count(*) from event where type = 'offer.changed'"), "5");
	client_get(&client, "/api/v1/retention/offers", other.server.key);
	assert_string_equal(client_text(&client, "policy"), "documented");
	call("GET", "/api/v1/retention/offer-estimates", NULL, 200);
	assert_int_equal(json_object_array_length(data("estimates")), 20);
	assert_int_equal(json_int(client.reply, "floor", 0), 20);
}

static void makes_coupons(void **state)
{
	static const char QUARTER[] = "{\"percentOff\":25,\"duration\":\"repeating\",\"months\":3,\"name\":\"Stay\"}";
	static const struct { const char *body, *field; } WRONG[] = {{"{\"duration\":\"once\"}", "percentOff"},
		{"{\"percentOff\":5,\"amountMinor\":5,\"currency\":\"usd\",\"duration\":\"once\"}", "percentOff"},
		{"{\"amountMinor\":5,\"duration\":\"once\"}", "currency"}, {"{\"percentOff\":5,\"currency\":\"usd\",\"duration\":\"once\"}", "currency"},
		{"{\"percentOff\":5,\"duration\":\"repeating\"}", "months"}, {"{\"percentOff\":5,\"duration\":\"once\",\"months\":2}", "months"},
		{"{\"percentOff\":5,\"duration\":\"once\",\"id\":\"a/b\"}", "id"}};
	const uint8_t *sealed;
	size_t bytes;
	(void)state;

	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		call("POST", "/api/v1/retention/stripe/coupons", WRONG[i].body, 422);
		assert_problem(&client, 422, "invalid", WRONG[i].field);
	}
	call("POST", "/api/v1/retention/stripe/coupons", QUARTER, 409);
	assert_int_equal(stripe.calls, 0);
	secret_seal(&setup, tenant.org_id, "sk_live_abcdefghijkl", 20, &sealed, &bytes);
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', true, '%s', 'ijkl')", tenant.org_id,
		pg_bytes(&setup, sealed, bytes));
	/* The answer is lost: asked again, it is the same wish under the same key, which was kept before the call. */
	STRIPE_SAYS("500 Oh", "");
	call("POST", "/api/v1/retention/stripe/coupons", QUARTER, 502);
	assert_string_equal(sql("select state || count(*) from coupon_request group by state"), "sent1");
	STRIPE_SAYS("200 OK", "{\"id\":\"ZYX\",\"object\":\"coupon\",\"created\":1700000000}");
	call("POST", "/api/v1/retention/stripe/coupons", QUARTER, 201);
	assert_string_equal(client_text(&client, "coupon"), "ZYX");
	assert_non_null(strstr(stripe.asked, "POST /v1/coupons "));
	assert_non_null(strstr(stripe.asked, sql("select 'Idempotency-Key: ' || idempotency_key from coupon_request")));
	assert_non_null(strstr(stripe.asked, "name=Stay&percent_off=25&duration=repeating&duration_in_months=3"));
	assert_string_equal(sql("select state || ' ' || coupon_ref from coupon_request"), "done ZYX");
	assert_string_equal(sql("select concat_ws('|', ref, percent_off, duration, months, valid) from coupon"), "ZYX|25.00|repeating|3|t");
	assert_string_equal(sql("select string_agg(type || ' ' || entity_id, ',') from event where type = 'coupon.created'"), "coupon.created ZYX");
	/* The same once more is another coupon. */
	STRIPE_SAYS("200 OK", "{\"id\":\"ABC\",\"object\":\"coupon\",\"created\":1700000001}");
	call("POST", "/api/v1/retention/stripe/coupons", QUARTER, 201);
	assert_string_equal(sql("select count(distinct idempotency_key) from coupon_request"), "2");
	STRIPE_SAYS("400 Bad", "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Coupon already exists.\"}}");
	call("POST", "/api/v1/retention/stripe/coupons", "{\"id\":\"ABC\",\"percentOff\":5,\"duration\":\"once\"}", 422);
	assert_non_null(strstr(client_text(&client, "detail"), "Coupon already exists."));
	STRIPE_SAYS("403 No", "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"}}");
	call("POST", "/api/v1/retention/stripe/coupons", "{\"amountMinor\":500,\"currency\":\"usd\",\"duration\":\"once\"}", 403);
	call("GET", "/api/v1/retention/stripe/coupons?limit=1", NULL, 200);
	assert_string_equal(json_text(json_object_array_get_idx(json_object_object_get(client.reply, "data"), 0), "ref", ""), "ABC");
	call("GET", arena_printf(&setup.arena, "/api/v1/retention/stripe/coupons?cursor=%s", json_text(json_object_object_get(client.reply, "meta"), "next", "")), NULL, 200);
	assert_string_equal(json_text(json_object_array_get_idx(json_object_object_get(client.reply, "data"), 0), "ref", ""), "ZYX");
	sql("insert into product (org_id, live, ref, name, as_of) values ('%s', true, 'prod_1', 'Shop', now())", tenant.org_id);
	sql("insert into price (org_id, live, ref, product_ref, amount_minor, currency, period, period_count, as_of) values ('%s', true, 'price_1', 'prod_1', 900, "
		"'usd', 'month', 1, now()), ('%s', true, 'price_2', 'prod_1', 900, 'usd', 'month', 1, now())", tenant.org_id, other.org_id);
	call("GET", "/api/v1/retention/stripe/prices", NULL, 200);
	assert_int_equal(json_object_array_length(json_object_object_get(client.reply, "data")), 1);
	assert_string_equal(json_text(json_object_array_get_idx(json_object_object_get(client.reply, "data"), 0), "product", ""), "Shop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_segments), cmocka_unit_test(counts_before_saving), cmocka_unit_test(sets_rules_and_order),
		cmocka_unit_test(makes_coupons)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
