-- The invoices whose payments ($3: charges and payment intents) these are.
select p.invoice_ref as ref from invoice_payment p
where p.org_id = $1::uuid and p.live = $2::boolean and p.payment_ref = any ($3::text[])
