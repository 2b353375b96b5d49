# One way to set up, one way to run everything. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PAGES ?=
NAME ?=
SHARD ?=
ROWS ?=
KINDS ?=
EVERY ?=
LAB ?= lab-03-multi-stage-builds
export PYTHONPATH := hooks
# The site generator's and theme's notices about their successors are known: CONTRIBUTING.md says what we do about it.
export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true

.DEFAULT_GOAL := site
.PHONY: help site serve unit test with-engine beside verify record mutants catch-up lab renew check format bench faults reader engine engine-down clean

site: $(VENV)/ready ## (default) walk every page that changed, build the site into site/
	@$(BIN)/mkdocs build --quiet

serve: $(VENV)/ready ## live preview on http://127.0.0.1:8000/; pages are walked in the background
	@$(BIN)/mkdocs serve --no-strict

unit: $(VENV)/ready ## the project's own tests that need no engine, in seconds
	@$(BIN)/pytest tests -m unit -q

test: check ## the project's own tests, core paths and changed pages, as pytest; with EVERY=yes each page is looked at
	@$(BIN)/pytest --due docs tests/test_faults.py; first=$$?; \
		$(MAKE) --no-print-directory --jobs=2 --keep-going with-engine beside && exit $$first

# Many tests wait for an engine, and leave a processor to those beside them, whose report comes in the end.
with-engine: $(VENV)/ready
	@$(BIN)/pytest tests --ignore=tests/test_faults.py -m 'not beside' --durations=25
beside: $(VENV)/ready
	@$(BIN)/pytest tests --ignore=tests/test_faults.py -m beside $(if $(EVERY),--every-page) --durations=15 -q -p no:cacheprovider \
		>$(VENV)/beside.txt 2>&1; beside=$$?; cat $(VENV)/beside.txt; exit $$beside

verify: $(VENV)/ready ## walk pages without building the site: make verify PAGES=docs/lab-…/go-app.md
	@$(BIN)/python -m walkthrough verify $(if $(SHARD),--shard=$(SHARD)) $(PAGES)

record: $(VENV)/ready ## rewrite the outputs that pages show from a fresh walk: make record PAGES=…
	@$(BIN)/python -m walkthrough record $(PAGES)

mutants: $(VENV)/ready ## change what makes pages false, see that each change is told: make mutants PAGES=…
	@$(BIN)/python -m walkthrough mutants $(PAGES)

catch-up: $(VENV)/ready ## walk pages from each of their steps, where catch-up alone has brought the machine: make catch-up PAGES=docs/lab-…
	@$(BIN)/python -m walkthrough catch-up $(PAGES)

lab: $(VENV)/ready ## begin a lab with pages that hold already: make lab NAME=lab-05-…
	@$(BIN)/python -m walkthrough lab "$(NAME)"

renew: $(VENV)/ready ## try newer patch releases of all that is pinned, write those with which pages hold: make renew KINDS="npm maven"
	@$(BIN)/python -m walkthrough renew $(foreach kind,$(KINDS),--kind=$(kind)) $(PAGES)

check: $(VENV)/ready ## format, lint, types and layers, of Python, Markdown and Dockerfiles
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >$(VENV)/imports.txt || { cat $(VENV)/imports.txt; exit 1; }
	@$(BIN)/rumdl check --quiet .
	@find labs tests -name 'Dockerfile*' -print0 | xargs -0 $(BIN)/hadolint
	@$(BIN)/hadolint --config hooks/walkthrough/machine/recipes/hadolint.yaml hooks/walkthrough/machine/recipes/*/Dockerfile \
		hooks/walkthrough/machine/reader/Dockerfile

format: $(VENV)/ready ## bring the Python files into form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/ready ## what a walk costs beside a plain script: make bench PAGES=…; without pages also what the memory saves
	@PYTHONPATH=hooks:tests $(BIN)/python tests/bench.py $(PAGES)

faults: $(VENV)/ready ## what can go wrong, met for real, and what is left of it: make faults ROWS=…; all of it takes half an hour
	@PYTHONPATH=hooks:tests $(BIN)/python tests/faults.py $(ROWS)

reader: $(VENV)/ready ## do a lab's core path as its reader does, in a browser and a shell: make reader LAB=lab-01-containers
	@PYTHONPATH=hooks:tests $(BIN)/python tests/reader.py $(LAB) $(PAGES)

engine: $(VENV)/ready ## start the engine, print the lines that let you use it by hand
	@$(BIN)/python -m walkthrough engine start

engine-down: $(VENV)/ready ## stop the embedded engine; its network goes with it
	@$(BIN)/python -m walkthrough engine stop

clean: ## remove what was built: the site and the virtual environment
	@rm -rf site $(VENV) .pytest_cache .mypy_cache .ruff_cache .rumdl_cache test-artefacts

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name words; do \
		printf '%-12s %s\n' "$$name" "$$words"; done

# On Debian and Ubuntu, venv is a package of its own; root gets it installed.
$(VENV)/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || { \
		echo "error: Python 3.11.5 or newer is needed, this is $$($(PYTHON) --version); name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		[ "$$(id -u)" = 0 ] && apt-get install -qq -y python3-venv >/dev/null; } || { \
		echo "error: Python's venv is missing; install it: sudo apt-get install python3-venv"; exit 1; }
	@echo "installing the Python packages into $(VENV)"
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
