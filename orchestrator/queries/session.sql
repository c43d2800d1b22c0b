-- What a transaction counts on that runs queries to compare their results: whatever text depends on is the same on both
-- sides, whatever a role or database has set; and a query is planned for all of its rows, though a cursor reads them.
set local statement_timeout = {timeout};
set local timezone = 'UTC';
set local datestyle = 'ISO, MDY';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';
set local xmlbinary = 'base64';
set local extra_float_digits = 1;
set local cursor_tuple_fraction = 1.0
