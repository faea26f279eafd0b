/* Stripe's signatures: the vector of stripe-dotnet's tests, and everything that must not pass. tests/e2e/stripe-events.mjs asks Stripe's own
 * library besides. */
#include "tests/retention/cases.h"

#include "base/clock.h"
#include "billing/billing.h"
#include "who/secret.h"

#include <string.h>

#define SECRET "whsec_a_quiet_harbour"
#define OLD "whsec_the_one_before"

static const char BODY[] = "{\"id\":\"evt_1\",\"object\":\"event\"}";

/* stripe-dotnet, src/StripeTests/Resources/event_test_signature.json, with its final line feed. */
static const char VECTOR[] = "{\n  \"id\": \"evt_123\",\n  \"object\": \"event\",\n  \"account\": \"acct_123\",\n  \"api_version\": \"2017-05-25\",\n"
	"  \"created\": 1533204620,\n  \"data\": {\n    \"object\": {\n      \"id\": \"cus_123\",\n      \"object\": \"customer\",\n"
	"      \"created\": 123456789,\n      \"email\": \"test@stripe.com\",\n      \"livemode\": false,\n      \"metadata\": {}\n    }\n  },\n"
	"  \"livemode\": false,\n  \"pending_webhooks\": 1,\n  \"request\": {\n    \"id\": \"req_123\",\n"
	"    \"idempotency_key\": \"idempotency-key-123\"\n  },\n  \"type\": \"customer.created\"\n}\n";
#define VECTOR_TIME 1533204620
#define VECTOR_MAC "2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7"

static enum err check(const char *secret, const char *before, const char *header, const char *body, size_t bytes)
{
	const char *const secrets[] = {secret, before};
	struct ctx ctx;

	ctx_init(&ctx);
	enum err err = billing_signature_check(&ctx, secrets, 2, header, body, bytes);
	ctx_free(&ctx);
	return err;
}

static void mac_of(const char *secret, long long time_s, const char *body, char hex_out[65])
{
	char text[256];
	uint8_t mac[32];
	int length = snprintf(text, sizeof text, "%lld.%s", time_s, body);

	hmac_sha256(secret, strlen(secret), text, (size_t)length, mac);
	for (int i = 0; i < 32; i++)
		snprintf(hex_out + 2 * i, 3, "%02x", mac[i]);
}

static void sign(char out[128], const char *secret, long long time_s)
{
	char hex[65];

	mac_of(secret, time_s, BODY, hex);
	snprintf(out, 128, "t=%lld,v1=%s", time_s, hex);
}

static void vector_of_stripe(void **state)
{
	static const struct { int64_t age; enum err err; } AGES[] = {
		{0, OK}, {299, OK}, {-298, OK}, {302, ERR_FORBIDDEN}, {-302, ERR_FORBIDDEN}, {31536000, ERR_FORBIDDEN}};
	(void)state;

	assert_int_equal(sizeof VECTOR - 1, 484);
	for (size_t i = 0; i < sizeof AGES / sizeof *AGES; i++) {
		clock_shift(0);
		clock_shift((VECTOR_TIME + AGES[i].age - clock_wall_s()) * 1000000);
		assert_int_equal(check("webhook_secret", NULL, "t=1533204620,v1=" VECTOR_MAC, VECTOR, sizeof VECTOR - 1), AGES[i].err);
	}
	clock_shift(0);
	clock_shift((VECTOR_TIME - clock_wall_s()) * 1000000);
	assert_int_equal(check("webhook_secreT", NULL, "t=1533204620,v1=" VECTOR_MAC, VECTOR, sizeof VECTOR - 1), ERR_FORBIDDEN);
	assert_int_equal(check("webhook_secret", NULL, "t=1533204620,v1=" VECTOR_MAC, VECTOR, sizeof VECTOR - 2), ERR_FORBIDDEN);
	assert_int_equal(check("webhook_secret", NULL, "t=1533204621,v1=" VECTOR_MAC, VECTOR, sizeof VECTOR - 1), ERR_FORBIDDEN);
	assert_int_equal(check("webhook_secret", NULL, "t=1533204620,v0=" VECTOR_MAC, VECTOR, sizeof VECTOR - 1), ERR_FORBIDDEN);
	clock_shift(0);
}

static void what_passes(void **state)
{
	char good[128], old[128], text[600], hex[65];
	long long now = clock_wall_s();
	(void)state;

	sign(good, SECRET, now);
	sign(old, OLD, now);
	assert_int_equal(check(SECRET, NULL, good, BODY, sizeof BODY - 1), OK);
	/* While a secret is rolled: either, and Stripe signs with both. */
	assert_int_equal(check(SECRET, OLD, good, BODY, sizeof BODY - 1), OK);
	assert_int_equal(check(SECRET, OLD, old, BODY, sizeof BODY - 1), OK);
	assert_int_equal(check(SECRET, NULL, old, BODY, sizeof BODY - 1), ERR_FORBIDDEN);
	mac_of(OLD, now, BODY, hex);
	snprintf(text, sizeof text, "%s,v1=%s", good, hex);
	assert_int_equal(check(SECRET, NULL, text, BODY, sizeof BODY - 1), OK);
	snprintf(text, sizeof text, "v0=%s,%s,v1=%064d,v1=short,v2=%s", hex, good, 0, hex);
	assert_int_equal(check(SECRET, NULL, text, BODY, sizeof BODY - 1), OK);
}

static void what_does_not(void **state)
{
	char good[128], text[600];
	(void)state;

	sign(good, SECRET, clock_wall_s());
	const char *const bad[] = {"", "t=", "v1=", good + strcspn(good, ",") + 1, "t=1,v0=00", "t=x,v1=00", "t=99999999999999999999,v1=00", "t=-1,v1=00"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(check(SECRET, NULL, bad[i], BODY, sizeof BODY - 1), ERR_FORBIDDEN);
	assert_int_equal(check(SECRET, NULL, NULL, BODY, sizeof BODY - 1), ERR_FORBIDDEN);
	assert_int_equal(check(NULL, NULL, good, BODY, sizeof BODY - 1), ERR_FORBIDDEN);
	/* An empty secret signs nothing: its HMAC can be made by anybody. */
	sign(text, "", clock_wall_s());
	assert_int_equal(check("", "", text, BODY, sizeof BODY - 1), ERR_FORBIDDEN);
	snprintf(text, sizeof text, "%.*s", (int)strlen(good) - 1, good);
	assert_int_equal(check(SECRET, NULL, text, BODY, sizeof BODY - 1), ERR_FORBIDDEN);
	snprintf(text, sizeof text, "%s,t=1", good);
	assert_int_equal(check(SECRET, NULL, text, BODY, sizeof BODY - 1), ERR_FORBIDDEN);
	assert_int_equal(check(SECRET, NULL, good, BODY, sizeof BODY - 2), ERR_FORBIDDEN);
	assert_int_equal(check(SECRET, NULL, good, "", 0), ERR_FORBIDDEN);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(vector_of_stripe), cmocka_unit_test(what_passes), cmocka_unit_test(what_does_not)};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
