case
    when exists (select from pg_dist_partition where logicalrelid = pg_class.oid)
        then citus_total_relation_size(pg_class.oid, fail_on_error => false)
    else pg_total_relation_size(pg_class.oid)
end
