#!/usr/bin/env python3
"""`make image`: an OCI image of the two programs without a container engine, the same bytes for the same programs.

Inside are the programs, the pinned libvips (/usr/lib, where minilab-renderer looks: `../lib` beside its own folder), and the few
packages of Debian that they need; no shell and no package manager. It runs as a user that is nobody.
"""
import argparse
import datetime
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import debian
import notices
import oci

ROOT = Path(__file__).resolve().parents[2]
USER = 65532
PORTS = {"8080/tcp": {}, "9090/tcp": {}, "9091/tcp": {}}
VIPS = ROOT / ".deps/vips"


def fail(sentence):
    sys.exit(f"image: {sentence}")


def git(*arguments):
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def base(packages):
    tree = oci.Tree("Debian packages: " + " ".join(path.name.removesuffix(".deb") for path in packages.values()))
    debian.unpack(packages, tree)
    tree.file("etc/passwd", f"root:x:0:0:root:/root:/sbin/nologin\nminilab:x:{USER}:{USER}:minilab:/nonexistent:/sbin/nologin\n".encode())
    tree.file("etc/group", f"root:x:0:\nminilab:x:{USER}:\n".encode())
    tree.file("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n")
    tree.folder("tmp", 0o1777)
    for mounted in ("proc", "sys", "dev", "run"):
        tree.folder(mounted)
    return tree


def libvips():
    tree = oci.Tree("libvips, unmodified; replace /usr/lib/libvips-*.so.* to use another build of this version")
    (library,) = (path for path in (VIPS / "lib").iterdir() if not path.is_symlink())
    tree.file(f"usr/lib/{library.name}", library.read_bytes())
    for path in (VIPS / "licences").iterdir():
        tree.file(f"usr/share/doc/libvips/{path.name}", path.read_bytes())
    version = next(line.split()[1] for line in (VIPS / "licences/METADATA").read_text().splitlines() if line.startswith("Version: "))
    return tree, (version, hashlib.sha256(library.read_bytes()).hexdigest())


def programs(folder, work, licences):
    tree = oci.Tree("minilab and minilab-renderer")
    for name in notices.PROGRAMS:
        if not (folder / name).is_file():
            fail(f"{folder / name} is missing; `make image` builds it")
        stripped = work / name
        try:
            subprocess.run(["strip", "--strip-all", "-o", stripped, folder / name], check=True)
        except FileNotFoundError:
            fail("strip is not installed (Debian: binutils)")
        tree.file(f"usr/bin/{name}", stripped.read_bytes(), 0o755)
    for name in ("NOTICE", "LICENSE-APACHE", "LICENSE-MIT"):
        tree.file(f"usr/share/doc/minilab/{name}", (ROOT / name).read_bytes())
    tree.file("usr/share/doc/minilab/licences-of-crates.txt", licences)
    return tree


def labels(version):
    said = {
        "title": "minilab", "description": "Makes every configured derivative of an uploaded image, once, and stores them as static files for a CDN.",
        "version": version, "revision": git("rev-parse", "HEAD"), "licenses": "(Apache-2.0 OR MIT) AND LGPL-3.0-or-later", "vendor": "The minilab maintainers",
        # Where the sources are is known where it is released.
        "source": os.environ.get("MINILAB_SOURCE", ""),
    }
    return {f"org.opencontainers.image.{name}": value for name, value in said.items() if value}


def build(programs_folder, out, root, newer):
    machine = platform.machine()
    if machine not in debian.ARCHITECTURES or sys.platform != "linux":
        fail(f"no packages are pinned for {sys.platform} on {machine}")
    architecture = debian.ARCHITECTURES[machine]
    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or 0)
    created = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    crates = notices.crates(machine)
    version = next(line.split('"')[1] for line in (ROOT / "Cargo.toml").read_text().splitlines() if line.startswith("version = "))
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        packages = debian.fetch(architecture, ROOT / ".deps/image", work, newer)
        vips, vips_version = libvips()
        layout = oci.Layout(moment, created)
        fetched = unpacked = 0
        for tree in (base(packages), vips, programs(programs_folder, work, notices.licences(crates))):
            if root:
                tree.write(root)
                continue
            sizes = layout.add(tree)
            fetched, unpacked = fetched + sizes[0], unpacked + sizes[1]
            print(f"image: {sizes[0] / 1e6:6.1f} MB, unpacked {sizes[1] / 1e6:6.1f} MB: {tree.says}", file=sys.stderr)
    if root:
        return
    config = {"User": f"{USER}:{USER}", "Entrypoint": ["/usr/bin/minilab"], "Cmd": ["--help"], "WorkingDir": "/tmp", "ExposedPorts": PORTS,
              "Env": ["PATH=/usr/bin"], "StopSignal": "SIGTERM"}
    archive, digest = layout.finish(architecture, config, labels(version), version)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"minilab-{version}-{architecture}.oci.tar"
    path.write_bytes(archive)
    debs = [path.name.removesuffix(".deb").rsplit("_", 2) for path in packages.values()]
    (out / f"minilab-{version}-{architecture}.cdx.json").write_bytes(notices.bill(version, crates, debs, vips_version))
    print(f"image: {path}, {fetched / 1e6:.1f} MB to fetch, {unpacked / 1e6:.1f} MB unpacked", file=sys.stderr)
    print(digest)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=ROOT / "target/release", help="folder of the two programs")
    parser.add_argument("--out", type=Path, default=ROOT / "target/image", help="folder for the image and its bill of materials")
    parser.add_argument("--root", type=Path, help="write the content to this folder instead, for a container engine")
    parser.add_argument("--newer", action="store_true", help="take packages that have replaced the pinned ones")
    parser.add_argument("--write-pins", action="store_true", help="write packages.txt anew, and nothing else")
    arguments = parser.parse_args()
    try:
        if arguments.write_pins:
            with tempfile.TemporaryDirectory() as work:
                debian.write_pins(Path(work))
        else:
            build(arguments.programs, arguments.out, arguments.root, arguments.newer)
    except debian.Missing as missing:
        fail(str(missing))


main()
