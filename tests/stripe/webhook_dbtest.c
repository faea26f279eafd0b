/* The responder: what it stores, what it refuses, the state that owners see and the secrets that they set. */
#include "config.h"

#include "tests/stripe/house.h"

#include "retention/family.h"
#include "stripe/family.h"

static struct caller client;
static const char *address, *admin, *analyst;

static const char *signature(const char *secret, int64_t time_s, const char *body, size_t bytes)
{
	struct buffer text = {0}, out = {0};
	const char *header;
	uint8_t mac[32];

	buffer_printf(&text, "%lld.", (long long)time_s);
	buffer_add(&text, body, bytes);
	hmac_sha256(secret, strlen(secret), text.data, text.length, mac);
	buffer_printf(&out, "t=%lld,v1=", (long long)time_s);
	for (int i = 0; i < 32; i++)
		buffer_printf(&out, "%02x", mac[i]);
	header = arena_strdup(&setup.arena, out.data);
	buffer_free(&text);
	buffer_free(&out);
	return header;
}

static int post_to(const char *path, const char *header, const char *body, size_t bytes)
{
	const char *headers[] = {"Stripe-Signature", header, NULL};

	return client_send(&client, "POST", path, NULL, body, bytes, header ? headers : NULL);
}

static int post(const char *secret, int64_t time_s, const char *body)
{
	return post_to(address, signature(secret, time_s, body, strlen(body)), body, strlen(body));
}

static const char *event(const char *id, bool live)
{
	return arena_printf(&setup.arena, "{\"id\": \"%s\",\n \"object\": \"event\", \"type\": \"customer.created\", \"created\": 1700000000, \"livemode\": %s, "
		"\"data\": {\"object\": {\"id\": \"cus_1\", \"object\": \"customer\", \"name\": \"Käthe\"}}}", id, live ? "true" : "false");
}

static const char *person_add(const char *email, enum role role)
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
	return arena_printf(&setup.arena, "Bearer %s", tokens.access);
}

static int person_send(const char *method, const char *path, const char *bearer, const char *body)
{
	const char *headers[] = {"Authorization", bearer, NULL};

	return client_send(&client, method, path, NULL, body, body ? strlen(body) : 0, headers);
}

static struct json_object *data_of(void)
{
	struct json_object *data = NULL;

	json_object_object_get_ex(client.reply, "data", &data);
	return data;
}

static void family_open(const struct family *family)
{
	char message[256];

	if (!serve_open(family, message))
		fail_msg("%s", message);
}

static int open_house(void **state)
{
	(void)state;

	serve_conf();
	log_open("webhook_dbtest", "/dev/null", LOG_ERROR);
	setting("STOA_STRIPE_API_BASE", "http://127.0.0.1:1");
	house_open();
	connect_stripe(false, "sk_test_51abcdefgh");
	address = arena_printf(&setup.arena, "/api/v1/stripe/webhook/%s", endpoint_add(false, SECRET, SECRET_OLD));
	admin = person_add("admin@b.example", ROLE_ADMIN);
	analyst = person_add("analyst@b.example", ROLE_ANALYST);
	caller_open(&client);
	family_open(&FAMILY_STRIPE);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	serve_close();
	caller_close(&client);
	house_close();
	return 0;
}

static void stored_and_answered(void **state)
{
	int64_t now = clock_wall_s();
	(void)state;

	assert_int_equal(post(SECRET, now, event("evt_first", false)), 200);
	assert_string_equal(client.rep.body.data, "{\"received\":true}");
	assert_int_equal(post(SECRET_OLD, now, event("evt_second", false)), 200);
	assert_int_equal(post(SECRET, now - 299, event("evt_third", false)), 200);
	assert_sql("3", "select count(*) from stripe_event where state = 'waiting' and source = 'webhook' and payload->'data'->'object'->>'name' = 'Käthe'");
	assert_sql("3", "select count(*) from job where kind = 'stripe.event' and org_id = '%s'", tenant.org_id);
	assert_sql("t", "select last_event_at is not null from stripe_endpoint where not live");
	/* Again, and again in other words under the same id: nothing. */
	assert_int_equal(post(SECRET, now, event("evt_first", false)), 200);
	assert_sql("3", "select count(*) from stripe_event");
	assert_sql("3", "select count(*) from job");
}

static void refused(void **state)
{
	const char *body = event("evt_bad", false);
	int64_t now = clock_wall_s();
	size_t bytes = strlen(body), large = BILLING_EVENT_BYTES + 1;
	char *big = arena_alloc(&setup.arena, large + 1);
	char strange[ID_TEXT];
	(void)state;

	assert_int_equal(post_to(address, NULL, body, bytes), 400);
	assert_int_equal(post("whsec_somebody_else", now, body), 403);
	assert_int_equal(post(SECRET, now - 302, body), 403);
	assert_int_equal(post(SECRET, now + 302, body), 403);
	assert_int_equal(post_to(address, signature(SECRET, now, body, bytes), body, bytes - 1), 403);
	/* Judged before it is read: nonsense under a bad signature is a bad signature. */
	assert_int_equal(post("whsec_somebody_else", now, "{"), 403);
	assert_int_equal(post(SECRET, now, "{"), 400);
	assert_int_equal(post(SECRET, now, event("evt_live", true)), 422);
	memset(big, ' ', large);
	assert_int_equal(post_to(address, signature(SECRET, now, big, large), big, large), 413);
	id_new(strange);
	assert_int_equal(post_to(arena_printf(&setup.arena, "/api/v1/stripe/webhook/%s", strange), signature(SECRET, now, body, bytes), body, bytes), 404);
	/* Before its secret is known an address takes nothing, whatever signs it. */
	const char *bare = sql("insert into stripe_endpoint (org_id, live, id) values ('%s', true, gen_random_uuid()) returning id", tenant.org_id);
	assert_int_equal(post_to(arena_printf(&setup.arena, "/api/v1/stripe/webhook/%s", bare), signature("", now, body, bytes), body, bytes), 404);
	sql("delete from stripe_endpoint where live");
	/* The secret before is good for its time. */
	sql("update stripe_endpoint set secret_before_until = now() - interval '1 s'");
	assert_int_equal(post(SECRET_OLD, now, event("evt_late", false)), 403);
	assert_sql("3", "select count(*) from stripe_event");
}

#define STRIPE "/api/v1/retention/stripe/"

static int secret_put(const char *mode, const char *body)
{
	return person_send("PUT", arena_printf(&setup.arena, STRIPE "%s/secret", mode), admin, body);
}

static void stripe_states(void **state)
{
	(void)state;

	serve_close();
	family_open(&FAMILY_RETENTION);
	assert_int_equal(person_send("GET", STRIPE "live/state", analyst, NULL), 200);
	assert_false(json_flag(data_of(), "connected", true));
	assert_string_equal(json_text(data_of(), "importState", ""), "none");
	assert_int_equal(secret_put("live", "{\"secret\":\"whsec_0123456789\"}"), 409);
	assert_int_equal(person_send("POST", STRIPE "live/import", admin, NULL), 409);
	assert_int_equal(person_send("POST", STRIPE "live/check", admin, NULL), 409);

	connect_stripe(true, "sk_live_1234567890");
	sql("insert into stripe_endpoint (org_id, live, id) values ('%s', true, gen_random_uuid())", tenant.org_id);
	assert_int_equal(person_send("GET", STRIPE "live/state", analyst, NULL), 200);
	assert_true(json_flag(data_of(), "connected", false));
	assert_false(json_flag(data_of(), "secretSet", true));
	assert_string_equal(json_text(data_of(), "endpointPath", ""), arena_printf(&setup.arena, "/api/v1/stripe/webhook/%s",
		sql("select id from stripe_endpoint where live")));
	assert_int_equal(person_send("POST", STRIPE "live/check", admin, NULL), 202);
	assert_string_equal(client_text(&client, "id"), sql("select id from job where kind = 'stripe.check' and payload->>'live' = 'true'"));

	secret_put("live", "{\"secret\":\"sk_live_1234567890123\"}");
	assert_problem(&client, 422, "invalid", "secret");
	assert_int_equal(secret_put("live", "{\"secret\":\"whsec_0123456789\"}"), 200);
	assert_true(json_flag(data_of(), "secretSet", false));
	assert_null(json_text(data_of(), "secretBeforeUntil", NULL));
	assert_null(strstr(client.rep.body.data, "0123456789"));
	/* The same again is no roll; another one is. */
	assert_int_equal(secret_put("live", "{\"secret\":\"whsec_0123456789\"}"), 200);
	assert_null(json_text(data_of(), "secretBeforeUntil", NULL));
	assert_int_equal(secret_put("live", "{\"secret\":\"whsec_9876543210\",\"overlapHours\":2}"), 200);
	assert_string_equal(sql("select round(extract(epoch from secret_before_until - now()) / 3600) from stripe_endpoint where live"), "2");
	assert_string_equal(sql("select count(*) from event where entity = 'stripe_connection' and type = 'connection.changed' and payload::text not like '%%whsec_%%'"), "3");

	assert_int_equal(person_send("POST", STRIPE "live/import", admin, NULL), 202);
	const char *job = arena_strdup(&setup.arena, client_text(&client, "id"));
	assert_int_equal(person_send("POST", STRIPE "live/import", admin, NULL), 202);
	assert_string_equal(client_text(&client, "id"), job);
	assert_int_equal(person_send("GET", STRIPE "live/state", admin, NULL), 200);
	assert_string_equal(json_text(data_of(), "importState", ""), "running");
	assert_string_equal(json_text(data_of(), "importJob", ""), job);
	assert_int_equal(person_send("POST", STRIPE "live/import", analyst, NULL), 403);
	assert_int_equal(client_get(&client, STRIPE "live/state", tenant.server_test.key), 403);
	serve_close();
	family_open(&FAMILY_STRIPE);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(stored_and_answered), cmocka_unit_test(refused), cmocka_unit_test(stripe_states)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
