#!/usr/bin/env python3
"""Lets libFuzzer look for inputs that break what `fuzz/src` says of every reader: `fuzz.py [TARGET ...] [--seconds N]`.

One program for all targets, of which our own crates are built with coverage, on a stable compiler. What it learns is kept in
target/fuzz/corpus, what it finds in target/fuzz/found: add a found case to fuzz/seeds/TARGET once it is fixed. Ends with 1
where something was found.
"""
import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TARGET = BUILT / "fuzz"
# Longest input, and how long one may take: a reader that takes ten seconds for it hangs.
LIMITS = ["-max_len=65536", "-timeout=10", "-rss_limit_mb=2048"]


def fail(sentence):
    sys.exit(f"fuzz: {sentence}")


def build():
    environment = {**os.environ, "RUSTC_WORKSPACE_WRAPPER": str(ROOT / "scripts/fuzz-rustc.sh")}
    # All features, as everywhere: other ones would compile what others wrote once more.
    command = [os.environ.get("CARGO", "cargo"), "build", "--workspace", "--all-features", "--bin", "minilab-fuzz"]
    if subprocess.run(command, cwd=ROOT, env=environment).returncode != 0:
        fail("the fuzzer cannot be built")
    return BUILT / "debug" / "minilab-fuzz"


def targets():
    """Names and folders of seeds, as the library has them."""
    text = (ROOT / "fuzz/src/lib.rs").read_text()
    found = re.findall(r'name: "(\w+)",\s+run: [\w:]+,\s+samples: &\[([^\]]*)\]', text)
    return {name: [ROOT / "fuzz/seeds" / name, *(ROOT / folder for folder in re.findall(r'"([^"]+)"', samples))] for name, samples in found}


def run(binary, name, seeds, seconds):
    corpus, found = TARGET / "corpus" / name, TARGET / "found" / name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    command = [binary, *LIMITS, f"-max_total_time={seconds}", "-print_final_stats=1", f"-artifact_prefix={found}/", corpus, *seeds]
    ended = subprocess.run([str(part) for part in command], cwd=TARGET, capture_output=True, text=True, errors="replace",
                           env={**os.environ, "MINILAB_FUZZ_TARGET": name, "RUST_BACKTRACE": "1"})
    told = re.search(r"stat::number_of_executed_units:\s*(\d+)", ended.stderr)
    edges = re.findall(r"\bcov: (\d+)", ended.stderr)
    new = sorted(set(found.iterdir()) - before)
    executions = int(told.group(1)) if told else 0
    print(f"{name:<12} {executions:>12,} executions  {edges[-1] if edges else '?':>6} edges  {len(new)} found", flush=True)
    if ended.returncode != 0:
        print("\n".join(ended.stderr.splitlines()[-40:]))
        for path in new:
            print(f"  {path}")
    return ended.returncode == 0 and executions > 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("targets", nargs="*")
    arguments.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    asked = arguments.parse_args()
    known = targets()
    for name in asked.targets:
        if name not in known:
            fail(f"{name} is no target; there are {', '.join(known)}")
    binary = build()
    ended_well = [run(binary, name, known[name], asked.seconds) for name in asked.targets or known]
    sys.exit(0 if all(ended_well) else 1)


main()
