-- Types whose text depends on a setting: floats, dates and times, intervals, bytea, money, object names. Rows that a
-- policy would hide make a statement fail, and functions of the core's own never run. Compiling a digest's expressions
-- (jit) takes each process longer than it saves.
set local jit = off;
set local extra_float_digits = 1;
set local datestyle = 'ISO, YMD';
set local timezone = 'UTC';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';
set local lc_monetary = 'C';
set local quote_all_identifiers = off;
set local row_security = off;
set local search_path = pg_catalog
