/* Identity over HTTP: each route through the dispatcher, with what goes well and what must not. */
#include "tests/widget/client.h"

#include "auth/family.h"
#include "mail/mail.h"
#include "sql.h"
#include "who/secret.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/socket.h>

#define PASSWORD "a fine password"
#define NOWHERE "0190a000-0000-7000-8000-00000000dead"

static struct ctx setup;
static struct pool *pool;

struct person {
	char email[64];
	char org_id[ID_TEXT], account_id[ID_TEXT], session_id[ID_TEXT];
	char access[WHO_TOKEN_TEXT], refresh[WHO_TOKEN_TEXT];
};

/* --- asking --- */

static const char *sql(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first value, kept until the setup ctx is reset. */
static const char *sql(const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	return arena_strdup(&setup.arena, ask(&setup, pool, text));
}

static int send_as(struct caller *caller, const char *method, const char *target, const char *token, const char *body)
{
	char bearer[128];
	const char *const headers[] = {"User-Agent", "test/1", token ? "Authorization" : NULL, bearer, NULL};

	snprintf(bearer, sizeof bearer, "Bearer %s", token ? token : "");
	return client_send(caller, method, target, NULL, body, body ? strlen(body) : 0, headers);
}

#define expect(caller, status, method, target, token, body) \
	do { \
		send_as((caller), (method), (target), (token), (body)); \
		assert_status((caller), (status)); \
	} while (0)

static const char *form(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *form(const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	return text;
}

static void person_keep(struct person *person, const struct caller *caller)
{
	snprintf(person->org_id, ID_TEXT, "%s", client_text(caller, "organisationId"));
	snprintf(person->account_id, ID_TEXT, "%s", client_text(caller, "userId"));
	snprintf(person->session_id, ID_TEXT, "%s", client_text(caller, "sessionId"));
	snprintf(person->access, WHO_TOKEN_TEXT, "%s", client_text(caller, "accessToken"));
	snprintf(person->refresh, WHO_TOKEN_TEXT, "%s", client_text(caller, "refreshToken"));
}

static void email_new(char email[64])
{
	char id[ID_TEXT];

	id_new(id);
	snprintf(email, 64, "%s@example.com", id);
}

/* An organisation with its owner, signed in. */
static void owner_add(struct caller *caller, struct person *person)
{
	email_new(person->email);
	expect(caller, 201, "POST", "/api/v1/auth/register", NULL,
		form("{\"organisation\":\"Org\",\"name\":\"Olga\",\"email\":\"%s\",\"password\":\"" PASSWORD "\"}", person->email));
	person_keep(person, caller);
}

static int login(struct caller *caller, const char *email, const char *password)
{
	return send_as(caller, "POST", "/api/v1/auth/login", NULL, form("{\"email\":\"%s\",\"password\":\"%s\"}", email, password));
}

/* A member of the owner's organisation, signed in with PASSWORD. */
static void member_make(struct caller *caller, const struct person *owner, const char *role, struct person *person)
{
	char hash[PASSWORD_HASH_TEXT];

	email_new(person->email);
	expect(caller, 201, "POST", "/api/v1/users", owner->access,
		form("{\"email\":\"%s\",\"name\":\"Max\",\"role\":\"%s\"}", person->email, role));
	assert_int_equal(password_hash(&setup, PASSWORD, hash), OK);
	sql("update account set password_hash = '%s' where email = '%s'", hash, person->email);
	assert_int_equal(login(caller, person->email, PASSWORD), 200);
	person_keep(person, caller);
	assert_string_equal(client_text(caller, "role"), role);
}

static struct json_object *data_of(const struct caller *caller)
{
	return json_object_object_get(caller->reply, "data");
}

static const char *data_text(const struct caller *caller, const char *name)
{
	return json_text(data_of(caller), name, "");
}

static int rows_of(const struct caller *caller)
{
	return (int)json_object_array_length(data_of(caller));
}

static struct json_object *row_with(const struct caller *caller, const char *name, const char *value)
{
	for (int i = 0; i < rows_of(caller); i++) {
		struct json_object *row = json_object_array_get_idx(data_of(caller), (size_t)i);

		if (strcmp(json_text(row, name, ""), value) == 0)
			return row;
	}
	return NULL;
}

/* Lines of audit of one action, and who is named. */
static int audits(const char *org_id, const char *action)
{
	const char *count = sql("select count(*)::text from audit_log where org_id = '%s' and action = '%s'", org_id, action);

	return (int)strtol(count, NULL, 10);
}

/* --- the relay that mail goes to --- */

static struct {
	int fd, port;
	pthread_t thread;
	char message[8192];
} relay;

static void relay_say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void *relay_run(void *argument)
{
	int fd;

	(void)argument;
	while ((fd = accept(relay.fd, NULL, NULL)) >= 0) {
		FILE *lines = fdopen(fd, "r");
		char line[1024];
		bool data = false;

		relay_say(fd, "220 relay\r\n");
		while (fgets(line, sizeof line, lines)) {
			if (data && strcmp(line, ".\r\n") != 0) {
				strncat(relay.message, line, sizeof relay.message - strlen(relay.message) - 1);
				continue;
			}
			relay_say(fd, strncmp(line, "DATA", 4) == 0 ? "354 go on\r\n" : "250 yes\r\n");
			data = strncmp(line, "DATA", 4) == 0;
		}
		fclose(lines);
	}
	return NULL;
}

static void relay_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;

	relay.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(relay.fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(relay.fd, 4), 0);
	assert_int_equal(getsockname(relay.fd, (struct sockaddr *)&address, &length), 0);
	relay.port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&relay.thread, NULL, relay_run, NULL), 0);
}

/* Quoted-printable without its soft line breaks. */
static void relay_unfold(void)
{
	char *to = relay.message;

	for (const char *from = relay.message; *from; from++)
		if (strncmp(from, "=\r\n", 3) == 0)
			from += 2;
		else
			*to++ = *from;
	*to = 0;
}

static bool token_read(char token[WHO_TOKEN_TEXT])
{
	const char *at = strstr(relay.message, "stoa_pr_");

	if (!at)
		return false;
	snprintf(token, WHO_TOKEN_TEXT, "%.51s", at);
	return token_parse(token, NULL) == TOKEN_RESET;
}

/* Runs the jobs that wait, as the worker does. */
static void jobs_run(void)
{
	struct ctx ctx;

	*relay.message = 0;
	ctx_init(&ctx);
	if (worker_run(&ctx, &(struct worker_set){.kinds = IDENTITY_JOBS, .pool = pool, .threads = 1, .stop_fd = -1, .drain = true}) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	ctx_free(&ctx);
	relay_unfold();
}

static const char *jobs(const char *state)
{
	return sql("select count(*)::text from job where kind = 'password.mail' and state = '%s'", state);
}

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
	login(&caller, "limit@example.com", PASSWORD);
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

static int refresh(struct caller *caller, const char *token)
{
	return send_as(caller, "POST", "/api/v1/auth/refresh", NULL, form("{\"refreshToken\":\"%s\"}", token));
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
	sql("update account set locked_until = now() + interval '1 hour' where id = '%s'", person.account_id);
	expect(&caller, 403, "POST", "/api/v1/auth/password", person.access,
		"{\"oldPassword\":\"another password\",\"password\":\"yet another one\"}");
	caller_close(&caller);
}

static int forgot(struct caller *caller, const char *email)
{
	return send_as(caller, "POST", "/api/v1/auth/password/forgot", NULL, form("{\"email\":\"%s\"}", email));
}

static int reset(struct caller *caller, const char *token, const char *password)
{
	return send_as(caller, "POST", "/api/v1/auth/password/reset", NULL, form("{\"token\":\"%s\",\"password\":\"%s\"}", token, password));
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
	forgot(&caller, person.email);
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

	ctx_reset(&setup);
	assert_int_equal(password_reset_create(&setup, pool, person.email, RESET_LIFE_S, token), OK);
	sql("update password_reset set expires_at = now() where token_hash = sha256('%s')", token);
	assert_int_equal(reset(&caller, token, "a newer password"), 410);
	caller_close(&caller);
}

/* --- organisation and members --- */

static void test_organisation(void **state)
{
	struct caller caller;
	struct person owner, admin, stranger;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	expect(&caller, 200, "GET", "/api/v1/orgs/current", admin.access, NULL);
	assert_string_equal(data_text(&caller, "id"), owner.org_id);
	expect(&caller, 403, "PATCH", "/api/v1/orgs/current", admin.access, "{\"name\":\"Mine\"}");
	expect(&caller, 400, "PATCH", "/api/v1/orgs/current", owner.access, "{}");
	expect(&caller, 422, "PATCH", "/api/v1/orgs/current", owner.access, "{\"name\":\"\"}");
	expect(&caller, 200, "PATCH", "/api/v1/orgs/current", owner.access, "{\"name\":\"Größer & Co\"}");
	assert_string_equal(data_text(&caller, "name"), "Größer & Co");
	expect(&caller, 200, "GET", "/api/v1/orgs/current", stranger.access, NULL);
	assert_string_equal(data_text(&caller, "name"), "Org");
	assert_string_equal(sql("select before->>'name' || ' ' || (after->>'name') || ' ' || actor_id from audit_log where org_id = '%s' "
		"and action = 'organisation.update'", owner.org_id), form("Org Größer & Co %s", owner.account_id));
	caller_close(&caller);
}

static void test_member_add(void **state)
{
	struct caller caller;
	struct person owner, admin, other;
	char token[WHO_TOKEN_TEXT];

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &other);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	sql("delete from job");
	expect(&caller, 201, "POST", "/api/v1/users", admin.access, "{\"email\":\"new.analyst@example.com\",\"name\":\"Ana\",\"role\":\"analyst\"}");
	assert_string_equal(data_text(&caller, "role"), "analyst");
	assert_string_equal(data_text(&caller, "name"), "Ana");
	/* Invited: no password works until the link was used. */
	assert_int_equal(login(&caller, "new.analyst@example.com", ""), 422);
	assert_int_equal(login(&caller, "new.analyst@example.com", PASSWORD), 401);
	jobs_run();
	assert_non_null(strstr(relay.message, "you are now a member of Org"));
	assert_true(token_read(token));
	assert_int_equal(reset(&caller, token, "first password"), 204);
	assert_int_equal(login(&caller, "new.analyst@example.com", "first password"), 200);

	expect(&caller, 409, "POST", "/api/v1/users", admin.access, "{\"email\":\"NEW.analyst@example.com\",\"role\":\"admin\"}");
	expect(&caller, 422, "POST", "/api/v1/users", admin.access, "{\"email\":\"x@example.com\",\"role\":\"king\"}");
	expect(&caller, 400, "POST", "/api/v1/users", admin.access, "{\"email\":\"x@example.com\"}");
	expect(&caller, 403, "POST", "/api/v1/users", admin.access, "{\"email\":\"x@example.com\",\"role\":\"owner\"}");
	assert_string_equal(sql("select count(*)::text from account where email = 'x@example.com'"), "0");

	/* Someone with an account elsewhere keeps it, and belongs to both. */
	expect(&caller, 201, "POST", "/api/v1/users", owner.access, form("{\"email\":\"%s\",\"name\":\"Other\",\"role\":\"readonly\"}", other.email));
	assert_string_equal(data_text(&caller, "id"), other.account_id);
	assert_string_equal(data_text(&caller, "name"), "Olga");
	assert_int_equal(login(&caller, other.email, PASSWORD), 200);
	assert_string_equal(client_text(&caller, "organisationId"), other.org_id);
	expect(&caller, 200, "POST", "/api/v1/auth/login", NULL,
		form("{\"email\":\"%s\",\"password\":\"" PASSWORD "\",\"organisationId\":\"%s\"}", other.email, owner.org_id));
	assert_string_equal(client_text(&caller, "role"), "readonly");
	assert_int_equal(audits(owner.org_id, "member.add"), 3);
	caller_close(&caller);
}

static void test_member_change(void **state)
{
	struct caller caller;
	struct person owner, admin, analyst, second, stranger;
	const char *analyst_path, *owner_path;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	member_make(&caller, &owner, "analyst", &analyst);
	analyst_path = form("/api/v1/users/%s", analyst.account_id);
	owner_path = form("/api/v1/users/%s", owner.account_id);

	expect(&caller, 200, "GET", "/api/v1/users", analyst.access, NULL);
	assert_int_equal(rows_of(&caller), 3);
	assert_null(row_with(&caller, "id", stranger.account_id));
	expect(&caller, 200, "GET", "/api/v1/users?limit=2", analyst.access, NULL);
	expect(&caller, 200, "GET",
		form("/api/v1/users?limit=2&cursor=%s", json_text(json_object_object_get(caller.reply, "meta"), "next", "")), analyst.access, NULL);
	assert_int_equal(rows_of(&caller), 1);

	expect(&caller, 403, "PATCH", analyst_path, analyst.access, "{\"role\":\"admin\"}");
	expect(&caller, 404, "PATCH", analyst_path, stranger.access, "{\"role\":\"admin\"}");
	expect(&caller, 404, "DELETE", analyst_path, stranger.access, NULL);
	expect(&caller, 403, "PATCH", owner_path, admin.access, "{\"role\":\"readonly\"}");
	expect(&caller, 403, "DELETE", owner_path, admin.access, NULL);
	expect(&caller, 403, "PATCH", analyst_path, admin.access, "{\"role\":\"owner\"}");
	expect(&caller, 409, "PATCH", owner_path, owner.access, "{\"role\":\"admin\"}");
	expect(&caller, 409, "DELETE", owner_path, owner.access, NULL);
	expect(&caller, 200, "PATCH", owner_path, owner.access, "{\"role\":\"owner\"}");
	assert_int_equal(audits(owner.org_id, "member.role"), 0);

	/* A new role works at once. */
	expect(&caller, 403, "GET", "/api/v1/orgs/keys", analyst.access, NULL);
	expect(&caller, 200, "PATCH", analyst_path, admin.access, "{\"role\":\"admin\"}");
	assert_string_equal(data_text(&caller, "role"), "admin");
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", analyst.access, NULL);
	assert_string_equal(sql("select before->>'role' || (after->>'role') from audit_log where org_id = '%s' and action = 'member.role'",
		owner.org_id), "analystadmin");

	/* With a second owner the first may go. */
	member_make(&caller, &owner, "owner", &second);
	expect(&caller, 200, "PATCH", owner_path, owner.access, "{\"role\":\"admin\"}");
	expect(&caller, 403, "PATCH", "/api/v1/orgs/current", owner.access, "{\"name\":\"Mine\"}");
	expect(&caller, 204, "DELETE", owner_path, second.access, NULL);
	expect(&caller, 401, "GET", "/api/v1/auth/me", owner.access, NULL);
	assert_int_equal(refresh(&caller, owner.refresh), 401);
	assert_string_equal(sql("select count(*)::text from account where id = '%s'", owner.account_id), "0");
	expect(&caller, 404, "DELETE", owner_path, second.access, NULL);
	expect(&caller, 400, "DELETE", "/api/v1/users/me", second.access, NULL);
	assert_int_equal(audits(owner.org_id, "member.remove"), 1);
	caller_close(&caller);
}

struct step_down {
	const struct person *person;
	enum err err;
};

static enum err step_down_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct step_down *step = argument;
	struct member before;

	return member_role_set(ctx, lease, step->person->org_id, step->person->account_id, ROLE_OWNER, ROLE_ADMIN, &before);
}

static void *step_down(void *argument)
{
	struct step_down *step = argument;
	struct ctx ctx;

	ctx_init(&ctx);
	step->err = change_run(&ctx, pool, step_down_run, step);
	ctx_free(&ctx);
	return NULL;
}

/* Two owners step down at the same moment: one of them stays. */
static void test_two_owners(void **state)
{
	struct caller caller;
	struct person first, second;
	struct step_down step = {.person = &second};
	struct member before;
	struct lease lease;
	pthread_t thread;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &first);
	member_make(&caller, &first, "owner", &second);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_role_set(&setup, &lease, first.org_id, first.account_id, ROLE_OWNER, ROLE_ADMIN, &before), OK);
	assert_int_equal(pthread_create(&thread, NULL, step_down, &step), 0);
	WAIT_FOR(strcmp(sql("select count(*)::text from pg_stat_activity where wait_event_type = 'Lock'"), "1") == 0);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	pthread_join(thread, NULL);
	assert_int_equal(step.err, ERR_CONFLICT);
	assert_string_equal(sql("select count(*)::text from membership where org_id = '%s' and role = 'owner'", first.org_id), "1");
	caller_close(&caller);
}

/* Who belongs elsewhere too keeps the account. */
static void test_member_of_two(void **state)
{
	struct caller caller;
	struct person owner, both;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &both);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/users", owner.access, form("{\"email\":\"%s\",\"role\":\"admin\"}", both.email));
	expect(&caller, 204, "DELETE", form("/api/v1/users/%s", both.account_id), owner.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/auth/me", both.access, NULL);
	caller_close(&caller);
}

/* --- keys --- */

/* A key is resolved by a route of this family that refuses it for what it is, not for being unknown. */
static bool key_works(struct caller *caller, const char *key)
{
	int status = send_as(caller, "GET", "/api/v1/auth/me", key, NULL);

	if (status != 401 && status != 403)
		fail_msg("%d", status);
	return status == 403;
}

static void test_key_create(void **state)
{
	static const struct {
		const char *body;
		int status;
		const char *field;
	} rows[] = {
		{"{\"kind\":\"widget\",\"live\":true}", 400, "name"},
		{"{\"name\":\"k\",\"live\":true}", 400, "kind"},
		{"{\"name\":\"k\",\"kind\":\"widget\"}", 400, "live"},
		{"{\"name\":\"k\",\"kind\":\"root\",\"live\":true}", 422, "kind"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":1}", 400, "live"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"shop.example\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"https://shop.example/path\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"*\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"origins\":\"https://shop.example\"}", 400, "origins"},
		{"{\"name\":\"k\",\"kind\":\"server\",\"live\":true,\"origins\":[\"https://shop.example\"]}", 422, "origins"},
		{"{\"name\":\"k\",\"kind\":\"server\",\"live\":true,\"signatureRequired\":true}", 422, "signatureRequired"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"days\":0}", 422, "days"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"days\":3,\"expiresAt\":\"2999-01-01T00:00:00Z\"}", 422, "days"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"tomorrow, around noon\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2001-01-01T00:00:00Z\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2999-01-01T00:00:00.Z\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2999-01-01T00:00:00+0100\"}", 422, "expiresAt"},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"expiresAt\":\"2999-13-01T00:00:00Z\"}", 422, NULL},
		{"{\"name\":\"k\",\"kind\":\"widget\",\"live\":true,\"ratePerMinute\":0}", 422, "ratePerMinute"},
	};
	struct caller caller;
	struct person owner;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &owner);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		send_as(&caller, "POST", "/api/v1/orgs/keys", owner.access, rows[i].body);
		if (caller.rep.status != rows[i].status || (rows[i].field && strcmp(client_text(&caller, "field"), rows[i].field)))
			fail_msg("%s: %s", rows[i].body, caller.rep.body.data);
	}
	assert_string_equal(sql("select count(*)::text from api_key where org_id = '%s'", owner.org_id), "0");
	caller_close(&caller);
}

static void test_key_kinds(void **state)
{
	static const struct {
		const char *body, *start;
		bool secret, expires, signature;
		const char *origins;
	} rows[] = {
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"HTTPS://Shop.example:443\",\"https://shop.example\","
			"\"http://localhost:8080\"]}", "stoa_live_", true, false, true, "{https://shop.example,http://localhost:8080}"},
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":false}", "stoa_test_", true, false, false, "{}"},
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":true,\"signatureRequired\":false,\"days\":7}", "stoa_live_", true, true, false, "{}"},
		{"{\"name\":\"w\",\"kind\":\"widget\",\"live\":false,\"signatureRequired\":true,\"expiresAt\":\"2999-01-01T00:00:00.5+01:00\"}",
			"stoa_test_", true, true, true, "{}"},
		{"{\"name\":\"s\",\"kind\":\"server\",\"live\":true}", "stoa_live_", false, true, false, "{}"},
		{"{\"name\":\"s\",\"kind\":\"server\",\"live\":false,\"ratePerMinute\":5}", "stoa_test_", false, true, false, "{}"},
	};
	struct caller caller;
	struct person owner;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &owner);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *key, *id, *secret;

		expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, rows[i].body);
		key = form("%s", client_text(&caller, "key"));
		id = form("%s", client_text(&caller, "id"));
		secret = form("%s", client_text(&caller, "signingSecret"));
		assert_int_equal(strncmp(key, rows[i].start, strlen(rows[i].start)), 0);
		assert_int_equal(*secret != 0, rows[i].secret);
		assert_int_equal(*client_text(&caller, "expiresAt") != 0, rows[i].expires);
		assert_true(key_works(&caller, key));
		assert_string_equal(sql("select origins::text from api_key where id = '%s'", id), rows[i].origins);
		assert_string_equal(sql("select signature_required::text from api_key where id = '%s'", id), rows[i].signature ? "true" : "false");
		/* Nothing that opens is stored, and what must be read back is sealed for this organisation. */
		assert_string_equal(sql("select count(*)::text from api_key k where k::text like '%%%s%%'", key + strlen(key) - 40), "0");
		assert_string_equal(sql("select count(*)::text from audit_log k where k::text like '%%%s%%'", key + strlen(key) - 40), "0");
		if (rows[i].secret) {
			const char *hex = sql("select signing_sealed::text from api_key where id = '%s'", id), *opened;
			uint8_t sealed[256];
			size_t bytes;

			assert_int_equal(sodium_hex2bin(sealed, sizeof sealed, hex + 2, strlen(hex + 2), NULL, &bytes, NULL), 0);
			assert_int_equal(secret_unseal(&setup, owner.org_id, sealed, bytes, &opened, &bytes), OK);
			assert_string_equal(opened, secret);
		}
	}
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 6);
	assert_null(strstr(caller.rep.body.data, "signing"));
	assert_int_equal(audits(owner.org_id, "key.create"), 6);
	caller_close(&caller);
}

static void test_key_rotate(void **state)
{
	struct caller caller;
	struct person owner, stranger;
	const char *id, *key, *secret, *next, *path;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access,
		"{\"name\":\"w\",\"kind\":\"widget\",\"live\":true,\"origins\":[\"https://shop.example\"],\"days\":10,\"ratePerMinute\":77}");
	id = form("%s", client_text(&caller, "id"));
	key = form("%s", client_text(&caller, "key"));
	secret = form("%s", client_text(&caller, "signingSecret"));
	path = form("/api/v1/orgs/keys/%s/rotate", id);
	expect(&caller, 404, "POST", path, stranger.access, NULL);
	expect(&caller, 422, "POST", path, owner.access, "{\"overlapHours\":721}");
	expect(&caller, 201, "POST", path, owner.access, NULL);
	assert_string_equal(client_text(&caller, "replaces"), id);
	assert_string_not_equal(client_text(&caller, "key"), key);
	assert_string_not_equal(client_text(&caller, "signingSecret"), secret);
	next = form("%s", client_text(&caller, "id"));
	{
		const char *next_key = form("%s", client_text(&caller, "key"));

		assert_true(key_works(&caller, key));
		assert_true(key_works(&caller, next_key));
	}
	assert_string_equal(sql("select (o.expires_at between now() + interval '23 hours' and now() + interval '24 hours' and o.rotated_to = n.id "
		"and n.origins = o.origins and n.rate_per_minute = 77 and n.signature_required and n.name = o.name and n.live "
		"and n.expires_at between now() + interval '9 days' and now() + interval '11 days')::text "
		"from api_key o, api_key n where o.id = '%s' and n.id = '%s'", id, next), "true");
	/* Over at once. */
	expect(&caller, 201, "POST", form("/api/v1/orgs/keys/%s/rotate", next), owner.access, "{\"overlapHours\":0}");
	expect(&caller, 404, "POST", form("/api/v1/orgs/keys/%s/rotate", next), owner.access, NULL);
	assert_int_equal(audits(owner.org_id, "key.rotate"), 2);
	caller_close(&caller);
}

static void test_key_update(void **state)
{
	static const struct {
		const char *body;
		int status;
	} rows[] = {
		{"{}", 422},
		{"{\"live\":false}", 400},
		{"{\"origins\":[\"nope\"]}", 422},
		{"{\"name\":\"\"}", 422},
		{"{\"name\":null}", 400},
		{"{\"name\":\"renamed\"}", 200},
		{"{\"origins\":[\"https://a.example\",\"https://b.example\"],\"signatureRequired\":false,\"ratePerMinute\":5}", 200},
	};
	struct caller caller;
	struct person owner, stranger;
	const char *path, *server;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, "{\"name\":\"w\",\"kind\":\"widget\",\"live\":true}");
	path = form("/api/v1/orgs/keys/%s", client_text(&caller, "id"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect(&caller, rows[i].status, "PATCH", path, owner.access, rows[i].body);
	assert_string_equal(data_text(&caller, "name"), "renamed");
	assert_int_equal(json_int(data_of(&caller), "ratePerMinute", 0), 5);
	assert_false(json_flag(data_of(&caller), "signatureRequired", true));
	assert_int_equal(json_object_array_length(json_object_object_get(data_of(&caller), "origins")), 2);
	expect(&caller, 404, "PATCH", path, stranger.access, "{\"name\":\"mine\"}");
	expect(&caller, 200, "PATCH", path, owner.access, "{\"origins\":[]}");
	assert_int_equal(json_object_array_length(json_object_object_get(data_of(&caller), "origins")), 0);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, "{\"name\":\"s\",\"kind\":\"server\",\"live\":true}");
	server = form("/api/v1/orgs/keys/%s", client_text(&caller, "id"));
	expect(&caller, 422, "PATCH", server, owner.access, "{\"origins\":[\"https://a.example\"]}");
	assert_int_equal(audits(owner.org_id, "key.update"), 3);
	caller_close(&caller);
}

static void test_key_revoke(void **state)
{
	struct caller caller;
	struct person owner, stranger;
	const char *key, *path;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", owner.access, "{\"name\":\"s\",\"kind\":\"server\",\"live\":true}");
	key = form("%s", client_text(&caller, "key"));
	path = form("/api/v1/orgs/keys/%s", client_text(&caller, "id"));
	assert_true(key_works(&caller, key));
	expect(&caller, 404, "DELETE", path, stranger.access, NULL);
	assert_true(key_works(&caller, key));
	expect(&caller, 204, "DELETE", path, owner.access, NULL);
	assert_false(key_works(&caller, key));
	expect(&caller, 404, "DELETE", path, owner.access, NULL);
	expect(&caller, 404, "PATCH", path, owner.access, "{\"name\":\"x\"}");
	expect(&caller, 404, "POST", form("%s/rotate", path), owner.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 1);
	expect(&caller, 200, "GET", "/api/v1/orgs/keys", stranger.access, NULL);
	assert_int_equal(rows_of(&caller), 0);
	caller_close(&caller);
}

/* --- audit --- */

static void test_audit(void **state)
{
	struct caller caller;
	struct person owner, admin, stranger;
	const char *cursor;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &stranger);
	owner_add(&caller, &owner);
	member_make(&caller, &owner, "admin", &admin);
	expect(&caller, 201, "POST", "/api/v1/orgs/keys", admin.access, "{\"name\":\"s\",\"kind\":\"server\",\"live\":true}");
	expect(&caller, 403, "GET", "/api/v1/orgs/audit", admin.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/orgs/audit", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 5); /* organisation, session, member, session, key */
	{
		struct json_object *line = row_with(&caller, "action", "key.create");

		assert_string_equal(json_text(line, "actorId", ""), admin.account_id);
		assert_string_equal(json_text(line, "address", ""), "192.0.2.1");
		assert_string_equal(json_text(line, "agent", ""), "test/1");
		assert_string_equal(json_text(json_object_object_get(line, "after"), "kind", ""), "server");
	}
	expect(&caller, 200, "GET", "/api/v1/orgs/audit?action=member.add", owner.access, NULL);
	assert_int_equal(rows_of(&caller), 1);
	expect(&caller, 200, "GET", "/api/v1/orgs/audit?limit=4", owner.access, NULL);
	cursor = form("%s", json_text(json_object_object_get(caller.reply, "meta"), "next", ""));
	expect(&caller, 200, "GET", form("/api/v1/orgs/audit?limit=4&cursor=%s", cursor), owner.access, NULL);
	assert_int_equal(rows_of(&caller), 1);
	assert_non_null(row_with(&caller, "action", "organisation.create"));
	/* The cursor of another list is none here. */
	expect(&caller, 400, "GET", form("/api/v1/users?cursor=%s", cursor), owner.access, NULL);
	expect(&caller, 200, "GET", "/api/v1/orgs/audit", stranger.access, NULL);
	assert_int_equal(rows_of(&caller), 2);
	caller_close(&caller);
}

/* --- every route --- */

static const char *filled_path(const char *path)
{
	char *filled = arena_strdup(&setup.arena, path), *at = strstr(filled, ":id");

	return at ? form("%.*s" NOWHERE "%s", (int)(at - filled), filled, at + 3) : filled;
}

/* Nobody, keys and each role: refused exactly where the table says so, before anything is looked up. */
static void test_access_of_all(void **state)
{
	static const char *const roles[] = {"owner", "admin", "analyst", "readonly"};
	struct caller caller;
	struct person owner, people[4];
	struct key_made widget, server;
	int checked = 0;

	(void)state;
	caller_open(&caller);
	owner_add(&caller, &owner);
	for (int i = 0; i < 4; i++)
		member_make(&caller, &owner, roles[i], &people[i]);
	key_add(&setup, pool, owner.org_id, true, true, &widget);
	key_add(&setup, pool, owner.org_id, false, true, &server);
	for (const struct route *const *table = FAMILY_AUTH.tables; *table; table++)
		for (const struct route *route = *table; route->path; route++) {
			const char *path = filled_path(route->path), *method = method_text(route->method);

			if (route->access == ACCESS_PUBLIC || strstr(path, "logout"))
				continue;
			expect(&caller, 401, method, path, NULL, NULL);
			expect(&caller, 401, method, path, "stoa_at_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL);
			expect(&caller, 401, method, path, "nonsense", NULL);
			expect(&caller, 403, method, path, widget.key, NULL);
			expect(&caller, 403, method, path, server.key, NULL);
			for (int i = 0; i < 4; i++) {
				bool may = route->access == ACCESS_SESSION
					|| (role_permissions(role_parse(roles[i])) >> route->permission & 1);

				send_as(&caller, method, path, people[i].access, NULL);
				if ((caller.rep.status == 403) == may || caller.rep.status == 401 || caller.rep.status >= 500)
					fail_msg("%s %s as %s: %d", method, path, roles[i], caller.rep.status);
			}
			checked++;
		}
	assert_true(checked >= 16);
	caller_close(&caller);
}

static int open_house(void **state)
{
	char message[256];

	(void)state;
	relay_open();
	serve_conf();
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example/", 1);
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setenv("STOA_WEB_SESSION_PER_MINUTE", "0", 1);
	setenv("STOA_WHO_LOGINS_PER_ADDRESS", "1000000", 1);
	setenv("STOA_WHO_REGISTRATIONS_PER_ADDRESS", "1000000", 1);
	setenv("STOA_MAIL_STARTTLS", "no", 1);
	ctx_init(&setup);
	setenv("STOA_MAIL_URL", form("smtp://127.0.0.1:%d", relay.port), 1);
	setting("STOA_WHO_REGISTRATION", "open");
	log_open("auth_dbtest", NULL, LOG_ERROR);
	pool = pool_open(4);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_AUTH, message))
		fail_msg("%s", message);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	shutdown(relay.fd, SHUT_RDWR);
	pthread_join(relay.thread, NULL);
	close(relay.fd);
	return 0;
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
		cmocka_unit_test(test_password_change),
		cmocka_unit_test(test_forgot),
		cmocka_unit_test(test_mail_fails),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_organisation),
		cmocka_unit_test(test_member_add),
		cmocka_unit_test(test_member_change),
		cmocka_unit_test(test_two_owners),
		cmocka_unit_test(test_member_of_two),
		cmocka_unit_test(test_key_create),
		cmocka_unit_test(test_key_kinds),
		cmocka_unit_test(test_key_rotate),
		cmocka_unit_test(test_key_update),
		cmocka_unit_test(test_key_revoke),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_access_of_all),
	};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
