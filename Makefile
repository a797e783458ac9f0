# `make` builds the sample's feeds; `make test` runs what CI runs. Both install their requirements into .venv.

PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
  $(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
WORDS := $(basename $(notdir $(wildcard syndicate/words/catalogs/*.po)))
# Two cores are enough; more make it faster.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: build test lint unit test-long test-hub test-generators test-pages test-bucket test-dask test-postgres bench fuzz golden configuration words docs manual lock clean
.DEFAULT_GOAL := build

build: $(VENV)/.runtime
	$(BIN)/syndicate build
	@echo "feeds/ holds the feeds: open feeds/index.html in a browser, or feeds/all/feed.atom in a feed reader"

test: lint unit test-long test-hub test-generators test-pages test-bucket test-postgres test-dask

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/sphinx-build --quiet --fail-on-warning docs docs/_build/html
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml syndicate
	$(BIN)/python tests/audit.py requirements.lock requirements-dev.lock

unit: $(VENV)/.development
	tests/programs
	$(BIN)/pytest -n $(JOBS) --dist loadgroup

# More random histories than `make unit` tries. Each run has others, so all of them count.
test-long: $(VENV)/.development
	SYNDICATE_HISTORIES=30 $(BIN)/pytest -n $(JOBS) tests/pipeline/test_incremental_equals_full.py \
	  tests/delivery/test_outbox_machine.py -k runTest

# An independent hub receives the pings and delivers the feeds. Skipped, with a message, where it is not available.
test-hub: $(VENV)/.development
	tests/hub/run

# Small sites, built by the real site generators. What cannot be installed is skipped, with a message.
test-generators: $(VENV)/.development
	tests/generators/run -n $(JOBS) --dist loadgroup

# The pages in a real Chromium, with axe-core, the Nu HTML checker and a client that discovers feeds. Skipped likewise.
test-pages: $(VENV)/.development
	tests/pages/run

# Random records, made of hostile pieces, for as long as it takes: `make unit` tries some hundred, this tries very many.
fuzz: $(VENV)/.development
	SYNDICATE_FUZZ_EXAMPLES=$(or $(EXAMPLES),200000) $(BIN)/pytest -n $(JOBS) tests/hostile/test_fuzz.py

# Publishes to real object storage on this machine, with a real cache in front. Skipped likewise.
test-bucket: $(VENV)/.development
	tests/bucket/run

# Builds on a Dask cluster of this machine: a scheduler and workers, each a process, which the tests also kill. Those that
# need object storage or a database, too, use those of test-bucket and test-postgres.
test-dask: $(VENV)/.development
	SYNDICATE_TEST_DASK=1 SYNDICATE_TEST_BUCKET=$(abspath $(wildcard tests/bucket/.venv)) $(BIN)/pytest tests/dask

# The state in a real PostgreSQL server on this machine. Skipped where that is missing.
test-postgres: $(VENV)/.development
	tests/postgres/run

# Installing the peers takes minutes, measuring a quarter of an hour; BENCH=--full adds 50,000 records, and hours;
# BENCH=--million measures 200,000 and 1,000,000 records instead.
bench: $(VENV)/.development
	benchmarks/install-peers.sh benchmarks/.peers
	$(BIN)/python benchmarks/bench.py --peers-dir benchmarks/.peers $(BENCH)
	$(BIN)/python benchmarks/watching.py --peers-dir benchmarks/.peers $(filter --million,$(BENCH))
	$(BIN)/python benchmarks/pings.py --peers-dir benchmarks/.peers
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/partners.py
	$(BIN)/python benchmarks/buckets.py
	$(BIN)/python benchmarks/clusters.py

golden: $(VENV)/.development
	$(BIN)/pytest tests/golden --regenerate-golden
	git --no-pager diff --stat tests/golden

# The reference of configuration keys, and their JSON Schema, from syndicate/config/models.py.
configuration: $(VENV)/.development
	$(BIN)/python -m syndicate.config.reference > docs/configuration.md
	$(BIN)/syndicate schema > docs/config.schema.json

# Names, versions and hashes for every platform; no download addresses.
# The pages of docs/ as a site, in docs/_build/html. Warnings are errors: a link to a page that does not exist, for example.
docs: $(VENV)/.development
	$(BIN)/sphinx-build --quiet --fail-on-warning docs docs/_build/html
# The messages of the program, their translations, and the catalogues that it reads. Translations that are missing are
# reported: complete them in syndicate/words/catalogs and run it again.
words: $(VENV)/.development
	cd syndicate && ../$(BIN)/pybabel --quiet extract --mapping-file words/babel.cfg \
	  --add-location never --omit-header --no-wrap --sort-output --output-file words/catalogs/messages.pot .
	for language in $(WORDS); do \
	  $(BIN)/pybabel --quiet update --input-file syndicate/words/catalogs/messages.pot --locale $$language --no-wrap \
	    --no-fuzzy-matching --ignore-obsolete --omit-header --output-file syndicate/words/catalogs/$$language.po; \
	  $(BIN)/python -m syndicate.words.compile $$language > $$language.json.new && \
	    mv $$language.json.new syndicate/words/catalogs/$$language.json || exit 1; \
	done

# The manual page is made of the same declarations as the help.
manual: $(VENV)/.development
	SOURCE_DATE_EPOCH=0 COLUMNS=100 $(BIN)/argparse-manpage --module syndicate.cli --function parser --prog syndicate \
	  --project-name syndicate --manual-title "syndicate manual" \
	  --description "publish feeds of Markdown records" --output docs/syndicate.1
	sed -i '1s/"1970[^"]*"/""/' docs/syndicate.1

lock: $(VENV)/.development
	$(VENV)/bin/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 pyproject.toml --group build --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 pyproject.toml --group dev --output-file requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 tests/hub/requirements.in --output-file tests/hub/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 --allow-unsafe tests/hub/requirements-build.in --output-file tests/hub/requirements-build.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 tests/pages/requirements.in --output-file tests/pages/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 tests/generators/requirements.in --output-file tests/generators/requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --python-version 3.11 tests/bucket/requirements.in --output-file tests/bucket/requirements.txt

clean:
	rm -rf $(VENV) .syndicate dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "syndicate needs Python 3.11 or newer on the PATH"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
