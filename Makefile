# Python >= 3.11 and make are all that is assumed. `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types bench calibrate docs lock clean

# Lint beside types: each alone leaves processors idle.
MAKEFLAGS += --jobs=2

# Where Python is told to keep no bytecode, every process that a test starts would compile the product again.
unexport PYTHONDONTWRITEBYTECODE

SHELL := /bin/sh
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
PYTHON := $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$candidate; break; fi; done)

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: .venv/dev.stamp ## everything needed to work on adtempo, in .venv

demo: .venv/runtime.stamp ## 60 simulated days, a summary, the dashboard (SERVE=0: stop after the summary)
	@$(BIN)/adtempo demo $(if $(filter 0,$(SERVE)),--no-serve)

test: lint types ## everything that CI runs
	$(PYTEST) -m "not calibration and not repeats" --cov --cov-report=
	$(PYTEST) -m "not calibration and repeats"
	$(BIN)/coverage report --fail-under=90
	$(BIN)/coverage report --fail-under=100 \
		--include='*/domain/*,*/stats/*,*/changes/*,*/estimate.py,*/decide.py,$(PURE)'

check: lint types ## lint, format, types, import contracts, generated tables, architecture tests
	$(BIN)/pytest -q tests/architecture

lint: .venv/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/cog --check --diff -I docs $(COGGED)

types: .venv/dev.stamp
	$(BIN)/mypy

bench: .venv/dev.stamp ## the speed tables of docs/reference/speed.md
	@for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

calibrate: .venv/dev.stamp ## seeded simulations with a stated chance of false alarm (slow)
	$(BIN)/pytest -m calibration tests

docs: .venv/dev.stamp ## rewrite the tables inside docs/ from the code
	$(BIN)/cog -r -I docs $(COGGED)

lock: .venv/dev.stamp ## choose new versions of all packages, with their hashes
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group dev --extra postgres --extra polars --constraint requirements.lock -o requirements-dev.lock

PYTEST := $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

PURE := */tracking/anomalies.py,*/tracking/creatives.py,*/tracking/expected.py,*/tracking/pacing.py,*/tracking/roas.py,*/tracking/standing.py

COGGED := docs/reference/*.md docs/explain/architecture.md

COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"

clean: ## remove .venv, caches and the demo's data
	rm -rf .venv .demo .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find src tests docs -name __pycache__ -prune -exec rm -rf {} +

# The two locks share one .venv: the smaller is enough to run, the larger to develop. A stamp is newer than what it
# was made from, so repeated runs do nothing and a changed lock installs again.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "adtempo needs Python 3.11 or newer; none of python3.13 python3.12 python3.11 python3 is." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }

.venv/runtime.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked packages into .venv (a minute or two the first time)" >&2
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/runtime.stamp
	@echo "Installing the locked development packages into .venv" >&2
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
