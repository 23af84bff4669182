# make demo    tune a real model, from nothing, and look at it in a browser (Ctrl-C ends it)
# make test    every check there is
# make rl      all that trains agents in examples/rl, ten minutes on two cores at most
# make bench   measure Trimtab beside its peers, into benchmarks/results.md
# make lint    the checks that take seconds; make format mends what it can

VENV := .venv
BIN := $(VENV)/bin
# One thread per process, so that a figure is of the code and not of the machine's other cores.
# Exported, not written before the command: then no shell stands between make and it, and a request
# to end reaches it.
test rl bench: export OMP_NUM_THREADS := 1
test rl bench: export OPENBLAS_NUM_THREADS := 1
test rl bench: export MKL_NUM_THREADS := 1
# ARGS reach pytest or the benchmarks: make test ARGS="-k storage"
ARGS :=
INSTALL := $(BIN)/python -m pip --disable-pip-version-check --no-input install -qq --editable
# The demo ends with a dashboard to look at, but not where nobody looks: make demo DEMO=--no-serve
DEMO := $(if $(CI),--no-serve,--serve)

.PHONY: demo test rl bench lint format clean
.DEFAULT_GOAL := test

demo: $(VENV)/.has-demo
	$(BIN)/python examples/demo.py $(DEMO)

test: $(VENV)/.has-dev
	$(BIN)/python -m scripts.check $(ARGS)

rl: export TRIMTAB_RL := 1
rl: $(VENV)/.has-dev
	$(BIN)/python -m pytest -q --durations=0 tests/rl $(ARGS)

bench: $(VENV)/.has-bench
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(VENV)/.has-dev
	$(BIN)/python -m scripts.check --quick

format: $(VENV)/.has-dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.made: scripts/venv.sh
	@sh scripts/venv.sh $(VENV)
	@touch $@

# Installed in place, so only what pyproject.toml says can make an environment out of date.
$(VENV)/.has-demo: EXTRAS := demo
$(VENV)/.has-dev: EXTRAS := all,dev
$(VENV)/.has-bench: EXTRAS := bench
# PyTorch is not to be had for every machine; without it the tests of examples/rl are skipped.
$(VENV)/.has-dev: MAYBE := rl
$(VENV)/.has-%: $(VENV)/.made pyproject.toml
	@echo "Installing trimtab[$(EXTRAS)] into $(VENV)"
	@$(INSTALL) '.[$(EXTRAS)]'
	@[ -z '$(MAYBE)' ] || $(INSTALL) '.[$(EXTRAS),$(MAYBE)]' || echo "Not installed: trimtab[$(MAYBE)]"
	@touch $@
