/* Alerts and the recovery of failed payments, on a clock that the test moves, with a relay and a Stripe that say what they are told. */
#include "tests/outreach/reach.h"

static const char *alerts(void)
{
	return sql("select coalesce(string_agg(kind || ' ' || boundary || ' ' || priority, ', ' order by number), '') from alert");
}

/* --- alerts --- */

static void alerts_at_each_boundary(void **state)
{
	static const struct { const char *set, *alerts; } ROWS[] = {
		{"cancel_at_period_end = true", "expiring_soon 30 low, expiring_soon 14 medium, expiring_soon 7 medium, expiring_soon 3 high, "
			"expiring_soon 1 urgent"},
		{"cancel_at_period_end = true, month_minor = 10000", "expiring_soon 30 medium, expiring_soon 14 high, expiring_soon 7 high, "
			"expiring_soon 3 urgent, expiring_soon 1 urgent"},
		{"cancel_at = period_ends_at, period_ends_at = '2027-12-01 12:00Z'", "expiring_soon 30 low, expiring_soon 14 medium, expiring_soon 7 medium, "
			"expiring_soon 3 high, expiring_soon 1 urgent"},
		{"status = 'trialing', trial_ends_at = period_ends_at", "expiring_soon 30 low, expiring_soon 14 medium, expiring_soon 7 medium, "
			"expiring_soon 3 high, expiring_soon 1 urgent"},
		{"period = 'year'", "renewal_reminder 30 low, renewal_reminder 14 low, renewal_reminder 7 low, renewal_reminder 3 low, renewal_reminder 1 low"},
		{"period = 'year', status = 'past_due', month_minor = 10000", "renewal_reminder 30 high, renewal_reminder 14 high, renewal_reminder 7 high, "
			"renewal_reminder 3 high, renewal_reminder 1 high"},
		{"period = 'month'", "renewal_reminder 7 low, renewal_reminder 3 low, renewal_reminder 1 low"},
		{"period = 'week'", "renewal_reminder 1 low"},
		{"period = 'day'", ""},
		{"status = 'unpaid'", ""},
	};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		begin(NULL);
		subscription("a", "active", "2026-06-01 12:00", "2027-06-01 12:00");
		sql("update subscription set %s", ROWS[i].set);
		sweep("2027-05-02 11:59");
		assert_string_equal(alerts(), "");
		static const char *const TIMES[] = {"2027-05-02 12:00", "2027-05-18 12:00", "2027-05-25 12:00", "2027-05-29 12:00", "2027-05-31 12:00",
			"2027-06-01 11:59", "2027-06-01 12:00"};
		for (size_t n = 0; n < sizeof TIMES / sizeof *TIMES; n++)
			sweep(TIMES[n]);
		assert_string_equal(alerts(), ROWS[i].alerts);
	}
}

/* A job that was down for a day, and longer. */
static void the_nearest_boundary_counts(void **state)
{
	(void)state;
	subscription("a", "active", "2026-06-01 12:00", "2027-06-01 12:00");
	sql("update subscription set cancel_at_period_end = true");
	sweep("2027-05-24 12:00");
	assert_string_equal(alerts(), "expiring_soon 14 medium");
	/* Seven days before nobody looked. */
	sweep("2027-05-26 12:00");
	sweep("2027-05-27 12:00");
	assert_string_equal(alerts(), "expiring_soon 14 medium, expiring_soon 7 medium");
	sweep("2027-05-31 13:00");
	assert_string_equal(alerts(), "expiring_soon 14 medium, expiring_soon 7 medium, expiring_soon 1 urgent");
}

static void a_date_that_moves_is_no_news(void **state)
{
	(void)state;
	subscription("a", "trialing", "2027-05-01 12:00", "2027-05-15 12:00");
	sql("update subscription set trial_ends_at = period_ends_at");
	sweep("2027-05-12 12:00");
	assert_string_equal(alerts(), "expiring_soon 3 high");
	/* Extended by 2 days: 3 days before comes a second time, in the same period and in another. */
	sql("update subscription set trial_ends_at = '2027-05-17 12:00Z', period_ends_at = '2027-05-17 12:00Z'");
	sweep("2027-05-14 12:00");
	assert_string_equal(alerts(), "expiring_soon 3 high");
	sql("update subscription set period_starts_at = '2027-05-14 00:00Z'");
	sweep("2027-05-14 12:30");
	assert_string_equal(alerts(), "expiring_soon 3 high");
	/* A period later it is news again. */
	sql("update subscription set trial_ends_at = '2027-06-17 12:00Z', period_ends_at = '2027-06-17 12:00Z', period_starts_at = '2027-05-17 12:00Z'");
	sweep("2027-06-14 12:00");
	assert_string_equal(alerts(), "expiring_soon 3 high, expiring_soon 3 high");
}

static void an_end_is_told_once(void **state)
{
	(void)state;
	subscription("a", "canceled", "2027-01-01 12:00", "2027-05-01 12:00");
	subscription("b", "canceled", "2027-01-01 12:00", "2027-05-01 12:00");
	sql("update subscription set ended_at = '2027-05-01 12:00Z' where ref = 'sub_a'");
	sql("update subscription set ended_at = '2027-04-01 12:00Z' where ref = 'sub_b'");
	sweep("2027-05-01 11:00");
	assert_string_equal(alerts(), "");
	sweep("2027-05-03 11:00");
	assert_string_equal(alerts(), "expired 0 high");
	assert_string_equal(sql("select subscription_ref from alert"), "sub_a");
	sweep("2027-05-07 11:00");
	assert_string_equal(alerts(), "expired 0 high");
	/* Others hear of an end, and of none of the renewals. */
	assert_string_equal(sql("select string_agg(type || ' ' || (payload ->> 'kind') || ' ' || (payload ->> 'subscription'), ', ') from event"),
		"alert.raised expired sub_a");
}

/* A thousand ends do not keep anybody from being told that a payment failed; the next run tells of them. */
static void alerts_leave_time_for_mails(void **state)
{
	(void)state;
	unpaid("a");
	program("payment", "retries = 0");
	subscription("b", "canceled", "2027-01-01 12:00", "2027-03-01 11:00");
	sql("update subscription set ended_at = period_ends_at where ref = 'sub_b'");
	at("2027-03-01 12:00");
	run_for(55, true, seconds("2027-03-01 12:00") * 1000000);
	assert_string_equal(alerts(), "");
	assert_string_equal(mails(), "payment.failed queued");
	run_for(600, true, seconds("2027-03-01 12:05") * 1000000);
	assert_string_equal(alerts(), "expired 0 high");
}

/* --- when --- */

static void quiet_hours_on_every_clock(void **state)
{
	/* Berlin's clock goes from 2 to 3 on 28 March 2027 and from 3 to 2 on 31 October 2027. */
	static const struct { const char *zone, *at; int from, until; const char *then; } ROWS[] = {
		{"UTC", "2027-05-01 12:00", 20, 8, "2027-05-01 12:00"},
		{"UTC", "2027-05-01 19:59", 20, 8, "2027-05-01 19:59"},
		{"UTC", "2027-05-01 20:00", 20, 8, "2027-05-02 08:00"},
		{"UTC", "2027-05-02 07:59", 20, 8, "2027-05-02 08:00"},
		{"UTC", "2027-05-02 08:00", 20, 8, "2027-05-02 08:00"},
		{"UTC", "2027-05-02 03:00", 9, 17, "2027-05-02 03:00"},
		{"UTC", "2027-05-02 09:30", 9, 17, "2027-05-02 17:00"},
		{"UTC", "2027-05-02 03:00", 5, 5, "2027-05-02 03:00"},
		{"Europe/Berlin", "2027-05-01 17:59", 20, 8, "2027-05-01 17:59"},
		{"Europe/Berlin", "2027-05-01 18:00", 20, 8, "2027-05-02 06:00"},
		{"America/New_York", "2027-05-02 00:30", 20, 8, "2027-05-02 12:00"},
		{"Asia/Kolkata", "2027-05-01 14:30", 20, 8, "2027-05-02 02:30"},
		{"Pacific/Auckland", "2027-05-01 12:00", 20, 8, "2027-05-01 20:00"},
		/* the night that has 23 hours, and the one that has 25 */
		{"Europe/Berlin", "2027-03-27 19:00", 20, 8, "2027-03-28 06:00"},
		{"Europe/Berlin", "2027-10-30 18:00", 20, 8, "2027-10-31 07:00"},
		/* an end that the clock jumps over, and one that comes twice */
		{"Europe/Berlin", "2027-03-27 23:00", 22, 2, "2027-03-28 01:00"},
		{"Europe/Berlin", "2027-10-30 22:00", 22, 2, "2027-10-31 00:00"},
		{"no/zone", "2027-05-01 20:00", 20, 8, "2027-05-02 08:00"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		int64_t then = outreach_awake_s(ROWS[i].zone, seconds(ROWS[i].at), ROWS[i].from, ROWS[i].until);

		if (then != seconds(ROWS[i].then))
			fail_msg("row %zu: %s in %s: %+lld s", i, ROWS[i].at, ROWS[i].zone, (long long)(then - seconds(ROWS[i].then)));
	}
	assert_int_equal(outreach_hour_s("Europe/Berlin", seconds("2027-05-01 12:00"), 0), seconds("2027-05-01 22:01"));
	assert_int_equal(outreach_hour_s("UTC", seconds("2027-05-01 09:01"), 9), seconds("2027-05-01 09:01"));
	assert_int_equal(outreach_hour_s("UTC", seconds("2027-05-01 09:02"), 9), seconds("2027-05-02 09:01"));
}

static void a_customers_clock(void **state)
{
	static const struct { const char *own, *region, *zone; } ROWS[] = {
		{NULL, NULL, "Europe/Vienna"}, {"Asia/Tokyo", "DE", "Asia/Tokyo"}, {"Mars/Olympus", "de", "Europe/Berlin"}, {NULL, "de-BY", "Europe/Berlin"},
		{NULL, "US", "America/New_York"}, {"", "GB", "Europe/London"}, {NULL, "EU", "Europe/Vienna"}, {NULL, "Germany", "Europe/Vienna"},
		{NULL, "D", "Europe/Vienna"}, {"../passwd", "", "Europe/Vienna"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(outreach_zone(&ctx, ROWS[i].own, ROWS[i].region, "Europe/Vienna"), ROWS[i].zone);
}

/* --- failed payments --- */

static const char *cases(void)
{
	return sql("select coalesce(string_agg(invoice_ref || ' ' || state || coalesce(' ' || reason, '') || ' ' || recovered_minor, ', ' order by number), '') "
		"from outreach_case");
}

static void off_until_the_owner_says_so(void **state)
{
	(void)state;
	unpaid("a");
	customer("b", "GB");
	subscription("b", "canceled", "2027-01-01 12:00", "2027-02-22 12:00");
	sql("update subscription set ended_at = '2027-02-22 12:00Z' where ref = 'sub_b'");
	customer("c", "GB");
	subscription("c", "active", "2027-02-05 12:00", "2027-03-05 12:00");
	sql("update subscription set cancel_at_period_end = true where ref = 'sub_c'");
	sweep("2027-03-01 13:00");
	assert_string_equal(mails(), "");
	assert_string_equal(cases(), "");
}

static void mails_until_it_is_paid(void **state)
{
	(void)state;
	unpaid("a");
	program("payment", "retries = 0");
	sql("insert into outreach_setting (org_id, sender_name, reply_to) values ('" ORG "', 'Harbour Söhne', 'help@harbour.example')");
	sweep("2027-03-01 13:00");
	assert_string_equal(mails(), "payment.failed sent");
	assert_int_equal(relay.taken, 1);
	assert_non_null(strstr(relay.message, "From: =?UTF-8?"));
	assert_non_null(strstr(relay.message, "<stoa@shop.example>"));
	assert_non_null(strstr(relay.message, "Reply-To: <help@harbour.example>"));
	assert_non_null(strstr(relay.message, "<a@customer.example>"));
	assert_non_null(strstr(relay.message, "https://invoice.stripe.example/a"));
	assert_non_null(strstr(relay.message, "USD 49.00"));
	assert_non_null(strstr(relay.message, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
	sweep("2027-03-04 12:59");
	assert_string_equal(mails(), "payment.failed sent");
	sweep("2027-03-04 13:00");
	sweep("2027-03-06 13:00");
	assert_string_equal(mails(), "payment.failed sent, payment.reminder sent, payment.reminder sent");
	/* Paid between two steps: nothing more is sent. */
	sql("update invoice set status = 'paid', paid_minor = 4900, paid_at = '2027-03-07 10:00Z'");
	sweep("2027-03-08 13:00");
	sweep("2027-03-20 13:00");
	assert_string_equal(mails(), "payment.failed sent, payment.reminder sent, payment.reminder sent");
	assert_int_equal(relay.taken, 3);
	assert_string_equal(cases(), "in_a recovered mail 4900");
	assert_string_equal(sql("select string_agg(type || ' ' || (payload ->> 'recoveredMinor') || ' ' || (payload ->> 'by'), ', ') from event "
		"where type = 'payment.recovered'"), "payment.recovered 4900 mail");
}

/* What waits for the morning does not go when the invoice is paid in the night. */
static void stopped_at_once_when_paid(void **state)
{
	(void)state;
	unpaid("a");
	program("payment", "retries = 0");
	sweep("2027-03-01 22:00");
	assert_string_equal(mails(), "payment.failed planned quiet-hours");
	sql("update invoice set status = 'paid', paid_minor = 4900");
	sweep("2027-03-02 08:00");
	assert_string_equal(mails(), "payment.failed cancelled recovered");
	assert_int_equal(relay.taken, 0);
	assert_string_equal(cases(), "in_a recovered stripe 4900");
}

static void a_case_ends(void **state)
{
	static const struct { const char *change, *when, *cases; } ROWS[] = {
		{"update invoice set status = 'void'", "2027-03-02 12:00", "in_a ended voided 0"},
		{"update invoice set status = 'uncollectible'", "2027-03-02 12:00", "in_a ended voided 0"},
		{"update subscription set status = 'canceled'", "2027-03-02 12:00", "in_a ended subscription-ended 0"},
		{"select 1", "2027-04-01 12:00", "in_a ended gave-up 0"},
		{"select 1", "2027-03-31 11:00", "in_a open 0"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		begin(NULL);
		unpaid("a");
		program("payment", "retries = 0");
		sweep("2027-03-01 12:00");
		sql("%s", ROWS[i].change);
		sweep(ROWS[i].when);
		assert_string_equal(cases(), ROWS[i].cases);
	}
}

static void days_that_were_missed_make_one_mail(void **state)
{
	(void)state;
	unpaid("a");
	program("payment", "retries = 0");
	sweep("2027-03-01 12:00");
	sweep("2027-03-07 12:00");
	assert_string_equal(mails(), "payment.failed sent, payment.reminder sent");
	sweep("2027-03-08 12:00");
	sweep("2027-03-09 12:00");
	assert_string_equal(mails(), "payment.failed sent, payment.reminder sent, payment.last sent");
}

static void no_case_of_these(void **state)
{
	static const char *const CHANGES[] = {
		"update invoice set attempts = 0", "update invoice set status = 'draft'", "update invoice set paid_minor = 4900",
		"update subscription set status = 'canceled'", "update invoice set created_at = '2027-01-01 00:00Z'", "update invoice set live = false",
		"update invoice set subscription_ref = null",
	};
	(void)state;

	for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
		begin(NULL);
		unpaid("a");
		program("payment", "retries = 0");
		sql("%s", CHANGES[i]);
		sweep("2027-03-01 12:00");
		assert_string_equal(cases(), "");
	}
}

#define IN_A "GET /v1/invoices/in_a"
#define PAY_A "POST /v1/invoices/in_a/pay"
#define OPEN_A {IN_A, 200, "{\"id\":\"in_a\",\"object\":\"invoice\",\"status\":\"open\"}"}
#define DECLINED(code) {PAY_A, 402, "{\"error\":{\"type\":\"card_error\",\"code\":\"card_declined\",\"decline_code\":\"" code "\",\"message\":\"No.\"}}"}

static const char *retry_state(void)
{
	return sql("select retries || ' ' || coalesce(decline, '-') || ' ' || final || ' ' || coalesce(to_char(retry_at at time zone 'UTC', 'MM-DD HH24:MI'), '-') "
		"from outreach_case");
}

static void a_card_is_tried_within_the_rules(void **state)
{
	static const struct fake_answer SOFT[] = {OPEN_A, DECLINED("insufficient_funds"), {0}};
	static const struct fake_answer PAID[] = {OPEN_A, {PAY_A, 200, "{\"id\":\"in_a\",\"status\":\"paid\",\"amount_paid\":4900}"}, {0}};
	(void)state;
	connect_stripe();
	unpaid("a");
	sql("update customer set region = 'DE'");
	program("payment", NULL);
	/* While Stripe has an attempt planned, ours has no time; then it is a day after it: 0:01 in Berlin. */
	sql("update invoice set next_attempt_at = '2027-03-04 18:00Z'");
	sweep("2027-03-01 12:00");
	assert_string_equal(retry_state(), "0 - false -");
	sweep("2027-03-04 18:00");
	assert_string_equal(retry_state(), "0 - false 03-05 23:01");
	fake.answers = SOFT;
	sweep("2027-03-05 23:00");
	assert_int_equal(fake.asked, 0);
	/* Stripe planned another one meanwhile. */
	sql("update invoice set next_attempt_at = '2027-03-06 18:00Z'");
	sweep("2027-03-05 23:01");
	assert_string_equal(retry_state(), "0 - false -");
	assert_int_equal(fake.asked, 0);
	sweep("2027-03-06 18:05");
	assert_string_equal(retry_state(), "0 - false 03-07 23:01");
	sweep("2027-03-07 23:01");
	assert_int_equal(fake.asked, 2);
	assert_non_null(strstr(fake.requests, IN_A " key= ;" PAY_A " key=stoa-pay-"));
	/* Refused softly: the next one is on day 5, which has gone by, so at the next 0:01. */
	sweep("2027-03-07 23:02");
	assert_string_equal(retry_state(), "1 insufficient_funds false 03-08 23:01");
	fake.answers = PAID;
	sweep("2027-03-08 23:01");
	assert_string_equal(cases(), "in_a recovered retry 4900");
	assert_string_equal(sql("select count(*) from outreach_mail where state = 'planned'"), "0");
	sweep("2027-03-20 12:00");
	assert_int_equal(fake.asked, 4);
}

/* The mirror is late, or somebody was quicker: what counts is what Stripe says, and the owner, a moment before. */
static void a_card_is_left_to_stripe(void **state)
{
	static const struct { const char *invoice, *change; int asked; const char *state; } ROWS[] = {
		{"\"next_payment_attempt\":1804197900,\"attempt_count\":3", "select 1", 1, "0 - false 03-05 00:01"}, /* 4 March, 22:05 */
		{"\"next_payment_attempt\":null,\"attempt_count\":15", "select 1", 1, "0 - false 03-05 00:01"},
		{"\"next_payment_attempt\":1804111200,\"attempt_count\":14", "select 1", 2, "1 insufficient_funds false 03-06 00:01"}, /* 3 March, 22:00 */
		{"\"attempt_count\":1", "update outreach_program set enabled = false", 0, "0 - false -"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		begin(NULL);
		const struct fake_answer answers[] = {{IN_A, 200, arena_printf(&ctx.arena, "{\"id\":\"in_a\",\"status\":\"open\",%s}", ROWS[i].invoice)},
			DECLINED("insufficient_funds"), {0}};
		connect_stripe();
		unpaid("a");
		program("payment", NULL);
		sweep("2027-03-01 00:01");
		fake.answers = answers;
		at("2027-03-04 00:01");
		run(true, seconds("2027-03-04 00:01") * 1000000);
		sql("%s", ROWS[i].change);
		jobs_run();
		sweep("2027-03-04 00:06");
		assert_string_equal(retry_state(), ROWS[i].state);
		assert_int_equal(fake.asked, ROWS[i].asked);
	}
	/* Switched on again it is tried at the hour that was chosen, not at once. */
	sql("update outreach_program set enabled = true");
	sweep("2027-03-10 12:00");
	assert_string_equal(retry_state(), "0 - false 03-11 00:01");
	sql("update outreach_program set enabled = false");
	sweep("2027-04-01 12:00");
	assert_string_equal(cases(), "in_a ended switched-off 0");
}

/* Two hundred invoices that Stripe tries by itself stand before one that it does not. */
static void who_waits_for_stripe_holds_up_nobody(void **state)
{
	(void)state;
	program("payment", NULL);
	sql("insert into invoice (org_id, live, ref, customer_ref, status, currency, due_minor, attempts, next_attempt_at, created_at, as_of) "
		"select '" ORG "', true, 'in_' || n, 'cus_' || n, 'open', 'usd', 4900, 1, '2027-03-20 12:00Z', '2027-03-01 12:00Z', now() "
		"from generate_series(1, 200) n");
	sql("insert into outreach_case (org_id, live, invoice_ref, customer_ref, currency, due_minor, opened_at) "
		"select org_id, live, ref, customer_ref, currency, due_minor, created_at from invoice");
	unpaid("a");
	sweep("2027-03-02 12:00");
	assert_string_equal(sql("select string_agg(invoice_ref, ' ') from outreach_case where retry_at is not null"), "in_a");
}

static void a_card_that_is_refused_for_good(void **state)
{
	static const struct { const char *answer; int status; const char *state; } ROWS[] = {
		{"{\"error\":{\"type\":\"card_error\",\"code\":\"card_declined\",\"decline_code\":\"stolen_card\"}}", 402, "1 stolen_card true -"},
		{"{\"error\":{\"type\":\"card_error\",\"code\":\"authentication_required\"}}", 402, "1 authentication_required true -"},
		{"{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"The key lacks rak_invoice_write\"}}", 403, "1 The key lacks rak_invoice_write true -"},
		{"{\"id\":\"in_a\",\"status\":\"open\"}", 200, "1 processing false 03-06 00:01"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const struct fake_answer answers[] = {OPEN_A, {PAY_A, ROWS[i].status, ROWS[i].answer}, {0}};

		begin(NULL);
		connect_stripe();
		unpaid("a");
		program("payment", NULL);
		sweep("2027-03-01 00:01");
		fake.answers = answers;
		sweep("2027-03-04 00:01");
		sweep("2027-03-04 00:02");
		assert_string_equal(retry_state(), ROWS[i].state);
	}
}

static void never_more_attempts_than_allowed(void **state)
{
	static const struct fake_answer SOFT[] = {OPEN_A, DECLINED("insufficient_funds"), {0}};
	(void)state;
	connect_stripe();
	unpaid("a");
	program("payment", "retries = 2");
	fake.answers = SOFT;
	for (int day = 1; day <= 28; day += 3)
		sweep(arena_printf(&ctx.arena, "2027-03-%02d 12:00", day));
	assert_string_equal(retry_state(), "2 insufficient_funds false -");
	assert_int_equal(fake.asked, 4);
	/* Fifteen in all, Stripe's own counted. */
	begin(NULL);
	unpaid("a");
	program("payment", NULL);
	sql("update invoice set attempts = 15");
	fake.answers = SOFT;
	for (int day = 1; day <= 28; day += 3)
		sweep(arena_printf(&ctx.arena, "2027-03-%02d 12:00", day));
	assert_int_equal(fake.asked, 0);
}

/* A worker that died after the call asks again under the same key, and what was paid meanwhile is not charged. */
static void an_attempt_whose_answer_is_lost(void **state)
{
	static const struct fake_answer LOST[] = {OPEN_A, {PAY_A, 0, NULL}, {0}};
	static const struct fake_answer PAID[] = {{IN_A, 200, "{\"id\":\"in_a\",\"status\":\"paid\",\"amount_paid\":4900}"}, {0}};
	(void)state;
	connect_stripe();
	unpaid("a");
	program("payment", NULL);
	sweep("2027-03-01 00:01");
	fake.answers = LOST;
	at("2027-03-04 00:01");
	sql("insert into job (id, kind, queue, attempts) values (gen_random_uuid(), 'outreach.sweep', 1, 1)");
	jobs_run();
	assert_string_equal(sql("select state from job where kind = 'outreach.retry'"), "waiting");
	const char *key = sql("select retry_key from outreach_case");
	jobs_run();
	assert_string_equal(sql("select retry_key from outreach_case"), key);
	fake.answers = PAID;
	jobs_run();
	assert_string_equal(cases(), "in_a recovered retry 4900");
	sweep("2027-03-04 00:06");
}

/* --- who gets how many --- */

static void a_day_has_a_cap(void **state)
{
	(void)state;
	program("payment", "retries = 0");
	sql("insert into outreach_setting (org_id, organisation_cap, time_zone) values ('" ORG "', 2, 'Europe/London')");
	for (int i = 0; i < 3; i++)
		unpaid((const char *const[]){"a", "b", "c"}[i]);
	/* Another invoice of the first. */
	sql("insert into invoice (org_id, live, ref, customer_ref, subscription_ref, status, currency, due_minor, attempts, created_at, as_of) "
		"values ('" ORG "', true, 'in_a2', 'cus_a', 'sub_a', 'open', 'usd', 100, 1, '2027-03-01 12:00Z', now())");
	sweep("2027-03-01 12:00");
	assert_int_equal(relay.taken, 2);
	assert_string_equal(sql("select count(*) filter (where held = 'organisation-cap') || ' ' || count(*) filter (where held = 'customer-cap') from outreach_mail "
		"where state = 'planned'"), "1 1");
	assert_string_equal(sql("select distinct to_char(due_at at time zone 'UTC', 'MM-DD HH24:MI') from outreach_mail where state = 'planned'"), "03-02 08:00");
	sweep("2027-03-02 07:59");
	assert_int_equal(relay.taken, 2);
	sweep("2027-03-02 08:00");
	assert_int_equal(relay.taken, 4);
	assert_string_equal(sql("select max(n) from (select count(*) as n from outreach_mail group by customer_id, date(handed_at)) x"), "1");
}

static void who_wants_none_gets_none(void **state)
{
	(void)state;
	program("payment", "retries = 0");
	unpaid("a");
	unpaid("b");
	unpaid("c");
	unpaid("d");
	sql("insert into mail_suppression (org_id, address, kind, reason) values ('" ORG "', 'a@customer.example', 'outreach.payment', 'unsubscribe')");
	sql("insert into mail_suppression (org_id, address, kind, reason) values ('" ORG "', 'd@customer.example', 'outreach.retention', 'unsubscribe')");
	sql("update customer set outreach_paused_at = now() where ref = 'b'");
	sql("update customer set email = null where ref = 'c'");
	sweep("2027-03-01 12:00");
	sweep("2027-03-01 12:05");
	assert_string_equal(sql("select string_agg(ref || ' ' || state || coalesce(' ' || reason, ''), ', ' order by ref) from outreach_mail m "
		"join customer c on c.id = m.customer_id"), "a suppressed unsubscribe, b suppressed paused, c suppressed no-address, d sent");
	assert_int_equal(relay.taken, 1);
}

static void test_mode_sends_nothing(void **state)
{
	(void)state;
	program("payment", "retries = 0");
	unpaid("a");
	sql("update customer set live = false; update subscription set live = false; update invoice set live = false");
	sweep("2027-03-01 12:00");
	sweep("2027-03-01 12:05");
	assert_string_equal(mails(), "payment.failed not-sent not sent: test mode");
	assert_int_equal(relay.taken, 0);
}

static void the_schedule_finds_every_mode(void **state)
{
	(void)state;
	program("payment", "retries = 0");
	unpaid("a");
	subscription("t", "active", "2027-02-02 12:00", "2027-03-02 12:00");
	sql("update subscription set live = false where ref = 'sub_t'");
	at("2027-03-01 12:00");
	sql("insert into job (id, kind, queue, attempts) values (gen_random_uuid(), 'outreach.sweep', 1, 1)");
	jobs_run();
	jobs_run();
	assert_int_equal(relay.taken, 1);
	assert_string_equal(sql("select string_agg(unique_key || ' ' || state, ', ' order by unique_key) from job where kind = 'outreach.run'"), ORG ":0 done, " ORG ":1 done");
	assert_string_equal(sql("select string_agg(live::text, ', ' order by live) from alert"), "false");
}

/* A worker that lost its lease changes nothing. */
static void a_late_worker_is_fenced_off(void **state)
{
	(void)state;
	program("payment", "retries = 0");
	unpaid("a");
	at("2027-03-01 12:00");
	const char *id = sql("insert into job (id, org_id, kind, queue, attempts, attempt, state, payload) values (gen_random_uuid(), '" ORG "', 'outreach.run', 2, 3, 2, "
		"'running', '{}') returning id");
	struct job job = {.kind = "outreach.run", .attempt = 1, .attempts = 3, .pool = pool};
	snprintf(job.id, sizeof job.id, "%s", id);
	assert_int_equal(outreach_run(&ctx, &job, ORG, true, clock_wall_us()), ERR_CONFLICT);
	assert_string_equal(mails(), "");
	assert_string_equal(cases(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(alerts_at_each_boundary, begin),
		cmocka_unit_test_setup(the_nearest_boundary_counts, begin),
		cmocka_unit_test_setup(a_date_that_moves_is_no_news, begin),
		cmocka_unit_test_setup(an_end_is_told_once, begin),
		cmocka_unit_test_setup(alerts_leave_time_for_mails, begin),
		cmocka_unit_test(quiet_hours_on_every_clock),
		cmocka_unit_test(a_customers_clock),
		cmocka_unit_test_setup(off_until_the_owner_says_so, begin),
		cmocka_unit_test_setup(mails_until_it_is_paid, begin),
		cmocka_unit_test_setup(stopped_at_once_when_paid, begin),
		cmocka_unit_test_setup(a_case_ends, begin),
		cmocka_unit_test_setup(days_that_were_missed_make_one_mail, begin),
		cmocka_unit_test_setup(no_case_of_these, begin),
		cmocka_unit_test_setup(a_card_is_tried_within_the_rules, begin),
		cmocka_unit_test_setup(a_card_is_left_to_stripe, begin),
		cmocka_unit_test_setup(who_waits_for_stripe_holds_up_nobody, begin),
		cmocka_unit_test_setup(a_card_that_is_refused_for_good, begin),
		cmocka_unit_test_setup(never_more_attempts_than_allowed, begin),
		cmocka_unit_test_setup(an_attempt_whose_answer_is_lost, begin),
		cmocka_unit_test_setup(a_day_has_a_cap, begin),
		cmocka_unit_test_setup(who_wants_none_gets_none, begin),
		cmocka_unit_test_setup(test_mode_sends_nothing, begin),
		cmocka_unit_test_setup(the_schedule_finds_every_mode, begin),
		cmocka_unit_test_setup(a_late_worker_is_fenced_off, begin),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
