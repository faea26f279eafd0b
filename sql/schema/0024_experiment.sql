-- An experiment's customers by their first session, without sorting: each view of it goes over all of its sessions.
drop index session_outcome_experiment;
create index session_outcome_experiment on session_outcome (org_id, live, experiment_id, customer_ref, started_at, session_id)
	include (variant, due_at, raw, verdict) where experiment_id is not null;
