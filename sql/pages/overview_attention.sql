-- What waits for somebody ($2 live): decisions to be carried out by hand, decisions that Stripe has not confirmed for ten minutes, payments that
-- failed and are still open, those of them without an open case of outreach.
select (select count(*) from decision where org_id = $1::uuid and live = $2::boolean and status = 'manual') as manual,
	(select count(*) from decision where org_id = $1::uuid and live = $2::boolean and status = 'pending' and decided_at < now() - interval '10 minutes')
		as pending,
	(select count(*) from invoice where org_id = $1::uuid and live = $2::boolean and status = 'open' and attempts > 0) as failing,
	(select count(*) from invoice i where i.org_id = $1::uuid and i.live = $2::boolean and i.status = 'open' and i.attempts > 0 and not exists (
		select from outreach_case c where c.org_id = i.org_id and c.live = i.live and c.invoice_ref = i.ref and c.state = 'open')) as caseless
