# Two commands for a newcomer: `make quickstart` and `make test`. Everything lives in .venv; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup quickstart test test-all lint types check benchmarks clean

help: ## Say what there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(VENV)/ready ## Make .venv and install verticals with its development tools into it.

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

quickstart: setup ## Tune, evaluate and report four tasks on simulated records, offline, without a GPU.
	$(BIN)/verticals quickstart --out runs/quickstart

test: setup ## Run the tests that need no GPU and no network.
	$(BIN)/python -m pytest

test-all: setup ## Run the slow tests too.
	$(BIN)/python -m pytest -m "not gpu and not network"

lint: setup ## Style.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The repository is the package: a link gives type checkers a folder of its name to look into.
types: setup ## Types, by two checkers.
	mkdir -p .mypy_cache/types && ln -sfn ../.. .mypy_cache/types/verticals
	MYPYPATH=.mypy_cache/types $(BIN)/mypy -p verticals
	$(BIN)/pyright

check: lint types test ## All that continuous integration runs.

benchmarks: setup ## Measure on real data and against transformers.Trainer; about two hours.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps ./tests/plugin
	$(BIN)/python benchmarks/real.py
	$(BIN)/python benchmarks/tune_cpu.py

clean: ## Remove what was built; runs stay.
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
