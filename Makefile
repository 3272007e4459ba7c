# The words everybody types. `make setup` installs all it needs into .venv; the others call it.
# Downloads are cached outside the checkout (~/.cache), so a second checkout is quick.

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
SETUP := .venv/.setup-done
# Trust what the machine trusts: behind a company's proxy the public roots alone are not enough.
export UV_SYSTEM_CERTS ?= true

.PHONY: help setup system run test e2e-agents check format fuzz bench lock generate screenshots clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*##/\1\t/p' $(MAKEFILE_LIST)

setup: $(SETUP)  ## create .venv with everything (uv, dependencies, system libraries)

$(SETUP): requirements.lock pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) scripts/setup.sh
	@touch $@

run: setup  ## serve on http://localhost:8000 (SQLite in .data, one process)
	$(BIN)/agentaudit serve --data-dir .data

test: setup  ## run every test, on every core
	@scripts/test-setup.sh
	$(BIN)/pytest --numprocesses auto --dist loadfile $(ARGS)

e2e-agents: setup  ## drive the real Codex, Gemini CLI and Copilot CLI (fetches 700 MB, once)
	@scripts/fetch-agents.sh
	$(BIN)/pytest -m agents $(ARGS)

check: setup  ## format, lint, types, imports, spelling, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md docs hook processor backend tests scripts
	$(BIN)/python scripts/generate.py --check

format: setup  ## rewrite sources in the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: setup  ## judge and receive hostile input of any shape for minutes (ARGS=seconds); what breaks us is kept as a test
	@scripts/test-setup.sh fuzzers
	$(BIN)/python -m tests.fuzz $(ARGS)
	$(BIN)/python -m tests.fuzz.work $(ARGS)
	$(BIN)/python -m tests.fuzz.wire $(ARGS)
	$(BIN)/python -m tests.fuzz.guided $(ARGS)
	$(BIN)/python -m tests.fuzz.api $(ARGS)

bench: setup  ## print figures: hook start-up, classify, ingest, receivers of others (ARGS=names of some)
	@scripts/test-setup.sh neighbours
	$(BIN)/python -m tests.bench $(ARGS)

generate: setup  ## rewrite the generated pages under docs/
	$(BIN)/python scripts/generate.py

screenshots: setup  ## drive a real session and rewrite docs/images
	@scripts/test-setup.sh
	$(BIN)/python -m tests.support.screenshots

lock: setup  ## resolve dependencies anew
	$(UV) pip compile pyproject.toml --universal --python-version 3.11 --all-extras --group dev \
	  --generate-hashes --no-header --no-annotate --quiet --upgrade -o requirements.lock

clean:  ## forget the environment and the demo data
	rm -rf .venv .data artifacts
