update measure_state set noticed_at = $1::timestamptz, swept_at = case when $2::boolean then now() else swept_at end
