-- What waits for somebody ($2 live): decisions to be carried out by hand, decisions that Stripe has not confirmed for ten minutes, payments that
-- failed and are still open.
select (select count(*) from decision where org_id = $1::uuid and live = $2::boolean and status = 'manual') as manual,
	(select count(*) from decision where org_id = $1::uuid and live = $2::boolean and status = 'pending' and decided_at < now() - interval '10 minutes')
		as pending,
	(select count(*) from invoice where org_id = $1::uuid and live = $2::boolean and status = 'open' and attempts > 0) as failing
