# Two commands matter: `make demo` and `make test`. They need Python 3.13 and make; the rest they set up themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3.13
BIN := .venv/bin
export SAM_CLI_TELEMETRY := 0
unexport PYTHONDONTWRITEBYTECODE # images of containers set it: each of hundreds of processes would compile all it imports
TYPES = $(BIN)/mypy
TEMPLATE = $(BIN)/cfn-lint template.yaml  # which is what `sam validate --lint` does too
PATHS := layers functions cli local samples tests benchmarks

$(if $(word 2,$(CURDIR)),$(error make can't work in a folder whose path has a space: move this one))

.PHONY: help setup demo test unit conformance pictures check style fix up down wheels deploy verify-aws destroy lock clean

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## Make .venv with everything in it, the tailor command too

.venv/.ready: requirements/dev.txt requirements/bootstrap.txt pyproject.toml local/pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Tailor needs Python 3.13: install it, or say where it is: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable . --editable local
	rm -rf .mypy_cache # it remembers as missing what has just been installed
	@touch $@

demo: setup ## Run the main job on the local cloud (METHOD=distillation, reinforcement, continued-pre-training or preference-optimization; KEEP=1 leaves it up)
	@$(BIN)/python -m tailor_local.demo $(METHOD) $(if $(KEEP),--keep)

# Five workers for two processors, because integration tests often wait; types and template are checked beside them, and
# what they say comes last where it is not good.
test: setup style ## Check everything and run all tests
	@said=$$(mktemp); trap 'rm -f "$$said"' EXIT; \
	{ $(TYPES) && $(TEMPLATE); } >"$$said" 2>&1 & checks=$$!; \
	failed=0; $(BIN)/python -m pytest -n 5 || failed=$$?; \
	wait $$checks || { cat "$$said"; failed=2; }; \
	exit $$failed

unit: setup ## Run the unit tests alone
	$(BIN)/python -m pytest -n 2 tests/unit

conformance: setup ## Run real clients against the API on a local cloud, and write docs/clients.md (needs the registries, and npm)
	$(BIN)/python -m tests.conformance

check: setup style ## Format, lint, types, template
	$(TYPES)
	$(TEMPLATE)

style:
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/ruff check $(PATHS)

fix: setup ## Format, and mend what the linter can
	$(BIN)/ruff format $(PATHS)
	$(BIN)/ruff check --fix $(PATHS)

pictures: setup ## Take the pictures of the console in docs/pictures/ on a local cloud (needs chromium)
	@$(BIN)/python -m tests.pictures

up: setup ## Start the local cloud and deploy to it (KEEP=1 keeps state, PORT=… another port)
	@$(BIN)/tailor up $(if $(KEEP),--keep) $(if $(PORT),--port $(PORT))

down: setup ## Stop the local cloud
	@$(BIN)/tailor down

deploy: setup ## Deploy to AWS (ARCH=x86_64, STACK=…, REGION=…; YES=1 asks nothing, DRY=1 stops at the change set)
	@$(BIN)/tailor $(if $(STACK),--stack $(STACK)) deploy $(if $(ARCH),--arch $(ARCH)) $(if $(REGION),--region $(REGION)) \
	  $(if $(YES),--yes) $(if $(DRY),--dry-run)

verify-aws: setup ## Test whether the account behaves as Tailor assumes (STACK=…; docs/verify.md)
	@$(BIN)/tailor $(if $(STACK),--stack $(STACK)) verify

destroy: setup ## Stop all jobs and deployments and remove the stack; bucket, tables and models stay (STACK=…, REGION=…, YES=1)
	@$(BIN)/tailor $(if $(STACK),--stack $(STACK)) destroy $(if $(REGION),--region $(REGION)) $(if $(YES),--yes)

lock: setup ## Lock the newest versions of all dependencies
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.13 --generate-hashes --no-emit-index-url --no-header requirements/bootstrap.in -o requirements/bootstrap.txt
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.13 --generate-hashes --no-emit-index-url --no-header requirements/dev.in -o requirements/dev.txt
	for layer in runtime images tables numbers documents; do \
	  $(BIN)/uv pip compile --quiet --python-version 3.13 --python-platform aarch64-unknown-linux-gnu --generate-hashes --no-emit-index-url --no-header \
	    --constraint requirements/dev.txt layers/$$layer/requirements.in -o layers/$$layer/requirements.txt; done

wheels: setup ## Build the wheels of the command line and of the local cloud into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . ./local
	rm -rf build local/build

clean: ## Remove what was built and installed here
	rm -rf .venv .aws-sam .local build
