/* Tokens, permissions and the cached form of an identity: no services. */
#include "tests/lib/database.h"

#include "who/record.h"

static void test_token_parse(void **state)
{
#define R43 "abcdefghijklmnopqrstuvwxyz0123456789ABCDE-_"
	static const struct {
		const char *text;
		enum token_kind kind;
		const char *prefix;
	} rows[] = {
		{"stoa_at_" R43, TOKEN_ACCESS, ""},
		{"stoa_rt_" R43, TOKEN_REFRESH, ""},
		{"stoa_pr_" R43, TOKEN_RESET, ""},
		{"stoa_sig_" R43, TOKEN_SIGNING, ""},
		{"stoa_live_abcd1234_" R43, TOKEN_KEY_LIVE, "abcd1234"},
		{"stoa_test_-_-_-_-__" R43, TOKEN_KEY_TEST, "-_-_-_-_"},
		{"stoa_at_" R43 "x", TOKEN_NONE, ""},
		{"stoa_at_" R43 "=", TOKEN_NONE, ""},
		{"stoa_at_abc", TOKEN_NONE, ""},
		{"stoa_at_", TOKEN_NONE, ""},
		{"stoa_live_abcd1234" R43, TOKEN_NONE, ""},
		{"stoa_live_abcd12345" R43, TOKEN_NONE, ""},
		{"stoa_live_abcd123_x" R43, TOKEN_NONE, ""},
		{"stoa_live_abc 1234_" R43, TOKEN_NONE, ""},
		{"stoa_live_" R43, TOKEN_NONE, ""},
		{"STOA_AT_" R43, TOKEN_NONE, ""},
		{" stoa_at_" R43, TOKEN_NONE, ""},
		{"stoa_at_abcdefghijklmnopqrstuvwxyz0123456789ABCD/+a", TOKEN_NONE, ""},
		{"", TOKEN_NONE, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char prefix[WHO_PREFIX_TEXT] = "";

		if (token_parse(rows[i].text, prefix) != rows[i].kind || strcmp(prefix, rows[i].prefix))
			fail_msg("row %zu: %s", i, rows[i].text);
		assert_int_equal(token_parse(rows[i].text, NULL), rows[i].kind);
	}
}

static void test_token_new(void **state)
{
	(void)state;
	for (int kind = TOKEN_ACCESS; kind <= TOKEN_KEY_TEST; kind++) {
		char first[WHO_KEY_TEXT], second[WHO_KEY_TEXT];

		token_new((enum token_kind)kind, first);
		token_new((enum token_kind)kind, second);
		assert_int_equal(token_parse(first, NULL), kind);
		assert_string_not_equal(first, second);
		assert_true(strlen(first) < (kind >= TOKEN_KEY_LIVE ? WHO_KEY_TEXT : WHO_TOKEN_TEXT));
	}
}

static void test_permissions(void **state)
{
	static const struct {
		enum permission permission;
		const char *holders; /* o a n r s w: owner admin analyst readonly server widget */
	} rows[] = {
		{PERMIT_WIDGET_USE, "w"},
		{PERMIT_RETENTION_READ, "oanrs"},
		{PERMIT_RETENTION_WRITE, "oas"},
		{PERMIT_CUSTOMER_TEXT, "oas"},
		{PERMIT_CONNECTION_WRITE, "oa"},
		{PERMIT_KEY_READ, "oa"},
		{PERMIT_KEY_WRITE, "oa"},
		{PERMIT_MEMBER_READ, "oanr"},
		{PERMIT_MEMBER_WRITE, "oa"},
		{PERMIT_ORG_WRITE, "o"},
		{PERMIT_AUDIT_READ, "o"},
		{PERMIT_OPS_READ, "oas"},
		{PERMIT_WEBHOOK_READ, "oa"},
		{PERMIT_WEBHOOK_WRITE, "oa"},
		{PERMIT_JOB_FOLLOW, "oanrs"},
		{PERMIT_JOB_READ, "oa"},
		{PERMIT_JOB_WRITE, "oa"},
		{PERMIT_HOUSE_OPERATE, ""},
	};
	const struct {
		char letter;
		uint64_t permissions;
	} holders[] = {
		{'o', role_permissions(ROLE_OWNER)}, {'a', role_permissions(ROLE_ADMIN)}, {'n', role_permissions(ROLE_ANALYST)},
		{'r', role_permissions(ROLE_READONLY)}, {'s', key_permissions(false)}, {'w', key_permissions(true)},
	};

	(void)state;
	assert_int_equal(sizeof rows / sizeof *rows, PERMISSION_COUNT);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t k = 0; k < sizeof holders / sizeof *holders; k++) {
			struct who who = {.permissions = holders[k].permissions};

			if (who_may(&who, rows[i].permission) != (strchr(rows[i].holders, holders[k].letter) != NULL))
				fail_msg("%s %c", permission_text(rows[i].permission), holders[k].letter);
		}
	assert_int_equal(role_permissions(ROLE_NONE), 0);
	for (int role = ROLE_READONLY; role < ROLE_COUNT; role++)
		assert_int_equal(role_parse(role_text((enum role)role)), role);
	assert_int_equal(role_parse("none"), ROLE_NONE);
	assert_int_equal(role_parse("Owner"), ROLE_NONE);
	assert_int_equal(role_parse(NULL), ROLE_NONE);
}

static void test_record(void **state)
{
	static struct who who, back;
	static char record[RECORD_MOST];
	int64_t expires_us;
	size_t length;

	(void)state;
	who = (struct who){.kind = WHO_WIDGET_KEY, .live = true, .signature_required = true, .rate_per_minute = 77,
		.org_id = "0190a000-0000-7000-8000-000000000001", .key_id = "0190a000-0000-7000-8000-000000000002", .origin_count = WHO_ORIGINS};
	for (int i = 0; i < WHO_ORIGINS; i++)
		snprintf(who.origins[i], sizeof who.origins[i], "https://shop%d.example", i);
	memset(who.origins[3], 'o', sizeof who.origins[3] - 1);
	length = record_write(&who, 1234567, record);
	assert_true(record_read(record, length, &back, &expires_us));
	assert_int_equal(expires_us, 1234567);
	assert_int_equal(back.kind, WHO_WIDGET_KEY);
	assert_int_equal(back.permissions, key_permissions(true));
	assert_true(back.live && back.signature_required);
	assert_int_equal(back.rate_per_minute, 77);
	assert_string_equal(back.org_id, who.org_id);
	assert_string_equal(back.key_id, who.key_id);
	assert_memory_equal(back.origins, who.origins, sizeof who.origins);
	for (size_t cut = 0; cut < length; cut++)
		assert_false(record_read(record, cut, &back, &expires_us));
	record[0] ^= 1;
	assert_false(record_read(record, length, &back, &expires_us));

	/* A session's role decides, and nothing is left over from the key before. */
	who = (struct who){.kind = WHO_SESSION, .role = ROLE_ANALYST, .live = true, .org_id = "o", .account_id = "a", .session_id = "s"};
	length = record_write(&who, 0, record);
	assert_true(record_read(record, length, &back, &expires_us));
	assert_int_equal(back.permissions, role_permissions(ROLE_ANALYST));
	assert_int_equal(back.origin_count, 0);
	assert_string_equal(back.account_id, "a");
	assert_string_equal(back.session_id, "s");
	assert_string_equal(back.key_id, "");

	/* An operator stays one; a key never is. */
	who.permissions = operator_permissions();
	length = record_write(&who, 0, record);
	assert_true(record_read(record, length, &back, &expires_us));
	assert_int_equal(back.permissions, role_permissions(ROLE_ANALYST) | operator_permissions());
	assert_true(who_may(&back, PERMIT_HOUSE_OPERATE));
	who.kind = WHO_SERVER_KEY;
	length = record_write(&who, 0, record);
	assert_true(record_read(record, length, &back, &expires_us));
	assert_int_equal(back.permissions, key_permissions(false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_parse),
		cmocka_unit_test(test_token_new),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
