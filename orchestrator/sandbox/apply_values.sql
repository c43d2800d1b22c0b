-- Write a patient's fold changes to both surfaces. idx_transcripts_expression is dropped meanwhile: with it
-- every changed row of transcripts would need new entries in all of the table's indexes.
drop index idx_transcripts_expression;

update cancer_transcript_base as wide
set expression_fold_change = incoming.fold_change
from incoming
where wide.transcript_id = incoming.transcript_id and incoming.fold_change is distinct from 1.0;

update transcripts as narrow
set expression_fold_change = incoming.fold_change
from incoming
where narrow.transcript_id = incoming.transcript_id and incoming.fold_change is distinct from 1.0;

create index idx_transcripts_expression on transcripts (expression_fold_change);
