-- What waits for somebody, for the Overview: few rows of many.
create index decision_unsettled on decision (org_id, live, decided_at desc, session_id desc) where status in ('pending', 'manual');
