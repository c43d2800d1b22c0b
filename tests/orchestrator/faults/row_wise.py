"""What many write first: a patient's rows moved one by one, committed now and then. Run as a script, to be killed.

Usage: python row_wise.py LEGACY_DSN TARGET_DSN
"""

import sys

import psycopg

COMMIT_EVERY = 100


def main(legacy_dsn: str, target_dsn: str) -> None:
    """Move the rows that are not at the baseline into a new schema."""
    with psycopg.connect(legacy_dsn) as legacy, psycopg.connect(target_dsn) as target:
        target.execute("create schema if not exists row_wise")
        target.execute(
            "create table if not exists row_wise.expression_data "
            "(transcript_id text primary key, expression_fold_change double precision)"
        )
        rows = legacy.execute(
            "select transcript_id, expression_fold_change from cancer_transcript_base "
            "where expression_fold_change <> 1 order by 1"
        )
        for number, row in enumerate(rows, 1):
            target.execute("insert into row_wise.expression_data values (%s, %s)", row)
            if number % COMMIT_EVERY == 0:
                target.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
