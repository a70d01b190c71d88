# make setup           make .venv with the `arbtree` command
# make run ARGS="..."  run the engine (sets up first; standard output is the engine's alone)
# make test            set everything up and pass every check
# make lint            the checks without the tests
# make chaos ARGS="..."  random operations on supervisors, an outage, 44 seeds of chaos
# make bench ARGS="..."  measure everything (four minutes); --write renews benchmarks/RESULTS.md
# make format          let the formatter rewrite the sources
# make proto           generate the protobuf code of the venues anew
# make lock            write both lock files anew from pyproject.toml (needs uv)
# make clean           remove .venv, caches and built files
#
# Needs Python 3.11 or newer with its venv module; the first of PYTHON that is new enough serves.
# Uses uv where it is installed, because it is quicker; pip otherwise.

PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
ROOMS := arbtree actors config exchanges markets messages simulator supervisors
SOURCES := $(ROOMS) tests $(if $(wildcard benchmarks/*.py),benchmarks)
BIN := .venv/bin

# An environment holds its own absolute path.  The stamps carry the checkout's, so that a moved
# or copied checkout makes a new environment instead of running the code of the old place.
PLACE := $(shell printf '%s' "$(CURDIR)" | cksum | cut -d ' ' -f 1)
MADE := .venv/.made-$(PLACE)
READY := .venv/.ready-$(PLACE)
READY_DEV := .venv/.ready-dev-$(PLACE)

# Two tests at a time: the suite is made for two cores, and its order does not matter.
PYTEST_ARGS ?= -n 2

# flake8-async looks at the files that have asynchronous code.  It takes a third of a second a file
# and sees each alone, so what has passed with the same text, options and tools is not looked at
# again; the first time it takes two cores, and mypy runs beside it.  ASYNC114 wants every function
# that takes task_status listed here; ASYNC127 advises against httpx, of which only the interface is
# used (docs/decisions/0003-own-http-transport.md); ASYNC9 wants a checkpoint on every path, which
# synchronous turns and queued answers do not have.
ASYNC_OFF := ASYNC114,ASYNC127,ASYNC9
ASYNC_PASSED := .venv/.async-passed-$(shell { echo $(ASYNC_OFF); cat requirements-dev.lock; } | cksum | cut -d ' ' -f 1)

.PHONY: setup run test lint chaos bench format proto lock clean
.DEFAULT_GOAL := setup

setup: $(READY)
	@echo "arbtree: ready, the command is $(BIN)/arbtree" >&2

run: $(READY)
	@exec $(BIN)/arbtree run $(ARGS)

bench: $(READY)
	@$(BIN)/python -m benchmarks $(ARGS)

# A hundred processes are started: none compiles the sources again, whatever the environment says.
test: lint
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(PYTEST_ARGS)

chaos: $(READY_DEV)
	@echo "chaos: six hours of outage beside the random sequences, then the seeds" >&2
	$(BIN)/python -m tests.supervisors.herd 6 & herd=$$!; \
	$(BIN)/python -m tests.supervisors $(ARGS) && wait $$herd
	$(BIN)/arbtree chaos run --seeds 1..44 --for 5m --twice 10 --at-least 40 --jobs 2

lint: $(READY_DEV)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	@touch $(ASYNC_PASSED)
	@grep -rlw --include='*.py' async $(SOURCES) | xargs cksum | LC_ALL=C sort >$(ASYNC_PASSED).new
	LC_ALL=C comm -13 $(ASYNC_PASSED) $(ASYNC_PASSED).new | cut -d ' ' -f 3- | \
	xargs -r -P 2 -n 10 $(BIN)/flake8-async --disable=$(ASYNC_OFF) & async=$$!; \
	$(BIN)/mypy $(SOURCES); types=$$?; \
	wait $$async && exit $$types
	@mv $(ASYNC_PASSED).new $(ASYNC_PASSED)
	$(BIN)/lint-imports --no-logo --no-cache

format: $(READY_DEV)
	$(BIN)/ruff check --fix-only $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

# The compiler is pinned: code of a newer one refuses the older runtimes we allow.
proto: $(MADE)
	@{ rm -rf .venv/proto && $(BIN)/python -m venv .venv/proto && \
	.venv/proto/bin/pip install --quiet grpcio-tools==1.76.0 && \
	.venv/proto/bin/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. \
	  exchanges/mexc/frames.proto simulator/mexc/push.proto; } >&2

# Setting up talks on standard error only: standard output belongs to what `make run` runs.

$(MADE):
	@{ for python in $(PYTHON); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	  python=; \
	done; \
	test -n "$$python" || { \
	  echo "arbtree: needs Python 3.11 or newer, and none of '$(PYTHON)' is: make PYTHON=... names one"; \
	  exit 3; }; \
	echo "arbtree: making .venv with $$("$$python" -V)"; \
	rm -rf .venv; \
	{ command -v uv >/dev/null && uv venv --quiet --seed --python "$$python" .venv; } || \
	  "$$python" -m venv --clear .venv || { \
	  rm -rf .venv; \
	  echo "arbtree: $$python cannot make an environment: install its venv module (Debian, Ubuntu: python3-venv)"; \
	  exit 3; }; \
	touch $@; } >&2

# Everything comes from the lock file with its hash, the build backend included.
$(READY): requirements.lock pyproject.toml | $(MADE)
	@{ echo "arbtree: installing the packages of requirements.lock"; \
	$(call install,requirements.lock) && \
	$(BIN)/python -m pip install $(PIP_FLAGS) --no-index --no-deps --no-build-isolation -e . && \
	touch $@; } >&2

$(READY_DEV): requirements-dev.lock $(READY)
	@{ echo "arbtree: installing the packages of requirements-dev.lock"; \
	$(call install,requirements-dev.lock) && touch $@; } >&2

# uv does not read pip's configuration: where an index is named only there, pip takes over.
PIP_FLAGS := --quiet --quiet --disable-pip-version-check
install = { { command -v uv >/dev/null && \
  uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1); } || \
  $(BIN)/python -m pip install $(PIP_FLAGS) --require-hashes -r $(1) || { \
  echo "arbtree: the packages of $(1) could not be installed; the lines above say why"; exit 3; }; }

COMPILE := uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock:
	@command -v uv >/dev/null || { echo "arbtree: make lock needs uv" >&2; exit 3; }
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group build --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
