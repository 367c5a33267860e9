# `make` alone lists the targets.  PYTHON=/path/to/python3 chooses the interpreter of the environment.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup
PYTHON ?=
# A name on PATH proves nothing: a version manager's shim may refuse to run, and Debian splits venv off.
CANDIDATES = $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3
SUITABLE = import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r target text; do printf 'make %-8s %s\n' "$$target" "$$text"; done

.PHONY: setup
setup: $(STAMP) ## make the environment .venv with git-aergo and the development tools

$(STAMP): pyproject.toml Makefile
	@python=; for candidate in $(CANDIDATES); do \
	  if "$$candidate" -c '$(SUITABLE)' >/dev/null 2>&1; then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo 'make setup: found no Python >= 3.11 with venv (Debian, Ubuntu: apt-get install python3-venv)' >&2; exit 1; fi; \
	[ -x $(BIN)/python ] && $(BIN)/python -c '$(SUITABLE)' >/dev/null 2>&1 || "$$python" -m venv --clear $(VENV)
	@# Dependency groups need pip 25.1.
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

.PHONY: tour
tour: setup ## show git-aergo at work in a scratch repository, step by step
	@PATH="$(CURDIR)/$(BIN):$$PATH" docs/tour.sh

.PHONY: test
test: setup ## run all tests
	@$(BIN)/python -m pytest -n 2

.PHONY: cases
cases: setup ## write into tests/sql/cases what PostgreSQL 15 gives; review the change
	@$(BIN)/python tests/rewrite_cases.py

.PHONY: check
check: setup ## floors, lint, format, types, tidiness: under a minute
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/test_tidy.py

.PHONY: bench
bench: setup ## run the benchmarks that have a goal, as one table
	@$(BIN)/python benchmarks/run.py

.PHONY: man
man: setup ## check the manual pages and refresh those of the environment
	@$(BIN)/python -m pytest tests/test_man.py
	@for page in man/man*/*; do install -D -m 644 "$$page" "$(VENV)/share/$$page"; done

.PHONY: faults
faults: setup ## long sweep of crash and fault tests
	@$(BIN)/python -m pytest -n 2 --long tests/faults

.PHONY: fuzz
fuzz: setup ## long sweep of property tests
	@$(BIN)/python -m pytest -n 2 --long --hypothesis-profile=long -m hypothesis

SOURCES := build/debian-sources

.PHONY: seeds
seeds: ## fetch SQLite's fuzz seeds from Debian's sources, for a test of the closed SQLite
	@mkdir -p $(SOURCES)/lists/partial build/fuzz-seeds
	@# The machine's own sources, asked for source packages.
	@{ cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } | sed 's/^Types:.*/Types: deb-src/' > $(SOURCES)/debian.sources
	@{ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } | sed -n 's/^deb /deb-src /p' > $(SOURCES)/debian.list
	@cd $(SOURCES); options=(-qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$(CURDIR)/$(SOURCES) -o Dir::State::lists=$(CURDIR)/$(SOURCES)/lists); \
	  apt-get "$${options[@]}" update && rm -f sqlite3_* && apt-get "$${options[@]}" source --download-only sqlite3 && \
	  tar xf sqlite3_*.orig.tar.xz -C ../fuzz-seeds --strip-components=2 --wildcards '*/test/fuzzdata*.db'

PYTHONS ?= python3.11 python3.12 python3.13 python3.14
.PHONY: pythons
pythons: setup ## compare the blocks that other versions of Python make, as far as they are installed
	@ours=$$($(BIN)/python tests/differential.py); echo "$(BIN)/python: $$ours"; \
	for python in $(PYTHONS); do \
	  if ! "$$python" -c '$(SUITABLE)' >/dev/null 2>&1; then echo "$$python: not installed, skipped"; continue; fi; \
	  "$$python" -m venv --clear build/$$python && build/$$python/bin/pip install --quiet . && \
	  found=$$(build/$$python/bin/python tests/differential.py) || exit 1; echo "$$python: $$found"; \
	  [ "$$found" = "$$ours" ] || { echo "$$python: differs" >&2; exit 1; }; done

GITS ?=
GIT_TESTS := tests/gitside tests/objects tests/keys/test_ssh_signatures.py tests/cli tests/faults tests/repository/test_installing.py \
  tests/security/test_plain_git_merges.py tests/security/test_stolen_branches.py tests/security/test_untracked_files.py
.PHONY: gits
gits: setup ## test what depends on git with other versions: GITS='/opt/git-2.47/bin ...'
	@[ -n "$(GITS)" ] || { echo "make gits: name the folders of their programs: GITS='…'" >&2; exit 2; }
	@for folder in $(GITS); do "$$folder/git" version; \
	  PATH="$$folder:$$PATH" $(BIN)/python -m pytest -q -n 2 $(GIT_TESTS) || exit 1; done

.PHONY: clean
clean: ## remove the environment and all that was built or cached
	rm -rf $(VENV) build dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
