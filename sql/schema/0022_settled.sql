-- A decision that waited for a person, and that the person settled as not carried out: "left". What is there keeps the new rule.
alter table decision drop constraint decision_status_check;
alter table decision add constraint decision_status_check check (status in ('recorded', 'pending', 'applied', 'manual', 'left')) not valid;
alter table decision validate constraint decision_status_check;
alter table session_outcome drop constraint session_outcome_status_check;
alter table session_outcome add constraint session_outcome_status_check
	check (status in ('recorded', 'pending', 'applied', 'manual', 'left')) not valid;
alter table session_outcome validate constraint session_outcome_status_check;
