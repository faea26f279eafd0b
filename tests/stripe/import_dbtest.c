/* Reading from the stand-in: the first import and its going on after a death, the catch-up, ties that Stripe settles, and what a key may do. */
#include "config.h"

#include "tests/lib/standin.h"
#include "tests/stripe/house.h"

#define KEY "sk_test_51abcdefgh"
#define CUSTOMERS 230

static struct billing_endpoint endpoint;

/* Lines of a JSON list. */
static const char *many(const char *format, int count)
{
	struct buffer list = {0};
	const char *text;

	for (int i = 0; i < count; i++) {
		buffer_char(&list, i ? ',' : '[');
		for (const char *at = format; *at; at++)
			if (*at == '#')
				buffer_int(&list, i);
			else
				buffer_char(&list, *at == '\'' ? '"' : *at);
	}
	buffer_char(&list, ']');
	text = arena_strdup(&setup.arena, list.data);
	buffer_free(&list);
	return text;
}

static void seed(void)
{
	control(&setup, net, "POST", "reset", "{}");
	control(&setup, net, "POST", "seed", arena_printf(&setup.arena, "{\"mode\":\"test\",\"products\":[{\"id\":\"prod_app\",\"name\":\"App\"}],"
		"\"prices\":[{\"id\":\"price_pro\",\"currency\":\"usd\",\"unit_amount\":4900,\"product\":\"prod_app\",\"recurring\":{\"interval\":\"month\"}}],"
		"\"coupons\":[{\"id\":\"half\",\"percent_off\":50,\"duration\":\"repeating\",\"duration_in_months\":3}],\"customers\":%s,\"subscriptions\":%s}",
		many("{'id':'cus_#','email':'c#@b.example'}", CUSTOMERS),
		many("{'id':'sub_#','customer':'cus_#','discounts':[{'coupon':'half'}],'items':[{'id':'si_#','price':'price_pro'}]}", 5)));
	for (int i = 0; i < 3; i++)
		control(&setup, net, "POST", "bill", arena_printf(&setup.arena, "{\"mode\":\"test\",\"subscription\":\"sub_%d\",\"id\":\"in_%d\"}", i, i));
	control(&setup, net, "POST", "bill", "{\"mode\":\"test\",\"subscription\":\"sub_4\",\"id\":\"in_open\",\"pay\":false}");
}

/* A write at the stand-in by the API, as somebody else's program would make it. */
static void elsewhere(const char *path, const char *form)
{
	struct stripe_reply reply;

	if (stripe_call(&setup, net, KEY, "test", "POST", path, form, NULL, &reply) != OK || reply.status != 200)
		fail_msg("%s: %d %s", path, reply.status, reply.error_message);
}

static const char *begin(enum err (*start)(struct ctx *, struct lease *, const char *, bool, char *))
{
	char id[ID_TEXT];
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	if (start(&setup, &lease, tenant.org_id, false, id) != OK)
		fail_msg("%s", setup.fault.detail);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
	return arena_strdup(&setup.arena, id);
}

static int clean(void **state)
{
	(void)state;
	sql("delete from customer; delete from product; delete from price; delete from coupon; delete from discount; delete from subscription; "
		"delete from invoice; delete from invoice_payment; delete from charge; delete from stripe_event; delete from stripe_sync; delete from job");
	connect_stripe(false, KEY);
	seed();
	return 0;
}

static int open_house(void **state)
{
	(void)state;
	standin_start();
	serve_conf();
	log_open("import_dbtest", "/dev/null", LOG_ERROR);
	setenv("STOA_NET_BREAKER_FAILURES", "1000", 1);
	setenv("STOA_STRIPE_TRIES", "1", 1);
	setting("STOA_WORKER_POLL", "100ms");
	house_open();
	snprintf(endpoint.org_id, ID_TEXT, "%s", tenant.org_id);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	standin_stop();
	house_close();
	return 0;
}

static void import_goes_on(void **state)
{
	(void)state;
	/* The third page of customers cannot be read: nothing of the first two is read again. */
	control(&setup, net, "POST", "faults", "[{\"kind\":\"status\",\"status\":500,\"path\":\"/v1/customers$\",\"method\":\"GET\",\"skip\":2}]");
	const char *id = begin(billing_import_start);
	work();
	assert_sql("waiting", "select state from job where id = '%s'", id);
	assert_sql("3 200", "select phase || ' ' || (counts->>'customers') from stripe_sync");
	assert_sql("200", "select count(*) from customer");
	control(&setup, net, "DELETE", "requests", NULL);
	work();
	assert_sql("done", "select state from job where id = '%s'", id);
	struct json_object *asked = control(&setup, net, "GET", "requests", NULL);
	assert_string_equal(json_text(json_object_array_get_idx(asked, 0), "path", ""), "/v1/customers");
	assert_string_equal(json_text(json_object_array_get_idx(asked, 1), "path", ""), "/v1/subscriptions");
	assert_sql("{\"prices\": 1, \"coupons\": 1, \"refunds\": 0, \"disputes\": 0, \"invoices\": 3, \"products\": 1, \"customers\": 230, \"subscriptions\": 5}",
		"select counts from stripe_sync where import_ended_at is not null and events_through = import_began_at");
	assert_sql("5 App App 4900 half 50.00", "select concat_ws(' ', count(*), min(s.plan), min(c.plan), min(c.value_minor), min(s.discounts->0->>'coupon'), "
		"min(s.discounts->0->>'percent')) from subscription s join customer c on c.stripe_ref = s.customer_ref where s.discount_ends_at is not null");
	assert_sql("3 14700 0", "select count(*) || ' ' || sum(paid_minor) || ' ' || sum(refunded_minor) from invoice");
	/* Again, with a refund of before: the same rows, and money that went back. */
	const char *rows = sql("select md5(string_agg(concat_ws(' ', stripe_ref, email, plan, value_minor), '|' order by stripe_ref)) from customer");
	const char *intent = sql("select payment_ref from invoice_payment where invoice_ref = 'in_1'");
	elsewhere("/v1/refunds", arena_printf(&setup.arena, "payment_intent=%s&amount=900", intent));
	elsewhere("/v1/refunds", arena_printf(&setup.arena, "payment_intent=%s&amount=100", intent));
	begin(billing_import_start);
	work();
	assert_sql(rows, "select md5(string_agg(concat_ws(' ', stripe_ref, email, plan, value_minor), '|' order by stripe_ref)) from customer");
	assert_sql("1000", "select refunded_minor from invoice where ref = 'in_1'");
}

/* The last customer of a page is deleted at Stripe before the next page is asked for. */
static void a_cursor_that_is_gone(void **state)
{
	(void)state;
	control(&setup, net, "POST", "faults", "[{\"kind\":\"status\",\"status\":500,\"path\":\"/v1/customers$\",\"method\":\"GET\",\"skip\":2}]");
	begin(billing_import_start);
	work();
	sql("update stripe_sync set cursor = 'cus_gone'");
	work();
	assert_sql("230 5", "select (counts->>'customers') || ' ' || (counts->>'subscriptions') from stripe_sync where import_ended_at is not null");
	/* A list that cannot be read at all is no reason to go on for ever. */
	control(&setup, net, "POST", "faults", "[{\"kind\":\"status\",\"status\":400,\"path\":\"/v1/customers$\",\"method\":\"GET\",\"skip\":1},"
		"{\"kind\":\"status\",\"status\":400,\"path\":\"/v1/customers$\",\"method\":\"GET\",\"skip\":2}]");
	begin(billing_import_start);
	work();
	assert_sql("waiting", "select state from job where kind = 'stripe.import' order by created_at desc limit 1");
}

static void a_key_that_may_not(void **state)
{
	(void)state;
	control(&setup, net, "POST", "keys", "{\"rk_test_51abcdefgh\":{\"account\":\"acct_standin\",\"scopes\":[\"customer_read\",\"subscription_write\",\"product_read\","
		"\"price_read\",\"invoice_read\"]}}");
	connect_stripe(false, "rk_test_51abcdefgh");
	control(&setup, net, "DELETE", "log", NULL);
	begin(billing_check_start);
	work();
	assert_sql("charges:read,coupons:read,coupons:write,disputes:read,events:read,invoices:write,portal:write",
		"select string_agg(s->>'scope' || ':' || (s->>'access'), ',' order by s->>'scope', s->>'access') from stripe_sync, jsonb_array_elements(scopes) s "
		"where not (s->>'allowed')::boolean");
	assert_sql("13", "select jsonb_array_length(scopes) from stripe_sync");
	/* What was tried changed nothing. */
	assert_int_equal(json_object_array_length(control(&setup, net, "GET", "log", NULL)), 0);
	/* The import leaves out what the key may not read, and says so; what hangs on it waits for it. */
	begin(billing_import_start);
	work();
	assert_sql("- 230 5 -", "select concat_ws(' ', coalesce(counts->>'coupons', '-'), counts->>'customers', counts->>'subscriptions', coalesce(counts->>'refunds', '-')) "
		"from stripe_sync where import_ended_at is not null and counts ? 'coupons' and counts ? 'refunds'");
	begin(billing_catch_up_start);
	work();
	assert_sql("dead", "select state from job where kind = 'stripe.catch-up'");
	/* A key that is no more. */
	connect_stripe(false, "rk_test_revoked00");
	begin(billing_import_start);
	work();
	assert_sql("Stripe refuses the key", "select errors->-1->>'message' from job where kind = 'stripe.import' and state = 'dead'");
}

static void what_was_missed_is_fetched(void **state)
{
	(void)state;
	for (int i = 0; i < 120; i++)
		elsewhere("/v1/customers/cus_7", arena_printf(&setup.arena, "name=Name%%20%d", i));
	/* The second page fails: the first is not read again. */
	control(&setup, net, "POST", "faults", "[{\"kind\":\"status\",\"status\":500,\"path\":\"/v1/events$\",\"method\":\"GET\",\"skip\":1}]");
	begin(billing_catch_up_start);
	work();
	assert_sql("t", "select events_cursor is not null and caught_up_at is null from stripe_sync");
	sql("update job set attempts = 10");
	control(&setup, net, "DELETE", "requests", NULL);
	work();
	assert_sql("done", "select state from job where kind = 'stripe.catch-up'");
	assert_sql("t", "select events_cursor is null and events_until is null and caught_up_at is not null and events_through < now() from stripe_sync");
	assert_sql("Name 119", "select name from customer where stripe_ref = 'cus_7'");
	assert_sql("0", "select count(*) from stripe_event where state <> 'done'");
	assert_sql("t", "select count(*) >= 120 and bool_and(source = 'catch-up') from stripe_event");
	/* Only what came since is asked for; what was heard of already is stored once. */
	const char *count = sql("select count(*) from stripe_event");
	begin(billing_catch_up_start);
	work();
	assert_sql(count, "select count(*) from stripe_event");
	/* The hour's round does it for every connection. */
	sql("delete from job; insert into job (id, kind, queue, attempts) values (gen_random_uuid(), 'stripe.round', 2, 1)");
	sql("update stripe_event set received_at = now() - interval '31 days' where id in (select id from stripe_event order by id limit 3); "
		"update stripe_event set state = 'waiting', received_at = now() - make_interval(days => case id when (select max(id) from stripe_event) then 61 else 59 end) "
		"where id in (select id from stripe_event order by id desc limit 2); "
		"insert into stripe_event (org_id, live, id, type, created_at, source, state, received_at) values ('%s', false, 'evt_ancient', 'x', now(), 'webhook', 'ignored', "
		"now() - interval '61 days')", tenant.org_id);
	work();
	work();
	assert_sql("done done", "select string_agg(state, ' ') from job");
	assert_sql("4 0", "select (select count(*) from stripe_event where payload is null) || ' ' || (select count(*) from stripe_event where id = 'evt_ancient')");
}

/* Two changes of one second: Stripe tells which came last, whichever event comes first. */
static void ties_are_settled_by_stripe(void **state)
{
	static const char *const NAMES[] = {"First", "Second"};
	(void)state;

	elsewhere("/v1/customers/cus_7", "name=Second");
	for (int turn = 0; turn < 2; turn++) {
		sql("delete from customer; delete from stripe_event");
		for (int i = 0; i < 2; i++) {
			const char *body = arena_printf(&setup.arena, "{\"id\":\"evt_%d%d\",\"object\":\"event\",\"type\":\"customer.updated\",\"created\":1700000000,"
				"\"livemode\":false,\"data\":{\"object\":{\"id\":\"cus_7\",\"object\":\"customer\",\"name\":\"%s\"}}}", turn, i, NAMES[i ^ turn]);

			assert_int_equal(billing_receive(&setup, pool, &endpoint, body, strlen(body)), OK);
			work();
		}
		assert_sql("Second", "select name from customer");
		assert_sql("0", "select count(*) from stripe_event where state <> 'done'");
	}
	/* While Stripe is away the event waits for it. */
	sql("delete from customer; delete from stripe_event; delete from job");
	control(&setup, net, "POST", "faults", "[{\"kind\":\"status\",\"status\":500,\"path\":\"/v1/customers/cus_7\",\"times\":1}]");
	for (int i = 0; i < 2; i++) {
		const char *body = arena_printf(&setup.arena, "{\"id\":\"evt_away%d\",\"object\":\"event\",\"type\":\"customer.updated\",\"created\":1700000000,"
			"\"livemode\":false,\"data\":{\"object\":{\"id\":\"cus_7\",\"object\":\"customer\",\"name\":\"%s\"}}}", i, NAMES[i]);

		assert_int_equal(billing_receive(&setup, pool, &endpoint, body, strlen(body)), OK);
		work();
	}
	assert_sql("1", "select count(*) from stripe_event where state = 'waiting'");
	work();
	assert_sql("Second", "select name from customer");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(import_goes_on, clean), cmocka_unit_test_setup(a_cursor_that_is_gone, clean),
		cmocka_unit_test_setup(a_key_that_may_not, clean),
		cmocka_unit_test_setup(what_was_missed_is_fetched, clean), cmocka_unit_test_setup(ties_are_settled_by_stripe, clean)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
