# Piper CRM: `make run` and `make check` are all that a fresh clone needs.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.PHONY: run check check-code check-tests prepared quick screenshots bench environment environment-dev lock sbom chromium vnu clean

PYTHON ?= python3
RUN := .venv/bin/python
# Compiled once rather than at each start of a server, of which the tests make many, even where Python is told not to.
export PYTHONDONTWRITEBYTECODE :=

run: environment
	@$(RUN) -m crm_web.launcher.run --with-make

# While the code is checked, what the tests need arrives, and is compiled.
check:
	@$(MAKE) -j4 check-code chromium vnu prepared
	@$(MAKE) check-tests

check-code: environment-dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/djlint --lint --quiet templates

# Without this, each worker would compile all tests at its start, and the others wait for the files of the locks.
prepared: environment-dev
	@$(RUN) -m tests.operation.wheels
	@mkdir -p var/coverage
	@COVERAGE_FOLDER=var/coverage PYTHONPATH=tests/measuring $(RUN) -m pytest --collect-only --quiet >/dev/null

# All tests in one run, so that its summary at the end is the whole truth. Three at a time on two cores, of which one waits
# for a server or the database at any time.
check-tests: environment-dev chromium vnu
	$(RUN) -m pytest -n 3 --dist worksteal -p tests.measuring.plugin

# What one runs all the time while working: no browser, no servers that are killed.
quick: environment-dev
	$(RUN) -m pytest -n 3 --dist worksteal -m "not browser and not slow"

# The picture of the README, and in var/pictures each page wide, narrow, dark and on paper, to be looked at.
screenshots: environment-dev chromium
	@$(RUN) -m tests.browser.screenshots

# Fills 1,000 and 1,000,000 leads and measures; BENCH_LEADS=50000 shrinks it, BENCH_ONLY=pages,limits,wal,memory,crowd,peers chooses.
bench: environment-dev
	$(RUN) -m bench

environment:
	@deploy/install requirements.txt "$(PYTHON)"

environment-dev:
	@deploy/install requirements-dev.txt "$(PYTHON)"

# Makes both locks from pyproject.toml. What they hold already stays as it is, unless UPGRADE says otherwise, such as
# make lock UPGRADE="--upgrade-package flask", or UPGRADE=--upgrade for all. Extras stay in, and every file has its hash.
LOCK := var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header
lock:
	@[ -x var/lock/bin/uv ] || { "$(PYTHON)" -m venv var/lock && var/lock/bin/python -m pip install --quiet uv==0.13.9; }
	$(LOCK) $(UPGRADE) --output-file requirements.txt pyproject.toml
	$(LOCK) $(UPGRADE) --output-file requirements-dev.txt --extra dev --constraint requirements.txt pyproject.toml

# Lists the packages that an installation has, with versions and hashes, in var/sbom.json (CycloneDX). What the image holds
# besides them, deploy/ci/publish-image lists.
sbom:
	@[ -x var/sbom/bin/cyclonedx-py ] || { "$(PYTHON)" -m venv var/sbom && var/sbom/bin/python -m pip install --quiet cyclonedx-bom==7.5.0; }
	var/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible --output-file var/sbom.json requirements.txt

chromium:
	@deploy/install-chromium

vnu:
	@deploy/install-vnu

clean:
	rm -rf .venv .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
