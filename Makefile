# Two commands: `make serve` reads the book, `make test` proves it. The rest is for those who change it.
# Each first installs the pinned toolchain into .venv, once. PYTHON=python3.12 picks another Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PORT ?= 8000
# Tests run beside each other: the threads of one would wait for those of the next. Tests of threads set their own.
ALONE := OMP_NUM_THREADS=1

.PHONY: serve ready test build editions picture update mutate mutate-code sweep fuzz bench lint lock clean

serve: ready $(VENV)/installed  ## execute the pages and open the book on http://127.0.0.1:8000, or PORT=8001
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --strict --dev-addr 127.0.0.1:$(PORT)

ready:
	@$(PYTHON) docs/ready.py serve "$(PORT)"

test: $(VENV)/installed  ## style, types, package, every page, and the built site in two browsers
	@$(BIN)/python tests/pages/browser/browsers.py
	$(ALONE) $(BIN)/python -m pytest -n 3 --dist loadgroup

build: $(VENV)/installed  ## write the finished site to site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

editions: $(VENV)/installed  ## the same with the Chinese edition in site/zh/; what is not translated yet is English there
	NO_MKDOCS_2_WARNING=1 $(BIN)/python docs/hooks editions

picture: build  ## take the picture in README.md
	$(BIN)/python docs/screenshot.py

update: $(VENV)/installed  ## rewrite every expected output and claim after a change
	$(BIN)/python docs/hooks update

mutate: $(VENV)/installed  ## falsify outputs and claims at random; every lie must be caught
	$(BIN)/python docs/hooks mutate

mutate-code: $(VENV)/installed  ## change linreg at random; the tests must notice (parts: make mutate-code MUTANTS="--n 10 loss")
	$(BIN)/python tests/mutate_code.py $(MUTANTS)

sweep: $(VENV)/installed  ## visit each page in each theme at each width, where `make test` takes half of it
	WHOLE=1 $(ALONE) $(BIN)/python -m pytest -n 3 --dist loadgroup tests/pages/browser

fuzz: $(VENV)/installed  ## change bytes of files at random and read them (parts: make fuzz FUZZ="300 .parquet")
	$(BIN)/python -m tests.fuzz_files $(FUZZ)

bench: .bench/installed  ## measure linreg and its peers (parts: make bench BENCH="--only exact")
	.bench/bin/python tests/bench/run.py $(BENCH)
	$(BIN)/python docs/hooks update docs/en/about/benchmarks.md

lint: $(VENV)/installed  ## format, lint and type-check
	$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/mypy

lock: $(VENV)/installed  ## pin what is installed now (a platform's own build of torch stays unnamed)
	$(BIN)/pip freeze --exclude linreg-book --exclude pip --exclude setuptools | sed 's/+cpu$$//' > requirements.lock

clean:
	rm -rf $(VENV) .bench .cache site

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make serve PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.lock > $(VENV)/pip.log 2>&1 || { $(PYTHON) docs/ready.py log $(VENV)/pip.log; exit 1; }
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

# The peers of the benchmarks see the packages of the book and stand beside them: its lock stays as it is.
.bench/installed: $(VENV)/installed tests/bench/install.py
	$(PYTHON) -m venv .bench
	.bench/bin/python tests/bench/install.py $(VENV)
	touch $@
