# The two commands of the README, `make demo` and `make test`, and their parts.
SHELL := /bin/sh
CARGO ?= cargo
PYTHON ?= python3
.PHONY: demo run test corpus image image-packages storm rolling bench bench-fleet lint deps deps-test deps-chart deps-ship photos build audit fmt \
	goldens reference sheet faces chart curves fuzz sbom clean-demo

demo run: build
	@photos=$$($(PYTHON) scripts/photos.py --few) && $(PYTHON) scripts/demo.py "$$photos"

# Everything, ending in the test runner's own summary. It builds the programs too: a build before it would compile all
# libraries twice, since tests want more of some. Where the test servers or what checks chart and image cannot be had, their suites
# say that they are skipped; under CI that is a failure.
test: lint photos
	@sh scripts/deps-test.sh || [ "$$CI" != true ]
	@sh scripts/deps-chart.sh || [ "$$CI" != true ]
	@sh scripts/deps-ship.sh || [ "$$CI" != true ]
	$(PYTHON) scripts/cargo-tool.py nextest run --workspace --all-features --no-fail-fast

# An OCI image of the release build into target/image, without a container engine; the Containerfile does the same with one.
image: deps
	$(CARGO) build --release --locked -p minilab -p minilab-renderer
	$(PYTHON) scripts/image/image.py --programs $(or $(CARGO_TARGET_DIR),target)/release

# The versions and hashes of Debian's packages in the image anew, when fixed ones have replaced them. Look at the changes before they are committed.
image-packages:
	$(PYTHON) scripts/image/image.py --write-pins

# Users, bad weather and a reader, longer than in the tests: OPERATIONS=20000 takes an hour, SEED replays one.
storm: build photos deps-test
	MINILAB_STORM=$(or $(OPERATIONS),3000):$(or $(SEED),$$(date +%s)) $(PYTHON) scripts/cargo-tool.py nextest run -p minilab-tests --all-features -E 'binary(fleet) & test(storm::)' --no-capture

# Two versions of the program on one queue, while roles change from the one to the other and back. PREVIOUS is any revision.
rolling: build photos deps-test
	previous=$$(sh scripts/previous.sh $(PREVIOUS)) && MINILAB_PREVIOUS="$$previous" \
		$(CARGO) test -p minilab-tests --all-features --test fleet -- --ignored --nocapture two_versions_work

# The release build, because that is what ships. RUNS=5 counts more runs, PARTS=one_photo,memory does just these.
bench: deps photos
	$(CARGO) build --release -p minilab -p minilab-renderer -p minilab-bench
	$(CARGO) build --release -p minilab-renderer --example toll --example without
	$(PYTHON) scripts/bench/bench.py $(or $(CARGO_TARGET_DIR),target)/release $(if $(RUNS),--runs $(RUNS)) $(if $(PARTS),--only $(PARTS))

# The same of a fleet on real servers, into target/bench/fleet.md. PARTS=dispatcher,latency does just these.
bench-fleet: deps deps-test photos
	$(CARGO) build --release -p minilab -p minilab-renderer
	$(if $(PARTS),MINILAB_BENCH=$(PARTS)) $(CARGO) test --release -p minilab-tests --test fleet -- --ignored --nocapture figures_of_a_fleet

# Pictures that decoders are tested with elsewhere, and changed copies of them, through real renderers; prints the table of
# docs/SECURITY.md. SEED=7 and COUNT=20 change each otherwise, or more often.
corpus: deps
	$(PYTHON) scripts/corpus.py
	$(CARGO) build --workspace --all-features
	MINILAB_MUTATIONS=$(or $(SEED),1):$(or $(COUNT),2) $(CARGO) test -p minilab-tests --all-features --test hostile -- --ignored --nocapture

build: deps
	$(CARGO) build --workspace --all-features

deps:
	@sh scripts/deps.sh

deps-test:
	@sh scripts/deps-test.sh

deps-chart:
	@sh scripts/deps-chart.sh

deps-ship:
	@sh scripts/deps-ship.sh

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

# What both programs are made of, as CycloneDX, into target/sbom.
sbom:
	$(PYTHON) scripts/sbom.py --check

# Hostile inputs for every reader, by libFuzzer. TARGET=events does just this one, SECONDS=600 takes longer for each.
fuzz: deps
	$(PYTHON) scripts/fuzz.py $(TARGET) $(if $(SECONDS),--seconds $(SECONDS))

# References of tests/goldens anew, by the pinned sharp; needs node and npm. Look at the changes before they are committed.
goldens:
	npm ci --prefix scripts/goldens --no-audit --no-fund --silent
	node scripts/goldens/references.mjs
	node scripts/goldens/placeholders.mjs

# docs/RECIPES.md and its pictures anew, from the types and by the program. Look at the changes before they are committed.
reference: build
	MINILAB_WRITE_REFERENCE=1 $(CARGO) test -p minilab-tests --all-features --test reference every_example
	MINILAB_WRITE_REFERENCE=1 $(CARGO) test -p minilab-tests --all-features --test reference reference_tells

# docs/recipe/contact-sheet.webp and its table anew: every case of tests/goldens and every example. Look at them.
sheet: build
	MINILAB_WRITE_SHEET=1 $(CARGO) test -p minilab-tests --all-features --test sheet

# Detectors of faces side by side (docs/adr/0010-faces.md), as a program outside of the workspace.
faces: photos
	$(PYTHON) scripts/faces/compare.py

# The schema and README of the chart anew from its values.yaml, the schema of the configuration in it from the program, and the
# dashboards from scripts/dashboards.py. Look at the changes before they are committed.
chart: build
	target=$${CARGO_TARGET_DIR:-target} && "$$target/debug/minilab" schema config >helm/config.schema.json
	$(PYTHON) scripts/chart.py
	$(PYTHON) scripts/dashboards.py

# What the defaults of the encodings are chosen from (docs/adr/0005): half an hour of one core, kept in target/bench/curves.
curves: build photos
	$(PYTHON) scripts/bench/curves.py

fmt:
	$(CARGO) fmt --all

clean-demo:
	rm -rf demo
