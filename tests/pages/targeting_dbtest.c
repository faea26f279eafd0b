/* Segments and offers on their pages. */
#include "tests/pages/visitors.h"

#define ROW(n, fact, op, value) "&fact" #n "=" fact "&attribute" #n "=seats&op" #n "=" op "&value" #n "=" value

static void customers_add(void)
{
	sql("insert into customer (org_id, live, id, ref, name, email, plan, value_minor, currency) select '%s', true, gen_random_uuid(), 'c' || n, '<Name ' || n, "
		"n || '@example.com', 'pro', n * 1000, 'usd' from generate_series(1, 9) n", alpha.org_id);
	sql("insert into customer (org_id, live, id, ref, name, plan, value_minor) values ('%s', true, gen_random_uuid(), 'foreign', 'Foreign', 'pro', 9900)",
		bravo.org_id);
}

static void makes_a_segment(void **state)
{
	const char *id, *at;
	(void)state;
	customers_add();
	visit(OWNER, "/segments", 200);
	SHOWS("No segments yet.", "href=\"/segment-new\"");
	visit(OWNER, "/segment-new", 200);
	SHOWS("name=\"fact0\"", "values-segment", "<option value=\"low\">Low value</option>");
	HIDES("name=\"fact1\"", "Delete the segment");
	/* Counted, not kept; another row to fill in. */
	submit(OWNER, "/segments", "name=Good&join=all&act=count" ROW(0, "value", "at_least", "49,50") ROW(1, "", "is", ""), 200);
	SHOWS("Customers: 5", "the monthly value is at least 49.50", "value=\"49,50\"", "name=\"fact1\"", "&lt;Name 9", "9@example.com", "value=\"Good\"");
	HIDES("Foreign", "<Name");
	/* Nobody is called as the segment is. */
	sql("update customer set name = null, currency = null where ref = 'c9' and org_id = '%s'", alpha.org_id);
	submit(OWNER, "/segments", "name=Good&act=count" ROW(0, "value", "at_least", "90"), 200);
	SHOWS("Customers: 1", "<td>–</td><td>9@example.com</td><td>pro</td><td class=\"number\">–</td>");
	sql("update customer set name = '<Name 9', currency = 'usd' where ref = 'c9' and org_id = '%s'", alpha.org_id);
	assert_string_equal(sql("select count(*) from segment"), "0");
	submit(OWNER, "/segments", "name=&act=save" ROW(0, "value", "at_least", "49.50"), 422);
	SHOWS("The segment needs a name");
	submit(OWNER, "/segments", "name=Good&act=save" ROW(0, "plan", "is", "pro") ROW(1, "value", "at_least", "much"), 422);
	SHOWS("Row 2: this value does not go with this fact", "value=\"much\"");
	submit(OWNER, "/segments", "name=Good&act=save" ROW(0, "discounted", "at_least", "1"), 422);
	SHOWS("Row 1: this comparison does not go with this fact");
	submit(OWNER, "/segments", "name=Good&act=save", 422);
	SHOWS("At least one condition is needed");
	submit(OWNER, "/segments", "name=Good&join=any&act=save" ROW(0, "value", "at_least", "49.50") ROW(2, "attribute", "in", "5, 6 ,")
		ROW(3, "paused", "is", "no"), 303);
	id = sql("select id from segment");
	assert_string_equal(client_value(&caller, "Location"), arena_printf(&setup.arena, "/segments/%s?notice=saved", id));
	assert_string_equal(sql("select condition = '{\"any\": [{\"fact\": \"value\", \"op\": \"at_least\", \"value\": 4950}, {\"fact\": \"attribute.seats\", \"op\": "
		"\"in\", \"value\": [\"5\", \"6\"]}, {\"fact\": \"paused\", \"op\": \"is\", \"value\": false}]}'::jsonb from segment"), "t");
	at = arena_printf(&setup.arena, "/segments/%s", id);
	visit(OWNER, at, 200);
	SHOWS("Customers: 9", "value=\"49.50\"", "value=\"5, 6\"", "value=\"seats\"", "name=\"fact3\"", "value=\"any\" checked");
	/* A row less. */
	submit(OWNER, at, "name=Good&join=any&remove=1" ROW(0, "value", "at_least", "80") ROW(1, "attribute", "in", "5"), 200);
	SHOWS("Customers: 2");
	HIDES("name=\"fact2\"");
	submit(OWNER, at, "name=Better&act=save" ROW(0, "value", "at_least", "80"), 303);
	visit(OWNER, "/segments", 200);
	SHOWS("Better", "the monthly value is at least 80.00");
	visit(ANALYST, at, 200);
	SHOWS("Customers: 2", "hidden");
	HIDES("Name 9", "c9<", "@example.com", "name=\"fact0\"");
	visit(READER, "/segments", 200);
	submit(READER, at, "name=X&act=save", 403);
}

static void edits_what_rows_cannot_say(void **state)
{
	const char *id = sql("insert into segment (org_id, id, name, condition) values ('%s', gen_random_uuid(), 'Nested', "
		"'{\"not\": {\"fact\": \"plan\", \"op\": \"is\", \"value\": \"pro\"}}') returning id", alpha.org_id);
	const char *at = arena_printf(&setup.arena, "/segments/%s", id);
	(void)state;
	visit(OWNER, at, 200);
	SHOWS("name=\"json\"", "Customers: 0", "Nobody, so far.");
	HIDES("name=\"fact0\"");
	submit(OWNER, at, "name=Nested&act=save&json={\"not\":", 422);
	SHOWS("The condition is no JSON");
	submit(OWNER, at, "name=Nested&act=save&json={\"not\":{\"fact\":\"plan\",\"op\":\"is\",\"value\":\"basic\"}}", 303);
	visit(OWNER, at, 200);
	SHOWS("Customers: 9");
	sql("update flow set segment_id = '%s' where id = '%s'", id, flow_add(&setup, pool, alpha.org_id, "en", ANYBODY, EVERY_STEP));
	submit(OWNER, arena_printf(&setup.arena, "/segments/%s/delete", id), "", 409);
	SHOWS("A flow is for this segment", "Nested");
	sql("update flow set segment_id = null");
	submit(OWNER, arena_printf(&setup.arena, "/segments/%s/delete", id), "", 303);
	visit(OWNER, at, 404);
}

static void sets_offers(void **state)
{
	const char *flow = sql("select id from flow where org_id = '%s' limit 1", alpha.org_id);
	(void)state;
	visit(OWNER, "/offers", 200);
	SHOWS("Thompson", "Longer trial", "value=\"documented\" checked", "Trial: below 1 a month", "action=\"/offers/discount\"");
	submit(OWNER, "/offers/discount", "enabled=true&most=&period=90&cooldown=0", 303);
	assert_string_equal(sql("select concat_ws('|', enabled, coalesce(accepted_most, 0), period_days, cooldown_days, discounted) from offer_rule"), "t|0|90|0|f");
	visit(OWNER, "/offers?notice=saved", 200);
	SHOWS("It is saved", "id=\"period-discount\" name=\"period\" type=\"number\" min=\"1\" max=\"730\" required value=\"90\"");
	submit(OWNER, "/offers", "policy=adaptive&floor=15", 303);
	visit(OWNER, "/offers", 200);
	SHOWS("value=\"adaptive\" checked", "value=\"15\"");
	submit(OWNER, arena_printf(&setup.arena, "/offer-flows/%s", flow), "policy=documented", 303);
	assert_string_equal(sql("select offer_policy from flow where id = '%s'", flow), "documented");
	visit(OWNER, "/offers", 200);
	submit(OWNER, arena_printf(&setup.arena, "/offer-flows/%s", flow), "policy=", 303);
	assert_string_equal(sql("select coalesce(offer_policy, '-') from flow where id = '%s'", flow), "-");
	visit(READER, "/offers", 200);
	SHOWS("fieldset disabled");
	HIDES("Save the order");
	submit(READER, "/offers", "policy=documented&floor=15", 403);
}

static void speaks_german(void **state)
{
	(void)state;
	sql("update account set language = 'de' where id = '%s'", people[ADMIN]);
	visit(ADMIN, "/segments", 200);
	SHOWS("<html lang=\"de\">", "Segmente", "der Monatswert ist mindestens 80,00");
	visit(ADMIN, "/segment-new", 200);
	SHOWS("Ein neues Segment", "Wertklasse", "ist mindestens");
	submit(ADMIN, "/segments", "name=Gut&act=count" ROW(0, "value", "below", "viel"), 422);
	SHOWS("Zeile 1: Dieser Wert passt nicht zu dieser Angabe");
	visit(ADMIN, "/offers", 200);
	SHOWS("Wem Angebote gemacht werden", "Thompson-Sampling");
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(makes_a_segment), cmocka_unit_test(edits_what_rows_cannot_say), cmocka_unit_test(sets_offers),
		cmocka_unit_test(speaks_german)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
