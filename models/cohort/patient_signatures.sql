-- What each patient's marker genes say of each signature, gene by gene. Every signature is read for every patient, and
-- judged only where the patient's metadata claims it.
with

markers as (

    select * from {{ ref('patient_markers') }}

),

described as (

    select
        patient_id,
        coalesce(cancer_type, '') as cancer_type,
        coalesce(cancer_subtype, '') as cancer_subtype
    from {{ ref('patient_metadata') }}

),

signatures as (

    select * from {{ ref('phenotype_signatures') }}

),

claims as (

    select * from {{ ref('phenotype_claims') }}

)

select
    described.patient_id,
    claims.check_id,
    claims.signature,
    claims.label,
    signatures.gene_symbol,
    signatures.role,
    markers.transcript_id,
    markers.fold_change,
    (claims.cancer_type_pattern is null or described.cancer_type ~* claims.cancer_type_pattern)
    and described.cancer_subtype ~* claims.subtype_pattern as is_claimed,
    case
        when markers.fold_change is null then 'unknown'
        when
            markers.fold_change > coalesce(signatures.concordant_above, '-Infinity')
            and markers.fold_change < coalesce(signatures.concordant_below, 'Infinity')
            then 'concordant'
        when
            markers.fold_change >= coalesce(signatures.borderline_from, '-Infinity')
            and markers.fold_change <= coalesce(signatures.borderline_to, 'Infinity')
            then 'borderline'
        else 'discordant'
    end as verdict
from described
cross join claims
inner join signatures on claims.signature = signatures.signature
left join markers
    on
        described.patient_id = markers.patient_id
        and signatures.gene_symbol = markers.gene_symbol
