-- Answers with words, the newest first, behind the session $12: filters as in pages/feedback_words, $10 those that have these words (by their
-- stems), at most $11. Stems are what that file groups by.
select d.session_id as id, d.decided_at::text as at, s.customer_ref, s.plan, s.segment, s.language, d.outcome, d.offer_type, d.reason_code,
	d.reason_text, d.feedback, array_to_string(tsvector_to_array(to_tsvector(w.config, w.words)), ' ') as stems
from decision d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
cross join lateral (
	select concat_ws(' ', d.reason_text, d.feedback) as words, (case s.language
		when 'de' then 'german' when 'fr' then 'french' when 'es' then 'spanish' when 'it' then 'italian' when 'nl' then 'dutch'
		when 'pt' then 'portuguese' when 'da' then 'danish' when 'sv' then 'swedish' when 'no' then 'norwegian' when 'fi' then 'finnish'
		when 'en' then 'english' else 'simple' end)::regconfig as config
) w
where d.org_id = $1::uuid and d.live = $2::boolean and (d.reason_text is not null or d.feedback is not null)
	and d.decided_at >= $3::date::timestamp at time zone 'UTC' and d.decided_at < ($4::date + 1)::timestamp at time zone 'UTC'
	and ($5::text is null or s.flow_id::text = $5::text) and ($6::text is null or s.segment = $6::text)
	and ($7::text is null or s.plan = $7::text) and ($8::text is null or s.language = $8::text)
	and ($9::text is null or d.reason_code = $9::text)
	and ($10::text is null or to_tsvector(w.config, w.words) @@ plainto_tsquery(w.config, $10::text))
	and ($12::uuid is null or (d.decided_at, d.session_id) < (
		select b.decided_at, b.session_id from decision b where b.org_id = $1::uuid and b.live = $2::boolean and b.session_id = $12::uuid))
order by d.decided_at desc, d.session_id desc
limit $11::int
