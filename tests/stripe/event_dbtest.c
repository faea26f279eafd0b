/* Events into the mirror, in every order: what is older changes nothing, what is over stays over, and what follows from several rows is
 * the same whichever came first. */
#include "config.h"

#include "tests/stripe/house.h"

static struct billing_endpoint endpoint;
static int events;

/* {'id': …} with single quotes. */
static const char *quoted(const char *text)
{
	char *copy = arena_strdup(&setup.arena, text);

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

static enum err send(const char *body)
{
	enum err err = billing_receive(&setup, pool, &endpoint, body, strlen(body));

	ctx_forgive(&setup);
	return err;
}

static const char *event(const char *type, int64_t created, const char *object)
{
	return arena_printf(&setup.arena, "{\"id\":\"evt_%05d\",\"object\":\"event\",\"type\":\"%s\",\"created\":%lld,\"livemode\":false,\"data\":{\"object\":%s}}",
		++events, type, (long long)created, quoted(object));
}

/* What a worker would do with the events' jobs, without its waiting: these tests run hundreds. */
static void handle(void)
{
	struct job_house house = {.net = net};

	for (;;) {
		const char *id = sql("update job set state = 'running', attempt = 1 where id = (select min(id::text)::uuid from job where state = 'waiting' "
			"and kind = 'stripe.event') returning id");
		struct job job = {.attempt = 1, .attempts = 2, .pool = pool, .house = &house};
		const char *payload;

		if (!*id)
			return;
		snprintf(job.id, ID_TEXT, "%s", id);
		payload = sql("select payload from job where id = '%s'", id);
		assert_int_equal(json_read(&setup, payload, strlen(payload), 4, &job.payload), OK);
		if (stripe_event_run(&setup, &job) != OK)
			fail_msg("%s %s", setup.fault.detail, setup.fault.internal);
		sql("update job set state = 'done' where id = '%s'", id);
	}
}

/* An event of `created`, stored and worked on. */
static void tell(const char *type, int64_t created, const char *object)
{
	assert_int_equal(send(event(type, created, object)), OK);
	handle();
	assert_sql("0", "select count(*) from stripe_event where state in ('waiting', 'failed')");
}

static int clean(void **state)
{
	(void)state;
	sql("delete from customer; delete from product; delete from price; delete from coupon; delete from discount; delete from subscription; "
		"delete from schedule_plan; delete from invoice; delete from invoice_payment; delete from charge; delete from dispute; "
		"delete from subscription_claim; delete from stripe_event; delete from job");
	return 0;
}

static int open_house(void **state)
{
	(void)state;
	serve_conf();
	log_open("event_dbtest", "/dev/null", LOG_ERROR);
	setenv("STOA_STRIPE_API_BASE", "http://127.0.0.1:1", 1);
	setting("STOA_WORKER_POLL", "100ms");
	house_open();
	snprintf(endpoint.org_id, ID_TEXT, "%s", tenant.org_id);
	return 0;
}

static int close_house(void **state)
{
	(void)state;
	house_close();
	return 0;
}

#define SUB(status, price, more) \
	"{'id':'sub_1','object':'subscription','customer':'cus_1','status':'" status "','currency':'usd','start_date':1000,'items':{'data':[" \
	"{'quantity':1,'price':{'id':'" price "','product':'prod_1','unit_amount':900,'recurring':{'interval':'month','interval_count':1}}}]}" more "}"

/* --- what is stored --- */

static void only_events_are_stored(void **state)
{
	static const struct { const char *body; enum err err; } ROWS[] = {
		{"", ERR_BAD_INPUT}, {"[]", ERR_BAD_INPUT}, {"{}", ERR_BAD_INPUT}, {"{'object':'event'}", ERR_BAD_INPUT},
		{"{'id':'evt_x1','object':'v2.core.event','type':'v1.billing.meter','livemode':false}", ERR_INVALID},
		{"{'id':'evt_x2','object':'event','type':'customer.created','created':1,'livemode':true,'data':{'object':{'id':'cus_1','object':'customer'}}}", ERR_INVALID},
		{"{'id':'evt_x3','object':'event','type':'customer.created','created':1,'livemode':false,'account':'acct_2','data':{'object':{'id':'cus_1'}}}", ERR_INVALID},
		{"{'id':'evt_x4','object':'event','type':'customer.created','created':1,'data':{'object':{'id':'cus_1'}}}", ERR_BAD_INPUT},
		{"{'id':'evt_x5','object':'event','type':'customer.created','livemode':false,'data':{'object':{'id':'cus_1'}}}", ERR_BAD_INPUT},
		{"{'id':'evt','object':'event','type':'customer.created','created':1,'livemode':false,'data':{'object':{'id':'cus_1'}}}", ERR_BAD_INPUT},
		{"{'id':'evt_x6','object':'event','type':'customer.created','created':1,'livemode':false,'data':{}}", ERR_BAD_INPUT}};
	(void)state;

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		if (send(quoted(ROWS[i].body)) != ROWS[i].err)
			fail_msg("%s", ROWS[i].body);
	assert_sql("0", "select count(*) from stripe_event");
	assert_sql("0", "select count(*) from job");
}

static void repeats_change_nothing(void **state)
{
	const char *one = event("customer.created", 100, "{'id':'cus_1','object':'customer','email':'a@b.example','created':50}");
	(void)state;

	assert_int_equal(send(one), OK);
	assert_int_equal(send(one), OK);
	assert_sql("1", "select count(*) from job");
	work();
	const char *row = sql("select md5(string_agg(c::text, '')) from customer c");
	assert_int_equal(send(one), OK);
	work();
	assert_sql(row, "select md5(string_agg(c::text, '')) from customer c");
	/* What nobody asks for is noted, without its words and without a job. */
	assert_int_equal(send(event("payout.paid", 100, "{'id':'po_1','object':'payout'}")), OK);
	assert_sql("ignored", "select state from stripe_event where type = 'payout.paid' and payload is null");
	assert_sql("1", "select count(*) from job");
}

static void what_cannot_be_used_stays_with_its_reason(void **state)
{
	(void)state;
	assert_int_equal(send(event("customer.subscription.updated", 100, SUB("dreaming", "p", ""))), OK);
	work();
	assert_sql("Stripe's subscription cannot be used", "select reason from stripe_event where state = 'failed'");
	assert_sql("done", "select state from job");
	/* A refund only names its charge: nobody can be asked about it. */
	assert_int_equal(send(event("refund.failed", 110, "{'id':'re_1','object':'refund','charge':'ch_1','status':'failed'}")), OK);
	work();
	assert_sql("Stripe does not say what became of ch_1", "select reason from stripe_event where state = 'failed' and type = 'refund.failed'");
	assert_sql("done done", "select string_agg(state, ' ') from job");
}

/* --- order --- */

static void older_never_overwrites_newer(void **state)
{
	(void)state;
	tell("customer.updated", 200, "{'id':'cus_1','object':'customer','email':'new@b.example','created':50}");
	tell("customer.updated", 199, "{'id':'cus_1','object':'customer','email':'old@b.example','created':50}");
	tell("customer.created", 200, "{'id':'cus_1','object':'customer','email':'first@b.example','created':50}");
	assert_sql("new@b.example", "select email from customer");
	tell("customer.updated", 201, "{'id':'cus_1','object':'customer','email':'newest@b.example','created':50}");
	assert_sql("newest@b.example", "select email from customer");
	/* Within a second the digest decides where Stripe cannot be asked, whichever came first. */
	for (int turn = 0; turn < 2; turn++) {
		clean(NULL);
		tell("customer.updated", 300, turn ? "{'id':'cus_1','object':'customer','email':'x@b.example'}" : "{'id':'cus_1','object':'customer','email':'y@b.example'}");
		tell("customer.updated", 300, turn ? "{'id':'cus_1','object':'customer','email':'y@b.example'}" : "{'id':'cus_1','object':'customer','email':'x@b.example'}");
		static const char *first;
		const char *email = sql("select email from customer");
		if (turn)
			assert_string_equal(email, first);
		first = email;
	}
}

static void over_is_over(void **state)
{
	(void)state;
	tell("customer.subscription.deleted", 500, SUB("canceled", "p", ",'ended_at':500"));
	tell("customer.subscription.updated", 501, SUB("active", "p", ""));
	assert_sql("canceled", "select status from subscription");
	tell("customer.subscription.updated", 600, SUB("canceled", "p", ",'ended_at':500,'cancellation_details':{'feedback':'unused'}"));
	assert_sql("unused", "select cancel_reason from subscription");
	tell("customer.deleted", 500, "{'id':'cus_1','object':'customer','email':'a@b.example','created':50}");
	tell("customer.updated", 700, "{'id':'cus_1','object':'customer','email':'z@b.example','created':50}");
	assert_sql("a@b.example 1970-01-01 00:08:20+00", "select email || ' ' || deleted_at from customer");
	tell("coupon.deleted", 500, "{'id':'half','object':'coupon','duration':'once','percent_off':50}");
	tell("coupon.created", 400, "{'id':'half','object':'coupon','duration':'once','percent_off':50}");
	assert_sql("t", "select deleted from coupon");
	tell("invoice.paid", 500, "{'id':'in_1','object':'invoice','status':'paid','currency':'usd','amount_paid':900,'created':490}");
	tell("invoice.payment_failed", 600, "{'id':'in_1','object':'invoice','status':'open','currency':'usd','attempt_count':9,'created':490}");
	assert_sql("paid 900", "select status || ' ' || paid_minor from invoice");
	/* An incomplete subscription never comes after one that has begun. */
	clean(NULL);
	tell("customer.subscription.updated", 500, SUB("active", "p", ""));
	tell("customer.subscription.updated", 500, SUB("incomplete", "p", ""));
	assert_sql("active", "select status from subscription");
}

/* --- what follows --- */

/* Calls act(0 … count-1) in every order, or of 120 in every seventh; the end must be the same. */
static void in_every_order(int count, void (*act)(int), const char *what)
{
	int order[6], total = 1;
	const char *first = NULL;

	for (int i = 2; i <= count; i++)
		total *= i;
	for (int turn = 0; turn < total; turn += total > 24 ? 7 : 1) {
		int left[6], rest = turn;

		for (int i = 0; i < count; i++)
			left[i] = i;
		for (int i = 0; i < count; i++) {
			int at = rest % (count - i);

			rest /= count - i;
			order[i] = left[at];
			left[at] = left[count - i - 1];
		}
		clean(NULL);
		for (int i = 0; i < count; i++)
			act(order[i]);
		const char *end = sql("select string_agg(t::text, '|') from (%s) t", what);
		if (first && strcmp(first, end) != 0)
			fail_msg("turn %d ends with %s, not %s", turn, end, first);
		first = end;
	}
	print_message("%s\n", first);
}

static void plan_act(int i)
{
	switch (i) {
	case 0:
		return tell("customer.subscription.created", 100, SUB("active", "price_1", ",'discounts':['di_1']"));
	case 1:
		return tell("product.updated", 90, "{'id':'prod_1','object':'product','name':'App'}");
	case 2:
		return tell("customer.discount.created", 100, "{'id':'di_1','object':'discount','customer':'cus_1','subscription':'sub_1','source':{'coupon':'half'},'end':9000}");
	case 3:
		return tell("coupon.created", 80, "{'id':'half','object':'coupon','duration':'repeating','percent_off':50}");
	default:
		return tell("customer.updated", 101, "{'id':'cus_1','object':'customer','email':'a@b.example','created':50,'currency':'usd'}");
	}
}

static void plans_and_discounts_follow(void **state)
{
	(void)state;
	in_every_order(5, plan_act, "select s.plan, s.discounts, s.discount_ends_at, s.month_minor, c.plan, c.value_minor, c.currency, c.customer_since, c.email "
		"from subscription s join customer c on c.stripe_ref = s.customer_ref");
	assert_sql("App 900 usd half 50.00", "select concat_ws(' ', c.plan, c.value_minor, c.currency, s.discounts->0->>'coupon', s.discounts->0->>'percent') "
		"from customer c, subscription s");
	/* A price's nickname is a better name; the discount's end takes it away. */
	tell("price.created", 70, "{'id':'price_1','object':'price','currency':'usd','nickname':'Pro','product':'prod_1','unit_amount':900}");
	tell("customer.discount.deleted", 200, "{'id':'di_1','object':'discount','customer':'cus_1','subscription':'sub_1','source':{'coupon':'half'}}");
	assert_sql("Pro Pro []", "select c.plan || ' ' || s.plan || ' ' || s.discounts from customer c, subscription s");
	/* Nothing follows from another redemption; from another percentage it does. */
	sql("update subscription set plan = 'seen'");
	tell("coupon.updated", 210, "{'id':'half','object':'coupon','duration':'repeating','percent_off':50,'times_redeemed':7}");
	assert_sql("seen 7", "select s.plan || ' ' || c.redemptions from subscription s, coupon c");
	tell("customer.discount.created", 220, "{'id':'di_2','object':'discount','customer':'cus_1','subscription':'sub_1','source':{'coupon':'half'},'end':9000}");
	sql("update subscription set plan = 'seen'");
	tell("coupon.updated", 230, "{'id':'half','object':'coupon','duration':'repeating','percent_off':60,'times_redeemed':7}");
	assert_sql("Pro", "select plan from subscription");
	tell("customer.subscription.deleted", 300, SUB("canceled", "price_1", ""));
	assert_sql("- 0", "select coalesce(plan, '-') || ' ' || value_minor from customer");
}

static void refund_act(int i)
{
	switch (i) {
	case 0:
		return tell("invoice.paid", 100, "{'id':'in_1','object':'invoice','customer':'cus_1','status':'paid','currency':'usd','amount_paid':1000,'created':99}");
	case 1:
		return tell("invoice_payment.paid", 100, "{'id':'inpay_1','object':'invoice_payment','invoice':'in_1','payment':{'type':'payment_intent','payment_intent':'pi_1'}}");
	case 2:
		return tell("charge.refunded", 110, "{'id':'ch_1','object':'charge','payment_intent':'pi_1','amount_refunded':300}");
	case 3:
		return tell("charge.refunded", 120, "{'id':'ch_1','object':'charge','payment_intent':'pi_1','amount_refunded':400}");
	default:
		return tell("charge.dispute.closed", 130, "{'id':'dp_1','object':'dispute','charge':'ch_1','payment_intent':'pi_1','amount':250,'status':'lost'}");
	}
}

static void refund_act_old(int i)
{
	switch (i) {
	case 0:
		return tell("invoice.paid", 100, "{'id':'in_1','object':'invoice','status':'paid','currency':'usd','amount_paid':1000,'created':99,'charge':'ch_1'}");
	case 1:
		return tell("charge.dispute.created", 125, "{'id':'dp_1','object':'dispute','charge':'ch_1','amount':2000,'status':'needs_response'}");
	case 2:
		return tell("charge.dispute.closed", 130, "{'id':'dp_1','object':'dispute','charge':'ch_1','amount':2000,'status':'lost'}");
	default:
		return tell("charge.refunded", 110, "{'id':'ch_1','object':'charge','invoice':'in_1','amount_refunded':300}");
	}
}

static void refunds_follow(void **state)
{
	(void)state;
	in_every_order(5, refund_act, "select ref, paid_minor, refunded_minor from invoice");
	assert_sql("650", "select refunded_minor from invoice");
	/* Never more than was paid. */
	in_every_order(4, refund_act_old, "select ref, paid_minor, refunded_minor from invoice");
	assert_sql("1000", "select refunded_minor from invoice");
	/* A dispute that is won takes nothing. */
	clean(NULL);
	refund_act(0);
	refund_act(1);
	tell("charge.dispute.closed", 130, "{'id':'dp_1','object':'dispute','charge':'ch_1','payment_intent':'pi_1','amount':250,'status':'won'}");
	assert_sql("0", "select refunded_minor from invoice");
}

static void schedule_act(int i)
{
	switch (i) {
	case 0:
		return tell("customer.subscription.updated", 100, SUB("active", "p", ",'schedule':'sub_sched_1'"));
	case 1:
		return tell("subscription_schedule.created", 90, "{'id':'sub_sched_1','object':'subscription_schedule','subscription':'sub_1','status':'active'}");
	default:
		return tell("subscription_schedule.released", 110, "{'id':'sub_sched_1','object':'subscription_schedule','released_subscription':'sub_1','status':'released'}");
	}
}

static void schedules_end(void **state)
{
	(void)state;
	schedule_act(0);
	assert_sql("sub_sched_1", "select schedule_ref from subscription");
	in_every_order(3, schedule_act, "select schedule_ref from subscription");
	assert_sql("", "select coalesce(schedule_ref, '') from subscription");
}

/* --- people --- */

static void widget_customer(void)
{
	sql("insert into customer (org_id, live, id, ref, email, language, region, attributes, attempts, last_attempt_at, outreach_paused_at) values "
		"('%s', false, gen_random_uuid(), 'user-1', 'widget@b.example', 'de', 'AT', '{\"seats\": 3, \"tier\": \"silver\"}', 2, now(), now()) on conflict do nothing", tenant.org_id);
}

static void link_people(const char *customer, const char *subscription)
{
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	assert_int_equal(pg_begin(&lease), OK);
	assert_int_equal(billing_link(&setup, &lease, tenant.org_id, false, customer, subscription), OK);
	assert_int_equal(pg_commit(&lease), OK);
	lease_return(&lease);
}

static void link_act(int i)
{
	switch (i) {
	case 0:
		widget_customer();
		return link_people("user-1", "sub_1");
	case 1:
		return tell("customer.subscription.created", 100, SUB("active", "p", ""));
	default:
		return tell("customer.updated", 101, "{'id':'cus_1','object':'customer','name':'Ada','created':50,'metadata':{'tier':'gold'}}");
	}
}

static void people_become_one(void **state)
{
	(void)state;
	in_every_order(3, link_act, "select ref, stripe_ref, email, name, language, region, attempts, value_minor, attributes->'seats' from customer");
	assert_sql("1 user-1 cus_1 widget@b.example Ada de AT 2 900 t", "select concat_ws(' ', count(*) over (), ref, stripe_ref, email, name, language, region, attempts, value_minor, "
		"outreach_paused_at is not null) from customer");
	/* What Stripe says goes over what was given, until Stripe says it no more. */
	tell("customer.updated", 200, "{'id':'cus_1','object':'customer','name':'Ada','email':'stripe@b.example','created':50,'metadata':{'a':'1'}}");
	assert_sql("stripe@b.example", "select email from customer");
	tell("customer.updated", 201, "{'id':'cus_1','object':'customer','name':'Ada','created':50,'metadata':{'b':'2'}}");
	assert_sql("-  2", "select concat_ws(' ', coalesce(email, '-'), attributes->>'a', '', attributes->>'b') from customer");
	/* A second user of the host's cannot take the row. */
	link_people("user-2", "sub_1");
	assert_sql("user-1", "select ref from customer where stripe_ref = 'cus_1'");
	/* Who was erased stays so. */
	sql("update customer set ref = null, erased_at = now(), email = null, name = null, language = null, region = null, attributes = '{}'");
	tell("customer.updated", 300, "{'id':'cus_1','object':'customer','name':'Ada','email':'stripe@b.example','preferred_locales':['de-AT'],"
		"'address':{'country':'AT'},'created':50,'metadata':{'b':'2'}}");
	assert_sql("{created}{}", "select concat_ws('-', email, name, language, region) || (select array_agg(k) from jsonb_object_keys(jsonb_strip_nulls(stripe)) k)::text "
		"|| attributes from customer");
	/* Whoever comes back is a new customer, by the subscription as by its next change. */
	widget_customer();
	link_people("user-1", "sub_1");
	tell("customer.subscription.updated", 310, SUB("active", "p", ""));
	assert_sql("user-1 - f, - cus_1 t", "select string_agg(concat_ws(' ', coalesce(ref, '-'), coalesce(stripe_ref, '-'), erased_at is not null), ', ' "
		"order by ref) from customer");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup(only_events_are_stored, clean), cmocka_unit_test_setup(repeats_change_nothing, clean),
		cmocka_unit_test_setup(what_cannot_be_used_stays_with_its_reason, clean), cmocka_unit_test_setup(older_never_overwrites_newer, clean),
		cmocka_unit_test_setup(over_is_over, clean), cmocka_unit_test_setup(plans_and_discounts_follow, clean),
		cmocka_unit_test_setup(refunds_follow, clean), cmocka_unit_test_setup(schedules_end, clean), cmocka_unit_test_setup(people_become_one, clean)};

	return cmocka_run_group_tests(cases, open_house, close_house);
}
