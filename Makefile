# Octopod. `make help` lists the targets; README.md describes the workflow.

GO     ?= go
OUT    ?= bin
# The stock tools that tests and benchmarks compare with, built from Go modules.
TOOLS  := $(CURDIR)/$(OUT)/tools
KUSTOMIZE_VERSION := v5.8.1
JSONNET_VERSION   := v0.22.0
HELM_VERSION      := v3.18.6
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

export PATH := $(TOOLS):$(PATH)

# The folder of the cluster that `make cluster` starts.
CLUSTER ?= /tmp/octopod-cluster
# The version of Argo CD on it and in the end-to-end tests: v2 (2.14.21) or v3 (3.5.7).
ARGOCD ?= v2
e2e e2e-faults: export OCTOPOD_ARGOCD = $(ARGOCD)

.PHONY: help build release demo cluster cluster-down demo-cluster test e2e e2e-faults needs-test needs-e2e deps lint golden fuzz bench bench-cluster tools clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The address of the published repository stands here only.
REPOSITORY  ?= github.com/acme/octopod
# A minisign key without a password signs the checksums of a release.
SIGNING_KEY ?=
TARGETS     ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64

build: ## build bin/octopod
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(OUT)/octopod ./cmd/octopod

release: ## build archives, packages and manifests of VERSION in dist/ (TARGETS=linux/amd64 for one)
	$(GO) -C .ci/release run . -source $(CURDIR) -out $(CURDIR)/dist -version $(VERSION) -repository $(REPOSITORY) -targets '$(TARGETS)' -signing-key '$(SIGNING_KEY)'

demo: build ## run the demo in a scratch folder, step by step
	$(OUT)/octopod demo

cluster: build ## start a real Kubernetes and Argo CD on this machine, with a real node where possible (first build: half an hour)
	$(GO) run ./examples/cluster/cmd/cluster up --node --argocd $(ARGOCD) --dir $(CLUSTER) --projects 'shop,e2e-*'

cluster-down: ## stop that cluster
	$(GO) run ./examples/cluster/cmd/cluster down --dir $(CLUSTER)

demo-cluster: build ## run the demo on that cluster; start the cluster if necessary
	$(GO) run ./examples/cluster/cmd/demo --dir $(CLUSTER) --octopod $(OUT)/octopod

# lint runs go vet, and test binaries need no debug information: -vet=off -ldflags=-w save a minute on two cores.
test: needs-test tools ## run every test that needs no cluster, with the race detector
	$(GO) test -race -vet=off -ldflags=-w -timeout 30m ./...
	$(GO) -C generator/auth/dextest test -mod=mod ./...
	$(GO) -C .ci/release test ./...

e2e: needs-e2e ## build and start a real Kubernetes and Argo CD, and run the end-to-end tests on them
	$(GO) run ./examples/cluster/cmd/cluster build --forge --node --argocd $(ARGOCD)
	$(GO) run ./examples/cluster/cmd/cluster build --argocd v3
	$(GO) test -tags cluster -count 1 -timeout 40m ./examples/cluster/e2e

e2e-faults: needs-e2e ## stop each part of Argo CD in turn, and compare with docs/argocd-faults.md (a quarter of an hour)
	$(GO) run ./examples/cluster/cmd/cluster build --argocd $(ARGOCD)
	$(GO) test -tags cluster -count 1 -timeout 40m -v ./examples/cluster/e2e -run FaultsOf -faults

# These two stop a target before it starts, when a program is missing.
needs-test needs-e2e: needs-%:
	@.ci/needs $*

deps: ## install the programs that tests need, on Debian and Ubuntu
	.ci/needs install

lint: ## run gofmt, go vet, staticcheck and golangci-lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'run gofmt -w on:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet -tags cluster ./...
	$(GO) tool staticcheck -tags cluster ./...
	$(GO) tool -modfile=.ci/golangci-lint.mod golangci-lint run ./...

golden: ## regenerate envs/ and every golden file; `git diff` must then be empty
	$(GO) test ./generator/staging ./generator/project/schema ./generator/check ./generator/render ./generator/argocd ./cmd/octopod -update
	$(GO) test ./generator -run TestThisRepositoryIsWhatOctopodWrites -update

fuzz: ## run each fuzz target for 60 seconds
	$(GO) test ./generator/staging -run '^$$' -fuzz FuzzNameOf -fuzztime 60s -fuzzminimizetime 10x
	$(GO) test ./generator/project -run '^$$' -fuzz FuzzParse -fuzztime 60s -fuzzminimizetime 10x
	$(GO) test ./generator/project/strictyaml -run '^$$' -fuzz FuzzDecode -fuzztime 60s -fuzzminimizetime 10x
	$(GO) test ./generator/envrepo -run '^$$' -fuzz FuzzDecode -fuzztime 60s -fuzzminimizetime 10x
	$(GO) test ./generator/project -run '^$$' -fuzz FuzzOverride -fuzztime 60s -fuzzminimizetime 10x
	$(GO) test ./generator/giturl -run '^$$' -fuzz FuzzParse -fuzztime 60s -fuzzminimizetime 10x
	$(GO) test ./generator/branch -run '^$$' -fuzz FuzzReadHook -fuzztime 60s -fuzzminimizetime 10x

bench: build tools ## measure speed and memory against stock tools, for docs/benchmarks.md
	$(GO) test -run '^$$' -bench Goal -benchtime 1x -timeout 60m ./generator/... ./cmd/octopod

bench-cluster: ## measure deploys, a burst and a watch on a real cluster, for docs/benchmarks.md
	$(GO) test -tags cluster -run '^$$' -bench Goal -benchtime 1x -timeout 30m -v ./examples/cluster/e2e

# The stock tools, each in its own module, never in go.mod of Octopod.
tools: $(TOOLS)/kustomize $(TOOLS)/jsonnet $(TOOLS)/helm

$(TOOLS)/kustomize:
	GOBIN=$(TOOLS) $(GO) install sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION)

$(TOOLS)/jsonnet:
	GOBIN=$(TOOLS) $(GO) install github.com/google/go-jsonnet/cmd/jsonnet@$(JSONNET_VERSION)

$(TOOLS)/helm:
	GOBIN=$(TOOLS) $(GO) install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)

clean: ## remove the built programs
	rm -rf $(OUT)
