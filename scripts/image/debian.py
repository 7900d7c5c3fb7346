"""The few packages of Debian below the programs: which, at which version, and what of them goes into the image.

`packages.txt` pins them by version and hash. Debian replaces packages by fixed ones and keeps no old ones, so a pin ends some day:
`make image-packages` then writes the pins anew, from the signed lists of the release.
"""
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import urllib.parse
from pathlib import Path

PINS = Path(__file__).with_name("packages.txt")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

# Shared libraries alone. Modules of iconv are left out: a renderer opens no file of the system once its walls stand.
LIBRARIES = r"(usr/)?lib(64)?/([a-z0-9_]+-linux-gnu/)?[^/]*\.so[^/]*"
KEPT = {
    "base-files": r"etc/(os-release|debian_version)|usr/lib/os-release|usr/share/common-licenses/.*",
    "ca-certificates": r"usr/share/ca-certificates/.*\.crt",
    "gcc-12-base": r"(?!)",  # only the licence of the two below
    "libc6": LIBRARIES,
    "libgcc-s1": LIBRARIES,
    "libstdc++6": LIBRARIES,
    "tzdata": r"usr/share/zoneinfo/(?!right/|posix/).*",
}
LICENCE = r"usr/share/doc/[^/]+(/copyright)?"
APT = ["-o", "APT::Sandbox::User=root", "-o", "APT::Get::AllowUnauthenticated=false", "-o", "Acquire::AllowInsecureRepositories=false"]


class Missing(Exception):
    """Packages cannot be had as they are wanted; the message says what to do."""


def pins():
    """(architecture, package) -> (version, sha256)."""
    lines = (line.split() for line in PINS.read_text().splitlines() if line and not line.startswith("#"))
    return {(architecture, name): (version, sha256) for architecture, name, version, sha256 in lines}


def write_pins(work):
    """Writes the pins anew, for both architectures."""
    lines = ["# Written by `make image-packages`: architecture, package, version, SHA-256."]
    for architecture in ARCHITECTURES.values():
        options = _own_lists(work / architecture, architecture)
        for name, (version, sha256) in sorted(_offered(options).items()):
            lines.append(f"{architecture} {name} {version} {sha256}")
    PINS.write_text("\n".join(lines) + "\n")


def fetch(architecture, store, work, newer):
    """Paths of the packages by name. Where a pinned version is no longer offered, `newer` takes what is in its place, and says so."""
    found, wanted = {}, pins()
    store.mkdir(parents=True, exist_ok=True)
    for name in sorted(KEPT):
        version, sha256 = wanted[architecture, name]
        path = store / f"{name}_{version}_{architecture}.deb"
        if path.is_file() and _sha256(path) == sha256:
            found[name] = path
    absent = sorted(set(KEPT) - set(found))
    if not absent:
        return found
    options, offered = APT, {}
    try:
        offered = _offered(options)
    except Missing:
        pass
    if any(offered.get(name) != wanted[architecture, name] for name in absent):
        options = _own_lists(work, architecture)
        offered = _offered(options)
    for name in absent:
        if offered[name] != wanted[architecture, name]:
            instead = f"{name} {wanted[architecture, name][0]} is pinned, apt offers {offered[name][0]}"
            if not newer:
                raise Missing(f"{instead}; run `make image-packages` on Debian 12, look at the change, and commit it")
            print(f"image: {instead}, which is taken", file=sys.stderr)
        version, sha256 = offered[name]
        _run(["apt-get", *options, "-qq", "download", f"{name}={version}"], work)
        (downloaded,) = work.glob(f"{name}_*.deb")
        if _sha256(downloaded) != sha256:
            raise Missing(f"the package {name} does not have the sha256 {sha256} of apt's lists; refusing it")
        path = store / f"{name}_{version}_{architecture}.deb"
        path.write_bytes(downloaded.read_bytes())
        downloaded.unlink()
        found[name] = path
    return found


def _own_lists(work, architecture):
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    options = [*APT, "-o", f"Dir::State={work}/state", "-o", f"Dir::State::Lists={work}/state/lists", "-o", f"Dir::Cache={work}/cache",
               "-o", f"APT::Architecture={architecture}", "-o", f"APT::Architectures={architecture}"]
    _run(["apt-get", *options, "-qq", "update"], work)
    return options


def _offered(options):
    """Version and hash of each package, by apt's signed lists."""
    offered = {}
    for line in _run(["apt-get", *options, "-qq", "--print-uris", "download", *sorted(KEPT)], Path("/")).splitlines():
        name, version, _ = urllib.parse.unquote(line.split()[1]).removesuffix(".deb").rsplit("_", 2)
        hashed = re.search(r"SHA256:([0-9a-f]{64})", line)
        if hashed is None:
            raise Missing(f"apt's lists have no SHA-256 of {name}")
        offered[name] = (version, hashed[1])
    return offered


def _run(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed; build the image on Debian, or by the Containerfile") from None
    if done.returncode != 0:
        raise Missing(f"{' '.join(command[:1] + command[-1:])} failed: {done.stderr.strip()}; check the network and /etc/apt's sources")
    return done.stdout


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unpack(packages, tree):
    """Puts what is kept of them into the layer: merged into /usr, certificates as the one file that TLS libraries look for."""
    for folder in ("bin", "sbin", "lib", "lib64"):
        tree.folder(f"usr/{folder}")
        tree.link(folder, f"usr/{folder}")
    certificates = []
    for name, package in sorted(packages.items()):
        kept = re.compile(f"{KEPT[name]}|{LICENCE}")
        archive = tarfile.open(fileobj=io.BytesIO(_output(["dpkg-deb", "--fsys-tarfile", package])))
        for member in archive:
            path = member.name.removeprefix("./")
            if not kept.fullmatch(path) or member.isdir():
                continue
            path = f"usr/{path}" if path.startswith("lib") else path
            if member.issym():
                tree.link(path, member.linkname)
            elif name == "ca-certificates" and path.endswith(".crt"):
                certificates.append((path, archive.extractfile(member).read()))
            else:
                # Hard links (zones with two names) are files here.
                tree.file(path, archive.extractfile(member).read(), member.mode & 0o755)
        # Where scanners for vulnerabilities look in images without a package manager.
        tree.file(f"var/lib/dpkg/status.d/{name}", _output(["dpkg-deb", "--field", package]))
    tree.file("etc/ssl/certs/ca-certificates.crt", b"".join(pem for _, pem in sorted(certificates)))


def _output(command):
    return subprocess.run(command, check=True, capture_output=True).stdout
