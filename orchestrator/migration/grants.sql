grant {core_reader} to {reader};
grant usage on schema {schema} to {reader};
grant select on all tables in schema {schema} to {reader};
