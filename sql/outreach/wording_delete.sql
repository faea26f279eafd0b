delete from outreach_wording
where org_id = $1::uuid and kind = $2::text and language = $3::text
