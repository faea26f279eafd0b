/* Registering, signing in, sessions and passwords over HTTP, through the dispatcher. */
#include "tests/auth/people.h"

/* --- registering --- */

static void test_register(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *code, *field;
	} rows[] = {
		{"{}", 400, "bad-input", "organisation"},
		{"[]", 400, "bad-input", ""},
		{"{\"organisation\":", 400, "bad-input", ""},
		{"{\"organisation\":\"O\",\"email\":\"a@example.com\"}", 400, "bad-input", "password"},
		{"{\"organisation\":\"O\",\"email\":\"nobody\",\"password\":\"" PASSWORD "\"}", 422, "invalid", "email"},
		{"{\"organisation\":\"\",\"email\":\"a@example.com\",\"password\":\"" PASSWORD "\"}", 422, "invalid", "organisation"},
		{"{\"organisation\":\"O\",\"email\":\"a@example.com\",\"password\":\"short\"}", 422, "invalid", "password"},
		{"{\"organisation\":\"O\",\"email\":\"anna@example.com\",\"password\":\"i am anna anna\"}", 422, "invalid", "password"},
		{"{\"organisation\":\"O\",\"email\":\"a@example.com\",\"password\":\"" PASSWORD "\",\"role\":\"owner\"}", 400, "bad-input", "role"},
		{"{\"organisation\":7,\"email\":\"a@example.com\",\"password\":\"" PASSWORD "\"}", 400, "bad-input", "organisation"},
		{"{\"organisation\":\"a\\u0000b\",\"email\":\"a@example.com\",\"password\":\"" PASSWORD "\"}", 400, "bad-input", ""},
	};
	struct caller caller;
	struct person person;

	(void)state;
	caller_open(&caller);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		expect(&caller, rows[i].status, "POST", "/api/v1/auth/register", NULL, rows[i].body);
		assert_string_equal(client_text(&caller, "code"), rows[i].code);
		if (*rows[i].field)
			assert_string_equal(client_text(&caller, "field"), rows[i].field);
	}
	owner_add(&caller, &person);
	assert_string_equal(client_text(&caller, "tokenType"), "Bearer");
	assert_string_equal(client_text(&caller, "role"), "owner");
	assert_int_equal(json_int(caller.reply, "expiresIn", 0), SESSION_ACCESS_S);
	assert_string_equal(client_value(&caller, "Cache-Control"), "no-store");
	assert_string_equal(sql("select string_agg(language, ',' order by language) from flow where org_id = '%s' and status = 'active'",
		person.org_id), "de,en,es,fr");
	assert_string_equal(sql("select count(*)::text from session where access_hash = sha256('%s')", person.access), "1");
	assert_int_equal(audits(person.org_id, "organisation.create"), 1);
	assert_int_equal(audits(person.org_id, "session.start"), 1);
	/* The same address, in other letters. */
	expect(&caller, 409, "POST", "/api/v1/auth/register", NULL,
		form("{\"organisation\":\"Two\",\"email\":\"%.36s@EXAMPLE.com\",\"password\":\"" PASSWORD "\"}", person.email));
	assert_problem(&caller, 409, "conflict", "email");
	assert_string_equal(sql("select count(*)::text from organisation where name = 'Two'"), "0");
	caller_close(&caller);
}

static void test_register_closed(void **state)
{
	struct caller caller;

	(void)state;
	setting("STOA_WHO_REGISTRATION", "closed");
	caller_open(&caller);
	expect(&caller, 403, "POST", "/api/v1/auth/register", NULL,
		"{\"organisation\":\"Late\",\"email\":\"late@example.com\",\"password\":\"" PASSWORD "\"}");
	assert_string_equal(sql("select count(*)::text from account where email = 'late@example.com'"), "0");
	setting("STOA_WHO_REGISTRATION", "open");
	setting("STOA_WHO_REGISTRATIONS_PER_ADDRESS", "1");
	caller.address = "192.0.2.77";
	expect(&caller, 201, "POST", "/api/v1/auth/register", NULL,
		"{\"organisation\":\"One\",\"email\":\"one@example.com\",\"password\":\"" PASSWORD "\"}");
	expect(&caller, 429, "POST", "/api/v1/auth/register", NULL,
		"{\"organisation\":\"Many\",\"email\":\"many@example.com\",\"password\":\"" PASSWORD "\"}");
	assert_string_not_equal(client_value(&caller, "Retry-After"), "");
	setting("STOA_WHO_REGISTRATIONS_PER_ADDRESS", "1000000");
	caller_close(&caller);
}

/* --- signing in --- */

static void test_login(void **state)
{
	struct caller caller;
	struct person person, other, orphan;
	char wrong[1024];
	uint32_t queries;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &other);
	owner_add(&caller, &person);
	member_make(&caller, &person, "readonly", &orphan);
	sql("delete from membership where account_id = '%s'", orphan.account_id);

	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	assert_string_equal(client_text(&caller, "organisationId"), person.org_id);
	expect(&caller, 200, "GET", "/api/v1/auth/me", client_text(&caller, "accessToken"), NULL);
	assert_string_equal(data_text(&caller, "email"), person.email);
	assert_string_equal(data_text(&caller, "role"), "owner");
	assert_string_equal(data_text(&caller, "name"), "Olga");

	/* All of these get one answer, after the same statements. */
	assert_int_equal(login(&caller, person.email, "not the password"), 401);
	snprintf(wrong, sizeof wrong, "%s", client_text(&caller, "detail"));
	queries = caller.req.ctx.queries;
	{
		const char *const bodies[] = {
			"{\"email\":\"nobody@example.com\",\"password\":\"" PASSWORD "\"}",
			form("{\"email\":\"%s\",\"password\":\"" PASSWORD "\"}", orphan.email),
			form("{\"email\":\"%s\",\"password\":\"" PASSWORD "\",\"organisationId\":\"%s\"}", person.email, other.org_id),
			form("{\"email\":\"%s\",\"password\":\"" PASSWORD "\",\"organisationId\":\"" NOWHERE "\"}", person.email),
			form("{\"email\":\"%s\",\"password\":\"\\\"\"}", person.email),
		};

		for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
			expect(&caller, 401, "POST", "/api/v1/auth/login", NULL, bodies[i]);
			assert_string_equal(client_text(&caller, "detail"), wrong);
			assert_int_equal(caller.req.ctx.queries, queries);
		}
	}
	expect(&caller, 400, "POST", "/api/v1/auth/login", NULL, "{\"email\":\"a@example.com\"}");
	expect(&caller, 400, "POST", "/api/v1/auth/login?email=a@example.com", NULL, "{\"email\":\"a@example.com\",\"password\":\"x\"}");
	expect(&caller, 405, "GET", "/api/v1/auth/login", NULL, NULL);
	caller_close(&caller);
}

static void test_lock(void **state)
{
	struct caller caller;
	struct person person;
	const char *until;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &person);
	for (int i = 1; i < LOGIN_FAILURES; i++)
		assert_int_equal(login(&caller, person.email, "not the password"), 401);
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	for (int i = 0; i < LOGIN_FAILURES; i++) {
		assert_string_equal(sql("select locked_until::text from account where id = '%s'", person.account_id), "");
		assert_int_equal(login(&caller, person.email, "not the password"), 401);
	}
	until = sql("select locked_until::text from account where id = '%s'", person.account_id);
	assert_string_equal(sql("select (locked_until between now() + interval '14 minutes' and now() + interval '15 minutes')::text "
		"from account where id = '%s'", person.account_id), "true");
	assert_int_equal(login(&caller, person.email, PASSWORD), 401);
	assert_int_equal(login(&caller, person.email, "not the password"), 401);
	/* More failures do not make the lock longer: nobody can be kept out for ever. */
	assert_string_equal(sql("select locked_until::text from account where id = '%s'", person.account_id), until);
	/* A right guess that was under way when the lock came does not get through. */
	{
		struct lease lease;
		PGresult *result;

		assert_int_equal(lease_take(&setup, pool, &lease), OK);
		assert_int_equal(pg_run(&lease, &SQL_AUTH_LOGIN_PASSED,
			PARAMS(person.account_id, sql("select password_hash from account where id = '%s'", person.account_id), NULL), &result), OK);
		assert_int_equal(PQntuples(result), 0);
		lease_return(&lease);
	}
	sql("update account set locked_until = now() - interval '1 second' where id = '%s'", person.account_id);
	assert_int_equal(login(&caller, person.email, "not the password"), 401);
	assert_string_equal(sql("select failed_logins::text || coalesce(locked_until::text, '') from account where id = '%s'",
		person.account_id), "1");
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	assert_string_equal(sql("select failed_logins::text from account where id = '%s'", person.account_id), "0");
	assert_int_equal(audits(person.org_id, "login.failed"), 2);
	caller_close(&caller);
}

static void test_login_limit(void **state)
{
	struct caller caller;

	(void)state;
	caller_open(&caller);
	setting("STOA_WHO_LOGINS_PER_ADDRESS", "1");
	caller.address = "192.0.2.78"; /* nobody's before: what the old limit counted may still be due */
	assert_int_not_equal(login(&caller, "limit@example.com", PASSWORD), 429);
	assert_int_equal(login(&caller, "limit@example.com", PASSWORD), 429);
	assert_string_not_equal(client_value(&caller, "Retry-After"), "");
	setting("STOA_WHO_LOGINS_PER_ADDRESS", "1000000");
	caller_close(&caller);
}

static void test_weak_hash_renewed(void **state)
{
	struct caller caller;
	struct person person;
	char weak[crypto_pwhash_STRBYTES];

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &person);
	assert_int_equal(crypto_pwhash_str_alg(weak, PASSWORD, strlen(PASSWORD), 1, 8192, crypto_pwhash_ALG_ARGON2ID13), 0);
	sql("update account set password_hash = '%s' where id = '%s'", weak, person.account_id);
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	assert_string_equal(sql("select (password_hash like '$argon2id$v=19$m=19456,t=2,p=1$%%')::text from account where id = '%s'",
		person.account_id), "true");
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	caller_close(&caller);
}

static void test_refresh(void **state)
{
	struct caller caller;
	struct person first, second;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &first);
	assert_int_equal(refresh(&caller, first.refresh), 200);
	second = first;
	person_keep(&second, &caller);
	assert_string_equal(second.session_id, first.session_id);
	assert_string_not_equal(second.access, first.access);
	expect(&caller, 200, "GET", "/api/v1/auth/me", second.access, NULL);
	/* Replay: someone has a copy, so the session ends for both. */
	assert_int_equal(refresh(&caller, first.refresh), 401);
	expect(&caller, 401, "GET", "/api/v1/auth/me", second.access, NULL);
	assert_int_equal(refresh(&caller, second.refresh), 401);
	assert_int_equal(audits(first.org_id, "session.replayed"), 1);

	owner_add(&caller, &first);
	assert_int_equal(refresh(&caller, first.access), 401);
	assert_int_equal(refresh(&caller, "stoa_rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 401);
	assert_int_equal(refresh(&caller, "x"), 401);
	sql("update session set refresh_expires_at = now() where id = '%s'", first.session_id);
	assert_int_equal(refresh(&caller, first.refresh), 401);
	assert_string_equal(sql("select coalesce(revoked_at::text, '') from session where id = '%s'", first.session_id), "");
	expect(&caller, 400, "POST", "/api/v1/auth/refresh", NULL, "{}");
	caller_close(&caller);
}

static void test_logout(void **state)
{
	struct caller caller;
	struct person person;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &person);
	expect(&caller, 200, "GET", "/api/v1/auth/me", person.access, NULL);
	expect(&caller, 204, "POST", "/api/v1/auth/logout", person.access, NULL);
	expect(&caller, 401, "GET", "/api/v1/auth/me", person.access, NULL);
	expect(&caller, 401, "POST", "/api/v1/auth/logout", person.access, NULL);
	assert_int_equal(refresh(&caller, person.refresh), 401);
	assert_int_equal(audits(person.org_id, "session.revoke"), 1);

	owner_add(&caller, &person);
	sql("update session set access_expires_at = now() where id = '%s'", person.session_id);
	expect(&caller, 401, "GET", "/api/v1/auth/me", person.access, NULL);
	assert_int_equal(refresh(&caller, person.refresh), 200);
	caller_close(&caller);
}

static void test_sessions(void **state)
{
	struct caller caller;
	struct person owner, member, stranger, again;
	const char *next;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &member);
	again = owner;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(login(&caller, owner.email, PASSWORD), 200);
		person_keep(&again, &caller);
	}
	expect(&caller, 200, "GET", "/api/v1/auth/sessions", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 3);
	assert_true(json_flag(row_with(&caller, "id", owner.session_id), "current", false));
	assert_false(json_flag(row_with(&caller, "id", again.session_id), "current", true));
	assert_string_equal(json_text(row_with(&caller, "id", owner.session_id), "agent", ""), "test/1");
	assert_null(row_with(&caller, "id", member.session_id));
	/* Two pages. */
	expect(&caller, 200, "GET", "/api/v1/auth/sessions?limit=2", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 2);
	next = form("/api/v1/auth/sessions?limit=2&cursor=%s", json_text(json_object_object_get(caller.reply, "meta"), "next", ""));
	expect(&caller, 200, "GET", next, owner.access, NULL);
	assert_int_equal(rows_of(&caller), 1);
	assert_non_null(row_with(&caller, "id", owner.session_id));
	expect(&caller, 400, "GET", "/api/v1/auth/sessions?cursor=forged", owner.access, NULL);
	expect(&caller, 422, "GET", "/api/v1/auth/sessions?limit=101", owner.access, NULL);
	expect(&caller, 400, "GET", "/api/v1/auth/sessions?limit=1&limit=2", owner.access, NULL);

	/* Only one's own can be ended: neither a colleague's nor a stranger's. */
	expect(&caller, 404, "DELETE", form("/api/v1/auth/sessions/%s", member.session_id), owner.access, NULL);
	expect(&caller, 404, "DELETE", form("/api/v1/auth/sessions/%s", owner.session_id), stranger.access, NULL);
	expect(&caller, 404, "DELETE", "/api/v1/auth/sessions/" NOWHERE, owner.access, NULL);
	expect(&caller, 400, "DELETE", "/api/v1/auth/sessions/17", owner.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/auth/me", again.access, NULL);
	expect(&caller, 204, "DELETE", form("/api/v1/auth/sessions/%s", again.session_id), owner.access, NULL);
	expect(&caller, 401, "GET", "/api/v1/auth/me", again.access, NULL);
	expect(&caller, 404, "DELETE", form("/api/v1/auth/sessions/%s", again.session_id), owner.access, NULL);
	caller_close(&caller);
}

static void test_session_limit(void **state)
{
	struct caller caller;
	struct person person, second;

	(void)state;
	setting("STOA_WHO_SESSIONS_PER_PERSON", "3");
	caller_open(&caller);
	owner_add(&caller, &person);
	second = person;
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	person_keep(&second, &caller);
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	expect(&caller, 200, "GET", "/api/v1/auth/me", person.access, NULL);
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	expect(&caller, 401, "GET", "/api/v1/auth/me", person.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/auth/me", second.access, NULL);
	assert_int_equal(audits(person.org_id, "session.limit"), 1);
	/* What ended long ago is cleared away at the next login. */
	sql("update session set revoked_at = now() - interval '31 days' where id = '%s'", person.session_id);
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	assert_string_equal(sql("select count(*)::text from session where id = '%s'", person.session_id), "0");
	setting("STOA_WHO_SESSIONS_PER_PERSON", NULL);
	caller_close(&caller);
}

/* --- passwords --- */

static void test_password_change(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *field;
	} rows[] = {
		{"{\"oldPassword\":\"not this one\",\"password\":\"another password\"}", 403, "oldPassword"},
		{"{\"oldPassword\":\"" PASSWORD "\",\"password\":\"short\"}", 422, "password"},
		{"{\"oldPassword\":\"" PASSWORD "\",\"password\":\"" PASSWORD "\"}", 422, "password"},
		{"{\"password\":\"another password\"}", 400, "oldPassword"},
	};
	struct caller caller;
	struct person person, other;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &person);
	other = person;
	assert_int_equal(login(&caller, person.email, PASSWORD), 200);
	person_keep(&other, &caller);
	expect(&caller, 200, "GET", "/api/v1/auth/me", other.access, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		expect(&caller, rows[i].status, "POST", "/api/v1/auth/password", person.access, rows[i].body);
		assert_string_equal(client_text(&caller, "field"), rows[i].field);
	}
	/* A stolen session is no way to guess the password. */
	assert_string_equal(sql("select failed_logins::text from account where id = '%s'", person.account_id), "1");
	expect(&caller, 204, "POST", "/api/v1/auth/password", person.access,
		"{\"oldPassword\":\"" PASSWORD "\",\"password\":\"another password\"}");
	expect(&caller, 200, "GET", "/api/v1/auth/me", person.access, NULL);
	expect(&caller, 401, "GET", "/api/v1/auth/me", other.access, NULL);
	assert_int_equal(login(&caller, person.email, PASSWORD), 401);
	assert_int_equal(login(&caller, person.email, "another password"), 200);
	assert_int_equal(audits(person.org_id, "password.change"), 1);
	assert_string_equal(sql("select count(*) from event where org_id = '%s' and type = 'password.changed'", person.org_id), "1");
	sql("update account set locked_until = now() + interval '1 hour' where id = '%s'", person.account_id);
	expect(&caller, 403, "POST", "/api/v1/auth/password", person.access,
		"{\"oldPassword\":\"another password\",\"password\":\"yet another one\"}");
	caller_close(&caller);
}

static int forgot(struct caller *caller, const char *email)
{
	return send_as(caller, "POST", "/api/v1/auth/password/forgot", NULL, form("{\"email\":\"%s\"}", email));
}

static void test_forgot(void **state)
{
	struct caller caller;
	struct person person;
	char token[WHO_TOKEN_TEXT];
	uint32_t queries;

	(void)state;
	sql("delete from job");
	caller_open(&caller);
	owner_add(&caller, &person);
	assert_int_equal(forgot(&caller, person.email), 202);
	assert_int_equal(caller.rep.body.length, 0);
	queries = caller.req.ctx.queries;
	assert_int_equal(forgot(&caller, "stranger@example.com"), 202);
	assert_int_equal(caller.req.ctx.queries, queries);
	assert_int_equal(forgot(&caller, person.email), 202);
	assert_string_equal(jobs("waiting"), "2");
	assert_string_equal(sql("select count(*)::text from job where payload::text like '%%stoa_pr_%%'"), "0");
	assert_string_equal(sql("select count(*)::text from password_reset where account_id = '%s'", person.account_id), "0");
	jobs_run();
	assert_string_equal(jobs("done"), "2");
	assert_non_null(strstr(relay.message, "https://stoa.example/password/reset?token=3Dstoa_pr_"));
	assert_null(strstr(relay.message, "stranger@example.com"));
	assert_true(token_read(token));
	assert_string_equal(sql("select count(*)::text from password_reset where token_hash = sha256('%s')", token), "1");

	/* At most so many links an hour; the answer stays the same. */
	for (int i = 1; i <= RESETS_PER_HOUR; i++) {
		assert_int_equal(forgot(&caller, person.email), 202);
		jobs_run();
		assert_int_equal(token_read(token), i < RESETS_PER_HOUR);
	}
	assert_int_equal(forgot(&caller, "nobody"), 422);
	setting("STOA_WEB_PUBLIC_URL", "");
	assert_int_equal(forgot(&caller, person.email), 503);
	assert_int_equal(forgot(&caller, "stranger@example.com"), 503);
	setting("STOA_WEB_PUBLIC_URL", "https://stoa.example/");
	setting("STOA_WHO_LOGINS_PER_ADDRESS", "1");
	caller.address = "192.0.2.79";
	assert_int_equal(forgot(&caller, person.email), 202);
	assert_int_equal(forgot(&caller, person.email), 429);
	setting("STOA_WHO_LOGINS_PER_ADDRESS", "1000000");
	caller_close(&caller);
}

/* A relay that cannot be reached costs the account no link, and the job is tried again. */
static void test_mail_fails(void **state)
{
	struct caller caller;
	struct person person;

	(void)state;
	sql("delete from job");
	caller_open(&caller);
	owner_add(&caller, &person);
	setting("STOA_MAIL_URL", "");
	assert_int_equal(forgot(&caller, person.email), 202);
	jobs_run();
	assert_string_equal(jobs("waiting"), "1");
	assert_string_equal(sql("select attempt::text from job"), "1");
	assert_string_equal(sql("select count(*)::text from password_reset where account_id = '%s'", person.account_id), "0");
	setting("STOA_MAIL_URL", form("smtp://127.0.0.1:%d", relay.port));
	sql("update job set run_at = now()");
	jobs_run();
	assert_string_equal(jobs("done"), "1");
	assert_non_null(strstr(relay.message, "stoa_pr_"));
	caller_close(&caller);
}

static void test_reset(void **state)
{
	struct caller caller;
	struct person person;
	char token[WHO_TOKEN_TEXT], second[WHO_TOKEN_TEXT];

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &person);
	expect(&caller, 200, "GET", "/api/v1/auth/me", person.access, NULL);
	ctx_reset(&setup);
	assert_int_equal(password_reset_create(&setup, pool, person.email, RESET_LIFE_S, token), OK);
	assert_int_equal(password_reset_create(&setup, pool, person.email, RESET_LIFE_S, second), OK);
	sql("update account set locked_until = now() + interval '1 hour', failed_logins = 5 where id = '%s'", person.account_id);
	assert_int_equal(reset(&caller, token, "short"), 422);
	assert_problem(&caller, 422, "invalid", "password");
	assert_int_equal(reset(&caller, "stoa_pr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a new password"), 410);
	assert_int_equal(reset(&caller, person.refresh, "a new password"), 410);
	assert_int_equal(reset(&caller, token, "a new password"), 204);
	/* Once; and with it the other links go. */
	assert_int_equal(reset(&caller, token, "a newer password"), 410);
	assert_int_equal(reset(&caller, second, "a newer password"), 410);
	expect(&caller, 401, "GET", "/api/v1/auth/me", person.access, NULL);
	assert_int_equal(refresh(&caller, person.refresh), 401);
	assert_int_equal(login(&caller, person.email, PASSWORD), 401);
	assert_int_equal(login(&caller, person.email, "a new password"), 200);
	assert_int_equal(audits(person.org_id, "password.reset"), 1);
	assert_string_equal(sql("select count(*) from event where org_id = '%s' and type = 'password.changed'", person.org_id), "1");

	ctx_reset(&setup);
	assert_int_equal(password_reset_create(&setup, pool, person.email, RESET_LIFE_S, token), OK);
	sql("update password_reset set expires_at = now() where token_hash = sha256('%s')", token);
	assert_int_equal(reset(&caller, token, "a newer password"), 410);
	caller_close(&caller);
}

/* A person's own settings: what is checked, what is left as it was, and that they are the same in every session. */
static void test_settings(void **state)
{
	static const struct { const char *body; int status; const char *field, *now; } ROWS[] = {
		{"{\"language\":\"de\"}", 200, "", "de UTC important"},
		{"{\"timeZone\":\"Asia/Kolkata\"}", 200, "", "de Asia/Kolkata important"},
		{"{\"notify\":\"none\",\"language\":\"fr\"}", 200, "", "fr Asia/Kolkata none"},
		{"{\"language\":\"es\",\"timeZone\":\"Etc/GMT+5\",\"notify\":\"all\"}", 200, "", "es Etc/GMT+5 all"},
		{"{\"language\":\"tlh\"}", 422, "language", NULL}, {"{\"language\":\"DE\"}", 422, "language", NULL},
		{"{\"notify\":\"some\"}", 422, "notify", NULL}, {"{\"notify\":true}", 400, "notify", NULL},
		{"{\"timeZone\":\"Mars/Olympus\"}", 422, "timeZone", NULL}, {"{\"timeZone\":\"../../etc/passwd\"}", 422, "timeZone", NULL},
		{"{\"timeZone\":\"/etc/localtime\"}", 422, "timeZone", NULL}, {"{\"timeZone\":\"EST5EDT,M3.2.0,M11.1.0\"}", 422, "timeZone", NULL},
		{"{\"timeZone\":\"EST5EDT\"}", 422, "timeZone", NULL}, {"{\"timeZone\":\"posixrules\"}", 422, "timeZone", NULL},
		{"{\"timeZone\":\"\"}", 422, "timeZone", NULL}, {"{\"language\":\"en\",\"timeZone\":\"Nowhere\"}", 422, "timeZone", NULL},
		{"{}", 422, "", NULL}, {"{\"email\":\"eve@example.com\"}", 400, "email", NULL},
		{"{\"timeZone\":\"UTC\"}", 200, "", "es UTC all"}};
	struct caller caller;
	struct person owner, other;
	const char *now = "en UTC important";

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "readonly", &other);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		send_as(&caller, "PATCH", "/api/v1/auth/me", other.access, ROWS[i].body);
		if (caller.rep.status != ROWS[i].status || strcmp(client_text(&caller, "field"), ROWS[i].field) != 0)
			fail_msg("row %zu: %d %s", i, caller.rep.status, caller.rep.body.data);
		now = ROWS[i].now ? ROWS[i].now : now;
		expect(&caller, 200, "GET", "/api/v1/auth/me", other.access, NULL);
		assert_string_equal(form("%s %s %s", data_text(&caller, "language"), data_text(&caller, "timeZone"), data_text(&caller, "notify")), now);
	}
	expect(&caller, 401, "PATCH", "/api/v1/auth/me", NULL, "{\"language\":\"de\"}");
	expect(&caller, 200, "GET", "/api/v1/auth/me", owner.access, NULL);
	assert_string_equal(data_text(&caller, "language"), "en");
	caller_close(&caller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_register_closed),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_login_limit),
		cmocka_unit_test(test_weak_hash_renewed),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_logout),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_session_limit),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_password_change),
		cmocka_unit_test(test_forgot),
		cmocka_unit_test(test_mail_fails),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
