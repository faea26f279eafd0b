/* Who is behind a token: found by index, cached, forgotten at once; and the audit log. */
#include "tests/widget/client.h"

#include "sql.h"
#include "who/audit.h"
#include "who/secret.h"

static struct ctx ctx;
static struct house house;
static struct tenant tenant, other;

struct person {
	char org_id[ID_TEXT], account_id[ID_TEXT];
	struct session_tokens tokens;
};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ask(&ctx, house.pool, arena_vprintf(&ctx.arena, format, args));
	va_end(args);
}

static enum err person_make(struct ctx *own, struct lease *lease, void *argument)
{
	static const struct client client = {.address = "192.0.2.9", .agent = "test"};
	struct person *person = argument;
	char email[64];

	snprintf(email, sizeof email, "%s@example.com", own->id);
	TRY(organisation_create(own, lease,
		&(struct organisation_new){.name = "Person's", .email = email, .password_hash = "", .client = &client}, person->org_id,
		person->account_id));
	return session_start(own, lease, person->org_id, person->account_id, ROLE_OWNER, &client, &person->tokens);
}

static void person_add(struct person *person)
{
	ctx_reset(&ctx);
	if (change_run(&ctx, house.pool, person_make, person) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
}

/* In a ctx of its own, as a request. */
static enum err resolve(const char *token, struct who *who_out, uint32_t *queries_out)
{
	struct ctx own;
	enum err err;

	ctx_init(&own);
	*who_out = (struct who){0};
	err = who_resolve(&own, &house, token, who_out);
	if (err == ERR_UNAUTHENTICATED)
		assert_string_equal(own.fault.detail, "The token is unknown, expired or revoked");
	else if (err != OK)
		fail_msg("%s %s", own.fault.detail, own.fault.internal);
	if (queries_out)
		*queries_out = own.queries;
	ctx_free(&own);
	return err;
}

static void forget(const char *org_id)
{
	who_forget(&ctx, &house, org_id);
}

static void test_session(void **state)
{
	struct person person;
	struct who who;
	uint32_t queries;

	(void)state;
	person_add(&person);
	assert_int_equal(resolve(person.tokens.access, &who, NULL), OK);
	assert_int_equal(who.kind, WHO_SESSION);
	assert_int_equal(who.role, ROLE_OWNER);
	assert_true(who.live);
	assert_string_equal(who.org_id, person.org_id);
	assert_string_equal(who.account_id, person.account_id);
	assert_string_equal(who.session_id, person.tokens.session_id);
	assert_int_equal(who.permissions, role_permissions(ROLE_OWNER));

	assert_int_equal(resolve(person.tokens.access, &who, &queries), OK);
	assert_int_equal(queries, 0);
	assert_string_equal(who.account_id, person.account_id);

	run("update membership set role = 'readonly' where org_id = '%s'", person.org_id);
	forget(person.org_id);
	assert_int_equal(resolve(person.tokens.access, &who, NULL), OK);
	assert_int_equal(who.role, ROLE_READONLY);
	assert_false(who_may(&who, PERMIT_ORG_WRITE));

	assert_false(who_may(&who, PERMIT_HOUSE_OPERATE));
	run("update account set operator = true where id = '%s'", person.account_id);
	forget(person.org_id);
	for (int i = 0; i < 2; i++) { /* asked, then from the cache */
		assert_int_equal(resolve(person.tokens.access, &who, NULL), OK);
		assert_int_equal(who.permissions, role_permissions(ROLE_READONLY) | operator_permissions());
	}

	run("update session set revoked_at = now() where org_id = '%s'", person.org_id);
	forget(person.org_id);
	assert_int_equal(resolve(person.tokens.access, &who, NULL), ERR_UNAUTHENTICATED);
}

/* The refresh token, a reset token or a signing secret are no credentials. */
static void test_not_credentials(void **state)
{
	static const char *const rows[] = {"", "x", "stoa_at_", "stoa_live_", "Bearer", "stoa_at_\xff\xfe",
		"stoa_at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "stoa_live_AAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct person person;
	struct who who;
	uint32_t queries;

	(void)state;
	person_add(&person);
	assert_int_equal(resolve(person.tokens.refresh, &who, &queries), ERR_UNAUTHENTICATED);
	assert_int_equal(queries, 0);
	assert_int_equal(resolve(tenant.live.signing_secret, &who, NULL), ERR_UNAUTHENTICATED);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(resolve(rows[i], &who, NULL), ERR_UNAUTHENTICATED);
	/* That there is none is cached as well. */
	assert_int_equal(resolve(rows[6], &who, &queries), ERR_UNAUTHENTICATED);
	assert_int_equal(queries, 0);
}

static void test_expiry_of_cached(void **state)
{
	struct person person;
	struct who who;
	uint32_t queries;

	(void)state;
	person_add(&person);
	assert_int_equal(resolve(person.tokens.access, &who, NULL), OK);
	clock_shift((int64_t)(SESSION_ACCESS_S - 60) * 1000000);
	assert_int_equal(resolve(person.tokens.access, &who, NULL), OK);
	clock_shift((int64_t)(SESSION_ACCESS_S + 1) * 1000000);
	assert_int_equal(resolve(person.tokens.access, &who, &queries), ERR_UNAUTHENTICATED);
	assert_int_equal(queries, 0);
	clock_shift(0);
	run("update session set access_expires_at = now() where org_id = '%s'", person.org_id);
	forget(person.org_id);
	assert_int_equal(resolve(person.tokens.access, &who, NULL), ERR_UNAUTHENTICATED);
}

static void test_keys(void **state)
{
	const struct {
		const char *key;
		enum who_kind kind;
		bool live;
		const struct tenant *of;
	} rows[] = {
		{tenant.live.key, WHO_WIDGET_KEY, true, &tenant},
		{tenant.test.key, WHO_WIDGET_KEY, false, &tenant},
		{tenant.server.key, WHO_SERVER_KEY, true, &tenant},
		{tenant.server_test.key, WHO_SERVER_KEY, false, &tenant},
		{other.live.key, WHO_WIDGET_KEY, true, &other},
	};
	struct who who;
	uint32_t queries;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(resolve(rows[i].key, &who, NULL), OK);
		assert_int_equal(who.kind, rows[i].kind);
		assert_int_equal(who.live, rows[i].live);
		assert_string_equal(who.org_id, rows[i].of->org_id);
		assert_int_equal(who.permissions, key_permissions(rows[i].kind == WHO_WIDGET_KEY));
		assert_int_equal(who.origin_count, rows[i].kind == WHO_WIDGET_KEY);
		if (who.origin_count)
			assert_string_equal(who.origins[0], "https://shop.example");
		assert_int_equal(who.rate_per_minute, 1000000);
		assert_int_equal(resolve(rows[i].key, &who, &queries), OK);
		assert_int_equal(queries, 0);
		assert_string_equal(who.org_id, rows[i].of->org_id);
	}
}

/* Prefixes are not unique: the hash decides, and the right prefix alone opens nothing. */
static void test_same_prefix(void **state)
{
	char forged[WHO_KEY_TEXT], prefix[WHO_PREFIX_TEXT];
	struct key_made first, second;
	struct who who;

	(void)state;
	ctx_reset(&ctx);
	key_add(&ctx, house.pool, tenant.org_id, false, true, &first);
	key_add(&ctx, house.pool, other.org_id, false, true, &second);
	token_parse(first.key, prefix);
	memcpy(forged, first.key, sizeof forged);
	forged[strlen(forged) - 1] = forged[strlen(forged) - 1] == 'A' ? 'Q' : 'A';
	assert_int_equal(resolve(forged, &who, NULL), ERR_UNAUTHENTICATED);
	memcpy(second.key + strlen("stoa_live_"), prefix, strlen(prefix));
	{
		uint8_t hash[32];

		sha256(second.key, strlen(second.key), hash);
		run("update api_key set prefix = '%s', key_hash = '%s' where id = '%s'", prefix, pg_bytes(&ctx, hash, 32), second.id);
	}
	assert_int_equal(resolve(first.key, &who, NULL), OK);
	assert_string_equal(who.key_id, first.id);
	assert_int_equal(resolve(second.key, &who, NULL), OK);
	assert_string_equal(who.key_id, second.id);
	assert_string_equal(who.org_id, other.org_id);
}

static void test_key_ends(void **state)
{
	static const char *const rows[] = {"revoked_at = now()", "expires_at = now()"};
	struct key_made key;
	struct who who;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ctx_reset(&ctx);
		key_add(&ctx, house.pool, tenant.org_id, true, true, &key);
		assert_int_equal(resolve(key.key, &who, NULL), OK);
		run("update api_key set %s where id = '%s'", rows[i], key.id);
		forget(tenant.org_id);
		assert_int_equal(resolve(key.key, &who, NULL), ERR_UNAUTHENTICATED);
	}
	ctx_reset(&ctx);
	key_add(&ctx, house.pool, tenant.org_id, true, true, &key);
	run("update api_key set expires_at = now() + interval '1 hour' where id = '%s'", key.id);
	assert_int_equal(resolve(key.key, &who, NULL), OK);
	clock_shift((int64_t)3601 * 1000000);
	assert_int_equal(resolve(key.key, &who, NULL), ERR_UNAUTHENTICATED);
	clock_shift(0);
	assert_int_equal(resolve(key.key, &who, NULL), OK);
}

static const char *key_used(const char *id)
{
	return arena_strdup(&ctx.arena,
		ask(&ctx, house.pool, arena_printf(&ctx.arena, "select last_used_at::text from api_key where id = '%s'", id)));
}

static void test_last_used(void **state)
{
	struct key_made key;
	struct who who;
	const char *first, *aged;

	(void)state;
	ctx_reset(&ctx);
	key_add(&ctx, house.pool, tenant.org_id, true, true, &key);
	assert_string_equal(key_used(key.id), "");
	assert_int_equal(resolve(key.key, &who, NULL), OK);
	first = key_used(key.id);
	assert_string_not_equal(first, "");
	forget(tenant.org_id);
	assert_int_equal(resolve(key.key, &who, NULL), OK);
	assert_string_equal(key_used(key.id), first);
	run("update api_key set last_used_at = now() - interval '2 minutes' where id = '%s'", key.id);
	aged = key_used(key.id);
	forget(tenant.org_id);
	assert_int_equal(resolve(key.key, &who, NULL), OK);
	assert_string_not_equal(key_used(key.id), aged);
}

static bool known(const char *origin)
{
	bool is_known;

	ctx_reset(&ctx);
	if (who_origin_known(&ctx, &house, origin, &is_known) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	return is_known;
}

static void test_origins(void **state)
{
	struct key_made key;

	(void)state;
	assert_true(known("https://shop.example"));
	assert_true(known("HTTPS://Shop.Example:443"));
	assert_true(known("https://shop.example"));
	assert_int_equal(ctx.queries, 0);
	assert_false(known("https://shop.example:8443"));
	assert_false(known("http://shop.example"));
	assert_false(known("https://shop.example.evil.example"));
	assert_false(known("null"));
	assert_false(known(""));
	assert_false(known("https://new.example"));
	key_add(&ctx, house.pool, tenant.org_id, true, true, &key);
	run("update api_key set origins = '{https://new.example}' where id = '%s'", key.id);
	forget(tenant.org_id);
	assert_true(known("https://new.example"));
	run("update api_key set revoked_at = now() where id = '%s'", key.id);
	forget(tenant.org_id);
	assert_false(known("https://new.example"));
}

/* A plan that holds for the planner without being told: many rows, fresh statistics. */
static void test_indexes(void **state)
{
	const struct {
		const struct statement *statement;
		const char *parameter, *index;
	} rows[] = {
		{&SQL_WHO_KEY, "abcdefgh", "api_key_prefix"},
		{&SQL_WHO_SESSION, "\\x00", "session_access"},
		{&SQL_WHO_ORIGIN, "https://rare.example", "api_key_origins"},
	};
	struct person person;
	struct lease lease;
	PGresult *result;

	(void)state;
	person_add(&person);
	run("insert into api_key (org_id, id, name, kind, live, prefix, key_hash, last4, origins) "
		"select '%s', gen_random_uuid(), 'bulk', 'widget', true, md5(n::text), sha256(n::text::bytea), '0000', "
		"array['https://bulk' || n || '.example'] from generate_series(1, 20000) n", tenant.org_id);
	run("insert into session (org_id, id, account_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at) "
		"select '%s', gen_random_uuid(), '%s', sha256(n::text::bytea), now(), sha256(('r' || n)::bytea), now() "
		"from generate_series(1, 20000) n", person.org_id, person.account_id);
	run("analyze");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool used = false;

		assert_int_equal(lease_take(&ctx, house.pool, &lease), OK);
		if (pg_run_text(&lease, arena_printf(&ctx.arena, "explain %s", rows[i].statement->text), 1, PARAMS(rows[i].parameter),
				&result) != OK)
			fail_msg("%s", ctx.fault.internal);
		for (int row = 0; row < PQntuples(result); row++) {
			used |= strstr(PQgetvalue(result, row, 0), rows[i].index) != NULL;
			assert_null(strstr(PQgetvalue(result, row, 0), "Seq Scan on api_key"));
			assert_null(strstr(PQgetvalue(result, row, 0), "Seq Scan on session"));
		}
		lease_return(&lease);
		if (!used)
			fail_msg("%s does not use %s", rows[i].statement->name, rows[i].index);
	}
	run("delete from api_key where name = 'bulk'");
}

static void test_audit(void **state)
{
	static const struct {
		const char *address, *agent, *address_kept, *agent_kept;
	} rows[] = {
		{"192.0.2.1", "curl/8", "192.0.2.1/32", "curl/8"},
		{"2001:db8::1", "", "2001:db8::1/128", ""},
		{"unix:", "bad \xff agent", "", "bad "},
		{NULL, NULL, "", ""},
	};
	char agent[400];
	struct lease lease;
	PGresult *result;

	(void)state;
	ctx_reset(&ctx);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct audit line = {.org_id = tenant.org_id, .actor_kind = "system", .action = "test.row", .entity = "row",
			.after = audit_note(&ctx, "quote", "a\"b\\c\n", "none", NULL, NULL), .address = rows[i].address, .agent = rows[i].agent};

		assert_int_equal(lease_take(&ctx, house.pool, &lease), OK);
		if (audit_write(&lease, &line) != OK)
			fail_msg("row %zu: %s", i, ctx.fault.internal);
		lease_return(&lease);
		assert_string_equal(ask(&ctx, house.pool, "select address::text from audit_log order by id desc limit 1"), rows[i].address_kept);
		assert_string_equal(ask(&ctx, house.pool, "select agent from audit_log order by id desc limit 1"), rows[i].agent_kept);
		assert_string_equal(ask(&ctx, house.pool, "select after->>'quote' from audit_log order by id desc limit 1"), "a\"b\\c\n");
		assert_string_equal(ask(&ctx, house.pool, "select after->'none' from audit_log order by id desc limit 1"), "null");
	}
	memset(agent, 'a', sizeof agent);
	memcpy(agent + 254, "\xc3\xa9", 2);
	agent[399] = 0;
	assert_int_equal(strlen(audit_agent(&ctx, agent)), 254);
	assert_int_equal(lease_take(&ctx, house.pool, &lease), OK);
	assert_int_not_equal(pg_run_text(&lease, "update audit_log set action = 'x'", 0, NULL, &result), OK);
	assert_int_not_equal(pg_run_text(&lease, "delete from audit_log", 0, NULL, &result), OK);
	assert_int_not_equal(pg_run_text(&lease, "truncate audit_log", 0, NULL, &result), OK);
	lease_return(&lease);
	ctx_forgive(&ctx);
	assert_string_not_equal(ask(&ctx, house.pool, "select count(*)::text from audit_log where action = 'test.row'"), "0");
}

static int open_house(void **state)
{
	char message[256];

	(void)state;
	serve_conf();
	setting("STOA_CACHE_LOCAL_LIFE", "30s");
	ctx_init(&ctx);
	house.pool = pool_open(2);
	schema_make(&ctx, house.pool);
	house.cache = cache_open(message);
	if (!house.cache || !secret_open(message))
		fail_msg("%s", message);
	tenant_add(&ctx, house.pool, &tenant);
	tenant_add(&ctx, house.pool, &other);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	ctx_free(&ctx);
	cache_close(house.cache);
	pool_close(house.pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_not_credentials),
		cmocka_unit_test(test_expiry_of_cached),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_same_prefix),
		cmocka_unit_test(test_key_ends),
		cmocka_unit_test(test_last_used),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_indexes),
		cmocka_unit_test(test_audit),
	};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
