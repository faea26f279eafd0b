-- Deliveries of more than $1 days, with their log. A batch at a time.
delete from webhook_delivery
where (org_id, id) in (
	select org_id, id from webhook_delivery where created_at < now() - $1::int * interval '1 day' order by created_at limit 500
)
