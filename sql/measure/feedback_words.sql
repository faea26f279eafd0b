-- Words of customers' own texts, grouped by their stem, of the newest $6 decided on the days $3 to $4; filters $5; the $7 most frequent.
-- PostgreSQL's snowball dictionaries know the stop words of a language ({}) and the stem of the others.
with texts as (
	select d.session_id, lower(concat_ws(' ', d.reason_text, d.feedback)) as said,
		case s.language when 'de' then 'german_stem' when 'fr' then 'french_stem' when 'es' then 'spanish_stem' else 'english_stem' end::regdictionary as dictionary
	from decision d
	join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
	where d.org_id = $1::uuid and d.live = $2::boolean and (d.reason_text is not null or d.feedback is not null)
		and d.decided_at >= $3::date::timestamp at time zone 'UTC' and d.decided_at < ($4::date + 1)::timestamp at time zone 'UTC'
		and ($5::jsonb ->> 'flow' is null or s.flow_id::text = $5::jsonb ->> 'flow')
		and ($5::jsonb ->> 'segment' is null or s.segment = $5::jsonb ->> 'segment')
		and ($5::jsonb ->> 'plan' is null or s.plan = $5::jsonb ->> 'plan')
		and ($5::jsonb ->> 'language' is null or s.language = $5::jsonb ->> 'language')
	order by d.decided_at desc
	limit $6::int
), words as (
	select t.session_id, w.word, (ts_lexize(t.dictionary, w.word))[1] as stem
	from texts t cross join lateral regexp_split_to_table(t.said, '[\s[:punct:][:digit:]„“”‚‘’«»–…]+') w (word)
	where char_length(w.word) > 2
)
select mode() within group (order by word) as word, stem, count(distinct session_id) as texts,
	round(100.0 * count(distinct session_id) / (select count(*) from texts where said <> ''), 1) as percent
from words
where stem is not null
group by stem
order by count(distinct session_id) desc, stem
limit $7::int
