-- What became of the mails that the outbox has; it forgets them after 30 days. Why a mail failed may quote the address.
update outreach_mail m
set state = x.state, reason = case when x.state <> 'sent' and c.erased_at is null then x.reply end, finished_at = x.finished_at
from mail x, customer c
where m.org_id = $1::uuid and m.live = $2::boolean and m.state = 'queued' and x.org_id = m.org_id and x.id = m.mail_id and x.state <> 'queued'
	and c.org_id = m.org_id and c.live = m.live and c.id = m.customer_id
