# make alone lists the targets. Everything runs from .venv, which `make setup` makes.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help setup lock demo test acp-conformance acp-table check format docs demo-picture bench-startup bench-calls bench-codemode bench-wire bench-store bench-python bench-engine bench-early clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 18

setup: $(STAMP) ## make .venv with the locked dependencies

$(STAMP): requirements.lock pyproject.toml
	@scripts/setup $(PYTHON)
	@touch $@

lock: ## resolve the dependencies anew into requirements.lock (versions and hashes, no addresses)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

demo: $(STAMP) ## download the default model if it is missing, then run the main job
	@$(BIN)/punie-acp models pull
	@$(BIN)/python examples/client.py

demo-picture: $(STAMP) ## run the demo and keep what it shows as docs/demo.svg
	@$(BIN)/punie-acp models pull
	@$(BIN)/python benchmarks/demo_picture.py

test: $(STAMP) ## the whole test suite (downloads the 0.5B model once)
	@$(BIN)/python -m pytest

acp-conformance: $(STAMP) ## acpx and the official SDKs' clients against the agent; part of `make test`
	@$(BIN)/python -m pytest tests/conformance

acp-table: $(STAMP) ## write into docs/acp.md which test proves what of the protocol
	@$(BIN)/python scripts/acp_table.py

check: $(STAMP) ## format, lint, types, and the arrows between the rooms
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

format: $(STAMP) ## format and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(STAMP) ## build the documentation into site/
	@[ -x .venv/docs/bin/mkdocs ] || { $(BIN)/python -m venv .venv/docs && .venv/docs/bin/pip install --quiet --disable-pip-version-check "mkdocs-material>=9.6"; }
	@.venv/docs/bin/mkdocs build --strict --quiet

bench-startup: $(STAMP) ## seconds from spawn to initialize and session/new answered
	@$(BIN)/python benchmarks/startup.py

bench-calls: $(STAMP) ## cost of one external call
	@$(BIN)/python benchmarks/calls.py

bench-codemode: $(STAMP) ## calls, gathered calls, checks, dumps, ends of bombs, overhead of a turn
	@$(BIN)/python benchmarks/codemode.py

bench-store: $(STAMP) ## cost of keeping an update before it is sent
	@$(BIN)/python benchmarks/store.py

bench-early: $(STAMP) ## time that reading ahead and prefetching save
	@$(BIN)/python benchmarks/early.py

bench-wire: $(STAMP) ## updates per second to a client, and the latency of a command's output, beside both SDKs
	@$(BIN)/python benchmarks/wire.py

bench-python: $(STAMP) ## share of ordinary Python programs that run in the sandbox as under CPython
	@$(BIN)/python benchmarks/python_corpus/run.py

bench-engine: $(STAMP) ## prefill and decode rates beside stock mlx_lm
	@$(BIN)/python benchmarks/engine.py

clean: ## remove what make made here (models stay)
	rm -rf .venv dist build site
