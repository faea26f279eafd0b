/* Offers and mails to customers who leave or have left, their words, and the settings. */
#include "tests/outreach/reach.h"

/* --- offers and reactivation --- */

static void leaving(const char *name, int value)
{
	customer(name, "GB");
	subscription(name, "active", "2027-03-01 12:00", "2027-04-01 12:00");
	sql("update subscription set cancel_at_period_end = true, canceled_at = '2027-03-10Z', month_minor = %d where ref = 'sub_%s'", value, name);
}

static void an_offer_by_value(void **state)
{
	static const struct { int value; const char *percent; } ROWS[] = {{99, ""}, {100, "20"}, {1999, "20"}, {2000, "30"}, {9999, "30"}, {10000, "40"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		begin(NULL);
		program("retention", NULL);
		leaving("a", ROWS[i].value);
		sweep("2027-03-25 11:59");
		assert_string_equal(mails(), "");
		sweep("2027-03-25 12:00");
		assert_string_equal(sql("select percent from outreach_offer"), ROWS[i].percent);
		/* Once in 5 days, and no more than twice in 7. */
		sweep("2027-03-30 11:59");
		assert_string_equal(sql("select count(*) from outreach_offer"), *ROWS[i].percent ? "1" : "0");
		sweep("2027-03-30 12:00");
		sweep("2027-03-31 12:00");
		assert_string_equal(sql("select count(*) from outreach_offer"), *ROWS[i].percent ? "2" : "0");
	}
}

static void no_offer_to_these(void **state)
{
	static const char *const CHANGES[] = {
		"update subscription set cancel_at_period_end = false", "update subscription set schedule_ref = 'sub_sched_1'",
		"update subscription set discounts = '[{\"coupon\": \"X\"}]'", "update subscription set pause_behavior = 'void'",
		"update subscription set status = 'past_due'", "update customer set outreach_paused_at = now()", "update customer set erased_at = now()",
		"update customer set email = null",
		"insert into offer_rule (org_id, offer_type, enabled, accepted_most, period_days, cooldown_days, discounted) values ('" ORG "', 'discount', false, "
			"null, 365, 0, true)",
		/* accepted another offer 89 days ago */
		"insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, started_at) "
			"values ('" ORG "', true, '" OTHER "', gen_random_uuid(), 'a', 'en', 'low', false, gen_random_uuid(), 1, '', '2026-12-27 12:00Z'); "
			"insert into decision (org_id, live, session_id, outcome, offer_type, request_hash, status, decided_at) values ('" ORG "', true, '" OTHER "', "
			"'accepted', 'pause', '\\x00', 'applied', '2026-12-27 12:00Z')",
	};
	(void)state;

	for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
		begin(NULL);
		program("retention", NULL);
		leaving("a", 4900);
		sql("%s", CHANGES[i]);
		sweep("2027-03-26 12:00");
		if (*mails())
			fail_msg("row %zu: %s", i, mails());
	}
}

static const char *token_of(const char *link)
{
	const char *token = strstr(link, "token=");

	assert_non_null(token);
	return token + 6;
}

#define SUB_A "/v1/subscriptions/sub_a"
#define SHOWN(cancelling, discounts) {"GET " SUB_A, 200, "{\"id\":\"sub_a\",\"object\":\"subscription\",\"status\":\"active\",\"livemode\":true," \
	"\"cancel_at_period_end\":" cancelling ",\"discounts\":[" discounts "],\"items\":{\"data\":[{\"id\":\"si_a\"}]}}"}

static void an_offer_is_taken(void **state)
{
	static const struct fake_answer BEFORE[] = {SHOWN("true", ""),
		{"GET /v1/coupons/stoa-30-repeating-3", 200, "{\"id\":\"stoa-30-repeating-3\",\"valid\":true,\"percent_off\":30,\"duration\":\"repeating\","
			"\"duration_in_months\":3}"},
		{"POST " SUB_A, 0, NULL}, {0}};
	static const struct fake_answer AFTER[] = {SHOWN("false", "{\"id\":\"di_1\",\"source\":{\"coupon\":\"stoa-30-repeating-3\"}}"), {0}};
	struct outreach_token token = {.live = true};
	struct lease lease;
	(void)state;
	connect_stripe();
	program("retention", NULL);
	leaving("a", 4900);
	sweep("2027-03-26 12:00");
	assert_string_equal(sql("select string_agg(kind || ' ' || priority, ', ') from alert where kind = 'auto_retention_triggered'"), "auto_retention_triggered medium");
	assert_non_null(strstr(relay.message, "https://stoa.example/offer?token="));
	snprintf(token.org_id, ID_TEXT, "%s", ORG);
	snprintf(token.id, ID_TEXT, "%s", sql("select id from outreach_offer"));
	const char *link = outreach_offer_link(&ctx, &token);
	struct outreach_token read;
	assert_int_equal(outreach_token_read(&ctx, token_of(link), &read), OK);
	assert_string_equal(read.id, token.id);
	assert_string_equal(read.org_id, ORG);
	assert_true(read.live);
	char *forged = arena_strdup(&ctx.arena, token_of(link));
	forged[20] = forged[20] == 'A' ? 'B' : 'A';
	assert_int_equal(outreach_token_read(&ctx, forged, &read), ERR_GONE);
	ctx_forgive(&ctx);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lease_take(&ctx, pool, &lease), OK);
		assert_int_equal(outreach_offer_accept(&ctx, &lease, &token), OK);
		lease_return(&lease);
	}
	assert_string_equal(sql("select count(*) from event where type = 'offer.accepted'"), "1");
	fake.answers = BEFORE;
	jobs_run();
	assert_string_equal(sql("select state || ' ' || form from outreach_offer"),
		"pending discounts%5B0%5D%5Bcoupon%5D=stoa-30-repeating-3&cancel_at_period_end=false");
	/* The answer was lost, but not the change. */
	fake.answers = AFTER;
	sweep("2027-03-26 12:05");
	assert_string_equal(sql("select state from outreach_offer"), "applied");
	assert_string_equal(sql("select count(*) from event where type = 'customer.saved'"), "1");
}

/* The mirror may be behind: a second discount is for a person to decide. */
static void an_offer_beside_a_discount(void **state)
{
	static const struct fake_answer ANSWERS[] = {SHOWN("true", "{\"id\":\"di_1\",\"source\":{\"coupon\":\"WELCOME\"}}"), {0}};
	struct outreach_token token = {.live = true};
	struct lease lease;
	(void)state;
	connect_stripe();
	program("retention", NULL);
	leaving("a", 4900);
	sweep("2027-03-26 12:00");
	snprintf(token.org_id, ID_TEXT, "%s", ORG);
	snprintf(token.id, ID_TEXT, "%s", sql("select id from outreach_offer"));
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(outreach_offer_accept(&ctx, &lease, &token), OK);
	lease_return(&lease);
	fake.answers = ANSWERS;
	jobs_run();
	assert_string_equal(sql("select state || ' ' || reason || ' ' || (form is null) from outreach_offer"),
		"manual the subscription has a discount already true");
}

static void an_offer_that_is_over(void **state)
{
	struct outreach_token token = {.live = true};
	struct lease lease;
	(void)state;
	program("retention", NULL);
	leaving("a", 4900);
	sweep("2027-03-26 12:00");
	snprintf(token.org_id, ID_TEXT, "%s", ORG);
	snprintf(token.id, ID_TEXT, "%s", sql("select id from outreach_offer"));
	at("2027-04-01 12:01");
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(outreach_offer_accept(&ctx, &lease, &token), ERR_GONE);
	ctx_forgive(&ctx);
	lease_return(&lease);
	/* Taken without a connection to Stripe, it waits for a person. */
	at("2027-03-26 13:00");
	sql("delete from stripe_connection");
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	assert_int_equal(outreach_offer_accept(&ctx, &lease, &token), OK);
	lease_return(&lease);
	sweep("2027-03-26 13:00");
	assert_string_equal(sql("select state || ' ' || reason from outreach_offer"), "manual no Stripe connection");
	assert_string_equal(sql("select count(*) from event where type = 'decision.manual'"), "1");
}

static void at_most_two_mails_after_the_end(void **state)
{
	(void)state;
	program("reactivation", NULL);
	sql("insert into outreach_setting (org_id, return_url) values ('" ORG "', 'https://harbour.example/plans')");
	customer("a", "GB");
	subscription("a", "canceled", "2027-01-01 12:00", "2027-02-01 12:00");
	customer("b", "GB");
	subscription("b", "canceled", "2027-01-01 12:00", "2027-02-01 12:00");
	sql("update subscription set ended_at = '2027-02-01 12:00Z'");
	sql("insert into subscription (org_id, live, ref, customer_ref, status, currency, started_at, as_of) values ('" ORG "', true, 'sub_b2', 'cus_b', 'active', "
		"'usd', now(), now())");
	sweep("2027-02-08 11:59");
	assert_string_equal(mails(), "");
	sweep("2027-02-08 12:00");
	assert_non_null(strstr(relay.message, "https://harbour.example/plans"));
	for (int day = 9; day <= 28; day += 3)
		sweep(arena_printf(&ctx.arena, "2027-02-%02d 12:00", day));
	for (int day = 1; day <= 28; day += 3)
		sweep(arena_printf(&ctx.arena, "2027-03-%02d 12:00", day));
	assert_string_equal(mails(), "reactivation.first sent, reactivation.last sent");
	assert_int_equal(relay.taken, 2);
}

static void mails_of_before_hold_up_nobody(void **state)
{
	(void)state;
	program("reactivation", NULL);
	sql("insert into customer (org_id, live, id, ref, stripe_ref, email) select '" ORG "', true, gen_random_uuid(), n, 'cus_' || n, n || '@customer.example' "
		"from generate_series(1, 500) n");
	sql("insert into subscription (org_id, live, ref, customer_ref, status, currency, started_at, ended_at, as_of) select org_id, live, 'sub_' || ref, stripe_ref, 'canceled', "
		"'usd', '2027-01-01 11:00Z', '2027-02-01 11:00Z', now() from customer");
	sql("insert into outreach_mail (org_id, live, id, program, kind, customer_id, occasion, step, state, due_at, created_at) select org_id, live, gen_random_uuid(), "
		"'reactivation', 'reactivation.first', id, 'sub_' || ref, 1, 'sent', '2027-02-08 11:00Z', '2027-02-08 11:00Z' from customer");
	customer("a", "GB");
	subscription("a", "canceled", "2027-01-01 12:00", "2027-02-01 12:00");
	sql("update subscription set ended_at = '2027-02-01 12:00Z' where ref = 'sub_a'");
	sweep("2027-02-08 12:00");
	assert_string_equal(sql("select state from outreach_mail where occasion = 'sub_a'"), "sent");
}

static void old_ends_are_left_alone(void **state)
{
	(void)state;
	program("reactivation", NULL);
	customer("a", "GB");
	subscription("a", "canceled", "2026-01-01 12:00", "2026-02-01 12:00");
	sql("update subscription set ended_at = '2026-02-01 12:00Z'");
	sweep("2027-02-08 12:00");
	assert_string_equal(mails(), "");
}

/* --- words and settings --- */

static void words_of_every_kind(void **state)
{
	static const char *const KINDS[] = {"payment.failed", "payment.reminder", "payment.last", "retention.offer", "reactivation.first", "reactivation.last"};
	static const char *const LANGUAGE_CODES[] = {"en", "de", "fr", "es"};
	struct lease lease;
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	for (int k = 0; k < 6; k++)
		for (int l = 0; l < 4; l++) {
			struct outreach_words words;
			struct mail mail = {0};

			assert_int_equal(outreach_words_get(&ctx, &lease, ORG, KINDS[k], LANGUAGE_CODES[l], &words), OK);
			assert_false(words.own);
			assert_int_equal(outreach_words_check(&ctx, &words), OK);
			assert_int_equal(outreach_preview(&ctx, &words, KINDS[k], LANGUAGE_CODES[l], "Harbour & Söhne", &mail), OK);
			assert_non_null(strstr(mail.text, "Kim Berg"));
			assert_null(strstr(mail.text, "{{"));
			assert_null(strstr(mail.subject, "{{"));
			assert_non_null(strstr(mail.html, "Harbour &amp; Söhne"));
			assert_null(strstr(mail.html, "Stoa"));
			assert_non_null(strstr(mail.text, "https://example.com/unsubscribe"));
		}
	lease_return(&lease);
}

static void words_of_ones_own(void **state)
{
	static const struct { const char *subject, *body, *field; } BAD[] = {
		{"", "x", "subject"}, {"x", "", "body"}, {"{{nobody}}", "x", "subject"}, {"x", "Hello {{ name", "body"}, {"x", "{{#name}}x{{/name}}", "body"}};
	struct outreach_words words = {.subject = "{{plan}}, {{ amount }}", .body = "Hello {{name}},\r\n\r\na <b> line\nand another", .button = "Go"};
	const struct outreach_subject about = {.plan = "Pro", .organisation = "Harbour", .currency = "eur", .amount_minor = 123456, .link = "https://x.example/"};
	struct mail mail = {0};
	(void)state;
	assert_int_equal(outreach_words_check(&ctx, &words), OK);
	assert_int_equal(outreach_render(&ctx, &words, "payment.failed", "de", &about, NULL, &mail), OK);
	assert_string_equal(mail.subject, "Pro, 1.234,56 EUR");
	assert_non_null(strstr(mail.text, "Hello,\n\na <b> line\nand another\n\nGo: https://x.example/\n"));
	assert_non_null(strstr(mail.html, "<p>Hello,</p>\n<p>a &lt;b&gt; line<br>and another</p>"));
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		assert_int_equal(outreach_words_check(&ctx, &(struct outreach_words){.subject = BAD[i].subject, .body = BAD[i].body, .button = "Go"}), ERR_INVALID);
		assert_string_equal(ctx.fault.field, BAD[i].field);
		ctx_forgive(&ctx);
	}
	sql("insert into outreach_wording (org_id, kind, language, subject, body, button) values ('" ORG "', 'payment.failed', 'en', 'Ours', 'Hi {{name}}', 'Go')");
	unpaid("a");
	program("payment", "retries = 0");
	sweep("2027-03-01 12:00");
	assert_non_null(strstr(relay.message, "Subject: Ours"));
	assert_non_null(strstr(relay.message, "Hi a\r\n"));
}

static void money_in_four_languages(void **state)
{
	static const struct { int64_t minor; const char *currency, *language, *text; } ROWS[] = {
		{123450, "eur", "en", "EUR 1,234.50"}, {123450, "eur", "de", "1.234,50 EUR"}, {123450, "eur", "fr", "1\u202f234,50 EUR"}, {-5, "usd", "en", "USD −0.05"},
		{1234, "jpy", "es", "1.234 JPY"}, {1234, "kwd", "en", "KWD 1.234"}, {0, "usd", "en", "USD 0.00"}, {INT64_MIN, "usd", "en", "USD −92,233,720,368,547,758.08"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(money_text(&ctx, ROWS[i].minor, ROWS[i].currency, ROWS[i].language), ROWS[i].text);
}

static void settings_are_checked(void **state)
{
	static const struct { const char *program; int64_t days[7]; int count; const char *field; } ROWS[] = {
		{"payment", {0, 3, 5, 7}, 4, NULL}, {"payment", {0, 1, 2, 3, 4, 5}, 6, NULL}, {"payment", {0, 1, 2, 3, 4, 5, 6}, 7, "days"}, {"payment", {3, 3}, 2, "days"},
		{"payment", {5, 3}, 2, "days"}, {"payment", {-1}, 1, "days"}, {"payment", {29}, 1, "days"}, {"payment", {0}, 0, "days"}, {"retention", {7}, 1, NULL},
		{"retention", {8}, 1, "days"}, {"retention", {1, 2}, 2, "days"}, {"reactivation", {7, 30}, 2, NULL}, {"reactivation", {7, 30, 60}, 3, "days"},
		{"nothing", {1}, 1, "program"}};
	static const int64_t NUMBER = 3, MANY = 5, RISING[] = {10, 20, 60}, FALLING[] = {30, 20, 40};
	static const bool ON = true;
	const struct { const char *program; struct outreach_change change; const char *field; } OTHERS[] = {
		{"payment", {.retries = &NUMBER}, NULL}, {"payment", {.retries = &MANY}, "retries"}, {"retention", {.retries = &NUMBER}, "retries"},
		{"payment", {.months = &NUMBER}, "months"}, {"retention", {.months = &NUMBER}, NULL}, {"retention", {.percents = RISING}, NULL},
		{"retention", {.percents = FALLING}, "percents"}, {"payment", {.percents = RISING}, "percents"}, {"reactivation", {.enabled = &ON}, "enabled"},
		{"retention", {.enabled = &ON}, NULL}};
	struct lease lease;
	(void)state;
	assert_int_equal(lease_take(&ctx, pool, &lease), OK);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		enum err err = outreach_program_put(&ctx, &lease, ORG, ROWS[i].program, &(struct outreach_change){.days = ROWS[i].days, .day_count = ROWS[i].count});

		assert_int_equal(err, ROWS[i].field ? ERR_INVALID : OK);
		assert_string_equal(ctx.fault.field, ROWS[i].field ? ROWS[i].field : "");
		ctx_forgive(&ctx);
	}
	for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
		enum err err = outreach_program_put(&ctx, &lease, ORG, OTHERS[i].program, &OTHERS[i].change);

		assert_int_equal(err, OTHERS[i].field ? ERR_INVALID : OK);
		assert_string_equal(ctx.fault.field, OTHERS[i].field ? OTHERS[i].field : "");
		ctx_forgive(&ctx);
	}
	lease_return(&lease);
	assert_string_equal(sql("select string_agg(program || ' ' || enabled || ' ' || days::text || ' ' || coalesce(percents::text, '-') || ' ' || "
		"coalesce(retries::text, '-'), ', ' order by program) from outreach_program"),
		"payment false {0,1,2,3,4,5} - 3, reactivation false {7,30} - -, retention true {7} {10,20,60} -");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_offer_by_value, begin),
		cmocka_unit_test_setup(no_offer_to_these, begin),
		cmocka_unit_test_setup(an_offer_is_taken, begin),
		cmocka_unit_test_setup(an_offer_beside_a_discount, begin),
		cmocka_unit_test_setup(an_offer_that_is_over, begin),
		cmocka_unit_test_setup(at_most_two_mails_after_the_end, begin),
		cmocka_unit_test_setup(mails_of_before_hold_up_nobody, begin),
		cmocka_unit_test_setup(old_ends_are_left_alone, begin),
		cmocka_unit_test_setup(words_of_every_kind, begin),
		cmocka_unit_test_setup(words_of_ones_own, begin),
		cmocka_unit_test(money_in_four_languages),
		cmocka_unit_test_setup(settings_are_checked, begin),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
