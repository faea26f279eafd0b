/* Decisions applied at the stand-in for Stripe by a real worker: every outcome, every fault, never two effects. */
#include "config.h"

#include "tests/lib/standin.h"
#include "tests/widget/client.h"

#include "retention/ledger.h"
#include "who/secret.h"

#include <pthread.h>

#define KEY "sk_test_51abcdefgh"

static struct net *net;
static struct tenant tenant;

/* The worker's own, but quick to repeat. */
static const struct job_policy QUICK = {"stripe.apply", JOB_HIGH, {6, 1, 1}, 60000};
static const struct job_policy HASTY = {"stripe.hasty", JOB_HIGH, {2, 1, 1}, 60000};
static const struct job_kind KINDS[] = {{&QUICK, stripe_apply_run}, {&HASTY, stripe_apply_run}, {0}};

static void connect_stripe(bool live, const char *key)
{
	const uint8_t *sealed;
	size_t bytes;

	secret_seal(&setup, tenant.org_id, key, strlen(key), &sealed, &bytes);
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('%s', %s, '%s', 'xxxx') on conflict (org_id, live) "
		"do update set key_sealed = excluded.key_sealed", tenant.org_id, live ? "true" : "false", pg_bytes(&setup, sealed, bytes));
}

static int open_house(void **state)
{
	char message[256];
	(void)state;

	standin_start();
	serve_conf();
	log_open("apply_dbtest", "/dev/null", LOG_ERROR);
	setenv("STOA_STRIPE_TIMEOUT", "2s", 1);
	setenv("STOA_NET_BREAKER_FAILURES", "1000", 1);
	setting("STOA_WORKER_POLL", "100ms");
	ctx_init(&setup);
	if (!secret_open(message))
		fail_msg("%s", message);
	net = net_open();
	pool = pool_open(6);
	schema_make(&setup, pool);
	tenant_add(&setup, pool, &tenant);
	flow_add(&setup, pool, tenant.org_id, "en", ANYBODY, EVERY_STEP);
	connect_stripe(false, KEY);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	standin_stop();
	net_close(net);
	ctx_free(&setup);
	pool_close(pool);
	return 0;
}

/* A subscriber of their own: sub_<name>, with these members overwritten. */
static const char *subscriber(const char *members)
{
	static int number;
	const char *name = arena_printf(&setup.arena, "s%d", ++number);
	const char *id = arena_printf(&setup.arena, "sub_%s", name);

	control(&setup, net, "POST", "seed", arena_printf(&setup.arena,
		"{\"mode\":\"test\",\"keep\":true,\"products\":[{\"id\":\"prod_app\",\"name\":\"App\"}],"
		"\"prices\":[{\"id\":\"price_pro\",\"currency\":\"usd\",\"unit_amount\":4900,\"product\":\"prod_app\",\"recurring\":{\"interval\":\"month\"}},"
		"{\"id\":\"price_basic\",\"currency\":\"usd\",\"unit_amount\":1900,\"product\":\"prod_app\",\"recurring\":{\"interval\":\"month\"}}],"
		"\"coupons\":[{\"id\":\"WELCOME\",\"percent_off\":10,\"duration\":\"forever\"}],"
		"\"customers\":[{\"id\":\"cus_%s\"}],\"subscriptions\":[{\"id\":\"%s\",\"customer\":\"cus_%s\","
		"\"items\":[{\"id\":\"si_%s\",\"price\":\"price_pro\"}]}]}", name, id, name, name));
	if (members)
		control(&setup, net, "POST", arena_printf(&setup.arena, "subscription/%s", id), members);
	return id;
}

static struct json_object *subscription_at(const char *id)
{
	return control(&setup, net, "GET", arena_printf(&setup.arena, "subscription/%s?mode=test", id), NULL);
}

/* Writes that Stripe executed on this subscription. */
static int effects_on(const char *id)
{
	struct json_object *log = control(&setup, net, "GET", "log", NULL);
	const char *path = arena_printf(&setup.arena, "/v1/subscriptions/%s", id);
	int count = 0;

	for (size_t i = 0; i < json_object_array_length(log); i++)
		count += strcmp(json_text(json_object_array_get_idx(log, i), "path", ""), path) == 0;
	return count;
}

/* A decision that waits, with its session; decided is SQL for outcome, offer_type, step, choice, reason_code, reason_text. */
static const char *decision_add(const char *subscription, const char *decided, bool live)
{
	char id[ID_TEXT];

	id_new(id);
	sql("with s as (insert into retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, language, segment, value_minor, "
		"currency, signed, flow_id, flow_version, step_order) select org_id, %s, '%s', '%s', 'u', '%s', 'en', 'medium', 4900, 'usd', false, "
		"id, 1, '0' from flow where org_id = '%s' limit 1 returning *) select 1", live ? "true" : "false", id, tenant.test.id, subscription,
		tenant.org_id);
	sql("insert into decision (org_id, live, session_id, request_hash, status, value_minor, currency, outcome, offer_type, step, choice, "
		"reason_code, reason_text) values ('%s', %s, '%s', 'x', 'pending', 4900, 'usd', %s)", tenant.org_id, live ? "true" : "false", id,
		decided);
	return arena_strdup(&setup.arena, id);
}

static void work(const struct job_policy *policy, const char *session, bool live)
{
	struct job_house house = {.net = net};
	struct worker_set set = {.kinds = KINDS, .pool = pool, .house = &house, .threads = 2, .stop_fd = -1, .drain = true};
	struct job_new job = {.org_id = tenant.org_id, .unique_key = session,
		.payload = arena_printf(&setup.arena, "{\"org\":\"%s\",\"live\":%s,\"session\":\"%s\"}", tenant.org_id, live ? "true" : "false", session)};
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(job_enqueue(&setup, &lease, policy, &job, NULL), OK);
	lease_return(&lease);
	do
		assert_int_equal(worker_run(&setup, &set), OK);
	while (strcmp(sql("select count(*) from job where kind = '%s' and state in ('waiting', 'running')", policy->kind), "0") != 0);
}

static const char *outcome_of(const char *session)
{
	return sql("select concat(status, '|', status_reason, '|', saved_minor) from decision where session_id = '%s'", session);
}

#define DISCOUNT "'accepted', 'discount', 1, null, null, null"
#define PAUSE "'accepted', 'pause', 2, 3, null, null"
#define DOWNGRADE "'accepted', 'downgrade', 3, null, null, null"
#define EXTENSION "'accepted', 'extension', 4, null, null, null"
#define DECLINED "'declined', null, null, null, 'unused', 'No use'"
#define CANCELLED "'cancelled', null, null, null, null, null"

static void applies(void **state)
{
	static const struct { const char *decided, *outcome, *kind, *member; } ROWS[] = {
		{DISCOUNT, "applied||980", "discount", "discounts"}, {PAUSE, "applied||4900", "pause", "pause_collection"},
		{DOWNGRADE, "applied||1470", "downgrade", "items"}, {EXTENSION, "applied||4900", "extension", "trial_end"},
		{DECLINED, "applied||0", "cancel", "cancel_at"}, {CANCELLED, "applied||0", "cancel", "cancel_at"}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *id = subscriber(NULL), *session = decision_add(id, ROWS[i].decided, false);
		struct json_object *value = NULL;

		work(&QUICK, session, false);
		assert_string_equal(outcome_of(session), ROWS[i].outcome);
		assert_string_equal(sql("select effect->>'kind' from decision where session_id = '%s'", session), ROWS[i].kind);
		assert_true(json_object_object_get_ex(subscription_at(id), ROWS[i].member, &value) && value);
		assert_int_equal(effects_on(id), 1);
		assert_string_equal(sql("select string_agg(state, ',') from stripe_operation where session_id = '%s' and purpose = 'subscription'",
			session), "done");
		assert_string_equal(sql("select count(*) from audit_log where entity_id = '%s' and action = 'decision.apply'", session), "1");
		assert_string_equal(sql("select type || (payload->>'offer' is null) from event where entity_id = '%s'", session),
			strcmp(ROWS[i].kind, "cancel") == 0 ? "cancellation.appliedtrue" : "customer.savedfalse");
		/* Again, as after a lost worker: nothing more. */
		work(&QUICK, session, false);
		assert_int_equal(effects_on(id), 1);
		assert_string_equal(outcome_of(session), ROWS[i].outcome);
	}
}

static void details(void **state)
{
	const char *id = subscriber(NULL), *session;
	struct json_object *shown, *member = NULL;
	(void)state;

	/* What is there stays: another discount, and a cancellation is taken back. */
	control(&setup, net, "POST", "reset", "{}");
	id = subscriber(NULL);
	session = decision_add(id, DISCOUNT, false);
	struct stripe_reply reply;
	assert_int_equal(stripe_call(&setup, net, KEY, "t", "POST", arena_printf(&setup.arena, "/v1/subscriptions/%s", id),
		"discounts[0][coupon]=WELCOME&cancel_at_period_end=true", "seed-1", &reply), OK);
	assert_int_equal(reply.status, 200);
	work(&QUICK, session, false);
	shown = subscription_at(id);
	assert_true(json_object_object_get_ex(shown, "discounts", &member));
	assert_int_equal(json_object_array_length(member), 2);
	assert_false(json_flag(shown, "cancel_at_period_end", true));
	/* The same offer again does not stack. */
	session = decision_add(id, DISCOUNT, false);
	work(&QUICK, session, false);
	assert_string_equal(outcome_of(session), "applied||980");
	assert_true(json_object_object_get_ex(subscription_at(id), "discounts", &member));
	assert_int_equal(json_object_array_length(member), 2);
	assert_int_equal(effects_on(id), 2);
	/* A cancellation carries the reason, and a second one finds it done. */
	id = subscriber(NULL);
	session = decision_add(id, DECLINED, false);
	work(&QUICK, session, false);
	assert_true(json_object_object_get_ex(subscription_at(id), "cancellation_details", &member));
	assert_string_equal(json_text(member, "feedback", ""), "unused");
	assert_string_equal(json_text(member, "comment", ""), "No use");
	session = decision_add(id, CANCELLED, false);
	work(&QUICK, session, false);
	assert_string_equal(outcome_of(session), "applied||0");
	assert_int_equal(effects_on(id), 1);
}

static void leaves_to_people(void **state)
{
	static const struct { const char *members, *decided, *reason; } ROWS[] = {
		{"{\"status\":\"past_due\"}", DISCOUNT, "the subscription is past_due"},
		{"{\"status\":\"unpaid\"}", CANCELLED, "the subscription is unpaid"},
		{"{\"status\":\"incomplete\"}", PAUSE, "the subscription is incomplete"},
		{"{\"status\":\"paused\"}", EXTENSION, "the subscription is paused"},
		{"{\"schedule\":\"sub_sched_1\"}", CANCELLED, "a schedule manages the subscription"},
		{"{\"pending_update\":{\"expires_at\":1}}", DOWNGRADE, "the subscription has an update that waits for payment"},
		{"{\"pause_collection\":{\"behavior\":\"keep_as_draft\",\"resumes_at\":null}}", PAUSE, "the subscription is paused already"}};
	const char *session, *id;
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		id = subscriber(ROWS[i].members);
		session = decision_add(id, ROWS[i].decided, false);
		work(&QUICK, session, false);
		assert_string_equal(outcome_of(session), arena_printf(&setup.arena, "manual|%s|0", ROWS[i].reason));
		assert_int_equal(effects_on(id), 0);
		assert_string_equal(sql("select count(*) from stripe_operation where session_id = '%s'", session), "0");
	}
	/* A refusal carries Stripe's own words. */
	session = decision_add("sub_nobody", DISCOUNT, false);
	work(&QUICK, session, false);
	assert_non_null(strstr(outcome_of(session), "manual|Stripe refused: No such subscription: 'sub_nobody'"));
	/* Live data is not reached with a test key, nor from a decision without a connection. */
	session = decision_add(subscriber(NULL), DISCOUNT, true);
	work(&QUICK, session, true);
	assert_string_equal(outcome_of(session), "manual|no Stripe connection|0");
	connect_stripe(true, "sk_live_51abcdefgh");
	id = subscriber(NULL);
	session = decision_add(id, DISCOUNT, true);
	work(&QUICK, session, true);
	assert_non_null(strstr(outcome_of(session), "a similar object exists in test mode"));
	assert_int_equal(effects_on(id), 0);
	/* A path is never made of what is no id. */
	session = decision_add("sub_1/../../charges", DISCOUNT, false);
	work(&QUICK, session, false);
	assert_non_null(strstr(outcome_of(session), "not one of Stripe"));
	/* A key that the house key does not open. */
	sql("update stripe_connection set key_sealed = '\\x00' where live");
	session = decision_add(id, DISCOUNT, true);
	work(&QUICK, session, true);
	assert_string_equal(outcome_of(session), "manual|the stored Stripe key cannot be opened|0");
	sql("delete from stripe_connection where live");
}

/* A coupon of our name that says something else is not given away. */
static void coupon_of_another_kind(void **state)
{
	const char *id, *session;
	(void)state;

	control(&setup, net, "POST", "reset", "{}");
	control(&setup, net, "POST", "seed", "{\"mode\":\"test\",\"coupons\":[{\"id\":\"stoa-30-repeating-3\",\"percent_off\":90,\"duration\":\"forever\"}]}");
	id = subscriber(NULL);
	session = decision_add(id, DISCOUNT, false);
	work(&QUICK, session, false);
	assert_string_equal(outcome_of(session), "manual|the coupon at Stripe differs from the offer|0");
	assert_int_equal(effects_on(id), 0);
	control(&setup, net, "POST", "reset", "{}");
}

/* One fault on the way, wherever it strikes: applied in the end, once. */
static void survives_faults(void **state)
{
	static const char *const faults[] = {
		"{\"kind\":\"reset\",\"when\":\"before\"}", "{\"kind\":\"reset\",\"when\":\"after\"}",
		"{\"kind\":\"reset\",\"when\":\"after\",\"times\":4}", "{\"kind\":\"status\",\"status\":500}",
		"{\"kind\":\"status\",\"status\":500,\"when\":\"after\"}", "{\"kind\":\"status\",\"status\":500,\"when\":\"during\"}",
		"{\"kind\":\"status\",\"status\":503,\"times\":2}", "{\"kind\":\"status\",\"status\":429}",
		"{\"kind\":\"status\",\"status\":429,\"code\":\"lock_timeout\"}", "{\"kind\":\"status\",\"status\":400,\"shouldRetry\":true}",
		"{\"kind\":\"status\",\"status\":500,\"when\":\"after\",\"shouldRetry\":false}", "{\"kind\":\"nonsense\"}",
		"{\"kind\":\"nonsense\",\"when\":\"after\"}", "{\"kind\":\"truncated\"}", "{\"kind\":\"status\",\"status\":409}",
		"{\"kind\":\"stall\",\"ms\":5000,\"when\":\"after\"}", "{\"kind\":\"stall\",\"ms\":5000,\"when\":\"during\"}"};
	static const char *const decided[] = {PAUSE, DISCOUNT, EXTENSION};
	(void)state;

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		const char *id = subscriber(NULL), *session = decision_add(id, decided[i % 3], false), *outcome;

		control(&setup, net, "POST", "faults", arena_printf(&setup.arena, "%.*s,\"method\":\"POST\",\"path\":\"%s\"}", (int)strlen(faults[i]) - 1,
			faults[i], id));
		work(&QUICK, session, false);
		outcome = outcome_of(session);
		if (strncmp(outcome, "applied|", 8) != 0 || effects_on(id) != 1)
			fail_msg("%s: %s, %d effects", faults[i], outcome, effects_on(id));
		control(&setup, net, "DELETE", "faults", NULL);
	}
}

/* Faults on reading, and on the coupon. */
static void survives_faults_elsewhere(void **state)
{
	static const char *const faults[] = {
		"{\"kind\":\"reset\",\"method\":\"GET\",\"times\":5}", "{\"kind\":\"status\",\"status\":500,\"method\":\"GET\",\"skip\":1}",
		"{\"kind\":\"nonsense\",\"method\":\"GET\",\"skip\":1,\"times\":2}", "{\"kind\":\"status\",\"status\":429,\"method\":\"GET\",\"times\":3}",
		"{\"kind\":\"reset\",\"when\":\"after\",\"path\":\"/v1/coupons$\"}", "{\"kind\":\"status\",\"status\":500,\"path\":\"/v1/coupons/\"}",
		"{\"kind\":\"truncated\",\"path\":\"/v1/coupons$\"}"};
	(void)state;

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		const char *id, *session, *outcome;

		control(&setup, net, "POST", "reset", "{}");
		id = subscriber(NULL);
		session = decision_add(id, DISCOUNT, false);
		control(&setup, net, "POST", "faults", faults[i]);
		work(&QUICK, session, false);
		outcome = outcome_of(session);
		if (strcmp(outcome, "applied||980") != 0 || effects_on(id) != 1)
			fail_msg("%s: %s, %d effects", faults[i], outcome, effects_on(id));
	}
}

/* Stripe away for good: an honest end, and not a word of success. */
static void gives_up_honestly(void **state)
{
	static const struct { const char *fault, *reason; int effects; } ROWS[] = {
		{"{\"kind\":\"reset\",\"times\":0}", "manual|Stripe could not be reached; the outcome at Stripe is not known|0", 0},
		{"{\"kind\":\"status\",\"status\":500,\"times\":0}", "manual|Stripe answered 500", 0},
		{"{\"kind\":\"nonsense\",\"times\":0}", "manual|Stripe answered 200 with something unreadable", 0},
		{"{\"kind\":\"status\",\"status\":429,\"times\":0,\"method\":\"POST\"}", "manual|Stripe answered 429: Request rate limit exceeded", 0},
		/* It was done but every answer is lost, also those to reading. */
		{"{\"kind\":\"reset\",\"times\":0,\"skip\":1,\"when\":\"after\"}", "manual|Stripe could not be reached; the outcome", 1}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *id = subscriber(NULL), *session = decision_add(id, PAUSE, false), *outcome;

		control(&setup, net, "POST", "faults", ROWS[i].fault);
		work(&HASTY, session, false);
		control(&setup, net, "DELETE", "faults", NULL);
		outcome = outcome_of(session);
		if (strncmp(outcome, ROWS[i].reason, strlen(ROWS[i].reason)) != 0)
			fail_msg("%s: %s", ROWS[i].fault, outcome);
		assert_int_equal(effects_on(id), ROWS[i].effects);
	}
}

/* A key that Stripe may have forgotten is not used again. */
static void old_keys(void **state)
{
	static const struct { const char *state_before, *outcome, *operations; int effects; } ROWS[] = {
		{"sent", "applied||4900", "sent,done", 1}, {"done", "manual|Stripe accepted the change but does not show it|0", "done", 0}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *id = subscriber(NULL), *session = decision_add(id, PAUSE, false);

		sql("insert into stripe_operation (org_id, live, session_id, number, purpose, idempotency_key, method, path, form, state, created_at) "
			"values ('%s', false, '%s', 1, 'subscription', 'old-%s', 'POST', '/v1/subscriptions/%s', 'metadata[x]=y', '%s', "
			"now() - interval '23 hours 1 minute')", tenant.org_id, session, session, id, ROWS[i].state_before);
		work(&QUICK, session, false);
		assert_string_equal(outcome_of(session), ROWS[i].outcome);
		assert_string_equal(sql("select string_agg(state, ',' order by number) from stripe_operation where session_id = '%s'", session),
			ROWS[i].operations);
		assert_int_equal(effects_on(id), ROWS[i].effects);
	}
}

/* An operation under way is repeated with the key and the form that were sent, not with new ones. */
static void same_key_again(void **state)
{
	const char *id = subscriber(NULL), *session = decision_add(id, EXTENSION, false);
	struct json_object *log;
	(void)state;

	sql("insert into stripe_operation (org_id, live, session_id, number, purpose, idempotency_key, method, path, form) "
		"values ('%s', false, '%s', 1, 'subscription', 'first-%s', 'POST', '/v1/subscriptions/%s', "
		"'trial_end=' || extract(epoch from date_trunc('day', now()) + interval '50 days')::bigint || '&proration_behavior=none')",
		tenant.org_id, session, session, id);
	work(&QUICK, session, false);
	assert_string_equal(outcome_of(session), "applied||4900");
	log = control(&setup, net, "GET", "log", NULL);
	assert_string_equal(json_text(json_object_array_get_idx(log, json_object_array_length(log) - 1), "key", ""),
		arena_printf(&setup.arena, "first-%s", session));
	assert_string_equal(sql("select effect->>'until' = to_char(date_trunc('day', now()) + interval '50 days', "
		"'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') from decision where session_id = '%s'", session), "t");
	assert_string_equal(sql("select count(*) from stripe_operation where session_id = '%s'", session), "1");
}

static void refuses_nonsense_jobs(void **state)
{
	struct lease lease;
	struct job_house house = {.net = net};
	struct worker_set set = {.kinds = KINDS, .pool = pool, .house = &house, .threads = 1, .stop_fd = -1, .drain = true};
	static const char *const payloads[] = {"{}", "{\"org\":\"x\",\"session\":\"y\"}", "{\"org\":7}"};
	(void)state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(lease_take(&setup, pool, &lease), OK);
		assert_int_equal(job_enqueue(&setup, &lease, &QUICK, &(struct job_new){.payload = payloads[i]}, NULL), OK);
		lease_return(&lease);
	}
	assert_int_equal(worker_run(&setup, &set), OK);
	assert_string_equal(sql("select count(*) from job where state = 'dead'"), "3");
	/* A decision that is not there is nothing to do. */
	work(&QUICK, "01900000-0000-7000-8000-000000000000", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(applies), cmocka_unit_test(details), cmocka_unit_test(leaves_to_people),
		cmocka_unit_test(coupon_of_another_kind), cmocka_unit_test(survives_faults), cmocka_unit_test(survives_faults_elsewhere),
		cmocka_unit_test(gives_up_honestly), cmocka_unit_test(old_keys), cmocka_unit_test(same_key_again),
		cmocka_unit_test(refuses_nonsense_jobs)};

	return cmocka_run_group_tests(tests, open_house, close_house);
}
