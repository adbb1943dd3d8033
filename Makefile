# Pharos, from a clean clone: `make run` starts it, `make test` tests it. Each target sets up what it needs.
# What is built from what is written here; how tools are found and installed is in scripts/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help
export CARGO_TARGET_DIR ?= $(CURDIR)/target

TOOLS := scripts/with-tools

# Each part's outcome, and what it is made from.
NODE_MODULES := node_modules/.package-lock.json
WASM := pkg/wasm/pharos_sdk_bg.wasm
SDK := pkg/dist/index.js
WWW := www/dist/index.html
BIN := $(CARGO_TARGET_DIR)/release/pharos

files = $(shell find $(1) -type f 2>/dev/null)
WASM_FROM := Cargo.toml Cargo.lock .cargo/config.toml pkg/build.mjs $(call files,model/Cargo.toml model/src sdk-wasm/Cargo.toml sdk-wasm/src)
SDK_FROM := $(WASM) tsconfig.base.json $(call files,pkg/src $(wildcard pkg/*.json pkg/*.mjs))
WWW_FROM := $(SDK) tsconfig.base.json $(filter-out www/dist/%,$(call files,www))

# Tests, oracle and benchmarks run the release binary.
export PHAROS_BIN ?= $(BIN)

.PHONY: help run build sdk www server test check oracle bench fmt clean setup

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target text; do \
	  printf '  make %-8s %s\n' "$$target" "$$text"; done

run: build ## build everything and start the server on an SQLite file in .pharos/
	@exec $(BIN) serve

build: server ## build everything: target/release/pharos with the SDK and the pages in it

sdk: setup $(SDK) ## the SDK: Rust to wasm to the npm package, pkg/dist

www: setup $(WWW) ## the dashboard and the demo shop, www/dist

# cargo knows best whether there is anything to do.
server: www ## the server alone: target/release/pharos
	@$(TOOLS) cargo build --locked --release -p pharos-server

test: build ## every test, on SQLite and PostgreSQL, in a real browser
	@scripts/setup test
	@scripts/test

check: www ## format, lints, types, licences and advisories
	@scripts/setup check
	@scripts/check

oracle: build ## the crash oracle, minutes of faults: make oracle ARGS=--help
	@scripts/setup database
	@$(TOOLS) node tests/oracle/main.mjs $(ARGS)

bench: build ## events persisted a second and what each costs: make bench ARGS=--help
	@scripts/setup database
	@$(TOOLS) node tests/bench/main.mjs $(ARGS)

fmt: setup $(NODE_MODULES) ## format everything
	@$(TOOLS) cargo fmt --all
	@$(TOOLS) prettier --write --log-level warn .

clean: ## delete everything built (not the tools' cache, not your data)
	rm -rf target node_modules pkg/dist pkg/dist-server pkg/wasm pkg/wasm-full www/dist tests/.out

setup:
	@scripts/setup build

$(NODE_MODULES): package.json package-lock.json $(wildcard */package.json) | setup
	@$(TOOLS) npm ci
	@touch $@

$(WASM): $(WASM_FROM) $(NODE_MODULES) | setup
	@$(TOOLS) npm run build:wasm -w pkg
	@touch $@

$(SDK): $(SDK_FROM)
	@$(TOOLS) npm run build:js -w pkg
	@touch $@

$(WWW): $(WWW_FROM)
	@$(TOOLS) npm run build -w www
	@touch $@
