# Everything runs in a virtual environment, which is made if there is none.
VENV ?= .venv
ifeq ($(OS),Windows_NT)
PYTHON ?= python
SCRIPTS = Scripts
EXE = .exe
else
PYTHON ?= python3
SCRIPTS = bin
EXE =
endif
BIN = $(VENV)/$(SCRIPTS)
too_old = $(if $(shell $(1) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),,$(error \
    sk231n needs Python 3.11 or later; $(1) is not. $(2)))

.PHONY: help quickstart test test-kernels test-oldest test-engines soak lint docs docs-quick bench \
    release-check clean

help:
	@echo "make quickstart   try the library on images that it makes itself (under a minute)"
	@echo "make test         run the test suite; with REFEREES=1 compare with PyTorch and scikit-image"
	@echo "                  too, with COVERAGE=1 list the lines that no test reaches"
	@echo "make test-kernels run the numeric tests with every other kernel of OpenBLAS that runs here"
	@echo "make test-oldest  run the quick tests with the oldest versions that pyproject.toml allows"
	@echo "make test-engines run searches on Ray and on Spark; Spark needs Java 17"
	@echo "make soak         look for faults in random inputs; SECONDS=600 looks for so long"
	@echo "make lint         check style, formatting, spelling and types"
	@echo "make docs         build docs/_build/html, run the examples of its gallery, check its links"
	@echo "                  and, if there is Chromium, look at its pages"
	@echo "make docs-quick   the same without running the examples"
	@echo "make bench        measure against the peers and rewrite docs/results.md;"
	@echo "                  CIFAR10=DIR measures on the real photographs"
	@echo "make release-check   build what is published, and try it in environments of its own;"
	@echo "                  PYTHONS=\"python3.12 python3.13\" tries it with these"
	@echo "make clean        remove the virtual environment and what was built"

quickstart: $(VENV)/progress.installed
	$(BIN)/python examples/quickstart.py

test: $(VENV)/test.installed $(if $(REFEREES),$(VENV)/referees.installed)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(if $(COVERAGE),--cov)

# Another processor takes another kernel, which rounds otherwise.
test-kernels: $(VENV)/test.installed $(VENV)/referees.installed
	$(BIN)/python .ci/kernels.py

# The parts that lean on the dependencies most. Newer packages may warn of the older ones. Python 3.11
# is the oldest too.
test-oldest:
	python3.11 -m venv $(VENV)-oldest
	$(VENV)-oldest/$(SCRIPTS)/python -m pip install --quiet $$(python3.11 .ci/oldest_versions.py)
	$(VENV)-oldest/$(SCRIPTS)/python -m pip install --quiet --no-deps --editable .
	$(VENV)-oldest/$(SCRIPTS)/python -m pytest --numprocesses auto -W ignore::DeprecationWarning \
	    $(foreach name,class_weight color hog images layers linear losses neighbors_classifier \
	    neural_classifier neural_regressor optimizers plotting preprocessing saving training,\
	    $(wildcard tests/test_$(name)*.py))

# Ray and Spark are large, and start processes of their own; the test suite does without them.
test-engines: $(VENV)/engines.installed
	$(BIN)/python -m pytest tests/engines

# The properties of tests/fuzz, of which the test suite checks a few fixed examples.
soak: $(VENV)/test.installed
	$(BIN)/python tests/fuzz/soak.py --seconds $(or $(SECONDS),60)

lint: $(VENV)/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/python .ci/check_types.py

docs: $(VENV)/docs.installed
	rm -rf docs/api/generated docs/_build/html/_modules
	$(BIN)/sphinx-build -E -W --keep-going $(SPHINX) docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html
	$(BIN)/python docs/check_notebooks.py docs/gallery
	$(BIN)/python docs/check_pages.py docs/_build/html

docs-quick:
	$(MAKE) docs SPHINX="--tag quick"

# These two slow OpenBLAS down, and ratios to other libraries would be false.
bench: MEASURE = env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python
bench: $(VENV)/bench.installed
	mkdir -p docs/results
	$(MEASURE) benchmarks/features.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/features.json
	$(MEASURE) benchmarks/linear.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/linear.json
	$(MEASURE) benchmarks/neighbors.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/neighbors.json --figure docs/results/neighbors.png
	$(MEASURE) benchmarks/neural.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/neural.json
	$(MEASURE) benchmarks/convnet.py --recipes $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/convnet.json
	$(MEASURE) benchmarks/growth.py --json docs/results/growth.json
	$(MEASURE) benchmarks/limits.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/limits.json --figure docs/results/limits.png
	$(MEASURE) benchmarks/accuracy.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/accuracy.json
	$(MEASURE) benchmarks/photographs.py --json docs/results/photographs.json
	$(MEASURE) benchmarks/play.py --json docs/results/play.json
	$(MEASURE) benchmarks/out_of_core.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/out_of_core.json
	$(MEASURE) benchmarks/cluster.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/cluster.json
	$(MEASURE) benchmarks/onnx_graphs.py $(if $(CIFAR10),--cifar10 $(CIFAR10)) --json docs/results/onnx.json
	$(MEASURE) benchmarks/report.py docs/results

# The wheel is built from the source distribution, each with what pyproject.toml asks for.
release-check: $(VENV)/release.installed
	rm -rf build dist *.egg-info
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	for python in $(or $(PYTHONS),$(BIN)/python); do \
	    $$python .ci/check_wheel.py dist/*.whl || exit 1; \
	done

clean:
	rm -rf $(VENV) $(VENV)-oldest build dist *.egg-info docs/_build docs/gallery docs/api/generated

# One stamp for each extra of pyproject.toml.
$(VENV)/%.installed: pyproject.toml | $(BIN)/python$(EXE)
	$(call too_old,$(BIN)/python,Run make clean first.)
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	@touch $@

$(BIN)/python$(EXE):
	$(call too_old,$(PYTHON),Say which is: make PYTHON=python3.12)
	$(PYTHON) -m venv $(VENV) || { rm -f $@; exit 1; }
