-- A flow is one draft, which saving replaces, and the versions that publishing made of it. `document` is a flow as lib/retention/flow.h
-- describes it; a version's is settings || {"steps": steps}.

-- 'draft' now means that it was never published; what is published and shown to nobody is 'inactive'. version 0: none yet.
alter table flow drop constraint flow_status_check;
update flow set status = 'inactive' where status = 'draft';
alter table flow
	add constraint flow_status_check check (status in ('draft', 'active', 'inactive', 'archived')),
	add column languages text[] not null default '{}',
	add column active_from timestamptz,
	add column active_until timestamptz,
	add column published_at timestamptz,
	add check (active_until > active_from);
update flow set languages = array[language], published_at = updated_at;
comment on column flow.name is 'as published, like language, targets, ranking_score and cancel_at; until then the draft''s';
comment on column flow.languages is 'its own, then those that every text of the published version is translated into';
comment on column flow.active_from is 'while status is active: from when customers see it; null: at once';
comment on column flow.active_until is 'while status is active: until when; null: for good';

alter table flow_version add column settings jsonb not null default '{}';
alter table flow_version disable trigger flow_version_rows;
update flow_version v
set settings = jsonb_strip_nulls(jsonb_build_object('name', f.name, 'language', f.language, 'segment', f.segment, 'plan', f.plan,
	'region', f.region, 'rankingScore', f.ranking_score, 'cancelAt', f.cancel_at))
from flow f
where f.org_id = v.org_id and f.id = v.flow_id;
alter table flow_version enable trigger flow_version_rows;

create table flow_draft (
	org_id     uuid not null,
	flow_id    uuid not null,
	revision   int not null default 1,
	published  int not null default 0,
	document   jsonb not null,
	review     jsonb not null default '{"errors": [], "warnings": [], "languages": []}',
	changed_by uuid,
	changed_at timestamptz not null default now(),
	primary key (org_id, flow_id),
	foreign key (org_id, flow_id) references flow on delete cascade
);
comment on column flow_draft.published is 'the revision that was published last';
comment on column flow_draft.review is 'what is wrong with it and what could be better, as of when it was saved';
insert into flow_draft (org_id, flow_id, published, document, changed_by, changed_at)
select f.org_id, f.id, 1, v.settings || jsonb_build_object('steps', v.steps), v.created_by, v.created_at
from flow f
join flow_version v on v.org_id = f.org_id and v.flow_id = f.id and v.version = f.version;
