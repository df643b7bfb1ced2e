# Everything runs in a virtual environment, which is made if there is none.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: help quickstart test lint bench clean

help:
	@echo "make quickstart   try the library on images that it makes itself (under a minute)"
	@echo "make test         run the test suite"
	@echo "make lint         check style and formatting"
	@echo "make bench CIFAR10=DIR   measure against the peers and write docs/results.json"
	@echo "make clean        remove the virtual environment and what was built"

quickstart: $(VENV)/progress.installed
	$(BIN)/python examples/quickstart.py

test: $(VENV)/test.installed
	$(BIN)/python -m pytest

lint: $(VENV)/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(VENV)/bench.installed
	$(BIN)/python benchmarks/features.py $(if $(CIFAR10),--cifar10 $(CIFAR10))
	$(BIN)/python benchmarks/linear.py $(if $(CIFAR10),--cifar10 $(CIFAR10))

clean:
	rm -rf $(VENV) build dist *.egg-info

# One stamp for each extra of pyproject.toml.
$(VENV)/%.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	@touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
