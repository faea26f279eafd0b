/* Consent records, periods, export and erasure, against a real database: through the widget, the owner's API and the worker. */
#include "tests/widget/client.h"

#include "job/worker.h"
#include "retention/consent.h"
#include "retention/family.h"
#include "retention/privacy.h"
#include "sql.h"
#include "widget/family.h"

#define PRIVACY "/api/v1/retention/privacy"
#define NAMED "ada-ref"

static struct house house;
static struct tenant tenant, other;
static struct caller caller;
static char owner[WHO_TOKEN_TEXT];

static const struct job_policy CLEANUP = {"house.cleanup", JOB_LOW, {1, 1, 1}, 60000};
static const struct job_kind KINDS[] = {{&JOB_CUSTOMER_ERASE, customer_erase_run}, {&CLEANUP, house_cleanup_run}, {0}};

static void family(const struct family *family)
{
	char message[256];

	serve_close();
	if (!serve_open(family, message))
		fail_msg("%s", message);
}

static int open_house(void **state)
{
	char message[256], id[ID_TEXT];
	struct session_tokens tokens;
	struct lease lease;
	(void)state;

	serve_conf();
	setenv("STOA_WEB_ANONYMOUS_PER_MINUTE", "0", 1);
	setenv("STOA_WORKER_POLL", "50ms", 1);
	setting("STOA_WORKER_LOG_FILE", "/dev/null");
	log_open("privacy_dbtest", "/dev/null", LOG_ERROR);
	ctx_init(&setup);
	caller_open(&caller);
	pool = pool_open(6);
	schema_make(&setup, pool);
	if (!serve_open(&FAMILY_WIDGET, message))
		fail_msg("%s", message);
	house = (struct house){.pool = pool, .cache = cache_open(message)};
	tenant_add(&setup, pool, &tenant);
	tenant_add(&setup, pool, &other);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	flow_add(&setup, pool, other.org_id, "en", ANYBODY, EVERY_STEP);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(member_add(&setup, &lease, tenant.org_id, "owner@example.com", "O", ROLE_OWNER, id), OK);
	assert_int_equal(session_start(&setup, &lease, tenant.org_id, id, ROLE_OWNER, &(struct client){0}, &tokens), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	snprintf(owner, sizeof owner, "%s", tokens.access);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	caller_close(&caller);
	cache_close(house.cache);
	serve_close();
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

static void drain(void)
{
	struct ctx ctx;

	ctx_init(&ctx);
	WAIT_FOR((worker_run(&ctx, &(struct worker_set){.kinds = KINDS, .pool = pool, .threads = 1, .stop_fd = -1, .drain = true}) == OK &&
		!strcmp(sql("select count(*) from job where kind in ('customer.erase', 'house.cleanup') and state in ('waiting', 'running')"), "0")));
	ctx_free(&ctx);
}

/* The session's id; the token stays in token_out. */
static const char *start(const char *key, const char *user, const char *more, const char **token_out)
{
	client_post(&caller, "/api/v1/widget/start", key, arena_printf(&setup.arena, "{\"userId\":\"%s\",\"subscriptionValue\":900,\"currency\":\"usd\"%s}",
		user, more));
	assert_status(&caller, 200);
	*token_out = arena_strdup(&setup.arena, client_text(&caller, "session"));
	return arena_strdup(&setup.arena, client_text(&caller, "sessionId"));
}

static void decide(const char *key, const char *token, const char *more)
{
	client_post(&caller, "/api/v1/widget/decision", key, arena_printf(&setup.arena, "{\"session\":\"%s\",%s}", token, more));
	assert_status(&caller, 200);
}

static void send(const char *method, const char *target, const char *body, int status)
{
	client_send(&caller, method, target, NULL, body, body ? strlen(body) : 0,
		(const char *const[]){"Authorization", arena_printf(&setup.arena, "Bearer %s", owner), NULL});
	assert_status(&caller, status);
}

static void refused(const char *change)
{
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	if (pg_run_text(&lease, change, 0, NULL, NULL) == OK)
		fail_msg("went through: %s", change);
	lease_return(&lease);
	ctx_forgive(&setup);
}

static struct json_object *document(const char *session)
{
	const char *text = sql("select document from consent_record where session_id = '%s'", session);
	struct json_object *json;

	assert_int_equal(json_read(&setup, text, strlen(text), JSON_DEPTH, &json), OK);
	return json;
}

static void consents(void **state)
{
	const char *token, *session = start(tenant.live.key, "carl", "", &token), *hash;
	struct json_object *json;
	uint8_t customer[CONSENT_HASH_BYTES];
	PGresult *row;
	const uint8_t *mac;
	size_t bytes;
	(void)state;

	assert_true(json_flag(caller.reply, "cancelNow", false));
	assert_string_equal(sql("select count(*) from consent_record"), "0");
	decide(tenant.live.key, token, "\"outcome\":\"accepted\",\"step\":2,\"offerType\":\"pause\",\"choice\":3,\"reasonCode\":\"unused\","
		"\"path\":[{\"step\":0,\"answer\":\"answered\",\"ms\":900},{\"step\":2,\"answer\":\"accepted\"}]");
	json = document(session);
	assert_string_equal(json_text(json, "outcome", ""), "accepted");
	assert_string_equal(json_text(json, "offer", ""), "pause");
	assert_string_equal(json_text(json, "session", ""), session);
	assert_int_equal(json_int(json, "version", 0), 1);
	assert_true(json_flag(json, "cancelNow", false));
	assert_int_equal(json_object_array_length(json_object_object_get(json, "types")), 8);
	assert_int_equal(json_object_array_length(json_object_object_get(json, "path")), 2);
	assert_string_equal(json_text(json, "order", ""), sql("select step_order from retention_session where id = '%s'", session));
	consent_customer(&setup, tenant.org_id, true, "carl", customer);
	hash = sql("select encode(customer_hash, 'hex') from consent_record where session_id = '%s'", session);
	assert_string_equal(json_text(json, "customer", ""), hash);
	assert_string_equal(pg_bytes(&setup, customer, sizeof customer) + 2, hash);
	assert_null(strstr(sql("select document from consent_record where session_id = '%s'", session), "carl"));
	/* Nobody changes it without the house's key. */
	struct lease lease;
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "select document, mac from consent_record", 0, NULL, &row), OK);
	lease_return(&lease);
	assert_true(pg_data(&setup, row, 0, "mac", &mac, &bytes));
	assert_true(consent_intact(pg_text(row, 0, "document"), mac, bytes));
	assert_false(consent_intact(arena_printf(&setup.arena, "%s ", pg_text(row, 0, "document")), mac, bytes));
	refused("update consent_record set document = '{}'");
	refused("delete from consent_record");
	refused("truncate consent_record");
	/* The same decision once more leaves one record. */
	decide(tenant.live.key, token, "\"outcome\":\"accepted\",\"step\":2,\"offerType\":\"pause\",\"choice\":3,\"reasonCode\":\"unused\","
		"\"path\":[{\"step\":0,\"answer\":\"answered\",\"ms\":900},{\"step\":2,\"answer\":\"accepted\"}]");
	assert_string_equal(sql("select count(*) from consent_record"), "1");
}

static void cancel_now(void **state)
{
	static const struct { bool off; const char *region; bool shown; } ROWS[] = {{false, "DE", true}, {false, NULL, true}, {true, NULL, true},
		{true, "", true}, {true, "US", true}, {true, "US-CA", true}, {true, "us-ny", true}, {true, "CA", true}, {true, "California", true},
		{true, "DE", false}, {true, "GB", false}, {true, "AU", false}};
	const char *token, *session;
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_int_equal(cancel_now_shown(ROWS[i].off, ROWS[i].region), ROWS[i].shown);
	family(&FAMILY_RETENTION);
	send("PUT", PRIVACY, "{\"cancelNow\":false}", 200);
	assert_false(json_flag(caller.reply, "cancelNow", true));
	family(&FAMILY_WIDGET);
	session = start(tenant.live.key, "dora", ",\"region\":\"DE\"", &token);
	assert_false(json_flag(caller.reply, "cancelNow", true));
	decide(tenant.live.key, token, "\"outcome\":\"dismissed\"");
	assert_false(json_flag(document(session), "cancelNow", true));
	session = start(tenant.live.key, "emma", ",\"region\":\"US-CA\"", &token);
	assert_true(json_flag(caller.reply, "cancelNow", false));
	decide(tenant.live.key, token, "\"outcome\":\"cancelled\"");
	assert_true(json_flag(document(session), "cancelNow", false));
	start(other.live.key, "fred", ",\"region\":\"DE\"", &token);
	assert_true(json_flag(caller.reply, "cancelNow", false));
}

static void settings(void **state)
{
	static const struct { const char *periods, *field; } ROWS[] = {{"{\"words\":29}", "words"}, {"{\"words\":3651}", "words"},
		{"{\"consent\":1095}", "consent"}, {"{\"consent\":\"1825\"}", "consent"}, {"{\"events\":90}", "events"}, {"{\"moon\":1}", "moon"}};
	(void)state;

	family(&FAMILY_RETENTION);
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		send("PUT", PRIVACY, arena_printf(&setup.arena, "{\"cancelNow\":true,\"periods\":%s}", ROWS[i].periods), 422);
		assert_string_equal(client_text(&caller, "field"), ROWS[i].field);
	}
	assert_string_equal(sql("select count(*) from keep_period"), "0");
	send("PUT", PRIVACY, "{\"cancelNow\":true,\"periods\":{\"words\":30,\"consent\":1096}}", 200);
	send("PUT", PRIVACY, "{\"cancelNow\":true,\"periods\":{\"words\":31}}", 200);
	assert_string_equal(sql("select string_agg(name || ' ' || days, ',' order by name) from keep_period"), "consent 1096,words 31");
	send("GET", PRIVACY, NULL, 200);
	for (size_t i = 0; i < json_object_array_length(json_object_object_get(caller.reply, "periods")); i++) {
		struct json_object *period = json_object_array_get_idx(json_object_object_get(caller.reply, "periods"), i);
		const char *name = json_text(period, "name", "");
		const struct keep_rule *rule = keep_rule(name);

		assert_int_equal(json_int(period, "days", 0), !strcmp(name, "words") ? 31 : !strcmp(name, "consent") ? 1096 : rule->days);
		assert_true(rule->least <= rule->days && rule->days <= rule->most);
		assert_int_equal(json_flag(period, "own", false), rule->sweep != NULL);
	}
	assert_string_equal(sql("select count(*) from event where type = 'privacy.changed' and org_id = '%s'", tenant.org_id), "3");
	client_send(&caller, "PUT", PRIVACY, tenant.server.key, "{\"cancelNow\":true}", 18, NULL);
	assert_status(&caller, 403);
}

/* A row of everything with a period, `days` old; its reference names it. */
static void old_add(const char *org_id, const char *ref, int days)
{
	const char *session = sql("insert into retention_session (org_id, live, id, key_id, customer_ref, email, attributes, language, segment, signed, "
		"flow_id, flow_version, step_order, started_at) select f.org_id, true, (lpad(to_hex((extract(epoch from now() - make_interval(days => %d)) * "
		"1000)::bigint), 12, '0') || '7000' || substr(md5('%s'), 1, 16))::uuid, '%s', '%s', '%s@example.com', '{\"a\": 1}', 'en', 'low', false, f.id, 1, '', "
		"now() - make_interval(days => %d) from flow f where f.org_id = '%s' limit 1 returning id", days, ref, tenant.live.id, ref, ref, days, org_id);

	sql("insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, segment, language, policy, due_at) "
		"select org_id, live, id, started_at::date, started_at, customer_ref, flow_id, flow_version, segment, language, policy, started_at "
		"from retention_session where id = '%s'", session);
	sql("insert into decision (org_id, live, session_id, outcome, reason_text, request_hash, status, decided_at) "
		"values ('%s', true, '%s', 'declined', 'words of %s', 'x', 'recorded', now() - make_interval(days => %d))", org_id, session, ref, days);
	sql("insert into consent_record values ('%s', true, '%s', 'x', now() - make_interval(days => %d), '{}', 'x')", org_id, session, days);
	sql("insert into alert (org_id, live, id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, occasion, month_minor, currency, "
		"created_at) values ('%s', true, gen_random_uuid(), 'expired', 'low', '%s', '%s', 'trial', 0, now(), now(), 1, 'usd', now() - "
		"make_interval(days => %d))", org_id, ref, ref, days);
	sql("insert into customer (org_id, live, id, ref, last_attempt_at) values ('%s', true, gen_random_uuid(), '%s', now() - make_interval(days => %d))", org_id,
		ref, days);
	sql("with c as (insert into customer (org_id, live, id, ref, stripe_ref, last_attempt_at) select '%s', true, gen_random_uuid(), 'of ' || t, 'cus_' || t, "
		"now() - make_interval(days => %d) from (values ('%s')) v (t) returning org_id, id) insert into "
		"outreach_mail (org_id, live, id, program, kind, customer_id, occasion, step, state, due_at, created_at) select org_id, true, gen_random_uuid(), "
		"'payment', 'payment.failed', id, '%s', 1, 'queued', now(), now() - make_interval(days => %d) from c", org_id, days, ref, ref, days);
}

static const char *left(const char *table, const char *column)
{
	return sql("select coalesce(string_agg(%s, ' ' order by %s), '') from %s where %s ~ '^(old|mid|new)'", column, column, table, column);
}

static void cleanup(void **state)
{
	(void)state;

	sql("delete from keep_period");
	/* mid is too old for the other organisation only, which shortened everything. */
	old_add(tenant.org_id, "old", 1900);
	old_add(tenant.org_id, "mid", 300);
	old_add(tenant.org_id, "new", 1);
	old_add(other.org_id, "mid-other", 300);
	old_add(other.org_id, "new-other", 1);
	for (const struct keep_rule *rule = KEEP_RULES; rule->name; rule++)
		if (rule->sweep)
			sql("insert into keep_period values ('%s', '%s', %d)", other.org_id, rule->name, rule->least);
	for (int i = 0; i < 2; i++) {
		struct lease lease;

		assert_int_equal(lease_take(&setup, pool, &lease), OK);
		assert_int_equal(job_enqueue(&setup, &lease, &CLEANUP, &(struct job_new){0}, NULL), OK);
		lease_return(&lease);
		drain();
		assert_string_equal(sql("select count(*) from job where kind = 'house.cleanup' and state = 'done'"), i ? "2" : "1");
		assert_string_equal(left("retention_session", "customer_ref"), "mid new new-other");
		assert_string_equal(left("session_outcome", "customer_ref"), "mid new new-other");
		assert_string_equal(left("customer", "ref"), "mid new new-other");
		assert_string_equal(sql("select count(*) from customer where ref like 'of %%'"), "5");
		assert_string_equal(left("alert", "customer_ref"), "mid new new-other");
		assert_string_equal(left("outreach_mail", "occasion"), "mid new new-other");
		assert_string_equal(sql("select string_agg(substr(reason_text, 10), ' ' order by reason_text) from decision where reason_text like 'words of%%'"),
			"mid new new-other");
		/* 1,900 days are more than 1,825; 300 are fewer than the least. */
		assert_string_equal(sql("select count(*) from consent_record where document = '{}'"), "4");
	}
	assert_string_equal(sql("select count(email) + count(attributes) from retention_session where customer_ref like 'erased-%%'"), "0");
	assert_string_equal(sql("select count(*) from retention_session s join session_outcome o on o.session_id = s.id and o.customer_ref = s.customer_ref "
		"where s.customer_ref like 'erased-%%'"), "2");
}

static void tables(void **state)
{
	struct buffer listed = {0};
	(void)state;

	for (const struct keep_table *table = KEEP_TABLES; table->table; table++) {
		if (!table->rule == !table->reason || (table->rule && !keep_rule(table->rule)))
			fail_msg("%s has a period or a reason, and not both", table->table);
		buffer_printf(&listed, "%s'%s'", listed.length ? "," : "", table->table);
	}
	assert_string_equal(sql("select coalesce(string_agg(c.relname, ' ' order by c.relname), '') from pg_class c join pg_attribute a on a.attrelid = c.oid "
		"and a.attname = 'org_id' where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and not (c.relname = any (array[%s]))",
		listed.data), "");
	assert_string_equal(sql("select coalesce(string_agg(t, ' '), '') from unnest(array[%s]) t where to_regclass(t) is null", listed.data), "");
	assert_string_equal(sql("select coalesce(string_agg(t, ' '), '') from (select t from unnest(array[%s]) t group by t having count(*) > 1) x",
		listed.data), "");
	buffer_free(&listed);
}

/* Tables of the organisation in whose rows the text stands. */
static const char *holding(const char *text)
{
	return sql("select coalesce(string_agg(c.relname, ' ' order by c.relname), '') from pg_class c join pg_attribute a on a.attrelid = c.oid and "
		"a.attname = 'org_id' where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and (xpath('/row/n/text()', query_to_xml(format("
		"'select count(*) as n from %%I t where t::text ilike %%L', c.relname, '%%%s%%'), false, true, '')))[1]::text <> '0'", text);
}

static const char *customer_add(const char *org_id, const char *ref)
{
	return sql("insert into customer (org_id, live, id, ref, stripe_ref, email, name, language, region, attributes, stripe) values ('%s', true, "
		"gen_random_uuid(), '%s', 'cus_%s', '%s@lovelace.example', 'Ada Lovelace', 'en', 'GB', '{\"poet\": \"byron\"}', "
		"'{\"email\": \"%s@lovelace.example\", \"name\": \"Ada Lovelace\", \"language\": \"en\", \"region\": \"GB\"}') returning id", org_id, ref, org_id, ref, ref);
}

/* Rows of everything that names the customer. */
static void ada_add(const char *id)
{
	sql("insert into subscription (org_id, live, ref, customer_ref, status, currency, started_at, as_of) values ('%s', true, 'sub_ada', 'cus_%s', 'active', "
		"'usd', now(), now())", tenant.org_id, tenant.org_id);
	sql("insert into invoice (org_id, live, ref, customer_ref, status, currency, paid_minor, created_at, as_of) values ('%s', true, 'in_ada', 'cus_%s', "
		"'paid', 'usd', 4900, now(), now())", tenant.org_id, tenant.org_id);
	sql("insert into subscription_claim (org_id, live, subscription_ref, customer_ref) values ('%s', true, 'sub_ada', '" NAMED "')", tenant.org_id);
	sql("insert into stripe_event (org_id, live, id, type, object_ref, created_at, source, state, payload) values ('%s', true, 'evt_ada', "
		"'customer.updated', 'cus_%s', now(), 'webhook', 'done', '{\"data\": {\"object\": {\"email\": \"ada-ref@lovelace.example\"}}}')", tenant.org_id,
		tenant.org_id);
	sql("insert into mail (org_id, id, kind, transactional, live, address, state, finished_at) values ('%s', gen_random_uuid(), 'payment.failed', true, "
		"true, 'Ada-ref@lovelace.example', 'sent', now())", tenant.org_id);
	sql("insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, segment, language, policy, due_at) "
		"select org_id, live, id, started_at::date, started_at, customer_ref, flow_id, flow_version, segment, language, policy, now() "
		"from retention_session where customer_ref = '" NAMED "'");
	sql("insert into invoice_payment (org_id, live, payment_ref, invoice_ref) values ('%s', true, 'pi_ada', 'in_ada')", tenant.org_id);
	sql("insert into charge (org_id, live, ref, payment_ref, refunded_minor, as_of, print) values ('%s', true, 'ch_ada', 'pi_ada', 5, now(), '')", tenant.org_id);
	sql("insert into dispute (org_id, live, ref, charge_ref, status, as_of, print) values ('%s', true, 'dp_ada', 'ch_ada', 'won', now(), '')", tenant.org_id);
	sql("insert into discount (org_id, live, ref, customer_ref, as_of, print) values ('%s', true, 'di_ada', 'cus_%s', now(), '')", tenant.org_id, tenant.org_id);
	sql("insert into outreach_case (org_id, live, invoice_ref, customer_ref, currency, due_minor, opened_at) values ('%s', true, 'in_ada', 'cus_%s', 'usd', 1, "
		"now())", tenant.org_id, tenant.org_id);
	sql("insert into outreach_mail (org_id, live, id, program, kind, customer_id, occasion, step, state, reason, due_at, created_at) select '%s', true, "
		"gen_random_uuid(), 'payment', 'payment.failed', '%s', 'ada', n, case n when 1 then 'planned' else 'failed' end, case n when 2 then "
		"'550 <ada-ref@lovelace.example> unknown' end, now(), now() from generate_series(1, 2) n", tenant.org_id, id);
	sql("insert into stripe_event (org_id, live, id, type, object_ref, created_at, source, state, payload) values ('%s', true, 'evt_ada_in', 'invoice.paid', "
		"'in_ada', now(), 'webhook', 'done', '{\"data\": {\"object\": {\"customer\": \"cus_%s\", \"customer_name\": \"Lovelace\"}}}')", tenant.org_id,
		tenant.org_id);
}

static void erasures(void **state)
{
	static const struct { const char *part; size_t rows; } PARTS[] = {{"sessions", 2}, {"decisions", 2}, {"consents", 2}, {"subscriptions", 1}, {"invoices", 1},
		{"claims", 1}, {"discounts", 1}, {"refunds", 1}, {"disputes", 1}, {"recoveries", 1}, {"mails", 2}, {"outbox", 1}, {"events", 1}, {"stripeEvents", 2},
		{"audit", 1}};
	const char *token, *again, *id, *other_id, *job, *before, *path;
	struct lease lease;
	(void)state;

	family(&FAMILY_WIDGET);
	start(tenant.live.key, NAMED, ",\"email\":\"ada-ref@lovelace.example\",\"region\":\"GB\"", &token);
	decide(tenant.live.key, token, "\"outcome\":\"cancelled\",\"reasonCode\":\"unused\",\"reasonText\":\"I am Lovelace\",\"feedback\":\"Byron's daughter\"");
	start(tenant.live.key, NAMED, "", &again);
	start(other.live.key, NAMED, "", &token);
	decide(tenant.live.key, again, "\"outcome\":\"dismissed\"");
	id = customer_add(tenant.org_id, NAMED);
	ada_add(id);
	/* A customer of the test mode by the same reference is another one. */
	start(tenant.test.key, NAMED, "", &token);
	decide(tenant.test.key, token, "\"outcome\":\"cancelled\"");
	other_id = sql("insert into customer (org_id, live, id, ref) values ('%s', false, gen_random_uuid(), '" NAMED "') returning id", tenant.org_id);
	before = sql("select count(*) || ' ' || count(distinct customer_ref) from retention_session where org_id = '%s' and live", tenant.org_id);

	family(&FAMILY_RETENTION);
	path = arena_printf(&setup.arena, "/api/v1/retention/customers/%s/export", id);
	send("GET", path, NULL, 200);
	assert_string_equal(json_text(json_object_object_get(caller.reply, "customer"), "name", ""), "Ada Lovelace");
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
		if (json_object_array_length(json_object_object_get(caller.reply, PARTS[i].part)) != PARTS[i].rows)
			fail_msg("%s of the export", PARTS[i].part);
	client_get(&caller, path, other.server.key);
	assert_status(&caller, 404);

	send("POST", arena_printf(&setup.arena, "/api/v1/retention/customers/%s/erase?live=false", other_id), NULL, 202);
	drain();
	assert_string_equal(sql("select count(*) || ' ' || min(after ->> 'live') from audit_log where actor_id = '" NAMED "' and org_id = '%s'", tenant.org_id), "1 true");
	path = arena_printf(&setup.arena, "/api/v1/retention/customers/%s/erase", id);
	send("POST", path, NULL, 202);
	job = arena_strdup(&setup.arena, client_text(&caller, "job"));
	send("POST", path, NULL, 409);
	sql("insert into customer (org_id, live, id, ref, email) values ('%s', true, gen_random_uuid(), '" NAMED "', 'ada-ref@lovelace.example')", other.org_id);
	drain();
	assert_string_equal(sql("select state from job where id = '%s'", job), "done");
	send("POST", path, NULL, 404);
	/* Nowhere but at the other organisation, whose customer has the same reference. */
	sql("delete from retention_session where org_id = '%s' and customer_ref = '" NAMED "'", other.org_id);
	sql("delete from session_outcome where org_id = '%s'", other.org_id);
	assert_string_equal(holding("ada-ref"), "customer");
	assert_string_equal(sql("select string_agg(org_id::text, ' ') from customer where ref = '" NAMED "'"), other.org_id);
	assert_string_equal(holding("Lovelace"), "customer");
	assert_string_equal(holding("Byron"), "");
	assert_string_equal(sql("select stripe::text from customer where id = '%s'", id), "{}");
	assert_string_equal(sql("select string_agg(concat_ws(' ', state, reason), ', ' order by step) from outreach_mail where customer_id = '%s'", id),
		"cancelled the customer was erased, failed");
	/* A mail that was on its way ends afterwards: what the relay said of it stays out. */
	sql("with x as (insert into mail (org_id, id, kind, transactional, live, address, state, reply, finished_at) values ('%s', gen_random_uuid(), 'a', true, true, "
		"'byron@lovelace.example', 'failed', '550 <byron@lovelace.example>', now()) returning org_id, id) insert into outreach_mail (org_id, live, id, program, "
		"kind, customer_id, occasion, step, state, due_at, created_at, mail_id) select org_id, true, gen_random_uuid(), 'payment', 'payment.last', '%s', 'ada', "
		"3, 'queued', now(), now(), id from x", tenant.org_id, id);
	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_run(&lease, &SQL_OUTREACH_MAILS_SETTLE, PARAMS(tenant.org_id, "true"), NULL), OK);
	lease_return(&lease);
	assert_string_equal(sql("select concat_ws(' ', state, reason) from outreach_mail where step = 3 and customer_id = '%s'", id), "failed");
	/* One customer is one customer still; money and consent stay. */
	assert_string_equal(sql("select count(*) || ' ' || count(distinct customer_ref) from retention_session where org_id = '%s' and live", tenant.org_id), before);
	assert_string_equal(sql("select count(*) from retention_session where customer_ref = '%s'",
		consent_pseudonym(&setup, tenant.org_id, true, NAMED)), "2");
	assert_string_equal(sql("select sum(paid_minor) from invoice where org_id = '%s'", tenant.org_id), "4900");
	assert_string_equal(sql("select count(*) from event where type = 'customer.erased' and entity_id = '%s'", id), "1");
	assert_string_equal(sql("select count(*) from audit_log where action = 'customer.erase' and entity_id = '%s'", id), "1");
}

/* What is append-only takes a pseudonym, and nothing else; rows are there from before. */
static void append_only(void **state)
{
	(void)state;

	refused("update audit_log set actor_id = 'erased-x' where actor_kind = 'session'");
	refused("update audit_log set action = 'x' where actor_kind = 'customer'");
	refused("update audit_log set actor_id = 'somebody', address = null, agent = null where actor_kind = 'customer'");
	refused("update event set payload = payload || '{\"customer\": \"erased-x\", \"status\": \"x\"}'");
	refused("update event set payload = payload || '{\"customer\": \"somebody\"}'");
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {cmocka_unit_test(consents), cmocka_unit_test(cancel_now), cmocka_unit_test(settings),
		cmocka_unit_test(cleanup), cmocka_unit_test(tables), cmocka_unit_test(erasures), cmocka_unit_test(append_only)};

	return cmocka_run_group_tests(TESTS, open_house, close_house);
}
