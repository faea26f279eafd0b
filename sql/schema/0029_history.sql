-- The history of days, so that a month of a series is read by 30 rows, and the rows of one series side by side.
alter table observe_sample
	drop constraint observe_sample_step_check,
	drop constraint observe_sample_pkey,
	alter column step type int,
	add constraint observe_sample_step_check check (step in (60, 3600, 86400)),
	add primary key (step, kind, key, at, node);

-- Which samples make up the last `seconds`, each moment once: days and hours that have been made where they lie within, hours and minutes at both
-- ends. Days are of UTC. coarsest, of 60, 3600 and 86400: the longest that may be taken.
create function observe_pieces(seconds bigint, coarsest int) returns table (step int, begins timestamptz, ends timestamptz) language sql stable rows 5 as $$
	with range as (
		select since, date_trunc('hour', since, 'UTC') + interval '1 hour' as hour, date_trunc('day', since, 'UTC') + interval '24 hours' as day,
			(select coalesce(max(s.at) + interval '1 hour', '-infinity') from observe_sample s where s.step = 3600 and coarsest >= 3600) as hours,
			(select coalesce(max(s.at) + interval '24 hours', '-infinity') from observe_sample s where s.step = 86400 and coarsest >= 86400) as days
		from (select now() - make_interval(secs => seconds) as since) t
	)
	select p.*
	from range, lateral (values (60, since, least(hour, hours)), (60, greatest(since, hours), timestamptz 'infinity'),
		(3600, hour, least(day, days, hours)), (3600, greatest(hour, days), hours), (86400, day, days)) p (step, begins, ends)
	where p.begins < p.ends
$$;
