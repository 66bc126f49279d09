# Two commands do everything on a fresh machine:
#   make reproduce   makes the environment if it is missing, then every table and figure at profile quick, on embedded data
#   make test        makes it likewise, runs every test; make test-fast leaves out the tests marked slow
PYTHON  ?= python3
VENV    ?= .venv
PROFILE ?= quick
# PROFILE=laptop goes on where it was cut; ITEM=ablation_negatives makes one notebook's results and what they need.
ITEM    ?=
BIN     := $(VENV)/bin
# uv does not read pip's settings: hand it the same folder of local wheels, if there is one.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
# With uv, TORCH_BACKEND=cpu (or cu128, ...) chooses the torch build; empty leaves the choice to the index.
TORCH_BACKEND ?=
# Processes of the tests.  Each takes file after file, the long ones first.
WORKERS ?= 2
PYTEST  := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# One thread a process: on a busy machine, two torch threads can be forty times slower than one.
export OMP_NUM_THREADS ?= 1

.PHONY: help setup reproduce test test-fast lint benchmark readme exercises site clean
help:
	@grep -E '^#  ' Makefile

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  echo "making $(VENV) with uv"; \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet $(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND)) -e '.[all]'; \
	else \
	  echo "making $(VENV) with venv and pip (a minute or two)"; \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]'; \
	fi
	@touch $@

reproduce: setup
	$(BIN)/rainmer reproduce $(ITEM) --profile $(PROFILE)

test: setup
	$(PYTEST)

test-fast: setup
	$(PYTEST) -m "not slow and not data" tests/unit/test_methods.py tests/unit

lint: setup
	$(BIN)/ruff check .

# How cost grows with images, batch, negatives and processes: results/benchmarks, in at most ten minutes
benchmark: setup
	$(BIN)/python benchmarks/growth.py

readme: setup
	$(BIN)/python -m rainmer_lib.workflow.readme

# Student copies of the walkthroughs, to be solved: exercises/
exercises: setup
	$(BIN)/python -m rainmer_lib.teaching.student_copies

# The executed notebooks, the gallery and the reference as pages that need no network: build/site/index.html
site: setup
	rm -rf build/site build/site-doctrees
	$(BIN)/python -m rainmer_lib.site build/site-source
	$(BIN)/python -m sphinx -q -W --keep-going -c docs -d build/site-doctrees build/site-source build/site

clean:
	rm -rf $(VENV) runs build *.egg-info
