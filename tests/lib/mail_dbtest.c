/* The outbox, the suppression list, words and digests, against a real database and a relay that says what it is told to. */
#include "database.h"
#include "relay.h"

#include "identity/identity.h"
#include "mail/outbox.h"
#include "text/json.h"
#include "web/web.h"
#include "who/secret.h"


static struct ctx ctx;
static struct pool *pool;

static const char *sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *sql(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *text = arena_vprintf(&ctx.arena, format, args);
	va_end(args);
	return arena_strdup(&ctx.arena, ask(&ctx, pool, text));
}

/* Runs what is due, and what waits for another attempt as if it were. */
static void jobs_run(void)
{
	struct ctx own;
	sql("update job set run_at = now() where state = 'waiting'");
	ctx_init(&own);
	if (worker_run(&own, &(struct worker_set){.kinds = MAIL_JOBS, .pool = pool, .threads = 1, .stop_fd = -1, .drain = true}) != OK)
		fail_msg("%s %s", own.fault.detail, own.fault.internal);
	ctx_free(&own);
}

#define ORG "0190a000-0000-7000-8000-000000000001"

static const struct mail_new NEW = {.org_id = ORG, .kind = "digest",
	.mail = {.to = "Ann@Customer.example", .subject = "Your day", .text = "a secret\n", .live = true}};

static const char *add(struct mail_new new)
{
	static char id[ID_TEXT];
	struct lease lease;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	if (mail_enqueue(&ctx, &lease, &new, id) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	lease_return(&lease);
	return id;
}

static const char *state_of(const char *id)
{
	return sql("select state || '|' || coalesce(reply, '') || '|' || (content is not null)::text from mail where id = '%s'", id);
}

static int begin(void **state)
{
	(void)state;
	ctx_reset(&ctx);
	sql("truncate job, mail, mail_suppression, mail_digest_entry");
	relay.taken = 0;
	*relay.commands = *relay.message = '\0';
	relay.to = relay.end = NULL;
	clock_shift(0);
	return 0;
}

static void sends_once(void **state)
{
	(void)state;
	const char *id = add(NEW);
	assert_string_equal(state_of(id), "queued||true");
	/* Sealed: neither row nor job tells. */
	assert_string_equal(sql("select count(*) from mail where position('secret'::bytea in content) > 0"), "0");
	assert_string_equal(sql("select count(*) from job where payload::text like '%%secret%%'"), "0");
	jobs_run();
	assert_int_equal(relay.taken, 1);
	assert_non_null(strstr(relay.message, "\r\n\r\na secret\r\n"));
	assert_non_null(strstr(relay.message, arena_printf(&ctx.arena, "Message-ID: <%s@shop.example>", id)));
	assert_string_equal(state_of(id), "sent|250 taken|false");
	/* A job that is run again finds it done. */
	sql("update job set state = 'waiting', attempt = 0 where kind = 'mail.send'");
	jobs_run();
	assert_int_equal(relay.taken, 1);
	assert_string_equal(sql("select count(*) from job where state = 'done'"), "1");
}

/* With its caller's transaction goes the mail. */
static void rolls_back(void **state)
{
	struct mail_new new = NEW;
	struct lease lease;
	char id[ID_TEXT];
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(mail_enqueue(&ctx, &lease, &new, id), OK);
	lease_return(&lease);
	assert_string_equal(sql("select (select count(*) from mail) + (select count(*) from job)"), "0");
	/* What could not be sent is refused at once. */
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	new.mail.subject = "a\nb";
	assert_int_equal(mail_enqueue(&ctx, &lease, &new, id), ERR_INVALID);
	lease_return(&lease);
}

static void tries_again(void **state)
{
	(void)state;
	const char *id = arena_strdup(&ctx.arena, add(NEW));
	relay.to = "451 4.7.1 later";
	jobs_run();
	assert_string_equal(state_of(id), "queued|451 4.7.1 later|true");
	assert_string_equal(sql("select count(*) from mail_suppression"), "0");
	relay.to = NULL;
	jobs_run();
	assert_string_equal(state_of(id), "sent|250 taken|false");
	assert_int_equal(relay.taken, 1);
	/* The last attempt fails: the content stays for a replay of the dead job. */
	id = arena_strdup(&ctx.arena, add(NEW));
	relay.to = "451 later";
	for (int i = 0; i < JOB_MAIL_SEND.retry.attempts; i++)
		jobs_run();
	assert_string_equal(state_of(id), "failed|451 later|true");
	assert_string_equal(sql("select state from job where unique_key = '%s'", id), "dead");
	relay.to = NULL;
	sql("update job set state = 'waiting', attempt = 0, finished_at = null where unique_key = '%s'", id);
	jobs_run();
	assert_string_equal(state_of(id), "sent|250 taken|false");
}

static void refused_for_good(void **state)
{
	static const struct { const char *to, *end; const char *state; bool listed; } ROWS[] = {
		{"550 5.1.1 no such user", NULL, "failed|550 5.1.1 no such user|false", true},
		{"550 5.7.1 relaying denied", NULL, "failed|550 5.7.1 relaying denied|false", false},
		{NULL, "554 spam", "failed|554 spam|false", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		begin(NULL);
		relay.to = ROWS[i].to;
		relay.end = ROWS[i].end;
		const char *id = add(NEW);
		jobs_run();
		assert_string_equal(state_of(id), ROWS[i].state);
		assert_string_equal(sql("select state || attempt from job"), "dead1");
		assert_string_equal(sql("select count(*) from mail_suppression where address = 'ann@customer.example' and org_id = '" MAIL_HOUSE
			"' and reason = 'bounce' and kind = '*'"), ROWS[i].listed ? "1" : "0");
	}
}

static void suppress(const char *org_id, const char *kind, const char *reason)
{
	struct lease lease;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(mail_suppress(&lease, org_id, "ann@CUSTOMER.example", kind, reason), OK);
	lease_return(&lease);
}

static void suppressed(void **state)
{
	static const struct { const char *org_id, *kind, *reason; bool transactional, stopped; } ROWS[] = {
		{ORG, "digest", "unsubscribe", false, true}, {ORG, "digest", "unsubscribe", true, false}, {ORG, "news", "unsubscribe", false, false},
		{"0190a000-0000-7000-8000-000000000002", "digest", "unsubscribe", false, false}, {MAIL_HOUSE, "digest", "unsubscribe", false, true},
		{MAIL_HOUSE, "*", "bounce", true, true}, {MAIL_HOUSE, "*", "complaint", true, true}, {ORG, "*", "manual", true, true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct mail_new new = NEW;
		begin(NULL);
		suppress(ROWS[i].org_id, ROWS[i].kind, ROWS[i].reason);
		new.transactional = ROWS[i].transactional;
		const char *id = add(new);
		jobs_run();
		if (relay.taken == ROWS[i].stopped)
			fail_msg("row %zu: %d mails", i, relay.taken);
		assert_string_equal(state_of(id), ROWS[i].stopped ? arena_printf(&ctx.arena, "suppressed|%s|false", ROWS[i].reason) : "sent|250 taken|false");
	}
	/* A bounce is believed for a time, and does not take the place of what a person said. */
	begin(NULL);
	suppress(MAIL_HOUSE, "*", "bounce");
	sql("update mail_suppression set created_at = now() - interval '91 days'");
	add(NEW);
	jobs_run();
	assert_int_equal(relay.taken, 1);
	suppress(MAIL_HOUSE, "*", "complaint");
	suppress(MAIL_HOUSE, "*", "bounce");
	assert_string_equal(sql("select reason from mail_suppression"), "complaint");
}

static void test_mode(void **state)
{
	struct mail_new new = NEW;
	(void)state;
	new.mail.live = false;
	const char *id = add(new);
	jobs_run();
	assert_string_equal(state_of(id), "not-sent|not sent: test mode|false");
	assert_string_equal(relay.commands, "");
}

/* --- words --- */

static struct json_object *words_view(void)
{
	struct json_object *view = NULL;
	static const char TEXT[] = "{\"link\":\"https://stoa.example/?a=1&b=2\",\"url\":\"https://stoa.example\",\"organisation\":\"<b>Zoë & \\\"Co\\\"</b>\","
		"\"name\":\"O'Neil <i>\",\"count\":3,\"more\":1,\"entries\":[{\"title\":\"<T1>\",\"body\":\"\",\"url\":\"\"},"
		"{\"title\":\"T2\",\"body\":\"&B2\",\"url\":\"https://stoa.example/2\"}]}";
	assert_int_equal(json_read(&ctx, TEXT, strlen(TEXT), JSON_DEPTH, &view), OK);
	return view;
}

static void words_in_every_language(void **state)
{
	static const char *const NAMES[] = {"password-forgotten", "password-invited", "digest"}, *const LANGUAGES[] = {"en", "de", "fr", "es"};
	struct mail seen[4];
	(void)state;
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 4; j++) {
			struct mail mail = {0};
			if (mail_render(&ctx, &(struct mail_words){.name = NAMES[i], .language = LANGUAGES[j], .unsubscribe = "https://stoa.example/u?x=1&y=2",
				.view = words_view()}, &mail) != OK)
				fail_msg("%s.%s: %s", NAMES[i], LANGUAGES[j], ctx.fault.internal);
			seen[j] = mail;
			assert_true(strlen(mail.subject) > 5 && strlen(mail.text) > 60 && !strchr(mail.subject, '\n'));
			assert_non_null(strstr(mail.html, arena_printf(&ctx.arena, "<html lang=\"%s\">", LANGUAGES[j])));
			/* The text as it is, the HTML escaped. */
			assert_non_null(strstr(mail.text, "https://stoa.example/u?x=1&y=2"));
			assert_non_null(strstr(mail.html, "href=\"https://stoa.example/u?x=1&amp;y=2\""));
			assert_null(strstr(mail.text, "&amp;"));
			assert_null(strstr(mail.subject, "&lt;"));
			for (int k = 0; k < 3; k++)
				assert_null(strstr(mail.html, ((const char *[]){"<b>Zo", "<i>", "<T1>"})[k]));
			if (i == 0)
				assert_non_null(strstr(mail.text, "\nhttps://stoa.example/?a=1&b=2\n"));
			else
				assert_true(strstr(mail.text, "<b>Zoë & \"Co\"</b>") && strstr(mail.html, "&lt;b&gt;Zoë"));
			for (int k = 0; k < j; k++)
				assert_string_not_equal(seen[k].text, mail.text);
		}
		struct mail mail = {0};
		assert_int_equal(mail_render(&ctx, &(struct mail_words){.name = NAMES[i], .language = "tlh", .view = words_view()}, &mail), OK);
		assert_string_equal(mail.subject, seen[0].subject);
		assert_null(mail.unsubscribe);
		assert_null(strstr(mail.html, "/u?x"));
	}
}

/* --- digests --- */

/* A member of ORG. Answers the account's id. */
static const char *member(const char *zone, const char *language)
{
	static char id[ID_TEXT];
	id_new(id);
	sql("insert into organisation (org_id, name) values ('" ORG "', 'Pier & Sons') on conflict do nothing");
	sql("insert into account (id, email, name, password_hash, time_zone, language) values ('%s', '%s@example.com', 'Ann', 'x', '%s', '%s')",
		id, id, zone, language);
	sql("insert into membership (org_id, account_id, role) values ('" ORG "', '%s', 'owner')", id);
	return id;
}

static void clock_at(const char *time)
{
	int64_t us = strtoll(sql("select (extract(epoch from timestamptz '%s') * 1000000)::bigint", time), NULL, 10);
	clock_shift(0);
	clock_shift(us - clock_wall_us());
}

static enum err entry_add(const char *account_id, const char *title, bool live)
{
	struct lease lease;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	enum err err = mail_digest_add(&lease, &(struct mail_digest){.org_id = ORG, .account_id = account_id, .live = live, .title = title,
		.url = "https://stoa.example/x"});
	lease_return(&lease);
	return err;
}

/* Worked out by hand: when the digest of an entry is due. Summer time begins in Berlin on 29 March and ends on 25 October 2026, in New
 * York on 8 March; Lord Howe moves its clock by half an hour on 4 October; Apia had no 30 December 2011. */
static void due_at_eight(void **state)
{
	static const struct { const char *zone, *added, *early, *due; } ROWS[] = {
		{"UTC", "2026-03-01 07:00:00+00", "2026-03-01 07:59:58+00", "2026-03-01 08:00:00+00"},
		{"UTC", "2026-03-01 08:00:00+00", "2026-03-02 07:59:58+00", "2026-03-02 08:00:00+00"},
		{"Europe/Berlin", "2026-03-28 12:00:00+00", "2026-03-29 05:59:58+00", "2026-03-29 06:00:00+00"},
		{"Europe/Berlin", "2026-03-28 06:30:00+00", "2026-03-28 06:59:58+00", "2026-03-28 07:00:00+00"},
		{"Europe/Berlin", "2026-10-24 12:00:00+00", "2026-10-25 06:59:58+00", "2026-10-25 07:00:00+00"},
		{"America/New_York", "2026-03-07 20:00:00+00", "2026-03-08 11:59:58+00", "2026-03-08 12:00:00+00"},
		{"Asia/Kolkata", "2026-06-01 03:00:00+00", "2026-06-02 02:29:58+00", "2026-06-02 02:30:00+00"},
		{"Australia/Lord_Howe", "2026-10-03 00:00:00+00", "2026-10-03 20:59:58+00", "2026-10-03 21:00:00+00"},
		{"Pacific/Apia", "2011-12-29 20:00:00+00", "2011-12-30 17:59:58+00", "2011-12-30 18:00:00+00"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		begin(NULL);
		const char *id = member(ROWS[i].zone, "en");
		clock_at(ROWS[i].added);
		assert_int_equal(entry_add(id, "One", true), OK);
		clock_at(ROWS[i].early);
		assert_int_equal(mail_sweep(&ctx, pool), OK);
		if (strcmp(sql("select count(*) from job"), "0") != 0)
			fail_msg("row %zu is early", i);
		clock_at(ROWS[i].due);
		assert_int_equal(mail_sweep(&ctx, pool), OK);
		assert_int_equal(mail_sweep(&ctx, pool), OK);
		if (strcmp(sql("select count(*) from job"), "1") != 0)
			fail_msg("row %zu is not due", i);
	}
}

static void digest_of_a_day(void **state)
{
	(void)state;
	const char *id = member("Europe/Berlin", "de");
	clock_at("2026-06-01 12:00:00+00");
	for (int i = 0; i < 102; i++)
		assert_int_equal(entry_add(id, arena_printf(&ctx.arena, "Nummer %d", i), true), OK);
	assert_int_equal(entry_add(id, "nur ein Versuch", false), OK);
	clock_at("2026-06-02 06:00:00+00");
	assert_int_equal(mail_sweep(&ctx, pool), OK);
	clock_shift(0);
	jobs_run();
	jobs_run();
	assert_int_equal(relay.taken, 1);
	assert_non_null(strstr(relay.message, "Subject: 102 Neuigkeiten bei Pier & Sons\r\n"));
	assert_non_null(strstr(relay.message, "* Nummer 0\r\n"));
	assert_non_null(strstr(relay.message, "* Nummer 99\r\n"));
	assert_null(strstr(relay.message, "Nummer 100"));
	assert_non_null(strstr(relay.message, "* und 2 weitere"));
	assert_null(strstr(relay.message, "Versuch"));
	assert_non_null(strstr(relay.message, "\r\nList-Unsubscribe: <https://stoa.example/unsubscribe?token="));
	assert_string_equal(sql("select string_agg(state, ' ' order by state) from mail"), "not-sent sent");
	assert_string_equal(sql("select count(*) from mail_digest_entry"), "0");
	/* Nothing new, nothing sent. */
	assert_int_equal(mail_sweep(&ctx, pool), OK);
	jobs_run();
	assert_int_equal(relay.taken, 1);
}

static void entries_are_checked(void **state)
{
	struct lease lease;
	(void)state;
	const char *id = member("UTC", "en");
	assert_int_equal(entry_add(ORG, "Nobody", true), ERR_NOT_FOUND);
	ctx_reset(&ctx);
	assert_int_equal(entry_add(id, "", true), ERR_INVALID);
	ctx_reset(&ctx);
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(mail_digest_add(&lease, &(struct mail_digest){.org_id = ORG, .account_id = id, .title = "x", .url = "javascript:alert(1)"}),
		ERR_INVALID);
	static const char *const ZONES[] = {"Nowhere/Land", "EST5EDT,M3.2.0,M11.1.0", "", "../etc", "UTC+3"};
	for (size_t i = 0; i < sizeof ZONES / sizeof *ZONES; i++)
		assert_int_not_equal(pg_run_text(&lease, "update account set time_zone = $1", 1, PARAMS(ZONES[i]), NULL), OK);
	assert_int_not_equal(pg_run_text(&lease, "update account set language = 'xx'", 0, NULL, NULL), OK);
	lease_return(&lease);
}

static void old_rows_go(void **state)
{
	(void)state;
	sql("insert into mail (org_id, id, kind, transactional, live, address, state, finished_at) select '" ORG "', gen_random_uuid(), 'x', false, "
		"true, 'a@b.example', 'sent', now() - d * interval '1 day' from generate_series(29, 31) d");
	add(NEW);
	assert_int_equal(mail_sweep(&ctx, pool), OK);
	assert_string_equal(sql("select count(*) from mail"), "2");
}

/* --- unsubscribing --- */

static void tokens(void **state)
{
	struct mail_unsubscribe from = {.org_id = ORG, .kind = "digest", .address = "ann@customer.example"}, read;
	(void)state;
	char *token = arena_strdup(&ctx.arena, mail_unsubscribe_make(&ctx, &from));
	assert_int_equal(mail_unsubscribe_read(&ctx, token, &read), OK);
	assert_string_equal(read.org_id, ORG);
	assert_string_equal(read.kind, "digest");
	assert_string_equal(read.address, "ann@customer.example");
	for (size_t i = 0; i < strlen(token); i++) {
		char was = token[i];
		token[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(mail_unsubscribe_read(&ctx, token, &read), ERR_GONE);
		token[i] = was;
	}
	token[strlen(token) - 1] = '\0';
	assert_int_equal(mail_unsubscribe_read(&ctx, token, &read), ERR_GONE);
	assert_int_equal(mail_unsubscribe_read(&ctx, "", &read), ERR_GONE);
	setting("STOA_WEB_PUBLIC_URL", "");
	assert_null(mail_unsubscribe_link(&ctx, ORG, "digest", "a@b.example"));
	setting("STOA_WEB_PUBLIC_URL", "https://stoa.example/");
}

static int open_all(void **state)
{
	char message[256], path[4096];
	(void)state;
	serve_conf();
	snprintf(path, sizeof path, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", path, 1);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example/", 1);
	setenv("STOA_MAIL_STARTTLS", "no", 1);
	setenv("STOA_MAIL_FROM", "Stoa <stoa@shop.example>", 1);
	setting("STOA_MAIL_URL", relay_open());
	if (!secret_open(message))
		fail_msg("%s", message);
	ctx_init(&ctx);
	pool = pool_open(4);
	schema_make(&ctx, pool);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	relay_close();
	ctx_free(&ctx);
	pool_close(pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sends_once, begin),
		cmocka_unit_test_setup(rolls_back, begin),
		cmocka_unit_test_setup(tries_again, begin),
		cmocka_unit_test_setup(refused_for_good, begin),
		cmocka_unit_test_setup(suppressed, begin),
		cmocka_unit_test_setup(test_mode, begin),
		cmocka_unit_test_setup(words_in_every_language, begin),
		cmocka_unit_test_setup(due_at_eight, begin),
		cmocka_unit_test_setup(digest_of_a_day, begin),
		cmocka_unit_test_setup(entries_are_checked, begin),
		cmocka_unit_test_setup(old_rows_go, begin),
		cmocka_unit_test_setup(tokens, begin),
	};
	return cmocka_run_group_tests(tests, open_all, close_all);
}
