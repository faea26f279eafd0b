-- Who runs the installation, and what the Jobs page looks at.

alter table account add column operator boolean not null default false;
comment on column account.operator is 'Runs the installation: sees and acts on the jobs of all organisations';

-- An organisation's own jobs by state, the newest or oldest first. The house's own are looked at across organisations.
create index job_org on job (org_id, state, id) where org_id is not null;
-- Waiting after a failure: few, so that enqueueing and claiming do not pay for it.
create index job_retrying on job (id) where state = 'waiting' and attempt > first_attempt;
