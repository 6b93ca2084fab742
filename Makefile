# QENEX. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run test lint sbom audit format bench bench-ledger bench-vault bench-signatures bench-passwords bench-trail soak shell schema requirements down reset privileges event-samples

# Hundreds of processes come and go here: each would compile the project and its tests anew.
unexport PYTHONDONTWRITEBYTECODE

PORT ?= 8000
# One more than the cores that the tests are to be done on: they wait for servers and browsers too.
WORKERS ?= 3
SBOM ?= var/qenex.cdx.json
PYTHON = $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(if $(shell $(name) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null | grep True),$(name))))
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
STAMP := .venv/.installed
UV := $(BIN)/uv pip compile pyproject.toml --generate-hashes --python-version 3.11 --no-header --no-annotate -q
# For commands that look at the code alone: no server is started for them.
OFFLINE := DATABASE_URL=postgresql://nowhere.invalid/qenex DATABASE_POOL_SIZE=0 $(BIN)/python -W ignore::RuntimeWarning manage.py
# Settings that only `check --deploy` reads; nothing connects to them.
DEPLOY := QENEX_PROFILE=production SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	ALLOWED_HOSTS=qenex.example TRUSTED_PROXIES=1 METRICS_TOKEN=$$RANDOM$$RANDOM DATABASE_URL='postgresql://db.example/qenex?sslmode=verify-full' REDIS_URL=rediss://redis.example \
	QENEX_KEY_PROVIDER=pkcs11 QENEX_PKCS11_MODULE=hsm.so QENEX_PKCS11_TOKEN=qenex QENEX_PKCS11_PIN=$$RANDOM$$RANDOM

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(STAMP)  ## Make .venv from the pinned requirements, nothing else
	@:

$(STAMP): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "QENEX needs Python 3.11 or newer; none was found by name." >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv > /dev/null || { echo "python -m venv failed; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	@touch $@

run: setup  ## Run the back office at http://127.0.0.1:8000 (PORT= for another port, TLS=1 for https); Ctrl-C stops it
	@exec $(MANAGE) up --port $(PORT) $(if $(filter 1 yes true,$(TLS)),--tls)

test: setup  ## Run every test on a throw-away PostgreSQL (WORKERS=3; ARGS="-k name" for some)
	@tests/extras.sh
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: setup  ## Check style, types, imports between apps, migrations, deployment settings and the API's schema
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy --no-error-summary .
	$(BIN)/lint-imports --no-logo
	$(OFFLINE) makemigrations --check --dry-run
	$(DEPLOY) $(MANAGE) check --deploy --fail-level WARNING
	$(OFFLINE) spectacular --validate --fail-on-warn | diff -u docs/api/openapi.yaml - || \
		{ echo "The API's schema has changed: run make schema and commit docs/api/openapi.yaml" >&2; exit 1; }

sbom: setup  ## Write what QENEX is made of to var/qenex.cdx.json (SBOM= for another file): CycloneDX 1.6
	@$(BIN)/python -m deploy.sbom $(SBOM)

audit: setup  ## Look every pinned package up for vulnerabilities (needs the network); fails where one cannot be
	@$(BIN)/python -m deploy.audit $(ARGS)

format: setup  ## Rewrite the code in the house style
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format --quiet

bench: bench-ledger bench-vault bench-signatures bench-passwords bench-trail  ## Run every benchmark

bench-ledger: setup  ## Measure the ledger on this machine (ARGS="--quick --json PATH"; about an hour without --quick)
	@bench/extras.sh
	@$(BIN)/python bench/ledger.py $(ARGS)

bench-vault: setup  ## Measure sealing, opening, wrapping and signing on this machine (half a minute)
	@tests/extras.sh
	@$(BIN)/python bench/vault.py

bench-signatures: setup  ## Measure checking a signed request on this machine (a few seconds)
	@$(BIN)/python bench/signatures.py

bench-passwords: setup  ## Measure hashing, and what a flood of sign-ins does to other requests (a minute)
	@$(BIN)/python bench/passwords.py

bench-trail: setup  ## Measure sealing, proofs and verification (ARGS="--quick --json PATH"; half an hour without --quick)
	@bench/peers.sh
	@$(BIN)/python bench/trail.py $(ARGS)

soak: setup  ## Kill processes under load, again and again, and prove that nothing is lost
	$(BIN)/python -m pytest -n 0 -m soak --timeout 0 $(ARGS)

privileges: setup  ## Write who may ask for what to tests/access/privileges.csv, for somebody to read the difference
	@PRIVILEGES_WRITE=1 $(BIN)/python -m pytest -q -n 0 tests/access/test_privileges.py
	@git diff --stat tests/access/privileges.csv

event-samples: setup  ## Keep an event of each version that has none yet in tests/compliance/events, as the tests emit it
	@EVENT_SAMPLES_WRITE=1 $(BIN)/python -m pytest -q -n 0 tests/access tests/compliance tests/ledger tests/vault
	@git status --short tests/compliance/events

shell: setup  ## Open a Python shell with the models loaded
	@$(MANAGE) shell

schema: setup  ## Write the API's schema to docs/api/openapi.yaml
	@mkdir -p docs/api
	$(OFFLINE) spectacular --validate --fail-on-warn --file docs/api/openapi.yaml

requirements: setup  ## Compile pyproject.toml into the pinned requirements files
	$(UV) -o requirements.txt
	$(UV) --group dev -c requirements.txt -o requirements-dev.txt

down: setup  ## Stop the embedded servers when nobody uses them
	@$(MANAGE) down

reset:  ## Stop the embedded servers and delete var/ with all its data; asks first
	@read -r -p "Delete var/ and every book, account and transfer in it? Type yes: " answer && [ "$$answer" = yes ] || { echo "Nothing was deleted."; exit 1; }
	@if [ -x $(BIN)/python ]; then $(MANAGE) down --force; fi
	@rm -rf var && echo "var/ is gone; make run starts afresh."
