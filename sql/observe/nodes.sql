-- Machines that are sampled.
select node, sampled_at, greatest(extract(epoch from now() - sampled_at), 0)::bigint as age_s from observe_node where sampled_at > '1970-01-02' order by node
