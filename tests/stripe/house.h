/* An organisation connected to Stripe, events of it, and a worker that runs their jobs; for the tests of billing. */
#ifndef STOA_TESTS_STRIPE_HOUSE_H
#define STOA_TESTS_STRIPE_HOUSE_H

#include "tests/widget/client.h"

#include "billing/parts.h"
#include "who/secret.h"

#define SECRET "whsec_a_quiet_harbour"
#define SECRET_OLD "whsec_the_one_before"

static struct net *net;
static struct tenant tenant;

#define assert_sql(wanted, ...) \
	do { \
		const char *got_ = sql(__VA_ARGS__); \
		if (strcmp(got_, (wanted)) != 0) \
			fail_msg("%s, not %s", got_, (wanted)); \
	} while (0)

static inline const char *sealed_of(const char *secret)
{
	const uint8_t *sealed;
	size_t bytes;

	secret_seal(&setup, tenant.org_id, secret, strlen(secret), &sealed, &bytes);
	return pg_bytes(&setup, sealed, bytes);
}

/* The endpoint's id. */
static inline const char *endpoint_add(bool live, const char *secret, const char *before)
{
	return sql("insert into stripe_endpoint (org_id, live, id, secret_sealed, secret_before_sealed, secret_before_until) "
		"values ('%s', %s, gen_random_uuid(), '%s', %s, now() + interval '1 h') returning id", tenant.org_id, live ? "true" : "false",
		sealed_of(secret), before ? arena_printf(&setup.arena, "'%s'", sealed_of(before)) : "null");
}

static inline void connect_stripe(bool live, const char *key)
{
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4, account) values ('%s', %s, '%s', 'xxxx', 'acct_standin') "
		"on conflict (org_id, live) do update set key_sealed = excluded.key_sealed", tenant.org_id, live ? "true" : "false", sealed_of(key));
}

static inline void house_open(void)
{
	char message[256];

	ctx_init(&setup);
	if (!secret_open(message))
		fail_msg("%s", message);
	net = net_open();
	pool = pool_open(6);
	schema_make(&setup, pool);
	tenant_add(&setup, pool, &tenant);
}

static inline void house_close(void)
{
	net_close(net);
	ctx_free(&setup);
	pool_close(pool);
}

/* Runs what is due, and what follows from it. */
static inline void work(void)
{
	struct job_house house = {.net = net};
	struct ctx ctx;

	ctx_init(&ctx);
	sql("update job set run_at = now() where state = 'waiting'");
	assert_int_equal(worker_run(&ctx, &(struct worker_set){.kinds = BILLING_JOBS, .pool = pool, .house = &house, .threads = 2, .stop_fd = -1,
		.drain = true}), OK);
	ctx_free(&ctx);
}

#endif
