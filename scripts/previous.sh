#!/bin/sh
# Builds the program of another revision, for `make rolling`, and prints the folder that it lies in.
set -eu

revision=${1:?"previous: which revision? make rolling PREVIOUS=<revision>"}
root=$(cd "$(dirname "$0")/.." && pwd)
commit=$(git -C "$root" rev-parse --verify --quiet "$revision^{commit}") || {
    echo "previous: $revision is no revision of this repository" >&2
    exit 1
}
mkdir -p "${CARGO_TARGET_DIR:-$root/target}/rolling/$commit/src"
folder=$(cd "${CARGO_TARGET_DIR:-$root/target}/rolling/$commit" && pwd)
program=$folder/target/debug
if [ ! -e "$folder/built" ]; then
    git -C "$root" archive "$commit" | tar -x -C "$folder/src"
    # The pinned libvips is the same for both, or that revision's own build script says that it is not.
    ln -sfn "$root/.deps" "$folder/src/.deps"
    (cd "$folder/src" && cargo build -p minilab -p minilab-renderer --all-features --target-dir "$folder/target") >&2
    touch "$folder/built"
fi
echo "$program"
