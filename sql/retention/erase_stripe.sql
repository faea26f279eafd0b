-- What Stripe's events said of the customer, once they have been processed.
update stripe_event
set payload = null
where org_id = $1::uuid and live = $2::boolean and state in ('done', 'ignored') and payload is not null
	and coalesce(payload #>> '{data,object,customer}', object_ref) = $3::text
