/* Mail: what is composed, and what a loopback relay receives, refuses or never answers. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "mail/mail.h"
#include "tests/lib/relay.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

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
	const char *url = relay_open();
	ctx_init(ctx);
	if (!url)
		return -1;
	setting("STOA_MAIL_URL", url);
	setting("STOA_MAIL_STARTTLS", "no");
	setting("STOA_MAIL_FROM", "Stoa <stoa@shop.example>");
	setting("STOA_MAIL_USER", "");
	setting("STOA_MAIL_PASSWORD", "");
	setting("STOA_MAIL_TIMEOUT", "60s");
	*state = ctx;
	return 0;
}

static int teardown(void **state)
{
	relay_close();
	ctx_free(*state);
	free(*state);
	return 0;
}

static const struct mail MAIL = {.to = "ann@customer.example", .subject = "Your plan", .text = "Hello Ann\n.dot\nBye\n",
	.id = "0192-abc", .live = true};

static void a_mail_arrives(void **state)
{
	struct ctx *ctx = *state;
	clock_shift(0);
	setting("STOA_MAIL_USER", "stoa");
	setting("STOA_MAIL_PASSWORD", "secret");
	assert_int_equal(mail_send(ctx, &MAIL, NULL), OK);
	assert_true(relay.complete);
	assert_non_null(strstr(relay.commands, "AUTH PLAIN\r\nAHN0b2EAc2VjcmV0\r\n"));
	assert_non_null(strstr(relay.commands, "MAIL FROM:<stoa@shop.example>"));
	assert_non_null(strstr(relay.commands, "RCPT TO:<ann@customer.example>"));
	assert_non_null(strstr(relay.message, "From: \"Stoa\" <stoa@shop.example>\r\n"));
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
		enum err err = mail_send(ctx, &MAIL, NULL);
		if (err != ROWS[i].err || !strstr(ctx->fault.detail, ROWS[i].code))
			fail_msg("%s: %s, %s", ROWS[i].says, error_name(err), ctx->fault.detail);
		assert_false(relay.complete);
		*place = NULL;
		ctx_reset(ctx);
	}
	relay.hangs_up = true;
	assert_int_equal(mail_send(ctx, &MAIL, NULL), ERR_UPSTREAM);
}

static void the_relay_is_away(void **state)
{
	struct ctx *ctx = *state;
	char url[60];
	relay.stalls = true;
	setting("STOA_MAIL_TIMEOUT", "30ms");
	assert_int_equal(mail_send(ctx, &MAIL, NULL), ERR_TIMEOUT);
	ctx_reset(ctx);
	setting("STOA_MAIL_TIMEOUT", "60s");
	ctx->deadline_us = clock_mono_us() + 30000;
	assert_int_equal(mail_send(ctx, &MAIL, NULL), ERR_TIMEOUT);
	ctx_reset(ctx);
	ctx->deadline_us = clock_mono_us() - 1;
	assert_int_equal(mail_send(ctx, &MAIL, NULL), ERR_TIMEOUT);
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
		assert_int_equal(mail_send(ctx, &MAIL, NULL), ERR_UNAVAILABLE);
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
	assert_int_equal(mail_send(ctx, &MAIL, NULL), ERR_UNAVAILABLE);
	assert_null(strstr(relay.commands, "AUTH"));
	assert_null(strstr(relay.commands, "MAIL"));
	ctx_reset(ctx);
	setting("STOA_MAIL_STARTTLS", "try");
	assert_int_equal(mail_send(ctx, &MAIL, NULL), OK);
	setting("STOA_MAIL_STARTTLS", "perhaps");
	assert_int_equal(mail_send(ctx, &MAIL, NULL), ERR_UNAVAILABLE);
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
		{"Forty words that are plain may be folded at a space, so that nothing needs decoding",
			"Subject: Forty words that are plain may be folded at a space, so that nothing\r\n needs decoding\r\n"},
		{"two  spaces", "Subject: =?UTF-8?B?dHdvICBzcGFjZXM=?=\r\n"}, {"end ", "Subject: =?UTF-8?B?ZW5kIA==?=\r\n"},
		{"Gr\xc3\xbc\xc3\x9f" "e", "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"},
		{"=?UTF-8?Q?forged?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP2ZvcmdlZD89?=\r\n"},
		{"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
			"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", /* 48 bytes: cut after 9 characters, the first line being shorter by the name */
			"Subject: =?UTF-8?B?8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA8J+YgPCfmIDwn5iA?=\r\n =?UTF-8?B?8J+YgPCfmIDwn5iA?=\r\n"},
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
		{"Stoa & Sons <s@x.example>", "From: \"Stoa & Sons\" <s@x.example>\r\n"},
		{"\"Quoted\" <s@x.example>", "From: \"Quoted\" <s@x.example>\r\n"},
		{"B\xc3\xbc" "cher <s@x.example>", "From: =?UTF-8?B?QsO8Y2hlcg==?= <s@x.example>\r\n"},
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
		{.to = "a@b.example\r\nRCPT TO:<c@d.example>", .subject = "s", .text = "t", .id = "i", .live = true},
		{.to = "a b@c.example", .subject = "s", .text = "t", .id = "i", .live = true}, {.to = "a@b@c.example", .subject = "s", .text = "t", .id = "i", .live = true},
		{.to = "a@b.example,c@d.example", .subject = "s", .text = "t", .id = "i", .live = true}, {.to = "a", .subject = "s", .text = "t", .id = "i", .live = true},
		{.to = "@b.example", .subject = "s", .text = "t", .id = "i", .live = true}, {.to = "a@", .subject = "s", .text = "t", .id = "i", .live = true},
		{.to = "", .subject = "s", .text = "t", .id = "i", .live = true}, {.to = "<a@b.example>", .subject = "s", .text = "t", .id = "i", .live = true},
		{.to = "a@b.example", .subject = "s\r\nBcc: c@d.example", .text = "t", .id = "i", .live = true},
		{.to = "a@b.example", .subject = "s\n", .text = "t", .id = "i", .live = true}, {.to = "a@b.example", .subject = "s", .text = "t", .id = "", .live = true},
		{.to = "a@b.example", .subject = "s", .text = "t", .id = "i>\r\nBcc: c", .live = true}, {.to = "a@b.example", .subject = "s", .text = "t", .id = "a..b", .live = true},
	};
	struct ctx *ctx = *state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		if (mail_send(ctx, &ROWS[i], NULL) != ERR_INVALID)
			fail_msg("row %zu was not refused", i);
		ctx_reset(ctx);
	}
	assert_string_equal(relay.commands, "");
}

/* Which mails are refused for good, and which of those tell that the address is bad. */
static void replies(void **state)
{
	static const struct { const char *verb, *line; int code; bool refused, bad_address; const char *text; } ROWS[] = {
		{"RCPT", "550 5.1.1 no such user\r\n", 550, true, true, "550 5.1.1 no such user"},
		{"RCPT", "550 no such user\r\n", 550, true, true, "550 no such user"},
		{"RCPT", "553-bad name\r\n", 553, true, true, "553-bad name"},
		{"RCPT", "550 5.2.1 mailbox disabled", 550, true, true, "550 5.2.1 mailbox disabled"},
		{"RCPT", "550 5.7.1 relaying denied\r\n", 550, true, false, "550 5.7.1 relaying denied"},
		{"RCPT", "554 5.1.2 bad domain\r\n", 554, true, true, "554 5.1.2 bad domain"},
		{"RCPT", "554 no\r\n", 554, true, false, "554 no"}, {"RCPT", "552 full\r\n", 552, true, false, "552 full"},
		{"RCPT", "450 4.1.1 later\r\n", 450, false, false, "450 4.1.1 later"},
		{"DATA", "554 5.1.1 no\r\n", 554, true, false, "554 5.1.1 no"}, {"message", "552 too much\r\n", 552, true, false, "552 too much"},
		{"MAIL", "550 not you\r\n", 550, false, false, "550 not you"}, {"AUTH", "535 wrong\r\n", 535, false, false, "535 wrong"},
		{"", "554 no service\r\n", 554, false, false, "554 no service"}, {"RCPT", "", 0, false, false, ""},
		{"RCPT", "nonsense", 0, false, false, "nonsense"}, {"RCPT", "999 x", 0, false, false, "999 x"},
		{"RCPT", "550 \x1b[2J\xc3\xbc", 550, true, true, "550 ?[2J??"}, {"RCPT", "55", 0, false, false, "55"},
	};
	struct mail_reply reply;
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		mail_reply_read(ROWS[i].verb, ROWS[i].line, strlen(ROWS[i].line), &reply);
		if (reply.code != ROWS[i].code || reply.refused != ROWS[i].refused || reply.bad_address != ROWS[i].bad_address)
			fail_msg("%s: %d, %d, %d", ROWS[i].line, reply.code, reply.refused, reply.bad_address);
		assert_string_equal(reply.text, ROWS[i].text);
	}
	char longest[1000];
	memset(longest, '5', sizeof longest);
	mail_reply_read("RCPT", longest, sizeof longest, &reply);
	assert_int_equal(strlen(reply.text), sizeof reply.text - 1);
}

/* What the relay said to what, over the wire. */
static void replies_are_heard(void **state)
{
	struct ctx *ctx = *state;
	struct mail_reply reply;
	setting("STOA_MAIL_USER", "stoa");
	setting("STOA_MAIL_PASSWORD", "secret");
	assert_int_equal(mail_send(ctx, &MAIL, &reply), OK);
	assert_string_equal(reply.text, "250 taken");
	relay.to = "550 5.1.1 no such user";
	assert_int_equal(mail_send(ctx, &MAIL, &reply), ERR_UPSTREAM);
	assert_string_equal(reply.verb, "RCPT");
	assert_string_equal(reply.text, "550 5.1.1 no such user");
	assert_true(reply.bad_address);
	ctx_reset(ctx);
	relay.to = NULL;
	relay.end = "552 too much";
	assert_int_equal(mail_send(ctx, &MAIL, &reply), ERR_UPSTREAM);
	assert_string_equal(reply.verb, "message");
	assert_true(reply.refused && !reply.bad_address);
	ctx_reset(ctx);
	relay.end = NULL;
	relay.auth = "535 wrong password";
	assert_int_equal(mail_send(ctx, &MAIL, &reply), ERR_UPSTREAM);
	assert_string_equal(reply.verb, "AUTH");
	assert_false(reply.refused);
}

static void test_mode_sends_nothing(void **state)
{
	struct ctx *ctx = *state;
	struct mail mail = MAIL;
	mail.live = false;
	assert_int_equal(mail_send(ctx, &mail, NULL), ERR_INVALID);
	assert_string_equal(relay.commands, "");
}

#define LONG_NAME "a very long name of a file that somebody has chosen, with spaces and all the rest.pdf"

static void parts(void **state)
{
	static const struct { const char *name, *line; } NAMES[] = {
		{"plan.pdf", "Content-Disposition: attachment;\r\n filename=\"plan.pdf\"\r\n"},
		{"a b.pdf", ";\r\n filename=\"a b.pdf\"\r\n"},
		{"\xc3\xbc.pdf", ";\r\n filename*0*=UTF-8''%C3%BC.pdf\r\n"},
		{"q\"q.pdf", ";\r\n filename*0*=UTF-8''q%22q.pdf\r\n"},
		{LONG_NAME, "filename*0*=UTF-8''a%20very%20long%20name%20of%20a%20file%20that%20s;\r\n filename*1*=omebody"},
		{"a/b", NULL}, {"a\\b", NULL}, {"", NULL}, {"a\nb", NULL}, {"\xff", NULL},
	};
	static const struct { const char *type; bool good; } TYPES[] = {{"text/csv", true}, {"text/csv; charset=utf-8", true},
		{"application/vnd.oasis.opendocument.text", true}, {"text", false}, {"text/", false}, {"/csv", false}, {"text/csv; x=y", false},
		{"multipart/mixed", false}, {"message/rfc822", false}, {"text/csv\r\nBcc: x", false}, {"", false}};
	struct ctx *ctx = *state;
	struct mail_attachment part = {.type = "application/pdf", .data = "%PDF", .bytes = 4};
	struct mail mail = MAIL;
	mail.attachments = &part;
	mail.attachment_count = 1;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++, ctx_reset(ctx)) {
		part.name = NAMES[i].name;
		char *text = composed(ctx, &mail, "stoa@shop.example");
		if (!text != !NAMES[i].line || (text && (!strstr(text, NAMES[i].line) || !strstr(text, "\r\n\r\nJVBERg==\r\n"))))
			fail_msg("%s: %s", part.name, text ? text : "refused");
	}
	part.name = "x";
	for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++, ctx_reset(ctx)) {
		part.type = TYPES[i].type;
		if (!composed(ctx, &mail, "stoa@shop.example") != !TYPES[i].good)
			fail_msg("%s", part.type);
	}
	part.type = "text/plain";
	part.bytes = MAIL_ATTACHED_MOST + 1;
	assert_null(composed(ctx, &mail, "stoa@shop.example"));
	ctx_reset(ctx);
	mail.attachment_count = MAIL_ATTACHMENTS + 1;
	assert_null(composed(ctx, &mail, "stoa@shop.example"));
}

static void links(void **state)
{
	static const struct { const char *link; bool good, one_click; } ROWS[] = {{"https://stoa.example/u?t=x", true, true},
		{"http://stoa.example/u", true, false}, {"mailto:a@b.example", false, false}, {"https://a.example/>\r\nBcc: x", false, false},
		{"https://a.example/ b", false, false}, {"https://a.example/\xc3\xbc", false, false}, {"", false, false}};
	struct ctx *ctx = *state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++, ctx_reset(ctx)) {
		struct mail mail = MAIL;
		mail.unsubscribe = ROWS[i].link;
		char *text = composed(ctx, &mail, "stoa@shop.example");
		if (!text != !ROWS[i].good || (text && !strstr(text, "List-Unsubscribe: <")) ||
			(text && !strstr(text, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n") != !ROWS[i].one_click))
			fail_msg("%s: %s", ROWS[i].link, text ? text : "refused");
	}
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
		cmocka_unit_test_setup_teardown(replies, setup, teardown),
		cmocka_unit_test_setup_teardown(replies_are_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mode_sends_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(parts, setup, teardown),
		cmocka_unit_test_setup_teardown(links, setup, teardown),
		cmocka_unit_test_setup_teardown(dates, setup, teardown),
	};
	setenv("STOA_CONFIG", "/dev/null", 1);
	conf_add(MAIL_CONF);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
