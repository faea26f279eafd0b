/* What the tests of figures share: a worker that passes, sessions, decisions, billing, and eight stories whose figures are worked out by hand. */
#ifndef STOA_TESTS_WORLD_H
#define STOA_TESTS_WORLD_H

#include "tests/widget/client.h"

#include "base/log.h"
#include "job/house.h"
#include "measure/measure.h"
#include "retention/retention.h"
#include "web/web.h"
#include "who/secret.h"

#define ORG "0190a000-0000-7000-8000-000000000001"
#define OTHER "0190a000-0000-7000-8000-000000000002"
#define FLOW "0190a000-0000-7000-8000-0000000000f1"

static struct cache *cache;
static struct job_policy quick = {.kind = "measure.pass", .queue = JOB_HIGH, .retry = {1, 1, 1}, .deadline_ms = 600000};
static struct job_kind kinds[2];
static bool switched_off;

static inline bool analytics_off(void)
{
	return switched_off;
}

/* One pass by a worker of this process. */
static inline void pass_by(struct pool *own)
{
	struct job_house house = {.cache = cache, .analytics_off = analytics_off};
	struct lease lease;
	struct ctx ctx;

	ctx_init(&ctx);
	if (lease_take(&ctx, own, &lease) != OK || job_enqueue(&ctx, &lease, &quick, &(struct job_new){0}, NULL) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	lease_return(&lease);
	if (worker_run(&ctx, &(struct worker_set){.kinds = kinds, .pool = own, .house = &house, .threads = 1, .stop_fd = -1, .drain = true}) != OK)
		fail_msg("%s %s", ctx.fault.detail, ctx.fault.internal);
	ctx_free(&ctx);
}

static inline void pass(void)
{
	pass_by(pool);
	assert_string_equal(sql("select coalesce(string_agg(kind || errors::text, ' '), '') from job where kind = 'measure.pass' and state not in "
		"('done', 'running')"), "");
	assert_string_equal(sql("select count(*) from measure_dirty"), "0");
	assert_string_equal(sql("select count(*) from measure_stale"), "0");
}

/* --- the world --- */

struct click {
	int number;
	const char *ago, *customer, *subscription; /* subscription "": none */
	int64_t value;
	const char *currency;  /* "": not given */
	const char *segment, *plan;
};

static inline void click(struct click click)
{
	sql("insert into retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, plan, language, segment, value_minor, currency, signed, "
		"flow_id, flow_version, step_order, started_at) values ('" ORG "', true, md5('s%d')::uuid, '" ORG "', '%s', nullif('%s', ''), '%s', 'en', "
		"'%s', %lld, nullif('%s', ''), false, '" FLOW "', 1, '', now() - interval '%s')", click.number, click.customer, click.subscription,
		click.plan ? click.plan : "pro", click.segment ? click.segment : "medium", (long long)click.value, click.currency, click.ago);
	sql("insert into measure_dirty (org_id, live, kind, ref) values ('" ORG "', true, 'session', md5('s%d')::uuid::text)", click.number);
}

struct answer {
	int number;
	const char *outcome, *offer; /* offer "": none */
	int step;
	const char *status, *reason, *path;
	int64_t saved;
};

static inline void answer(struct answer answer)
{
	sql("insert into decision (org_id, live, session_id, outcome, offer_type, step, reason_code, path, request_hash, status, value_minor, saved_minor, "
		"currency, decided_at) select org_id, live, id, '%s', nullif('%s', ''), nullif(%d, -1), nullif('%s', ''), '%s', '\\x00', '%s', value_minor, "
		"%lld, currency, started_at + interval '1 minute' from retention_session where id = md5('s%d')::uuid", answer.outcome, answer.offer,
		answer.step, answer.reason, answer.path, answer.status, (long long)answer.saved, answer.number);
}

static inline void subscribe(const char *ref, const char *customer, const char *currency)
{
	sql("insert into subscription (org_id, live, ref, customer_ref, status, currency, started_at, as_of) values ('" ORG "', true, '%s', '%s', 'active', '%s', "
		"now() - interval '200 days', now())", ref, customer, currency);
}

static inline void invoice(const char *ref, const char *subscription, const char *currency, int64_t paid, int64_t refunded, const char *ago)
{
	sql("insert into invoice (org_id, live, ref, subscription_ref, status, currency, paid_minor, refunded_minor, created_at, paid_at, as_of) values "
		"('" ORG "', true, '%s', '%s', 'paid', '%s', %lld, %lld, now() - interval '%s', now() - interval '%s', now())", ref, subscription, currency,
		(long long)paid, (long long)refunded, ago, ago);
}

#define SURVEY "{\"step\": 0, \"answer\": \"answered\"}"
#define SAW_DISCOUNT "{\"step\": 1, \"answer\": \"declined\"}"
#define SAW_PAUSE "{\"step\": 2, \"answer\": \"declined\"}"

/* The schema, two organisations, a flow. */
static inline void world_make(void)
{
	schema_make(&setup, pool);
	sql("insert into organisation (org_id, name) values ('" ORG "', 'Pier'), ('" OTHER "', 'Quay')");
	sql("insert into flow (org_id, id, name, status, language, version) values ('" ORG "', '" FLOW "', 'Flow', 'active', 'en', 1)");
	sql("insert into flow_version (org_id, flow_id, version, steps) values ('" ORG "', '" FLOW "', 1, '[{\"type\": \"survey\"}, {\"type\": \"discount\"}, "
		"{\"type\": \"pause\"}, {\"type\": \"feedback\"}, {\"type\": \"confirm\"}]')");
	kinds[0] = (struct job_kind){&quick, MEASURE_JOBS[0].run};
}

/* Seven customers' stories, 40 days ago but for 5, 6 and 8:
 *   1 a takes the discount of 50.00 a month; sub_a runs; paid 50.00 with 5.00 given back, then 50.00 twice      saved     100.00 − 5.00 (see 5)
 *   2 b declines discount and pause; sub_b was cancelled the next day and ended after 15 days                  lost
 *   3 c closes the dialog; sub_c runs and paid 20.00                                                           deflected 20.00
 *   4 d does nothing; no subscription is known                                                                 unknown
 *   7 e takes the pause of 30.00; sub_e was cancelled after 20 days, ended after 29                             lost
 *   5 a again, 2 days ago, takes the pause, which waits for Stripe; paid 50.00 a day ago: of this session       waiting   50.00
 *   6 f clicked 10 minutes ago                                                                                 open
 *   8 g uses Cancel now, 3 hours ago                                                                           waiting */
static inline void world(void)
{
	subscribe("sub_a", "cus_a", "eur");
	subscribe("sub_b", "cus_b", "usd");
	subscribe("sub_c", "cus_c", "eur");
	subscribe("sub_e", "cus_e", "eur");
	click((struct click){1, "40 days", "a", "sub_a", 5000, "eur", "medium", "pro"});
	answer((struct answer){1, "accepted", "discount", 1, "applied", "too_expensive", "[" SURVEY ", {\"step\": 1, \"answer\": \"accepted\"}]", 1000});
	click((struct click){2, "40 days", "b", "sub_b", 12000, "usd", "high", "team"});
	answer((struct answer){2, "declined", "", -1, "recorded", "unused", "[" SURVEY "," SAW_DISCOUNT "," SAW_PAUSE "]", 0});
	click((struct click){3, "40 days", "c", "sub_c", 2000, "eur", "medium", "pro"});
	answer((struct answer){3, "dismissed", "", -1, "recorded", "", "[{\"step\": 0, \"answer\": \"skipped\"}, " SAW_DISCOUNT "]", 0});
	click((struct click){4, "40 days", "d", "", 0, "", "trial", ""});
	click((struct click){5, "2 days", "a", "sub_a", 5000, "eur", "medium", "pro"});
	answer((struct answer){5, "accepted", "pause", 2, "pending", "too_expensive", "[" SURVEY "," SAW_DISCOUNT "]", 0});
	click((struct click){6, "10 minutes", "f", "sub_f", 900, "eur", "low", "basic"});
	click((struct click){7, "40 days", "e", "sub_e", 3000, "eur", "medium", "pro"});
	answer((struct answer){7, "accepted", "pause", 2, "applied", "unused", "[" SURVEY "]", 3000});
	click((struct click){8, "3 hours", "g", "", 1500, "eur", "low", "basic"});
	answer((struct answer){8, "cancelled", "", -1, "recorded", "", "[]", 0});
	sql("update subscription set status = 'canceled', canceled_at = now() - interval '39 days', ended_at = now() - interval '25 days' where ref = 'sub_b'");
	sql("update subscription set status = 'canceled', canceled_at = now() - interval '20 days', ended_at = now() - interval '11 days' where ref = 'sub_e'");
	invoice("in_1", "sub_a", "eur", 5000, 500, "30 days");
	invoice("in_2", "sub_a", "eur", 5000, 0, "10 days");
	invoice("in_3", "sub_a", "eur", 5000, 0, "1 day");
	invoice("in_4", "sub_c", "eur", 2000, 0, "20 days");
	invoice("in_5", "sub_a", "eur", 9999, 0, "41 days");
	invoice("in_6", "sub_c", "usd", 7777, 0, "20 days");
}

#endif
