# Two commands for a fresh machine: `make demo` and `make test`. Both install into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The demo never touches a server of yours.
DEMO := env -u MEDIABASE_DSN -u MEDIABASE_LEGACY_DSN MEDIABASE_CONFIG=/dev/null $(BIN)/mediabase

.PHONY: install demo test lint docs openapi acceptance faults benchmark benchmark-phases benchmark-validate benchmark-archive benchmark-queries benchmark-serve benchmark-import benchmark-cohort benchmark-scale benchmark-storage benchmark-peers lock clean

install: $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install
	@$(DEMO) sandbox up --replace
	@$(DEMO) migrate --all || [ $$? -eq 3 ]
	@echo
	@echo "All patients are moved; DEMO_BAD_VALUES has rows in quarantine (exit code 3). Where to look next:"
	@echo "  $(BIN)/mediabase status"
	@echo "  $(BIN)/mediabase report"
	@echo "  $(BIN)/mediabase psql -c 'select * from patient_demo_bad_values.quarantined_expression'"
	@echo "  $(BIN)/mediabase psql -c 'set search_path = patient_demo_her2, public' -c \\"
	@echo "      'select gene_symbol, expression_fold_change from cancer_transcript_base where expression_fold_change > 4 order by 2 desc'"
	@echo "  $(BIN)/mediabase dbt docs generate --static"

# A file's tests stay together, because they share a server.
test: lint
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One file that needs neither a server nor a network: every model, column, test, macro and exposure, and the lineage.
DOCS := target/docs
docs: install
	@for step in "parse" "docs generate --static --empty-catalog --no-compile"; do \
		DBT_SEND_ANONYMOUS_USAGE_STATS=false $(BIN)/dbt --quiet --warn-error $$step \
			--project-dir . --profiles-dir . --target-path $(DOCS)/build --log-path $(DOCS)/build || exit; \
	done
	@cp $(DOCS)/build/static_index.html $(DOCS)/index.html
	@echo "Open $(DOCS)/index.html in a browser."

# The document of the API, which a test compares with the code.
openapi: install
	$(BIN)/python -m orchestrator.api.document docs/openapi-v1.json

# The whole real data set, value by value, with a script that shares no code with the product.
acceptance: install
	$(BIN)/pytest -m acceptance

# Every kind of fault at every step of a migration; says what it does, and writes target/faults.json.
faults: install
	$(BIN)/pytest -m faults --capture=no tests/orchestrator/faults

benchmark: install
	$(BIN)/python -m benchmarks.migrate

# Where the time of a patient goes.
benchmark-phases: install
	$(BIN)/python -m benchmarks.phases

# Needs Debian's PostgreSQL 15; pgcopydb is left out, and that is said, where it is absent.
benchmark-peers: install
	$(BIN)/python -m benchmarks.peers

benchmark-validate: install
	$(BIN)/python -m benchmarks.validate

# Needs folders in the format of `sandbox up --core --patients`.
benchmark-archive: install
	$(BIN)/python -m benchmarks.archive --core $(CORE) --patients $(PATIENTS)

benchmark-queries: install
	$(BIN)/python -m benchmarks.queries --core $(CORE) --patients $(PATIENTS)

# A quarter of an hour; needs wrk, too.
benchmark-serve: install
	$(BIN)/python -m benchmarks.serve --core $(CORE) --patients $(PATIENTS)

benchmark-import: install
	$(BIN)/python -m benchmarks.imports --core $(CORE)

benchmark-cohort: install
	$(BIN)/python -m benchmarks.cohort

# An hour for 5,000 patients, and 15 GB of disk; the result is written after each step.
benchmark-scale: install
	$(BIN)/python -m benchmarks.scale

benchmark-storage: install
	$(BIN)/python -m benchmarks.storage

# Pinned with hashes and without any address of an index.
lock: install
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --extra dev --python-version 3.11 --no-emit-index-url --no-strip-extras \
		--generate-hashes --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) target logs
