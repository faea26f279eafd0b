delete from measure_stale returning org_id, live
