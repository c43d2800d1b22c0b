revoke all on schema {schema} from public;
grant {core_reader} to {reader};
grant usage on schema {schema} to {reader};
grant select on {relations} to {reader};
-- Also on what is made there later.
alter default privileges in schema {schema} grant select on tables to {reader};
grant {reader} to {api_login};
