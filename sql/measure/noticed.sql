update measure_state set noticed_at = coalesce($1::timestamptz, noticed_at), swept_at = case when $2::boolean then now() else swept_at end
