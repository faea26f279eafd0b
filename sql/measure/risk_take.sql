-- Takes $3 notes of this organisation and mode; makes and freshens its customers from their newest session. Where Stripe has told
-- something, that counts; an erased customer stays so.
with taken as (
	delete from measure_dirty d
	using (select org_id, seq from measure_dirty where kind = 'risk' and org_id = $1::uuid and live = $2::boolean order by seq limit $3::int) next
	where d.org_id = next.org_id and d.seq = next.seq
	returning d.ref
), newest as (
	select s.*
	from (select distinct ref from taken) t
	cross join lateral (
		select * from retention_session s
		where s.org_id = $1::uuid and s.live = $2::boolean and s.customer_ref = t.ref
		order by s.started_at desc
		limit 1) s
), kept as (
	insert into customer (org_id, live, id, ref, email, language, region, plan, value_minor, currency, attributes, last_attempt_at)
	select $1::uuid, $2::boolean, gen_random_uuid(), customer_ref, email, language, region, plan, coalesce(value_minor, 0), currency,
		coalesce(attributes, '{}'), started_at
	from newest
	order by customer_ref
	on conflict (org_id, live, ref) do update set
		email = case when customer.stripe_ref is null then coalesce(excluded.email, customer.email) else coalesce(customer.email, excluded.email) end,
		language = case when customer.stripe_ref is null then excluded.language else coalesce(customer.language, excluded.language) end,
		region = case when customer.stripe_ref is null then coalesce(excluded.region, customer.region) else coalesce(customer.region, excluded.region) end,
		plan = case when customer.stripe_ref is null then coalesce(excluded.plan, customer.plan) else customer.plan end,
		value_minor = case when customer.stripe_ref is null then excluded.value_minor else customer.value_minor end,
		currency = case when customer.stripe_ref is null then coalesce(excluded.currency, customer.currency) else customer.currency end,
		attributes = customer.attributes || excluded.attributes,
		last_attempt_at = excluded.last_attempt_at
	where customer.erased_at is null and customer.last_attempt_at is distinct from excluded.last_attempt_at
)
select count(*) as taken, array_agg(distinct ref)::text as refs from taken
