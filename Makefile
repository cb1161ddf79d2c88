# What can be done here; `make` alone prints it. CONTRIBUTING.md says which target a change needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Appended, so a caller's own flags stay; a clone that belongs to another user has no readable VCS stamp.
flags := $(shell go env GOFLAGS 2>/dev/null)
export GOFLAGS := $(flags)$(if $(findstring -buildvcs,$(flags)),, -buildvcs=false)
comma := ,
# Everything comes through a proxy with checksums; Go's built-in default would also ask version control hosts directly.
export GOPROXY := $(patsubst %$(comma)direct,%,$(shell go env GOPROXY 2>/dev/null))
# The trust modules: whoever is wrong here hands out data about people.
RACE := internal/(base|ledger|consent|exchange|identity|access)(/|$$)

.PHONY: help build run quick test bench drill lint ci

help: ## print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{ printf "  make %-6s  %s\n", $$1, $$2 }'

build: ## build bin/amtsweg with its web assets
	@scripts/setup build
	@go run ./web/bundle
	@go build -o bin/amtsweg ./cmd/amtsweg

run: build ## open the demo world on http://localhost:8080
	@bin/amtsweg demo

quick: ## less than a minute: vet and the short tests, on SQLite, no browser
	@scripts/setup build
	@go run ./web/bundle
	@go vet ./...
	@go test -short ./...

test: ## everything: both engines, the race detector on base and the trust modules, journeys in a browser
	@scripts/step start
	@scripts/step "what must be installed" scripts/setup test
	@scripts/step "build" $(MAKE) build
	@scripts/step "go vet" go vet ./...
	@AMTSWEG_TEST_POSTGRES=required scripts/step "go test -race: base and the trust modules" \
		go test -count=1 -race -timeout 12m $$(go list ./... | grep -E '$(RACE)')
	@AMTSWEG_TEST_POSTGRES=required scripts/step "go test: everything else" \
		go test -count=1 -timeout 12m $$(go list ./... | grep -vE '$(RACE)')
	@scripts/step "journeys in the browser" node e2e/run.mjs
	@scripts/step report

bench: ## measure our hot paths against their limits, in turn (prints G lines)
	@scripts/setup bench
	@$(MAKE) build
	@go run ./bench

drill: ## break things on purpose (prints D lines)
	@scripts/setup bench
	@$(MAKE) build
	@go run ./drill

lint: bin/golangci-lint ## golangci-lint from its own module
	@bin/golangci-lint run

bin/golangci-lint: tools/go.mod tools/go.sum
	@echo "building golangci-lint from tools/go.mod (once; about 1.5 GB of modules and build cache)"
	@cd tools && go build -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

ci: ## what .ci/run does: make test, then the linter
	@$(MAKE) test
	@$(MAKE) lint
