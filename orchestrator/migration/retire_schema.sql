create schema legacy;
comment on schema legacy is 'Retired tables of v0.5.0; mediabase core retire-legacy-table --undo brings them back'
