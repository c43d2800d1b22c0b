-- How this database sorts text: provider, locale, and the version of the rules where the server knows it.
select concat_ws(
    ' ',
    coalesce(to_jsonb(pg_database) ->> 'datlocprovider', 'c'),
    coalesce(to_jsonb(pg_database) ->> 'datlocale', to_jsonb(pg_database) ->> 'daticulocale', datcollate),
    to_jsonb(pg_database) ->> 'datcollversion'
)
from pg_database
where datname = current_database()
