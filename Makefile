# make demo    answers, study, synthetic raters, report, then the portal   (ARGS="--no-serve --out DIR")
# make test    every check and every test, a real browser and PostgreSQL included
# make check   ruff, mypy and import-linter alone
# make messages  what raters read, collected for its translators
# make bench   the measured claims, each beside what one would pick instead
# make .venv   the installing alone

PYTHON ?= python3
BIN    := .venv/bin
ARGS   ?=
BENCHMARKS ?= agreement paper grasp mixed_model coverage portal generation

.DELETE_ON_ERROR:
.PHONY: demo test check bench messages constraints .venv

demo: .venv/.installed
	@$(BIN)/equitymedqa demo $(ARGS)

test: check
	@scripts/chromium.sh
	@scripts/test.sh $(ARGS)

check: .venv/.installed
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

messages: .venv/.installed
	@$(BIN)/python scripts/messages.py

bench: .venv/.installed
	@for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || exit 1; done

.venv: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt scripts/install.sh
	@PYTHON="$(PYTHON)" scripts/install.sh

# Only for whoever changes a dependency; needs uv on the PATH.
constraints:
	uv pip compile --universal --python-version 3.11 --strip-extras --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links --extra dev --output-file constraints.txt pyproject.toml
