# What people and machines do with Pilotlens. The first command sets up what it needs (.ci/setup); nothing else is wanted on
# the machine but Debian with Python 3.11 and make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/ready
CODE := pipelines assets tests

# Two processes share the tests, a file of them at a time; what measures runs alone, afterwards.
HALVES := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo ui test faults properties check lint types format lock clean

help: ## Say what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Set up again whenever the lock or the project file has changed since.
$(READY): requirements.lock pyproject.toml .ci/setup
	@.ci/setup
	@touch $@

setup: $(READY) ## Make the virtual environment (done by itself when needed)

demo: $(READY) ## Run the demonstration pilots from data drop to report
	@$(BIN)/pilotlens demo

ui: $(READY) ## Open the pipeline and its reports in the browser; stop with Ctrl-C
	@$(BIN)/pilotlens ui

test: $(READY) ## Run all tests, or some: make test ARGS="-k estimation"
	@.ci/setup --browser
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),$(HALVES) --ignore=tests/benchmarks && $(BIN)/python -m pytest tests/benchmarks)

faults: $(READY) ## Kill it 200 times at random moments, and what else takes an hour
	@PILOTLENS_ALL_FAULTS=1 $(BIN)/python -m pytest -s tests/end_to_end/test_faults.py tests/end_to_end/test_cut_off.py \
		tests/spec/test_faults_ingest.py

properties: $(READY) ## Look for new examples that break a property, and simulate at full length
	@PILOTLENS_NEW_EXAMPLES=1 PILOTLENS_ALL_SIMULATIONS=1 $(BIN)/python -m pytest -s tests/properties

check: lint types test ## Everything that must be right before a change is kept

lint: $(READY) ## Check style and format
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)

types: $(READY) ## Check types
	@$(BIN)/mypy

format: $(READY) ## Put the code into the agreed format
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

lock: ## Renew requirements.lock from pyproject.toml (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv: python3 -m pip install uv"; exit 1; }
	@uv pip compile pyproject.toml --all-extras --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock

clean: ## Remove what was set up and cached; data in workspace/ stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +
