/* The page of data, and a customer's export and erasure, through the dispatcher. */
#include "tests/pages/visitors.h"

#define PERIODS "words=31&sessions=1095&consent=1825&alerts=365&outreach=730"

static void periods(void **state)
{
	(void)state;

	visit(OWNER, "/settings/data", 200);
	SHOWS("href=\"/settings/data\" aria-current=\"page\"", "name=\"cancelNow\" value=\"on\" checked", "name=\"words\" type=\"number\" min=\"30\" max=\"3650\" "
		"required value=\"730\"", "AB 2863", "<code>flow_version</code>", "set for the whole house");
	submit(OWNER, "/settings/data", PERIODS, 303);
	assert_string_equal(client_value(&caller, "Location"), "/settings/data?saved=yes");
	assert_string_equal(sql("select (payload #>> '{after,words}') || ' ' || (payload #>> '{after,cancel_now}') from event where type = 'privacy.changed' and "
		"org_id = '%s'", alpha.org_id), "31 false");
	visit(OWNER, "/settings/data?saved=yes", 200);
	SHOWS("Saved.", "value=\"31\"");
	HIDES("value=\"on\" checked");
	submit(OWNER, "/settings/data", "cancelNow=on&words=31&sessions=1095&consent=1000&alerts=365&outreach=730", 422);
	SHOWS("A period is outside its bounds", "value=\"1000\"", "value=\"on\" checked");
	assert_string_equal(sql("select days from keep_period where org_id = '%s' and name = 'consent'", alpha.org_id), "1825");
	visit(READER, "/settings/data", 200);
	SHOWS("readonly", "disabled");
	submit(READER, "/settings/data", PERIODS, 403);
	visit(ADMIN, "/settings/data", 200);
	submit(ADMIN, "/settings/data", PERIODS, 403);
}

static void customers(void **state)
{
	const char *id = sql("insert into customer (org_id, live, id, ref, email, name) values ('%s', true, gen_random_uuid(), 'ada', 'ada@example.com', 'Ada') "
		"returning id", alpha.org_id), *foreign = sql("insert into customer (org_id, live, id, ref, name) values ('%s', true, gen_random_uuid(), 'bob', 'Bob') "
		"returning id", bravo.org_id);
	(void)state;

	visit(ADMIN, arena_printf(&setup.arena, "/customers/%s/export?mode=live", id), 200);
	assert_non_null(strstr(client_value(&caller, "Content-Disposition"), "attachment"));
	assert_string_equal(json_text(json_object_object_get(caller.reply, "customer"), "name", ""), "Ada");
	visit(ADMIN, arena_printf(&setup.arena, "/customers/%s/export?mode=test", id), 404);
	visit(ADMIN, arena_printf(&setup.arena, "/customers/%s/export", foreign), 404);
	visit(ANALYST, arena_printf(&setup.arena, "/customers/%s/export", id), 403);
	visit(ADMIN, "/settings/data", 200);
	submit(ADMIN, arena_printf(&setup.arena, "/customers/%s/erase", foreign), "mode=live", 404);
	visit(ADMIN, "/settings/data", 200);
	/* Twice is once. */
	for (int i = 0; i < 2; i++) {
		visit(ADMIN, "/settings/data", 200);
		submit(ADMIN, arena_printf(&setup.arena, "/customers/%s/erase", id), "mode=live", 303);
	}
	assert_string_equal(sql("select count(*) from job where kind = 'customer.erase' and payload ->> 'customer' = '%s'", id), "1");
	visit(ANALYST, "/settings/data", 200);
	submit(ANALYST, arena_printf(&setup.arena, "/customers/%s/erase", id), "mode=live", 403);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {cmocka_unit_test(periods), cmocka_unit_test(customers)};

	return cmocka_run_group_tests(TESTS, open_house, close_house);
}
