/* Rows of the second organisation that take some room; part of isolation_dbtest.c. */
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

#endif
