-- Makes the outcome of these sessions ($1 organisations, $2 modes, $3 ids) from the base tables, as lib/measure/measure.h defines it. $4
-- seconds that a session's token is good for, $5 days after which billing is asked. Answers the rows that changed.
with touched as (
	select distinct * from unnest($1::uuid[], $2::boolean[], $3::uuid[]) t (org_id, live, id)
), base as (
	select s.*, d.outcome, d.offer_type, d.step, d.status, d.reason_code, coalesce(d.saved_minor, 0) as saved_minor, d.decided_at, d.path,
		coalesce(s.subscription_ref, (
			select b.ref
			from customer c
			join subscription b on b.org_id = c.org_id and b.live = c.live and b.customer_ref = c.stripe_ref
			where c.org_id = s.org_id and c.live = s.live and c.ref = s.customer_ref
				and b.started_at <= s.started_at and (b.ended_at is null or b.ended_at > s.started_at)
			order by b.started_at desc, b.ref
			limit 1), old.subscription_ref) as subscription
	from touched t
	join retention_session s on s.org_id = t.org_id and s.live = t.live and s.id = t.id
	left join decision d on d.org_id = s.org_id and d.live = s.live and d.session_id = s.id
	-- Who was forgotten leads to no subscription any more: what was found before stays.
	left join session_outcome old on old.org_id = s.org_id and old.live = s.live and old.session_id = s.id and s.customer_ref like 'erased-%'
), found as (
	select base.*, b.ref is not null as mirrored, b.currency as paid_currency,
		coalesce(least(b.ended_at, b.canceled_at), case when b.status in ('canceled', 'incomplete_expired') then b.as_of end) as over_at,
		case when b.ended_at is not null
			then least(greatest(floor(extract(epoch from b.ended_at - base.started_at) / 604800), 0), 520)::smallint end as gone_week,
		coalesce(paid.paid_minor, 0)::bigint as paid_minor, coalesce(paid.refunded_minor, 0)::bigint as refunded_minor,
		base.started_at + make_interval(days => $5::int) as due_at, seen.types, seen.answers
	from base
	left join subscription b on b.org_id = base.org_id and b.live = base.live and b.ref = base.subscription
	left join lateral (
		select sum(i.paid_minor) as paid_minor, sum(i.refunded_minor) as refunded_minor
		from invoice i
		where i.org_id = b.org_id and i.live = b.live and i.subscription_ref = b.ref and i.currency = b.currency and i.paid_at > base.started_at
			and i.paid_at <= coalesce((
				select o.started_at
				from session_outcome o
				where o.org_id = b.org_id and o.live = b.live and o.subscription_ref = b.ref and o.started_at > base.started_at
				order by o.started_at
				limit 1), 'infinity')
	) paid on true
	left join lateral (
		select array_agg(step.type order by first, step.number) as types, array_agg(step.answer order by first, step.number) as answers
		from (
			select p.number, v.steps -> p.number ->> 'type' as type, p.first,
				case when base.outcome = 'accepted' and p.number = base.step then 'accepted' else p.answer end as answer
			from (
				select (item ->> 'step')::int as number, min(n) as first, (array_agg(coalesce(item ->> 'answer', 'shown') order by n desc))[1] as answer
				from jsonb_array_elements(base.path || case when base.outcome = 'accepted'
					then jsonb_build_array(jsonb_build_object('step', base.step, 'answer', 'accepted')) else '[]' end) with ordinality e (item, n)
				group by 1
			) p
			join flow_version v on v.org_id = base.org_id and v.flow_id = base.flow_id and v.version = base.flow_version
		) step
		where step.type is not null
	) seen on base.path is not null
), judged as (
	select *, case when outcome = 'accepted' and offer_type = 'feedback' then 'dismissed' when outcome is not null then outcome
		when started_at <= now() - make_interval(secs => $4::int) then 'abandoned' end as raw
	from found
), kept as (
	insert into session_outcome as t (org_id, live, session_id, day, started_at, customer_ref, subscription_ref, flow_id, flow_version,
		experiment_id, variant, segment, plan, language, policy, raw, status, offer_type, reason_code, value_minor, currency, saved_minor,
		decided_at, step_types, step_answers, due_at, verdict, verdict_at, mirrored, gone_week, paid_currency, paid_minor, refunded_minor)
	select org_id, live, id, (started_at at time zone 'UTC')::date, started_at, customer_ref, subscription, flow_id, flow_version,
		experiment_id, variant, segment, plan, language, policy, raw, status, case when raw = 'accepted' then offer_type end, reason_code,
		coalesce(value_minor, 0), currency, saved_minor, decided_at, coalesce(types, '{}'), coalesce(answers, '{}'), due_at,
		case when due_at > now() then 'waiting' when not mirrored then 'unknown' when over_at <= due_at then 'lost'
			when raw = 'accepted' then 'saved' else 'deflected' end,
		case when due_at <= now() then now() end, mirrored, gone_week, paid_currency, paid_minor, refunded_minor
	from judged
	on conflict (org_id, live, session_id) do update set
		subscription_ref = excluded.subscription_ref, experiment_id = excluded.experiment_id, variant = excluded.variant,
		segment = excluded.segment, plan = excluded.plan, policy = excluded.policy, customer_ref = excluded.customer_ref,
		raw = excluded.raw, status = excluded.status, offer_type = excluded.offer_type, reason_code = excluded.reason_code,
		value_minor = excluded.value_minor, currency = excluded.currency, saved_minor = excluded.saved_minor,
		decided_at = excluded.decided_at, step_types = excluded.step_types, step_answers = excluded.step_answers,
		verdict = excluded.verdict, verdict_at = case when t.verdict = excluded.verdict then t.verdict_at else excluded.verdict_at end,
		mirrored = excluded.mirrored, gone_week = excluded.gone_week, paid_currency = excluded.paid_currency,
		paid_minor = excluded.paid_minor, refunded_minor = excluded.refunded_minor
	where (t.subscription_ref, t.experiment_id, t.variant, t.segment, t.plan, t.policy, t.customer_ref, t.raw, t.status, t.offer_type,
			t.reason_code, t.value_minor, t.currency, t.saved_minor, t.decided_at, t.step_types, t.step_answers, t.verdict, t.mirrored,
			t.gone_week, t.paid_currency, t.paid_minor, t.refunded_minor)
		is distinct from (excluded.subscription_ref, excluded.experiment_id, excluded.variant, excluded.segment, excluded.plan,
			excluded.policy, excluded.customer_ref, excluded.raw, excluded.status, excluded.offer_type, excluded.reason_code,
			excluded.value_minor, excluded.currency, excluded.saved_minor, excluded.decided_at, excluded.step_types, excluded.step_answers,
			excluded.verdict, excluded.mirrored, excluded.gone_week, excluded.paid_currency, excluded.paid_minor, excluded.refunded_minor)
	returning t.org_id, t.live, t.session_id, t.started_at, t.customer_ref, t.subscription_ref, t.flow_id, t.segment, t.language, t.xmax = 0 as fresh
), before as (
	select org_id, live, session_id, subscription_ref from session_outcome
	where (org_id, live, session_id) in (select org_id, live, id from touched)
), told as (
	insert into measure_stale (org_id, live) select distinct org_id, live from kept on conflict do nothing
), risks as (
	insert into measure_dirty (org_id, live, kind, ref) select distinct org_id, live, 'risk', customer_ref from kept
	-- An erased customer's pseudonym is nobody.
	where customer_ref not like 'erased-%'
)
select k.org_id, k.live, k.session_id, k.customer_ref, k.subscription_ref, k.flow_id, k.segment, k.language,
	k.fresh and k.started_at > now() - interval '1 day' and exists (select from webhook_endpoint w
		where w.org_id = k.org_id and w.live = k.live and w.enabled and 'flow.started' = any (w.events)) as announce,
	case when not k.fresh and b.subscription_ref is distinct from k.subscription_ref then b.subscription_ref end as left_ref,
	k.subscription_ref is not null and (k.fresh or b.subscription_ref is distinct from k.subscription_ref) as joined
from kept k
left join before b on b.org_id = k.org_id and b.live = k.live and b.session_id = k.session_id
order by k.org_id, k.live, k.started_at, k.session_id
