#!/usr/bin/env python3
"""Writes what both programs are made of, as CycloneDX 1.5: `sbom.py [--check] [FOLDER]`, into target/sbom unless told.

cargo-cyclonedx tells of the crates; what Cargo does not know is added: the pinned libvips, by the hash of its wheel, and the
fonts and the model that are compiled in. `--check` reads the files back and says what a reader could not use.
"""
import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("minilab", "minilab-renderer")
# What cargo-cyclonedx calls the file that it puts beside every package of the workspace.
BESIDE = "minilab-sbom"


def fail(sentence):
    sys.exit(f"sbom: {sentence}")


def crates(name):
    """What cargo-cyclonedx tells of a program's package."""
    package = ROOT / "crates" / name.removeprefix("minilab-") / "Cargo.toml"
    command = [sys.executable, str(ROOT / "scripts/cargo-tool.py"), "cyclonedx", "-qq", "--manifest-path", str(package), "--format", "json",
               "--spec-version", "1.5", "--override-filename", BESIDE]
    try:
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            fail(f"cargo-cyclonedx cannot tell of {name}; the lines above say why")
        text = package.with_name(f"{BESIDE}.json").read_text()
    finally:
        for written in [*ROOT.glob(f"*/{BESIDE}.json"), *ROOT.glob(f"crates/*/{BESIDE}.json")]:
            written.unlink()
    # Where the sources lay when this was made is nobody's business.
    return json.loads(text.replace(f"path+file://{ROOT}/", "path+file:"))


def library():
    """libvips, with its codecs in one file, as scripts/deps.sh pins it for this machine."""
    text = (ROOT / "scripts/deps.sh").read_text()
    version = re.search(r"^version=(.*)$", text, re.M).group(1)
    pinned = re.search(rf'manylinux_2_28_{platform.machine()}"\) hash=([0-9a-f]{{64}})', text)
    if pinned is None:
        fail(f"scripts/deps.sh pins no libvips for {platform.machine()}")
    purl = f"pkg:pypi/pyvips-binary@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": "libvips",
        "version": version,
        "scope": "required",
        "purl": purl,
        "description": "libvips and what is linked into its file (GLib, libheif, libaom, librsvg, cairo, mozjpeg, libwebp, libspng, "
                       "libtiff, cgif, lcms2, libexif, Highway, zlib-ng): a shared library, unchanged; see NOTICE",
        "licenses": [{"expression": "LGPL-2.1-or-later AND LGPL-3.0-or-later"}],
        "hashes": [{"alg": "SHA-256", "content": pinned.group(1)}],
    }


def compiled_in():
    """Files that are part of the renderer and no crates."""
    def file(path, name, licence):
        content = (ROOT / path).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return {"type": "data" if path.endswith(".bin") else "file", "bom-ref": f"file:{path}", "name": name, "scope": "required",
                "licenses": [{"expression": licence}], "hashes": [{"alg": "SHA-256", "content": digest}]}
    fonts = sorted((ROOT / "crates/text/fonts").glob("*.[to]tf"))
    if not fonts:
        fail("crates/text/fonts holds no font")
    found = [file(str(font.relative_to(ROOT)), font.stem, "OFL-1.1") for font in fonts]
    return [*found, file("crates/faces/model/blazeface-full-range.bin", "blazeface-full-range", "Apache-2.0")]


def bill(name):
    bom = crates(name)
    if name == "minilab-renderer":
        more = [library(), *compiled_in()]
        bom["components"] += more
        ref = bom["metadata"]["component"]["bom-ref"]
        whole = next(entry for entry in bom["dependencies"] if entry["ref"] == ref)
        whole["dependsOn"] = [*whole.get("dependsOn", []), *(component["bom-ref"] for component in more)]
    # The same sources make the same file: its time goes, and its number follows from its content.
    del bom["metadata"]["timestamp"], bom["serialNumber"]
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True))}"
    return bom


def complaints(name, bom):
    """What a reader could not use."""
    found = []
    if (bom.get("bomFormat"), bom.get("specVersion")) != ("CycloneDX", "1.5"):
        found.append("it is no CycloneDX 1.5")
    if not re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bom.get("serialNumber", "")):
        found.append("its serial number is none")
    components = bom.get("components", [])
    refs = [component["bom-ref"] for component in components] + [bom["metadata"]["component"]["bom-ref"]]
    if len(refs) != len(set(refs)):
        found.append("a reference names two components")
    for component in components:
        what = component["bom-ref"]
        is_ours = component["name"].startswith("minilab")
        if not component.get("licenses"):
            found.append(f"{what} has no licence")
        if not is_ours and not component.get("hashes"):
            found.append(f"{what} has no hash")
        if any(not re.fullmatch(r"[0-9a-f]{64}", h["content"]) for h in component.get("hashes", [])):
            found.append(f"{what} has a hash that is none")
    for entry in bom.get("dependencies", []):
        found += [f"{entry['ref']} needs {needed}, which is not there" for needed in entry.get("dependsOn", []) if needed not in refs]
    required = {component["name"] for component in components if component["scope"] == "required"}
    expected = {"minilab": {"tokio", "rustls", "lapin", "minilab-worker"}, "minilab-renderer": {"libvips", "rs-vips", "roxmltree"}}
    found += [f"{missing} is missing" for missing in expected[name] - required]
    if name == "minilab" and {"libvips", "rs-vips"} & required:
        found.append("it links libvips, which only the renderer may")
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("folder", nargs="?", type=Path, default=Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "sbom")
    asked = arguments.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        path = asked.folder / f"{name}.cdx.json"
        path.write_text(json.dumps(bill(name), indent=1) + "\n")
        bom = json.loads(path.read_text())
        if asked.check and (wrong := complaints(name, bom)):
            fail(f"{path}: " + "; ".join(wrong))
        shipped = sum(component["scope"] == "required" for component in bom["components"])
        print(f"{path}: {shipped} parts, {len(bom['components']) - shipped} more to build it")


main()
