# The orders service. `make` alone lists what can be made.

.DEFAULT_GOAL := help

BUILD := .build

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

.PHONY: lint
lint: ## check formatting, and what staticcheck and govulncheck know
	@.ci/lint

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)
