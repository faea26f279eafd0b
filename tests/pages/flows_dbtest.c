/* The pages of flows through the dispatcher: the list, what makes flows, the builder's page and its forms. */
#include "tests/pages/visitors.h"

#define SURVEY "%7B%22type%22%3A%22survey%22%2C%22title%22%3A%22Why%22%2C%22message%22%3A%22Tell%22%2C%22config%22%3A%7B%22options%22%3A%5B" \
	"%7B%22code%22%3A%22unused%22%2C%22text%22%3A%22Unused%22%7D%5D%7D%7D"
#define NAMELESS_DISCOUNT "%7B%22type%22%3A%22discount%22%2C%22title%22%3A%22%3Cb%3E%22%2C%22message%22%3A%22m%22%7D"

static const char *flow_id;

#define FLOW "/flows/%s"
#define AT(path) arena_printf(&setup.arena, path, flow_id)

static const char *draft(const char *what)
{
	return sql("select %s from flow_draft where flow_id = '%s'", what, flow_id);
}

static void makes_flows(void **state)
{
	static const struct { const char *fields; int status; const char *shown; } REFUSED[] = {
		{"name=&template=empty&language=en", 422, "role=\"alert\""},
		{"name=x&template=nonsense&language=en", 422, "role=\"alert\""},
		{"name=x&template=empty&language=english", 422, ""},
		{"template=empty&language=en", 400, ""}};
	(void)state;

	sql("update account set time_zone = 'Europe/Berlin' where id = '%s'", people[OWNER]);
	visit(OWNER, "/flows", 200);
	SHOWS("Make the flow", "value=\"aggressive\"", "value=\"empty\"", "href=\"/flows\" aria-current=\"page\"");
	for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
		visit(OWNER, "/flows", 200);
		submit(OWNER, "/flows", REFUSED[i].fields, REFUSED[i].status);
		SHOWS(REFUSED[i].shown);
	}
	visit(OWNER, "/flows", 200);
	submit(OWNER, "/flows", "name=From+reason&template=too_expensive&language=de", 303);
	assert_string_equal(sql("select document ->> 'language' from flow_draft where document ->> 'name' = 'From reason'"), "de");
	visit(OWNER, "/flows", 200);
	submit(OWNER, "/flows", "name=%22%3E%3Cscript%3E&template=empty&language=en", 303);
	flow_id = sql("select flow_id from flow_draft where document ->> 'name' like '%%script%%'");
	assert_string_equal(client_value(&caller, "Location"), AT(FLOW "?notice=made"));
	assert_string_equal(sql("select count(*) from event where entity = 'flow' and type = 'flow.created' and org_id = '%s'", alpha.org_id), "2");
	visit(OWNER, AT(FLOW "?notice=made"), 200);
	SHOWS("The flow is made.", "&quot;&gt;&lt;script&gt;", "A flow needs a step.", "Never published.");
	HIDES("\"><script>");
	visit(READER, "/flows", 200);
	SHOWS("From reason");
	HIDES("Make the flow", "Archive");
	visit(READER, AT(FLOW), 200);
	SHOWS("data-readonly");
	HIDES("Save the draft", "Make it the draft", "action=\"/flows/");
	submit(READER, "/flows", "name=x&template=empty&language=en", 403);
}

static void saves_drafts(void **state)
{
	static const struct { const char *fields; int status; const char *shown; } REFUSED[] = {
		{"revision=1&name=n&language=en&steps=%5B%7B", 422, "The steps are no JSON"},
		{"revision=1&name=&language=en&steps=%5B%5D", 422, "role=\"alert\""},
		{"revision=1&name=n&language=en&steps=%5B1%5D", 422, "role=\"alert\""},
		{"revision=9&name=kept&language=en&steps=%5B%5D", 412, "value=\"kept\""},
		{"revision=9&name=n&language=en&steps=%5B%5D", 412, "Somebody else saved meanwhile"},
		{"revision=x&name=n&language=en&steps=%5B%5D", 400, ""},
		{"name=n&language=en&steps=%5B%5D", 400, ""}};
	(void)state;

	for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
		visit(OWNER, AT(FLOW), 200);
		submit(OWNER, AT(FLOW), REFUSED[i].fields, REFUSED[i].status);
		SHOWS(REFUSED[i].shown);
		assert_string_equal(draft("revision"), "1");
	}
	visit(OWNER, AT(FLOW), 200);
	submit(OWNER, AT(FLOW), "revision=1&name=Two&language=en&segment=low&plan=pro&region=&rankingScore=70&cancelAt=stripe&steps=%5B" SURVEY "%2C"
		NAMELESS_DISCOUNT "%5D", 303);
	assert_string_equal(draft("concat_ws(' ', revision, document ->> 'segment', document ->> 'plan', document ->> 'region', document -> 'rankingScore')"),
		"2 low pro 70");
	visit(OWNER, AT(FLOW "?notice=saved"), 200);
	SHOWS("steps[1].config.percentage", "2. &lt;b&gt;", "<option value=\"low\" selected>", "<option value=\"stripe\" selected>");
	submit(OWNER, AT(FLOW "/publish"), "revision=2&activate=true", 422);
	SHOWS("role=\"alert\"");
	assert_string_equal(sql("select version from flow where id = '%s'", flow_id), "0");
}

static void publishes_and_restores(void **state)
{
	(void)state;
	visit(OWNER, AT(FLOW), 200);
	submit(OWNER, AT(FLOW), "revision=2&name=Two&language=en&steps=%5B" SURVEY "%5D", 303);
	visit(OWNER, AT(FLOW), 200);
	submit(OWNER, AT(FLOW "/publish"), "revision=2", 412);
	submit(OWNER, AT(FLOW "/publish"), "revision=3", 303);
	assert_string_equal(sql("select status || version from flow where id = '%s'", flow_id), "inactive1");
	visit(OWNER, AT(FLOW), 200);
	submit(OWNER, AT(FLOW), "revision=3&name=Three&language=en&steps=%5B%5D", 303);
	visit(OWNER, AT(FLOW), 200);
	submit(OWNER, AT(FLOW "/restore"), "revision=4&version=7", 404);
	visit(OWNER, AT(FLOW), 200);
	submit(OWNER, AT(FLOW "/restore"), "revision=4&version=1", 303);
	assert_string_equal(draft("document ->> 'name'"), "Two");
	assert_string_equal(sql("select string_agg(type, ' ' order by at) from event where entity_id = '%s'", flow_id), "flow.created flow.published");
}

/* Times are the person's own: 10:00 in Berlin is 09:00 in winter and 08:00 in summer. */
static void changes_states(void **state)
{
	static const struct { const char *fields; int status; const char *is; } ROWS[] = {
		{"state=active&from=&until=", 303, "active|"},
		{"state=active&from=2030-01-10T10:00", 303, "active|2030-01-10 09:00:00"},
		{"state=active&from=2030-07-10T10:00&until=2030-07-11", 303, "active|2030-07-10 08:00:00"},
		{"state=active&from=2030-07-10T10:00&until=2030-07-09T10:00", 422, "active|2030-07-10 08:00:00"},
		{"state=active&from=2030-02-30T10:00", 422, "active|2030-07-10 08:00:00"},
		{"state=active&from=tomorrow", 422, "active|2030-07-10 08:00:00"},
		{"state=inactive", 303, "inactive|"},
		{"state=archived", 303, "archived|"},
		{"state=active", 409, "archived|"},
		{"state=unarchived", 303, "inactive|"},
		{"state=gone", 422, "inactive|"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		visit(OWNER, "/flows", 200);
		submit(OWNER, AT(FLOW "/state"), ROWS[i].fields, ROWS[i].status);
		assert_string_equal(sql("select status || '|' || coalesce((active_from at time zone 'UTC')::text, '') from flow where id = '%s'", flow_id), ROWS[i].is);
	}
	visit(OWNER, "/flows", 200);
	submit(OWNER, AT(FLOW "/state"), "state=active&from=2030-07-10T10:00&until=2030-07-09T10:00", 422);
	SHOWS("role=\"alert\"", "value=\"2030-07-10T10:00\"", "value=\"2030-07-09T10:00\"", "action=\"/flows/");
	visit(OWNER, "/flows", 200);
	submit(OWNER, AT(FLOW "/delete"), "", 409);
	visit(OWNER, "/flows", 200);
	submit(OWNER, AT(FLOW "/copy"), "", 303);
	flow_id = sql("select id from flow where version = 0 order by created_at desc limit 1");
	assert_string_equal(client_value(&caller, "Location"), AT(FLOW "?notice=made"));
	visit(OWNER, "/flows?status=draft", 200);
	submit(OWNER, AT(FLOW "/delete"), "", 303);
	assert_string_equal(sql("select count(*) from flow where id = '%s'", flow_id), "0");
}

static void imports_flows(void **state)
{
	(void)state;
	visit(OWNER, "/flow-import", 200);
	submit(OWNER, "/flow-import", "format=table&text=type%09title%09message%0D%0Apause%09Break%0D%0Ananu%09a%09b&keep=true", 200);
	SHOWS("What is wrong", "type\ttitle\tmessage", "nanu");
	visit(OWNER, "/flow-import", 200);
	submit(OWNER, "/flow-import", "format=csv&text=type,title,message,months%0D%0Apause,Break,%3Ci%3E,1+2", 200);
	SHOWS("What was read", "Break", "Keep it as a new flow", "value=\"csv\" checked");
	HIDES("What is wrong", "<i>");
	/* A step without a title does not get the page's. */
	visit(OWNER, "/flow-import", 200);
	submit(OWNER, "/flow-import", "format=json&text=%7B%22name%22%3A%22N%22%2C%22steps%22%3A%5B%7B%22type%22%3A%22pause%22%7D%5D%7D", 200);
	SHOWS("<li>– <small>pause</small>", "<strong>N</strong> (en)");
	const char *before = sql("select count(*) from event where type = 'flow.created'");
	submit(OWNER, "/flow-import", "format=csv&text=type,title,message,months%0D%0Apause,Break,%3Ci%3E,1+2&keep=true", 303);
	assert_int_equal(strtol(sql("select count(*) from event where type = 'flow.created'"), NULL, 10), strtol(before, NULL, 10) + 1);
	assert_string_equal(sql("select document #>> '{steps,0,config,months}' from flow_draft order by changed_at desc limit 1"), "[1, 2]");
	visit(READER, "/flow-import", 403);
}

/* What belongs to others is not there; what one may not see neither. */
static void keeps_others_out(void **state)
{
	static const char *const FIELDS[] = {"revision=1", "revision=1&version=1", "state=archived", "", ""};
	(void)state;

	flow_id = sql("select id from flow where org_id = '%s' limit 1", bravo.org_id);
	visit(OWNER, AT(FLOW), 404);
	const char *const forms[] = {AT(FLOW "/publish"), AT(FLOW "/restore"), AT(FLOW "/state"), AT(FLOW "/copy"), AT(FLOW "/delete")};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		visit(OWNER, "/flows", 200);
		submit(OWNER, forms[i], FIELDS[i], 404);
	}
}

static void lists_every_version(void **state)
{
	(void)state;
	flow_id = sql("select v.flow_id from flow_version v join flow_draft d using (org_id, flow_id) where v.org_id = '%s' and v.version = 1 limit 1", alpha.org_id);
	visit(OWNER, AT(FLOW), 200);
	HIDES("?versions=");
	sql("insert into flow_version select (jsonb_populate_record(v, jsonb_build_object('version', n))).* from flow_version v, generate_series(2, 25) n "
		"where v.flow_id = '%s' and v.version = 1", flow_id);
	visit(OWNER, AT(FLOW), 200);
	SHOWS("name=\"version\" value=\"25\"", "name=\"version\" value=\"6\"", "?versions=6#versions");
	HIDES("name=\"version\" value=\"5\"");
	visit(OWNER, AT(FLOW "?versions=6"), 200);
	SHOWS("name=\"version\" value=\"5\"", "name=\"version\" value=\"1\"");
	HIDES("name=\"version\" value=\"6\"", "?versions=");
}

static void lists_flows(void **state)
{
	(void)state;
	sql("with f as (insert into flow (org_id, id, name, language, version) select '%s', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'n', 'en', 0 "
		"from generate_series(1, 60) n returning org_id, id) insert into flow_draft (org_id, flow_id, document) "
		"select org_id, id, '{\"name\": \"Many\", \"language\": \"en\"}' from f", alpha.org_id);
	sql("insert into measure_day select (jsonb_populate_record(null::measure_day, (select jsonb_object_agg(attname, 0) from pg_attribute "
		"where attrelid = 'measure_day'::regclass and attnum > 0) || jsonb_build_object('org_id', org_id, 'live', true, 'dimension', 'flow', 'value', id, "
		"'day', (now() at time zone 'UTC')::date - 29, 'currency', '', 'sessions', 1234))).* from flow where org_id = '%s' and version = 1 limit 1", alpha.org_id);
	visit(OWNER, "/flows", 200);
	SHOWS("1,234", "Older flows");
	const char *at = strstr(page(), "before=");
	assert_non_null(at);
	visit(OWNER, arena_printf(&setup.arena, "/flows?%.*s", (int)strcspn(at, "\"&"), at), 200);
	SHOWS("The newest");
	HIDES("Older flows");
	sql("update account set language = 'de' where id = '%s'", people[ADMIN]);
	visit(ADMIN, "/flows?status=draft", 200);
	SHOWS("nie veröffentlicht", "Ablauf anlegen", "lang=\"de\"");
	visit(ADMIN, "/flows?status=nonsense", 422);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(makes_flows), cmocka_unit_test(saves_drafts), cmocka_unit_test(publishes_and_restores),
		cmocka_unit_test(changes_states), cmocka_unit_test(imports_flows), cmocka_unit_test(keeps_others_out), cmocka_unit_test(lists_flows),
		cmocka_unit_test(lists_every_version)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
