-- By the address that Stripe was given, whose it is.
select e.org_id, e.live, e.secret_sealed, case when e.secret_before_until > now() then e.secret_before_sealed end as before_sealed, c.account
from stripe_endpoint e
left join stripe_connection c on c.org_id = e.org_id and c.live = e.live
where e.id = $1::uuid and e.secret_sealed is not null
