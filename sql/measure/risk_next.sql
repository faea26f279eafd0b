-- Whose customers are to be looked at next.
select org_id, live from measure_dirty where kind = 'risk' order by org_id, live, seq limit 1
