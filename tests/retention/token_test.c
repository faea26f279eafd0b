/* Session tokens and the host's signatures. */
#include "tests/retention/cases.h"

#include "base/clock.h"
#include "retention/retention.h"
#include "who/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char key_file[] = "/tmp/stoa-token-XXXXXX";

static int open_secret(void **state)
{
	char message[256];
	int fd = mkstemp(key_file);
	(void)state;

	assert_true(fd >= 0);
	close(fd);
	unlink(key_file);
	conf_add(SECRET_CONF);
	setenv("STOA_SECRET_KEY_FILE", key_file, 1);
	setenv("STOA_CONFIG", "/dev/null", 1);
	assert_true(conf_load(NULL, message));
	assert_true(secret_create(key_file, message));
	assert_true(secret_open(message));
	return 0;
}

static int close_secret(void **state)
{
	(void)state;
	unlink(key_file);
	return 0;
}

static struct widget_token sample(void)
{
	return (struct widget_token){.org_id = "01900000-0000-7000-8000-00000000000a", .key_id = "01900000-0000-7000-8000-00000000000b",
		.session_id = "01900000-0000-7000-8000-00000000000c", .flow_id = "01900000-0000-7000-8000-00000000000d", .flow_version = 70000,
		.live = true, .cancel_at_stripe = true, .expires_s = clock_wall_s() + 60, .customer = "cust\xc3\xb6mer", .subscription = "sub_1"};
}

static void tokens_return(void **state)
{
	struct widget_token token = sample(), read;
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	for (int mode = 0; mode < 4; mode++) {
		token.live = mode & 1;
		token.cancel_at_stripe = mode & 2;
		token.subscription = mode & 2 ? "sub_1" : "";
		assert_int_equal(widget_token_read(&ctx, widget_token_make(&ctx, &token), &read), OK);
		assert_string_equal(read.org_id, token.org_id);
		assert_string_equal(read.key_id, token.key_id);
		assert_string_equal(read.session_id, token.session_id);
		assert_string_equal(read.flow_id, token.flow_id);
		assert_string_equal(read.customer, token.customer);
		assert_string_equal(read.subscription, token.subscription);
		assert_int_equal(read.flow_version, token.flow_version);
		assert_int_equal(read.expires_s, token.expires_s);
		assert_int_equal(read.live, token.live);
		assert_int_equal(read.cancel_at_stripe, token.cancel_at_stripe);
	}
	ctx_free(&ctx);
}

/* Every change of one character, every truncation and every extension is refused. */
static void tokens_resist(void **state)
{
	struct widget_token token = sample(), read;
	struct ctx ctx;
	char copy[1024];
	size_t length;
	(void)state;

	ctx_init(&ctx);
	length = (size_t)snprintf(copy, sizeof copy, "%s", widget_token_make(&ctx, &token));
	/* The last character holds bits that no byte uses; sodium refuses those too, unless they are zero. */
	for (size_t i = 0; i < length; i++) {
		char kept = copy[i];

		copy[i] = kept == 'A' ? 'B' : 'A';
		assert_int_equal(widget_token_read(&ctx, copy, &read), ERR_UNAUTHENTICATED);
		copy[i] = kept;
		ctx_forgive(&ctx);
	}
	for (size_t cut = 0; cut < length; cut++) {
		char kept = copy[cut];

		copy[cut] = '\0';
		assert_int_equal(widget_token_read(&ctx, copy, &read), ERR_UNAUTHENTICATED);
		copy[cut] = kept;
		ctx_forgive(&ctx);
	}
	copy[length] = 'A';
	copy[length + 1] = '\0';
	assert_int_equal(widget_token_read(&ctx, copy, &read), ERR_UNAUTHENTICATED);
	ctx_free(&ctx);
}

static void tokens_expire(void **state)
{
	struct widget_token token = sample(), read;
	const char *text;
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	text = widget_token_make(&ctx, &token);
	clock_shift(59 * INT64_C(1000000));
	assert_int_equal(widget_token_read(&ctx, text, &read), OK);
	clock_shift(61 * INT64_C(1000000));
	assert_int_equal(widget_token_read(&ctx, text, &read), ERR_GONE);
	clock_shift(0);
	ctx_free(&ctx);
}

/* A reference of any length in its bounds is carried whole. */
static void tokens_carry_long_names(void **state)
{
	struct widget_token token = sample(), read;
	char name[1021];
	struct ctx ctx;
	(void)state;

	ctx_init(&ctx);
	memset(name, 'x', 1020);
	name[1020] = '\0';
	token.customer = token.subscription = name;
	assert_int_equal(widget_token_read(&ctx, widget_token_make(&ctx, &token), &read), OK);
	assert_string_equal(read.customer, name);
	ctx_free(&ctx);
}

static const struct signed_field FIELDS[] = {{"userId", "u 1"}, {"plan", NULL}, {"email", "a@b.example"}, {"subscriptionValue", "4900"}};
#define FIELD_COUNT (int)(sizeof FIELDS / sizeof *FIELDS)
#define SECRET "stoa_sig_secret"

/* The text as the documentation spells it, not as the code builds it. */
static void sign(char out[128], const char *secret, int64_t time_s)
{
	char text[256];
	uint8_t mac[32];
	int length = snprintf(text, sizeof text, "%lld\nemail=a@b.example\nsubscriptionValue=4900\nuserId=u 1", (long long)time_s);

	hmac_sha256(secret, strlen(secret), text, (size_t)length, mac);
	length = snprintf(out, 128, "t=%lld,v1=", (long long)time_s);
	for (int i = 0; i < 32; i++)
		length += snprintf(out + length, 128 - (size_t)length, "%02x", mac[i]);
}

static void signatures(void **state)
{
	struct ctx ctx;
	char good[128], text[600];
	int64_t now = clock_wall_s();
	(void)state;

	ctx_init(&ctx);
	sign(good, SECRET, now);
	assert_int_equal(customer_signature_check(&ctx, SECRET, good, FIELDS, FIELD_COUNT), OK);
	/* Another scheme is passed over; any v1 may fit, as while a secret is replaced. */
	snprintf(text, sizeof text, "v0=ff,%s", good);
	assert_int_equal(customer_signature_check(&ctx, SECRET, text, FIELDS, FIELD_COUNT), OK);
	snprintf(text, sizeof text, "%s,v1=%064d", good, 0);
	assert_int_equal(customer_signature_check(&ctx, SECRET, text, FIELDS, FIELD_COUNT), OK);

	static const struct { int64_t age; enum err err; } AGES[] = {
		{0, OK}, {290, OK}, {-290, OK}, {310, ERR_FORBIDDEN}, {-310, ERR_FORBIDDEN}, {86400, ERR_FORBIDDEN}};
	for (size_t i = 0; i < sizeof AGES / sizeof *AGES; i++) {
		sign(text, SECRET, now - AGES[i].age);
		assert_int_equal(customer_signature_check(&ctx, SECRET, text, FIELDS, FIELD_COUNT), AGES[i].err);
		ctx_forgive(&ctx);
	}
	ctx_free(&ctx);
}

static void signatures_resist(void **state)
{
	struct signed_field fields[FIELD_COUNT];
	struct ctx ctx;
	char good[128], text[600];
	(void)state;

	ctx_init(&ctx);
	sign(good, SECRET, clock_wall_s());
	const char *const bad[] = {"", "t=", "v1=", good + strcspn(good, ",") + 1, "t=1,v0=00", "t=x,v1=00", "v1=zz,t=1",
		"t=99999999999999999999,v1=00"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(customer_signature_check(&ctx, SECRET, bad[i], FIELDS, FIELD_COUNT), ERR_FORBIDDEN);
		ctx_forgive(&ctx);
	}
	snprintf(text, sizeof text, "%.*s", (int)strlen(good) - 1, good);
	assert_int_equal(customer_signature_check(&ctx, SECRET, text, FIELDS, FIELD_COUNT), ERR_FORBIDDEN);
	snprintf(text, sizeof text, "%s,t=1", good);
	assert_int_equal(customer_signature_check(&ctx, SECRET, text, FIELDS, FIELD_COUNT), ERR_FORBIDDEN);
	assert_int_equal(customer_signature_check(&ctx, "other", good, FIELDS, FIELD_COUNT), ERR_FORBIDDEN);
	assert_int_equal(customer_signature_check(&ctx, NULL, good, FIELDS, FIELD_COUNT), ERR_FORBIDDEN);
	/* Each field changed, left out, or added. */
	for (int i = 0; i < FIELD_COUNT; i++) {
		memcpy(fields, FIELDS, sizeof fields);
		fields[i].value = fields[i].value ? NULL : "";
		assert_int_equal(customer_signature_check(&ctx, SECRET, good, fields, FIELD_COUNT), ERR_FORBIDDEN);
		fields[i].value = "changed";
		assert_int_equal(customer_signature_check(&ctx, SECRET, good, fields, FIELD_COUNT), ERR_FORBIDDEN);
		ctx_forgive(&ctx);
	}
	ctx_free(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tokens_return), cmocka_unit_test(tokens_resist), cmocka_unit_test(tokens_expire),
		cmocka_unit_test(tokens_carry_long_names), cmocka_unit_test(signatures), cmocka_unit_test(signatures_resist)};

	return cmocka_run_group_tests(tests, open_secret, close_secret);
}
