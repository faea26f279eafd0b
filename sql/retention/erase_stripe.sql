-- What Stripe's events said of the customer, once they have been processed.
update stripe_event
set payload = null
where org_id = $1::uuid and live = $2::boolean and state in ('done', 'ignored') and payload is not null
	and $3::text in (object_ref, payload #>> '{data,object,id}', payload #>> '{data,object,customer}')
