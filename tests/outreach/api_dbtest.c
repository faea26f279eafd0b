/* Outreach's routes through the owner's family, against a real database. */
#include "config.h"

#include "tests/widget/client.h"

#include "base/log.h"
#include "identity/identity.h"
#include "retention/family.h"
#include "text/json.h"
#include "who/secret.h"

#define PATH "/api/v1/retention/"
#define CUSTOMER "0190a000-0000-7000-8000-00000000000a"
#define NOWHERE "00000000-0000-7000-8000-000000000000"

static struct tenant tenant, other;
static struct caller caller;
static char people[2][WHO_TOKEN_TEXT]; /* an owner, an analyst */

static int as(const char *token, const char *method, const char *target, const char *body)
{
	const char *const headers[] = {"Authorization", arena_printf(&setup.arena, "Bearer %s", token), NULL};

	return client_send(&caller, method, target, NULL, body, body ? strlen(body) : 0, headers);
}

static int owner(const char *method, const char *target, const char *body)
{
	return as(people[0], method, target, body);
}

static const char *reply(void)
{
	return caller.rep.body.length ? caller.rep.body.data : "";
}

static struct json_object *data(void)
{
	struct json_object *root;

	if (json_read(&setup, reply(), strlen(reply()), JSON_DEPTH, &root) != OK)
		fail_msg("%s", reply());
	return json_object_object_get(root, "data");
}

/* One member of every row, with blanks between. */
static const char *column(const char *name)
{
	struct json_object *rows = data();
	const char *all = "";

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *value = json_object_object_get(json_object_array_get_idx(rows, i), name);

		all = arena_printf(&setup.arena, "%s%s%s", all, i ? " " : "", value ? json_object_get_string(value) : "null");
	}
	return all;
}

static void person_add(int number, enum role role)
{
	struct session_tokens tokens;
	struct lease lease;
	char id[ID_TEXT];

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_add(&setup, &lease, tenant.org_id, arena_printf(&setup.arena, "p%d@example.com", number), "P", role, id), OK);
	assert_int_equal(session_start(&setup, &lease, tenant.org_id, id, role, &(struct client){0}, &tokens), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	snprintf(people[number], sizeof people[number], "%s", tokens.access);
}

static void fill(void)
{
	sql("insert into customer (org_id, live, id, ref, stripe_ref, email, name, plan, value_minor, currency, customer_since) values "
		"('%1$s', true, '" CUSTOMER "', 'user_1', 'cus_1', 'Ann@Harbour.example', 'Ann Harbour', 'Pro', 4900, 'usd', now() - interval '1 year'), "
		"('%1$s', true, gen_random_uuid(), 'user_2', 'cus_2', 'bob@harbour.example', 'Bob', 'Basic', 900, 'usd', now()), "
		"('%1$s', false, gen_random_uuid(), 'user_3', 'cus_3', 'test@harbour.example', 'Test', 'Basic', 900, 'usd', now()), "
		"('%2$s', true, gen_random_uuid(), 'user_1', 'cus_1', 'ann@other.example', 'Other', 'Basic', 900, 'usd', now())", tenant.org_id, other.org_id);
	sql("insert into subscription (org_id, live, ref, customer_ref, status, plan, period, month_minor, currency, started_at, period_ends_at, "
		"cancel_at_period_end, canceled_at, as_of) values "
		"('%1$s', true, 'sub_1', 'cus_1', 'active', 'Pro', 'month', 4900, 'usd', now() - interval '300 days', now() + interval '5 days', true, "
		"now() - interval '2 days', now()), "
		"('%1$s', true, 'sub_2', 'cus_2', 'active', 'Basic', 'month', 900, 'usd', now() - interval '300 days', now() + interval '6 days', false, null, now()), "
		"('%1$s', true, 'sub_3', 'cus_2', 'past_due', 'Basic', 'month', 900, 'eur', now() - interval '300 days', now() + interval '7 days', false, null, now()), "
		"('%1$s', true, 'sub_4', 'cus_2', 'trialing', 'Basic', 'month', 900, 'usd', now() - interval '3 days', now() + interval '40 days', false, null, now())",
		tenant.org_id);
	sql("insert into invoice (org_id, live, ref, customer_ref, subscription_ref, status, currency, due_minor, paid_minor, created_at, paid_at, as_of) values "
		"('%s', true, 'in_1', 'cus_1', 'sub_1', 'paid', 'usd', 4900, 4900, now() - interval '30 days', now() - interval '30 days', now())", tenant.org_id);
	for (int i = 0; i < 3; i++)
		sql("insert into alert (org_id, live, id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, occasion, month_minor, currency, "
			"created_at) values ('%s', true, gen_random_uuid(), '%s', '%s', 'sub_1', 'cus_1', 'cancellation', %d, now() + interval '5 days', now(), 4900, 'usd', "
			"now())", tenant.org_id, i ? "expiring_soon" : "renewal_reminder", i == 2 ? "urgent" : "low", i);
	sql("insert into outreach_case (org_id, live, invoice_ref, customer_ref, subscription_ref, currency, due_minor, opened_at, state, reason, closed_at, "
		"recovered_minor) values ('%s', true, 'in_1', 'cus_1', 'sub_1', 'usd', 4900, now() - interval '31 days', 'recovered', 'mail', now(), 4900)",
		tenant.org_id);
	sql("insert into outreach_mail (org_id, live, id, program, kind, customer_id, invoice_ref, occasion, step, state, due_at, created_at, handed_at) values "
		"('%1$s', true, gen_random_uuid(), 'payment', 'payment.failed', '" CUSTOMER "', 'in_1', 'in_1', 1, 'sent', now(), now() - interval '29 days', now()), "
		"('%1$s', true, gen_random_uuid(), 'retention', 'retention.offer', '" CUSTOMER "', null, 'sub_1', 1, 'suppressed', now(), now(), null)", tenant.org_id);
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, started_at) "
		"values ('%s', true, '0190a000-0000-7000-8000-0000000000aa', gen_random_uuid(), 'user_1', 'en', 'medium', false, gen_random_uuid(), 1, '', "
		"now() - interval '2 days')", tenant.org_id);
	sql("insert into decision (org_id, live, session_id, outcome, reason_code, reason_text, request_hash, status) "
		"values ('%s', true, '0190a000-0000-7000-8000-0000000000aa', 'declined', 'too_expensive', 'secret words', '\\x00', 'applied')", tenant.org_id);
}

static int open_house(void **state)
{
	char message[256], path[4096];

	(void)state;
	serve_conf();
	conf_add(IDENTITY_CONF);
	snprintf(path, sizeof path, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", path, 1);
	setenv("STOA_WEB_SESSION_PER_MINUTE", "0", 1);
	setting("STOA_WEB_ANONYMOUS_PER_MINUTE", "0");
	log_open("api_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	pool = pool_open(2);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_RETENTION, message))
		fail_msg("%s", message);
	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	person_add(0, ROLE_OWNER);
	person_add(1, ROLE_ANALYST);
	caller_open(&caller);
	fill();
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	caller_close(&caller);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

/* --- alerts --- */

static void alerts_are_read(void **state)
{
	(void)state;
	assert_int_equal(owner("GET", PATH "alerts", NULL), 200);
	assert_string_equal(column("kind"), "expiring_soon expiring_soon renewal_reminder");
	assert_string_equal(column("email"), "Ann@Harbour.example Ann@Harbour.example Ann@Harbour.example");
	assert_int_equal(owner("GET", PATH "alerts?kind=expiring_soon&priority=urgent", NULL), 200);
	assert_string_equal(column("days"), "2");
	assert_int_equal(owner("GET", PATH "alerts?limit=2", NULL), 200);
	struct json_object *root;
	assert_int_equal(json_read(&setup, reply(), strlen(reply()), JSON_DEPTH, &root), OK);
	const char *next = json_text(json_object_object_get(root, "meta"), "next", NULL);
	assert_non_null(next);
	assert_int_equal(owner("GET", arena_printf(&setup.arena, PATH "alerts?limit=2&cursor=%s", next), NULL), 200);
	assert_string_equal(column("days"), "0");
	assert_int_equal(owner("GET", PATH "alerts?live=false", NULL), 200);
	assert_string_equal(column("kind"), "");
	assert_int_equal(owner("GET", PATH "alerts/stats", NULL), 200);
	assert_int_equal(json_int(data(), "unread", -1), 3);
	assert_int_equal(json_int(data(), "low", -1), 2);
	const char *id = sql("select id from alert where priority = 'urgent'");
	assert_int_equal(as(people[1], "POST", arena_printf(&setup.arena, PATH "alerts/%s/read", id), "{}"), 403);
	assert_int_equal(owner("POST", arena_printf(&setup.arena, PATH "alerts/%s/read", id), "{}"), 204);
	assert_int_equal(owner("POST", PATH "alerts/" NOWHERE "/read", "{}"), 404);
	assert_int_equal(owner("GET", PATH "alerts?unread=true", NULL), 200);
	assert_string_equal(column("days"), "1 0");
	assert_int_equal(owner("POST", PATH "alerts/read", "{\"priority\":\"high\"}"), 204);
	assert_int_equal(owner("POST", PATH "alerts/read", "{\"live\":false}"), 204);
	assert_string_equal(sql("select count(*) from alert where read_at is null"), "2");
	assert_int_equal(owner("POST", PATH "alerts/read", "{}"), 204);
	assert_string_equal(sql("select count(*) from alert where read_at is null"), "0");
	/* More than one lot marks, and more than are counted. */
	sql("insert into alert (org_id, live, id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, occasion, month_minor, currency, created_at) "
		"select '%s', true, gen_random_uuid(), 'expired', 'high', 'many_' || n, 'cus_many', 'cancellation', 0, now(), now(), 900, 'usd', now() "
		"from generate_series(1, 10001) n", tenant.org_id);
	assert_int_equal(owner("GET", PATH "alerts/stats", NULL), 200);
	assert_int_equal(json_int(data(), "high", -1), 10000);
	assert_int_equal(owner("POST", PATH "alerts/read", "{\"priority\":\"high\"}"), 204);
	assert_string_equal(sql("select count(*) from alert where read_at is null"), "0");
	sql("delete from alert where customer_ref = 'cus_many'");
}

/* --- subscriptions --- */

static void subscriptions_by_what_they_need(void **state)
{
	(void)state;
	assert_int_equal(owner("GET", PATH "subscriptions/upcoming", NULL), 200);
	assert_string_equal(column("subscription_ref"), "sub_1 sub_2 sub_3");
	assert_string_equal(column("reason"), "cancellation renewal renewal");
	assert_int_equal(owner("GET", PATH "subscriptions/upcoming?days=60&reason=trial", NULL), 200);
	assert_string_equal(column("subscription_ref"), "sub_4");
	assert_int_equal(owner("GET", PATH "subscriptions/upcoming?limit=1", NULL), 200);
	struct json_object *root;
	assert_int_equal(json_read(&setup, reply(), strlen(reply()), JSON_DEPTH, &root), OK);
	assert_int_equal(owner("GET", arena_printf(&setup.arena, PATH "subscriptions/upcoming?limit=5&cursor=%s",
		json_text(json_object_object_get(root, "meta"), "next", "")), NULL), 200);
	assert_string_equal(column("subscription_ref"), "sub_2 sub_3");
	assert_int_equal(owner("GET", PATH "subscriptions/attention", NULL), 200);
	assert_string_equal(column("subscription_ref"), "sub_1 sub_3");
	assert_int_equal(owner("GET", PATH "subscriptions/attention?state=unpaid", NULL), 200);
	assert_string_equal(column("subscription_ref"), "sub_3");
	/* 4900 + 900 run in USD; of these 4900 are cancelled. */
	assert_int_equal(owner("GET", PATH "subscriptions/stats", NULL), 200);
	assert_string_equal(column("currency"), "usd eur");
	assert_string_equal(column("month_minor"), "5800 900");
	assert_string_equal(column("at_risk_minor"), "4900 900");
	assert_string_equal(column("renew_in_7_days"), "2 1");
	assert_int_equal(as(people[1], "GET", PATH "subscriptions/upcoming", NULL), 200);
	assert_string_equal(column("email"), "null null null");
}

/* --- customers --- */

static void customers_are_found(void **state)
{
	static const struct { const char *q, *found; } ROWS[] = {{"ann", "user_1"}, {"ANN%40", "user_1"}, {"bo", "user_2"}, {"user_", "user_1 user_2"},
		{"cus_1", "user_1"}, {"cus_", ""}, {"harbour", ""}, {"%25", ""}, {"test", ""}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(owner("GET", arena_printf(&setup.arena, PATH "customers?q=%s", ROWS[i].q), NULL), 200);
		const char *found = column("ref");
		if (strcmp(found, ROWS[i].found) != 0 && strcmp(found, "user_2 user_1") != 0)
			fail_msg("%s: %s", ROWS[i].q, found);
	}
	/* Who may not see names finds nobody. */
	assert_int_equal(as(people[1], "GET", PATH "customers?q=user_1", NULL), 403);
	assert_int_equal(owner("GET", PATH "customers", NULL), 200);
	assert_int_equal(json_object_array_length(data()), 2);
	assert_int_equal(owner("GET", arena_printf(&setup.arena, PATH "customers/%s", CUSTOMER), NULL), 200);
	assert_string_equal(json_text(data(), "name", ""), "Ann Harbour");
	assert_int_equal(owner("GET", PATH "customers/" NOWHERE, NULL), 404);
	assert_int_equal(owner("GET", PATH "customers/" CUSTOMER "?live=false", NULL), 404);
}

static void a_timeline_holds_all(void **state)
{
	(void)state;
	assert_int_equal(owner("GET", arena_printf(&setup.arena, PATH "customers/%s/timeline?limit=100", CUSTOMER), NULL), 200);
	assert_string_equal(sql("select string_agg(k, ' ' order by k) from unnest(string_to_array('%s', ' ')) k", column("kind")),
		"alert alert alert case invoice mail mail session subscription subscription");
	assert_non_null(strstr(reply(), "secret words"));
	assert_int_equal(as(people[1], "GET", arena_printf(&setup.arena, PATH "customers/%s/timeline?limit=100", CUSTOMER), NULL), 403);
	assert_null(strstr(reply(), "secret words"));
	/* A page at a time it is the same. */
	const char *next = NULL;
	int rows = 0;
	do {
		assert_int_equal(owner("GET", arena_printf(&setup.arena, PATH "customers/" CUSTOMER "/timeline?limit=3%s%s", next ? "&cursor=" : "", next ? next : ""),
			NULL), 200);
		struct json_object *root;
		assert_int_equal(json_read(&setup, reply(), strlen(reply()), JSON_DEPTH, &root), OK);
		rows += (int)json_object_array_length(json_object_object_get(root, "data"));
		next = json_text(json_object_object_get(root, "meta"), "next", NULL);
	} while (next);
	assert_int_equal(rows, 10);
	assert_int_equal(owner("GET", PATH "customers/" NOWHERE "/timeline", NULL), 404);
}

static void a_customer_is_paused(void **state)
{
	(void)state;
	assert_int_equal(owner("POST", arena_printf(&setup.arena, PATH "customers/%s/pause", CUSTOMER), "{\"paused\":true}"), 204);
	assert_string_equal(sql("select outreach_paused_at is not null from customer where id = '" CUSTOMER "'"), "t");
	assert_int_equal(owner("POST", arena_printf(&setup.arena, PATH "customers/%s/pause", CUSTOMER), "{\"paused\":false}"), 204);
	assert_string_equal(sql("select outreach_paused_at is not null from customer where id = '" CUSTOMER "'"), "f");
	assert_int_equal(owner("POST", arena_printf(&setup.arena, PATH "customers/%s/pause", CUSTOMER), "{}"), 400);
	assert_int_equal(owner("POST", PATH "customers/" NOWHERE "/pause", "{\"paused\":true}"), 404);
	assert_string_equal(sql("select count(*) from event where type = 'outreach.changed' and entity = 'customer'"), "2");
}

/* --- mails, cases --- */

static void mails_and_cases(void **state)
{
	(void)state;
	assert_int_equal(owner("GET", PATH "outreach/mails", NULL), 200);
	assert_string_equal(column("state"), "suppressed sent");
	assert_int_equal(owner("GET", PATH "outreach/mails?program=payment", NULL), 200);
	assert_string_equal(column("kind"), "payment.failed");
	assert_int_equal(owner("GET", PATH "outreach/cases?state=recovered", NULL), 200);
	assert_string_equal(column("recovered_minor"), "4900");
	assert_int_equal(owner("GET", PATH "outreach/cases?state=open", NULL), 200);
	assert_string_equal(column("invoice_ref"), "");
}

/* --- settings --- */

#define SETTINGS(members) "{\"timeZone\":\"Europe/Berlin\",\"quietFrom\":21,\"quietUntil\":7,\"customerCap\":2,\"organisationCap\":900" members "}"

static void settings_are_kept(void **state)
{
	static const struct { const char *body; int status; const char *field; } ROWS[] = {
		{SETTINGS(",\"replyTo\":\"a@b\",\"returnUrl\":\"https://x.example/plans\",\"senderName\":\"Harbour\""), 200, NULL},
		{SETTINGS(",\"returnUrl\":\"http://x.example\""), 422, "returnUrl"},
		{"{\"timeZone\":\"Mars/Olympus\",\"quietFrom\":21,\"quietUntil\":7,\"customerCap\":2,\"organisationCap\":900}", 422, "timeZone"},
		{"{\"timeZone\":\"UTC\",\"quietFrom\":24,\"quietUntil\":7,\"customerCap\":2,\"organisationCap\":900}", 422, "quietFrom"},
		{"{\"timeZone\":\"UTC\",\"quietFrom\":2,\"quietUntil\":7,\"customerCap\":0,\"organisationCap\":900}", 422, "customerCap"}};
	(void)state;

	assert_int_equal(owner("GET", PATH "outreach/settings", NULL), 200);
	assert_string_equal(json_text(data(), "sender_name", ""), "Tenant");
	assert_int_equal(json_int(data(), "quiet_from", -1), 20);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		assert_int_equal(owner("PUT", PATH "outreach/settings", ROWS[i].body), ROWS[i].status);
		if (ROWS[i].field && !strstr(reply(), ROWS[i].field))
			fail_msg("row %zu: %s", i, reply());
	}
	assert_int_equal(owner("GET", PATH "outreach/settings", NULL), 200);
	assert_string_equal(json_text(data(), "sender_name", ""), "Harbour");
	assert_int_equal(json_int(data(), "organisation_cap", -1), 900);
	assert_int_equal(as(people[1], "PUT", PATH "outreach/settings", SETTINGS("")), 403);
	assert_string_equal(sql("select count(*) from event where type = 'outreach.changed' and entity = 'outreach_setting'"), "1");
}

static void programs_are_switched(void **state)
{
	static const struct { const char *program, *body; int status; } ROWS[] = {
		{"payment", "{\"enabled\":true}", 204}, {"payment", "{\"days\":[0,4,8],\"retries\":2,\"retryHour\":6}", 204}, {"payment", "{\"days\":[\"0\"]}", 422},
		{"payment", "{\"days\":{\"a\":1}}", 422}, {"payment", "{\"days\":[0,1,2,3,4,5,6]}", 422}, {"payment", "{\"percents\":[5,5,5]}", 422},
		{"retention", "{\"percents\":[10,20]}", 422}, {"retention", "{\"percents\":[10,20,30],\"months\":6}", 204}, {"nothing", "{\"enabled\":true}", 422},
		{"reactivation", "{\"days\":[14]}", 204}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		owner("PATCH", arena_printf(&setup.arena, PATH "outreach/programs/%s", ROWS[i].program), ROWS[i].body);
		if (caller.rep.status != ROWS[i].status)
			fail_msg("row %zu: %d %s", i, caller.rep.status, reply());
	}
	assert_int_equal(owner("GET", PATH "outreach/programs", NULL), 200);
	assert_string_equal(column("enabled"), "true false false");
	assert_string_equal(column("days"), "[ \"0\", \"4\", \"8\" ] [ \"7\" ] [ \"14\" ]");
	assert_string_equal(column("percents"), "[ ] [ \"10\", \"20\", \"30\" ] [ ]");
	assert_string_equal(sql("select count(*) from event where type = 'outreach.changed' and entity = 'outreach_program'"), "4");
}

static void words_are_kept_and_dropped(void **state)
{
	static const char WORDING[] = PATH "outreach/wordings/payment.failed/de";
	(void)state;

	assert_int_equal(owner("GET", WORDING, NULL), 200);
	assert_non_null(strstr(reply(), "\"own\":false"));
	assert_non_null(strstr(reply(), "Guten Tag {{name}}"));
	assert_non_null(strstr(reply(), "Guten Tag Kim Berg"));
	assert_int_equal(owner("PUT", WORDING, "{\"subject\":\"Hallo {{nobody}}\",\"body\":\"x\",\"button\":\"y\"}"), 422);
	assert_int_equal(owner("PUT", WORDING, "{\"subject\":\"Hallo\",\"body\":\"Lieber {{name}},\\n\\nbitte {{amount}}.\",\"button\":\"Los\"}"), 200);
	assert_non_null(strstr(reply(), "bitte 49,00 EUR."));
	assert_int_equal(owner("DELETE", WORDING, NULL), 204);
	assert_int_equal(owner("GET", WORDING, NULL), 200);
	assert_non_null(strstr(reply(), "\"own\":false"));
	assert_int_equal(owner("GET", PATH "outreach/wordings/payment.failed/it", NULL), 422);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(alerts_are_read),
		cmocka_unit_test(subscriptions_by_what_they_need),
		cmocka_unit_test(customers_are_found),
		cmocka_unit_test(a_timeline_holds_all),
		cmocka_unit_test(a_customer_is_paused),
		cmocka_unit_test(mails_and_cases),
		cmocka_unit_test(settings_are_kept),
		cmocka_unit_test(programs_are_switched),
		cmocka_unit_test(words_are_kept_and_dropped),
	};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
