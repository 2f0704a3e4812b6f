# The orders service. `make` lists the targets.

.DEFAULT_GOAL := help

BUILD := .build

# Names the commit in every binary, with -dirty if there are changes: internal/buildinfo returns it.
STAMP := -X orders/internal/buildinfo.commit=$(shell git describe --always --abbrev=12 --dirty --exclude='*' 2>/dev/null || echo unknown)

# How the functions are built for Lambda, without the parts of aws-lambda-go and grpc that need templates and RPC.
# internal/test/e2e tests binaries that are built with the same flags.
FUNCTION_FLAGS := -tags lambda.norpc,grpcnotrace -trimpath -ldflags "-s -w $(STAMP)"

# A file in the archive of each function. SAM publishes a version only if the archive changed, and a new value of a
# parameter reaches the alias only with a version, so every build is a release. Set it for a reproducible archive.
RELEASE ?= $(shell date -u +%Y-%m-%dT%H:%M:%SZ)

# The race detector needs a C compiler.
RACE := $(shell command -v $$(go env CC) >/dev/null 2>&1 && [ "$$(go env CGO_ENABLED)" = 1 ] && echo -race)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## run the whole service on this machine; settings as make run NAME=value or from the environment
	@echo "building the local service; the first time takes a minute ..." >&2
	@go build -ldflags "$(STAMP)" -o $(BUILD)/local ./cmd/local
	@exec $(BUILD)/local $(MAKEOVERRIDES)

.PHONY: tour
tour: ## walk through a running local service with curl: PORT=8080
	@cmd/local/tour.sh http://127.0.0.1:$(or $(PORT),8080)

.PHONY: reset
reset: ## delete what local runs with TABLE=dynamodb have kept: DATA=.local
	cd "$(or $(DATA),.local)" && rm -rf dynamodb events.jsonl queues.jsonl checkpoints-*.json token-key.der

.PHONY: screenshot
screenshot: ## take the README's picture of the console with chromium
	@mkdir -p $(BUILD)/screenshots
	@REQUIRE_CHROMIUM=1 go test ./internal/local -run '^TestScreenshots$$' -count=1 -screenshots=$(abspath $(BUILD)/screenshots)
	@cp $(BUILD)/screenshots/order-light-wide.png resources/console.png

# The simulation plays 2,000 histories, under the race detector 300 of them.
.PHONY: test
test: ## run all tests, with the race detector if there is a C compiler
	go vet ./...
	go test $(RACE) ./...
	$(if $(RACE),go test ./internal/test/simulation)
	@.ci/left-out $(if $(RACE),,"the race detector: no C compiler")

.PHONY: build
build: ## build the four functions for Lambda, into .build
	@$(MAKE) --no-print-directory build-CreateOrderFunction ARTIFACTS_DIR=$(BUILD)/create-order
	@$(MAKE) --no-print-directory build-GetOrderFunction ARTIFACTS_DIR=$(BUILD)/get-order
	@$(MAKE) --no-print-directory build-OnEventsFunction ARTIFACTS_DIR=$(BUILD)/on-events
	@$(MAKE) --no-print-directory build-TableUpdateFunction ARTIFACTS_DIR=$(BUILD)/table-update

# `sam build` runs these targets, named after the functions in template.yaml, and sets ARTIFACTS_DIR.
define build-function
	@mkdir -p "$(ARTIFACTS_DIR)"
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build $(FUNCTION_FLAGS) -o "$(ARTIFACTS_DIR)/bootstrap" ./cmd/$(1)
	@echo "$(RELEASE)" >"$(ARTIFACTS_DIR)/release"
endef

.PHONY: build-CreateOrderFunction build-GetOrderFunction build-OnEventsFunction build-TableUpdateFunction build-SandboxFunction
build-CreateOrderFunction:
	$(call build-function,create-order)
build-GetOrderFunction:
	$(call build-function,get-order)
build-OnEventsFunction:
	$(call build-function,on-events)
build-TableUpdateFunction:
	$(call build-function,table-update)
build-SandboxFunction:
	$(call build-function,sandbox)

.PHONY: sandbox
sandbox: ## deploy fakes of the platform and the orders service to an empty AWS account: ENVIRONMENT=sandbox
	@.ci/sandbox $(or $(ENVIRONMENT),sandbox)

.PHONY: simulate
simulate: ## play HISTORIES=20000 random histories of orders with faults, from seed FIRST=1
	@go test -c -o $(BUILD)/simulate ./internal/test/simulation
	@$(BUILD)/simulate -test.run '^TestHistories$$' -test.timeout 0 -histories $(or $(HISTORIES),20000) -first $(or $(FIRST),1)

.PHONY: lint
lint: ## run gofmt, vet, staticcheck, govulncheck, actionlint, spectral and cfn-lint, and check words and links
	@.ci/lint

.PHONY: asyncapi
asyncapi: ## generate resources/asyncapi.yaml from events.yaml
	@go test ./internal/test/asyncapi -run '^TestDocumentIsCurrent$$' -update

.PHONY: clean
clean: ## remove .build
	rm -rf $(BUILD)

.PHONY: ops
ops: ## operate a stack, or a local service at AWS_ENDPOINT_URL: ARGS="status --environment dev"; ARGS=help lists commands
	@go build -ldflags "$(STAMP)" -o $(BUILD)/ops ./cmd/ops
	@$(BUILD)/ops $(ARGS)

# The sandbox sells the products of this file.
SANDBOX_PRODUCTS = $(if $(filter sandbox,$(ENVIRONMENT)),resources/sandbox-products.json)

# Only this target uses ENVIRONMENT and AWS_ENDPOINT_URL; all other tests start a service of their own.
.PHONY: acceptance
acceptance: ## test a running service: on AWS with ENVIRONMENT=dev, at AWS_ENDPOINT_URL, or one that it starts
	@cd internal/test/acceptance && ACCEPTANCE=yes ENVIRONMENT="$(ENVIRONMENT)" ACCEPTANCE_PRODUCTS="$(abspath $(or $(ACCEPTANCE_PRODUCTS),$(SANDBOX_PRODUCTS)))" go test -count=1 -timeout=30m -run '^TestAcceptance$$'

.PHONY: load
load: ## create orders in a local service while peers fail, and verify that none is lost: SCENARIO= RATE= SECONDS= RUNS=
	@go build -ldflags "$(STAMP)" -o $(BUILD)/load ./cmd/load
	@$(BUILD)/load -folder=$(BUILD) -scenario=$(SCENARIO) -rate=$(or $(RATE),200) -seconds=$(or $(SECONDS),60) -runs=$(or $(RUNS),1)

.PHONY: soak
soak: ## the same for ten minutes at half the rate; memory and goroutines must not grow
	@go build -ldflags "$(STAMP)" -o $(BUILD)/load ./cmd/load
	@$(BUILD)/load -soak -folder=$(BUILD) -scenario=$(or $(SCENARIO),stalls) -rate=$(or $(RATE),100) -seconds=$(or $(SECONDS),600)

# BASELINE is a directory of functions of another commit to compare with: see cmd/bench/README.md.
.PHONY: bench
bench: ## measure the handlers, and the functions as built for Lambda: RUNS= COLD= WARM= MEMORY= SIZES= BASELINE=
	go test -run '^$$' -bench . -benchmem ./internal/handler
	@CGO_ENABLED=0 go build $(FUNCTION_FLAGS) -o $(BUILD)/bench/ ./cmd/create-order ./cmd/get-order ./cmd/on-events ./cmd/table-update
	@CGO_ENABLED=0 go build $(FUNCTION_FLAGS) -o $(BUILD)/bench/floor/ ./cmd/bench/floor/...
	@go build -ldflags "$(STAMP)" -o $(BUILD)/measure ./cmd/bench
	@$(BUILD)/measure -binaries=$(BUILD)/bench -floors=$(BUILD)/bench/floor -baseline=$(BASELINE) -memory=$(or $(MEMORY),512) -sizes=$(SIZES) -runs=$(or $(RUNS),5) -cold=$(or $(COLD),10) -warm=$(or $(WARM),200)
