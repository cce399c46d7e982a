# The few commands of the project. `make help` lists them.

CARGO ?= cargo
DEMO_ARGS ?=
BENCH_ARGS ?= short
FUZZ_ARGS ?= 60

.DEFAULT_GOAL := help
.PHONY: help demo test test-long check tidy lint unit doctest fuzz bench doc
.PHONY: setup setup-test

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: setup ## place a call to a simulated callee and show it; DEMO_ARGS="--lang en --persona 003"
	@echo "demo: building waihu (the first build fetches and compiles its dependencies)"
	$(CARGO) build --locked -p app --bin waihu
	$(CARGO) run -q --locked -p app --bin waihu -- demo $(DEMO_ARGS)

test: setup-test tidy lint unit doctest ## everything that has to hold before a change is finished

test-long: setup-test ## what is longer: 200 kills, simulation, fuzzing, soak; LONG_BUDGET_S=1800 leaves out the rest
	@scripts/test-long.sh

check: tidy lint ## the same without running tests: house rules, style, lints

tidy: ## style and house rules alone, in seconds
	$(CARGO) fmt --all --check
	$(CARGO) run -q --locked -p xtask --no-default-features -- tidy

lint:
	$(CARGO) clippy --workspace --all-targets --all-features --locked -- -D warnings

# cargo-nextest runs the tests of all crates side by side; without it cargo does crate by crate.
unit:
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --workspace --locked --no-fail-fast \
			--test-threads "$$((4 * $$(nproc)))"; \
	else \
		set -x; $(CARGO) test --workspace --tests --locked --no-fail-fast; \
	fi

doctest:
	$(CARGO) test --workspace --doc --locked

fuzz: ## search a minute with each fuzz target for inputs that break a parser; FUZZ_ARGS="600 sdp"
	@scripts/fuzz.sh $(FUZZ_ARGS)

bench: setup ## the short benchmark, in release; BENCH_ARGS="..." for others
	$(CARGO) run --release --locked -p bench -- $(BENCH_ARGS)

doc: ## the crates' own documentation, in target/doc
	$(CARGO) doc --no-deps --workspace --locked

setup: ## install what running needs from Debian (says what, does nothing if nothing is missing)
	@scripts/setup.sh runtime

setup-test: ## the same for the test suite
	@scripts/setup.sh test
