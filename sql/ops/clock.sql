-- Microseconds since 1970, for comparing clocks.
select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now_us
