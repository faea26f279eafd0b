-- All of the house's, for the hourly round.
select org_id, live from stripe_connection order by org_id, live
