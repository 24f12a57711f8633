# Canbao. `make run` starts it, `make test` proves it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH):$(CURDIR)/var/tools/bin

CATALOGUES := $(wildcard translations/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)

.PHONY: run test check screens bench bench-city lock words browser scanner

run: $(VENV)/app.stamp words
	@exec $(BIN)/python run.py

test: $(VENV)/dev.stamp words browser scanner
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(VENV)/dev.stamp words browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@# The matrix of who sees what belongs to `make test`: it takes minutes.
	@# Asked meanwhile: the answer comes from far away, if it comes.
	@$(BIN)/python deploy/advisories.py & asked=$$!; \
	    $(BIN)/python -m pytest -q -n 2 tests/unit tests/architecture \
	        $(foreach matrix,visibility first_wall second_wall,--ignore tests/architecture/test_$(matrix).py); \
	    wait $$asked

screens: $(VENV)/dev.stamp words browser
	$(BIN)/python -m tests.browser.screens

bench: $(VENV)/dev.stamp words
	$(BIN)/python -m benchmarks

# The city is made once, in minutes; CITY=/some/folder keeps it elsewhere, and `make run` serves it from there too.
# The last day and the whole year are lived in a copy of it; the cities of growth.py lie beside it.
CITY ?= var/city
bench-city: $(VENV)/dev.stamp words
	@# All, even if one misses a target.
	@missed=0; \
	    $(BIN)/python -m benchmarks large || missed=1; \
	    $(BIN)/python -m benchmarks.whole --data-dir $(CITY) || missed=1; \
	    rm -rf $(CITY)-lived; cp -a --reflink=auto $(CITY) $(CITY)-lived; \
	    $(BIN)/python -m benchmarks.monitor_live --data-dir $(CITY)-lived || missed=1; \
	    $(BIN)/python -m benchmarks.last_day --data-dir $(CITY)-lived --pictures docs || missed=1; \
	    $(BIN)/python -m benchmarks.whole_year --data-dir $(CITY)-lived || missed=1; \
	    rm -rf $(CITY)-lived; \
	    $(BIN)/python -m benchmarks.growth --data-dir $(CITY)-growth || missed=1; \
	    exit $$missed

lock: $(VENV)/dev.stamp
	cd requirements && for name in app dev; do \
	    ../$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header \
	        --no-emit-index-url --no-emit-trusted-host --no-emit-options \
	        $(if $(UPGRADE),--upgrade) -o $$name.txt $$name.in; \
	done

words: $(COMPILED)

%.mo: %.po | $(VENV)/app.stamp
	@$(BIN)/pybabel -q compile -f -i $< -o $@

browser:
	@deploy/browser.sh

scanner:
	@deploy/scanner.sh

$(VENV)/app.stamp: requirements/app.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Everything of app.txt is in dev.txt, at the same versions.
$(VENV)/dev.stamp: requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@ $(VENV)/app.stamp
