# build   the binary, static                     test    what the README promises: vet-free, fast, every package
# check   gofmt, vet, staticcheck, race detector bench   calls and waiting time beside their lower bounds
# demo    break a service in the lab, diagnose, mend   update  rewrite golden files and generated documents
# test-scenarios  every scenario on SEEDS accounts: broken, diagnosed, solved, cheated; and typed with the aws command line
# accuracy  diagnoses of random worlds beside what was done to them: make accuracy N=1000 SEED=1
.PHONY: build test check bench demo update accuracy test-scenarios
export CGO_ENABLED = 0

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
SOURCES := $(shell find . -name '*.go' -o -name '*.yaml' -o -name '*.txtar' -o -name '*.json' -o -name '*.txt' | grep -v '^./bin/') go.mod go.sum

build: bin/ecsplain

bin/ecsplain: $(SOURCES)
	$(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/ecsplain

test:
	$(GO) test ./...

check:
	bash .ci/check

bench: build
	$(GO) run ./cmd/ecsplain-bench

N    ?= 1000
SEED ?= 1
NETWORKS ?= own
accuracy:
	$(GO) run ./cmd/ecsplain-accuracy -n $(N) -seed $(SEED) -networks $(NETWORKS)

demo: build
	./bin/ecsplain demo

SEEDS ?= 5
test-scenarios:
	$(GO) test ./lab -run 'TestScenarios|TestBaseWorlds' -seeds $(SEEDS) -aws all -timeout 30m
	$(GO) test ./diagnose -run 'TestScenarios|TestHerrings|TestHealthyWorld' -seeds $(SEEDS) -timeout 30m

update:
	$(GO) test ./diagnose/report -update
	$(GO) test ./playbooks -run 'TestCoverage|TestCorrections' -update
	$(GO) test ./lab -run TestDocIsCurrent -update
	$(GO) test ./cmd/ecsplain -update
