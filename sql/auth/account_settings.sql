-- $2 language, $3 time zone, $4 what to be told, $5 name: NULL leaves one as it is.
update account
set language = coalesce($2, language), time_zone = coalesce($3, time_zone), notify = coalesce($4, notify), name = coalesce($5::text, name)
where id = $1::uuid
