-- Customers as Stripe knows them. What Stripe does not say is kept as the widget gave it: what a row has of Stripe's own stands in column stripe.
-- $3 of when, in microseconds since 1970; $4 rows; $5 what to do in a tie: null leaves it, "print" takes the greater digest, else the version
-- (xmin) of the row that is replaced whatever its age.
with given as (
	select distinct on (r.ref) r.*, md5(r::text) as print
	from jsonb_to_recordset($4::jsonb) as r (ref text, stripe jsonb, delinquent boolean, deleted boolean)
	order by r.ref
), kept as (
	insert into customer (org_id, live, id, stripe_ref, email, name, language, region, attributes, delinquent, as_of, deleted_at, stripe, print)
	select $1::uuid, $2::boolean, gen_random_uuid(), g.ref, g.stripe->>'email', g.stripe->>'name', g.stripe->>'language', g.stripe->>'region',
		g.stripe->'metadata', g.delinquent, timestamptz 'epoch' + $3::bigint * interval '1 us',
		case when g.deleted then date_trunc('second', timestamptz 'epoch' + $3::bigint * interval '1 us') end, g.stripe, g.print
	from given g
	on conflict (org_id, live, stripe_ref) do update set
		email = case when customer.erased_at is null then coalesce(excluded.email, nullif(customer.email, customer.stripe->>'email')) end,
		name = case when customer.erased_at is null then coalesce(excluded.name, nullif(customer.name, customer.stripe->>'name')) end,
		language = case when customer.erased_at is null then coalesce(excluded.language, nullif(customer.language, customer.stripe->>'language')) end,
		region = case when customer.erased_at is null then coalesce(excluded.region, nullif(customer.region, customer.stripe->>'region')) end,
		attributes = case when customer.erased_at is null then excluded.attributes || coalesce((select jsonb_object_agg(own.key, own.value)
			from jsonb_each(customer.attributes) own
			where not coalesce(customer.stripe->'metadata', '{}') @> jsonb_build_object(own.key, own.value)), '{}') else '{}' end,
		delinquent = excluded.delinquent,
		as_of = greatest(customer.as_of, excluded.as_of),
		deleted_at = excluded.deleted_at,
		stripe = case when customer.erased_at is null then excluded.stripe
			else excluded.stripe - '{email,name,language,region,metadata}'::text[] end,
		print = excluded.print
	where $5::text = customer.xmin::text or customer.as_of is null
		or (excluded.deleted_at is not null, excluded.as_of) > (customer.deleted_at is not null, customer.as_of)
		or ($5::text = 'print' and (excluded.deleted_at is not null, excluded.as_of) = (customer.deleted_at is not null, customer.as_of)
			and excluded.print > customer.print)
	returning stripe_ref
)
select g.ref, k.stripe_ref is not null and old.print is distinct from g.print as put, old.xmin::text as version,
	k.stripe_ref is null and old.print <> g.print and (old.deleted_at is not null, old.as_of)
		= (g.deleted, timestamptz 'epoch' + $3::bigint * interval '1 us') as tie
from given g
left join kept k on k.stripe_ref = g.ref
left join customer old on old.org_id = $1::uuid and old.live = $2::boolean and old.stripe_ref = g.ref
