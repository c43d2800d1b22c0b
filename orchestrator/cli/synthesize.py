"""`mediabase synthesize`: test patients as files."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import AsJson
from orchestrator.cli.output import out, print_json, progress
from orchestrator.cli.settings import current
from orchestrator.errors import UsageError
from orchestrator.migration.core import check
from orchestrator.postgres.connection import connect, servers
from orchestrator.sandbox.profiles import Profile, profiles
from orchestrator.sandbox.spec import DEFAULT_SEED, DEFAULT_TRANSCRIPTS
from orchestrator.sandbox.synthesize import Wanted, core_ids, sandbox_ids
from orchestrator.sandbox.synthesize import synthesize as write_patients

PROFILES = profiles()


def synthesize(
    profile: Annotated[str, typer.Option(help=f"One of {', '.join(PROFILES)}.", autocompletion=lambda: list(PROFILES))],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder for the files; made if there is none.")],
    patients: Annotated[int, typer.Option(help="How many, 1 to 10,000.")] = 1,
    genes: Annotated[int, typer.Option(help="Rows of each file, up to 300,000.")] = DEFAULT_TRANSCRIPTS,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files on every machine.")] = DEFAULT_SEED,
    core: Annotated[
        bool, typer.Option("--core", help="Transcripts of the target's core, not of a sandbox's. Only read.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace files of the same names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write test patients: a CSV each, and patients.csv, by which `mediabase patient import` takes them.

    Each has the phenotype of its profile by construction: marker genes first, the rest of the panel at 1.0, and then
    others, of which some are changed, so that 9 to 14 % of all rows are not at 1.0; of few rows it is the signature, of
    baseline none. No server is needed: transcripts are those that `mediabase sandbox up` makes, the panel's under
    public ids.

    Example: mediabase synthesize --profile her2 --patients 20 --to her2
    """
    wanted = Wanted(_profile(profile), patients, genes, seed)
    ids = _core_ids() if core else sandbox_ids(genes)
    with progress(is_quiet=as_json) as reporter:
        reporter.begin(patients)
        manifest = write_patients(
            wanted, ids, to, replace=replace, report=lambda patient_id: reporter.step(patient_id, done=True)
        )
    if as_json:
        print_json({"manifest": str(manifest), "patients": patients, "genes": genes, "seed": seed})
        return
    out.print(f"Patients written to {to}: {patients:,}, with {genes:,} rows each.")
    if not core:
        more = f" --transcripts {genes}" if genes > DEFAULT_TRANSCRIPTS else ""
        out.print(f"Their transcripts are those of `mediabase sandbox up{more}`; for those of your core pass --core.")
    out.print(f"Go on with: mediabase patient import --manifest {manifest}")


def _profile(name: str) -> Profile:
    if name not in PROFILES:
        raise UsageError(f"There is no profile {name!r}: take one of {', '.join(PROFILES)}.")
    return PROFILES[name]


def _core_ids() -> list[str]:
    with servers(current()) as where, connect(where.target, autocommit=True) as target:
        check(target)
        return core_ids(target)
