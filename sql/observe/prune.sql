-- Minutes of a day, hours and days of 30 are kept; a machine that has been silent for so long is forgotten.
with minutes as (
	delete from observe_sample where step = 60 and at < date_trunc('hour', now()) - interval '24 hours'
), older as (
	delete from observe_sample where step in (3600, 86400) and at < date_trunc('hour', now()) - interval '30 days'
)
delete from observe_node where sampled_at between '1970-01-02' and now() - interval '30 days'
