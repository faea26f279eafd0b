-- What became of the mails that the outbox has; it forgets them after 30 days.
update outreach_mail m
set state = x.state, reason = case when x.state <> 'sent' then x.reply end, finished_at = x.finished_at
from mail x
where m.org_id = $1::uuid and m.live = $2::boolean and m.state = 'queued' and x.org_id = m.org_id and x.id = m.mail_id and x.state <> 'queued'
