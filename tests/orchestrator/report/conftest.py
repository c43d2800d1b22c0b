"""A cohort with facts."""

from collections.abc import Iterator

import pytest
from helpers import DEMO, Lab

CLINICAL = """
    update cohort.patient_metadata set cancer_type = 'Breast Cancer', cancer_subtype = 'HER2+'
    where patient_id in ('DEMO_HER2', 'DEMO_BASELINE');
"""


@pytest.fixture(scope="module")
def cohort(laboratory_server: Lab) -> Iterator[Lab]:
    """Return a server with all demo patients migrated, and facts of all."""
    laboratory_server.reset()
    laboratory_server.migrate(*DEMO)
    laboratory_server.execute(CLINICAL)
    yield laboratory_server
    laboratory_server.reset()
