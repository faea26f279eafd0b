select 1 from organisation limit 1
