/* Rows of the second organisation that take some room; part of orgs.h. */
#ifndef STOA_TESTS_ROWS_H
#define STOA_TESTS_ROWS_H

static void outreach_add(const char *of, const char *name, const char **alert_out, const char **customer_out)
{
	sql("insert into outreach_setting (org_id, sender_name, reply_to, return_url) values ('%s', '%s', '%s@example.com', 'https://%s.example/')", of, name, name,
		name);
	sql("insert into outreach_program (org_id, program, days) values ('%s', 'payment', '{0}')", of);
	sql("insert into outreach_wording (org_id, kind, language, subject, body, button) values ('%s', 'payment.failed', 'en', '%s', '%s', '%s')", of, name, name,
		name);
	*alert_out = sql("insert into alert (org_id, live, id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, occasion, month_minor, "
		"currency, created_at) values ('%s', true, gen_random_uuid(), 'expired', 'high', 'sub_%s', 'cus_%s', 'cancellation', 0, now(), now(), 900, 'usd', now()) "
		"returning id", of, name, name);
	*customer_out = sql("insert into customer (org_id, live, id, ref, stripe_ref, email, name, plan) values ('%s', true, gen_random_uuid(), 'reached-%s', "
		"'cus_reached_%s', '%s@example.com', '%s', '%s') returning id", of, name, name, name, name, name);
	sql("insert into outreach_case (org_id, live, invoice_ref, customer_ref, currency, due_minor, opened_at) "
		"values ('%s', true, 'in_%s', 'cus_reached_%s', 'usd', 900, now())", of, name, name);
	const char *mail = sql("insert into outreach_mail (org_id, live, id, program, kind, customer_id, occasion, step, state, due_at, created_at) "
		"values ('%s', true, gen_random_uuid(), 'retention', 'retention.offer', '%s', '%s', 1, 'sent', now(), now()) returning id", of, *customer_out, name);
	sql("insert into outreach_offer (org_id, live, id, customer_id, subscription_ref, percent, months, month_minor, currency, created_at, expires_at) "
		"values ('%s', true, '%s', '%s', 'sub_%s', 20, 3, 900, 'usd', now(), now() + interval '1 day')", of, mail, *customer_out, name);
}

/* The sums follow from the outcome. */
static void measure_add(const char *of, const char *name, const char *session)
{
	sql("insert into session_outcome (org_id, live, session_id, day, started_at, customer_ref, flow_id, flow_version, segment, plan, language, policy, raw, "
		"status, offer_type, reason_code, currency, value_minor, step_types, step_answers, due_at, mirrored) values ('%s', true, '%s', '2026-01-01', now(), "
		"'%s', '%s', 1, 'low', '%s', 'en', 'documented', 'accepted', 'recorded', 'pause', '%s', 'usd', 900, '{pause}', '{accepted}', now(), true)", of, session,
		name, session, name, name);
	sql("insert into measure_stale (org_id, live) values ('%s', true)", of);
}

/* A segment for each of the routes that delete one. */
static void targeting_add(const char *of, const char *name, const char *segments_out[2])
{
	for (int i = 0; i < 2; i++)
		segments_out[i] = sql("insert into segment (org_id, id, name, condition) values ('%s', gen_random_uuid(), '%s %d', "
			"'{\"fact\": \"plan\", \"op\": \"is\", \"value\": \"%s\"}') returning id", of, name, i, name);
	sql("insert into offer_rule (org_id, offer_type, enabled, period_days, cooldown_days, discounted) values ('%s', 'discount', true, 365, 0, true)", of);
	sql("insert into offer_policy (org_id, policy, floor) values ('%s', 'documented', 10)", of);
	sql("insert into coupon_request (org_id, live, id, idempotency_key, form, coupon_ref) values ('%s', true, gen_random_uuid(), '%s', '%s', '%s')", of, name,
		name, name);
}

static void privacy_add(const char *of, const char *name, const char *session)
{
	sql("insert into consent_record (org_id, live, session_id, customer_hash, at, document, mac) values ('%s', true, '%s', 'x', now(), '{\"of\": \"%s\"}', 'x')",
		of, session, name);
	sql("insert into privacy_setting (org_id, cancel_now) values ('%s', true)", of);
	sql("insert into keep_period (org_id, name, days) values ('%s', 'words', 700)", of);
	sql("insert into keep_mark (org_id, live, id) values ('%s', true, gen_random_uuid())", of);
}

#endif
