#!/bin/sh
# Puts the one pinned build of libvips under .deps/vips, out of the Python wheel that carries it for this machine.
# Needs python3 with pip; no root, no virtual environment. Does nothing when the pinned build is already there.
set -eu

version=8.18.7

fail() {
    echo "deps: $1" >&2
    exit 1
}

root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.deps/vips

libc=manylinux_2_28
for loader in /lib/ld-musl-*; do
    [ -e "$loader" ] && libc=musllinux_1_2
done
platform=${libc}_$(uname -m)

case "$(uname -s) $platform" in
"Linux manylinux_2_28_x86_64") hash=312046c567abd89ce577ccb0dda8c8cbd9f37d520d5246290cdf8e114e91fbfc ;;
"Linux manylinux_2_28_aarch64") hash=a30a8b22b21e3063648b11796e75845c8e1cc71b2fb22c5fb1b2dc5ac4ed723d ;;
"Linux musllinux_1_2_x86_64") hash=62db93b5c627c6c88db1fdc080c218bcb23787dd406aa463d3dbad681e0d23cc ;;
"Linux musllinux_1_2_aarch64") hash=9ec74d333373faf263000a754413ea58ab44b7c4085e66fdc196bf6fc0e899eb ;;
*) fail "no libvips is pinned for $(uname -s) on $(uname -m); install libvips 8.17 or later and build with MINILAB_VIPS=system" ;;
esac

if [ "$(cat "$target/stamp" 2>/dev/null)" = "$hash" ]; then
    exit 0
fi

command -v python3 >/dev/null || fail "python3 is not installed; it downloads libvips"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it (Debian: python3-pip)"

mkdir -p "$root/.deps"
work=$(mktemp -d "$root/.deps/vips-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

echo "deps: downloading libvips $version for $platform" >&2
echo "pyvips-binary==$version --hash=sha256:$hash" >"$work/requirements.txt"
if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --platform "$platform" \
    --require-hashes --requirement "$work/requirements.txt" --dest "$work" >"$work/pip.log" 2>&1; then
    grep -q 'DO NOT MATCH THE HASHES' "$work/pip.log" &&
        fail "the downloaded libvips $version does not have the pinned sha256 $hash; refusing it"
    grep -qiE 'connection|timed out|resolution|unreachable|proxy|No matching distribution' "$work/pip.log" &&
        fail "libvips $version could not be downloaded; check the network and pip's index settings"
    cat "$work/pip.log" >&2
    fail "pip could not download libvips $version; its messages are above"
fi

# Into a fresh folder that is moved as a whole, so that an interrupted run leaves nothing half done.
python3 - "$work" "$platform" <<'PYTHON' || fail "the wheel of libvips $version does not hold what was expected"
import pathlib, sys, zipfile

work, platform = pathlib.Path(sys.argv[1]), sys.argv[2]
wheel = zipfile.ZipFile(next(work.glob("*.whl")))
lib = work / "vips" / "lib"
lib.mkdir(parents=True)
(library,) = [name for name in wheel.namelist() if name.startswith("pyvips_binary.libs/libvips-")]
soname = pathlib.Path(library).name
(lib / soname).write_bytes(wheel.read(library))
for link in ("libvips.so", "libglib-2.0.so", "libgobject-2.0.so"):
    (lib / link).symlink_to(soname)
notices = work / "vips" / "licences"
notices.mkdir()
for name in wheel.namelist():
    if not name.endswith("/") and (".dist-info/licenses/" in name or name.endswith(".dist-info/METADATA")):
        (notices / pathlib.Path(name).name).write_bytes(wheel.read(name))
(notices / "NOTICE").write_text(
    "libvips and the libraries linked into it are used as an unmodified shared library: libvips under LGPL-2.1-or-later,\n"
    "the bundle under LGPL-3.0-or-later (METADATA and LICENSE beside this file). To use another build, replace the shared library.\n"
)
PYTHON
printf '%s\n' "$hash" >"$work/vips/stamp"
rm -rf "$target"
mv "$work/vips" "$target"
echo "deps: libvips $version is in .deps/vips" >&2
