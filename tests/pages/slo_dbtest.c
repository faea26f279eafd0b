/* The SLO page through the dispatcher: empty, with figures that were worked out by hand, its ranges, to whom it is shown. */
#include "tests/pages/visitors.h"

#define FIGURES "0, 0, 0, '{}'" /* times, level, most, buckets */

static int begin(void **state)
{
	(void)state;
	sql("truncate observe_node, observe_sample");
	return 0;
}

static void row(const char *at, const char *kind, const char *key, const char *class, const char *figures)
{
	sql("insert into observe_sample (step, at, kind, key, node, class, count, refused, failed, slow, sum_us, level, most, buckets) "
		"values (60, now() - interval '%s', '%s', '%s', 'one', %s, %s)", at, kind, key, class, figures);
}

/* The widget's objective is 99.5 %: of 1,000 requests 4 failed and 2 were slow, which is 1.2 times its budget. Bucket 44 ends at 102.4 ms, 52 at 409.6 ms. */
static int fill(void **state)
{
	begin(state);
	sql("insert into observe_node values ('one', now(), '', '{}')");
	row("10 minutes", "class", "widget", "'widget'", "1000, 5, 4, 2, 100, 0, 0, '{44,900,52,100}'");
	row("10 minutes", "route", "POST /api/v1/widget/start", "'widget'", "1000, 5, 4, 2, 100, 0, 0, '{44,900,52,100}'");
	row("2 hours", "class", "page", "'page'", "50, 0, 0, 0, 100, 0, 0, '{44,50}'");
	row("2 hours", "route", "GET /slo", "'page'", "50, 0, 0, 0, 100, 0, 0, '{44,50}'");
	row("10 minutes", "pool", "widget", "null", "3, 0, 0, 0, 100, 15, 16, '{44,3}'");
	row("10 minutes", "cache", "who", "null", "1000, 0, 60, 0, " FIGURES);
	row("10 minutes", "cache", "flows", "null", "1000, 0, 140, 0, " FIGURES);
	row("10 minutes", "queue", "high", "null", "0, 0, 0, 0, 0, 51, 75, '{}'");
	row("10 minutes", "query", "select", "null", "1000, 0, 0, 0, 0, 0, 0, '{44,1000}'");
	row("10 minutes", "slow-query", "critical", "null", "3, 0, 0, 0, " FIGURES);
	row("10 minutes", "job", "mail.send", "null", "100, 0, 2, 0, " FIGURES);
	row("10 minutes", "job", "webhook.deliver", "null", "100, 0, 5, 0, " FIGURES);
	row("10 minutes", "shed", "analytics", "null", "12, 0, 0, 0, " FIGURES);
	row("2 hours", "brownout", "analytics", "null", "0, 0, 0, 0, 0, 1, 0, '{}'");
	return 0;
}

/* Of one table row, by the start of it. */
static const char *line(const char *start)
{
	const char *at = strstr(page(), start);
	if (!at)
		fail_msg("no %s in %s", start, page());
	return arena_printf(&setup.arena, "%.*s", (int)(strstr(at, "</tr>") - at), at);
}

static void holds(const char *start, const char *text, bool wanted)
{
	if (!strstr(line(start), text) == wanted)
		fail_msg("%s: %s in %s", wanted ? "missing" : "not expected", text, line(start));
}

static void is_empty_at_first(void **state)
{
	(void)state;
	visit(OWNER, "/slo", 200);
	SHOWS("id=\"empty\"", "Nothing is measured yet");
	HIDES("id=\"objectives\"", "<svg class=\"lines\"");
}

static void shows_figures(void **state)
{
	(void)state;
	visit(OWNER, "/slo?range=1h", 200);
	HIDES("id=\"empty\"");
	holds("<tr id=\"class-widget\"", "99.50 % within 250 ms", true);
	holds("<tr id=\"class-widget\"", "−20.0 %", true); /* 6 bad of 5 that the budget pays for */
	holds("<tr id=\"class-widget\"", "99.40 %", true);
	holds("<tr id=\"class-widget\"", "<td class=\"number\">1.2</td><td class=\"number\">1.2</td><td class=\"number\">1.2</td>", true);
	holds("<tr id=\"class-widget\"", "used up", true);
	holds("<tr id=\"class-widget\"", "burns slowly", true);
	holds("<tr id=\"class-widget\"", "384 ms", true);
	holds("<tr id=\"class-widget\"", "216.0 min of 30 days", true);
	holds("<tr id=\"class-widget\"", "over", true);
	holds("<tr id=\"class-page\"", "well", true);
	holds("<tr id=\"class-page\"", "<td class=\"number\">0</td>", true); /* none in this hour */
	holds("POST /api/v1/widget/start</a>", "0.28</td><td class=\"number\">1,000</td><td class=\"number\">0.4 %", true);
	SHOWS("<h2>Requests: widget</h2>", "<h2>Duration: widget</h2>", "<svg class=\"lines\"", "<svg class=\"columns\"", "series-cancels");
	holds("<th scope=\"row\">widget</th>", "93.8 % <span class=\"pill bad\">", true);
	holds("<tr id=\"cache-who\"", "94.0 % <span class=\"pill pending\">below", true);
	holds("<tr id=\"cache-flows\"", "below", false);
	holds("<th scope=\"row\">high</th>", "pill bad\">alert", true);
	holds("<th scope=\"row\">slow: critical</th>", "3", true);
	holds("<tr id=\"job-mail.send\"", "98.0 % <span class=\"pill bad\">below", true);
	holds("<tr id=\"job-webhook.deliver\"", "below", false);
	SHOWS("12 requests of class analytics were turned away.");
	HIDES("Part analytics was switched off.", "GET /slo</a>");
}

static bool has_dot(void)
{
	const char *path = strstr(page(), "line series-one");
	return path && strstr(arena_printf(&setup.arena, "%.*s", (int)strcspn(path, ">"), path), "h.01");
}

/* Of an hour 61 minutes are drawn, whatever was seen in them; the only one that saw something is a dot. */
static void shows_gaps(void **state)
{
	int points = 0;
	(void)state;
	visit(OWNER, "/slo?range=1h", 200);
	for (const char *at = page(); (at = strstr(at, "<g><title>")); at++)
		points++;
	assert_int_equal(points, 61);
	assert_true(has_dot());
	row("9 minutes", "class", "widget", "'widget'", "1000, 0, 0, 0, 100, 0, 0, '{44,1000}'");
	visit(OWNER, "/slo?range=1h", 200);
	assert_false(has_dot());
}

static void says_when_it_is_old(void **state)
{
	(void)state;
	visit(OWNER, "/slo", 200);
	HIDES("id=\"stale\"");
	sql("update observe_node set sampled_at = now() - interval '10 minutes'");
	visit(OWNER, "/slo", 200);
	SHOWS("id=\"stale\"");
	holds("<tr id=\"class-page\"", "well", false);
}

static void looks_back(void **state)
{
	(void)state;
	visit(OWNER, "/slo", 200);
	SHOWS("aria-current=\"true\">24 hours", "Part analytics was switched off.", "GET /slo</a>");
	visit(OWNER, "/slo?range=24h&class=page", 200);
	SHOWS("<h2>Duration: page</h2>", "href=\"/slo?range=30d&amp;class=page\"");
	visit(OWNER, "/slo?range=30d&route=POST%20%2Fapi%2Fv1%2Fwidget%2Fstart", 200);
	SHOWS("<h2>Duration: POST /api/v1/widget/start</h2>", "href=\"/slo?range=1h&amp;route=POST%20%2Fapi%2Fv1%2Fwidget%2Fstart\"");
	visit(OWNER, "/slo?route=GET%20%2Fnowhere%3Cb%3E", 200);
	HIDES("<h2>Duration", "nowhere<b>");
	visit(OWNER, "/slo?range=2h", 422);
	visit(OWNER, "/slo?class=fast", 422);
}

static void is_for_those_who_operate(void **state)
{
	(void)state;
	visit(ADMIN, "/slo", 200);
	visit(READER, "/slo", 403);
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test_setup(is_empty_at_first, begin), cmocka_unit_test_setup(shows_figures, fill),
		cmocka_unit_test_setup(looks_back, fill), cmocka_unit_test_setup(shows_gaps, fill), cmocka_unit_test_setup(says_when_it_is_old, fill), cmocka_unit_test_setup(is_for_those_who_operate, fill)};
	return cmocka_run_group_tests(cases, open_house, close_house);
}
