-- How long ago the worker that was seen last was seen; null when there never was one.
select extract(epoch from now() - max(seen_at))::bigint as age_s from worker
