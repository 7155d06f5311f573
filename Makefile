# Gatehouse. From a fresh clone: `make run`, or `make test`. PYTHON=python3.12 names the interpreter that .venv is made with.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-unit test-integration test-system coverage test-resilience test-mutations down status check benchmark docs docs-reference wheel clean secrets backup restore lock audit sbom setup setup-dev screenshots install-boosting install-spark
export PYTHONPATH := $(CURDIR)/include
export PYTHON

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile

run: setup ## set up, start everything on this machine, take the built-in use case through its batches
	@bin/gatehouse dev up
	@bin/gatehouse dev demo

# One process more than cores: the tests of the whole stack, which run one after the other, wait most of their time.
PYTEST := .venv/bin/python -m pytest -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: setup-dev ## set up and run all tests, on up to four cores
	$(PYTEST)

test-unit: setup-dev ## the unit tests alone: no server, few examples of each property; about a minute
	$(PYTEST) --hypothesis-profile=quick tests/unit

test-integration: setup-dev ## the tests that need PostgreSQL, MLflow, Great Expectations, Airflow or fitted models
	$(PYTEST) tests/integration tests/faults tests/compose

test-system: setup-dev ## the tests of the whole stack, and of the pages in a browser
	$(PYTEST) tests/system

coverage: setup-dev ## branch coverage of the core by the unit tests, with the floor of pyproject.toml
	$(PYTEST) --cov=gatehouse.core --cov-branch --cov-report=term:skip-covered tests/unit

test-resilience: setup-dev ## kill it, flood it, lie to it: all fault cases (hours), or some: CASES='F1 --every 9'
	@PYTHONPATH=include:plugins:tests .venv/bin/python -W ignore -m faults $(CASES)

test-mutations: setup-dev ## take out a guard at a time and show which case notices
	@PYTHONPATH=include:plugins:tests .venv/bin/python -W ignore -m faults.mutants

down: ## end the stack; its data stays
	@if [ -x .venv/bin/python ]; then bin/gatehouse dev down; else echo "nothing is installed, so nothing runs"; fi

status: ## each component's health
	@bin/gatehouse dev status

check: setup-dev ## style, types and the directions of imports
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy
	.venv/bin/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

benchmark: setup-dev ## time the stages and what of it is Airflow's; writes docs/reference/benchmarks.md
	.venv/bin/python -m benchmarks

docs: .venv-docs/made ## build the documents as a site into site/, strictly: a broken link is an error
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --strict
	@echo "site/index.html"

.venv-docs/made: requirements/docs.txt
	$(or $(PYTHON),python3) -m venv --clear .venv-docs
	.venv-docs/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r requirements/docs.txt
	@touch $@

docs-reference: setup-dev ## write the reference pages that are generated from the code
	@PYTHONPATH=include:ops .venv/bin/python -m docs_site

wheel: setup-dev ## build the wheel into dist/
	.venv/bin/python -m hatchling build -t wheel -d dist

screenshots: setup-dev ## take the pictures of the documents, from a stack of their own (needs Chromium; some ten minutes)
	GATEHOUSE_SCREENSHOT_DIR=$(CURDIR)/docs/pictures .venv/bin/python -m pytest tests/system/test_browser.py

install-boosting: setup ## install LightGBM, XGBoost and CatBoost (116 MB) for use cases that fit them
	.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/boosting.txt

install-spark: setup ## install Spark for use cases with `engine: spark` (400 MB; needs Java 17)
	.venv/bin/python -m pip install --require-hashes --no-deps -r requirements/spark.txt

clean: ## end the stack and remove its data (the ledger, the lake, the models); .venv stays
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m gatehouse.dev_stack.cleanup; else echo "nothing is installed, so there is no data"; fi

secrets: ## for docker compose: make .env and the secrets that are missing
	@bin/secrets

backup: ## for docker compose: databases, lake, artefacts and secrets into backups/ (or TO=folder)
	@bin/backup $(TO)

restore: ## for docker compose: a backup (FROM=folder) into an empty stack
	@bin/restore $(FROM)

LOCK := .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command 'make lock' --python .venv/bin/python pyproject.toml
EXTRA := .venv/bin/python -c 'import sys, tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")'
STACK := --extra dask --extra notifications --extra s3 --extra stack
lock: setup-dev ## make requirements.txt (what `make run` installs) and those in requirements/
	$(LOCK) $(STACK) --extra local --extra boosting --extra dev -o requirements/dev.txt
	@grep -E '^[a-z0-9._-]+==' requirements/dev.txt | sed 's/ *\\$$//' >.venv/constraints.txt
	$(LOCK) $(STACK) --extra local --no-annotate -c .venv/constraints.txt -o requirements.txt
	$(LOCK) $(STACK) --no-annotate -c .venv/constraints.txt -o requirements/image.txt
	@for extra in boosting spark docs; do $(EXTRA) $$extra | \
	  $(subst pyproject.toml,-,$(LOCK)) --no-annotate -c .venv/constraints.txt -o requirements/$$extra.txt; done

audit: setup-dev ## ask the package index's advisories about every locked package; says so when it cannot be reached
	.venv/bin/python ops/audit.py

sbom: setup-dev ## write sbom.json: the locked packages as CycloneDX
	.venv/bin/uv tool run -q --python .venv/bin/python --from 'cyclonedx-bom>=7,<8' cyclonedx-py requirements requirements/dev.txt \
	  --pyproject pyproject.toml --output-reproducible --no-validate --of JSON -o sbom.json

setup:
	@bin/setup

setup-dev:
	@bin/setup dev
