# The project's tasks. Each sets up what it needs in .venv; PYTHON=/path/to/python chooses the interpreter.

.PHONY: help demo demo-pulp3 test test-python test-extra test-pulp3 test-all search lint types format bench docs man clean
help:
	@echo "make demo      three listeners, real deliveries, a minute; WEB=1: then the web console of it"
	@echo "make demo-pulp3 a real Pulp 3 emits; needs PostgreSQL's server"
	@echo "make test      the quick tests"
	@echo "make test-python PYTHON=/path/to/python3.14  the same with another Python, in an environment of its own"
	@echo "make test-extra those of the plugins beyond the user guide's three, of the gallery, and of the package for receivers"
	@echo "make test-pulp3 those on a real Pulp 3; needs PostgreSQL's server"
	@echo "make test-all  the slow ones too"
	@echo "make lint      ruff and mypy"
	@echo "make format    let ruff rewrite what it can"
	@echo "make bench     measure, as ratios against peers (slow)"
	@echo "make docs      the documents as a site, and man pages; says where they are"
	@echo "make clean     remove what the others made, .venv too"

export PYTHON WEB
# Tests start hundreds of Python processes: where bytecode is not kept, each would compile what it imports again.
unexport PYTHONDONTWRITEBYTECODE

# WEB=1 serves the web console of what it did, and delivers what is retried there, until Ctrl-C.
demo:
	@scripts/setup $(if $(WEB),extra,runtime)
	@$(if $(WEB),.venv-extra,.venv)/bin/python demo/demo.py

# Pulp 3 has an environment of its own; PULPCORE='==3.49.*' VENV=.venv-old chooses another release and folder.
pulp3 := $(or $(VENV),.venv-pulpcore)
export PULPCORE VENV

demo-pulp3:
	@scripts/setup pulpcore
	@$(pulp3)/bin/python demo/pulp3.py

test:
	@scripts/setup dev
	.venv/bin/python -m pytest -n auto --dist worksteal

# An environment for each version, .venv-python3.14 or such, beside .venv.
test-python:
	@test -n "$(PYTHON)" || { echo "which Python? make test-python PYTHON=/path/to/python3.14" >&2; exit 2; }
	@venv=.venv-$$($(PYTHON) -c 'import sys; print("python%d.%d%s" % (*sys.version_info[:2], sys.abiflags))') && \
	  VENV=$$venv scripts/setup dev && $$venv/bin/python -m pytest -n auto --dist worksteal $(ARGS)

# What the user guide's three do not need has an environment of its own.
small := apprise django fastapi opentelemetry prometheus
large := postgres web
gallery := chat kafka mqtt redis_streams test_gallery.py
extra := .venv-extra/bin/python -m pytest

# Each package in a process of its own: a process has one provider of traces, and one Django.
test-extra:
	@scripts/setup extra
ifdef TESTS
	for tests in $(TESTS); do $(extra) $(ARGS) $$tests || exit 1; done
else
	for tests in $(small:%=plugins/%/tests) receiver/tests tests/test_example_plugins.py; do $(extra) $$tests || exit 1; done
	for tests in $(large:%=plugins/%/tests); do $(extra) -n 2 --dist loadfile $$tests || exit 1; done
	$(extra) -n auto --dist worksteal $(gallery:%=examples/gallery/%)
endif

# What `pulp-admin` and pulp-cli print is the same with an older Pulp, and takes long to ask for.
older_pulp3 := $(addprefix plugins/pulpcore/tests/,emitting payloads rest test_given.py test_listener_store.py)

# One Pulp for each worker of pytest-xdist; a file's tests stay together, as some files start a Pulp of their own.
# Types are checked here, as what is checked imports Pulp.
test-pulp3:
	@scripts/setup pulpcore
	$(if $(PULPCORE),,$(pulp3)/bin/python -m mypy -p pulp_events_pulpcore)
	$(if $(PULPCORE),,MYPYPATH=plugins/pulp-cli/src $(pulp3)/bin/python -m mypy plugins/pulp-cli/src/pulp_cli_events)
	$(pulp3)/bin/python -m pytest -n 2 --dist loadfile -m "$(if $(PULPCORE),not newest_pulpcore,slow or not slow)" --timeout=300 \
	  $(if $(PULPCORE),$(older_pulp3),plugins/pulpcore/tests plugins/pulp-cli/tests)

test-all:
	@scripts/setup dev
	.venv/bin/python -m pytest -m "slow or not slow" --hypothesis-profile=thorough

# Each run draws examples of its own, many: what they find becomes an `@example` of the test.
search:
	@scripts/setup dev
	.venv/bin/python -m pytest -m hypothesis --hypothesis-profile=search --timeout=3600 -n auto $(ARGS) $(TESTS)

lint: types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

# The further plugins are checked where the libraries are that they build on.
types:
	@scripts/setup extra
	.venv/bin/mypy
	.venv-extra/bin/python -m mypy $(addprefix -p pulp_events_,$(further) receiver)
	.venv-extra/bin/python -m mypy $(wildcard $(gallery:%=examples/gallery/%/pulp_events_*.py))
	.venv-extra/bin/python -m mypy --allow-subclassing-any --allow-untyped-decorators \
	  $(wildcard examples/*.py examples/ending/*.py examples/functions/*.py examples/transactional/*.py receiver/examples/*.py)

format:
	@scripts/setup dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench:
	@scripts/setup dev
	.venv/bin/python -m benchmarks

# A warning, such as a link that leads nowhere, is an error.
docs:
	@scripts/setup docs
	@mkdir -p build/man
	.venv/bin/pulp-admin --man-pages build/man
	.venv-docs/bin/python docs/website/build.py

clean:
	rm -rf .venv .venv-* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name '*.egg-info' -o -name __pycache__ | xargs rm -rf
