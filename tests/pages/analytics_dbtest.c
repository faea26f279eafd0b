/* Overview, Analytics, ROI and Feedback through the dispatcher: what they say is what lib/measure says, on stories worked out by hand. */
#include "tests/pages/visitors.h"

#include "measure/measure.h"

#define FLOW "0190a000-0000-7000-8000-0000000000f1"

static void session(int number, bool live, int days, const char *customer, const char *subscription, int value, const char *currency)
{
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, plan, language, segment, value_minor, currency, signed, "
		"flow_id, flow_version, step_order, started_at) values ('%s', %s, (lpad(to_hex((extract(epoch from now() - %d * interval '1 day') * 1000)::bigint), 12, '0') "
		"|| lpad('%d', 20, '0'))::uuid, gen_random_uuid(), '%s', nullif('%s', ''), 'pro', 'en', 'medium', %d, '%s', false, '" FLOW "', 1, '', "
		"now() - %d * interval '1 day')", alpha.org_id, live ? "true" : "false", days, number, customer, subscription, value, currency, days);
}

static void decision(int number, const char *outcome, const char *offer, const char *status, const char *reason, const char *reason_text, const char *feedback,
	int saved)
{
	sql("insert into decision (org_id, live, session_id, outcome, offer_type, step, reason_code, reason_text, feedback, path, request_hash, status, status_reason, "
		"value_minor, saved_minor, currency, decided_at) select org_id, live, id, '%s', nullif('%s', ''), case when '%s' <> '' then 1 end, nullif('%s', ''), "
		"nullif('%s', ''), nullif('%s', ''), '[{\"step\": 0, \"answer\": \"answered\"}, {\"step\": 1, \"answer\": \"declined\"}]', '', '%s', "
		"case when '%s' = 'manual' then 'Stripe refused' end, value_minor, %d, currency, started_at + interval '1 minute' from retention_session "
		"where org_id = '%s' and right(id::text, 12)::int = %d", outcome, offer, offer, reason, reason_text, feedback, status, status, saved, alpha.org_id, number);
}

/*   1 a, 40 days ago: takes the discount; sub_a runs and paid 100.00 with 5.00 given back     saved
 *   2 b, 40 days ago: declines; sub_b was cancelled a day later                                lost
 *   3 c, 40 days ago: closes the dialog; sub_c runs                                            deflected
 *   4 a, 2 days ago: takes the pause, which a person has to carry out                          waiting
 *   5 f, 3 days ago: Cancel now                                                                waiting
 *   6 t, today, test data: takes the discount */
static int open_stories(void **state)
{
	open_house(state);
	sql("insert into flow (org_id, id, name, status, language, version) values ('%s', '" FLOW "', 'Harbour flow', 'active', 'en', 1)", alpha.org_id);
	sql("insert into flow_version (org_id, flow_id, version, steps) values ('%s', '" FLOW "', 1, '[{\"type\": \"survey\"}, {\"type\": \"discount\"}, "
		"{\"type\": \"confirm\"}]')", alpha.org_id);
	sql("insert into subscription (org_id, live, ref, customer_ref, status, currency, started_at, as_of, canceled_at, ended_at) select '%s', true, 'sub_' || c, "
		"'cus_' || c, case c when 'b' then 'canceled' else 'active' end, case c when 'b' then 'usd' else 'eur' end, now() - interval '200 days', now(), "
		"case c when 'b' then now() - interval '39 days' end, case c when 'b' then now() - interval '39 days' end from unnest('{a,b,c}'::text[]) c", alpha.org_id);
	session(1, true, 40, "a", "sub_a", 5000, "eur");
	session(2, true, 40, "<b>b</b>", "sub_b", 12000, "usd");
	session(3, true, 40, "c", "sub_c", 2000, "eur");
	session(4, true, 2, "a", "sub_a", 3000, "eur");
	session(5, true, 3, "f", "", 1500, "eur");
	session(6, false, 0, "t", "", 1500, "eur");
	decision(1, "accepted", "discount", "applied", "too_expensive", "Too <i>expensive</i> for us", "", 1000);
	decision(2, "declined", "", "recorded", "unused", "", "Never used, write to jane@example.com", 0);
	decision(3, "dismissed", "", "recorded", "", "", "", 0);
	decision(4, "accepted", "discount", "manual", "too_expensive", "", "The prices are expensive", 0);
	decision(5, "cancelled", "", "recorded", "too_expensive", "", "=expensive()", 0);
	decision(6, "accepted", "discount", "applied", "other", "", "", 300);
	sql("insert into invoice (org_id, live, ref, subscription_ref, status, currency, paid_minor, refunded_minor, created_at, paid_at, as_of) values ('%s', true, "
		"'in_1', 'sub_a', 'paid', 'eur', 10000, 500, now(), now() - interval '30 days', now())", alpha.org_id);
	sql("insert into invoice (org_id, live, ref, subscription_ref, status, currency, due_minor, attempts, created_at, as_of) values ('%s', true, 'in_2', 'sub_c', "
		"'open', 'eur', 2000, 2, now(), now())", alpha.org_id);
	if (measure_rebuild(&setup, pool, NULL, NULL, NULL) != OK)
		fail_msg("%s %s", setup.fault.detail, setup.fault.internal);
	return 0;
}

static void assert_figure(const char *name, const char *expected)
{
	const char *at = strstr(page(), arena_printf(&setup.arena, "id=\"figure-%s\"", name));
	assert_non_null(at);
	at = strchr(strstr(at, "<dd"), '>') + 1;
	assert_string_equal(arena_memdup(&setup.arena, at, strcspn(at, "<")), expected);
}

/* Judged are 1, 2 and 3: a third each; of 5 sessions 2 took an offer, and 1, 3 and 4 stayed. */
static void overview_says_what_was_kept(void **state)
{
	(void)state;
	visit(OWNER, "/?preset=90", 200);
	assert_figure("kept_net_minor", "EUR 95.00");
	assert_figure("saved_minor", "EUR 10.00");
	assert_figure("save_rate", "33.3 %");
	assert_figure("accepted", "2");
	assert_figure("accept_rate", "40.0 %");
	assert_figure("stay_rate", "60.0 %");
	assert_figure("saved", "1");
	assert_figure("deflected", "1");
	assert_figure("lost", "1");
	assert_figure("waiting", "2");
	assert_figure("sessions", "5");
	SHOWS("of all that billing has judged", "How sessions ended", "role=\"img\"", "&lt;b&gt;b&lt;/b&gt;", "Decisions for your team to carry out by hand: <b>1</b>", "Stripe refused",
		"Invoices whose payment failed: <b>1</b>", ">by hand</span>", "Make a key for the widget");
	HIDES("<b>b</b>", "before:");
	visit(OWNER, "/", 200);
	assert_figure("sessions", "2");
	assert_figure("save_rate", "–");
	visit(OWNER, "/?mode=test", 200);
	assert_figure("sessions", "1");
	assert_figure("saved_minor", "EUR 3.00");
	SHOWS("These figures come from test keys");
	HIDES("Decisions for your team");
	/* The 30 days before hold the three of 40 days ago. */
	visit(OWNER, "/?compare=yes", 200);
	assert_figure("sessions", "2");
	SHOWS("before: 3 ", "before: EUR 95.00 ");
	visit(ANALYST, "/?preset=90", 200);
	HIDES("&lt;b&gt;b");
	SHOWS("hidden");
}

static void new_owners_are_led(void **state)
{
	(void)state;
	visit(OWNER, "/?mode=test", 200);
	SHOWS("The way to the first saved customer", "href=\"/settings/stripe\"", "aria-current=\"step\"", ">done</span>", ">open</span>");
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', false, '', 'abcd')", alpha.org_id);
	visit(OWNER, "/?mode=test", 200);
	HIDES("The way to the first saved customer");
	sql("delete from stripe_connection where org_id = '%s'", alpha.org_id);
}

static void analytics_shows_every_table(void **state)
{
	(void)state;
	visit(OWNER, "/analytics?preset=90", 200);
	/* Each id once, each with its file; the discount was shown four times and taken twice, of which one was saved. */
	static const char *const SHEETS[] = {"days", "revenue", "funnel", "steps", "offers", "segments", "reasons", "cohorts", "retention", "breakdown", "money"};
	for (size_t i = 0; i < sizeof SHEETS / sizeof *SHEETS; i++)
		SHOWS(arena_printf(&setup.arena, "<section class=\"card\" id=\"%s\">", SHEETS[i]),
			arena_printf(&setup.arena, "href=\"/analytics/%s.csv?mode=live&amp;preset=90\"", SHEETS[i]));
	SHOWS("<th scope=\"row\">Discount</th><td class=\"number\" data-v=\"5\">5</td><td class=\"number\" data-v=\"2\">2</td><td class=\"number\">40.0 %</td>"
		"<td class=\"number\">1</td><td class=\"number\">0</td><td class=\"number\">EUR 10.00</td><td class=\"number\">EUR 95.00</td>",
		"<th scope=\"row\">Too expensive</th><td class=\"number\" data-v=\"3\">3</td><td class=\"number\">75.0 %</td><td class=\"number\">2</td><td class=\"number\">1</td>",
		"<th scope=\"row\">Clicked Cancel</th><td class=\"number\" data-v=\"5\">5</td>", "<th scope=\"row\">Saved</th><td class=\"number\" data-v=\"1\">1</td>",
		"<th scope=\"row\">Medium value</th><td class=\"\">Discount</td><td class=\"number\">5</td><td class=\"number\">2</td><td class=\"number heat-2\">40.0 %</td>",
		"<th scope=\"row\">Flow</th><td class=\"\">Harbour flow</td>", "Revenue: EUR", "data-digits=\"2\"", "<option value=\"" FLOW "\">Harbour flow</option>",
		"<b>Save rate</b>: Saved sessions, of all that billing has judged");
	HIDES("id=\"summary\"", "charts.js");
	visit(OWNER, "/analytics?currency=usd&preset=90", 200);
	SHOWS("<option value=\"usd\" selected>USD</option>", "Revenue: USD", "name=\"preset\" value=\"90\"");
	HIDES("Revenue: EUR");
	visit(OWNER, "/analytics?compare=yes", 200);
	SHOWS("id=\"summary\"", "<th scope=\"row\">Sessions</th><td class=\"number\">2 </td><td class=\"number\">3 </td>");
}

static void ranges_are_read(void **state)
{
	static const struct { const char *query; int status; const char *shown; } ROWS[] = {
		{"from=2026-01-01&to=2026-01-31", 200, "1 Jan 2026 – 31 Jan 2026"},
		{"from=2026-01-01&to=2026-01-01", 200, "1 Jan 2026 – 1 Jan 2026"},
		{"to=2026-03-01", 200, "31 Jan 2026 – 1 Mar 2026"},
		{"from=2025-01-01&to=2026-01-01", 200, "1 Jan 2025 – 1 Jan 2026"},
		{"from=2025-01-01&to=2026-01-02", 422, "At most a year at once"},
		{"from=2026-02-01&to=2026-01-31", 422, "The last day is before the first"},
		{"from=2026-02-30&to=2026-03-31", 422, "A day is written as 2026-01-31"},
		{"to=2026-1-1", 422, "A day is written as 2026-01-31"}, {"to=yesterday!", 422, ""}, {"from=&to=&flow=&segment=&plan=&language=&currency=", 200, ""},
		{"preset=8", 422, ""}, {"mode=both", 422, ""}, {"flow=x%27%20or%201=1", 200, ""}, {"language=english", 422, ""}, {"nonsense=1", 400, ""},
		{"plan=%3Cb%3E&segment=medium", 200, "value=\"&lt;b&gt;\" selected"}};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		print_message("%s\n", ROWS[i].query);
		visit(OWNER, arena_printf(&setup.arena, "/analytics?%s", ROWS[i].query), ROWS[i].status);
		SHOWS(ROWS[i].shown);
	}
	/* The Overview's form for a report has days of its own: the filters keep "30 days". */
	visit(OWNER, "/?preset=90", 200);
	SHOWS("name=\"preset\" value=\"90\"", "name=\"from\" type=\"date\" value=\"\"", "name=\"to\" type=\"date\" value=\"\"");
	/* A link of the switches keeps the filters and lets go of days chosen by hand. */
	visit(OWNER, "/analytics?from=2026-01-01&to=2026-01-31&plan=a%20%26%20b&compare=yes", 200);
	SHOWS("href=\"/analytics?mode=live&amp;preset=7&amp;plan=a%20%26%20b&amp;compare=yes\"",
		"href=\"/analytics?mode=test&amp;from=2026-01-01&amp;to=2026-01-31&amp;plan=a%20%26%20b&amp;compare=yes\"");
}

/* --- files --- */

static const char *figure_csv(enum measure_figure figure, const char *from, const char *to)
{
	struct buffer out = {0};
	struct lease lease;
	PGresult *rows;
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(measure_read(&lease, figure, &(struct measure_scope){.org_id = alpha.org_id, .live = true, .from = from, .to = to}, &rows), OK);
	rows_csv_head(&out, rows);
	for (int row = 0; row < PQntuples(rows); row++)
		rows_csv(&out, rows, row);
	lease_return(&lease);
	const char *text = arena_memdup(&setup.arena, out.data, out.length);
	buffer_free(&out);
	return text;
}

static void files_are_the_figures(void **state)
{
	static const struct { const char *table; enum measure_figure figure; } ROWS[] = {{"days", MEASURE_DAYS}, {"revenue", MEASURE_REVENUE},
		{"offers", MEASURE_OFFERS}, {"segments", MEASURE_SEGMENT_OFFERS}, {"reasons", MEASURE_REASONS}, {"funnel", MEASURE_FUNNEL},
		{"steps", MEASURE_STEPS}, {"breakdown", MEASURE_BREAKDOWN}, {"money", MEASURE_MONEY}, {"summary", MEASURE_SUMMARY}};
	const char *from = sql("select ((now() - interval '89 days') at time zone 'UTC')::date"), *to = sql("select (now() at time zone 'UTC')::date");
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		visit(OWNER, arena_printf(&setup.arena, "/analytics/%s.csv?preset=90", ROWS[i].table), 200);
		assert_string_equal(page(), figure_csv(ROWS[i].figure, from, to));
		assert_string_equal(client_value(&caller, "Content-Type"), "text/csv; charset=utf-8; header=present");
		assert_string_equal(client_value(&caller, "Content-Disposition"),
			arena_printf(&setup.arena, "attachment; filename=\"%s-%s-%s.csv\"", ROWS[i].table, from, to));
	}
	visit(OWNER, "/analytics/cohorts.csv", 200);
	SHOWS("month,sessions,accepted");
	visit(OWNER, "/analytics/retention.csv", 200);
	SHOWS("kind,week,at_risk,ended,survival\r\n\"declined\",0,1,1,0.0\r\n", "\"discount\",0,2,0,100.0\r\n");
	visit(OWNER, "/analytics/nothing.csv", 404);
	visit(OWNER, "/analytics/days", 404);
	visit(OWNER, "/analytics/days.csv?to=2026-02-30", 422);
}

static int lines(void)
{
	int count = 0;
	for (const char *at = page(); (at = strstr(at, "\r\n")); at += 2)
		count++;
	return count;
}

static void lists_are_whole(void **state)
{
	enum { MANY = 2345 };
	(void)state;
	visit(OWNER, "/analytics/sessions.csv?preset=90", 200);
	assert_int_equal(lines(), 6);
	SHOWS("session,started_at,customer,", "\"<b>b</b>\"", "\"deflected\"");
	visit(OWNER, "/analytics/sessions.csv", 200);
	assert_int_equal(lines(), 3);
	visit(OWNER, "/analytics/sessions.csv?preset=90&currency=usd", 200);
	assert_int_equal(lines(), 2);
	visit(OWNER, "/analytics/decisions.csv?preset=90", 200);
	assert_int_equal(lines(), 6);
	SHOWS("\"'=expensive()\"", "jane@example.com");
	visit(OWNER, "/analytics/feedback.csv?preset=90", 200);
	assert_int_equal(lines(), 5);
	visit(ANALYST, "/analytics/feedback.csv?preset=90", 200);
	assert_int_equal(lines(), 5);
	HIDES("expensive()", "jane", "<b>b</b>");
	visit(ANALYST, "/analytics/sessions.csv?preset=90", 200);
	HIDES("<b>b</b>", "sub_a");
	visit(OWNER, "/analytics/subscriptions.csv", 200);
	assert_int_equal(lines(), 4);
	sql("insert into customer (org_id, live, id, ref, email, name) select '%s', true, gen_random_uuid(), 'many' || n, n || '@example.com', '+1' from "
		"generate_series(1, %d) n", alpha.org_id, MANY);
	visit(OWNER, "/analytics/customers.csv", 200);
	assert_int_equal(lines(), MANY + 1);
	SHOWS("\"many1\"", "\"many2345\"", "\"'+1\"");
	visit(ANALYST, "/analytics/customers.csv", 200);
	assert_int_equal(lines(), MANY + 1);
	HIDES("many1", "@example.com");
	visit(OWNER, "/analytics/customers.csv?mode=test", 200);
	assert_int_equal(lines(), 1);
	sql("delete from customer where ref like 'many%%'");
}

/* --- ROI --- */

static void assert_roi(const char *name, const char *paid, const char *estimate)
{
	SHOWS(arena_printf(&setup.arena, "</th><td class=\"number\">%s</td><td class=\"number\">%s</td>", paid, estimate));
	assert_non_null(strstr(page(), arena_printf(&setup.arena, "id=\"roi-%s\"", name)));
}

/* 90 days, EUR 95.00 paid and EUR 10.00 estimated, one customer (a, twice); cost EUR 20 a month is EUR 60 for the period.
 *   return       (95 / 90 × 30 − 20) / 20 = 58.3 %         (10 / 90 × 30 − 20) / 20 = −83.3 %
 *   multiplier   95 / 60 = 1.6                             10 / 60 = 0.2
 *   a customer   60 / 1
 *   break-even   ceil(20 / (95 / 90)) = 19 days            ceil(20 / (10 / 90)) = 180 days */
static void roi_is_calculated(void **state)
{
	static const struct { const char *cost; int status; } COSTS[] = {{"20", 200}, {"20.00", 200}, {"20,0", 200}, {"0020", 200}, {"20.001", 422}, {"0", 422}, {"-1", 422},
		{"x", 422}, {".", 422}, {"1.2.3", 422}, {"9999999999999999", 422}, {"12345678901234567", 422}, {"%20", 422}, {"1e3", 422}};
	(void)state;
	visit(OWNER, "/roi?preset=90&cost=20", 200);
	assert_roi("revenue", "EUR 95.00", "EUR 10.00");
	assert_roi("monthly_percent", "58.3 %", "−83.3 %");
	assert_roi("multiplier", "1.6 ×", "0.2 ×");
	assert_roi("cost_per_user_minor", "EUR 60.00", "EUR 60.00");
	assert_roi("break_even_days", "19", "180");
	SHOWS("Customers saved in these days: 1.", "href=\"/roi?mode=live&amp;preset=7&amp;cost=20\"", "The next 90 days", "All 90 days together: EUR ",
		"data-series=\"high\"", "Month by month", "name=\"cost\" value=\"20\"");
	for (size_t i = 0; i < sizeof COSTS / sizeof *COSTS; i++) {
		print_message("%s\n", COSTS[i].cost);
		visit(OWNER, arena_printf(&setup.arena, "/roi?preset=90&cost=%s", COSTS[i].cost), COSTS[i].status);
	}
	visit(OWNER, "/roi?preset=90", 200);
	HIDES("id=\"roi-revenue\"");
	visit(OWNER, "/roi?from=2026-01-01&to=2026-01-02", 200);
	SHOWS("No money is known yet");
	visit(OWNER, "/roi/forecast.csv?preset=90&cost=20", 200);
	assert_int_equal(lines(), 1 + 90 + 90);
	SHOWS("day,saved_minor,low_minor,high_minor,expected_minor\r\n", ",1000,,,\r\n");
	visit(OWNER, "/roi/trend.csv?preset=90&cost=20", 200);
	SHOWS("month,kept_net_minor,saved_minor,monthly_percent\r\n");
	visit(OWNER, "/roi/trend.csv?from=2026-01-01&to=2026-01-02", 404);
	visit(OWNER, "/roi/other.csv", 422);
}

/* --- feedback --- */

static void feedback_by_words(void **state)
{
	(void)state;
	visit(OWNER, "/feedback?preset=90", 200);
	SHOWS("Too &lt;i&gt;expensive&lt;/i&gt; for us", "jane@example.com", "=expensive()", "&lt;b&gt;b&lt;/b&gt;", ">expensive <small>3 · 75.0 %</small>",
		"href=\"/feedback?mode=live&amp;preset=90&amp;word=expensive\"", "href=\"/feedback?mode=live&amp;preset=90&amp;reason=unused\"");
	HIDES("<i>expensive", ">the <small>", ">for <small>");
	visit(OWNER, "/feedback?preset=90&word=expensively", 200);
	SHOWS("The prices are expensive");
	HIDES("jane@example.com");
	visit(OWNER, "/feedback?preset=90&reason=unused", 200);
	SHOWS("jane@example.com", "Show all answers of these days");
	HIDES("The prices are expensive");
	visit(OWNER, "/feedback?preset=90&word=nothing+like+it", 200);
	SHOWS("Nothing in these days.");
	/* Who may not read them sees what they are about, in words of three answers, and cannot ask for a name. */
	visit(ANALYST, "/feedback?preset=90", 200);
	SHOWS("<span class=\"pill\">expensive</span>", ">expensive <small>3");
	HIDES("prices", "jane", "for us", "&lt;b&gt;", "name=\"word\"", "<small>1 ·");
	visit(ANALYST, "/feedback?preset=90&word=jane", 200);
	HIDES("jane");
	SHOWS("<span class=\"pill\">expensive</span>");
}

static void feedback_in_pages(void **state)
{
	(void)state;
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order) "
		"select '%s', false, ('0190a000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, gen_random_uuid(), 'w' || n, 'de', 'low', false, '" FLOW "', 1, '' "
		"from generate_series(1, 60) n", alpha.org_id);
	sql("insert into decision (org_id, live, session_id, outcome, feedback, request_hash, status, decided_at) select org_id, live, id, 'declined', 'Antwort Nummer ' || "
		"right(id::text, 2) || ' mit Hunden', '', 'recorded', now() - (61 - right(id::text, 2)::int) * interval '1 second' from retention_session where org_id = '%s' and customer_ref like 'w%%'",
		alpha.org_id);
	visit(OWNER, "/feedback?mode=test", 200);
	SHOWS("Nummer 60 ", "Nummer 36 ", "Older answers", "before=0190a000-0000-7000-8000-000000000036", ">hunden <small>60 · 100.0 %");
	HIDES("Nummer 35 ", "The newest");
	visit(OWNER, "/feedback?mode=test&word=hund&before=0190a000-0000-7000-8000-000000000036", 200);
	SHOWS("Nummer 35 ", "Nummer 11 ", "The newest");
	HIDES("Nummer 36 ", "Nummer 10 ");
	visit(OWNER, "/feedback?mode=test&before=0190a000-0000-7000-8000-000000000011", 200);
	SHOWS("Nummer 01 ");
	HIDES("Older answers");
}

static void pages_speak_german(void **state)
{
	(void)state;
	sql("update account set language = 'de' where id = '%s'", people[ADMIN]);
	visit(ADMIN, "/?preset=90", 200);
	assert_figure("kept_net_minor", "95,00 EUR");
	assert_figure("save_rate", "33,3 %");
	SHOWS("lang=\"de\"", "Rettungsquote");
	visit(ADMIN, "/analytics?preset=90", 200);
	SHOWS("Rabatt", "Zu teuer", "Erstattungen und verlorene Einsprüche", "in denen ein Grund genannt wurde", "wurde; jede zählt dann");
	visit(ADMIN, "/roi?preset=90&cost=20", 200);
	SHOWS("58,3 %");
	visit(ADMIN, "/feedback?preset=90", 200);
	SHOWS("Rückmeldungen");
}

static void decisions_by_hand_end(void **state)
{
	const char *id = sql("select session_id from decision where status = 'manual'"), *target = arena_printf(&setup.arena, "/decisions/%s", id);
	(void)state;
	sql("insert into customer (org_id, live, id, ref) values ('%s', true, '" FLOW "', 'a')", alpha.org_id);
	visit(ANALYST, "/?preset=90", 200);
	SHOWS("Decisions that wait");
	HIDES("Carried out", "href=\"/customers/");
	visit(READER, "/?preset=90", 200);
	submit(READER, target, "mode=live&done=yes", 403);
	/* What waits is shown whatever the days. */
	visit(OWNER, "/?from=2020-01-01&to=2020-01-02", 200);
	SHOWS("Carried out", "href=\"/customers/" FLOW "?mode=live\">a</a>", "href=\"/subscriptions?view=attention&amp;state=unpaid&amp;mode=live\"");
	submit(OWNER, target, "mode=test&done=yes", 404);
	visit(OWNER, "/", 200);
	for (int i = 0; i < 2; i++) {
		submit(OWNER, target, "mode=live&done=yes", 303);
		visit(OWNER, "/?preset=90", 200);
		HIDES("Decisions that wait", "Decisions for your team");
	}
	assert_string_equal(sql("select status || ' ' || saved_minor || ' ' || status_reason || ' ' || (settled_at is not null) from decision where session_id = '%s'", id),
		"applied 600 Stripe refused true");
	assert_string_equal(sql("select string_agg(type || ' ' || actor_id, ' ') from event where entity_id = '%s'", id),
		arena_printf(&setup.arena, "customer.saved %s", people[OWNER]));
	assert_string_equal(sql("select string_agg(action || ' ' || actor_id, ' ') from audit_log where entity_id = '%s'", id),
		arena_printf(&setup.arena, "decision.apply %s", people[OWNER]));
	submit(OWNER, target, "mode=live&done=no", 409);
	visit(OWNER, "/?behind=nonsense", 422);
	/* Standing: as one that Stripe confirmed. */
	if (measure_rebuild(&setup, pool, NULL, NULL, NULL) != OK)
		fail_msg("%s %s", setup.fault.detail, setup.fault.internal);
	assert_string_equal(sql("select sum(standing) || ' ' || sum(manual) from measure_day where dimension = 'all' and live"), "2 0");
	sql("update decision set status = 'manual', saved_minor = 0 where session_id = '%s'", id);
	visit(OWNER, "/", 200);
	submit(OWNER, target, "mode=live&done=no", 303);
	assert_string_equal(sql("select status || ' ' || saved_minor from decision where session_id = '%s'", id), "left 0");
	assert_string_equal(sql("select string_agg(type, ' ' order by type) from event where entity_id = '%s'", id), "customer.saved decision.left");
	visit(OWNER, "/?preset=90", 200);
	SHOWS(">not carried out</span>");
	/* As many as one list shows, then a link to more. */
	sql("update decision set status = 'manual', saved_minor = 0 where session_id = '%s'", id);
	sql("with s as (insert into retention_session (org_id, live, id, key_id, customer_ref, plan, language, segment, currency, signed, flow_id, flow_version, "
		"step_order, started_at) select org_id, true, gen_random_uuid(), key_id, 'many', 'pro', 'en', 'medium', 'eur', false, flow_id, 1, '', "
		"now() - interval '1 year' from retention_session, generate_series(1, 10) where id = '%s' returning org_id, live, id) insert into decision (org_id, live, "
		"session_id, outcome, request_hash, status, decided_at) select org_id, live, id, 'cancelled', '', 'manual', now() - interval '1 year' from s", id);
	visit(OWNER, "/", 200);
	const char *more = strstr(page(), "behind=");
	assert_non_null(more);
	visit(OWNER, arena_printf(&setup.arena, "/?%.*s", (int)strcspn(more, "#\""), more), 200);
	SHOWS(">many <small>", "The newest");
	HIDES("behind=", "done\" value=\"yes\">Carried out<span class=\"unseen\"> a ");
	sql("insert into outreach_case (org_id, live, invoice_ref, customer_ref, subscription_ref, currency, due_minor, opened_at) values ('%s', true, 'in_2', 'cus_c', "
		"'sub_c', 'eur', 2000, now())", alpha.org_id);
	visit(OWNER, "/", 200);
	SHOWS("href=\"/outreach/cases?state=open&amp;mode=live\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(overview_says_what_was_kept), cmocka_unit_test(new_owners_are_led),
		cmocka_unit_test(analytics_shows_every_table), cmocka_unit_test(ranges_are_read), cmocka_unit_test(files_are_the_figures),
		cmocka_unit_test(lists_are_whole), cmocka_unit_test(roi_is_calculated), cmocka_unit_test(feedback_by_words),
		cmocka_unit_test(feedback_in_pages), cmocka_unit_test(pages_speak_german), cmocka_unit_test(decisions_by_hand_end)};
	return cmocka_run_group_tests(tests, open_stories, close_house);
}
