/* The page of the connection to Stripe: what it shows in each state, to whom, and its forms. */
#include "tests/lib/answer.h"
#include "tests/pages/visitors.h"

#include "who/secret.h"

#define PAGE "/settings/stripe"

static int open_all(void **state)
{
	stripe_open();
	return open_house(state);
}

static void connects(void **state)
{
	(void)state;
	visit(OWNER, PAGE, 200);
	SHOWS("Connect Stripe", "rk_test_…", "name=\"mode\" value=\"test\"");
	HIDES("Permissions of the key", "whsec_", "data-live");
	submit(OWNER, PAGE "/key", "mode=test&secretKey=sk_live_1234567890", 422);
	SHOWS("The key is of the other mode", "Connect Stripe");
	HIDES("1234567890");
	STRIPE_SAYS("401 Unauthorized", "{\"error\":{\"message\":\"Invalid API Key\"}}");
	submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_1234567890", 422);
	SHOWS("Stripe refuses this key");
	STRIPE_SAYS("200 OK", "{\"id\":\"acct_1Pgc\",\"object\":\"account\"}");
	submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_1234567890", 303);
	visit(OWNER, arena_strdup(&setup.arena, client_value(&caller, "Location")), 200);
	SHOWS("Stripe is connected.", "<code>7890</code>", "acct_1Pgc", "Not checked yet.", "Begin the import", "the secret is missing", "data-live",
		"https://stoa.example/api/v1/stripe/webhook/", "customer.subscription.updated, ");
	HIDES("1234567890");
	assert_string_equal(sql("select type from event where entity = 'stripe_connection'"), "connection.changed");
	/* Live and test are apart. */
	visit(OWNER, PAGE "?mode=live", 200);
	SHOWS("Connect Stripe", "rk_live_…");
	HIDES("7890", "/api/v1/stripe/webhook/");
	visit(OWNER, PAGE "?mode=both", 422);
}

static void explains_what_is_missing(void **state)
{
	(void)state;
	sql("insert into stripe_sync (org_id, live, scopes, scopes_at) values ('%s', false, '[{\"scope\": \"customers\", \"access\": \"read\", \"allowed\": true, "
		"\"needed\": true}, {\"scope\": \"events\", \"access\": \"read\", \"allowed\": false, \"needed\": true}, {\"scope\": \"portal\", \"access\": \"write\", "
		"\"allowed\": false, \"needed\": false}]', now())", alpha.org_id);
	visit(READER, PAGE, 200);
	SHOWS("something is missing", "Customers, read", "Events, read", "events that did not reach this house are fetched", "not given");
	HIDES("Check again", "Replace the key", "name=\"secret\"");
	visit(OWNER, PAGE, 200);
	submit(OWNER, PAGE "/check", "mode=test", 303);
	visit(READER, PAGE, 200);
	request(READER, PAGE "/check", "csrf=x&mode=test");
	assert_status(&caller, 403);
}

static void takes_secrets(void **state)
{
	(void)state;
	visit(ADMIN, PAGE, 200);
	submit(ADMIN, PAGE "/secret", "mode=test&secret=sk_test_1234567890", 422);
	SHOWS("A signing secret of Stripe begins with whsec_");
	submit(ADMIN, PAGE "/secret", "mode=test&secret=whsec_1234567890abcdef", 303);
	visit(ADMIN, PAGE, 200);
	SHOWS("nothing has arrived yet", "Another signing secret");
	HIDES("The secret before this one", "1234567890abcdef");
	submit(ADMIN, PAGE "/secret", "mode=test&secret=whsec_fedcba0987654321", 303);
	sql("update stripe_endpoint set last_event_at = now()");
	visit(ADMIN, PAGE, 200);
	SHOWS("events arrive", "The secret before this one stays good until");
}

static void shows_the_import(void **state)
{
	(void)state;
	visit(ADMIN, PAGE, 200);
	submit(ADMIN, PAGE "/import", "mode=test", 303);
	sql("update stripe_sync set phase = 4, counts = '{\"products\": 3, \"coupons\": null, \"customers\": 12345}'");
	visit(ADMIN, PAGE, 200);
	SHOWS("value=\"50\"", "12,345", "the key may not", "Look again");
	HIDES("Begin the import", "Go on");
	sql("update job set state = 'dead', errors = '[{\"message\": \"Stripe <refuses> the key\"}]' where kind = 'stripe.import'");
	visit(ADMIN, PAGE, 200);
	SHOWS("It has stopped", "Stripe &lt;refuses&gt; the key", "Go on");
	submit(ADMIN, PAGE "/import", "mode=test", 303);
	assert_string_equal(sql("select phase from stripe_sync"), "4");
	sql("update stripe_sync set import_ended_at = now()");
	visit(ADMIN, PAGE, 200);
	SHOWS("Everything was read.", "Read everything again");
	submit(ADMIN, PAGE "/import", "mode=test", 303);
	visit(ADMIN, PAGE, 200);
	submit(ADMIN, PAGE "/import", "mode=live", 409);
}

#define OTHER_ACCOUNT "This key is of another Stripe account than the customers stored here"

/* What is mirrored of one account is not mixed with another's, also when the first was disconnected. */
static void keeps_accounts_apart(void **state)
{
	(void)state;
	STRIPE_SAYS("200 OK", "{\"id\":\"acct_2Other\",\"object\":\"account\"}");
	visit(OWNER, PAGE, 200);
	submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_another0000", 303);
	STRIPE_SAYS("200 OK", "{\"id\":\"acct_1Pgc\",\"object\":\"account\"}");
	visit(OWNER, PAGE, 200);
	submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_1234567890", 303);
	sql("insert into customer (org_id, live, id, stripe_ref) values ('%s', false, gen_random_uuid(), 'cus_mirrored')", alpha.org_id);
	for (int turn = 0; turn < 2; turn++) {
		STRIPE_SAYS("200 OK", "{\"id\":\"acct_2Other\",\"object\":\"account\"}");
		visit(OWNER, PAGE, 200);
		submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_another0000", 409);
		SHOWS(OTHER_ACCOUNT, "name=\"secretKey\"");
		assert_string_equal(sql("select coalesce(string_agg(key_last4, ''), 'none') from stripe_connection"), turn ? "none" : "7890");
		sql("delete from stripe_connection");
	}
	/* A key that may not read its account is nobody's yet. */
	STRIPE_SAYS("403 Forbidden", "{\"error\":{\"message\":\"No.\"}}");
	visit(OWNER, PAGE, 200);
	submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_another0000", 303);
	STRIPE_SAYS("200 OK", "{\"id\":\"acct_2Other\",\"object\":\"account\"}");
	visit(OWNER, PAGE, 200);
	submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_another0000", 409);
	STRIPE_SAYS("200 OK", "{\"id\":\"acct_1Pgc\",\"object\":\"account\"}");
	visit(OWNER, PAGE, 200);
	submit(OWNER, PAGE "/key", "mode=test&secretKey=rk_test_1234567890", 303);
}

static void forgets_the_key(void **state)
{
	(void)state;
	visit(OWNER, PAGE, 200);
	submit(OWNER, PAGE "/forget", "mode=test", 303);
	visit(OWNER, arena_strdup(&setup.arena, client_value(&caller, "Location")), 200);
	SHOWS("The key is forgotten.", "Connect Stripe", "/api/v1/stripe/webhook/");
	submit(OWNER, PAGE "/forget", "mode=test", 404);
	assert_string_equal(sql("select string_agg(type, ' ' order by seq) from event where entity = 'stripe_connection'"),
		"connection.changed connection.changed connection.changed connection.removed");
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(connects), cmocka_unit_test(explains_what_is_missing), cmocka_unit_test(takes_secrets),
		cmocka_unit_test(shows_the_import), cmocka_unit_test(forgets_the_key), cmocka_unit_test(keeps_accounts_apart)};

	return cmocka_run_group_tests(cases, open_all, close_house);
}
