# The two commands of the README, `make demo` and `make test`, and their parts.
SHELL := /bin/sh
CARGO ?= cargo
PYTHON ?= python3
.PHONY: demo run test lint deps photos build audit fmt clean-demo

demo run: build
	@photos=$$($(PYTHON) scripts/photos.py --few) && $(PYTHON) scripts/demo.py "$$photos"

# Everything, ending in the test runner's own summary.
test: lint build photos
	$(PYTHON) scripts/cargo-tool.py nextest run --workspace --all-features --no-fail-fast

build: deps
	$(CARGO) build --workspace --all-features

deps:
	@sh scripts/deps.sh

photos:
	@$(PYTHON) scripts/photos.py >/dev/null

lint: deps
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-features --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --all-features --no-deps --document-private-items --quiet
	$(PYTHON) scripts/cargo-tool.py deny check --hide-inclusion-graph bans licenses sources

# Known vulnerabilities; ADVISORY_DB names a copy of the RustSec database where there is no network.
audit:
	$(PYTHON) scripts/cargo-tool.py audit $(if $(ADVISORY_DB),--db $(ADVISORY_DB) --no-fetch)

fmt:
	$(CARGO) fmt --all

clean-demo:
	rm -rf demo
