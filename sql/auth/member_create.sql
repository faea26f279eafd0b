-- No row: already a member.
insert into membership (org_id, account_id, role)
values ($1::uuid, $2::uuid, $3)
on conflict do nothing
returning account_id
