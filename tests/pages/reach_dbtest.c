/* The pages about subscriptions, customers and outreach through the dispatcher: what they show to whom, their filters, forms and files. */
#include "tests/pages/visitors.h"

#include "base/clock.h"
#include "outreach/outreach.h"

#define ANN "0190a000-0000-7000-8000-00000000000a"
#define FOREIGN "0190a000-0000-7000-8000-00000000000b"
#define OFFER "0190a000-0000-7000-8000-00000000000c"
#define ALERT "0190a000-0000-7000-8000-00000000000d"

static int make(void **state)
{
	(void)state;
	sql("truncate customer, subscription, invoice, alert, outreach_setting, outreach_program, outreach_wording, outreach_case, outreach_mail, outreach_offer cascade");
	sql("insert into customer (org_id, live, id, ref, stripe_ref, email, name, plan, value_minor, currency, region, attributes) values "
		"('%s', true, '" ANN "', 'user_1', 'cus_1', 'ann@harbour.example', 'Ann <Harbour>', 'Pro', 490000, 'usd', 'GB', '{\"seats\": 7}'), "
		"('%s', true, '" FOREIGN "', 'user_9', 'cus_9', 'foreign@other.example', 'Foreign', 'Pro', 4900, 'usd', 'GB', '{}')", alpha.org_id, bravo.org_id);
	sql("insert into subscription (org_id, live, ref, customer_ref, status, plan, period, month_minor, currency, started_at, period_ends_at, "
		"cancel_at_period_end, canceled_at, as_of) values ('%1$s', true, 'sub_1', 'cus_1', 'active', 'Pro', 'month', 490000, 'usd', now() - interval '1 year', "
		"now() + interval '5 days', true, now() - interval '2 days', now()), "
		"('%1$s', true, 'sub_2', 'cus_1', 'past_due', 'Extra', 'month', 500, 'usd', now() - interval '1 year', now() + interval '40 days', false, null, now())",
		alpha.org_id);
	sql("insert into alert (org_id, live, id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, occasion, month_minor, currency, created_at) "
		"values ('%s', true, '" ALERT "', 'expiring_soon', 'urgent', 'sub_1', 'cus_1', 'cancellation', 7, now() + interval '5 days', now(), 490000, 'usd', now())",
		alpha.org_id);
	sql("insert into outreach_case (org_id, live, invoice_ref, customer_ref, subscription_ref, currency, due_minor, opened_at, decline, retries) "
		"values ('%s', true, 'in_1', 'cus_1', 'sub_2', 'usd', 500, now(), 'insufficient_funds', 1)", alpha.org_id);
	sql("insert into invoice (org_id, live, ref, customer_ref, status, currency, due_minor, attempts, created_at, as_of) "
		"values ('%s', true, 'in_1', 'cus_1', 'open', 'usd', 500, 2, now(), now())", alpha.org_id);
	sql("insert into outreach_mail (org_id, live, id, program, kind, customer_id, subscription_ref, occasion, step, percent, state, reason, due_at, created_at) "
		"values ('%s', true, '" OFFER "', 'retention', 'retention.offer', '" ANN "', 'sub_1', 'x', 1, 40, 'suppressed', 'unsubscribe', now(), now())", alpha.org_id);
	sql("insert into outreach_offer (org_id, live, id, customer_id, subscription_ref, percent, months, month_minor, currency, created_at, expires_at) "
		"values ('%s', true, '" OFFER "', '" ANN "', 'sub_1', 40, 3, 490000, 'usd', now(), now() + interval '5 days')", alpha.org_id);
	return 0;
}

static void lists_subscriptions(void **state)
{
	(void)state;
	visit(OWNER, "/subscriptions", 200);
	SHOWS("USD 4,900.00", "Ann &lt;Harbour&gt;", "ann@harbour.example", "cancellation", "href=\"/customers/" ANN "?mode=live\"",
		"href=\"/subscriptions/upcoming.csv?mode=live\"", "aria-current=\"page\"");
	HIDES("Foreign", "Extra</td>");
	visit(OWNER, "/subscriptions?days=90&reason=renewal", 200);
	SHOWS("past due", "<option selected>90", "<option value=\"renewal\" selected>");
	HIDES("pill bad\">cancellation");
	visit(OWNER, "/subscriptions?view=attention", 200);
	SHOWS("pill bad\">cancellation", "past due");
	visit(OWNER, "/subscriptions?view=attention&state=unpaid", 200);
	HIDES("pill bad\">cancellation");
	visit(OWNER, "/subscriptions?mode=test", 200);
	SHOWS("None.");
	HIDES("Ann");
	visit(READER, "/subscriptions", 200);
	SHOWS("hidden");
	HIDES("Ann &lt;", "ann@harbour.example", "user_1", "sub_1", "href=\"/customers/");
	visit(OWNER, "/subscriptions?view=none", 422);
	visit(OWNER, "/subscriptions?after=nonsense", 422);
}

static void reads_alerts(void **state)
{
	(void)state;
	visit(READER, "/subscriptions?view=alerts", 200);
	SHOWS("Ends soon", "pill bad\">urgent");
	HIDES("Mark as read", "Mark all");
	visit(OWNER, "/subscriptions?view=alerts&priority=low", 200);
	SHOWS("No alerts.");
	/* All that the filter leaves, no others. */
	visit(OWNER, "/subscriptions?view=alerts&priority=high", 200);
	SHOWS("Mark all of this priority as read", "type=\"hidden\" name=\"priority\" value=\"high\"");
	submit(OWNER, "/subscriptions/read", "mode=live&priority=high", 303);
	assert_string_equal(client_value(&caller, "Location"), "/subscriptions?mode=live&view=alerts&priority=high&unread=true");
	assert_string_equal(sql("select count(*) from alert where read_at is not null"), "0");
	visit(OWNER, "/subscriptions?view=alerts", 200);
	SHOWS("Mark all as read");
	visit(OWNER, "/subscriptions?view=alerts&unread=true&priority=urgent", 200);
	SHOWS("Mark as read", "Mark all of this priority as read");
	submit(OWNER, "/subscriptions/read", "mode=live&id=" ALERT, 303);
	assert_string_equal(sql("select read_by from alert"), people[OWNER]);
	visit(OWNER, "/subscriptions?view=alerts&unread=true", 200);
	SHOWS("No alerts.");
	submit(OWNER, "/subscriptions/read", "mode=live&id=" FOREIGN, 404);
	visit(READER, "/subscriptions?view=alerts", 200);
	submit(READER, "/subscriptions/read", "mode=live", 403);
}

static void finds_customers(void **state)
{
	(void)state;
	visit(OWNER, "/customers", 200);
	SHOWS("Ann &lt;Harbour&gt;", "user_1", "role=\"search\"", "up to 40 points for clicks on Cancel");
	HIDES("Foreign");
	visit(OWNER, "/customers?q=ann", 200);
	SHOWS("Ann &lt;Harbour&gt;", "value=\"ann\"");
	visit(OWNER, "/customers?q=bob", 200);
	SHOWS("Nobody.");
	visit(READER, "/customers", 403);
	visit(ANALYST, "/customers?q=user", 403);
}

/* Each row once, over all pages. */
static void lists_in_pages(void **state)
{
	const char *at;
	(void)state;
	sql("insert into customer (org_id, live, id, ref) select '%s', true, ('0190b000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'many_' || n "
		"from generate_series(1, 70) n", alpha.org_id);
	visit(OWNER, "/customers?q=many_", 200);
	SHOWS(">many_70<", ">many_21<");
	HIDES(">many_20<", ">many_1<");
	at = strstr(page(), "after=");
	assert_non_null(at);
	visit(OWNER, arena_printf(&setup.arena, "/customers?q=many_&%.*s", (int)strcspn(at, "\"&"), at), 200);
	SHOWS(">many_20<", ">many_1<");
	HIDES(">many_21<", ">many_70<", "after=");
}

static void shows_a_customer(void **state)
{
	(void)state;
	sql("update customer set churn_risk = 72, churn_risk_why = '{\"points\": {\"attempts\": 40.0, \"value\": 12.5, \"acceptance\": 10, \"repetition\": 9.5}}' "
		"where id = '" ANN "'");
	sql("update invoice set reason = 'subscription_cycle'");
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order) "
		"values ('%1$s', true, '" OFFER "', '%1$s', 'user_1', 'en', 'low', false, '%1$s', 1, '') on conflict do nothing", alpha.org_id);
	sql("insert into decision (org_id, live, session_id, outcome, offer_type, reason_code, reason_text, request_hash, status) values ('%s', true, '" OFFER "', "
		"'accepted', 'discount', 'too_expensive', 'Just · no', '', 'recorded') on conflict do nothing", alpha.org_id);
	visit(OWNER, arena_printf(&setup.arena, "/customers/%s", ANN), 200);
	HIDES("subscription_cycle");
	SHOWS("<small>Renewal</small>", "Discount · Too expensive · Just · no", "72 of 100", "Clicks on Cancel: 40.0", "Small monthly value: 12.5", "up to 40 points for clicks on Cancel", "<h1>Ann &lt;Harbour&gt;</h1>", "USD 4,900.00", "<code>seats</code>", "Subscription", "Recovery of a payment", "not enough money on the card", "Mail",
		"the customer unsubscribed", "Ends soon", "Send no mails of outreach", "<dd>GB, –</dd>", "Subscription <small>Pro</small>");
	submit(OWNER, arena_printf(&setup.arena, "/customers/%s/pause", ANN), "mode=live&paused=true", 303);
	visit(OWNER, "/customers/" ANN "?mode=live", 200);
	SHOWS("No mails of outreach go to this customer.", "Allow mails of outreach again", "Mails of outreach ended");
	submit(OWNER, arena_printf(&setup.arena, "/customers/%s/pause", ANN), "mode=live&paused=false", 303);
	/* What is a code for one kind of row is a plan's name or a note for another. */
	sql("update outreach_case set state = 'recovered', reason = 'mail', recovered_minor = 500, closed_at = now()");
	sql("update subscription set plan = 'low' where ref = 'sub_2'");
	visit(OWNER, "/customers/" ANN "?mode=live", 200);
	SHOWS(">Recovery of a payment</th><td>recovered</td><td class=\"lines\">after a mail</td>", ">Subscription <small>low</small></th>");
	visit(READER, "/customers/" ANN, 403);
	visit(OWNER, "/customers/" FOREIGN, 404);
	visit(OWNER, "/customers/" ANN "?mode=test", 404);
}

static void gives_files(void **state)
{
	static const struct { const char *path, *head, *shows; } ROWS[] = {
		{"/subscriptions/upcoming.csv", "subscription_ref,status,", "\"sub_1\",\"active\""}, {"/subscriptions/attention.csv?state=unpaid", "subscription_ref,", "\"sub_2\",\"past_due\""},
		{"/subscriptions/alerts.csv", "id,kind,", "\"expiring_soon\",\"urgent\""}, {"/customers.csv?q=ann", "id,ref,", "ann@harbour.example"},
		{"/customers/" ANN "/timeline.csv", "at,kind,", ",\"case\","}, {"/outreach/mails.csv", "id,program,", "retention.offer"},
		{"/outreach/cases.csv?state=open", "invoice_ref,", "in_1"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		visit(OWNER, ROWS[i].path, 200);
		if (strncmp(page(), ROWS[i].head, strlen(ROWS[i].head)) != 0)
			fail_msg("%s: %s", ROWS[i].path, page());
		SHOWS(ROWS[i].shows);
		HIDES("user_9", "Foreign");
	}
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		visit(READER, ROWS[i].path, strstr(ROWS[i].path, "/customers") ? 403 : 200);
		HIDES("ann@harbour.example", "user_1", "cus_1", "sub_1", "sub_2", "in_1");
	}
	visit(READER, "/analytics/subscriptions.csv", 200);
	SHOWS("past_due");
	HIDES("cus_1", "sub_1");
	visit(OWNER, arena_printf(&setup.arena, "/customers/%s/timeline.csv", FOREIGN), 404);
}

static void switches_programs(void **state)
{
	(void)state;
	visit(READER, "/outreach", 200);
	SHOWS("Failed payments", "not enough money on the card", "2 by Stripe, 1 by us", "USD 5.00");
	HIDES("Send these mails", "ann@harbour.example");
	visit(OWNER, "/outreach", 200);
	SHOWS("pill \">off", "value=\"0, 3, 5, 7\"", "Offers by mail: 1 made, 0 taken", "href=\"/outreach/wordings/payment.failed/fr\"");
	submit(OWNER, "/outreach/programs/payment", "enabled=yes&days=0%2C+4&retries=2&retryHour=6", 303);
	sql("with c as (insert into customer (org_id, live, id, ref) values ('%s', false, gen_random_uuid(), 'test_1') returning org_id, live, id) "
		"insert into outreach_mail (org_id, live, id, program, kind, customer_id, occasion, step, state, due_at, created_at, finished_at) "
		"select org_id, live, gen_random_uuid(), 'payment', 'payment.failed', id, 'y', 1, 'not-sent', now(), now(), now() from c", alpha.org_id);
	visit(OWNER, "/outreach?mode=test", 200);
	SHOWS(">Test mode</th>", "Failed payments</th><td class=\"number\">0</td><td class=\"number\">1</td><td class=\"number\">0</td>", "no mail leaves");
	visit(OWNER, "/outreach?notice=kept", 200);
	HIDES(">Test mode</th>");
	SHOWS("It is kept.", "value=\"0, 4\"", "pill applied\">on");
	submit(OWNER, "/outreach/programs/payment", "days=4%2C+x&retries=2&retryHour=6", 422);
	SHOWS("Days are written as 0, 3, 5, 7", "name=\"days\" maxlength=\"60\" required value=\"4, x\"", "pill applied\">on");
	HIDES("value=\"yes\" checked");
	submit(OWNER, "/outreach/programs/retention", "enabled=yes&days=5&low=30&medium=20&high=40&months=2", 422);
	SHOWS("not offered less");
	submit(OWNER, "/outreach/programs/retention", "enabled=yes&days=5&low=10&medium=20&high=40&months=2", 303);
	assert_string_equal(sql("select string_agg(program || enabled || days::text || coalesce(percents::text, ''), ' ' order by program) from outreach_program"),
		"paymenttrue{0,4} retentiontrue{5}{10,20,40}");
	visit(READER, "/outreach", 200);
	submit(READER, "/outreach/programs/payment", "days=1", 403);
	assert_string_equal(sql("select count(*) from event where type = 'outreach.changed' and entity = 'outreach_program'"), "2");
}

#define POLICY "senderName=Harbour&replyTo=help%%40harbour.example&timeZone=%s&quietFrom=21&quietUntil=7&customerCap=2&organisationCap=90&returnUrl=%s"

static void keeps_settings(void **state)
{
	(void)state;
	visit(OWNER, "/outreach", 200);
	submit(OWNER, "/outreach/settings", arena_printf(&setup.arena, POLICY, "Mars%2FOlympus", ""), 422);
	SHOWS("There is no such time zone", "value=\"Mars/Olympus\"", "value=\"help@harbour.example\"");
	submit(OWNER, "/outreach/settings", arena_printf(&setup.arena, POLICY, "Europe%2FBerlin", "https%3A%2F%2Fharbour.example"), 303);
	assert_string_equal(sql("select sender_name || ' ' || reply_to || ' ' || time_zone || ' ' || return_url from outreach_setting"),
		"Harbour help@harbour.example Europe/Berlin https://harbour.example");
	assert_string_equal(sql("select count(*) from event where type = 'outreach.changed' and entity = 'outreach_setting'"), "1");
}

static void edits_words(void **state)
{
	static const char AT[] = "/outreach/wordings/payment.failed/de";
	(void)state;
	visit(OWNER, AT, 200);
	SHOWS("Guten Tag {{name}}", "Guten Tag Kim Berg", "lang=\"de\"");
	submit(OWNER, AT, "subject=Hallo+%7B%7Bname%7D%7D&body=Nur+ein+Versuch&button=Los&action=preview", 200);
	SHOWS("Nur ein Versuch", "<strong>Hallo Kim Berg</strong>");
	assert_string_equal(sql("select count(*) from outreach_wording"), "0");
	submit(OWNER, AT, "subject=Hallo+%7B%7Bnobody%7D%7D&body=x&button=Los&action=keep", 422);
	SHOWS("is no variable", "Hallo {{nobody}}");
	submit(OWNER, AT, "subject=Hallo&body=Eins%0D%0A%0D%0AZwei&button=Los&action=keep", 303);
	visit(OWNER, AT, 200);
	SHOWS("your own", "<strong>Hallo</strong>", "Use our text");
	submit(OWNER, AT, "action=ours", 303);
	assert_string_equal(sql("select count(*) from outreach_wording"), "0");
	visit(READER, AT, 200);
	HIDES("action\" value");
	visit(OWNER, "/outreach/wordings/other/de", 422);
}

static void lists_mails_and_cases(void **state)
{
	(void)state;
	visit(OWNER, "/outreach/mails", 200);
	SHOWS("Offer before the end", "40 %", "not sent", "the customer unsubscribed", "Ann &lt;Harbour&gt;");
	visit(OWNER, "/outreach/mails?program=payment", 200);
	SHOWS("None.", "<option value=\"payment\" selected>");
	visit(OWNER, "/outreach/cases?state=open", 200);
	SHOWS("in_1", "not enough money on the card");
	visit(OWNER, "/outreach/cases?state=ended", 200);
	SHOWS("None.");
}

static void an_offer_is_taken_once(void **state)
{
	struct outreach_token token = {.live = true};
	const char *target;
	(void)state;
	snprintf(token.org_id, ID_TEXT, "%s", alpha.org_id);
	snprintf(token.id, ID_TEXT, "%s", OFFER);
	target = outreach_offer_link(&setup, &token) + strlen("https://stoa.example");
	client_get(&caller, target, NULL);
	assert_status(&caller, 200);
	SHOWS("40 % off Pro", "USD 2,940.00 a month instead of USD 4,900.00", "Take the offer");
	assert_string_equal(sql("select state from outreach_offer"), "offered");
	for (int i = 0; i < 2; i++) {
		const char *const headers[] = {"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", NULL};
		client_send(&caller, "POST", target, NULL, "csrf=", 5, headers);
		assert_status(&caller, 303);
	}
	assert_string_equal(sql("select state from outreach_offer"), "pending");
	assert_string_equal(sql("select count(*) from event where type = 'offer.accepted'"), "1");
	assert_string_equal(sql("select count(*) from job where kind = 'outreach.apply'"), "1");
	client_get(&caller, target, NULL);
	SHOWS("Thank you for staying");
	client_get(&caller, "/offer?token=nonsense", NULL);
	assert_status(&caller, 410);
	SHOWS("not one of ours");
	sql("update outreach_offer set state = 'offered', expires_at = now() - interval '1 s'");
	client_get(&caller, target, NULL);
	SHOWS("This offer is over");
}

static void speaks_german(void **state)
{
	(void)state;
	sql("update account set language = 'de' where id = '%s'", people[ADMIN]);
	visit(ADMIN, "/subscriptions", 200);
	SHOWS("Kündigung", "4.900,00 USD");
	visit(ADMIN, "/outreach", 200);
	SHOWS("Gescheiterte Zahlungen", "2 von Stripe, 1 von uns");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(lists_subscriptions, make),
		cmocka_unit_test_setup(reads_alerts, make),
		cmocka_unit_test_setup(finds_customers, make),
		cmocka_unit_test_setup(lists_in_pages, make),
		cmocka_unit_test_setup(shows_a_customer, make),
		cmocka_unit_test_setup(gives_files, make),
		cmocka_unit_test_setup(switches_programs, make),
		cmocka_unit_test_setup(keeps_settings, make),
		cmocka_unit_test_setup(edits_words, make),
		cmocka_unit_test_setup(lists_mails_and_cases, make),
		cmocka_unit_test_setup(an_offer_is_taken_once, make),
		cmocka_unit_test_setup(speaks_german, make),
	};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
