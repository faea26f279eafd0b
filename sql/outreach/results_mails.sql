-- Mails of the last $3 days by program.
select program, count(*) as planned, count(*) filter (where state in ('queued', 'sent')) as sent, count(*) filter (where state = 'suppressed') as suppressed,
	count(*) filter (where state = 'failed') as failed, count(*) filter (where state = 'cancelled') as cancelled,
	count(*) filter (where state = 'not-sent') as not_sent
from outreach_mail
where org_id = $1::uuid and live = $2::boolean and due_at > now() - make_interval(days => $3::int)
group by program
