-- What was refunded, or lost in a dispute, of these invoices ($3): over the charges that their payments are.
update invoice i
set refunded_minor = d.refunded
from (
	select t.ref, least(t.paid_minor, coalesce(g.back, 0) + coalesce(l.lost, 0)) as refunded
	from invoice t
	left join lateral (
		select sum(x.refunded_minor)::bigint as back
		from (
			select h.ref, h.refunded_minor
			from invoice_payment p
			join charge h on h.org_id = $1::uuid and h.live = $2::boolean and h.ref = p.payment_ref
			where p.org_id = $1::uuid and p.live = $2::boolean and p.invoice_ref = t.ref
			union
			select h.ref, h.refunded_minor
			from invoice_payment p
			join charge h on h.org_id = $1::uuid and h.live = $2::boolean and h.payment_ref = p.payment_ref
			where p.org_id = $1::uuid and p.live = $2::boolean and p.invoice_ref = t.ref
		) x
	) g on true
	left join lateral (
		select sum(x.amount_minor)::bigint as lost
		from (
			select e.ref, e.amount_minor
			from invoice_payment p
			join dispute e on e.org_id = $1::uuid and e.live = $2::boolean and e.charge_ref = p.payment_ref and e.status = 'lost'
			where p.org_id = $1::uuid and p.live = $2::boolean and p.invoice_ref = t.ref
			union
			select e.ref, e.amount_minor
			from invoice_payment p
			join dispute e on e.org_id = $1::uuid and e.live = $2::boolean and e.payment_ref = p.payment_ref and e.status = 'lost'
			where p.org_id = $1::uuid and p.live = $2::boolean and p.invoice_ref = t.ref
		) x
	) l on true
	where t.org_id = $1::uuid and t.live = $2::boolean and t.ref = any ($3::text[])
) d
where i.org_id = $1::uuid and i.live = $2::boolean and i.ref = d.ref and i.refunded_minor <> d.refunded
