# The orders service. `make` alone lists what can be made.

.DEFAULT_GOAL := help

BUILD := .build

# How the functions are built for Lambda; internal/e2e tests them built with the same flags.
FUNCTION_FLAGS := -tags lambda.norpc -trimpath -ldflags "-s -w"

# Goes into every archive of a function. SAM publishes a version only when the archive has changed, and a parameter's
# new value reaches the alias only with a version: so every build is a release. Set it to build the same archive twice.
RELEASE ?= $(shell date -u +%Y-%m-%dT%H:%M:%SZ)

# Races can only be looked for where a C compiler is found.
RACE := $(shell command -v $$(go env CC) >/dev/null 2>&1 && [ "$$(go env CGO_ENABLED)" = 1 ] && echo -race)

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## start the whole service on this machine; settings as make run NAME=value or from the environment
	@go build -o $(BUILD)/local ./cmd/local
	@exec $(BUILD)/local

.PHONY: test
test: ## run all tests, with the race detector where a C compiler is found
	go vet ./...
	go test $(RACE) ./...
	@.ci/left-out $(if $(RACE),,"the race detector: no C compiler")

.PHONY: build
build: ## build the four functions as they are deployed, into .build
	@$(MAKE) --no-print-directory build-CreateOrderFunction ARTIFACTS_DIR=$(BUILD)/create-order
	@$(MAKE) --no-print-directory build-GetOrderFunction ARTIFACTS_DIR=$(BUILD)/get-order
	@$(MAKE) --no-print-directory build-OnEventsFunction ARTIFACTS_DIR=$(BUILD)/on-events
	@$(MAKE) --no-print-directory build-TableUpdateFunction ARTIFACTS_DIR=$(BUILD)/table-update

# The next four are for `sam build`, which names them after the functions in template.yaml and sets ARTIFACTS_DIR.
define build-function
	@mkdir -p "$(ARTIFACTS_DIR)"
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build $(FUNCTION_FLAGS) -o "$(ARTIFACTS_DIR)/bootstrap" ./cmd/$(1)
	@echo "$(RELEASE)" >"$(ARTIFACTS_DIR)/release"
endef

.PHONY: build-CreateOrderFunction build-GetOrderFunction build-OnEventsFunction build-TableUpdateFunction
build-CreateOrderFunction:
	$(call build-function,create-order)
build-GetOrderFunction:
	$(call build-function,get-order)
build-OnEventsFunction:
	$(call build-function,on-events)
build-TableUpdateFunction:
	$(call build-function,table-update)

.PHONY: lint
lint: ## check formatting, and what staticcheck, govulncheck and cfn-lint know
	@.ci/lint

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)
