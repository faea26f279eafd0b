/* People of organisations and what they send, for the tests of the auth family; and the relay that their mail goes to. */
#ifndef STOA_TESTS_PEOPLE_H
#define STOA_TESTS_PEOPLE_H

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

struct person {
	char email[64];
	char org_id[ID_TEXT], account_id[ID_TEXT], session_id[ID_TEXT];
	char access[WHO_TOKEN_TEXT], refresh[WHO_TOKEN_TEXT];
};

/* --- asking --- */

static inline int send_as(struct caller *caller, const char *method, const char *target, const char *token, const char *body)
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

static inline const char *form(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline const char *form(const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	text = arena_vprintf(&setup.arena, format, args);
	va_end(args);
	return text;
}

static inline void person_keep(struct person *person, const struct caller *caller)
{
	snprintf(person->org_id, ID_TEXT, "%s", client_text(caller, "organisationId"));
	snprintf(person->account_id, ID_TEXT, "%s", client_text(caller, "userId"));
	snprintf(person->session_id, ID_TEXT, "%s", client_text(caller, "sessionId"));
	snprintf(person->access, WHO_TOKEN_TEXT, "%s", client_text(caller, "accessToken"));
	snprintf(person->refresh, WHO_TOKEN_TEXT, "%s", client_text(caller, "refreshToken"));
}

static inline void email_new(char email[64])
{
	char id[ID_TEXT];

	id_new(id);
	snprintf(email, 64, "%s@example.com", id);
}

/* An organisation with its owner, signed in. */
static inline void owner_add(struct caller *caller, struct person *person)
{
	email_new(person->email);
	expect(caller, 201, "POST", "/api/v1/auth/register", NULL,
		form("{\"organisation\":\"Org\",\"name\":\"Olga\",\"email\":\"%s\",\"password\":\"" PASSWORD "\"}", person->email));
	person_keep(person, caller);
}

static inline int login(struct caller *caller, const char *email, const char *password)
{
	return send_as(caller, "POST", "/api/v1/auth/login", NULL, form("{\"email\":\"%s\",\"password\":\"%s\"}", email, password));
}

/* A member of the owner's organisation, signed in with PASSWORD. */
static inline void member_make(struct caller *caller, const struct person *owner, const char *role, struct person *person)
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

static inline struct json_object *data_of(const struct caller *caller)
{
	return json_object_object_get(caller->reply, "data");
}

static inline const char *data_text(const struct caller *caller, const char *name)
{
	return json_text(data_of(caller), name, "");
}

static inline int rows_of(const struct caller *caller)
{
	return (int)json_object_array_length(data_of(caller));
}

static inline struct json_object *row_with(const struct caller *caller, const char *name, const char *value)
{
	for (int i = 0; i < rows_of(caller); i++) {
		struct json_object *row = json_object_array_get_idx(data_of(caller), (size_t)i);

		if (strcmp(json_text(row, name, ""), value) == 0)
			return row;
	}
	return NULL;
}

/* Lines of audit of one action, and who is named. */
static inline int audits(const char *org_id, const char *action)
{
	const char *count = sql("select count(*)::text from audit_log where org_id = '%s' and action = '%s'", org_id, action);

	return (int)strtol(count, NULL, 10);
}

/* --- the relay that mail goes to --- */

static struct {
	int fd, port;
	pthread_t thread;
	char message[65536];
} relay;

static inline void relay_say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static inline void *relay_run(void *argument)
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

static inline void relay_open(void)
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
static inline void relay_unfold(void)
{
	char *to = relay.message;

	for (const char *from = relay.message; *from; from++)
		if (strncmp(from, "=\r\n", 3) == 0)
			from += 2;
		else
			*to++ = *from;
	*to = 0;
}

static inline bool token_read(char token[WHO_TOKEN_TEXT])
{
	const char *at = strstr(relay.message, "stoa_pr_");

	if (!at)
		return false;
	snprintf(token, WHO_TOKEN_TEXT, "%.51s", at);
	return token_parse(token, NULL) == TOKEN_RESET;
}

/* Runs the jobs that wait, as the worker does. */
static inline void jobs_run(void)
{
	struct ctx ctx;

	*relay.message = 0;
	ctx_init(&ctx);
	if (worker_run(&ctx, &(struct worker_set){.kinds = IDENTITY_JOBS, .pool = pool, .threads = 1, .stop_fd = -1, .drain = true}) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	ctx_free(&ctx);
	relay_unfold();
}

static inline const char *jobs(const char *state)
{
	return sql("select count(*)::text from job where kind = 'password.mail' and state = '%s'", state);
}

static inline int refresh(struct caller *caller, const char *token)
{
	return send_as(caller, "POST", "/api/v1/auth/refresh", NULL, form("{\"refreshToken\":\"%s\"}", token));
}

static inline int reset(struct caller *caller, const char *token, const char *password)
{
	return send_as(caller, "POST", "/api/v1/auth/password/reset", NULL, form("{\"token\":\"%s\",\"password\":\"%s\"}", token, password));
}

/* --- the house --- */

static inline int open_house(void **state)
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
	setenv("STOA_WEB_TEMPLATES", form("%s/templates", getenv("STOA_ROOT")), 1);
	setenv("STOA_MAIL_URL", form("smtp://127.0.0.1:%d", relay.port), 1);
	setting("STOA_WHO_REGISTRATION", "open");
	log_open("auth_dbtest", NULL, LOG_ERROR);
	pool = pool_open(4);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_AUTH, message))
		fail_msg("%s", message);
	return 0;
}

static inline int close_house(void **state)
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

#endif
