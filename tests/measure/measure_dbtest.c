/* Outcomes, their sums, and the figures, against numbers worked out by hand; what is kept against what is rebuilt. */
#include "config.h"

#include "tests/measure/world.h"

#include <signal.h>

static int fresh(void **state)
{
	(void)state;
	ctx_reset(&setup);
	world_make();
	return 0;
}

static struct measure_scope scope_of(const char *from_ago)
{
	return (struct measure_scope){.org_id = ORG, .live = true, .from = sql("select ((now() - interval '%s') at time zone 'UTC')::date", from_ago),
		.to = sql("select (now() at time zone 'UTC')::date")};
}

/* A figure as text: values of a row with blanks, rows with a bar between. */
static const char *figure(enum measure_figure figure, const struct measure_scope *scope, const char *columns)
{
	struct buffer out = {0};
	struct lease lease;
	PGresult *rows;
	char name[64];

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	if (measure_read(&lease, figure, scope, &rows) != OK)
		fail_msg("%s %s", setup.fault.detail, setup.fault.internal);
	for (int row = 0; row < PQntuples(rows); row++) {
		buffer_text(&out, row ? " | " : "");
		for (const char *at = columns; *at; at += strspn(at, " ")) {
			size_t length = strcspn(at, " ");

			snprintf(name, sizeof name, "%.*s", (int)length, at);
			if (PQfnumber(rows, name) < 0)
				fail_msg("no column %s", name);
			buffer_printf(&out, "%s%s", at == columns ? "" : " ", pg_text(rows, row, name) ? pg_text(rows, row, name) : "-");
			at += length;
		}
	}
	lease_return(&lease);
	const char *text = arena_memdup(&setup.arena, out.data ? out.data : "", out.length);
	buffer_free(&out);
	return text;
}

/* --- outcomes --- */

static const char *outcomes(void)
{
	return sql("select string_agg(concat_ws(' ', n, coalesce(o.raw, 'open'), o.verdict, coalesce(o.offer_type, '-'), o.paid_minor, o.refunded_minor, "
		"coalesce(o.gone_week::text, '-')), ' | ' order by n) from generate_series(1, 9) n join session_outcome o on o.session_id = md5('s' || n)::uuid");
}

static void each_session_has_its_outcome(void **state)
{
	(void)state;
	world();
	pass();
	assert_string_equal(outcomes(), "1 accepted saved discount 10000 500 - | 2 declined lost - 0 0 2 | 3 dismissed deflected - 2000 0 - | "
		"4 abandoned unknown - 0 0 - | 5 accepted waiting pause 5000 0 - | 6 open waiting - 0 0 - | 7 accepted lost pause 0 0 4 | "
		"8 cancelled waiting - 0 0 -");
	assert_string_equal(sql("select step_types::text || step_answers::text from session_outcome where session_id = md5('s5')::uuid"),
		"{survey,discount,pause}{answered,declined,accepted}");
}

static void figures_wait_while_they_are_switched_off(void **state)
{
	(void)state;
	world();
	const char *waiting = sql("select count(*) from measure_dirty");
	switched_off = true;
	pass_by(pool);
	switched_off = false;
	assert_string_equal(sql("select count(*) from measure_dirty"), waiting);
	assert_string_equal(sql("select count(*) from session_outcome"), "0");
	pass();
	assert_string_equal(sql("select count(*) from session_outcome"), "8");
}

static void figures_are_those_of_the_stories(void **state)
{
	(void)state;
	world();
	pass();
	struct measure_scope all = scope_of("60 days"), old = scope_of("60 days");
	old.to = sql("select ((now() - interval '5 days') at time zone 'UTC')::date");
	/* 8 sessions, 7 closed, 3 accepted (a twice, e): 42.9 %; stayed a, c, d, a, e = 5 of 7: 71.4 %; judged 1 saved, 1 deflected, 2 lost: 25 % each. */
	assert_string_equal(figure(MEASURE_SUMMARY, &all, "sessions closed open accepted standing declined dismissed cancelled abandoned pending manual "
		"waiting saved deflected lost unknown users_saved accept_rate stay_rate save_rate deflect_rate"),
		"8 7 1 3 2 1 1 1 1 1 0 3 1 1 2 1 2 42.9 71.4 25.0 25.0");
	/* eur: paid 100 + 20 + 50, 5 given back; of accepted sessions 150 − 5. Estimated 10.00 and 30.00. */
	assert_string_equal(figure(MEASURE_SUMMARY, &all, "saved_minor net_minor kept_net_minor"), "{\"eur\": 4000} {\"eur\": 16500} {\"eur\": 14500}");
	assert_string_equal(figure(MEASURE_MONEY, &all, "currency sessions accepted users_saved value_minor saved_minor per_user_minor paid_minor "
		"refunded_minor net_minor kept_net_minor"),
		"eur 6 3 2 17400 4000 2000 17000 500 16500 14500 | usd 1 0 0 12000 0 - 0 0 0 0");
	assert_string_equal(figure(MEASURE_SUMMARY, &old, "sessions accepted users_saved save_rate net_minor"), "5 2 2 25.0 {\"eur\": 11500}");
	/* discount seen by 1, 2, 3 and 5, taken once; pause by 2, 5 and 7, taken twice. */
	assert_string_equal(figure(MEASURE_OFFERS, &all, "offer_type shown accepted declined acceptance saved lost saved_minor per_accept_minor net_minor"),
		"discount 4 1 3 25.0 1 0 {\"eur\": 1000} {\"eur\": 1000} {\"eur\": 9500} | pause 3 2 1 66.7 0 1 {\"eur\": 3000} {\"eur\": 1500} {\"eur\": 5000}");
	assert_string_equal(figure(MEASURE_SEGMENT_OFFERS, &all, "segment offer_type shown accepted acceptance best"),
		"medium discount 3 1 33.3 f | medium pause 2 2 100.0 t | high discount 1 0 0.0 f | high pause 1 0 0.0 f");
	assert_string_equal(figure(MEASURE_REASONS, &all, "reason_code sessions percent accepted cancels"), "too_expensive 2 50.0 2 0 | unused 2 50.0 1 1");
	assert_string_equal(figure(MEASURE_FUNNEL, &all, "stage sessions percent"), "started 8 100.0 | answered 4 50.0 | offered 5 62.5 | accepted 3 37.5 | "
		"standing 2 25.0 | saved 1 12.5");
	assert_string_equal(figure(MEASURE_STEPS, &all, "step_type shown accepted declined skipped answered percent"),
		"survey 5 0 0 1 4 62.5 | discount 4 1 3 0 0 50.0 | pause 3 2 1 0 0 37.5");
}

static void filters_choose_sums_or_sessions(void **state)
{
	(void)state;
	world();
	pass();
	struct measure_scope scope = scope_of("60 days");
	scope.segment = "medium";
	assert_string_equal(figure(MEASURE_SUMMARY, &scope, "sessions accepted users_saved net_minor"), "4 3 2 {\"eur\": 16500}");
	assert_string_equal(figure(MEASURE_OFFERS, &scope, "offer_type shown accepted"), "discount 3 1 | pause 2 2");
	assert_string_equal(figure(MEASURE_REASONS, &scope, "reason_code sessions"), "too_expensive 2 | unused 1");
	/* A second filter that all of them pass changes nothing but the way. */
	scope.flow = FLOW;
	scope.plan = "pro";
	scope.language = "en";
	scope.policy = "documented";
	assert_string_equal(figure(MEASURE_SUMMARY, &scope, "sessions accepted users_saved net_minor"), "4 3 2 {\"eur\": 16500}");
	assert_string_equal(figure(MEASURE_OFFERS, &scope, "offer_type shown accepted"), "discount 3 1 | pause 2 2");
	assert_string_equal(figure(MEASURE_REASONS, &scope, "reason_code sessions"), "too_expensive 2 | unused 1");
	scope.plan = "team";
	assert_string_equal(figure(MEASURE_SUMMARY, &scope, "sessions users_saved"), "0 0");
	scope = scope_of("60 days");
	scope.currency = "usd";
	assert_string_equal(figure(MEASURE_SUMMARY, &scope, "sessions accepted users_saved net_minor"), "1 0 0 {}");
	scope.currency = NULL;
	scope.live = false;
	assert_string_equal(figure(MEASURE_SUMMARY, &scope, "sessions accept_rate net_minor"), "0 - {}");
	scope.live = true;
	scope.org_id = OTHER;
	assert_string_equal(figure(MEASURE_SUMMARY, &scope, "sessions accept_rate"), "0 -");
}

/* 10 subscriptions, all of sessions 35 days ago (5 weeks): 2 ended in week 1, 1 in week 3, 7 run. S = 1, 8/10, 8/10, 0.8·7/8 = 70 %. Ten more, 10 days ago,
 * run and are followed for one week only: week 0 at risk 20, week 1 at risk 20 with 2 ended: 90 %; week 2 at risk 8; week 3: 0.9·7/8 = 78.75 %. */
static void retention_is_kaplan_meiers(void **state)
{
	(void)state;
	for (int n = 1; n <= 20; n++) {
		const char *sub = arena_printf(&setup.arena, "sub_%d", n);

		subscribe(sub, arena_printf(&setup.arena, "cus_%d", n), "eur");
		click((struct click){n, n <= 10 ? "35 days" : "10 days", arena_printf(&setup.arena, "c%d", n), sub, 1000, "eur", "low", "pro"});
		answer((struct answer){n, "accepted", "discount", 1, "applied", "", "[]", 200});
	}
	sql("update subscription set status = 'canceled', ended_at = now() - interval '35 days' + interval '8 days', canceled_at = now() where ref in ('sub_1', 'sub_2')");
	sql("update subscription set status = 'canceled', ended_at = now() - interval '35 days' + interval '21 days', canceled_at = now() where ref = 'sub_3'");
	pass();
	struct measure_scope early = scope_of("60 days"), all = scope_of("60 days");
	early.to = sql("select ((now() - interval '20 days') at time zone 'UTC')::date");
	assert_string_equal(figure(MEASURE_RETENTION, &early, "kind week at_risk ended survival"),
		"discount 0 10 0 100.0 | discount 1 10 2 80.0 | discount 2 8 0 80.0 | discount 3 8 1 70.0 | discount 4 7 0 70.0 | discount 5 7 0 70.0");
	assert_string_equal(figure(MEASURE_RETENTION, &all, "week at_risk ended survival"),
		"0 20 0 100.0 | 1 20 2 90.0 | 2 8 0 90.0 | 3 8 1 78.8 | 4 7 0 78.8 | 5 7 0 78.8");
	/* 4 weeks after: 7 of 10 of the cohort, when all of its days are that old. */
	assert_string_equal(figure(MEASURE_COHORTS, &(struct measure_scope){.org_id = ORG, .live = true,
		.from = sql("select ((now() - interval '35 days') at time zone 'UTC')::date"), .to = sql("select ((now() - interval '35 days') at time zone 'UTC')::date")},
		"sessions accepted known after4 after8"), "10 10 10 70.0 -");
}

static void ranking_of_a_flow(void **state)
{
	static const struct { const char *acceptance, *revenue, *rank; } ROWS[] = {
		{"50", "50000", "50"},       /* 0.6·50 + 0.4·min(500.00 / 10, 100) = 30 + 20 */
		{"100", "100000000", "100"}, /* 60 + 40 */
		{"0", "0", "1"},             /* 0 would be inactive */
		{"33.3", "1000", "20"},      /* 19.98 + 0.4 = 20.38 */
		{"12.5", "12500", "13"}};    /* 7.5 + 5 = 12.5, half up */

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		assert_string_equal(sql("select measure_ranking(%s, %s)", ROWS[i].acceptance, ROWS[i].revenue), ROWS[i].rank);
	world();
	pass();
	/* Accepted 3 of 7 closed = 42.857…; revenue saved 40.00 eur: 25.714 + 0.4·4 = 27.3 */
	struct measure_scope scope = scope_of("60 days");
	assert_non_null(strstr(figure(MEASURE_BREAKDOWN, &scope, "dimension value sessions ranking"), "flow " FLOW " 8 27"));
}

/* --- billing says more --- */

static void late_words_of_billing_change_the_verdict(void **state)
{
	(void)state;
	world();
	pass();
	/* d's subscription becomes known, by the customer at Stripe; b's cancellation is taken back; a gets all money back. */
	subscribe("sub_d", "cus_d", "eur");
	sql("update customer set stripe_ref = 'cus_d' where ref = 'd'");
	sql("update subscription set status = 'active', canceled_at = null, ended_at = null where ref = 'sub_b'");
	sql("update invoice set refunded_minor = 5000 where ref in ('in_1', 'in_2')");
	pass();
	assert_string_equal(outcomes(), "1 accepted saved discount 10000 10000 - | 2 declined deflected - 0 0 - | 3 dismissed deflected - 2000 0 - | "
		"4 abandoned deflected - 0 0 - | 5 accepted waiting pause 5000 0 - | 6 open waiting - 0 0 - | 7 accepted lost pause 0 0 4 | "
		"8 cancelled waiting - 0 0 -");
	struct measure_scope all = scope_of("60 days");
	assert_string_equal(figure(MEASURE_SUMMARY, &all, "saved deflected lost unknown save_rate net_minor kept_net_minor"),
		"1 3 1 0 20.0 {\"eur\": 7000} {\"eur\": 5000}");
	/* Whatever ended later than 30 days after the session is no loss of that session; the curve knows. */
	sql("update subscription set status = 'canceled', canceled_at = now() - interval '5 days', ended_at = now() - interval '5 days' where ref = 'sub_c'");
	pass();
	assert_string_equal(sql("select verdict || ' ' || gone_week from session_outcome where session_id = md5('s3')::uuid"), "deflected 5");
}

static void a_later_session_takes_the_money_that_follows(void **state)
{
	(void)state;
	subscribe("sub_a", "cus_a", "eur");
	click((struct click){1, "20 days", "a", "sub_a", 5000, "eur", "medium", "pro"});
	answer((struct answer){1, "accepted", "discount", 1, "applied", "", "[]", 1000});
	invoice("in_1", "sub_a", "eur", 5000, 0, "15 days");
	invoice("in_2", "sub_a", "eur", 4000, 0, "5 days");
	pass();
	assert_string_equal(outcomes(), "1 accepted waiting discount 9000 0 -");
	click((struct click){2, "10 days", "a", "sub_a", 5000, "eur", "medium", "pro"});
	pass();
	assert_string_equal(outcomes(), "1 accepted waiting discount 5000 0 - | 2 abandoned waiting - 4000 0 -");
}

/* --- nothing is skipped --- */

static void a_session_that_is_committed_late_is_noticed(void **state)
{
	struct lease late;

	(void)state;
	assert_int_equal(lease_take(&setup, pool, &late), OK);
	assert_int_equal(pg_begin(&late), OK);
	assert_int_equal(pg_run_text(&late, "insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, "
		"flow_version, step_order) values ('" ORG "', true, md5('late')::uuid, '" ORG "', 'l', 'en', 'low', false, '" FLOW "', 1, '')", 0, NULL, NULL), OK);
	struct ctx ctx;
	ctx_init(&ctx);
	ask(&ctx, pool, "insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, "
		"flow_version, step_order) values ('" ORG "', true, md5('soon')::uuid, '" ORG "', 's', 'en', 'low', false, '" FLOW "', 1, '')");
	pass();
	assert_string_equal(ask(&ctx, pool, "select string_agg(customer_ref, ' ') from session_outcome"), "s");
	assert_int_equal(pg_commit(&late), OK);
	lease_return(&late);
	pass();
	assert_string_equal(ask(&ctx, pool, "select string_agg(customer_ref, ' ' order by customer_ref) from session_outcome"), "l s");
	/* Later than anybody expects: the sweep finds it. */
	ask(&ctx, pool, "insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, started_at) "
		"values ('" ORG "', true, md5('old')::uuid, '" ORG "', 'o', 'en', 'low', false, '" FLOW "', 1, '', now() - interval '90 minutes')");
	pass();
	assert_string_equal(ask(&ctx, pool, "select count(*) from session_outcome"), "2");
	ask(&ctx, pool, "update measure_state set swept_at = now() - interval '61 minutes'");
	pass();
	assert_string_equal(ask(&ctx, pool, "select string_agg(customer_ref || coalesce(raw, ''), ' ' order by customer_ref) from session_outcome"),
		"l oabandoned s");
	ctx_free(&ctx);
}

static void what_was_missed_for_hours_is_gone_through(void **state)
{
	(void)state;
	sql("update measure_state set noticed_at = now() - interval '12 hours'");
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, language, segment, signed, flow_id, flow_version, step_order, started_at) "
		"select '" ORG "', n %% 2 = 0, gen_random_uuid(), '" ORG "', 'c' || n, 'en', 'low', false, '" FLOW "', 1, '', now() - n * interval '1 minute' "
		"from generate_series(0, 719) n");
	pass();
	assert_string_equal(sql("select count(*) || ' ' || count(*) filter (where raw is null) from session_outcome"), "720 60");
	/* An hour later, as it were. */
	sql("update session_outcome set started_at = started_at - interval '1 hour', due_at = due_at - interval '1 hour' where raw is null");
	sql("update retention_session set started_at = started_at - interval '1 hour' where started_at > now() - interval '61 minutes'");
	pass();
	assert_string_equal(sql("select count(*) filter (where raw = 'abandoned') from session_outcome"), "720");
	assert_string_equal(sql("select sum(sessions) || ' ' || sum(abandoned) || ' ' || sum(open) from measure_day where dimension = 'all'"), "720 720 0");
}

/* A note that no statement can digest: the others get their outcome. */
static void a_broken_session_holds_up_nobody(void **state)
{
	(void)state;
	click((struct click){1, "2 days", "a", "", 5000, "eur", "medium", "pro"});
	click((struct click){2, "2 days", "b", "", 5000, "eur", "medium", "pro"});
	answer((struct answer){2, "declined", "", -1, "recorded", "", "[{\"step\": \"no number\", \"answer\": \"shown\"}]", 0});
	click((struct click){3, "2 days", "c", "", 5000, "eur", "medium", "pro"});
	pass();
	assert_string_equal(outcomes(), "1 abandoned waiting - 0 0 - | 3 abandoned waiting - 0 0 -");
}

/* --- customers --- */

static void customers_are_kept_and_weighed(void **state)
{
	(void)state;
	world();
	pass();
	/* a: 2 clicks, 50.00 (not above 50), 3 offers seen, 2 taken: 16 + 15 + 0.2·33.3 + 5 = 42.7 */
	assert_string_equal(sql("select string_agg(concat_ws(' ', ref, attempts, churn_risk, value_minor, currency, plan), ' | ' order by ref) from customer"),
		"a 2 43 5000 eur pro | b 1 40 12000 usd team | c 1 52 2000 eur pro | d 1 38 0  | e 1 26 3000 eur pro | f 1 38 900 eur basic | g 1 38 1500 eur basic");
	assert_string_equal(sql("select churn_risk_why::text from customer where ref = 'a'"),
		"{\"shown\": 3, \"points\": {\"value\": 15.0, \"attempts\": 16.0, \"acceptance\": 6.7, \"repetition\": 5.0}, \"accepted\": 2, \"attempts\": 2, "
		"\"value_minor\": 5000}");
	assert_string_equal(sql("select count(*) from event where type = 'churn.predicted'"), "0");
	/* c comes back three times and refuses: 4 clicks, 20.00, 1 + 3 offers, none taken: 32 + 21 + 20 + 10 = 83. Once. */
	for (int n = 20; n < 23; n++) {
		click((struct click){n, "1 day", "c", "sub_c", 2000, "eur", "medium", "pro"});
		answer((struct answer){n, "declined", "", -1, "recorded", "", "[" SAW_DISCOUNT "]", 0});
	}
	pass();
	assert_string_equal(sql("select concat_ws(' ', attempts, churn_risk) from customer where ref = 'c'"), "4 83");
	assert_string_equal(sql("select string_agg(concat_ws(' ', live, entity, payload ->> 'customer', payload ->> 'risk', payload -> 'why' ->> 'attempts'), '') "
		"from event where type = 'churn.predicted'"), "t customer c 83 4");
	click((struct click){23, "1 hour", "c", "sub_c", 2000, "eur", "medium", "pro"});
	pass();
	assert_string_equal(sql("select concat_ws(' ', attempts, churn_risk) from customer where ref = 'c'"), "5 91");
	assert_string_equal(sql("select count(*) from event where type = 'churn.predicted'"), "1");
}

static void an_erased_customer_stays_erased(void **state)
{
	(void)state;
	click((struct click){1, "2 days", "a", "", 5000, "eur", "medium", "pro"});
	pass();
	sql("update customer set erased_at = now(), email = null, plan = null, churn_risk = null, attempts = 0");
	click((struct click){2, "1 day", "a", "", 5000, "eur", "medium", "pro"});
	pass();
	assert_string_equal(sql("select concat_ws(' ', ref, attempts, plan is null, churn_risk is null) from customer"), "a 0 t t");
}

/* The session named no subscription: that of the customer was found, and stays when nobody is the customer any more. */
static void the_forgotten_stay_judged(void **state)
{
	(void)state;
	subscribe("sub_a", "cus_a", "eur");
	sql("insert into customer (org_id, live, id, ref, stripe_ref) values ('" ORG "', true, gen_random_uuid(), 'a', 'cus_a')");
	click((struct click){1, "40 days", "a", "", 5000, "eur", "medium", "pro"});
	invoice("in_1", "sub_a", "eur", 5000, 0, "20 days");
	pass();
	static const char *const SAYS = "select concat_ws(' ', customer_ref, subscription_ref, verdict, paid_minor) from session_outcome";
	assert_string_equal(sql("%s", SAYS), "a sub_a deflected 5000");
	sql("update customer set ref = null, erased_at = now()");
	sql("update retention_session set customer_ref = 'erased-1'; update session_outcome set customer_ref = 'erased-1'");
	invoice("in_2", "sub_a", "eur", 2000, 0, "10 days");
	pass();
	assert_string_equal(sql("%s", SAYS), "erased-1 sub_a deflected 7000");
}

static void starting_is_told_to_who_asked_for_it(void **state)
{
	(void)state;
	sql("insert into webhook_endpoint (org_id, id, live, url, events, secret_sealed) values ('" ORG "', gen_random_uuid(), true, 'https://a.example', "
		"'{offer.accepted}', '\\x00')");
	click((struct click){1, "2 minutes", "a", "", 5000, "eur", "medium", "pro"});
	pass();
	assert_string_equal(sql("select count(*) from event"), "0");
	sql("update webhook_endpoint set events = '{flow.started}'");
	click((struct click){2, "1 minute", "b", "sub_b", 5000, "eur", "medium", "pro"});
	click((struct click){3, "2 days", "c", "", 5000, "eur", "medium", "pro"});
	pass();
	answer((struct answer){2, "declined", "", -1, "recorded", "", "[]", 0});
	pass();
	assert_string_equal(sql("select string_agg(concat_ws(' ', type, actor_id, payload ->> 'customer', payload ->> 'subscription', payload ->> 'segment'), '') "
		"from event"), "flow.started b b sub_b medium");
	sql("update webhook_endpoint set enabled = false");
	click((struct click){4, "1 minute", "d", "", 5000, "eur", "medium", "pro"});
	pass();
	assert_string_equal(sql("select count(*) from event"), "1");
}

/* --- kept and rebuilt --- */

static const char *const SUMS[] = {"measure_day", "measure_step", "measure_reason", "measure_gone"};

static void rebuild(void)
{
	struct ctx ctx;

	ctx_init(&ctx);
	if (measure_rebuild(&ctx, pool, NULL, NULL, NULL) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	ctx_free(&ctx);
}

/* Row by row, both ways. */
static void kept_equals_rebuilt(void)
{
	sql("drop table if exists kept_session_outcome; create table kept_session_outcome as select * from session_outcome");
	for (size_t i = 0; i < sizeof SUMS / sizeof *SUMS; i++)
		sql("drop table if exists kept_%s; create table kept_%s as select * from %s", SUMS[i], SUMS[i], SUMS[i]);
	rebuild();
	assert_string_equal(sql("select count(*) from session_outcome o full join kept_session_outcome k using (org_id, live, session_id) where o is distinct from "
		"row(k.*)::session_outcome"), "0");
	for (size_t i = 0; i < sizeof SUMS / sizeof *SUMS; i++)
		assert_string_equal(sql("select count(*) from ((table %s except all table kept_%s) union all (table kept_%s except all table %s)) d", SUMS[i], SUMS[i],
			SUMS[i], SUMS[i]), "0");
	assert_string_not_equal(sql("select count(*) from measure_day"), "0");
}

static void rebuilding_makes_the_same_and_repairs(void **state)
{
	(void)state;
	world();
	pass();
	kept_equals_rebuilt();
	struct measure_scope all = scope_of("60 days");
	const char *before = figure(MEASURE_SUMMARY, &all, "sessions accepted saved lost net_minor");
	sql("update measure_day set accepted = accepted + 7, kept_paid_minor = 1; delete from measure_reason; "
		"insert into measure_day select org_id, live, dimension, value, day + 3, currency, 5, open, accepted, standing, declined, dismissed, cancelled, abandoned, "
		"pending, manual, answered, offered, waiting, saved, deflected, lost, unknown, value_minor, saved_minor, paid_minor, refunded_minor, kept_paid_minor, "
		"kept_refunded_minor from measure_day where day < (now() at time zone 'UTC')::date - 30");
	assert_string_not_equal(figure(MEASURE_SUMMARY, &all, "sessions accepted saved lost net_minor"), before);
	rebuild();
	assert_string_equal(figure(MEASURE_SUMMARY, &all, "sessions accepted saved lost net_minor"), before);
	for (size_t i = 0; i < sizeof SUMS / sizeof *SUMS; i++)
		assert_string_equal(sql("select count(*) from ((table %s except all table kept_%s) union all (table kept_%s except all table %s)) d", SUMS[i], SUMS[i],
			SUMS[i], SUMS[i]), "0");
}

/* One statement of it takes longer than a request's may. */
static void rebuilding_takes_its_time(void **state)
{
	char message[256];
	struct ctx ctx;

	(void)state;
	world();
	pass();
	sql("create sequence slow; create function slow() returns trigger language plpgsql as "
		"$$ begin if nextval('slow') = 1 then perform pg_sleep(0.6); end if; return null; end $$; "
		"create trigger slow after insert on measure_day for each statement execute function slow()");
	setenv("STOA_DB_STATEMENT_TIMEOUT", "400ms", 1);
	assert_true(conf_load(NULL, message));
	struct pool *hurried = pool_open(1);
	ctx_init(&ctx);
	if (measure_rebuild(&ctx, hurried, NULL, NULL, NULL) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	assert_string_not_equal(sql("select last_value from slow"), "1");
	/* Whoever has the connection next is in a hurry again. */
	struct lease lease;
	assert_int_equal(lease_take(&ctx, hurried, &lease), OK);
	assert_int_equal(pg_run_text(&lease, "select pg_sleep(0.6)", 0, NULL, NULL), ERR_TIMEOUT);
	lease_return(&lease);
	ctx_free(&ctx);
	pool_close(hurried);
	unsetenv("STOA_DB_STATEMENT_TIMEOUT");
	assert_true(conf_load(NULL, message));
	sql("drop function slow() cascade; drop sequence slow");
}

/* Worlds to go through: the program's argument. */
static int rounds = 1;

static int random_below(unsigned *seed, int below)
{
	return (int)(rand_r(seed) % (unsigned)below);
}

/* A worker that is killed somewhere in its pass. */
static void killed_pass(unsigned *seed)
{
	int after_us = random_below(seed, 30000);
	pid_t pid = fork();

	if (pid == 0) {
		struct pool *own = pool_open(2);

		pass_by(own);
		_exit(0);
	}
	usleep((useconds_t)after_us);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void happen(unsigned *seed, int number)
{
	static const char *const OUTCOMES[] = {"accepted", "declined", "dismissed", "cancelled"}, *const SEGMENTS[] = {"low", "medium", "high"},
		*const CURRENCIES[] = {"eur", "usd", ""}, *const PATHS[] = {"[]", "[" SURVEY "," SAW_DISCOUNT "]", "[" SURVEY "," SAW_PAUSE "]"};
	const char *sub = arena_printf(&setup.arena, "sub_%d", random_below(seed, 12)), *outcome = OUTCOMES[random_below(seed, 4)];
	int what = random_below(seed, 10), ago = 1 + random_below(seed, 80 * 24);

	if (what < 4) {
		click((struct click){number, arena_printf(&setup.arena, "%d hours", ago), arena_printf(&setup.arena, "c%d", random_below(seed, 15)),
			random_below(seed, 3) ? sub : "", 1000 * random_below(seed, 20), CURRENCIES[random_below(seed, 3)], SEGMENTS[random_below(seed, 3)], "pro"});
		if (random_below(seed, 3))
			answer((struct answer){number, outcome, *outcome == 'a' ? "discount" : "", *outcome == 'a' ? 1 : -1, random_below(seed, 2) ? "applied" : "pending",
				random_below(seed, 2) ? "unused" : "", PATHS[random_below(seed, 3)], 100 * random_below(seed, 9)});
	} else if (what < 6) {
		sql("insert into subscription (org_id, live, ref, customer_ref, status, currency, started_at, as_of) values ('" ORG "', true, '%s', 'cus_%s', 'active', '%s', "
			"now() - interval '200 days', now()) on conflict (org_id, live, ref) do update set canceled_at = now() - interval '%d hours', "
			"ended_at = case when %d = 0 then now() - interval '%d hours' end, status = case when %d = 0 then 'canceled' else 'active' end", sub, sub,
			CURRENCIES[random_below(seed, 2)], ago, random_below(seed, 2), ago / 2, random_below(seed, 2));
	} else if (what < 8) {
		sql("insert into invoice (org_id, live, ref, subscription_ref, status, currency, paid_minor, created_at, paid_at, as_of) values ('" ORG "', true, 'in_%d', '%s', "
			"'paid', '%s', %d, now(), now() - interval '%d hours', now()) on conflict (org_id, live, ref) do update set refunded_minor = invoice.paid_minor / 2",
			random_below(seed, 60), sub, CURRENCIES[random_below(seed, 2)], 100 * random_below(seed, 50), ago);
	} else if (what == 8) {
		sql("update decision set status = 'applied', saved_minor = saved_minor + 1 where session_id in (select session_id from decision where status = 'pending' "
			"order by session_id limit 2)");
	} else {
		int at = random_below(seed, 12);

		sql("update customer set stripe_ref = 'cus_sub_%d' where ref = 'c%d' and not exists (select from customer where stripe_ref = 'cus_sub_%d')", at,
			random_below(seed, 15), at);
	}
}

/* Whatever happens in whatever order, with passes in between of which many are killed. */
static void whatever_happens_kept_equals_rebuilt(void **state)
{
	for (int round = 0; round < rounds; round++) {
		unsigned seed = 1000u + (unsigned)round;

		fresh(state);
		print_message("seed %u\n", seed);
		for (int number = 1; number <= 150; number++) {
			happen(&seed, number);
			if (random_below(&seed, 8) == 0)
				killed_pass(&seed);
			if (random_below(&seed, 30) == 0)
				pass();
		}
		pass();
		kept_equals_rebuilt();
		assert_string_equal(sql("select count(*) from retention_session s left join session_outcome o on o.session_id = s.id where o.session_id is null"), "0");
		/* And against the base tables themselves. */
		assert_string_equal(sql("select (select count(*) from decision where outcome = 'accepted') - (select sum(accepted) from measure_day where dimension = 'all')"), "0");
		assert_string_equal(sql("select coalesce(sum(saved_minor), 0) - (select coalesce(sum(saved_minor), 0) from measure_day where dimension = 'all') from decision"), "0");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_session_has_its_outcome, fresh),
		cmocka_unit_test_setup(figures_wait_while_they_are_switched_off, fresh),
		cmocka_unit_test_setup(figures_are_those_of_the_stories, fresh),
		cmocka_unit_test_setup(filters_choose_sums_or_sessions, fresh),
		cmocka_unit_test_setup(retention_is_kaplan_meiers, fresh),
		cmocka_unit_test_setup(ranking_of_a_flow, fresh),
		cmocka_unit_test_setup(late_words_of_billing_change_the_verdict, fresh),
		cmocka_unit_test_setup(a_later_session_takes_the_money_that_follows, fresh),
		cmocka_unit_test_setup(a_session_that_is_committed_late_is_noticed, fresh),
		cmocka_unit_test_setup(what_was_missed_for_hours_is_gone_through, fresh),
		cmocka_unit_test_setup(a_broken_session_holds_up_nobody, fresh),
		cmocka_unit_test_setup(customers_are_kept_and_weighed, fresh),
		cmocka_unit_test_setup(an_erased_customer_stays_erased, fresh),
		cmocka_unit_test_setup(the_forgotten_stay_judged, fresh),
		cmocka_unit_test_setup(starting_is_told_to_who_asked_for_it, fresh),
		cmocka_unit_test_setup(rebuilding_makes_the_same_and_repairs, fresh),
		cmocka_unit_test_setup(rebuilding_takes_its_time, fresh),
		cmocka_unit_test_setup(whatever_happens_kept_equals_rebuilt, fresh),
	};
	char message[256];

	if (argc > 1)
		rounds = (int)strtol(argv[1], NULL, 10);
	serve_conf();
	log_open("measure_dbtest", "/dev/null", LOG_ERROR);
	if (!conf_load(NULL, message) || !secret_open(message) || !(cache = cache_open(message))) {
		fprintf(stderr, "%s\n", message);
		return 1;
	}
	ctx_init(&setup);
	pool = pool_open(4);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ctx_free(&setup);
	pool_close(pool);
	cache_close(cache);
	return failed;
}
