#!/usr/bin/env python3
"""Writes what both programs are made of, as CycloneDX 1.6: `sbom.py [--check] [FOLDER]`, into target/sbom unless told.

Crates come from Cargo's own resolution of what a program links and of what only builds it (scope `excluded`), with their hashes
from Cargo.lock. What Cargo does not know is added by hand: the pinned libvips, by the hash of its wheel, and the fonts and the
model that are compiled in. `--check` reads the files back and says what a reader could not use.
"""
import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {"minilab": "minilab", "minilab-renderer": "minilab-renderer"}


def fail(sentence):
    sys.exit(f"sbom: {sentence}")


def cargo(*arguments):
    said = subprocess.run([os.environ.get("CARGO", "cargo"), *arguments], cwd=ROOT, capture_output=True, text=True)
    if said.returncode != 0:
        fail(f"cargo {arguments[0]} failed: {said.stderr.strip()}")
    return said.stdout


def host():
    return re.search(r"^host: (.*)$", subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout, re.M).group(1)


def linked(metadata, root):
    """Ids of what a package links, and of what only builds that (build scripts, procedural macros and what they link)."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    packages = {package["id"]: package for package in metadata["packages"]}
    macros = {i for i, package in packages.items() if any("proc-macro" in target["kind"] for target in package["targets"])}
    ships, builds, waiting = set(), set(), [(root, True)]
    while waiting:
        found, is_shipped = waiting.pop()
        is_shipped = is_shipped and found not in macros
        if found in ships or (not is_shipped and found in builds):
            continue
        (ships if is_shipped else builds).add(found)
        for dependency in nodes[found]["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            if None in kinds:
                waiting.append((dependency["pkg"], is_shipped))
            if "build" in kinds:
                waiting.append((dependency["pkg"], False))
    return ships, builds - ships


def crate(package, hashes, is_shipped):
    name, version = package["name"], package["version"]
    component = {
        "type": "library",
        "bom-ref": f"pkg:cargo/{name}@{version}",
        "name": name,
        "version": version,
        "scope": "required" if is_shipped else "excluded",
        "purl": f"pkg:cargo/{name}@{version}",
    }
    if package.get("license"):
        # Cargo also takes a slash for OR.
        component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if (name, version) in hashes:
        component["hashes"] = [{"alg": "SHA-256", "content": hashes[name, version]}]
    if package.get("repository"):
        component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return component


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


def bill(name, metadata, hashes):
    packages = {package["id"]: package for package in metadata["packages"]}
    root = next(package for package in metadata["packages"] if package["name"] == PROGRAMS[name] and package["source"] is None)
    ships, builds = linked(metadata, root["id"])
    components = [crate(packages[i], hashes, i in ships) for i in ships | builds if i != root["id"]]
    if name == "minilab-renderer":
        components += [library(), *compiled_in()]
    components.sort(key=lambda component: component["bom-ref"])
    ref = f"pkg:cargo/{root['name']}@{root['version']}"
    refs = {i: f"pkg:cargo/{packages[i]['name']}@{packages[i]['version']}" for i in ships | builds}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    dependencies = [{"ref": refs[i], "dependsOn": sorted({refs[d["pkg"]] for d in nodes[i]["deps"] if d["pkg"] in refs} - {refs[i]})}
                    for i in sorted(refs, key=refs.get)]
    for more in [component["bom-ref"] for component in components if not component["bom-ref"].startswith("pkg:cargo/")]:
        next(entry for entry in dependencies if entry["ref"] == ref)["dependsOn"].append(more)
    content = json.dumps([components, dependencies], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Of the content, so that the same sources make the same file.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name + content)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": ref, "name": name, "version": root["version"],
                                   "purl": ref, "licenses": [{"expression": root["license"]}]}},
        "components": components,
        "dependencies": dependencies,
    }


def complaints(name, bom):
    """What a reader could not use."""
    found = []
    if (bom.get("bomFormat"), bom.get("specVersion")) != ("CycloneDX", "1.6"):
        found.append("it is no CycloneDX 1.6")
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
        found += [f"{entry['ref']} needs {needed}, which is not there" for needed in entry["dependsOn"] if needed not in refs]
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
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--locked", "--filter-platform", host()))
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    hashes = {(package["name"], package["version"]): package["checksum"] for package in locked if "checksum" in package}
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        path = asked.folder / f"{name}.cdx.json"
        path.write_text(json.dumps(bill(name, metadata, hashes), indent=1) + "\n")
        bom = json.loads(path.read_text())
        if asked.check and (wrong := complaints(name, bom)):
            fail(f"{path}: " + "; ".join(wrong))
        shipped = sum(component["scope"] == "required" for component in bom["components"])
        print(f"{path}: {shipped} parts, {len(bom['components']) - shipped} more to build it")


main()
