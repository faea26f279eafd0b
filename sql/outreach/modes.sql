-- Where there is something to look after.
select o.org_id, m.live
from organisation o
cross join (values (true), (false)) m (live)
where exists (select from subscription s where s.org_id = o.org_id and s.live = m.live)
order by o.org_id, m.live
