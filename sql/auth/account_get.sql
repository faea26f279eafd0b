select id, email, name, password_hash, coalesce(locked_until > now(), false) as locked
from account
where id = $1::uuid
