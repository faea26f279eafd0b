/* Mail: what is composed, and what a loopback relay receives, refuses or never answers. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "mail/mail.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

/* --- the relay: one connection at a time --- */

static struct {
	int fd, port;
	pthread_t thread;
	/* what it says where it differs from yes */
	const char *greeting, *hello, *from, *to, *data, *end, *auth;
	bool stalls, hangs_up;
	/* what it got */
	char commands[2000], message[20000];
	bool complete;
} relay;

static void say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void reply(int fd, const char *text, const char *otherwise)
{
	say(fd, text ? text : otherwise);
	say(fd, "\r\n");
}

static void take_message(int fd, FILE *lines)
{
	char line[2000];
	size_t used = 0;
	while (fgets(line, sizeof line, lines)) {
		if (strcmp(line, ".\r\n") == 0) {
			relay.complete = !relay.end;
			reply(fd, relay.end, "250 taken");
			return;
		}
		const char *text = line[0] == '.' ? line + 1 : line;
		used += (size_t)snprintf(relay.message + used, sizeof relay.message - used, "%s", text);
	}
}

/* False: the conversation is over. */
static bool converse(int fd, FILE *lines, const char *command)
{
	if (strncmp(command, "EHLO", 4) == 0)
		reply(fd, relay.hello, "250-relay\r\n250-SIZE 1000000\r\n250-AUTH PLAIN\r\n250 8BITMIME");
	else if (strncmp(command, "AUTH PLAIN\r", 11) == 0)
		reply(fd, NULL, "334 ");
	else if (strcmp(command, "AHN0b2EAc2VjcmV0\r\n") == 0) /* NUL stoa NUL secret */
		reply(fd, relay.auth, "235 welcome");
	else if (strncmp(command, "MAIL", 4) == 0)
		reply(fd, relay.from, "250 sender");
	else if (strncmp(command, "RCPT", 4) == 0)
		reply(fd, relay.to, "250 recipient");
	else if (strncmp(command, "DATA", 4) == 0) {
		reply(fd, relay.data, "354 go on");
		if (!relay.data && relay.hangs_up)
			return false;
		if (!relay.data)
			take_message(fd, lines);
	} else
		reply(fd, NULL, "221 bye");
	return strncmp(command, "QUIT", 4) != 0;
}

static void *relay_run(void *argument)
{
	int fd;
	(void)argument;
	while ((fd = accept(relay.fd, NULL, NULL)) >= 0) {
		FILE *lines = fdopen(fd, "r");
		char line[2000];
		if (!relay.stalls)
			reply(fd, relay.greeting, "220 relay");
		while (fgets(line, sizeof line, lines)) {
			strncat(relay.commands, line, sizeof relay.commands - strlen(relay.commands) - 1);
			if (!relay.stalls && !converse(fd, lines, line))
				break;
		}
		fclose(lines);
	}
	return NULL;
}

static void setting(const char *name, const char *value)
{
	char message[256];
	setenv(name, value, 1);
	if (!conf_load(NULL, message))
		fail_msg("%s", message);
}

static int setup(void **state)
{
	struct ctx *ctx = calloc(1, sizeof *ctx);
	char url[60];
	ctx_init(ctx);
	memset(&relay, 0, sizeof relay);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	relay.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(relay.fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(relay.fd, 8) != 0)
		return -1;
	getsockname(relay.fd, (struct sockaddr *)&address, &length);
	snprintf(url, sizeof url, "smtp://127.0.0.1:%d", ntohs(address.sin_port));
	setting("STOA_MAIL_URL", url);
	setting("STOA_MAIL_STARTTLS", "no");
	setting("STOA_MAIL_FROM", "Stoa <stoa@shop.example>");
	setting("STOA_MAIL_USER", "");
	setting("STOA_MAIL_PASSWORD", "");
	setting("STOA_MAIL_TIMEOUT", "60s");
	pthread_create(&relay.thread, NULL, relay_run, NULL);
	*state = ctx;
	return 0;
}

static int teardown(void **state)
{
	shutdown(relay.fd, SHUT_RDWR);
	pthread_join(relay.thread, NULL);
	close(relay.fd);
	ctx_free(*state);
	free(*state);
	return 0;
}

static const struct mail MAIL = {.to = "ann@customer.example", .subject = "Your plan", .text = "Hello Ann\n.dot\nBye\n",
	.id = "0192-abc"};

static void a_mail_arrives(void **state)
{
	struct ctx *ctx = *state;
	clock_shift(0);
	setting("STOA_MAIL_USER", "stoa");
	setting("STOA_MAIL_PASSWORD", "secret");
	assert_int_equal(mail_send(ctx, &MAIL), OK);
	assert_true(relay.complete);
	assert_non_null(strstr(relay.commands, "AUTH PLAIN\r\nAHN0b2EAc2VjcmV0\r\n"));
	assert_non_null(strstr(relay.commands, "MAIL FROM:<stoa@shop.example>"));
	assert_non_null(strstr(relay.commands, "RCPT TO:<ann@customer.example>"));
	assert_non_null(strstr(relay.message, "From: \"Stoa\"\r\n <stoa@shop.example>\r\n"));
	assert_non_null(strstr(relay.message, "To: <ann@customer.example>\r\n"));
	assert_non_null(strstr(relay.message, "Subject: Your plan\r\n"));
	assert_non_null(strstr(relay.message, "Message-ID: <0192-abc@shop.example>\r\n"));
	assert_non_null(strstr(relay.message, "\r\n\r\nHello Ann\r\n.dot\r\nBye\r\n"));
}

static void the_relay_says_no(void **state)
{
	static const struct { size_t where; const char *says; enum err err; const char *code; } ROWS[] = {
		{offsetof(typeof(relay), greeting), "554 no service", ERR_UPSTREAM, "554"},
		{offsetof(typeof(relay), from), "550 not you", ERR_UPSTREAM, "550"},
		{offsetof(typeof(relay), to), "550 no such user", ERR_UPSTREAM, "550"},
		{offsetof(typeof(relay), to), "450 greylisted", ERR_UPSTREAM, "450"},
		{offsetof(typeof(relay), data), "451 later", ERR_UPSTREAM, "451"},
		{offsetof(typeof(relay), end), "552 too much", ERR_UPSTREAM, "552"},
		{offsetof(typeof(relay), auth), "535 wrong password", ERR_UPSTREAM, "535"},
	};
	struct ctx *ctx = *state;
	setting("STOA_MAIL_USER", "stoa");
	setting("STOA_MAIL_PASSWORD", "secret");
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char **place = (const char **)((char *)&relay + ROWS[i].where);
		*place = ROWS[i].says;
		enum err err = mail_send(ctx, &MAIL);
		if (err != ROWS[i].err || !strstr(ctx->fault.detail, ROWS[i].code))
			fail_msg("%s: %s, %s", ROWS[i].says, error_name(err), ctx->fault.detail);
		assert_false(relay.complete);
		*place = NULL;
		ctx_reset(ctx);
	}
	relay.hangs_up = true;
	assert_int_equal(mail_send(ctx, &MAIL), ERR_UPSTREAM);
}

static void the_relay_is_away(void **state)
{
	struct ctx *ctx = *state;
	char url[60];
	relay.stalls = true;
	setting("STOA_MAIL_TIMEOUT", "30ms");
	assert_int_equal(mail_send(ctx, &MAIL), ERR_TIMEOUT);
	ctx_reset(ctx);
	setting("STOA_MAIL_TIMEOUT", "60s");
	ctx->deadline_us = clock_mono_us() + 30000;
	assert_int_equal(mail_send(ctx, &MAIL), ERR_TIMEOUT);
	ctx_reset(ctx);
	ctx->deadline_us = clock_mono_us() - 1;
	assert_int_equal(mail_send(ctx, &MAIL), ERR_TIMEOUT);
	ctx_reset(ctx);

	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	getsockname(fd, (struct sockaddr *)&address, &length);
	snprintf(url, sizeof url, "smtp://127.0.0.1:%d", ntohs(address.sin_port)); /* bound, but nobody listens */
	static const char *const URLS[] = {"", "http://127.0.0.1/", "nonsense", NULL};
	for (int i = 0; i < 4; i++) {
		setting("STOA_MAIL_URL", URLS[i] ? URLS[i] : url);
		assert_int_equal(mail_send(ctx, &MAIL), ERR_UNAVAILABLE);
		ctx_reset(ctx);
	}
	close(fd);
}

/* TLS that the relay does not offer: required sends nothing, try sends in the clear. */
static void tls_as_asked(void **state)
{
	struct ctx *ctx = *state;
	setting("STOA_MAIL_STARTTLS", "required");
	setting("STOA_MAIL_USER", "stoa");
	setting("STOA_MAIL_PASSWORD", "secret");
	assert_int_equal(mail_send(ctx, &MAIL), ERR_UNAVAILABLE);
	assert_null(strstr(relay.commands, "AUTH"));
	assert_null(strstr(relay.commands, "MAIL"));
	ctx_reset(ctx);
	setting("STOA_MAIL_STARTTLS", "try");
	assert_int_equal(mail_send(ctx, &MAIL), OK);
	setting("STOA_MAIL_STARTTLS", "perhaps");
	assert_int_equal(mail_send(ctx, &MAIL), ERR_UNAVAILABLE);
}

/* --- composing --- */

static char *composed(struct ctx *ctx, const struct mail *mail, const char *from)
{
	struct buffer out = {0};
	enum err err = mail_compose(ctx, mail, from, &out);
	char *text = err == OK ? arena_strdup(&ctx->arena, out.data) : NULL;
	buffer_free(&out);
	return text;
}

static void subjects(void **state)
{
	static const struct { const char *subject, *line; } ROWS[] = {
		{"", "Subject: \r\n"},
		{"Plain words: 50% off", "Subject: Plain words: 50% off\r\n"},
		{"Gr\xc3\xbc\xc3\x9f" "e", "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"},
		{"=?UTF-8?Q?forged?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP2ZvcmdlZD89?=\r\n"},
		{"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
			"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", /* 48 bytes: cut after 11 characters */
			"Subject: =?UTF-8?B?8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIA=?=\r\n =?UTF-8?B?8J+YgA==?=\r\n"},
	};
	struct ctx *ctx = *state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct mail mail = MAIL;
		mail.subject = ROWS[i].subject;
		char *text = composed(ctx, &mail, "stoa@shop.example");
		assert_non_null(text);
		if (!strstr(text, ROWS[i].line))
			fail_msg("row %zu: %s", i, text);
	}
}

static void bodies(void **state)
{
	static const struct { const char *text, *encoded; } ROWS[] = {
		{"", ""}, {"a", "a\r\n"}, {"a\n\nb\n", "a\r\n\r\nb\r\n"}, {"a\r\nb", "a\r\nb\r\n"}, {"a\rb", "a=0Db\r\n"}, {"1=1", "1=3D1\r\n"},
		{"end \nt\t", "end=20\r\nt=09\r\n"}, {"in the\tmiddle", "in the\tmiddle\r\n"}, {"\xc3\xbc", "=C3=BC\r\n"}, {".\n..", ".\r\n..\r\n"},
		{"0123456789012345678901234567890123456789012345678901234567890123456789012345",
			"0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n"},
		{"01234567890123456789012345678901234567890123456789012345678901234567890123456",
			"012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n56\r\n"},
		{"01234567890123456789012345678901234567890123456789012345678901234567890123\xc3",
			"01234567890123456789012345678901234567890123456789012345678901234567890123=\r\n=C3\r\n"},
	};
	struct ctx *ctx = *state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct mail mail = MAIL;
		mail.text = ROWS[i].text;
		char *text = composed(ctx, &mail, "stoa@shop.example");
		assert_non_null(text);
		assert_string_equal(strstr(text, "\r\n\r\n") + 4, ROWS[i].encoded);
	}
}

static void senders(void **state)
{
	static const struct { const char *from, *line; } ROWS[] = {
		{"stoa@shop.example", "From: <stoa@shop.example>\r\n"},
		{"Stoa & Sons <s@x.example>", "From: \"Stoa & Sons\"\r\n <s@x.example>\r\n"},
		{"\"Quoted\" <s@x.example>", "From: \"Quoted\"\r\n <s@x.example>\r\n"},
		{"B\xc3\xbc" "cher <s@x.example>", "From: =?UTF-8?B?QsO8Y2hlcg==?=\r\n <s@x.example>\r\n"},
		{"<s@x.example>", "From: <s@x.example>\r\n"},
		{"A\r\nBcc: x@y <s@x.example>", NULL}, {"no address", NULL}, {"Name <s@x.example", NULL}, {"", NULL},
		{"Name <s@x.example> more", NULL}, {"Name <s x@x.example>", NULL},
	};
	struct ctx *ctx = *state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		char *text = composed(ctx, &MAIL, ROWS[i].from);
		if (!text != !ROWS[i].line || (text && !strstr(text, ROWS[i].line)))
			fail_msg("%s: %s", ROWS[i].from, text ? text : "refused");
	}
}

static void what_could_inject_is_refused(void **state)
{
	static const struct mail ROWS[] = {
		{.to = "a@b.example\r\nRCPT TO:<c@d.example>", .subject = "s", .text = "t", .id = "i"},
		{.to = "a b@c.example", .subject = "s", .text = "t", .id = "i"}, {.to = "a@b@c.example", .subject = "s", .text = "t", .id = "i"},
		{.to = "a@b.example,c@d.example", .subject = "s", .text = "t", .id = "i"}, {.to = "a", .subject = "s", .text = "t", .id = "i"},
		{.to = "@b.example", .subject = "s", .text = "t", .id = "i"}, {.to = "a@", .subject = "s", .text = "t", .id = "i"},
		{.to = "", .subject = "s", .text = "t", .id = "i"}, {.to = "<a@b.example>", .subject = "s", .text = "t", .id = "i"},
		{.to = "a@b.example", .subject = "s\r\nBcc: c@d.example", .text = "t", .id = "i"},
		{.to = "a@b.example", .subject = "s\n", .text = "t", .id = "i"}, {.to = "a@b.example", .subject = "s", .text = "t", .id = ""},
		{.to = "a@b.example", .subject = "s", .text = "t", .id = "i>\r\nBcc: c"}, {.to = "a@b.example", .subject = "s", .text = "t", .id = "a..b"},
	};
	struct ctx *ctx = *state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		if (mail_send(ctx, &ROWS[i]) != ERR_INVALID)
			fail_msg("row %zu was not refused", i);
		ctx_reset(ctx);
	}
	assert_string_equal(relay.commands, "");
}

static void dates(void **state)
{
	struct ctx *ctx = *state;
	clock_shift(INT64_C(1772326923000000) - clock_wall_us()); /* 2026-03-01 01:02:03 UTC */
	char *text = composed(ctx, &MAIL, "stoa@shop.example");
	clock_shift(0);
	assert_int_equal(strncmp(text, "Date: Sun, 01 Mar 2026 01:02:0", 30), 0);
	assert_non_null(strstr(text, " +0000\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mail_arrives, setup, teardown),
		cmocka_unit_test_setup_teardown(the_relay_says_no, setup, teardown),
		cmocka_unit_test_setup_teardown(the_relay_is_away, setup, teardown),
		cmocka_unit_test_setup_teardown(tls_as_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(subjects, setup, teardown),
		cmocka_unit_test_setup_teardown(bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(senders, setup, teardown),
		cmocka_unit_test_setup_teardown(what_could_inject_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(dates, setup, teardown),
	};
	setenv("STOA_CONFIG", "/dev/null", 1);
	conf_add(MAIL_CONF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
