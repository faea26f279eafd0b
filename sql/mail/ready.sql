-- A mail and why it may not go, if so. A bounce is believed for 90 days.
select m.state, m.live, m.address, m.content, (
		select s.reason
		from mail_suppression s
		where (s.org_id = $1::uuid or s.org_id = '00000000-0000-0000-0000-000000000000'::uuid)
			and s.address = lower(m.address)
			and s.kind in ('*', m.kind)
			and not (s.reason = 'unsubscribe' and m.transactional)
			and not (s.reason = 'bounce' and s.created_at < now() - interval '90 days')
		order by s.reason
		limit 1
	) as suppressed
from mail m
where m.org_id = $1::uuid and m.id = $2::uuid
