-- $3: the new state, "queued" when another attempt follows; $5: keep the content.
update mail
set state = $3, reply = $4, content = case when $5::boolean then content end,
	finished_at = case when $3 <> 'queued' then now() end
where org_id = $1::uuid and id = $2::uuid and state in ('queued', 'failed')
