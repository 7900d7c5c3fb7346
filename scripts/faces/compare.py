#!/usr/bin/env python3
"""Builds `faces-compared` and runs it over the labelled photos and pictures of nobody, then MTCNN: `compare.py`.

The model of rustface lies in its crate, where Cargo unpacks it; its path is asked of Cargo. MTCNN has a Python environment of its own.
"""
import json
import subprocess
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main():
    manifest = ["--manifest-path", HERE / "Cargo.toml"]
    target = ["--target-dir", ROOT / "target" / "faces"]
    subprocess.run(["cargo", "build", "--release", *manifest, *target], check=True)
    told = subprocess.run(["cargo", "metadata", "--format-version", "1", *manifest], check=True, capture_output=True, text=True)
    [crate] = [package for package in json.loads(told.stdout)["packages"] if package["name"] == "rustface"]
    model = Path(crate["manifest_path"]).parent / "model" / "seeta_fd_frontal_v1.0.bin"
    labels = ROOT / "crates/faces/tests/photos/labels.json"
    nobody = ROOT / ".deps/photos"
    subprocess.run([ROOT / "target/faces/release/faces-compared", model, labels, nobody], check=True)
    subprocess.run([python(), HERE / "mtcnn.py", labels, nobody], check=True)


def python():
    """An interpreter that has what requirements.txt names, by hash."""
    folder = ROOT / "target/faces/python"
    venv.create(folder, with_pip=True)
    install = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement"]
    subprocess.run([*install, HERE / "requirements.txt"], check=True)
    return folder / "bin/python"


if __name__ == "__main__":
    main()
