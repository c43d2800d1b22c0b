"""What the mixed load of benchmarks/endurance.py asks for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

TRANSCRIPT = "ENST00000269571"
ROWS = re.compile(r"/patients/[^/]+/transcripts(\.ndjson)?$")


@dataclass(frozen=True)
class Asked:
    """A request, and the status that its answer must have."""

    path: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_stream(self) -> bool:
        """Tell whether rows of a patient are sent as they are read."""
        return ROWS.search(self.path) is not None


def mixture(token: str, patients: Sequence[str]) -> list[Asked]:
    """Return what is asked for, each as often as any other."""
    bearer = {"Authorization": f"Bearer {token}"}
    browser = {"Accept": "text/html", "Cookie": f"mediabase_token={token}"}
    api = "/api/v1"
    some = ",".join(patients)
    found = [Asked(path) for path in (
        "/health", "/ready", "/metrics", "/openapi.json", "/login", f"{api}/stats", f"{api}/transcripts",
        f"{api}/transcripts/{TRANSCRIPT}", f"{api}/transcripts?gene_symbols=ERBB2,EGFR&has_drugs=true",
    )]  # fmt: skip
    found += [Asked(path, headers=bearer) for path in (
        f"{api}/stats", f"{api}/patients", f"{api}/compare?patient_ids={some}&gene_symbols=ERBB2,EGFR,TP53",
    )]  # fmt: skip
    found += [Asked(path, headers=browser) for path in (
        "/", "/?q=TCGA&state=validated", "/api", "/dbt-docs", "/report", "/compare",
        f"/compare?patient_ids={some}&gene_symbols=ERBB2,EGFR,TP53",
    )]  # fmt: skip
    for patient in patients:
        of, one = f"{api}/transcripts?patient_id={patient}", f"{api}/patients/{patient}"
        found += [Asked(path, headers=bearer) for path in (
            f"{of}&fold_change_min=2&limit=100", f"{of}&gene_symbols=ERBB2,EGFR", f"{of}&order=asc&offset=1000",
            f"{of}&fold_change_max=0.5&has_pathways=true&limit=1000",
            f"{api}/transcripts/{TRANSCRIPT}?patient_id={patient}", one,
            f"{one}/drug-targets", f"{one}/tumor-suppressors", f"{one}/pathways", f"{one}/transcripts",
        )]  # fmt: skip
        found += [Asked(path, headers=browser) for path in (
            f"/patients/{patient}", f"/patients/{patient}/transcripts.ndjson",
        )]  # fmt: skip
        found += [Asked(one, 401), Asked(of, 401), Asked(one, 401, {"Authorization": "Bearer mb_unknown"})]
        found += [Asked(f"{of}&limit=0", 422, bearer), Asked(f"{of}&nothing=1", 422, bearer)]
        found += [Asked(f"{of}&cursor=nothing", 400, bearer)]
    found += [Asked(f"{api}/patients/NOBODY{rest}", 404, bearer) for rest in ("", "/transcripts")]
    return [
        *found,
        Asked(f"{api}/transcripts/ENST0", 404),
        Asked("/nothing", 404),
        Asked("/", 303, {"Accept": "text/html"}),
    ]
