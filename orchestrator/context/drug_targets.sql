select distinct
    g.gene_symbol,
    pe.transcript_id,
    pe.expression_fold_change,
    okd.molecule_name,
    okd.mechanism_of_action,
    okd.clinical_phase_label
from {schema}.expression_data as pe
inner join public.transcripts as t on pe.transcript_id = t.transcript_id
inner join public.genes as g on t.gene_id = g.gene_id
inner join public.opentargets_known_drugs as okd on g.gene_id = okd.target_gene_id
where pe.expression_fold_change > 3.0 and okd.is_approved
order by pe.expression_fold_change desc, pe.transcript_id, okd.molecule_name, okd.mechanism_of_action
limit 100
