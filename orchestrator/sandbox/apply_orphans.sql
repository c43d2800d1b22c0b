-- Ids that the core lacks become rows of both surfaces. `transcripts` needs a gene for them: a placeholder
-- that only this patient's copy has.
create temporary table orphan as
select
    incoming.transcript_id,
    incoming.fold_change
from incoming
where not exists (select from transcripts where transcripts.transcript_id = incoming.transcript_id);

insert into genes (gene_id, gene_symbol)
select
    'LEGACY_UNKNOWN',
    ''
where exists (select from orphan);

insert into transcripts (transcript_id, gene_id, expression_fold_change)
select
    transcript_id,
    'LEGACY_UNKNOWN',
    fold_change
from orphan;

insert into cancer_transcript_base (transcript_id, gene_symbol, gene_id, expression_fold_change)
select
    transcript_id,
    '',
    'LEGACY_UNKNOWN',
    fold_change
from orphan;
