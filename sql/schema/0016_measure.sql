-- What became of each click on Cancel (session_outcome), and sums of it a day (lib/measure/measure.h says what each figure means).
--
-- session_outcome is made from the base tables by one statement (sql/measure/judge.sql), so judging a session again is harmless. What may
-- have changed stands in measure_dirty, written in the transaction of the change. The sums follow session_outcome by its triggers: nobody
-- can change one without the other. Days are UTC.

create table session_outcome (
	org_id           uuid not null references organisation,
	live             boolean not null,
	session_id       uuid not null,
	day              date not null,
	started_at       timestamptz not null,
	customer_ref     text not null,
	subscription_ref text,
	flow_id          uuid not null,
	flow_version     int not null,
	experiment_id    uuid,
	variant          smallint,
	segment          text not null,
	plan             text,
	language         text not null,
	policy           text not null,
	raw              text check (raw in ('accepted', 'declined', 'dismissed', 'cancelled', 'abandoned')),
	status           text check (status in ('recorded', 'pending', 'applied', 'manual')),
	offer_type       text,
	reason_code      text,
	value_minor      bigint not null default 0,
	currency         text,
	saved_minor      bigint not null default 0,
	decided_at       timestamptz,
	step_types       text[] not null default '{}',
	step_answers     text[] not null default '{}',
	due_at           timestamptz not null,
	verdict          text not null default 'waiting' check (verdict in ('waiting', 'saved', 'deflected', 'lost', 'unknown')),
	verdict_at       timestamptz,
	mirrored         boolean not null default false,
	gone_week        smallint,
	paid_currency    text,
	paid_minor       bigint not null default 0,
	refunded_minor   bigint not null default 0,
	primary key (org_id, live, session_id)
);
comment on column session_outcome.raw is 'null: still open; abandoned once the hour of its token has passed';
comment on column session_outcome.subscription_ref is 'as the widget was given it, else the linked customer''s newest at that time';
comment on column session_outcome.offer_type is 'the offer that was accepted';
comment on column session_outcome.saved_minor is 'estimate by the documented formula; paid_minor is what was really paid';
comment on column session_outcome.step_types is 'the steps that were seen, in their order; step_answers: the last answer to each';
comment on column session_outcome.due_at is 'when billing is asked: 30 days after the start';
comment on column session_outcome.mirrored is 'its subscription is known from Stripe';
comment on column session_outcome.gone_week is 'full weeks from the start until the subscription ended; null: it runs, or is not known';
comment on column session_outcome.paid_minor is 'paid on the subscription after this session and before its next one, before refunds, in paid_currency';
create index session_outcome_day on session_outcome (org_id, live, day);
create index session_outcome_customer on session_outcome (org_id, live, customer_ref, started_at);
create index session_outcome_subscription on session_outcome (org_id, live, subscription_ref, started_at);
create index session_outcome_accepted on session_outcome (org_id, live, day, customer_ref) include (currency)
	where raw = 'accepted';
create index session_outcome_experiment on session_outcome (org_id, live, experiment_id, variant) where experiment_id is not null;
create index session_outcome_open on session_outcome (started_at) where raw is null;
create index session_outcome_due on session_outcome (due_at) where verdict = 'waiting';

-- Sums a day: of all sessions (dimension "all", value "") and of those of one flow, segment, plan, language, policy, experiment or variant
-- ("<experiment>:<number>"). Sessions are counted in the row of their own currency ("" = not known), what was paid in that of its invoices.
create table measure_day (
	org_id              uuid not null references organisation,
	live                boolean not null,
	dimension           text not null,
	value               text not null,
	day                 date not null,
	currency            text not null,
	sessions            bigint not null,
	open                bigint not null,
	accepted            bigint not null,
	standing            bigint not null,
	declined            bigint not null,
	dismissed           bigint not null,
	cancelled           bigint not null,
	abandoned           bigint not null,
	pending             bigint not null,
	manual              bigint not null,
	answered            bigint not null,
	offered             bigint not null,
	waiting             bigint not null,
	saved               bigint not null,
	deflected           bigint not null,
	lost                bigint not null,
	unknown             bigint not null,
	value_minor         bigint not null,
	saved_minor         bigint not null,
	paid_minor          bigint not null,
	refunded_minor      bigint not null,
	kept_paid_minor     bigint not null,
	kept_refunded_minor bigint not null,
	primary key (org_id, live, dimension, value, day, currency)
);
comment on column measure_day.standing is 'accepted, and applied at Stripe or with nothing to do there';
comment on column measure_day.answered is 'said why, in the survey';
comment on column measure_day.offered is 'saw at least one offer';
comment on column measure_day.kept_paid_minor is 'the part of paid_minor after sessions that accepted an offer';
create index measure_day_day on measure_day (org_id, live, day);

-- Steps seen: the funnel, and offers by type. Money and verdicts are of the sessions that accepted that offer.
create table measure_step (
	org_id         uuid not null references organisation,
	live           boolean not null,
	dimension      text not null,
	value          text not null,
	day            date not null,
	step_type      text not null,
	currency       text not null,
	shown          bigint not null,
	accepted       bigint not null,
	declined       bigint not null,
	skipped        bigint not null,
	answered       bigint not null,
	saved          bigint not null,
	lost           bigint not null,
	saved_minor    bigint not null,
	paid_minor     bigint not null,
	refunded_minor bigint not null,
	primary key (org_id, live, dimension, value, day, step_type, currency)
);
create index measure_step_day on measure_step (org_id, live, day);

create table measure_reason (
	org_id      uuid not null references organisation,
	live        boolean not null,
	dimension   text not null,
	value       text not null,
	day         date not null,
	reason_code text not null,
	sessions    bigint not null,
	accepted    bigint not null,
	cancels     bigint not null,
	primary key (org_id, live, dimension, value, day, reason_code)
);
create index measure_reason_day on measure_reason (org_id, live, day);

-- For curves of retention: sessions whose subscription is known, by what became of them and the week in which the subscription ended.
create table measure_gone (
	org_id   uuid not null references organisation,
	live     boolean not null,
	day      date not null,
	kind     text not null,
	week     smallint not null,
	sessions bigint not null,
	primary key (org_id, live, day, kind, week)
);
comment on column measure_gone.kind is 'the offer that was accepted, else how the session ended';
comment on column measure_gone.week is '-1: the subscription runs';

-- The sums of sessions: of what is added, less what is removed. wide: by every dimension, else only "all".
create function measure_day_of(added session_outcome[], removed session_outcome[], wide boolean) returns setof measure_day
language sql immutable as $$
	with fact as (
		select org_id, live, day, flow_id::text as flow, segment, plan, language, policy, experiment_id::text as experiment,
			experiment_id::text || ':' || variant::text as variant, coalesce(currency, '') as currency, paid_currency,
			n, n * (raw is null)::int as open, n * (raw is not distinct from 'accepted')::int as accepted,
			n * (raw is not distinct from 'accepted' and status in ('recorded', 'applied'))::int as standing,
			n * (raw is not distinct from 'declined')::int as declined, n * (raw is not distinct from 'dismissed')::int as dismissed,
			n * (raw is not distinct from 'cancelled')::int as cancelled, n * (raw is not distinct from 'abandoned')::int as abandoned,
			n * (status is not distinct from 'pending')::int as pending, n * (status is not distinct from 'manual')::int as manual,
			n * (reason_code is not null)::int as answered,
			n * (step_types && '{discount,pause,downgrade,extension,support}')::int as offered,
			n * (verdict = 'waiting')::int as waiting, n * (verdict = 'saved')::int as saved, n * (verdict = 'deflected')::int as deflected,
			n * (verdict = 'lost')::int as lost, n * (verdict = 'unknown')::int as unknown,
			n * value_minor as value_minor, n * saved_minor as saved_minor, n * paid_minor as paid_minor, n * refunded_minor as refunded_minor
		from (select *, 1 as n from unnest(added) union all select *, -1 from unnest(removed)) o
	)
	select org_id, live, d.dimension, d.value, day, m.currency, sum(own * n), sum(own * open), sum(own * accepted), sum(own * standing),
		sum(own * declined), sum(own * dismissed), sum(own * cancelled), sum(own * abandoned), sum(own * pending), sum(own * manual),
		sum(own * answered), sum(own * offered),
		sum(own * waiting), sum(own * saved), sum(own * deflected), sum(own * lost), sum(own * unknown),
		sum(own * value_minor)::bigint, sum(own * saved_minor)::bigint,
		sum((1 - own) * paid_minor)::bigint, sum((1 - own) * refunded_minor)::bigint,
		sum((1 - own) * abs(accepted) * paid_minor)::bigint, sum((1 - own) * abs(accepted) * refunded_minor)::bigint
	from fact
	cross join lateral (values ('all', ''), ('flow', flow), ('segment', segment), ('plan', plan), ('language', language),
		('policy', policy), ('experiment', experiment), ('variant', variant)) d (dimension, value)
	cross join lateral (values (1, fact.currency), (0, case when paid_minor <> 0 or refunded_minor <> 0 then paid_currency end)) m (own, currency)
	where d.value is not null and m.currency is not null and (wide or d.dimension = 'all')
	group by org_id, live, d.dimension, d.value, day, m.currency
	order by org_id, live, d.dimension, d.value, day, m.currency
$$;

create function measure_step_of(added session_outcome[], removed session_outcome[], wide boolean) returns setof measure_step
language sql immutable as $$
	with fact as (
		select org_id, live, day, flow_id::text as flow, segment, plan, language, policy, experiment_id::text as experiment,
			experiment_id::text || ':' || variant::text as variant, s.step_type, coalesce(currency, '') as currency, paid_currency,
			n, n * (answer = 'accepted')::int as accepted, n * (answer = 'declined')::int as declined, n * (answer = 'skipped')::int as skipped,
			n * (answer = 'answered')::int as answered,
			n * (s.step_type is not distinct from offer_type)::int as taken,
			n * (verdict = 'saved')::int as saved, n * (verdict = 'lost')::int as lost, saved_minor, paid_minor, refunded_minor
		from (select *, 1 as n from unnest(added) union all select *, -1 from unnest(removed)) o
		cross join lateral unnest(step_types, step_answers) s (step_type, answer)
	)
	select org_id, live, d.dimension, d.value, day, step_type, m.currency, sum(own * n), sum(own * accepted), sum(own * declined),
		sum(own * skipped), sum(own * answered), sum(own * abs(taken) * saved), sum(own * abs(taken) * lost),
		sum(own * taken * saved_minor)::bigint, sum((1 - own) * taken * paid_minor)::bigint, sum((1 - own) * taken * refunded_minor)::bigint
	from fact
	cross join lateral (values ('all', ''), ('flow', flow), ('segment', segment), ('plan', plan), ('language', language),
		('policy', policy), ('experiment', experiment), ('variant', variant)) d (dimension, value)
	cross join lateral (values (1, fact.currency), (0, case when taken <> 0 and (paid_minor <> 0 or refunded_minor <> 0) then paid_currency end)) m (own, currency)
	where d.value is not null and m.currency is not null and (wide or d.dimension = 'all')
	group by org_id, live, d.dimension, d.value, day, step_type, m.currency
	order by org_id, live, d.dimension, d.value, day, step_type, m.currency
$$;

create function measure_reason_of(added session_outcome[], removed session_outcome[], wide boolean) returns setof measure_reason
language sql immutable as $$
	with fact as (
		select *, n * (raw = 'accepted')::int as accepted, n * (raw in ('declined', 'cancelled'))::int as cancels
		from (select *, 1 as n from unnest(added) union all select *, -1 from unnest(removed)) o
		where reason_code is not null
	)
	select org_id, live, d.dimension, d.value, day, reason_code, sum(n), sum(accepted), sum(cancels)
	from fact
	cross join lateral (values ('all', ''), ('flow', flow_id::text), ('segment', segment), ('plan', plan), ('language', language),
		('policy', policy), ('experiment', experiment_id::text), ('variant', experiment_id::text || ':' || variant::text)) d (dimension, value)
	where d.value is not null and (wide or d.dimension = 'all')
	group by org_id, live, d.dimension, d.value, day, reason_code
	order by org_id, live, d.dimension, d.value, day, reason_code
$$;

create function measure_gone_of(added session_outcome[], removed session_outcome[]) returns setof measure_gone
language sql immutable as $$
	select org_id, live, day, coalesce(offer_type, raw), coalesce(gone_week, -1::smallint), sum(n)
	from (select *, 1 as n from unnest(added) union all select *, -1 from unnest(removed)) o
	where mirrored and raw is not null
	group by 1, 2, 3, 4, 5
	order by 1, 2, 3, 4, 5
$$;

create function measure_count(added session_outcome[], removed session_outcome[]) returns void language sql as $$
	insert into measure_day as t select * from measure_day_of(added, removed, true)
	on conflict (org_id, live, dimension, value, day, currency) do update set
		sessions = t.sessions + excluded.sessions, open = t.open + excluded.open, accepted = t.accepted + excluded.accepted,
		standing = t.standing + excluded.standing, declined = t.declined + excluded.declined, dismissed = t.dismissed + excluded.dismissed,
		cancelled = t.cancelled + excluded.cancelled, abandoned = t.abandoned + excluded.abandoned, pending = t.pending + excluded.pending,
		manual = t.manual + excluded.manual, answered = t.answered + excluded.answered, offered = t.offered + excluded.offered, waiting = t.waiting + excluded.waiting, saved = t.saved + excluded.saved,
		deflected = t.deflected + excluded.deflected, lost = t.lost + excluded.lost, unknown = t.unknown + excluded.unknown,
		value_minor = t.value_minor + excluded.value_minor, saved_minor = t.saved_minor + excluded.saved_minor,
		paid_minor = t.paid_minor + excluded.paid_minor, refunded_minor = t.refunded_minor + excluded.refunded_minor,
		kept_paid_minor = t.kept_paid_minor + excluded.kept_paid_minor,
		kept_refunded_minor = t.kept_refunded_minor + excluded.kept_refunded_minor;
	insert into measure_step as t select * from measure_step_of(added, removed, true)
	on conflict (org_id, live, dimension, value, day, step_type, currency) do update set
		shown = t.shown + excluded.shown, accepted = t.accepted + excluded.accepted, declined = t.declined + excluded.declined,
		skipped = t.skipped + excluded.skipped, answered = t.answered + excluded.answered, saved = t.saved + excluded.saved,
		lost = t.lost + excluded.lost, saved_minor = t.saved_minor + excluded.saved_minor, paid_minor = t.paid_minor + excluded.paid_minor,
		refunded_minor = t.refunded_minor + excluded.refunded_minor;
	insert into measure_reason as t select * from measure_reason_of(added, removed, true)
	on conflict (org_id, live, dimension, value, day, reason_code) do update set
		sessions = t.sessions + excluded.sessions, accepted = t.accepted + excluded.accepted, cancels = t.cancels + excluded.cancels;
	insert into measure_gone as t select * from measure_gone_of(added, removed)
	on conflict (org_id, live, day, kind, week) do update set sessions = t.sessions + excluded.sessions;
	-- What nothing is left of is no row, as if it had never been.
	with touched as (select distinct org_id, live, day from unnest(removed)),
	days as (delete from measure_day t using touched o where (t.org_id, t.live, t.day) = (o.org_id, o.live, o.day)
		and t.sessions = 0 and t.paid_minor = 0 and t.refunded_minor = 0),
	steps as (delete from measure_step t using touched o where (t.org_id, t.live, t.day) = (o.org_id, o.live, o.day)
		and t.shown = 0 and t.paid_minor = 0 and t.refunded_minor = 0),
	reasons as (delete from measure_reason t using touched o where (t.org_id, t.live, t.day) = (o.org_id, o.live, o.day) and t.sessions = 0)
	delete from measure_gone t using touched o where (t.org_id, t.live, t.day) = (o.org_id, o.live, o.day) and t.sessions = 0;
$$;

-- Deleted rows stay counted: what is swept by age was there.
create function session_outcome_count() returns trigger language plpgsql as $$
begin
	if tg_op = 'INSERT' then
		perform measure_count(array(select row(n.*)::session_outcome from became n), '{}');
	else
		perform measure_count(array(select row(n.*)::session_outcome from became n), array(select row(n.*)::session_outcome from was n));
	end if;
	return null;
end $$;
create trigger session_outcome_insert after insert on session_outcome referencing new table as became
	for each statement execute function session_outcome_count();
create trigger session_outcome_update after update on session_outcome referencing old table as was new table as became
	for each statement execute function session_outcome_count();

-- What a read asks for: with no filter or one, the sums; with more, the sessions themselves. filters: {"flow": "…", "segment": "high"}.
create function measure_sessions(org uuid, mode boolean, first date, last date, filters jsonb) returns session_outcome[]
language sql stable as $$
	select array(select o from session_outcome o
		where o.org_id = org and o.live = mode and o.day between first and last
			and (filters ->> 'flow' is null or o.flow_id::text = filters ->> 'flow')
			and (filters ->> 'segment' is null or o.segment = filters ->> 'segment')
			and (filters ->> 'plan' is null or o.plan = filters ->> 'plan')
			and (filters ->> 'language' is null or o.language = filters ->> 'language')
			and (filters ->> 'policy' is null or o.policy = filters ->> 'policy')
			and (filters ->> 'experiment' is null or o.experiment_id::text = filters ->> 'experiment')
			and (filters ->> 'variant' is null or o.experiment_id::text || ':' || o.variant::text = filters ->> 'variant'))
$$;

create function measure_days(org uuid, mode boolean, first date, last date, filters jsonb) returns setof measure_day
language plpgsql stable as $$
declare
	names text[] := array(select jsonb_object_keys(filters));
begin
	if cardinality(names) > 1 then
		return query select * from measure_day_of(measure_sessions(org, mode, first, last, filters), '{}', false);
	else
		return query select * from measure_day t where t.org_id = org and t.live = mode and t.dimension = coalesce(names[1], 'all')
			and t.value = coalesce(filters ->> names[1], '') and t.day between first and last;
	end if;
end $$;

create function measure_steps(org uuid, mode boolean, first date, last date, filters jsonb) returns setof measure_step
language plpgsql stable as $$
declare
	names text[] := array(select jsonb_object_keys(filters));
begin
	if cardinality(names) > 1 then
		return query select * from measure_step_of(measure_sessions(org, mode, first, last, filters), '{}', false);
	else
		return query select * from measure_step t where t.org_id = org and t.live = mode and t.dimension = coalesce(names[1], 'all')
			and t.value = coalesce(filters ->> names[1], '') and t.day between first and last;
	end if;
end $$;

create function measure_reasons(org uuid, mode boolean, first date, last date, filters jsonb) returns setof measure_reason
language plpgsql stable as $$
declare
	names text[] := array(select jsonb_object_keys(filters));
begin
	if cardinality(names) > 1 then
		return query select * from measure_reason_of(measure_sessions(org, mode, first, last, filters), '{}', false);
	else
		return query select * from measure_reason t where t.org_id = org and t.live = mode and t.dimension = coalesce(names[1], 'all')
			and t.value = coalesce(filters ->> names[1], '') and t.day between first and last;
	end if;
end $$;

-- Customers who accepted an offer, each once: in all, a day or a currency.
create function measure_users(org uuid, mode boolean, first date, last date, filters jsonb, by text) returns table (key text, users bigint)
language plpgsql stable as $$
declare
	part text := case by when 'day' then 'day::text' when 'currency' then 'coalesce(currency, '''')' else '''''::text' end;
	conditions text := (select string_agg(case name when 'flow' then ' and flow_id::text = $5 ->> ''flow'''
		when 'segment' then ' and segment = $5 ->> ''segment''' when 'plan' then ' and plan = $5 ->> ''plan'''
		when 'language' then ' and language = $5 ->> ''language''' when 'policy' then ' and policy = $5 ->> ''policy'''
		when 'experiment' then ' and experiment_id::text = $5 ->> ''experiment'''
		when 'variant' then ' and experiment_id::text || '':'' || variant::text = $5 ->> ''variant''' end, '') from jsonb_object_keys(filters) name);
begin
	return query execute 'select key, count(*) from (select distinct ' || part || ' as key, customer_ref from session_outcome
		where org_id = $1 and live = $2 and day between $3 and $4 and raw = ''accepted''' || coalesce(conditions, '') || ') each group by key'
		using org, mode, first, last, filters;
end $$;

-- Ranking of a flow (inventory D.4), revenue in units of 100 minor ones; at least 1, for 0 would mean inactive.
create function measure_ranking(acceptance numeric, revenue_minor bigint) returns int language sql immutable as $$
	select greatest(1, round(0.6 * acceptance + 0.4 * least(revenue_minor / 1000.0, 100)))::int
$$;

create index customer_risk on customer (org_id, live, churn_risk desc, id desc) where churn_risk is not null;

-- What may have changed and is to be judged (again). A queue without a unique key: a key that another transaction is about to delete would
-- swallow the second note, and with it the change.
create table measure_dirty (
	org_id uuid not null,
	seq    bigint not null generated always as identity,
	live   boolean not null,
	kind   text not null check (kind in ('session', 'subscription', 'customer', 'risk')),
	ref    text not null,
	primary key (org_id, seq)
);
comment on column measure_dirty.kind is 'session: judge it; subscription, customer: judge its sessions; risk: look at the customer anew';
comment on column measure_dirty.ref is 'a session''s id, a subscription''s ref at Stripe, a customer''s ref as the host knows them';
create index measure_dirty_judge on measure_dirty (seq) where kind <> 'risk';
create index measure_dirty_risk on measure_dirty (org_id, live, seq) where kind = 'risk';

create function measure_note() returns trigger language plpgsql as $$
begin
	if tg_table_name = 'decision' then
		insert into measure_dirty (org_id, live, kind, ref) values (new.org_id, new.live, 'session', new.session_id::text);
	elsif tg_table_name = 'subscription' then
		insert into measure_dirty (org_id, live, kind, ref) values (new.org_id, new.live, 'subscription', new.ref);
	elsif tg_table_name = 'invoice' then
		insert into measure_dirty (org_id, live, kind, ref) values (new.org_id, new.live, 'subscription', new.subscription_ref);
	else
		insert into measure_dirty (org_id, live, kind, ref) values (new.org_id, new.live, 'risk', new.ref);
		if (old.ref, old.stripe_ref) is distinct from (new.ref, new.stripe_ref) then
			insert into measure_dirty (org_id, live, kind, ref) values (new.org_id, new.live, 'customer', new.ref);
		end if;
	end if;
	return null;
end $$;
create trigger decision_measure after insert or update on decision for each row execute function measure_note();
create trigger subscription_new_measure after insert on subscription for each row execute function measure_note();
create trigger subscription_measure after update on subscription for each row
	when ((old.customer_ref, old.status, old.started_at, old.ended_at, old.canceled_at, old.cancel_at, old.cancel_at_period_end)
		is distinct from (new.customer_ref, new.status, new.started_at, new.ended_at, new.canceled_at, new.cancel_at, new.cancel_at_period_end))
	execute function measure_note();
create trigger invoice_new_measure after insert on invoice for each row
	when (new.subscription_ref is not null and new.paid_minor > 0) execute function measure_note();
create trigger invoice_measure after update on invoice for each row
	when (new.subscription_ref is not null
		and (old.subscription_ref, old.status, old.currency, old.paid_minor, old.refunded_minor, old.paid_at)
		is distinct from (new.subscription_ref, new.status, new.currency, new.paid_minor, new.refunded_minor, new.paid_at))
	execute function measure_note();
create trigger customer_measure after update on customer for each row
	when (new.ref is not null and (old.ref, old.stripe_ref, old.value_minor) is distinct from (new.ref, new.stripe_ref, new.value_minor))
	execute function measure_note();

-- New sessions are found by their time, for a widget's start leaves no note. The index costs that hot path next to nothing.
create index retention_session_recent on retention_session using brin (started_at) with (pages_per_range = 32, autosummarize = on);

-- One row: up to when sessions have been noticed, and when all of the last day were looked over. Who judges or rebuilds holds it.
create table measure_state (
	id         boolean primary key default true check (id),
	noticed_at timestamptz not null default now(),
	swept_at   timestamptz not null default now()
);
insert into measure_state default values;
insert into measure_dirty (org_id, live, kind, ref) select org_id, live, 'session', id::text from retention_session;

-- Whose figures have changed since caches were told.
create table measure_stale (
	org_id uuid not null,
	live   boolean not null,
	primary key (org_id, live)
);

-- Customers' own words, for the feedback page.
create index decision_words on decision (org_id, live, decided_at desc) where reason_text is not null or feedback is not null;

insert into event_consumer (name, position, reached)
select 'measure', coalesce(max(position), 0), coalesce(max(position), 0) from event_consumer;
