/* What the tests of outreach share: a clock that they move, customers and their subscriptions, and runs of the job. */
#ifndef STOA_TESTS_REACH_H
#define STOA_TESTS_REACH_H

#include "tests/lib/database.h"
#include "tests/lib/relay.h"
#include "tests/outreach/fake_stripe.h"

#include "base/log.h"
#include "base/zone.h"
#include "job/house.h"
#include "job/policies.h"
#include "net/net.h"
#include "outreach/outreach.h"
#include "outreach/parts.h"
#include "text/json.h"
#include "text/money.h"
#include "web/web.h"
#include "who/secret.h"

#define ORG "0190a000-0000-7000-8000-000000000001"
#define OTHER "0190a000-0000-7000-8000-000000000002"

static struct ctx ctx;
static struct pool *pool;
static struct net *net;

static inline const char *sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline const char *sql(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *text = arena_vprintf(&ctx.arena, format, args);
	va_end(args);
	return arena_strdup(&ctx.arena, ask(&ctx, pool, text));
}

static inline int64_t seconds(const char *utc)
{
	int year, month, day, hour, minute;

	assert_int_equal(sscanf(utc, "%d-%d-%d %d:%d", &year, &month, &day, &hour, &minute), 5);
	return date_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static inline void at(const char *utc)
{
	clock_shift(0);
	clock_shift(seconds(utc) * 1000000 - clock_wall_us());
}

/* Runs what is due, and what waits for another attempt as if it were. */
static inline void jobs_run(void)
{
	static const struct job_kind *const DOMAINS[] = {OUTREACH_JOBS, MAIL_JOBS};
	struct job_kind kinds[16];
	struct job_house house = {.net = net};
	struct ctx own;
	int count = 0;

	for (int i = 0; i < 2; i++)
		for (const struct job_kind *kind = DOMAINS[i]; kind->policy; kind++)
			kinds[count++] = *kind;
	kinds[count] = (struct job_kind){0};
	sql("update job set run_at = now() where state = 'waiting'");
	ctx_init(&own);
	if (worker_run(&own, &(struct worker_set){.kinds = kinds, .pool = pool, .house = &house, .threads = 1, .stop_fd = -1, .drain = true}) != OK)
		fail_msg("%s %s", own.fault.detail, own.fault.internal);
	ctx_free(&own);
}

/* As "outreach.run" does it at a time, in a job that this process holds and that may take so long; 0: as long as it likes. */
static inline void run_for(int life_s, bool live, int64_t now_us)
{
	struct job job = {.kind = "outreach.run", .attempt = 1, .attempts = 3, .pool = pool};
	struct ctx own;

	snprintf(job.id, sizeof job.id, "%s", sql("insert into job (id, org_id, kind, queue, attempts, attempt, state, payload) values (gen_random_uuid(), '" ORG "', "
		"'test', 2, 3, 1, 'running', '{}') returning id"));
	ctx_init(&own);
	own.deadline_us = life_s ? clock_mono_us() + life_s * INT64_C(1000000) : 0;
	if (outreach_run(&own, &job, ORG, live, now_us) != OK)
		fail_msg("%s %s", own.fault.detail, own.fault.internal);
	ctx_free(&own);
	sql("delete from job where id = '%s'", job.id);
}

static inline void run(bool live, int64_t now_us)
{
	run_for(0, live, now_us);
}

/* What the schedule does, twice: nothing may come of the second time. */
static inline void sweep(const char *utc)
{
	at(utc);
	for (int i = 0; i < 2; i++) {
		run(true, seconds(utc) * 1000000);
		run(false, seconds(utc) * 1000000);
		if (*sql("select 'some' from job where state = 'waiting' and kind <> 'event.wake' limit 1"))
			jobs_run();
	}
	assert_string_equal(sql("select coalesce(string_agg(kind || ' ' || state || ' ' || errors::text, ', '), '') from job where state <> 'done' "
		"and kind <> 'event.wake'"), "");
}

static inline void customer(const char *name, const char *region)
{
	sql("insert into customer (org_id, live, id, ref, stripe_ref, email, name, language, region) "
		"values ('" ORG "', true, gen_random_uuid(), '%s', 'cus_%s', '%s@customer.example', '%s', 'en', '%s')", name, name, name, name, region);
}

/* A month for 49.00 USD unless members say otherwise. */
static inline void subscription(const char *name, const char *status, const char *start, const char *end)
{
	sql("insert into subscription (org_id, live, ref, customer_ref, status, plan, period, period_count, month_minor, currency, started_at, "
		"period_starts_at, period_ends_at, as_of) values ('" ORG "', true, 'sub_%s', 'cus_%s', '%s', 'Pro', 'month', 1, 4900, 'usd', "
		"'%s+00', '%s+00', '%s+00', now())", name, name, status, start, start, end);
}

static inline void program(const char *name, const char *members)
{
	sql("insert into outreach_program (org_id, program, enabled, days, percents, months, retries, retry_hour) "
		"select org_id, program, true, days, percents, months, retries, retry_hour from outreach_programs where org_id = '" ORG "' and program = '%s'",
		name);
	if (members)
		sql("update outreach_program set %s where program = '%s'", members, name);
}

static inline const char *mails(void)
{
	return sql("select coalesce(string_agg(kind || ' ' || state || coalesce(' ' || coalesce(held, reason), ''), ', ' order by number), '') from outreach_mail");
}

static inline void invoice(const char *name, const char *created)
{
	sql("insert into invoice (org_id, live, ref, customer_ref, subscription_ref, status, currency, due_minor, attempts, hosted_url, created_at, as_of) "
		"values ('" ORG "', true, 'in_%s', 'cus_%s', 'sub_%s', 'open', 'usd', 4900, 1, 'https://invoice.stripe.example/%s', '%s+00', now())", name, name,
		name, name, created);
}

static inline void unpaid(const char *name)
{
	customer(name, "GB");
	subscription(name, "past_due", "2027-03-01 12:00", "2027-04-01 12:00");
	invoice(name, "2027-03-01 12:00");
}

static inline void connect_stripe(void)
{
	const uint8_t *sealed;
	size_t bytes;

	secret_seal(&ctx, ORG, "sk_live_51abcdefgh", 18, &sealed, &bytes);
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4) values ('" ORG "', true, '%s', 'efgh') on conflict do nothing",
		pg_bytes(&ctx, sealed, bytes));
}

static inline int begin(void **state)
{
	(void)state;
	ctx_reset(&ctx);
	sql("truncate job, mail, mail_suppression, alert, outreach_case, outreach_mail, outreach_offer, outreach_setting, outreach_program, outreach_wording, "
		"offer_rule, subscription, invoice, customer, event, decision, retention_session cascade");
	relay.taken = 0;
	*relay.commands = *relay.message = '\0';
	relay.to = relay.end = NULL;
	fake.answers = NULL;
	fake.asked = 0;
	*fake.requests = '\0';
	return 0;
}

static inline int open_all(void **state)
{
	char message[256], path[4096];

	(void)state;
	serve_conf();
	log_open("outreach_dbtest", "/dev/null", LOG_ERROR);
	snprintf(path, sizeof path, "%s/templates", getenv("STOA_ROOT"));
	setenv("STOA_WEB_TEMPLATES", path, 1);
	setenv("STOA_WEB_PUBLIC_URL", "https://stoa.example/", 1);
	setenv("STOA_MAIL_STARTTLS", "no", 1);
	setenv("STOA_MAIL_FROM", "Stoa <stoa@shop.example>", 1);
	setenv("STOA_STRIPE_API_BASE", fake_open(), 1);
	setenv("STOA_STRIPE_TRIES", "1", 1);
	setenv("STOA_NET_BREAKER_FAILURES", "1000", 1);
	setting("STOA_MAIL_URL", relay_open());
	if (!secret_open(message))
		fail_msg("%s", message);
	ctx_init(&ctx);
	net = net_open();
	pool = pool_open(4);
	schema_make(&ctx, pool);
	sql("alter table event disable trigger user");
	sql("insert into organisation (org_id, name) values ('" ORG "', 'Harbour'), ('" OTHER "', 'Other')");
	return 0;
}

static inline int close_all(void **state)
{
	(void)state;
	relay_close();
	fake_close();
	net_close(net);
	ctx_free(&ctx);
	pool_close(pool);
	return 0;
}

#endif
