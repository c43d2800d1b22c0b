"""`mediabase patient`: patients one by one, and those that come and go as files."""

import typer

from orchestrator.cli import (
    patient_export,
    patient_import,
    patient_look,
    patient_remove,
    patient_update,
    patient_upgrade,
)

app = typer.Typer(
    help="Patients: bring in files, look at what is there, say more about one, export, and remove.",
    no_args_is_help=True,
)
app.command("import")(patient_import.import_files)
app.command("list")(patient_look.list_patients)
app.command("show")(patient_look.show_patient)
app.command("update")(patient_update.update)
app.command("export")(patient_export.export)
app.command("remove")(patient_remove.remove)
app.command("upgrade")(patient_upgrade.upgrade)
