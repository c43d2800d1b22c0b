-- One verdict a patient and signature: the worst of its core genes. Supporting genes inform, and do not decide.
with

genes as (

    select * from {{ ref('patient_signatures') }}

)

select
    patient_id,
    check_id,
    signature,
    label,
    is_claimed,
    case
        when bool_or(verdict = 'discordant') filter (where role = 'core') then 'discordant'
        when bool_or(verdict = 'unknown') filter (where role = 'core') then 'unknown'
        when bool_or(verdict = 'borderline') filter (where role = 'core') then 'borderline'
        else 'concordant'
    end as verdict,
    count(*) filter (where role = 'supporting' and verdict = 'concordant') as supporting_concordant,
    count(*) filter (where role = 'supporting') as supporting_genes,
    string_agg(
        gene_symbol || ' ' || coalesce(to_char(fold_change, 'FM999999990.009'), 'unknown'), ', ' order by gene_symbol
    ) filter (where role = 'core') as core_genes
from genes
group by patient_id, check_id, signature, label, is_claimed
