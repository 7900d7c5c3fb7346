#!/usr/bin/env python3
"""Fetches pictures that others test their decoders with into .deps/corpus/: files of bug reports, fuzzers and odd cameras.

They come from Debian's source packages (apt, without root and into folders of its own), the source of pillow_heif (pip) and crates of
the image-rs family (cargo), each checked against its sha256. What this machine's package sources have in another version, or not at all,
is left out, and that is said. Nothing of it is built; pip asks pillow_heif's source for its name. Quick when all is there.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".deps" / "corpus"
# Source package: the file with upstream's source, and its hash.
DEBIAN = {
    "pillow": ("pillow_9.4.0.orig.tar.xz", "0a58ccfbd002838b32e21773bfdaa954a2de08d1f04b87b63d14e751fec3264d"),
    "libpng1.6": ("libpng1.6_1.6.39.orig.tar.gz", "a00e9d2f2f664186e4202db9299397f851aea71b36a35e74910b8820e380d441"),
    "tiff": ("tiff_4.5.0.orig.tar.bz2", "638f43d7dea33948d5dee7f39572fc0194d9cc3c74195de9dd26a4388a1f880a"),
    "giflib": ("giflib_5.2.1.orig.tar.gz", "31da5562f44c5f15d63340a09a4fd62b48c45620cd302f77a6d9acf0077879bd"),
    "libexif": ("libexif_0.6.24.orig.tar.gz", "d3fb7c47829ec4d2def39aa38f4c35a0891763448a05dbf216a329a12bf198f9"),
    "exiv2": ("exiv2_0.27.6.orig.tar.gz", "f16ee5ff08b6994c66106109417857f13e711fca100ac43c6a403d4f02b59602"),
}
PILLOW_HEIF = ("0.22.0", "61d473929340d3073722f6316b7fbbdb11132faa6bac0242328e8436cc55b39a")
# Crates whose packages carry their tests' pictures.
CRATES = {
    ("image", "0.24.9"): "5690139d2f55868e080017335e4b94cb7414274c74f1669c84fb5feba2c9f69d",
    ("tiff", "0.9.1"): "ba1310fcea54c6a9a4fd1aad794ecc02c31682f6bfbecdf460bf19533eed1e3e",
    ("jpeg-decoder", "0.3.1"): "f5d4a7da358eff58addd2877a45865158f0d78c911d43a5784ceb7bbf52833b0",
    ("kamadak-exif", "0.5.5"): "ef4fc70d0ab7e5b6bafa30216a6b48705ea964cdfc29c050f2412295eba58077",
}
MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\xff\x0a", b"BM", b"8BPS", b"%!PS", b"\0\0\1\0")
ENDINGS = {".jpg", ".jpeg", ".jpe", ".png", ".gif", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".hif", ".jxl", ".svg", ".jp2", ".bmp",
           ".psd", ".ico", ".exv", ".crw", ".dng", ".orf", ".raf", ".nef", ".pgf", ".xmp", ".exif", ".icns", ".dds", ".tga", ".pnm", ".ppm", ".fli"}
BYTES_MAX = 50 << 20


def say(sentence):
    print(f"corpus: {sentence}", file=sys.stderr)


def has_hash(path, pinned):
    return hashlib.sha256(path.read_bytes()).hexdigest() == pinned


def unpack(archive, into):
    """Copies the pictures of a tar file; by content or by ending, never a link, never outside of `into`."""
    count = 0
    with tarfile.open(archive) as tar:
        for member in tar:
            if not member.isfile() or member.size > BYTES_MAX:
                continue
            body = tar.extractfile(member).read()
            name = Path(member.name)
            if not (name.suffix.lower() in ENDINGS or body.startswith(MAGIC) or body[4:8] == b"ftyp"):
                continue
            plain = re.sub(r"[^A-Za-z0-9._-]", "_", "__".join(name.parts[1:]))[-180:]
            into.mkdir(parents=True, exist_ok=True)
            (into / plain).write_bytes(body)
            count += 1
    return count


def fetched(name, pinned, fetch):
    """Fetches and unpacks what is not there yet. `fetch(work)` answers an archive, or a sentence why there is none."""
    stamp = FOLDER / f"{name}.sha256"
    if stamp.exists() and stamp.read_text().strip() == pinned:
        return
    with tempfile.TemporaryDirectory() as work:
        archive = fetch(Path(work))
        if isinstance(archive, str):
            say(f"{name} is left out: {archive}")
            return
        if not has_hash(archive, pinned):
            sys.exit(f"corpus: {archive.name} does not have the pinned sha256 {pinned}; refusing it")
        partial = FOLDER / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        count = unpack(archive, partial)
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        partial.rename(FOLDER / name)
    stamp.write_text(pinned + "\n")
    say(f"{count} files of {name}")


class Apt:
    """The machine's own package sources, asked for source packages, with lists and cache in a folder of ours."""

    def __init__(self, work):
        self.work = work
        self.ready = None

    def options(self):
        work = self.work
        for folder in ("state/lists/partial", "cache/archives/partial", "sources.d"):
            (work / folder).mkdir(parents=True, exist_ok=True)
        return ["-o", "APT::Sandbox::User=root", "-o", f"Dir::State={work}/state", "-o", f"Dir::State::Lists={work}/state/lists",
                "-o", f"Dir::Cache={work}/cache", "-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={work}/sources.d",
                "-o", "APT::Get::AllowUnauthenticated=false", "-o", "Acquire::AllowInsecureRepositories=false"]

    def prepare(self):
        if not shutil.which("apt-get"):
            return "there is no apt here"
        options = self.options()
        for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
            if not path.is_file() or path.suffix not in (".list", ".sources"):
                continue
            text = path.read_text()
            text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", text) if path.suffix == ".sources" else re.sub(r"(?m)^deb\s", "deb-src ", text)
            (self.work / "sources.d" / path.name).write_text(text)
        ran = subprocess.run(["apt-get", *options, "-qq", "update"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        return None if ran.returncode == 0 else f"apt-get update failed: {ran.stderr.strip()[-300:]}"

    def source(self, package, file, into):
        if self.ready is None:
            self.ready = self.prepare() or "yes"
        if self.ready != "yes":
            return self.ready
        ran = subprocess.run(["apt-get", *self.options(), "-qq", "source", "--download-only", package], cwd=into, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
        # Debian's own part of a source is replaced with every fix and may be gone meanwhile; upstream's stays.
        if not (into / file).exists():
            if ran.returncode != 0:
                return f"apt-get cannot fetch its source: {ran.stderr.strip()[-300:]}"
            there = ", ".join(sorted(path.name for path in into.glob("*.orig.tar.*[!c]")))
            return f"this machine's package sources have {there}, and {file} is pinned"
        return into / file


def pillow_heif(work):
    version, pinned = PILLOW_HEIF
    requirements = work / "requirements.txt"
    requirements.write_text(f"pillow_heif=={version} --hash=sha256:{pinned}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary=:all:",
               "--require-hashes", "--requirement", str(requirements), "--dest", str(work)]
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    found = next(work.glob("*.tar.gz"), None)
    return found or f"pip cannot download it: {ran.stderr.strip()[-300:]}"


def crate(name, version, work):
    if not shutil.which("cargo"):
        return "there is no cargo here"
    (work / "src").mkdir()
    (work / "src/lib.rs").write_text("")
    (work / "Cargo.toml").write_text(f'[package]\nname = "corpus"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n{name} = '
                                     f'{{ version = "={version}", default-features = false }}\n')
    ran = subprocess.run(["cargo", "fetch", "--quiet"], cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    found = next((home / "registry/cache").glob(f"*/{name}-{version}.crate"), None)
    return found or f"cargo cannot fetch it: {ran.stderr.strip()[-300:]}"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        apt = Apt(Path(work))
        for package, (file, pinned) in DEBIAN.items():
            fetched(package, pinned, lambda into, package=package, file=file: apt.source(package, file, into))
    fetched("pillow_heif", PILLOW_HEIF[1], pillow_heif)
    for (name, version), pinned in CRATES.items():
        fetched(f"crate-{name}", pinned, lambda into, name=name, version=version: crate(name, version, into))
    if not (ROOT / "../shared/corpus").is_dir():
        say("there is no ../shared/corpus beside the project, so its files are not among them")
    count = sum(1 for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".sha256")
    say(f"{count} files in .deps/corpus")


main()
