"""What somebody, or something, that is to write SQL for a patient must know; never a value of the patient."""
