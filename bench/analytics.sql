-- A year of :organisations organisations, :customers customers, :subscriptions subscriptions and :sessions sessions with their decisions and
-- offers, spread evenly; run by bench/analytics.mjs. Keys are computed from numbers, so that no lookup is needed.
\set ON_ERROR_STOP on
begin;
set local synchronous_commit = off;
set local work_mem = '256MB';
alter table decision disable trigger user;
alter table subscription disable trigger user;
alter table invoice disable trigger user;
alter table customer disable trigger user;
select setseed(0.4);
create function bench_org(n bigint) returns uuid language sql immutable as $$ select md5('org' || n)::uuid $$;
create function bench_flow(n bigint, k bigint) returns uuid language sql immutable as $$ select md5('flow' || n || ' ' || k)::uuid $$;
-- As the widget makes them (RFC 9562, 5.7): milliseconds first.
create function bench_id(t timestamptz, n bigint) returns uuid language sql immutable as $$
	select overlay(overlay(lpad(to_hex((extract(epoch from t) * 1000)::bigint), 12, '0') || substr(md5(n::text), 13) placing '7' from 13) placing 'a' from 17)::uuid
$$;
insert into organisation (org_id, name) select bench_org(n), 'Bench ' || n from generate_series(0, :organisations - 1) n;
insert into flow (org_id, id, name, status, language, version) select bench_org(n), bench_flow(n, k), 'Flow ' || k, 'active', 'en', 1
from generate_series(0, :organisations - 1) n, generate_series(0, 2) k;
insert into flow_version (org_id, flow_id, version, steps)
select bench_org(n), bench_flow(n, k), 1, '[{"type":"survey"},{"type":"discount"},{"type":"pause"},{"type":"downgrade"},{"type":"confirm"}]'
from generate_series(0, :organisations - 1) n, generate_series(0, 2) k;
insert into customer (org_id, live, id, ref, stripe_ref, email, name, plan, region, language, value_minor, currency, customer_since)
select bench_org(n % :organisations), true, md5('customer' || n)::uuid, 'c' || n / :organisations, case when n < :subscriptions then 'cus_' || n end,
	'c' || n || '@example.com', 'Customer ' || n, (array['basic', 'pro', 'team', 'scale'])[1 + n % 4], (array['us', 'de', 'fr', 'gb'])[1 + n % 4],
	(array['en', 'de'])[1 + n % 2], (array[900, 2900, 4900, 19900])[1 + n % 4], (array['usd', 'eur'])[1 + n / :organisations % 2], now() - interval '400 days'
from generate_series(0, :customers - 1) n;
insert into subscription (org_id, live, ref, customer_ref, status, plan, amount_minor, month_minor, currency, started_at, canceled_at, ended_at, period_ends_at, as_of)
select bench_org(n % :organisations), true, 'sub_' || n, 'cus_' || n, case when gone then 'canceled' else 'active' end, (array['basic', 'pro', 'team', 'scale'])[1 + n % 4],
	(array[900, 2900, 4900, 19900])[1 + n % 4], (array[900, 2900, 4900, 19900])[1 + n % 4], (array['usd', 'eur'])[1 + n / :organisations % 2], now() - interval '400 days',
	case when gone then now() - ago * interval '1 day' end, case when gone then now() - ago * interval '1 day' end, now() + random() * interval '30 days', now()
from (select n, random() < 0.2 as gone, random() * 360 as ago from generate_series(0, :subscriptions - 1) n) s;
insert into invoice (org_id, live, ref, customer_ref, subscription_ref, status, currency, due_minor, paid_minor, refunded_minor, created_at, paid_at, as_of)
select bench_org(n % :organisations), true, 'in_' || n || '_' || m, 'cus_' || n, 'sub_' || n, 'paid', (array['usd', 'eur'])[1 + n / :organisations % 2],
	(array[900, 2900, 4900, 19900])[1 + n % 4], (array[900, 2900, 4900, 19900])[1 + n % 4], case when random() < 0.03 then 500 else 0 end, now() - m * interval '30 days',
	now() - m * interval '30 days', now()
from generate_series(0, :subscriptions - 1) n, generate_series(0, 11) m;
insert into retention_session (org_id, live, id, key_id, customer_ref, subscription_ref, plan, region, language, segment, value_minor, currency, signed,
	flow_id, flow_version, step_order, started_at)
select bench_org(n % :organisations), true, bench_id(t, n), bench_org(0), 'c' || c, case when c * :organisations + n % :organisations < :subscriptions
		then 'sub_' || c * :organisations + n % :organisations end,
	(array['basic', 'pro', 'team', 'scale'])[1 + c % 4], (array['us', 'de', 'fr', 'gb'])[1 + c % 4], (array['en', 'de'])[1 + c % 2],
	(array['low', 'medium', 'medium', 'high'])[1 + c % 4], (array[900, 2900, 4900, 19900])[1 + c % 4], (array['usd', 'eur'])[1 + c % 2], true,
	bench_flow(n % :organisations, c % 3), 1, '01234', t
from (select n, floor(random() * :customers / :organisations)::int as c, now() - interval '365 days' + n * interval '364 days' / :sessions as t
	from generate_series(0, :sessions - 1) n) s;
insert into decision (org_id, live, session_id, outcome, offer_type, step, reason_code, feedback, path, request_hash, status, value_minor, saved_minor, currency,
	decided_at, settled_at)
select org_id, true, id, outcome, case when outcome = 'accepted' then (array['discount', 'pause', 'downgrade'])[step] end, case when outcome = 'accepted' then step end,
	(array['too_expensive', 'unused', 'missing_features', 'switched_service', 'other'])[1 + floor(random() * 5)::int],
	case when random() < 0.1 then (array['It is too slow for our reports', 'Die Berichte fehlen mir', 'Too expensive for a small team', 'We found something simpler'])
		[1 + floor(random() * 4)::int] end,
	case when step = 1 then '[{"step":0,"answer":"answered"},{"step":1,"answer":"declined"}]'::jsonb
		else '[{"step":0,"answer":"answered"},{"step":1,"answer":"declined"},{"step":2,"answer":"declined"}]' end,
	'\x00', case when outcome = 'accepted' then 'applied' else 'recorded' end, value_minor, case when outcome = 'accepted' then value_minor / 5 else 0 end, currency,
	started_at + interval '1 minute', started_at + interval '1 minute'
from (select *, (array['accepted', 'accepted', 'declined', 'declined', 'dismissed', 'cancelled'])[1 + floor(random() * 6)::int] as outcome, 1 + floor(random() * 2)::int as step
	from retention_session where random() < 0.8) s;
insert into offer_event (org_id, live, session_id, step, offer_type, answer, created_at)
select org_id, live, session_id, (p ->> 'step')::int, (array['discount', 'pause'])[(p ->> 'step')::int], p ->> 'answer', decided_at
from decision cross join lateral jsonb_array_elements(path) p where p ->> 'step' > '0';
alter table decision enable trigger user;
alter table subscription enable trigger user;
alter table invoice enable trigger user;
alter table customer enable trigger user;
commit;
vacuum analyze;
