-- Facts of the manifest, into the metadata of a patient.
update {schema}.metadata set {facts}
from staging.patient_manifest as manifest
where manifest.patient_id = metadata.patient_id
