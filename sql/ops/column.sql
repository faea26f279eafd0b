-- What the catalogue knows of a column, for the schema of a reply.
select attnotnull as required, col_description(attrelid, attnum) as comment
from pg_attribute where attrelid = $1::oid and attnum = $2::int
