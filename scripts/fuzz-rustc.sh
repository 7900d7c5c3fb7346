#!/bin/sh
# What `scripts/fuzz.py` has Cargo call in place of the compiler for crates of this workspace: the same, with coverage. Other crates
# stay as they are, so that what is compiled for tests is not compiled again. The flags are those of cargo-fuzz, less the
# sanitizer, which wants a nightly compiler: our code forbids what it looks for.
set -eu
rustc=$1
shift
case " $* " in
# Cargo asks which conditions hold, to know what the fuzzer depends on.
*" --crate-name ___ "*) exec "$rustc" "$@" --cfg fuzzing ;;
*" build_script_"* | *" proc-macro "*) exec "$rustc" "$@" ;;
esac
exec "$rustc" "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
