# Everything runs in .venv, which is made when it is missing and brought up to date when pyproject.toml changes.
# Another Python: make demo PYTHON=python3.12

PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.groovelive

.PHONY: help demo test lint clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   install groovelive with its synth and IPython, and play a set, or make sound, MIDI and a picture of it"
	@echo "make test   run the tests"
	@echo "make lint   ruff and mypy"
	@echo "make clean  remove .venv and what was made"

demo: $(STAMP)-synth,repl
	@.venv/bin/groovelive demo

test: $(STAMP)-synth,test
	$(PY) -m pytest

lint: $(STAMP)-dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis demo.mid demo.wav demo.svg
	find groovelive tests examples -name __pycache__ -prune -exec rm -rf {} +

# .venv/.groovelive-EXTRAS: groovelive is installed with these extras.
$(STAMP)-%: pyproject.toml | $(PY)
	@echo "installing groovelive[$*] into .venv …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "groovelive needs Python 3.11 or newer, and $(PYTHON) is not; try: make PYTHON=python3.12" >&2; exit 1; }
	@echo "making .venv …"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) has no working venv; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
