-- Held until the end of the transaction by the one worker that looks what is due: "stoa", 1.
select pg_try_advisory_xact_lock(x'73746f61'::int, 1) as ours
