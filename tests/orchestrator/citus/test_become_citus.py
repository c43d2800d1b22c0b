"""A plain target with patients becomes one of Citus."""

import pytest
from helpers import Lab
from places import ON_CITUS, become_citus, is_sound, migrated, place, schema

PATIENTS = ("DEMO_BAD_VALUES", "DEMO_HER2")


@pytest.mark.parametrize("engine", [ON_CITUS])
def test_patients_that_were_there_before(laboratory_server: Lab, engine: str) -> None:
    """A target that was plain becomes one of Citus, and its patients are distributed as docs/SCALING.md says."""
    laboratory_server.reset()
    with place(engine, laboratory_server, is_core_first=True) as made:
        assert migrated(made, *PATIENTS) == {"migrated"}
        become_citus(made)
        made.call("core", "upgrade")
        for patient_id in PATIENTS:
            made.execute(f"alter role reader_{schema(patient_id)} login")
            name = schema(patient_id)
            made.execute(f"set citus.enable_unsafe_triggers = on; select citus_schema_distribute('{name}')")
        is_sound(made, *PATIENTS)
        assert migrated(made, *PATIENTS) == {"unchanged"}
        assert migrated(made, "DEMO_HER2", force=True) == {"migrated"}
        is_sound(made, "DEMO_HER2")
