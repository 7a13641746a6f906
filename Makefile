# Everything runs in an environment of its own, made from PyPI on first use. `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CACHE := $(HOME)/.cache/modelyard
KUSTOMIZE_VERSION := v5.8.1
FUZZ_SECONDS ?= 300
KUSTOMIZE := $(CACHE)/kustomize-$(KUSTOMIZE_VERSION)/kustomize
CADDY_VERSION := v2.11.9
CADDY := $(CACHE)/caddy-$(CADDY_VERSION)/caddy

.PHONY: help demo test test-cluster check bench fuzz tools schema schemas clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## install, render overlays/dev, build it, check it, show what came out
	@PATH="$(CURDIR)/$(BIN):$(dir $(KUSTOMIZE)):$$PATH" sh overlays/demo.sh

test: $(VENV)/installed-dev tools ## run all tests, with the real kustomize, kubectl and Caddy
	$(BIN)/pytest -n 2 --dist loadfile

test-cluster: $(VENV)/installed-dev ## run the tests that need a cluster: one of their own, or KUBECONFIG=FILE
	$(BIN)/pytest tests/test_cluster.py tests/test_cluster_commands.py tests/test_cluster_faults.py tests/test_cluster_definitions.py $(if $(KUBECONFIG),--kubeconfig=$(KUBECONFIG))

check: $(VENV)/installed-dev ## lint, types, floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev tools ## print the ratios of speed and memory, measured side by side
	$(BIN)/python bench/bench.py
	$(BIN)/python -m bench.sagemaker_proxy
	$(BIN)/python -m bench.score

fuzz: $(VENV)/installed-dev ## fuzz each target for FUZZ_SECONDS (300), one after the other
	for target in models kustomization resource_list stream csv; do \
		$(BIN)/python -m tests.fuzz.run $$target --seconds $(FUZZ_SECONDS) || exit 1; done

tools: $(KUSTOMIZE) $(CADDY) ## build the pinned kustomize and Caddy into ~/.cache/modelyard

schema: $(VENV)/installed ## make models.schema.json from the shapes
	$(BIN)/python -m modelyard.schema

schemas: $(VENV)/installed-dev ## make the schemas of Kubernetes and of custom resources from the upstream packages
	$(BIN)/python schemas/make.py

clean: ## remove the environment
	rm -rf $(VENV)

$(KUSTOMIZE):
	@command -v go >/dev/null || { echo "Go is needed to build kustomize $(KUSTOMIZE_VERSION)" >&2; exit 1; }
	GOBIN=$(dir $@) go install sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION)

$(CADDY):
	@command -v go >/dev/null || { echo "Go is needed to build Caddy $(CADDY_VERSION)" >&2; exit 1; }
	CGO_ENABLED=0 GOBIN=$(dir $@) go install github.com/caddyserver/caddy/v2/cmd/caddy@$(CADDY_VERSION)

$(VENV)/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet --editable . --group dev
	@touch $@
