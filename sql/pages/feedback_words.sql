-- Words of the newest 1000 answers ($2 live, $3 to $4 days of the decision, $5 flow, $6 segment, $7 plan, $8 language, $9 reason; null: all), each by
-- its stem in the session's language without words that say nothing, with its most frequent spelling; at least $10 answers have it.
with answer as (
	select d.session_id, concat_ws(' ', d.reason_text, d.feedback) as words, (case s.language
		when 'de' then 'german_stem' when 'fr' then 'french_stem' when 'es' then 'spanish_stem' when 'it' then 'italian_stem'
		when 'nl' then 'dutch_stem' when 'pt' then 'portuguese_stem' when 'da' then 'danish_stem' when 'sv' then 'swedish_stem'
		when 'no' then 'norwegian_stem' when 'fi' then 'finnish_stem' when 'en' then 'english_stem' else 'simple' end)::regdictionary as stems
	from decision d
	join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
	where d.org_id = $1::uuid and d.live = $2::boolean and (d.reason_text is not null or d.feedback is not null)
		and d.decided_at >= $3::date::timestamp at time zone 'UTC' and d.decided_at < ($4::date + 1)::timestamp at time zone 'UTC'
		and ($5::text is null or s.flow_id::text = $5::text) and ($6::text is null or s.segment = $6::text)
		and ($7::text is null or s.plan = $7::text) and ($8::text is null or s.language = $8::text)
		and ($9::text is null or d.reason_code = $9::text)
	order by d.decided_at desc, d.session_id desc
	limit 1000
)
select t.stem, mode() within group (order by t.word) as word, count(distinct t.session_id) as answers,
	(select count(*) from answer) as of_answers
from (
	select a.session_id, lower(p.token) as word, (ts_lexize(a.stems, lower(p.token)))[1] as stem
	from answer a
	cross join lateral ts_parse('default', a.words) p
	where p.tokid in (1, 2) and length(p.token) between 3 and 40
) t
where t.stem is not null
group by t.stem
having count(distinct t.session_id) >= $10::int
order by count(distinct t.session_id) desc, t.stem
limit 24
