-- The row of the upgrade goes, whatever the column is called; the table too, if the upgrade had made it for that row.
do $$
declare
    version_column text;
    is_empty boolean;
begin
    select attname into strict version_column
    from pg_attribute
    where attrelid = 'public.schema_versions'::regclass and attname in ('version', 'version_name') and not attisdropped
    order by attname desc
    limit 1;
    execute format('delete from public.schema_versions where %I = %L', version_column, 'v0.6.0_baseline');
    select not exists (select from public.schema_versions) into is_empty;
    if is_empty then
        drop table public.schema_versions;
    end if;
end
$$
