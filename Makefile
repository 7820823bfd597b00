# The two commands of this project: make quickstart, make test. Everything else is CMake (CMakePresets.json) and scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup configure build test quickstart install asan fuzz docs sheet format clean

# One compiler per core, but no more than one per 1.5 GB of free memory: a file that uses tensors takes about one.
ifndef JOBS
JOBS := $(shell awk -v n="$$(nproc)" '/^MemAvailable/ { m = int($$2 / 1500000) } END { j = m < n ? m : n; print j < 1 ? 1 : j }' /proc/meminfo)
endif

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo "  JOBS=N sets how many compilers and tests run at once (here $(JOBS))"

setup:  ## install what is missing: system packages, LibTorch in .deps/ (says what and why)
	@scripts/setup.sh

configure: setup
	@cmake --preset default

build: configure  ## set up, then build everything in build/
	@cmake --build --preset default --parallel $(JOBS)

test: build  ## set up, build, run all tests
	@deps="$${WELT_DEPS_DIR:-.deps}"; \
	  if [ -s "$$deps/dictionaries/.welt-dictionaries" ]; then export WELT_REQUIRE_DICTIONARIES=1; fi; \
	  if [ -s "$$deps/wordllama/.welt-wordllama" ]; then export WELT_REQUIRE_WORDLLAMA=1; fi; \
	  if [ -s "$$deps/minilm/.welt-minilm" ]; then export WELT_MINILM="$$(realpath "$$deps/minilm")"; fi; \
	  ctest --preset default --parallel $(JOBS)

quickstart: configure  ## set up, build the program, train on the bundled text
	@cmake --build --preset default --parallel $(JOBS) --target welt welt_plugins
	@build/bin/welt run recipes/quickstart.toml

PREFIX ?= /usr/local
install: configure  ## set up, build, install to PREFIX (default /usr/local; the tree may be moved later)
	@cmake --build --preset default --parallel $(JOBS) --target welt welt_plugins welt_sdk_nn welt_similarity
	@cmake --install build --prefix "$(PREFIX)"

asan: setup  ## build with the address and undefined-behaviour sanitizers in build-asan/, run unit and parity tests
	@cmake --preset asan
	@cmake --build --preset asan --parallel $(JOBS)
	@ctest --preset asan --parallel $(JOBS)

fuzz: setup  ## build the fuzz harnesses with clang's libFuzzer in build-fuzz/, run each for a minute (docs/fuzzing.md)
	@cmake --preset fuzz
	@cmake --build --preset fuzz --parallel $(JOBS)
	@ctest --preset fuzz

docs:  ## rewrite the tables that docs/recipes.md takes from the program (which must be built)
	@build/bin/welt validate --keys > build/keys.md
	@awk 'FNR == NR { keys = keys $$0 "\n"; next } /^<!-- end of keys/ { skip = 0 } !skip { print } \
	  /^<!-- keys: / { printf "%s", keys; skip = 1 }' build/keys.md docs/recipes.md > build/recipes.md
	@cp build/recipes.md docs/recipes.md

sheet:  ## draw docs/scripts.png anew (with the program, which must be built)
	@build/bin/welt render --sheet docs/scripts.png > /dev/null

format:  ## lay out all C and C++ files (needs clang-format 14 or later)
	@command -v clang-format >/dev/null || { echo "make format: clang-format is not installed (apt-get install clang-format)"; exit 1; }
	@git ls-files -z '*.h' '*.hpp' '*.c' '*.cpp' | xargs -0 clang-format -i

clean:  ## remove the build folders (not .deps/, not runs/)
	@rm -rf build build-debug build-asan build-fuzz build-static
