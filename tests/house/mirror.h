/* A row for every table of the mirror of Stripe: @ stands for the organisation, # for its name. */
#ifndef STOA_TESTS_MIRROR_H
#define STOA_TESTS_MIRROR_H

#include "base/buffer.h"
#include "base/context.h"

static const char *const MIRROR_ROWS[] = {
	"customer (org_id, live, id, ref, stripe_ref, name) values ('@', true, gen_random_uuid(), '#', 'cus_#', '#')",
	"product (org_id, live, ref, name, as_of) values ('@', true, 'prod_#', '#', now())",
	"price (org_id, live, ref, nickname, currency, as_of) values ('@', true, 'price_#', '#', 'usd', now())",
	"coupon (org_id, live, ref, name, duration, as_of) values ('@', true, '#', '#', 'once', now())",
	"discount (org_id, live, ref, coupon_ref, as_of, print) values ('@', true, 'di_#', '#', now(), '')",
	"subscription (org_id, live, ref, customer_ref, status, plan, currency, started_at, as_of) "
		"values ('@', true, 'sub_#', 'cus_#', 'active', '#', 'usd', now(), now())",
	"schedule_plan (org_id, live, ref, status, as_of, print) values ('@', true, 'sub_sched_#', 'active', now(), '')",
	"invoice (org_id, live, ref, customer_ref, status, currency, created_at, as_of) "
		"values ('@', true, 'in_#', 'cus_#', 'paid', 'usd', now(), now())",
	"invoice_payment (org_id, live, payment_ref, invoice_ref) values ('@', true, 'pi_#', 'in_#')",
	"charge (org_id, live, ref, payment_ref, as_of, print) values ('@', true, 'ch_#', 'pi_#', now(), '')",
	"dispute (org_id, live, ref, charge_ref, status, as_of, print) values ('@', true, 'dp_#', 'ch_#', 'won', now(), '')",
	"subscription_claim (org_id, live, subscription_ref, customer_ref) values ('@', true, 'sub_#', '#')",
	"stripe_endpoint (org_id, live, id) values ('@', true, gen_random_uuid())",
	"stripe_event (org_id, live, id, type, created_at, source, payload) values ('@', true, 'evt_#', 'x', now(), 'webhook', '\"#\"')",
	"stripe_sync (org_id, live, cursor) values ('@', true, '#')",
	NULL};

static inline const char *mirror_row(struct ctx *ctx, const char *row, const char *org_id, const char *name)
{
	struct buffer text = {0};
	const char *kept;

	buffer_text(&text, "insert into ");
	for (; *row; row++)
		if (*row == '@')
			buffer_text(&text, org_id);
		else if (*row == '#')
			buffer_text(&text, name);
		else
			buffer_char(&text, *row);
	kept = arena_strdup(&ctx->arena, text.data);
	buffer_free(&text);
	return kept;
}

#endif
