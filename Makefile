export NO_MKDOCS_2_WARNING := 1 # what Material says about its own future is not about this site

# Every target creates .venv and installs what it needs, once; PYTHON=... chooses the interpreter.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10 python; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
PYTEST ?= -n auto --dist worksteal
LOWEST := .venv-lowest
# What depends most on the versions of others; the newest models of Keras Hub are not for the oldest Keras.
CORE := -m 'not slow and not browser' --ignore=tests/reading_graph/test_real_models.py \
	$(addprefix tests/,manifest reading reading_graph diagrams pages plugin review cli)

.PHONY: site serve test test-lowest lint format bench dist clean

site: .venv/site.stamp ## build the example zoo's site into site/
	$(BIN)/mkdocs build --strict

serve: .venv/site.stamp ## the same, rebuilt while you edit
	$(BIN)/mkdocs serve --livereload

test: .venv/dev.stamp ## run all tests
	$(BIN)/pytest $(PYTEST)

test-lowest: .venv/dev.stamp ## run the core of the tests with the oldest dependencies that pyproject.toml admits
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip compile --quiet --resolution lowest-direct --python $(LOWEST) --output-file $(LOWEST)/oldest.txt pyproject.toml
	$(BIN)/uv pip install --quiet --python $(LOWEST) --constraint $(LOWEST)/oldest.txt --editable . --group test
	$(LOWEST)/bin/python -m pytest $(PYTEST) $(CORE)

lint: .venv/dev.stamp ## format, style, types and the direction of imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: .venv/bench.stamp ## measure build times beside plot_model, for docs/explanation/speed.md; a quarter of an hour
	$(BIN)/python benchmarks/build_times.py

dist: .venv/dev.stamp ## sdist and wheel into dist/
	$(BIN)/python -m build

clean:
	rm -rf .venv $(LOWEST) .keraviz site dist

.venv/pip.stamp:
	@test -n "$(PYTHON)" || { echo "keraviz-docs needs Python 3.10 to 3.13; none was found. Install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { echo "Python could not create .venv; on Debian and Ubuntu, 'apt install python3-venv' helps" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

.venv/site.stamp: .venv/pip.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group docs
	@touch $@

.venv/dev.stamp: .venv/site.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

.venv/bench.stamp: .venv/site.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group bench
	@touch $@
