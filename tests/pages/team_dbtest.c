/* Team, Audit log, Appearance and keys through the dispatcher. */
#include "tests/pages/visitors.h"

static void shows_the_team(void **state)
{
	(void)state;
	sql("update account set name = '' where id = '%s'", people[READER]);
	visit(OWNER, "/team", 200);
	SHOWS("p0@example.com", "p3@example.com", ">you<", ">invited<", "value=\"owner\"", "Invite a person", "href=\"/team\" aria-current=\"page\"");
	visit(ADMIN, "/team", 200);
	SHOWS("Invite a person", "value=\"admin\"");
	HIDES("value=\"owner\"", "Role of p0@example.com");
	visit(READER, "/team", 200);
	SHOWS("p0@example.com");
	HIDES("Invite a person", "<select");
	sql("update account set password_hash = 'x' where id in (select account_id from membership where org_id = '%s')", alpha.org_id);
	visit(OWNER, "/team", 200);
	HIDES(">invited<");
}

static void changes_the_team(void **state)
{
	const char *id;
	(void)state;
	visit(OWNER, "/team", 200);
	submit(OWNER, "/team", "email=new@example.com&name=Nora&role=analyst", 303);
	assert_string_equal(client_value(&caller, "Location"), "/team?notice=invited");
	assert_string_equal(sql("select count(*) from job where kind = 'password.mail' and payload->>'email' = 'new@example.com'"), "1");
	visit(OWNER, "/team?notice=invited", 200);
	SHOWS("Nora", "gets a mail with a link");
	submit(OWNER, "/team", "email=new@example.com&role=analyst", 409);
	SHOWS("This person is a member already", "value=\"new@example.com\"");
	id = sql("select id from account where email = 'new@example.com'");
	visit(OWNER, "/team", 200);
	submit(OWNER, arena_printf(&setup.arena, "/team/%s", id), "role=admin", 303);
	assert_string_equal(sql("select role from membership where org_id = '%s' and account_id = '%s'", alpha.org_id, id), "admin");
	visit(ADMIN, "/team", 200);
	submit(ADMIN, arena_printf(&setup.arena, "/team/%s", id), "role=owner", 403);
	SHOWS("Only an owner may make, change or remove an owner");
	visit(OWNER, "/team", 200);
	submit(OWNER, arena_printf(&setup.arena, "/team/%s", people[OWNER]), "role=admin", 409);
	SHOWS("An organisation needs an owner");
	submit(OWNER, arena_printf(&setup.arena, "/team/%s/remove", id), "", 303);
	assert_string_equal(sql("select count(*) from account where id = '%s'", id), "0");
	visit(READER, "/team", 200);
	submit(READER, "/team", "email=x@example.com&role=readonly", 403);
}

static void shows_the_audit_log(void **state)
{
	(void)state;
	sql("insert into audit_log (org_id, id, actor_kind, actor_id, action, entity, after, address, at) values "
		"('%s', gen_random_uuid(), 'session', '%s', 'flow.create', 'flow', '{\"name\": \"<Harbour>\"}', '192.0.2.9', '2026-01-31 23:59Z'), "
		"('%s', gen_random_uuid(), 'system', null, 'decision.apply', 'decision', null, null, '2026-02-01 00:00Z'), "
		"('%s', gen_random_uuid(), 'session', null, 'foreign.act', 'flow', null, null, now())", alpha.org_id, people[OWNER], alpha.org_id, bravo.org_id);
	visit(OWNER, "/audit", 200);
	SHOWS("flow.create", "&lt;Harbour&gt;", "192.0.2.9", "decision.apply", "the house", ">P<", "value=\"session\">Sign-ins<");
	HIDES("foreign.act");
	visit(OWNER, "/audit?what=session", 200);
	SHOWS("<code>session.start</code>", "value=\"session\" selected>Sign-ins<");
	HIDES("<code>flow.create</code>");
	visit(OWNER, "/audit?what=flow&who=&from=2026-01-31&to=2026-01-31", 200);
	SHOWS("flow.create", "value=\"2026-01-31\"", "value=\"flow\" selected");
	HIDES("decision.apply");
	visit(OWNER, "/audit?what=decision.apply&from=2026-02-01", 200);
	SHOWS("decision.apply");
	HIDES("flow.create");
	visit(OWNER, arena_printf(&setup.arena, "/audit?who=%s&what=flow", people[OWNER]), 200);
	SHOWS("flow.create");
	visit(OWNER, arena_printf(&setup.arena, "/audit?who=%s&what=flow", people[READER]), 200);
	SHOWS("None.");
	HIDES("flow.create");
	visit(OWNER, "/audit?from=2026-02-30", 422);
	SHOWS("A day is written as 2026-01-31");
	visit(ADMIN, "/audit", 403);
	sql("insert into audit_log (org_id, id, actor_kind, action, entity) select '%s', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, "
		"'system', 'many.lines', 'x' from generate_series(1, 60) n", alpha.org_id);
	visit(OWNER, "/audit?what=many", 200);
	SHOWS("href=\"/audit?what=many&amp;before=00000000-0000-7000-8000-000000000011\"");
	visit(OWNER, "/audit?what=many&before=00000000-0000-7000-8000-000000000011", 200);
	HIDES("Older ones");
}

static void sets_the_appearance(void **state)
{
	(void)state;
	visit(OWNER, "/settings/branding", 200);
	SHOWS("value=\"#003a78\"", "value=\"14\"");
	submit(OWNER, "/settings/branding", "accent=%231f7a4d&accentDark=%236fdc9f&radius=4&font=Inter", 303);
	visit(OWNER, "/settings/branding?saved=yes", 200);
	SHOWS("value=\"#1f7a4d\"", "value=\"#6fdc9f\"", "value=\"4\"", "value=\"Inter\"", "looks like this now");
	submit(OWNER, "/settings/branding", "accent=%23ffff00&accentDark=%236fdc9f&radius=4", 422);
	SHOWS("does not stand out", "value=\"#ffff00\"");
	assert_string_equal(sql("select accent from branding where org_id = '%s'", alpha.org_id), "#1f7a4d");
	visit(READER, "/settings/branding", 200);
	HIDES("<button>Save");
	submit(READER, "/settings/branding", "accent=%231f7a4d&accentDark=%236fdc9f&radius=4", 403);
}

static void changes_keys(void **state)
{
	const char *at = arena_printf(&setup.arena, "/keys/%s", alpha.live.id), *server = arena_printf(&setup.arena, "/keys/%s", alpha.server.id);
	(void)state;
	visit(OWNER, "/keys", 200);
	SHOWS(at);
	visit(OWNER, at, 200);
	SHOWS("https://shop.example", "value=\"1000000\"");
	submit(OWNER, at, "name=Shop&origins=https://a.example%0Ahttps://b.example&signature=required&rate=500", 303);
	assert_string_equal(sql("select name || origins::text || signature_required || rate_per_minute from api_key where id = '%s'", alpha.live.id),
		"Shop{https://a.example,https://b.example}true500");
	visit(OWNER, at, 200);
	submit(OWNER, at, "name=Shop&origins=ftp://a.example&rate=500", 422);
	SHOWS("is not an origin", "ftp://a.example");
	visit(OWNER, server, 200);
	HIDES("name=\"origins\"");
	submit(OWNER, server, "name=Server&rate=7", 303);
	visit(OWNER, server, 200);
	submit(OWNER, arena_printf(&setup.arena, "/keys/%s/rotate", alpha.server.id), "hours=0", 200);
	SHOWS("shown this once", "stoa_live_");
	visit(OWNER, server, 404);
	assert_string_equal(sql("select count(*) from api_key where org_id = '%s' and name = 'Server' and rate_per_minute = 7", alpha.org_id), "2");
	visit(ANALYST, at, 403);
}

/* The same pages for someone who reads German. */
static void speaks_german(void **state)
{
	(void)state;
	visit(OWNER, "/settings", 200);
	submit(OWNER, "/settings", "language=de&timeZone=Europe/Berlin&notify=none", 303);
	visit(OWNER, "/team", 200);
	SHOWS("<html lang=\"de\">", "<h1>Team</h1>", "Eine Person einladen", "Inhaber", "Abmelden");
	visit(OWNER, "/audit?what=flow", 200);
	SHOWS("Prüfprotokoll", "01.02.2026, 00:59");
	visit(OWNER, "/jobs/00000000-0000-7000-8000-000000000000", 404);
	SHOWS("Nicht gefunden", "Diesen Job gibt es nicht");
	visit(ADMIN, "/team", 200);
	SHOWS("<html lang=\"en\">");
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(shows_the_team), cmocka_unit_test(changes_the_team), cmocka_unit_test(shows_the_audit_log),
		cmocka_unit_test(sets_the_appearance), cmocka_unit_test(changes_keys), cmocka_unit_test(speaks_german)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
