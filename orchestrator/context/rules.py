"""What a query must respect, and what must stay here: sentences for people and language models alike."""

from orchestrator.context.facts import Rows


def rules(schema: str, rows: Rows) -> tuple[str, ...]:
    """Return what a query of the patient must respect."""
    return (
        "A fold change is a linear ratio against normal tissue, never log2: 2.0 is twice as much, 0.5 is half. "
        "For log2 write log(2, expression_fold_change::numeric).",
        f"{schema}.expression_data stores the fold changes that are not 1.0 ({rows.stored:,} rows). A transcript of "
        "public.transcripts without a row there is at baseline, 1.0: neither missing nor zero.",
        f"{schema}.quarantined_expression ({rows.quarantined:,} rows) has values that are no fold change (null, NaN, "
        "infinite, not above 0), and ids that the core lacks. What such a transcript's fold change is, nobody knows: "
        "COALESCE makes 1.0 of it, so join this table where that matters.",
        "Where 1.0 can be in the result, LEFT JOIN expression_data to public.transcripts and take "
        "COALESCE(expression_fold_change, 1.0). Where a condition excludes 1.0 (> 2.0, < 0.8), JOIN expression_data "
        "and compare its column itself: then its index can be used, and only stored rows are read.",
        f"SQL of v0.5.0 runs unchanged with search_path = {schema}, public, where it names cancer_transcript_base "
        "without a schema. That view shows each transcript once; a quarantined one with the value that it had.",
        "The column expression_fold_change of public.transcripts, and the table public.cancer_transcript_base where it "
        "still is, belong to the core: 1.0 for everybody. Never read them for a patient.",
        "A gene has many transcripts, each with a fold change of its own: say which one is meant, or aggregate.",
        "Name the schema of each table, order by something unique, and set a LIMIT. Reading is all that a login for "
        "readers may do.",
    )


def private(schema: str) -> tuple[str, ...]:
    """Return what must stay here, and what need not."""
    return (
        f"Every row of {schema} stays here: fold changes, the genes and transcripts that they belong to, quarantined "
        "rows, and all of metadata, which is clinical. So do results of queries, and error messages that quote them. "
        "Let an assistant that runs elsewhere write SQL, run it here, and do not send back what it finds.",
        "Tables of public are the shared core: reference data that is about no patient.",
        "This text has no value of the patient. It has the id, how many rows there are, and where the server is; an id "
        "that says who somebody is should have been replaced (mediabase inventory --rename OLD=NEW) before it goes "
        "anywhere.",
    )
