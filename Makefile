# Everything a person does with this repository. `make demo` first; `make test` before a change goes in.

SWIFT := swift
PACKAGES := libopenblas-dev libzmq3-dev libprotobuf-c-dev libsodium-dev libxxhash-dev \
  libsqlite3-dev libjpeg62-turbo-dev libpng-dev zlib1g-dev
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
MARTLET := .build/release/martlet
RESULTS := runs/demo
SOURCES := Package.swift Sources Tests Examples

MINUTES := 10
SEED := 1

.PHONY: all build packages demo test own chaos audit check format lint bench fuzz fuzz-corpus proto clean

all: build

# Asks the package manager only for what is missing, so that nothing needs root where all is there.
packages:
	@missing=""; for package in $(PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: packages
	$(SWIFT) build -c release

# A coordinator and two workers as processes of their own, one job, and what came out of it. `exec`,
# so that Ctrl-C reaches martlet itself, which ends its workers.
demo: build
	@rm -rf $(RESULTS)
	@exec $(MARTLET) run Examples/jobs/demo.yaml --workers 2 --output $(RESULTS)

# The same flags as `build` has, so that only the tests are compiled anew.
test: packages lint
	$(SWIFT) build -c release
	$(SWIFT) test -c release --disable-testable-imports
	$(MAKE) --no-print-directory own

# The package of somebody else: it builds with what is public, and its recipe trains. In this
# package's build folder and with its versions, so that only that recipe is compiled; the plan of what
# to build, which the build tool keeps there, is for one package and so removed after each.
OWN := Examples/OwnRecipe
PLAN := .build/release.yaml .build/*/release/description.json
own: build
	@cp Package.resolved $(OWN)/; rm -f $(PLAN); trap 'rm -f $(PLAN)' EXIT; \
	$(SWIFT) build -c release --package-path $(OWN) --scratch-path .build --product own
	@folder=$$(mktemp -d); trap 'rm -rf $$folder' EXIT; \
	.build/release/own run $(OWN)/job.yaml --output $$folder/run --print-digest

# Real processes on hosts in network namespaces (root), killed, stopped and cut off for MINUTES; the
# report says what they made of it. KIND=kill EVERY=60 for one trouble at one pace, JSON=FILE for
# programs, KEEP=FOLDER for a timeline and the processes' own words, another SEED for another course.
# Whatever happens, the hosts are removed.
chaos: build
	@export MARTLET_LAB=chaos$$$$ MARTLET_CHAOS_MINUTES=$(MINUTES) MARTLET_CHAOS_SEED=$(SEED) \
	  MARTLET_CHAOS_KIND=$(KIND) MARTLET_CHAOS_EVERY=$(EVERY) MARTLET_CHAOS_JSON=$(abspath $(JSON)) \
	  MARTLET_CHAOS_KEEP=$(abspath $(KEEP)) MARTLET_CHAOS_STEPS=$(STEPS) \
	  MARTLET_CHAOS_EXPECTED=$(EXPECTED); \
	trap 'cluster/lab down 2>/dev/null' EXIT; trap 'exit 130' INT TERM; \
	$(SWIFT) test -c release --disable-testable-imports --filter 'ChaosTests/`a long time'

# Every sample once an epoch and in one order, whatever is killed, for all three ways to reach data
# (root): EPOCHS epochs in each, with the tables.
EPOCHS := 3
audit: build
	@export MARTLET_LAB=audit$$$$ MARTLET_AUDIT_EPOCHS=$(EPOCHS); \
	trap 'cluster/lab down 2>/dev/null' EXIT; trap 'exit 130' INT TERM; \
	$(SWIFT) test -c release --disable-testable-imports --filter AuditTests

check: test

lint:
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)

format:
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

# What a step costs on this machine, without a coordinator.
bench: build
	@for workers in 1 2; do \
	  folder=$$(mktemp -d); \
	  $(MARTLET) run Examples/jobs/demo.yaml --set steps=60 --workers $$workers \
	    --output $$folder/run; rm -rf $$folder; done

# Hostile bytes for everything that reads foreign ones: each target for FUZZ_SECONDS of processor
# time under libFuzzer and AddressSanitizer (docs/fuzzing.md). A build folder of its own, since all
# modules are compiled with other flags; no other build sees the fuzzer.
FUZZ_SECONDS := 60
FUZZ_TARGETS :=
LIBFUZZER = $(firstword $(wildcard $(dir $(realpath $(shell which swiftc)))../lib/swift/clang/lib/*/libclang_rt.fuzzer_no_main-$(shell uname -m).a))
FUZZER := .build/fuzz/release/fuzzer

fuzz: fuzzer
	Tests/Fuzz/fuzz.sh run $(FUZZER) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# Keeps of what was found so far the fewest inputs that reach as much, for `make test` to replay.
fuzz-corpus: fuzzer
	Tests/Fuzz/fuzz.sh keep $(FUZZER) $(FUZZ_TARGETS)

.PHONY: fuzzer
fuzzer: packages
	@test -n "$(LIBFUZZER)" || { echo "no libFuzzer beside $(SWIFT)"; exit 1; }
	MARTLET_FUZZ=$(LIBFUZZER) $(SWIFT) build -c release --scratch-path .build/fuzz \
	  --product fuzzer --sanitize address -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer \
	  -Xcc -fsanitize=fuzzer-no-link

# The messages; the generated C is committed, so only a change of proto/ needs protoc-c.
proto: PACKAGES += protobuf-c-compiler protobuf-compiler
proto: packages
	proto/generate.sh

clean:
	rm -rf .build
