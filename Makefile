SHELL := bash
.DEFAULT_GOAL := help
STACK ?= dev
export STACK YES

in_env := . ops/env.sh &&
approve := $(if $(filter 1,$(YES))$(filter true,$(CI)),--yes)

.PHONY: help up check redeploy lock unlock preview down logs status doctor audit forget history user smoke validate notify-test metrics cloud-init grid-vm grid-cancel shell test bench lint

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo "  Options: STACK=dev (the stack), YES=1 (ask nothing)"

up: ## Deploy the stack, installing what is missing first
	@ops/up.sh

check: ## All that `make up` looks at first: tree, configuration, hosts, disk, lock, certificate, changes: [JSON=1]
	@$(in_env) pulumi stack select --create $(STACK) && tsx ops/check.ts $(if $(filter 1,$(JSON)),--json)

redeploy: ## Put an earlier version back: VERSION=<number, commit or tag> [SERVICE=gateway]
	@$(in_env) tsx ops/redeploy.ts --version "$(VERSION)" $(if $(SERVICE),--service "$(SERVICE)") $(approve)

lock: ## Who deploys the stack now: [JSON=1]
	@$(in_env) tsx ops/lock.ts show $(if $(filter 1,$(JSON)),--json)

unlock: ## Take the lock away from a deployment that hangs (asks)
	@$(in_env) tsx ops/lock.ts break $(approve)

preview: ## Show what `make up` would change
	@$(in_env) pulumi stack select --create $(STACK) && pulumi preview --stack $(STACK)

down: ## Remove the stack's resources (data that is marked to be kept stays)
	@$(in_env) pulumi destroy --stack $(STACK) $(approve)

logs: ## Follow a service's log: SERVICE=edge [LINES=100] [FOLLOW=0]
	@$(in_env) tsx ops/logs.ts $(if $(SERVICE),--service $(SERVICE)) $(if $(LINES),--lines $(LINES)) $(if $(filter 0,$(FOLLOW)),,--follow)

status: ## The stack now: last deployment, lock, hosts, every component wanted and running: [JSON=1]
	@$(in_env) tsx ops/status.ts $(if $(filter 1,$(JSON)),--json)

doctor: ## Compare what is on the hosts with what the stack would write: [FIX=1] [JSON=1]
	@$(in_env) tsx ops/doctor.ts $(if $(filter 1,$(FIX)),--fix $(approve)) $(if $(filter 1,$(JSON)),--json)

audit: ## Who deployed what, when, how it ended: [LINES=20] [JSON=1]
	@$(in_env) tsx ops/audit.ts $(if $(LINES),--lines $(LINES)) $(if $(filter 1,$(JSON)),--json)

history: ## The stack's versions: time, commit, author, what changed, result: [LINES=20] [JSON=1]; VERSION=n: the log of one
	@$(in_env) tsx ops/history.ts $(if $(LINES),--lines $(LINES)) $(if $(VERSION),--version "$(VERSION)") $(if $(filter 1,$(JSON)),--json)

forget: ## Take a host that is gone for good out of the swarm and the state, after it left the configuration: HOST=web1
	@$(in_env) tsx ops/forget.ts --host "$(HOST)"

user: ## Make a Matrix user: NAME=alice [ADMIN=1]
	@$(in_env) tsx ops/user.ts add "$(NAME)" $(if $(filter 1,$(ADMIN)),--admin)

cloud-init: ## User data for a new server: KEY=~/.ssh/id_ed25519.pub [NAME=hypha]
	@$(in_env) tsx ops/cloudInit.ts --key "$(KEY)" $(if $(NAME),--user "$(NAME)")

grid-vm: ## Deploy a ThreeFold Grid VM as a server of the stack: HOST=web1 KEY=~/.ssh/id_ed25519.pub [NAME= NODE= CPU= MEMORY= DISK=]
	@$(in_env) tsx ops/gridVm.ts deploy --host "$(HOST)" --key "$(KEY)" $(if $(NAME),--name "$(NAME)") $(if $(NODE),--node "$(NODE)") $(if $(CPU),--cpus "$(CPU)") $(if $(MEMORY),--memory "$(MEMORY)") $(if $(DISK),--disk "$(DISK)") $(approve)

grid-cancel: ## Cancel a ThreeFold Grid VM, and with it all that is on it: NAME=myceliumchat
	@$(in_env) tsx ops/gridVm.ts cancel --name "$(NAME)"

smoke: ## Ask the deployed site for what it must answer: the quick part of validate
	@$(in_env) tsx ops/validate.ts --quick

validate: ## Check that the deployed stack does what it is for: [JSON=1] [JUNIT=report.xml]
	@$(in_env) tsx ops/validate.ts $(if $(filter 1,$(JSON)),--json) $(if $(JUNIT),--junit "$(JUNIT)")

notify-test: ## Tell every target under hypha:notifications that this is a test
	@$(in_env) tsx ops/notify.ts

metrics: ## Prometheus, Alertmanager, Grafana and Loki in your browser, through SSH: [PORT=9090] [JSON=1]
	@$(in_env) tsx ops/metrics.ts $(if $(PORT),--port $(PORT)) $(if $(filter 1,$(JSON)),--json)

shell: ## A shell where plain `pulumi` commands work in this checkout
	@$(in_env) exec "$${SHELL:-bash}"

test: ## Every check and test, with a table at the end
	@ops/test.sh

bench: ## The figures: cold and no-op deployments by phase
	@$(in_env) tsx bench/bench.ts

lint: ## Every check that needs no running machine
	@npm run --silent lint
