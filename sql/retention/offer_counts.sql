-- Offers shown and accepted in the last $3 days, by value segment; out of the daily sums.
select value as segment, step_type as offer_type, sum(shown)::bigint as shown, sum(accepted)::bigint as accepted
from measure_step
where org_id = $1::uuid and live = $2::boolean and dimension = 'segment' and day > current_date - $3::int
group by value, step_type
