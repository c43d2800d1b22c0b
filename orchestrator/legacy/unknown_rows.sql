-- Rows of ids that the core lacks, by whether their value alone would let them be stored or left out.
select case when expression_fold_change = 1.0 then 'baseline' else 'stored' end as disposition, count(*) as rows
from public.{surface}
where transcript_id::text in (select unnest(%(unknown_ids)s::text []))
    and expression_fold_change > 0
    and expression_fold_change < 'Infinity'
group by 1
