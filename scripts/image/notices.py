"""What the image owes to others: the licences of the crates inside, and a bill of materials (CycloneDX 1.5)."""
import hashlib
import json
import re
import subprocess
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("minilab", "minilab-renderer")
TEXTS = re.compile(r"(licen[cs]e|copying|notice|unlicense)([-._].*)?", re.IGNORECASE)


def crates(machine):
    """Packages of cargo that are linked into the programs, as `cargo metadata` tells them."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={machine}-unknown-linux-gnu"]
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in told["packages"]}
    nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
    waiting = [package["id"] for package in packages.values() if package["name"] in PROGRAMS and package["source"] is None]
    seen = set(waiting)
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if linked and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    outside = [packages[name] for name in seen if packages[name]["source"] is not None]
    return sorted(outside, key=lambda package: (package["name"], package["version"]))


def licences(found):
    """Each licence text once, below the crates that it came with."""
    texts = {}
    for package in found:
        folder = Path(package["manifest_path"]).parent
        for path in sorted(folder.iterdir()):
            if path.is_file() and TEXTS.fullmatch(path.name):
                text = path.read_text(errors="replace").strip()
                texts.setdefault(hashlib.sha256(text.encode()).digest(), ([], text))[0].append(f"{package['name']} {package['version']}")
    parts = ["Crates that are linked into minilab and minilab-renderer, and their licences."]
    parts.append("\n".join(f"{package['name']} {package['version']}: {package['license']}" for package in found))
    parts += [f"{'=' * 100}\n{', '.join(names)}\n\n{text}" for names, text in texts.values()]
    return ("\n\n".join(parts) + "\n").encode()


def bill(version, found, packages, vips):
    """Components with their package URLs. `packages`: (name, version, architecture) of Debian's; `vips`: its version and SHA-256."""
    components = [{"type": "library", "name": package["name"], "version": package["version"],
                   "purl": f"pkg:cargo/{package['name']}@{package['version']}", "licenses": [{"expression": package["license"]}]}
                  for package in found]
    components += [{"type": "library", "name": name, "version": at,
                    "purl": f"pkg:deb/debian/{name}@{at.replace('+', '%2B')}?arch={architecture}&distro=debian-12"}
                   for name, at, architecture in packages]
    components.append({"type": "library", "name": "pyvips-binary", "version": vips[0], "purl": f"pkg:pypi/pyvips-binary@{vips[0]}",
                       "description": "libvips and the libraries linked into it, as one shared library",
                       "hashes": [{"alg": "SHA-256", "content": vips[1]}], "licenses": [{"expression": "LGPL-3.0-or-later"}]})
    for component in components:
        component["bom-ref"] = component["purl"]
    whole = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components,
             "metadata": {"component": {"type": "container", "name": "minilab", "version": version, "bom-ref": "minilab"}}}
    # The same content has the same number.
    whole["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(whole, sort_keys=True))}"
    return (json.dumps(whole, indent=1, sort_keys=True) + "\n").encode()
