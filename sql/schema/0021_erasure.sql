-- What an export, an erasure and the clean-up by age look for has an index.

create index audit_log_customer on audit_log (org_id, actor_id) where actor_kind = 'customer';
create index event_customer on event (org_id, live, (payload ->> 'customer')) where payload ->> 'customer' is not null;
create index stripe_event_customer on stripe_event (org_id, live, (coalesce(payload #>> '{data,object,customer}', object_ref)))
	where payload is not null;
create index mail_address on mail (org_id, live, lower(address));
create index alert_customer on alert (org_id, live, customer_ref);
create index subscription_claim_customer on subscription_claim (org_id, live, customer_ref);

create index customer_own on customer (org_id, last_attempt_at) where stripe_ref is null;
create index stripe_event_words on stripe_event (received_at) where payload is not null;
create index alert_old on alert (org_id, created_at);
create index outreach_mail_old on outreach_mail (org_id, created_at);
drop index alert_age, outreach_mail_age;
