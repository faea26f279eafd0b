-- A row for every customer at Stripe who is heard of. $3 their refs.
insert into customer (org_id, live, id, stripe_ref)
select $1::uuid, $2::boolean, gen_random_uuid(), given.ref
from (select distinct unnest($3::text[]) as ref) given
where not exists (select from customer c where c.org_id = $1::uuid and c.live = $2::boolean and c.stripe_ref = given.ref)
