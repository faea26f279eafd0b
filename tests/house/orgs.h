/* Two organisations with a row in every table that belongs to one, for the tests of isolation; whoever includes it is one file. */
#ifndef STOA_TESTS_HOUSE_ORGS_H
#define STOA_TESTS_HOUSE_ORGS_H

#include "tests/house/mirror.h"
#include "tests/widget/client.h"

#define MARK "bravo"           /* in every text of the second organisation */
#define IDS 54
#define EXPERIMENTS 4

static const enum role ROLE_OF[] = {ROLE_OWNER, ROLE_ADMIN, ROLE_ANALYST, ROLE_READONLY};

struct org {
	struct tenant tenant;
	char people[4][ID_TEXT], sessions[4][ID_TEXT];
	char guests[2][ID_TEXT]; /* for the two routes that remove a member */
	const char *flow, *draft, *fresh, *spare_fresh, *decided, *undecided, *token; /* token: of the widget's undecided session */
	const char *event, *endpoint, *spare, *delivery, *spare_delivery, *job, *report;
	const char *experiments[EXPERIMENTS], *segments[2], *segment; /* segment: that nothing deletes before flows name it */
	const char *alert, *customer;
	const char *ids[IDS];
	int id_count;
};

static struct org alpha, bravo;
static struct caller caller;

#include "tests/house/rows.h"

/* --- the two organisations --- */

static void guests_add(struct org *org, const char *name)
{
	struct lease lease;

	assert_int_equal(lease_take(&setup, pool, &lease), OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(member_add(&setup, &lease, org->tenant.org_id, arena_printf(&setup.arena, "%s-guest-%d@example.com", name, i), name,
			ROLE_READONLY, org->guests[i]), OK);
	lease_return(&lease);
}

static void people_add(struct org *org, const char *name)
{
	for (int i = 0; i < 4; i++) {
		struct session_tokens tokens;
		struct lease lease;

		assert_int_equal(lease_take(&setup, pool, &lease), OK);
		assert_int_equal(pg_begin(&lease), OK);
		assert_int_equal(member_add(&setup, &lease, org->tenant.org_id, arena_printf(&setup.arena, "%s-%d@example.com", name, i), name,
			ROLE_OF[i], org->people[i]), OK);
		assert_int_equal(session_start(&setup, &lease, org->tenant.org_id, org->people[i], ROLE_OF[i], &(struct client){0}, &tokens), OK);
		assert_int_equal(pg_commit(&lease), OK);
		lease_return(&lease);
		snprintf(org->sessions[i], ID_TEXT, "%s", tokens.session_id);
	}
}

/* A click on Cancel, as the widget's responder makes it; the family is open. */
static const char *start(struct org *org, const char *name, const char **token_out)
{
	const char *body = arena_printf(&setup.arena, "{\"userId\":\"%s\",\"plan\":\"%s\",\"email\":\"%s@example.com\",\"subscriptionValue\":900,"
		"\"currency\":\"usd\",\"stripeSubscriptionId\":\"sub_%s\"}", name, name, name, name);

	client_post(&caller, "/api/v1/widget/start", org->tenant.live.key, body);
	assert_status(&caller, 200);
	*token_out = arena_strdup(&setup.arena, client_text(&caller, "session"));
	return arena_strdup(&setup.arena, client_text(&caller, "sessionId"));
}

static void records_add(struct org *org, const char *name)
{
	const char *of = org->tenant.org_id;

	sql("insert into decision (org_id, live, session_id, outcome, offer_type, step, reason_text, feedback, request_hash, status, currency, "
		"saved_minor) values ('%s', true, '%s', 'accepted', 'pause', 2, '%s', '%s', '\\x00', 'manual', 'usd', 900)", of, org->decided, name, name);
	sql("insert into offer_event (org_id, live, session_id, step, offer_type, answer) values ('%s', true, '%s', 2, 'pause', 'accepted')",
		of, org->decided);
	sql("insert into stripe_connection (org_id, live, key_sealed, key_last4, account) values ('%s', true, '\\x00', '%.4s', '%s')", of, name, name);
	sql("insert into stripe_operation (org_id, live, session_id, number, purpose, idempotency_key, method, path, form) "
		"values ('%s', true, '%s', 1, '%s', '%s', 'POST', '/%s', '%s')", of, org->decided, name, name, name, name);
	sql("insert into branding (org_id, accent, accent_dark, radius, font) values ('%s', '#003a78', '#8fc1ff', 3, '%s')", of, name);
	sql("insert into audit_log (org_id, id, actor_kind, action, entity, after) values ('%s', gen_random_uuid(), 'system', '%s', '%s', '\"%s\"')",
		of, name, name, name);
	sql("insert into mail (org_id, id, kind, transactional, live, address) values ('%s', gen_random_uuid(), 'digest', false, true, '%s@example.com')",
		of, name);
	sql("insert into mail_suppression (org_id, address, kind, reason) values ('%s', '%s@example.com', 'digest', 'unsubscribe')", of, name);
	sql("insert into mail_digest_entry (org_id, id, account_id, live, title, created_at) "
		"values ('%s', gen_random_uuid(), '%s', true, '%s', 'infinity')", of, org->people[0], name);
	org->job = sql("insert into job (id, org_id, kind, queue, attempts, payload, run_at, unique_key, errors) values (gen_random_uuid(), '%s', '%s', 1, 3, "
		"'\"%s\"', 'infinity', '%s', '[{\"code\": \"%s\", \"message\": \"%s\"}]') returning id", of, name, name, name, name, name);
	sql("insert into schedule (id, org_id, name, cron, zone, kind, queue, attempts, next_at) "
		"values (gen_random_uuid(), '%s', '%s', '@yearly', 'UTC', '%s', 1, 3, '2100-01-01 00:00Z')", of, name, name);
}

static void report_add(struct org *org, const char *name)
{
	org->report = sql("insert into report (org_id, id, live, from_day, to_day, customers, totals, sessions, days) "
		"values ('%s', gen_random_uuid(), true, '2026-01-01', '2026-01-01', true, '{}', '%s', '%s') returning id", org->tenant.org_id, name, name);
}

static void webhooks_add(struct org *org, const char *name)
{
	const char *of = org->tenant.org_id;

	org->event = sql("insert into event (org_id, id, live, actor_kind, entity, entity_id, type, payload, schema_version) "
		"values ('%s', gen_random_uuid(), true, 'system', '%s', '%s', 'key.created', '{\"name\": \"%s\"}', 1) returning id", of, name, name, name);
	org->endpoint = sql("insert into webhook_endpoint (org_id, id, live, url, description, secret_sealed) "
		"values ('%s', gen_random_uuid(), true, 'https://hooks.%s.com/', '%s', '\\x00') returning id", of, name, name);
	/* For the second of two routes that delete or send the first. */
	org->spare = sql("insert into webhook_endpoint (org_id, id, live, url, description, secret_sealed) "
		"values ('%s', gen_random_uuid(), true, 'https://spare.%s.com/', '%s', '\\x00') returning id", of, name, name);
	org->delivery = sql("insert into webhook_delivery (org_id, id, endpoint_id, event_id) "
		"values ('%s', gen_random_uuid(), '%s', '%s') returning id", of, org->endpoint, org->event);
	org->spare_delivery = sql("insert into webhook_delivery (org_id, id, endpoint_id, event_id) "
		"values ('%s', gen_random_uuid(), '%s', '%s') returning id", of, org->spare, org->event);
	sql("insert into event_skipped (org_id, event_id, consumer, position, code, message) values ('%s', '%s', 'audit', 1, 'invalid', '%s')", of,
		org->event, name);
	sql("insert into event_daily (org_id, live, day, type, count) values ('%s', true, now(), '%s.made', 7)", of, name);
	sql("insert into webhook_attempt (org_id, delivery_id, number, duration_ms, request_headers, request_body) "
		"values ('%s', '%s', 1, 1, '{}', '%s')", of, org->delivery, name);
}

/* Four to start, stop, promote, change and delete, over a flow that nothing else changes. The last is for what the first ones are too far along. */
static void experiments_add(struct org *org, const char *name)
{
	const char *of = org->tenant.org_id, *flow = flow_add(&setup, pool, of, "en", "null, 'nobody', null, 50, 'host'", EVERY_STEP);

	sql("update flow set name = '%s' where id = '%s'", name, flow);
	for (int i = 0; i < EXPERIMENTS; i++)
		org->experiments[i] = sql("with e as (insert into experiment (org_id, id, name, flow_id, basis, minimum_effect) values ('%s', "
			"gen_random_uuid(), '%s', '%s', 'raw', 5) returning org_id, id), v as (insert into experiment_variant (org_id, experiment_id, position, "
			"kind, name, weight) select org_id, id, n, case n when 0 then 'control' else 'holdout' end, '%s', 1 from e, generate_series(0, 1) n) "
			"select id from e", of, name, flow, name);
}

/* A flow that was never published. */
static const char *fresh_add(struct org *org, const char *name)
{
	return sql("with f as (insert into flow (org_id, id, name, language, version) values ('%s', gen_random_uuid(), '%s', 'en', 0) returning *) "
		"insert into flow_draft (org_id, flow_id, document) select org_id, id, jsonb_build_object('name', name, 'language', 'en', 'steps', '%s'::jsonb) "
		"from f returning flow_id", org->tenant.org_id, name, EVERY_STEP);
}

static void id_add(struct org *org, const char *id)
{
	assert_true(org->id_count < IDS && id_valid(id));
	org->ids[org->id_count++] = id;
}

/* What one route uses up is not there for the next. */
static void spares_add(struct org *org, const char *name)
{
	struct key_made key;

	for (int i = 0; i < 3; i++)
		id_add(org, fresh_add(org, name));
	for (int i = 0; i < 2; i++) {
		key_add(&setup, pool, org->tenant.org_id, true, true, &key);
		id_add(org, arena_strdup(&setup.arena, key.id));
	}
	sql("update api_key set name = '%s', origins = '{https://%s.example}' where org_id = '%s'", name, name, org->tenant.org_id);
	org->segment = sql("insert into segment (org_id, id, name, condition) values ('%s', gen_random_uuid(), '%s 3', "
		"'{\"fact\": \"plan\", \"op\": \"is\", \"value\": \"%s\"}') returning id", org->tenant.org_id, name, name);
	id_add(org, org->segment);
	for (int i = 0; i < 2; i++)
		id_add(org, org->guests[i]);
}

static void org_add(struct org *org, const char *name)
{
	const char *unused;

	tenant_add(&setup, pool, &org->tenant);
	sql("update organisation set name = '%s' where org_id = '%s'", name, org->tenant.org_id);
	sql("update api_key set name = '%s', origins = '{https://%s.example}' where org_id = '%s'", name, name, org->tenant.org_id);
	people_add(org, name);
	guests_add(org, name);
	org->flow = flow_add(&setup, pool, org->tenant.org_id, "en", ANYBODY, EVERY_STEP);
	org->draft = flow_add(&setup, pool, org->tenant.org_id, "de", ANYBODY, EVERY_STEP);
	sql("update flow set name = '%s' where org_id = '%s'", name, org->tenant.org_id);
	sql("update flow set status = 'inactive' where org_id = '%s' and id = '%s'", org->tenant.org_id, org->draft);
	sql("update flow_draft set document = document || '{\"name\": \"%s\"}' where org_id = '%s'", name, org->tenant.org_id);
	org->fresh = fresh_add(org, name);
	org->spare_fresh = fresh_add(org, name);
	org->decided = start(org, name, &unused);
	org->undecided = start(org, name, &org->token);
	records_add(org, name);
	webhooks_add(org, name);
	for (int i = 0; MIRROR_ROWS[i]; i++)
		sql("%s", mirror_row(&setup, MIRROR_ROWS[i], org->tenant.org_id, name));
	report_add(org, name);
	measure_add(org->tenant.org_id, name, org->decided);
	outreach_add(org->tenant.org_id, name, &org->alert, &org->customer);
	experiments_add(org, name);
	privacy_add(org->tenant.org_id, name, org->decided);
	targeting_add(org->tenant.org_id, name, org->segments);
	id_add(org, org->flow);
	id_add(org, org->draft);
	id_add(org, org->fresh);
	id_add(org, org->spare_fresh);
	id_add(org, org->decided);
	id_add(org, org->undecided);
	id_add(org, org->endpoint);
	id_add(org, org->spare);
	id_add(org, org->delivery);
	id_add(org, org->spare_delivery);
	id_add(org, org->job);
	id_add(org, org->report);
	id_add(org, org->alert);
	id_add(org, org->customer);
	id_add(org, org->tenant.org_id);
	id_add(org, org->tenant.live.id);
	id_add(org, org->tenant.test.id);
	id_add(org, org->tenant.server.id);
	id_add(org, org->tenant.server_test.id);
	for (int i = 0; i < EXPERIMENTS; i++)
		id_add(org, org->experiments[i]);
	for (int i = 0; i < 2; i++)
		id_add(org, org->segments[i]);
	spares_add(org, name);
	for (int i = 0; i < 4; i++) {
		id_add(org, org->people[i]);
		id_add(org, org->sessions[i]);
	}
}

#endif
