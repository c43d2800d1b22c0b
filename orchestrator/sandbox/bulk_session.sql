-- Not synchronous_commit = off: vacuum could then not mark the pages of rows that were just committed as visible
-- to all, and index-only scans would read the tables.
set maintenance_work_mem = '256MB';
set work_mem = '128MB';
set jit = off;
