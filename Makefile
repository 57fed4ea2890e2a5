# Needs python3 (3.11 to 3.14) and make; everything else is put into .venv by tools/setup.sh.
SHELL := /bin/sh
BIN := .venv/bin
PHOTOS ?= assets/demo
export PHOTOS
.PHONY: setup demo test tests lint tools bench clean

setup:
	@tools/setup.sh demo

# Index a few pictures (or PHOTOS=folder) and ask for three of them in words.
demo: setup
	@tools/demo.sh

tools:
	@tools/setup.sh dev
	@tools/setup-lua.sh

lint: tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	luacheck -q lightroom-plugin

# Lint and the tests beside each other: each is run to its end, and either may fail it.
test: tools
	@$(MAKE) --no-print-directory --keep-going --jobs=2 lint tests

# Beside each other, and what fails there once more by itself.
tests: tools
	@tools/tests.sh

# Tables of speed, each against what one would use instead, in one run. Takes a while; wants an idle machine.
# SECTIONS=... runs some of them; see tests/bench/run.py.
bench:
	@tools/setup.sh dev
	@tools/setup-bench.sh
	@$(BIN)/python tests/bench/run.py $(SECTIONS)

clean:
	rm -rf .venv .demo build dist
