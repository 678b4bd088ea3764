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
	@echo "make lint   ruff, mypy, and what may import what"
	@echo "make clean  remove .venv and what was made"

demo: $(STAMP)-synth,repl
	@.venv/bin/groovelive demo

# First, several at a time, what needs neither the wall clock nor a sound server; then, by itself, what does.
test: $(STAMP)-synth,test
	@failed=0; \
	$(PY) -m pytest -m "not realtime" -n auto --maxprocesses 4 --dist worksteal || failed=$$?; \
	$(PY) -m pytest -m realtime || failed=$$?; \
	exit $$failed

lint: $(STAMP)-dev,test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo --no-cache
	$(PY) -m pytest -q tests/test_house.py

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage demo.mid demo.wav demo.svg
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
