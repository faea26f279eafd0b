-- Which payments an invoice has. $3 rows. A link never changes.
insert into invoice_payment (org_id, live, payment_ref, invoice_ref)
select distinct $1::uuid, $2::boolean, r.payment_ref, r.invoice_ref
from jsonb_to_recordset($3::jsonb) as r (payment_ref text, invoice_ref text)
on conflict do nothing
