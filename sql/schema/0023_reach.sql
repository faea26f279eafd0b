-- Whose mirror it is: kept when the connection is gone, so that the next key is compared with it.
alter table stripe_endpoint add column account text;
comment on column stripe_endpoint.account is 'acct_… of the last key whose account is known';
update stripe_endpoint e set account = c.account from stripe_connection c where c.org_id = e.org_id and c.live = e.live;
