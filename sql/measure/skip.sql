-- Gives up the next note.
delete from measure_dirty d
using (select org_id, seq from measure_dirty where kind <> 'risk' order by seq limit 1) next
where d.org_id = next.org_id and d.seq = next.seq
returning d.org_id, d.live, d.kind, d.ref
