# Every target does all of its own set-up: a fresh machine has only git, Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Two cores run the whole suite best with two workers: the real servers need some of them too.
WORKERS ?= 2

.PHONY: run test lint bench format install browser

run: install ## Serve the demo on the embedded default, at http://127.0.0.1:8080
	$(BIN)/retrospec demo

test: install browser ## Run every test, the real servers included
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: install ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p build/typing && ln -sfn ../../plugins build/typing/retrospec_plugins
	$(BIN)/mypy

format: install ## Bring the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install ## Measure what the README quotes
	$(BIN)/python -m bench

install: $(STAMP) ## Make .venv with everything, and the retrospec command in it

$(STAMP): setup.cfg pyproject.toml requirements-dev.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements-dev.lock --editable '.[dev]'
	touch $(STAMP)

browser: install
	sh scripts/ensure_browser.sh $(VENV)
