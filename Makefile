# Piper CRM: `make run` and `make check` are all that a fresh clone needs.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.PHONY: run check check-code check-tests screenshots environment environment-dev chromium clean

PYTHON ?= python3
RUN := .venv/bin/python

run: environment
	@$(RUN) -m crm_web.run --with-make

check: environment-dev check-code check-tests

check-code: environment-dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/djlint --lint --quiet templates

# Tests without a browser run side by side; those with one follow alone, and the coverage of both counts together.
# pytest's own summary comes last, because it is what a reader of the log looks for.
check-tests: environment-dev chromium
	@.venv/bin/coverage erase
	$(RUN) -m pytest -n 2 -m "not browser" --cov --cov-report= --no-cov-on-fail
	$(RUN) -m pytest -m browser --cov --cov-append

# The picture of the README, and in var/pictures each page wide, narrow, dark and on paper, to be looked at.
screenshots: environment-dev chromium
	@$(RUN) -m tests.browser.screenshots

environment:
	@deploy/install requirements.txt "$(PYTHON)"

environment-dev:
	@deploy/install requirements-dev.txt "$(PYTHON)"

chromium:
	@deploy/install-chromium

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov
