-- The newest $6 of those texts themselves.
select d.session_id::text as session, d.decided_at as at, s.language, d.outcome, d.reason_code, nullif(d.reason_text, '') as reason_text,
	nullif(d.feedback, '') as feedback
from decision d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
where d.org_id = $1::uuid and d.live = $2::boolean and (d.reason_text is not null or d.feedback is not null)
	and d.decided_at >= $3::date::timestamp at time zone 'UTC' and d.decided_at < ($4::date + 1)::timestamp at time zone 'UTC'
	and coalesce(nullif(d.reason_text, ''), nullif(d.feedback, '')) is not null
	and ($5::jsonb ->> 'flow' is null or s.flow_id::text = $5::jsonb ->> 'flow')
	and ($5::jsonb ->> 'segment' is null or s.segment = $5::jsonb ->> 'segment')
	and ($5::jsonb ->> 'plan' is null or s.plan = $5::jsonb ->> 'plan')
	and ($5::jsonb ->> 'language' is null or s.language = $5::jsonb ->> 'language')
order by d.decided_at desc, d.session_id desc
limit $6::int
